'use strict';
// Previous ticket keys are erased: an attacker with all files, the memory of every process and the
// cluster secret cannot decrypt earlier tickets. The test moves the clock of the running service
// forward.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {Service, test, until} = require('./lib');
const {command, conf, fresh, keysOf, kinds, mintingOf, patient, well, withRedis} = require('./hosts');

// -- the attacker

const HEAD = 9, NONCE = 12, TAG = 16, KEY = 80, RECORD = HEAD + NONCE + KEY + TAG; // cache/seal.c
const expand = (key, ...info) => crypto.createHmac('sha256', key).update(Buffer.concat([...info, Buffer.from([1])])).digest();
const number = (n) => { const out = Buffer.alloc(8); out.writeBigUInt64BE(BigInt(n)); return out; };

// What seals the records of the ring, from the bytes of the secret.
function recordKeyOf(secret) {
  const cluster = crypto.createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  const ring = expand(cluster, Buffer.from('key ring\0'));
  return expand(ring, Buffer.from('reprise record keys\0ticket key'));
}

function unseal(recordKey, record, name) {
  const cipher = crypto.createDecipheriv('aes-256-gcm', crypto.createHmac('sha256', recordKey).update(name).digest(),
    record.subarray(HEAD, HEAD + NONCE));
  cipher.setAAD(record.subarray(0, HEAD));
  cipher.setAuthTag(record.subarray(RECORD - TAG, RECORD));
  const plain = cipher.update(record.subarray(HEAD + NONCE, RECORD - TAG));
  try { cipher.final(); } catch { return undefined; }
  return plain;
}

// Every key of the ring that can be opened in these bytes, wherever it lies: free pages, freed memory.
function unsealAll({recordKey, lifetime, life}, bytes) {
  const keys = new Map(), now = Date.now();
  for (let at = bytes.indexOf('\x01\x00\x00\x01', 0, 'latin1'); at >= 0 && at + RECORD <= bytes.length;
    at = bytes.indexOf('\x01\x00\x00\x01', at + 1, 'latin1')) {
    const expires = Number(bytes.readBigUInt64BE(at + 1));
    if (Math.abs(expires - now) > 30 * 24 * 3600e3) continue;
    const epoch = Math.round((expires - life) / lifetime) - 1;
    const key = unseal(recordKey, bytes.subarray(at, at + RECORD), Buffer.concat([number(lifetime), number(epoch)]));
    if (key) keys.set(key.toString('hex'), key);
  }
  return [...keys.values()];
}

const filesOf = (dir) => fs.readdirSync(dir, {withFileTypes: true}).flatMap((entry) => {
  const file = path.join(dir, entry.name);
  return entry.isDirectory() ? filesOf(file) : entry.isFile() ? [[file, fs.readFileSync(file)]] : [];
});

