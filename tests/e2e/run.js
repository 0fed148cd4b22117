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

(async () => {
  let passed = 0, failed = 0;
  makeCerts();
  for (const {name, run} of tests.filter((t) => pattern.test(t.name))) {
    const begin = Date.now();
    let error;
    try { await limited(run); } catch (e) { error = e; }
    try { await finishAll(); } catch (e) { error = error || e; }
    error ? failed++ : passed++;
    console.log(`${error ? 'FAIL' : 'ok  '}  ${name} (${Date.now() - begin} ms)`);
    if (error) console.log(`      ${String(error.stack).replace(/\n/g, '\n      ')}`);
  }
  console.log(`e2e: ${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
})();
