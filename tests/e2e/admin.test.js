'use strict';
// Metrics and status over HTTP, scraped with curl as Prometheus would.
const assert = require('assert');
const fs = require('fs');
const net = require('net');
const path = require('path');
const {spawnSync} = require('child_process');
const {Service, freePort, program, status, test, until} = require('./lib');
const {fresh, kinds, visit, withHosts} = require('./hosts');

const conf = (admin = 'admin { listen = "127.0.0.1:@PORT3@" }') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
${admin}
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;

function curl(where, ...more) {
  const {status: code, stdout} = spawnSync('curl', ['-sS', '--max-time', '10', '-w', '\n%{http_code} %{content_type}', ...more, where], {encoding: 'utf8'});
  const at = stdout.lastIndexOf('\n'), [http, ...type] = stdout.slice(at + 1).split(' ');
  return {code, body: stdout.slice(0, at), http: Number(http), type: type.join(' ')};
}
const get = (host, page, ...more) => curl(`http://127.0.0.1:${host.ports[3]}${page}`, ...more);

// name{labels} -> value; throws for what Prometheus would not take.
function parse(text) {
  const samples = new Map(), types = new Map();
  let help, type;
  assert.ok(text.endsWith('\n'));
  for (const line of text.trimEnd().split('\n')) {
    let m;
    if ((m = /^# HELP (reprise_[a-z0-9_]+) \S.*\.$/.exec(line))) {
      [, help] = m;
      assert.ok(!types.has(help), `${help} twice`);
    } else if ((m = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line))) {
      assert.strictEqual(m[1], help);
      [, , type] = m;
      types.set(help, type);
    } else {
      m = /^(reprise_[a-z0-9_]+)(\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? ([0-9.e+-]+)$/.exec(line);
      assert.ok(m, line);
      assert.strictEqual(type === 'histogram' ? m[1].replace(/_(bucket|sum|count)$/, '') : m[1], help, line);
      assert.ok(!samples.has(m[1] + (m[2] || '')), line);
      samples.set(m[1] + (m[2] || ''), Number(m[3]));
    }
  }
  return samples;
}

function scrape(host) {
  const {code, body, http, type} = get(host, '/metrics');
  assert.strictEqual(code, 0);
  assert.strictEqual(http, 200);
  assert.strictEqual(type, 'text/plain; version=0.0.4; charset=utf-8');
  return parse(body);
}

test('admin: metrics count what happens, and status is what the command says', async () => {
  const host = await Service.start(conf());
  const before = scrape(host);
  assert.strictEqual(before.get('reprise_workers'), 2);
  assert.strictEqual(before.get('reprise_handshakes_total{kind="full"}'), 0);
  const {session} = await status(host.port, {maxVersion: 'TLSv1.3'});
  assert.ok((await status(host.port, {maxVersion: 'TLSv1.3', session})).reused);
  const stateful = {maxVersion: 'TLSv1.2', secureOptions: require('crypto').constants.SSL_OP_NO_TICKET};
  const id = (await status(host.port, stateful)).session;
  assert.ok((await status(host.port, {...stateful, session: id})).reused);
  const after = scrape(host);
  for (const [name, value] of [
    ['reprise_connections_accepted_total', 4],
    ['reprise_handshakes_total{kind="full"}', 2],
    ['reprise_handshakes_total{kind="ticket"}', 1],
    ['reprise_handshakes_total{kind="session_id"}', 1],
    ['reprise_versions_total{version="TLSv1.2"}', 2],
    ['reprise_groups_total{group="x25519"}', 4],
    ['reprise_sessions_stored_total{result="ok"}', 1],
    ['reprise_session_lookups_total{result="hit"}', 1],
    ['reprise_session_lookup_seconds_count{tier="near"}', 1],
    ['reprise_session_lookup_seconds_count{tier="far"}', 0],
    ['reprise_store_workers_away{tier="near"}', 0],
  ]) assert.strictEqual(after.get(name), value, name);
  const json = get(host, '/status');
  assert.strictEqual(json.type, 'application/json');
  const said = JSON.parse(host.command('status', '--json').out), seen = JSON.parse(json.body);
  assert.deepStrictEqual(Object.keys(seen), Object.keys(said));
  assert.strictEqual(seen.counters.handshakesFull, 2);
  assert.strictEqual(seen.pid, host.child.pid);
});

test('admin: both tiers of a store, and its outage', () => withHosts(2, {timeout: 200, more: 'admin { listen = "127.0.0.1:@PORT3@" }'}, async ([one, two], redis) => {
  const id = kinds[0];
  assert.ok((await visit(two, id, {session: await fresh(one, id)})).reused);
  const seen = scrape(two);
  assert.strictEqual(seen.get('reprise_session_far_hits_total'), 1);
  assert.strictEqual(seen.get('reprise_session_lookup_seconds_count{tier="far"}'), 1);
  assert.strictEqual(seen.get('reprise_store_workers_away{tier="far"}'), 0);
  assert.ok(seen.get('reprise_store_operations_total{tier="near",verb="put"}') > 0);
  await redis.end();
  await until('it is away', () => scrape(two).get('reprise_store_workers_away{tier="far"}') === 1);
  const away = scrape(two);
  assert.strictEqual(away.get('reprise_store_outages_total{tier="far"}'), 1);
  assert.ok(away.get('reprise_store_away_since_seconds{tier="far"}') > 1e9);
  assert.strictEqual(away.get('reprise_store_workers_away{tier="near"}'), 0);
  assert.match(two.command('status').out, /store redis\+unix: unavailable to 1 workers since .*\n.*local session cache \(l1\) lmdb: available/);
  await until('it is tried', () => scrape(two).get('reprise_store_probes_total{tier="far"}') > 1);
  await redis.begin();
  await until('it is back', () => scrape(two).get('reprise_store_workers_away{tier="far"}') === 0);
  assert.strictEqual(scrape(two).get('reprise_store_away_since_seconds{tier="far"}'), 0);
}));

test('admin: only GET, only what there is', async () => {
  const host = await Service.start(conf());
  assert.strictEqual(get(host, '/metrics', '-d', 'x').http, 405);
  assert.strictEqual(get(host, '/metrics', '-X', 'DELETE').http, 405);
  assert.strictEqual(get(host, '/').http, 404);
  assert.strictEqual(get(host, `/${'x'.repeat(20000)}`).http, 414);
  scrape(host);
});

test('admin: a reload moves it, takes it away, brings it back; one that can\'t have it changes nothing', async () => {
  const host = await Service.start(conf());
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => taken.once('listening', done));
  host.configure(conf(`admin { listen = "127.0.0.1:${taken.address().port}" }`));
  const bad = host.command('reload');
  assert.strictEqual(bad.code, 1);
  assert.match(bad.err, /admin: listen: .*EADDRINUSE|admin: listen: .*in use/);
  scrape(host);
  const other = await freePort();
  host.configure(conf(`admin { listen = "127.0.0.1:${other}" }`));
  assert.strictEqual(host.command('reload').code, 0, host.log);
  parse(curl(`http://127.0.0.1:${other}/metrics`).body);
  assert.notStrictEqual(get(host, '/metrics').code, 0);
  host.configure(conf(''));
  assert.strictEqual(host.command('reload').code, 0);
  assert.notStrictEqual(curl(`http://127.0.0.1:${other}/metrics`).code, 0);
  host.configure(conf('admin { listen = "unix:@DIR@/admin.sock" }'));
  assert.strictEqual(host.command('reload').code, 0);
  const unix = path.join(host.dir, 'admin.sock');
  parse(curl('http://x/metrics', '--unix-socket', unix).body);
  assert.strictEqual(host.command('reload').code, 0); // the same address: it stays
  parse(curl('http://x/metrics', '--unix-socket', unix).body);
  assert.strictEqual(host.command('check').code, 0);
  taken.close();
  await host.stop();
  assert.ok(!fs.existsSync(unix));
});

