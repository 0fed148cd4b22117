'use strict';
// reprise-connect and reprise-serve: with each other, with node, and with servers that upgrade by
// STARTTLS.
const assert = require('assert');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const tls = require('tls');
const {execFileSync, spawn} = require('child_process');
const {certs, test, until} = require('./lib');

const top = path.join(__dirname, '../..');
const build = path.dirname(path.resolve(top, process.env.REPRISE || 'build/release/reprise'));
const pem = (name) => path.join(certs, name);
const read = (name) => fs.readFileSync(pem(name));
const ours = ['--cert', pem('ecdsa.pem'), '--key', pem('ecdsa.key')];
const trust = ['--ca', pem('ca.pem'), '--servername', 'localhost'];

const scratch = () => fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-tools-'));
// As a shell has it: redirections, pipes. The status of the last command, and what it printed.
const shell = (line, env = {}) => new Promise((done) => {
  const child = spawn('sh', ['-c', line], {env: {...process.env, PATH: `${build}:${process.env.PATH}`, CA: pem('ca.pem'), ...env}, stdio: ['ignore', 'pipe', 'pipe']});
  const result = {out: '', err: ''};
  child.stdout.on('data', (chunk) => { result.out += chunk; });
  child.stderr.on('data', (chunk) => { result.err += chunk; });
  child.once('close', (code) => done({...result, code}));
});

// A tool that runs: what it printed so far, and its end.
function start(name, args, input) {
  const child = spawn(path.join(build, name), args, {stdio: ['pipe', 'pipe', 'pipe']});
  const tool = {child, out: '', err: '', code: undefined};
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk) => { tool.out += chunk; });
  child.stderr.on('data', (chunk) => { tool.err += chunk; });
  tool.ended = new Promise((done) => child.once('close', (code) => { tool.code = code; done(code); }));
  tool.events = () => tool.out.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
  tool.event = (event) => until(() => `no ${event}: ${tool.out} ${tool.err}`, () => tool.out.endsWith('\n') &&
    tool.events().find((each) => each.event === event));
  if (input !== undefined) child.stdin.end(input);
  return tool;
}

async function serve(...args) {
  const tool = start('reprise-serve', ['--json', '--count', '1', ...ours, ...args, '127.0.0.1:0']);
  tool.at = `127.0.0.1:${(await tool.event('listening')).port}`;
  return tool;
}

async function connect(at, args, input = '') {
  const tool = start('reprise-connect', [...trust, ...args, at], input);
  await tool.ended;
  return tool;
}

async function nodeServer(options, listener) {
  const server = tls.createServer({cert: read('ecdsa.pem'), key: read('ecdsa.key'), ...options}, listener);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  server.at = `127.0.0.1:${server.address().port}`;
  return server;
}

test('tools: what goes in comes back, and both tell the same', async () => {
  const server = await serve('--alpn-protocols', 'h2,http/1.1', '--export-keying-material', 'EXPORTER-test');
  const client = await connect(server.at, ['--json', '--alpn-protocols', 'http/1.1', '--export-keying-material', 'EXPORTER-test'], 'hello');
  assert.strictEqual(client.code, 0, client.err);
  assert.strictEqual(await server.ended, 0);
  const there = server.events().find((e) => e.event === 'secureConnection');
  const here = client.events().find((e) => e.event === 'secureConnect');
  for (const field of ['protocol', 'cipher', 'alpnProtocol', 'servername', 'sessionReused', 'keyingMaterial'])
    assert.deepStrictEqual(here[field], there[field], field);
  assert.strictEqual(here.finished, there.peerFinished);
  assert.strictEqual(here.peerFinished, there.finished);
  assert.deepStrictEqual(here.peerCertificate, there.certificate);
  assert.strictEqual(here.authorized, true);
  assert.deepStrictEqual(client.events().filter((e) => !['session', 'finish'].includes(e.event)).map((e) => e.event),
    ['connect', 'ready', 'secureConnect', 'data', 'end', 'close']);
  assert.ok(client.events().some((e) => e.event === 'finish'));
  assert.strictEqual(client.events().find((e) => e.event === 'data').data, Buffer.from('hello').toString('hex'));
});

test('tools: without --json the streams are the bytes', async () => {
  const server = await serve();
  const much = Buffer.alloc(1000000, 'reprise ').toString();
  const client = await connect(server.at, [], much);
  assert.strictEqual(client.code, 0, client.err);
  assert.strictEqual(client.out.length, much.length);
  assert.strictEqual(client.out, much);
});

test('tools: a session that was kept is resumed, by ticket, by id and with a stateful ticket', async () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-tools-')), 's');
  for (const how of [['--max-version', 'TLSv1.2'], ['--max-version', 'TLSv1.3'], ['--no-tickets', '--max-version', 'TLSv1.2'], ['--no-tickets']]) {
    const server = await serve('--resume-store', '--count', '2', ...how);
    assert.strictEqual((await connect(server.at, ['--session-out', file], 'x')).code, 0);
    assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600);
    const again = await connect(server.at, ['--session', file, '--json'], 'x');
    assert.strictEqual(again.events().find((e) => e.event === 'secureConnect').sessionReused, true, how.join(' '));
    assert.strictEqual(await server.ended, 0);
    assert.strictEqual(server.events().some((e) => e.event === 'resumeSession' && e.found), how.includes('--no-tickets'), how.join(' '));
  }
  fs.rmSync(path.dirname(file), {recursive: true});
});

