'use strict';
// A reload that changes listen addresses: afterwards the service listens exactly where a fresh
// start would.
const assert = require('assert');
const http = require('http');
const os = require('os');
const {Service, backend, connect, net, status, test, until} = require('./lib');

const conf = (listen, more = '') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = {${listen.map((host) => `"${host}:@PORT@"`)}}  certificates = "ecdsa"  backend = "builtin:echo" }
${more}
`;
const hasIpv6 = Object.values(os.networkInterfaces()).flat().some((one) => one.address === '::1');
const clients = ['127.0.0.1', '127.0.0.2', ...hasIpv6 ? ['::1'] : []];

// Where an echo comes back.
async function answers(port) {
  const found = [];
  for (const host of clients) {
    const socket = await connect(port, {host}).catch(() => null);
    if (socket === null) continue;
    socket.destroy();
    found.push(host);
  }
  return found;
}

const [v4, v6, local, other] = ['0.0.0.0', '[::]', '127.0.0.1', '127.0.0.2'];
const sets = {
  'IPv4': [[v4], ['127.0.0.1', '127.0.0.2']],
  'a loopback address': [[local], ['127.0.0.1']],
  'another one': [[other], ['127.0.0.2']],
  'both of them': [[local, other], ['127.0.0.1', '127.0.0.2']],
  'IPv4 and one of its own': [[v4, local], ['127.0.0.1', '127.0.0.2']],
  ...hasIpv6 ? {
    'both families by one socket': [[v6], clients],
    'both families by two': [[v4, v6], clients],
    'both families and one of IPv4': [[v6, local], clients],
    'IPv6 loopback': [['[::1]'], ['::1']],
  } : {},
};

// Each pair once in both directions.
for (const [at, [from, [listen, before]]] of Object.entries(sets).entries())
  for (const [to, [next, after]] of Object.entries(sets).slice(at + 1))
    test(`listeners: a reload from ${from} to ${to}, and back`, async () => {
      const service = await Service.start(conf(listen));
      for (const [what, addresses, expected] of [[to, next, after], [from, listen, before]]) {
        service.configure(conf(addresses));
        assert.strictEqual(service.command('check').code, 0, what);
        const {code, err} = service.command('reload');
        assert.strictEqual(code, 0, `${to}: ${err}`);
        await until(what, async () => `${await answers(service.port)}` === `${expected}`);
      }
    });

test('listeners: what another program listens on is still refused, and the former addresses serve on', async () => {
  const service = await Service.start(conf([local]));
  const stranger = net.createServer();
  await new Promise((done) => stranger.listen(service.ports[2], '127.0.0.1', done));
  service.configure(conf([local]).replace('@PORT@"', '@PORT@", "0.0.0.0:@PORT2@"'));
  const {code, err} = service.command('reload');
  assert.strictEqual(code, 1);
  assert.match(err, /0\.0\.0\.0:\d+ is in use/);
  assert.deepStrictEqual(await answers(service.port), ['127.0.0.1']);
  await new Promise((done) => stranger.close(done));
});

const metrics = (port, host) => new Promise((done) => {
  http.get({port, host, path: '/metrics', agent: false}, (r) => { r.resume(); done(r.statusCode); }).on('error', (e) => done(e.code));
});

test('listeners: the address of admin changes to one that overlaps, and back', async () => {
  const admin = (host) => conf([local], `admin { listen = "${host}:@PORT2@" }`);
  const service = await Service.start(admin(v4));
  for (const host of [local, v4, other, v4, 'localhost', ...hasIpv6 ? [v6, local, v6] : []]) {
    service.configure(admin(host));
    assert.strictEqual(service.command('check').code, 0, host);
    const {code, err} = service.command('reload');
    assert.strictEqual(code, 0, `${host}: ${err}`);
    assert.strictEqual(await metrics(service.ports[2], host === other ? other : local), 200, host);
  }
});

// The client of an IPv4 address, however it came, is written as an IPv4 address and is one source.
for (const [name, listen] of Object.entries({'[::]': ['[::]'], '*': ['*'], 'both families': ['[::]', '127.0.0.1']}))
  if (hasIpv6)
    test(`IPv4 clients of ${name}: log, status page, PROXY headers and limits`, async () => {
      const seen = [], sink = await backend((s) => s.once('data', (bytes) => { seen.push(bytes); s.end('x'); }));
      const text = conf(listen, `log { access = on }  backend "v1" { address = "${sink.address_}"  proxy-protocol = v1 }
        backend "v2" { address = "${sink.address_}"  proxy-protocol = v2 }`);
      const service = await Service.start(text.replace('workers = 2', 'workers = 1')
        .replace('backend = "builtin:echo"', `backend = "builtin:status"  per-source-connections = 1
          alpn-protocols = {"http/1.1", "b", "c"}  alpn-backend = {"b=v1", "c=v2"}`));
      assert.match((await status(service.port, {ALPNProtocols: ['http/1.1']})).connection.client, /^127\.0\.0\.1:\d+$/);
      for (const protocol of ['b', 'c']) {
        const socket = await until('the place of the last one', () => connect(service.port, {ALPNProtocols: [protocol]}).catch(() => null));
        const {localPort} = socket, over = new Promise((done) => socket.once('close', done));
        socket.resume().write('x');
        await over;
        await service.said(new RegExp(` connection .* client=127\\.0\\.0\\.1:${localPort} `));
      }
      assert.match(seen[0].toString(), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n/);
      assert.strictEqual(seen[1][13], 0x11); // TCP over IPv4
      assert.strictEqual([...seen[1].subarray(16, 24)].join('.'), '127.0.0.1.127.0.0.1');
      const held = await until('the place of the last one', () => connect(service.port).catch(() => null));
      await assert.rejects(connect(service.port));
      await service.said(/ connection refused .* client=127\.0\.0\.1:\d+ reason=per_source_connections/);
      assert.strictEqual(service.count(/::ffff:/g), 0);
      held.destroy();
      await sink.stop();
    });
