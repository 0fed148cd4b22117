'use strict';
// run.js - end-to-end tests: the real program, real clients, real backends.
// usage: node tests/e2e/run.js [PATTERN]      REPRISE=build/asan/reprise runs another build
const path = require('path');
const fs = require('fs');
const {finishAll, makeCerts, tests} = require('./lib');

const LIMIT_MS = 120000;
const pattern = new RegExp(process.argv[2] || '.');
for (const file of fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.js')).sort()) {
  const before = tests.length;
  require(path.join(__dirname, file));
  for (const test of tests.slice(before)) test.name = `${file.replace('.test.js', '')}: ${test.name}`;
}

function limited(run) {
  let timer;
  return Promise.race([run(), new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`took longer than ${LIMIT_MS} ms`)), LIMIT_MS);
  })]).finally(() => clearTimeout(timer));
}

// Tests that mostly wait run beside each other, up to four; services are common to them and end with the last.
function batches(all) {
  const out = [];
  for (const one of all) {
    const last = out[out.length - 1];
    if (one.waits && last && last[0].waits && last.length < 4) last.push(one);
    else out.push([one]);
  }
  return out;
}

async function timed(one) {
  const begin = Date.now();
  try { await limited(one.run); } catch (e) { one.error = e; }
  one.ms = Date.now() - begin;
}

(async () => {
  let passed = 0, failed = 0;
  makeCerts();
  for (const batch of batches(tests.filter((t) => pattern.test(t.name)))) {
    await Promise.all(batch.map(timed));
    const last = batch[batch.length - 1];
    try { await finishAll(); } catch (e) { last.error = last.error || e; }
    for (const {name, error, ms} of batch) {
      error ? failed++ : passed++;
      console.log(`${error ? 'FAIL' : 'ok  '}  ${name} (${ms} ms)`);
      if (error) console.log(`      ${String(error.stack).replace(/\n/g, '\n      ')}`);
    }
  }
  console.log(`e2e: ${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
})();
