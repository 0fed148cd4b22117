'use strict';
// Sections A, H, M, N, Q: what the module gives to everyone, certificates on their own, clusters, TLS
// within other streams, and where we are better than node on purpose.
const assert = require('assert');
const {execFile} = require('child_process');
const path = require('path');
const {promisify} = require('util');
const {file} = require('../certs');

const base = ['--cert', file('ecdsa.pem'), '--key', file('ecdsa.key')];
const rsa = ['--cert', file('rsa.pem'), '--key', file('rsa.key')];
const trust = ['--ca', file('ca.pem'), '--servername', 'localhost'];
const talk = (section, name, server, client = trust, more = {}) => ({section, name, server, client, ...more});
const made = (section, name, ...server) => ({section, name, server, clients: []});

const fail = (name, what) => { throw new Error(`${name}: ${JSON.stringify(what)}`); };
// With `check` for what our server tells and serves; with node's server, as node.
const better = (why, check) => ({differs: {why, check: (r, m, name) => { if (/server us/.test(name)) check(r, m, name); }}});

const x509 = async () => {
  const {stdout} = await promisify(execFile)('node', [path.join(__dirname, '../x509.js'), process.env.BUILD || 'build/release', '300'], {env: {...process.env, MADE: '1'}});
  if (!/^[1-9]\d* inputs, [1-9]\d* certificates, [1-9]\d* comparisons, 0 differences$/m.test(stdout)) throw new Error(stdout);
};

// In which order a server is asked. A context for a name brings how sessions are looked up, so our name
// comes first, on every connection; and stateful sessions resume in TLS 1.3 too, and are renewed.
const order = (name, version, node, ours) => ({
  section: 'J', name, order: [...trust, '--request-ocsp', '--alpn-protocols', 'a,b', '--max-version', version], check: (r, who) => {
    const expected = /server us/.test(who) ? ours : node;
    assert.deepStrictEqual(r.server, [{code: 0, ...expected}], who);
  }, differs: {why: 'the name decides everything else', check: () => {}}});

