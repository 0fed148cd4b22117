'use strict';
// reprise-connect and reprise-serve: with each other, with node, with servers that upgrade.
const assert = require('assert');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const tls = require('tls');
const {spawn} = require('child_process');
const {certs, test, until} = require('./lib');

const top = path.join(__dirname, '../..');
const build = path.dirname(path.resolve(top, process.env.REPRISE || 'build/release/reprise'));
const pem = (name) => path.join(certs, name);
const read = (name) => fs.readFileSync(pem(name));
const ours = ['--cert', pem('ecdsa.pem'), '--key', pem('ecdsa.key')];
const trust = ['--ca', pem('ca.pem'), '--servername', 'localhost'];

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
  assert.deepStrictEqual(client.events().filter((e) => e.event !== 'session').map((e) => e.event),
    ['connect', 'secureConnect', 'data', 'end', 'close']);
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
  for (const [args, why] of [[['--nonsense'], /no --nonsense/], [['--timeout', 'x', 'a:1'], /not a number/],
    [['a:1', 'b:1'], /too many/], [[], /where to/], [['nowhere'], /not HOST:PORT/], [['--ca', '/nonexistent', 'a:1'], /No such file/],
    [['--json=maybe', 'a:1'], /on or off/], [['--psk', 'xyz', 'a:1'], /hexadecimal/], [['--servername'], /needs a value/]]) {
    const tool = start('reprise-connect', args, '');
    assert.strictEqual(await tool.ended, 2, args.join(' '));
    assert.match(tool.err, why);
  }
  for (const name of ['reprise-connect', 'reprise-serve']) {
    const tool = start(name, ['--help'], '');
    assert.strictEqual(await tool.ended, 0);
    assert.match(tool.out, /--alpn-protocols/);
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
  ['smtp', ehlo('250 mail\r\n').concat([['STARTTLS', '454 not\x07 now\r\n']]), /does not agree: "454 not"/],
  ['smtp', [['', '554 go away\r\n']], /does not agree: "554 go away"/],
  ['smtp', [['', '2200 hi\r\n']], /does not agree/],
  ['smtp', [['', '220 hi\r\n250 mail\r\n220 go\r\n']], /in the clear/],
  ['smtp', [['', '220-' + 'x'.repeat(20000)]], /does not end/],
  ['imap', [['', '* PREAUTH you\r\n']], /does not agree: "\* PREAUTH you"/],
  ['imap', [['', '* OK hi\r\n'], ['a1', 'a1 BAD no\r\n']], /does not agree: "a1 BAD no"/],
  ['imap', [['', '* OK hi\r\na1 OK done\r\n']], /in the clear/],
  ['pop3', [['', '+OK hi\r\n'], ['STLS', '-ERR no\r\n']], /does not agree: "-ERR no"/],
  ['xmpp', [['to=', '<stream:stream><stream:features><mechanisms/></stream:features>']], /does not agree/],
  ['xmpp', [['to=', '<stream:stream><stream:features/>']], /does not agree/],
  ['xmpp', [['to=', '<stream:features><starttls/></stream:features>'], ['<starttls', '<failure xmlns="x"/><proceed/>']], /does not agree/],
  ['postgres', [['\0\0\0\x08', 'N']], /does not agree: "N"/],
  ['postgres', [['\0\0\0\x08', 'SX']], /in the clear/],
  ['ldap', [['1.3.6', Buffer.from('300c02010178070a013404000400', 'hex')]], /does not agree/],
  ['ldap', [['1.3.6', Buffer.from('3085ffffffffff', 'hex')]], /does not agree/],
  ['ldap', [['1.3.6', Buffer.from('3084ffffffff02010178', 'hex')]], /does not agree/],
  ['ldap', [['1.3.6', Buffer.from('300c02010178090a010004000400', 'hex')]], /does not agree/],
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
    assert.deepStrictEqual(client.events().map((e) => e.event), ['error', 'close'], name);
    assert.match(client.events()[0].message, why);
    assert.strictEqual(client.events()[0].code, 'ERR_STARTTLS');
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
    assert.match(client.err, /does not end/);
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
  assert.match(client.err, /ERR_STARTTLS.*in the clear/);
  server.close();
});

test('tools: a server that does not upgrade is an error', async () => {
  const server = await upgrading([['', '220 hello\r\n'], ['EHLO', '502 no\r\n']]);
  const client = await connect(`127.0.0.1:${server.address().port}`, ['--starttls', 'smtp'], 'x');
  assert.strictEqual(client.code, 1);
  assert.match(client.err, /does not agree/);
  assert.match((await connect('127.0.0.1:1', ['--starttls', 'telnet'], '')).err, /--starttls knows/);
  server.close();
});
