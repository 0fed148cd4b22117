// scale.js - `make bench-scale`: what grows with the number of connections and certificates, and what
// does not. Tens of thousands of idle connections; a handshake beside 1, 100 and 10,000 of them;
// 5,000 certificates against one; one worker and two. Sessions in LMDB: `make bench-store`. What the
// machine's limits don't allow is cut down, and the output says so. docs/scaling.md reckons with it.
// usage: node scale.js [--idle N] [--certificates N] [--only idle,beside,certificates,workers]
'use strict';
const { spawn, spawnSync, execFileSync } = require('child_process');
const fs = require('fs');
const measure = require('./measure.js');
const peers = require('./peers.js');

const { out, build, freePort, start, stop } = measure;
const argument = (name, otherwise) => {
    const at = process.argv.indexOf('--' + name);
    return at < 0 ? otherwise : process.argv[at + 1];
};
const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
const per_worker = Math.floor((limit - 200) / 2); // connections: two descriptors each

function certificate() {
    const cert = `${out}/ec.pem`, key = `${out}/ec.key`;
    if (!fs.existsSync(cert))
        execFileSync('openssl', ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
            '-keyout', key, '-out', cert, '-days', '30', '-subj', '/CN=localhost', '-addext',
            'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
    return { cert, key };
}

async function withServer(settings, work) {
    const dir = fs.mkdtempSync(`${out}/scale-`), port = await freePort();
    fs.chmodSync(dir, settings.argv ? 0o777 : 0o755); // ours refuses a directory that everybody can change
    const begun = Date.now();
    const server = await start(settings.cpus || '0', settings.argv ? settings.argv(dir, port)
        : peers.reprise.make({ dir, port, program: `${build}/reprise`, ...certificate(), ...settings }), port, 120000);
    try {
        return await work(server, port, Date.now() - begun);
    } finally {
        await stop(server);
        fs.rmSync(dir, { recursive: true, force: true });
    }
}

async function withBackend(processes, work) {
    const port = await freePort();
    const backend = await start('0,1', [`${build}/bench/backend`, String(port), String(processes)], port);
    try {
        return await work(port);
    } finally {
        await stop(backend);
    }
}

async function withHeld(number, processes, port, work) {
    if (number === 0)
        return work();
    const holder = spawn(`${build}/bench/client`, ['hold', String(number), String(processes), String(port), 'TLS_AES_128_GCM_SHA256'],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((done, failed) => {
        holder.stdout.once('data', done);
        holder.once('exit', () => failed(new Error(`could not hold ${number} connections`)));
    });
    const ended = new Promise((done) => holder.once('exit', done));
    try {
        return await work();
    } finally {
        holder.stdin.end();
        await ended;
    }
}

function load(port, number, ...flags) {
    const run = spawnSync('taskset', ['-c', '1', `${build}/reprise-load`, '-q', '--json', '-', '-n', String(number),
        '-c', '32', '-g', '/100', '--seed', '1', ...flags, `127.0.0.1:${port}`], { encoding: 'utf8' });
    if (run.status !== 0)
        throw new Error(`reprise-load: ${run.status} ${run.stderr} ${run.stdout.slice(0, 600)}`);
    return JSON.parse(run.stdout);
}

const say = (text) => console.log(text);
const kb = (bytes) => (bytes / 1024).toFixed(1);

// Microseconds of server CPU a connection, the median of three.
function cost(server, port, ...flags) {
    const runs = [0, 1, 2].map(() => {
        const before = measure.cpuOf(server.pid);
        const { started } = load(port, 2000, ...flags);
        return (measure.cpuOf(server.pid) - before) / started;
    });
    return runs.sort((x, y) => x - y)[1];
}

// Tens of thousands that do nothing. Workers enough for their descriptors.
async function idle(results) {
    const number = Number(argument('idle', 50000)), workers = Math.ceil(number / per_worker) + 1;
    await withBackend(workers, (backend) => withServer({ backend, workers, hosts: 8, cpus: '0,1' }, async (server, port) => {
        load(port, 100 * workers);
        const before = measure.pssOf(server.pid), begun = Date.now();
        await withHeld(number, workers, port, async () => {
            const took = (Date.now() - begun) / 1000, pss = measure.pssOf(server.pid);
            const cpu = measure.cpuOf(server.pid);
            await measure.pause(5000);
            const rest = (measure.cpuOf(server.pid) - cpu) / 5e4;
            const sockets = fs.readFileSync('/proc/net/sockstat', 'utf8');
            results.idle = { number, workers, seconds: took, bytes_each: (pss - before) / number, pss,
                rest_cpu_percent: rest, sockstat: sockets };
            say(`${number} idle connections, ${workers} workers, opened in ${took.toFixed(0)} s: ${
                kb((pss - before) / number)} KB each (PSS), ${(pss / 1e6).toFixed(0)} MB in all, ${
                rest.toFixed(2)} % of a CPU at rest`);
        });
    }));
}

// What a handshake costs beside others that are open.
async function beside(results) {
    const most = Math.min(10000, per_worker - 100);
    results.beside = {};
    await withBackend(1, (backend) => withServer({ backend }, async (server, port) => {
        load(port, 200);
        for (const open of [1, 100, most, 1])
            await withHeld(open, Math.min(open, 10), port, async () => {
                const cpu = cost(server, port, '-t', '1.3');
                results.beside[open] = cpu;
                say(`a full TLS 1.3 connection beside ${open} open ones: ${cpu.toFixed(0)} us of server CPU`);
            });
    }));
}

// One certificate, and thousands: how long until it serves, memory, and a handshake by name.
async function certificates(results) {
    const number = Number(argument('certificates', 5000)), dir = `${out}/certificates`;
    results.certificates = {};
    fs.rmSync(dir, { recursive: true, force: true });
    for (const many of [1, number]) {
        fs.mkdirSync(dir);
        execFileSync(`${build}/bench/make_certs`, [dir, String(many)]);
        const names = Array.from({ length: 50 }, (_, i) => ['--sni', `host${Math.floor(i * many / 50)}.test`]).flat();
        const argv = (place, port) => {
            fs.writeFileSync(`${place}/reprise.conf`, `workers = 2\nstate-dir = "${place}"\nrun-dir = "${place}"
log { access = off level = warn }\ncertificates { directory = "${dir}" }
frontend "many" { listen = "127.0.0.1:${port}" backend = "builtin:status" }\n`);
            return [`${build}/reprise`, 'run', '-c', `${place}/reprise.conf`];
        };
        await withServer({ argv }, async (server, port, ms) => {
            load(port, 500, '-t', '1.3', ...names);
            const cpu = cost(server, port, '-t', '1.3', ...names), pss = measure.pssOf(server.pid);
            results.certificates[many] = { start_ms: ms, pss, cpu };
            say(`${many} certificates, 2 workers: serves after ${ms} ms, ${(pss / 1e6).toFixed(1)} MB (PSS), ${
                cpu.toFixed(0)} us of server CPU for a full TLS 1.3 connection`);
        });
        fs.rmSync(dir, { recursive: true });
    }
}

// The same load on one worker and on two. The load has a CPU of its own and a half of the servers',
// so it is the cost of a connection that tells, not the rate: what is shared would make it dearer.
async function workers(results) {
    results.workers = {};
    await withBackend(1, async (backend) => {
        for (const many of [1, 2])
            await withServer({ backend, workers: many, cpus: many > 1 ? '0,1' : '0' }, async (server, port) => {
                results.workers[many] = {};
                for (const [kind, ...flags] of [['full', '-t', '1.3'], ['resumed by id', '--by-id', '-r', '100']]) {
                    load(port, 200, ...flags);
                    const cpu = cost(server, port, ...flags);
                    results.workers[many][kind] = cpu;
                    say(`${many} worker${many > 1 ? 's' : ''}, ${kind}: ${cpu.toFixed(0)} us of server CPU a connection`);
                }
            });
    });
}

async function main() {
    const all = { idle, beside, certificates, workers }, results = {};
    fs.mkdirSync(out, { recursive: true });
    for (const name of argument('only', Object.keys(all).join(',')).split(',')) {
        await all[name](results);
        fs.writeFileSync(`${out}/scale.json`, JSON.stringify(results, null, 1) + '\n');
    }
    if (limit < 60000)
        say(`a process may have ${limit} descriptors here, so ${per_worker} proxied connections`);
}

for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
        measure.stopAll();
        process.exit(1);
    });

main().catch((error) => {
    console.error(`scale: ${error.message}`);
    measure.stopAll();
    process.exitCode = 1;
});
