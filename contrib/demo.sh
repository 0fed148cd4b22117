#!/bin/sh
# demo.sh PROGRAM - make a demo certificate and state below build/, say what to try, run.
set -eu
cd "$(dirname "$0")/.."
contrib/demo-certs.sh build/demo/certs
ca=build/demo/certs/ca.pem
client="openssl s_client -quiet -connect localhost:8443 -servername localhost -CAfile $ca"
# A request is made: a TLS 1.3 client gets its session after the handshake, with the first answer.
ask='printf "GET / HTTP/1.0\\r\\n\\r\\n" |'
cat <<TEXT
Try:   curl --cacert $ca https://localhost:8443/
       $ask $client -sess_out build/demo/session; $ask $client -sess_in build/demo/session
Stop:  Ctrl-C here, or: $1 stop -c conf/demo.conf
TEXT
exec "$1" run -c conf/demo.conf
