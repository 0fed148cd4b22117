'use strict';
// run.js - the same scenario on node and on us, in four pairings; what node does with itself is the
// measure. usage: node tests/interop/run.js [PATTERN]     BUILD=build/asan for another build
// A scenario's `differs` says why we are deliberately otherwise, and checks how we are instead.
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {spawn} = require('child_process');
const certs = require('./certs');
const peers = {node: require('./node_peer'), us: require('./our_peer')};

certs.make();
const pattern = process.argv[2] && new RegExp(process.argv[2]);
const folder = path.join(__dirname, 'scenarios');
const scenarios = fs.readdirSync(folder).sort().flatMap((name) => require(path.join(folder, name)));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-interop-'));
process.on('exit', () => fs.rmSync(scratch, {recursive: true, force: true}));

const withTime = (promise, what) => {
  let timer;
  return Promise.race([promise, new Promise((_, failed) => { timer = setTimeout(() => failed(new Error(`${what} hangs`)), 60000); })])
    .finally(() => clearTimeout(timer));
};

// -- what is compared

const unordered = new Set(['session', 'keylog', 'newSession', 'resumeSession', 'connection', 'data',
  'lookup', 'ready', 'drain', 'finish']);
// Ours say the option, too, behind node's words.
const words = (message) => message && message.split('; option ')[0];
const label = (e) => ['error', 'tlsClientError'].includes(e.event) ? `${e.event} ${e.code || words(e.message)}` : e.event === 'close' ? `close ${e.hadError}` : e.event;

// One side of one connection: what came in which order, and what was told.
function summary(events) {
  const of = (name) => events.filter((e) => e.event === name);
  const secure = events.find((e) => e.event === 'secureConnect' || e.event === 'secureConnection');
  const {finished, peerFinished, keyingMaterial, event, connection, ...told} = secure || {};
  void event, connection;
  return {
    order: events.filter((e) => !unordered.has(e.event)).map(label),
    told: secure && told,
    data: of('data').map((e) => e.data).join(''),
    sessions: of('session').length > 0,
    stored: of('newSession').length > 0,
    found: of('resumeSession').some((e) => e.found),
    keylog: [...new Set(of('keylog').map((e) => e.line.split(' ')[0]))].sort(),
    staple: of('OCSPResponse').map((e) => e.response),
    asked: of('OCSPRequest').map((e) => [e.certificate, e.issuer]),
    libraries: events.filter((e) => e.library).map((e) => [e.library, e.reason]),
  };
}

// What must hold between the two ends, whoever they are.
function checkEnds(client, server) {
  const here = client.find((e) => e.event === 'secureConnect');
  const there = server.find((e) => e.event === 'secureConnection');
  if (!here || !there) return;
  assert.strictEqual(here.finished, there.peerFinished, 'Finished messages');
  assert.strictEqual(here.peerFinished, there.finished, 'Finished messages');
  assert.strictEqual(here.keyingMaterial, there.keyingMaterial, 'keying material');
}

// -- running

// Node does not say of these for which connection they are.
const common = new Set(['OCSPRequest', 'newSession', 'resumeSession', 'keylog']);
const perConnection = (events, n) => events.filter((e) => common.has(e.event) ? n === 1 : e.connection === n);

async function runPair(scenario, server, client, tag) {
  const clients = scenario.clients || [scenario.client || []];
  const fill = (flags) => flags.map((flag) => flag.replace(/@SCRATCH@/g, path.join(scratch, tag)));
  const at = scenario.unix ? path.join(scratch, `${tag}.sock`) : undefined;
  const served = await peers[server].serve(['--count', `${clients.length}`, ...fill(scenario.server)], at);
  const seen = [];
  if (served.target) {
    try {
      for (const flags of clients)
        seen.push(await withTime(peers[client].connect(served.target, fill(flags), scenario.input === undefined ? 'hello' : scenario.input), 'client'));
      if (!scenario.stays) await withTime(served.ended, 'server');
    } finally { served.stop(); }
    if (scenario.stays) await withTime(served.ended, 'server');
  }
  const result = {client: [], server: [], events: {client: seen, server: served.events}};
  if (!served.target) { result.server.push(summary(served.events)); return result; }
  clients.forEach((_, i) => {
    const there = perConnection(served.events, i + 1);
    if (!scenario.loose) checkEnds(seen[i], there);
    result.client.push(summary(seen[i]));
    result.server.push(summary(there));
  });
  return result;
}

// Sessions of one worker, offered until another has answered.
async function runCluster(scenario, server, client, tag) {
  const at = path.join(scratch, `${tag}.sock`);
  const cluster = await peers[server].serveCluster([certs.file('ecdsa.pem'), certs.file('ecdsa.key'), `unix:${at}`, `${scenario.cluster}`]);
  const session = path.join(scratch, tag);
  const workers = new Set();
  let seen;
  try {
    for (let i = 0; i < 100 && workers.size < 2; i++) {
      seen = await withTime(peers[client].connect({path: at}, [...scenario.client, '--session-out', session, ...(i > 0 ? ['--session', session] : [])], ''), 'client');
      const {told, data} = summary(seen);
      assert.ok(told, JSON.stringify(seen));
      assert.strictEqual(told.sessionReused, i > 0, `connection ${i + 1}`);
      workers.add(Buffer.from(data, 'hex').toString());
    }
  } finally { cluster.stop(); }
  assert.ok(workers.size > 1, `only ${[...workers]} answered`);
  const {order, told} = summary(seen);
  return {client: [{order, told}], server: []};
}

