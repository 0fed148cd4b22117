'use strict';
// Process lifecycle: reload, drain, crash. No connection is lost that could be kept.
const assert = require('assert');
const {once} = require('events');
const fs = require('fs');
const path = require('path');
const {Service, alive, backend, connect, drain, sleep, status, test, until} = require('./lib');

const conf = (more = '', frontend = 'backend = "builtin:status"') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  drain-timeout = 5s  stop-timeout = 5s
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
${more}
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  ${frontend} }
`;
const echo = conf('', 'backend = "builtin:echo"');

// Connects without pause until told to stop; tells what became of each connection.
function load(port) {
  const result = {good: 0, bad: []};
  let going = true;
  const loop = async () => {
    let session;
    while (going) {
      try {
        const s = await status(port, {session});
        session = s.session || session;
        result.good++;
      } catch (e) { result.bad.push(`${e.code || e.message}`); }
    }
  };
  const loops = [loop(), loop(), loop(), loop()];
  result.stop = async () => { going = false; await Promise.all(loops); return result; };
  return result;
}

async function talk(socket, text) {
  const answer = new Promise((done) => socket.once('data', done));
  socket.write(text);
  return (await answer).toString();
}

test('a client whose request is on its way when the worker leaves gets its answer; one between two requests is ended', async () => {
  const service = await Service.start(conf());
  const first = await connect(service.port), second = await connect(service.port), answers = [drain(first), drain(second)];
  const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n';
  second.write(request);
  await once(second, 'data');
  assert.strictEqual(service.command('reload').code, 0);
  assert.match((await answers[1]).toString(), /^HTTP.1.1 200/);
  first.write(request);
  const text = (await answers[0]).toString();
  assert.match(text, /^HTTP.1.1 200/);
  assert.match(text, /connection: close/i);
});

test('reload under load: not one connection fails', async () => {
  const service = await Service.start(conf());
  const running = load(service.port);
  for (let i = 0; i < 5; i++) {
    const before = running.good;
    const {code, err} = service.command('reload');
    assert.strictEqual(code, 0, err);
    await until('traffic', () => running.good > before + 20);
  }
  const {bad} = await running.stop();
  assert.deepStrictEqual(bad, []);
  await until('one generation', () => service.generations().length === 1);
});

test('reload: an open connection stays with its generation, and works', async () => {
  const service = await Service.start(echo);
  const socket = await connect(service.port);
  const before = service.workers();
  assert.strictEqual(service.command('reload').code, 0);
  assert.strictEqual(await talk(socket, 'still there'), 'still there');
  socket.end();
  await until('the former workers leave', () => before.every((pid) => !alive(pid)));
});

test('reload takes a new configuration', async () => {
  const service = await Service.start(conf());
  service.configure(service.template.replace('workers = 2', 'workers = 3').replace('"www"', '"new"'));
  assert.strictEqual(service.command('reload').code, 0);
  await until('the new name', async () => (await status(service.port)).connection.frontend === 'new');
  await until('three workers', () => service.workers().length === 3);
});

test('a bad reload keeps the old configuration, and says why', async () => {
  const service = await Service.start(conf());
  const before = service.workers();
  service.configure(service.template.replace('backend = ', 'backend = "nobody"  alpn-backend = '));
  const {code, err} = service.command('reload');
  assert.strictEqual(code, 2);
  assert.match(err, /test\.conf:\d+: backend: unknown backend "nobody"/);
  service.child.kill('SIGHUP');
  await service.said(/unknown backend "nobody"/);
  await status(service.port);
  assert.deepStrictEqual(service.workers(), before);
});

test('SIGHUP reloads', async () => {
  const service = await Service.start(conf());
  service.child.kill('SIGHUP');
  await service.said(/reloaded generation=2/);
  await status(service.port);
});

test('SIGTERM: accepts no more, lets what is open finish, exits 0', async () => {
  const service = await Service.start(echo);
  const socket = await connect(service.port);
  service.child.kill('SIGTERM');
  await until('it accepts no more', () => connect(service.port).then((s) => { s.destroy(); return false; }, () => true));
  assert.strictEqual(await talk(socket, 'last words'), 'last words');
  socket.end();
  assert.deepStrictEqual(await service.stop(), {code: 0, signal: null});
});

test('a drain ends at its limit', async () => {
  const service = await Service.start(echo.replace(/5s/g, '300ms'));
  const socket = await connect(service.port);
  socket.on('error', () => {});
  const ended = drain(socket);
  assert.deepStrictEqual(await service.stop(), {code: 0, signal: null});
  await ended;
});

test('SIGINT stops it, too', async () => {
  const service = await Service.start(conf());
  service.child.kill('SIGINT');
  await until('the end', () => service.exited);
  assert.deepStrictEqual(service.exited, {code: 0, signal: null});
});

test('kill -9 of each worker in turn, under load: only its connections are lost', async () => {
  const service = await Service.start(conf());
  const running = load(service.port);
  for (const pid of service.workers()) {
    const before = running.good;
    process.kill(pid, 'SIGKILL');
    await until('its replacement', () => service.workers().length === 2 && !service.workers().includes(pid));
    await until('traffic', () => running.good > before + 20);
  }
  const {good, bad} = await running.stop();
  assert.ok(bad.length <= 8, `${bad.length} lost: ${bad}`); // at most what the two were busy with
  assert.ok(good > 40);
  assert.strictEqual(service.count(/died, restarting/g), 2);
});

test('sessions outlive the worker that made them', async () => {
  const service = await Service.start(conf().replace('size=16M"', 'size=16M"  tickets = off'));
  const {session} = await status(service.port, {maxVersion: 'TLSv1.2'});
  for (const pid of service.workers()) process.kill(pid, 'SIGKILL');
  await until('replacements', async () => {
    try { return (await status(service.port, {maxVersion: 'TLSv1.2', session})).reused; } catch { return false; }
  });
});

test('kill -9 of the generation: another takes over', async () => {
  const service = await Service.start(conf());
  const [generation] = service.generations();
  process.kill(generation, 'SIGKILL');
  await until('another', () => service.generations().some((pid) => pid !== generation));
  await until('service', () => status(service.port).then(() => true, () => false));
});

test('kill -9 of the master: all its processes go, the port is free, a new one starts', async () => {
  const service = await Service.start(conf());
  const {session} = await status(service.port);
  const family = [...service.generations(), ...service.workers()];
  service.child.kill('SIGKILL');
  await until('the end of all', () => family.every((pid) => !alive(pid)));
  await service.begin();
  assert.ok((await status(service.port, {session})).reused);
});

test('a second master on the same run-dir is refused, in one line', async () => {
  const service = await Service.start(conf());
  const {code, err} = service.command('run');
  assert.notStrictEqual(code, 0);
  assert.strictEqual(err.trim().split('\n').length, 1, err);
  await status(service.port);
});

// As root, workers become somebody who can't make a file where the log is.
test('SIGUSR1: a log that was renamed is opened anew by all processes, whoever they have become', async () => {
  const nobody = 65534, root = process.getuid() === 0;
  const service = new Service(conf(`${root ? 'user = "nobody"' : ''}  log { destination = "@DIR@/log"  access = on }`));
  const log = path.join(service.dir, 'log'), state = path.join(service.dir, 'state');
  const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return ''; } };
  fs.mkdirSync(state);
  fs.chmodSync(service.dir, 0o755);
  if (root) fs.chownSync(state, nobody, nobody);
  const begun = service.begin().catch((e) => e); // what it looks for is in the file
  await until('it serves', () => /serving generation/.test(read(log)));
  service.log = 'serving generation'; // for begin
  await begun;
  await status(service.port);
  await until('a line', () => /connection frontend=www/.test(read(log)));
  fs.renameSync(log, `${log}.1`);
  service.child.kill('SIGUSR1');
  await until('a new log', () => /logs reopened/.test(read(log)));
  await until('lines of both workers', async () => {
    await status(service.port);
    return new Set(read(log).match(/worker \d(?=\[\d+\]: connection)/g)).size === 2;
  });
  const before = read(`${log}.1`);
  for (let i = 0; i < 20; i++) await status(service.port);
  assert.strictEqual(read(`${log}.1`), before);
  assert.ok(!/reopen(ed)?: |reopen the log/.test(before), before);
});

test('a worker that dies young again and again is not spun', async () => {
  const service = await Service.start(conf());
  const begin = Date.now();
  const killed = new Set(); // on a busy machine one that is dead already is met again
  while (Date.now() - begin < 1500) {
    for (const pid of service.workers()) { try { process.kill(pid, 'SIGKILL'); killed.add(pid); } catch {} }
    await sleep(5);
  }
  assert.ok(killed.size < 40, `${killed.size} forks in 1.5 s`);
  await until('service', () => status(service.port).then(() => true, () => false));
});


test('while no worker runs, the next attempt is made within a second, and the log says when', async () => {
  const service = await Service.start(conf().replace('workers = 2', 'workers = 1'));
  let pid;
  for (let i = 0; i < 7; i++) {
    pid = await until('a worker', () => service.workers().find((one) => one !== pid));
    process.kill(pid, 'SIGKILL');
    await until(() => `its end in ${service.log}`, () => service.log.includes(`(process ${pid}) died, restarting`));
  }
  assert.deepStrictEqual(service.log.match(/died, restarting (now|in \d+ ms)/g).map((text) => text.slice('died, restarting '.length)),
    ['now', 'in 100 ms', 'in 200 ms', 'in 400 ms', 'in 800 ms', 'in 1000 ms', 'in 1000 ms']);
});

test('ps tells the master, its generations and their workers apart', async () => {
  const service = await Service.start(echo);
  const title = (pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').replace(/\0+$/, '');
  const titles = (pids) => pids.map(title).sort();
  const [former] = service.generations(), socket = await connect(service.port); // keeps the former one
  await until('the title of the master', () => title(service.child.pid) === `reprise: master ${service.conf}`);
  assert.deepStrictEqual(titles(service.generations()), ['reprise: generation 1']);
  assert.deepStrictEqual(titles(service.workers()), ['reprise: worker 0', 'reprise: worker 1']);
  assert.strictEqual(service.command('reload').code, 0);
  assert.deepStrictEqual(titles(service.generations()), ['reprise: generation 1', 'reprise: generation 2']);
  assert.strictEqual(title(former), 'reprise: generation 1');
  socket.destroy();
});
