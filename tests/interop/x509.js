'use strict';
// x509.js - compare rp_x509 with node's X509Certificate on odd certificates, property by property.
// usage: node tests/interop/x509.js [BUILD_DIR] [MUTATIONS]     (from the top of the tree)
// Certificates: the goldens, keys of all kinds made with openssl, hand-written DER with whatever no
// CA would sign, and seeded mutations of all of these.
// MADE=1: the program of ours is there and up to date.
//        node tests/interop/x509.js --golden   writes the odd ones, with node's answers, anew to
// tests/goldens/x509odd.json, and as seeds to tests/fuzz/corpus/x509.
const {execFileSync} = require('child_process');
const crypto = require('crypto');
const tls = require('tls');
const fs = require('fs');
const os = require('os');
const path = require('path');

const golden = process.argv[2] === '--golden';
const build = golden ? '' : process.argv[2] || 'build/release';
const mutations = Number(process.argv[3] || 3000);
const top = path.join(__dirname, '../..');
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'x509-interop-'));
process.on('exit', () => fs.rmSync(dir, {recursive: true}));

// -- DER, as wrong as one likes
const tlv = (tag, ...parts) => {
  const body = Buffer.concat(parts.map((p) => Buffer.from(p)));
  const n = body.length;
  const len = n < 128 ? [n] : n < 256 ? [0x81, n] : n < 65536 ? [0x82, n >> 8, n & 255] :
    [0x83, n >> 16, n >> 8 & 255, n & 255];
  return Buffer.concat([Buffer.from([tag, ...len]), body]);
};
const seq = (...p) => tlv(0x30, ...p);
const oid = (text) => {
  const [a, b, ...rest] = text.split('.').map(BigInt);
  const bytes = [];
  for (let arc of [a * 40n + b, ...rest]) {
    const groups = [Number(arc & 127n)];
    while ((arc >>= 7n)) groups.unshift(Number(arc & 127n) | 128);
    bytes.push(...groups);
  }
  return tlv(6, bytes);
};
const utf8 = (s) => tlv(12, s);
const printable = (s) => tlv(19, s);
const t61 = (s) => tlv(20, Buffer.from(s, 'latin1'));
const ia5 = (s) => tlv(22, Buffer.from(s, 'latin1'));
const bmp = (s) => tlv(30, Buffer.from(s, 'utf16le').swap16());
const universal = (...points) => tlv(28, ...points.map((p) => [p >>> 24, p >> 16 & 255, p >> 8 & 255, p & 255]));
const CN = '2.5.4.3', O = '2.5.4.10', OU = '2.5.4.11';
const rdn = (...pairs) => tlv(0x31, ...pairs.map(([type, value]) => seq(oid(type), value)));
const name = (...pairs) => seq(...pairs.map((p) => rdn(p)));
const ext = (type, value, critical) => seq(oid(type), ...(critical ? [[1, 1, 255]] : []), tlv(4, value));
const san = (...names) => ext('2.5.29.17', seq(...names));
const gn = (n, ...value) => tlv(0x80 | n, ...value);
const dirName = (n) => tlv(0xa4, n);
const otherName = (type, value) => tlv(0xa0, oid(type), tlv(0xa0, value));
const aia = (...list) => ext('1.3.6.1.5.5.7.1.1', seq(...list.map(([m, g]) => seq(oid(m), g))));
const eku = (...list) => ext('2.5.29.37', seq(...list.map(oid)));
const OCSP = '1.3.6.1.5.5.7.48.1', ISSUERS = '1.3.6.1.5.5.7.48.2';
const UPN = '1.3.6.1.4.1.311.20.2.3', SRV = '1.3.6.1.5.5.7.8.7', SMTP = '1.3.6.1.5.5.7.8.9', XMPP = '1.3.6.1.5.5.7.8.5', NAI = '1.3.6.1.5.5.7.8.8';
const spkiOf = (key) => key.export({type: 'spki', format: 'der'});
const p256 = spkiOf(crypto.generateKeyPairSync('ec', {namedCurve: 'P-256'}).publicKey);
const utc = (s) => tlv(23, s), generalized = (s) => tlv(24, s);
const algorithm = seq(oid('1.2.840.10045.4.3.2'));
const certificate = (o = {}) => seq(
  seq(...(o.version === undefined ? [tlv(0xa0, [2, 1, 2])] : o.version),
    o.serial || tlv(2, [1]), algorithm, o.issuer || name([CN, utf8('issuer')]),
    seq(o.from || utc('250101000000Z'), o.to || utc('350101000000Z')),
    o.subject || name([CN, utf8('subject')]), o.spki || p256,
    ...(o.exts ? [tlv(0xa3, seq(...o.exts))] : [])),
  algorithm, tlv(3, [0], seq(tlv(2, [1]), tlv(2, [1]))));

