'use strict';
// Connections across reloads: they stay open as long as they need, within the configured limits.
const assert = require('assert');
const {once} = require('events');
const {Service, alive, backend, connect, status, test, until} = require('./lib');

const conf = (more, behind) => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  ${more}
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
backend "chat" { address = "${behind.address_}" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "chat" }
frontend "status" { listen = "127.0.0.1:@PORT2@"  certificates = "ecdsa"  backend = "builtin:status" }
`;

// As a websocket: upgraded, then messages of either side at any time.
const chat = () => backend((socket) => {
  socket.on('end', () => socket.end());
  socket.on('data', (data) => {
    if (/^Upgrade: websocket/mi.test(data)) socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n');
    else socket.write(data);
  });
});

async function open(port) {
  const socket = await connect(port);
  socket.ended_ = once(socket, 'close');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.match((await once(socket, 'data')).toString(), /^HTTP.1.1 101/);
  return socket;
}

async function talks(socket, text) {
  socket.write(text);
  assert.strictEqual((await once(socket, 'data')).toString(), text);
}

function reload(service) {
  const {code, err} = service.command('reload');
  assert.strictEqual(code, 0, err);
}

test('reload: a long connection lives on, however short the stop is; the stop cuts it off', async () => {
  const behind = await chat(), service = await Service.start(conf('stop-timeout = 300ms', behind));
  const socket = await open(service.port), old = service.workers();
  reload(service);
  for (const end = Date.now() + 4000; Date.now() < end;) // beyond the stop, and the grace of those who kill
    await talks(socket, `${Date.now()}`);
  assert.ok(old.every(alive));
  assert.ok(!/cut off|killed/.test(service.log), service.log);
  assert.deepStrictEqual(await service.stop(), {code: 0, signal: null});
  await socket.ended_;
  assert.match(service.log, /closed 1 connections and 0 handshakes/);
  await behind.stop();
});

test('reload: drain-timeout limits how long connections live on', async () => {
  const behind = await chat(), service = await Service.start(conf('drain-timeout = 300ms', behind));
  const socket = await open(service.port), old = service.workers();
  reload(service);
  await socket.ended_;
  await until('the old worker leaves', () => old.every((pid) => !alive(pid)));
  await service.said(/closed 1 connections and 0 handshakes/);
  await behind.stop();
});

test('reload: twenty of them with a long connection each leave as many generations as are configured', async () => {
  const behind = await chat(), service = await Service.start(conf('old-generations = 3', behind));
  const sockets = [];
  for (let i = 0; i < 20; i++) {
    sockets.push(await open(service.port));
    reload(service);
  }
  // While both accept, a connection may come to the former generation: then one has two and the next has none.
  await Promise.all(sockets.slice(0, 14).map((socket) => socket.ended_));
  await until('four generations at most', () => service.generations().length <= 4);
  assert.ok(service.workers().length <= 4);
  await until(() => `lines in ${service.log}`, () => service.count(/closing its connections, as more than old-generations = 3/g) >= 7);
  await talks(sockets.at(-1), 'still there');
  assert.ok((await status(service.ports[2])).workers.length <= 4);
  for (const socket of sockets) socket.destroy();
  await until('one generation', () => service.generations().length === 1);
  await behind.stop();
});

for (const who of ['master', 'generation'])
  test(`reload: when the ${who} dies, an old generation with a long connection ends within stop-timeout`, async () => {
    const behind = await chat(), service = await Service.start(conf('stop-timeout = 300ms', behind));
    const socket = await open(service.port), [generation] = service.generations(), [worker] = service.workers();
    reload(service);
    await talks(socket, 'still there');
    const family = [...service.generations(), ...service.workers()];
    process.kill(who === 'master' ? service.child.pid : generation, 'SIGKILL');
    await socket.ended_;
    await until('it leaves', () => !alive(worker) && !alive(generation));
    if (who === 'master') {
      await until('all leave', () => family.every((pid) => !alive(pid)));
      await service.begin();
    }
    await behind.stop();
  });
