'use strict';
// Proxying: data between client and backend arrives unchanged in both directions, however large,
// slow, half-closed or broken either side is; the backend receives the client's address.
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {spawn} = require('child_process');
const tls = require('tls');
const {Service, backend, connect, drain, net, pem, program, sha, test, until} = require('./lib');

const conf = (backends, frontend = 'backend = "b"', more = '') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
${backends}
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  ${frontend} }
${more}`;
const to = (...addresses) => `backend "b" { address = {${addresses.map((a) => `"${a}"`)}} }`;

const echo = (socket) => socket.pipe(socket);
const large = crypto.randomBytes(20 << 20);

test('20 MB each way arrive unchanged', async () => {
  const b = await backend(echo);
  const service = await Service.start(conf(to(b.address_)));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const socket = await connect(service.port, {minVersion: version, maxVersion: version});
    const back = drain(socket);
    socket.end(large);
    assert.strictEqual(sha(await back), sha(large));
  }
  await b.stop();
});

test('half-close: the end of a request is passed on, the answer still comes', async () => {
  const b = await backend((s) => {
    const parts = [];
    s.on('data', (d) => parts.push(d));
    s.on('end', () => s.end(`got ${Buffer.concat(parts)}`));
  });
  const service = await Service.start(conf(to(b.address_)));
  const socket = await connect(service.port);
  const answer = drain(socket);
  socket.end('all of it');
  assert.strictEqual((await answer).toString(), 'got all of it');
  await b.stop();
});

test('the backend ends first: the client gets everything, then the end', async () => {
  const b = await backend((s) => s.once('data', () => s.end(large.subarray(0, 3 << 20))));
  const service = await Service.start(conf(to(b.address_)));
  const socket = await connect(service.port);
  const answer = drain(socket);
  socket.write('go');
  assert.strictEqual((await answer).length, 3 << 20);
  await b.stop();
});

test('a backend that answers in the middle of an upload and closes is heard', async () => {
  const b = await backend((s) => s.once('data', () => { s.write('too large'); setImmediate(() => s.destroy()); }));
  const service = await Service.start(conf(to(b.address_)));
  const answers = await Promise.all(Array.from({length: 20}, async () => {
    const socket = await connect(service.port);
    const answer = drain(socket);
    socket.write(large.subarray(0, 4 << 20));
    return (await answer).toString();
  }));
  assert.deepStrictEqual(answers, Array(20).fill('too large'));
  await b.stop();
});

// What TLS said of the end, as reprise-connect tells it.
const endOf = (port, request) => new Promise((done) => {
  const client = spawn(path.join(path.dirname(program), 'reprise-connect'), ['--json', '--no-reject-unauthorized', `127.0.0.1:${port}`]);
  let out = '';
  client.stdout.on('data', (text) => { out += text; });
  client.stdin.write(request);
  client.on('close', () => {
    const events = out.trim().split('\n').map((line) => JSON.parse(line));
    const bytes = events.filter((e) => e.event === 'data').reduce((sum, e) => sum + e.data.length / 2, 0);
    done({bytes, truncated: Boolean((events.find((e) => e.event === 'end') || {}).truncated)});
  });
});

test('an answer that breaks off ends without close_notify, a whole one with it', async () => {
  const b = await backend((s) => s.once('data', (d) => {
    s.write('half of it', () => (String(d) === 'break' ? s.resetAndDestroy() : s.end()));
  }));
  const service = await Service.start(conf(to(b.address_)));
  assert.deepStrictEqual(await endOf(service.port, 'break'), {bytes: 10, truncated: true});
  assert.deepStrictEqual(await endOf(service.port, 'end'), {bytes: 10, truncated: false});
  await b.stop();
});

test('a client that goes on sending after the end is not read for ever', async () => {
  const b = await backend((s) => s.once('data', () => s.end('all', () => s.destroy())));
  const service = await Service.start(conf(to(b.address_)));
  const socket = await connect(service.port, {allowHalfOpen: true});
  const gone = new Promise((done) => socket.once('close', done));
  let sent = 0;
  const more = () => {
    while (!socket.destroyed && socket.write(large)) sent += large.length;
    sent += large.length;
  };
  socket.on('error', () => {}).on('drain', more).resume();
  more();
  await gone;
  assert.ok(sent < 40 * large.length, `${sent} bytes were taken`);
  await b.stop();
});

// Most clients close at the close_notify, so the FIN is left to our close; these get it all the same.
test('the backend ends first: a client that only waits gets the FIN, too', async () => {
  const b = await backend((s) => s.once('data', () => s.end('all')));
  const service = await Service.start(conf(to(b.address_)));
  let finished = false;
  const relay = net.createServer({allowHalfOpen: true}, (client) => {
    const server = net.connect({port: service.port, host: '127.0.0.1', allowHalfOpen: true});
    server.on('end', () => { finished = true; });
    server.pipe(client, {end: false});
    client.pipe(server, {end: false});
    client.on('close', () => server.destroy());
  });
  await new Promise((done) => relay.listen(0, '127.0.0.1', done));
  const socket = await connect(relay.address().port, {allowHalfOpen: true});
  const ended = new Promise((done) => socket.once('end', done));
  const answer = drain(socket);
  socket.write('go');
  assert.strictEqual((await answer).toString(), 'all');
  await ended;
  await until('the FIN', () => finished);
  socket.destroy();
  relay.close();
  await b.stop();
});

test('a client that does not read stops the backend, not the worker', async () => {
  let sent = 0;
  const b = await backend((s) => {
    const more = () => { while (s.write(large.subarray(0, 65536))) sent += 65536; };
    s.on('drain', more);
    more();
  });
  const service = await Service.start(conf(to(b.address_)));
  const slow = await connect(service.port);
  slow.pause();
  slow.write('x');
  let last = -1;
  await until('the backend to stand still', async () => {
    const still = sent === last && sent > 0;
    last = sent;
    await new Promise((r) => setTimeout(r, 300));
    return still;
  });
  assert.ok(sent < 40 << 20, `${sent} bytes were taken`);
  const quick = await connect(service.port); // the others are served
  quick.write('x');
  await new Promise((done) => quick.once('data', done));
  quick.destroy();
  slow.destroy();
  await b.stop();
});

test('several addresses are tried in turn; a Unix socket is one', async () => {
  const service = new Service(conf(to('127.0.0.1:1', 'unix:@DIR@/b.sock', '127.0.0.1:2')));
  const b = await backend(echo, path.join(service.dir, 'b.sock'));
  await service.begin();
  for (let i = 0; i < 6; i++) {
    const socket = await connect(service.port);
    const answer = drain(socket);
    socket.end(`hello ${i}`);
    assert.strictEqual((await answer).toString(), `hello ${i}`);
  }
  await b.stop();
});

test('no backend: the connection ends, the service stays, the log says which', async () => {
  const service = await Service.start(conf(to('127.0.0.1:1')));
  for (let i = 0; i < 5; i++) {
    const socket = await connect(service.port);
    socket.on('error', () => {});
    await drain(socket).catch(() => {});
  }
  await service.said(/127\.0\.0\.1:1/);
  const b = await backend(echo);
  service.configure(conf(to(b.address_)));
  await service.reload();
  const socket = await connect(service.port);
  const answer = drain(socket);
  socket.end('up again');
  assert.strictEqual((await answer).toString(), 'up again');
  await b.stop();
});

// An address whose backlog is full: a connection to it is neither accepted nor refused.
async function silentAddress() {
  const child = spawn(process.execPath, ['-e', `const s = require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, () => {
    require('fs').writeSync(1, s.address().port + '\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // accepts nothing, ever
  });`], {stdio: ['ignore', 'pipe', 'ignore']});
  process.once('exit', () => child.kill('SIGKILL'));
  const port = await new Promise((done) => child.stdout.once('data', (text) => done(Number(text))));
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`, fillers = [];
  const queued = () => Number.parseInt(fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .find((row) => row[1]?.endsWith(end) && row[3] === '0A')[4].split(':')[1], 16);
  for (let i = 0; i < 2; i++) { // the kernel takes one more than the backlog
    fillers.push(net.connect(port, '127.0.0.1').on('error', () => {}));
    await until('the backlog has one more', () => queued() === i + 1);
  }
  return {address: `127.0.0.1:${port}`, end: () => { for (const s of fillers) s.destroy(); child.kill('SIGKILL'); }};
}

