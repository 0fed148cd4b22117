#!/bin/sh
# demo.sh PROGRAM - make a demo certificate and state below build/, say what to try, run.
set -eu
cd "$(dirname "$0")/.."
contrib/demo-certs.sh build/demo/certs
cat <<TEXT
Try:   curl --cacert build/demo/certs/ca.pem https://localhost:8443/
       openssl s_client -connect localhost:8443 -CAfile build/demo/certs/ca.pem -sess_out build/demo/s </dev/null; openssl s_client -connect localhost:8443 -CAfile build/demo/certs/ca.pem -sess_in build/demo/s </dev/null | grep Reused
Stop:  Ctrl-C here, or: $1 stop -c conf/demo.conf
TEXT
exec "$1" run -c conf/demo.conf
