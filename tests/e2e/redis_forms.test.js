'use strict';
// The master of a Redis, or the node of a key, moves while clients resume on two hosts: no
// handshake fails, tickets resume throughout, and sessions by id are shared again without help.
const assert = require('assert');
const {Service, freePort, testThatWaits, until} = require('./lib');
const {Redis, cacheOf, command, conf, fresh, kinds, visit, well} = require('./hosts');

// Clients come all the time, from host to host. stop() says how many they were. A failed handshake is thrown, and a full one:
// by ticket always, by what is stored if all resume.
function clients(hosts, allResume) {
  let over = false, count = 0;
  const come = async (kind) => {
    let session;
    for (let i = 0; !over; i++, count++) {
      const s = await visit(hosts[i % hosts.length], kind, {session});
      assert.ok(s.reused || i === 0 || (kind.stored && !allResume), `${kind.kind}, visit ${i}`);
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

// Clients that come while `what` is done, and some after it.
async function during(hosts, what, allResume = false) {
  const flow = clients(hosts, allResume);
  await until('clients come', () => flow.count() > 8);
  const more = (seen = flow.count()) => until('more clients come', () => flow.count() > seen + 8);
  await what(more);
  await shared(hosts);
  await more();
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
    for (const host of hosts) assert.ok(host.count(/worker 0[^\n]*store available again/g) >= 1, host.log);
  } finally { for (const one of all) await one.remove(); }
});

// Each slot of `from` that has something goes to `to`, as an operator's tools do it.
async function moveSlots(nodes, from, to) {
  const slots = new Set();
  for (const key of await command(from.path, 'KEYS', '*')) slots.add(await command(from.path, 'CLUSTER', 'KEYSLOT', key));
  for (const slot of slots) {
    await command(to.path, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
    await command(from.path, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
    for (let keys; (keys = await command(from.path, 'CLUSTER', 'GETKEYSINSLOT', slot, '100')).length > 0;)
      await command(from.path, 'MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys);
    for (const node of [to, from, ...nodes]) await command(node.path, 'CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
  }
  return slots.size;
}

testThatWaits('redis_forms: slots of a cluster move, and a node is lost for a while', async () => {
  const nodes = await Redis.cluster(3);
  try {
    const hosts = await hostsOf(`redis+cluster://127.0.0.1:1,127.0.0.1:${nodes[1].port}?timeout=500`, nodes[0].secret);
    await shared(hosts);
    await during(hosts, async () => {
      const kind = kinds.find((one) => one.stored), sessions = [];
      for (let i = 0; i < 12; i++) sessions.push(await fresh(hosts[0], kind));
      assert.ok(await moveSlots(nodes, nodes[0], nodes[2]) > 0);
      for (const session of sessions) assert.ok((await visit(hosts[1], kind, {session})).reused, 'one that has moved');
    }, true);
    for (const host of hosts) assert.strictEqual(host.count(/store unavailable/g), 0, host.log);
    await during(hosts, async (more) => {
      await nodes[1].end();
      await more();
      await nodes[1].begin();
    });
  } finally { for (const node of nodes) await node.remove(); }
});
