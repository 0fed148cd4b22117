#!/bin/sh
# check.sh LOG_DIR PROGRAM... - run test programs, JOBS at a time (one more than there are cores: much of
# a test is waiting); show what fails, say every 20 seconds what still runs, add up the rest.
# A program says "N passed, N failed" (a word and a colon may stand before it) and exits 0 when all
# passed; its output is kept in LOG_DIR. The sums of several runs are gathered in LOG_DIR/totals.
set -u
logs=$1
shift
mkdir -p "$logs"
run_one() {
    name=$(printf %s "$1" | tr '/ ' '__')
    status=0
    while sleep 20 >/dev/null 2>&1; do
        printf 'runs  %s (%s so far)\n' "$1" "$(grep -c '^ok' "$logs/$name.log")"
    done &
    beat=$!
    timeout -k 10 "${LIMIT:-900}" sh -c "$1" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    kill "$beat"
    line=$(grep -E '^([a-z0-9-]+: )?[0-9]+ passed, [0-9]+ failed' "$logs/$name.log" | tail -n 1)
    passed=$(printf %s "$line" | sed -nE 's/.*(^|[^0-9])([0-9]+) passed.*/\2/p')
    failed=$(printf %s "$line" | sed -nE 's/.*[^0-9]([0-9]+) failed.*/\1/p')
    # A program that crashed, hung, leaked or said nothing has failed, whatever it counted.
    if [ -z "$line" ] || { [ "$status" != 0 ] && [ "$failed" = 0 ]; }; then
        failed=$((${failed:-0} + 1))
    fi
    printf '%s %s\n' "${passed:-0}" "$failed" >>"$logs/totals"
    if [ "$failed" = 0 ]; then
        printf 'ok    %s (%s)\n' "$1" "$passed"
    else
        printf 'FAIL  %s (exit %s)\n' "$1" "$status"
        grep -vE '^(ok|100%)' "$logs/$name.log" | tail -n 60 | sed 's/^/      /'
    fi
}
if [ "${1:-}" = --one ]; then
    run_one "$2"
    exit 0
fi
jobs=${JOBS:-$(($(nproc) + 1))}
printf 'test  %s programs, %s at a time; what they say is kept in %s\n' "$#" "$jobs" "$logs"
printf '%s\n' "$@" | tr '\n' '\0' | xargs -0 -n 1 -P "$jobs" "$0" "$logs" --one
