'use strict';
// reprise-load against other servers: nginx, HAProxy, node. Resumption is reported by mechanism and
// from host to host; its files agree with each other; events of the server are marked in the time
// line; the exit status follows the limits of the options.
const assert = require('assert');
const fs = require('fs');
const https = require('https');
const net = require('net');
const path = require('path');
const {execFile} = require('child_process');
const {once} = require('events');
const {children, freePort, pem, program, test, until} = require('./lib');
const {haproxy, nginx, s_server, withProgram} = require('./programs');

const loader = path.join(path.dirname(program), 'reprise-load');
const load = (...args) => new Promise((done) => {
  execFile(loader, ['--timeout', '20s', ...args], {maxBuffer: 1 << 24},
    (error, out, err) => done({code: error ? error.code : 0, err, out}));
});
const told = async (...args) => {
  const {code, err, out} = await load('-q', '--json', '-', ...args);
  assert.ok(out.startsWith('{'), err);
  return {code, err, ...JSON.parse(out)};
};

// -- the servers

async function withNode(body) {
  const stored = new Map();
  const server = https.createServer({key: pem('ecdsa.key'), cert: pem('ecdsa.pem')}, (request, answer) => answer.end('ok'));
  server.on('newSession', (id, data, done) => { stored.set(id.toString('hex'), data); done(); });
  server.on('resumeSession', (id, done) => done(null, stored.get(id.toString('hex')) || null));
  server.listen(0, '127.0.0.1');
  await until('node listens', () => server.listening);
  try { return await body(`127.0.0.1:${server.address().port}`); } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

const servers = {
  nginx: (body) => withProgram(nginx, body), haproxy: (body) => withProgram(haproxy, body), node: withNode,
};

// -- what they resume

for (const [name, serve] of Object.entries(servers))
  test(`reprise-load drives ${name}: tickets and ids of TLS 1.2, tickets of TLS 1.3`, () => serve(async (target) => {
    for (const [kind, ...how] of [['ticket', '-t', '1.2', '-m', 'ticket'], ['id', '--by-id'],
      ['ticket', '-t', '1.3', '-m', 'ticket', '--uses', 'always']]) {
      const got = await told('-n', '100', '-c', '4', '-g', '/', '--min-resumed', '100', '--max-failed', '0', ...how, target);
      assert.strictEqual(got.code, 0, `${how}: ${got.err}`);
      assert.ok(got.offered >= 90, `${how}: only ${got.offered} offered`);
      assert.deepStrictEqual([got.resumed, got.resumed_by_kind[kind], got.by_kind[kind], got.requests, got.status['2xx']],
        [got.offered, got.offered, got.offered, 100, 100], how.join(' '));
    }
  }));

// node gives two tickets with a full handshake and none to a client that resumed, s_server three and one, each by itself:
// all are offered, not only the newest, however a connection ends.
const tickets = {
  node: [withNode, {full: 30, resumed: 60, given: 60}],
  s_server: [(body) => withProgram(s_server('-www', '-num_tickets', '3'), body), {full: 1, resumed: 89, given: 92}],
};
const endings = [['-g', '/'], ['-g', '/', '--close', 'reset'], [], ['--close', 'reset'], ['--close', 'wait']];
for (const [name, [serve, wanted]] of Object.entries(tickets))
  test(`reprise-load: each ticket that a connection of ${name} brings is offered once`, () => serve(async (target) => {
    for (const ending of endings) {
      const {code, err, full, resumed, given, failed} = await told('-n', '90', '-c', '1', '-t', '1.3', '-m', 'ticket', '--min-resumed', '100',
        ...ending, target);
      assert.deepStrictEqual({code, err, full, resumed, given, failed}, {code: 0, err: '', ...wanted, failed: 0}, ending.join(' '));
    }
  }));

test('reprise-load: a server that takes so many requests on a connection and no more has not failed', () =>
  withProgram((dir, port) => {
    const command = nginx(dir, port);
    fs.writeFileSync(`${dir}/nginx.conf`, fs.readFileSync(`${dir}/nginx.conf`, 'utf8').replace('access_log off;', '$& keepalive_requests 3;'));
    return command;
  }, async (target) => {
    for (const [asked, made] of [['2', 20], ['3', 30], ['9', 30]]) {
      const got = await told('-n', '10', '-c', '2', '-k', asked, '-g', '/', '--max-failed', '0', target);
      assert.deepStrictEqual([got.code, got.requests, got.failed_by_reason], [0, made, {}], asked);
    }
  }));

test('reprise-load: the matrix shows who resumes whose sessions, and the exit says that it was not enough', () =>
  servers.nginx((one) => servers.haproxy(async (other) => {
    const got = await told('-n', '300', '-c', '4', '-r', '90', '-t', '1.3', '--max-failed', '0', '--seed', '3', one, other);
    const [[a, b], [c, d]] = got.offered_from_to;
    assert.ok(Math.min(a, b, c, d) > 5, JSON.stringify(got.offered_from_to));
    assert.deepStrictEqual(got.resumed_from_to, [[a, 0], [0, d]]);
    assert.deepStrictEqual([got.code, got.resumed, got.declined], [0, a + d, b + c]);
    const short = await told('-n', '60', '-c', '4', '-r', '90', '--from', 'other', '--min-resumed', '0.1', one, other);
    assert.strictEqual(short.code, 1);
    assert.match(short.err, /0\.00 % of the sessions offered were resumed; at least 0\.1 % are required/);
    const dead = `127.0.0.1:${await freePort()}`;
    for (const [allowed, code] of [['9', 1], ['10', 0]]) {
      const half = await told('-n', '20', '-c', '2', '--max-failed', allowed, one, dead);
      assert.deepStrictEqual([half.failed, half.code], [10, code], half.err);
    }
  })));

test('reprise-load: what was meant for a host that is not there was not offered, and is offered to another', () =>
  withProgram(s_server('-www', '-num_tickets', '1'), async (one) => {
    const dead = `127.0.0.1:${await freePort()}`;
    for (const how of [['-m', 'ticket', '-t', '1.3'], ['-m', '0-rtt', '-g', '/'], ['-m', 'psk', '--psk', 'me:5ec2e7']]) {
      const got = await told('-n', '90', '-c', '1', ...how, one, dead);
      assert.deepStrictEqual([got.failed, got.offered_from_to[0][1] + got.offered_from_to[1][1], got.offered_failed], [45, 0, 0], how.join(' '));
      assert.strictEqual(got.offered, got.resumed + got.declined, how.join(' '));
    }
    const resumed = async (uses) => (await told('-n', '90', '-c', '1', '-m', 'ticket', '-t', '1.3', '--seed', '3', '--uses', uses, one, dead)).resumed;
    assert.strictEqual(await resumed('1'), await resumed('always'));
    const {out} = await load('-n', '120', '-c', '1', '-m', 'ticket', '-t', '1.3', '--seed', '3', one, dead, dead);
    assert.match(out, /Sessions were offered in \d+ % of the attempts; 100 % were requested: the servers issued too few, and failing servers issued none;/);
  }));

test('reprise-load: offers that no handshake came of are told apart', () => withProgram(s_server('-www', '-num_tickets', '9'), async (one, pid) => {
  const got = await told('-d', '2s', '--rate', '20', '--timeout', '300ms', '-m', 'ticket', '-t', '1.3', '--uses', 'always',
    '--phase', `at 1s: kill -STOP ${pid}`, '--phase', `at 1900ms: kill -CONT ${pid}`, one);
  assert.ok(got.offered_failed > 5, JSON.stringify(got.offered_failed));
  assert.strictEqual(got.offered, got.resumed + got.declined + got.offered_failed);
}));

// -- what is told

const externals = (html) => html.match(/(?:src|href|action|data)\s*=|url\(|@import|https?:|["'(]\/\//gi);

test('reprise-load: the files agree, the page needs nothing else, and a reload of the server is marked', () =>
  servers.nginx(async (target, pid, dir) => {
    const command = `kill -HUP ${pid}`;
    const at = (name) => path.join(dir, name);
    const {code, err} = await load('-q', '-d', '3s', '--rate', '60', '-r', '90', '-g', '/', '--max-failed', '0', '--pid', String(pid),
      '--phase', `at 1s: ${command}`, '--json', at('j'), '--csv', at('c'), '--timeline', at('t'), '--report', at('r.html'), target);
    assert.strictEqual(code, 0, err);
    const json = JSON.parse(fs.readFileSync(at('j')));
    const table = (name) => fs.readFileSync(at(name), 'utf8').trim().split('\n').map((line) => line.split(','));
    for (const [name, ...row] of table('c').slice(1)) {
      const kind = name.replace('first byte: ', '');
      const {count, mean, p50, p90, p99, 'p99.9': p999, max} = json[kind === name ? 'latency_us' : 'first_byte_us'][kind];
      assert.deepStrictEqual(row.map(Number), [count, mean, p50, p90, p99, p999, max], name);
    }
    const names = table('t')[0].slice(1), lines = table('t').slice(1);
    assert.deepStrictEqual(lines.map((row) => row.slice(1).map(Number)), json.seconds.map((one) => names.map((name) => one[name])));
    for (const name of ['full', 'resumed', 'declined', 'failed', 'requests'])
      assert.strictEqual(json.seconds.reduce((sum, one) => sum + one[name], 0), json[name], name);
    assert.strictEqual(json.full + json.resumed + json.failed, json.started);
    assert.ok(json.server_cpu_us > 0 && json.tester_cpu_us > 0, JSON.stringify(json));
    const [{begun_ms, took_ms, ...phase}] = json.phases;
    assert.deepStrictEqual(phase, {at_ms: 1000, length_ms: 0, text: command, outcome: 'ended', status: 0});
    assert.ok(begun_ms >= 1000 && took_ms < 2000, JSON.stringify(json.phases));
    assert.ok(json.declined > 0, `new keys, which only the reload makes: ${JSON.stringify(json.seconds)}`);
    const html = fs.readFileSync(at('r.html'), 'utf8');
    assert.strictEqual(externals(html), null);
    assert.strictEqual(html.match(/<svg/g).length, 3);
    const row = (name, part = html) => (part.match(new RegExp(`<tr><th>${name}</th>(.*)</tr>`)) || ['', ''])[1].split(/<[^>]*>/).filter(Boolean);
    for (const [name, figure] of [['connections', json.started], ['failed', json.failed], ['sessions issued', json.given], ['offered', json.offered],
      ['declined', json.declined], ['status 2xx', json.status['2xx']], ['bytes down', json.bytes_read], ['bytes up', json.bytes_written]])
      assert.deepStrictEqual(row(name), [String(figure)], name);
    const [, firstBytes, handshakes] = html.split('<h2>Latency ');
    for (const [part, kinds, figures] of [[firstBytes, ['all due', 'full', 'resumed'], json.first_byte_us], [handshakes, ['full', 'resumed', 'request'], json.latency_us]])
      for (const kind of kinds) {
        const {count, p50, p90, p99, 'p99.9': p999, max} = figures[kind];
        assert.deepStrictEqual(row(kind, part).map(Number), [count, ...[p50, p90, p99, p999, max].map((us) => Number((us / 1000).toFixed(3)))], kind);
      }
    for (const part of [command, target]) assert.ok(html.includes(part), part);
  }));

test('reprise-load: a process that is named twice, or is a child of another one, is counted once', () => servers.nginx(async (target, pid) => {
  const worker = await until('a worker of nginx', () => children(pid)[0]); // its master listens before it forks
  const cpu = async (...pids) => (await told('-n', '500', '-c', '4', ...pids.flatMap((one) => ['--pid', String(one)]), target)).server_cpu_us;
  const alone = await cpu(pid), often = await cpu(pid, pid, worker, worker, worker, worker);
  assert.ok(often < 3 * alone, `${often} ${alone}`);
}));

// Of 150 arrivals 50 fall into the half second in which the server stands still, and wait for half of it on average: that
// must be seen also by a tester that has one connection only and so begins none of them meanwhile.
test('reprise-load: a server that stalls cannot hide who had to wait', () => withProgram(s_server('-www'), async (target, pid) => {
  for (const connections of ['1', '4096']) {
    const got = await told('-d', '1500ms', '--rate', '100', '-c', connections, '--max-failed', '0', '--max-missed', '150', '--phase', `at 500ms: kill -STOP ${pid}`,
      '--phase', `at 1s: kill -CONT ${pid}`, target);
    const {p50, p90, max} = got.latency_us.full, [stop, go] = got.phases;
    const stood = go.begun_ms - stop.begun_ms - stop.took_ms; // half a second, where the commands are begun in time
    assert.strictEqual(got.code, 0, got.err);
    assert.ok(Math.abs(got.started + got.missed - 150) <= 1, `${got.started} ${got.missed}`);
    assert.ok(p90 > (stood - 200) * 1e3 && max > (stood - 100) * 1e3, `${connections}: ${stood} ${p50} ${p90} ${max}`);
    assert.strictEqual(got.bottleneck, false, 'the tester has hardly anything to do');
    if (connections === '1') assert.ok(got.crowded > stood / 20, `${got.crowded} crowded in ${stood} ms`);
  }
}));

// A server that answers nothing holds every connection, so most arrivals never get one.
const holds = async (body) => {
  const held = [], server = net.createServer((s) => held.push(s.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try { return await body(`127.0.0.1:${server.address().port}`); } finally {
    held.forEach((s) => s.destroy());
    await new Promise((done) => server.close(done));
  }
};

test('reprise-load: arrivals that get no connection fail the gate, and their wait is in the latencies', async () => {
  await holds(async (target) => {
    const run = (...args) => told('--rate', '50', '-c', '5', '-d', '2s', '--timeout', '1s', ...args, target);
    const got = await run('--max-failed', '20');
    assert.deepStrictEqual([got.code, got.due, got.started + got.missed, got.served_percent], [1, 100, 100, 0], got.err);
    assert.ok(got.missed >= 80 && got.failed <= 20, JSON.stringify(got));
    assert.match(got.err, /\d+ connections failed or arrivals got no connection; at most 20 are allowed/);
    assert.strictEqual(got.first_byte_us['all due'].count, 100);
    assert.ok(got.first_byte_us['all due'].p50 > 500e3, JSON.stringify(got.first_byte_us));
    const apart = await run('--max-failed', '100', '--max-missed', '10');
    assert.strictEqual(apart.code, 1);
    assert.match(apart.err, /^reprise-load: \d+ arrivals got no connection; at most 10 are allowed$/m);
    const {out} = await load('--rate', '50', '-c', '5', '-d', '1s', '--timeout', '1s', target);
    assert.match(out, /^served 0 % of what was due: 0 of 50 \(5 failed, 45 got no connection\)$/m);
  });
  await servers.nginx(async (target) => {
    const {code, err, served_percent: served} = await told('--rate', '50', '-d', '1s', '--max-failed', '0', '--max-missed', '0', target);
    assert.deepStrictEqual([code, served], [0, 100], err);
  });
});

test('reprise-load: a phase has figures of its own, exact as those of the whole, and the bytes of each second are in it', () =>
  servers.nginx(async (target) => {
    const got = await told('-n', '100', '--rate', '100', '-g', '/', '--processes', '2', '--phase', '500ms brief', '--phase', '10s rest', target);
    const [brief, rest] = got.phases;
    assert.strictEqual(brief.ran_ms, 500);
    assert.strictEqual(rest.ran_ms, Math.floor(got.elapsed_us / 1000) - 500);
    assert.ok(brief.full > 0 && brief.full <= 50, JSON.stringify(brief));
    for (const name of ['full', 'requests', 'failed']) assert.strictEqual(brief[name] + rest[name], got[name], name);
    for (const part of [got.phases, got.seconds]) {
      assert.strictEqual(part.reduce((sum, one) => sum + one.bytes, 0), got.bytes_read + got.bytes_written);
      assert.strictEqual(Math.max(...part.map((one) => one.max_us)), got.latency_us.full.max);
    }
    const one = await told('-n', '60', '-c', '4', '--phase', '1h all', target);
    const {p50, p99, max} = one.latency_us.full;
    assert.deepStrictEqual([one.phases[0].p50_us, one.phases[0].p99_us, one.phases[0].max_us], [p50, p99, max]);
  }));

test('reprise-load: it says when it was the bottleneck itself, and when the connections were too few', () =>
  servers.nginx(async (target, pid, dir) => {
    const json = path.join(dir, 'j');
    const flood = await load('-n', '400', '--rate', '1000000', '-c', '400', '--json', json, target);
    // whether it was, who knows on a machine that does other things; the notice and the figure say the same
    assert.strictEqual(/The tester itself was the bottleneck/.test(flood.out), JSON.parse(fs.readFileSync(json)).bottleneck);
    const few = await load('-n', '100', '--rate', '1000000', '-c', '1', target);
    const swamped = await told('-d', '300ms', '--rate', '100000', '-c', '1', target);
    assert.ok(Math.abs(swamped.started + swamped.missed - 30000) < 5, JSON.stringify(swamped));
    const counted = await load('-d', '300ms', '-n', '500', '--rate', '100000', '-c', '1', '--json', json, target);
    const {started, missed} = JSON.parse(fs.readFileSync(json));
    assert.strictEqual(started + missed, 500);
    assert.match(counted.out, missed > 0 ? / arrivals were due but never got a connection/ : /^500 connections/);
    assert.match(few.out, /arrivals waited up to \d+ ms, because all connections were in use/);
  }));
