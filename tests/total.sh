#!/bin/sh
# total.sh TOTALS... - the closing line over all runs of check.sh; fails when anything failed.
cat "$@" | awk '{p += $1; f += $2} END {printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0}'
