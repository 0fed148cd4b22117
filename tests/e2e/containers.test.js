'use strict';
// The service in a container: certificates in the layouts of cert-manager and certbot, and the
// master as PID 1.
const assert = require('assert');
const {execFileSync, spawn} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {Service, certs, program, status, test, until} = require('./lib');

const conf = `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
certificates { directory = "@DIR@/certs" }
frontend "www" { listen = "127.0.0.1:@PORT@"  backend = "builtin:status" }
`;

// name in certs/ -> file of the tests' certificates
async function served(files) {
  const service = new Service(conf);
  for (const [name, source] of Object.entries(files)) {
    const to = path.join(service.dir, 'certs', name);
    fs.mkdirSync(path.dirname(to), {recursive: true});
    fs.copyFileSync(path.join(certs, source), to);
  }
  await service.begin();
  return service;
}

test('cert-manager: tls.crt and tls.key are served, ca.crt is passed over', async () => {
  const service = await served({'tls.crt': 'ecdsa.pem', 'tls.key': 'ecdsa.key', 'ca.crt': 'ca.pem'});
  assert.strictEqual((await status(service.port)).peer.CN, 'ecdsa');
  assert.match(service.log, /certificates: ignoring 1 CA certificates without a key in /);
  assert.strictEqual(service.command('check').code, 0);
});

test('certbot: live/NAME of each name, and of one', async () => {
  const all = await served({
    'a/fullchain.pem': 'api.pem', 'a/privkey.pem': 'api.key', 'a/cert.pem': 'api.pem', 'a/chain.pem': 'ca.pem',
    'b/fullchain.pem': 'ecdsa.pem', 'b/privkey.pem': 'ecdsa.key', 'README': 'ca.pem'});
  assert.strictEqual((await status(all.port, {servername: 'api.example'})).peer.CN, 'api');
  assert.strictEqual((await status(all.port)).peer.CN, 'ecdsa');
  const one = await served({'fullchain.pem': 'ecdsa.pem', 'privkey.pem': 'ecdsa.key', 'cert.pem': 'ecdsa.pem', 'chain.pem': 'ca.pem'});
  assert.strictEqual((await status(one.port)).peer.CN, 'ecdsa');
});

test('secrets of Kubernetes, one below the other', async () => {
  const service = await served({'x/tls.crt': 'ecdsa.pem', 'x/tls.key': 'ecdsa.key', 'x/ca.crt': 'ca.pem', '..data/tls.crt': 'api.pem'});
  assert.strictEqual((await status(service.port)).peer.CN, 'ecdsa');
});

test("a server's certificate without its key is still an error", () => {
  const service = new Service(conf);
  fs.mkdirSync(path.join(service.dir, 'certs'));
  fs.copyFileSync(path.join(certs, 'ecdsa.pem'), path.join(service.dir, 'certs', 'tls.crt'));
  service.ports = {1: 1};
  service.configure();
  const {code, err} = service.command('check');
  service.remove();
  assert.strictEqual(code, 2);
  assert.match(err, /tls\.key/);
});

const canUnshare = process.getuid() === 0;

(canUnshare ? test : (name) => test(`${name} (skipped: needs root)`, () => {}))('as PID 1 the master reaps whom it did not fork, and its generations still reload', async () => {
  const service = await served({'tls.crt': 'ecdsa.pem', 'tls.key': 'ecdsa.key'});
  await service.stop();
  const outer = spawn('unshare', ['-pf', '--mount-proc', program, 'run', '-c', service.conf], {stdio: 'ignore'});
  const children = (pid) => { try { return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean); } catch { return []; } };
  const gone = new Promise((done) => outer.once('exit', done));
  let master;
  try {
    await until('it serves', () => status(service.port).then(() => true, () => false));
    [master] = children(outer.pid);
    const before = children(master);
    for (let i = 0; i < 3; i++) execFileSync('nsenter', ['-t', master, '-p', '-m', 'sh', '-c', '(sleep 0.01 &); exit 0']);
    await until('no zombies', () => children(master).every((pid) => before.includes(pid)));
    process.kill(Number(master), 'SIGHUP');
    await until('another generation', () => children(master).length > 0 && children(master).every((pid) => !before.includes(pid)));
    await status(service.port);
  } finally {
    if (master) process.kill(Number(master), 'SIGTERM');
    else outer.kill('SIGKILL');
    await gone;
  }
});

// A control group with a CPU limit, of v1 or v2; null where none can be made.
function limitedGroup(name, cpus) {
  for (const [top, file, text] of [['/sys/fs/cgroup/cpu', 'cpu.cfs_quota_us', `${cpus * 100000}`], ['/sys/fs/cgroup', 'cpu.max', `${cpus * 100000} 100000`]]) {
    const dir = path.join(top, name);
    try { fs.mkdirSync(dir); } catch { continue; }
    try {
      fs.writeFileSync(path.join(dir, file), text, {flag: 'r+'});
      return dir;
    } catch { fs.rmdirSync(dir); }
  }
  return null;
}

for (const [cpus, workers] of [[0.5, 1], [1, 1], [1.5, 2]])
  test(`workers = auto: a control group limited to ${cpus} CPUs has ${workers} workers at most, also after a reload`, async () => {
    const group = limitedGroup(`reprise-e2e-${process.pid}-${cpus}`, cpus);
    if (group === null) return; // tests/unit/worker/cpu_quota.c has all kinds
    const certificate = `certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }`;
    const service = await Service.start(conf.replace('workers = 1', '').replace(/certificates \{.*\}/, certificate)
      .replace('backend =', 'certificates = "ecdsa"  backend ='), {before: `echo $$ > ${group}/cgroup.procs`});
    const expected = Math.min(workers, os.availableParallelism());
    assert.strictEqual(service.workers().length, expected);
    await service.reload();
    assert.strictEqual(JSON.parse(service.command('status', '--json').out).generations[0].workers, expected);
    await service.stop();
    await until('the group is empty', () => { try { fs.rmdirSync(group); return true; } catch { return false; } });
  });
