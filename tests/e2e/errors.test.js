'use strict';
// An invalid configuration gives one line that names file, line and remedy; the exit status is 2,
// and nothing is started.
const assert = require('assert');
const {execFileSync, spawnSync} = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');
const {Service, certs, freePort, program, status, test} = require('./lib');

const conf = `workers = 1
state-dir = "@DIR@/state"
run-dir = "@DIR@/run"
certificate "a" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
backend "b" { address = "127.0.0.1:1" }
frontend "f" {
  listen = "127.0.0.1:@PORT@"
  certificates = "a"
  backend = "b"
}
`;

async function refusal(text, command = 'run') {
  const service = new Service(text);
  service.ports = {1: 1};
  for (const name of ['state', 'run']) fs.mkdirSync(path.join(service.dir, name));
  service.ports[1] = await freePort();
  service.configure();
  const {status: code, stderr, stdout} = spawnSync(program, [command, '-c', service.conf], {timeout: 20000});
  fs.rmSync(service.dir, {recursive: true});
  return {code, out: stdout.toString(), err: stderr.toString()};
}

const wrong = {
  'an unknown option': [(c) => c.replace('listen', 'lisen'), /test\.conf:7: lisen: is unknown in frontend; did you mean listen\?/],
  'an unknown word': [(c) => c.replace('workers = 1', 'worker = 1'), /test\.conf:1: worker: is unknown; did you mean workers\?/],
  'a missing certificate': [(c) => c.replace('ecdsa.pem', 'none.pem'), /test\.conf:4: .*none\.pem.*/],
  'a missing key': [(c) => c.replace('ecdsa.key', 'none.key'), /test\.conf:4: .*none\.key/],
  'the key of another certificate': [(c) => c.replace('ecdsa.key', 'api.key'), /test\.conf:4: .*the key does not match the certificate/],
  'an unknown backend': [(c) => c.replace('backend = "b"', 'backend = "c"'), /test\.conf:9: backend: unknown backend "c"/],
  'an unknown certificate': [(c) => c.replace('certificates = "a"', 'certificates = "x"'), /test\.conf:8: certificates: unknown certificate "x"/],
  'no backend': [(c) => c.replace('backend = "b"', ''), /test\.conf:7: frontend "f": backend is missing/],
  'a bad address': [(c) => c.replace(/listen = .*/, 'listen = "nowhere"'), /test\.conf:7: listen: "nowhere" is not an address/],
  'ticket keys that are none': [(c) => `cache { ticket-keys = "@CERTS@/ecdsa.pem" }\n${c}`, /test\.conf:1: ticket-keys: /],
  'a CA of a redis that is missing': [(c) => `secret-file = "@CERTS@/none"\ncache { store = "rediss://127.0.0.1:1?ca=/none" }\n${c}`,
    /test\.conf:2: store: \/none is empty or cannot be read/],
  'a password file that is missing': [(c) => `secret-file = "@CERTS@/none"\ncache { store = "redis://127.0.0.1:1?password-file=/none" }\n${c}`,
    /test\.conf:2: store: password-file \/none cannot be read/],
  'a bad time': [(c) => c.replace('certificates = "a"', 'certificates = "a" idle-timeout = 5x'), /test\.conf:8: idle-timeout: "5x" is not a time/],
  'a bad cipher': [(c) => c.replace('certificates = "a"', 'certificates = "a" ciphers = "NONE-SUCH"'), /ciphers "NONE-SUCH" is invalid/],
  'an option twice': [(c) => c.replace('workers = 1', 'workers = 1 workers = 2'), /test\.conf:1: workers: is given twice/],
  'a missing brace': [(c) => c.trimEnd().slice(0, -1), /test\.conf:\d+: /],
  'ca without request-cert': [(c) => c.replace('certificates = "a"', 'certificates = "a" ca = "x"'), /test\.conf:8: ca: has no effect while request-cert is off/],
  'a state-dir that is a file': [(c) => c.replace('@DIR@/state', '@CERTS@/ecdsa.pem'), /test\.conf: state-dir: .*ecdsa\.pem is not a directory/],
  'a state-dir below a file': [(c) => c.replace('@DIR@/state', '@CERTS@/ecdsa.pem/x/y'), /test\.conf: state-dir: mkdir ENOTDIR: .*ecdsa\.pem.*; create it, or choose another directory/],
  'a run-dir that is a file': [(c) => c.replace('@DIR@/run', '@CERTS@/ecdsa.pem'), /test\.conf: run-dir: .*ecdsa\.pem is not a directory/],
  'a run-dir that is too long': [(c) => c.replace('@DIR@/run', `@DIR@/${'r'.repeat(120)}`), /test\.conf: run-dir: .* is too long for the control socket.s path; choose one of up to 94 characters/],
  'a log that is a directory': [(c) => `log { destination = "@CERTS@" }\n${c}`, /test\.conf: log: open EISDIR: .*; choose another destination/],
  'a log in a directory that is missing': [(c) => `log { destination = "@CERTS@/none/log" }\n${c}`, /test\.conf: log: open ENOENT: .*none\/log; choose another destination/],
  'an admin page at the address of a frontend': [(c) => `${c}admin { listen = "127.0.0.1:@PORT@" }`, /test\.conf:7: listen: "127\.0\.0\.1:\d+" is already used by admin; choose another/],
  'a backend without a port': [(c) => c.replace('127.0.0.1:1"', '127.0.0.1:0"'), /test\.conf:5: backend "b": address "127\.0\.0\.1:0": missing port; write host:port/],
  'a store that nobody knows': [(c) => `${c}cache { store = "file:x" }`, /test\.conf:\d+: .*file is not a kind of store/],
};