test('admin: what stands open to others is said; an address that is taken stops the start', async () => {
  const host = await Service.start(conf('admin { listen = "0.0.0.0:@PORT3@" }'));
  assert.strictEqual(host.count(/admin: 0\.0\.0\.0:\d+ is reachable from other hosts without authentication/g), 1);
  scrape(host);
  const second = path.join(host.dir, 'second.conf');
  fs.mkdirSync(path.join(host.dir, 'run2'));
  fs.writeFileSync(second, fs.readFileSync(host.conf, 'utf8').replace('/run"', '/run2"').replace(/listen = "127.0.0.1:\d+"/, `listen = "127.0.0.1:${await freePort()}"`));
  const {status: code, stderr} = spawnSync(program, ['run', '-c', second], {encoding: 'utf8', timeout: 20000});
  assert.strictEqual(code, 2);
  assert.match(stderr, /second\.conf: admin: listen: /);
});

test('admin: the address is free when the master is killed, while clients are connected', async () => {
  const host = await Service.start(conf());
  const idle = [];
  for (let i = 0; i < 5; i++) idle.push(net.connect(host.ports[3], '127.0.0.1').on('error', () => {}));
  await until('connected', () => idle.every((s) => s.readyState === 'open'));
  const family = [...host.generations(), ...host.workers()];
  host.command('reload');
  for (const pid of [...host.generations(), ...host.workers()]) {
    let open = [];
    try { open = fs.readdirSync(`/proc/${pid}/fd`); } catch { /* it has left: it holds nothing */ }
    for (const fd of open) {
      let target = '';
      try { target = fs.readlinkSync(`/proc/${pid}/fd/${fd}`); } catch { /* closed meanwhile */ }
      const inode = /^socket:\[(\d+)\]/.exec(target);
      if (!inode) continue;
      const line = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').find((l) => l.includes(` ${inode[1]} `));
      assert.ok(!line || !line.includes(`:${host.ports[3].toString(16).toUpperCase().padStart(4, '0')} `), `process ${pid} has it`);
    }
  }
  host.child.kill('SIGKILL');
  await until('it is gone', () => family.every((pid) => { try { process.kill(pid, 0); return false; } catch { return true; } }));
  for (const s of idle) s.destroy();
  await host.begin();
  scrape(host);
});

