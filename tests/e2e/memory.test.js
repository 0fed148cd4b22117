'use strict';
// After a flood of connections a worker is as small as before: memory returns to the system.
const assert = require('assert');
const {execFileSync} = require('child_process');
const fs = require('fs');
const {Service, backend, connect, net, program, status, test, tls, until} = require('./lib');

const asan = /asan/.test(program); // whose allocator keeps what was freed
const BOUND_KB = 64 * 1024, WITHIN_MS = 30000;

const conf = (more = '') => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status"  ${more} }
`;

const rssKb = (pid) => Number(/^VmRSS:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// A connection that says this much, and how it ended.
function say(port, bytes) {
  return new Promise((done) => {
    const socket = net.connect({port, host: '127.0.0.1'});
    socket.on('error', () => {});
    socket.closed_ = new Promise((over) => socket.on('close', over));
    socket.on('connect', () => socket.write(bytes, () => done(socket)));
    socket.on('close', () => done(socket));
    socket.resume();
  });
}

// The first flight of a real client.
function hello() {
  return new Promise((done) => {
    const server = net.createServer((s) => s.once('data', (data) => { s.destroy(); server.close(); done(data); }));
    server.listen(0, '127.0.0.1', () => {
      tls.connect({port: server.address().port, host: '127.0.0.1', servername: 'localhost'}).on('error', () => {});
    });
  });
}

async function inTurns(count, open) {
  const sockets = [];
  while (sockets.length < count)
    sockets.push(...await Promise.all(Array.from({length: Math.min(200, count - sockets.length)}, open)));
  return sockets;
}

async function floodAndForget(service, count, open) {
  const [worker] = service.workers();
  const sockets = await inTurns(asan ? 200 : count, () => open(service.port));
  await status(service.port);
  const during = rssKb(worker);
  for (const socket of sockets) socket.destroy();
  await until('the connections are gone', async () => (await status(service.port)).cluster.active === 1);
  if (!asan)
    await until(() => `${during} KB during the flood; now ${rssKb(worker)} KB`, () => rssKb(worker) < BOUND_KB, WITHIN_MS);
  assert.deepStrictEqual(service.workers(), [worker]);
  return during;
}

// A record of 13 bytes, which says that a hello of 131,072 bytes begins here: 18 bytes in all.
const half = Buffer.from('160301000d01020000030300000000000000', 'hex');

const floods = [
  ['that say nothing', 6000, () => Buffer.alloc(0)],
  ['with 18 bytes of a large hello', 6000, () => half],
  ['with a hello in records of a byte', 3000, () => Buffer.from('160301000101160301000102160301000100160301000100', 'hex')],
  ['with half of a record', 6000, () => Buffer.from('160303400001003ffc0303', 'hex')],
  ['with a whole hello and no more', 6000, hello],
];
for (const [what, count, make] of floods)
  test(`memory: after a flood of handshakes ${what} a worker is small again`, async () => {
    const service = await Service.start(conf('max-handshakes = 0'));
    const bytes = await make();
    await floodAndForget(service, count, (port) => say(port, bytes));
  });

// Those that were open first are closed; who comes now is served.
test('memory: unfinished handshakes have a limit, and a client is served meanwhile', async () => {
  const service = await Service.start(conf('max-handshakes = 100'));
  const sockets = await inTurns(300, () => say(service.port, half));
  const cut = async () => (await status(service.port)).cluster.handshakesCut;
  await until('the oldest are cut', async () => await cut() >= 200);
  await Promise.all(sockets.slice(0, 200).map((s) => s.closed_));
  assert.ok(sockets.slice(-90).every((s) => !s.closed));
  await service.said(/max-handshakes reached/);
  assert.strictEqual(service.count(/max-handshakes reached/g), 1);
  for (const socket of sockets) socket.destroy();
});

// A connection that is taken has a descriptor for its backend; the others are closed, and the log says why.
test('memory: connections beyond the limit of descriptors are refused, and those within are served', async () => {
  const echo = await backend((socket) => socket.pipe(socket));
  const service = await Service.start(conf().replace('"builtin:status"', '"echo"')
    .replace('frontend', `backend "echo" { address = "${echo.address_}" }\nfrontend`), {descriptors: 150});
  const sockets = [];
  let refused = 0;
  while (refused < 20 && sockets.length < 150)
    await connect(service.port).then((s) => sockets.push(s), () => refused++);
  assert.ok(refused === 20 && sockets.length > 10, `${sockets.length} taken, ${refused} refused`);
  for (const socket of sockets) {
    socket.write('x');
    assert.strictEqual((await new Promise((done) => socket.once('data', done))).toString(), 'x');
  }
  await service.said(/file descriptor limit reached/);
  sockets.pop().destroy();
  await until('room for one more', () => connect(service.port).then((s) => sockets.push(s), () => false));
  for (const socket of sockets) socket.destroy();
  await echo.stop();
});

// The descriptors of a worker run out behind its back: clients wait, and it is told for as long as it lasts.
test('memory: accepting that is paused is logged once, and shown while it lasts', async () => {
  const service = await Service.start(conf() + 'admin { listen = "127.0.0.1:@PORT3@" }');
  const [pid] = service.workers(), state = () => JSON.parse(service.command('status', '--json').out);
  const limit = (soft) => execFileSync('prlimit', ['--pid', pid, `--nofile=${soft}:`]);
  const metrics = () => execFileSync('curl', ['-s', `http://127.0.0.1:${service.ports[3]}/metrics`]).toString();
  const before = /^Max open files\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'))[1];
  await status(service.port);
  assert.strictEqual(state().accepting.state, 'well');
  for (let times = 1; times <= 3; times++) {
    limit(3); // all that are open stay so
    const waiting = connect(service.port);
    await until('a pause', () => state().accepting.state === 'paused');
    const {accepting, counters} = state();
    assert.strictEqual(accepting.workersPaused, 1);
    assert.ok(accepting.pausedSince > 1e9);
    assert.strictEqual(counters.acceptPauses, times);
    assert.match(metrics(), /^reprise_accept_paused_workers 1$/m);
    assert.match(service.command('status').out, /^accepting connections: paused in 1 workers since /m);
    limit(before);
    (await waiting).destroy();
    assert.strictEqual(state().accepting.state, 'well');
    assert.strictEqual(state().accepting.pausedSince, null);
  }
  assert.match(metrics(), /^reprise_accept_paused_workers 0$/m);
  assert.strictEqual(service.count(/ warn .*accepting connections paused: .* error=EMFILE count=1/g), 1);
  assert.strictEqual(service.count(/accepting connections paused/g), 1);
  assert.strictEqual(service.count(/accepting connections again/g), 1);
});
