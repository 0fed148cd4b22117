'use strict';
// A local store on each host in front of the shared store: a host's sessions survive the loss of
// the Redis, a host that starts without the Redis keeps its keys and announcements, and a damaged
// local file causes no failures.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {Service, test, until} = require('./lib');
const {cacheOf, command, conf, fresh, keysOf, kinds, mintingOf, patient, visit, well, withHosts, withRedis} = require('./hosts');

const stored = kinds.filter((kind) => kind.stored);
const sessions = (host) => path.join(host.dir, 'state', 'sessions');

async function resumes(host, kind, session) {
  const s = await visit(host, kind, {session});
  assert.ok(s.reused, kind.kind);
  return s.session || session;
}

for (const [name, hurt, heal, cause] of [
  ['killed', (redis) => redis.end(), (redis) => redis.begin(), /ECONNRE|ENOENT|closed the connection/],
  ['stopped', (redis) => redis.child.kill('SIGSTOP'), (redis) => redis.child.kill('SIGCONT'), /no answer within/],
])
  test(`tiered: redis ${name}: sessions of this host resume, those of another are full handshakes, and it heals`, () =>
    withHosts(2, {timeout: 200}, async ([one, two], redis) => {
      const own = {}, other = {};
      for (const kind of stored) {
        own[kind.kind] = await fresh(one, kind);
        other[kind.kind] = await fresh(two, kind);
      }
      await hurt(redis);
      for (let i = 0; i < 5; i++)
        for (const kind of stored) {
          own[kind.kind] = await resumes(one, kind, own[kind.kind]);
          assert.ok(!(await visit(one, kind, {session: other[kind.kind]})).reused, kind.kind);
        }
      for (const kind of stored) await resumes(one, kind, await fresh(one, kind)); // stored while it was away
      await until('it is said', () => cacheOf(one).state === 'away');
      await heal(redis);
      await well([one, two]);
      for (const kind of stored) await resumes(two, kind, await fresh(one, kind));
      const begins = one.log.match(/worker 0[^\n]*store unavailable: [^\n]*/g);
      assert.strictEqual(begins.length, 1, one.log);
      assert.match(begins[0], cause);
      assert.strictEqual(one.count(/worker 0[^\n]*store available again/g), 1, one.log);
      assert.strictEqual(one.count(/local session cache/g), 0, one.log);
    }));

test('tiered: what a host was asked for once it has itself', () => withHosts(2, {}, async ([one, two], redis) => {
  for (const kind of stored) {
    const session = await fresh(one, kind);
    const after = await resumes(two, kind, session);
    redis.ask('FLUSHALL');
    await resumes(two, kind, session);
    await resumes(two, kind, after);
  }
}));

test('tiered: l1 = "": the redis alone', () => withHosts(1, {cache: `${patient} l1 = ""`}, async ([host], redis) => {
  for (const kind of stored) {
    const session = await resumes(host, kind, await fresh(host, kind));
    redis.ask('FLUSHALL');
    assert.ok(!(await visit(host, kind, {session})).reused);
  }
  assert.ok(!fs.existsSync(sessions(host)));
}));

test('tiered: a host that starts while redis is away has its keys and what was announced', () =>
  withHosts(2, {workers: 2}, async ([host, other], redis) => {
    const tickets = kinds.filter((kind) => !kind.stored);
    const revoked = {}, known = {};
    for (const kind of kinds) revoked[kind.kind] = await fresh(host, kind);
    assert.strictEqual(other.command('sessions', 'revoke', '--all').code, 0);
    await until('it is heard', async () => !(await visit(host, kinds[0], {session: revoked[kinds[0].kind]})).reused);
    for (const kind of tickets) known[kind.kind] = await until(`a session of after the moment: ${kind.kind}`, async () => {
      const session = await fresh(host, kind);
      return (await visit(host, kind, {session})).reused && session;
    });
    const id = mintingOf(host).id;
    await host.stop();
    await redis.end();
    await host.begin();
    assert.strictEqual(mintingOf(host).id, id);
    const shared = (one) => keysOf(one).filter((key) => !key.derived).map((key) => key.id);
    assert.deepStrictEqual(shared(host), shared(other));
    for (const kind of tickets) await resumes(host, kind, known[kind.kind]);
    for (const kind of tickets) await resumes(other, kind, await fresh(host, kind));
    for (const kind of kinds) assert.ok(!(await visit(host, kind, {session: revoked[kind.kind]})).reused, kind.kind);
  }));

