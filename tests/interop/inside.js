'use strict';
// inside.js - inside.c in node: the same arguments, the same lines.
const fs = require('fs');
const net = require('net');
const tls = require('tls');

process.removeAllListeners('warning'); // createSecurePair is deprecated
process.on('warning', () => {});
const [side, form, where, certificate, key] = process.argv.slice(2);
const path = where.slice('unix:'.length);
const isServer = side === 'server';
const options = isServer ? {cert: fs.readFileSync(certificate), key: fs.readFileSync(key)} : {ca: fs.readFileSync(certificate)};
const context = tls.createSecureContext(options);
let server;

function begin(stream) {
  let inner;
  if (form === 'pair') {
    const pair = tls.createSecurePair(context, isServer, false, false);
    inner = pair.cleartext;
    stream.pipe(pair.encrypted);
    pair.encrypted.pipe(stream);
    stream.on('error', () => {});
  } else {
    inner = new tls.TLSSocket(stream, {isServer, secureContext: context});
  }
  inner.on('secure', () => console.log(inner.getProtocol(), inner.getCipher().name));
  inner.on('data', (bytes) => {
    console.log(bytes.toString());
    if (isServer) inner.write('answer');
    else inner.end();
  });
  inner.on('error', (error) => console.log(error.code));
  stream.on('close', () => server && server.close()); // of a pair, cleartext may never close
  if (!isServer) inner.write('question');
}

if (isServer) {
  server = form === 'pair' ? net.createServer(begin) : tls.createServer(options, begin);
  server.listen(path, () => console.log('listening'));
} else if (form === 'pair') {
  begin(net.connect(path));
} else {
  const outer = tls.connect({path, servername: 'localhost', ...options}, () => begin(outer));
}
