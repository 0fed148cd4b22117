'use strict';
// node_peer.js - what reprise-connect and reprise-serve do, done by node itself: the same flags, the
// same events. connect(target, flags, input) and serve(flags) run inside this process.
const {execFile} = require('child_process');
const fs = require('fs');
const path = require('path');
const tls = require('tls');
const {promisify} = require('util');
const {runs} = require('./our_peer');

// -- flags

const kinds = {
  text: ['servername', 'passphrase', 'ciphers', 'sigalgs', 'ecdh-curve', 'min-version', 'max-version', 'secure-protocol',
    'session-id-context', 'psk-identity', 'psk-identity-hint', 'answer', 'export-keying-material', 'session-out',
    'private-key-engine', 'private-key-identifier', 'client-cert-engine'],
  bool: ['empty-ca', 'allow-partial-trust-chain', 'honor-cipher-order', 'renegotiation', 'tickets', 'json', 'reject-unauthorized',
    'check-server-identity', 'request-ocsp', 'allow-half-open', 'no-delay', 'keep-alive', 'keylog', 'detailed', 'stdin', 'renegotiate',
    'request-cert', 'resume-store', 'disable-renegotiation', 'pause-on-connect'],
  number: ['secure-options', 'session-timeout', 'tickets-per-connection', 'min-dh-size', 'timeout', 'high-water-mark', 'max-send-fragment',
    'handshake-timeout', 'max-connections', 'count'],
  list: ['alpn-protocols', 'sni', 'psk'],
  file: ['session', 'ticket-keys', 'ocsp-staple', 'answer-file', 'dhparam'],
  files: ['cert', 'key', 'pfx', 'ca', 'crl'],
};
const kindOf = Object.fromEntries(Object.entries(kinds).flatMap(([kind, names]) => names.map((name) => [name, kind])));

function parse(flags) {
  const o = {};
  for (let i = 0; i < flags.length; i++) {
    let [, name, , value] = /^--([^=]+)(=([^]*))?$/.exec(flags[i]);
    if (!kindOf[name] && name.startsWith('no-')) { o[name.slice(3)] = false; continue; }
    const kind = kindOf[name];
    if (!kind) throw new Error(`no --${name} in node_peer.js`);
    if (kind === 'bool') { o[name] = value === undefined || value === 'true' || value === 'on'; continue; }
    if (value === undefined) value = flags[++i];
    if (kind === 'number') o[name] = Number(value);
    else if (kind === 'list') o[name] = (o[name] || []).concat(value === '' ? [] : value.split(','));
    else if (kind === 'file') o[name] = value === 'auto' ? value : fs.readFileSync(value);
    else if (kind === 'files') o[name] = (o[name] || []).concat(value.split(',').map((path) => fs.readFileSync(path)));
    else o[name] = value;
  }
  return o;
}

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

// Options of tls.createSecureContext: those that were given.
function contextOptions(o) {
  const out = {};
  for (const name of ['cert', 'key', 'pfx', 'ca', 'crl', 'passphrase', 'ciphers', 'sigalgs', 'ecdh-curve', 'min-version', 'max-version',
    'secure-protocol', 'secure-options', 'session-id-context', 'session-timeout', 'ticket-keys', 'honor-cipher-order',
    'allow-partial-trust-chain', 'private-key-engine', 'private-key-identifier', 'client-cert-engine'])
    if (o[name] !== undefined) out[camel(name)] = o[name];
  if (o.dhparam !== undefined) out.dhparam = o.dhparam;
  if (o['empty-ca']) out.ca = [];
  if (o.tickets === false) out.secureOptions = (out.secureOptions || 0) | require('crypto').constants.SSL_OP_NO_TICKET;
  if (o.renegotiation === false) out.secureOptions = (out.secureOptions || 0) | require('crypto').constants.SSL_OP_NO_RENEGOTIATION;
  return out;
}

// -- events

// As JSON lines have it: buffers in hex, a certificate that is its own issuer as its depth.
function plain(value, above = []) {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map((each) => plain(each, above));
  if (value === null || typeof value !== 'object') return value;
  if (above.includes(value)) return {$circular: above.indexOf(value) + 1};
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => [k, plain(v, [...above, value])]));
}

