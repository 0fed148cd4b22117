'use strict';
// lib.js - what end-to-end tests share: certificates, the real program with a configuration of its
// own, backends, clients. Nothing here sleeps to wait for something: it polls for what it waits for.
const {execFileSync, spawn} = require('child_process');
const crypto = require('crypto');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const tls = require('tls');

const top = path.join(__dirname, '../..');
const program = path.resolve(top, process.env.REPRISE || 'build/release/reprise');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Until it is truthy; its value.
async function until(what, condition, ms = 15000) {
  for (const end = Date.now() + ms; ;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`in vain: ${typeof what === 'function' ? what() : what}`);
    await sleep(10);
  }
}

// Sessions count seconds, by time(2), which is a clock tick behind.
function nextSecond() {
  const second = () => Math.floor((Date.now() - 20) / 1000), begin = second();
  return until('the next second', () => second() > begin);
}

// Below the ports that the system gives to clients: what is free stays so, also while its service is restarted. The UDP
// port of that number keeps other test programs away from it for as long as this one runs (as in tests/unit/redis_server.h).
async function freePort() {
  for (;;) {
    const port = crypto.randomInt(10000, 32768), token = dgram.createSocket('udp4').unref(), server = net.createServer();
    const bound = (start) => new Promise((done) => start().once('error', () => done(false)).once('listening', () => done(true)));
    const got = await bound(() => token.bind(port, '127.0.0.1')) && await bound(() => server.listen(port, '127.0.0.1'));
    if (!got) { token.close(); continue; }
    await new Promise((done) => server.close(done));
    return port;
  }
}

// -- certificates: made once, below build/

// A folder that several test programs may want at the same moment: each makes it aside, the first to be ready
// gives it its name, so it is there whole or not at all.
function madeOnce(dir, make) {
  if (fs.existsSync(dir)) return;
  const aside = `${dir}.${process.pid}`;
  fs.mkdirSync(aside, {recursive: true});
  make(aside);
  try { fs.renameSync(aside, dir); } catch (e) {
    if (!fs.existsSync(dir)) throw e;
    fs.rmSync(aside, {recursive: true});
  }
}

const certs = path.join(top, 'build/e2e-certs');
let making; // where they are while they are made
const openssl = (...args) => execFileSync('openssl', args, {cwd: making, stdio: ['ignore', 'pipe', 'pipe']});

