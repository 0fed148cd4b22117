'use strict';
// Hosts that share a Redis: a session of one host resumes on all, and an outage of the Redis does
// not affect clients.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {execFileSync, spawnSync} = require('child_process');
const {Redis} = require('./hosts');
const {Service, certs, program, status, test, until} = require('./lib');

const conf = (redis, cache = '') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  secret-file = "${redis.secret}"
cache { store = "redis+unix:${redis.path}?timeout=100" ${cache} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;

async function withHosts(count, cache, body) {
  const redis = await Redis.start();
  try {
    const hosts = [];
    for (let i = 0; i < count; i++) hosts.push(await Service.start(conf(redis, cache)));
    await until('all hosts have the store', () => hosts.every((host) => JSON.parse(host.command('status', '--json').out).cache.state === 'well'));
    await body(hosts, redis);
  } finally { await redis.remove(); }
}

// From one host to the next and back, always with the session of the last one.
async function wander(hosts, version, times, check = (s, i) => assert.ok(s.reused, `attempt ${i}`)) {
  const options = {minVersion: version, maxVersion: version};
  let {session} = await status(hosts[0].port, options);
  for (let i = 1; i <= times; i++) {
    const s = await status(hosts[i % hosts.length].port, {...options, session});
    check(s, i);
    session = s.session || session;
  }
}

test('hosts: redis is away when they start: tickets under keys of their own, then they find it and each other', async () => {
  const redis = await Redis.start();
  await redis.end();
  try {
    const hosts = [await Service.start(conf(redis)), await Service.start(conf(redis))];
    await wander([hosts[0]], 'TLSv1.3', 4);
    assert.match(hosts[0].log, /store unavailable: redis at [^\n]*ECONNREFUSED|store unavailable: redis at [^\n]*ENOENT/);
    await redis.begin();
    await until('the hosts share keys', async () => {
      const {session} = await status(hosts[0].port, {});
      return (await status(hosts[1].port, {session})).reused;
    }, 30000);
  } finally { await redis.remove(); }
});

test('hosts: session writes that an outage dropped are counted, and logged when it is over', () => withHosts(1, 'tickets = off  l1 = ""', async ([host], redis) => {
  const dropped = () => JSON.parse(host.command('status', '--json').out).cache.storeFailed;
  const v12 = {maxVersion: 'TLSv1.2'};
  await status(host.port, v12);
  assert.strictEqual(dropped(), 0);
  assert.doesNotMatch(host.command('status').out, /writes dropped/);
  await redis.end();
  for (let i = 0; i < 10; i++) await status(host.port, v12);
  await until(() => `all are counted: ${dropped()} ${host.log}`, () => dropped() === 10);
  assert.match(host.command('status').out, /^session writes dropped: 10, /m);
  assert.strictEqual(host.count(/writes dropped/g), 0);
  await redis.begin();
  const told = () => [...host.log.matchAll(/ warn .*: (\d+) session writes dropped while the store was unavailable/g)].map((m) => Number(m[1]));
  await until(() => `${told()} in ${host.log}`, () => told().reduce((sum, n) => sum + n, 0) === 10);
  assert.ok(told().length <= 2, 'one line for each worker');
}));

test('hosts: nothing readable is in redis', () => withHosts(1, '', async (hosts, redis) => {
  const stateful = {maxVersion: 'TLSv1.2', secureOptions: crypto.constants.SSL_OP_NO_TICKET};
  const lines = [];
  const {session} = await status(hosts[0].port, {...stateful, onKeylog: (line) => lines.push(line)});
  const dump = execFileSync('redis-cli', ['-s', redis.path, '--rdb', path.join(redis.dir, 'dump')], {stdio: 'ignore'});
  void dump;
  const bytes = fs.readFileSync(path.join(redis.dir, 'dump'));
  assert.ok(bytes.includes('reprise:'), 'something was stored');
  const id = session.indexOf(Buffer.from([4, 32])); // the session id in the DER of the session
  assert.ok(id > 0);
  assert.ok(!bytes.includes(session.subarray(id + 2, id + 34)), 'a session id');
  assert.ok(!bytes.includes('localhost'), 'a server name');
}));

test('hosts: a shared store needs a shared secret, and the password is in no message', async () => {
  const redis = {path: '/nonexistent/socket', secret: '/nonexistent'};
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-redis-')), 'conf');
  const text = conf(redis).replace(/secret-file = "[^"]*"/, '').replace('redis+unix:/nonexistent/socket', 'redis://user:p4ssword@127.0.0.1:1')
    .replace(/@DIR@/g, path.dirname(file)).replace(/@CERTS@/g, certs).replace('@PORT@', '1');
  for (const [uri, why] of [['p4ssword@127.0.0.1', /secret-file/], ['p4ssword@127.0.0.1:nonsense', /host, port or database/]]) {
    fs.writeFileSync(file, text.replace('p4ssword@127.0.0.1', uri));
    const {status: code, stderr} = spawnSync(program, ['run', '-c', file], {encoding: 'utf8', timeout: 20000});
    assert.strictEqual(code, 2);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /p4ssword/);
  }
  fs.rmSync(path.dirname(file), {recursive: true});
});
