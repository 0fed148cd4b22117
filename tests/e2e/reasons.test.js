'use strict';
// Every end of a connection has a reason in the access log, in status and in metrics, by frontend.
const assert = require('assert');
const {execFile} = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');
const {Service, backend, certs, connect, freePort, net, pem, status: get, test, top, until} = require('./lib');

const ok = () => {}; // what a client sees is not the subject here

const conf = (frontends, more = '') => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
log { access = on }  stop-timeout = 1s
cache { store = "lmdb:sessions?size=16M" }
admin { listen = "127.0.0.1:@PORT3@" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
${more}
${frontends}
`;
const frontend = (name, port, options = '') =>
  `frontend "${name}" { listen = "127.0.0.1:${port}"  certificates = "ecdsa"  ${/backend/.test(options) ? '' : 'backend = "builtin:echo"'}  ${options} }`;

const closed = (socket) => new Promise((done) => socket.once('close', done));

// A plain connection that sends these bytes; `end` says how it goes, if it does.
function raw(port, bytes = '', end = ok) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => (bytes.length ? socket.write(bytes, () => end(socket)) : end(socket)));
    socket.on('error', ok);
    socket.on('close', done);
    socket.resume();
  });
}

// A TLS client that fails, or is refused.
const attempt = (port, options) => connect(port, options).then(async (socket) => {
  socket.resume();
  await closed(socket); // TLS 1.3: it hears of it after its handshake
}, ok);

// A TLS client through a relay of ours; the relay's connection to the service, when a byte has been echoed.
async function relayed(port) {
  let far;
  const relay = net.createServer((near) => {
    far = net.connect(port, '127.0.0.1');
    near.on('error', ok).pipe(far).on('error', ok).pipe(near);
  });
  await new Promise((done) => relay.listen(0, '127.0.0.1', done));
  const socket = await connect(relay.address().port);
  relay.close();
  socket.on('error', ok).write('x');
  await new Promise((done) => socket.once('data', done));
  return far;
}

const identity = (name) => ({cert: pem(`${name}.pem`), key: pem(`${name}.key`)});
const asks = 'request-cert = on  ca = "@CERTS@/client-ca.pem"';
const half = Buffer.from('160301010001', 'hex');

// Sends until the service has enough of it.
async function sendOn(port) {
  const socket = await connect(port, {allowHalfOpen: true}), chunk = Buffer.alloc(1 << 20);
  socket.write('GET / HTTP/1.0\r\n\r\n');
  await new Promise((done) => socket.once('data', done));
  const over = closed(socket);
  const more = () => { while (!socket.destroyed && socket.write(chunk)); };
  socket.on('drain', more).resume();
  more();
  await over;
}

// A client that trusts other authorities, and says so; node's closes without an alert.
const distrust = (port) => new Promise((done) => {
  execFile('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', path.join(certs, 'other-ca.pem'), '-verify_return_error'], done).stdin.end();
});

// Reason: the frontend's options, what provokes it, and what its line says besides. `quiet`: no warning.
const rows = {
  max_connections: {options: 'max-connections = 1', run: async (port) => { await connect(port); await attempt(port); }, line: /^connection refused/},
  per_source_connections: {options: 'per-source-connections = 1', run: async (port) => { await connect(port); await attempt(port); }, line: /^connection refused/},
  handshakes_per_second: {options: 'handshakes-per-second = 1', many: true, line: /^connection refused/,
    run: async (port) => { for (let failed = false; !failed;) await connect(port).then((s) => s.destroy(), () => { failed = true; }); }},
  proxy_source: {options: 'proxy-protocol = on  proxy-from = "127.0.0.2"', run: (port) => raw(port), line: /^connection refused/},
  tcp_probe: {quiet: true, run: (port) => raw(port, '', (s) => s.end()), line: /^connection /},
  handshake_timeout: {options: 'handshake-timeout = 1s', run: (port) => raw(port)},
  max_handshakes: {options: 'max-handshakes = 1',
    run: async (port) => { const first = raw(port, half); raw(port, half); await first; }},
  proxy_header: {options: 'proxy-protocol = on', run: (port) => raw(port, 'HELLO\r\n'), more: /code=ERR_PROXY_PROTOCOL/},
  not_tls: {run: (port) => raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')},
  protocol_version: {options: 'min-version = "TLSv1.3"', run: (port) => attempt(port, {maxVersion: 'TLSv1.2'}), more: /alert-sent=protocol_version/},
  no_shared_cipher: {options: 'ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"',
    run: (port) => attempt(port, {maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256'}), more: /alert-sent=handshake_failure/},
  no_shared_group: {options: 'ecdh-curve = "P-384"', run: (port) => attempt(port, {minVersion: 'TLSv1.3', ecdhCurve: 'P-521'})},
  no_shared_signature_algorithm: {run: (port) => attempt(port, {minVersion: 'TLSv1.3', sigalgs: 'rsa_pss_rsae_sha256'})},
  unknown_server_name: {options: 'strict-sni = on', run: (port) => attempt(port, {servername: 'other.example'}), more: /sni=other\.example.*alert-sent=unrecognized_name/},
  no_application_protocol: {options: 'alpn-protocols = {"h2"}', run: (port) => attempt(port, {ALPNProtocols: ['xmpp-client']}), more: /alert-sent=no_application_protocol/},
  certificate_missing: {options: asks, run: (port) => attempt(port), more: /alert-sent=certificate_required/},
  certificate_invalid: {options: asks, run: (port) => attempt(port, identity('stranger')),
    more: /verify=UNABLE_TO_VERIFY_LEAF_SIGNATURE verify-text="[a-z ]+" depth=0 subject="CN=stranger" alert-sent=[a-z_]+/},
  alert_received: {run: distrust, more: /alert-received=unknown_ca/},
  client_closed: {quiet: true, run: (port) => raw(port, half, (s) => s.end())},
  protocol_error: {run: (port) => raw(port, Buffer.from('1603010005ff00000100', 'hex')), more: /alert-sent=unexpected_message/},
  closed: {quiet: true, run: (port) => connect(port).then((s) => { const over = closed(s); s.resume().end(); return over; }), line: /^connection /},
  idle_timeout: {quiet: true, options: 'idle-timeout = 1s', run: (port) => attempt(port), line: /^connection /},
  client_lost: {quiet: true, line: /^connection /, more: /error="read ECONNRESET/,
    run: async (port) => { (await relayed(port)).resetAndDestroy(); }},
  client_error: {quiet: true, line: /^connection /, more: /alert-sent=bad_record_mac .*error=/,
    run: async (port) => { const far = await relayed(port), over = closed(far); far.write(Buffer.from('1703030020' + 'aa'.repeat(32), 'hex')); await over; }},
  client_lingers: {quiet: true, options: 'backend = "builtin:status"', line: /^connection /, run: sendOn},
  backend_unreachable: {quiet: true, options: 'backend = "nobody"', line: /^connection /, run: attempt,
    more: /backend-errors="127\.0\.0\.1:\d+: connect ECONNREFUSED[^"]*; 127\.0\.0\.1:\d+: connect ECONNREFUSED/},
  backend_lost: {quiet: true, options: 'backend = "resetting"', line: /^connection /, more: /backend-errors="127\.0\.0\.1:\d+: read ECONNRESET/,
    run: async (port) => { const s = await connect(port), over = closed(s); s.on('error', ok); s.resume().write('x'); await over; }},
};

function metrics(service) {
  return new Promise((done, fail) => {
    http.get({port: service.ports[3], path: '/metrics'}, (answer) => {
      let text = '';
      answer.on('data', (data) => { text += data; }).on('end', () => done(text));
    }).on('error', fail);
  });
}

const status = (service) => JSON.parse(service.command('status', '--json').out);
const lines = (service, name, pattern) => service.log.split('\n').filter((line) => line.includes(` frontend=${name} `) && pattern.test(line));

async function check(service, at, {as = at, quiet, many, line = /^handshake failed/, more = /./}) {
  const name = as;
  const ends = await until(`${name} in status`, () => { const all = status(service).ended[at]; return all[name] && all; });
  if (!many) assert.strictEqual(ends[name], 1, name);
  if (name !== 'closed' && !quiet && !many) assert.deepStrictEqual(Object.keys(ends).filter((code) => code !== 'closed'), [name]);
  assert.match(await metrics(service), new RegExp(`^reprise_connections_ended_total\\{frontend="${at}",reason="${name}"\\} ${ends[name]}$`, 'm'));
  const [found] = await until(() => `${name} in ${service.log}`, () => {
    const all = lines(service, at, new RegExp(` info .* reason=${name}( |$)`));
    return all.length > 0 && all;
  });
  const message = found.replace(/^.*?\]: /, '');
  assert.match(message, line);
  assert.match(message, more);
  assert.match(message, / client=127\.0\.0\.1:\d+ /);
  assert.strictEqual(lines(service, at, / warn .*clients refused/).length, quiet ? 0 : 1, service.log);
  if (!quiet) assert.match(lines(service, at, /clients refused/)[0], new RegExp(` reason=${name} count=1 text=.* client=127\\.0\\.0\\.1:\\d+`));
}

test('reasons: every end of a connection has its code in the access log, status and metrics', async () => {
  const ports = {};
  for (const name of Object.keys(rows)) ports[name] = await freePort();
  const resetting = await backend((socket) => socket.once('data', () => socket.write('half', () => socket.resetAndDestroy())));
  const backends = `backend "nobody" { address = {"127.0.0.1:${await freePort()}", "127.0.0.1:${await freePort()}"} }
    backend "resetting" { address = "${resetting.address_}" }`;
  const service = await Service.start(conf(Object.entries(rows).map(([name, row]) => frontend(name, ports[name], row.options)).join('\n'), backends));
  for (const [name, row] of Object.entries(rows)) {
    await row.run(ports[name]);
    await check(service, name, row);
  }
  const {counters} = status(service);
  assert.strictEqual(counters.tcpProbes, 1);
  assert.strictEqual(counters.idleTimeouts, 1);
  assert.strictEqual(counters.handshakeTimeouts, 1);
  assert.strictEqual(counters.handshakesCut, 1);
  assert.strictEqual(counters.proxiesRefused, 1);
  assert.match(service.command('status').out, /^frontend tcp_probe: ended: 1 tcp_probe$/m);
  await resetting.stop();
});

test('reasons: a file descriptor limit, and the end of a drain', async () => {
  const port = await freePort(), open = frontend('www', port);
  const service = await Service.start(conf(open, 'drain-timeout = 1s'), {descriptors: 150});
  const sockets = [];
  while (await connect(port).then((s) => sockets.push(s.on('error', ok)), () => false));
  await check(service, 'www', {as: 'descriptor_limit', line: /^connection refused/, many: true});
  sockets.pop().destroy();
  await until('room for one more', () => status(service).counters.active === sockets.length);
  const unfinished = raw(port, half); // a handshake that is not complete ends, too
  await until('it is there', () => status(service).counters.active === sockets.length + 1);
  await service.reload();
  await unfinished;
  await Promise.all(sockets.map((s) => { s.resume(); return s.destroyed || closed(s); }));
  await until('the drain is over', () => status(service).ended.www.drain_timeout === sockets.length + 1);
  await until('its lines', () => lines(service, 'www', / info .*connection .*reason=drain_timeout/).length === sockets.length);
  assert.strictEqual(lines(service, 'www', / info .*handshake failed .*reason=drain_timeout/).length, 1);
  assert.strictEqual(lines(service, 'www', / warn .*reason=drain_timeout/).length, 0);
});

test('reasons: without an access log refused clients are logged once, with their number, and counted', async () => {
  const service = await Service.start(conf(frontend('www', '@PORT@', 'min-version = "TLSv1.3"')).replace('access = on', 'access = off'));
  for (let i = 0; i < 5; i++) {
    await attempt(service.port, {maxVersion: 'TLSv1.2'});
    await raw(service.port, '', (s) => s.end());
    await connect(service.port).then((s) => { const over = closed(s); s.resume().end(); return over; });
  }
  await until('their ends', () => status(service).counters.active === 0);
  const {counters, ended} = status(service);
  assert.deepStrictEqual(ended, {www: {tcp_probe: 5, protocol_version: 5, closed: 5}});
  assert.strictEqual(counters.accepted, 15);
  assert.strictEqual(counters.handshakesFailed, 5);
  assert.strictEqual(counters.tcpProbes, 5);
  await service.stop();
  const told = service.log.split('\n').filter((line) => / frontend=www /.test(line));
  assert.strictEqual(told.length, 2, service.log);
  assert.match(told[0], / warn .*clients refused frontend=www reason=protocol_version count=1 text=.*code=ERR_SSL_UNSUPPORTED_PROTOCOL/);
  assert.match(told[1], / warn .*clients refused frontend=www reason=protocol_version count=4 /);
});

// A port check with PROXY headers is one, too; a client that has begun to say something is not.
test('reasons: probes', async () => {
  const service = await Service.start(conf(frontend('www', '@PORT@') + frontend('proxied', '@PORT2@', 'proxy-protocol = on')));
  const ends = (name) => status(service).ended[name];
  await raw(service.port, half, (s) => s.resetAndDestroy());
  await until(() => `a reset: ${JSON.stringify(ends('www'))}`, () => ends('www').client_closed === 1);
  await raw(service.ports[2], 'PROXY UNKNOWN\r\n', (s) => s.end());
  await raw(service.ports[2], Buffer.concat([Buffer.from('PROXY UNKNOWN\r\n'), half]), (s) => s.end());
  await raw(service.ports[2], 'PROXY UNK', (s) => s.end());
  await until('PROXY headers', () => ends('proxied').tcp_probe === 1 && ends('proxied').client_closed === 2);
  assert.strictEqual(service.count(/clients refused/g), 0);
});

// Two that no client can provoke: out of memory, and errors without a name of their own.
test('reasons: all of the manual are tested here', () => {
  const manual = fs.readFileSync(path.join(top, 'master/reprise.8'), 'utf8').split('.Sh REASONS\n')[1].split('\n.Sh ')[0];
  const listed = manual.match(/^\.It Cm \w+$/gm).map((line) => line.slice(7));
  const tested = [...Object.keys(rows), 'descriptor_limit', 'drain_timeout', 'no_memory', 'handshake_error'];
  assert.deepStrictEqual(tested.sort(), listed.sort());
});

test('reasons: the line of the access log names the group, also of a connection that resumes', async () => {
  const service = await Service.start(conf(frontend('www', '@PORT@', 'backend = "builtin:status"  ecdh-curve = "P-384:P-256"')));
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const first = await get(service.port, {maxVersion});
    assert.strictEqual(first.connection.group, 'secp384r1');
    assert.strictEqual((await get(service.port, {maxVersion, session: first.session})).connection.resumed, 'ticket');
  }
  const other = await get(service.port, {maxVersion: 'TLSv1.2', ecdhCurve: 'P-256'});
  assert.strictEqual(other.connection.group, 'secp256r1');
  await until('their lines', () => service.count(/ connection .* group=secp384r1 /g) === 4 && service.count(/ connection .* group=secp256r1 /g) === 1);
  assert.match(await metrics(service), /^reprise_groups_total\{group="secp384r1"\} 4$/m);
});
