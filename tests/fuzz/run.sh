#!/bin/sh
# run.sh PROGRAM CORPUS FOLDER - runs a fuzz target for some seconds (BOUGH_LONG=1: a minute) from its
# saved corpus; new inputs and those that make it fail go to FOLDER.
set -eu
program=$1 corpus=$2 folder=$3
seconds=5
[ "${BOUGH_LONG:-}" = 1 ] && seconds=60
mkdir -p "$folder/found" "$corpus"
"$program" "-artifact_prefix=$folder/" "-max_total_time=$seconds" -timeout=20 -rss_limit_mb=2048 \
    -print_final_stats=1 -verbosity=1 "$folder/found" "$corpus" >"$folder/log" 2>&1 || {
    tail -n 60 "$folder/log"
    echo "run again: $program $folder/crash-..." >&2
    exit 1
}
grep -E 'Seed:|stat::number_of_executed_units|cov:' "$folder/log" | tail -n 3
