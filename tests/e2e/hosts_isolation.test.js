'use strict';
// A session resumes only where a full handshake would have been accepted: not with stricter client
// authentication, another certificate, another CA set or a new CRL; by id, by ticket and by
// stateful ticket, in TLS 1.2 and 1.3, on the same host and on another.
const assert = require('assert');
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const {Service, certs, pem, test, until} = require('./lib');
const {conf, kinds, visit, well, withRedis} = require('./hosts');

const as = (name) => ({cert: pem(`${name}.pem`), key: pem(`${name}.key`)});
const verifies = (ca) => `request-cert = on  ca = "@CERTS@/${ca}.pem"`;
const vhosts = { // the options of a name, and whose certificate opens it
  'lenient.example': ['certificates = {"wildcard"}'],
  'asked.example': [`certificates = {"wildcard"}  reject-unauthorized = off  ${verifies('client-ca')}`, 'alice'],
  'strict.example': [`certificates = {"wildcard"}  ${verifies('client-ca')}`, 'alice'],
  'others.example': [`certificates = {"wildcard"}  ${verifies('other-ca')}`, 'stranger'],
  'listed.example': [`certificates = {"wildcard"}  ${verifies('client-ca')}  crl = "@DIR@/crl.pem"`, 'alice'],
  'api.example': ['certificates = {"api"}'],
};
const names = Object.keys(vhosts);
const isStrict = (name) => /request-cert/.test(vhosts[name][0]) && !/reject-unauthorized = off/.test(vhosts[name][0]);

const text = (redis) => conf(redis, {more: `
certificate "wildcard" { cert = "@CERTS@/wildcard.pem"  key = "@CERTS@/wildcard.key" }
certificate "api" { cert = "@CERTS@/api.pem"  key = "@CERTS@/api.key" }`}).replace(/backend = "builtin:status"/g, `$&
${names.map((name) => `  host "${name}" { ${vhosts[name][0]} }`).join('\n')}`);

async function twoHosts(redis) {
  const hosts = [new Service(text(redis)), new Service(text(redis))];
  for (const host of hosts) {
    fs.copyFileSync(path.join(certs, 'crl.pem'), path.join(host.dir, 'crl.pem'));
    await host.begin();
  }
  await well(hosts);
  return hosts;
}

const credentials = (name) => (vhosts[name][1] ? as(vhosts[name][1]) : {});
// undefined: refused. (To node, *.example is for no name.)
async function offer(host, kind, name, more) {
  try { return await visit(host, kind, {servername: name, checkServerIdentity: () => undefined, ...more}); } catch { return undefined; }
}

for (const kind of kinds)
  test(`${kind.kind}: no name opens another`, () => withRedis(async (redis) => {
    const [a, b] = await twoHosts(redis);
    for (const from of names)
      for (const to of names) {
        const own = {...credentials(to)}, what = `${from} to ${to}`;
        const {session} = await offer(a, kind, from, credentials(from));
        assert.ok(session, what);
        for (const host of [a, b]) {
          if (from === to) {
            assert.ok((await offer(host, kind, to, {...own, session})).reused, `${to}: it can be resumed`);
            continue;
          }
          const nobody = await offer(host, kind, to, {session});
          assert.strictEqual(nobody === undefined, isStrict(to), `${what}, without a certificate`);
          assert.ok(!(nobody && nobody.reused), what);
          assert.strictEqual((await offer(host, kind, to, {...own, session})).reused, false, what);
        }
      }
  }));

// Client certificates and CRLs with an index of their own.
function revokeAlice(dir) {
  const x509 = (what, ...more) => execFileSync('openssl', ['x509', '-in', path.join(certs, 'alice.pem'), '-noout', `-${what}`, ...more]).toString().trim();
  fs.writeFileSync(path.join(dir, 'index'), `R\t491231235959Z\t240101000000Z\t${x509('serial').split('=')[1]}\tunknown\t${x509('subject', '-nameopt', 'compat').replace(/^subject=/, '')}\n`);
  fs.writeFileSync(path.join(dir, 'ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n');
  execFileSync('openssl', ['ca', '-config', 'ca.cnf', '-gencrl', '-cert', path.join(certs, 'client-ca.pem'), '-keyfile',
    path.join(certs, 'client-ca.key'), '-out', 'crl.pem'], {cwd: dir, stdio: 'ignore'});
}

test('a new CRL: sessions of before are full handshakes, and who is on it is refused', () => withRedis(async (redis) => {
  const [a, b] = await twoHosts(redis), name = 'listed.example', alice = as('alice');
  const before = [];
  for (const kind of kinds) before.push([kind, (await offer(a, kind, name, alice)).session]);
  for (const host of [a, b]) {
    for (const [kind, session] of before) assert.ok((await offer(host, kind, name, {...alice, session})).reused, kind.kind);
    revokeAlice(host.dir);
    assert.strictEqual(host.command('reload').code, 0);
  }
  for (const host of [a, b])
    for (const [kind, session] of before)
      await until(`${kind.kind} is refused`, async () => (await offer(host, kind, name, {...alice, session})) === undefined);
  for (const host of [a, b])
    for (const [kind, session] of before) assert.ok(!(await offer(host, kind, 'strict.example', {...alice, session})).reused);
}));
