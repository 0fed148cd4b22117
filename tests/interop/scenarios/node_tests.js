'use strict';
// What node's own tests try with tables (docs/node-tests-map.md): each version with each, each list of
// ciphers with each, PFX files of several keys, the security level.
const {file} = require('../certs');

const base = ['--cert', file('ecdsa.pem'), '--key', file('ecdsa.key')];
const rsa = ['--cert', file('rsa.pem'), '--key', file('rsa.key')];
const trust = ['--ca', file('ca.pem'), '--servername', 'localhost'];
const all = ['--ciphers', 'ALL:@SECLEVEL=0'];
const only = (v) => ['--min-version', v, '--max-version', v];
const pfx = ['--pfx', `${file('rsa.pfx')},${file('ecdsa.pfx')}`, '--passphrase', 'secret', '--max-version', 'TLSv1.2'];
const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const lists = ['AES256-SHA', 'AES256-SHA256:TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256'];

module.exports = [
  ...versions.flatMap((v) => versions.map((w) => ({section: 'B', name: `B5 server ${v}, client ${w}`, server: [...base, ...all, ...only(v)], client: [...trust, ...all, ...only(w)]}))),
  ...lists.flatMap((here) => lists.map((there) => ({section: 'B', name: `B10 server ${here}, client ${there}`, server: [...rsa, '--ciphers', here], client: [...trust, '--ciphers', there]}))),
  {section: 'B', name: 'B18 several PFX, client takes RSA', server: pfx, client: [...trust, '--ciphers', 'ECDHE-RSA-AES128-GCM-SHA256']},
  {section: 'B', name: 'B18 several PFX, client takes ECDSA', server: pfx, client: [...trust, '--ciphers', 'ECDHE-ECDSA-AES128-GCM-SHA256']},
  {section: 'B', name: 'B4 certificate signed with SHA-1', server: ['--cert', file('sha1.pem'), '--key', file('sha1.key')], clients: []},
  {section: 'B', name: 'B4 certificate signed with SHA-1, at level 0', server: ['--cert', file('sha1.pem'), '--key', file('sha1.key'), ...all], client: [...trust, ...all]},
];
