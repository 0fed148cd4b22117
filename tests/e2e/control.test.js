'use strict';
// The control socket and the commands that use it: real masters, and hostile clients.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');
const path = require('path');
const {Service, nextSecond, status, test, until} = require('./lib');

const conf = (cache = '') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=1M" ${cache} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;
const v12 = {maxVersion: 'TLSv1.2'};
const socketOf = (service) => path.join(service.dir, 'run/control.sock');
const json = (result) => JSON.parse(result.out);

// What the master answers to these bytes, up to its end of the connection.
function say(service, bytes) {
  return new Promise((done, fail) => {
    const socket = net.connect(socketOf(service));
    let answer = '';
    socket.on('data', (data) => { answer += data; });
    socket.on('error', (e) => (e.code === 'ECONNRESET' || e.code === 'EPIPE' ? done(answer) : fail(e)));
    socket.on('close', () => done(answer));
    socket.write(bytes);
  });
}

test('status: processes, counters and the cache', async () => {
  const service = await Service.start(conf());
  const {session} = await status(service.port, v12);
  await status(service.port, {...v12, session});
  const s = json(service.command('status', '--json'));
  assert.strictEqual(s.ok, true);
  assert.strictEqual(s.pid, service.child.pid);
  assert.deepStrictEqual(s.generations, [{number: 1, state: 'SERVING', workers: 2, stuck: false}]);
  assert.deepStrictEqual(s.workers.map((w) => w.pid).sort(), service.workers().sort());
  assert.strictEqual(s.counters.handshakesFull, 1);
  assert.strictEqual(s.counters.handshakesTicket, 1);
  assert.strictEqual(s.cache.store, 'lmdb');
  assert.strictEqual(s.cache.state, 'well');
  assert.strictEqual(s.cache.awaySince, null);
  const words = service.command('status');
  assert.strictEqual(words.code, 0);
  assert.match(words.out, /generation 1: SERVING, 2 workers[^]*1 full, 1 by ticket[^]*store lmdb: available/);
});

test('status: a store that is away, and since when', async () => {
  const begin = Math.floor(Date.now() / 1000);
  const service = await Service.start(conf().replace('lmdb:sessions', 'lmdb:/proc/no/such/place'));
  const {cache} = json(service.command('status', '--json'));
  assert.strictEqual(cache.state, 'away');
  assert.strictEqual(cache.workersWithout, 2);
  assert.ok(cache.awaySince >= begin && cache.awaySince <= Date.now() / 1000, cache.awaySince);
  assert.match(service.command('status').out, /store lmdb: unavailable to 2 workers since \d{4}-/);
});

test('keys: ids, epochs and ages, never keys', async () => {
  await until('an epoch that does not end meanwhile', () => Date.now() / 1000 % 3600 < 3570, 60000);
  const service = await Service.start(conf('key-lifetime = 1h'));
  const {session} = await status(service.port, v12);
  const answer = json(service.command('keys', '--json'));
  assert.strictEqual(answer.pinned, false);
  assert.strictEqual(answer.keyLifetime, 3600);
  assert.strictEqual(answer.count, answer.keys.length);
  const [next, current] = answer.keys.filter((k) => !k.derived); // derived: for the day that the store is lost
  assert.deepStrictEqual([next, current].map((k) => [k.role, k.mints]), [['next', false], ['current', true]]);
  assert.strictEqual(next.epoch, current.epoch + 1);
  assert.strictEqual(current.begins, current.epoch * 3600);
  assert.ok(current.age >= 0 && current.age < 7200 && next.age === 0);
  assert.ok(session.includes(Buffer.from(current.id, 'hex')), 'the id is that of the tickets');
  assert.match(service.command('keys').out, new RegExp(`^${current.id}  current, issues tickets, epoch ${current.epoch}, from `, 'm'));
});

test('keys: pinned ones', async () => {
  const service = new Service(conf('ticket-keys = "@DIR@/tickets"'));
  const keys = crypto.randomBytes(2 * 80);
  fs.writeFileSync(path.join(service.dir, 'tickets'), keys, {mode: 0o600});
  await service.begin();
  const answer = json(service.command('keys', '--json'));
  assert.strictEqual(answer.pinned, true);
  assert.deepStrictEqual(answer.keys, [
    {id: keys.subarray(0, 4).toString('hex'), role: 'pinned', mints: true},
    {id: keys.subarray(80, 84).toString('hex'), role: 'pinned', mints: false}]);
});

// -- two hosts: two masters that share a store and a secret, and nothing else

async function twoHosts(cache = '') {
  const a = new Service(conf(cache));
  a.template = a.template.replace('lmdb:sessions', `lmdb:${a.dir}/shared`)
    .replace('workers', `secret-file = "${a.dir}/secret"  workers`);
  fs.writeFileSync(path.join(a.dir, 'secret'), crypto.randomBytes(32), {mode: 0o600});
  const b = new Service(a.template);
  await a.begin();
  await b.begin();
  return [a, b];
}

