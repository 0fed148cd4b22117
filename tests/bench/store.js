// store.js - `make bench-store`: what the store costs. How long a lookup takes (LMDB, Redis over TCP
// and over a Unix socket, one before the other), what it adds to a handshake, how many sessions fit
// into a gigabyte; and under load: 100,000 sessions, 10,000 lookups a second for ten seconds, no
// lookup lost and memory flat, and an LMDB file at its limit, which evicts and never fails.
// The Redis is a real one on loopback, ended at the end. Output: tables, build/bench/store.json.
// usage: node store.js [--only handshakes,lookups,memory,many,load] [--count N] [--seconds N] [--million N]
'use strict';
const { spawn, spawnSync, execFileSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { out, build, freePort, pause, start, stop } = require('./measure.js');

const argument = (name, otherwise) => {
    const at = process.argv.indexOf('--' + name);
    return at < 0 ? otherwise : process.argv[at + 1];
};
const only = argument('only', 'handshakes,lookups,memory,many,load').split(',');
const count = Number(argument('count', 2000)), seconds = Number(argument('seconds', 10)), million = Number(argument('million', 10));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-bench-'));
const results = { machine: os.cpus()[0].model, cpus: os.cpus().length, load: os.loadavg() };
let size = 300; // bytes of a stored session, until it is known

const print = (rows) => {
    const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i]).length)));
    rows.forEach((row, i) => {
        console.log('| ' + row.map((cell, c) => String(cell).padEnd(widths[c])).join(' | ') + ' |');
        if (i === 0)
            console.log('| ' + widths.map((w) => '-'.repeat(w)).join(' | ') + ' |');
    });
    console.log();
};

// -- the Redis

