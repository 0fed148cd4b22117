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
  let due = 0;
  for (const socket of both) {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => { sockets.delete(socket); for (const one of both) one.destroy(); });
  }
  host.on('data', (bytes) => redis.write(bytes));
  redis.on('data', (bytes) => {
    const said = spoils[how.spoil](bytes);
    if (said === null) return;
    due = Math.max(Date.now() + how.delay, due); // in their order, whatever the delay was
    if (due > Date.now()) setTimeout(() => host.write(said), due - Date.now());
    else host.write(said);
  });
}).listen(listen, () => process.send('ready'));

process.on('message', (message) => {
  Object.assign(how, message);
  if (how.gone) for (const socket of sockets) socket.destroy();
  process.send('done');
});
process.on('disconnect', () => process.exit());
