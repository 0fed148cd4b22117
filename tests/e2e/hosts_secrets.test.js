'use strict';
// A store gets no readable data, and its data is not trusted. The secret that ensures this must be
// configured, be random and be private.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {spawnSync} = require('child_process');
const {Service, certs, freePort, program, test, testThatWaits, until} = require('./lib');
const {cacheOf, command, conf, fresh, kinds, mintingOf, statusOf, uri, visit, well, withHosts, withRedis} = require('./hosts');

const stored = kinds.filter((kind) => kind.stored);

// -- nothing readable

// The session id and the secret (of TLS 1.3: the PSK) in the DER of a client's session.
function inside(session) {
  const read = (at) => { // one element: where its content begins and ends
    let len = session[at + 1], from = at + 2;
    if (len & 0x80) {
      const octets = len & 0x7f;
      len = session.readUIntBE(from, octets);
      from += octets;
    }
    return {from, end: from + len};
  };
  const all = [];
  for (let at = read(0).from; at < session.length && all.length < 5; at = read(at).end) all.push(session.subarray(read(at).from, read(at).end));
  return {id: all[3], secret: all[4]};
}

// What a client of each kind knows that nobody else may.
async function secretsOf(host) {
  const secrets = new Map();
  for (const kind of kinds) {
    const lines = [];
    const session = await fresh(host, kind, {onKeylog: (line) => lines.push(line.toString())});
    const {id, secret} = inside(session);
    assert.ok(secret.length >= 32 && lines.length > 0);
    if (id.length > 0) secrets.set(`${kind.kind}: id`, id);
    secrets.set(`${kind.kind}: secret`, secret);
    for (const line of lines) secrets.set(`${kind.kind}: ${line.split(' ')[0]}`, Buffer.from(line.trim().split(' ')[2], 'hex'));
  }
  return secrets;
}

const forms = (bytes) => [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('hex').toUpperCase()),
  Buffer.from(bytes.toString('base64').slice(0, Math.floor(bytes.length / 3) * 4))];

function assertNothingOf(secrets, places) {
  for (const [place, bytes] of places)
    for (const [name, secret] of secrets)
      for (const form of forms(secret)) assert.ok(!bytes.includes(form), `${name} in ${place}`);
}

// All files below a directory but the secret.
function filesOf(dir) {
  return fs.readdirSync(dir, {withFileTypes: true}).flatMap((entry) => {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) return filesOf(file);
    return entry.isFile() && entry.name !== 'secret' ? [[file, fs.readFileSync(file)]] : [];
  });
}

const names = ['localhost', 'builtin', 'CN='].map((name) => [`the name ${name}`, Buffer.from(name)]);

// A client sees the name of the key that its ticket is under.
const nameOfKey = (host, session) => session.subarray(session.indexOf(Buffer.from(mintingOf(host).id, 'hex'))).subarray(0, 16);

