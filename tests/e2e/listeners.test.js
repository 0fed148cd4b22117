'use strict';
// A reload changes the addresses: afterwards it answers where a fresh start would, and nowhere else.
const assert = require('assert');
const http = require('http');
const os = require('os');
const {Service, connect, net, test, until} = require('./lib');

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
