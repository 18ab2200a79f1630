#!/usr/bin/env bash
# ./dev bench [NAME...] [--json]: the figures, beside those of peers.  Needs what ./dev bench installs
# and builds; what is missing is skipped with a line on standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

# The benchmarks appear in a build folder that is older than they, or than LMDB, once it is asked anew.
if [ ! -x build/bench_storage ] && [ -e build/CMakeCache.txt ]; then
    { cmake build && cmake --build build --target help; } >/dev/null
    if cmake --build build --target help | grep -q '^bench_storage:'; then
        cmake --build build --target bench_storage >&2
    fi
fi
exec python3 bench/bench.py "$@"
