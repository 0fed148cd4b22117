'use strict';
// order.js - order.c in node: the same arguments, the same lines.
const crypto = require('crypto');
const fs = require('fs');
const tls = require('tls');

const [where, certificate, key, count] = process.argv.slice(2);
const later = (answer) => setTimeout(answer, 5);
const whenAllIsStored = (end) => setTimeout(end, 50); // node's tickets are lost with a socket that ends (N7)
const say = (line) => console.log(line);
const options = {cert: fs.readFileSync(certificate), key: fs.readFileSync(key), secureOptions: crypto.constants.SSL_OP_NO_TICKET};
const context = tls.createSecureContext(options);
const store = new Map();
let left = Number(count);

const server = tls.createServer({
  ...options,
  SNICallback(name, done) { say(`SNICallback ${name}`); later(() => done(null, context)); },
  ALPNCallback({protocols}) { say(`ALPNCallback ${protocols}`); return protocols[0]; },
});
server.on('connection', () => say('connection'));
server.on('newSession', (id, session, done) => { say('newSession'); store.set(id.toString('hex'), session); later(done); });
server.on('resumeSession', (id, done) => { say('resumeSession'); later(() => done(null, store.get(id.toString('hex')) || null)); });
server.on('OCSPRequest', (cert, issuer, done) => { say('OCSPRequest'); later(() => done(null, Buffer.from('staple'))); });
server.on('tlsClientError', (error) => say(error.code));
server.on('secureConnection', (s) => {
  say('secureConnection');
  s.on('error', () => {});
  s.on('close', () => { if (--left === 0) server.close(); });
  whenAllIsStored(() => s.end('bye'));
});
server.listen(where.slice('unix:'.length), () => say('listening'));