function facts(s, o) {
  const out = {};
  const refusal = s.authorizationError;
  out.authorized = s.authorized;
  out.authorizationError = refusal ? refusal.code || String(refusal) : null;
  out.protocol = s.getProtocol();
  out.cipher = s.getCipher();
  out.alpnProtocol = s.alpnProtocol;
  out.servername = s.servername;
  out.sessionReused = s.isSessionReused();
  out.ephemeralKeyInfo = s.getEphemeralKeyInfo();
  out.peerCertificate = plain(s.getPeerCertificate(Boolean(o.detailed)));
  out.certificate = plain(s.getCertificate() || {});
  out.sharedSigalgs = s.getSharedSigalgs();
  out.finished = plain(s.getFinished() || Buffer.alloc(0));
  out.peerFinished = plain(s.getPeerFinished() || Buffer.alloc(0));
  if (o['export-keying-material'] !== undefined)
    try { out.keyingMaterial = s.exportKeyingMaterial(32, o['export-keying-material']).toString('hex'); } catch (error) { out.keyingMaterial = error.code; }
  return JSON.parse(JSON.stringify(out));
}

const errorEvent = (event, error, more = {}) => JSON.parse(JSON.stringify(
  {event, ...more, code: error.code, message: error.message, library: error.library, reason: error.reason}));

function follow(s, events, more = {}) {
  s.on('data', (bytes) => events.push({event: 'data', ...more, data: bytes.toString('hex')}));
  s.on('end', () => events.push({event: 'end', ...more}));
  s.on('timeout', () => events.push({event: 'timeout', ...more}));
  s.on('error', (error) => events.push(errorEvent('error', error, more)));
  s.on('close', (hadError) => events.push({event: 'close', ...more, hadError}));
}

// What only the start of a process can say of whom it trusts.
async function connectAnew(target, flags, input) {
  const at = flags.indexOf('--extra-ca');
  const {stdout} = await promisify(execFile)(process.execPath,
    [__filename, JSON.stringify([target, flags.filter((_, i) => i !== at && i !== at + 1), input])], {env: {...process.env, NODE_EXTRA_CA_CERTS: flags[at + 1]}});
  return JSON.parse(stdout);
}

// -- tls.connect. Resolves with the events once it has closed.
async function connect(target, flags, input) {
  if (flags.includes('--extra-ca')) return connectAnew(target, flags, input);
  const o = parse(flags);
  const events = [];
  const options = {...target, ...contextOptions(o)};
  if (o['min-dh-size']) options.minDHSize = o['min-dh-size'];
  for (const name of ['servername', 'session', 'timeout', 'allow-half-open', 'keep-alive', 'no-delay'])
    if (o[name] !== undefined) options[camel(name)] = o[name];
  if (o['high-water-mark']) options.highWaterMark = o['high-water-mark'];
  if (o['alpn-protocols']) options.ALPNProtocols = o['alpn-protocols'];
  if (o['reject-unauthorized'] === false) options.rejectUnauthorized = false;
  if (o['request-ocsp']) options.requestOCSP = true;
  if (o['check-server-identity'] === false) options.checkServerIdentity = () => undefined;
  if (o.psk && o['psk-identity'] !== undefined)
    options.pskCallback = () => ({psk: Buffer.from(o.psk[0], 'hex'), identity: o['psk-identity']});
  await new Promise((done) => {
    let s;
    try { s = tls.connect(options); } catch (error) { events.push(errorEvent('error', error)); done(); return; }
    if (o['max-send-fragment']) s.setMaxSendFragment(o['max-send-fragment']);
    s.on('connect', () => events.push({event: 'connect'}));
    s.on('secureConnect', () => {
      if (events.some((e) => e.event === 'secureConnect')) return; // it comes again after a renegotiation
      events.push({event: 'secureConnect', ...facts(s, o)});
      if (o.renegotiate && !s.renegotiate({}, (error) => events.push(error ? errorEvent('error', error) : {event: 'renegotiated'}, ...[]) && s.end(input))) return;
      if (!o.renegotiate && o.stdin !== false) s.end(input);
    });
    s.on('session', (session) => {
      events.push({event: 'session', session: session.toString('base64')});
      if (o['session-out']) fs.writeFileSync(o['session-out'], session);
    });
    s.on('OCSPResponse', (response) => events.push({event: 'OCSPResponse', response: response ? response.toString('hex') : null}));
    if (o.keylog) s.on('keylog', (line) => events.push({event: 'keylog', line: line.toString()}));
    follow(s, events);
    s.on('close', done);
  });
  return events;
}

