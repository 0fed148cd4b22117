'use strict';
// Hostile clients: each gets the right alert, a full handshake or a timeout. No worker crashes or
// stops serving others: after each test the same processes still serve.
const assert = require('assert');
const crypto = require('crypto');
const {Service, backend, connect, drain, net, sleep, status, test, tls, until} = require('./lib');

const conf = (frontend = 'backend = "builtin:status"', more = '') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M"  ${more} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  ${frontend} }
`;

// What comes back for these bytes, and whether the other side closes; `pause` between single bytes.
function raw(port, bytes, {single = false, half = false, wait = 10000} = {}) {
  return new Promise((done) => {
    const socket = net.connect({port, host: '127.0.0.1', allowHalfOpen: true});
    const parts = [];
    const timer = setTimeout(() => finish('open'), wait);
    const finish = (how) => { clearTimeout(timer); socket.destroy(); done({how, bytes: Buffer.concat(parts)}); };
    socket.on('data', (d) => parts.push(d));
    socket.on('end', () => finish('end'));
    socket.on('error', (e) => finish(e.code));
    socket.on('connect', async () => {
      socket.setNoDelay(true);
      if (!single) socket.write(bytes);
      else for (const byte of bytes) { socket.write(Buffer.from([byte])); await sleep(0); }
      if (half) socket.end();
    });
  });
}

// The first flight of a real client.
function hello(options = {}) {
  return new Promise((done) => {
    const server = net.createServer((s) => s.once('data', (data) => { s.destroy(); server.close(); done(data); }));
    server.listen(0, '127.0.0.1', () => {
      tls.connect({port: server.address().port, host: '127.0.0.1', servername: 'localhost', ...options}).on('error', () => {});
    });
  });
}

const alert = ({bytes}) => bytes.length >= 7 && bytes[bytes.length - 7] === 0x15 ? bytes[bytes.length - 1] : undefined;
const UNEXPECTED = 10, OVERFLOW = 22, DECODE = 50, VERSION = 70;

async function unharmed(service, run) {
  const before = service.workers();
  await run();
  await status(service.port);
  assert.deepStrictEqual(service.workers(), before);
}

test('what is no TLS', async () => {
  const service = await Service.start(conf());
  await unharmed(service, async () => {
    const end = async (bytes, code) => {
      const result = await raw(service.port, bytes);
      assert.strictEqual(result.how, 'end', bytes.toString('hex').slice(0, 40));
      if (code) assert.strictEqual(alert(result), code, result.bytes.toString('hex'));
    };
    await end(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    await end(Buffer.alloc(100));
    await end(Buffer.from('1603017fff0100', 'hex'), OVERFLOW);
    await end(Buffer.from('15030300020128', 'hex'), UNEXPECTED);
    await end(Buffer.from('1703030005aaaaaaaaaa', 'hex'), UNEXPECTED);
    await end(Buffer.from('140303000101', 'hex'), UNEXPECTED);
    for (let i = 0; i < 50; i++) {
      const noise = crypto.randomBytes(300);
      noise[0] &= 0x7f; // else it may look like the length of an SSLv2 record
      await raw(service.port, noise, {half: true});
    }
  });
});

test('a hello in pieces, in half, twice, changed', async () => {
  const service = await Service.start(conf());
  const good = await hello();
  await unharmed(service, async () => {
    const answered = ({bytes}) => assert.strictEqual(bytes[0], 0x16, bytes.toString('hex'));
    answered(await raw(service.port, good, {single: true, half: true}));
    const records = Buffer.concat([...good.subarray(5)].map((byte) => Buffer.from([0x16, 3, 1, 0, 1, byte])));
    answered(await raw(service.port, records, {half: true}));
    const half = await raw(service.port, good.subarray(0, good.length / 2), {half: true});
    assert.strictEqual(half.how, 'end');
    assert.strictEqual((await raw(service.port, Buffer.concat([good, good]))).how, 'end');
    const old = Buffer.from(good);
    old[9] = 2;
    assert.strictEqual(alert(await raw(service.port, old)), VERSION);
    const short = Buffer.from(good);
    short[8] -= 1; // the handshake message ends before its extensions do
    assert.strictEqual(alert(await raw(service.port, short)), DECODE);
    for (let i = 9; i < good.length; i += 3) { // any byte may be wrong
      const bad = Buffer.from(good);
      bad[i] ^= 1 << i % 8;
      await raw(service.port, bad, {half: true});
    }
  });
});

test('broken tickets and sessions: full handshakes', async () => {
  const service = await Service.start(conf('backend = "builtin:status"'));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const options = {minVersion: version, maxVersion: version};
    const {session} = await status(service.port, options);
    for (let i = 1; i < 12; i++) {
      const bad = Buffer.from(session); // the ticket is the long string in the session's ASN.1
      const at = bad.length - Math.floor(bad.length * i / 14);
      bad[at] ^= 0x10;
      try { await status(service.port, {...options, session: bad}); } catch (e) {
        assert.match(String(e.code), /ERR_/, 'the client itself refuses this one');
      }
    }
    assert.ok((await status(service.port, {...options, session})).reused);
  }
});

test('handshakes that stop are ended by the timeout', async () => {
  const service = await Service.start(conf('backend = "builtin:status"  handshake-timeout = 2s'));
  const good = await hello();
  await unharmed(service, async () => {
    const results = await Promise.all([Buffer.alloc(0), good.subarray(0, 1), good.subarray(0, 100), good]
      .map((bytes) => raw(service.port, bytes)));
    for (const {how} of results) assert.strictEqual(how, 'end');
  });
  assert.ok((await status(service.port)).cluster.handshakeTimeouts >= 3);
});

test('floods of resets', async () => {
  const service = await Service.start(conf());
  const good = await hello();
  await unharmed(service, async () => {
    for (let round = 0; round < 10; round++)
      await Promise.all(Array.from({length: 50}, (_, i) => new Promise((done) => {
        const socket = net.connect(service.port, '127.0.0.1', () => {
          socket.write(good.subarray(0, i * 11 % good.length), () => socket.resetAndDestroy());
        });
        socket.on('error', () => {});
        socket.on('close', done);
      })));
  });
  await until('all are gone', async () => (await status(service.port)).cluster.active === 1);
});

test('1000 connections at once, all served', async () => {
  const b = await backend((s) => s.once('data', (d) => s.end(d)));
  const service = await Service.start(conf('backend = "b"').replace('certificate', `backend "b" { address = "${b.address_}" }\ncertificate`));
  const sockets = [];
  for (let i = 0; i < 1000; i += 100)
    sockets.push(...await Promise.all(Array.from({length: 100}, () => connect(service.port))));
  const answers = await Promise.all(sockets.map((socket, i) => {
    const answer = drain(socket);
    socket.write(`number ${i}`);
    return answer;
  }));
  answers.forEach((text, i) => assert.strictEqual(text.toString(), `number ${i}`));
  await b.stop();
});

test('slow readers and writers hold up nobody', async () => {
  const service = await Service.start(conf('backend = "builtin:echo"'));
  const slow = await Promise.all(Array.from({length: 20}, () => connect(service.port)));
  for (const socket of slow) { socket.pause(); socket.on('error', () => {}); socket.write(Buffer.alloc(4 << 20)); }
  for (let i = 0; i < 20; i++) {
    const quick = await connect(service.port);
    const answer = drain(quick);
    quick.end('quick');
    assert.strictEqual((await answer).toString(), 'quick');
  }
  for (const socket of slow) socket.destroy();
});

test('requests that are no HTTP', async () => {
  const service = await Service.start(conf());
  await unharmed(service, async () => {
    for (const text of ['\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `GET /${'x'.repeat(100000)} HTTP/1.1\r\n\r\n`,
      'GET / HTTP/1.1\r\n\r\n', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '\0\0\0\0', 'GET / HTTP/1.1\r\nHost: a\r\nA: \x01\r\n\r\n']) {
      const socket = await connect(service.port);
      socket.on('error', () => {});
      const answer = drain(socket).catch(() => Buffer.alloc(0));
      socket.end(text);
      assert.doesNotMatch((await answer).toString(), /^HTTP\/1\.1 2/, JSON.stringify(text.slice(0, 40)));
    }
  });
});

test('limits: connections, sources', async () => {
  const service = await Service.start(conf('backend = "builtin:echo"  max-connections = 5'));
  const held = await Promise.all(Array.from({length: 5}, () => connect(service.port)));
  await assert.rejects(connect(service.port));
  held.pop().destroy();
  await until('room for one more', () => connect(service.port).then((s) => held.push(s), () => false));
  service.configure(service.template.replace('max-connections = 5', 'per-source-connections = 2'));
  await service.reload(); // each generation counts for itself
  for (const socket of held) socket.destroy();
  const two = [await connect(service.port), await connect(service.port)];
  await assert.rejects(connect(service.port));
  const other = await connect(service.port, {localAddress: '127.0.0.2'});
  for (const socket of [...two, other]) socket.destroy();
});
