'use strict';
// key-lifetime and session-timeout change by a reload or a restart, and differ between hosts: every
// ticket resumes for its whole lifetime, and the difference is reported.
const assert = require('assert');
const {Service, test, testThatWaits, until} = require('./lib');
const {cacheOf, conf, fresh, keysOf, kinds, patient, visit, well, withRedis} = require('./hosts');

const tickets = kinds.filter((kind) => !kind.stored);
const lifetimes = (host) => cacheOf(host).keyLifetimes.map((l) => [l.keyLifetime, l.sessionTimeout, l.ours]);

const local = (lifetime, timeout = '300s') => `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { ${patient} key-lifetime = ${lifetime}  session-timeout = ${timeout} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "on" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;

async function resumes(host, sessions) {
  for (const kind of tickets) assert.ok((await visit(host, kind, {session: sessions[kind.kind]})).reused, kind.kind);
}

async function made(host) {
  const sessions = {};
  for (const kind of tickets) sessions[kind.kind] = await fresh(host, kind);
  return sessions;
}

test('reloads and restarts change key-lifetime and session-timeout: no ticket is lost', async () => {
  const host = await Service.start(local('12h'));
  const all = [await made(host)];
  assert.deepStrictEqual(lifetimes(host), [[43200, 300, true]]);
  for (const [lifetime, timeout, how] of [['6h', '300s', 'reload'], ['10s', '300s', 'restart'], ['10s', '60s', 'reload'], ['12h', '300s', 'reload']]) {
    host.template = local(lifetime, timeout);
    host.configure();
    if (how === 'reload') assert.strictEqual(host.command('reload').code, 0);
    else { await host.stop(); await host.begin(); }
    for (const sessions of all) await resumes(host, sessions);
    all.push(await made(host));
  }
  for (const sessions of all) await resumes(host, sessions);
  assert.deepStrictEqual(lifetimes(host)[0], [43200, 300, true]);
  assert.deepStrictEqual(lifetimes(host).slice(1).sort(), [[10, 300, false], [10, 60, false], [21600, 300, false]].sort());
  await host.said(/generation \d+[^\n]*key-lifetime and session-timeout here are 21600s and 300s; on other hosts, or before a reload: 43200s and 300s/);
  assert.match(host.command('status').out, /ticket key lifetimes differ[^]*key-lifetime 12h 0m, session-timeout 5m 0s, here\n  key-lifetime 6h 0m/);
});

testThatWaits('hosts whose lifetimes differ: each reads the tickets of all, and says that they differ', () => withRedis(async (redis) => {
  const start = (lifetime) => Service.start(conf(redis, {workers: 2, cache: `${patient} key-lifetime = ${lifetime}`}));
  const hosts = [await start('12h')];
  const before = await made(hosts[0]);
  hosts.push(await start('6h'), await start('10s'));
  await well(hosts);
  for (const host of hosts) await resumes(host, before);
  await until('all have heard of all', () => hosts.every((host) => lifetimes(host).length === 3), 30000);
  for (const host of hosts) await host.said(/key-lifetime and session-timeout here are/);
  // Each mints by its own from some moment on.
  const mints = (host) => keysOf(host).find((key) => key.mints).id;
  await until('each mints with a key of its own', () => new Set(hosts.map(mints)).size === 3, 30000);
  for (const host of hosts) {
    const sessions = await made(host);
    for (const other of hosts) await resumes(other, sessions);
  }
}));