for (const [name, [change, message]] of Object.entries(wrong))
  for (const command of ['run', 'check'])
    test(`${name}: ${command}`, async () => {
      const {code, out, err} = await refusal(change(conf), command);
      assert.strictEqual(code, 2, err);
      assert.match(err, message);
      assert.strictEqual(err.trim().split('\n').length, 1, err);
      assert.strictEqual(out, '');
    });

test('a file that is not there', () => {
  const {status: code, stderr} = spawnSync(program, ['run', '-c', '/no/such.conf']);
  assert.strictEqual(code, 2);
  assert.match(stderr.toString(), /^reprise: |^\/no\/such\.conf: No such file or directory/);
});

test('a port in use', async () => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => holder.once('listening', done));
  const {code, err} = await refusal(conf.replace('@PORT@', String(holder.address().port)));
  assert.strictEqual(code, 2, err);
  assert.match(err, /test\.conf:\d+: .*in use/);
  assert.strictEqual(err.trim().split('\n').length, 1, err);
  await new Promise((done) => holder.close(done));
});

test('more sockets than files may be open', async () => {
  const service = new Service(conf.replace('workers = 1', 'workers = 200'));
  service.ports = {1: await freePort()};
  service.configure();
  const {status: code, stderr} = spawnSync('sh', ['-c', 'ulimit -n 100; exec "$0" run -c "$1"', program, service.conf], {timeout: 20000});
  fs.rmSync(service.dir, {recursive: true});
  assert.strictEqual(code, 2);
  assert.match(stderr.toString(), /^[^\n]*test\.conf:7: listen: [\d.:]+ too many open files, [^\n]*raise the limit of open files[^\n]*\n$/);
});

test('a good configuration is checked without starting anything', async () => {
  const {code, out} = await refusal(conf, 'check');
  assert.strictEqual(code, 0);
  assert.match(out, /ok/);
});

test('a good configuration is printed with its defaults, and is one again', async () => {
  const service = await Service.start(conf), {code, out} = service.command('check', '--print');
  assert.strictEqual(code, 0);
  assert.match(out, /^workers = 1\n[^]*\n  session-timeout = 5m\n[^]*\n  listen = \{"127\.0\.0\.1:\d+"\}\n/);
  assert.strictEqual(JSON.parse(service.command('check', '--print', '--json').out).configuration, out);
  fs.writeFileSync(service.conf, out);
  assert.strictEqual(service.command('check', '--print').out, out);
  assert.strictEqual(service.command('reload').code, 0);
});

test('what works and is hardly meant is a warning, with file, line and remedy', async () => {
  const service = new Service(conf.replace('backend = "b"', 'backend = "b"\n  host "www.example" { request-cert = on  ca = "@CERTS@/client-ca.pem" }'));
  const warning = /test\.conf:10: request-cert: the Host header can bypass host "www\.example": frontend "f" has the same backend "b"; use another, or proxy-protocol = v2 and check AUTHORITY$/m;
  await service.begin();
  assert.match(service.log, new RegExp(`warn .*${warning.source}`, 'm'));
  const check = (...args) => spawnSync(program, ['check', '-c', service.conf, ...args], {encoding: 'utf8', timeout: 20000});
  assert.strictEqual(check().status, 0);
  assert.match(check().stderr, new RegExp(`^warning: .*${warning.source}`, 'm'));
  assert.match(check().stdout, /: ok$/m);
  const {ok, warnings} = JSON.parse(check('--json').stdout);
  assert.ok(ok && warnings.length === 1);
  assert.match(warnings[0], warning);
  const spelled = service.template.replace('ca.pem" }', 'ca.pem"  backend = "c" }') + 'backend "c" { address = "localhost:01" }\n';
  service.configure(spelled);
  assert.match(check().stderr, /test\.conf:10: request-cert: the Host header can bypass host "www\.example"/);
  service.configure(spelled.replace('localhost:01', '127.0.0.1:2'));
  assert.strictEqual(check().stderr, '');
  service.configure(service.template.replace('127.0.0.1:1"', '$&  proxy-protocol = v2'));
  assert.strictEqual(check().stderr, '');
  assert.deepStrictEqual(JSON.parse(check('--json').stdout).warnings, []);
});

