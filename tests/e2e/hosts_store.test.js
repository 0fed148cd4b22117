'use strict';
// A faulty Redis: slow, unreachable, full, read-only, or sending invalid replies. Clients are not
// affected: no handshake fails or waits for it, and tickets resume on all hosts. The service
// recovers without help; each process logs the start and the end of the fault.
const assert = require('assert');
const {spawn} = require('child_process');
const {Service, test, testThatWaits, until} = require('./lib');
const {Relay, cacheOf, conf, fresh, kinds, statusOf, visit, well, withRedis} = require('./hosts');

const begins = /store unavailable/g, ends = /store available again/g;
const impatient = {cache: '', timeout: 400};

async function visitAll(hosts) {
  for (const kind of kinds)
    for (const from of hosts)
      for (const to of hosts) {
        const s = await visit(to, kind, {session: await fresh(from, kind)});
        assert.ok(s.reused || kind.stored, `${kind.kind}: a ticket`);
      }
}

const resumesAcross = async ([a, b], kind) => (await visit(b, kind, {session: await fresh(a, kind)})).reused;
const allKindsResume = (hosts) => until('all kinds resume across hosts', async () => {
  for (const kind of kinds) if (!await resumesAcross(hosts, kind)) return false;
  return true;
}, 40000);

async function replaceWorker(host, pid) {
  process.kill(pid, 'SIGKILL');
  await until('it is replaced', () => { const all = host.workers(); return all.length === 4 && !all.includes(pid); });
}

const ask = (...words) => ({redis}) => redis.ask(...words);
const set = (how) => ({relay}) => relay.set(how);
// What is done to each value there: a script of Redis, with the keys in `k`.
const all = (script) => ask('EVAL', `local k = redis.call('KEYS', '*') ${script}`, '0');
const spoils = (spoil) => ({relay: true, hurt: set({spoil}), heal: set({spoil: 'nothing'})});

// {hurt, heal}: what is done to it. told: how many processes of a host say so at least, the generation and the worker; only the
// worker where reading is as ever. brief: it may be over before they notice. options: of the hosts.
const ills = {
  killed: {hurt: ({redis}) => redis.end(), heal: ({redis}) => redis.begin()},
  'stopped (SIGSTOP)': {hurt: ({redis}) => redis.child.kill('SIGSTOP'), heal: ({redis}) => redis.child.kill('SIGCONT')},
  'emptied': {hurt: ask('FLUSHALL'), told: 0},
  'holding what others put there': {told: 0, hurt: all("for _, n in ipairs(k) do redis.call('SET', n, string.rep('x', 300)) end")},
  'mixed up': {told: 0, hurt: all(`local last = redis.call('GET', k[#k])
    for _, n in ipairs(k) do last = redis.call('GETSET', n, last) end`)},
  'holding lists under our names': {told: 0, hurt: all("for _, n in ipairs(k) do redis.call('DEL', n) redis.call('LPUSH', n, 'x') end")},
  'killed and begun empty': {hurt: async ({redis}) => { await redis.end(); await redis.begin(); }, brief: true},
  'out of memory': {told: 1, hurt: ask('CONFIG', 'SET', 'maxmemory', '1'), heal: ask('CONFIG', 'SET', 'maxmemory', '0')},
  'a replica': {told: 1, hurt: ask('REPLICAOF', '127.0.0.1', '1'), heal: ask('REPLICAOF', 'NO', 'ONE')},
  'not letting us write (ACL)': {told: 1, hurt: ask('ACL', 'SETUSER', 'default', '-set'), heal: ask('ACL', 'SETUSER', 'default', '+set')},
  'not letting us in (password)': {
    hurt: ({redis}) => { redis.ask('CONFIG', 'SET', 'requirepass', 'other'); redis.ask('-a', 'other', 'CLIENT', 'KILL', 'TYPE', 'normal'); },
    heal: ask('-a', 'other', 'CONFIG', 'SET', 'requirepass', '')},
  'busy with a script': {
    hurt: async ({redis}) => {
      redis.ask('CONFIG', 'SET', 'busy-reply-threshold', '10');
      spawn('redis-cli', ['-s', redis.path, 'EVAL', 'while true do end', '0'], {stdio: 'ignore'});
      await until('it is busy', () => /^BUSY/.test(redis.ask('GET', 'x')));
    },
    heal: ask('SCRIPT', 'KILL')},
  'loading': {brief: true,
    hurt: async ({redis}) => {
      redis.ask('DEBUG', 'POPULATE', '30', 'filling', '2000');
      redis.ask('SAVE');
      await redis.end();
      redis.more.push('--key-load-delay', '100000', '--loading-process-events-interval-bytes', '1024');
      redis.spawn();
      await until('it is loading', () => { try { return /^LOADING/.test(redis.ask('GET', 'x')); } catch { return false; } });
    }}, // heals when it has loaded
  'holding writes (CLIENT PAUSE)': {told: 1, hurt: ask('CLIENT', 'PAUSE', '600000', 'WRITE'), heal: ask('CLIENT', 'UNPAUSE')},
  'cut off': {relay: true, hurt: set({gone: true}), heal: set({gone: false})},
  'slower than its deadline': {relay: true, hurt: set({delay: 600}), heal: set({delay: 0})},
  'slower than a lookup may be': {relay: true, told: 0, options: {cache: '', timeout: 60000}, late: true,
    hurt: set({delay: 150}), heal: set({delay: 0})},
  'silent, and patience is long': {relay: true, told: 0, options: {cache: '', timeout: 60000}, late: true, brief: true,
    hurt: set({spoil: 'silence'}), heal: async ({relay}) => { await relay.set({gone: true, spoil: 'nothing'}); await relay.set({gone: false}); }},
  'talking garbage': spoils('garbage'),
  'greeting, then talking garbage': spoils('garbage, later'),
  'cutting its words': spoils('cut'),
  'talking without end': spoils('endless'),
  'answering twice': {...spoils('twice'), brief: true}, // well and ill by turns
  'answering what was not asked': spoils('alien'),
};