const redis = { path: path.join(dir, 'redis') };
const ask = (...words) => execFileSync('redis-cli', ['-s', redis.path, ...words],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
const info = (section, key) => Number(new RegExp(`^${key}:(\\d+)`, 'm').exec(ask('INFO', section))[1]);

async function startRedis() {
    redis.port = await freePort();
    redis.child = spawn('redis-server', ['--port', String(redis.port), '--bind', '127.0.0.1', '--unixsocket', redis.path,
        '--save', '', '--dir', dir], { stdio: 'ignore' });
    for (let i = 0; i < 500; i++) {
        try {
            if (ask('PING') === 'PONG')
                return;
        } catch { /* not yet */ }
        await pause(20);
    }
    throw new Error('redis-server does not start');
}

const uris = () => ({ tcp: `redis://127.0.0.1:${redis.port}?timeout=5000`, unix: `redis+unix:${redis.path}?timeout=5000` });
const near = 'lmdb:near?size=256M';
const stores = () => [
    ['LMDB', '', 'lmdb:alone?size=256M'],
    ['Redis, Unix socket', '', uris().unix],
    ['Redis, TCP', '', uris().tcp],
];

const allStores = () => [...stores(), ['LMDB before Redis, TCP', near, uris().tcp]];

// -- handshakes

function configure(name, port, store, l1) {
    const state = path.join(dir, name);
    fs.mkdirSync(state, { recursive: true });
    fs.writeFileSync(path.join(dir, name + '.conf'), `
workers = 1  state-dir = "${state}"  run-dir = "${state}"  secret-file = "${dir}/secret"
cache { store = "${store}"  l1 = "${l1}"  lookup-timeout = 5s  session-timeout = 1h }
certificate "c" { cert = "${dir}/cert.pem"  key = "${dir}/key.pem" }
frontend "f" { listen = "127.0.0.1:${port}"  certificates = "c"  backend = "builtin:echo" }
`);
    return path.join(dir, name + '.conf');
}

function drive(port, flags) {
    const { stdout, stderr, status } = spawnSync('taskset', ['-c', '1', `${build}/reprise-load`, '-q', '--json', '-',
        '--seed', '1', ...flags, `127.0.0.1:${port}`], { encoding: 'utf8' });
    if (status !== 0)
        throw new Error(stderr);
    return JSON.parse(stdout).latency_us;
}

const p50p99 = (latency) => [latency.p50, latency.p99];
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
const alone = ['-c', '1', '-n', String(count)];
const busy = ['--rate', '1000', '-d', '2s', '--max-failed', '0']; // 30 of 100 full: about half of the worker's CPU

// The machine does not stand still, so what is compared is done by turns.
async function handshake(name, store, l1) {
    const port = await freePort(), state = name.replace(/\W+/g, '-');
    const server = await start(0, [`${build}/reprise`, 'run', '-c', configure(state, port, store, l1)], port);
    const rounds = { resumed: [], ticket: [], full: [], unstored: [], loaded: [], loadedTicket: [] };
    try {
        await pause(300); // it has its store
        drive(port, [...alone, '--by-id', '-r', '100']);
        for (let i = 0; i < 5; i++) {
            rounds.resumed.push(p50p99(drive(port, [...alone, '--by-id', '-r', '100']).resumed));
            rounds.ticket.push(p50p99(drive(port, [...alone, '-t', '1.2', '-r', '100']).resumed));
            rounds.full.push(p50p99(drive(port, [...alone, '--by-id', '-r', '0']).full));
            rounds.unstored.push(p50p99(drive(port, [...alone, '-t', '1.2', '-r', '0']).full));
            rounds.loaded.push(p50p99(drive(port, [...busy, '--by-id', '-r', '70']).resumed));
            rounds.loadedTicket.push(p50p99(drive(port, [...busy, '-t', '1.2', '-r', '70']).resumed));
        }
    } finally {
        await stop(server);
    }
    const row = { name };
    for (const kind of Object.keys(rounds))
        row[kind] = [0, 1].map((i) => median(rounds[kind].map((round) => round[i])));
    return row;
}

const lengths = "local t = {} for _, k in ipairs(redis.call('KEYS', '*')) do t[#t + 1] = redis.call('STRLEN', k) end return t";

async function handshakes() {
    execFileSync('openssl', ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout',
        `${dir}/key.pem`, '-out', `${dir}/cert.pem`, '-days', '30', '-subj', '/CN=localhost'], { stdio: 'ignore' });
    fs.writeFileSync(`${dir}/secret`, crypto.randomBytes(32).toString('hex') + '\n', { mode: 0o600 });
    const rows = [];
    for (const [name, l1, store] of allStores())
        rows.push(await handshake(name, store, l1));
    results.handshakes = rows;
    size = median(ask('EVAL', lengths, '0').split('\n').map(Number));
    console.log(`Handshakes of TLS 1.2, us (p50, p99; medians of five rounds). A session is ${size} bytes in the store.`);
    console.log('One at a time; then 1000 a second arrive, 30 of 100 of them full ones, which is half of what the worker can do.\n');
    print([['store', 'resumed by id', 'by ticket', 'full, stored by id', 'with a ticket', 'busy: by id', 'busy: by ticket'],
        ...rows.map((r) => [r.name, ...Object.keys(r).slice(1).map((kind) => r[kind].join(', '))])]);
}

// -- the store alone

function measureOf(bytes, mode, l1, uri, ...more) {
    for (const file of ['near', 'near-lock', 'alone', 'alone-lock'])
        fs.rmSync(path.join(dir, file), { force: true });
    ask('FLUSHALL');
    const { stdout, stderr, status } = spawnSync('taskset', ['-c', '0', `${build}/bench/store`, mode, l1 || '-', uri, dir, String(bytes),
        ...more.map(String)], { encoding: 'utf8' });
    if (status !== 0)
        throw new Error(stderr || `store ${mode}: ${status}`);
    return JSON.parse(stdout);
}

const measure = (...what) => measureOf(size, ...what);

