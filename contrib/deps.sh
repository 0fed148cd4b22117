#!/bin/sh
# deps.sh PACKAGE... - installs those of these Debian packages that are missing.
set -eu
printf 'deps     %s packages\n' "$#"
command -v dpkg-query >/dev/null 2>&1 || {
    echo "make deps: dpkg not found; install these packages, or the equivalents of your system:"
    echo "  $*"
    exit 0
}
missing=
for package in "$@"; do
    # A program from another source (such as a node that was not installed by apt) is accepted.
    case $package in
    nodejs) command -v node >/dev/null 2>&1 && continue ;;
    python3 | curl | strace | mandoc) command -v "$package" >/dev/null 2>&1 && continue ;;
    esac
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null 2>&1 || {
    echo "make deps: missing packages:$missing; apt-get not found, so install them by hand"
    exit 0
}
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "make deps: missing packages:$missing; run as root: apt-get install$missing" >&2
    exit 1
fi
echo "make deps: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    $as_root apt-get -qq update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
} >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
