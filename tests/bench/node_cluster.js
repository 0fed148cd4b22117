// node_cluster.js - node's own TLS server, in a cluster, with the session cache that its manual
// shows: for comparison. usage: node node_cluster.js PORT BACKEND_PORT CERT KEY WORKERS
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');
const tls = require('tls');

const [port, backend, cert, key, workers] = process.argv.slice(2);

if (cluster.isPrimary) {
    for (let i = 0; i < Number(workers); i++)
        cluster.fork();
} else {
    const sessions = new Map();
    const server = tls.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key), noDelay: true },
        (client) => {
            const behind = backend.startsWith('/') ? net.connect(backend) : net.connect(Number(backend), '127.0.0.1');
            behind.setNoDelay(true);
            client.pipe(behind).pipe(client);
            client.on('error', () => behind.destroy());
            behind.on('error', () => client.destroy());
        });
    server.on('newSession', (id, data, done) => {
        sessions.set(id.toString('hex'), data);
        if (sessions.size > 20000)
            sessions.delete(sessions.keys().next().value);
        done();
    });
    server.on('resumeSession', (id, done) => done(null, sessions.get(id.toString('hex')) || null));
    server.on('tlsClientError', () => {});
    server.listen(Number(port), '127.0.0.1', 4096);
}
