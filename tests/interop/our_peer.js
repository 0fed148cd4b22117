'use strict';
// our_peer.js - reprise-connect and reprise-serve as node_peer.js has node: connect and serve.
const path = require('path');
const {spawn} = require('child_process');

const build = path.resolve(__dirname, '../..', process.env.BUILD || 'build/release');

function start(name, args, input) {
  const child = spawn(path.join(build, name), ['--json', ...args], {stdio: ['pipe', 'pipe', 'pipe']});
  const tool = {events: [], err: '', onEvent: () => {}};
  let rest = '';
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      tool.events.push(JSON.parse(line));
      tool.onEvent(tool.events[tool.events.length - 1]);
    }
  });
  child.stderr.on('data', (chunk) => { tool.err += chunk; });
  tool.ended = new Promise((done, failed) => child.once('close', (code, signal) => {
    if (/Sanitizer|runtime error/.test(tool.err) || (signal && signal !== 'SIGTERM' && signal !== 'SIGKILL')) failed(new Error(`${name}: ${signal} ${tool.err}`));
    done(code);
  }));
  tool.stop = () => child.kill('SIGTERM');
  child.stdin.end(input);
  return tool;
}

async function connect(target, flags, input) {
  const tool = start('reprise-connect', [...flags, target.path ? `unix:${target.path}` : `${target.host}:${target.port}`], input);
  const timer = setTimeout(tool.stop, 10000);
  await tool.ended;
  clearTimeout(timer);
  return tool.events;
}

async function serve(flags, at) {
  const tool = start('reprise-serve', [...flags, at ? `unix:${at}` : '127.0.0.1:0'], '');
  const first = await new Promise((done) => {
    tool.onEvent = done;
    tool.ended.then(() => done(null), () => done(null));
  });
  tool.onEvent = () => {};
  if (first === null) throw new Error(`reprise-serve: ${tool.err}`);
  if (first.event === 'error') { await tool.ended; return {target: null, events: tool.events, ended: tool.ended, stop() {}}; }
  tool.events.shift();
  return {target: at ? {path: at} : {host: '127.0.0.1', port: first.port}, events: tool.events, ended: tool.ended, stop: tool.stop};
}

// A program that says when it listens.
async function runs(command, args) {
  const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'inherit']});
  await new Promise((done, failed) => {
    child.stdout.once('data', done);
    child.once('close', (code) => failed(new Error(`${command}: ${code}`)));
    child.once('error', failed);
  });
  return {stop: () => child.kill('SIGTERM')};
}

const serveCluster = (args) => runs(path.join(build, 'examples/cluster'), args);

const program = (name) => [path.join(build, 'tests/interop', name)];

module.exports = {connect, serve, serveCluster, runs, program};
