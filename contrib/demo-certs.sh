#!/bin/sh
# demo-certs.sh DIR - creates a demo CA, and an ECDSA and an RSA certificate for localhost, signed by it.
# Keeps existing certificates that are valid for at least one more day.
set -eu
umask 077
dir=$1
mkdir -p "$dir"
cd "$dir"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
}
valid() { [ -f "$1" ] && openssl x509 -in "$1" -noout -checkend 86400 >/dev/null 2>&1; }
certificate() { # NAME KEY-OPTIONS...
    name=$1
    shift
    valid "$name.pem" && [ -f "$name.key" ] && return
    quietly openssl req -new -nodes -newkey "$@" -keyout "$name.key" -out "$name.csr" -subj "/CN=localhost"
    printf '%s\n' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' \
        'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' >"$name.ext"
    quietly openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 \
        -extfile "$name.ext" -out "$name.pem"
    rm -f "$name.csr" "$name.ext"
}
if ! valid ca.pem || [ ! -f ca.key ]; then
    rm -f ecdsa.pem rsa.pem
    quietly openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 365 \
        -keyout ca.key -out ca.pem -subj "/CN=Reprise demo CA" \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
fi
certificate ecdsa ec -pkeyopt ec_paramgen_curve:P-256
certificate rsa rsa:2048