const odd = {
  'no extensions': {},
  'version 1': {version: []},
  'empty names': {subject: name(), issuer: name()},
  'embedded NULs': {subject: name([CN, utf8('good\0evil')], [O, bmp('a\0b')]), exts: [san(gn(2, 'good.example\0.evil.example'), gn(1, 'a\0@b'), gn(6, 'http://a\0b/'))]},
  'not UTF-8 in UTF8String': {subject: name([CN, tlv(12, [0xff, 0x41])])},
  'overlong UTF-8': {subject: name([CN, tlv(12, [0xc0, 0xaf])])},
  'surrogate in UTF8String': {subject: name([CN, tlv(12, [0xed, 0xa0, 0x80])])},
  'beyond Unicode': {subject: name([CN, tlv(12, [0xf4, 0x90, 0x80, 0x80])])},
  'five bytes of UTF-8': {subject: name([CN, tlv(12, [0xf8, 0x88, 0x80, 0x80, 0x80])])},
  'cut UTF-8': {issuer: name([CN, tlv(12, [0xc3])])},
  'BMPString': {subject: name([CN, bmp('ünï €')], [OU, bmp('plain')])},
  'BMPString of odd length': {subject: name([CN, tlv(30, [0, 65, 0])])},
  'BMPString with surrogates': {subject: name([CN, bmp('a😀b')])},
  'UniversalString': {subject: name([CN, universal(0x41, 0x1f600)])},
  'UniversalString out of range': {subject: name([CN, universal(0x7fffffff)])},
  'UniversalString beyond Unicode': {subject: name([CN, universal(0x110000)])},
  'T61 and Latin-1': {subject: name([CN, t61('\xfcn\xef')], [O, printable('pr*nt@ble')], [OU, ia5('\xe9')])},
  'value of another type': {subject: name([CN, tlv(2, [5])])},
  'unreadable issuer': {issuer: name([CN, tlv(3, [0, 65])])},
  'value is a sequence': {subject: name([CN, seq(utf8('x'))])},
  'value is a BIT STRING': {subject: name([CN, tlv(3, [0, 65])])},
  'value is an OCTET STRING': {subject: name([CN, tlv(4, [65, 255])])},
  'values of every type': {subject: name(...[18, 19, 20, 21, 22, 25, 26, 27].map((t) => [OU, tlv(t, [0x61, 0xe9, 0x22])]))},
  'unknown attribute types': {subject: name(['1.2.3.4.5', utf8('x')], ['2.5.4.99999', utf8('y')], ['1.2.3.4.5', utf8('z')])},
  'very long OID': {subject: name(['1.2.' + Array(40).fill('123456').join('.'), utf8('x')]), exts: [eku('1.2.' + Array(90).fill('1234567').join('.')), san(gn(8, oid('1.2.' + Array(60).fill('1234567890').join('.')).subarray(3)))]},
  'huge arc': {subject: name(['2.123456789012345678901234567890', utf8('x')]), exts: [eku('2.99999999999999999999999')]},
  'repeated attributes': {subject: name([OU, utf8('a')], [CN, utf8('x')], [OU, utf8('b')], [CN, utf8('y')], [OU, utf8('c')])},
  'multi-valued RDN': {subject: seq(rdn([CN, utf8('a')], [OU, utf8('b')]), rdn([O, utf8('c')]))},
  'specials in names': {subject: name([CN, utf8('a,b+c"d\\e<f>g;h\'i')], [O, utf8(' lead')], [OU, utf8('#hash ')], [CN, utf8('line\nbreak\r\ttab\x7f')], [O, utf8('')])},
  'separators in names': {subject: name([CN, utf8('x\nO=evil')], [O, utf8('x/CN=evil')])},
  'all attribute names': {subject: name(...Array.from({length: 60}, (_, i) => [`2.5.4.${i}`, utf8(String(i))]), ['1.2.840.113549.1.9.1', ia5('a@b')], ['0.9.2342.19200300.100.1.25', ia5('dc')], ['0.9.2342.19200300.100.1.1', utf8('uid')])},
  'serial zero': {serial: tlv(2, [0])}, 'serial empty': {serial: tlv(2, [])},
  'serial negative': {serial: tlv(2, [0x80])}, 'serial minus one': {serial: tlv(2, [0xff])},
  'serial huge': {serial: tlv(2, Buffer.alloc(200, 0x7f))}, 'serial huge negative': {serial: tlv(2, Buffer.alloc(64, 0x80))},
  'serial padded': {serial: tlv(2, [0, 0, 0, 5])}, 'serial ff': {serial: tlv(2, [0, 0xff])},
  'times': {from: generalized('19490101000000Z'), to: generalized('99991231235959Z')},
  'time before 1950': {from: utc('500101000000Z'), to: utc('491231235959Z')},
  'time with fractions': {from: generalized('20250101000000.12345Z')},
  'time with offset': {from: utc('2501010000+0100'), to: generalized('20350101000000+0000')},
  'time that is none': {from: utc('garbage'), to: utc('259999999999Z')},
  'time without seconds': {from: utc('2501010000Z')},
  'time in a leap second': {from: utc('161231235960Z')},
  'single day': {from: utc('250209090909Z'), to: utc('251110101010Z')},
  'every general name': {exts: [san(gn(2, 'dns'), gn(1, 'e@mail'), gn(6, 'uri:x'), gn(7, [1, 2, 3, 4]), gn(7, Buffer.alloc(16, 0xab)), gn(8, [42, 3]), dirName(name([CN, utf8('d')])), otherName(UPN, utf8('u')), tlv(0xa3, oid('1.2.3')), tlv(0xa5, tlv(0xa1, utf8('p'))))]},
  'IP lengths': {exts: [san(...[0, 1, 3, 4, 5, 8, 15, 16, 17, 32].map((n) => gn(7, Buffer.alloc(n, n))))]},
  'IPv6 forms': {exts: [san(gn(7, Buffer.alloc(16)), gn(7, Buffer.from('00000000000000000000ffff01020304', 'hex')), gn(7, Buffer.from('20010db8000000000001000000000abc', 'hex')))]},
  'Latin-1 in DNS': {exts: [san(gn(2, [0xe4, 0x2e, 0x63]), gn(1, [0xff, 0x40]), gn(6, [0x80]), gn(2, [0x7f]))]},
  'every byte in DNS': {exts: [san(...Array.from({length: 256}, (_, i) => gn(2, [0x61, i, 0x62])))]},
  'every byte in otherName': {exts: [san(...Array.from({length: 256}, (_, i) => otherName(UPN, tlv(12, [0x61, i, 0x62]))))]},
  'escapes': {exts: [san(gn(2, 'a", DNS:evil'), gn(2, '\\u002c'), gn(2, 'a\\'), gn(2, '\''), gn(2, ''), gn(2, 'a b'), gn(6, 'http://x/?a=1,2'))]},
  'otherNames': {exts: [san(otherName(UPN, utf8('ü, "x"')), otherName(SRV, ia5('_x.\xe4')), otherName(SMTP, utf8('ü@x')), otherName(XMPP, utf8('x')), otherName(NAI, utf8('r')), otherName(UPN, ia5('wrong type')), otherName(SRV, utf8('wrong type')), otherName('1.2.3', utf8('?')), otherName(UPN, tlv(12, [0xff, 0x2c, 0xc3])), otherName(UPN, tlv(1, [255])), otherName(UPN, seq()))]},
  'directory names': {exts: [san(dirName(name([CN, utf8('a,b')], [O, utf8('c+d')])), dirName(name()), dirName(name([CN, bmp('€')])), dirName(name([CN, utf8('x\0y\n')])), dirName(seq(rdn([CN, utf8('m')], [OU, utf8('n')]))), dirName(name(['1.2.3', utf8('unknown')], [CN, seq()])))]},
  'unreadable directory name': {exts: [san(gn(2, 'ok'), dirName(name([CN, tlv(12, [0xff])])))]},
  'DirName of odd BMP': {exts: [san(dirName(name([CN, tlv(30, [1])])))]},
  'empty SAN': {exts: [san()]}, 'SAN is garbage': {exts: [ext('2.5.29.17', [1, 2, 3])]},
  'SAN with trailing bytes': {exts: [ext('2.5.29.17', Buffer.concat([seq(gn(2, 'a')), Buffer.from([0])]))]},
  'SAN twice': {exts: [san(gn(2, 'first')), san(gn(2, 'second'))]},
  'SAN of unknown kind': {exts: [ext('2.5.29.17', seq(tlv(0x89, 'x')))]},
  'infoAccess': {exts: [aia([OCSP, gn(6, 'http://a')], [ISSUERS, gn(6, 'http://b:80/?c=d:e')], [OCSP, gn(6, 'http://c')], ['1.2.3.4', gn(2, 'd')], [OCSP, dirName(name([CN, utf8('x, ü')]))], [OCSP, otherName(UPN, utf8('a:b'))], [OCSP, gn(7, [1, 2, 3, 4])], [OCSP, gn(7, [1])], [OCSP, tlv(0xa3, [])])]},
  'infoAccess with breaks': {exts: [aia([OCSP, gn(6, 'http://a\nOCSP - URI:http://evil')], [OCSP, gn(6, '"quoted"')], [OCSP, gn(6, '\xe9')], [OCSP, otherName(UPN, tlv(12, [0xff, 0x22]))], [OCSP, gn(6, '')])]},
  'infoAccess of long methods': {exts: [aia(['1.2.' + Array(40).fill('123456').join('.'), gn(6, 'x')], ['2.5.29.17', gn(6, 'known oid')])]},
  'empty infoAccess': {exts: [aia()]}, 'infoAccess is garbage': {exts: [ext('1.3.6.1.5.5.7.1.1', [5])]},
  'infoAccess twice': {exts: [aia([OCSP, gn(6, 'a')]), aia([OCSP, gn(6, 'b')])]},
  'key usages': {exts: [eku('1.3.6.1.5.5.7.3.1', '2.5.29.37.0', '1.2.3')]}, 'no key usage': {exts: [eku()]},
  'key usage twice': {exts: [eku('1.2.3'), eku('1.2.4')]}, 'key usage is garbage': {exts: [ext('2.5.29.37', [9])]},
  'CA': {exts: [ext('2.5.29.19', seq([1, 1, 255]))]}, 'CA is garbage': {exts: [ext('2.5.29.19', [1])]},
  'CA without the right to sign': {exts: [ext('2.5.29.19', seq([1, 1, 255])), ext('2.5.29.15', tlv(3, [7, 0x80]))]},
  'version 1 self-issued': {version: [], issuer: name([CN, utf8('me')]), subject: name([CN, utf8('me')])},
  'self-issued': {issuer: name([CN, utf8('me')]), subject: name([CN, utf8('me')])},
  'netscape type': {exts: [ext('2.16.840.1.113730.1.1', tlv(3, [2, 4]))]},
  'unknown key algorithm': {spki: seq(seq(oid('1.2.3.4')), tlv(3, [0, 1, 2, 3]))},
  'broken RSA key': {spki: seq(seq(oid('1.2.840.113549.1.1.1'), [5, 0]), tlv(3, [0, 1]))},
  'broken EC point': {spki: seq(seq(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), tlv(3, [0, 4, 1, 1]))},
  'EC point at infinity': {spki: seq(seq(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), tlv(3, [0, 0]))},
  'unknown curve': {spki: seq(seq(oid('1.2.840.10045.2.1'), oid('1.2.3.4')), tlv(3, [0, 4, 1, 1]))},
  'tiny RSA': {spki: seq(seq(oid('1.2.840.113549.1.1.1'), [5, 0]), tlv(3, [0], seq(tlv(2, [0x0f, 0xff]), tlv(2, [3]))))},
  'RSA without NULL': {spki: seq(seq(oid('1.2.840.113549.1.1.1')), tlv(3, [0], seq(tlv(2, Buffer.concat([Buffer.from([0]), Buffer.alloc(128, 0xc1)])), tlv(2, [1, 0, 1]))))},
  'RSA of zero': {spki: seq(seq(oid('1.2.840.113549.1.1.1'), [5, 0]), tlv(3, [0], seq(tlv(2, [0]), tlv(2, [0]))))},
  'negative RSA': {spki: seq(seq(oid('1.2.840.113549.1.1.1'), [5, 0]), tlv(3, [0], seq(tlv(2, [0x81, 1]), tlv(2, [0x83]))))},
  'many attributes': {subject: name(...Array.from({length: 40}, (_, i) => [i % 2 ? OU : `1.2.${i}`, utf8(String(i))]))},
  'thousands of attributes': {subject: name(...Array.from({length: 3000}, (_, i) => [i % 2 ? OU : `1.2.${i}`, utf8(String(i))]))},
};

