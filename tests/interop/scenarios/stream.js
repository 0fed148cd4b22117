'use strict';
// Sections D, L and K: bytes, ends, renegotiation.
const fs = require('fs');
const {file} = require('../certs');

const base = ['--cert', file('ecdsa.pem'), '--key', file('ecdsa.key')];
const trust = ['--ca', file('ca.pem'), '--servername', 'localhost'];
const versions = ['TLSv1.2', 'TLSv1.3'];
const talk = (section, name, server, client = [], more = {}) => ({section, name, server: [...base, ...server], client: [...trust, ...client], ...more});

module.exports = [
  ...versions.flatMap((v) => [
    talk('L', `L5 nothing is sent, ${v}`, ['--max-version', v], [], {input: ''}),
    talk('L', `L1 more than any buffer, ${v}`, ['--max-version', v], [], {input: fs.existsSync(file('large')) ? fs.readFileSync(file('large')) : 'x'.repeat(300000)}),
    talk('L', `L1 small buffers, ${v}`, ['--max-version', v], ['--high-water-mark', '1024'], {input: 'y'.repeat(50000)}),
    talk('L', `L5 the server answers and ends, ${v}`, ['--max-version', v, '--answer', 'goodbye'], ['--no-stdin']),
    talk('L', `L5 a long answer, ${v}`, ['--max-version', v, '--answer-file', file('large')], ['--no-stdin']),
    talk('L', `L6 half open at the server, ${v}`, ['--max-version', v, '--allow-half-open']),
    talk('L', `L9 paused until it is told to go on: nothing is read, ${v}`, ['--max-version', v, '--answer', 'first', '--pause-on-connect'], ['--no-stdin'], {stays: true, ignore: ['order']}),
  ]),
  talk('D', 'D25 client renegotiates', ['--max-version', 'TLSv1.2'], ['--renegotiate'], {ignore: ['sessions']}),
  talk('D', 'D25 client renegotiates with a server that has said all', ['--max-version', 'TLSv1.2', '--answer', 'all'], ['--renegotiate'], {ignore: ['sessions']}),
  talk('D', 'D25 no renegotiation in TLS 1.3', [], ['--renegotiate', '--no-stdin'], {stays: true, ignore: ['order', 'libraries', 'data'],
    differs: {why: 'both say that TLS 1.3 has none; what the tool does then is its own', check: (r, m, name) => {
      if (!r.client[0].order.includes('error ERR_SSL_WRONG_SSL_VERSION')) throw new Error(`${name}: ${r.client[0].order}`);
    }}}),
  talk('K', 'K3 plain client', [], [], {skip: true}),
].filter((each) => !each.skip);
