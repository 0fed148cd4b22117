'use strict';
// certificates.test.js - certificates that clients refuse: reprise check, the log at the start and
// a real client agree.
const {execFileSync, spawnSync} = require('child_process');
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {Service, certs, connect, freePort, program, test} = require('./lib');

const conf = `state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  workers = 1
certificate "x" { cert = "@DIR@/x.pem"  key = "@DIR@/x.key" }
frontend "f" { listen = "127.0.0.1:@PORT@"  certificates = "x"  backend = "builtin:status" }
`;
const names = 'subjectAltName=DNS:localhost\n';

// A certificate of `issuer` as x.pem and x.key; with dates it is made by `openssl ca`, which takes any.
function make(dir, {key = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], extensions = names, dates, issuer = `${certs}/ca`, name = 'x'} = {}) {
  const run = (...args) => execFileSync('openssl', args, {cwd: dir, stdio: ['ignore', 'pipe', 'pipe']});
  fs.writeFileSync(path.join(dir, 'ext'), extensions);
  run('req', '-new', '-nodes', '-newkey', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  fs.writeFileSync(path.join(dir, 'index.txt'), '');
  fs.writeFileSync(path.join(dir, 'ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\n' +
    'rand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n');
  const validity = dates || ['20250101000000Z', '20450101000000Z'];
  run('ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', `${issuer}.pem`, '-keyfile', `${issuer}.key`, '-in', `${name}.csr`,
    '-out', `${name}.pem`, '-startdate', validity[0], '-enddate', validity[1], '-extfile', 'ext');
}

const time = (days) => new Date(Date.now() + days * 86400e3).toISOString().replace(/[-:T]|\.\d+/g, '');
const append = (dir, name) => fs.appendFileSync(path.join(dir, 'x.pem'), fs.readFileSync(name));

// What is made; what check finds, or nothing; and whether a client that verifies is served.
const cases = {
  'a good certificate': [(dir) => make(dir), null, true],
  'an expired certificate': [(dir) => make(dir, {dates: ['20200101000000Z', '20210101000000Z']}),
    /certificate "x" expired on 2021-01-01 00:00:00 UTC, so clients refuse it; renew it/, false],
  'a certificate that is not yet valid': [(dir) => make(dir, {dates: ['20450101000000Z', '20460101000000Z']}),
    /certificate "x" is not valid before 2045-01-01 00:00:00 UTC/, false],
  'a certificate that expires in 13 days': [(dir) => make(dir, {dates: ['20250101000000Z', time(13)]}), /certificate "x" expires on /, true],
  'a certificate that expires in 15 days': [(dir) => make(dir, {dates: ['20250101000000Z', time(15)]}), null, true],
  'an RSA key of 2048 bits': [(dir) => make(dir, {key: ['rsa:2048']}), null, true],
  'a key on secp256k1': [(dir) => make(dir, {key: ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']}),
    /certificate "x": its key is EC secp256k1, which browsers refuse; use RSA/, false],
  'a key on P-521': [(dir) => make(dir, {key: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521']}), /its key is EC secp521r1, which browsers/, true],
  'a certificate for clients': [(dir) => make(dir, {extensions: `${names}extendedKeyUsage=clientAuth\n`}),
    /its extended key usage excludes TLS servers/, false],
  'a certificate without subjectAltName': [(dir) => make(dir, {extensions: 'basicConstraints=CA:FALSE\n'}), /it has no subjectAltName/, false],
  'a certificate that must be stapled': [(dir) => make(dir, {extensions: `${names}tlsfeature=status_request\n`}),
    /requires an OCSP staple \(must-staple\), and this version staples nothing/, true],
  'an intermediate that is missing': [(dir) => {
    make(dir, {name: 'middle', extensions: 'basicConstraints=critical,CA:TRUE\n'});
    make(dir, {issuer: `${dir}/middle`});
    // openssl keeps copies by serial number: which one is found first depends on the directory
    for (const copy of fs.readdirSync(dir).filter((name) => /^[0-9A-F]{16,}\.pem$/.test(name))) fs.unlinkSync(path.join(dir, copy));
  }, /its chain lacks the intermediate certificate "CN=middle" \(in \S+middle\.pem\), so clients refuse it; append that to \S+x\.pem/, false],
  'an intermediate that is sent': [(dir) => {
    make(dir, {name: 'middle', extensions: 'basicConstraints=critical,CA:TRUE\n'});
    make(dir, {issuer: `${dir}/middle`});
    append(dir, path.join(dir, 'middle.pem'));
  }, null, true],
  'certificates of another chain': [(dir) => { make(dir); append(dir, `${certs}/client-ca.pem`); },
    /1 of the 2 certificates in \S+x\.pem do not belong to its chain; remove them/, true],
  'a key that others can read': [(dir) => { make(dir); fs.chmodSync(path.join(dir, 'x.key'), 0o644); },
    /others can read its private key in \S+x\.key \(mode 0644\); run chmod 600/, true],
};

for (const [what, [prepare, finding, served]] of Object.entries(cases))
  test(`${what}: ${finding ? 'check and the log warn' : 'no warning'}, and a client ${served ? 'is served' : 'refuses it'}`, async () => {
    const service = new Service(conf);
    prepare(service.dir);
    fs.copyFileSync(`${certs}/ca.pem`, path.join(service.dir, 'root.pem')); // a root beside the certificate is known
    await service.begin();
    const {status, stderr} = spawnSync(program, ['check', '-c', service.conf], {encoding: 'utf8', timeout: 20000});
    assert.strictEqual(status, 0);
    const warnings = stderr.split('\n').filter((line) => line.startsWith('warning: '));
    assert.deepStrictEqual(warnings.length, finding ? 1 : 0, stderr);
    if (finding) assert.match(warnings[0], new RegExp(`test\\.conf:2: .*${finding.source}`));
    if (finding) assert.match(service.log, new RegExp(` warn .*${finding.source}`));
    const error = await connect(service.port, {checkServerIdentity: () => undefined, ...(what.includes('subjectAlt') && {checkServerIdentity: undefined})})
      .then((socket) => socket.destroy() && null, (e) => e);
    assert.strictEqual(!error, served, String(error));
  });

test('a host whose certificates have another name is a warning', async () => {
  const service = new Service(conf.replace('backend = "builtin:status" }', 'backend = "builtin:status"\n  host "a.example" { }\n  host "localhost" { } }'));
  make(service.dir);
  fs.copyFileSync(`${certs}/ca.pem`, path.join(service.dir, 'root.pem'));
  await service.begin();
  const {ok, warnings} = JSON.parse(service.command('check', '--json').out);
  assert.ok(ok);
  assert.strictEqual(warnings.length, 1);
  assert.match(warnings[0], /test\.conf:4: host "a\.example": none of its certificates is valid for that name/);
});

test('expiry-warning says how long before', async () => {
  const service = new Service(`expiry-warning = 7d  ${conf}`);
  make(service.dir, {dates: ['20250101000000Z', time(8)]});
  fs.copyFileSync(`${certs}/ca.pem`, path.join(service.dir, 'root.pem'));
  await service.begin();
  assert.deepStrictEqual(JSON.parse(service.command('check', '--json').out).warnings, []);
  service.configure(service.template.replace('7d', '9d'));
  assert.match(JSON.parse(service.command('check', '--json').out).warnings[0], /certificate "x" expires on /);
});

test('a damaged certificate in a file of several is an error that names the file', async () => {
  const service = new Service(conf);
  make(service.dir);
  fs.appendFileSync(path.join(service.dir, 'x.pem'), '-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n');
  for (const name of ['state', 'run']) fs.mkdirSync(path.join(service.dir, name));
  service.ports = {1: await freePort()};
  service.configure();
  const {code, err} = service.command('check');
  assert.strictEqual(code, 2);
  assert.match(err, /test\.conf:2: certificate "x": cert "\S+x\.pem": certificate 2 of 2 is damaged or cut off/);
});

test('a certificate that expires while the service runs is logged at that moment', async () => {
  const service = new Service(conf), end = new Date(Date.now() + 4000).toISOString().replace(/[-:T]|\.\d+/g, '');
  make(service.dir, {dates: ['20250101000000Z', end]});
  await service.begin();
  assert.match(service.log, /warn .*certificate "x" (expires|expired) on /);
  await service.said(/warn .*certificate "x" expired on .*, so clients refuse it/);
});

// -- client certificates

const mutual = (options) => conf.replace('backend = "builtin:status" }', `backend = "builtin:status"  request-cert = on  ${options} }`);
const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n';

// A root's client, and one below an intermediate; lists of revoked certificates of both.
function makeClients(dir) {
  const crl = (ca, name, from, to) => execFileSync('openssl', ['ca', '-config', 'ca.cnf', '-gencrl', '-cert', `${ca}.pem`, '-keyfile', `${ca}.key`,
    '-crl_lastupdate', from, '-crl_nextupdate', to, '-out', `${name}.crl`], {cwd: dir, stdio: ['ignore', 'pipe', 'pipe']});
  const client = 'basicConstraints=CA:FALSE\n';
  make(dir, {name: 'middle', extensions: authority, issuer: `${certs}/client-ca`});
  make(dir, {name: 'below', extensions: client, issuer: `${dir}/middle`});
  make(dir, {name: 'direct', extensions: client, issuer: `${certs}/client-ca`});
  make(dir);
  fs.copyFileSync(`${certs}/ca.pem`, path.join(dir, 'root.pem'));
  crl(`${dir}/middle`, 'middle', '20250101000000Z', '20450101000000Z');
  crl(`${certs}/client-ca`, 'root', '20250101000000Z', '20450101000000Z');
  crl(`${certs}/client-ca`, 'old', '20200101000000Z', '20200201000000Z');
  const read = (name) => fs.readFileSync(path.join(dir, name));
  fs.writeFileSync(path.join(dir, 'both.crl'), Buffer.concat([read('middle.crl'), read('root.crl')]));
  fs.writeFileSync(path.join(dir, 'both.pem'), Buffer.concat([read('middle.pem'), fs.readFileSync(`${certs}/client-ca.pem`)]));
}

// The options; what check finds, or nothing; who connects, and whether he is admitted.
const trusts = {
  'an intermediate without its root': ['ca = "@DIR@/middle.pem"', /CAs admit no client: client certificates of the CA "CN=middle" are refused .*add its root CA to ca, or set partial-chain = on/, 'below', false],
  'an intermediate with partial-chain': ['ca = "@DIR@/middle.pem"  partial-chain = on', null, 'below', true],
  'an intermediate and its root': ['ca = "@DIR@/both.pem"', null, 'below', true],
  'the root alone': ['ca = "@CERTS@/client-ca.pem"', null, 'direct', true],
  'the list of the intermediate without the root\'s': ['ca = "@DIR@/both.pem"  crl = "@DIR@/middle.crl"', /2 of 2 CAs admit no client: .*add the list of each CA up to the root to crl/, 'below', false],
  'both lists': ['ca = "@DIR@/both.pem"  crl = "@DIR@/both.crl"', null, 'below', true],
  'a list that has expired': ['ca = "@CERTS@/client-ca.pem"  crl = "@DIR@/old.crl"', /crl "\S+old\.crl": the list of "CN=client-ca" expired on 2020-02-01/, 'direct', false],
  'a root without ca-names': ['ca = "@CERTS@/client-ca.pem"  ca-names = off', null, 'direct', true],
};

for (const [what, [options, finding, who, admitted]] of Object.entries(trusts))
  test(`${what}: ${finding ? 'check and the log warn' : 'no warning'}, and the client is ${admitted ? 'admitted' : 'refused'}`, async () => {
    const service = new Service(mutual(options));
    makeClients(service.dir);
    await service.begin();
    const warnings = JSON.parse(service.command('check', '--json').out).warnings;
    assert.strictEqual(warnings.length, finding ? 1 : 0, warnings.join('\n'));
    if (finding) assert.match(warnings[0], finding);
    if (finding) assert.match(service.log, new RegExp(` warn .*${finding.source}`));
    const own = (ending) => fs.readFileSync(path.join(service.dir, `${who}.${ending}`));
    const error = await connect(service.port, {cert: own('pem'), key: own('key'), maxVersion: 'TLSv1.2'})
      .then((socket) => socket.destroy() && null, (e) => e);
    assert.strictEqual(!error, admitted, String(error));
  });

test('names of CAs above 64 KB are an error; with ca-names = off clients connect', async () => {
  const service = new Service(mutual('ca = "@DIR@/many.pem"'));
  makeClients(service.dir);
  const run = (...args) => execFileSync('openssl', args, {cwd: service.dir, stdio: ['ignore', 'pipe', 'pipe']});
  const long = (i) => Array.from({length: 70}, (_, n) => `/OU=${String(i * 100 + n).padStart(60, 'x')}`).join('');
  const all = [fs.readFileSync(`${certs}/client-ca.pem`)];
  for (let i = 0; i < 14; i++) {
    run('req', '-x509', '-new', '-key', 'x.key', '-days', '30', '-subj', `/CN=many${long(i)}`, '-out', 'one.pem', '-addext', 'basicConstraints=critical,CA:TRUE');
    all.push(fs.readFileSync(path.join(service.dir, 'one.pem')));
  }
  fs.writeFileSync(path.join(service.dir, 'many.pem'), Buffer.concat(all));
  for (const name of ['state', 'run']) fs.mkdirSync(path.join(service.dir, name));
  service.ports = {1: await freePort()};
  service.configure();
  const {code, err} = service.command('check');
  assert.strictEqual(code, 2);
  assert.match(err, /test\.conf:3: ca "\S+many\.pem": the names of its CAs take \d+ bytes, .* set ca-names = off/);
  const off = new Service(mutual(`ca = "${service.dir}/many.pem"  ca-names = off`));
  makeClients(off.dir);
  await off.begin();
  const own = (ending) => fs.readFileSync(path.join(off.dir, `direct.${ending}`));
  (await connect(off.port, {cert: own('pem'), key: own('key'), maxVersion: 'TLSv1.2'})).destroy();
  service.remove();
});