const backendFailures = (service) => JSON.parse(service.command('status', '--json').out).counters.backendFailures;

test('addresses that do not answer share the connect-timeout with those that do', async () => {
  const silent = [await silentAddress(), await silentAddress()], b = await backend(echo);
  const addresses = [...silent.map((s) => s.address), b.address_];
  const service = await Service.start(conf(to(...addresses).replace(' }', '  connect-timeout = 4s }')).replace('workers = 2', 'workers = 1'));
  const socket = await connect(service.port), answer = drain(socket);
  socket.end('hello');
  assert.strictEqual((await answer).toString(), 'hello');
  assert.strictEqual(backendFailures(service), 2);
  await service.said(new RegExp(`backend connect failed .*${silent[0].address}.*ETIMEDOUT.*connect-timeout = 4000ms is shared by 3 addresses`));
  // Less than a second for each is too little: the first has all of it, and no time is left for a second.
  service.configure(service.template.replace(`,"${b.address_}"`, '').replace('4s', '300ms'));
  await service.reload();
  const failures = backendFailures(service), lost = await connect(service.port);
  lost.on('error', () => {});
  await drain(lost).catch(() => {});
  await service.said(/connect-timeout = 300ms is shared by 2 addresses/);
  assert.strictEqual(backendFailures(service) - failures, 1);
  for (const s of silent) s.end();
  await b.stop();
});

