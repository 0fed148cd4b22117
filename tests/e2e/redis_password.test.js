'use strict';
// The password of a Redis is never shown with the store's name: not by check, --print, the log,
// status or metrics.
const assert = require('assert');
const {execFileSync} = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');
const {Redis} = require('./hosts');
const {Service, backend, freePort, status, test, until} = require('./lib');

const SECRET = 'geheim42';
const conf = (redis, store) => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  secret-file = "${redis.secret}"
log { level = debug }  admin { listen = "127.0.0.1:@PORT2@" }
cache { store = "${store}"  l1 = "" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;

const get = (port, url) => new Promise((done, fail) => http.get({port, host: '127.0.0.1', path: url}, (res) => {
  let text = '';
  res.on('data', (data) => { text += data; }).on('end', () => done(text));
}).on('error', fail));

async function everythingSaid(service) {
  const words = [service.log];
  for (const args of [['check'], ['check', '--print'], ['status'], ['status', '--json'], ['keys'], ['check', '--json', '--print']]) {
    const {out, err} = service.command(...args);
    words.push(out, err || '');
  }
  for (const url of ['/status', '/metrics']) words.push(await get(service.ports[2], url));
  return words.join('\n');
}

test('redis+unix:// with a password: sessions are stored, and the password is shown nowhere', async () => {
  const redis = await Redis.start();
  try {
    execFileSync('redis-cli', ['-s', redis.path, 'CONFIG', 'SET', 'requirepass', SECRET]);
    const service = await Service.start(conf(redis, `redis+unix://:${SECRET}@${redis.path}`));
    await until('the store is well', () => JSON.parse(service.command('status', '--json').out).cache.state === 'well');
    await status(service.port, {maxVersion: 'TLSv1.2'});
    const keys = () => Number(execFileSync('redis-cli', ['-s', redis.path, '-a', SECRET, '--no-auth-warning', 'dbsize']));
    await until('keys in redis', () => keys() > 0);
    const said = await everythingSaid(service);
    assert.ok(!said.includes(SECRET), said);
    assert.match(said, /redis\+unix:\/\/:\*\*\*@/);
  } finally { await redis.remove(); }
});

// Nobody listens there, so the log tells of each; the last ones are refused by check.
const forms = (port) => [`redis://:${SECRET}@127.0.0.1:${port}`, `redis://u:${SECRET}@127.0.0.1:${port}/1?prefix=x`,
  `rediss://u:${SECRET}@127.0.0.1:${port}`, `redis+sentinel://u:${SECRET}@127.0.0.1:${port}/m`, `redis+cluster://u:${SECRET}@127.0.0.1:${port}`,
  `redis+unix://u:${SECRET}@/tmp/reprise-no-such-socket`, `redis+unix://:a%40${SECRET}@/tmp/reprise-no-such-socket`];
const wrong = [`redis://127.0.0.1?password=${SECRET}`, `redis+unix:///x?password=${SECRET}`, `redis+unix::${SECRET}@/x`, `redis+unix:/:${SECRET}@/x`,
  `redis+unix://:${SECRET}@x`, `redis+unix://:a/${SECRET}@/x`, `reddis://:${SECRET}@h`, `${SECRET}@h`, `redis:/:${SECRET}@h`, `lmdb:x?password=${SECRET}`];

test('a password in any form of store is shown nowhere', async () => {
  const redis = await Redis.start();
  try {
    for (const store of forms(await freePort())) {
      const service = await Service.start(conf(redis, store));
      await service.said(/store unavailable/);
      const said = await everythingSaid(service);
      assert.ok(!said.includes(SECRET), said);
      await service.stop();
    }
    for (const store of wrong) {
      const service = new Service(conf(redis, store));
      service.ports = {1: 1, 2: 2};
      service.configure();
      fs.mkdirSync(path.join(service.dir, 'run'));
      for (const args of [['check'], ['check', '--print'], ['check', '--json'], ['run']]) {
        const {code, out, err} = service.command(...args);
        assert.strictEqual(code, 2, store);
        assert.ok(!`${out}${err}`.includes(SECRET), `${store}: ${out}${err}`);
      }
      service.remove();
    }
  } finally { await redis.remove(); }
});

// Redis repeats the arguments of a command that it does not know.
test('a redis that does not know AUTH does not make the log show the password', async () => {
  const redis = await Redis.start();
  const server = await backend((socket) => socket.on('data', (data) => {
    socket.write(`-ERR unknown command 'AUTH', with args beginning with: '${SECRET}' \r\n`.repeat(String(data).split('*').length - 1));
  }));
  try {
    const service = await Service.start(conf(redis, `redis://:${SECRET}@${server.address_}`));
    await service.said(/error reply: ERR unknown command 'AUTH'/);
    assert.ok(!(await everythingSaid(service)).includes(SECRET), service.log);
  } finally {
    await server.stop();
    await redis.remove();
  }
});
