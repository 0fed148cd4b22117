'use strict';
// reprise-load compare: real runs, and runs whose figures were changed.
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {execFile} = require('child_process');
const {Service, program, test} = require('./lib');

const loader = path.join(path.dirname(program), 'reprise-load');
const run = (...args) => new Promise((done) => {
  execFile(loader, args, (error, out, err) => done({code: error ? error.code : 0, out, err}));
});
const conf = `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
certificate "www" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "www"  backend = "builtin:status" }`;

test('reprise-load compare: equal runs are equal, and a slower one is worse', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-compare-'));
  try {
    const service = await Service.start(conf);
    const at = (name) => path.join(dir, `${name}.json`);
    const {code} = await run('-q', '-n', '60', '-c', '2', '-r', '50', '-g', '/', '--json', at('base'), `127.0.0.1:${service.port}`);
    assert.strictEqual(code, 0);
    const base = JSON.parse(fs.readFileSync(at('base')));
    for (const [name, factor] of [['s1', 1.5], ['s2', 1.6], ['s3', 1.7]]) {
      const slow = JSON.parse(JSON.stringify(base));
      for (const kind of Object.values(slow.first_byte_us)) kind.p99 = Math.round(kind.p99 * factor);
      fs.writeFileSync(at(name), JSON.stringify(slow));
    }
    const same = await run('compare', at('base'), at('base'));
    assert.strictEqual(same.code, 0, same.out);
    assert.match(same.out, /^resumed handshakes +[\d.]+ +[\d.]+ \/s +1\.000$/m);
    assert.match(same.out, /Give at least 3 runs of each/);
    const three = [at('base'), at('base'), at('base')].join(','), slow = [at('s1'), at('s2'), at('s3')].join(',');
    const worse = await run('compare', three, slow);
    assert.strictEqual(worse.code, 1, worse.out);
    assert.match(worse.out, /^first byte p99 .* 1\.6\d\d  1\.5\d\d to 1\.7\d\d  worse$/m);
    assert.strictEqual((await run('compare', '--threshold', '100', three, slow)).code, 0);
    assert.strictEqual((await run('compare', slow, three)).code, 0, 'faster is not worse');
    fs.writeFileSync(at('other'), '{}');
    for (const [args, wanted] of [[[at('base')], /^usage: /], [['--threshold', 'x', three, slow], /^usage: /], [[at('base'), at('other')], /not a result of reprise-load --json/],
      [[at('base'), at('gone')], /gone\.json/]]) {
      const {code: refused, err} = await run('compare', ...args);
      assert.strictEqual(refused, 2);
      assert.match(err, wanted);
    }
  } finally { fs.rmSync(dir, {recursive: true}); }
});
