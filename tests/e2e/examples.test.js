'use strict';
// The examples work with node and openssl as peers; the library can be installed, and a program
// outside the tree builds with the flags of pkg-config.
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const https = require('https');
const tls = require('tls');
const {execFile, execFileSync, spawn} = require('child_process');
const {certs, freePort, test, until} = require('./lib');

const top = path.join(__dirname, '../..');
const build = path.dirname(path.resolve(top, process.env.REPRISE || 'build/release/reprise'));
const pem = (name) => path.join(certs, name);
const read = (name) => fs.readFileSync(pem(name));
const running = new Set();

// An example that listens; stopped at the end of the test.
async function start(name, ...args) {
  const port = await freePort();
  const child = spawn(path.join(build, 'examples', name), args.map((arg) => arg.replace('@', `127.0.0.1:${port}`)), {stdio: ['ignore', 'pipe', 'pipe']});
  const server = {port, child, out: '', err: ''};
  child.stdout.on('data', (chunk) => { server.out += chunk; });
  child.stderr.on('data', (chunk) => { server.err += chunk; });
  running.add(server);
  server.ended = new Promise((done) => child.once('close', done));
  await until(() => `${name} does not listen: ${server.out}${server.err}`, () => server.out.includes('listening'));
  return server;
}

async function stopAll() {
  for (const server of running) {
    server.child.kill('SIGTERM');
    await server.ended;
  }
  running.clear();
}

const example = (name, body) => test(`example: ${name}`, async () => {
  try { await body(); } finally { await stopAll(); }
});

// Connect, send, and take everything until the end.
const dial = (port, options = {}, say = '') => new Promise((done, failed) => {
  let got = '';
  let session;
  const s = tls.connect({port, host: '127.0.0.1', ca: read('ca.pem'), servername: 'localhost', ...options}, () => s.end(say));
  s.on('session', (bytes) => { session = bytes; });
  s.on('data', (chunk) => { got += chunk; });
  s.on('error', failed);
  s.on('close', () => done({got, session, reused: s.wasReused, cn: s.wasCn}));
  s.on('secureConnect', () => { s.wasReused = s.isSessionReused(); s.wasCn = s.getPeerCertificate().subject?.CN; });
});

const run = (name, ...args) => execFileSync(path.join(build, 'examples', name), args, {encoding: 'utf8', timeout: 20000});

example('echo_server and echo_client', async () => {
  const server = await start('echo_server', pem('ecdsa.pem'), pem('ecdsa.key'), '@');
  assert.strictEqual((await dial(server.port, {}, 'to and fro')).got, 'to and fro');
  assert.strictEqual(run('echo_client', pem('ca.pem'), '127.0.0.1', `${server.port}`, 'localhost', 'hello'), 'hello');
  assert.throws(() => run('echo_client', pem('ca.pem'), '127.0.0.1', `${server.port}`, 'other.example', 'hello'), /ALTNAME_INVALID/);
  await until('two lines', () => /TLSv1.3 new\nTLSv1.3 new/.test(server.out));
});

example('echo_server and a client in C++', async () => {
  const server = await start('echo_server', pem('ecdsa.pem'), pem('ecdsa.key'), '@');
  assert.strictEqual(run('echo_client_cc', pem('ca.pem'), '127.0.0.1', `${server.port}`, 'localhost', 'hello'), 'hello');
  assert.throws(() => run('echo_client_cc', pem('ca.pem'), '127.0.0.1', `${server.port}`, 'other.example', 'hello'), /ALTNAME_INVALID/);
});

