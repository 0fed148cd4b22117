'use strict';
// Three hosts under load, while ticket keys rotate by command and by time, each host reloads, the
// Redis is killed and restarted empty, and a host is stopped and started: every ticket resumes on
// every host, and no handshake fails.
const assert = require('assert');
const path = require('path');
const {spawn} = require('child_process');
const {program, testThatWaits, until} = require('./lib');
const {mintingOf, patient, well, withHosts} = require('./hosts');

const loader = path.join(path.dirname(program), 'reprise-load');

// Until it is told to end; `ended` gives what it says then.
function begin(hosts, ...args) {
  const child = spawn(loader, ['-q', '--json', '-', '-m', 'ticket', '-t', 'both', '-r', '80', '--rate', '40', '-d', '100s',
    '--timeout', '20s', '-g', '/', ...args, ...hosts.map((host) => `127.0.0.1:${host.ports[1]}`)], {stdio: ['ignore', 'pipe', 'inherit']});
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  const closed = new Promise((done) => child.once('close', done));
  return {end: async () => {
    child.kill('SIGINT');
    await closed;
    return JSON.parse(out);
  }};
}

// From now on: on a busy machine many have passed since the test began.
function turns(host, count, what) {
  const from = mintingOf(host).epoch;
  return until(what, () => mintingOf(host).epoch >= from + count);
}

function assertAll(told, when) {
  if (process.env.FIGURES) console.log(`      ${when}: connections ${told.full + told.resumed}, tickets offered ${told.offered}, resumed ${told.resumed}, failed ${told.failed}`);
  assert.strictEqual(told.failed, 0, JSON.stringify(told));
  assert.ok(told.resumed > 0, JSON.stringify(told));
  assert.deepStrictEqual(told.resumed_from_to, told.offered_from_to, `${when}: ${JSON.stringify(told)}`);
}

testThatWaits('load on three hosts: keys turn, hosts reload, Redis is lost, a host restarts: every ticket resumes', () =>
  withHosts(3, {workers: 2, cache: `${patient}  key-lifetime = 3s  session-timeout = 40s`}, async (hosts, redis) => {
    const [a, b, c] = hosts;
    let all = begin(hosts);
    assert.strictEqual(b.command('keys', 'rotate').code, 0);
    for (const host of hosts) assert.strictEqual(host.command('reload').code, 0);
    await turns(a, 2, 'two epochs pass');
    await redis.end();
    await turns(a, 2, 'two epochs pass without the store');
    await redis.begin();
    await well(hosts, 30000);
    await turns(a, 2, 'two epochs pass with the store');
    assertAll(await all.end(), 'an empty redis');

    const two = begin([a, b]);
    await c.stop();
    await turns(a, 1, 'an epoch passes without a host');
    await c.begin();
    await well([c], 30000);
    assertAll(await two.end(), 'two hosts');
    const again = begin(hosts);
    await turns(c, 2, 'two epochs pass');
    assertAll(await again.end(), 'all again');
  }));
