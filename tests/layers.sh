#!/bin/sh
# layers.sh - every #include "..." follows tests/layers.txt; prints what doesn't. Used by lint.sh.
set -u
cd "$(dirname "$0")/.."
git grep -nE '^#include "' -- '*.c' '*.h' | grep -v '^tests/' | awk -F'[:"]' -v table=tests/layers.txt '
    BEGIN {
        while ((getline line < table) > 0) {
            if (line ~ /^#/) continue
            count = split(line, word, /[ :]+/)
            known[word[1]] = 1
            for (i = 2; i <= count; i++) sees[word[1], word[i]] = 1
        }
    }
    function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
    { from = folder($1); to = index($4, "/") ? folder($4) : from }
    # main() is above the commands.
    $1 == "master/main.c" && to == "master/command" { next }
    !(from in known) { print $1 ": folder " from " is missing from " table; next }
    from != to && !((from, to) in sees) { print $1 ":" $2 ": " from " includes " $4 }'
