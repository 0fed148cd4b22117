#!/bin/sh
# lint.sh - the rules that a machine can check: formatting, the direction of includes, who may see
# OpenSSL and libev, banned words, lengths, exported names. A rule without a check is a wish.
# usage: tests/lint.sh [BUILD_DIR]
set -u
cd "$(dirname "$0")/.."
build=${1:-build/release}
failed=0
bad() {
    failed=1
    printf 'lint: %s\n' "$*"
}
sources=$(git ls-files '*.c' '*.h' '*.cc')
program=$(git ls-files 'lib/*.[ch]' 'cache/*.[ch]' 'conf/*.[ch]' 'worker/*.[ch]' 'master/*.[ch]' 'contrib/*.[ch]')

# 1. Formatting.
if command -v clang-format >/dev/null 2>&1; then
    unformatted=$(for f in $sources; do clang-format "$f" | cmp -s - "$f" || echo "$f"; done)
    [ -z "$unformatted" ] || bad "not formatted (make format): $unformatted"
fi

# 2. Includes run one way, sub-folders too: tests/layers.txt says who may see whom.
hits=$(tests/layers.sh)
[ -z "$hits" ] || bad "against tests/layers.txt: $hits"
hits=$(git grep -nE '#include [<"](lib|cache|conf|worker|master|tests)/' -- lib/include contrib)
[ -z "$hits" ] || bad "sees more than the public headers: $hits"

# 3. Who may see what.
only() { # REGEX ALLOWED-REGEX WHAT
    hits=$(git grep -lE "$1" -- '*.c' '*.h' | grep -vE "$2")
    [ -z "$hits" ] || bad "$3: $hits"
}
only '#include <ev\.h>' '^(lib/net/|tests/)' 'includes <ev.h> outside lib/net'
only '#include <openssl/' '^(lib/(tls|x509)/|cache/(seal|secret)\.c|tests/)' 'includes OpenSSL'
only '#include <lmdb\.h>' '^(cache/|tests/)' 'includes LMDB'
only '#include <microhttpd\.h>' '^master/admin\.c' 'includes libmicrohttpd'
only '#include <hiredis' '^(cache/|tests/)' 'includes hiredis'
only 'OPENSSL_VERSION_NUMBER' '^lib/tls/context/compat\.h' 'tests the OpenSSL version outside compat.h'

# 4. Banned: unbounded, racy, or unfinished.
words='\b(alloca|atoi|atol|sprintf|vsprintf|strcpy|strcat|strncpy|gets|strtok)\('
hits=$(git grep -nE "$words" -- $program)
[ -z "$hits" ] || bad "banned function: $hits"
hits=$(git grep -nE '(^|[^_a-z])signal\([^)]*SIG' -- $program)
[ -z "$hits" ] || bad "signal(): use rp_signal or sigaction: $hits"
hits=$(git grep -nwE 'TODO|FIXME|XXX|HACK' -- '*.c' '*.h' '*.js' Makefile 'tests/*.sh' | grep -v '^tests/lint.sh')
[ -z "$hits" ] || bad "unfinished: $hits"
hits=$(git grep -nE 'typedef (struct|union|enum)[^(]*$' -- $program)
[ -z "$hits" ] || bad "typedef of a struct: $hits"
hits=$(git grep -nE '\b(socket|accept4|pipe2|open|openat|memfd_create|socketpair)\(' -- $program |
    grep -vE 'CLOEXEC|lint: inherited|^[^:]*\.h:|^\S+:[0-9]+: *\*|^\S+:[0-9]+:.*/\*' |
    grep -E '= *(socket|accept4|pipe2|open|openat|memfd_create|socketpair)\(' )
[ -z "$hits" ] || bad "descriptor without CLOEXEC: $hits"

# 5. Lengths: no function over 80 lines, no file over 800; of tests too.
for f in $program $(git ls-files 'tests/*.[ch]'); do
    lines=$(wc -l <"$f")
    [ "$lines" -le 800 ] || bad "$f has $lines lines (800 at most)"
    awk -v f="$f" '/^[a-z].*\)$/ {name=$0} /^\{/ {start=NR} /^\}/ {if (start && NR-start>80) print "lint: " f ": " NR-start " lines: " name; start=0}' "$f"
