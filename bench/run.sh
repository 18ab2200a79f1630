#!/usr/bin/env bash
# ./dev bench [NAME...] [--json]: the figures, beside those of peers.  Needs what ./dev bench
# installs and builds; what is missing is skipped with a line on standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

# A build folder that is older than the benchmarks, or than LMDB, is configured anew.
if [ ! -x build/bench_storage ] && [ -e build/CMakeCache.txt ]; then
    cmake build >/dev/null && cmake --build build --target bench_storage >/dev/null 2>&1 ||
        echo "bench: bench_storage cannot be built here (liblmdb-dev?)" >&2
fi
exec python3 bench/bench.py "$@"
