'use strict';
// Host x host: whoever has met one host is known to every other, by each kind of session, at once and while ticket
// keys turn. HOSTS_SECONDS=60 makes the turning last.
const assert = require('assert');
const {sleep, test} = require('./lib');
const {fresh, kinds, mintingOf, patient, visit, withHosts} = require('./hosts');

const seconds = Number(process.env.HOSTS_SECONDS || 12);

for (const kind of kinds)
  test(`${kind.kind}: three hosts, every one to every one`, () => withHosts(3, {workers: 2}, async (hosts) => {
    for (const [a, from] of hosts.entries())
      for (const [b, to] of hosts.entries())
        for (let i = 0; i < 4; i++) {
          const s = await visit(to, kind, {session: await fresh(from, kind)});
          assert.ok(s.reused, `from ${a} to ${b}`);
          assert.strictEqual(s.connection.resumed, kind.how);
        }
  }));

// Sessions of all kinds and hosts are offered at once, and again after up to five seconds, to all hosts.
async function wanderThroughEpochs(hosts) {
  const epochs = hosts.map(() => new Set()), kept = [], end = Date.now() + seconds * 1000;
  let tried = 0;
  const offer = async ({kind, from, session, made}, b) => {
    const s = await visit(hosts[b], kind, {session});
    assert.ok(s.reused, `${kind.kind}, ${Date.now() - made} ms old, from ${from} to ${b}`);
    tried++;
  };
  while (Date.now() < end) {
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
  return {epochs, tried};
}

test('epochs of two seconds pass, nothing is lost', () =>
  withHosts(2, {cache: `${patient}  key-lifetime = 2s  session-timeout = 60s`}, async (hosts) => {
    const {epochs, tried} = await wanderThroughEpochs(hosts);
    assert.ok(tried > 50, tried);
    for (const met of epochs) assert.ok(met.size >= seconds / 2 - 1, `${met.size} epochs`);
  }));