test('check --strict: a warning is an error', async () => {
  const service = new Service(conf.replace('ecdsa.key"', '$&  ocsp = "/x"'));
  for (const name of ['state', 'run']) fs.mkdirSync(path.join(service.dir, name));
  service.ports = {1: await freePort()};
  service.configure();
  const check = (...args) => spawnSync(program, ['check', '-c', service.conf, ...args], {encoding: 'utf8', timeout: 20000});
  const warning = /^\S*test\.conf:4: ocsp: has no effect/;
  const {status: code, stdout, stderr} = check('--strict');
  assert.strictEqual(code, 2);
  assert.match(stderr, warning);
  assert.strictEqual(stdout, '');
  const json = check('--strict', '--json', '--print'), found = JSON.parse(json.stdout);
  assert.strictEqual(json.status, 2);
  assert.strictEqual(found.ok, false);
  assert.match(found.message, warning);
  assert.ok(found.warnings.length === 1 && found.configuration === undefined);
  assert.strictEqual(check().status, 0);
  service.configure(conf);
  assert.strictEqual(check('--strict').status, 0);
  assert.match(check('--strict').stdout, /: ok$/m);
});

// Options and blocks without effect: the line of the option, and a remedy.
const cache = (options) => (c) => `cache { ${options} }\n${c}`, frontend = (options) => (c) => c.replace('backend = "b"', `$&  ${options}`);
const idle = {
  'access below its level': [(c) => `log { level = warn  access = on }\n${c}`, /:1: access: has no effect while level is below info/],
  'hosts of no admin page': [(c) => `admin { hosts = "a" }\n${c}`, /:1: hosts: has no effect without listen/],
  'l1 of a local store': [cache('l1 = "lmdb:near"'), /:1: l1: has no effect while store is a local file/],
  'lookup-timeout of a local store': [cache('lookup-timeout = 1s'), /:1: lookup-timeout: has no effect/],
  'tickets that each frontend sets': [(c) => cache('tickets = off')(frontend('tickets = on')(c)), /:1: tickets: has no effect/],
  'single-use of tickets': [cache('single-use = on'), /:1: single-use: has no effect/],
  'tickets-per-connection without TLSv1.3': [(c) => cache('tickets-per-connection = 2')(frontend('max-version = TLSv1.2')(c)), /:1: tickets-per-connection: has no effect/],
  'key-lifetime without tickets': [cache('key-lifetime = 1h  tickets = off'), /:1: key-lifetime: has no effect/],
  'ocsp = auto': [(c) => c.replace('ecdsa.key"', '$&  ocsp = auto'), /:4: ocsp: has no effect in this version/],
  'watch = on': [(c) => `certificates { watch = on }\n${c}`, /:1: watch: has no effect in this version/],
  'watch of no directory': [(c) => `certificates { watch = off }\n${c}`, /:1: watch: has no effect without directory/],
  'reject-unauthorized of nobody': [frontend('reject-unauthorized = on'), /:9: reject-unauthorized: has no effect while request-cert is off/],
  'ca-names of nobody': [frontend('host "www.example" { ca-names = on }'), /:9: ca-names: has no effect while request-cert is off/],
  'ca-names of no ca': [frontend('request-cert = on  reject-unauthorized = off  ca-names = on'), /:9: ca-names: has no effect without ca/],
  'partial-chain of nobody': [frontend('partial-chain = on'), /:9: partial-chain: has no effect while request-cert is off/],
  'ca that each host replaces': [frontend('ca = "@CERTS@/client-ca.pem"  host "www.example" { request-cert = on  ca = "@CERTS@/client-ca.pem"  backend = "builtin:echo" }'), /:9: ca: has no effect/],
  'alpn-backend of the usual backend': [frontend('alpn-protocols = "h2"  alpn-backend = "h2=b"'), /:9: alpn-backend: has no effect/],
  'ciphers without a suite of TLSv1.3': [frontend('min-version = TLSv1.3  ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"'), /:9: ciphers: has no effect/],
  'max-handshakes above max-connections': [frontend('max-connections = 5  max-handshakes = 6'), /:9: max-handshakes: has no effect/],
  'per-source-connections above max-connections': [frontend('max-connections = 5  per-source-connections = 6'), /:9: per-source-connections: has no effect/],
  'per-source-connections of a Unix socket': [(c) => frontend('per-source-connections = 6')(c).replace('"127.0.0.1:@PORT@"', '"unix:@DIR@/s"'), /:9: per-source-connections: has no effect/],
  'a certificate without use': [(c) => `${c}certificate "s" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }`, /:11: certificate "s": no frontend or host uses it/],
  'a backend without use': [(c) => `${c}backend "s" { address = "127.0.0.1:1" }`, /:11: backend "s": no frontend or host uses it/],
};

