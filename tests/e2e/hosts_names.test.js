'use strict';
// A session resumes only for the server name of its full handshake: by id, ticket and stateful
// ticket, in TLS 1.2 (required by RFC 6066 section 3) and in TLS 1.3 (RFC 8446 section 4.6.1 would
// allow another name), on all hosts of a cluster. For its own name it resumes everywhere.
const assert = require('assert');
const {execFileSync} = require('child_process');
const path = require('path');
const {Service, certs, nextSecond, test, until} = require('./lib');
const {conf, fresh, kinds, visit, well, withRedis} = require('./hosts');

// One certificate for all of them, and one client verification: nothing but the name tells them apart.
const more = 'certificate "wildcard" { cert = "@CERTS@/wildcard.pem"  key = "@CERTS@/wildcard.key" }';
const hostBlocks = `host "b.example" { certificates = "wildcard" }  host "*.example" { certificates = "wildcard" }`;
const text = (redis) => conf(redis, {more, workers: 2}).replace(/backend = "builtin:status"/g, `$&\n  ${hostBlocks}`);

const withTwoHosts = (body) => withRedis(async (redis) => {
  const hosts = [await Service.start(text(redis)), await Service.start(text(redis))];
  await well(hosts);
  await body(hosts, redis);
});
const as = (servername) => ({servername, checkServerIdentity: () => undefined});
const resumes = async (host, kind, servername, session) => (await visit(host, kind, {...as(servername), session})).reused;

// Those of a host block, of a wildcard block (two of them), of the frontend (two names of its certificate, one of none), no name.
const names = ['b.example', 'a.example', 'c.example', 'localhost', 'www.example.com', 'unknown.test', ''];

for (const kind of kinds) {
  test(`${kind.kind}: under its name a session resumes on every host, under another nowhere`, () => withTwoHosts(async (hosts) => {
    for (const from of names) {
      const session = await fresh(hosts[0], kind, as(from));
      for (const host of hosts)
        for (const to of names)
          assert.strictEqual(await resumes(host, kind, to, session), from === to, `"${from}" to "${to}"`);
    }
  }));

  test(`${kind.kind}: names are compared without case`, () => withTwoHosts(async ([a, b]) => {
    const session = await fresh(a, kind, as('A.example'));
    for (const host of [a, b])
      for (const same of ['a.example', 'A.EXAMPLE', 'A.example']) assert.ok(await resumes(host, kind, same, session), same);
  }));

  test(`${kind.kind}: under one name all clients of all workers resume`, () => withTwoHosts(async (hosts) => {
    let session = await fresh(hosts[0], kind, as('a.example'));
    for (let i = 0; i < 24; i++) {
      const next = await visit(hosts[i % 2], kind, {...as('a.example'), session});
      assert.ok(next.reused, `connection ${i}`);
      session = next.session || session;
    }
  }));

  test(`${kind.kind}: sessions revoke --host stops a session of another name there, and no other`, () => withTwoHosts(async ([a, b]) => {
    const ofA = await fresh(a, kind, as('a.example')), ofB = await fresh(a, kind, as('b.example'));
    await nextSecond();
    assert.strictEqual(a.command('sessions', 'revoke', '--host', 'b.example').code, 0);
    await until('it is known on both hosts', async () => !(await resumes(b, kind, 'b.example', ofB)) && !(await resumes(a, kind, 'b.example', ofB)));
    for (const host of [a, b]) {
      assert.ok(!(await resumes(host, kind, 'b.example', ofA)), 'of a, at b');
      assert.ok(await resumes(host, kind, 'a.example', ofA), 'of a, at a');
    }
  }));
}

// A renewed ticket is of the name that its first handshake was with; it can't be carried on under another.
test('TLS 1.3 ticket: what a client is given under another name is a session of that name', () => withTwoHosts(async ([a]) => {
  const kind = kinds.find(({kind: name}) => name === 'TLS 1.3 ticket');
  const first = await fresh(a, kind, as('a.example'));
  const other = await visit(a, kind, {...as('b.example'), session: first});
  assert.ok(!other.reused);
  assert.ok(await resumes(a, kind, 'b.example', other.session));
  assert.ok(!(await resumes(a, kind, 'a.example', other.session)));
}));

test('openssl s_client: its session of one name is a full handshake under another', () => withTwoHosts(async ([a, b]) => {
  const file = path.join(a.dir, 'session');
  for (const version of ['-tls1_2', '-tls1_3']) {
    const run = (host, name, ...args) => execFileSync('openssl', ['s_client', '-connect', `127.0.0.1:${host.port}`, '-servername', name,
      '-CAfile', path.join(certs, 'ca.pem'), '-ign_eof', version, ...args], {input: 'GET / HTTP/1.0\r\n\r\n', stdio: ['pipe', 'pipe', 'pipe']}).toString();
    assert.match(run(a, 'a.example', '-sess_out', file), /^New, /m);
    for (const host of [a, b]) {
      assert.match(run(host, 'b.example', '-sess_in', file), /^New, /m);
      assert.match(run(host, 'a.example', '-sess_in', file), /^Reused, /m);
    }
  }
}));