done | { grep . && exit 1 || exit 0; } || failed=1

# 6. Each file says what it is.
for f in $program; do
    head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || bad "$f does not begin with its licence"
    grep -qE "^ \* $(basename "$f") - " "$f" || bad "$f does not say what it is"
done

# 7. The library exports names of its own only.
if [ -f "$build/libreprise.a" ]; then
    names=$(nm -g --defined-only "$build/libreprise.a" 2>/dev/null | awk 'NF==3 && $3 !~ /^rp_/ {print $3}')
    [ -z "$names" ] || bad "libreprise.a exports: $names"
fi

# 7b. The shared library exports each public function, with the version of the interface.
if [ -f "$build/libreprise.so" ]; then
    exported=$(nm -D --defined-only "$build/libreprise.so" | awk '$2 == "T" {print $3}')
    names=$(echo "$exported" | grep -vE '^rp_[a-z0-9_]+@@REPRISE_[0-9]+\.[0-9]+$')
    [ -z "$names" ] || bad "libreprise.so exports without a version: $names"
    for name in $(nm -g --defined-only "$build/libreprise.a" 2>/dev/null | awk '$2 == "T" {print $3}'); do
        grep -qE "(^|[^a-z_])$name\(" lib/include/reprise/*.h || continue
        echo "$exported" | grep -q "^$name@@" || bad "libreprise.so does not export $name"
    done
fi

# 8. Manual pages.
if command -v mandoc >/dev/null 2>&1; then
    for page in $(git ls-files '*.[1-8]'); do
        mandoc -Tlint -W warning "$page" || bad "$page: mandoc found something"
    done
fi

# 9. The maps of node:tls and of node's tests name what there is, and at least one test a row. A test
# in C is a START_TEST; one in JavaScript is a name in quotes, or the part of it before `, ${...}`.
for name in $(grep -oE '`(rp|RP)_[A-Za-z0-9_]+`' docs/node-tls-map.md | tr -d '`' | sort -u); do
    grep -qw "$name" lib/include/reprise/*.h || bad "docs/node-tls-map.md: no public header has $name"
done
has_test() { # FILE:TEST
    case $1 in
    *.c:*) grep -q "^START_TEST(${1#*:})" "tests/${1%%:*}" ;;
    *) grep -F -e "'${1#*:}" -e "\`${1#*:}" "tests/${1%%:*}" | grep -qF -e "${1#*:}'" -e "${1#*:}\`" -e "${1#*:}, \${" ;;
    esac 2>/dev/null
}
for map in docs/node-tls-map.md docs/node-tests-map.md; do
    bare=$(grep -E '^\| ' "$map" | grep -vE '^\| (---|rows|node)' | grep -vE '`(unit|memory|e2e|interop)/[^`]+`[^|]*\|$')
    [ -z "$bare" ] || bad "$map: without a test: $bare"
    missing=$(grep -oE '`(unit|memory|e2e|interop)/[^`]+`' "$map" | tr -d '`' | sort -u |
        while read -r test; do has_test "$test" || echo "$test"; done)
    [ -z "$missing" ] || bad "$map: there is no test $missing"
done

# Every row of the contract (docs/node-tls.md) is in the first column of the map, or told of below the table.
told=$(awk -F'|' '/^\| [A-Z]/ { print $2 } !/^\|/ { while (match($0, /\([A-Z][0-9]+\)/)) { print substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH) } }' docs/node-tls-map.md |
    tr ',' '\n' | awk '{ n = NF; if (n == 1) print $1; else if (n == 3) for (i = substr($1, 2) + 0; i <= substr($3, 2) + 0; i++) print substr($1, 1, 1) i }')
for row in $(grep -oE '^[A-Q][0-9]+\.' docs/node-tls.md | tr -d .); do
    echo "$told" | grep -qx "$row" && continue
    [ "${row%%[0-9]*}" = F ] && echo "$told" | grep -qx F && continue
    bad "docs/node-tls-map.md: no row $row"
done

# 10. No findings of a fuzzer that were left where it ran.
stray=$(git ls-files | grep -E '(^|/)(crash|leak|oom|timeout|slow-unit)-[0-9a-f]{40}$')
[ -z "$stray" ] || bad "found by a fuzzer, and left behind: $stray (a name in tests/fuzz/corpus, or nothing)"

# 11. Every function of a public header is explained: above it, or beside it.
bare=$(awk '
    !open && /^[a-z].*rp_[a-z0-9_]+\(/ && !/^typedef/ { above = last; open = 1; beside = 0; name = $0 }
    !open && /^rp_[a-z0-9_]+\(/ { above = last_but_one; open = 1; beside = 0; name = $0 }
    open && /\/\*/ { beside = 1 }
    open && /;/ { open = 0; if (!beside && above !~ /\*\/$/) print FILENAME ": " name }
    { last_but_one = last; last = $0 }' lib/include/reprise/*.h)
