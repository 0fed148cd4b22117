'use strict';
// certs.js - certificates of the scenarios that the end-to-end tests have no use for; made once,
// below build/.
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const e2e = require('../e2e/lib');

const dir = path.join(__dirname, '../../build/interop-certs.3'); // another name when there is more to make
let making; // where they are while they are made
const openssl = (...args) => execFileSync('openssl', args, {cwd: making, stdio: ['ignore', 'pipe', 'pipe']});

function selfSigned(name, ...key) {
  openssl('req', '-x509', '-nodes', '-newkey', ...key, '-days', '30', '-keyout', `${name}.key`, '-out', `${name}.pem`,
    '-subj', `/CN=${name}.example`, '-addext', `subjectAltName=DNS:${name}.example,DNS:localhost`);
}

function signed(name, ca, subject, extensions, ...more) {
  openssl('req', '-new', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
  fs.writeFileSync(path.join(making, `${name}.ext`), extensions);
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', ...(more.includes('-days') ? [] : ['-days', '30']), ...more,
    '-extfile', `${name}.ext`, '-out', `${name}.pem`);
}

// OpenSSL 3.4 and later refuse a negative number of days, and earlier ones have no dates here.
function past() {
  const [, major, minor] = /OpenSSL (\d+)\.(\d+)/.exec(openssl('version'));
  return major > 3 || minor >= 4 ? ['-days', '1', '-not_before', '20200101000000Z', '-not_after', '20200102000000Z'] : ['-days', '-1'];
}

function makeAll(aside) {
  making = aside;
  fs.cpSync(e2e.certs, making, {recursive: true});
  selfSigned('self', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
  selfSigned('nosign', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-addext', 'keyUsage=digitalSignature', '-addext', 'basicConstraints=CA:FALSE');
  selfSigned('ed25519', 'ed25519');
  selfSigned('p384', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384');
  selfSigned('rsapss', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048');
  signed('middle', 'ca', '/CN=middle', 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n');
  signed('below', 'middle', '/CN=below', 'subjectAltName=DNS:localhost\n');
  signed('expired', 'ca', '/CN=expired', 'subjectAltName=DNS:localhost\n', ...past());
  signed('sha1', 'ca', '/CN=sha1', 'subjectAltName=DNS:localhost\n', '-sha1');
  signed('cnonly', 'ca', '/CN=localhost', 'basicConstraints=CA:FALSE\n');
  signed('clientonly', 'ca', '/CN=clientonly', 'subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth\n');
  signed('odd', 'ca', '/C=DE/O=A, B/OU=One/OU=Two/CN=odd', 'subjectAltName=DNS:localhost,email:a@b.example,URI:https://x.example/a,IP:::1,dirName:d\n[d]\nCN=inner\n');
  const cat = (out, ...names) => fs.writeFileSync(path.join(making, out), names.map((name) => fs.readFileSync(path.join(making, name), 'utf8')).join(''));
  cat('chain.pem', 'below.pem', 'middle.pem');
  cat('cas.pem', 'ca.pem', 'other-ca.pem');
  openssl('x509', '-in', 'ecdsa.pem', '-outform', 'DER', '-out', 'ecdsa.der');
  openssl('pkcs8', '-topk8', '-in', 'ecdsa.key', '-passout', 'pass:secret', '-out', 'encrypted.key');
  openssl('pkcs12', '-export', '-in', 'ecdsa.pem', '-inkey', 'ecdsa.key', '-certfile', 'ca.pem', '-passout', 'pass:secret', '-out', 'ecdsa.pfx');
  openssl('pkcs12', '-export', '-in', 'rsa.pem', '-inkey', 'rsa.key', '-certfile', 'ca.pem', '-passout', 'pass:secret', '-out', 'rsa.pfx');
  openssl('pkcs12', '-export', '-in', 'ecdsa.pem', '-inkey', 'ecdsa.key', '-passout', 'pass:', '-out', 'open.pfx');
  openssl('genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048', '-out', 'dh2048.pem');
  fs.writeFileSync(path.join(making, 'dh512.pem'), openssl('dhparam', '-dsaparam', '512'));
  fs.writeFileSync(path.join(making, 'garbage'), 'not a certificate\n');
  fs.writeFileSync(path.join(making, 'ticket.keys'), Buffer.from(Array.from({length: 48}, (_, i) => i + 1)));
  fs.writeFileSync(path.join(making, 'short.keys'), Buffer.alloc(47, 1));
  fs.writeFileSync(path.join(making, 'staple'), Buffer.from('a staple, of a kind'));
  fs.writeFileSync(path.join(making, 'large'), Buffer.alloc(300000, 'reprise '));
}

function make() {
  e2e.makeCerts();
  e2e.madeOnce(dir, makeAll);
}

module.exports = {make, file: (name) => path.join(dir, name)};