// -- tls.createServer. Resolves, once it listens or has failed, with {target, events, ended, stop}.
async function serve(flags, at) {
  const o = parse(flags);
  const events = [];
  const store = new Map();
  const options = contextOptions(o);
  for (const name of ['handshake-timeout', 'allow-half-open', 'pause-on-connect', 'psk-identity-hint', 'request-cert'])
    if (o[name] !== undefined) options[camel(name)] = o[name];
  if (o['reject-unauthorized'] === false) options.rejectUnauthorized = false;
  if (o['alpn-protocols']) options.ALPNProtocols = o['alpn-protocols'];
  if (o.psk) {
    const keys = Object.fromEntries(o.psk.map((each) => each.split('=')));
    options.pskCallback = (_, identity) => keys[identity] ? Buffer.from(keys[identity], 'hex') : null;
  }
  let server;
  try {
    server = tls.createServer(options);
    for (const each of o.sni || []) {
      const [name, cert, key] = each.split('=');
      server.addContext(name, {...contextOptions(o), cert: fs.readFileSync(cert), key: fs.readFileSync(key)});
    }
  } catch (error) {
    return {target: null, events: [errorEvent('error', error)], ended: Promise.resolve(), stop() {}};
  }
  const sockets = new Map();
  let last = 0;
  let gone = 0;
  const number = (s) => { if (!sockets.has(s)) sockets.set(s, ++last); return sockets.get(s); };
  const over = () => { if (++gone === o.count) server.close(); };
  if (o['max-connections'] !== undefined) server.maxConnections = o['max-connections'];
  server.on('connection', () => events.push({event: 'connection'}));
  server.on('drop', () => events.push({event: 'drop'}));
  server.on('tlsClientError', (error, s) => { events.push(errorEvent('tlsClientError', error, {connection: number(s)})); s.destroy(); over(); });
  server.on('secureConnection', (s) => {
    events.push({event: 'secureConnection', connection: number(s), ...facts(s, o)});
    follow(s, events, {connection: number(s)});
    s.on('close', over);
    if (o['disable-renegotiation']) s.disableRenegotiation();
    if (o['max-send-fragment']) s.setMaxSendFragment(o['max-send-fragment']);
    if (o.timeout) s.setTimeout(o.timeout);
    s.on('error', () => s.destroy());
    const answer = o.answer !== undefined ? o.answer : o['answer-file'];
    if (answer !== undefined) s.end(answer);
    else s.on('data', (bytes) => { if (s.writable && !s.write(bytes)) s.pause(); });
    s.on('drain', () => s.resume());
    if (o['allow-half-open']) s.on('end', () => s.end());
  });
  if (o['resume-store']) {
    server.on('newSession', (id, session, done) => {
      events.push({event: 'newSession', sessionId: id.toString('hex')});
      store.set(id.toString('hex'), session);
      done();
    });
    server.on('resumeSession', (id, done) => {
      const found = store.get(id.toString('hex'));
      events.push({event: 'resumeSession', sessionId: id.toString('hex'), found: Boolean(found)});
      done(null, found || null);
    });
  }
  if (o['ocsp-staple'])
    server.on('OCSPRequest', (certificate, issuer, done) => {
      events.push({event: 'OCSPRequest', certificate: certificate.toString('hex'), issuer: issuer ? issuer.toString('hex') : null});
      done(null, o['ocsp-staple']);
    });
  if (o.keylog) server.on('keylog', (line) => events.push({event: 'keylog', line: line.toString()}));
  const ended = new Promise((done) => server.once('close', done));
  await new Promise((done) => server.listen(...(at ? [at] : [0, '127.0.0.1']), done));
  const target = at ? {path: at} : {host: '127.0.0.1', port: server.address().port};
  return {target, events, ended, stop() { server.close(); for (const s of sockets.keys()) s.destroy(); }};
}

const serveCluster = (args) => runs(process.execPath, [path.join(__dirname, 'node_cluster.js'), ...args]);

const program = (name) => [process.execPath, path.join(__dirname, `${name}.js`)];

module.exports = {connect, serve, serveCluster, program};

if (require.main === module)
  connect(...JSON.parse(process.argv[2])).then((events) => console.log(JSON.stringify(events)));