// One page over TLS, and whether each connection that asked for it resumed.
async function serveHttps(options, body) {
  const resumed = [];
  const server = https.createServer({key: read('ecdsa.key'), cert: read('ecdsa.pem'), ...options}, (request, response) => {
    resumed.push(request.socket.isSessionReused());
    response.end('page\n');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try { await body(`${server.address().port}`, resumed); } finally { server.close(); }
}

const runAsync = (name, ...args) => new Promise((done) => execFile(path.join(build, 'examples', name), args, {timeout: 20000},
  (error, stdout, stderr) => done({code: error ? error.code : 0, stdout, stderr})));

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  example(`https_client, ${version}`, () => serveHttps({minVersion: version, maxVersion: version}, async (port, resumed) => {
    const {code, stdout, stderr} = await runAsync('https_client', 'localhost', port, '/', pem('ca.pem'));
    assert.deepStrictEqual([code, stderr, stdout.match(/page/g).length, resumed], [0, 'new\nresumed\n', 2, [false, true]]);
  }));
}

example('https_client refuses a root that it does not trust', () => serveHttps({}, async (port, resumed) => {
  const {code, stderr} = await runAsync('https_client', 'localhost', port, '/'); // the default roots
  assert.strictEqual(code, 1);
  assert.match(stderr, /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/);
  assert.strictEqual(resumed.length, 0);
}));

example('https_client refuses a certificate of another name', () => serveHttps({key: read('api.key'), cert: read('api.pem')}, async (port, resumed) => {
  const {code, stderr} = await runAsync('https_client', 'localhost', port, '/', pem('ca.pem'));
  assert.strictEqual(code, 1);
  assert.match(stderr, /^ERR_TLS_CERT_ALTNAME_INVALID/);
  assert.strictEqual(resumed.length, 0);
}));

example('mutual_tls', async () => {
  const server = await start('mutual_tls', pem('ecdsa.pem'), pem('ecdsa.key'), pem('client-ca.pem'), '@');
  assert.strictEqual((await dial(server.port, {cert: read('alice.pem'), key: read('alice.key')})).got, 'hello CN=alice\n');
  await assert.rejects(dial(server.port, {maxVersion: 'TLSv1.2'}));
  await until('the refusal', () => server.err.includes('refused: ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'));
});

example('sni', async () => {
  const server = await start('sni', pem('ecdsa.pem'), pem('ecdsa.key'), '*.api.example', pem('api.pem'), pem('api.key'), '@');
  const named = await dial(server.port, {servername: 'v2.api.example', checkServerIdentity: () => undefined});
  assert.deepStrictEqual([named.got, named.cn], ['v2.api.example', 'api']);
  assert.strictEqual((await dial(server.port)).cn, 'ecdsa');
});

example('starttls_server and starttls_client', async () => {
  const server = await start('starttls_server', pem('ecdsa.pem'), pem('ecdsa.key'), '@');
  assert.strictEqual(run('starttls_client', pem('ca.pem'), '127.0.0.1', `${server.port}`, 'localhost', 'hello'), 'hello');
});

example('session_store', async () => {
  const server = await start('session_store', pem('ecdsa.pem'), pem('ecdsa.key'), '@');
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const first = await dial(server.port, {maxVersion});
    assert.strictEqual(first.got, 'new\n');
    assert.strictEqual((await dial(server.port, {maxVersion, session: first.session})).got, 'resumed\n', maxVersion);
  }
});

example('cluster', async () => {
  const server = await start('cluster', pem('ecdsa.pem'), pem('ecdsa.key'), '@', '3');
  const workers = new Set();
  let {session} = await dial(server.port);
  await until(() => `only ${workers.size} workers`, async () => {
    const next = await dial(server.port, {session});
    assert.strictEqual(next.reused, true);
    session = next.session || session;
    workers.add(next.got);
    return workers.size > 1;
  });
  server.child.kill('SIGTERM');
  await server.ended;
  assert.strictEqual(server.child.exitCode, 0, server.err);
});

// -- what the manual page shows is a server and a client that work

function shown(number) {
  const page = fs.readFileSync(path.join(top, 'lib/libreprise.3'), 'utf8');
  return page.split('.Bd -literal\n').slice(1).map((part) => part.split('.Ed\n')[0])[number].replace(/\\e/g, '\\');
}

test('libreprise.3: its HTTPS client is the example', () => {
  const example = fs.readFileSync(path.join(top, 'contrib/examples/https_client.c'), 'utf8');
  assert.strictEqual(shown(2), example.slice(example.indexOf('#include')));
});

