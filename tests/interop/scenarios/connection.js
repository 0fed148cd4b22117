'use strict';
// Sections C, D, E, K: who is who, what both ends tell of a connection, and how handshakes fail.
const assert = require('assert');
const {file} = require('../certs');

const base = ['--cert', file('ecdsa.pem'), '--key', file('ecdsa.key')];
const trust = ['--ca', file('ca.pem'), '--servername', 'localhost'];
const alice = ['--cert', file('alice.pem'), '--key', file('alice.key')];
const asks = ['--request-cert', '--ca', file('client-ca.pem')];
const versions = ['TLSv1.2', 'TLSv1.3'];
const talk = (section, name, server, client = [], more = {}) => ({section, name, server: [...base, ...server], client: [...trust, ...client], ...more});
const serverOf = (name) => ['--cert', file(`${name}.pem`), '--key', file(`${name}.key`)];

// A client that is refused: by us inside the handshake, with the alert that says why; node completes
// the handshake and hangs up.
const refusedEarly = (code, alert) => ({why: 'a bad client certificate is refused inside the handshake, with an alert', check: (r, m, name) => {
  const [server, client] = [/server (\w+)/.exec(name)[1], /client (\w+)/.exec(name)[1]];
  if (server === 'node') { // then only the client's words can differ
    assert.deepStrictEqual(r.server[0].order, m.server[0].order, name);
    return;
  }
  assert.deepStrictEqual(r.server[0].order, [`tlsClientError ${code}`], name);
  assert.ok(r.client[0].order.includes(`error ${alert}`) || r.client[0].order.includes('error ECONNRESET'), `${name}, ${client}: ${r.client[0].order}`);
}});

// The same the other way round: a server that we refuse hears why.
const refuses = (alert) => ({why: 'a bad chain is refused inside the handshake, with an alert', check: (r, m, name) => {
  assert.deepStrictEqual(r.client[0].order, m.client[0].order, name);
  if (/client us/.test(name)) assert.deepStrictEqual(r.server[0].order, [`tlsClientError ${alert}`], name);
}});

