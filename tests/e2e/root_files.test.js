'use strict';
// Files that a root master opens and creates: it follows nothing that its `user`, or any other
// user, has prepared.
const assert = require('assert');
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const {Service, status, test, until} = require('./lib');

const nobody = 65534, root = process.getuid() === 0;
const asRoot = root ? test : (name) => test(`${name} (skipped: needs root)`, () => {});

const conf = (log, more = '', listen = '"127.0.0.1:@PORT@"') => `
user = "nobody"  workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
log { destination = "${log}"  access = on }  ${more}
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = {${listen}}  certificates = "ecdsa"  backend = "builtin:status" }
`;

// Directories: of the user, and of root. The victim is a file of root's.
function prepare(text) {
  const service = new Service(text), at = (name) => path.join(service.dir, name);
  fs.chmodSync(service.dir, 0o755);
  for (const dir of ['state', 'his']) {
    fs.mkdirSync(at(dir));
    fs.chownSync(at(dir), nobody, nobody);
  }
  fs.mkdirSync(at('roots'));
  fs.writeFileSync(at('victim'), 'precious\n', {mode: 0o600});
  return service;
}

const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return ''; } };
const place = (service, name) => path.join(service.dir, name);

function untouched(service) {
  assert.strictEqual(read(place(service, 'victim')), 'precious\n');
  assert.strictEqual(fs.statSync(place(service, 'victim')).uid, 0);
}

// It never serves.
function refused(service, pattern) {
  service.ports = {1: 1};
  service.configure();
  for (const command of ['run', 'check']) {
    const {code, err} = service.command(command);
    assert.strictEqual(code, 2);
    assert.match(err, pattern, command);
  }
  service.remove();
}

// The log is a file, where readiness is looked for.
async function begin(service, log) {
  const begun = service.begin().catch((e) => e);
  await until(() => `it serves: ${service.log}`, () => /serving generation/.test(read(log)) || service.exited);
  service.log += 'serving generation'; // for begin
  const error = await begun;
  if (error) throw error;
}

const traps = {
  'a symbolic link': (service, at) => fs.symlinkSync(place(service, 'victim'), at),
  'a symbolic link to nothing': (service, at) => fs.symlinkSync(place(service, 'roots/new'), at),
  'a hard link': (service, at) => fs.linkSync(place(service, 'victim'), at),
};

for (const [what, set] of Object.entries(traps)) {
  for (const dir of ['his', 'roots']) {
    asRoot(`a log that is ${what} in a directory of ${dir === 'his' ? 'the user' : 'root'} is refused at start, by check and by reload`, async () => {
      const service = prepare(conf(`@DIR@/${dir}/log`));
      const log = place(service, `${dir}/log`);
      const refused = dir === 'roots' ? /test\.conf: log: .*(is a symbolic link|hard links)/ : /test\.conf: log: /;
      set(service, log);
      await assert.rejects(service.begin(), refused);
      assert.match(service.command('check').err, refused);
      untouched(service);
      fs.unlinkSync(log);
      await begin(service, log);
      assert.strictEqual(fs.statSync(log).uid, nobody);
      fs.unlinkSync(log);
      set(service, log);
      const {code, err} = service.command('reload');
      assert.strictEqual(code, 1);
      assert.match(err, dir === 'roots' ? /reload failed: .*log: .*(is a symbolic link|hard links)/ : /reload failed: .*log: /);
      untouched(service);
      assert.ok(!fs.existsSync(place(service, 'roots/new')));
      await status(service.port);
    });

    asRoot(`SIGUSR1: a log that became ${what} in a directory of ${dir === 'his' ? 'the user' : 'root'} is not opened`, async () => {
      const service = prepare(conf(`@DIR@/${dir}/log`));
      const log = place(service, `${dir}/log`), old = `${log}.1`;
      await begin(service, log);
      fs.renameSync(log, old);
      set(service, log);
      service.child.kill('SIGUSR1');
      await until('master, generation and worker say so', () => (read(old).match(/can't reopen the log/g) || []).length >= 3);
      untouched(service);
      assert.ok(!fs.existsSync(place(service, 'roots/new')));
      await status(service.port);
    });
  }
}

asRoot('a run-dir that the user can change is refused', () => {
  refused(prepare(conf('stderr').replace('@DIR@/run', '@DIR@/his')), /test\.conf: run-dir: user 'nobody' can change .*his/);
});

asRoot('Unix sockets in a directory of the user are his, and go at the end', async () => {
  const service = prepare(conf('stderr', 'admin { listen = "unix:@DIR@/his/admin" }', '"127.0.0.1:@PORT@", "unix:@DIR@/his/tls"'));
  await service.begin();
  for (const name of ['his/admin', 'his/tls']) assert.strictEqual(fs.lstatSync(place(service, name)).uid, nobody, name);
  await service.stop();
  assert.deepStrictEqual(fs.readdirSync(place(service, 'his')), []);
});

asRoot('a secret in state-dir that is a link is not read', () => {
  const service = prepare(conf('stderr'));
  fs.symlinkSync(place(service, 'victim'), place(service, 'state/secret'));
  service.ports = {1: 1};
  service.configure();
  assert.match(service.command('run').err, /test\.conf: secret-file: .*ELOOP/);
  service.remove();
});

// It would wait for a writer.
test('a FIFO in place of ticket keys is refused', () => {
  const service = new Service(conf('stderr').replace('user = "nobody"', '').replace('cache {', 'cache { ticket-keys = "@DIR@/fifo" '));
  fs.mkdirSync(place(service, 'run'));
  execFileSync('mkfifo', [place(service, 'fifo')]);
  refused(service, /ticket-keys: .*fifo is not a regular file/);
});