// What a process can write to: all that it may have put there.
function memoryOf(pid) {
  const fd = fs.openSync(`/proc/${pid}/mem`, 'r'), parts = [];
  for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const found = /^([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+ *(.*)$/.exec(line);
    if (!found) continue;
    const from = parseInt(found[1], 16), bytes = Buffer.alloc(parseInt(found[2], 16) - from);
    try { fs.readSync(fd, bytes, 0, bytes.length, from); } catch { continue; } // beyond the end of a file
    parts.push([`process ${pid}, ${line}`, bytes]);
  }
  fs.closeSync(fd);
  assert.ok(parts.length > 10, `the memory of ${pid} can be read`);
  return parts;
}

const filesAt = (host) => [...filesOf(path.join(host.dir, 'state')), ...filesOf(path.join(host.dir, 'run'))];
const processes = (host) => [host.child.pid, ...host.generations(), ...host.workers()];
const memoryAt = (host) => processes(host).flatMap(memoryOf);

// Where a key lies open, whole or one of its two secrets, or can be opened.
function whereIs(key, attack, places) {
  const parts = [key.subarray(16, 48), key.subarray(48, 80)];
  return places.filter(([, bytes]) => parts.some((part) => bytes.includes(part)) ||
    unsealAll(attack, bytes).some((found) => found.equals(key))).map(([place]) => place);
}

// -- the service, and a clock that the test sets

const shift = (host, seconds) => {
  fs.writeFileSync(`${host.clock}.new`, `+${seconds}s`);
  fs.renameSync(`${host.clock}.new`, host.clock);
};

function onClock(text) {
  const host = new Service(text);
  host.clock = path.join(host.dir, 'clock');
  shift(host, 0);
  const libraries = fs.readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`);
  host.env = {...process.env, LD_PRELOAD: libraries.find((file) => fs.existsSync(file)) || 'no faketime',
    FAKETIME_TIMESTAMP_FILE: host.clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1'};
  return host;
}

const LIFETIME = 1000, TIMEOUT = 1000, LIFE = TIMEOUT + 60000; // beyond the end of the epoch
const cache = `${patient} key-lifetime = 1s  session-timeout = 1s`;
const attackWith = (secret) => ({recordKey: recordKeyOf(secret), lifetime: LIFETIME, life: LIFE});

const nothing = attackWith(Buffer.alloc(32)); // who has another secret finds what lies open

const local = `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { ${cache} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "on" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
frontend "off" { listen = "127.0.0.1:@PORT2@"  certificates = "ecdsa"  backend = "builtin:status"  tickets = off }
`;

const knows = (host, key) => keysOf(host).some(({id}) => id === key.subarray(0, 4).toString('hex'));

// A key that mints, as the attacker learns it while it does: from a file, with the secret.
async function stolen(host, attack, places) {
  await fresh(host, kinds[1]);
  const {id} = mintingOf(host);
  const key = places().flatMap(([, bytes]) => unsealAll(attack, bytes)).find((one) => one.subarray(0, 4).toString('hex') === id);
  return key || until('a key that mints now', () => stolen(host, attack, places));
}

// Records lie in the file whose slots are overwritten, and in no other: LMDB keeps what was in its free pages.
function onlyInKeyFile(host, key, attack) {
  const files = whereIs(key, attack, filesAt(host)).map((file) => path.basename(file));
  assert.deepStrictEqual(files, ['sessions-keys']);
}

async function erased(host, key) {
  await until('the ring has erased it', () => !knows(host, key), 30000);
  await until('no process has it', () => whereIs(key, nothing, memoryAt(host)).length === 0, 30000);
}

if (!/asan/.test(process.env.REPRISE || '')) { // it and faketime both want to be first
  test('one host: a past key is in no file and in no process', async () => {
    const host = onClock(local);
    await host.begin();
    const attack = attackWith(fs.readFileSync(path.join(host.dir, 'state/secret')));
    const key = await stolen(host, attack, () => filesAt(host));
    onlyInKeyFile(host, key, attack);
    assert.ok(whereIs(key, attack, memoryAt(host)).length >= 3, 'generation and workers have it while it is of use');
    assert.strictEqual(host.command('reload').code, 0);
    shift(host, 120);
    await erased(host, key);
    assert.deepStrictEqual(whereIs(key, attack, [...filesAt(host), ...memoryAt(host)]), []);
    await host.stop();
    assert.deepStrictEqual(whereIs(key, attack, filesAt(host)), []);
    await host.begin();
    assert.deepStrictEqual(whereIs(key, attack, [...filesAt(host), ...memoryAt(host)]), []);
  });

  test('one host: a key that passed while the service was stopped is erased by its start', async () => {
    const host = onClock(local);
    await host.begin();
    const attack = attackWith(fs.readFileSync(path.join(host.dir, 'state/secret')));
    const key = await stolen(host, attack, () => filesAt(host));
    onlyInKeyFile(host, key, attack);
    await host.stop();
    assert.ok(whereIs(key, attack, filesAt(host)).length > 0, 'as long as it is of use a restart may need it');
    shift(host, 120);
    await host.begin();
    assert.deepStrictEqual(whereIs(key, attack, [...filesAt(host), ...memoryAt(host)]), []);
  });

  // What lies in a Redis expires there by itself: its dump and the secret open the keys of that moment, and no others.
  test('hosts with a redis: a past key is in no file and in no process', () => withRedis(async (redis) => {
    const host = onClock(conf(redis, {cache, workers: 2}));
    await host.begin();
    await well([host]);
    const attack = attackWith(Buffer.from(fs.readFileSync(redis.secret, 'latin1').trim(), 'hex'));
    const key = await stolen(host, attack, () => filesAt(host));
    onlyInKeyFile(host, key, attack);
    const opened = (await redis.entries()).filter(([, value]) => value && unsealAll(attack, value).length > 0);
    assert.ok(opened.length > 0);
    for (const [name] of opened) {
      const left = Number(await command(redis.path, 'PTTL', name));
      const gone = -2; // it has expired since it was listed
      assert.ok(left === gone || (left > 0 && left <= LIFE + 60000 + 3 * LIFETIME), `it expires with its key, in ${left} ms`);
    }
    shift(host, 120);
    await erased(host, key);
    assert.deepStrictEqual(whereIs(key, attack, filesAt(host)), []);
    assert.deepStrictEqual(whereIs(key, nothing, memoryAt(host)), []);
    await host.stop();
    await host.begin();
    assert.deepStrictEqual(whereIs(key, attack, filesAt(host)), []);
    assert.deepStrictEqual(whereIs(key, nothing, memoryAt(host)), []);
  }));
}

// -- the cluster secret

const local12 = local.replace('key-lifetime = 1s  session-timeout = 1s', '');
const hkdf = (secret) => crypto.createHmac('sha256', Buffer.alloc(32)).update(secret).digest();

// The bytes of the secret, as text, and what all else is derived from; and what opens records of ticket keys.
const formsOf = (secret) => new Map([['the bytes', secret], ['hexadecimal', Buffer.from(secret.toString('hex'))],
  ['base64', Buffer.from(secret.toString('base64').slice(0, 40))], ['extracted', hkdf(secret)]]);
const ringOf = (secret) => new Map([['the secret of the ring', expand(hkdf(secret), Buffer.from('key ring\0'))],
  ['the key of its records', recordKeyOf(secret)]]);
const found = (forms, places) => [...forms].flatMap(([what, bytes]) =>
  places.filter(([, memory]) => memory.includes(bytes)).map(([place]) => `${what} in ${place}`));

async function assertNoSecret(host, secrets) {
  for (const secret of secrets) {
    assert.deepStrictEqual(found(formsOf(secret), memoryAt(host)), [], 'no process has the cluster secret');
    assert.deepStrictEqual(found(ringOf(secret), host.workers().flatMap(memoryOf)), [], 'no worker opens records of ticket keys');
    assert.ok(found(ringOf(secret), host.generations().flatMap(memoryOf)).length > 0, 'what is looked for can be found');
  }
}

if (!/asan/.test(process.env.REPRISE || '')) // its memory is too large to be searched
  test('no process has the cluster secret, and no worker what opens the records of ticket keys', () => withRedis(async (redis) => {
    const one = await Service.start(local12), line = crypto.randomBytes(32), former = crypto.randomBytes(32);
    fs.writeFileSync(redis.secret, `${line.toString('hex')}\n${former.toString('base64')}\n`, {mode: 0o600});
    const other = await Service.start(conf(redis, {workers: 2}));
    for (const [host, secrets] of [[one, [fs.readFileSync(path.join(one.dir, 'state/secret'))]], [other, [line, former]]]) {
      for (const kind of kinds) await fresh(host, kind);
      await assertNoSecret(host, secrets);
      assert.strictEqual(host.command('reload').code, 0);
      const before = host.workers();
      process.kill(before[0], 'SIGKILL');
      await until('another worker', () => host.workers().length === 2 && !host.workers().includes(before[0]));
      for (const kind of kinds) await fresh(host, kind);
      await until('the generation before has left', () => host.generations().length === 1);
      await assertNoSecret(host, secrets);
    }
  }));