test('libreprise.3: its server and its client are compiled and talk', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-page-'));
  const sanitizer = path.basename(build) === 'asan' ? ['-fsanitize=address,undefined'] : [];
  ['server', 'client'].forEach((name, i) => {
    fs.writeFileSync(path.join(dir, `${name}.c`), shown(i));
    execFileSync('cc', ['-std=c11', '-Wall', '-Wextra', '-Werror', ...sanitizer, '-I', path.join(top, 'lib/include'), '-o', path.join(dir, name),
      path.join(dir, `${name}.c`), path.join(build, 'libreprise.a'), '-lssl', '-lcrypto', '-lev']);
  });
  const server = {child: spawn(path.join(dir, 'server'), {env: {...process.env, CERT: read('ecdsa.pem'), KEY: read('ecdsa.key')}}), out: ''};
  server.ended = new Promise((done) => server.child.once('close', done));
  running.add(server);
  try {
    server.child.stdout.on('data', (chunk) => { server.out += chunk; });
    await until('the address', () => server.out.includes('\n'));
    const port = server.out.trim().split(':')[1];
    assert.strictEqual(execFileSync(path.join(dir, 'client'), [port], {env: {...process.env, CA: read('ca.pem')}, encoding: 'utf8'}), 'hello');
  } finally {
    await stopAll();
    fs.rmSync(dir, {recursive: true});
  }
});

test('install: a program outside the tree is built with pkg-config, and exports are rp_* only', async () => {
  if (path.basename(build) !== 'release') return; // what is installed is the release
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-install-'));
  try {
    const sh = (command, env = {}) => execFileSync('sh', ['-ec', command], {cwd: dir, encoding: 'utf8', env: {...process.env, MAKEFLAGS: '', ...env}});
    sh(`make -s -C ${top} install DESTDIR=${dir}/root PREFIX=/usr >/dev/null`);
    fs.writeFileSync(path.join(dir, 'ten.c'), `#include <reprise/reprise.h>
#include <stdio.h>
int main(void)
{
    struct rp_loop *loop = rp_loop_new(NULL);
    struct rp_server *server = rp_server_new(loop, NULL, NULL);
    printf("%d\\n", server != NULL);
    rp_server_free(server);
    rp_loop_free(loop);
    return 0;
}
`);
    const env = {PKG_CONFIG_SYSROOT_DIR: `${dir}/root`, PKG_CONFIG_PATH: `${dir}/root/usr/lib/pkgconfig`, LD_LIBRARY_PATH: `${dir}/root/usr/lib`};
    assert.strictEqual(sh('cc -o ten ten.c $(pkg-config --cflags --libs libreprise) && ./ten', env), '1\n');
    assert.match(sh('nm -D ten'), /rp_server_new@REPRISE_0\.1/); // it asks for the version it was built with
    assert.strictEqual(sh(`cc -o ten ten.c $(pkg-config --cflags libreprise) ${dir}/root/usr/lib/libreprise.a $(pkg-config --libs-only-l --static libreprise | sed 's/-lreprise//') && ./ten`, env), '1\n');
    const names = sh('nm -D --defined-only root/usr/lib/libreprise.so').split('\n').filter((l) => l).map((l) => l.split(' ').pop().split('@')[0]);
    assert.ok(names.length > 150, `${names.length} names`);
    assert.deepStrictEqual(names.filter((name) => !/^(rp_.*|REPRISE_0\.1)$/.test(name)), []);
    for (const page of ['man1/reprise-connect.1', 'man1/reprise-serve.1', 'man1/reprise-load.1', 'man3/libreprise.3', 'man5/reprise.conf.5', 'man8/reprise.8'])
      assert.ok(fs.existsSync(path.join(dir, 'root/usr/share/man', page)), page);
    assert.match(sh('cat root/usr/lib/systemd/system/reprise.service'), /^ExecStart=\/usr\/bin\/reprise run/m);
    sh(`make -s -C ${top} uninstall DESTDIR=${dir}/root PREFIX=/usr >/dev/null`);
    assert.strictEqual(sh('find root ! -type d'), 'root/etc/reprise/reprise.conf\n');
  } finally { fs.rmSync(dir, {recursive: true}); }
});
