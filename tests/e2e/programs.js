'use strict';
// programs.js - servers that are not ours, each with a port and a folder of its own, for as long as a body runs.
const fs = require('fs');
const os = require('os');
const path = require('path');
const {spawn} = require('child_process');
const {certs, freePort, net, pem, until} = require('./lib');

const listens = (port) => new Promise((done) => {
  const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true); });
  socket.on('error', () => done(false));
});

// `make` writes what it needs to dir, and returns the command.
async function withProgram(make, body) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-peer-'));
  const port = await freePort();
  const [command, ...args] = make(dir, port);
  const child = spawn(command, args, {cwd: dir, stdio: 'ignore', env: {...process.env, PATH: `${process.env.PATH}:/usr/sbin`}});
  const ended = new Promise((done) => { child.once('close', done); child.once('error', done); });
  const cut = () => child.kill('SIGKILL');
  process.once('exit', cut);
  try {
    await until(`${command} listens`, () => listens(port));
    return await body(`127.0.0.1:${port}`, child.pid, dir);
  } finally {
    child.kill('SIGTERM');
    await ended;
    process.removeListener('exit', cut);
    fs.rmSync(dir, {recursive: true, force: true});
  }
}

const nginx = (dir, port) => {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join(' ');
  fs.writeFileSync(`${dir}/nginx.conf`, `
daemon off; pid ${dir}/pid; error_log ${dir}/log; worker_processes 1; events { worker_connections 512; }
http { access_log off; ${places} ssl_session_cache shared:tls:2m;
  server { listen 127.0.0.1:${port} ssl; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate ${certs}/ecdsa.pem; ssl_certificate_key ${certs}/ecdsa.key; location / { return 200 ok; } } }`);
  return ['nginx', '-p', dir, '-e', `${dir}/log`, '-c', `${dir}/nginx.conf`];
};
const haproxy = (dir, port) => {
  fs.writeFileSync(`${dir}/both.pem`, Buffer.concat([pem('ecdsa.pem'), pem('ecdsa.key')]), {mode: 0o600});
  fs.writeFileSync(`${dir}/haproxy.cfg`, `
defaults
  mode http
  timeout connect 20s
  timeout client 20s
  timeout server 20s
frontend f
  bind 127.0.0.1:${port} ssl crt ${dir}/both.pem ssl-min-ver TLSv1.2
  http-request return status 200 content-type text/plain string ok
`);
  return ['haproxy', '-db', '-f', `${dir}/haproxy.cfg`];
};
// One client at a time, and it serves the files of its folder.
const s_server = (...flags) => (dir, port) => ['openssl', 's_server', '-quiet', '-accept', `127.0.0.1:${port}`,
  '-cert', `${certs}/ecdsa.pem`, '-key', `${certs}/ecdsa.key`, ...flags];

module.exports = {haproxy, nginx, s_server, withProgram};
