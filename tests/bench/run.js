// run.js - `make bench`: what a connection or a byte costs the server, beside nginx stream, HAProxy,
// hitch, stunnel and a node cluster. The server runs on CPU 0, load and backend on CPU 1; servers
// take turns, round by round. The figure is user and system time of all processes of the server, and
// its ratio to each peer in the same rounds; beside it system calls (strace) and instructions (perf
// where the machine counts them, else callgrind, user space only). Then memory of idle connections,
// two workers on two CPUs, and reloads under load.
// Output: tables, and build/bench/results.json, .md and .svg.
'use strict';
const { spawn, spawnSync, execFileSync } = require('child_process');
const { randomBytes } = require('crypto');
const fs = require('fs');
const os = require('os');
const agreed = require('./agreed.js');
const measure = require('./measure.js');
const peers = require('./peers.js');
const report = require('./report.js');

const { out, build, freePort, start, stop } = measure;
const usage = 'usage: node run.js [--rounds N] [--count N] [--minutes N] [--only a,c,h1-up,...] [--peers nginx,...] [--no-extras]';
const refuse = (why) => {
    console.error(`bench: ${why}\n${usage}`);
    process.exit(2);
};

function readArguments(words) {
    const given = { rounds: 5, count: 2000, minutes: 12, extras: true };
    for (let i = 0; i < words.length; i++) {
        const name = words[i].replace(/^--/, '');
        if (words[i] === '--no-extras')
            given.extras = false;
        else if (['rounds', 'count', 'minutes'].includes(name) && Number(words[i + 1]) > 0)
            given[name] = Number(words[++i]);
        else if (['only', 'peers'].includes(name) && words[i + 1])
            given[name] = words[++i].split(',');
        else
            refuse(`${words.slice(i, i + 2).join(' ')}: not understood`);
    }
    return given;
}
const given = readArguments(process.argv.slice(2));
const { rounds, count, minutes } = given; // rounds that would go beyond the minutes are left out, but one

// `flags` are those of reprise-load, `client` those of tests/bench/client.c. `share` of `count`
// connections are made; the figure is for each of `per`.
const scenarios = {
    a: { name: 'a full TLS 1.3, P-256', flags: ['-t', '1.3'] },
    b: { name: 'b full TLS 1.2, P-256', flags: ['-t', '1.2'] },
    c: { name: 'c resumed TLS 1.3', flags: ['-t', '1.3', '-r', '100'] },
    d: { name: 'd resumed TLS 1.2, ticket', flags: ['-t', '1.2', '-r', '100'] },
    'd-unix': { name: 'd2 the same, Unix backend', flags: ['-t', '1.2', '-r', '100'], unix: true },
    e: { name: 'e resumed TLS 1.2, id', flags: ['--by-id', '-r', '100'] },
    f: { name: 'f full TLS 1.3, RSA-2048', flags: ['-t', '1.3'], rsa: true },
    hosts: { name: 'e2 the same, two hosts', flags: ['--by-id', '-r', '100', '--from', 'other'], hosts: true },
    g: { name: 'g request, keep-alive', flags: ['-t', '1.3', '-c', '64', '-k', '200'], share: 0.064, per: 'requests' },
    'h1-down': { name: 'h 1 MB down, per MB', client: ['down', 1e6], share: 0.05, mb: 1 },
    'h1-up': { name: 'h 1 MB up, per MB', client: ['up', 1e6], share: 0.05, mb: 1 },
    'h100-down': { name: 'h 100 MB down, per MB', client: ['down', 1e8], share: 0.002, mb: 100 },
    'h100-up': { name: 'h 100 MB up, per MB', client: ['up', 1e8], share: 0.002, mb: 100 },
    workers: { name: 'two workers, full TLS 1.3', flags: ['-t', '1.3', '-r', '0'], workers: 2 },
    'workers-c': { name: 'two workers, resumed 1.3', flags: ['-t', '1.3', '-r', '100'], workers: 2 },
};
const HOSTS_CALLS = 300, CALLGRIND = [40, 160];

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

function load(scenario, ports, number) {
    const argv = ['-c', '1', `${build}/reprise-load`, '-q', '--json', '-', '-n', String(number), '-c', '32',
        '-g', '/100', '--seed', '1', ...scenario.flags, ...agreed.offer(scenario), ...ports.map((port) => `127.0.0.1:${port}`)];
    const run = spawnSync('taskset', argv, { encoding: 'utf8', timeout: 300000 });
    if (run.status !== 0)
        throw new Error(`reprise-load: ${run.status} ${run.stderr} ${run.stdout.slice(0, 600)}`);
    return JSON.parse(run.stdout);
}

function transfer(scenario, [port], number) {
    const { client } = scenario;
    const argv = ['-c', '1', `${build}/bench/client`, client[0], String(client[1]), String(number),
        String(Math.min(4, number)), String(port), agreed.suiteOf(scenario)];
    const run = spawnSync('taskset', argv, { encoding: 'utf8', timeout: 300000 });
    if (run.status !== 0)
        throw new Error(`bench client: ${run.status} ${run.stderr}`);
    return { started: number, offered: 0 };
}