test('a request under a name that is not ours is refused, and logged; names can be added by a reload', async () => {
  const service = await Service.start(conf());
  const under = (host) => get(service, '/status', '-H', `Host: ${host}`).http;
  for (const host of ['localhost', `127.0.0.1:${service.ports[3]}`]) assert.strictEqual(under(host), 200, host);
  assert.strictEqual(under('evil.test'), 403);
  await service.said(/admin: request refused: unknown Host[^\n]* host=evil\.test count=1/);
  for (let i = 0; i < 5; i++) assert.strictEqual(under(`evil${i}.test`), 403);
  assert.strictEqual(get(service, '/status', '-H', 'Host:').http, 400);
  assert.strictEqual(get(service, '/status', '-0', '-H', 'Host:').http, 200);
  assert.strictEqual(service.count(/admin: request refused/g), 1, 'at most one line a minute');
  assert.strictEqual(scrape(service).get('reprise_admin_requests_refused_total{reason="unknown_host"}'), 6);
  assert.strictEqual(scrape(service).get('reprise_admin_requests_refused_total{reason="invalid_host"}'), 1);
  assert.strictEqual(JSON.parse(service.command('status', '--json').out).admin.unknownHost, 6);
  service.configure(service.template.replace('admin {', 'admin { hosts = {"metrics.test"} '));
  assert.strictEqual(service.command('reload').code, 0);
  assert.strictEqual(under('metrics.test:9443'), 200);
  assert.strictEqual(under('evil.test'), 403);
});

test('whoever holds all connections of admin keeps nobody from it', async () => {
  const service = await Service.start(conf());
  const crowd = Array.from({length: 60}, () => net.connect(service.ports[3], '127.0.0.1').on('error', () => {}));
  try {
    await Promise.all(crowd.map((socket) => new Promise((done) => socket.once('connect', done))));
    for (let i = 0; i < 3; i++) assert.strictEqual(get(service, '/metrics', '--max-time', '5').http, 200);
  } finally { for (const socket of crowd) socket.destroy(); }
});