// A program of its own that exists in both languages: what it prints, and how it ends.
function runProgram(who, name, args) {
  const [command, ...first] = peers[who].program(name);
  const child = spawn(command, [...first, ...args], {stdio: ['ignore', 'pipe', 'pipe']});
  const out = {text: ''};
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { out.text += bytes; });
  out.ready = new Promise((done) => child.stdout.once('data', done));
  out.ended = new Promise((done) => child.once('close', (code) => done({code, lines: out.text.trim().split('\n')})));
  out.stop = () => child.kill('SIGKILL');
  return out;
}

// inside.js and inside.c, on both sides.
async function runInside(scenario, server, client, tag) {
  const at = path.join(scratch, `${tag}.sock`);
  const run = (side, who, ...files) => runProgram(who, 'inside', [side, scenario.inside, `unix:${at}`, ...files.map(certs.file)]);
  const there = run('server', server, 'ecdsa.pem', 'ecdsa.key');
  let here;
  try {
    await withTime(Promise.race([there.ready, there.ended]), 'server');
    here = run('client', client, 'ca.pem');
    return {client: [await withTime(here.ended, 'client')], server: [await withTime(there.ended, 'server')]};
  } finally { there.stop(); if (here) here.stop(); }
}

// order.js or order.c, with two clients: the second one offers what the first was given.
async function runOrder(scenario, server, client, tag) {
  const at = path.join(scratch, `${tag}.sock`);
  const session = path.join(scratch, tag);
  const there = runProgram(server, 'order', [`unix:${at}`, certs.file('ecdsa.pem'), certs.file('ecdsa.key'), '2']);
  const seen = [];
  try {
    await withTime(Promise.race([there.ready, there.ended]), 'server');
    for (const offer of [[], ['--session', session]])
      seen.push(await withTime(peers[client].connect({path: at}, [...scenario.order, '--no-stdin', '--session-out', session, ...offer], ''), 'client'));
    const {code, lines} = await withTime(there.ended, 'server');
    const [, first, second] = lines.join('\n').split(/^connection\n/m).map((part) => part.trim().split('\n'));
    return {client: seen.map(summary), server: [{code, first, second}]};
  } finally { there.stop(); }
}

const pairings = [['node', 'node'], ['node', 'us'], ['us', 'node'], ['us', 'us']];

// Where two values differ, a line each.
function differences(a, b, at = '') {
  if (a && b && typeof a === 'object' && typeof b === 'object' && Array.isArray(a) === Array.isArray(b) && at.split('.').length < 6 && !/(order|sharedSigalgs|libraries|keylog)$/.test(at))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], `${at}.${key}`)).slice(0, 8);
  try { assert.deepStrictEqual(a, b); return []; } catch { /* they differ */ }
  const short = (value) => (JSON.stringify(value) || 'none').slice(0, 120);
  return [`${at.slice(1)}: ${short(a)}, with node ${short(b)}`];
}

function compare(scenario, name, result, measure) {
  if (scenario.differs && scenario.differs.check) { scenario.differs.check(result, measure, name); return; }
  const drop = (sides) => sides.map((side) => {
    const copy = {...side, told: side.told && {...side.told}};
    for (const field of scenario.ignore || []) { delete copy[field]; if (copy.told) delete copy.told[field]; }
    return copy;
  });
  const found = ['client', 'server'].flatMap((side) => differences(drop(result[side]), drop(measure[side]), `.${side}`));
  if (found.length > 0) throw new Error(found.join('\n'));
}

async function runScenario(scenario, number) {
  if (scenario.run) { await scenario.run(); return; }
  let measure;
  for (const [server, client] of pairings) {
    const name = `server ${server}, client ${client}`;
    try {
      const result = await (scenario.cluster ? runCluster : scenario.inside ? runInside : scenario.order ? runOrder : runPair)(scenario, server, client, `${number}-${server}-${client}`);
      if (scenario.check) scenario.check(result, name);
      if (measure === undefined) measure = result;
      else compare(scenario, name, result, measure);
    } catch (error) { error.message = `${name}: ${error.message}`; throw error; }
  }
}

async function main() {
  const left = scenarios.map((scenario, i) => [scenario, i]).filter(([s]) => !pattern || pattern.test(`${s.section} ${s.name}`));
  let passed = 0;
  let failed = 0;
  const worker = async (list) => {
    for (let next; (next = list.shift()) !== undefined;) {
      const [scenario, i] = next;
      try {
        await runScenario(scenario, i);
        passed++;
        if (pattern) console.log(`ok    ${scenario.section} ${scenario.name}`);
      } catch (error) {
        failed++;
        console.log(`FAIL  ${scenario.section} ${scenario.name}\n      ${error.message.split('\n').slice(0, 60).join('\n      ')}`);
      }
    }
  };
  // Node forgets an error of OpenSSL when it decodes a session that is none, and then takes it for one
  // of whatever connection it reads next: those scenarios go alone.
  const alone = left.filter(([s]) => JSON.stringify(s).includes('garbage'));
  const others = left.filter((each) => !alone.includes(each));
  await Promise.all([worker(others), worker(others)]);
  await worker(alone);
  console.log(`interop: ${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

process.on('unhandledRejection', (error) => { console.log(error); process.exit(1); });
main();