test('a backend that resets ends the client, and nobody else', async () => {
  const b = await backend((s) => s.once('data', () => s.resetAndDestroy()));
  const service = await Service.start(conf(to(b.address_)));
  for (let i = 0; i < 20; i++) {
    const socket = await connect(service.port);
    socket.on('error', () => {});
    socket.write('x');
    await drain(socket).catch(() => {});
  }
  await b.stop();
});

test('ALPN and SNI choose the backend', async () => {
  const say = (name) => backend((s) => s.end(name));
  const [plain, h2, api] = await Promise.all([say('plain'), say('h2'), say('api')]);
  const service = await Service.start(conf(`
    backend "b" { address = "${plain.address_}" }  backend "h2" { address = "${h2.address_}" }
    backend "api" { address = "${api.address_}" }
    certificate "api" { cert = "@CERTS@/api.pem"  key = "@CERTS@/api.key" }`, `backend = "b"
    alpn-protocols = {"h2", "http/1.1"}  alpn-backend = {"h2=h2"}
    host "api.example" { certificates = "api"  backend = "api" }`));
  const ask = async (options) => (await drain(await connect(service.port, options))).toString();
  assert.strictEqual(await ask({}), 'plain');
  assert.strictEqual(await ask({ALPNProtocols: ['http/1.1']}), 'plain');
  assert.strictEqual(await ask({ALPNProtocols: ['http/1.1', 'h2']}), 'h2');
  assert.strictEqual(await ask({servername: 'api.example'}), 'api');
  for (const b of [plain, h2, api]) await b.stop();
});