const drive = (scenario, ports, number) => (scenario.client ? transfer : load)(scenario, ports, number);

const directories = new Set(); // to be removed, also when we are stopped
const temporary = (prefix) => {
    const dir = fs.mkdtempSync(prefix);
    directories.add(dir);
    return dir;
};
const remove = (dir) => {
    directories.delete(dir);
    fs.rmSync(dir, { recursive: true, force: true });
};
const directory = (peer) => {
    const dir = temporary(`${out}/${peer}-`);
    if (peer !== 'reprise') // which refuses a directory that everybody can change
        fs.chmodSync(dir, 0o777); // some give up root
    return dir;
};

// A Redis for as long as `work` takes: what several hosts share.
async function withRedis(work) {
    const dir = directory('redis'), port = await freePort();
    fs.writeFileSync(`${dir}/secret`, randomBytes(32), { mode: 0o600 });
    const redis = await start(1, ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '',
        '--dir', dir], port);
    try {
        return await work({ uri: `redis://127.0.0.1:${port}/0`, secret: `${dir}/secret` });
    } finally {
        await stop(redis);
        remove(dir);
    }
}

// `work` with the servers of a scenario: one, or two that act as one.
async function withServers(peer, scenario, backend, work, wrap = (dir, argv) => argv) {
    const hosts = scenario.hosts ? 2 : 1, cpus = scenario.workers > 1 ? '0,1' : '0';
    const dirs = [], servers = [], ports = [];
    const begin = async (store) => {
        for (let i = 0; i < hosts; i++) {
            dirs.push(directory(peer));
            ports.push(await freePort());
            servers.push(await start(cpus, wrap(dirs[i], peers[peer].make({ dir: dirs[i], port: ports[i],
                backend: scenario.unix ? backend.path : backend.port,
                program: `${build}/reprise`, workers: scenario.workers, store, idle: scenario.idle,
                ...certificate(scenario.rsa ? 'rsa' : 'ec') })), ports[i], 60000));
        }
        return work(servers, ports, dirs);
    };
    try {
        return await (scenario.hosts && peer === 'reprise' ? withRedis(begin) : begin());
    } finally {
        for (const server of servers)
            await stop(server);
        for (const dir of dirs)
            remove(dir);
    }
}

const numberOf = (peer, scenario) =>
    Math.ceil(count * (scenario.share || 1) * (peers[peer].slow && !scenario.client ? 0.25 : 1));
const unitsOf = (scenario, result) =>
    (scenario.per ? result[scenario.per] : result.started) * (scenario.mb || 1);
const resumes = (result) => result.offered === 0 || result.resumed >= 0.9 * result.offered;

const timed = (peer, scenario, backend) => withServers(peer, scenario, backend, async (servers, ports) => {
    const agrees = await agreed.ask(ports[0], scenario);
    const cpu = () => servers.reduce((sum, s) => sum + measure.cpuOf(s.pid, peers[peer].threads), 0);
    drive(scenario, ports, scenario.client ? 1 : 100); // everything was touched once
    const before = cpu(), result = drive(scenario, ports, numberOf(peer, scenario));
    // A server that does not resume has nothing that could be compared.
    return { cpu: resumes(result) ? (cpu() - before) / unitsOf(scenario, result) : NaN, result, agrees };
});

const callsOf = (peer, scenario, backend) => withServers(peer, scenario, backend, async ([server], ports) => {
    drive(scenario, ports, scenario.client ? 1 : 100);
    const traced = await measure.systemCalls(server.pid, () =>
        drive(scenario, ports, Math.min(numberOf(peer, scenario), HOSTS_CALLS)));
    return traced ? traced.count / unitsOf(scenario, traced.result) : NaN;
});

// Thousands of instructions a connection: the difference of two runs, without start and stop.
async function instructionsOf(peer, scenario, backend) {
    const total = (number) => withServers(peer, scenario, backend, async ([server], ports, [dir]) => {
        await measure.pause(1500); // hitch listens, closes, and listens again in its worker
        const { started } = load({ ...scenario, flags: [...scenario.flags, '-c', '8'] }, ports, number);
        await stop(server);
        return { count: measure.counted(dir), started };
    }, measure.underCallgrind);
    const few = await total(CALLGRIND[0]), many = await total(CALLGRIND[1]);
    return (many.count - few.count) / (many.started - few.started) / 1000;
}

const median = (list) => list.slice().sort((x, y) => x - y)[list.length >> 1];

// One server's trouble is no reason to tell nothing of the others.
async function attempt(what, otherwise, work) {
    try {
        return await work();
    } catch (error) {
        console.log(`${what}: ${error.message.slice(0, 300)}`);
        return otherwise;
    }
}

