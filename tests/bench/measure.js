// measure.js - starting servers on a CPU of their own, and what they use: CPU time, memory, system
// calls, instructions. Danger: a process that outlives its run takes the CPU from the next one;
// all that is started here is known, and stopped.
'use strict';
const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const path = require('path');

const root = path.resolve(__dirname, '../..');
const out = path.join(root, 'build/bench');
const build = path.join(root, 'build/release');

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const freePort = () => new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => done(port));
    });
});

const connects = (port) => new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); done(true); }).on('error', () => done(false));
});

const running = new Set();

// `cpus` as taskset has them. Up when its port can be connected to.
async function start(cpus, argv, port, within = 10000) {
    const child = spawn('taskset', ['-c', String(cpus), ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(child);
    child.on('exit', () => running.delete(child));
    let said = '';
    child.stderr.on('data', (text) => { said = (said + text).slice(-2000); });
    for (const end = Date.now() + within; Date.now() < end && child.exitCode === null;) {
        if (await connects(port))
            return child;
        await pause(20);
    }
    child.kill('SIGKILL');
    throw new Error(`${argv[0]} does not come up: ${said}`);
}

const stop = (child) => new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null)
        return done();
    const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.on('exit', () => { clearTimeout(kill); done(); });
    child.kill('SIGTERM');
});

function stopAll() {
    for (const child of running)
        child.kill('SIGTERM');
}

const readOr = (file, otherwise) => {
    try {
        return fs.readFileSync(file, 'utf8');
    } catch {
        return otherwise; // it has just ended
    }
};

function threadsOf(pid) {
    try {
        return fs.readdirSync(`/proc/${pid}/task`);
    } catch {
        return []; // it has just ended
    }
}

function family(pid) {
    const all = [pid];
    for (const parent of all)
        for (const thread of threadsOf(parent))
            all.push(...readOr(`/proc/${parent}/task/${thread}/children`, '').trim().split(' ')
                .filter(Boolean).map(Number));
    return all;
}

// Microseconds, all processes of a server. The scheduler's own account is in nanoseconds, but of the
// threads that live: a server with one for each connection is counted by /proc/PID/stat, in ticks.
function cpuOf(pid, threads) {
    return family(pid).reduce((sum, one) => {
        if (!threads)
            return sum + threadsOf(one).reduce((all, thread) => all +
                Number(readOr(`/proc/${one}/task/${thread}/schedstat`, '0').split(' ')[0]) / 1000, 0);
        const stat = readOr(`/proc/${one}/stat`, ') ' + '0 '.repeat(20)).split(') ')[1].split(' ');
        return sum + (Number(stat[11]) + Number(stat[12])) * 10000;
    }, 0);
}

// Bytes, each page shared out among those that have it.
const pssOf = (pid) => family(pid).reduce((sum, one) =>
    sum + 1024 * Number((/^Pss:\s+(\d+)/m.exec(readOr(`/proc/${one}/smaps_rollup`, '')) || [0, 0])[1]), 0);

async function systemCalls(pid, work) {
    const file = `${out}/strace.${pid}`;
    const tracer = spawn('strace', ['-c', '-f', '-o', file, ...family(pid).flatMap((p) => ['-p', String(p)])],
        { stdio: ['ignore', 'ignore', 'pipe'] });
    await Promise.race([new Promise((done) => tracer.stderr.once('data', done)), pause(5000)]);
    await pause(200); // it says so for the first of them
    const result = work();
    const ended = new Promise((done) => tracer.on('exit', done));
    tracer.kill('SIGINT');
    await ended;
    const total = /^\s*[\d.]+\s+[\d.]+\s+\d*\s+(\d+)\s.*total$/m.exec(readOr(file, ''));
    fs.rmSync(file, { force: true });
    return total ? { count: Number(total[1]), result } : null;
}

// Whether this machine counts instructions: virtual ones often don't, and then callgrind has to.
const perfCounts = () => {
    const perf = spawnSync('perf', ['stat', '-x,', '-e', 'instructions', 'true'], { encoding: 'utf8' });
    return perf.status === 0 && /^\d+,/.test(perf.stderr);
};

// Instructions of a server in user space, under callgrind. It writes them down when it ends, so what
// starting and stopping cost is told apart by two runs.
const underCallgrind = (dir, argv) => ['valgrind', '-q', '--tool=callgrind', '--trace-children=yes',
    `--callgrind-out-file=${dir}/callgrind.%p`, ...argv];
const counted = (dir) => fs.readdirSync(dir).filter((f) => f.startsWith('callgrind.')).reduce((sum, file) =>
    sum + Number((/^(?:totals|summary): (\d+)/m.exec(readOr(path.join(dir, file), '')) || [0, 0])[1]), 0);

module.exports = { root, out, build, freePort, start, stop, stopAll, cpuOf, pssOf, systemCalls, perfCounts,
    underCallgrind, counted, pause, family };
