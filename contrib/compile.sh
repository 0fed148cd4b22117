#!/bin/sh
# compile.sh TARGET... - runs make for the targets; prints the number of files and the progress. The Makefile
# sets MAKE; MODE, V and MAKEFLAGS have their usual meaning.
set -u
mode=${MODE:-release}
make="$MAKE --no-print-directory MODE=$mode"
count=$(MAKEFLAGS='' V='' $make -n "$@" | grep -c "printf '  %-5s %s.n' CC ")
printf 'compile  %s: %s files\n' "$mode" "$count"
{ $make "$@" || echo FAILED; } | awk -v mode="$mode" -v count="$count" '
    /^FAILED$/ { failed = 1; next }
    /^  (CC|CXX|AR|LINK) |Nothing to be done/ {
        if ($1 == "CC" && ++done % 50 == 0) printf "compile  %s: %d of %d\n", mode, done, count
        fflush()
        next
    }
    { print; fflush() }
    END { exit failed }'
