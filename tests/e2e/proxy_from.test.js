'use strict';
// proxy-from: only listed sources may state a client address. All others are closed without a byte,
// logged and counted.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const {Service, freePort, net, pem, test, until} = require('./lib');

const conf = (options, listen = '127.0.0.1:@PORT@') => `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
log { access = on }
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "${listen}"  certificates = "ecdsa"  backend = "builtin:echo"  ${options} }
`;
const from = (...sources) => conf(`proxy-protocol = on  proxy-from = {${sources.map((s) => `"${s}"`)}}`);
const header = 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n';

// What comes back to a header and a handshake: "secure", or how it ended.
function attempt(where, first = header) {
  return new Promise((done) => {
    const raw = net.connect(where);
    raw.on('error', () => done('ended'));
    raw.write(first);
    let how = 'ended';
    const socket = tls.connect({socket: raw, servername: 'localhost', ca: pem('ca.pem')}, () => { how = 'secure'; socket.end(); });
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => done(how));
  });
}

const at = (port, localAddress, host = '127.0.0.1') => ({host, port, localAddress});
const refusals = (service) => JSON.parse(service.command('status', '--json').out).counters.proxiesRefused;
const line = /clients refused .*reason=proxy_source.*/g;

test('sources in the list are believed, all others are refused, logged and counted', async () => {
  const service = await Service.start(from('127.0.0.2', '127.1.0.0/16', '2001:db8::/32'));
  for (const source of ['127.0.0.2', '127.1.2.3', '127.1.255.255']) assert.strictEqual(await attempt(at(service.port, source)), 'secure', source);
  assert.strictEqual(refusals(service), 0);
  await service.said(/client=192\.0\.2\.7:4711/);
  for (const source of ['127.0.0.1', '127.0.0.3', '127.2.0.0']) assert.strictEqual(await attempt(at(service.port, source)), 'ended', source);
  assert.strictEqual(refusals(service), 3);
  await service.said(/ warn .*clients refused frontend=www reason=proxy_source count=1 .*source is not in proxy-from.* client=127\.0\.0\.1:\d+/);
  assert.strictEqual(service.count(/handshake failed/g), 0, 'none came to the handshake');
});

test('a stranger is refused before it sends anything, or whatever it sends', async () => {
  const service = await Service.start(from('127.0.0.2'));
  const silent = net.connect(at(service.port, '127.0.0.1'));
  silent.on('error', () => {});
  await new Promise((done) => silent.once('close', done));
  for (const first of ['', 'PROXY UNKNOWN\r\n', Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')])
    assert.strictEqual(await attempt(at(service.port, '127.0.0.1'), first), 'ended');
  assert.strictEqual(refusals(service), 4);
});

test('a header of a listed source is still looked at', async () => {
  const service = await Service.start(from('127.0.0.0/8'));
  assert.strictEqual(await attempt(at(service.port), 'PROXY TCP4 nonsense\r\n'), 'ended');
  assert.strictEqual(await attempt(at(service.port), ''), 'ended');
  assert.strictEqual(await attempt(at(service.port)), 'secure');
  assert.strictEqual(refusals(service), 0);
});

test('IPv6, and IPv4 on a dual-stack socket', async () => {
  const port = await freePort(), text = (...sources) => conf(`proxy-protocol = on  proxy-from = {${sources.map((s) => `"${s}"`)}}`, `[::]:${port}`);
  const service = await Service.start(text('::1'));
  assert.strictEqual(await attempt(at(port, undefined, '::1')), 'secure');
  assert.strictEqual(await attempt(at(port)), 'ended');
  service.configure(text('127.0.0.1/32'));
  assert.strictEqual(service.command('reload').code, 0);
  await until('the new list', async () => await attempt(at(port)) === 'secure');
  await until('the old one is gone', async () => await attempt(at(port, undefined, '::1')) === 'ended');
});

test('Unix sockets', async () => {
  const service = await Service.start(conf('proxy-protocol = on  proxy-from = "unix:"', 'unix:@DIR@/s'));
  assert.strictEqual(await attempt({path: path.join(service.dir, 's')}), 'secure');
  assert.strictEqual(refusals(service), 0);
});

test('a flood of strangers is one warning, and is counted', async () => {
  const service = await Service.start(from('127.0.0.2'));
  for (let i = 0; i < 50; i++) assert.strictEqual(await attempt(at(service.port, '127.0.0.1')), 'ended');
  assert.strictEqual(refusals(service), 50);
  await service.stop();
  const counts = service.log.match(line).map((text) => Number(/count=(\d+)/.exec(text)[1]));
  assert.deepStrictEqual(counts, [1, 49]);
});

test('without a list whoever can connect is believed, and check warns', async () => {
  const port = await freePort(), open = conf('proxy-protocol = on', `*:${port}`);
  const service = await Service.start(open);
  assert.strictEqual(await attempt(at(port, '127.0.0.3')), 'secure');
  const warning = /test\.conf:\d+: proxy-protocol: anyone who can connect to frontend "www" can claim any client address; list the proxies in proxy-from/;
  assert.match(service.log, warning);
  const check = JSON.parse(service.command('check', '--json').out);
  assert.ok(check.ok);
  assert.strictEqual(check.warnings.length, 1);
  assert.match(check.warnings[0], warning);
  fs.writeFileSync(service.conf, fs.readFileSync(service.conf, 'utf8').replace('proxy-protocol = on', '$& proxy-from = "127.0.0.0/8"'));
  assert.deepStrictEqual(JSON.parse(service.command('check', '--json').out).warnings, []);
});
