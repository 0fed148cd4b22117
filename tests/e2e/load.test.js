'use strict';
// reprise-load against the program: what it tells is what happened, and it fails when it should.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {execFile} = require('child_process');
const {Service, test} = require('./lib');

const top = path.join(__dirname, '../..');
const loader = path.join(path.dirname(path.resolve(top, process.env.REPRISE || 'build/release/reprise')), 'reprise-load');
const conf = `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "www" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = {"127.0.0.1:@PORT@", "127.0.0.1:@PORT2@"}  certificates = "www"  backend = "builtin:status" }`;

const load = (...args) => new Promise((done) => {
  execFile(loader, ['-q', '--json', '-', '--max-failed', '0', '--timeout', '20s', ...args],
    (error, out, err) => done({code: error ? error.code : 0, err, told: out.startsWith('{') ? JSON.parse(out) : null}));
});

test('reprise-load: two addresses of one service share their sessions', async () => {
  const service = await Service.start(conf);
  const targets = [`127.0.0.1:${service.ports[1]}`, `127.0.0.1:${service.ports[2]}`];
  for (const how of [['-t', '1.3'], ['-t', '1.2'], ['--by-id']]) {
    const {code, told, err} = await load('-n', '60', '-c', '4', '-r', '80', '--from', 'other', '--min-resumed', '100',
      '-g', '/', '--seed', '7', ...how, ...targets);
    assert.strictEqual(code, 0, `${how}: ${err} ${JSON.stringify(told)}`);
    assert.strictEqual(told.full + told.resumed, 60);
    assert.ok(told.resumed > 20, `${how}: only ${told.resumed} resumed`);
    assert.strictEqual(told.requests, 60);
    assert.deepStrictEqual([told.offered_from_to[0][0], told.offered_from_to[1][1]], [0, 0]);
    assert.deepStrictEqual(told.resumed_from_to, told.offered_from_to);
    assert.strictEqual(told.latency_us.resumed.count, told.resumed);
  }
});

test('reprise-load: early data is told from resumption, and the key log is written', async () => {
  const takes = await Service.start(conf.replace('frontend "www" {', '$& max-early-data = 16K '));
  const refuses = await Service.start(conf);
  const keylog = path.join(takes.dir, 'keys');
  const yes = await load('-n', '60', '-c', '4', '-m', '0-rtt', '-g', '/', '--min-resumed', '100', '--keylog', keylog,
    `127.0.0.1:${takes.ports[1]}`);
  assert.strictEqual(yes.code, 0, `${yes.err} ${JSON.stringify(yes.told)}`);
  assert.ok(yes.told.offered >= 50, JSON.stringify(yes.told));
  assert.deepStrictEqual(yes.told.early_data, {accepted: yes.told.offered, rejected: 0, not_allowed: 0});
  assert.strictEqual(yes.told.by_kind['0-rtt'], yes.told.offered);
  assert.deepStrictEqual([yes.told.requests, yes.told.status['2xx']], [60, 60]);
  assert.match(fs.readFileSync(keylog, 'latin1'), /^CLIENT_EARLY_TRAFFIC_SECRET [0-9a-f]{64} [0-9a-f]+$/m);
  assert.strictEqual(fs.statSync(keylog).mode & 0o777, 0o600);

  // Keys that this one does not know: nothing is lost, it is sent again.
  const stranger = await Service.start(conf.replace('frontend "www" {', '$& max-early-data = 16K '));
  const again = await load('-n', '60', '-c', '4', '-m', '0-rtt', '-g', '/', '--from', 'other',
    `127.0.0.1:${takes.ports[1]}`, `127.0.0.1:${stranger.ports[1]}`);
  assert.deepStrictEqual(again.told.early_data, {accepted: 0, rejected: again.told.offered, not_allowed: 0});
  assert.deepStrictEqual([again.told.declined, again.told.requests], [again.told.offered, 60]);

  const no = await load('-n', '60', '-c', '4', '-m', '0-rtt', '-g', '/', '--min-resumed', '1', `127.0.0.1:${refuses.ports[1]}`);
  assert.strictEqual(no.code, 1);
  assert.deepStrictEqual(no.told.early_data, {accepted: 0, rejected: 0, not_allowed: no.told.offered});
  assert.deepStrictEqual([no.told.resumed, no.told.failed, no.told.requests], [no.told.offered, 0, 60]);
});

test('reprise-load: two services that share nothing fail the test', async () => {
  const one = await Service.start(conf);
  const other = await Service.start(conf);
  const {code, told, err} = await load('-n', '60', '-c', '4', '-r', '80', '--from', 'other', '--min-resumed', '50', '-g', '/',
    '-t', '1.3', `127.0.0.1:${one.ports[1]}`, `127.0.0.1:${other.ports[1]}`);
  assert.strictEqual(code, 1);
  assert.match(err, /0\.00 % of the sessions offered were resumed, 50 wanted/);
  assert.strictEqual(told.declined, told.offered);
});

test('reprise-load: several processes, a rate, a server that is not there', async () => {
  const service = await Service.start(conf);
  const {code, told, err} = await load('-n', '41', '--processes', '3', '-c', '6', '--rate', '1000',
    `127.0.0.1:${service.ports[1]}`);
  assert.strictEqual(code, 0, err);
  assert.strictEqual(told.full, 41);
  const absent = await load('-n', '5', '-c', '1', `127.0.0.1:${service.ports[3]}`);
  assert.strictEqual(absent.code, 1);
  assert.deepStrictEqual(absent.told.failed_by_reason, {ECONNREFUSED: 5});
});