// node asserts when asked for the details of such a key, or of a mutated one
const aborting = new Set(['EC point at infinity', 'key dsa']);

const files = [];
const write = (label, bytes) => {
  const file = path.join(dir, `${files.length}`);
  fs.writeFileSync(file, bytes);
  files.push({label, file, bytes});
};
for (const file of fs.readdirSync(path.join(top, 'tests/goldens/certs')).filter((f) => f.endsWith('.crt')))
  write(file, fs.readFileSync(path.join(top, 'tests/goldens/certs', file)));
for (const [label, options] of Object.entries(odd)) write(label, certificate(options));

// -- keys of all kinds, in certificates that openssl signs (not SM2: node aborts on one)
const openssl = (...args) => execFileSync('openssl', args, {cwd: dir, stdio: ['ignore', 'pipe', 'ignore']});
const keys = {
  rsa1024: ['RSA', 'rsa_keygen_bits:1024'], rsa2041: ['RSA', 'rsa_keygen_bits:2041'], rsa2044: ['RSA', 'rsa_keygen_bits:2044'],
  rsaE3: ['RSA', 'rsa_keygen_bits:1024', 'rsa_keygen_pubexp:3'],
  rsaE62: ['RSA', 'rsa_keygen_bits:2048', 'rsa_keygen_pubexp:3458764513820540929'],
  pss: ['RSA-PSS', 'rsa_keygen_bits:1024'],
  pss256: ['RSA-PSS', 'rsa_keygen_bits:1024', 'rsa_pss_keygen_md:sha256'],
  pssMixed: ['RSA-PSS', 'rsa_keygen_bits:1536', 'rsa_pss_keygen_md:sha512', 'rsa_pss_keygen_mgf1_md:sha256', 'rsa_pss_keygen_saltlen:17'],
  pssSha1: ['RSA-PSS', 'rsa_keygen_bits:1024', 'rsa_pss_keygen_md:sha1', 'rsa_pss_keygen_mgf1_md:sha1', 'rsa_pss_keygen_saltlen:20'],
  ed25519: ['ED25519'], ed448: ['ED448'],
  explicit: ['EC', 'ec_paramgen_curve:P-256', 'ec_param_enc:explicit'],
};
for (const curve of ['P-224', 'P-256', 'P-384', 'P-521', 'secp256k1', 'brainpoolP256r1', 'sect283r1', 'prime192v1', 'secp112r1', 'wap-wsg-idm-ecid-wtls9'])
  keys[curve] = ['EC', `ec_paramgen_curve:${curve}`, 'ec_param_enc:named_curve'];
