'use strict';
// A log whose reader has stopped loses lines but never blocks the service; lost lines are counted,
// and their number is logged when the reader continues.
const assert = require('assert');
const {execFileSync, spawn} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const {Service, status, test, until} = require('./lib');

const conf = `
workers = 2  state-dir = "@DIR@/state"  run-dir = "@DIR@/run"
log { level = debug  access = on }
admin { listen = "127.0.0.1:@PORT2@" }
certificate "ecdsa" { cert = "@CERTS@/ecdsa.pem"  key = "@CERTS@/ecdsa.key" }
frontend "www" { listen = "127.0.0.1:@PORT@"  certificates = "ecdsa"  backend = "builtin:status" }
`;

// A pipe that is full, and that nobody reads before read().
class StoppedReader {
  constructor() {
    this.path = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'reprise-log-')), 'pipe');
    execFileSync('mkfifo', [this.path]);
    this.fd = fs.openSync(this.path, fs.constants.O_RDWR); // it blocks, and has a reader, as a shell's pipe
    this.own = fs.openSync(this.path, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
    this.fill();
  }

  fill() {
    for (let size = 4096; size > 0; size >>= 1)
      try { for (;;) fs.writeSync(this.own, Buffer.alloc(size, '#')); } catch (e) { assert.strictEqual(e.code, 'EAGAIN'); }
  }

  read() {
    const bytes = Buffer.alloc(1 << 20);
    try { return bytes.toString('latin1', 0, fs.readSync(this.own, bytes)); } catch (e) { assert.strictEqual(e.code, 'EAGAIN'); return ''; }
  }

  close() {
    fs.closeSync(this.fd);
    fs.closeSync(this.own);
    fs.rmSync(path.dirname(this.path), {recursive: true});
  }
}

// The generation logs that it died.
async function killWorker(service) {
  const before = service.workers();
  process.kill(before[0], 'SIGKILL');
  await until('another worker', () => { const now = service.workers(); return now.length === 2 && !now.includes(before[0]); });
}

const lost = (service) => JSON.parse(service.command('status', '--json').out).counters.logLinesLost;

test('a stopped reader of stderr blocks neither start, clients, reload nor stop; lost lines are counted and reported', async () => {
  const reader = new StoppedReader(), service = await Service.start(conf, {stderr: reader.fd});
  for (let i = 0; i < 20; i++) await status(service.port);
  await service.reload();
  for (let i = 0; i < 20; i++) await status(service.port);
  await killWorker(service);
  const counted = await until('lost lines', () => lost(service) >= 40 && lost(service));
  assert.match(service.command('status').out, /log lines lost: \d+/);
  const metrics = await (await fetch(`http://127.0.0.1:${service.ports[2]}/metrics`)).text();
  assert.ok(Number(/^reprise_log_lines_lost_total (\d+)$/m.exec(metrics)[1]) >= counted);
  let said = reader.read();
  const reports = (who, step) => until(`${who} reports`, async () => {
    await step();
    said += reader.read();
    return new RegExp(`${who}\\[\\d+\\]: \\d+ log lines lost: the reader of the log has stopped or is too slow`).test(said);
  });
  await reports('worker \\d+', () => status(service.port));
  await killWorker(service);
  await reports('generation \\d+', () => {});
  await service.reload();
  await reports('master', () => {});
  reader.fill();
  const {code} = await service.stop();
  assert.strictEqual(code, 0);
  reader.close();
});

test('a terminal that is stopped blocks nobody', async () => {
  const service = new Service(conf);
  // script(1) gives it a terminal, and stops reading it when it is stopped itself
  const terminal = spawn('script', ['-qfec', 'exec 3<&0 0</dev/null; echo $$; read -r end <&3', '/dev/null'], {stdio: ['pipe', 'pipe', 'inherit']});
  try {
    let out = '';
    terminal.stdout.on('data', (data) => { out += data; });
    const pid = await until('the terminal', () => /^(\d+)/.exec(out)?.[1]);
    service.stderr = fs.openSync(fs.readlinkSync(`/proc/${pid}/fd/2`), fs.constants.O_WRONLY | fs.constants.O_NOCTTY);
    terminal.kill('SIGSTOP');
    await service.begin();
    for (let i = 0; i < 200 && lost(service) === 0; i++) await status(service.port);
    assert.ok(lost(service) > 0);
    for (let i = 0; i < 5; i++) await status(service.port);
    assert.strictEqual((await service.stop()).code, 0);
  } finally {
    terminal.kill('SIGKILL');
  }
});
