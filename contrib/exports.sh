#!/bin/sh
# exports.sh VERSION HEADER... - prints a linker version script with the functions that public headers declare.
set -eu
version=$1
shift
echo "$version { global:"
cat "$@" | sed 's|/\*.*\*/||' | sed -e '/\/\*/,/\*\//d' -e '/^typedef/d' |
    grep -oE '\*?rp_[a-z0-9_]+\(' | tr -d '*(' | sort -u | sed 's/$/;/'
echo 'local: *; };'
