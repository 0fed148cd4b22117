#!/bin/sh
# demo.sh PROGRAM - creates a demo certificate and state below build/, prints commands to try, runs PROGRAM.
set -eu
cd "$(dirname "$0")/.."
contrib/demo-certs.sh build/demo/certs
ca=build/demo/certs/ca.pem
client="openssl s_client -quiet -connect localhost:8443 -servername localhost -CAfile $ca"
# The client sends a request because TLS 1.3 delivers the session with the first answer.
ask='printf "GET / HTTP/1.0\\r\\n\\r\\n" |'
cat <<TEXT
Try:   curl --cacert $ca https://localhost:8443/
       $ask $client -sess_out build/demo/session; $ask $client -sess_in build/demo/session
Stop:  Ctrl-C here, or: $1 stop -c conf/demo.conf
TEXT
exec "$1" run -c conf/demo.conf
