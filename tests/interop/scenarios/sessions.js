'use strict';
// Section I: who resumes what.
const {file} = require('../certs');

const base = ['--cert', file('ecdsa.pem'), '--key', file('ecdsa.key')];
const trust = ['--ca', file('ca.pem'), '--servername', 'localhost'];
const alice = ['--cert', file('alice.pem'), '--key', file('alice.key')];
const kept = '@SCRATCH@';
const versions = ['TLSv1.2', 'TLSv1.3'];

// Two connections, the second with the session of the first. Node's resumed sockets have forgotten
// the server's certificate; ours too.
// Node's server says in TLS 1.2 that a client that resumed gave no name (servername false); ours
// says the name that it gave.
const named = (result, name) => {
  const told = result.server[1] && result.server[1].told;
  if (/server us/.test(name) && told && !['localhost', 'www.example', 'api.example'].includes(told.servername)) throw new Error(`${name}: servername ${told.servername}`);
};

const twice = (name, server, first = [], second = first, more = {}) => withNames({section: 'I', name, server: [...base, ...server], input: 'hello',
  clients: [[...trust, '--session-out', kept, ...first], [...trust, ...(second.includes('--session') ? [] : ['--session', kept]), ...second]], ...more});

const withNames = (scenario) => ({...scenario, ignore: [...(scenario.ignore || []), 'servername'],
  check: (result, name) => { named(result, name); if (scenario.check) scenario.check(result, name); }});

// Ours tells of it; node's tells of ids that nobody asked about, too.
const reused = (want) => (result, name) => {
  const told = result.client[1].told;
  if (!told || told.sessionReused !== want) throw new Error(`${name}: ${JSON.stringify(told && told.sessionReused)}, not ${want}: ${JSON.stringify(result.client[1])}`);
};

// Node goes on without what is not a session; our client says so, and does not connect.
const noSession = (name, server) => ({...twice(name, server, [], ['--session', file('garbage')], {ignore: ['sessions', 'stored'], stays: true, loose: true,
  differs: {why: 'a file that is not a session is an error', check() {}}}),
check: (result, pairing) => {
  if (!/client us/.test(pairing)) { reused(false)(result, pairing); return; }
  const [error] = result.events.client[1];
  if (result.client[1].told || !error || error.event !== 'error' || error.code !== 'ERR_INVALID_ARG_VALUE') throw new Error(`${pairing}: ${JSON.stringify(error)}`);
}});

module.exports = [
  ...versions.flatMap((v) => [
    twice(`I1 ticket, ${v}`, ['--max-version', v], [], [], {check: reused(true), ignore: ['sessions']}),
    twice(`I7 ticket of another context, ${v}`, ['--max-version', v, '--session-id-context', 'one'], [], [], {check: reused(true), ignore: ['sessions']}),
    twice(`I8 ticket with the client's certificate, ${v}`, ['--max-version', v, '--request-cert', '--ca', file('client-ca.pem')], alice, alice, {check: reused(true), ignore: ['sessions']}),
    twice(`I8 ticket of a client without one, ${v}`, ['--max-version', v, '--request-cert', '--ca', file('client-ca.pem'), '--no-reject-unauthorized'], [], [], {check: reused(true), ignore: ['sessions'],
      differs: v === 'TLSv1.2' ? undefined : {why: 'N2: a resumed client without a certificate is not authorized', check: (r, m, name) => {
        if (/server us/.test(name) && r.server[1].told.authorized) throw new Error(`${name}: authorized`);
      }}}),
    twice(`B25 keys that are given, ${v}`, ['--max-version', v, '--ticket-keys', file('ticket.keys')], [], [], {check: reused(true), ignore: ['sessions']}),
    twice(`I12 session that is over, ${v}`, ['--max-version', v, '--session-timeout', '86400'], [], [], {check: reused(true), ignore: ['sessions']}),
    {...twice(`I1 no tickets, nobody who stores, ${v}`, ['--max-version', v, '--no-tickets'], [], [], {check: reused(false), ignore: ['sessions', 'stored']}), clients: [trust, trust]},
    noSession(`D29 session that is none, ${v}`, ['--max-version', v]),
    twice(`D15 resumed, ephemeral key, ${v}`, ['--max-version', v, '--ecdh-curve', 'P-256'], [], [], {check: reused(true), ignore: ['sessions']}),
    twice(`D21 resumed, keying material, ${v}`, ['--max-version', v, '--export-keying-material', 'EXPORTER-x'], ['--export-keying-material', 'EXPORTER-x'], undefined, {check: reused(true), ignore: ['sessions']}),
    twice(`J6 resumed, another protocol, ${v}`, ['--max-version', v, '--alpn-protocols', 'a,b'], ['--alpn-protocols', 'a'], ['--alpn-protocols', 'b'], {check: reused(true), ignore: ['sessions']}),
    twice(`D34 resumed, key log, ${v}`, ['--max-version', v, '--keylog'], ['--keylog'], undefined, {check: reused(true), ignore: ['sessions']}),
  ]),
  twice('I2 session by id, TLS 1.2', ['--max-version', 'TLSv1.2', '--no-tickets', '--resume-store'], [], [], {check: reused(true), ignore: ['sessions']}),
  noSession('I4 id that nobody knows, TLS 1.2', ['--max-version', 'TLSv1.2', '--no-tickets', '--resume-store']),
  twice('I4 session by id with a certificate of the client', ['--max-version', 'TLSv1.2', '--no-tickets', '--resume-store', '--request-cert', '--ca', file('client-ca.pem')], alice, alice,
    {check: reused(true), ignore: ['sessions']}),
  twice('I2 tickets make ids superfluous, TLS 1.2', ['--max-version', 'TLSv1.2', '--resume-store'], [], [], {check: reused(true), ignore: ['sessions']}),
  twice('I4 stateful tickets, TLS 1.3', ['--no-tickets', '--resume-store'], [], [], {ignore: ['sessions', 'found', 'stored', 'told'],
    differs: {why: 'node 20 asks for the session of a stateful ticket and then ignores it; with us it resumes', check: (r, m, name) => {
      if (/server us/.test(name)) reused(true)(r, name);
    }}}),
  twice('I9 ticket of one name offered to another of the same certificate', [], [], ['--servername', 'www.example'], {ignore: ['sessions'],
    differs: {why: 'node 20 offers a session under any name (CVE-2026-48934); node 22.23 and we do a full handshake', check: (r, m, name) => {
      if (/client us/.test(name)) reused(false)(r, name);
    }}}),
  twice('N ticket of one context offered to a stricter one', ['--sni', `api.example=${file('api.pem')}=${file('api.key')}`], [], ['--servername', 'api.example'], {ignore: ['sessions'],
    differs: {why: 'a session made under one name and certificate does not resume under another', check: (r, m, name) => {
      if (/server us/.test(name)) reused(false)(r, name);
    }}}),
  twice('I7 resumed after another version was agreed', [], ['--max-version', 'TLSv1.2'], ['--min-version', 'TLSv1.3'], {check: reused(false), ignore: ['sessions']}),
  twice('E9 session of a server that was not trusted', [], ['--ca', file('other-ca.pem'), '--no-reject-unauthorized'], ['--ca', file('other-ca.pem'), '--no-reject-unauthorized'],
    {clients: [['--ca', file('other-ca.pem'), '--servername', 'localhost', '--no-reject-unauthorized', '--session-out', kept],
      ['--ca', file('other-ca.pem'), '--servername', 'localhost', '--no-reject-unauthorized', '--session', kept]], check: reused(true), ignore: ['sessions']}),
];