module.exports = [
  // -- A: defaults
  talk('A', 'A2 the first of the default ciphers, TLS 1.2', [...rsa, '--max-version', 'TLSv1.2']),
  talk('A', 'A2 the first of the default ciphers, TLS 1.3', rsa),
  talk('A', 'A2 no pre-shared keys by default', [...base, '--psk', 'alice=0102', '--max-version', 'TLSv1.2'],
    [...trust, '--psk-identity', 'alice', '--psk', '0102', '--ciphers', 'PSK']),
  talk('A', 'A2 no cipher without authentication by default', [...base, '--max-version', 'TLSv1.2'], [...trust, '--ciphers', 'aNULL:@SECLEVEL=0']),
  talk('A', 'A3 curves that are automatic', [...base, '--ecdh-curve', 'auto'], [...trust, '--ecdh-curve', 'auto']),
  talk('A', 'A4 less than the least version', base, [...trust, '--min-version', 'TLSv1', '--max-version', 'TLSv1.1', '--ciphers', 'ALL:@SECLEVEL=0']),
  talk('A', 'A4 least version of the client', [...base, '--min-version', 'TLSv1', '--max-version', 'TLSv1.1', '--ciphers', 'ALL:@SECLEVEL=0']),
  talk('A', 'A5 an authority that is no root', base, ['--servername', 'localhost', '--no-reject-unauthorized']),
  made('A', 'A6 name as getCiphers has it', ...base, '--ciphers', 'ecdhe-ecdsa-aes128-gcm-sha256'),
  made('A', 'A7 version in lower case', ...base, '--min-version', 'tlsv1.2'),

  // -- H
  {section: 'H', name: 'H1 to H4 certificates of all kinds, property by property', run: x509},

  // -- J
  order('J5 order of the questions, TLS 1.2', 'TLSv1.2', {
    first: ['SNICallback localhost', 'OCSPRequest', 'ALPNCallback a,b', 'newSession', 'secureConnection'],
    second: ['resumeSession', 'ALPNCallback a,b', 'secureConnection'],
  }, {
    first: ['SNICallback localhost', 'OCSPRequest', 'ALPNCallback a,b', 'newSession', 'secureConnection'],
    second: ['SNICallback localhost', 'resumeSession', 'ALPNCallback a,b', 'secureConnection'],
  }),
  order('J5 order of the questions, TLS 1.3', 'TLSv1.3', {
    first: ['resumeSession', 'ALPNCallback a,b', 'SNICallback localhost', 'OCSPRequest', 'secureConnection', 'newSession', 'newSession'],
    second: ['resumeSession', 'ALPNCallback a,b', 'SNICallback localhost', 'OCSPRequest', 'secureConnection', 'newSession', 'newSession'],
  }, {
    first: ['SNICallback localhost', 'ALPNCallback a,b', 'OCSPRequest', 'secureConnection', 'newSession'],
    second: ['SNICallback localhost', 'resumeSession', 'ALPNCallback a,b', 'secureConnection', 'newSession'],
  }),

  // -- M
  {section: 'M', name: 'M1 workers resume each other\'s sessions', cluster: 3, client: trust},
  {section: 'M', name: 'M1 workers resume each other\'s sessions, TLS 1.2', cluster: 3, client: [...trust, '--max-version', 'TLSv1.2']},

  // -- Q
  {section: 'Q', name: 'Q1 a secure pair, piped to a socket', inside: 'pair', check: (r, name) => { if (r.client[0].code !== 0 || !r.client[0].lines.includes('answer')) fail(name, r); }},
  {section: 'Q', name: 'Q2 TLS in TLS', inside: 'tls', check: (r, name) => { if (r.client[0].code !== 0 || !r.client[0].lines.includes('answer')) fail(name, r); }},

  talk('Q', 'Q3 an authority besides the default ones', base, ['--extra-ca', file('ca.pem'), '--servername', 'localhost']),
  talk('Q', 'Q3 several in one file', base, ['--extra-ca', file('cas.pem'), '--servername', 'localhost']),
  talk('Q', 'Q3 none in the file', base, ['--extra-ca', file('garbage'), '--servername', 'localhost', '--no-reject-unauthorized']),
  talk('Q', 'Q3 authorities that are named count alone', base, ['--extra-ca', file('ca.pem'), '--ca', file('other-ca.pem'), '--servername', 'localhost', '--no-reject-unauthorized']),

  // -- N
  talk('N', 'N4 server that trusts a part of a chain', [...base, '--request-cert', '--no-reject-unauthorized', '--ca', file('middle.pem'), '--allow-partial-trust-chain'],
    [...trust, '--cert', file('below.pem'), '--key', file('below.key')], better('node forgets the option for servers', (r, m, name) => {
      if (!r.server[0].told.authorized || m.server[0].told.authorized) fail(name, [r.server[0].told.authorizationError, m.server[0].told.authorized]);
    })),
  talk('N', 'N5 context of a name that has another kind of key', [...rsa, ...base, '--max-version', 'TLSv1.2', '--sni', `api.example=${file('api.pem')}=${file('api.key')}`],
    ['--ca', file('ca.pem'), '--servername', 'api.example', '--ciphers', 'ECDHE-RSA-AES128-GCM-SHA256', '--no-reject-unauthorized'],
    better('the certificate of another name is not shown', (r, m, name) => {
      if (!r.server[0].order.includes('tlsClientError ERR_SSL_NO_SHARED_CIPHER') || !m.server[0].told) fail(name, r.server[0].order);
    })),
  talk('N', 'N10 self-signed, may not sign', ['--cert', file('nosign.pem'), '--key', file('nosign.key')], ['--ca', file('nosign.pem'), '--servername', 'localhost', '--detailed', '--no-reject-unauthorized'],
    {differs: {why: 'a certificate that issued itself is the end of its chain', check: (r, m, name) => {
      const {issuerCertificate} = r.client[0].told.peerCertificate;
      if (/client us/.test(name) ? issuerCertificate : !issuerCertificate) fail(name, issuerCertificate);
    }}}),
];