function leaf(name, ca, key, names, usage = 'serverAuth') {
  openssl('req', '-new', '-nodes', '-newkey', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  fs.writeFileSync(path.join(making, `${name}.ext`),
    `basicConstraints=CA:FALSE\nextendedKeyUsage=${usage}\n${names ? `subjectAltName=${names}\n` : ''}`);
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial',
    '-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`);
}

function authority(name) {
  openssl('req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '30',
    '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`,
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
}

function revoke(name, ca) {
  const serial = openssl('x509', '-in', `${name}.pem`, '-noout', '-serial').toString().trim().split('=')[1];
  const subject = openssl('x509', '-in', `${name}.pem`, '-noout', '-subject', '-nameopt', 'compat').toString().trim().replace(/^subject=/, '');
  fs.writeFileSync(path.join(making, 'index.txt'), `R\t491231235959Z\t240101000000Z\t${serial}\tunknown\t${subject}\n`);
  fs.writeFileSync(path.join(making, 'ca.cnf'),
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\n');
  openssl('ca', '-config', 'ca.cnf', '-gencrl', '-cert', `${ca}.pem`, '-keyfile', `${ca}.key`, '-out', 'crl.pem');
}

function makeAll(dir) {
  making = dir;
  const ec = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  authority('ca');
  authority('client-ca');
  authority('other-ca');
  leaf('ecdsa', 'ca', ec, 'DNS:localhost,DNS:www.example,IP:127.0.0.1');
  leaf('rsa', 'ca', ['rsa:2048'], 'DNS:localhost,DNS:www.example,IP:127.0.0.1');
  leaf('wildcard', 'ca', ec, 'DNS:*.example');
  leaf('api', 'ca', ec, 'DNS:api.example');
  leaf('alice', 'client-ca', ec, '', 'clientAuth');
  leaf('mallory', 'client-ca', ec, '', 'clientAuth');
  leaf('stranger', 'other-ca', ec, '', 'clientAuth');
  revoke('mallory', 'client-ca');
}

const makeCerts = () => madeOnce(certs, makeAll);

const pem = (name) => fs.readFileSync(path.join(certs, name));

// -- the program

const running = new Set();
process.on('exit', () => { for (const service of running) service.child.kill('SIGKILL'); }); // its processes follow
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

class Service {
  // `text` is a configuration, with @DIR@, @CERTS@ and @PORT@ (@PORT2@...) for what differs.
  constructor(text, options = {}) {
    this.dir = options.dir || fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-e2e-'));
    this.ownDir = !options.dir;
    this.env = options.env || process.env;
    // What the shell does before it becomes the program; undefined: there is no shell.
    this.before = options.before || (options.descriptors && `ulimit -n ${options.descriptors}`);
    this.stderr = options.stderr; // a descriptor that a test reads itself; undefined: `log` has what is written
    this.conf = path.join(this.dir, 'test.conf');
    this.template = text;
    this.log = '';
  }

  static async start(text, options) {
    const service = new Service(text, options);
    await service.begin();
    return service;
  }

  configure(text = this.template) {
    fs.writeFileSync(this.conf, text.replace(/@DIR@/g, this.dir).replace(/@CERTS@/g, certs)
      .replace(/@PORT(\d?)@/g, (_, n) => this.ports[n || '1']));
  }

  line() {
    const args = ['run', '-c', this.conf];
    if (this.before === undefined) return [program, args];
    return ['sh', ['-c', `${this.before}; exec "$0" "$@"`, program, ...args]];
  }

  async begin() {
    this.ports = this.ports || {1: await freePort(), 2: await freePort(), 3: await freePort()};
    this.port = this.ports[1];
    fs.mkdirSync(path.join(this.dir, 'state'), {recursive: true});
    fs.mkdirSync(path.join(this.dir, 'run'), {recursive: true});
    this.configure();
    this.exited = undefined;
    const before = this.log.length;
    const child = spawn(...this.line(), {stdio: ['ignore', 'pipe', this.stderr ?? 'pipe'], env: this.env});
    this.child = child;
    running.add(this);
    child.once('exit', (code, signal) => {
      if (this.child === child) this.exited = {code, signal}; // not one of before a restart
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (data) => { this.log += data; });
    await until(() => `readiness: ${this.log}`, () => {
      if (this.exited) throw new Error(`exit ${this.exited.code}: ${this.log}`);
      return this.stderr === undefined ? /serving generation/.test(this.log.slice(before)) : this.serves();
    });
  }

  // Whether its master says that it serves.
  serves() {
    const {code, out} = this.command('status', '--json');
    return code === 0 && JSON.parse(out).generations.some(({state}) => state === 'SERVING');
  }

  said(pattern) { return until(() => `${pattern} in ${this.log}`, () => pattern.test(this.log)); }
  count(pattern) { return (this.log.match(pattern) || []).length; }

  command(name, ...args) {
    try {
      return {code: 0, out: execFileSync(program, [name, ...args, '-c', this.conf], {stdio: ['ignore', 'pipe', 'pipe']}).toString()};
    } catch (e) {
      return {code: e.status, out: e.stdout.toString(), err: e.stderr.toString()};
    }
  }

  // A new generation serves, and that of before takes no more connections: who connects now meets the new one.
  async reload() {
    const before = this.workers(), {code, err} = this.command('reload');
    if (code !== 0) throw new Error(`reload: ${err}`);
    await until('the former workers listen no more', () => before.every((pid) => !listens(pid)));
  }

  generations() { return children(this.child.pid); }
  workers() { return this.generations().flatMap(children); }

  async stop() {
    if (!this.exited) this.child.kill('SIGTERM');
    await until(() => `end: ${this.log}`, () => this.exited, 40000);
    return this.exited;
  }

  // Whatever a test left: stopped by its own pid; and what every run must fulfil.
  async end() {
    const family = [this.child.pid, ...this.generations(), ...this.workers()];
    running.delete(this);
    await this.stop();
    await until('processes left over', () => family.every((pid) => !alive(pid)));
    if (/Sanitizer|runtime error/.test(this.log)) throw new Error(this.log);
    if (this.exited.code !== 0) throw new Error(`exit ${this.exited.code} ${this.exited.signal}: ${this.log}`);
  }

  remove() { if (this.ownDir) fs.rmSync(this.dir, {recursive: true, force: true}); }
}

// The processes that it has forked; of a program that listens there may be none yet.
function children(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch { return []; }
}

// Whether it has a TCP socket that listens.
function listens(pid) {
  const listening = new Set(fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter((row) => row[3] === '0A').map((row) => `socket:[${row[9]}]`));
  const target = (fd) => { try { return fs.readlinkSync(`/proc/${pid}/fd/${fd}`); } catch { return ''; } };
  try { return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => listening.has(target(fd))); } catch { return false; }
}

function alive(pid) {
  try {
    return !/^State:\s*Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch { return false; }
}

// What one wrote to the directory of another is not removed under its hands.
async function finishAll() {
  const all = [...running], failures = [];
  for (const service of all) await service.end().catch((e) => failures.push(e));
  for (const service of all) service.remove();
  if (failures.length) throw failures[0];
}

// -- backends

const BACKLOG = 4096; // the clients keep this process busy: what waits for it must not be dropped

function backend(handler, where = 0) {
  return new Promise((done) => {
    const server = net.createServer({allowHalfOpen: true}, handler);
    server.sockets = new Set();
    server.on('connection', (s) => {
      server.sockets.add(s);
      s.on('error', () => {});
      s.on('close', () => server.sockets.delete(s));
    });
    server.stop = () => new Promise((ended) => {
      for (const s of server.sockets) s.destroy();
      server.close(ended);
    });
    if (typeof where === 'string') server.listen(where, BACKLOG, () => done(server));
    else server.listen(where, '127.0.0.1', BACKLOG, () => { server.address_ = `127.0.0.1:${server.address().port}`; done(server); });
  });
}

// -- clients

const clientDefaults = () => ({host: '127.0.0.1', servername: 'localhost', ca: pem('ca.pem')});

// A connection whose handshake is complete.
function connect(port, options = {}) {
  return new Promise((done, fail) => {
    const socket = tls.connect({...clientDefaults(), port, ...options});
    socket.once('secureConnect', () => done(socket));
    socket.on('error', fail); // later ones are for those who listen; nobody must
    socket.on('session', (session) => { socket.newest = session; });
    if (options.onKeylog) socket.on('keylog', options.onKeylog);
  });
}

// Everything until the end of the other side.
function drain(socket) {
  return new Promise((done, fail) => {
    const parts = [];
    socket.on('data', (data) => parts.push(data));
    socket.once('end', () => done(Buffer.concat(parts)));
    socket.once('error', fail);
    socket.once('close', () => done(Buffer.concat(parts)));
  });
}

// GET from builtin:status: what the service says of this very connection.
async function status(port, options = {}) {
  const socket = await connect(port, options);
  const body = drain(socket);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n');
  const text = (await body).toString();
  const json = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
  const session = socket.getProtocol() === 'TLSv1.3' ? socket.newest : socket.getSession();
  const result = {...json, reused: socket.isSessionReused(), session, cipher: socket.getCipher().name,
    peer: socket.getPeerCertificate().subject};
  socket.destroy();
  return result;
}

const sha = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

// -- running

const tests = [];
const test = (name, run) => tests.push({name, run});
const testThatWaits = (name, run) => tests.push({name, run, waits: true});

module.exports = {Service, alive, backend, certs, children, connect, drain, finishAll, freePort, madeOnce, makeCerts, net,
  nextSecond, pem, program, sha, sleep, status, test, testThatWaits, tests, tls, top, until};
