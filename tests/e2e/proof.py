#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""proof.py - the proof that it works, in one go, on the image or on the process.

An empty disk is booted.  The machine's real /usr/share/zoneinfo and a real git history of more
than 1,000 commits are imported; what stock git clones is checked byte by byte and id by id.  A
clone pushes a change, curl reads it.  Then the machine is killed in the middle of further imports
and writes, and booted again on the same disk: everything that was acknowledged is there, and
everything checks.
"""
import filecmp
import http.client
import os
import subprocess
import threading
import time
import urllib.parse

import harness
import history
from harness import cli, git, say

ZONEINFO = "/usr/share/zoneinfo"
SECOND = "/usr/include"  # big enough to be killed in the middle of
KILLS = 3 if harness.long_run else 2
WRITERS = 3
WRITES_BEFORE_KILL = 150


class Writer(threading.Thread):
    """Writes keys one after the other; `acknowledged` is what a 2xx came for."""

    def __init__(self, port, name):
        super().__init__(daemon=True)
        self.port = port
        self.name = name
        self.acknowledged = {}
        self.strange = None

    def run(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            for number in range(1 << 20):
                key = f"acknowledged/{self.name}/{number % 400}"
                value = f"{self.name} {number} ".encode() * (1 + number * 37 % 900)
                connection.request("PUT", "/v1/b/main/k/" + key, body=value)
                reply = connection.getresponse()
                reply.read()
                if reply.status not in (200, 201):
                    self.strange = reply.status
                    return
                self.acknowledged[key] = value
                self.acknowledged[key + "@"] = reply.headers["Bough-Commit"]
        except (OSError, http.client.HTTPException):
            pass  # the power cut


class Importer(threading.Thread):
    """Imports a folder again and again, below another prefix each time; `done` are those that ended
    well."""

    def __init__(self, url, name):
        super().__init__(daemon=True)
        self.url = url
        self.name = name
        self.done = []
        self.process = None
        self.cut = None

    def run(self):
        for number in range(1 << 20):
            prefix = f"second/{self.name}-{number}"
            self.process = subprocess.Popen(
                [harness.bough, "import", SECOND, "--url", self.url, "--prefix", prefix, "-q"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            message = self.process.communicate()[1]
            if self.process.returncode != 0:
                self.cut = (self.process.returncode, message.decode(errors="replace"))
                return
            self.done.append(prefix)


class Proof(harness.Case):
    def clone(self, name, *words, protocol=2):
        folder = self.path(name)
        git("clone", "-q", *words, self.store.git_url, folder, protocol=protocol)
        harness.git_fsck(folder)
        return folder

    def test_proof(self):
        self.store = harness.new_target(self.folder)
        self.addCleanup(self.store.kill)
        self.store.start()
        self.durability = self.store.get("/readyz").json()["durability"]
        say(f"booted on an empty disk at {self.store.url}, durability {self.durability}")
        self.import_zoneinfo()
        self.import_history()
        self.push_a_change()
        for number in range(KILLS):
            self.kill_in_the_middle(number)
        self.assertEqual(self.store.stop(), 0, self.store.log)
        self.assert_fsck(self.store.disk)
        say("stopped; fsck is clean")

    def import_zoneinfo(self):
        begin = time.monotonic()
        cli("import", ZONEINFO, "--url", self.store.url, "--prefix", "zoneinfo")
        say(f"imported {ZONEINFO} in {time.monotonic() - begin:.1f} s")
        for protocol in (0, 2):
            folder = self.clone(f"zoneinfo-v{protocol}", protocol=protocol)
            harness.same_tree(ZONEINFO, os.path.join(folder, "zoneinfo"))
        say("git clone (protocols 0 and 2): fsck --strict is clean, diff -r finds no difference")

    def import_history(self):
        """Branches go below history/, because main holds zoneinfo."""
        source = self.path("history.git")
        count = history.make(source, prefix="history/")
        self.assertGreaterEqual(count, 1000)
        begin = time.monotonic()
        cli("import", source, "--url", self.store.url)
        say(f"imported {count} commits in {time.monotonic() - begin:.1f} s")
        wanted = harness.git_refs(source)
        commits = set(git("rev-list", "--all", cwd=source).split())
        self.assertEqual(len(commits), count)
        for protocol in (0, 2):
            begin = time.monotonic()
            mirror = self.clone(f"mirror-v{protocol}.git", "--mirror", protocol=protocol)
            seconds = time.monotonic() - begin
            refs = harness.git_refs(mirror)
            zoneinfo = refs.pop("refs/heads/main")
            self.assertEqual(refs, wanted)
            cloned = set(git("rev-list", "--all", cwd=mirror).split())
            cloned -= set(git("rev-list", zoneinfo, cwd=mirror).split())
            self.assertEqual(cloned, commits)
            self.assertTrue(harness.git_objects(source) <= harness.git_objects(mirror))
            say(f"protocol {protocol}: cloned in {seconds:.1f} s, all {count} commit ids and all "
                f"{len(wanted)} refs are identical")
        ours = self.clone("history", "-b", "history/main")
        git("clone", "-q", "-b", "history/main", source, self.path("theirs"))
        harness.same_tree(self.path("theirs"), ours, ".git")
        say("the working tree of the history is identical by diff -r")

    def push_a_change(self):
        folder = self.clone("work")
        text = b"UTC is what this line is about.\n"
        with open(os.path.join(folder, "zoneinfo", "note.txt"), "wb") as file:
            file.write(text)
        with open(os.path.join(folder, "zoneinfo", "tzdata.zi"), "ab") as file:
            file.write(b"# changed\n")
        git("add", "-A", cwd=folder)
        git("commit", "-q", "-m", "A change by git", cwd=folder)
        git("push", "-q", "origin", "main", cwd=folder)
        self.assertEqual(self.store.get("/v1/b/main/k/zoneinfo/note.txt").body, text)
        changed = self.store.get("/v1/b/main/k/zoneinfo/tzdata.zi").body
        with open(os.path.join(ZONEINFO, "tzdata.zi"), "rb") as file:
            self.assertEqual(changed, file.read() + b"# changed\n")
        newest = self.store.get("/v1/commits?limit=1").json()["commits"][0]
        self.assertEqual(newest["message"], "A change by git\n")
        self.pushed = git("rev-parse", "HEAD", cwd=folder)
        say("changed a file, committed, pushed; curl reads it")

    def kill_in_the_middle(self, number):
        writers = [Writer(self.store.port, f"w{number}-{index}") for index in range(WRITERS)]
        importer = Importer(self.store.url, f"kill-{number}")
        importer.start()
        for writer in writers:
            writer.start()
        end = time.monotonic() + harness.DEADLINE_S
        while (sum(len(writer.acknowledged) // 2 for writer in writers) <
               WRITES_BEFORE_KILL * (1 + 2 * number)):
            self.assertLess(time.monotonic(), end, "the writes take too long")
            self.assertTrue(all(writer.strange is None for writer in writers))
            time.sleep(0.002)
        # Some of the import has been acknowledged, and it goes on.
        listing = f"/v1/b/main/keys?limit=1&prefix=second/{importer.name}"
        while not self.store.get(listing).json()["keys"]:
            self.assertLess(time.monotonic(), end, "the import takes too long")
        self.assertIsNone(importer.process.poll(), "the import is not under way")
        self.store.kill()
        for thread in (*writers, importer):
            thread.join(harness.DEADLINE_S)
        self.assertEqual(importer.cut[0], 6, importer.cut)  # unreachable, and it says so
        acknowledged = {}
        for writer in writers:
            acknowledged.update(writer.acknowledged)
            self.assertIsNone(writer.strange)
        say(f"SIGKILL during an import, after {len(acknowledged) // 2} acknowledged writes and "
            f"{len(importer.done)} whole imports")
        self.assert_fsck(self.store.disk)
        begin = time.monotonic()
        self.store.start()
        say(f"fsck is clean; booted again in {time.monotonic() - begin:.2f} s")
        self.check_acknowledged(acknowledged, importer)

    def check_acknowledged(self, acknowledged, importer):
        """A key's last acknowledged value, or a later one that was on its way."""
        connection = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=60)
        self.addCleanup(connection.close)

        def get(path):
            connection.request("GET", urllib.parse.quote(path))
            reply = connection.getresponse()
            return reply.status, reply.read()

        later = 0
        for key, value in acknowledged.items():
            if key.endswith("@"):
                # The commit that was answered is part of the history, whatever came later.
                status, got = get(f"/v1/at/{value}/k/{key[:-1]}")
                self.assertEqual((status, got), (200, acknowledged[key[:-1]]), key)
            else:
                status, got = get("/v1/b/main/k/" + key)
                self.assertEqual(status, 200, key)
                later += got != value
        self.assertLessEqual(later, WRITERS, "values that were never acknowledged")
        folder = self.clone(f"after-{importer.name}")
        for prefix in importer.done:
            harness.same_tree(SECOND, os.path.join(folder, prefix))
        self.check_partial(folder, importer)
        git("merge-base", "--is-ancestor", self.pushed, "HEAD", cwd=folder)

    def check_partial(self, folder, importer):
        """What is there of the import that was cut short is right."""
        partial = os.path.join(folder, f"second/{importer.name}-{len(importer.done)}")
        count = 0
        for base, _, names in os.walk(partial):
            for name in names:
                path = os.path.join(base, name)
                source = os.path.join(SECOND, os.path.relpath(path, partial))
                count += 1
                if not os.path.islink(path):
                    self.assertTrue(filecmp.cmp(path, source, shallow=False), path)
        self.assertGreater(count, 0)
        say(f"all acknowledged writes are there; so are {count} files of the import that was cut "
            "short; git fsck is clean")


if __name__ == "__main__":
    harness.main(__doc__, needs=("diff",))
