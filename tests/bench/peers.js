// peers.js - the servers that are compared, each configured as its own manual advises for what all
// of them do here: one process, TLS in, plain TCP to the same backend. Danger: a peer that is set up
// badly makes a flattering figure; change these only towards what makes the peer faster.
'use strict';
const fs = require('fs');
const path = require('path');

const write = (dir, name, text) => {
    const file = path.join(dir, name);
    fs.writeFileSync(file, text);
    return file;
};

module.exports = {
    reprise: ({ dir, port, backend, cert, key, program }) => {
        const config = write(dir, 'reprise.conf', `workers = 1
state-dir = "${dir}/state"
run-dir = "${dir}/run"
log { access = off  level = warn }
certificate "bench" { cert = "${cert}"  key = "${key}" }
backend "http" { address = "127.0.0.1:${backend}" }
frontend "bench" { listen = "127.0.0.1:${port}"  certificates = "bench"  backend = "http" }
`);
        fs.mkdirSync(`${dir}/state`, { recursive: true });
        fs.mkdirSync(`${dir}/run`, { recursive: true });
        return [program, 'run', '-c', config];
    },
    nginx: ({ dir, port, backend, cert, key }) => ['nginx', '-p', dir, '-c', write(dir, 'nginx.conf', `
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log crit;
events { worker_connections 9000; }
stream {
  server {
    listen 127.0.0.1:${port} ssl backlog=4096;
    ssl_certificate ${cert}; ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:20m; ssl_session_tickets on;
    proxy_pass 127.0.0.1:${backend}; tcp_nodelay on;
  }
}
`)],
    haproxy: ({ dir, port, backend, both }) => ['haproxy', '-f', write(dir, 'haproxy.cfg', `
global
  nbthread 1
  maxconn 4000
  tune.ssl.default-dh-param 2048
  tune.ssl.cachesize 20000
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend f
  bind 127.0.0.1:${port} ssl crt ${both} ssl-min-ver TLSv1.2 backlog 4096
  default_backend b
backend b
  server s 127.0.0.1:${backend}
`)],
    hitch: ({ dir, port, backend, both }) => ['hitch', '--config=' + write(dir, 'hitch.conf', `
frontend = { host = "127.0.0.1" port = "${port}" }
backend = "[127.0.0.1]:${backend}"
pem-file = "${both}"
workers = 1
backlog = 4096
keepalive = 60
daemon = off
user = "nobody"
tls-protos = TLSv1.2 TLSv1.3
log-level = 0
`)],
};
