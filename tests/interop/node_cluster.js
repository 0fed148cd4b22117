'use strict';
// node_cluster.js - contrib/examples/cluster.c, in node. usage: node node_cluster.js CERT KEY unix:PATH WORKERS
const cluster = require('cluster');
const fs = require('fs');
const tls = require('tls');

const [cert, key, at, count] = process.argv.slice(2);
if (cluster.isPrimary) {
  let listening = 0;
  for (let i = 0; i < Number(count); i++) cluster.fork();
  cluster.on('listening', () => { if (++listening === Number(count)) console.log(`listening on ${at}`); });
  process.on('SIGTERM', () => { for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL'); process.exit(0); });
} else {
  tls.createServer({cert: fs.readFileSync(cert), key: fs.readFileSync(key)}, (s) => {
    s.on('error', () => {});
    s.write(`worker ${process.pid}\n`);
    s.pipe(s);
  }).listen(at.slice('unix:'.length));
}
