'use strict';
// hosts.js - what tests of many hosts share: a real Redis, a relay before it that spoils what it says, and hosts
// (masters on ports of their own) that share it and a secret.
const {execFileSync, fork, spawn} = require('child_process');
const crypto = require('crypto');
const {once} = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const {Service, freePort, status, until} = require('./lib');

const running = new Set();
process.on('exit', () => { for (const redis of running) redis.child.kill('SIGKILL'); });

class Redis {
  static async start(...more) {
    const redis = new Redis();
    redis.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-redis-'));
    redis.path = path.join(redis.dir, 's');
    redis.more = more;
    redis.secret = path.join(redis.dir, 'secret');
    fs.writeFileSync(redis.secret, `${crypto.randomBytes(32).toString('hex')}\n`, {mode: 0o600});
    await redis.begin();
    return redis;
  }

  // Watches the master at that port of the loopback under the name of m.
  static async sentinel(port, watched) {
    const redis = new Redis();
    redis.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-redis-'));
    redis.path = path.join(redis.dir, 's');
    redis.file = path.join(redis.dir, 'conf');
    fs.writeFileSync(redis.file, `bind 127.0.0.1\nport ${port}\nunixsocket ${redis.path}\ndir ${redis.dir}\n` +
      `sentinel monitor m 127.0.0.1 ${watched} 1\nsentinel down-after-milliseconds m 500\nsentinel failover-timeout m 4000\n`);
    await redis.begin();
    return redis;
  }

  // Nodes with all slots among them, that many.
  static async cluster(count) {
    const nodes = [];
    for (let i = 0; i < count; i++) {
      const port = await freePort(), bus = await freePort();
      nodes.push(await Redis.start('--port', String(port), '--cluster-enabled', 'yes', '--cluster-port', String(bus),
        '--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'));
      Object.assign(nodes[i], {port, bus, id: nodes[i].ask('CLUSTER', 'MYID').trim()});
      nodes[i].ask('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
      const first = (k) => Math.floor(16384 * k / count);
      nodes[i].ask('CLUSTER', 'ADDSLOTSRANGE', String(first(i)), String(first(i + 1) - 1));
      if (i > 0) nodes[0].ask('CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus));
    }
    await until('the cluster is one', () => nodes.every((node) =>
      /cluster_state:ok[^]*cluster_slots_ok:16384[^]*/.test(node.ask('CLUSTER', 'INFO'))));
    return nodes;
  }

  spawn() {
    this.child = this.file ? spawn('redis-server', [this.file, '--sentinel'], {stdio: 'ignore'}) : spawn('redis-server', ['--port', '0', '--unixsocket', this.path, '--unixsocketperm', '777', '--save', '',
      '--repl-diskless-sync-delay', '0', '--dir', this.dir, '--enable-debug-command', 'yes', ...this.more], {stdio: 'ignore'});
    running.add(this);
    this.ended = new Promise((done) => this.child.once('close', done));
  }

  async begin() {
    this.spawn();
    await until('redis answers', () => { try { return this.ask('PING') === 'PONG\n'; } catch { return false; } });
  }

  ask(...words) { return execFileSync('redis-cli', ['-s', this.path, ...words], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000}); }

  // Every key and value, as bytes.
  async entries() {
    const all = [];
    for (const key of await command(this.path, 'KEYS', '*')) all.push([key, await command(this.path, 'GET', key)]);
    return all;
  }

  async end() {
    running.delete(this);
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async remove() {
    if (running.has(this)) await this.end();
    fs.rmSync(this.dir, {recursive: true, force: true});
  }
}

// A command whose words and answer are bytes; an array of them for an array.
function command(where, ...words) {
  const parts = [`*${words.length}\r\n`];
  for (const word of words) parts.push(`$${Buffer.byteLength(word)}\r\n`, word, '\r\n');
  return new Promise((done, fail) => {
    const socket = net.connect(where);
    let bytes = Buffer.alloc(0);
    socket.on('error', fail);
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      const answer = parse({bytes, at: 0});
      if (answer !== undefined) { socket.destroy(); done(answer); }
    });
    socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  });
}