const kinds = {
  'TLS 1.2 ticket': ['on', {maxVersion: 'TLSv1.2'}],
  'TLS 1.3 ticket': ['on', {minVersion: 'TLSv1.3'}],
  'TLS 1.2 id': ['off', {maxVersion: 'TLSv1.2'}],
  'TLS 1.3 stateful': ['off', {minVersion: 'TLSv1.3'}],
};
const fresh = async (host, options) => (await status(host.port, options)).session;
const resumes = async (host, options, session) => (await status(host.port, {...options, session})).reused;

for (const [kind, [tickets, options]] of Object.entries(kinds))
  test(`sessions revoke --all: ${kind}, on both hosts, from one`, async () => {
    const [a, b] = await twoHosts(`tickets = ${tickets}`);
    const old = await fresh(a, options);
    for (const host of [a, b]) assert.ok(await resumes(host, options, old));
    await nextSecond();
    const answer = json(a.command('sessions', 'revoke', '--all', '--json'));
    assert.deepStrictEqual(answer, {ok: true, shared: true});
    await until('forgotten here', async () => !(await resumes(a, options, old)));
    await until('forgotten there', async () => !(await resumes(b, options, old)));
    await nextSecond();
    const young = await fresh(b, options);
    for (const host of [a, b]) {
      assert.ok(await resumes(host, options, young), 'what began later is none of it');
      assert.ok(!(await resumes(host, options, old)));
    }
  });

test('keys rotate: on both hosts, from one; former tickets still resume', async () => {
  const [a, b] = await twoHosts();
  const mints = (host) => json(host.command('keys', '--json')).keys.find((key) => key.mints).id;
  const before = mints(a), former = [await fresh(a, {}), await fresh(a, v12)];
  assert.strictEqual(mints(b), before);
  assert.deepStrictEqual(json(a.command('keys', 'rotate', '--json')), {ok: true, shared: true});
  const again = a.command('keys', 'rotate', '--json');
  assert.strictEqual(again.code, 1);
  assert.match(json(again).message, /in progress/);
  await until('new keys', () => mints(a) !== before && mints(b) !== before);
  assert.strictEqual(mints(a), mints(b));
  const all = json(b.command('keys', '--json')).keys.filter((key) => !key.derived);
  assert.deepStrictEqual(all.map((key) => key.role), ['next', 'next', 'current', 'previous']);
  await until('new tickets', async () => (await fresh(a, v12)).includes(Buffer.from(mints(a), 'hex')));
  for (const host of [a, b]) {
    assert.ok(await resumes(host, {}, former[0]));
    assert.ok(await resumes(host, v12, former[1]));
    assert.ok(await resumes(host, v12, await fresh(host === a ? b : a, v12)));
  }
  await a.reload(); // a generation that was not there before
  assert.ok(await resumes(a, v12, former[1]));
  assert.strictEqual(mints(a), mints(b));
});

test('keys rotate: pinned keys are left alone', async () => {
  const service = new Service(conf('ticket-keys = "@DIR@/tickets"'));
  fs.writeFileSync(path.join(service.dir, 'tickets'), crypto.randomBytes(80), {mode: 0o600});
  await service.begin();
  const answer = service.command('keys', 'rotate', '--json');
  assert.strictEqual(answer.code, 1);
  assert.match(json(answer).message, /pinned/);
});

test('the secret is changed over, host by host, and every session resumes everywhere', async () => {
  const [a, b] = await twoHosts();
  const off = a.template.replace('{ store', '{ tickets = off  store');
  const [c, d] = [new Service(off), new Service(off)]; // two more, that know sessions by id alone
  const file = path.join(a.dir, 'secret'), old = fs.readFileSync(file).toString('hex'), young = crypto.randomBytes(32).toString('hex');
  for (const host of [b, c, d]) { // each has a file of its own
    host.template = host.template.replace(`${a.dir}/secret`, '@DIR@/secret');
    fs.copyFileSync(file, path.join(host.dir, 'secret'));
  }
  b.configure();
  await b.reload();
  await c.begin();
  await d.begin();
  const live = []; // every session that there was: the hosts that know it, and how it was made
  const check = async (phase) => {
    for (const [hosts, options, session] of live)
      for (const host of hosts) assert.ok(await resumes(host, options, session), `${phase}: ${hosts.indexOf(host)} ${JSON.stringify(options)}`);
  };
  const make = async () => {
    for (const hosts of [[a, b], [c, d]])
      for (const host of hosts)
        for (const options of [{maxVersion: 'TLSv1.2'}, {minVersion: 'TLSv1.3'}]) live.push([hosts, options, await fresh(host, options)]);
  };
  await make();
  for (const lines of [`${old}\n${young}\n`, `${young}\n${old}\n`])
    for (const hosts of [[a, c], [b, d]]) {
      for (const host of hosts) {
        fs.writeFileSync(path.join(host.dir, 'secret'), lines);
        await host.reload();
      }
      await make();
      await check(lines === `${old}\n${young}\n` ? 'old first' : 'new first');
    }
  live.length = 0;
  await make();
  for (const host of [a, c]) {
    fs.writeFileSync(path.join(host.dir, 'secret'), `${young}\n`);
    await host.reload();
  }
  await make();
  await check('new alone');
});

