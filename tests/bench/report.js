// report.js - what `make bench` found: a table, JSON, markdown, and a chart.
'use strict';
const fs = require('fs');

const cell = (value, digits) => (value == null || Number.isNaN(value) ? '-' : value.toFixed(digits));
const line = (name, cells) => console.log(name.padEnd(28) + cells.map((c) => String(c).padStart(9)).join(''));

// The best of the peers that the goals are about.
const GOAL_PEERS = ['nginx', 'haproxy', 'hitch'];
const best = (cpu) => {
    const all = GOAL_PEERS.map((n) => cpu[n]).filter((v) => v > 0);
    return all.length ? Math.min(...all) : NaN;
};

function progress(row, names, seconds) {
    line(row.name, [...names.map((n) => `${n} ${cell(row.cpu[n], 0)}`.padStart(13)),
        `  ratio ${cell(row.cpu.reprise / best(row.cpu), 3)}`, `${seconds.toFixed(0)} s`.padStart(8)]);
}

function print({ about, table, extras, floor }, names) {
    const others = names.filter((n) => n !== 'reprise'), rows = Object.values(table);
    console.log(`\n${about.cpu}, ${about.cpus} CPUs, Linux ${about.kernel}, ${about.congestion}, load ${about.load.toFixed(2)}, ` +
        about.date.slice(0, 10));
    console.log(`\nserver CPU, microseconds a connection (median of up to ${about.rounds} rounds); ratio of reprise`);
    line('', [...names, ...others.map((n) => '/' + n), '/best']);
    for (const row of rows)
        line(row.name, [...names.map((n) => cell(row.cpu[n], 1)),
            ...others.map((n) => cell(row.cpu.reprise / row.cpu[n], 3)), cell(row.cpu.reprise / best(row.cpu), 3)]);
    console.log('\nsystem calls a connection');
    line('', names);
    for (const row of rows.filter((r) => Object.keys(r.calls).length > 0))
        line(row.name, names.map((n) => cell(row.calls[n], 1)));
    console.log(`\ninstructions a connection, thousands, user space (callgrind: ${about.perf ? 'perf would count here, too'
        : 'this machine does not let perf count them'})`);
    line('', [...names, ...others.map((n) => '/' + n)]);
    for (const row of rows.filter((r) => Object.keys(r.instructions).length > 0))
        line(row.name, [...names.map((n) => cell(row.instructions[n], 0)),
            ...others.map((n) => cell(row.instructions.reprise / row.instructions[n], 3))]);
    if (extras) {
        console.log('');
        line('', names);
        line(`i idle KB, of ${extras.idleCount}`, names.map((n) => cell(extras.idle[n] / 1024, 1)));
        line('j failed in three reloads', names.map((n) => (extras.reload[n] ? extras.reload[n].failed : '-')));
        line('  of connections', names.map((n) => (extras.reload[n] ? extras.reload[n].started : '-')));
    }
    if (floor)
        console.log(`\nthe handshake alone, in memory, one ticket: ${floor.trim()}`);
}

// The same for docs/performance.md: ratios, system calls, and what is not CPU time.
function markdown({ about, table, extras }, names) {
    const others = names.filter((n) => n !== 'reprise');
    const head = (...cells) => `| ${cells.join(' | ')} |\n|${' --- |'.repeat(cells.length)}\n`;
    const lines = [`${about.date.slice(0, 10)}, ${about.cpu}, ${about.cpus} CPUs, Linux ${about.kernel}, ${about.congestion}, load ${
        about.load.toFixed(2)}; ${about.rounds} rounds at most of ${about.count} connections.\n\n`,
    head('scenario', 'us', ...others.map((n) => `to ${n}`), 'to the best', `system calls: ${names.join(', ')}`)];
    for (const row of Object.values(table))
        lines.push(`| ${[row.name, cell(row.cpu.reprise, 1), ...others.map((n) => cell(row.cpu.reprise / row.cpu[n], 2)),
            cell(row.cpu.reprise / best(row.cpu), 2), names.map((n) => cell(row.calls[n], 1)).join(', ')].join(' | ')} |\n`);
    if (extras)
        lines.push('\n', head('', ...names),
            `| i KB of an idle connection, of ${extras.idleCount} | ${names.map((n) => cell(extras.idle[n] / 1024, 1)).join(' | ')} |\n`,
            `| j failed in three reloads | ${names.map((n) => (extras.reload[n] ? extras.reload[n].failed : '-')).join(' | ')} |\n`);
    return lines.join('');
}

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

function chart({ about, table }, names) {
    const left = 190, step = 130;
    const rows = Object.values(table).map((row, i) => {
        const worst = Math.max(...names.map((n) => row.cpu[n] || 0));
        const y = 40 + i * 26;
        return `<text x="4" y="${y + 13}">${escape(row.name)}</text>` + names.map((n, j) =>
            (row.cpu[n] > 0 ? `<rect x="${left + j * step}" y="${y}" height="18" width="${
                (90 * row.cpu[n] / worst).toFixed(1)}" fill="${n === 'reprise' ? '#2a78c2' : '#c8c8c8'}"/>` : '') +
            `<text x="${left + 4 + j * step}" y="${y + 13}">${cell(row.cpu[n], 0)}</text>`).join('');
    });
    const heads = names.map((n, j) => `<text x="${left + j * step}" y="32" font-weight="bold">${n}</text>`);
    const width = left + names.length * step, height = 50 + rows.length * 26;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${
        height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/><text x="4" ` +
        `y="15">server CPU, microseconds; ${escape(about.cpu)}, ${about.date.slice(0, 10)}</text>${heads.join('')}${
            rows.join('')}</svg>\n`;
}

function save(out, results, names) {
    fs.writeFileSync(`${out}/results.json`, JSON.stringify(results, null, 1) + '\n');
    fs.writeFileSync(`${out}/results.md`, markdown(results, names));
    fs.writeFileSync(`${out}/results.svg`, chart(results, names));
}

module.exports = { print, progress, save };
