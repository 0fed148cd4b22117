'use strict';
// Early data (0-RTT): all hosts together accept the early data of a returning client once, however
// often it is replayed. It is rejected whenever a replay cannot be excluded; the handshake then
// continues without it.
const assert = require('assert');
const {spawn} = require('child_process');
const fs = require('fs');
const path = require('path');
const {Service, backend, net, test, testThatWaits, until} = require('./lib');
const {conf, patient, statusOf, uri, well, withOldRedis} = require('./hosts');

const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n';
const takes = (store, {workers = 1, cache = patient, more = ''} = {}) => conf(store, {workers, cache, more})
  .replace('frontend "on" {', '$& max-early-data = 16K ');

// openssl s_client, that asks for the status: what it printed, and the answer.
function openssl(port, ...more) {
  return new Promise((done, fail) => {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_3',
      '-servername', 'localhost', '-ign_eof', ...more]);
    let out = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.resume();
    child.on('error', fail);
    child.on('close', () => done(out));
    child.stdin.on('error', () => {});
    child.stdin.end(request);
  });
}
const answerOf = (out) => JSON.parse(/\r\n\r\n(\{[^]*?\n?\})\s*(?:$|closed|---|read)/.exec(out)[1]);

class Client {
  constructor(host) {
    this.session = path.join(host.dir, `session-${Math.random()}`);
    this.data = path.join(host.dir, 'early');
    fs.writeFileSync(this.data, request);
  }

  async meet(host) {
    const answer = answerOf(await openssl(host.port, '-sess_out', this.session));
    await until('a session', () => fs.existsSync(this.session));
    return answer;
  }

  // With early data, and the same again for those who declined it.
  async return(host) {
    const out = await openssl(host.port, '-sess_in', this.session, '-early_data', this.data);
    return {...answerOf(out), said: /Early data was (\w+)/.exec(out)[1]};
  }

  // What it would send first: a ClientHello and early data, which nobody has got yet.
  async flight() {
    let bytes = Buffer.alloc(0), seen;
    const complete = new Promise((done) => { seen = done; });
    const ear = await backend((socket) => socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
        if (bytes[at] === 0x17 && at + 5 + bytes.readUInt16BE(at + 3) <= bytes.length) { socket.destroy(); seen(); }
    }));
    const client = openssl(ear.address_.split(':')[1], '-sess_in', this.session, '-early_data', this.data);
    await complete;
    await client;
    await ear.stop();
    return bytes;
  }
}

// Send it as it is; the answer to it.
function send(host, flight) {
  return new Promise((done, fail) => {
    const socket = net.connect(host.port, '127.0.0.1', () => socket.write(flight));
    socket.once('data', () => { socket.destroy(); done(); });
    socket.on('error', fail);
  });
}

const sum = (hosts, name) => hosts.reduce((n, host) => n + statusOf(host).cache.earlyData[name], 0);

test('early data: taken once by all hosts, however often it is sent', () => withOldRedis(async (redis) => {
  const hosts = await Promise.all([{workers: 2}, {}, {}].map((how) => Service.start(takes(redis, how))));
  const [a, b] = hosts, client = new Client(a);
  await well(hosts);
  assert.strictEqual((await client.meet(a)).connection.earlyData, 'no');
  for (const host of [b, a]) { // an honest client, on the host that it knows and on another
    const answer = await client.return(host);
    assert.deepStrictEqual([answer.said, answer.connection.earlyData, answer.connection.resumed], ['accepted', 'accepted', 'ticket']);
  }
  const flight = await client.flight();
  for (const host of [a, a, b]) await send(host, flight);
  assert.deepStrictEqual(['offered', 'first', 'seen'].map((name) => sum(hosts, name)), [5, 3, 2]);
  const another = await client.flight(); // at all hosts, at once
  await Promise.all(Array.from({length: 100}, (_, i) => send(hosts[i % 3], another)));
  assert.deepStrictEqual(['offered', 'first', 'seen'].map((name) => sum(hosts, name)), [105, 4, 101]);
}));

