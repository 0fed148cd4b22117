// run.js - `make bench`: what a connection costs the server, beside nginx, HAProxy and hitch.
// All servers run on CPU 0 one at a time in turns, load and backend on CPU 1; the figure is user and
// system time of all processes of the server, a connection, as the ratio to each peer in the same
// rounds. Output: a table, build/bench/results.json, build/bench/results.svg.
// usage: node run.js [--rounds N] [--count N] [--only a,c] [--peers nginx,haproxy,hitch]
'use strict';
const { spawn, spawnSync, execFileSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const peers = require('./peers.js');

const root = path.resolve(__dirname, '../..');
const out = path.join(root, 'build/bench');
const build = path.join(root, 'build/release');
const argument = (name, otherwise) => {
    const at = process.argv.indexOf('--' + name);
    return at < 0 ? otherwise : process.argv[at + 1];
};
const rounds = Number(argument('rounds', 5));
const count = Number(argument('count', 3000));

// The flags are those of reprise-load; `share` of `count` connections are made.
const scenarios = {
    a: { name: 'full TLS 1.3, P-256', flags: ['-t', '1.3'] },
    b: { name: 'full TLS 1.2, P-256', flags: ['-t', '1.2'] },
    c: { name: 'resumed TLS 1.3', flags: ['-t', '1.3', '-r', '100'] },
    d: { name: 'resumed TLS 1.2, ticket', flags: ['-t', '1.2', '-r', '100'] },
    e: { name: 'resumed TLS 1.2, id', flags: ['--by-id', '-r', '100'] },
    f: { name: 'full TLS 1.3, RSA-2048', flags: ['-t', '1.3'], rsa: true },
    g: { name: 'keep-alive requests', flags: ['-c', '64', '-k', '200'], share: 0.064, per: 'requests' },
    h: { name: '1 MB bodies', flags: ['-g', '/1000000', '-c', '4'], share: 0.05 },
};

function certificate(kind) {
    const cert = `${out}/${kind}.pem`, key = `${out}/${kind}.key`, both = `${out}/${kind}.both`;
    const algorithm = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    if (!fs.existsSync(both)) {
        execFileSync('openssl', ['req', '-x509', '-nodes', '-newkey', ...algorithm, '-keyout', key, '-out',
            cert, '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
        { stdio: 'ignore' });
        fs.writeFileSync(both, fs.readFileSync(cert, 'utf8') + fs.readFileSync(key, 'utf8'));
    }
    return { cert, key, both };
}

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

async function start(cpu, argv, port) {
    const child = spawn('taskset', ['-c', String(cpu), ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(child);
    child.on('exit', () => running.delete(child));
    let said = '';
    child.stderr.on('data', (text) => { said = (said + text).slice(-2000); });
    for (const end = Date.now() + 10000; Date.now() < end && child.exitCode === null;) {
        if (await connects(port))
            return child;
        await new Promise((done) => setTimeout(done, 20));
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

function family(pid) {
    const all = [pid];
    for (const parent of all) {
        const children = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
        all.push(...children.split(' ').filter(Boolean).map(Number));
    }
    return all;
}

// The scheduler's own account, in nanoseconds: /proc/PID/stat counts in ticks of 10 ms.
const cpuOf = (pid) => family(pid).reduce((sum, one) =>
    sum + Number(fs.readFileSync(`/proc/${one}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000;

function load(scenario, port, number) {
    const argv = ['-c', '1', `${build}/reprise-load`, '-q', '--json', '-', '-n', String(number), '-c', '32',
        '-g', '/100', '--seed', '1', ...scenario.flags, `127.0.0.1:${port}`];
    const run = spawnSync('taskset', argv, { encoding: 'utf8', timeout: 120000 });
    if (run.status !== 0)
        throw new Error(`reprise-load: ${run.status} ${run.stderr} ${run.stdout.slice(0, 600)}`);
    return JSON.parse(run.stdout);
}

function systemCalls(pid, work) {
    const file = `${out}/strace.${pid}`;
    const tracer = spawn('strace', ['-c', '-f', '-o', file, ...family(pid).flatMap((p) => ['-p', String(p)])],
        { stdio: 'ignore' });
    return new Promise((done) => setTimeout(done, 500)).then(async () => {
        const result = work();
        tracer.kill('SIGINT');
        await new Promise((done) => tracer.on('exit', done));
        const total = /^\s*[\d.]+\s+[\d.]+\s+\d*\s+(\d+)\s.*total$/m.exec(fs.readFileSync(file, 'utf8'));
        return total ? Number(total[1]) / result.started : null;
    });
}

async function once(peer, scenario, backend, counted) {
    const dir = fs.mkdtempSync(`${out}/${peer}-`);
    fs.chmodSync(dir, 0o755);
    const port = await freePort();
    const argv = peers[peer]({ dir, port, backend, program: `${build}/reprise`,
        ...certificate(scenario.rsa ? 'rsa' : 'ec') });
    const server = await start(0, argv, port);
    try {
        const number = Math.ceil(count * (scenario.share || 1));
        load(scenario, port, Math.min(number, 100)); // everything was touched once
        if (counted)
            return await systemCalls(server.pid, () => load(scenario, port, Math.min(number, 500)));
        const before = cpuOf(server.pid);
        const result = load(scenario, port, number);
        const spent = cpuOf(server.pid) - before;
        if (result.offered > 0 && result.resumed < 0.9 * result.offered)
            return { cpu: NaN, result }; // it does not resume: nothing to compare
        return { cpu: spent / (scenario.per ? result[scenario.per] : result.started), result };
    } finally {
        await stop(server);
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

const median = (list) => list.slice().sort((x, y) => x - y)[list.length >> 1];

function chart(table, names) {
    const width = 160 + names.length * 130;
    const rows = Object.entries(table).map(([, row], i) => {
        const worst = Math.max(...names.map((n) => row.cpu[n] || 0));
        return names.map((n, j) => `<rect x="${200 + j * 110}" y="${20 + i * 26}" height="18" width="${
            (100 * (row.cpu[n] || 0) / worst).toFixed(1)}" fill="${n === 'reprise' ? '#26a' : '#bbb'}"/>` +
            `<text x="${204 + j * 110}" y="${33 + i * 26}">${(row.cpu[n] || 0).toFixed(0)} us</text>`).join('') +
            `<text x="4" y="${33 + i * 26}">${row.name}</text>`;
    });
    const heads = names.map((n, j) => `<text x="${200 + j * 110}" y="14">${n}</text>`);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 60}" height="${30 + rows.length * 26}" ` +
        `font-family="sans-serif" font-size="12">${heads.join('')}${rows.join('')}</svg>\n`;
}

function print(table, names) {
    const others = names.filter((n) => n !== 'reprise');
    console.log(`\nserver CPU, us a connection (median of ${rounds} rounds)` +
        `${names.includes('reprise') ? '; ratio of reprise to each peer' : ''}; system calls a connection`);
    console.log('scenario'.padEnd(28) + names.map((n) => n.padStart(10)).join('') +
        others.map((n) => ('/' + n).padStart(10)).join('') + names.map((n) => ('sys ' + n).padStart(13)).join(''));
    for (const [id, row] of Object.entries(table)) {
        const cell = (value, digits) => (value == null || Number.isNaN(value) ? '-' : value.toFixed(digits));
        console.log(`${id} ${row.name}`.padEnd(28) + names.map((n) => cell(row.cpu[n], 1).padStart(10)).join('') +
            others.map((n) => cell(row.cpu.reprise && row.cpu.reprise / row.cpu[n], 3).padStart(10)).join('') +
            names.map((n) => cell(row.calls[n], 1).padStart(13)).join(''));
    }
}

// After every scenario, so that a run that is cut short has told what it knows.
function save(table, names) {
    const about = { date: new Date().toISOString(), cpu: os.cpus()[0].model, kernel: os.release(), rounds, count };
    fs.writeFileSync(`${out}/results.json`, JSON.stringify({ about, table }, null, 1) + '\n');
    fs.writeFileSync(`${out}/results.svg`, chart(table, names));
}

async function main() {
    fs.mkdirSync(out, { recursive: true });
    const names = argument('peers', 'reprise,nginx,haproxy,hitch').split(',');
    const chosen = argument('only', Object.keys(scenarios).join(',')).split(',');
    const port = await freePort();
    const backend = await start(1, [`${build}/bench/backend`, String(port)], port);
    const table = {};
    try {
        for (const id of chosen) {
            const row = table[id] = { name: scenarios[id].name, cpu: {}, runs: {}, calls: {}, tester: {} };
            for (let round = 0; round < rounds; round++)
                for (const name of names) {
                    const { cpu, result } = await once(name, scenarios[id], port);
                    (row.runs[name] = row.runs[name] || []).push(cpu);
                    row.tester[name] = result.tester_cpu_us / result.started;
                    row.resumed = result.offered ? result.resumed / result.offered : 0;
                }
            for (const name of names) {
                row.cpu[name] = median(row.runs[name]);
                row.calls[name] = await once(name, scenarios[id], port, true);
            }
            save(table, names);
            print({ [id]: row }, names);
        }
    } finally {
        await stop(backend);
    }
    if (chosen.length > 1)
        print(table, names);
}

// Nothing that was started stays behind.
for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
        for (const child of running)
            child.kill('SIGTERM');
        process.exit(1);
    });

main().catch((error) => {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
});
