'use strict';
// Stores under load, with the code of workers (tests/bench/store.c): 100,000 sessions, 10,000
// lookups a second for ten seconds. No lookup is lost, memory does not grow, and a store file at
// its size limit evicts entries without an error.
const assert = require('assert');
const {execFile} = require('child_process');
const path = require('path');
const {promisify} = require('util');
const {program, testThatWaits} = require('./lib');
const {uri, withRedis} = require('./hosts');

const driver = path.join(path.dirname(program), 'bench/store');
const asan = /asan/.test(program); // where each byte costs more, and memory says nothing
const [count, rate, seconds] = asan ? [20000, 1000, 3] : [100000, 10000, 10];

async function load(near, store, dir, writes) {
  const {stdout} = await promisify(execFile)(driver, ['load', near, store, dir, '300', count, rate, seconds, writes].map(String));
  const r = JSON.parse(stdout);
  assert.strictEqual(r.putFailed + r.failed + r.wrong + r.outages, 0, stdout);
  assert.strictEqual(r.found + r.missing, r.asked, stdout);
  if (!asan) {
    assert.ok(r.asked >= rate * seconds / 2, stdout); // a machine that is busy may be late
    assert.ok(r.rssKb - r.rssBeforeKb < 2048, stdout);
  }
  return r;
}

testThatWaits('a redis with a hundred thousand sessions, ten thousand lookups a second: none is lost', () => withRedis(async (redis) => {
  const r = await load('-', uri(redis, 60000), redis.dir, 0);
  assert.strictEqual(r.found, r.asked);
}));

testThatWaits('the same behind an LMDB file at its limit, and a thousand new ones a second', () => withRedis(async (redis) => {
  const r = await load('lmdb:near?size=4M', uri(redis, 60000), redis.dir, asan ? 100 : 1000);
  assert.strictEqual(r.found, r.asked);
  assert.ok(r.evicted > count / 10);
}));