module.exports = [
  // -- who the server is
  talk('E', 'E7 authorized', []),
  talk('D', 'D23 the whole chain', [], ['--detailed']),
  talk('E', 'E6 name that the certificate has not', [], ['--servername', 'other.example']),
  talk('E', 'E6 name that it has not, accepted', [], ['--servername', 'other.example', '--no-reject-unauthorized']),
  talk('E', 'E8 names are not compared', [], ['--servername', 'other.example', '--no-check-server-identity']),
  talk('E', 'E4 no server name: the host is compared', [], [], {client: ['--ca', file('ca.pem')]}),
  talk('E', 'E4 another name of the certificate', [], ['--servername', 'www.example']),
  ...versions.map((v) => ({section: 'K', name: `K8 self-signed, ${v}`, server: [...serverOf('self'), '--max-version', v], client: trust, differs: refuses('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA')})),
  ...versions.map((v) => ({section: 'K', name: `K8 self-signed, accepted, ${v}`, server: [...serverOf('self'), '--max-version', v], client: [...trust, '--no-reject-unauthorized']})),
  {section: 'K', name: 'K8 self-signed that is trusted', server: serverOf('self'), client: ['--ca', file('self.pem'), '--servername', 'localhost']},
  {section: 'K', name: 'K8 issuer is not there', server: serverOf('below'), client: [...trust, '--no-reject-unauthorized']},
  {section: 'K', name: 'K8 other authority', server: base, client: ['--ca', file('other-ca.pem'), '--servername', 'localhost', '--no-reject-unauthorized']},
  {section: 'K', name: 'K8 chain of three', server: ['--cert', file('chain.pem'), '--key', file('below.key')], client: [...trust, '--detailed']},
  {section: 'K', name: 'K8 only the one in the middle is trusted', server: ['--cert', file('chain.pem'), '--key', file('below.key')], client: ['--ca', file('middle.pem'), '--servername', 'localhost', '--no-reject-unauthorized']},
  {section: 'B', name: 'B14 only the one in the middle, which is enough', server: ['--cert', file('chain.pem'), '--key', file('below.key')], client: ['--ca', file('middle.pem'), '--servername', 'localhost', '--allow-partial-trust-chain']},
  {section: 'K', name: 'K8 expired', server: serverOf('expired'), client: [...trust, '--no-reject-unauthorized']},
  {section: 'K', name: 'K8 expired, refused', server: serverOf('expired'), client: trust, differs: refuses('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED')},
  {section: 'K', name: 'K9 for clients only', server: serverOf('clientonly'), client: [...trust, '--no-reject-unauthorized']},
  {section: 'F', name: 'F5 name in the subject only', server: serverOf('cnonly'), client: trust},
  {section: 'F', name: 'F6 wildcard', server: serverOf('wildcard'), client: ['--ca', file('ca.pem'), '--servername', 'www.example', '--no-reject-unauthorized']},
  {section: 'F', name: 'F6 wildcard of another level', server: serverOf('wildcard'), client: ['--ca', file('ca.pem'), '--servername', 'a.b.example', '--no-reject-unauthorized']},
  {section: 'B', name: 'B19 list of revoked ones, of another authority', server: base, client: [...trust, '--crl', file('crl.pem'), '--no-reject-unauthorized']},

  // -- who the client is
  ...versions.flatMap((v) => [
    talk('C', `C3 good certificate, ${v}`, [...asks, '--max-version', v], alice),
    talk('C', `C3 good certificate, whole chain, ${v}`, [...asks, '--max-version', v, '--detailed'], alice),
    talk('C', `C3 none, accepted, ${v}`, [...asks, '--max-version', v, '--no-reject-unauthorized']),
    talk('C', `C3 other authority, accepted, ${v}`, [...asks, '--max-version', v, '--no-reject-unauthorized'], ['--cert', file('stranger.pem'), '--key', file('stranger.key')]),
    talk('C', `C3 not asked for, ${v}`, ['--max-version', v], alice),
    talk('K', `K3 none, ${v}`, [...asks, '--max-version', v], [], v === 'TLSv1.2' ? {} : {stays: true, ignore: ['data', 'order']}),
    talk('C', `C15 other authority, ${v}`, [...asks, '--max-version', v], ['--cert', file('stranger.pem'), '--key', file('stranger.key')],
      {ignore: [], loose: true, differs: refusedEarly('ERR_SSL_CERTIFICATE_VERIFY_FAILED', v === 'TLSv1.2' ? 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' : 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA')}),
    talk('B', `B19 revoked client, accepted, ${v}`, [...asks, '--crl', file('crl.pem'), '--max-version', v, '--no-reject-unauthorized'], ['--cert', file('mallory.pem'), '--key', file('mallory.key')]),
    talk('B', `B19 client that is not revoked, ${v}`, [...asks, '--crl', file('crl.pem'), '--max-version', v], alice),
  ]),

  // -- what is agreed
  ...versions.flatMap((v) => [
    talk('D', `D21 keying material, ${v}`, ['--max-version', v, '--export-keying-material', 'EXPORTER-one'], ['--export-keying-material', 'EXPORTER-one']),
    talk('D', `D21 empty label, ${v}`, ['--max-version', v, '--export-keying-material', ''], ['--export-keying-material', '']),
    talk('D', `D21 label that is taken, ${v}`, ['--max-version', v, '--export-keying-material', 'client finished'], ['--export-keying-material', 'client finished']),
    talk('D', `D34 key log, ${v}`, ['--max-version', v, '--keylog'], ['--keylog']),
    talk('D', `D27 short records, ${v}`, ['--max-version', v], ['--max-send-fragment', '512'], {input: 'x'.repeat(2000)}),
    talk('D', `D27 short records of the server, ${v}`, ['--max-version', v, '--max-send-fragment', '512'], [], {input: 'x'.repeat(2000)}),
    talk('E', `E5 Unix socket, ${v}`, ['--max-version', v], [], {unix: true}),
  ]),

  // -- SNI
  talk('J', 'J1 another certificate for a name', ['--sni', `api.example=${file('api.pem')}=${file('api.key')}`], ['--servername', 'api.example']),
  talk('J', 'J1 pattern', ['--sni', `*.example=${file('api.pem')}=${file('api.key')}`], ['--servername', 'api.example']),
  talk('J', 'J1 newest that matches', ['--sni', `*.example=${file('wildcard.pem')}=${file('wildcard.key')},api.example=${file('api.pem')}=${file('api.key')}`], ['--servername', 'api.example']),
  talk('J', 'J1 nothing matches', ['--sni', `api.example=${file('api.pem')}=${file('api.key')}`]),
  talk('J', 'J1 pattern is not for the name above', ['--sni', `*.localhost=${file('api.pem')}=${file('api.key')}`]),
  talk('J', 'J1 star inside a word', ['--sni', `a*i.example=${file('api.pem')}=${file('api.key')}`], ['--servername', 'api.example']),
  talk('J', 'J2 no name, no choice', ['--sni', `*=${file('api.pem')}=${file('api.key')}`], [], {client: ['--ca', file('ca.pem')]}),
  talk('J', 'J1 in TLS 1.2', ['--max-version', 'TLSv1.2', '--sni', `api.example=${file('api.pem')}=${file('api.key')}`], ['--servername', 'api.example']),

  // -- ALPN
  ...versions.flatMap((v) => [
    talk('J', `J6 order of the server, ${v}`, ['--max-version', v, '--alpn-protocols', 'a,b'], ['--alpn-protocols', 'b,a']),
    talk('J', `J6 one in common, ${v}`, ['--max-version', v, '--alpn-protocols', 'a,b,c'], ['--alpn-protocols', 'x,c']),
    talk('J', `J6 nothing in common, ${v}`, ['--max-version', v, '--alpn-protocols', 'a'], ['--alpn-protocols', 'b']),
    talk('J', `J7 only the server, ${v}`, ['--max-version', v, '--alpn-protocols', 'a']),
    talk('J', `J7 only the client, ${v}`, ['--max-version', v], ['--alpn-protocols', 'a']),
  ]),
  talk('C', 'C9 name that is too long', ['--alpn-protocols', 'x'.repeat(256)], [], {clients: []}),

  // -- pre-shared keys
  ...[['TLSv1.2', 'PSK-AES128-GCM-SHA256'], ['TLSv1.3', 'TLS_AES_128_GCM_SHA256']].flatMap(([v, ciphers]) => {
    const psk = (server, client, more = {}) => ({section: 'J', server: ['--max-version', v, '--ciphers', ciphers, ...server], client: ['--ciphers', ciphers, '--max-version', v, ...client], ...more});
    return [
      {...psk(['--psk', 'alice=0102030405060708'], ['--psk-identity', 'alice', '--psk', '0102030405060708', '--no-check-server-identity']), name: `J10 key instead of certificates, ${v}`},
      {...psk(['--psk', 'alice=0102030405060708'], ['--psk-identity', 'alice', '--psk', '0102030405060708', '--no-reject-unauthorized']), name: `E8 no certificate, so no name, ${v}`},
      {...psk(['--psk', 'alice=0102030405060708'], ['--psk-identity', 'alice', '--psk', '0000000000000000', '--no-check-server-identity']), name: `J12 another key, ${v}`},
      {...psk(['--psk', `${'i'.repeat(256)}=0102030405060708`], ['--psk-identity', 'i'.repeat(256), '--psk', '0102030405060708', '--no-check-server-identity']), name: `J11 identity of 256 bytes, ${v}`},
      {...psk(['--psk', 'alice=0102030405060708'], ['--psk-identity', 'bob', '--psk', '0102030405060708', '--no-check-server-identity']), name: `J12 unknown identity, ${v}`},
      {...psk([...base, '--psk', 'alice=01', '--ciphers', `${ciphers}:ECDHE-ECDSA-AES128-GCM-SHA256`], [...trust, '--ciphers', `${ciphers}:ECDHE-ECDSA-AES128-GCM-SHA256`, '--psk-identity', 'bob', '--psk', '02', '--no-check-server-identity']),
        name: `J12 unknown identity with a certificate behind it, ${v}`},
    ];
  }),
  {section: 'J', name: 'J13 hint', server: ['--max-version', 'TLSv1.2', '--ciphers', 'PSK', '--psk', 'alice=0102', '--psk-identity-hint', 'who'],
    client: ['--ciphers', 'PSK', '--max-version', 'TLSv1.2', '--psk-identity', 'alice', '--psk', '0102', '--no-check-server-identity']},

  // -- staples
  ...versions.flatMap((v) => [
    talk('J', `J14 staple, ${v}`, ['--max-version', v, '--ca', file('ca.pem'), '--ocsp-staple', file('staple')], ['--request-ocsp']),
    talk('J', `J14 staple where there are two certificates, ${v}`, ['--max-version', v, '--cert', file('rsa.pem'), '--key', file('rsa.key'), '--ocsp-staple', file('staple')], ['--request-ocsp'], {ignore: ['asked', 'order']}),
    talk('J', `J14 no staple to be had, ${v}`, ['--max-version', v], ['--request-ocsp']),
    talk('J', `J14 staple that nobody asked for, ${v}`, ['--max-version', v, '--ocsp-staple', file('staple')]),
  ]),
];
