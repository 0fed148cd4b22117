// agreed.js - what a server agrees on with the clients of the benchmark. A row compares servers, so
// all of them must have agreed on the same: version, suite, group, and how many tickets a new
// session gets. Danger: servers whose preference differs do different work, and their figures say
// nothing of each other; so the clients offer one suite, and who takes anything else ends the run.
'use strict';
const tls = require('tls');

const SUITES = { 1.3: { ec: 'TLS_AES_128_GCM_SHA256', rsa: 'TLS_AES_128_GCM_SHA256' },
    1.2: { ec: 'ECDHE-ECDSA-AES128-GCM-SHA256', rsa: 'ECDHE-RSA-AES128-GCM-SHA256' } };
const GROUPS = 'X25519:P-256';

// The version that the flags of reprise-load lead to, and what it offers.
const versionOf = ({ flags = [] }) => (flags.includes('1.2') || flags.includes('--by-id') ? '1.2' : '1.3');
const suiteOf = (scenario) => SUITES[versionOf(scenario)][scenario.rsa ? 'rsa' : 'ec'];
const offer = (scenario) => ['--ciphers', suiteOf(scenario), '--groups', GROUPS];

// One full handshake and one small answer, with that offer.
const ask = (port, scenario) => new Promise((done, failed) => {
    const version = `TLSv${versionOf(scenario)}`;
    let tickets = 0, text = '';
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false,
        ciphers: suiteOf(scenario), ecdhCurve: GROUPS, minVersion: version, maxVersion: version });
    socket.setTimeout(10000, () => socket.destroy(new Error('no answer')));
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('the connection ended before its answer')));
    socket.on('session', () => { tickets++; });
    socket.on('secureConnect', () => socket.write('GET /100 HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.on('data', (data) => {
        text += data;
        if (!/\r\n\r\n[^]{100}/.test(text))
            return;
        const told = { version: socket.getProtocol(), suite: socket.getCipher().name,
            group: socket.getEphemeralKeyInfo().name };
        done(version === 'TLSv1.3' ? { ...told, tickets } : told); // in 1.2 the session is there without one, too
        socket.destroy();
    });
});

class Disagreement extends Error {}

// What each server of a row agreed on; throws when it is not what was offered, or not the same.
function compare(row, agreed, scenario) {
    const texts = Object.entries(agreed).map(([name, what]) => [name, JSON.stringify(what)]);
    for (const [name, what] of Object.entries(agreed))
        if (what.suite !== suiteOf(scenario))
            throw new Disagreement(`${row}: ${name} takes ${what.suite}, not ${suiteOf(scenario)}`);
    for (const [name, text] of texts.slice(1))
        if (text !== texts[0][1])
            throw new Disagreement(`${row}: ${name} agrees on ${text}, ${texts[0][0]} on ${texts[0][1]}`);
}

module.exports = { ask, compare, offer, suiteOf, Disagreement };
