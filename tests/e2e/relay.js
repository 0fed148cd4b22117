'use strict';
// relay.js LISTEN REDIS - stands between hosts and a Redis, both at Unix sockets, and spoils what it says as its parent
// tells it: {spoil, delay, gone}. A process of its own: a test that is busy must not make a Redis slow.
const net = require('net');

const isGreeting = (bytes) => /^[:+]/.test(bytes.toString('latin1'));
const afterGreeting = (change) => (bytes) => (isGreeting(bytes) ? bytes : change(bytes));
const spoils = {
  nothing: (bytes) => bytes,
  silence: () => null,
  garbage: (bytes) => Buffer.from(bytes.map((b) => b ^ 0x55)),
  'garbage, later': afterGreeting(() => Buffer.from('?\r\n')),
  cut: afterGreeting((bytes) => bytes.subarray(0, 2)),
  endless: afterGreeting(() => Buffer.from(`$99999999\r\n${'x'.repeat(200000)}`)),
  twice: afterGreeting((bytes) => Buffer.concat([bytes, bytes])),
  alien: afterGreeting(() => Buffer.from('*1\r\n$1\r\na\r\n')),
  'a bit': (bytes) => { // of a value
    const out = Buffer.from(bytes);
    if (out[0] === 0x24 && out.length > 100) out[out.length >> 1] ^= 1;
    return out;
  },
};

const [listen, redisPath] = process.argv.slice(2);
const sockets = new Set();
const how = {spoil: 'nothing', delay: 0, gone: false};

net.createServer((host) => {
  if (how.gone) { host.destroy(); return; }
  const redis = net.connect(redisPath), both = [host, redis];
  const waiting = []; // {due, said}, in the order in which it came, whatever the delay was
  const pass = () => {
    while (waiting.length > 0 && waiting[0].due <= Date.now()) host.write(waiting.shift().said);
    if (waiting.length > 0) setTimeout(pass, waiting[0].due - Date.now());
  };
  for (const socket of both) {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => { sockets.delete(socket); for (const one of both) one.destroy(); });
  }
  host.on('data', (bytes) => redis.write(bytes));
  redis.on('data', (bytes) => {
    const said = spoils[how.spoil](bytes);
    if (said === null) return;
    waiting.push({due: Date.now() + how.delay, said});
    if (waiting.length === 1) pass();
  });
}).listen(listen, () => process.send('ready'));

process.on('message', (message) => {
  Object.assign(how, message);
  if (how.gone) for (const socket of sockets) socket.destroy();
  process.send('done');
});
process.on('disconnect', () => process.exit());
