'use strict';
// Resumption: a session of one worker resumes on all workers, also after reloads, crashes and key
// rotations.
const assert = require('assert');
const {execFileSync} = require('child_process');
const crypto = require('crypto');
const path = require('path');
const {Service, certs, status, test, until} = require('./lib');
const {kinds, patient, visit, withHosts} = require('./hosts');

const conf = (workers, cache = '') => `
workers = ${workers}  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" ${cache} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
certificate "rsa" { cert = "@CERTS@/rsa.pem"  key = "@CERTS@/rsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = {"ecdsa", "rsa"}  backend = "builtin:status" }
`;
const how = {
  'TLSv1.2 on': 'ticket', 'TLSv1.2 off': 'session id', 'TLSv1.3 on': 'ticket', 'TLSv1.3 off': 'stateful ticket'};

async function resumeOften(service, version, mechanism, times) {
  const options = {minVersion: version, maxVersion: version};
  let {session} = await status(service.port, options);
  const workers = new Set();
  for (let i = 0; i < times; i++) {
    const s = await status(service.port, {...options, session});
    assert.ok(s.reused, `attempt ${i}`);
    assert.strictEqual(s.connection.resumed, mechanism);
    workers.add(s.worker.pid);
    session = s.session || session;
  }
  return workers;
}

for (const workers of [2, 4])
  for (const tickets of ['on', 'off'])
    for (const version of ['TLSv1.2', 'TLSv1.3'])
      test(`${version}, tickets ${tickets}, ${workers} workers`, async () => {
        const service = await Service.start(conf(workers, `tickets = ${tickets}`));
        const met = await resumeOften(service, version, how[`${version} ${tickets}`], 24);
        assert.ok(met.size > 1, 'all on one worker');
      });

for (const tickets of ['on', 'off'])
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`${version}, tickets ${tickets}: through a reload and a restart`, async () => {
      const options = {minVersion: version, maxVersion: version};
      const service = await Service.start(conf(2, `tickets = ${tickets}`));
      let s = await status(service.port, options);
      const reload = service.command('reload');
      assert.strictEqual(reload.code, 0, reload.err);
      s = {...s, ...await status(service.port, {...options, session: s.session}), former: s.session};
      assert.ok(s.reused, 'after a reload');
      await service.stop();
      await service.begin();
      s = await status(service.port, {...options, session: s.session || s.former});
      assert.ok(s.reused, 'after a restart');
    });
  }

for (const version of ['TLSv1.2', 'TLSv1.3'])
  test(`${version}: ticket keys turn, old tickets are renewed`, async () => {
    const options = {minVersion: version, maxVersion: version};
    const service = await Service.start(conf(2, 'key-lifetime = 1s  session-timeout = 60s'));
    const first = await status(service.port, options);
    const epoch = first.worker.ticketKeyEpoch;
    await until('a later epoch', async () => (await status(service.port, options)).worker.ticketKeyEpoch >= epoch + 2);
    const second = await status(service.port, {...options, session: first.session});
    assert.ok(second.reused);
    assert.ok(second.session && !second.session.equals(first.session), 'a fresh ticket');
    assert.ok((await status(service.port, {...options, session: second.session})).reused);
  });

test('single-use: a stateful ticket of TLS 1.3 resumes once, on one host or many; another for each', () => withHosts(2,
  {workers: 2, cache: `${patient}  single-use = on`}, async (hosts) => {
    const [a, b] = hosts, stateful = kinds.find((kind) => kind.how === 'stateful ticket');
    for (const [first, second] of [[a, a], [a, b], [b, a]]) {
      const {session} = await visit(a, stateful);
      const next = await visit(first, stateful, {session});
      assert.ok(next.reused);
      assert.ok(!(await visit(second, stateful, {session})).reused, 'used up');
      assert.ok((await visit(second, stateful, {session: next.session})).reused);
    }
    const id = kinds.find((kind) => kind.how === 'session id'), {session} = await visit(a, id);
    for (const host of hosts) assert.ok((await visit(host, id, {session})).reused);
  }));

test('openssl s_client saves and resumes', async () => {
  const service = await Service.start(conf(2));
  const file = path.join(service.dir, 'session');
  for (const version of ['-tls1_2', '-tls1_3']) {
    const run = (...more) => execFileSync('openssl', ['s_client', '-connect', `127.0.0.1:${service.port}`, '-servername',
      'localhost', '-CAfile', path.join(certs, 'ca.pem'), '-ign_eof', version, ...more],
    {input: 'GET / HTTP/1.0\r\n\r\n', stdio: ['pipe', 'pipe', 'pipe']}).toString();
    assert.match(run('-sess_out', file), /^New, /m);
    for (let i = 0; i < 5; i++) assert.match(run('-sess_in', file), /^Reused, /m);
  }
});

test('another name, another certificate: a full handshake', async () => {
  const service = await Service.start(conf(2).replace('backend = "builtin:status"', `backend = "builtin:status"
    host "api.example" { certificates = {"api"} }`) + 'certificate "api" { cert = "@CERTS@/api.pem"  key = "@CERTS@/api.key" }');
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const options = {minVersion: version, maxVersion: version};
    const {session} = await status(service.port, options);
    assert.ok(!(await status(service.port, {...options, servername: 'api.example', session})).reused);
    assert.ok((await status(service.port, {...options, session})).reused);
  }
});

// RFC 5246 section 7.4.1.2. In TLS 1.3 a session is bound to no more than the hash of its suite.
test('a client that drops the suite of its session is refused in TLS 1.2; a suite that we drop is a full handshake', async () => {
  const suites = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'];
  const configured = (...list) => conf(2).replace('backend =', `ciphers = "TLS_AES_128_GCM_SHA256:${list.join(':')}"  backend =`);
  const service = await Service.start(configured(...suites)), v12 = {maxVersion: 'TLSv1.2'};
  const kept = [];
  for (const options of [v12, {...v12, secureOptions: crypto.constants.SSL_OP_NO_TICKET}]) {
    const {session} = await status(service.port, {...options, ciphers: suites[0]});
    await assert.rejects(status(service.port, {...options, ciphers: suites[1], session}), {code: /ILLEGAL_PARAMETER/});
    assert.ok((await status(service.port, {...options, ciphers: suites.join(':'), session})).reused);
    kept.push([options, session]);
  }
  service.configure(configured(suites[1]));
  assert.strictEqual(service.command('reload').code, 0);
  await until('the old suite is gone', async () => {
    try { return !(await status(service.port, {...v12, ciphers: suites[0]})); } catch { return true; }
  });
  for (const [options, session] of kept)
    for (const ciphers of [suites.join(':'), suites[1]])
      assert.strictEqual((await status(service.port, {...options, ciphers, session})).reused, false);
});

test('a session of another server: a full handshake', async () => {
  const one = await Service.start(conf(1)), other = await Service.start(conf(1));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const options = {minVersion: version, maxVersion: version};
    const {session} = await status(one.port, options);
    assert.ok(!(await status(other.port, {...options, session})).reused);
  }
});