function lookups() {
    const rows = allStores().map(([name, l1, uri]) =>
        ({ name, get: measure('lookups', l1, uri, 20000), put: measure('writes', l1, uri, 20000) }));
    results.lookups = rows;
    console.log('What a handshake waits for, one at a time, us (p50, p99), and the CPU time of the process that asks.\n');
    print([['store', 'lookup', 'CPU', 'new session', 'CPU'], ...rows.map((r) => [r.name,
        `${r.get.p50Us}, ${r.get.p99Us}`, r.get.cpuUs.toFixed(1), `${r.put.p50Us}, ${r.put.p99Us}`, r.put.cpuUs.toFixed(1)])]);
}

function memory() {
    const sessions = 100000;
    results.memory = [size, 1500].map((bytes) => {
        const lmdb = measureOf(bytes, 'fill', '', 'lmdb:alone?size=1G', sessions);
        const before = info('memory', 'used_memory'), r = measureOf(bytes, 'fill', '', uris().unix, sessions);
        return { bytes, redis: (info('memory', 'used_memory') - before) / r.stored, lmdb: lmdb.bytesUsed / lmdb.entries };
    });
    console.log(`What a session takes, of ${sessions}, in bytes; and how many fit into a GB (LMDB fills three quarters of its file).\n`);
    print([['a session', 'in Redis', 'a GB of Redis', 'in LMDB', 'an LMDB file of a GB'], ...results.memory.map((r) =>
        [r.bytes, Math.round(r.redis), Math.floor(1e9 / r.redis), Math.round(r.lmdb), Math.floor(0.75e9 / r.lmdb)])]);
}

function many() {
    const r = results.many = measureOf(size, 'many', '', 'lmdb:many?size=16G', million * 1e6, million * 1e5);
    fs.rmSync(path.join(dir, 'many'), { force: true });
    console.log(`${million} million sessions in one LMDB file; then a tenth as many more, that have expired, are cleared by writes.\n`);
    print([['stored in', 'bytes each', 'found of a million', 'lookups a second', 'expired', 'cleared in', 'by writes'],
        [`${r.fillSeconds} s`, Math.round(r.bytesUsed / r.entries), r.found, r.lookupsASecond, r.expired, `${r.expireSeconds} s`, r.expireWrites]]);
    if (r.found !== 1e6)
        process.exitCode = 1;
}

function load() {
    const full = 'lmdb:alone?size=16M';
    const runs = [
        ['Redis, Unix socket', '', uris().unix, 0],
        ['Redis, TCP', '', uris().tcp, 0],
        ['LMDB of 16M, full, and 1000 new ones a second', '', full, 1000],
        ['the same before Redis, TCP', full, uris().tcp, 1000],
    ];
    const rows = runs.map(([name, l1, uri, writes]) => {
        const r = measure('load', l1, uri, 100000, 10000, seconds, writes);
        return { name, ...r, redisMb: uri.startsWith('redis') ? info('memory', 'used_memory') / 1e6 : 0 };
    });
    results.load = rows;
    console.log(`100,000 sessions, 10,000 lookups a second for ${seconds} s.\n`);
    print([['store', 'asked', 'found', 'not there', 'failed', 'p50, p99 us', 'evicted', 'our memory, KB', 'Redis, MB'], ...rows.map((r) => [
        r.name, r.asked, r.found, r.missing, r.failed + r.putFailed + r.wrong, `${r.p50Us}, ${r.p99Us}`, r.evicted,
        `${r.rssBeforeKb} -> ${r.rssKb}`, r.redisMb.toFixed(1)])]);
    for (const r of rows)
        if (r.failed + r.putFailed + r.wrong > 0 || (r.evicted === 0 && r.missing > 0))
            process.exitCode = 1; // a lookup that was lost
}

(async () => {
    fs.mkdirSync(out, { recursive: true });
    await startRedis();
    try {
        for (const part of [handshakes, lookups, memory, many, load])
            if (only.includes(part.name))
                await part();
        fs.writeFileSync(path.join(out, 'store.json'), JSON.stringify(results, null, 1) + '\n');
    } finally {
        redis.child.kill('SIGKILL');
        fs.rmSync(dir, { recursive: true, force: true });
    }
})().catch((error) => {
    console.error(error.message);
    process.exit(1);
});