test('the secret: one of two that is weak, or open to others, is refused', async () => {
  const service = new Service(conf().replace('workers', 'secret-file = "@DIR@/secret"  workers'));
  const file = path.join(service.dir, 'secret'), good = crypto.randomBytes(32).toString('hex');
  fs.writeFileSync(file, good, {mode: 0o600});
  await service.begin();
  for (const [text, mode, why] of [[`${good}\nshort\n`, 0o600, /too few bytes/], [`${good}\n${good}\n`, 0o600, /twice/],
    [`${good}\n${'z'.repeat(40)}\n`, 0o600, /not random/], [`${good}\n`, 0o644, /open to group or others/]]) {
    fs.writeFileSync(file, text);
    fs.chmodSync(file, mode);
    const reload = service.command('reload');
    assert.strictEqual(reload.code, 1);
    assert.match(reload.err, why);
    assert.doesNotMatch(reload.err, new RegExp(good.slice(0, 8)));
  }
  assert.ok(await resumes(service, {}, await fresh(service, {})));
});

test('sessions revoke --host: that name alone', async () => {
  const [a, b] = await twoHosts();
  for (const options of [{maxVersion: 'TLSv1.2'}, {minVersion: 'TLSv1.3'}]) {
    const www = {...options, servername: 'www.example'};
    const localhost = await fresh(a, options), other = await fresh(a, www);
    await nextSecond();
    assert.match(a.command('sessions', 'revoke', '--host', 'WWW.Example.').out, /^revoked/);
    await until('forgotten there', async () => !(await resumes(b, www, other)));
    assert.ok(!(await resumes(a, www, other)));
    assert.ok(!(await resumes(a, options, other)), 'not by another name either');
    assert.ok(await resumes(a, options, localhost));
    assert.ok(await resumes(b, options, localhost));
  }
});

test('sessions revoke --before: renewed tickets go with their first handshake', async () => {
  const service = await Service.start(conf());
  let session = await fresh(service, {});
  await nextSecond();
  const moment = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString().replace('.000', '');
  const renewed = (await status(service.port, {session})).session;
  session = await fresh(service, {});
  assert.strictEqual(service.command('sessions', 'revoke', '--before', moment).code, 0);
  await until('forgotten', async () => !(await resumes(service, {}, renewed)));
  assert.ok(await resumes(service, {}, session));
});

test('sessions revoke: in force after workers died, and without a store', async () => {
  const service = await Service.start(conf().replace('lmdb:sessions', 'lmdb:/proc/no/such/place'));
  const session = await fresh(service, {});
  assert.ok(await resumes(service, {}, session));
  await nextSecond();
  assert.deepStrictEqual(json(service.command('sessions', 'revoke', '--all', '--json')), {ok: true, shared: false});
  await until('forgotten', async () => !(await resumes(service, {}, session)));
  const workers = service.workers();
  for (const pid of workers) process.kill(pid, 'SIGKILL');
  await until('new workers', () => service.workers().length === 2 && !service.workers().some((pid) => workers.includes(pid)));
  assert.ok(!(await resumes(service, {}, session)));
});

test('sessions revoke: in force after a reload and the death of a generation', async () => {
  const service = new Service(conf('ticket-keys = "@DIR@/tickets"').replace('lmdb:sessions', 'lmdb:/proc/no/such/place'));
  fs.writeFileSync(path.join(service.dir, 'tickets'), crypto.randomBytes(80), {mode: 0o600});
  await service.begin();
  const session = await fresh(service, v12);
  await nextSecond();
  assert.strictEqual(service.command('sessions', 'revoke', '--all').code, 0);
  await nextSecond();
  const young = await fresh(service, v12);
  await service.reload();
  assert.ok(!(await resumes(service, v12, session)));
  assert.ok(await resumes(service, v12, young));
  process.kill(service.generations().pop(), 'SIGKILL');
  await service.said(/serving again/);
  assert.ok(!(await resumes(service, v12, session)));
  assert.ok(await resumes(service, v12, young));
  assert.ok(json(service.command('status', '--json')).counters.sessionsForgotten > 0);
});

