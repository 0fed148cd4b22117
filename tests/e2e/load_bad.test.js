'use strict';
// reprise-load with conflicting or unusable options: one line with the reason, exit status 2, and
// no load. Errors that only a connection attempt reveals give exit status 1 and the reason.
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {execFile} = require('child_process');
const {certs, freePort, program, test} = require('./lib');
const {s_server, withProgram} = require('./programs');

const loader = path.join(path.dirname(program), 'reprise-load');
const load = (...args) => new Promise((done) => {
  execFile(loader, args, {timeout: 30000}, (error, out, err) => done({code: error ? error.code : 0, out, err}));
});

// [arguments, what the line says]
const nowhere = '127.0.0.1:9';
const refused = [
  [[], /give 1 to 32 targets/], [['--bogus', nowhere], /--bogus is not an option/], [[nowhere, '-n'], /-n requires a value/],
  [['foo'], /target foo: "foo" is not an address/], [[':443'], /host is missing; write host:443/], [['127.0.0.1:0'], /port 0/],
  [['host.invalid:443'], /target host\.invalid:443: .*can't be resolved/], [['unix:'], /is not the path of a Unix socket/],
  [['-t', '1.1', nowhere], /--tls 1\.1: expected 1\.2\|1\.3\|both/], [['-c', '1e99', nowhere], /a whole number from 1 to 100000/],
  [['-n', 'nan', nowhere], /a whole number/], [['-d', '1e30h', nowhere], /--duration 1e30h: expected a time of at most 49 days/],
  [['--rate', '1e9', nowhere], /--rate 1e9: expected/], [['--psk', 'me:5ecre7', nowhere], /--psk \.\.\.: expected IDENTITY:HEX/],
  [['-m', 'psk', nowhere], /psk requires --psk/], [['--sni', 'a,,b', nowhere], /NAME\[,NAME\]/], [['--upload', '1e30', nowhere], /BYTES/],
  [['--ca', '/nonexistent', nowhere], /\/nonexistent: cannot be read: No such file/],
  [['--ca', '/dev/null', nowhere], /\/dev\/null: file is empty/], [['--ca', '/tmp', nowhere], /\/tmp: cannot be read: Is a directory/],
  [['::1:7443'], /brackets; write \[::1\]:7443/], [['2001:db8::1:443'], /brackets; write \[2001:db8::1\]:443/],
  [[...Array(33).fill(['--phase', '1s x']).flat(), nowhere], /--phase 1s x: at most 32 phases are allowed/], [Array(33).fill(nowhere), /give 1 to 32 targets/],
 [['--ca', __filename, nowhere], /contains no certificate in PEM format/],
  [['--cert', __filename, '--key', __filename, nowhere], /contains no certificate in PEM format/], [['--cert', 'x', nowhere], /--cert and --key must be given together/],
  [['--cert', path.join(certs, 'ecdsa.pem'), '--key', path.join(certs, 'rsa.key'), nowhere], /the key does not match the certificate/],
  [['--ciphers', 'nonsense', nowhere], /--ciphers nonsense: OpenSSL supports none/], [['--groups', 'nonsense', nowhere], /--groups nonsense: OpenSSL does not/],
  [['--keylog', '/nonexistent/x', nowhere], /\/nonexistent\/x: No such file/], [['--json', '/nonexistent/x', nowhere], /\/nonexistent\/x: No such file/],
  [['--csv', '-', '--json', '-', nowhere], /only one result can/], [['--pid', '999999999', nowhere], /--pid 999999999: expected/],
  [['--phase', 'at 20s: true', '-d', '1s', nowhere], /begins after the end of the run/], [['--phase', 'never', nowhere], /--phase never: expected/],
  [['--min-resumed', '50', nowhere], /requires --resume/], [['--from', 'same', nowhere], /requires --resume/], [['--age', '1s', nowhere], /requires --resume/],
  [['--uses', '2', nowhere], /requires --resume/], [['-r', '50', '--from', 'other', nowhere], /at least two targets/],
  [['-r', '50', '--age', '1m', '-d', '9s', nowhere], /before any session reaches the --age/], [['-m', 'full', '-r', '50', nowhere], /full offers no session/],
  [['--by-id', '-m', 'ticket', nowhere], /use only one of them/], [['--by-id', '-t', '1.3', nowhere], /need(s)? TLS 1\.2/],
  [['-m', 'stateful', '-t', '1.2', nowhere], /need(s)? TLS 1\.3/], [['-m', '0-rtt', nowhere], /requires data to send/],
  [['-k', '5', nowhere], /--requests requires/], [['--echo', '5', '-g', '/', nowhere], /--echo does not use HTTP/], [['-g', '/', '--echo', '5', nowhere], /--echo does not use HTTP/],
  [['--max-missed', '0', nowhere], /requires --rate/], [['--header', 'A: b', nowhere], /--header requires --get/],
  [['-g', '/', '--header', 'Host: b', nowhere], /--header Host: b: expected/], [['-g', '/', '--header', 'nothing', nowhere], /--header nothing: expected/],
  [['--alpn', 'a,,b', nowhere], /--alpn a,,b: expected/], [['--source', 'here', nowhere], /--source here: expected/],
  [['--sigalgs', 'nonsense', nowhere], /--sigalgs nonsense: OpenSSL does not support/],
  [['--poisson', nowhere], /requires --rate/], [['--proxy', 'foo', nowhere], /--proxy foo/], [['--proxy-version', '2', nowhere], /requires --proxy/],
];

test('reprise-load: what can\'t be meant is refused in one line', async () => {
  for (const [args, wanted] of refused) {
    const {code, out, err} = await load(...args);
    assert.deepStrictEqual([code, out, err.split('\n').length], [2, '', 2], `${args.join(' ')}: ${err}`);
    assert.match(err, /^reprise-load: /);
    assert.match(err, wanted, args.join(' '));
    assert.doesNotMatch(err, /5ecre7/);
  }
});

test('reprise-load: more connections than descriptors are refused, unless nobody asked for so many', async () => {
  await withProgram(s_server('-www'), async (target) => {
    const limited = (args) => new Promise((done) => {
      execFile('sh', ['-c', `ulimit -n 60; exec "${loader}" -n 4 ${args} ${target}`], (error, out, err) => done({code: error ? error.code : 0, out, err}));
    });
    const many = await limited('-c 100');
    assert.deepStrictEqual([many.code, many.out], [2, '']);
    assert.match(many.err, /^reprise-load: too few file descriptors for --concurrency; .*\n$/);
    for (const args of ['-c 36', '-c 72 --processes 2', '--rate 1000']) assert.strictEqual((await limited(args)).code, 0, args);
  });
});

test('reprise-load: what can\'t be written is told, and is no success', async () => {
  await withProgram(s_server('-www'), async (target) => {
    const sh = (line) => new Promise((done) => {
      execFile('sh', ['-c', `exec "${loader}" ${line}`], (error, out, err) => done([error ? error.code : 0, err]));
    });
    const stdout = 'reprise-load: standard output cannot be written: ';
    assert.deepStrictEqual(await sh(`-n 4 ${target} >/dev/full`), [2, `${stdout}No space left on device\n`]);
    assert.deepStrictEqual(await sh(`-n 4 ${target} >&-`), [2, `${stdout}Bad file descriptor\n`]);
    assert.deepStrictEqual(await sh('--help >/dev/full'), [2, `${stdout}No space left on device\n`]);
    assert.deepStrictEqual(await sh(`-q --json - -n 4 ${target} >/dev/full`), [2, `${stdout}No space left on device\n`]);
    assert.deepStrictEqual(await sh(`-q -n 4 --keylog /dev/full ${target}`), [2, 'reprise-load: the key log file: No space left on device\n']);
  });
});

test('reprise-load: a run that fails leaves the files of another, and two results want two files', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-keep-'));
  const [keep, new_] = ['keep', 'new'].map((name) => path.join(dir, name));
  fs.writeFileSync(keep, 'x'.repeat(65536));
  assert.strictEqual((await load('--json', keep, '--ca', '/nonexistent', nowhere)).code, 2);
  assert.strictEqual(fs.statSync(keep).size, 65536);
  await load('-q', '-n', '1', '--json', keep, nowhere);
  assert.strictEqual(JSON.parse(fs.readFileSync(keep)).failed, 1);
  for (const [one, other] of [[keep, `${dir}/./keep`], [new_, new_]]) {
    const {code, err} = await load('--json', one, '--csv', other, nowhere);
    assert.deepStrictEqual([code, err], [2, `reprise-load: ${other}: two results cannot go to one file\n`]);
  }
  assert.strictEqual((await load('-q', '-n', '1', '--json', '/dev/null', '--csv', '/dev/null', nowhere)).code, 1);
  fs.rmSync(dir, {recursive: true});
});

