#!/bin/sh
# refresh.sh - generates lib/x509/roots_data.inc, the roots that rp_root_certificates() returns, from the
# Mozilla bundle in Debian's package ca-certificates.
# usage: contrib/roots/refresh.sh [PACKAGE.deb]      default: the newest package that apt offers
# The installed package is not used: it may be old and contain roots that are no longer trusted.
# Review the difference before you commit it.
set -eu
cd "$(dirname "$0")/../.."
out=lib/x509/roots_data.inc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=${1:-}
if [ -z "$package" ]; then
    (cd "$work" && apt-get download -q ca-certificates >/dev/null)
    package=$(ls "$work"/ca-certificates_*.deb)
fi
dpkg-deb -x "$package" "$work/root"
version=$(dpkg-deb -f "$package" Version)
roots=$work/root/usr/share/ca-certificates/mozilla

{
    printf '/* SPDX-License-Identifier: MPL-2.0\n *\n'
    printf ' * roots_data.inc - the certificate authorities Mozilla trusts, made by contrib/roots/refresh.sh\n'
    printf ' * from ca-certificates %s of Debian, whose source is certdata.txt of Mozilla. */\n' "$version"
    for file in $(LC_ALL=C ls "$roots"); do
        printf '/* %s */\n' "${file%.crt}"
        # One certificate per file; each line becomes a string, the last one without its newline.
        openssl x509 -in "$roots/$file" |
            sed -e '/-----END/!s/.*/"&\\n"/' -e '/-----END/s/.*/"&",/'
    done
} >"$work/data"

count=$(grep -c '^"-----BEGIN' "$work/data")
[ "$count" -ge 100 ] || { echo "refresh.sh: only $count certificates in $package" >&2; exit 1; }
mv "$work/data" "$out"
chmod 644 "$out"
echo "$out: $count certificates from ca-certificates $version"
