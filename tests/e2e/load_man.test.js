'use strict';
// The man page of reprise-load is correct: its options are those of --help, each is accepted in the
// documented form, and its examples are run literally against real services; only addresses, times
// and systemctl are replaced.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const {execFile} = require('child_process');
const {Service, certs, program, test, top} = require('./lib');
const {withHosts} = require('./hosts');
const {s_server, withProgram} = require('./programs');

const page = fs.readFileSync(path.join(top, 'contrib/load/reprise-load.1'), 'utf8');
const build = path.dirname(program);
const shell = (line, cwd) => new Promise((done) => {
  execFile('sh', ['-c', line], {cwd, env: {...process.env, PATH: `${build}:${process.env.PATH}`}, maxBuffer: 1 << 24},
    (error, out, err) => done({code: error ? error.code : 0, out, err}));
});
const conf = `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
cache { store = "lmdb:sessions?size=16M" }
certificate "www" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = {"127.0.0.1:@PORT@", "127.0.0.1:@PORT2@"}  certificates = "www"  backend = "builtin:status"  max-early-data = 16K }
frontend "echo" { listen = "127.0.0.1:@PORT3@"  certificates = "www"  backend = "builtin:echo" }`;
const behindProxy = `
workers = 1  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
certificate "www" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "www"  backend = "builtin:status"  proxy-protocol = on }`;

// -- the options: what stands for their arguments, and what else they want

