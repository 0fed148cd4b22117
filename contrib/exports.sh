#!/bin/sh
# exports.sh HEADER... - a linker version script of the functions that public headers declare.
set -eu
echo '{ global:'
cat "$@" | sed 's|/\*.*\*/||' | sed -e '/\/\*/,/\*\//d' -e '/^typedef/d' |
    grep -oE '\*?rp_[a-z0-9_]+\(' | tr -d '*(' | sort -u | sed 's/$/;/'
echo 'local: *; };'