for (const [label, [type, ...options]] of Object.entries(keys)) {
  try {
    openssl('genpkey', '-algorithm', type, ...options.flatMap((o) => ['-pkeyopt', o]), '-out', 'key');
    openssl('req', '-x509', '-key', 'key', '-subj', `/CN=${label}`, '-days', '1000', '-out', 'crt');
  } catch {
    continue; // a kind this build of openssl does not make
  }
  write('key ' + label, fs.readFileSync(path.join(dir, 'crt')));
}
for (const form of ['compressed', 'hybrid']) { // openssl only writes uncompressed points
  const ecdh = crypto.createECDH('prime256v1');
  ecdh.generateKeys();
  write(form, certificate({spki: seq(p256.subarray(2, 23), tlv(3, [0], ecdh.getPublicKey(null, form)))}));
}
const ca = crypto.generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey;
for (const [type, options] of [['dsa', {modulusLength: 1024, divisorLength: 160}], ['x25519', {}], ['x448', {}], ['dh', {group: 'modp14'}]])
  write('key ' + type, certificate({spki: spkiOf(crypto.generateKeyPairSync(type, options).publicKey)}));

// -- what was odd so far, as goldens
if (golden) {
  const hex = (v) => Buffer.isBuffer(v) ? v.toString('hex') : Array.isArray(v) ? v.map(hex) :
    v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, hex(w)])) : v;
  const corpus = path.join(top, 'tests/fuzz/corpus/x509');
  fs.mkdirSync(corpus, {recursive: true});
  const rows = [];
  for (const {label, file} of files.filter((f) => !/\.crt$|thousands/.test(f.label))) {
    let x;
    try {
      x = new crypto.X509Certificate(fs.readFileSync(file));
    } catch {
      continue;
    }
    rows.push({label, der: x.raw.toString('hex'), subject: x.subject ?? null, issuer: x.issuer ?? null,
      infoAccess: x.infoAccess ?? null, legacy: JSON.stringify(hex(x.toLegacyObject()))});
    fs.writeFileSync(path.join(corpus, label.replace(/[^A-Za-z0-9]+/g, '-')), x.raw);
  }
  fs.writeFileSync(path.join(top, 'tests/goldens/x509odd.json'), JSON.stringify(rows, null, 1) + '\n');
  console.log(`${rows.length} written`);
  process.exit();
}