for (const [name, [change, message]] of Object.entries(idle))
  test(`check --strict refuses ${name}`, async () => {
    const service = new Service(change(conf));
    for (const folder of ['state', 'run']) fs.mkdirSync(path.join(service.dir, folder));
    service.ports = {1: await freePort()};
    service.configure();
    const check = (...args) => spawnSync(program, ['check', '-c', service.conf, ...args], {encoding: 'utf8', timeout: 20000});
    assert.strictEqual(check().status, 0, check().stderr);
    const {status: code, stderr} = check('--strict');
    assert.strictEqual(code, 2);
    assert.match(stderr, message);
    assert.match(stderr, /^\S+test\.conf:\d+: [^\n]+; [^\n]+\n$/);
  });

test('-t is check', async () => {
  const service = new Service(conf), run = (...args) => spawnSync(program, [...args, '-c', service.conf], {encoding: 'utf8', timeout: 20000});
  for (const name of ['state', 'run']) fs.mkdirSync(path.join(service.dir, name));
  service.ports = {1: await freePort()};
  service.configure();
  assert.deepStrictEqual(run('-t').stdout, run('check').stdout);
  assert.strictEqual(run('-t').status, 0);
  service.configure(conf.replace('workers', 'worker'));
  assert.strictEqual(run('-t').stderr, run('check').stderr);
  assert.strictEqual(run('-t', '--json').status, 2);
});

test('a configuration file that is a FIFO: check, run, reload', async () => {
  const service = await Service.start(conf), fifo = path.join(service.dir, 'fifo');
  const said = /is not a regular file; give the path of a file/;
  execFileSync('mkfifo', [fifo]);
  for (const command of ['check', 'run']) {
    const {status: code, stderr} = spawnSync(program, [command, '-c', fifo], {encoding: 'utf8', timeout: 20000});
    assert.strictEqual(code, 2);
    assert.match(stderr, said);
  }
  fs.rmSync(service.conf);
  fs.renameSync(fifo, service.conf);
  assert.match(service.command('reload').err, said);
  process.kill(service.child.pid, 'SIGHUP');
  await service.said(/test\.conf: is not a regular file/);
  fs.rmSync(service.conf);
  service.configure();
  assert.strictEqual(service.command('reload').code, 0);
});

test('options lists each option with its default, range and description', () => {
  const run = (...args) => spawnSync(program, ['options', ...args], {encoding: 'utf8', timeout: 10000});
  const options = JSON.parse(run('--json').stdout), text = run().stdout;
  const of = (block, name) => options.find((o) => o.block === block && o.name === name);
  assert.deepStrictEqual(of('cache', 'lookup-timeout'), {block: 'cache', name: 'lookup-timeout', values: 'time',
    range: '1ms to 10s', default: '50ms', required: false, description: of('cache', 'lookup-timeout').description});
  assert.ok(of('frontend', 'listen').required);
  assert.strictEqual(of('', 'user').default, null);
  for (const {name, description} of options)
    assert.ok(text.includes(`\n      ${description}\n`) && text.includes(`  ${name} = `), name);
});

test('help, version, unknown commands', () => {
  const run = (...args) => spawnSync(program, args, {timeout: 10000});
  assert.strictEqual(run('version').status, 0);
  assert.strictEqual(run('--help').status, 0);
  for (const command of ['run', 'check', 'reload', 'stop', 'version'])
    assert.strictEqual(run(command, '--help').status, 0, command);
  assert.strictEqual(run('frobnicate').status, 2);
  assert.strictEqual(run().status, 2);
  assert.strictEqual(run('run', '--frobnicate').status, 2);
});

test('curl is served, as HTML, JSON and text', async () => {
  const service = await Service.start(conf.replace('backend = "b"', 'backend = "builtin:status"'));
  const curl = (...args) => execFileSync('curl', ['-s', '--cacert', path.join(certs, 'ca.pem'),
    '--resolve', `localhost:${service.port}:127.0.0.1`, `https://localhost:${service.port}/`, ...args]).toString();
  assert.match(curl(), /^This connection\n/);
  assert.match(curl('-H', 'Accept: text/html'), /^<!doctype html>/i);
  assert.strictEqual(JSON.parse(curl('-H', 'Accept: application/json')).connection.servername, 'localhost');
  await status(service.port);
});
