// messages.js - prints every text of the program that a person may read: `file:line: text`, one a
// line, for review (`make messages`) and for tests/lint.sh. A text is a run of adjacent string
// literals that holds at least two words.
'use strict';
const fs = require('fs');
const { execFileSync } = require('child_process');

const folders = ['lib', 'cache', 'conf', 'worker', 'master', 'contrib'];
const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*#[^\n]*|'(?:\\.|[^'\\\n])*'|"((?:\\.|[^"\\\n])*)"|\s+|[A-Za-z_]\w*|./gm;

// Macros such as PRIu64 stand between literals of one text.
const joins = (text) => /^(PRI[a-zA-Z0-9]+|\s+|\/[*/][\s\S]*)$/.test(text);

function* textsOf(source) {
    let parts = [];
    let start = 0;
    for (const match of source.matchAll(token)) {
        if (match[1] !== undefined) {
            if (parts.length === 0)
                start = match.index;
            parts.push(match[1]);
        } else if (parts.length > 0 && !joins(match[0])) {
            yield { at: start, text: parts.join('') };
            parts = [];
        }
    }
}

const isProse = (text) => /[A-Za-z]{2,}[,;:)']* +[("'%A-Za-z]/.test(text);
const files = execFileSync('git', ['ls-files', ...folders.map((f) => `${f}/*.[ch]`)]).toString().split('\n');
for (const file of files.filter((f) => f !== '' && fs.existsSync(f))) {
    const source = fs.readFileSync(file, 'utf8');
    for (const { at, text } of textsOf(source)) {
        const line = source.slice(0, at).split('\n').length;
        if (isProse(text))
            console.log(`${file}:${line}: ${text}`);
    }
}