// Whoever can write to the Redis puts what was there before an announcement in place of it, and all hosts start anew.
test('tiered: what was revoked stays so for a host that starts on a redis that was set back', () => withHosts(2, {}, async (hosts, redis) => {
  const [one, two] = hosts, sessions = {};
  for (const kind of kinds) sessions[kind.kind] = await fresh(one, kind);
  const before = await redis.entries();
  assert.strictEqual(two.command('sessions', 'revoke', '--all').code, 0);
  await until('it is heard', async () => !(await visit(one, kinds[0], {session: sessions[kinds[0].kind]})).reused);
  await until('one has its copy', () => one.count(/received an announcement/g) > 0);
  for (const host of hosts) await host.stop();
  redis.ask('FLUSHALL');
  for (const [key, value] of before) await command(redis.path, 'SET', key, value);
  for (const host of hosts) {
    await host.begin();
    for (const kind of kinds) assert.ok(!(await visit(host, kind, {session: sessions[kind.kind]})).reused, kind.kind);
    await host.stop();
    redis.ask('FLUSHALL');
  }
}));

test('tiered: l1 = "": what another host revoked stays so through a reload without redis', () => withRedis(async (redis) => {
  const file = path.join(redis.dir, 'keys'), kind = kinds.find((one) => one.kind === 'TLS 1.3 ticket');
  fs.writeFileSync(file, crypto.randomBytes(48), {mode: 0o600});
  const text = conf(redis, {l1: '', cache: `${patient} ticket-keys = "${file}"`});
  const one = await Service.start(text), two = await Service.start(text);
  await well([one, two]);
  const session = await fresh(one, kind);
  assert.strictEqual(two.command('sessions', 'revoke', '--all').code, 0);
  await until('it is heard', async () => !(await visit(one, kind, {session})).reused);
  await one.said(/generation 1[^\n]*received an announcement/);
  await redis.end();
  await one.reload();
  assert.ok(!(await visit(one, kind, {session})).reused);
  await until('later sessions resume', async () => (await visit(one, kind, {session: await fresh(one, kind)})).reused);
}));

test('tiered: l1 can\'t be opened, or is damaged under way: said once, the redis goes on', () =>
  withHosts(1, {cache: `${patient} l1 = "lmdb:missing/file"`}, async ([host]) => {
    for (const kind of stored) await resumes(host, kind, await fresh(host, kind));
    assert.strictEqual(host.count(/worker 0[^\n]*local session cache \(l1\) unavailable: /g), 1, host.log);
    assert.strictEqual(cacheOf(host).state, 'well');
    assert.strictEqual(cacheOf(host).l1State, 'away');
    fs.mkdirSync(path.join(host.dir, 'state', 'missing'));
    await until('it is tried again', async () => {
      await fresh(host, stored[0]);
      return host.count(/worker 0[^\n]*local session cache \(l1\) available again/g) === 1;
    });
    fs.writeFileSync(path.join(host.dir, 'state', 'missing', 'file'), Buffer.alloc(1 << 20, 0x5a));
    await until('it is begun anew', async () => {
      for (const kind of stored) await visit(host, kind, {session: await fresh(host, kind).catch(() => undefined)}).catch(() => {});
      return fs.existsSync(path.join(host.dir, 'state', 'missing', 'file.damaged'));
    });
    for (const kind of stored) await until('sessions resume', async () => {
      const session = await fresh(host, kind).catch(() => undefined);
      return session && (await visit(host, kind, {session}).catch(() => ({}))).reused;
    });
  }));
