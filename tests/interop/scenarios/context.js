'use strict';
// Sections A and B: what a secure context accepts, with which error it refuses, and what it does to
// a connection.
const {file} = require('../certs');

const base = ['--cert', file('ecdsa.pem'), '--key', file('ecdsa.key')];
const rsa = ['--cert', file('rsa.pem'), '--key', file('rsa.key')];
const trust = ['--ca', file('ca.pem'), '--servername', 'localhost'];

// Refused, or accepted, while the server is made: nobody connects.
const made = (name, ...server) => ({section: 'B', name, server, clients: []});
const talk = (section, name, server, client = [], more = {}) => ({section, name, server: [...base, ...server], client: [...trust, ...client], ...more});

module.exports = [
  // -- refusals
  made('B5 minimum that is no version', ...base, '--min-version', 'SSLv3'),
  made('B5 maximum that is no version', ...base, '--max-version', 'TLSv1.4'),
  made('B6 protocol and minimum', ...base, '--secure-protocol', 'TLS_method', '--min-version', 'TLSv1.2'),
  made('B6 protocol and both', ...base, '--secure-protocol', 'TLS_method', '--min-version', 'TLSv1.2', '--max-version', 'TLSv1.3'),
  ...['SSLv2_method', 'SSLv3_method', 'SSLv3_server_method', 'TLSv1_3_method', 'DTLS_method', 'nonsense'].map((method) =>
    made(`B7 method "${method}"`, ...base, '--secure-protocol', method)),
  made('B10 ciphers of nothing but colons', ...base, '--ciphers', ':'),
  made('B10 TLS 1.3 suite excluded', ...base, '--ciphers', '!TLS_AES_128_GCM_SHA256'),
  made('B12 no known cipher', ...base, '--ciphers', 'nonsense'),
  made('B12 lower case', ...base, '--ciphers', 'aes128-sha'),
  made('B15 certificate that is none', '--cert', file('garbage'), '--key', file('ecdsa.key')),
  made('B15 certificate in DER', '--cert', file('ecdsa.der'), '--key', file('ecdsa.key')),
  made('B16 key that is none', '--cert', file('ecdsa.pem'), '--key', file('garbage')),
  made('B16 key of another certificate', '--cert', file('ecdsa.pem'), '--key', file('api.key')),
  made('B17 encrypted key, no passphrase', '--cert', file('ecdsa.pem'), '--key', file('encrypted.key')),
  {...made('B18 PFX, no passphrase', '--pfx', file('ecdsa.pfx')), ignore: ['libraries']},
  made('B18 PFX that is none', '--pfx', file('garbage')),
  made('B19 CRL that is none', ...base, '--crl', file('garbage')),
  made('B20 empty sigalgs', ...base, '--sigalgs', ''),
  made('B21 no such curve', ...base, '--ecdh-curve', 'P-9'),
  made('B21 curve twice', ...base, '--ecdh-curve', 'P-256:P-256'),
  made('B21 auto in a list', ...base, '--ecdh-curve', 'auto:P-256'),
  made('B21 empty curve', ...base, '--ecdh-curve', ''),
  made('B22 short DH parameters', ...base, '--dhparam', file('dh512.pem')),
  made('B25 47 bytes of ticket keys', ...base, '--ticket-keys', file('short.keys')),
  made('B26 identifier without an engine', ...base, '--private-key-identifier', 'x'),
  {section: 'C', name: 'C2 no certificate, TLS 1.3', server: [], client: [...trust]},
  {section: 'C', name: 'C2 no certificate, TLS 1.2', server: ['--max-version', 'TLSv1.2'], client: [...trust]},

  // -- versions
  ...['TLSv1.2', 'TLSv1.3'].map((version) => talk('B', `B5 both speak ${version}`, ['--max-version', version])),
  talk('B', 'B5 client at most 1.2', [], ['--max-version', 'TLSv1.2']),
  talk('B', 'B5 client at least 1.3', [], ['--min-version', 'TLSv1.3']),
  talk('K', 'K3 no version in common, server older', ['--max-version', 'TLSv1.2'], ['--min-version', 'TLSv1.3']),
  talk('K', 'K3 no version in common, client older', ['--min-version', 'TLSv1.3'], ['--max-version', 'TLSv1.2']),
  talk('B', 'B7 TLSv1_2_method', ['--secure-protocol', 'TLSv1_2_method']),
  talk('B', 'B7 SSLv23_method', ['--secure-protocol', 'SSLv23_method']),
  talk('B', 'B7 TLS_server_method', ['--secure-protocol', 'TLS_server_method']),
  talk('B', 'B4 TLS 1.1 with security level 0', ['--min-version', 'TLSv1', '--max-version', 'TLSv1.1', '--ciphers', 'ALL:@SECLEVEL=0'],
    ['--min-version', 'TLSv1', '--ciphers', 'ALL:@SECLEVEL=0']),
  talk('B', 'B4 TLS 1.0 with security level 0', ['--min-version', 'TLSv1', '--max-version', 'TLSv1', '--ciphers', 'ALL:@SECLEVEL=0'],
    ['--min-version', 'TLSv1', '--ciphers', 'ALL:@SECLEVEL=0']),

  // -- ciphers
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-ECDSA-AES128-SHA256'].map((suite) =>
    talk('B', `B10 ${suite}`, [], ['--ciphers', suite, '--max-version', suite.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2'])),
  ...['AES256-SHA', 'AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384'].map((suite) =>
    ({section: 'D', name: `D13 ${suite}, RSA`, server: [...rsa, '--ciphers', suite, '--max-version', 'TLSv1.2'], client: [...trust, '--ciphers', suite, '--max-version', 'TLSv1.2']})),
  {section: 'B', name: 'B22 DHE with automatic parameters', server: [...rsa, '--dhparam', 'auto', '--max-version', 'TLSv1.2', '--ciphers', 'DHE-RSA-AES128-GCM-SHA256'], client: [...trust]},
  {section: 'B', name: 'B22 DHE with parameters', server: [...rsa, '--dhparam', file('dh2048.pem'), '--max-version', 'TLSv1.2', '--ciphers', 'DHE-RSA-AES128-GCM-SHA256'], client: [...trust]},
  {section: 'E', name: 'E7 parameters too small for the client', server: [...rsa, '--dhparam', file('dh2048.pem'), '--max-version', 'TLSv1.2', '--ciphers', 'DHE-RSA-AES128-GCM-SHA256'],
    client: [...trust, '--min-dh-size', '3072'],
    differs: {why: 'close says that there was an error, as for all others', check: (r, m, name) => {
      const told = r.client[0].order.join();
      if (!told.startsWith('connect,error ERR_TLS_DH_PARAM_SIZE,close')) throw new Error(`${name}: ${told}`);
    }}},
  {section: 'B', name: 'B22 no DHE without parameters', server: [...rsa, '--max-version', 'TLSv1.2', '--ciphers', 'DHE-RSA-AES128-GCM-SHA256'], client: [...trust]},
  talk('K', 'K3 no cipher in common', ['--ciphers', 'ECDHE-ECDSA-AES128-GCM-SHA256', '--max-version', 'TLSv1.2'], ['--ciphers', 'ECDHE-ECDSA-AES256-GCM-SHA384']),
  talk('B', 'B9 the order of the server', ['--ciphers', 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256', '--max-version', 'TLSv1.2'],
    ['--ciphers', 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384']),
  talk('C', 'C6 the order of the client', ['--no-honor-cipher-order', '--ciphers', 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256', '--max-version', 'TLSv1.2'],
    ['--ciphers', 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384']),
  talk('B', 'B9 the order of the server, TLS 1.3', ['--ciphers', 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'],
    ['--ciphers', 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256']),
  talk('B', 'B11 names of TLS 1.3 only', ['--ciphers', 'TLS_AES_256_GCM_SHA384']),
  talk('B', 'B11 names of TLS 1.3 only, client of 1.2', ['--ciphers', 'TLS_AES_256_GCM_SHA384'], ['--max-version', 'TLSv1.2']),
  talk('B', 'B10 names of TLS 1.2 leave TLS 1.3 on', ['--ciphers', 'ECDHE-ECDSA-AES128-GCM-SHA256']),
  talk('B', 'B12 one known name is enough', ['--ciphers', 'nonsense:ECDHE-ECDSA-AES128-GCM-SHA256', '--max-version', 'TLSv1.2']),

  // -- groups and signatures
  ...['X25519', 'P-256', 'P-384', 'P-521', 'prime256v1', 'X448'].map((curve) => talk('B', `B21 ${curve}`, [], ['--ecdh-curve', curve])),
  talk('B', 'B21 hello retry request', ['--ecdh-curve', 'P-384']),
  talk('B', 'B21 no group in common', ['--ecdh-curve', 'P-384'], ['--ecdh-curve', 'P-256']),
  talk('B', 'B21 no group in common, TLS 1.2', ['--ecdh-curve', 'P-384', '--max-version', 'TLSv1.2'], ['--ecdh-curve', 'P-256']),
  talk('B', 'B20 one algorithm', [], ['--sigalgs', 'ECDSA+SHA256']),
  talk('B', 'B20 one algorithm, TLS 1.2', ['--max-version', 'TLSv1.2'], ['--sigalgs', 'ECDSA+SHA256']),
  talk('K', 'K3 no algorithm in common', ['--sigalgs', 'ECDSA+SHA384'], ['--sigalgs', 'ECDSA+SHA256']),
  talk('D', 'D20 list of the client', [], ['--sigalgs', 'ECDSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA384']),

  // -- keys and certificates
  {section: 'B', name: 'B15 RSA', server: rsa, client: trust},
  {section: 'B', name: 'B15 RSA and ECDSA, client takes ECDSA', server: [...rsa, ...base], client: trust},
  {section: 'B', name: 'B15 RSA and ECDSA, client takes RSA', server: [...rsa, ...base, '--max-version', 'TLSv1.2'], client: [...trust, '--ciphers', 'ECDHE-RSA-AES128-GCM-SHA256']},
  {section: 'B', name: 'B16 keys in another order', server: ['--cert', `${file('rsa.pem')},${file('ecdsa.pem')}`, '--key', `${file('ecdsa.key')},${file('rsa.key')}`], client: trust},
  ...['ed25519', 'p384', 'rsapss', 'self'].map((name) =>
    ({section: 'B', name: `B15 ${name}`, server: ['--cert', file(`${name}.pem`), '--key', file(`${name}.key`)], client: ['--ca', file(`${name}.pem`), '--servername', 'localhost', '--detailed']})),
  {section: 'B', name: 'B17 encrypted key with its passphrase', server: ['--cert', file('ecdsa.pem'), '--key', file('encrypted.key'), '--passphrase', 'secret'], client: trust},
  {section: 'B', name: 'B18 PFX with its passphrase', server: ['--pfx', file('ecdsa.pfx'), '--passphrase', 'secret'], client: [...trust, '--detailed']},
  {section: 'B', name: 'B18 PFX with an empty passphrase', server: ['--pfx', file('open.pfx')], client: trust},
  {section: 'B', name: 'B13 several authorities in one file', server: base, client: ['--ca', file('cas.pem'), '--servername', 'localhost']},
  {section: 'B', name: 'B13 several files', server: base, client: ['--ca', `${file('other-ca.pem')},${file('ca.pem')}`, '--servername', 'localhost']},
  {section: 'B', name: 'B13 authority that is garbage', server: base, client: ['--ca', file('garbage'), '--servername', 'localhost', '--no-reject-unauthorized']},
  {section: 'B', name: 'B13 nobody trusted', server: base, client: ['--empty-ca', '--servername', 'localhost', '--no-reject-unauthorized']},
  {section: 'G', name: 'G1 G2 odd names', server: ['--cert', file('odd.pem'), '--key', file('odd.key')], client: [...trust, '--detailed']},
];