async function through({told = 2, ...ill}, redis) {
  const relay = ill.relay ? await Relay.start(redis) : undefined, it = {redis, relay};
  const text = conf(relay || redis, ill.options || impatient);
  const hosts = [await Service.start(text), await Service.start(text)];
  const each = (what, pattern, count) => until(() => `${what}: ${hosts.map((host) => host.log).join('\n--\n')}`,
    () => hosts.every((host) => host.count(pattern) >= count), 30000); // a busy machine makes more of them
  await well(hosts);
  await allKindsResume(hosts);
  await ill.hurt(it);
  await visitAll(hosts);
  if (told && !ill.brief) {
    await each('begin', begins, told);
    for (const host of hosts) await until('it is away', () => cacheOf(host).state === 'away'); // some are well and ill by turns
    await visitAll(hosts);
  }
  if (ill.late) assert.ok(cacheOf(hosts[0]).timeouts > 0, 'lookups were given up');
  if (ill.heal) await ill.heal(it);
  await allKindsResume(hosts);
  await well(hosts, 30000);
  await until('each begin has an end', () => hosts.every((host) => host.count(begins) === host.count(ends)));
  for (const host of hosts) {
    const {counters} = statusOf(host);
    assert.strictEqual(counters.handshakesFailed + counters.handshakeTimeouts, 0);
    if (!ill.brief) assert.ok(host.count(begins) >= told);
  }
  if (relay) await relay.stop();
}

test('a host that reloads with a slow redis knows all keys before it serves', () => withRedis(async (redis) => {
  const relay = await Relay.start(redis), hosts = [await Service.start(conf(redis)), await Service.start(conf(relay, {l1: ''}))];
  const [a, b] = hosts, tickets = kinds.filter((kind) => !kind.stored);
  await well(hosts);
  await relay.set({delay: 100});
  for (let i = 0; i < 3; i++) {
    const sessions = [];
    for (const kind of tickets) sessions.push(await fresh(a, kind));
    await b.reload();
    for (const [n, kind] of tickets.entries()) assert.ok((await visit(b, kind, {session: sessions[n]})).reused, kind.kind);
  }
  await relay.stop();
}));

test('a silent redis: what is announced says so, and no handshake waits twice', () => withRedis(async (redis) => {
  const text = conf(redis, {cache: 'lookup-timeout = 300ms', timeout: 60000}), hosts = [await Service.start(text), await Service.start(text)];
  const [a, b] = hosts, id = kinds.find((kind) => kind.how === 'session id');
  await well(hosts);
  assert.match(a.command('sessions', 'revoke', '--host', 'y.example').out, /on every host/);
  const session = await fresh(a, id);
  await fresh(b, id); // stored in time
  redis.child.kill('SIGSTOP');
  assert.match(a.command('keys', 'rotate').out, /the store is unavailable/);
  assert.match(a.command('sessions', 'revoke', '--host', 'x.example').out, /revoked on this host; the store is unavailable/);
  assert.ok(!(await visit(b, id, {session})).reused);
  const {counters} = {counters: cacheOf(b)};
  assert.strictEqual(counters.timeouts, 1);
  assert.strictEqual(counters.stores.count, 1, 'of the second session, none waited');
  redis.child.kill('SIGCONT');
}));

// The generation has a key of its own then, and the workers have it from there: with no file of this host, too.
for (const [l1, file] of Object.entries({none: '', 'an lmdb': undefined}))
  test(`a host that starts while redis hangs, with ${l1} before it: its workers are one`, () => withRedis(async (redis) => {
    redis.child.kill('SIGSTOP');
    const host = await Service.start(conf(redis, {...impatient, workers: 4, l1: file})), met = new Set();
    for (const kind of kinds.filter(({stored}) => !stored))
      for (let i = 0, session = await fresh(host, kind); i < 40; i++) {
        const s = await visit(host, kind, {session});
        assert.ok(s.reused, `${kind.kind}, visit ${i} at worker ${s.worker.pid}`);
        met.add(s.worker.pid);
        session = i === 20 ? s.session || session : session;
        if (i === 30) await replaceWorker(host, s.worker.pid);
      }
    assert.ok(met.size > 3, `${met.size} workers were met`);
    await until('it is told', () => host.count(begins));
    redis.child.kill('SIGCONT');
    await allKindsResume([host, await Service.start(conf(redis))]);
  }));

for (const [name, ill] of Object.entries(ills))
  testThatWaits(`redis ${name}`, () => withRedis((redis) => through(ill, redis)));