test('tools: who is not trusted is refused with node\'s code, and status 1', async () => {
  const server = await serve('--count', '3');
  let client = await connect(server.at, ['--json', '--servername', 'elsewhere.example'], 'x');
  assert.strictEqual(client.events().find((e) => e.event === 'error').code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.strictEqual(client.code, 1);
  client = start('reprise-connect', ['--json', '--servername', 'localhost', '--ca', pem('other-ca.pem'), server.at], 'x');
  assert.strictEqual(await client.ended, 1);
  assert.strictEqual(client.events().find((e) => e.event === 'error').code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  client = await connect(server.at, ['--servername', 'elsewhere.example', '--no-reject-unauthorized', '--json'], 'x');
  assert.strictEqual(client.events().find((e) => e.event === 'secureConnect').authorizationError, 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('tools: flags that are wrong say so, and status 2', async () => {
  const dir = scratch();
  fs.writeFileSync(path.join(dir, 'psk'), 'secret!');
  for (const [args, why] of [[['--nonsense'], /unknown flag --nonsense/], [['--timeout', 'x', 'a:1'], /not a number/],
    [['--timeout', '-1', 'a:1'], /not a number/], [['--timeout', ' 1', 'a:1'], /not a number/], [['--timeout=', 'a:1'], /not a number/],
    [['--timeout', '4294967296', 'a:1'], /too large/], [['--secure-options', '0x1ffffffffffffffff', 'a:1'], /too large/],
    [['--max-send-fragment', '511', 'a:1'], /512 to 16384/], [['--family', '5', 'a:1'], /4 or 6/], [['--local-port', '65536', 'a:1'], /65535/],
    [['--psk', '01', 'a:1'], /--psk-identity/], [['--psk-identity', 'a', 'a:1'], /--psk and --psk-file/],
    [['--psk', 'secret!', '--psk-identity', 'a', 'a:1'], /--psk: not hexadecimal/],
    [['--psk-file', path.join(dir, 'psk'), '--psk-identity', 'a', 'a:1'], /--psk-file: not hexadecimal/],
    [['--psk', '01'.repeat(513), '--psk-identity', 'a', 'a:1'], /1 to 512/], [['--psk', '', '--psk-identity', 'a', 'a:1'], /1 to 512/],
    [['--no-servername', 'a:1'], /unknown flag --no-servername/], [['--no-json=true', 'a:1'], /unknown flag --no-json/], [['-json', 'a:1'], /two dashes/],
    [['--starttls', 'telnet', 'a:1'], /--starttls must be one of smtp/], [['--min-version', 'SSLv3', 'a:1'], /ERR_TLS_INVALID_PROTOCOL_VERSION/],
    [['--ciphers', 'NONE', 'a:1'], /ERR_SSL_NO_CIPHER_MATCH/], [['--alpn-protocols', 'a,,b', 'a:1'], /ALPN protocol name is empty/],
    [['--session-timeout', '3000000000', 'a:1'], /ERR_OUT_OF_RANGE/], [['--key', pem('ecdsa.key'), '--cert', pem('rsa.pem'), '--key', pem('ca.pem'), 'a:1'], /ERR_OSSL/],
    [['--session', '/nonexistent', 'a:1'], /No such file/], [['--ca', dir, 'a:1'], /cannot be read/], [['--keylog-file', '/nonexistent/x', 'a:1'], /No such file/],
    [['a:+1'], /not HOST:PORT/], [['a: 1'], /not HOST:PORT/], [['a:65536'], /not HOST:PORT/], [['a:'], /not HOST:PORT/], [['::1:443'], /\[ADDRESS\]:PORT/], [['a:0'], /target is missing/],
    [['a:1', 'b:1'], /unexpected argument/], [[], /target is missing/], [['nowhere'], /not HOST:PORT/], [['--ca', '/nonexistent', 'a:1'], /No such file/],
    [['--json=maybe', 'a:1'], /on or off/], [['--psk', 'xyz', 'a:1'], /hexadecimal/], [['--servername'], /needs a value/]]) {
    const tool = start('reprise-connect', args, '');
    assert.strictEqual(await tool.ended, 2, args.join(' '));
    assert.match(tool.err, why);
    assert.doesNotMatch(tool.err, /secret/);
  }
  for (const [args, why] of [[['--psk', 'a=secret', 'a:1'], /--psk must be IDENTITY=HEX/], [['--psk', 'secret', 'a:1'], /IDENTITY=HEX/], [['--port', '65536'], /65535/],
    [['--psk-file', path.join(dir, 'psk'), 'a:1'], /lines IDENTITY=HEX/], [[], /address is missing/], [['--sni', 'a=b', ':0'], /NAME=CERT=KEY/],
    [['--ticket-keys', path.join(dir, 'psk'), ':0'], /48 bytes/], [['--psk-identity-hint', 'x'.repeat(300), ...ours, ':0'], /HINT/]]) {
    const tool = start('reprise-serve', args, '');
    assert.strictEqual(await tool.ended, 2, args.join(' '));
    assert.match(tool.err, why);
    assert.doesNotMatch(tool.err, /secret/);
  }
  fs.rmSync(dir, {recursive: true});
  for (const name of ['reprise-connect', 'reprise-serve']) {
    const tool = start(name, ['--help'], '');
    assert.strictEqual(await tool.ended, 0);
    assert.match(tool.out, /--alpn-protocols/);
  }
});

// -- what a flag is called, everywhere

const flagsOf = async (name) => {
  const tool = start(name, ['--help'], '');
  await tool.ended;
  const lines = tool.out.split('\n').filter((line) => line.startsWith('  --'));
  for (const line of lines) assert.match(line, /^  --(\[no-\])?[a-z0-9-]+( \S+)? +\S/, 'a flag without a word on it');
  return lines.map((line) => /^  --(?:\[no-\])?([a-z0-9-]+)/.exec(line)[1]).sort();
};
const documented = (name) => {
  const page = fs.readFileSync(path.join(top, 'contrib/tools', `${name}.1`), 'utf8');
  const of = (text) => text.split('\n').filter((line) => line.startsWith('.It ')).flatMap((line) => [...line.matchAll(/Fl -([a-z0-9-]+)/g)].map((m) => m[1]));
  return {all: of(page), context: of(/\.Ss Secure context\n([^]*?)\.Ss/.exec(page)?.[1] || '')};
};

test('tools: every flag is in the manual page, and nothing else', async () => {
  const client = documented('reprise-connect');
  assert.deepStrictEqual(client.all.sort(), await flagsOf('reprise-connect'));
  assert.deepStrictEqual([...documented('reprise-serve').all, ...client.context].sort(), await flagsOf('reprise-serve'));
});

// What node documents; what no command line can say (functions, objects) has another flag, or none.
const nodeOptions = {
  createSecureContext: 'allowPartialTrustChain ca cert sigalgs ciphers clientCertEngine crl dhparam ecdhCurve honorCipherOrder key privateKeyEngine ' +
    'privateKeyIdentifier maxVersion minVersion passphrase pfx secureOptions secureProtocol sessionIdContext ticketKeys sessionTimeout',
  connect: 'host port path family localAddress localPort servername ALPNProtocols rejectUnauthorized checkServerIdentity session requestOCSP minDHSize ' +
    'pskCallback:psk enableTrace timeout noDelay keepAlive keepAliveInitialDelay allowHalfOpen highWaterMark handshakeTimeout',
  createServer: 'ALPNProtocols SNICallback:sni requestCert rejectUnauthorized handshakeTimeout pskCallback:psk pskIdentityHint enableTrace allowHalfOpen ' +
    'pauseOnConnect noDelay keepAlive keepAliveInitialDelay highWaterMark host port path backlog ipv6Only readableAll writableAll maxConnections',
};
test('tools: every option of node is a flag in kebab-case', async () => {
  const kebab = (name) => name.replace(/^ALPN/, 'alpn-').replace(/OCSP$/, '-ocsp').replace(/DHSize/, '-dh-size').replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
  const both = nodeOptions.createSecureContext.split(' ');
  for (const [tool, options] of [['reprise-connect', [...both, ...nodeOptions.connect.split(' ')]], ['reprise-serve', [...both, ...nodeOptions.createServer.split(' ')]]]) {
    const flags = await flagsOf(tool);
    assert.deepStrictEqual(options.map((option) => option.split(':')[1] || kebab(option)).filter((flag) => !flags.includes(flag)), [], tool);
  }
});

test('tools: reprise-connect with node as the server', async () => {
  const server = await nodeServer({ALPNProtocols: ['a', 'b'], requestCert: true, ca: read('client-ca.pem')}, (s) => s.pipe(s));
  const client = await connect(server.at, ['--json', '--alpn-protocols', 'b', '--cert', pem('alice.pem'), '--key', pem('alice.key'),
    '--keylog', '--detailed'], 'ping');
  assert.strictEqual(client.code, 0, client.err + client.out);
  const told = client.events().find((e) => e.event === 'secureConnect');
  assert.strictEqual(told.alpnProtocol, 'b');
  assert.strictEqual(told.certificate.subject.CN, 'alice');
  assert.strictEqual(told.peerCertificate.issuerCertificate.subject.CN, 'ca');
  assert.ok(client.events().filter((e) => e.event === 'keylog').length >= 4);
  server.close();
});

test('tools: reprise-serve with node as the client; SNI, client certificates, pre-shared keys', async () => {
  const server = await serve('--sni', `*.api.example=${pem('api.pem')}=${pem('api.key')}`, '--request-cert', '--ca', pem('client-ca.pem'),
    '--no-reject-unauthorized', '--count', '2', '--psk', 'alice=0102', '--ciphers', 'PSK:HIGH:TLS_AES_128_GCM_SHA256');
  const dial = (options) => new Promise((done, failed) => {
    const [host, port] = server.at.split(':');
    const s = tls.connect({host, port, ca: read('ca.pem'), checkServerIdentity: () => undefined, ...options});
    s.on('secureConnect', () => { done({cn: s.getPeerCertificate().subject?.CN, cipher: s.getCipher().name}); s.end(); });
    s.on('error', failed);
  });
  assert.strictEqual((await dial({servername: 'v1.api.example', cert: read('alice.pem'), key: read('alice.key')})).cn, 'api');
  assert.strictEqual((await server.event('secureConnection')).authorized, true);
  const psk = await dial({pskCallback: () => ({identity: 'alice', psk: Buffer.from('0102', 'hex')}), ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2'});
  assert.match(psk.cipher, /^PSK/);
  assert.strictEqual(await server.ended, 0);
});

test('tools: a pre-shared key with openssl s_client', async () => {
  for (const [version, ciphers] of [['-tls1_2', 'PSK-AES128-GCM-SHA256'], ['-tls1_3', 'TLS_AES_128_GCM_SHA256']])
    for (const [key, good] of [['0102', true], ['0103', false]]) {
      const server = await serve('--psk', 'alice=0102', '--ciphers', ciphers, '--answer', 'known by its key');
      const client = await shell(`openssl s_client -connect ${server.at} ${version} -psk ${key} -psk_identity alice -quiet ${version === '-tls1_2' ? '-cipher PSK' : ''} </dev/null`);
      assert.strictEqual(client.out.includes('known by its key'), good, `${version} ${key}: ${client.out} ${client.err}`);
      if (!good) assert.match((await server.event('tlsClientError')).code, version === '-tls1_2' ? /BAD_RECORD_MAC|CIPHER_OPERATION_FAILED/ : /BINDER_DOES_NOT_VERIFY/);
      await server.ended;
    }
});

test('tools: renegotiation, and its refusal', async () => {
  for (const flag of ['--count=1', '--disable-renegotiation']) {
    const server = await serve('--max-version', 'TLSv1.2', flag);
    const client = await connect(server.at, ['--json', '--renegotiate', '--no-stdin'].slice(0, flag === '--count=1' ? 2 : 3), 'x');
    const told = client.events().map((e) => e.event);
    assert.strictEqual(told.includes('renegotiated'), flag === '--count=1', client.out.slice(-300));
    await server.ended;
    assert.strictEqual(server.events().some((e) => e.code === 'ERR_TLS_RENEGOTIATION_DISABLED'), flag !== '--count=1');
  }
});

// -- STARTTLS: servers that say their lines, then TLS by node

const dialogues = {
  smtp: [['', '220-hello\r\n220 mail ready\r\n'], ['EHLO localhost\r\n', '250-mail\r\n250-PIPELINING\r\n250 STARTTLS\r\n'], ['STARTTLS\r\n', '220 go\r\n']],
  imap: [['', '* OK ready\r\n'], ['a1 STARTTLS\r\n', '* BYE not yet\r\na1 OK begin\r\n']],
  pop3: [['', '+OK ready\r\n'], ['STLS\r\n', '+OK begin\r\n']],
  xmpp: [['to=\'localhost\'>', '<stream:stream><stream:features><starttls/></stream:features>'], ['<starttls', '<proceed xmlns="x"/>']],
  postgres: [['\0\0\0\x08\x04\xd2\x16\x2f', 'S']],
  ldap: [['1.3.6.1.4.1.1466.20037', Buffer.from('300c02010178070a010004000400', 'hex')]],
  'smtp in few words': [['', '220\r\n'], ['EHLO', '250\r\n'], ['STARTTLS', '220\r\n']],
  'ldap in long lengths': [['1.3.6.1.4.1.1466.20037', Buffer.from('308400000010020101788400000007' + '0a010004000400', 'hex')]],
  'xmpp with white space': [['to=', '<stream:stream><stream:features><starttls/></stream:features>\n'], ['<starttls', '<proceed xmlns="x"/>']],
};

async function upgrading(steps, after = '', cert = 'ecdsa') {
  const server = net.createServer((socket) => {
    let left = steps.slice();
    let seen = '';
    socket.on('error', () => {});
    const next = () => {
      while (left.length > 0 && seen.includes(left[0][0])) {
        seen = seen.slice(seen.indexOf(left[0][0]) + left[0][0].length);
        const last = left.length === 1;
        const said = Buffer.concat([Buffer.from(left[0][1]), Buffer.from(last ? after : '')]);
        left = left.slice(1);
        if (last) {
          socket.removeListener('data', listen);
          const secure = new tls.TLSSocket(socket, {isServer: true, secureContext: tls.createSecureContext({cert: read(`${cert}.pem`), key: read(`${cert}.key`)})});
          secure.on('error', () => {});
          secure.pipe(secure);
        }
        socket.write(said);
      }
    };
    const listen = (chunk) => { seen += chunk.toString('latin1'); next(); };
    socket.on('data', listen);
    next();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

for (const [name, steps] of Object.entries(dialogues)) {
  test(`tools: --starttls ${name}`, async () => {
    const server = await upgrading(steps);
    const client = await connect(`127.0.0.1:${server.address().port}`, ['--starttls', name.split(' ')[0]], 'over tls');
    assert.strictEqual(client.err, '');
    assert.strictEqual(client.out, 'over tls');
    assert.strictEqual(client.code, 0);
    server.close();
  });
}

// Servers that refuse, that are something else, that answer before they are asked, or without end.
const ehlo = (answer) => [['', '220 hi\r\n'], ['EHLO', answer]];
const hostile = [
  ['smtp', ehlo('250 mail\r\n').concat([['STARTTLS', '454 not\x07 now\r\n']]), /refused: "454 not"/],
  ['smtp', [['', '554 go away\r\n']], /refused: "554 go away"/],
  ['smtp', [['', '2200 hi\r\n']], /refused/],
  ['smtp', [['', '220 hi\r\n250 mail\r\n220 go\r\n']], /unexpected plain text/],
  ['smtp', [['', '220-' + 'x'.repeat(20000)]], /answer is too long/],
  ['imap', [['', '* PREAUTH you\r\n']], /refused: "\* PREAUTH you"/],
  ['imap', [['', '* OK hi\r\n'], ['a1', 'a1 BAD no\r\n']], /refused: "a1 BAD no"/],
  ['imap', [['', '* OK hi\r\na1 OK done\r\n']], /unexpected plain text/],
  ['pop3', [['', '+OK hi\r\n'], ['STLS', '-ERR no\r\n']], /refused: "-ERR no"/],
  ['xmpp', [['to=', '<stream:stream><stream:features><mechanisms/></stream:features>']], /refused/],
  ['xmpp', [['to=', '<stream:stream><stream:features/>']], /refused/],
  ['xmpp', [['to=', '<stream:features><starttls/></stream:features>'], ['<starttls', '<failure xmlns="x"/><proceed/>']], /refused/],
  ['postgres', [['\0\0\0\x08', 'N']], /refused: "N"/],
  ['postgres', [['\0\0\0\x08', 'SX']], /unexpected plain text/],
  ['ldap', [['1.3.6', Buffer.from('300c02010178070a013404000400', 'hex')]], /refused/],
  ['ldap', [['1.3.6', Buffer.from('3085ffffffffff', 'hex')]], /refused/],
  ['ldap', [['1.3.6', Buffer.from('3084ffffffff02010178', 'hex')]], /refused/],
  ['ldap', [['1.3.6', Buffer.from('300c02010178090a010004000400', 'hex')]], /refused/],
];
test('tools: --starttls with servers that must be refused', async () => {
  for (const [name, steps, why] of hostile) {
    const server = net.createServer((socket) => {
      const left = steps.slice();
      const next = (seen) => { if (left.length > 0 && seen.includes(left[0][0])) socket.write(left.shift()[1]); };
      socket.on('error', () => {});
      socket.on('data', (chunk) => next(chunk.toString('latin1')));
      next('');
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const client = await connect(`127.0.0.1:${server.address().port}`, ['--starttls', name, '--json'], 'x');
    assert.strictEqual(client.code, 1, `${name} ${client.out}`);
    assert.deepStrictEqual(client.events().map((e) => e.event), ['connect', 'ready', 'error', 'close'], name);
    assert.match(client.events()[2].message, why);
    assert.strictEqual(client.events()[2].code, 'ERR_STARTTLS');
    server.close();
  }
});

test('tools: --starttls with a server whose greeting never ends', async () => {
  for (const [name, line] of [['smtp', '220-more\r\n'], ['imap', '* more\r\n'], ['xmpp', '<a/>\n']]) {
    const server = net.createServer((socket) => {
      const more = () => { while (!socket.destroyed && socket.write(line.repeat(100))); };
      if (name === 'imap') socket.write('* OK hi\r\n');
      socket.on('error', () => {}).on('drain', more).on('data', () => {});
      if (name === 'imap') socket.once('data', more);
      else more();
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const client = await connect(`127.0.0.1:${server.address().port}`, ['--starttls', name], 'x');
    assert.strictEqual(client.code, 1, name);
    assert.match(client.err, /answer is too long/);
    server.close();
  }
});

test('tools: --starttls is asked of the name given, and the host is verified without one', async () => {
  const said = [];
  const server = net.createServer((socket) => { socket.on('error', () => {}).once('data', (chunk) => { said.push(chunk.toString()); socket.end(); }); });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  for (const args of [['--servername', 'it\'s<&.example'], []])
    await start('reprise-connect', [...args, '--starttls', 'xmpp', `127.0.0.1:${server.address().port}`], '').ended;
  server.close();
  assert.match(said[0], /to='it&apos;s&lt;&amp;.example'>$/);
  assert.match(said[1], /to='127.0.0.1'>$/);
  const mail = await upgrading(dialogues.smtp, '', 'wildcard'); // a certificate without 127.0.0.1
  const client = start('reprise-connect', ['--ca', pem('ca.pem'), '--starttls', 'smtp', `127.0.0.1:${mail.address().port}`], 'x');
  assert.strictEqual(await client.ended, 1);
  assert.match(client.err, /ALTNAME_INVALID.*127\.0\.0\.1/);
  mail.close();
});

test('tools: what follows the last word in the clear is an error', async () => {
  const server = await upgrading(dialogues.smtp, '250 injected\r\n');
  const client = await connect(`127.0.0.1:${server.address().port}`, ['--starttls', 'smtp'], 'x');
  assert.strictEqual(client.code, 1);
  assert.match(client.err, /ERR_STARTTLS.*unexpected plain text/);
  server.close();
});

test('tools: a server that does not upgrade is an error', async () => {
  const server = await upgrading([['', '220 hello\r\n'], ['EHLO', '502 no\r\n']]);
  const client = await connect(`127.0.0.1:${server.address().port}`, ['--starttls', 'smtp'], 'x');
  assert.strictEqual(client.code, 1);
  assert.match(client.err, /refused/);
  server.close();
});

// -- in a shell

test('tools: a standard stream that is closed, full or gone', async () => {
  const server = await serve('--count', '6');
  const AT = server.at;
  const line = (redirections) => shell(`echo hi | reprise-connect --ca "$CA" "$AT" ${redirections}`, {AT});
  assert.deepStrictEqual(await line('<&-'), {out: '', err: '', code: 0});
  assert.deepStrictEqual(await line('2>&-'), {out: 'hi\n', err: '', code: 0});
  let result = await line('>&-');
  assert.strictEqual(result.code, 1);
  assert.match(result.err, /standard output: Bad file descriptor/);
  result = await line('>/dev/full');
  assert.strictEqual(result.code, 1);
  assert.match(result.err, /standard output: No space left/);
  result = await line('--json >/dev/full');
  assert.strictEqual(result.code, 1);
  result = await line('</');
  assert.strictEqual(result.code, 1);
  assert.match(result.err, /standard input: Is a directory/);
  assert.strictEqual(await server.ended, 0);
  result = await shell(`reprise-serve --json --cert ${pem('ecdsa.pem')} --key ${pem('ecdsa.key')} 127.0.0.1:0 >/dev/full`);
  assert.strictEqual(result.code, 1);
});

test('tools: a slow reader of a pipe that does not block gets every byte', async () => {
  const dir = scratch();
  const file = path.join(dir, 'much');
  fs.writeFileSync(file, require('crypto').randomBytes(3000000));
  const server = await serve('--answer-file', file);
  const unblock = 'perl -MFcntl -e \'fcntl(STDOUT, F_SETFL, O_NONBLOCK | fcntl(STDOUT, F_GETFL, 0)); exec @ARGV\'';
  const result = await shell(`${unblock} reprise-connect --no-stdin --ca "$CA" "$AT" | head -c 300 | wc -c`, {AT: server.at});
  assert.strictEqual(result.out.trim(), '300'); // and left
  await server.ended;
  const again = await serve('--answer-file', file);
  const all = await shell(`cd ${dir} && { ${unblock} reprise-connect --no-stdin --ca "$CA" "$AT"; echo $? >code; } | { head -c 1000; sleep 0.2; cat; } | cmp - much && cat code`, {AT: again.at});
  assert.strictEqual(all.out, '0\n', all.err);
  assert.strictEqual(await again.ended, 0);
  fs.rmSync(dir, {recursive: true});
});

test('tools: a file goes there and back, and sha-256 is the same', async () => {
  const server = await serve();
  const result = await shell(`f=$(readlink -f "$(command -v reprise-serve)"); reprise-connect --ca "$CA" "$AT" <"$f" | cmp - "$f" && echo same`, {AT: server.at});
  assert.strictEqual(result.out, 'same\n', result.err);
  await server.ended;
});

test('tools: --no-end waits for an answer that comes after the end of the input', async () => {
  const server = await nodeServer({allowHalfOpen: true}, (s) => {
    let ended = false;
    s.on('error', () => {}).on('end', () => { ended = true; s.end(); });
    s.once('data', () => setImmediate(() => setTimeout(() => ended || s.end('answer'), 50)));
  });
  assert.strictEqual((await connect(server.at, ['--no-end'], 'question')).out, 'answer');
  server.close();
});

test('tools: an end that somebody between has made is told as that', async () => {
  const server = await serve();
  const [, host, port] = /(.*):(.*)/.exec(server.at);
  let cut;
  const between = net.createServer((s) => {
    const on = net.connect(port, host);
    s.on('data', (bytes) => on.write(bytes)).on('error', () => {});
    on.on('data', (bytes) => s.write(bytes)).on('error', () => {});
    cut = () => { s.end(); on.end(); };
  });
  await new Promise((done) => between.listen(0, '127.0.0.1', done));
  const client = start('reprise-connect', ['--json', ...trust, '--no-end', `127.0.0.1:${between.address().port}`], 'hello');
  try {
    await client.event('data');
    cut();
    assert.strictEqual((await client.event('end')).truncated, true);
    assert.strictEqual((await server.event('end')).truncated, true);
    await client.ended;
  } finally { between.close(); server.child.kill(); }
  const whole = await serve();
  assert.ok(!(await connect(whole.at, ['--json'], 'hello')).out.includes('truncated'));
  await whole.ended;
  assert.ok(!whole.out.includes('truncated'));
});

test('tools: early data is sent with the first flight, and a flight is taken once', async () => {
  const dir = scratch(), file = path.join(dir, 's'), data = path.join(dir, 'early');
  fs.writeFileSync(data, 'early ');
  const server = await serve('--max-early-data', '100', '--count', '4');
  const ask = async (at, ...more) => {
    const client = await connect(at, [...more, '--early-data', data, '--json'], 'late');
    const said = client.events(), text = said.filter((e) => e.event === 'data').map((e) => Buffer.from(e.data, 'hex')).join('');
    return [client.code, said.find((e) => e.event === 'secureConnect').earlyData, text];
  };
  assert.deepStrictEqual(await ask(server.at, '--session-out', file), [0, undefined, 'early late']); // no session yet: later
  assert.deepStrictEqual(await ask(server.at, '--session', file), [0, 'accepted', 'early late']);
  const flight = await captured(file, data);
  await sent(server.at, flight);
  await sent(server.at, flight);
  assert.strictEqual(await server.ended, 0);
  assert.deepStrictEqual(server.events().filter((e) => e.event === 'earlyData').map((e) => e.accepted), [true, true, false]);
  const other = await serve('--max-early-data', '100'); // can't read the ticket
  assert.deepStrictEqual(await ask(other.at, '--session', file), [0, 'rejected', 'early late']);
  assert.ok(!other.events().some((e) => e.event === 'earlyData'));
  fs.rmSync(dir, {recursive: true});
});

// What reprise-connect sends first: a ClientHello and early data.
async function captured(session, data) {
  const ear = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => ear.once('listening', done));
  const flight = new Promise((done) => ear.once('connection', (socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
        if (bytes[at] === 0x17 && at + 5 + bytes.readUInt16BE(at + 3) <= bytes.length) { socket.destroy(); done(bytes); }
    });
  }));
  await connect(`127.0.0.1:${ear.address().port}`, ['--session', session, '--early-data', data, '--json'], '');
  ear.close();
  return flight;
}

// Until it is answered.
const sent = (at, bytes) => new Promise((done, fail) => {
  const socket = net.connect(Number(at.split(':').pop()), '127.0.0.1', () => socket.write(bytes));
  socket.once('data', () => { socket.destroy(); done(); });
  socket.once('error', fail);
});

test('tools: sessions are kept for their owner only, and what is no session is an error', async () => {
  const dir = scratch();
  const file = path.join(dir, 's');
  const server = await serve('--count', '6');
  let client;
  for (const bytes of ['nonsense', '', '\0nodejs:tls:session:1\0', '\0nodejs:tls:session:1\0\0\x09localhostnonsense']) {
    fs.writeFileSync(file, bytes, {mode: 0o644});
    client = await connect(server.at, ['--session', file, '--session-out', file], 'x');
    assert.strictEqual(client.code, 2);
    assert.match(client.err, /ERR_INVALID_ARG_VALUE.*--session: not a TLS session/);
    assert.strictEqual(fs.readFileSync(file, 'latin1'), bytes);
  }
  client = await connect(server.at, ['--session-out', file, '--json'], 'x');
  assert.strictEqual(client.code, 0, client.err);
  assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600);
  assert.deepStrictEqual(fs.readdirSync(dir), ['s']);
  const told = client.events().filter((e) => e.event === 'session').pop().session;
  assert.ok(fs.readFileSync(file).equals(Buffer.from(told, 'base64')));
  client = await connect(server.at, ['--session', file, '--json'], 'x');
  assert.strictEqual(client.events().find((e) => e.event === 'secureConnect').sessionReused, true);
  client = await connect(server.at, ['--session', file, '--json', '--servername', 'www.example'], 'x');
  assert.strictEqual(client.events().find((e) => e.event === 'secureConnect').sessionReused, false);
  client = await connect(server.at, ['--session-out', path.join(dir, 'no/s')], 'x');
  assert.strictEqual(client.code, 1);
  assert.match(client.err, /No such file/);
  client = await shell(`echo x | reprise-connect --ca "$CA" --session-out /dev/fd/3 "$AT" 3>&1 >/dev/null | wc -c`, {AT: server.at});
  assert.ok(Number(client.out) > 100, client.out + client.err);
  client = await connect(server.at, ['--ca', pem('other-ca.pem'), '--session-out', file], 'x');
  assert.strictEqual(client.err, '', 'both authorities are trusted');
  await server.ended;
  const none = await serve('--no-tickets', '--max-version', 'TLSv1.2', '--secure-options', '0x4000');
  client = await connect(none.at, ['--session-out', path.join(dir, 'none')], 'x');
  assert.strictEqual(client.code, 0);
  await none.ended;
  fs.rmSync(dir, {recursive: true});
});

test('tools: a server that says nothing is given up after --handshake-timeout', async () => {
  const server = net.createServer((s) => s.on('error', () => {}).resume());
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  for (const more of [[], ['--starttls', 'smtp'], ['--starttls', 'postgres']]) {
    const client = await connect(`127.0.0.1:${server.address().port}`, ['--json', '--handshake-timeout', '100', ...more], 'x');
    assert.strictEqual(client.code, 1);
    assert.deepStrictEqual(client.events().map((e) => e.code || e.event), ['connect', 'ready', 'ERR_TLS_HANDSHAKE_TIMEOUT', 'close']);
  }
  server.close();
});

test('tools: --timeout says so in words and as an event, with STARTTLS too', async () => {
  const server = await upgrading(dialogues.smtp);
  const echo = await serve();
  let client = start('reprise-connect', [...trust, '--timeout', '50', echo.at]);
  await until(() => client.err, () => /idle for 50 ms/.test(client.err));
  client.child.stdin.end();
  assert.strictEqual(await client.ended, 0);
  client = start('reprise-connect', [...trust, '--json', '--starttls', 'smtp', '--timeout', '50', `127.0.0.1:${server.address().port}`]);
  await client.event('timeout');
  client.child.stdin.end();
  assert.strictEqual(await client.ended, 0);
  server.close();
});

test('tools: reprise-serve leaves when it is told to, and says what it closed', async () => {
  const dir = scratch();
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const where = path.join(dir, 'socket');
    const server = start('reprise-serve', ['--json', ...ours, where]);
    assert.deepStrictEqual(await server.event('listening'), {event: 'listening', address: where});
    const client = start('reprise-connect', [...trust, '--json', `unix:${where}`]);
    const mute = net.connect(where); // its handshake never ends
    await client.event('secureConnect');
    await until(() => server.out, () => server.events().filter((e) => e.event === 'connection').length === 2);
    await server.event('secureConnection');
    server.child.kill(signal);
    assert.strictEqual(await server.ended, 0, signal);
    assert.ok(server.events().some((e) => e.event === 'close' && e.connection === 1));
    assert.ok(!fs.existsSync(where), 'the socket file is still there');
    await client.ended;
    mute.destroy();
  }
  const server = await serve();
  const other = start('reprise-serve', ['--json', ...ours, server.at], '');
  assert.strictEqual(await other.ended, 1); // in use
  assert.strictEqual(other.events()[0].code, 'EADDRINUSE');
  server.child.kill('SIGTERM');
  await server.ended;
  fs.rmSync(dir, {recursive: true});
});

test('tools: secrets come from files, and go to files that nobody else reads', async () => {
  const dir = scratch();
  const file = (name, text) => { if (text !== undefined) fs.writeFileSync(path.join(dir, name), text); return path.join(dir, name); };
  execFileSync('openssl', ['ec', '-aes256', '-passout', 'pass:open sesame', '-in', pem('ecdsa.key'), '-out', file('key')], {stdio: 'ignore'});
  let server = start('reprise-serve', ['--json', '--count', '1', '--cert', pem('ecdsa.pem'), '--key', file('key'), '--passphrase-file', file('pass', 'open sesame\n'),
    '--keylog-file', file('there'), '127.0.0.1:0']);
  const {port} = await server.event('listening');
  assert.strictEqual((await connect(`127.0.0.1:${port}`, ['--keylog-file', file('here')], 'x')).code, 0);
  await server.ended;
  const lines = (name) => fs.readFileSync(file(name), 'utf8').split('\n').sort().join('\n');
  assert.match(lines('here'), /^CLIENT_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]{64} /m);
  assert.strictEqual(lines('here'), lines('there'));
  assert.strictEqual(fs.statSync(file('here')).mode & 0o777, 0o600);
  assert.doesNotMatch(server.out, /keylog/);
  server = await serve('--psk-file', file('keys', 'bob=0303\n\na=b=0102\n'), '--ciphers', 'PSK:HIGH', '--max-version', 'TLSv1.2');
  const client = await connect(server.at, ['--json', '--psk-file', file('psk', '0102\n'), '--psk-identity', 'a=b', '--ciphers', 'PSK', '--max-version', 'TLSv1.2',
    '--no-check-server-identity'], 'x');
  assert.match(client.events().find((e) => e.event === 'secureConnect').cipher.name, /PSK/);
  await server.ended;
  fs.rmSync(dir, {recursive: true});
});

test('tools: where to and from: flags, paths, IPv6, names', async () => {
  const dir = scratch();
  const listen = async (...args) => {
    const server = start('reprise-serve', ['--json', '--count', '1', ...ours, ...args]);
    server.listening = await server.event('listening');
    return server;
  };
  for (const [there, here] of [
    [['--host', '127.0.0.1', '--port', '0'], (e) => ['--host', 'localhost', '--port', `${e.port}`]],
    [['--port=0'], (e) => ['--family', '4', `localhost:${e.port}`]],
    [['[::1]:0'], (e) => [`[::1]:${e.port}`]],
    [['--ipv6-only', '[::]:0'], (e) => [`[::1]:${e.port}`]],
    [['--path', path.join(dir, 'a')], () => [path.join(dir, 'a')]],
    [['--writable-all', `unix:${path.join(dir, 'b')}`], () => ['--path', path.join(dir, 'b')]],
    [['127.0.0.1:0'], (e) => ['--', `127.0.0.1:${e.port}`]],
  ]) {
    const server = await listen(...there);
    if (there[0] === '--writable-all') assert.strictEqual(fs.statSync(path.join(dir, 'b')).mode & 0o222, 0o222);
    const client = start('reprise-connect', [...trust, ...here(server.listening)], 'hi');
    assert.strictEqual(await client.ended, 0, `${there} ${client.err}`);
    assert.strictEqual(client.out, 'hi');
    assert.strictEqual(await server.ended, 0);
  }
  const server = await listen('127.0.0.1:0');
  const client = await connect(`127.0.0.1:${server.listening.port}`, ['--local-address', '127.0.0.3', '--keep-alive', '--no-delay'], 'x');
  assert.strictEqual(client.code, 0, client.err);
  const {remoteAddress, remoteFamily, remotePort} = await server.event('connection');
  assert.deepStrictEqual([remoteAddress, remoteFamily, typeof remotePort], ['127.0.0.3', 'IPv4', 'number']);
  await server.ended;
  fs.rmSync(dir, {recursive: true});
});

test('tools: a name that is not UTF-8 does not make the line unreadable', async () => {
  const server = await serve();
  await shell('printf x | openssl s_client -connect "$AT" -servername "$(printf \'\\377a\')"', {AT: server.at});
  assert.strictEqual((await server.event('secureConnection')).servername, '\u00ffa');
  await server.ended;
});