[ -z "$bare" ] || bad "public function without a comment: $bare"

# 12. The documents name files that there are.
for page in README.md ARCHITECTURE.md CONTRIBUTING.md SECURITY.md; do
    for path in $(grep -oE '`(lib|cache|conf|worker|master|tests|contrib|docs)/[A-Za-z0-9_./-]*`' "$page" | tr -d '`' | sort -u); do
        [ -e "$path" ] || bad "$page: there is no $path"
    done
    for path in $(grep -oE '\]\([a-zA-Z][A-Za-z0-9_./-]*\)' "$page" | sed 's/^](//; s/)$//' | grep -v : | sort -u); do
        [ -e "$path" ] || bad "$page: there is no $path"
    done
done

# 13. Each public header compiles alone, in C and in C++, and its functions are C's in both.
for header in lib/include/reprise/*.h; do
    [ "$(basename "$header")" = reprise.h ] || grep -qx 'extern "C" {' "$header" || bad "$header: no extern \"C\""
    name="reprise/$(basename "$header")"
    for language in c:c11 c++:c++11; do
        said=$(printf '#include <%s>\n' "$name" | ${CC:-cc} -x "${language%%:*}" -std="${language#*:}" -Ilib/include \
            -Wall -Wextra -Wpedantic -Werror -fsyntax-only - 2>&1) || bad "$name alone, as ${language#*:}: $said"
    done
done

# 14. A public function that takes an rp_error begins by clearing it.
bare=$(grep -ohE '\brp_[a-z0-9_]+\(' lib/include/reprise/*.h | sort -u | tr -d '(' | awk '
    FILENAME == "-" { public[$1] = 1; next }
    /^[a-z].*rp_[a-z0-9_]+\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); sig = "" }
    name != "" { sig = sig $0 }
    name != "" && /^\{/ { inside = sig ~ /struct rp_error \*err\)\{$/ && name in public; cleared = 0 }
    inside && /rp_error_clear\(err\)/ { cleared = 1 }
    /^\}/ { if (inside && !cleared) print FILENAME ": " name; inside = 0; name = "" }
' - $(git ls-files 'lib/*.c' | grep -v lib/base/error.c))
[ -z "$bare" ] || bad "public function that does not clear its error: $bare"

# 15. Plain English: no document, manual or message has a phrase of tests/phrases.txt. Lines are joined,
# so that a line break in a phrase hides nothing.
phrases() { # all, or docs|all
    sed -nE "s/^($1): (.*) \[[^]]*\]$/\2/p" tests/phrases.txt | paste -sd'|'
}
in_docs=$(phrases 'docs|all')
for page in $(git ls-files '*.md' '*.[1-8]'); do
    hits=$(sed 's/`[^`]*`/`x`/g' "$page" | tr -s ' \n' ' ' | grep -oE ".{0,30}($in_docs).{0,20}")
    [ -z "$hits" ] || bad "$page: unclear phrase, see tests/phrases.txt: $hits"
done
if command -v node >/dev/null 2>&1; then
    hits=$(node tests/messages.js | grep -E "$(phrases all)")
    [ -z "$hits" ] || bad "unclear message, see tests/phrases.txt: $hits"
fi

[ "$failed" = 0 ] && echo "lint: clean"
exit "$failed"