test('sessions revoke: what is asked wrongly is refused', async () => {
  const service = await Service.start(conf());
  for (const args of [[], ['--all', '--host', 'a'], ['--before', 'tomorrow'], ['--before', '-5'], ['--before', '99999999999999999999'],
    ['--before', '2026-02-31T00:00:00Z'], ['--host', 'a', '--host', 'b']])
    assert.strictEqual(service.command('sessions', 'revoke', ...args).code, 2, args);
  assert.strictEqual(service.command('sessions', 'revoke', '--before', '2999-01-01T00:00:00Z').code, 1);
  for (const request of ['{"command":"sessions revoke"}', '{"command":"sessions revoke","all":true,"host":"a"}',
    '{"command":"sessions revoke","before":-1}', '{"command":"sessions revoke","before":"x"}',
    '{"command":"sessions revoke","host":7}', '{"command":"sessions revoke","host":"a\\u0000b"}'])
    assert.strictEqual(JSON.parse(await say(service, `${request}\n`)).ok, false, request);
  assert.ok(await resumes(service, v12, await fresh(service, v12)));
});

// Each would be announced, and no session forgotten.
test('sessions revoke: what no client asks for is no host, and it is said what one is', async () => {
  const service = await Service.start(conf());
  for (const name of ['', 'a b', '.', 'a..', 'x'.repeat(254), 'x'.repeat(5000), '*.example', 'a.example:443', 'https://a.example', 'm\u00fcller.example']) {
    const {code, err} = service.command('sessions', 'revoke', '--host', name);
    assert.strictEqual(code, 2, name);
    assert.match(err, /^reprise sessions revoke: --host: invalid host; give a server name like www\.example\.com: .*\n$/);
    assert.match(JSON.parse(await say(service, `${JSON.stringify({command: 'sessions revoke', host: name.slice(0, 300)})}\n`)).message,
      /^invalid host/);
  }
  assert.strictEqual(json(service.command('sessions', 'revoke', '--json', '--host', '*')).ok, false);
});

test('the control socket is its owner\'s, and goes with the master', async () => {
  const service = await Service.start(conf());
  assert.strictEqual(fs.statSync(socketOf(service)).mode & 0o777, 0o600);
  await service.stop();
  assert.ok(!fs.existsSync(socketOf(service)));
  const answer = service.command('status', '--json');
  assert.strictEqual(answer.code, 1);
  assert.match(json(answer).message, /is not running/);
});

test('the socket of a master that was killed is no hindrance', async () => {
  const service = await Service.start(conf());
  const family = [...service.generations(), ...service.workers()];
  service.child.kill('SIGKILL');
  await until('the end', () => service.exited && family.every((pid) => !fs.existsSync(`/proc/${pid}`)));
  assert.ok(fs.existsSync(socketOf(service)));
  assert.strictEqual(service.command('status').code, 1);
  await service.begin();
  assert.strictEqual(json(service.command('status', '--json')).pid, service.child.pid);
});

test('hostile requests are refused, and the master serves on', async () => {
  const service = await Service.start(conf());
  for (const bytes of ['\n', '[]\n', '{"command":1}\n', '{"command":"nonsense"}\n', '{"command":"status"\n',
    `${'['.repeat(4000)}\n`, '{"command":"status","command":"status"}\n', '\0\0\n'])
    assert.strictEqual(JSON.parse(await say(service, bytes)).ok, false, bytes);
  for (const bytes of ['x'.repeat(4096), 'x'.repeat(100000)])
    assert.doesNotMatch(await say(service, bytes), /"ok":true/);
  // Those who connect and say nothing, half a line, or leave before the answer.
  const idle = Array.from({length: 12}, () => net.connect(socketOf(service)).on('error', () => {}));
  idle.slice(0, 4).forEach((s) => s.write('{"comm'));
  for (let i = 0; i < 50; i++) {
    const leaver = net.connect(socketOf(service));
    leaver.on('error', () => {});
    await new Promise((done) => leaver.write('{"command":"status"}\n', () => { leaver.destroy(); done(); }));
  }
  assert.strictEqual(json(service.command('status', '--json')).ok, true);
  assert.ok((await status(service.port)).cipher);
  idle.forEach((s) => s.destroy());
});

test('more clients than places wait for theirs', async () => {
  const service = await Service.start(conf());
  const idle = Array.from({length: 16}, () => net.connect(socketOf(service)).on('error', () => {}));
  await Promise.all(idle.map((s) => new Promise((done) => s.once('connect', done))));
  const late = say(service, '{"command":"status"}\n');
  idle[3].destroy();
  assert.strictEqual(JSON.parse(await late).ok, true);
  idle.forEach((s) => s.destroy());
});
