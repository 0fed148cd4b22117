'use strict';
// The directory of the pid file and the control socket, which somebody empties while the service runs.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {Service, status, test, until} = require('./lib');

const conf = `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;
const run = (service, name = '') => path.join(service.dir, 'run', name);
const losses = {
  'all its files': (service) => { for (const name of fs.readdirSync(run(service))) fs.unlinkSync(run(service, name)); },
  'the directory': (service) => fs.rmSync(run(service), {recursive: true}),
  'the control socket': (service) => fs.unlinkSync(run(service, 'control.sock')),
  'the pid file': (service) => fs.unlinkSync(run(service, 'reprise.pid')),
  'the pid file, replaced by another': (service) => {
    fs.unlinkSync(run(service, 'reprise.pid'));
    fs.writeFileSync(run(service, 'reprise.pid'), '1\n');
  },
};

for (const [what, lose] of Object.entries(losses))
  test(`run-dir: ${what} removed: made again, the commands find the master`, async () => {
    const service = await Service.start(conf);
    for (let times = 1; times <= 2; times++) {
      lose(service);
      await until(() => `lines in ${service.log}`, () => service.count(/run-dir: the pid file or the control socket was removed; created again/g) === times);
      assert.strictEqual(JSON.parse(service.command('status', '--json').out).pid, service.child.pid);
      assert.strictEqual(fs.readFileSync(run(service, 'reprise.pid'), 'utf8'), `${service.child.pid}\n`);
      assert.match(service.command('run').err, new RegExp(`already running, as process ${service.child.pid}`));
      const {code, err} = service.command('reload');
      assert.strictEqual(code, 0, err);
    }
    await status(service.port);
    assert.deepStrictEqual(await service.stop(), {code: 0, signal: null});
    assert.deepStrictEqual(fs.readdirSync(run(service)), []);
  });

test('run-dir: another master that has taken it keeps it', async () => {
  const first = await Service.start(conf);
  const second = new Service(conf.replace('state-dir = "@DIR@', 'state-dir = "@DIR@/other'), {dir: first.dir});
  second.conf = path.join(first.dir, 'second.conf');
  process.kill(first.child.pid, 'SIGSTOP');
  fs.rmSync(run(first), {recursive: true});
  await second.begin();
  process.kill(first.child.pid, 'SIGCONT');
  await first.said(/run-dir: can't create the pid file and the control socket again, retrying: .*already running, as process/);
  assert.strictEqual(JSON.parse(second.command('status', '--json').out).pid, second.child.pid);
  await first.stop();
  assert.strictEqual(JSON.parse(second.command('status', '--json').out).pid, second.child.pid);
});
