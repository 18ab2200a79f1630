# SPDX-License-Identifier: ISC
"""bench_history.py - what 100 commits of 1,000 changes take once collected, beside git's pack of them.

build/bench_history makes the history in a store, and writes it down for `git fast-import`; git then
packs all of it anew, as hard as `git gc` does.  What git needs to read its pack, the index, counts.
"""
import glob
import os
import subprocess

import figures
import harness

COMMITS = 100
PER_COMMIT = 1000
OURS_S_MAX = 120
PEER = "git, packed"


def ours(folder, stream):
    program = os.path.join(os.path.dirname(harness.bough), "bench_history")
    done = subprocess.run([program, str(COMMITS), str(PER_COMMIT), folder, stream],
                          stdout=subprocess.PIPE, text=True, timeout=OURS_S_MAX, check=True)
    return {name: float(value)
            for name, value in (text.split("\t") for text in done.stdout.splitlines())}


def peer(folder, stream):
    """Bytes of pack and index."""
    repository = os.path.join(folder, "peer.git")
    harness.git("init", "-q", "--bare", repository)
    with open(stream, "rb") as file:
        subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], stdin=file, check=True)
    harness.git("repack", "-a", "-d", "-f", "-q", cwd=repository)
    files = (glob.glob(os.path.join(repository, "objects", "pack", "*.pack")) +
             glob.glob(os.path.join(repository, "objects", "pack", "*.idx")))
    return sum(os.path.getsize(file) for file in files)


def history(folder):
    """history that collection has settled, beside git's pack of the same"""
    figures.need("git")
    stream = os.path.join(folder, "history.stream")
    mine = ours(folder, stream)
    packed = peer(folder, stream) / (COMMITS * PER_COMMIT)
    os.unlink(stream)
    for name, goal in (("as written", None), ("collected", 2)):
        figures.line(f"history: bytes of a change, {name}",
                     mine[f"bytes, {name}"] / (COMMITS * PER_COMMIT), "B", PEER, packed, goal)
    figures.line("history: collection, longest step", mine["collections, longest step, ms"], "ms",
                 goal=10)
    for name in ("as written", "collected"):
        figures.line(f"history: get from any commit after opening, {name}, wall",
                     mine[f"get from history, {name}, us"], "us")
