# SPDX-License-Identifier: ISC
"""bench_merge.py - merges in one large directory, beside `git merge-tree` on the same history.

build/bench_merge makes the history in memory and writes it down for `git fast-import`; git then
merges the same branches in a repository of its own, packed, without looking for renames.  What git
takes to start is measured with `git --version`, and is not counted.
"""
import os
import subprocess

import figures
import harness

KEYS = (10000, 100000, 1000000)
PEER_KEYS_MAX = 100000  # git needs minutes to take in a larger directory
ROUNDS = 5
OURS_S_MAX = 300
COMMITS = 100000
PEER = "git merge-tree"


def ours(*words):
    program = os.path.join(os.path.dirname(harness.bough), "bench_merge")
    done = subprocess.run([program, *words], stdout=subprocess.PIPE, text=True, timeout=OURS_S_MAX,
                          check=True)
    return {name: float(value)
            for name, value in (text.split("\t") for text in done.stdout.splitlines())}


def peer(folder, stream):
    """Milliseconds of git's merges, by the number of changes on a side."""
    repository = os.path.join(folder, "peer.git")
    harness.git("init", "-q", "--bare", repository)
    with open(stream, "rb") as file:
        subprocess.run(["git", "-C", repository, "fast-import", "--quiet"], stdin=file, check=True)

    def git(*words):
        subprocess.run(["git", "-C", repository, *words], stdout=subprocess.DEVNULL, check=True)

    start = min(figures.seconds(git, "--version") for _ in range(ROUNDS))
    return {count: 1e3 * (min(figures.seconds(git, "-c", "merge.renames=false", "merge-tree",
                                              "--write-tree", f"ours{count}", f"theirs{count}")
                              for _ in range(ROUNDS)) - start)
            for count in (100, 1000)}


def merge(folder):
    """merges in one large directory, beside git's; comparisons; common ancestors"""
    figures.need("git")
    stream = os.path.join(folder, "merge.stream")
    times = {}
    for keys in KEYS:
        mine = ours(str(keys), stream)
        its = peer(folder, stream) if keys <= PEER_KEYS_MAX else {}
        subprocess.run(["rm", "-rf", stream, os.path.join(folder, "peer.git")], check=True)
        times[keys] = mine["merge 100+100, ms"]
        for count in (100, 1000):
            figures.line(f"merge: {count}+{count} changes in {keys} keys",
                         mine[f"merge {count}+{count}, ms"], "ms", PEER if its else None,
                         its.get(count), 1 if its else None)
            figures.line(f"merge: nodes read by {count}+{count} in {keys} keys, a changed key",
                         mine[f"nodes read by merge {count}+{count}, a changed key"], "nodes")
        figures.line(f"merge: comparison, 100 changes in {keys} keys", mine["diff 100, ms"], "ms",
                     goal=2)
    figures.line("merge: 100+100 changes, 100000 keys", times[100000], "ms", goal=5)
    figures.line("merge: 100+100 changes, growth from 10000 keys to 1000000",
                 times[1000000] / times[10000], "times", goal=2)
    figures.line(f"merge: common ancestor, {COMMITS} commits apart",
                 ours("commits", str(COMMITS))["merge base, ms"], "ms", goal=100)
