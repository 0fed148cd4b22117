'use strict';
// reprise-load against the program: its report matches what happened, and its exit status is 1 when
// a limit is missed.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const crypto = require('crypto');
const os = require('os');
const {execFile, execFileSync, spawn} = require('child_process');
const {Service, net, pem, sleep, test, tls, until} = require('./lib');
const {patient, uri, withOldRedis} = require('./hosts');

const top = path.join(__dirname, '../..');
const loader = path.join(path.dirname(path.resolve(top, process.env.REPRISE || 'build/release/reprise')), 'reprise-load');
const conf = `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "www" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = {"127.0.0.1:@PORT@", "127.0.0.1:@PORT2@"}  certificates = "www"  backend = "builtin:status" }`;

const load = (...args) => new Promise((done) => {
  execFile(loader, ['-q', '--json', '-', '--max-failed', '0', '--timeout', '20s', ...args],
    (error, out, err) => done({code: error ? error.code : 0, err, told: out.startsWith('{') ? JSON.parse(out) : null}));
});

test('reprise-load: two addresses of one service share their sessions', async () => {
  const service = await Service.start(conf);
  const targets = [`127.0.0.1:${service.ports[1]}`, `127.0.0.1:${service.ports[2]}`];
  for (const how of [['-t', '1.3'], ['-t', '1.2'], ['--by-id']]) {
    const {code, told, err} = await load('-n', '60', '-c', '4', '-r', '80', '--from', 'other', '--min-resumed', '100',
      '-g', '/', '--seed', '7', ...how, ...targets);
    assert.strictEqual(code, 0, `${how}: ${err} ${JSON.stringify(told)}`);
    assert.strictEqual(told.full + told.resumed, 60);
    assert.ok(told.resumed > 20, `${how}: only ${told.resumed} resumed`);
    assert.strictEqual(told.requests, 60);
    assert.deepStrictEqual([told.offered_from_to[0][0], told.offered_from_to[1][1]], [0, 0]);
    assert.deepStrictEqual(told.resumed_from_to, told.offered_from_to);
    assert.strictEqual(told.latency_us.resumed.count, told.resumed);
  }
});

test('reprise-load: early data is told from resumption, and the key log is written', () => withOldRedis(async (redis) => {
  const takes = await Service.start(conf.replace('frontend "www" {', '$& max-early-data = 16K ')
    .replace('"lmdb:sessions?size=16M"', `"${uri(redis)}"  ${patient}`).replace('run-dir', `secret-file = "${redis.secret}"  run-dir`));
  const refuses = await Service.start(conf);
  const keylog = path.join(takes.dir, 'keys');
  const yes = await load('-n', '60', '-c', '4', '-m', '0-rtt', '-g', '/', '--min-resumed', '100', '--keylog', keylog,
    `127.0.0.1:${takes.ports[1]}`);
  assert.strictEqual(yes.code, 0, `${yes.err} ${JSON.stringify(yes.told)}`);
  assert.ok(yes.told.offered >= 50, JSON.stringify(yes.told));
  assert.deepStrictEqual(yes.told.early_data, {accepted: yes.told.offered, rejected: 0, not_allowed: 0});
  assert.strictEqual(yes.told.by_kind['0-rtt'], yes.told.offered);
  const {first_byte_us: first, latency_us: {request}} = yes.told; // from due to the first byte, 0-RTT or not
  assert.deepStrictEqual([first['0-rtt'].count, first.full.count, first['all due'].count, request.count],
    [yes.told.by_kind['0-rtt'], yes.told.by_kind.full, 60, yes.told.by_kind.full]);
  assert.deepStrictEqual([yes.told.requests, yes.told.status['2xx']], [60, 60]);
  assert.match(fs.readFileSync(keylog, 'latin1'), /^CLIENT_EARLY_TRAFFIC_SECRET [0-9a-f]{64} [0-9a-f]+$/m);
  assert.strictEqual(fs.statSync(keylog).mode & 0o777, 0o600);

  // Keys that this one does not know: nothing is lost, it is sent again.
  const stranger = await Service.start(conf.replace('frontend "www" {', '$& max-early-data = 16K '));
  const again = await load('-n', '60', '-c', '4', '-m', '0-rtt', '-g', '/', '--from', 'other',
    `127.0.0.1:${takes.ports[1]}`, `127.0.0.1:${stranger.ports[1]}`);
  assert.deepStrictEqual(again.told.early_data, {accepted: 0, rejected: again.told.offered, not_allowed: 0});
  assert.deepStrictEqual([again.told.declined, again.told.requests], [again.told.offered, 60]);

  const no = await load('-n', '60', '-c', '4', '-m', '0-rtt', '-g', '/', '--min-resumed', '1', `127.0.0.1:${refuses.ports[1]}`);
  assert.strictEqual(no.code, 1);
  assert.deepStrictEqual(no.told.early_data, {accepted: 0, rejected: 0, not_allowed: no.told.offered});
  assert.deepStrictEqual([no.told.resumed, no.told.failed, no.told.requests], [no.told.offered, 0, 60]);
}));

