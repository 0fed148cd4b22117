// peers.js - the servers that are compared, each configured as its own manual advises for what all
// of them do here: TLS in, plain TCP to the same backend, one process or thread unless told
// otherwise. Danger: a peer that is set up badly makes a flattering figure; change these only
// towards what makes the peer faster. What a server can't do is left out, and then it has no figure.
// The backend is a port of 127.0.0.1, or the path of a Unix socket.
// make(settings) -> argv; reload(pid) -> how to have it take its configuration anew.
'use strict';
const fs = require('fs');
const path = require('path');

// Like for like: a buffer of 128 KB for each direction, which is Reprise's, where it can be set (not
// in stunnel and node), and two tickets for a new TLS 1.3 session, which is OpenSSL's default.
const BUFFER = 128 * 1024;

const write = (dir, name, text) => {
    const file = path.join(dir, name);
    fs.writeFileSync(file, text);
    return file;
};
const isPath = (backend) => String(backend).startsWith('/');
const signal = (name) => (pid) => `kill -${name} ${pid}`;

function reprise({ dir, port, backend, cert, key, program, workers = 1, store, hosts = 1 }) {
    const config = write(dir, 'reprise.conf', `workers = ${workers}
state-dir = "${dir}/state"
run-dir = "${dir}/run"
${store ? `secret-file = "${store.secret}"` : ''}
cache { ${store ? `store = "${store.uri}"  ` : ''}tickets-per-connection = 2 }
log { access = off  level = warn }
certificate "bench" { cert = "${cert}"  key = "${key}" }
backend "http" { address = {${isPath(backend) ? `"unix:${backend}"`
        : Array.from({ length: hosts }, (_, i) => `"127.0.0.${i + 1}:${backend}"`)}} }
frontend "bench" { listen = "127.0.0.1:${port}"  certificates = "bench"  backend = "http" }
`);
    fs.mkdirSync(`${dir}/state`, { recursive: true });
    fs.mkdirSync(`${dir}/run`, { recursive: true });
    return [program, 'run', '-c', config];
}

const nginx = ({ dir, port, backend, cert, key, workers = 1 }) => ['nginx', '-p', dir, '-c',
    write(dir, 'nginx.conf', `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; worker_processes ${workers}; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log crit;
events { worker_connections 20000; }
stream {
  server {
    listen 127.0.0.1:${port} ssl backlog=4096${workers > 1 ? ' reuseport' : ''};
    ssl_certificate ${cert}; ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:20m; ssl_session_tickets on;
    proxy_buffer_size ${BUFFER};
    proxy_pass ${isPath(backend) ? `unix:${backend}` : `127.0.0.1:${backend}`}; tcp_nodelay on;
  }
}
`)];

const haproxy = ({ dir, port, backend, both, workers = 1, idle }) => ['haproxy', '-W', '-f',
    write(dir, 'haproxy.cfg', `
global
  nbthread ${workers}
  maxconn ${idle ? 9960 : 4000}
  tune.ssl.default-dh-param 2048
  tune.ssl.cachesize 20000
  tune.bufsize ${BUFFER}
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:${port} ssl crt ${both} ssl-min-ver TLSv1.2 backlog 4096
  default_backend b
backend b
  server s ${isPath(backend) ? `unix@${backend}` : `127.0.0.1:${backend}`}
`)];

const hitch = ({ dir, port, backend, both, workers = 1 }) => ['hitch', '--config=' + write(dir, 'hitch.conf', `
frontend = { host = "127.0.0.1" port = "${port}" }
backend = "${isPath(backend) ? backend : `[127.0.0.1]:${backend}`}"
pem-file = "${both}"
workers = ${workers}
backlog = 4096
keepalive = 60
daemon = off
user = "nobody"
tls-protos = TLSv1.2 TLSv1.3
log-level = 0
`)];

// A thread for each connection; its session cache is in the process.
const stunnel = ({ dir, port, backend, cert, key }) => ['stunnel4', write(dir, 'stunnel.conf', `
foreground = yes
pid =
debug = crit
syslog = no
sslVersionMin = TLSv1.2
sessionCacheSize = 20000
options = -NO_TICKET
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[bench]
accept = 127.0.0.1:${port}
connect = ${isPath(backend) ? backend : `127.0.0.1:${backend}`}
cert = ${cert}
key = ${key}
TIMEOUTclose = 0
`)];

const node = ({ port, backend, cert, key, workers = 1 }) =>
    ['node', path.join(__dirname, 'node_cluster.js'), port, backend, cert, key, workers].map(String);

module.exports = {
    reprise: { make: reprise, reload: signal('HUP') },
    nginx: { make: nginx, reload: signal('HUP') },
    haproxy: { make: haproxy, reload: signal('USR2') },
    hitch: { make: hitch, reload: signal('HUP') },
    stunnel: { make: stunnel, reload: signal('HUP'), threads: true },
    node: { make: node, slow: true }, // no reload
};