// -- other forms of the input
const pem = fs.readFileSync(files[0].file, 'utf8');
const raw = new crypto.X509Certificate(pem).raw;
write('empty', ''); write('garbage', 'garbage'); write('one zero', Buffer.from([0]));
write('DER with trailing bytes', Buffer.concat([raw, Buffer.from('trailing')]));
write('DER cut', raw.subarray(0, 100));
write('PEM after text', 'some text\n' + pem); write('PEM twice', fs.readFileSync(files[1].file, 'utf8') + pem);
write('PEM CRLF', pem.replace(/\n/g, '\r\n')); write('PEM cut', pem.slice(0, 200));
write('PEM bad base64', pem.replace(/\nMII/, '\n*II')); write('PEM bad DER', pem.replace(/\nMII/, '\nAAA'));
write('PEM of a key', ca.export({type: 'pkcs8', format: 'pem'}));
write('PEM encrypted header', pem.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n'));
write('X509 CERTIFICATE', pem.replace(/CERTIFICATE/g, 'X509 CERTIFICATE'));
write('TRUSTED CERTIFICATE', pem.replace(/CERTIFICATE/g, 'TRUSTED CERTIFICATE'));

// -- mutations: bytes changed, with a generator that repeats itself
let state = 0x2545f491;
const random = (n) => {
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % n;
};
const sources = files.map((f) => {
  try {
    return aborting.has(f.label) ? null : new crypto.X509Certificate(fs.readFileSync(f.file)).raw;
  } catch {
    return null;
  }
}).filter(Boolean);
for (let i = 0; i < mutations; i++) {
  const bytes = Buffer.from(sources[random(sources.length)]);
  for (let n = 1 + random(3); n > 0; n--) bytes[random(bytes.length)] = random(2) ? random(256) : bytes[random(bytes.length)];
  write(`mutation ${i}`, bytes);
}

// -- node's answers
const names = ['localhost', 'www.example.com', 'a.b.wild.example.com', 'x.wild.example.com', '.example.com', 'foo.part.example.com',
  'first.example.com', 'q.third.example.com', 'evil', 'subject', 'dns', 'e@mail', 'user@example.com', 'USER@EXAMPLE.COM', '127.0.0.1', '::1', '1.2.3.4', '2001:db8::1234', '999.1.1.1', '', '.', 'a', 'fe80::1%eth0', '2001:db8::1234%eth0', 'xn--a.wild.example.com', 'localhost.'];
const attempt = (fn) => {
  try {
    return fn();
  } catch (e) {
    return {error: e};
  }
};
const details = (key) => {
  if (!key || key.error) return undefined;
  const d = key.asymmetricKeyDetails || {};
  const type = key.asymmetricKeyType;
  return {
    type: type || null, divisorBits: d.divisorLength || 0,
    ...(type === 'rsa' || type === 'rsa-pss' || type === 'dsa' ? {bits: d.modulusLength} : {}),
    exponent: d.publicExponent === undefined ? null : String(d.publicExponent), namedCurve: d.namedCurve === 'UNDEF' ? null : d.namedCurve || null, // a curve without a name
    hashAlgorithm: d.hashAlgorithm || null, mgf1HashAlgorithm: d.mgf1HashAlgorithm || null, saltLength: d.saltLength || 0,
    spki: attempt(() => key.export({type: 'spki', format: 'der'}).toString('hex')),
  };
};
const ask = (x, label) => {
  const o = {};
  for (const p of ['subject', 'issuer', 'subjectAltName', 'infoAccess', 'validFrom', 'validTo', 'fingerprint', 'fingerprint256', 'fingerprint512', 'serialNumber'])
    o[p] = x[p] ?? null;
  o.pem = x.toString(); o.ca = x.ca; o.issuedItself = x.checkIssued(x);
  if (x.keyUsage) o.keyUsage = x.keyUsage;
  if (label !== 'EC point at infinity') o.publicKey = details(attempt(() => x.publicKey));
  return o;
};
const text = (r) => r === undefined ? null : r.error ? r.error.message : r;
// F: ours is as long as an error has room, and tame where a common name is not. What has names that
// cannot be read is for nobody with us; node goes by the common name then.
const unreadable = new Set(['DirName of odd BMP', 'SAN is garbage', 'SAN of unknown kind', 'unreadable directory name', 'value is a BIT STRING', 'value is a sequence']);
const asAnError = (said) => {
  const bytes = Buffer.from(said);
  if (bytes.length < 2048) return said;
  let end = 2044;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end)}...`;
};
const identity = (n, x, label) => {
  if (unreadable.has(label)) return 'Invalid subject alternative name string';
  const refusal = attempt(() => tls.checkServerIdentity(n, x.toLegacyObject()));
  const said = refusal ? (refusal.error || refusal).message : '';
  return asAnError(said.replace(/[\x00-\x1f\x7f]/g, '?'));
};
const checks = (x, n, label) => [
  ...[{}, {subject: 'always'}, {subject: 'never'}, {wildcards: false}, {partialWildcards: false}, {multiLabelWildcards: true}, {singleLabelSubdomains: true}]
    .map((o) => text(attempt(() => x.checkHost(n, o)))),
  attempt(() => x.checkEmail(n)) === n, attempt(() => x.checkIP(n)) === n,
  text((attempt(() => x.checkIP(n)) || {}).error ? attempt(() => x.checkIP(n)) : ''), identity(n, x, label)];

const dumper = path.join(build, 'tests/interop/x509_dump');
if (!process.env.MADE) execFileSync('make', ['-s', `MODE=${path.basename(build)}`, dumper], {cwd: top, stdio: 'inherit'});
const ours = execFileSync(path.join(top, dumper), names, {input: files.map((f) => f.file + '\n').join(''), maxBuffer: 1 << 30})
  .toString().trim().split('\n').map((l) => JSON.parse(l));

let failed = 0, compared = 0, parsed = 0;
const same = (label, what, a, b) => {
  compared++;
  if (JSON.stringify(a) === JSON.stringify(b)) return;
  if (++failed <= 40) console.log(`${label}: ${what}\n  node: ${JSON.stringify(a)}\n  ours: ${JSON.stringify(b)}`);
};
files.forEach(({label, file}, i) => {
  const bytes = fs.readFileSync(file), mine = ours[i];
  const x = attempt(() => new crypto.X509Certificate(bytes));
  if (x.error) {
    same(label, 'error', {code: x.error.code, message: x.error.message, library: x.error.library, reason: x.error.reason}, mine.error);
    return;
  }
  if (!mine.x509) return same(label, 'parsed', true, mine);
  parsed++;
  const node = ask(x, label);
  for (const key of Object.keys(node)) {
    if (key !== 'publicKey') {
      same(label, key, node[key], mine.x509[key]);
    } else if (node.publicKey) {
      for (const k of Object.keys(node.publicKey))
        if (k !== 'spki' || !label.startsWith('mutation')) // ours are as in the certificate
          same(label, 'publicKey.' + k, node.publicKey[k], mine.x509.publicKey[k]);
    } else {
      same(label, 'publicKey.type', null, mine.x509.publicKey.type);
    }
  }
  same(label, 'keyUsage', node.keyUsage, mine.x509.keyUsage);
  same(label, 'toLegacyObject', JSON.stringify(x.toLegacyObject()), mine.legacy);
  if (!label.startsWith('mutation'))
    for (const n of names) same(label, `checks ${n}`, checks(x, n, label), mine.checks[n]);
});
console.log(`${files.length} inputs, ${parsed} certificates, ${compared} comparisons, ${failed} differences`);
process.exitCode = failed ? 1 : 0;
