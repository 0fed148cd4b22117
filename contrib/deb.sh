#!/bin/sh
# deb.sh VERSION - builds the Debian packages of what is committed, in build/deb, and runs lintian.
set -eu
version=$1
into=$PWD/build/deb
rm -rf "$into"
mkdir -p "$into/reprise-$version"
git archive HEAD | tar -x -C "$into/reprise-$version"
cd "$into/reprise-$version"
cp -r contrib/debian debian
dpkg-buildpackage -us -uc -b >"$into/build.log" 2>&1 || {
    tail -40 "$into/build.log" >&2
    exit 1
}
cd "$into"
lintian --fail-on warning --suppress-tags initial-upload-closes-no-bugs ./*.changes
ls ./*.deb
