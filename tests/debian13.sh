#!/bin/sh
# debian13.sh [COMMAND...] - runs `make check`, or COMMAND, in a clean checkout of HEAD in a root of Debian 13.
# debootstrap makes the root from the mirror that apt uses here, or from MIRROR; ROOT (build/debian13) is kept
# for the next run, with the packages that it installed. KEEP=1 runs in the checkout of the run before.
set -eu
cd "$(dirname "$0")/.."
root=${ROOT:-$PWD/build/debian13}
checkout=$root/root/reprise
[ $# -gt 0 ] || set -- make check
[ "$(id -u)" = 0 ] || {
    echo "debian13.sh: only root can use debootstrap and chroot; run it with sudo" >&2
    exit 1
}

mirror() {
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 !~ /-/ {print $3; exit}'
}

make_root() {
    contrib/deps.sh debootstrap
    from=${MIRROR:-$(mirror)}
    [ -n "$from" ] || {
        echo "debian13.sh: apt names no mirror of Debian; name one: MIRROR=URL make check-debian13" >&2
        exit 1
    }
    rm -rf "$root.new"
    mkdir -p "$root.new"
    debootstrap --variant=minbase --include=ca-certificates,git,make trixie "$root.new" "$from"
    # No package starts a service: it would take the ports of the machine.
    printf '#!/bin/sh\nexit 101\n' >"$root.new/usr/sbin/policy-rc.d"
    chmod 755 "$root.new/usr/sbin/policy-rc.d"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root.new/etc/hosts"
    mv "$root.new" "$root"
}

[ -d "$root" ] || make_root
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ -n "${KEEP:-}" ] || {
    rm -rf "$checkout"
    git clone -q . "$checkout"
}
# The mounts are in a namespace of their own, and end with the command; so do its processes.
exec unshare --mount --pid --fork --kill-child sh -eu -c '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 ${JOBS:+JOBS="$JOBS"} \
        sh -c "cd /root/reprise && exec \"\$@\"" - "$@"' - "$root" "$@"
