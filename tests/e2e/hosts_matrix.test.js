'use strict';
// A session of any host resumes on every other host, by each kind of session, also while ticket
// keys rotate, with and without differences between their clocks. HOSTS_SECONDS=60 makes the
// rotation test longer.
const assert = require('assert');
const fs = require('fs');
const {Service, sleep, test, testThatWaits} = require('./lib');
const {conf, fresh, kinds, mintingOf, patient, visit, well, withHosts, withRedis} = require('./hosts');

const seconds = Number(process.env.HOSTS_SECONDS || 8);

for (const l1 of ['', 'lmdb:near?size=1M'])
  test(`three hosts, every one to every one${l1 && ', with a local tier'}`, () => withHosts(3, {workers: 2, l1}, async (hosts) => {
    for (const kind of kinds)
      for (const [a, from] of hosts.entries())
        for (const [b, to] of hosts.entries())
          for (let i = 0; i < 4; i++) {
            const s = await visit(to, kind, {session: await fresh(from, kind)});
            assert.ok(s.reused, `${kind.kind}: from ${a} to ${b}`);
            assert.strictEqual(s.connection.resumed, kind.how);
          }
  }));

// Sessions of all kinds and hosts are offered at once, and again after up to five seconds, to all hosts, through as many
// epochs as there are in so many seconds.
async function wanderThroughEpochs(hosts) {
  const epochs = hosts.map(() => new Set()), kept = [];
  let tried = 0;
  const offer = async ({kind, from, session, made}, b) => {
    const s = await visit(hosts[b], kind, {session});
    assert.ok(s.reused, `${kind.kind}, ${Date.now() - made} ms old, from ${from} to ${b}`);
    tried++;
  };
  while (tried <= 50 || epochs.some((met) => met.size < seconds / 2)) {
    for (const kind of kinds)
      for (const [from, host] of hosts.entries()) {
        const made = Date.now(), session = await fresh(host, kind), to = (from + kept.length) % hosts.length;
        await offer({kind, from, session, made}, to);
        kept.push({kind, from, session: await fresh(host, kind), made});
      }
    while (kept.length && (kept[0].made < Date.now() - 5000 || kept.length > 200))
      await offer(kept.shift(), tried % hosts.length);
    hosts.forEach((host, i) => epochs[i].add(mintingOf(host).epoch));
    await sleep(100);
  }
  for (const one of kept) await offer(one, tried % hosts.length);
}

testThatWaits('epochs of two seconds pass, nothing is lost', () =>
  withHosts(2, {cache: `${patient}  key-lifetime = 2s  session-timeout = 60s`}, wanderThroughEpochs));

// -- clocks that differ: Debian's faketime in the processes of two hosts. It and ASAN both want to be first.

const faketime = (offset) => {
  const libraries = fs.readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`);
  return {env: {...process.env, LD_PRELOAD: libraries.find((file) => fs.existsSync(file)) || 'no faketime',
    FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1'}};
};

if (!/asan/.test(process.env.REPRISE || ''))
  testThatWaits('clocks half a minute apart: epochs of two seconds pass, nothing is lost', () => withRedis(async (redis) => {
    const text = conf(redis, {cache: `${patient}  key-lifetime = 2s  session-timeout = 120s`});
    const hosts = [await Service.start(text), await Service.start(text, faketime('+15s')), await Service.start(text, faketime('-15s'))];
    await well(hosts);
    const apart = mintingOf(hosts[1]).epoch - mintingOf(hosts[2]).epoch;
    assert.ok(apart >= 14, `${apart} epochs apart`);
    await wanderThroughEpochs(hosts);
  }));
