'use strict';
// Processes that hang: the others serve what waits for them, everybody is told, and they are replaced.
const assert = require('assert');
const http = require('http');
const {Service, alive, connect, status, testThatWaits, until} = require('./lib');

const conf = `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
admin { listen = "127.0.0.1:@PORT3@" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
frontend "echo" { listen = "127.0.0.1:@PORT2@"  certificates = "ecdsa"  backend = "builtin:echo" }
`;

const closed = (socket) => new Promise((done) => socket.once('close', done)); // or reset

const said = (service, pattern) => until(() => `${pattern} in ${service.log}`, () => pattern.test(service.log), 60000);

// What `status` and the metrics say.
const shown = (service) => JSON.parse(service.command('status', '--json').out);
const stuck = (service) => shown(service).workers.filter((one) => one.stuck).map((one) => one.pid);
const metric = (service, name) => new Promise((done, fail) => {
  http.get({port: service.ports[3], host: '127.0.0.1', path: '/metrics', agent: false}, async (response) => {
    let text = '';
    for await (const part of response) text += part;
    done(Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]));
  }).on('error', fail);
});

testThatWaits('hung: what waits for a stopped worker is served by the others; it goes on where it was stopped', async () => {
  const service = await Service.start(conf), [pid] = service.workers();
  process.kill(pid, 'SIGSTOP');
  await Promise.all(Array.from({length: 24}, () => status(service.port))); // half of them come to its socket
  await said(service, new RegExp(`worker \\d \\(process ${pid}\\) has not responded for 3 s; other workers accept on its sockets; it is killed after 10 s`));
  assert.deepStrictEqual(stuck(service), [pid]);
  assert.match(service.command('status').out, new RegExp(`process ${pid}: .*, does not respond`));
  assert.strictEqual(await metric(service, 'reprise_workers_stuck'), 1);
  process.kill(pid, 'SIGCONT');
  await said(service, new RegExp(`worker \\d \\(process ${pid}\\) responds again`));
  assert.deepStrictEqual(stuck(service), []);
  assert.strictEqual(await metric(service, 'reprise_workers_stuck'), 0);
  await Promise.all(Array.from({length: 24}, () => status(service.port)));
  assert.ok(service.workers().includes(pid));
  assert.strictEqual(await metric(service, 'reprise_workers_killed_total'), 0);
});

testThatWaits('hung: a worker that stays stopped is killed and replaced, and its connections end', async () => {
  const service = await Service.start(conf), sockets = [];
  const [pid] = service.workers();
  const of = () => shown(service).workers.find((one) => one.pid === pid).active;
  while (of() === 0) sockets.push(await connect(service.ports[2]));
  const ended = Promise.race(sockets.map(closed));
  process.kill(pid, 'SIGSTOP');
  await said(service, new RegExp(`worker \\d \\(process ${pid}\\) has not responded for 10 s, killing it`));
  await said(service, new RegExp(`worker \\d \\(process ${pid}\\) died, restarting now: killed by signal 9`));
  await ended;
  await until('its replacement', () => !alive(pid) && service.workers().length === 2);
  await until('it is of use again', async () => (await status(service.port)) && stuck(service).length === 0);
  assert.strictEqual(await metric(service, 'reprise_workers_killed_total'), 1);
});

testThatWaits('hung: a stopped worker of a former configuration holds up neither its generation nor the stop', async () => {
  const service = await Service.start(conf), former = service.workers();
  const socket = await connect(service.ports[2]), ended = closed(socket);
  process.kill(former[0], 'SIGSTOP');
  process.kill(former[1], 'SIGSTOP');
  assert.strictEqual(service.command('reload').code, 0);
  await said(service, /worker \d \(process \d+\) has not responded for 10 s, killing it/);
  await ended;
  await until('one generation', () => service.generations().length === 1 && former.every((pid) => !alive(pid)));
  await status(service.port);
});

testThatWaits('hung: while the generation is stopped its workers serve; it is killed, and another takes over', async () => {
  const service = await Service.start(conf), [pid] = service.generations(), former = service.workers();
  process.kill(pid, 'SIGSTOP');
  await said(service, new RegExp(`generation 1 \\(process ${pid}\\) has not responded for 3 s; its workers serve`));
  assert.ok(shown(service).generations[0].stuck);
  assert.match(service.command('status').out, /generation 1: SERVING, 2 workers, does not respond/);
  assert.strictEqual(await metric(service, 'reprise_generations_stuck'), 1);
  await status(service.port);
  await said(service, new RegExp(`generation 1 \\(process ${pid}\\) has not responded for 10 s, killing it`));
  await said(service, /serving again/);
  await until('the former workers leave', () => !alive(pid) && former.every((one) => !alive(one)));
  await status(service.port);
  assert.strictEqual(await metric(service, 'reprise_generations_stuck'), 0);
});

testThatWaits('hung: a generation that goes on is not replaced', async () => {
  const service = await Service.start(conf), [pid] = service.generations();
  process.kill(pid, 'SIGSTOP');
  await said(service, new RegExp(`generation 1 \\(process ${pid}\\) has not responded for 3 s`));
  process.kill(pid, 'SIGCONT');
  await said(service, new RegExp(`generation 1 \\(process ${pid}\\) responds again`));
  assert.deepStrictEqual(service.generations(), [pid]);
  assert.ok(!shown(service).generations[0].stuck);
});
