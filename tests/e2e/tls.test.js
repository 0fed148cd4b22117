'use strict';
// TLS as configured: certificates by name and kind, versions, ciphers, ALPN, client certificates.
const assert = require('assert');
const {Service, connect, drain, pem, status, test} = require('./lib');

const certificates = ['ecdsa', 'rsa', 'wildcard', 'api'].map((name) =>
  `certificate "${name}" { cert = "@CERTS@/${name}.pem"  key = "@CERTS@/${name}.key" }`).join('\n');
const conf = (options, more = '') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
${certificates}
frontend "www" { listen = "127.0.0.1:@PORT@"  backend = "builtin:status"  ${options} }
${more}`;
const common = 'certificates = {"ecdsa", "rsa"}';

async function subject(port, servername, options = {}) {
  const socket = await connect(port, {servername, checkServerIdentity: () => undefined, ...options});
  const {CN} = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

const refused = async (port, options, code) => {
  try {
    const socket = await connect(port, options);
    // TLS 1.3: a refusal of the client's certificate comes after its handshake
    await new Promise((done, fail) => { socket.once('error', fail); socket.once('close', done); socket.resume(); });
  } catch (e) {
    if (code) assert.match(String(e.code), code);
    return;
  }
  assert.fail('was not refused');
};

test('SNI: exact before wildcard before default', async () => {
  const service = await Service.start(conf('certificates = {"ecdsa", "rsa", "wildcard", "api"}'));
  assert.strictEqual(await subject(service.port, 'api.example'), 'api');
  assert.strictEqual(await subject(service.port, 'API.EXAMPLE'), 'api');
  assert.strictEqual(await subject(service.port, 'other.example'), 'wildcard');
  assert.strictEqual(await subject(service.port, 'www.example'), 'ecdsa');
  assert.strictEqual(await subject(service.port, 'deep.other.example'), 'ecdsa');
  assert.strictEqual(await subject(service.port, 'unknown.test'), 'ecdsa');
  assert.strictEqual(await subject(service.port, ''), 'ecdsa');
});

test('strict-sni refuses names that nobody knows', async () => {
  const service = await Service.start(conf(`${common} strict-sni = on`));
  assert.strictEqual(await subject(service.port, 'www.example'), 'ecdsa');
  await refused(service.port, {servername: 'unknown.test'}, /UNRECOGNIZED_NAME/);
});

test('RSA and ECDSA side by side', async () => {
  const service = await Service.start(conf(common));
  assert.strictEqual(await subject(service.port, 'localhost', {sigalgs: 'RSA-PSS+SHA256'}), 'rsa');
  assert.strictEqual(await subject(service.port, 'localhost', {sigalgs: 'ECDSA+SHA256'}), 'ecdsa');
  const only = {maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256'};
  assert.strictEqual(await subject(service.port, 'localhost', only), 'rsa');
});

test('versions', async () => {
  const service = await Service.start(conf(`${common} min-version = TLSv1.3`,
    `frontend "old" { listen = "127.0.0.1:@PORT2@" backend = "builtin:status" ${common} max-version = TLSv1.2 }`));
  assert.strictEqual((await status(service.port)).connection.protocol, 'TLSv1.3');
  await refused(service.port, {maxVersion: 'TLSv1.2'}, /PROTOCOL_VERSION/);
  assert.strictEqual((await status(service.ports[2])).connection.protocol, 'TLSv1.2');
  await refused(service.ports[2], {minVersion: 'TLSv1.3'}, /PROTOCOL_VERSION/);
});

test('ciphers and their order', async () => {
  const service = await Service.start(conf(`${common}
    ciphers = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"`,
  `frontend "theirs" { listen = "127.0.0.1:@PORT2@" backend = "builtin:status" ${common} honor-cipher-order = off }`));
  const mine = {ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384'};
  assert.strictEqual((await status(service.port, mine)).cipher, 'TLS_CHACHA20_POLY1305_SHA256');
  assert.strictEqual((await status(service.port, {...mine, maxVersion: 'TLSv1.2'})).cipher, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  await refused(service.port, {maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256'}, /HANDSHAKE_FAILURE/);
  assert.strictEqual((await status(service.ports[2], mine)).cipher, 'TLS_AES_128_GCM_SHA256');
  const theirs = {...mine, maxVersion: 'TLSv1.2'};
  assert.strictEqual((await status(service.ports[2], theirs)).cipher, 'ECDHE-ECDSA-AES128-GCM-SHA256');
});

test('curves and signature algorithms', async () => {
  const service = await Service.start(conf(`${common} ecdh-curve = "P-384"  sigalgs = "ECDSA+SHA256"`));
  const socket = await connect(service.port, {maxVersion: 'TLSv1.2'});
  assert.strictEqual(socket.getEphemeralKeyInfo().name, 'secp384r1');
  socket.destroy();
  await refused(service.port, {ecdhCurve: 'X25519'}, /HANDSHAKE_FAILURE/);
  await refused(service.port, {sigalgs: 'RSA-PSS+SHA256'}, /HANDSHAKE_FAILURE/);
});

test('ALPN: the server\'s order; none in common is refused', async () => {
  const service = await Service.start(conf(`${common} alpn-protocols = {"h2", "http/1.1"}`)
    .replace('builtin:status', 'builtin:echo'));
  const alpn = async (...ALPNProtocols) => {
    const socket = await connect(service.port, {ALPNProtocols});
    socket.destroy();
    return socket.alpnProtocol;
  };
  assert.strictEqual(await alpn('http/1.1', 'h2'), 'h2');
  assert.strictEqual(await alpn('http/1.1'), 'http/1.1');
  await refused(service.port, {ALPNProtocols: ['spdy']}, /NO_APPLICATION_PROTOCOL/);
});

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const v = {minVersion: version, maxVersion: version};
  const as = (name) => ({...v, cert: pem(`${name}.pem`), key: pem(`${name}.key`)});

  test(`${version}: client certificates are required and checked`, async () => {
    const service = await Service.start(conf(`${common}
      request-cert = on  ca = "@CERTS@/client-ca.pem"  crl = "@CERTS@/crl.pem"`));
    const first = await status(service.port, as('alice'));
    assert.ok((await status(service.port, {...as('alice'), session: first.session})).reused);
    await refused(service.port, v);
    await refused(service.port, as('stranger'), /UNKNOWN_CA/);
    await refused(service.port, as('mallory'), /REVOKED/);
  });

  test(`${version}: client certificates are asked for, not required`, async () => {
    const service = await Service.start(conf(`${common}
      request-cert = on  reject-unauthorized = off  ca = "@CERTS@/client-ca.pem"`));
    for (const options of [v, as('alice'), as('stranger')]) await status(service.port, options);
  });

  test(`${version}: a session of a lenient name opens no strict one`, async () => {
    const service = await Service.start(conf(`${common}
      host "api.example" { certificates = "api"  request-cert = on  ca = "@CERTS@/client-ca.pem" }`));
    const {session} = await status(service.port, v);
    await refused(service.port, {...v, servername: 'api.example', session});
    const strict = await status(service.port, {...as('alice'), servername: 'api.example', session});
    assert.ok(!strict.reused);
    assert.ok((await status(service.port, {...as('alice'), servername: 'api.example', session: strict.session})).reused);
  });
}

test('tickets-per-connection', async () => {
  const service = await Service.start(conf(common).replace('size=16M"', 'size=16M"  tickets-per-connection = 3'));
  const socket = await connect(service.port);
  let sessions = 0;
  socket.on('session', () => sessions++);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await drain(socket);
  assert.strictEqual(sessions, 3);
});

test('several frontends, IPv6 and Unix sockets', async () => {
  const service = await Service.start(conf(common, `frontend "unix" { listen = {"unix:@DIR@/u.sock", "[::1]:@PORT2@"}
    backend = "builtin:status"  ${common} }`));
  assert.strictEqual((await status(service.ports[2], {host: '::1'})).connection.frontend, 'unix');
  assert.strictEqual((await status(undefined, {path: `${service.dir}/u.sock`})).connection.frontend, 'unix');
  assert.strictEqual((await status(service.port)).connection.frontend, 'www');
});
