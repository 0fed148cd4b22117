'use strict';
// run.js - end-to-end tests: the real program, real clients, real backends.
// usage: node tests/e2e/run.js [PATTERN]      REPRISE=build/asan/reprise runs another build; LANES=1 one file after another
// Every file is a process of its own, some of them beside each other: most of a test is waiting. The slowest are named.
const {fork} = require('child_process');
const {once} = require('events');
const path = require('path');
const fs = require('fs');
const {finishAll, makeCerts, tests} = require('./lib');

const LIMIT_MS = 120000;
const LANES = Number(process.env.LANES || 4);
const SLOWEST = 10;

// -- a file

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

async function runFile(file, pattern) {
  process.once('disconnect', () => process.exit(1)); // nobody is there to be told
  require(path.join(__dirname, file));
  for (const test of tests) test.name = `${file.replace('.test.js', '')}: ${test.name}`;
  for (const batch of batches(tests.filter((t) => pattern.test(t.name)))) {
    await Promise.all(batch.map(timed));
    const last = batch[batch.length - 1];
    try { await finishAll(); } catch (e) { last.error = last.error || e; }
    for (const {name, error, ms} of batch) process.send({name, ms, why: error && String(error.stack || error)});
  }
  process.send({done: true}, () => process.exit(0));
}

// -- all files

function report(results, {name, ms, why}) {
  results.push({name, ms, why});
  console.log(`${why ? 'FAIL' : 'ok  '}  ${name} (${ms} ms)`);
  if (why) console.log(`      ${why.replace(/\n/g, '\n      ')}`);
}

async function watch(file, pattern, results) {
  const begin = Date.now(), child = fork(__filename, ['--file', file, pattern]);
  let done = false;
  child.on('message', (m) => { m.done ? done = true : report(results, m); });
  const [code, signal] = await once(child, 'close');
  if (!done || code !== 0)
    report(results, {name: `${file}: to its end`, ms: Date.now() - begin, why: `ended with ${signal || code}`});
}

async function runAll(pattern) {
  const results = [], files = fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.js')).sort();
  const lane = async () => { while (files.length) await watch(files.shift(), pattern, results); };
  makeCerts();
  await Promise.all(Array.from({length: LANES}, lane));
  console.log('the slowest:');
  for (const {name, ms} of results.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST)) console.log(`  ${String(ms).padStart(6)} ms  ${name}`);
  const failed = results.filter(({why}) => why).length;
  console.log(`e2e: ${results.length - failed} passed, ${failed} failed`);
  process.exit(failed || !results.length ? 1 : 0);
}

const words = process.argv.slice(2);
if (words[0] === '--file') runFile(words[1], new RegExp(words[2]));
else runAll(words[0] || '.');