test('a host has ALPN protocols of its own, in full and resumed handshakes', async () => {
  const say = (name) => backend((s) => s.end(name));
  const [plain, h2, api] = await Promise.all([say('plain'), say('h2'), say('api')]);
  const service = await Service.start(conf(`
    backend "b" { address = "${plain.address_}" }  backend "h2" { address = "${h2.address_}" }
    backend "api" { address = "${api.address_}" }
    certificate "api" { cert = "@CERTS@/api.pem"  key = "@CERTS@/api.key" }`, `backend = "b"
    alpn-protocols = {"h2", "http/1.1"}  alpn-backend = {"h2=h2"}
    host "api.example" { certificates = "api"  backend = "api"  alpn-protocols = "http/1.1" }`));
  const warnings = () => JSON.parse(service.command('check', '--json').out).warnings;
  assert.deepStrictEqual(warnings(), []);
  const ask = async (options) => {
    const socket = await connect(service.port, {ALPNProtocols: ['h2', 'http/1.1'], ...options});
    const said = (await drain(socket)).toString();
    return {said, alpn: socket.alpnProtocol, reused: socket.isSessionReused(), session: socket.newest};
  };
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    for (const [servername, alpn, said] of [['api.example', 'http/1.1', 'api'], ['localhost', 'h2', 'h2']]) {
      const options = {servername, minVersion: version, maxVersion: version}, first = await ask(options);
      assert.deepStrictEqual([first.said, first.alpn, first.reused], [said, alpn, false]);
      const again = await ask({...options, session: first.session});
      assert.deepStrictEqual([again.said, again.alpn, again.reused], [said, alpn, true], version);
    }
    const refused = await ask({servername: 'api.example', ALPNProtocols: ['h2'], minVersion: version, maxVersion: version})
      .catch((e) => e);
    assert.match(refused.code, /NO_APPLICATION_PROTOCOL/);
  }
  service.configure(service.template.replace('alpn-protocols = "http/1.1"', ''));
  assert.match(warnings()[0], /alpn-protocols: clients of host "api\.example" can select h2, which its backend "api" may not support/);
  for (const b of [plain, h2, api]) await b.stop();
});

// -- the PROXY protocol

// The header a backend got, and a TLV table of it.
function parseV2(bytes) {
  assert.strictEqual(bytes.subarray(0, 12).toString('hex'), '0d0a0d0a000d0a515549540a');
  const length = bytes.readUInt16BE(14);
  const header = {command: bytes[12], family: bytes[13], source: [...bytes.subarray(16, 20)].join('.'),
    port: bytes.readUInt16BE(24), tlvs: {}, rest: bytes.subarray(16 + length)};
  for (let at = 16 + 12; at < 16 + length;) {
    const n = bytes.readUInt16BE(at + 1);
    header.tlvs[bytes[at]] = bytes.subarray(at + 3, at + 3 + n);
    at += 3 + n;
  }
  return header;
}

function subTlvs(bytes) {
  const all = {client: bytes[0], verify: bytes.readUInt32BE(1)};
  for (let at = 5; at < bytes.length;) {
    const n = bytes.readUInt16BE(at + 1);
    all[bytes[at]] = bytes.subarray(at + 3, at + 3 + n).toString();
    at += 3 + n;
  }
  return all;
}

const collector = () => {
  const seen = [];
  return backend((s) => {
    const parts = [];
    s.on('data', (d) => parts.push(d));
    s.on('end', () => { seen.push(Buffer.concat(parts)); s.end('ok'); });
  }).then((b) => Object.assign(b, {seen}));
};

test('PROXY v2 out: address, ALPN, AUTHORITY, SSL with the client certificate', async () => {
  const b = await collector();
  const service = await Service.start(conf(`backend "b" { address = "${b.address_}"  proxy-protocol = v2 }`,
    'backend = "b"  alpn-protocols = "h2"  request-cert = on  ca = "@CERTS@/client-ca.pem"'));
  const socket = await connect(service.port, {ALPNProtocols: ['h2'], cert: pem('alice.pem'), key: pem('alice.key')});
  const {localPort} = socket;
  const answer = drain(socket);
  socket.end('payload');
  assert.strictEqual((await answer).toString(), 'ok');
  const header = parseV2(b.seen[0]);
  assert.strictEqual(header.command, 0x21);
  assert.strictEqual(header.family, 0x11);
  assert.strictEqual(header.source, '127.0.0.1');
  assert.strictEqual(header.port, localPort);
  assert.strictEqual(header.rest.toString(), 'payload');
  assert.strictEqual(header.tlvs[1].toString(), 'h2');
  assert.strictEqual(header.tlvs[2].toString(), 'localhost');
  const ssl = subTlvs(header.tlvs[0x20]);
  assert.strictEqual(ssl.client & 7, 7);
  assert.strictEqual(ssl.verify, 0);
  assert.strictEqual(ssl[0x21], 'TLSv1.3');
  assert.strictEqual(ssl[0x22], 'alice');
  assert.strictEqual(ssl[0x26], 'x25519');
  await b.stop();
});