for (const pinned of [false, true])
  test(`nothing in the store can be read, ${pinned ? 'with pinned ticket keys' : 'ticket keys among it'}`, () => withRedis(async (redis) => {
    const keys = crypto.randomBytes(2 * 48), file = path.join(redis.dir, 'keys');
    fs.writeFileSync(file, keys, {mode: 0o600});
    const text = conf(redis, {l1: 'lmdb:near?size=1M', cache: `lookup-timeout = 5s ${pinned ? `ticket-keys = "${file}"` : ''}`});
    const remote = await Service.start(text);
    const local = await Service.start(text.replace(uri(redis), 'lmdb:sessions?size=1M').replace(/l1 = "[^"]*"/, ''));
    await well([remote, local]);
    for (const [host, name] of [[remote, 'near'], [local, 'sessions']]) {
      const secrets = new Map([...await secretsOf(host), ...names]);
      for (const at of [0, 16, 32, 48, 64, 80]) secrets.set(`pinned key, ${at}`, keys.subarray(at, at + 16));
      const ticket = nameOfKey(host, await fresh(host, kinds[1]));
      assert.strictEqual(ticket.length, 16);
      secrets.set('name of a ticket key', ticket);
      const line = fs.readFileSync(redis.secret, 'latin1').trim();
      secrets.set('cluster secret', Buffer.from(line, 'hex'));
      const entries = await redis.entries();
      redis.ask('SAVE');
      const places = [...entries.flatMap(([key, value]) => [['a key of redis', key], ['a value of redis', value]]),
        ['the file of redis', fs.readFileSync(path.join(redis.dir, 'dump.rdb'))],
        ...filesOf(path.join(host.dir, 'state')), ['the log', Buffer.from(host.log)]];
      assert.ok(entries.length >= 2, 'something was stored');
      assert.ok(places.some(([place]) => place.endsWith(`/${name}`)), places.map(([place]) => place).join(' '));
      assertNothingOf(secrets, places);
    }
  }));

// -- nothing believed

// A session, and the entry of the store that is for it alone.
async function lodged(redis, host, kind) {
  const before = new Set((await redis.entries()).map(([key]) => key.toString('hex')));
  const session = await fresh(host, kind);
  const added = (await redis.entries()).filter(([key]) => !before.has(key.toString('hex')) && !/probe$/.test(key.toString('latin1')));
  assert.strictEqual(added.length, 1);
  return {session, key: added[0][0], value: added[0][1]};
}

function flipped(value, at) {
  const out = Buffer.from(value);
  out[at] ^= 1 << at % 8;
  return out;
}

for (const kind of stored)
  test(`${kind.kind}: a value that was changed or moved is a counted miss`, () => withHosts(2, {l1: ''}, async ([a, b], redis) => {
    const put = (key, value) => command(redis.path, 'SET', key, value);
    const one = await lodged(redis, a, kind), other = await lodged(redis, b, kind), len = one.value.length;
    const refused = async (what, count = 'badSeals') => {
      for (const host of [a, b]) {
        const before = cacheOf(host)[count];
        assert.strictEqual((await visit(host, kind, {session: one.session})).reused, false, what);
        assert.strictEqual(cacheOf(host)[count], before + 1, `${what}: counted`);
      }
    };
    for (const at of [0, 1, 8, 9, 20, 21, len >> 1, len - 17, len - 16, len - 1]) {
      await put(one.key, flipped(one.value, at));
      await refused(`a bit of byte ${at}`);
    }
    for (const value of [Buffer.alloc(0), one.value.subarray(0, 1), one.value.subarray(0, 37), one.value.subarray(0, len - 1),
      Buffer.concat([one.value, Buffer.alloc(1)]), Buffer.alloc(len), crypto.randomBytes(len), crypto.randomBytes(8256)]) {
      await put(one.key, value);
      await refused(`${value.length} bytes`);
    }
    await put(one.key, other.value);
    await refused('the value of another session');
    for (const size of [8257, 16384, 16385, 60000]) {
      await put(one.key, Buffer.alloc(size));
      assert.strictEqual((await visit(a, kind, {session: one.session})).reused, false, `${size} bytes`);
    }
    await command(redis.path, 'DEL', one.key);
    await refused('nothing', 'misses');
    await command(redis.path, 'RPUSH', one.key, one.value);
    assert.strictEqual((await visit(a, kind, {session: one.session})).reused, false, 'a list');
    await command(redis.path, 'DEL', one.key);
    await put(one.key, one.value);
    for (const host of [a, b]) await until('the true one', async () => (await visit(host, kind, {session: one.session})).reused);
  }));

testThatWaits('another name: a session is for the name that it was made for', () => withHosts(2, {l1: ''}, async ([a, b]) => {
  for (const kind of stored) {
    const session = await fresh(a, kind), before = cacheOf(b).badSeals;
    assert.strictEqual((await visit(b, kind, {session, servername: 'www.example'})).reused, false, kind.kind);
    assert.strictEqual(cacheOf(b).badSeals, before + 1);
    assert.ok((await visit(b, kind, {session})).reused);
  }
}));

testThatWaits('another secret: two clusters in one Redis do not know each other, and harm each other in nothing', () => withRedis(async (redis) => {
  const secret = path.join(redis.dir, 'other');
  fs.writeFileSync(secret, crypto.randomBytes(32), {mode: 0o600});
  const hosts = [await Service.start(conf(redis, {l1: ''})), await Service.start(conf({...redis, secret}, {l1: ''}))];
  await well(hosts);
  for (const kind of kinds)
    for (const [from, to] of [[0, 1], [1, 0]]) {
      const session = await fresh(hosts[from], kind), foreign = cacheOf(hosts[to]).foreignIds;
      assert.strictEqual((await visit(hosts[to], kind, {session})).reused, false, kind.kind);
      if (kind.stored) assert.strictEqual(cacheOf(hosts[to]).foreignIds, foreign + 1);
      assert.ok((await visit(hosts[from], kind, {session})).reused, kind.kind);
    }
}));

// Everything that was stored is spoiled at once, ticket keys and announcements among it.
testThatWaits('every value spoiled: the hosts go on with what they know, and a new one finds them', () => withHosts(2, {l1: ''}, async (hosts, redis) => {
  assert.strictEqual(hosts[0].command('sessions', 'revoke', '--before', '2020-01-01T00:00:00Z').code, 0); // announcements
  for (const [key, value] of await redis.entries()) await command(redis.path, 'SET', key, flipped(value, value.length >> 1));
  const across = async (all) => {
    for (const kind of kinds)
      for (const from of all)
        for (const to of all) if (!(await visit(to, kind, {session: await fresh(from, kind)})).reused) return false;
    return true;
  };
  assert.ok(await across(hosts));
  const late = await Service.start(conf(redis, {l1: ''}));
  await until('the new one knows their sessions, and they its', () => across([...hosts, late]), 60000);
  for (const host of [...hosts, late]) {
    const {counters} = statusOf(host);
    assert.strictEqual(counters.handshakesFailed, 0);
    assert.ok(!/unavailable|crash|damaged/.test(host.log), host.log);
  }
}));

// -- the secret

test('a shared store without a good secret: it says what to do, and does not start', () => withRedis(async (redis) => {
  const ports = [await freePort(), await freePort()];
  const good = crypto.randomBytes(32).toString('hex'), file = path.join(redis.dir, 'test.conf');
  const text = conf(redis).replace(/@DIR@/g, redis.dir).replace(/@CERTS@/g, certs).replace(/@PORT(2?)@/g, (_, second) => ports[second ? 1 : 0]);
  const attempt = (config, ...words) => {
    fs.writeFileSync(file, config);
    const {status, stderr} = spawnSync(program, [...words, '-c', file], {encoding: 'utf8', timeout: 20000});
    assert.doesNotMatch(stderr, new RegExp(good.slice(0, 8)), 'no secret in an error');
    return {status, stderr};
  };
  const refuses = (config, why) => {
    for (const word of ['run', 'check']) {
      const {status, stderr} = attempt(config, word);
      assert.strictEqual(status, 2, `${word}: ${stderr}`);
      assert.match(stderr, why);
    }
  };
  refuses(text.replace(/secret-file = "[^"]*"/, ''), /secret-file[^]*urandom|urandom[^]*secret-file/);
  refuses(text.replace(/secret-file = "[^"]*"/, 'secret-file = "/no/such/file"'), /\/no\/such\/file/);
  for (const [bytes, mode, why] of [[good, 0o644, /chmod 600/], [good, 0o660, /chmod 600/], ['', 0o600, /too few bytes[^]*urandom/],
    ['short', 0o600, /too few bytes[^]*urandom/], [Buffer.alloc(32), 0o600, /not random[^]*urandom/], ['0'.repeat(64), 0o600, /not random[^]*urandom/],
    ['secret'.repeat(8), 0o600, /not random/],
    ['it was a dark and stormy night, and the rain fell in torrents', 0o600, /not random: words[^]*rand -hex 32/], [Buffer.alloc(5000, good), 0o600, /too many/], [`${good}\n${good}\n`, 0o600, /twice/],
    [`${good}\n${good.slice(2)}aa\n${good.slice(4)}abab\n`, 0o600, /two lines/]]) {
    fs.writeFileSync(redis.secret, bytes);
    fs.chmodSync(redis.secret, mode);
    refuses(text, why);
  }
}));

test('the secret is changed over, host by host, and nothing is lost on the way', () => withRedis(async (redis) => {
  const text = conf({...redis, secret: '@DIR@/secret'});
  const hosts = [new Service(text), new Service(text)], [old, young] = [1, 2].map(() => crypto.randomBytes(32).toString('hex'));
  const give = (host, ...lines) => fs.writeFileSync(path.join(host.dir, 'secret'), `${lines.join('\n')}\n`, {mode: 0o600});
  for (const host of hosts) { give(host, old); await host.begin(); }
  await well(hosts);
  const live = [];
  const check = async (step) => {
    for (const {kind, from, session} of live)
      for (const [to, host] of hosts.entries())
        assert.ok((await visit(host, kind, {session})).reused, `${step}: ${kind.kind} of ${from} at ${to}`);
  };
  const make = async () => {
    for (const kind of kinds) for (const [from, host] of hosts.entries()) live.push({kind, from, session: await fresh(host, kind)});
  };
  await make();
  for (const [step, lines] of Object.entries({'old, new': [old, young], 'new, old': [young, old]}))
    for (const [i, host] of hosts.entries()) {
      give(host, ...lines);
      await host.reload();
      await make();
      await check(`${step}, host ${i}`);
    }
  live.length = 0; // the session timeout has passed
  await make();
  for (const [i, host] of hosts.entries()) {
    give(host, young);
    await host.reload();
    await make();
    await check(`new, host ${i}`);
  }
}));
