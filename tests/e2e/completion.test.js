'use strict';
// Shell completions offer exactly the commands and options that each program's --help lists.
const assert = require('assert');
const path = require('path');
const {execFileSync} = require('child_process');
const {program, test, top} = require('./lib');

const build = path.dirname(program);
const env = {...process.env, PATH: `${build}:${process.env.PATH}`};
const help = (...words) => execFileSync(words[0], [...words.slice(1), '--help'], {env, encoding: 'utf8'});
const commands = () => help('reprise').match(/^ {2}[a-z]+( [a-z]+)? {2}/gm).map((line) => line.trim());
const unique = (list) => [...new Set(list)].sort();

// What bash offers for the last of these words.
function bash(...words) {
  const script = `source contrib/completion/reprise.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _reprise "$1" "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script, 'bash', ...words], {cwd: top, env, encoding: 'utf8'}).split('\n').filter(Boolean);
}

test('completion: commands, and what follows them', () => {
  assert.deepStrictEqual(bash('reprise', '').sort(), unique(commands().map((name) => name.split(' ')[0])));
  assert.deepStrictEqual(bash('reprise', 'relo'), ['reload']);
  assert.deepStrictEqual(bash('reprise', 'keys', ''), ['rotate']);
  assert.deepStrictEqual(bash('reprise', 'sessions', ''), ['revoke']);
});

test('completion: the options of every command and program', () => {
  for (const words of [...commands().map((name) => ['reprise', ...name.split(' ')]), ['reprise-load'], ['reprise-connect'], ['reprise-serve']]) {
    const listed = help(...words).replace(/--\[no-\]([a-z-]+)/g, '--$1 --no-$1').match(/--[a-zA-Z0-9][a-zA-Z0-9-]*/g);
    assert.deepStrictEqual(bash(...words, '--').sort(), unique(listed), words.join(' '));
  }
  assert.deepStrictEqual(bash('reprise', 'check', '-c', 'conf/demo.'), ['conf/demo.conf']);
});
