'use strict';
// Defaults for groups and cipher suites: nothing that is expensive for a worker but cheap for a
// client, and only suites with forward secrecy and AEAD.
const assert = require('assert');
const {execFileSync, spawn} = require('child_process');
const fs = require('fs');
const {Service, alive, certs, connect, net, pem, status, test, until} = require('./lib');

const conf = (options) => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
certificate "rsa" { cert = "@CERTS@/rsa.pem"  key = "@CERTS@/rsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  backend = "builtin:status"  certificates = {"ecdsa", "rsa"}  ${options} }
`;

// openssl s_client: what it prints; null: it was refused.
function sClient(port, ...args) {
  try {
    return execFileSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', `${certs}/ca.pem`, ...args],
      {input: '', stdio: ['pipe', 'pipe', 'pipe'], timeout: 20000}).toString();
  } catch (e) {
    assert.match(e.stderr.toString(), /alert handshake failure/);
    return null;
  }
}

async function group(port, ecdhCurve) {
  const socket = await connect(port, {ecdhCurve});
  const {name} = socket.getEphemeralKeyInfo();
  socket.destroy();
  return name;
}

const handshakeFailure = (promise) => assert.rejects(promise, {code: /HANDSHAKE_FAILURE/});

// The ClientHello of a real client, as bytes.
function helloOf(...args) {
  return new Promise((done, fail) => {
    let client;
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes) => {
        client.kill();
        server.close();
        done(bytes);
      });
    }).listen(0, '127.0.0.1', () => {
      client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${server.address().port}`, '-servername', 'localhost', ...args], {stdio: 'ignore'});
      client.on('error', fail);
    });
  });
}

// The first bytes of the answer.
function answerTo(port, bytes) {
  return new Promise((done, fail) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', fail);
    socket.once('data', (answer) => { socket.destroy(); done(answer); });
  });
}

// Of all processes together, in milliseconds.
const cpuTime = (pids) => pids.map((pid) => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '))
  .reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) * 10, 0);

test('groups: X25519, P-256 and P-384, in our order; no other unless it is named', async () => {
  const service = await Service.start(conf('ecdh-curve = auto'));
  assert.strictEqual(await group(service.port, 'X25519'), 'X25519');
  assert.strictEqual(await group(service.port, 'P-256'), 'prime256v1');
  assert.strictEqual(await group(service.port, 'P-384'), 'secp384r1');
  assert.strictEqual(await group(service.port, 'P-521:P-384'), 'secp384r1', 'a retry, if need be');
  for (const refused of ['P-521', 'X448', 'ffdhe2048', 'ffdhe8192']) await handshakeFailure(group(service.port, refused));
  for (const version of ['-tls1_2', '-tls1_3']) {
    assert.strictEqual(sClient(service.port, version, '-groups', 'P-521'), null);
    assert.match(sClient(service.port, version, '-groups', 'P-384:X25519'), /Verify return code: 0/);
  }
});

test('groups: X25519MLKEM768 where OpenSSL has it', async () => {
  const service = await Service.start(conf(''));
  const out = sClient(service.port, '-tls1_3');
  const [major, minor] = execFileSync('openssl', ['version']).toString().split(' ')[1].split('.').map(Number);
  if (major > 3 || (major === 3 && minor >= 5)) assert.match(out, /X25519MLKEM768/);
  else assert.match(out, /Temp Key: X25519/);
});

test('groups: what is named is taken, finite fields too', async () => {
  const service = await Service.start(conf('ecdh-curve = "ffdhe2048:P-521"'));
  assert.match(sClient(service.port, '-tls1_3', '-groups', 'ffdhe2048'), /Temp Key: DH, 2048 bits/);
  assert.strictEqual(await group(service.port, 'P-521'), 'secp521r1');
  await handshakeFailure(group(service.port, 'X25519'));
});

test('groups: a hello with a share of ffdhe8192 is refused without work', async () => {
  const service = await Service.start(conf(''));
  const hello = await helloOf('-tls1_3', '-groups', 'ffdhe8192'), workers = service.workers();
  assert.ok(hello.length > 1024, 'a share is in it');
  const before = cpuTime(workers);
  for (let i = 0; i < 20; i++)
    assert.strictEqual((await answerTo(service.port, hello)).toString('hex'), '15030300020228', 'the alert handshake_failure');
  assert.ok(workers.every(alive));
  const spent = cpuTime(workers) - before;
  assert.ok(spent < 500, `${spent} ms of CPU; with the group it is over 3000`);
});

test('groups: another name of the same frontend has the same', async () => {
  const service = await Service.start(conf('host "api.example" { certificates = "api" }').replace('frontend', `
    certificate "api" { cert = "@CERTS@/api.pem"  key = "@CERTS@/api.key" }\nfrontend`));
  const as = (ecdhCurve) => connect(service.port, {servername: 'api.example', ecdhCurve});
  for (const taken of ['X25519', 'P-384']) (await as(taken)).destroy();
  await handshakeFailure(as('P-521'));
});

test('suites of TLS 1.2: ECDHE with AEAD alone; others where they are named', async () => {
  const service = await Service.start(conf(''));
  const all = execFileSync('openssl', ['ciphers', '-tls1_2', '-s', 'ALL:@SECLEVEL=1']).toString().trim().split(':');
  const taken = all.filter((suite) => sClient(service.port, '-tls1_2', '-cipher', `${suite}:@SECLEVEL=1`) !== null);
  const want = ['ECDSA', 'RSA'].flatMap((kind) => ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((suite) => `ECDHE-${kind}-${suite}`));
  assert.deepStrictEqual(taken.sort(), want.sort());
  service.configure(conf('ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256"'));
  await service.reload();
  const cbc = {maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256'};
  await until('the suite that was named', async () => {
    try { return (await status(service.port, cbc)).cipher === cbc.ciphers; } catch { return false; }
  });
});

test('suites of TLS 1.3: three, AES-128 first', async () => {
  const service = await Service.start(conf(''));
  assert.strictEqual((await status(service.port, {ca: pem('ca.pem')})).cipher, 'TLS_AES_128_GCM_SHA256');
  for (const ciphers of ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])
    assert.strictEqual((await status(service.port, {ciphers})).cipher, ciphers);
  for (const suite of ['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'])
    assert.strictEqual(sClient(service.port, '-tls1_3', '-ciphersuites', suite), null);
});
