'use strict';
// A broken connection is never reported as an orderly end. If a backend resets, or closes with a
// request unread, the client's connection ends without close_notify; if a client resets, the
// backend's connection is reset. Data that had arrived is delivered.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {spawn} = require('child_process');
const {Service, backend, connect, net, program, test, until} = require('./lib');

const conf = (b) => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
backend "b" { address = "${b}" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "b" }`;

// -- the backend leaves

// What reprise-connect says of the end. The backend leaves when it has `bytes` of the answer; `uploading`: the client
// sends as long as anybody takes it.
function ask(service, b, {how, bytes, version = 'TLSv1.3', uploading = false}) {
  return new Promise((done) => {
    const client = spawn(path.join(path.dirname(program), 'reprise-connect'),
      ['--json', '--no-reject-unauthorized', '--min-version', version, '--max-version', version, `127.0.0.1:${service.port}`]);
    const got = {bytes: 0, end: 'none'}, block = Buffer.alloc(65536, 'u');
    let closed = false, rest = '';
    const more = () => { while (!closed && client.stdin.write(block)); };
    const said = (event) => {
      if (event.event === 'data') got.bytes += event.data.length / 2;
      if (event.event === 'data' && got.bytes === bytes) b.leave(how);
      if (event.event === 'end') got.end = event.truncated ? 'truncated' : 'whole';
    };
    client.stdin.on('error', () => {});
    client.stdout.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) said(JSON.parse(line));
    });
    client.stdin.write('question');
    if (uploading) { client.stdin.on('drain', more); more(); }
    client.on('exit', () => { closed = true; client.stdin.destroy(); });
    client.on('close', () => done(got));
  });
}

// What the kernel has of a connection: bytes that we have not read, and that the other side has not got.
function queues(s) {
  const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
  const line = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((text) => text.trim().split(/\s+/))
    .find((f) => f[1] && f[1].endsWith(`:${hex(s.localPort)}`) && f[2].endsWith(`:${hex(s.remotePort)}`));
  const [unsent, unread] = line[4].split(':').map((n) => parseInt(n, 16));
  return {unsent, unread};
}

// Answers a question with half of an answer; b.leave(how) leaves.
async function answering(size, then = () => {}) {
  const b = await backend((s) => {
    b.leave = async (how) => {
      if (how === 'unread') await until('an upload', () => queues(s).unread > 0 && queues(s).unsent === 0);
      if (how === 'reset') s.resetAndDestroy();
      else if (how === 'fin') { s.end(); s.resume(); } // all that comes is read
      else s.destroy();
    };
    s.once('data', () => { s.pause(); s.write(Buffer.alloc(size, 'a'), () => then(b)); });
  });
  return b;
}

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  for (const uploading of [false, true]) {
    test(`a backend that breaks off is no end: ${version}, ${uploading ? 'uploading' : 'idle'}`, async () => {
      const b = await answering(10);
      const service = await Service.start(conf(b.address_));
      for (const how of ['reset', 'fin'].concat(uploading ? ['unread', 'unread', 'unread'] : []))
        assert.deepStrictEqual(await ask(service, b, {how, bytes: 10, version, uploading}),
          {bytes: 10, end: how === 'fin' ? 'whole' : 'truncated'}, how);
      await b.stop();
    });
  }
}

test('a backend that nobody can connect to is no empty answer', async () => {
  const b = await backend(() => {});
  await b.stop(); // its port is free
  for (const address of [b.address_, 'unix:@DIR@/nobody']) {
    const service = await Service.start(conf(address));
    for (const version of ['TLSv1.2', 'TLSv1.3'])
      for (const uploading of [false, true])
        assert.deepStrictEqual(await ask(service, b, {version, uploading}), {bytes: 0, end: 'truncated'}, address);
    await service.stop();
  }
});

test('all that a backend said before it broke off is delivered', async () => {
  const size = 50000;
  const b = await answering(size, (it) => it.leave('unread'));
  const service = await Service.start(conf(b.address_));
  for (let i = 0; i < 4; i++)
    assert.deepStrictEqual(await ask(service, b, {uploading: true}), {bytes: size, end: 'truncated'});
  await b.stop();
});

// -- the client leaves

// How the backend's connections ended.
async function collector() {
  const seen = [];
  const b = await backend((s) => {
    const one = {bytes: 0, how: ''};
    seen.push(one);
    s.on('data', (d) => { one.bytes += d.length; });
    s.on('end', () => { one.how = 'end'; s.end(); });
    s.on('error', (e) => { one.how = e.code; });
  });
  return Object.assign(b, {seen});
}

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  test(`a client that breaks off is no end of its upload: ${version}`, async () => {
    const b = await collector();
    const service = await Service.start(conf(b.address_));
    const how = {reset: 'ECONNRESET', end: 'end'};
    for (const [leave, told] of Object.entries(how)) {
      b.seen.length = 0;
      const raw = net.connect(service.port, '127.0.0.1');
      const socket = await connect(service.port, {socket: raw, minVersion: version, maxVersion: version});
      socket.on('error', () => {});
      socket.write('half of it');
      await until('the backend to get it', () => b.seen.length === 1 && b.seen[0].bytes === 10);
      if (leave === 'reset') raw.resetAndDestroy();
      else socket.end();
      await until('the backend to hear of it', () => b.seen[0].how !== '');
      assert.deepStrictEqual(b.seen[0], {bytes: 10, how: told});
    }
    await b.stop();
  });
}

test('a timeout that cuts an upload is no end of it', async () => {
  const b = await collector();
  const service = await Service.start(conf(b.address_).replace('backend = "b"', 'backend = "b"  idle-timeout = 200ms'));
  const socket = await connect(service.port);
  socket.on('error', () => {});
  socket.write('half of it');
  await until('the backend to hear of it', () => b.seen.length === 1 && b.seen[0].how !== '');
  assert.deepStrictEqual(b.seen[0], {bytes: 10, how: 'ECONNRESET'});
  socket.destroy();
  await b.stop();
});
