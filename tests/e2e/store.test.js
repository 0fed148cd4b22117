'use strict';
// A faulty store: sessions may be lost, but the service continues, and the log reports the fault
// once.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {promisify} = require('util');
const {execFile} = require('child_process');
const {Service, connect, drain, program, status, test, until} = require('./lib');

const conf = (store = 'lmdb:sessions?size=1M', tickets = 'off') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "${store}"  tickets = ${tickets} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;
const v12 = {maxVersion: 'TLSv1.2'};
const file = (service) => path.join(service.dir, 'state/sessions');

async function resumes(service) {
  const {session} = await status(service.port, v12);
  return (await status(service.port, {...v12, session})).reused;
}

test('nothing readable is in the store', async () => {
  const service = await Service.start(conf());
  const ids = [];
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const socket = await connect(service.port, {minVersion: version, maxVersion: version});
    socket.write('GET / HTTP/1.0\r\n\r\n');
    await drain(socket);
    ids.push(socket.newest || socket.getSession());
  }
  const stored = fs.readFileSync(file(service));
  // A session as a client has it: its master secret and its id are in there as octet strings.
  for (const der of ids) {
    let found = 0;
    for (let at = 0; at + 2 < der.length; at++)
      if (der[at] === 4 && (der[at + 1] === 32 || der[at + 1] === 48) && at + 2 + der[at + 1] <= der.length) {
        found++;
        assert.strictEqual(stored.indexOf(der.subarray(at + 2, at + 2 + der[at + 1])), -1);
      }
    assert.ok(found > 0);
  }
  assert.strictEqual(stored.indexOf('localhost'), -1);
});

test('damaged before the start: begun anew', async () => {
  const service = new Service(conf());
  fs.mkdirSync(path.join(service.dir, 'state'), {mode: 0o700});
  fs.writeFileSync(file(service), crypto.randomBytes(100000));
  await service.begin();
  assert.ok(await resumes(service));
  assert.strictEqual(service.count(/damaged/g) > 0, true, service.log);
});

// What a disk, a crash of the host or a tool may have done to the file. `random` is seeded.
const damages = [
  (bytes, random) => { for (let i = 0; i < 50; i++) bytes[random(bytes.length)] = random(256); },
  (bytes, random) => { for (let i = 0; i < 8; i++) bytes[random(8192)] = random(256); },
  (bytes, random) => { for (let i = 0; i < 5; i++) bytes.copy(bytes, random(bytes.length >> 12) << 12, random(bytes.length - 4096)); },
  (bytes, random) => { for (let i = 0; i < 10; i++) bytes.fill(0, (random(bytes.length >> 12) << 12), 4096); },
  (bytes, random) => { for (let i = 0; i < 400; i++) bytes.writeUInt16LE(random(65536), (random(bytes.length >> 12) << 12) + random(64)); },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
];

function seeded(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state >>> 8) / 2 ** 24 * below);
  };
}

for (const [kind, damage] of damages.entries())
  test(`damaged before the start, in way ${kind}: the service starts, and sessions resume`, async () => {
    const service = await Service.start(conf());
    await promisify(execFile)(path.join(path.dirname(program), 'reprise-load'),
      ['-q', '-n', '600', '-c', '8', '-t', '1.2', '-r', '0', '--timeout', '60s', '--max-failed', '0', `127.0.0.1:${service.port}`]);
    await service.stop();
    const good = fs.readFileSync(file(service));
    for (let seed = 1; seed <= 6; seed++) {
      const bytes = Buffer.from(good);
      fs.writeFileSync(file(service), damage(bytes, seeded(seed)) || bytes);
      assert.strictEqual(service.command('check').code, 0);
      await service.begin();
      await until(() => `resumption: ${service.log}`, () => resumes(service).catch(() => false));
      assert.strictEqual((await service.stop()).code, 0, service.log);
    }
  });

// LMDB searches in this one without end; see tests/unit/cache/store_lmdb.c.
test('damaged before the start, so that opening it never ends: begun anew', async () => {
  const service = new Service(conf());
  const bytes = Buffer.alloc(89 * 4096);
  for (const [at, value] of [[10, 8], [16, 222], [17, 192], [18, 239], [19, 190], [20, 1], [41, 16], [128, 6], [136, 88], [4106, 8], [4112, 222],
    [4113, 192], [4114, 239], [4115, 190], [4116, 1], [4136, 77], [4137, 9], [4241, 2], [14296, 54]]) bytes[at] = value;
  fs.mkdirSync(path.join(service.dir, 'state'), {mode: 0o700});
  fs.writeFileSync(file(service), bytes);
  await service.begin();
  assert.ok(await resumes(service));
  assert.match(service.log, /died during its start, .*VTALRM/);
});

test('overwritten while it is in use: the service goes on, and resumes again', async () => {
  const service = await Service.start(conf());
  for (let i = 0; i < 20; i++) await status(service.port, v12);
  const size = fs.statSync(file(service)).size;
  const fd = fs.openSync(file(service), 'r+');
  fs.writeSync(fd, crypto.randomBytes(size), 0, size, 0);
  fs.closeSync(fd);
  await until('resumption', () => resumes(service).catch(() => false), 20000);
});

test('cut short while it is in use: the service goes on, and resumes again', async () => {
  const service = await Service.start(conf());
  for (let i = 0; i < 20; i++) await status(service.port, v12);
  fs.truncateSync(file(service), 4096);
  await until('resumption', () => resumes(service).catch(() => false), 20000);
});

test('deleted while it is in use: another is made', async () => {
  const service = await Service.start(conf());
  assert.ok(await resumes(service));
  fs.unlinkSync(file(service));
  await until('a new file, and resumption', async () => await resumes(service) && fs.existsSync(file(service)));
});

test('full: the oldest go, nothing fails', async () => {
  const service = await Service.start(conf());
  const oldest = (await status(service.port, v12)).session;
  assert.ok((await status(service.port, {...v12, session: oldest})).reused);
  await promisify(execFile)(path.join(path.dirname(program), 'reprise-load'),
    ['-q', '-n', '2500', '-c', '8', '-t', '1.2', '-r', '0', '--timeout', '60s', '--max-failed', '0', `127.0.0.1:${service.port}`]);
  const newest = (await status(service.port, v12)).session;
  assert.ok((await status(service.port, {...v12, session: newest})).reused);
  assert.ok(!(await status(service.port, {...v12, session: oldest})).reused);
  assert.ok(fs.statSync(file(service)).size <= 1 << 20);
  assert.strictEqual(service.count(/trouble|damaged/g), 0, service.log);
});

test('impossible to open: served without, said once', async () => {
  const service = await Service.start(conf('lmdb:/proc/no/such/place', 'on'));
  const {session} = await status(service.port);
  assert.ok((await status(service.port, {session})).reused, 'tickets work without a store');
  await status(service.port, v12);
  assert.ok(service.count(/\/proc\/no\/such\/place\n/g) <= 3, service.log); // by each process, once
  assert.strictEqual(service.count(/ticket key file unavailable: .*place-keys\n/g), 1, service.log);
});