test('PROXY v1 out', async () => {
  const b = await collector();
  const service = await Service.start(conf(`backend "b" { address = "${b.address_}"  proxy-protocol = v1 }`));
  const socket = await connect(service.port);
  const {localPort} = socket;
  const answer = drain(socket);
  socket.end('payload');
  await answer;
  assert.strictEqual(b.seen[0].toString(), `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${service.port}\r\npayload`);
  await b.stop();
});

// TLS over a raw socket on which `header` was written first.
async function throughProxy(port, header) {
  const raw = net.connect(port, '127.0.0.1');
  await new Promise((done) => raw.once('connect', done));
  raw.on('error', () => {});
  raw.write(header);
  return new Promise((done, fail) => {
    const socket = tls.connect({socket: raw, servername: 'localhost', ca: pem('ca.pem')}, () => done(socket));
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('closed')));
  });
}

const v2 = (hex) => Buffer.from(`0d0a0d0a000d0a515549540a${hex}`, 'hex');

test('PROXY in, v1 and v2: the address goes on to the backend', async () => {
  const b = await collector();
  const service = await Service.start(conf(`backend "b" { address = "${b.address_}"  proxy-protocol = v1 }`,
    'backend = "b"  proxy-protocol = on'));
  for (const header of ['PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n',
    v2('2111000cc0000207c633640112670' + '1bb'), v2('21110013c0000207c6336401126701bb' + '04000461626364')]) {
    b.seen.length = 0;
    const socket = await throughProxy(service.port, header);
    const answer = drain(socket);
    socket.end('x');
    await answer;
    assert.strictEqual(b.seen[0].toString(), 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\nx');
  }
  b.seen.length = 0;
  const socket = await throughProxy(service.port, v2('20000000')); // LOCAL: the real address
  const {localPort} = socket;
  const answer = drain(socket);
  socket.end('x');
  await answer;
  assert.match(b.seen[0].toString(), new RegExp(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort || '\\d+'} `));
  await b.stop();
});

test('PROXY in: whoever does not begin with a right header is dropped', async () => {
  const service = await Service.start(conf('', 'backend = "builtin:echo"  proxy-protocol = v1  handshake-timeout = 2s'));
  await Promise.all(['', 'PROXY\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`, v2('2111000cc0000207c6336401126701bb'), 'PROXY TCP4 1.2.3.4']
    .map((header) => assert.rejects(throughProxy(service.port, header), `"${header}"`)));
  await throughProxy(service.port, 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n').then((s) => s.destroy());
});

test('idle connections end at the idle timeout, busy ones do not', async () => {
  const b = await backend(echo);
  const service = await Service.start(conf(to(b.address_), 'backend = "b"  idle-timeout = 2s'));
  const [idle, busy] = await Promise.all([connect(service.port), connect(service.port)]);
  let ended = false;
  idle.on('error', () => {});
  idle.resume().on('close', () => { ended = true; });
  for (let i = 0; !ended; i++) {
    const answer = new Promise((done) => busy.once('data', done));
    busy.write(`${i}`);
    await answer;
    await new Promise((r) => setTimeout(r, 50));
    assert.ok(i < 200);
  }
  assert.ok(!busy.destroyed);
  busy.destroy();
  await b.stop();
});

test('redirect leads to the usual port; echo echoes', async () => {
  const service = await Service.start(conf('', 'backend = "builtin:redirect"',
    'frontend "e" { listen = "127.0.0.1:@PORT2@"  certificates = "ecdsa"  backend = "builtin:echo" }'));
  const socket = await connect(service.port);
  const answer = drain(socket);
  socket.write('GET /a?b HTTP/1.1\r\nHost: www.example:8443\r\nConnection: close\r\n\r\n');
  assert.match((await answer).toString(), /^HTTP\/1\.1 30[1278] [^\r]*\r\n(?:.*\r\n)*Location: https:\/\/www\.example\/a\?b\r\n/i);
  const e = await connect(service.ports[2]);
  const back = drain(e);
  e.end('as it came');
  assert.strictEqual((await back).toString(), 'as it came');
});