test('reprise-load: JSON and page are UTF-8, whatever bytes are on the command line', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-utf8-'));
  const line = 'printf "\\303\\251 \\377 \\303"';
  await new Promise((done) => {
    execFile('sh', ['-c', `exec "${loader}" -q -n 1 --json json --report page --phase "at 0s: : $(${line})" "unix:$(${line})"`], {cwd: dir}, done);
  });
  const [json, page] = ['json', 'page'].map((name) => new TextDecoder('utf-8', {fatal: true}).decode(fs.readFileSync(path.join(dir, name))));
  assert.deepStrictEqual([JSON.parse(json).targets, JSON.parse(json).phases[0].text], [['unix:\u00e9 \ufffd \ufffd'], ': \u00e9 \ufffd \ufffd']);
  assert.match(page, />: \u00e9 &#65533; &#65533;</);
  fs.rmSync(dir, {recursive: true});
});

test('reprise-load: what is found out by trying is told with its reason', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-bad-'));
  const free = await freePort();
  for (const [target, reason] of [[`127.0.0.1:${free}`, /refused: ECONNREFUSED/], [`unix:${dir}/none`, /refused: ENOENT/]]) {
    const {code, out, err} = await load('-n', '3', target);
    assert.deepStrictEqual([code, err], [1, 'reprise-load: no handshake was made\n'], out);
    assert.match(out, reason);
    assert.doesNotMatch(out, /nan|inf/);
  }
  await withProgram(s_server('-www', '-tls1_2', '-cipher', 'AES256-SHA256'), async (target) => {
    const {code, out} = await load('-n', '3', target);
    assert.strictEqual(code, 1);
    assert.match(out, /\n +3  alert handshake_failure\n/);
  });
  const late = await load('-n', '3', '--phase', 'at 1h: true', '--json', '/dev/full', `127.0.0.1:${free}`);
  assert.deepStrictEqual([late.code, late.err], [2, 'reprise-load: /dev/full: cannot be written\n']);
  assert.match(late.out, /The run ended before the phase at 3600 s: true/);
  fs.rmSync(dir, {recursive: true});
});
