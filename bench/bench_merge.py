# SPDX-License-Identifier: ISC
"""bench_merge.py - merges in one large directory, beside `git merge-tree` on the same history.

build/bench_merge makes the history in memory and writes it down for git, which then merges the same
branches in a repository of its own, packed, without looking for renames.  What git takes to start
is measured with `git --version`, and is not counted.  Processor time on both sides.
"""
import hashlib
import os
import resource
import subprocess
import sys

import figures
import harness

KEYS = (10000, 100000, 1000000)
PEER_KEYS_MAX = 100000  # unless it is named: git needs minutes to take in a larger directory
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


def import_main(git, stream):
    """The values that a stream begins with, and the commit of them; the stream is behind them."""
    entries = []
    with subprocess.Popen([*git, "fast-import", "--quiet"], stdin=subprocess.PIPE) as importer:
        at = stream.tell()
        while stream.readline() == b"blob\n":
            key = stream.readline()[2:-1]
            head = stream.readline()
            value = stream.read(int(head.split()[1]))
            importer.stdin.write(b"blob\n" + head + value + stream.read(1))
            name = hashlib.sha1(b"blob %d\0" % len(value) + value).digest()
            entries.append(b"100644 " + key + b"\0" + name)
            at = stream.tell()
        stream.seek(at)
    entries.sort()
    tree = subprocess.run([*git, "hash-object", "-t", "tree", "-w", "--stdin"],
                          input=b"".join(entries), stdout=subprocess.PIPE, check=True).stdout
    commit = subprocess.run([*git, "-c", "user.name=b", "-c", "user.email=b", "commit-tree", "-m",
                             "m", tree.strip()], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run([*git, "update-ref", "refs/heads/main", commit.strip()], check=True)


def peer(folder, stream):
    """Milliseconds of git's merges, by the number of changes on a side."""
    repository = os.path.join(folder, "peer.git")
    harness.git("init", "-q", "--bare", repository)
    base = ["git", "-C", repository]
    with open(stream, "rb") as file:
        import_main(base, file)
        os.lseek(file.fileno(), file.tell(), os.SEEK_SET)
        subprocess.run([*base, "fast-import", "--quiet"], stdin=file, check=True)
    subprocess.run([*base, "-c", "pack.window=0", "repack", "-a", "-d", "-q"], check=True)

    def git_s(*words):
        """Seconds of processor time, the least of some rounds."""
        times = []
        for _ in range(ROUNDS):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([*base, *words], stdout=subprocess.DEVNULL, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(times)

    start = git_s("--version")
    return {count: 1e3 * (git_s("-c", "merge.renames=false", "merge-tree", "--write-tree",
                                f"ours{count}", f"theirs{count}") - start)
            for count in (100, 1000)}


def merge(folder):
    """merges in one large directory, beside git's; comparisons; common ancestors"""
    full = "merge" in sys.argv[1:]
    figures.need("git")
    stream = os.path.join(folder, "merge.stream")
    times = {}
    for keys in KEYS:
        mine = ours(str(keys), stream)
        its = peer(folder, stream) if full or keys <= PEER_KEYS_MAX else {}
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
