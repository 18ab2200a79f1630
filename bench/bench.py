#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""bench.py - runs the benchmarks that are named, or all of them."""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "tests", "e2e"))

import bench_boot
import bench_git
import bench_history
import bench_merge
import bench_rest
import figures
import harness

STORAGE_KEYS = 200000
STORAGE_S_MAX = 120
ALL_S_MAX = 290
LARGE_S_MAX = 1800


def size(_folder):
    """bytes of the bootable image"""
    figures.line("image size", os.path.getsize(harness.image), "B", goal=600000)


def storage(folder):
    """the storage engine beside LMDB, in one process"""
    program = os.path.join(os.path.dirname(harness.bough), "bench_storage")
    if not os.path.exists(program):
        raise figures.Skipped(f"no {program} here (liblmdb-dev)")
    done = subprocess.run([program, str(STORAGE_KEYS), folder], stdout=subprocess.PIPE, text=True,
                          timeout=STORAGE_S_MAX, check=True)
    for text in done.stdout.splitlines():
        figures.line_of_text("storage: " + text)


def large(folder):
    """stores far larger than their memory; of full size only when it is named"""
    program = os.path.join(os.path.dirname(harness.bough), "bench_large")
    full = len(sys.argv) > 1 and "large" in sys.argv[1:]
    for keys, heap in ((1000000, 8), (10000000, 64)) if full else ((100000, 8), (200000, 64)):
        done = subprocess.run([program, str(keys), str(heap), os.path.join(folder, "large.bough")],
                              stdout=subprocess.PIPE, text=True, check=True)
        figures.note(done.stdout.rstrip())


BENCHMARKS = {
    "size": size,
    "memory": bench_boot.memory,
    "boot": bench_boot.boot,
    "rest": bench_rest.rest,
    "git": bench_git.git,
    "storage": storage,
    "history": bench_history.history,
    "merge": bench_merge.merge,
    "large": large,
}


def too_late(_signal, _frame):
    raise TimeoutError(f"the benchmarks took more than {ALL_S_MAX} s")


def main():
    names = "\n".join(f"  {name:8} {action.__doc__.splitlines()[0]}"
                      for name, action in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="./dev bench", epilog="names:\n" + names,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Prints figures, one a line, beside those of peers; see docs/figures.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="all if none is given")
    parser.add_argument("--json", action="store_true", help="an object a line instead")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no {unknown[0]}")
    figures.as_json = options.json
    status = 0
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(LARGE_S_MAX if {"large", "merge"} & set(options.names) else ALL_S_MAX)
    for name in options.names or BENCHMARKS:
        folder = tempfile.mkdtemp(prefix="bough-bench-")
        begin = time.monotonic()
        try:
            BENCHMARKS[name](folder)
            figures.note(f"{name} took {time.monotonic() - begin:.0f} s")
        except figures.Skipped as why:
            figures.note(f"{name} skipped: {why}")
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            figures.note(f"{name} broke off: {error}")
            status = 1
            if isinstance(error, TimeoutError):
                break
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