// A reply of RESP; undefined: it is not complete.
function parse(c) {
  const end = c.bytes.indexOf('\r\n', c.at);
  if (end < 0) return undefined;
  const kind = String.fromCharCode(c.bytes[c.at]), text = c.bytes.toString('latin1', c.at + 1, end);
  c.at = end + 2;
  if (kind === '-') throw new Error(text);
  if (kind === '+' || kind === ':') return text;
  if (text === '-1') return null;
  if (kind === '*') {
    const all = [];
    for (let i = 0; i < Number(text); i++) {
      const one = parse(c);
      if (one === undefined) return undefined;
      all.push(one);
    }
    return all;
  }
  c.at += Number(text) + 2;
  return c.at > c.bytes.length ? undefined : c.bytes.subarray(c.at - 2 - Number(text), c.at - 2);
}

// Between hosts and a Redis: see relay.js.
class Relay {
  static async start(redis) {
    const relay = new Relay();
    relay.secret = redis.secret;
    relay.path = path.join(redis.dir, `relay-${crypto.randomBytes(4).toString('hex')}`);
    relay.child = fork(path.join(__dirname, 'relay.js'), [relay.path, redis.path]);
    await once(relay.child, 'message');
    return relay;
  }

  async set(how) {
    this.child.send(how);
    await once(this.child, 'message');
  }

  async stop() {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

// -- hosts

// With tickets on the first port, with none on the second. `store` is a Redis or a relay; the local tier is the usual one,
// or `l1`. Answers may take their time on a busy machine, unless a test says otherwise.
const patient = 'lookup-timeout = 5s';
const uri = (store, timeout = 5000) => store.uri || `redis+unix:${store.path}?timeout=${timeout}`;
// On a busy machine a client that arrived may be served after ten seconds only: no timeout of ours may end it.
const slowly = 'handshake-timeout = 2m';
const conf = (store, {cache = patient, workers = 1, timeout, l1, more = ''} = {}) => `
workers = ${workers}  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"  secret-file = "${store.secret}"
cache { store = "${uri(store, timeout)}"  ${l1 === undefined ? '' : `l1 = "${l1}"`}  ${cache} }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "on" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status"  ${slowly} }
frontend "off" { listen = "127.0.0.1:@PORT2@"  certificates = "ecdsa"  backend = "builtin:status"  tickets = off  ${slowly} }
${more}`;

const v12 = {maxVersion: 'TLSv1.2'}, v13 = {minVersion: 'TLSv1.3'};
const kinds = [
  {kind: 'TLS 1.2 id', options: {...v12, secureOptions: crypto.constants.SSL_OP_NO_TICKET}, port: 1, how: 'session id', stored: true},
  {kind: 'TLS 1.2 ticket', options: v12, port: 1, how: 'ticket'},
  {kind: 'TLS 1.3 ticket', options: v13, port: 1, how: 'ticket'},
  {kind: 'TLS 1.3 stateful', options: v13, port: 2, how: 'stateful ticket', stored: true},
];
const visit = (host, {options, port}, more = {}) => status(host.ports[port], {...options, ...more});
const fresh = async (host, kind, more) => (await visit(host, kind, more)).session;

const statusOf = (host) => JSON.parse(host.command('status', '--json').out);
const cacheOf = (host) => statusOf(host).cache;
const keysOf = (host) => JSON.parse(host.command('keys', '--json').out).keys;
const mintingOf = (host) => keysOf(host).find((key) => key.mints);
const well = (hosts, ms) => until('all hosts have the store', () => hosts.every((host) => cacheOf(host).state === 'well'), ms);

async function withRedis(body) {
  const redis = await Redis.start();
  try { await body(redis); } finally { await redis.remove(); }
}

// A Redis that hosts have known for long, so that early data is not in doubt: their mark in it (16 random bytes, and when it was
// made) is old.
const withOldRedis = (body) => withRedis(async (redis) => {
  const host = await Service.start(conf(redis).replace('frontend "on" {', '$& max-early-data = 1 '));
  const [key, mark] = await until('a mark', async () => (await redis.entries()).find(([, value]) => value && value.length === 24));
  await host.end();
  mark.writeBigUInt64BE(mark.readBigUInt64BE(16) - 600000n, 16);
  await command(redis.path, 'SET', key, mark);
  await body(redis);
});

// `body` gets hosts that share a Redis, and the Redis.
const withHosts = (count, options, body) => withRedis(async (redis) => {
  const hosts = [];
  for (let i = 0; i < count; i++) hosts.push(await Service.start(conf(redis, options)));
  await well(hosts);
  await body(hosts, redis);
});

module.exports = {Redis, Relay, cacheOf, command, conf, fresh, keysOf, kinds, mintingOf, patient, statusOf, uri, v12, v13, visit,
  well, withHosts, withOldRedis, withRedis};