test('reprise-load: two services that share nothing fail the test', async () => {
  const one = await Service.start(conf);
  const other = await Service.start(conf);
  const {code, told, err} = await load('-n', '60', '-c', '4', '-r', '80', '--from', 'other', '--min-resumed', '50', '-g', '/',
    '-t', '1.3', `127.0.0.1:${one.ports[1]}`, `127.0.0.1:${other.ports[1]}`);
  assert.strictEqual(code, 1);
  assert.match(err, /0\.00 % of the sessions offered were resumed; at least 50 % are required/);
  assert.strictEqual(told.declined, told.offered);
});

const withServer = async (server, run) => {
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.on('listening', done));
  const sockets = new Set();
  server.on('connection', (s) => { sockets.add(s); s.on('error', () => {}); s.on('close', () => sockets.delete(s)); });
  try { return await run(`127.0.0.1:${server.address().port}`); } finally {
    sockets.forEach((s) => s.destroy());
    await new Promise((done) => server.close(done));
  }
};
const secure = (listener, more) => tls.createServer({key: pem('ecdsa.key'), cert: pem('ecdsa.pem'), ...more}, listener);
const answers = (s) => s.on('error', () => {}).on('data', () => s.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));

test('reprise-load: servers that misbehave are told by reason, and none holds it up', async () => {
  const unkind = [
    [net.createServer((s) => s.end()), 'reset'],
    [net.createServer((s) => s.on('data', () => s.resetAndDestroy ? s.resetAndDestroy() : s.destroy())), 'reset'],
    [net.createServer((s) => s.end('HTTP/1.1 400 Bad Request\r\n\r\n')), 'other'],
    [net.createServer((s) => s.resume()), 'timeout'],
    [secure((s) => s.on('error', () => {}).destroy()), 'reset'],
    [secure((s) => s.on('error', () => {}).resume()), 'timeout'],
    [secure((s) => s.on('error', () => {}).end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')), 'reset'],
    [secure((s) => s.on('error', () => {}).write(Buffer.from('000000040000000000', 'hex'))), 'other'], // SETTINGS of HTTP/2
    [secure(answers, {maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1'}), 'alert'],
  ];
  await Promise.all(unkind.map(([server, reason], i) => withServer(server, async (target) => {
    const {code, told} = await load('-n', '8', '-c', '4', '-r', '50', '-g', '/',
      '--timeout', reason === 'timeout' ? '500ms' : '20s', target);
    assert.deepStrictEqual([code, told.failed, told.failed_by_class[reason]], [1, 8, 8], `${i}: ${JSON.stringify(told)}`);
  })));
});

test('reprise-load: a server that dribbles for ever is cut off soon after the end of the run', async () => {
  const dribbles = secure((s) => {
    const timer = setInterval(() => s.write('HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n'), 20);
    s.on('error', () => {}).on('close', () => clearInterval(timer));
  });
  await withServer(dribbles, async (target) => {
    const {code, told, err} = await load('-d', '1s', '-c', '2', '-g', '/', '--timeout', '2s', target);
    assert.deepStrictEqual([code, told.full, told.failed_by_reason], [1, 2, {'unfinished at the end of the run': 2}], err);
    assert.ok(told.elapsed_us < 30e6, `${told.elapsed_us} us`);
  });
});

test('reprise-load: names by turns, a client certificate, bytes up and down, as the server sees them', async () => {
  const seen = [];
  const server = secure((s) => {
    let got = 0;
    seen.push(`${s.servername} ${s.getPeerCertificate().subject ? s.getPeerCertificate().subject.CN : '-'}`);
    s.on('error', () => {}).on('data', (bytes) => {
      got += bytes.length - (bytes.includes('POST /up HTTP/1.1\r\nHost: ') ? bytes.indexOf('\r\n\r\n') + 4 : 0);
      if (got === 100 * 1024) s.end(`HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n${'x'.repeat(300)}`);
    });
  }, {requestCert: true, ca: pem('client-ca.pem')});
  const cert = (name) => path.join(top, 'build/e2e-certs', name);
  await withServer(server, async (target) => {
    const flags = ['-n', '12', '-c', '3', '--sni', 'a.example,b.example', '-g', '/up', '--upload', '100K', '--download', '300'];
    const good = await load(...flags, '--cert', cert('alice.pem'), '--key', cert('alice.key'), target);
    assert.deepStrictEqual([good.code, good.told.requests, good.told.failed_by_reason], [0, 12, {}], good.err);
    assert.deepStrictEqual(seen.sort(), [...Array(6).fill('a.example alice'), ...Array(6).fill('b.example alice')]);
    const bad = await load('-n', '12', '-c', '3', '-g', '/', target);
    assert.deepStrictEqual(bad.told.failed_by_reason, {'alert certificate_required': 12});
    for (const how of [['--close', 'wait'], ['-m', 'ticket']]) { // after the handshake, and nothing is asked
      const late = await load('-n', '12', '-c', '3', '-t', '1.3', ...how, target);
      assert.deepStrictEqual([late.code, late.told.failed, late.told.failed_by_reason], [1, 12, {'alert certificate_required': 12}], how.join(' '));
    }
  });
});

test('reprise-load: a PROXY header before each connection, with a port of its own', async () => {
  for (const [version, head] of [['1', /^PROXY TCP4 10\.1\.2\.3 127\.0\.0\.1 (\d+) \d+\r\n\x16\x03/],
    ['2', /^\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x01\x02\x03\x7f\0\0\x01([^]{2})[^]{2}\x16\x03/]]) {
    const ports = new Set();
    const server = net.createServer((s) => {
      let got = '';
      s.setEncoding('latin1').on('error', () => {}).on('data', (text) => {
        got += text;
        if (got.length < 100) return; // a ClientHello is longer
        const found = got.match(head);
        if (found) ports.add(found[1]);
        s.destroy();
      });
    });
    await withServer(server, async (target) => {
      assert.strictEqual((await load('-n', '9', '-c', '3', '--proxy', '10.1.2.3', '--proxy-version', version, target)).told.failed, 9);
    });
    assert.strictEqual(ports.size, 9, version);
  }
});

test('reprise-load: the same seed makes the same choices', async () => {
  const service = await Service.start(conf);
  const targets = [`127.0.0.1:${service.ports[1]}`, `127.0.0.1:${service.ports[2]}`];
  const offers = async (seed) => (await load('-n', '120', '-c', '1', '-r', '60', '--seed', seed, ...targets)).told.offered_from_to;
  assert.deepStrictEqual(await offers('5'), await offers('5'));
  assert.notDeepStrictEqual(await offers('5'), await offers('6'));
});

test('reprise-load: a handshake that dribbles is given up', async () => {
  const dribbles = net.createServer((s) => {
    s.write(Buffer.from('1603034000', 'hex'));
    const timer = setInterval(() => s.write('x'), 20);
    s.on('error', () => {}).on('close', () => clearInterval(timer)).resume();
  });
  await withServer(dribbles, async (target) => {
    const {code, told, err} = await load('-n', '4', '-c', '2', '--timeout', '400ms', target);
    assert.deepStrictEqual([code, told.failed_by_reason], [1, {timeout: 4}], err);
    assert.ok(told.elapsed_us < 60e6, `${told.elapsed_us} us`);
  });
});

test('reprise-load: a rate is kept to the letter', async () => {
  await withServer(secure(answers), async (target) => {
    for (const [count, ...how] of [[100, '-d', '1s', '--rate', '100'], [750, '-d', '250ms', '--rate', '3000'], [15, '--rate', '500ms:0..20,500ms:20'], [7, '-d', '1s', '--rate', '100', '-n', '7'],
      [20, '-d', '200ms', '--rate', '1h:100', '--processes', '3']])
      assert.strictEqual((await load('-g', '/', ...how, target)).told.started, count, how.join(' '));
  });
});

test('reprise-load: a run with a rate lasts as long as was said, also when the last arrival comes long before', async () => {
  await withServer(secure(answers), async (target) => {
    for (const [started, ...how] of [[1, '-d', '600ms', '--rate', '0.001'], [10, '--rate', '100ms:100,500ms:0'], [10, '--rate', '100ms:100,500ms:0', '--processes', '2']]) {
      const {told} = await load('-g', '/', ...how, target);
      assert.strictEqual(told.started >= started && told.started <= 2 * started, true, how.join(' '));
      assert.ok(told.elapsed_us >= 600e3 && told.elapsed_us < 30e6, `${how.join(' ')}: ${told.elapsed_us}`);
    }
    const {told} = await load('-n', '2', '-d', '20s', '--rate', '100', target);
    assert.ok(told.elapsed_us < 10e6, 'a count ends it before');
  });
});

test('reprise-load: a server that gives no tickets, and a name with several addresses', async () => {
  const none = secure(answers, {secureOptions: crypto.constants.SSL_OP_NO_TICKET, maxVersion: 'TLSv1.2'});
  await withServer(none, async (target) => {
    const {code, told, err} = await load('-n', '20', '-c', '2', '-m', 'ticket', '-t', '1.2', '-g', '/', target);
    assert.deepStrictEqual([code, told.full, told.requests, told.resumed], [0, 20, 20, 0], err);
  });
  const localhost = secure(answers);
  await withServer(localhost, async (target) => {
    const {code, told, err} = await load('-n', '20', '-c', '2', '-m', 'ticket', '--uses', 'always', '-g', '/',
      target.replace('127.0.0.1', 'localhost'));
    assert.deepStrictEqual([code, told.requests], [0, 20], err);
    assert.ok(told.resumed_by_kind.ticket > 10, JSON.stringify(told));
  });
});

test('reprise-load: what was negotiated is reported, and headers, ALPN and sources reach the server', async () => {
  const heard = new Set();
  const server = secure((s) => {
    s.on('error', () => {}).once('data', (head) => {
      heard.add([s.alpnProtocol, s.remoteAddress, (`${head}`.match(/^X-Test: .*$/m) || ['-'])[0].trim()].join(' '));
      s.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  }, {ALPNProtocols: ['http/1.1']});
  await withServer(server, async (target) => {
    const {code, told, err} = await load('-n', '20', '-c', '2', '-t', '1.3', '-r', '50', '-g', '/', '--alpn', 'h2,http/1.1', '--header', 'X-Test: a b',
      '--source', '127.0.0.2', '--source', '127.0.0.3', '--groups', 'P-256', target);
    assert.strictEqual(code, 0, err);
    assert.deepStrictEqual([...heard].sort(), ['http/1.1 127.0.0.2 X-Test: a b', 'http/1.1 127.0.0.3 X-Test: a b']);
    assert.deepStrictEqual(told.negotiated, [{protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', group: 'secp256r1', certificate: 'P-256',
      alpn: 'http/1.1', count: 20}]);
    assert.match(told.command, /^reprise-load .*--header 'X-Test: a b' --source 127\.0\.0\.2 /);
    assert.match(told.date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.strictEqual(told.host, os.hostname());
    assert.match(told.openssl, /^OpenSSL 3\./);
  });
});

test('reprise-load: a pre-shared key is in no report', async () => {
  for (const psk of [['--psk', 'me:5ec2e7'], ['--psk=me:5ec2e7']]) {
    const {told} = await load('-n', '1', '-m', 'psk', ...psk, '127.0.0.1:1');
    assert.match(told.command, /--psk(=| )('|)\.\.\./);
    assert.doesNotMatch(JSON.stringify(told), /5ec2e7/);
  }
});

test('reprise-load: a server is verified as its own host or the name sent, and a name is sent as SNI', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-ca-'));
  const at = (name) => path.join(dir, name);
  execFileSync('openssl', ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '2', '-keyout', at('ip.key'),
    '-out', at('ip.pem'), '-subj', '/CN=ip', '-addext', 'subjectAltName=IP:127.0.0.1'], {stdio: 'ignore'});
  fs.writeFileSync(at('ca'), Buffer.concat([fs.readFileSync(at('ip.pem')), pem('ca.pem')]));
  const heard = [];
  const listens = (name, key, cert) => secure((s) => { heard.push(`${name} ${s.servername || '-'}`); answers(s); }, {key, cert});
  const verify = (...args) => load('-n', '8', '-c', '2', '-r', '50', '-g', '/', '--ca', at('ca'), ...args);
  await withServer(listens('ip', fs.readFileSync(at('ip.key')), fs.readFileSync(at('ip.pem'))), (ip) =>
    withServer(listens('named', pem('ecdsa.key'), pem('ecdsa.pem')), (named) =>
      withServer(listens('api', pem('api.key'), pem('api.pem')), async (api) => {
        const localhost = named.replace('127.0.0.1', 'localhost');
        const good = await verify(ip, localhost);
        assert.deepStrictEqual([good.code, good.told.failed, [...new Set(heard)].sort()], [0, 0, ['ip -', 'named localhost']], JSON.stringify(good));
        const wrong = await verify('--from', 'same', localhost, ip.replace('127.0.0.1', 'localhost'));
        assert.deepStrictEqual([wrong.code, wrong.told.failed_by_reason], [1, {ERR_TLS_CERT_ALTNAME_INVALID: 4}]);
        assert.strictEqual((await verify('--sni', 'api.example', api)).code, 0);
        const other = await verify('--sni', 'api.example', localhost);
        assert.deepStrictEqual([other.code, other.told.failed_by_reason], [1, {ERR_TLS_CERT_ALTNAME_INVALID: 8}]);
      })));
  fs.rmSync(dir, {recursive: true});
});

test('reprise-load: the clock of phases starts with the load, which waits until all processes are ready', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-phase-'));
  const [fifo, marker] = [path.join(dir, 'ca'), path.join(dir, 'marker')];
  execFileSync('mkfifo', [fifo]);
  await withServer(secure(answers), async (target) => {
    const ended = load('-d', '300ms', '-c', '1', '-g', '/', '--ca', fifo, '--phase', `at 0s: echo noise; touch ${marker}`,
      '--phase', 'at 100ms: exit 3', target);
    const writer = fs.createWriteStream(fifo); // opened when a process that is not ready reads it
    await new Promise((done) => writer.once('open', done));
    await sleep(300);
    assert.ok(!fs.existsSync(marker), 'too early');
    writer.end(pem('ca.pem'));
    const {code, told, err} = await ended;
    assert.deepStrictEqual([code, told.failed], [0, 0], err);
    assert.strictEqual(err, 'noise\nreprise-load: phase failed with exit status 3: exit 3\n');
    assert.ok(fs.existsSync(marker));
  });
  const none = await load('-n', '1', '--processes', '2', '-c', '2', '--ca', path.join(dir, 'none'), '--phase', `at 0s: rm ${marker}`, '127.0.0.1:9');
  assert.deepStrictEqual([none.code, none.err.split('\n').length, fs.existsSync(marker)], [2, 2, true], none.err);
  fs.rmSync(dir, {recursive: true});
});

test('reprise-load: a command that is late, fails, is cut off or is not run is told so, in each report', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-late-'));
  const page = path.join(dir, 'page.html');
  const json = path.join(dir, 'json');
  const commands = (told) => told.phases.map((p) => [p.text, p.outcome, p.status]);
  await withServer(secure(answers), async (target) => {
    const text = (...args) => new Promise((done) => execFile(loader, ['--rate', '20', '--report', page, '--json', json, ...args, target],
      (error, out, err) => done({out, err, told: JSON.parse(fs.readFileSync(json)), html: fs.readFileSync(page, 'latin1')})));
    const late = await text('-d', '2s', '--phase', 'at 300ms: exit 3', '--phase', 'at 100ms: sleep 1.2');
    assert.deepStrictEqual(commands(late.told), [['exit 3', 'ended', 3], ['sleep 1.2', 'ended', 0]]);
    assert.ok(late.told.phases[0].begun_ms >= 1300 && late.told.phases[1].took_ms >= 1200, JSON.stringify(late.told.phases));
    assert.match(late.out, /\n +1 .*  exit 3 \(1\.\d s late, exit status 3\)\n/);
    assert.match(late.html, />1\.\d s late, exit status 3</);
    const waited = await text('-d', '1s', '--phase', 'at 100ms: sleep 2', '--phase', 'at 200ms: date');
    assert.deepStrictEqual(commands(waited.told), [['sleep 2', 'ended', 0], ['date', 'not run', null]]);
    assert.match(waited.out, /  sleep 2 \(ended [0-9.]+ s after the load\)\n/);
    assert.match(waited.out, /\nThe run ended before the phase at 0\.2 s; its command did not run: date\n/);
    assert.match(waited.html, />not run, because the load had ended before the command ahead of it</);
    const cut = await text('-d', '1s', '--timeout', '300ms', '--phase', 'at 100ms: sleep 60');
    assert.deepStrictEqual(commands(cut.told), [['sleep 60', 'cut off', null]]);
    assert.match(cut.out, /  sleep 60 \(cut off after [0-9.]+ s\)\n/);
    assert.match(cut.html, />cut off after [0-9.]+ s</);
  });
  fs.rmSync(dir, {recursive: true});
});

test('reprise-load: an interrupt of the first process ends it early, with a report', async () => {
  let arrived = () => {};
  await withServer(secure(answers).on('secureConnection', () => arrived()), async (target) => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      const first = new Promise((done) => { arrived = done; });
      const child = spawn(loader, ['-d', '100s', '--processes', '2', '-c', '2', '-g', '/', '-q', '--json', '-', target]);
      let out = '';
      child.stdout.on('data', (data) => { out += data; });
      const ended = new Promise((done) => child.on('close', done));
      await first;
      child.kill(signal);
      assert.strictEqual(await ended, 0);
      assert.ok(JSON.parse(out).elapsed_us < 99e6);
    }
  });
});

test('reprise-load: what a second interrupt cuts off has failed', async () => {
  const arrivals = [];
  await withServer(net.createServer((s) => { arrivals.push(s.resume()); }), async (target) => {
    const child = spawn(loader, ['-d', '100s', '--processes', '2', '-c', '4', '-q', '--json', '-', '--max-failed', '0', target]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    const ended = new Promise((done) => child.on('close', done));
    await until('all of them', () => arrivals.length === 4);
    let over = false; // two that come at once are one: again until it ends
    ended.then(() => { over = true; });
    await until('the end', () => over || !child.kill('SIGINT'));
    assert.strictEqual(await ended, 1, err);
    const told = JSON.parse(out);
    assert.deepStrictEqual([told.started, told.failed, told.failed_by_reason, told.failed_by_class.other], [4, 4, {'cut off': 4}, 4]);
    assert.match(err, /4 connections failed; at most 0 are allowed/);
  });
});

test('reprise-load: when one of its processes is killed the others end, and that is told', async () => {
  let arrived = () => {};
  await withServer(secure(answers).on('secureConnection', () => arrived()), async (target) => {
    const first = new Promise((done) => { arrived = done; });
    const child = spawn(loader, ['-d', '100s', '--processes', '3', '-c', '3', '-g', '/', '-q', '--json', '-', target]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    const ended = new Promise((done) => child.on('close', done));
    await first;
    const [one] = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').split(' ');
    process.kill(Number(one), 'SIGKILL');
    assert.deepStrictEqual([await ended, err], [2, 'reprise-load: a load process ended without reporting its results\n']);
    const told = JSON.parse(out);
    assert.ok(told.lost_processes === 1 && told.started > 0 && told.elapsed_us > 0, out);
  });
});

test('reprise-load: several processes, a rate, a server that is not there', async () => {
  const service = await Service.start(conf);
  const {code, told, err} = await load('-n', '41', '--processes', '3', '-c', '6', '--rate', '1000',
    `127.0.0.1:${service.ports[1]}`);
  assert.strictEqual(code, 0, err);
  assert.strictEqual(told.full, 41);
  const absent = await load('-n', '5', '-c', '1', `127.0.0.1:${service.ports[3]}`);
  assert.strictEqual(absent.code, 1);
  assert.deepStrictEqual(absent.told.failed_by_reason, {ECONNREFUSED: 5});
});