testThatWaits('early data: through a rotation and a reload; not with a store that is away; not when it is off', () => withOldRedis(async (redis) => {
  const hosts = [await Service.start(takes(redis)), await Service.start(takes(redis))], [a, b] = hosts, client = new Client(a);
  await well(hosts);
  await client.meet(a);
  const flight = await client.flight(), used = await client.flight();
  await send(a, used);
  assert.strictEqual(sum(hosts, 'first'), 1);
  assert.strictEqual(a.command('keys', 'rotate').code, 0);
  for (const host of hosts) await host.reload();
  for (const host of hosts) await send(host, used);
  assert.deepStrictEqual(['first', 'seen'].map((name) => sum(hosts, name)), [1, 2]);
  assert.strictEqual((await client.return(b)).said, 'accepted');
  await redis.end();
  for (const host of hosts) {
    await send(host, flight);
    const answer = await client.return(host);
    assert.deepStrictEqual([answer.said, answer.connection.earlyData, answer.connection.resumed], ['rejected', 'rejected', 'ticket']);
  }
  assert.strictEqual(sum(hosts, 'failed') + sum(hosts, 'late') + sum(hosts, 'doubted'), 4);
  await redis.begin(); // empty: it would let the flight through
  await well(hosts, 30000);
  for (const host of hosts) {
    await send(host, flight);
    assert.strictEqual((await client.return(host)).said, 'rejected');
  }
  assert.strictEqual(sum(hosts, 'first'), 2);
  b.configure(takes(redis).replace('max-early-data = 16K', 'max-early-data = 0'));
  await b.reload();
  assert.deepStrictEqual((({said, connection}) => [said, connection.resumed])(await client.return(b)), ['rejected', 'ticket']);
}));

test('early data: not in the first minutes of a store, nor by who joins after it was emptied', () => withOldRedis(async (redis) => {
  const [a, b] = [await Service.start(takes(redis)), await Service.start(takes(redis))], client = new Client(a);
  await well([a, b]);
  await client.meet(a);
  const flight = await client.flight();
  await send(a, flight);
  assert.strictEqual(sum([a], 'first'), 1);
  redis.ask('FLUSHALL');
  await b.reload(); // knows nothing of the former mark
  await send(b, flight);
  assert.strictEqual((await client.return(b)).said, 'rejected');
  assert.deepStrictEqual(['first', 'doubted'].map((name) => sum([b], name)), [0, 2]);
}));

test('early data: a backend is told of it', () => withOldRedis(async (redis) => {
  const headers = [];
  const b = await backend((socket) => {
    let bytes = Buffer.alloc(0), answered = false;
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      if (answered || bytes.length < 16 || bytes.length < 16 + bytes.readUInt16BE(14) + request.length) return;
      answered = true;
      headers.push(bytes.subarray(28, 16 + bytes.readUInt16BE(14)));
      assert.ok(bytes.toString('latin1', 16 + bytes.readUInt16BE(14)).startsWith(request)); // openssl says it again
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}\r\n');
    });
  });
  const host = await Service.start(`
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  secret-file = "${redis.secret}"
cache { store = "${uri(redis)}"  lookup-timeout = 5s }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
backend "b" { address = "${b.address_}"  proxy-protocol = v2 }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "b"  max-early-data = 1K }`);
  const client = new Client(host);
  await client.meet(host);
  assert.strictEqual((await client.return(host)).said, 'accepted');
  const tlvs = headers.map((header) => {
    const all = {};
    for (let at = 0; at + 3 <= header.length; at += 3 + header.readUInt16BE(at + 1))
      all[header[at]] = header.subarray(at + 3, at + 3 + header.readUInt16BE(at + 1)).toString('hex');
    return all[0xe0];
  });
  assert.deepStrictEqual(tlvs, [undefined, '01']);
  await b.stop();
}));