const key = '0123456789abcdef';
const values = {
  resume: ['50', '0', '100'], age: ['0', '1ms..1h'], uses: ['2', 'always'], sni: ['localhost', 'localhost,www.example'],
  ca: [`${certs}/ca.pem`], cert: [`${certs}/alice.pem --key ${certs}/alice.key`], key: [`${certs}/alice.key --cert ${certs}/alice.pem`], keylog: ['keys'],
  groups: ['P-256', 'X25519:P-256'], csv: ['c'], timeline: ['t'], report: ['r.html'],
  ciphers: ['TLS_AES_128_GCM_SHA256'], concurrency: ['2'], rate: ['1000', '1s:100..1000,1s:1000'], count: ['3'],
  duration: ['20ms'], processes: ['2'], seed: ['7'], get: ['/'], requests: ['2 -g /'], timeout: ['20s'],
  pid: [String(process.pid)], 'min-resumed': ['0 -r 50'], 'max-failed': ['0'], 'max-missed': ['1000 --rate 1000'], sigalgs: ['ECDSA+SHA256'],
  alpn: ['http/1.1', 'h2,http/1.1'], header: ['"X-A: b" -g /'], source: ['127.0.0.1', '127.0.0.2 --source 127.0.0.3'], json: ['j', '-'], download: ['6', '6 -g /six'],
  upload: ['1K'], echo: ['64K'],
  phase: ['"1s name"', '"at 0s: true"'], psk: [`visitor:${key}`], proxy: ['10.1.2.3', '2001:db8::1 --proxy-version 2'],
};
const more = {mechanism: '-g /', poisson: '--rate 1000', from: '-r 50 127.0.0.1:@PORT2@', age: '-r 50', uses: '-r 50', 'proxy-version': '--proxy 10.1.2.3'};
const files = (dir, port) => {
  for (const name of ['6', 'six']) fs.writeFileSync(path.join(dir, name), '6 byte');
  return s_server('-WWW')(dir, port);
};
const serves = (make) => (run) => withProgram(make, (target) => run(target));
const behind = async (run) => run(`127.0.0.1:${(await Service.start(behindProxy)).port}`);
// Words that want another server, and what is then told.
const elsewhere = {
  psk: [serves(s_server('-www', '-psk', key, '-psk_identity', 'visitor')), /by psk +4 offered +4 resumed/],
  stateful: [serves(s_server('-www', '-no_ticket')), /by stateful +[1-3] offered +[1-3] resumed \(100/],
  download: [serves(files), /requests: 4,/], proxy: [behind], 'proxy-version': [behind],
};

// [name, the words that it takes or []]
function options() {
  const found = new Map();
  for (const line of page.match(/^\.It Fl .*$/gm)) {
    const parts = line.replace(/^\.It /, '').split(/ , (?=Fl )/).map((part) => part.replace(/^Fl /, ''));
    for (const part of parts) {
      const [, name] = part.match(/(?:^| )-([a-z][a-z-]+)/);
      const words = (part.match(/ Cm (.*)$/) || ['', ''])[1].split(' | ').filter((word) => /^[\w.-]+$/.test(word));
      found.set(name, [...new Set([...(found.get(name) || []), ...words])]);
    }
  }
  return found;
}

test('the man page of reprise-load: its options are those there are, and each is taken', async () => {
  const service = await Service.start(conf);
  const help = (await shell('reprise-load --help')).out;
  const known = [...new Set(help.match(/ --[a-z-]+/g).map((name) => name.slice(3)))].filter((name) => name !== 'help');
  const told = options();
  assert.deepStrictEqual([...told.keys()].sort(), known.sort());
  for (const [name, words] of told) {
    for (const value of values[name] || (words.length ? words : [''])) {
      const own = (run) => run(`127.0.0.1:${service.ports[name === 'echo' ? 3 : 1]}`);
      const [serve, wanted] = elsewhere[name] || elsewhere[value] || [own, name === 'quiet' ? /^$/ : null];
      await serve(async (target) => {
        const line = `reprise-load -n 4 -c 2 --max-failed 0 --${name} ${value} ${more[name] || ''} ${target}`
          .replace('@PORT2@', service.ports[2]);
        const {code, out, err} = await shell(line.replace('--mechanism psk', `$& --psk visitor:${key}`), service.dir);
        assert.deepStrictEqual([code, err], [0, ''], `${line}: ${out}`);
        assert.match(out, wanted || (value === '-' ? /^\{[^]*\}\n$/ : /failed: 0\n/), line);
      });
    }
  }
  const full = await shell(`reprise-load -n 120 -c 2 127.0.0.1:${service.port}`);
  assert.doesNotMatch(full.out, /Sessions were offered/, 'nobody asked for any');
  const byId = await shell(`reprise-load -n 20 -c 2 --by-id --min-resumed 100 127.0.0.1:${service.port}`);
  assert.strictEqual(byId.code, 0, byId.err);
  assert.match(byId.out, /by id +18 offered +18 resumed/);
});

test('the man page of reprise-load: the names of its JSON are those there are', async () => {
  const service = await Service.start(conf);
  const {out} = await shell(`reprise-load -n 1 --json - 127.0.0.1:${service.port}`);
  const names = page.match(/^\.Ss The JSON\n([^]*?)^\.Sh /m)[1].match(/^\.It Cm .*$/gm)
    .flatMap((line) => line.replace('.It Cm ', '').split(' , '));
  assert.deepStrictEqual(names.sort(), Object.keys(JSON.parse(out)).sort());
});

// -- the examples

const examples = () => [...page.matchAll(/^\.Bd -literal[^\n]*\n([^]*?)^\.Ed$/gm)]
  .map(([, text]) => text.replace(/\\e\n/g, ' ').replace(/\s+/g, ' ').trim());
const brief = (line) => line.replace(/-n 3000/, '-n 200').replace(/-d 60s/, '-d 2s').replace(/-d 30s/, '-d 300ms')
  .replace(/--rate \d+/, '--rate 60').replace('at 20s', 'at 500ms').replace('at 40s', 'at 1s');

test('the man page of reprise-load: its examples do what is said of them', async () => {
  await withHosts(3, {cache: ''}, async (hosts, redis) => {
    const services = {
      'systemctl reload nginx': `reprise keys rotate -c ${hosts[0].conf}`,
      'systemctl stop redis': `kill -STOP ${redis.child.pid}`, 'systemctl start redis': `kill -CONT ${redis.child.pid}`,
    };
    const all = examples().filter((example) => !/^reprise-load compare /.test(example)); // load_compare.test.js runs that one
    assert.strictEqual(all.length, 4);
    for (const example of all) {
      let line = brief(example).replace(/10\.0\.0\.(\d):443/g, (_, n) => `127.0.0.1:${hosts[n - 1].ports[1]}`)
        .replace('www.example.com:443', `127.0.0.1:${hosts[0].ports[1]}`);
      for (const [said, done] of Object.entries(services)) line = line.replace(said, done);
      assert.doesNotMatch(line, /systemctl|:443\b/);
      const {code, out, err} = await shell(line, hosts[0].dir);
      assert.strictEqual(code, 0, `${line}: ${out}${err}`);
      assert.match(out, /\nfailed: 0\n/, line);
      assert.doesNotMatch(err, /phase failed/, line);
      for (const [, command] of line.matchAll(/"at [^:]*: ([^"]*)"/g))
        assert.ok(out.split('\n').some((row) => /^ +\d+ /.test(row) && row.endsWith(command)), `${command}: ${out}`);
    }
    assert.match(fs.readFileSync(path.join(hosts[0].dir, 'redis.html'), 'utf8'), /<svg/);
  });
});