async function compare(id, names, backend, until) {
    const scenario = scenarios[id];
    const row = { name: scenario.name, cpu: {}, runs: {}, calls: {}, instructions: {}, tester: {}, agreed: {} };
    const able = names.filter((n) => !(scenario.hosts && n !== 'reprise'));
    for (let round = 0; round < rounds && (round === 0 || Date.now() < until); round++)
        for (const name of able) {
            const { cpu, result, agrees } = await attempt(`${scenario.name}, ${name}`, { cpu: NaN, result: {} },
                () => timed(name, scenario, backend));
            (row.runs[name] = row.runs[name] || []).push(cpu);
            if (agrees)
                row.agreed[name] = agrees;
            agreed.compare(scenario.name, row.agreed, scenario);
            if (result.tester_cpu_us)
                row.tester[name] = result.tester_cpu_us / result.started;
        }
    for (const name of able) {
        row.cpu[name] = median(row.runs[name]);
        if (!scenario.hosts && !Number.isNaN(row.cpu[name]))
            row.calls[name] = await attempt(name, NaN, () => callsOf(name, scenario, backend));
        // One process of C at a time: node under callgrind would be another program.
        if ('abcdef'.includes(id) && !peers[name].slow && !peers[name].threads && !Number.isNaN(row.cpu[name]))
            row.instructions[name] = await attempt(name, NaN, () => instructionsOf(name, scenario, backend));
    }
    return row;
}

/* -- what is not CPU time */

// The limit on descriptors decides how many a process can hold: two for each connection.
function idleCount() {
    const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
    return Math.min(10000, Math.floor((limit - 100) / 2));
}

const idle = (peer, number, backend) => withServers(peer, { idle: true }, backend, async ([server], [port]) => {
    load(['-t', '1.3'], [port], 100);
    const before = measure.pssOf(server.pid);
    const holder = spawn('taskset', ['-c', '1', `${build}/bench/client`, 'hold', String(number), '10', String(port),
        agreed.suiteOf({})],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((done, failed) => {
        holder.stdout.once('data', done);
        holder.once('exit', () => failed(new Error(`${peer}: could not hold ${number} connections`)));
    });
    const bytes = (measure.pssOf(server.pid) - before) / number;
    const ended = new Promise((done) => holder.once('exit', done));
    holder.stdin.end();
    await ended;
    return bytes;
});

// Connections that failed while the server took its configuration anew three times.
const reloads = (peer, backend) => withServers(peer, { workers: 1 }, backend, ([server], [port]) => {
    const phases = [1, 2, 3].flatMap((at) => ['--phase', `at ${at}s: ${peers[peer].reload(server.pid)}`]);
    const { started, failed } = load({ flags: ['-t', '1.3', '-n', '1000000', '-d', '4s', ...phases] }, [port], 1000000);
    return { started, failed };
});

async function extras(names, backend) {
    const rows = { idle: {}, reload: {}, idleCount: idleCount() };
    for (const name of names) {
        rows.idle[name] = await attempt(name, NaN, () => idle(name, rows.idleCount, backend));
        if (peers[name].reload)
            rows.reload[name] = await attempt(name, null, () => reloads(name, backend));
    }
    return rows;
}

async function main() {
    const begun = Date.now();
    fs.mkdirSync(out, { recursive: true });
    const names = given.peers || Object.keys(peers), chosen = given.only || Object.keys(scenarios);
    for (const [what, list, known] of [['peers', names, peers], ['only', chosen, scenarios]])
        for (const one of list.filter((o) => !known[o]))
            refuse(`--${what} ${one}: there are ${Object.keys(known).join(', ')}`);
    const dir = temporary(`${os.tmpdir()}/bench-`); // the path of a Unix socket has to be short
    fs.chmodSync(dir, 0o755);
    const backend = { port: await freePort(), path: `${dir}/backend` };
    const behind = await start(1, [`${build}/bench/backend`, String(backend.port), '1', backend.path], backend.port);
    const results = { about: { date: new Date().toISOString(), cpu: os.cpus()[0].model, cpus: os.cpus().length,
        kernel: os.release(), load: os.loadavg()[0], rounds, count, perf: measure.perfCounts(),
        congestion: fs.readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim() }, table: {} };
    const save = () => report.save(out, results, names);
    try {
        for (const [at, id] of chosen.entries()) {
            const until = begun + 60000 * minutes * 0.6 * (at + 1) / chosen.length;
            results.table[id] = await compare(id, names, backend, until);
            save(); // a run that is cut short has told what it knows
            report.progress(results.table[id], names, (Date.now() - begun) / 1000);
        }
        if (given.extras && !given.only)
            results.extras = await extras(names, backend);
        results.floor = execFileSync('taskset', ['-c', '0', `${build}/bench/floor`, '1'], { encoding: 'utf8' });
    } finally {
        await stop(behind);
        remove(dir);
    }
    save();
    report.print(results, names);
    console.log(`\n${((Date.now() - begun) / 60000).toFixed(1)} minutes; ${out}/results.json, .md, .svg`);
}

// Nothing that was started stays behind.
for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
        measure.stopAll();
        directories.forEach(remove);
        process.exit(1);
    });

main().catch((error) => {
    console.error(`bench: ${error.message}`);
    measure.stopAll();
    process.exitCode = 1;
});
