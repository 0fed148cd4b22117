'use strict';
// Where the master of a Redis is, or the node of a key, changes while clients resume on two hosts: none of their
// handshakes fails, tickets resume throughout, and sessions by id are shared again without help.
const assert = require('assert');
const {Service, freePort, testThatWaits, until} = require('./lib');
const {Redis, cacheOf, conf, fresh, kinds, visit, well} = require('./hosts');

// Clients come all the time, from host to host. stop() says how many they were; a failed handshake is thrown.
function clients(hosts) {
  let over = false, count = 0;
  const come = async (kind) => {
    let session;
    for (let i = 0; !over; i++, count++) {
      const s = await visit(hosts[i % hosts.length], kind, {session});
      assert.ok(s.reused || kind.stored || i === 0, `${kind.kind}: a ticket`);
      session = s.session || session;
    }
  };
  const all = Promise.all(kinds.map(come));
  all.catch(() => {}); // told by stop
  return {stop: async () => { over = true; await all; return count; }, count: () => count};
}

const shared = ([one, two]) => until('sessions by id are shared', async () => {
  for (const kind of kinds)
    for (const [from, to] of [[one, two], [two, one]])
      if (!(await visit(to, kind, {session: await fresh(from, kind)})).reused) return false;
  return true;
}, 40000);

async function hostsOf(store, secret) {
  const hosts = [];
  for (let i = 0; i < 2; i++) hosts.push(await Service.start(conf({uri: store, secret}, {workers: 1})));
  await well(hosts, 40000);
  return hosts;
}

// Clients that come while `what` is done, and some time after.
async function during(hosts, what) {
  const flow = clients(hosts);
  await until('clients come', () => flow.count() > 8);
  await what();
  await shared(hosts);
  const seen = flow.count();
  await until('clients come after it', () => flow.count() > seen + 8);
  await flow.stop();
  await until('it is well', () => hosts.every((host) => cacheOf(host).state === 'well'));
}

testThatWaits('redis_forms: a master dies and its sentinel names another', async () => {
  const port = [await freePort(), await freePort(), await freePort()];
  const all = [await Redis.start('--port', String(port[0]))];
  try {
    const [master] = all;
    all.push(await Redis.start('--port', String(port[1]), '--replicaof', '127.0.0.1', String(port[0])));
    const replica = all[1];
    all.push(await Redis.sentinel(port[2], port[0]));
    await until('the sentinel knows the replica', () => /slaves=1/.test(all[2].ask('INFO', 'sentinel')));
    await until('the replica is in step', () => /master_link_status:up/.test(replica.ask('INFO', 'replication')));
    const hosts = await hostsOf(`redis+sentinel://127.0.0.1:1,127.0.0.1:${port[2]}/m?timeout=500`, master.secret);
    await shared(hosts);
    await during(hosts, () => master.end());
    assert.match(replica.ask('INFO', 'replication'), /role:master/);
    for (const host of hosts) assert.ok(host.count(/worker 0[^\n]*the store is well again/g) >= 1, host.log);
  } finally { for (const one of all) await one.remove(); }
});
