#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""cli.py - every verb of the command, against a server and against a disk image.

What goes to standard output must be the data and nothing else, with --json a JSON document;
messages go to standard error; exit statuses are those of cli/exit.h.  The verbs that keep a
service running are shown by the other scripts.
"""
import http.server
import json
import os
import signal
import subprocess
import threading
import time

import harness
from harness import cli, git

NOT_FOUND, USAGE, CONFLICT, PRECONDITION, DENIED, UNREACHABLE, CORRUPT, LIMIT = range(1, 9)


class Verbs:
    """The same tests for both ways to a store; self.where are the options that lead there."""

    def bough(self, verb, *words, status=0, data=None, env=None):
        """Runs a verb; its standard output.  A failure must come with a message."""
        done = cli(verb, *words, *self.where, data=data, check=False, env=env)
        self.assertEqual(done.status, status, (verb, words, done))
        if status != 0:
            self.assertRegex(done.err, rb"(?m)^bough", done)
            self.assertEqual(done.out, b"", done)
        self.err = done.err.decode(errors="replace")
        return done.out

    def test_put_get_del(self):
        self.bough("put", "a/b", data=b"hello\n")
        self.assertRegex(self.err, r"^commit [0-9a-f]{12}\n$")
        self.assertEqual(self.bough("get", "a/b"), b"hello\n")
        self.assertEqual(self.err, "")
        self.bough("put", "a/b", data=b"hello\n")
        self.assertIn("unchanged", self.err)
        self.bough("put", "bin", self.write("some file", bytes(range(256)) * 100))
        self.assertEqual(self.bough("get", "bin"), bytes(range(256)) * 100)
        self.assertEqual(self.bough("get", "bin", "-o", self.path("out")), b"")
        with open(self.path("out"), "rb") as file:
            self.assertEqual(file.read(), bytes(range(256)) * 100)
        self.bough("put", "quiet", "-q", data=b"")
        self.assertEqual(self.err, "")
        self.assertEqual(self.bough("get", "quiet"), b"")
        self.bough("del", "a/b")
        self.bough("get", "a/b", status=NOT_FOUND)
        self.bough("del", "a/b", status=NOT_FOUND)
        self.bough("del", "-R", "bin", status=0)

    def test_odd_keys(self):
        for key in (b"sp ace", b"per%41cent", "ümläut".encode(), b"no\xfftext", b"a?b#c", b"-dash"):
            self.put_bytes(key)
        self.bough("put", "a/../b", data=b"", status=USAGE)
        self.bough("put", "a//b", data=b"", status=USAGE)
        self.bough("put", "k" * 256, data=b"", status=LIMIT)

    def put_bytes(self, key):
        """The where-options must stand before "--"."""
        name = os.fsdecode(key)
        done = cli("put", *self.where, "--", name, data=key, check=False)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(cli("get", *self.where, "--", name).out, key)
        self.assertIn(key, cli("ls", *self.where, "-R").out.split(b"\n"))

    def test_conditions(self):
        self.bough("put", "n", "--create", data=b"1")
        self.bough("put", "n", "--create", data=b"2", status=PRECONDITION)
        etag = json.loads(self.bough("put", "n", "--json", data=b"3"))["etag"]
        self.bough("put", "n", "--if-etag", etag, data=b"4")
        self.bough("put", "n", "--if-etag", etag, data=b"5", status=PRECONDITION)
        self.bough("del", "n", "--if-etag", etag, status=PRECONDITION)
        self.assertEqual(self.bough("get", "n"), b"4")

    def test_tags(self):
        self.bough("put", "n", data=b"1")
        self.bough("put", "n", data=b"2")
        self.bough("tag", "create", "v1", "main~1")
        self.bough("tag", "create", "v/2", "-m", "The second", "--author", "Ada <ada@example.org>")
        self.bough("tag", "create", "v1", status=PRECONDITION)
        self.bough("tag", "create", "v3", "none", status=NOT_FOUND)
        commits = [commit["commit"][:12].encode() for commit in
                   json.loads(self.bough("log", "--json"))["commits"]]
        self.assertEqual(self.bough("tag"),
                         b"a " + commits[0] + b" v/2\n  " + commits[1] + b" v1\n")
        self.assertEqual(self.bough("get", "n", "--rev", "v1"), b"1")
        self.bough("tag", "delete", "v1")
        self.bough("tag", "delete", "v1", status=NOT_FOUND)

    def test_many_branches_and_tags(self):
        self.bough("put", "n", data=b"1")
        for number in range(101):  # a page is shorter unless more are asked for
            self.bough("branch", "create", f"b/{number}")
            self.bough("tag", "create", f"t/{number}")
        self.assertEqual(self.bough("branch").count(b"\n"), 102)
        self.assertEqual(self.bough("tag").count(b"\n"), 101)
        self.assertEqual(len(json.loads(self.bough("tag", "--json"))["tags"]), 101)

    def test_protection(self):
        self.bough("put", "n", data=b"1")
        self.bough("put", "n", data=b"2")
        self.bough("branch", "create", "dev")
        self.assertEqual(self.bough("protection"), b"")
        self.bough("protection", "main", "force", "d*", "delete")
        self.assertEqual(self.bough("protection").split(b"\n")[:2],
                         [b"main                     no moves by force, deletion",
                          b"d*                       moves by force, no deletion"])
        self.bough("reset", "main~1", "--force", status=DENIED)
        self.bough("branch", "delete", "dev", status=DENIED)
        self.bough("protection", "main", "all", status=USAGE)
        self.bough("protection", "none")
        self.bough("branch", "delete", "dev")
        self.bough("reset", "main~1", "--force")
        self.assertEqual(self.bough("get", "n"), b"1")

    def test_merge_and_resolve(self):
        for key in ("a", "b", "c"):
            self.bough("put", key, data=b"0")
        self.bough("branch", "create", "dev")
        for branch, text in (("main", b"ours"), ("dev", b"theirs")):
            for key in ("a", "b", "c"):
                self.bough("put", key, "-b", branch, data=text)
        self.bough("put", "free", "-b", "dev", data=b"new")
        self.assertEqual(self.bough("diff", "main", "dev"), b"M\ta\nM\tb\nM\tc\nA\tfree\n")
        self.assertRegex(self.bough("diff", "main", "dev", "--stat"), rb"(?m)^modified  3$")
        base = self.bough("merge-base", "main", "dev").strip().decode()
        self.assertEqual(json.loads(self.bough("log", base, "-n", "1", "--json"))["commits"][0]
                         ["commit"], base)
        self.bough("conflicts", status=NOT_FOUND)
        done = cli("merge", "dev", "-m", "all settled", *self.where, check=False)
        self.assertEqual((done.status, done.out),
                         (CONFLICT, b"edit/edit    a\nedit/edit    b\nedit/edit    c\n"), done)
        done = cli("resolve", "theirs", "a", *self.where, check=False)
        self.assertEqual((done.status, done.out),
                         (CONFLICT, b"edit/edit    b\nedit/edit    c\n"), done)
        self.assertEqual(self.bough("conflicts"), b"edit/edit    b\nedit/edit    c\n")
        self.bough("resolve", "ours", "free", status=USAGE)
        done = cli("resolve", "value", "b", *self.where, data=b"mine\n", check=False)
        self.assertEqual(done.status, CONFLICT, done)
        self.bough("resolve", "delete", "c")
        self.assertRegex(self.err, r"^merged: commit [0-9a-f]{12}\n$")
        self.assertEqual(self.bough("get", "a"), b"theirs")
        self.assertEqual(self.bough("get", "b"), b"mine\n")
        self.bough("get", "c", status=NOT_FOUND)
        self.assertIn(b"all settled", self.bough("log"))
        self.bough("merge", "dev")
        self.assertRegex(self.err, r"^up-to-date: commit [0-9a-f]{12}\n$")

    def test_merge_of_several(self):
        self.bough("put", "base", data=b"0")
        for name in ("a", "b", "c"):
            self.bough("branch", "create", name)
            self.bough("put", name, "-b", name, data=b"1")
        self.bough("put", "own", data=b"1")
        self.bough("merge", "a", "b", "c")
        self.assertRegex(self.err, r"^merged: commit [0-9a-f]{12}\n$")
        self.assertEqual(self.bough("ls"), b"a\nb\nbase\nc\nown\n")
        self.assertIn(b"merge a, b and c", self.bough("log"))
        self.bough("put", "k", "-b", "a", data=b"1")
        self.bough("put", "k", "-b", "b", data=b"2")
        done = cli("merge", "c", "a", "b", *self.where, check=False)
        self.assertEqual((done.status, done.out), (CONFLICT, b"add/add      k\n"), done)
        self.assertIn(b'at "b"; nothing is kept', done.err)
        self.bough("conflicts", status=NOT_FOUND)

    def test_merge_options_and_abort(self):
        self.bough("put", "a", data=b"0")
        self.bough("branch", "create", "dev")
        self.bough("put", "a", data=b"ours")
        self.bough("put", "a", "-b", "dev", data=b"theirs")
        cli("merge", "dev", *self.where, check=False)
        self.assertEqual(self.bough("conflicts"), b"edit/edit    a\n")
        self.bough("merge", "--abort")
        self.bough("merge", "--abort", status=NOT_FOUND)
        self.bough("merge", "--undelete")
        self.assertEqual(self.bough("conflicts"), b"edit/edit    a\n")
        self.bough("merge", "--undelete", status=PRECONDITION)
        self.bough("merge", "--abort")
        self.bough("merge", "dev", "-X", "theirs", "--dry-run")
        self.assertEqual(self.bough("get", "a"), b"ours")
        self.bough("merge", "dev", "-X", "fly", status=USAGE)
        self.bough("merge", "dev", "-X", "theirs")
        self.assertEqual(self.bough("get", "a"), b"theirs")

    def test_a_pick_with_conflicts(self):
        self.bough("put", "a", data=b"0")
        self.bough("branch", "create", "dev")
        self.bough("put", "a", data=b"ours")
        self.bough("put", "a", "-b", "dev", "-m", "words of dev", data=b"theirs")
        for how in ("cherry-pick", "squash"):
            done = cli(how, "dev", *self.where, check=False)
            self.assertEqual((done.status, done.out), (CONFLICT, b"edit/edit    a\n"), done)
            self.assertEqual(self.bough("conflicts"), b"edit/edit    a\n")
            self.bough(how, "dev", status=PRECONDITION)
            self.bough("merge", "--abort")
        cli("cherry-pick", "dev", *self.where, check=False)
        self.bough("resolve", "theirs", "a")
        self.assertRegex(self.err, r"^made: commit [0-9a-f]{12}\n$")
        self.assertEqual(self.bough("get", "a"), b"theirs")
        self.assertIn(b"words of dev", self.bough("log", "-n", "1"))

    def subjects(self, *words):
        """Of the commits that log shows."""
        lines = self.bough("log", *words).decode().splitlines()
        return [line[line.index("no "):] for line in lines]

    def test_log_of_a_key(self):
        for number, key in enumerate(("d/x", "d/y", "a", "d/x")):
            self.bough("put", key, "-m", f"no {number}", data=b"%d" % number)
        self.bough("del", "d/y", "-m", "no 4")
        self.bough("branch", "create", "dev")
        self.bough("put", "d/x", "-b", "dev", "-m", "no 5", data=b"5")
        self.assertEqual(self.subjects("d/x"), ["no 3", "no 0"])
        self.assertEqual(self.subjects("d/y"), ["no 4", "no 1"])
        self.assertEqual(self.subjects("d"), ["no 4", "no 3", "no 1", "no 0"])
        self.assertEqual(self.subjects("d", "-n", "2"), ["no 4", "no 3"])
        self.assertEqual(self.subjects("d/x", "-b", "dev", "-n", "1"), ["no 5"])
        document = json.loads(self.bough("log", "a", "--json"))
        self.assertEqual([one["message"] for one in document["commits"]], ["no 2\n"])
        # A revision comes first, unless a branch is named.
        self.bough("put", "dev", "-m", "no 6", data=b"6")
        self.assertEqual(self.subjects("dev", "-n", "1"), ["no 5"])
        self.assertEqual(self.subjects("dev", "-b", "main"), ["no 6"])
        self.assertEqual(self.subjects("-b", "dev", "-n", "1"), ["no 5"])
        for words in (["none"], ["no such key"], ["none", "--json"], ["dev~9", "-b", "dev"]):
            self.bough("log", *words, status=NOT_FOUND)
        self.bough("log", "a//b", status=USAGE)

    def test_blame(self):
        for number, key in enumerate(("d/x", "d/y", "a", "d/x")):
            self.bough("put", key, "-m", f"no {number}", data=b"%d" % number)
        last = {line.split()[1]: line.split()[0] for line in self.bough("blame").decode().splitlines()}
        for key, number in (("a", 2), ("d/x", 3), ("d/y", 1)):
            self.assertIn(f"no {number}", self.bough("log", last.pop(key), "-n", "1").decode())
        self.assertEqual(last, {})
        self.assertRegex(self.bough("blame", "d/"), rb"^[0-9a-f]{64}  d/x\n[0-9a-f]{64}  d/y\n$")
        document = json.loads(self.bough("blame", "--rev", "main~2", "--json"))
        self.assertEqual([one["key"] for one in document["keys"]], ["d/x", "d/y"])
        self.assertEqual(self.bough("blame", "none"), b"")
        self.bough("blame", "-b", "none", status=NOT_FOUND)

    def test_patch(self):
        old = b"".join(b"line %d\n" % number for number in range(30))
        new = old.replace(b"line 7\n", b"seven\n")
        self.bough("put", "d/text", data=old)
        self.bough("put", "d/gone", data=b"gone\n")
        self.bough("put", "other", data=b"1\n")
        self.bough("branch", "create", "dev")
        self.bough("put", "d/text", "-b", "dev", data=new)
        self.bough("put", "d/more", "-b", "dev", data=b"more")
        self.bough("del", "d/gone", "-b", "dev")
        self.bough("put", "other", "-b", "dev", data=b"2\n")
        patch = self.bough("diff", "main", "dev", "--patch")
        self.assertIn(b"\n-line 7\n+seven\n", patch)
        self.assertIn(b"diff --git a/other b/other\n", patch)
        self.assertNotIn(b"other", self.bough("diff", "main", "dev", "d/", "--patch"))
        self.assertEqual(self.bough("diff", "main", "dev", "--patch", "-p", "d/"),
                         self.bough("diff", "main", "dev", "d/", "--patch"))
        self.assertEqual(self.bough("diff", "main", "main", "--patch"), b"")
        here, there = self.path("here"), self.path("there")
        self.bough("export", here)
        self.bough("export", there, "-r", "dev")
        git("apply", self.write("the patch", patch), cwd=here)
        self.assertEqual(harness.run("diff", "-r", here, there).out, b"")
        self.bough("diff", "main", "dev", "--patch", "--stat", status=USAGE)
        self.bough("diff", "main", "dev", "--patch", "--json", status=USAGE)
        self.bough("diff", "main", "dev", "d/", "-p", "d/", status=USAGE)

    def test_history_on_history(self):
        for number in range(3):
            self.bough("put", f"k{number}", data=b"1")
        self.bough("revert", "main~1")
        self.bough("get", "k1", status=NOT_FOUND)
        self.bough("branch", "create", "dev", "main~3")
        self.bough("cherry-pick", "main~1", "-b", "dev")
        self.assertEqual(self.bough("diff", "main", "dev"), b"")
        self.bough("put", "d", "-b", "dev", data=b"1")
        before = self.bough("log", "dev")
        self.bough("rebase", "main", "-b", "dev", "--dry-run")
        self.assertEqual(self.bough("log", "dev"), before)
        self.bough("rebase", "main", "-b", "dev")
        self.assertRegex(self.err, r"^made: commit")
        self.bough("squash", "dev", "-m", "one")
        self.assertEqual(self.bough("get", "d"), b"1")
        self.bough("reset", "main~1", status=USAGE)
        self.bough("reset", "main~1", "--force")
        self.bough("get", "d", status=NOT_FOUND)

    def test_ls(self):
        for key in ("x/1", "x/2/deep", "x/3", "y"):
            self.bough("put", key, data=key.encode())
        self.assertEqual(self.bough("ls").decode().split(), ["x/", "y"])
        self.assertEqual(self.bough("ls", "x/").decode().split(), ["x/1", "x/2/", "x/3"])
        self.assertEqual(self.bough("ls", "-R").decode().split(), ["x/1", "x/2/deep", "x/3", "y"])
        self.assertEqual(self.bough("ls", "nothing/"), b"")
        lines = [json.loads(line) for line in self.bough("ls", "-R", "--json").splitlines()]
        self.assertEqual([line["key"] for line in lines], ["x/1", "x/2/deep", "x/3", "y"])
        self.assertEqual([line["size"] for line in lines], [3, 8, 3, 1])
        details = self.bough("ls", "-R", "-l").decode().splitlines()
        self.assertRegex(details[1], r"^100644 +8 +[0-9a-f]{12} x/2/deep$")

    def test_log(self):
        for number in range(5):
            self.bough("put", "n", "-m", f"number {number}", "--author", "Ada <ada@example.org>",
                       data=b"%d" % number)
        lines = self.bough("log").decode().splitlines()
        self.assertEqual(len(lines), 5)
        self.assertRegex(lines[0], r"^[0-9a-f]{12}  20\d\d-\d\d-\d\d.*Ada +number 4$")
        self.assertEqual(len(self.bough("log", "-n", "2").splitlines()), 2)
        self.assertEqual(len(self.bough("log", "main~2").splitlines()), 3)
        commits = json.loads(self.bough("log", "--json"))["commits"]
        self.assertEqual([commit["message"] for commit in commits],
                         [f"number {number}\n" for number in (4, 3, 2, 1, 0)])
        self.assertEqual(self.bough("get", "n", "--rev", "main~3"), b"1")
        self.assertEqual(self.bough("get", "n", "--rev", commits[2]["commit"]), b"2")
        self.bough("get", "n", "--rev", "nowhere", status=NOT_FOUND)
        self.bough("log", "-n", "0", status=USAGE)
        self.bough("log", "nowhere", status=NOT_FOUND)
        self.bough("put", "n", "--author", "nobody", data=b"x", status=USAGE)

    def test_branch(self):
        self.bough("put", "n", data=b"1")
        self.bough("branch", "create", "dev")
        self.bough("branch", "create", "dev", status=PRECONDITION)
        self.bough("put", "n", "-b", "dev", data=b"2")
        self.assertEqual(self.bough("get", "n"), b"1")
        self.assertEqual(self.bough("get", "n", "--branch=dev"), b"2")
        listed = self.bough("branch").decode()
        self.assertRegex(listed, r"(?m)^\* [0-9a-f]{12} main$")
        self.assertRegex(listed, r"(?m)^  [0-9a-f]{12} dev$")
        names = [branch["name"] for branch in
                 json.loads(self.bough("branch", "--json"))["branches"]]
        self.assertEqual(sorted(names), ["dev", "main"])
        self.bough("branch", "move", "main", "dev")
        self.assertEqual(self.bough("get", "n"), b"2")
        self.bough("branch", "move", "main", "main~1", status=PRECONDITION)
        self.bough("branch", "move", "main", "main~1", "--force")
        self.assertEqual(self.bough("get", "n"), b"1")
        self.bough("branch", "delete", "dev")
        self.bough("branch", "delete", "dev", status=NOT_FOUND)
        self.bough("branch", "delete", "main", status=5)
        self.bough("branch", "create", "a..b", status=USAGE)
        self.bough("put", "n", "-b", "nowhere", data=b"2", status=NOT_FOUND)

    def test_import_and_export_of_files(self):
        source = self.path("source")
        for name, data in (("a", b""), ("b/c", b"c" * 100000), ("b/d/e", os.urandom(3 << 20)),
                           ("sp ace/ü", b"1")):
            self.write("source/" + name, data)
        os.chmod(os.path.join(source, "a"), 0o755)
        os.symlink("b/c", os.path.join(source, "link"))
        with open(os.path.join(os.fsencode(source), b"no\xfftext"), "wb") as file:
            file.write(b"name")
        os.mkfifo(os.path.join(source, "fifo"))
        self.bough("import", source)
        self.assertIn("fifo", self.err)
        self.assertIn("6 files", self.err)
        os.unlink(os.path.join(source, "fifo"))
        self.bough("export", self.path("out"))
        harness.same_tree(source, self.path("out"))
        self.assertTrue(os.access(self.path("out/a"), os.X_OK))
        again = json.loads(self.bough("import", source, "-p", "below", "--json"))
        self.assertEqual(again["files"], 6)
        self.bough("export", self.path("below"), "-p", "below/")
        harness.same_tree(source, self.path("below/below"))
        self.bough("export", self.path("out"), status=USAGE)  # nothing is overwritten
        self.bough("import", self.path("nowhere"), status=USAGE)

    def test_import_and_export_of_history(self):
        source = self.path("source")
        git("init", "-q", source)
        for number in range(10):
            self.write("source/file", b"%d" % number)
            git("add", "-A", cwd=source)
            git("commit", "-q", "-m", f"number {number}", cwd=source)
        git("tag", "-a", "-m", "tag", "v1", cwd=source)
        self.bough("import", source)
        self.bough("export", self.path("out.git"))
        self.assertEqual(git("rev-parse", "main", "v1", cwd=source),
                         git("rev-parse", "main", "v1", cwd=self.path("out.git")))
        harness.git_fsck(self.path("out.git"))
        self.bough("import", source, "-p", "below", status=USAGE)
        git("commit", "-q", "--amend", "-m", "other", cwd=source)
        self.bough("import", source, status=PRECONDITION)

    def test_values_past_the_limit(self):
        name = self.write("big", bytes((16 << 20) + 1))
        self.bough("put", "big", name, status=LIMIT)
        with open(name, "r+b") as file:
            file.truncate(16 << 20)
        self.bough("put", "big", name)
        self.assertEqual(len(self.bough("get", "big")), 16 << 20)


class Server(Verbs, harness.Case):
    def setUp(self):
        super().setUp()
        self.where = ["--url", self.start().url]

    def test_the_environment_names_the_server(self):
        url = self.where[1]
        self.where = []
        self.bough("put", "n", data=b"1", env={"BOUGH_URL": url, "BOUGH_AUTHOR": "Env <e@x>"})
        self.assertIn(b"Env", self.bough("log", env={"BOUGH_URL": url}))


class Direct(Verbs, harness.Case):
    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        cli("mkfs", self.disk, "--size", "128M")
        self.where = ["--store", self.disk]

    def tearDown(self):
        self.assert_fsck(self.disk)

    def test_two_at_once_are_one_too_many(self):
        serve = harness.Serve(self.folder).start()
        self.addCleanup(serve.kill)
        self.bough("put", "n", data=b"1", status=UNREACHABLE)
        self.assertIn("in use", self.err)
        serve.kill()


class Images(harness.Case):
    def test_mkfs(self):
        disk = self.path("disk")
        cli("mkfs", disk, "--size", "64M")
        self.assertEqual(os.path.getsize(disk), 64 << 20)
        self.assert_fsck(disk)
        again = cli("mkfs", disk, check=False)
        self.assertEqual(again.status, PRECONDITION)
        self.assertIn(b"--force", again.err)
        cli("put", "n", "--store", disk, data=b"1")
        cli("mkfs", disk, "--force")
        self.assertEqual(cli("ls", "--store", disk).out, b"")
        for words in (["--size", "x"], ["--size", "-1"], ["--salt", "12"], ["--unknown"], []):
            name = [] if not words else [self.path("other")]
            self.assertEqual(cli("mkfs", *name, *words, check=False).status, USAGE, words)

    def test_the_salt_decides_the_hashes(self):
        roots = []
        for number in range(3):
            disk = self.path(f"disk-{number}")
            salt = ["--salt", "0123456789abcdef" * 2] if number < 2 else []
            cli("mkfs", disk, "--size", "64M", *salt)
            cli("import", "/usr/share/zoneinfo/Europe", "--store", disk)
            document = json.loads(cli("log", "--json", "--store", disk).out)
            roots.append(document["commits"][0]["tree"])
        self.assertEqual(roots[0], roots[1])
        self.assertNotEqual(roots[0], roots[2])

    def test_fsck_finds_damage_and_names_it(self):
        disk = self.path("disk")
        cli("mkfs", disk, "--size", "64M")
        secret = b"to be found on the disk " * 100
        cli("put", "some/key", "--store", disk, data=secret)
        cli("put", "other", "--store", disk, data=b"untouched " * 1000)
        summary = json.loads(cli("fsck", "--json", disk).out.splitlines()[-1])
        self.assertEqual(summary.get("faults", summary.get("fault_count")), 0, summary)
        with open(disk, "r+b") as file:
            at = file.read().index(secret[:100])
            file.seek(at + 50)
            file.write(b"X")
        damaged = cli("fsck", disk, check=False)
        self.assertEqual(damaged.status, CORRUPT)
        self.assertIn(b"some/key", damaged.out)
        self.assertNotIn(b"other", damaged.out)
        for line in cli("fsck", "--json", disk, check=False).out.splitlines():
            json.loads(line)
        bad = cli("get", "some/key", "--store", disk, check=False)
        self.assertEqual((bad.status, bad.out), (CORRUPT, b""))
        self.assertEqual(cli("get", "other", "--store", disk).out, b"untouched " * 1000)
        self.assertEqual(cli("fsck", self.path("nothing"), check=False).status, NOT_FOUND)


class Backups(harness.Case):
    """A store as a stream: whole, what is new, cut and gone on with, damaged."""

    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        cli("mkfs", self.disk, "--size", "64M")
        cli("import", "/usr/share/zoneinfo/Europe", "--store", self.disk)
        cli("branch", "create", "dev", "main", "--store", self.disk)
        cli("put", "n", "--store", self.disk, data=b"1")

    def state(self, disk):
        return json.loads(cli("info", disk, "--json").out)["state"]

    def test_dump_and_load(self):
        dump = cli("dump", self.disk).out
        self.assertEqual(cli("dump", self.disk).out, dump)
        copy = self.path("copy")
        cli("load", copy, "--size", "48M", data=dump)
        self.assertEqual(os.path.getsize(copy), 48 << 20)
        self.assertEqual(self.state(copy), self.state(self.disk))
        self.assertEqual(cli("get", "n", "--store", copy).out, b"1")
        self.assert_fsck(copy)
        again = cli("load", copy, data=dump)
        self.assertIn(b" 0 of them new", again.err)
        # A store that was made but not used takes over the salt; one that was used does not.
        other = self.path("other")
        cli("mkfs", other, "--size", "48M")
        cli("load", other, data=dump)
        self.assertEqual(self.state(other), self.state(self.disk))
        cli("mkfs", other, "--force")
        cli("put", "mine", "--store", other, data=b"1")
        refused = cli("load", other, data=dump, check=False)
        self.assertEqual(refused.status, PRECONDITION)
        self.assertIn(b"salt", refused.err)

    def test_what_is_new(self):
        copy = self.path("copy")
        whole = cli("dump", self.disk).out
        cli("load", copy, data=whole)
        cli("put", "n", "--store", self.disk, data=b"2")
        cli("put", "m", "--store", self.disk, data=b"3")
        new = cli("dump", self.disk, "--since", "main~2", "--since", "dev").out
        self.assertLess(len(new), len(whole) // 10)
        cli("load", copy, data=new)
        self.assertEqual(self.state(copy), self.state(self.disk))
        self.assertEqual(cli("get", "m", "--store", copy).out, b"3")
        fresh = cli("load", self.path("fresh"), data=new, check=False)
        self.assertEqual(fresh.status, NOT_FOUND)
        bad = cli("dump", self.disk, "--since", "nothing", check=False)
        self.assertEqual((bad.status, bad.out), (NOT_FOUND, b""))
        # What is only in the copy is not lost by accident.
        cli("put", "mine", "--store", copy, data=b"x")
        self.assertEqual(cli("load", copy, data=cli("dump", self.disk).out, check=False).status,
                         PRECONDITION)
        cli("load", copy, "--force", data=cli("dump", self.disk).out)
        self.assertEqual(self.state(copy), self.state(self.disk))

    def test_cut_and_damaged(self):
        whole = self.path("whole")
        cli("dump", self.disk, "-o", whole)
        with open(whole, "rb") as file:
            dump = file.read()
        with open(whole, "r+b") as file:
            file.truncate(len(dump) // 3)
        copy = self.path("copy")
        for broken in (dump[:-1], dump[:len(dump) // 2], dump[:50], b"", b"no dump at all" * 100,
                       dump[:5000] + b"x" + dump[5001:], dump + b"x"):
            done = cli("load", copy, data=broken, check=False)
            self.assertIn(done.status, (CORRUPT, USAGE))
            self.assertTrue(done.err)
        self.assertEqual(cli("ls", "--store", copy).out, b"")
        cli("dump", self.disk, "--offset", str(len(dump) // 3), "-o", whole)
        with open(whole, "rb") as file:
            self.assertEqual(file.read(), dump)
        self.assertEqual(cli("dump", self.disk, "--offset", str(len(dump) + 1),
                             check=False).status, USAGE)

    def test_a_served_image_is_left_alone(self):
        serve = harness.Serve(self.folder).start()
        self.addCleanup(serve.kill)
        for verb in ("dump", "load", "info"):
            done = cli(verb, self.disk, check=False,
                       data=None if verb != "load" else b"boughd\n\x1a\1" + bytes(200))
            self.assertEqual((done.status, done.out), (UNREACHABLE, b""), (verb, done))
            self.assertIn(b"busy", done.err)

    def test_info(self):
        info = json.loads(cli("info", self.disk, "--json").out)
        self.assertEqual((info["opened"], info["refs"], info["default_branch"], info["mirror"]),
                         ("ok", 2, "heads/main", False))
        self.assertEqual((info["image_bytes"], info["leaf_window"]), (64 << 20, 512))
        self.assertEqual((len(info["uuid"]), len(info["salt"]), len(info["state"])), (32, 32, 64))
        self.assertGreater(info["used_bytes"], 0)
        self.assertRegex(cli("info", self.disk).out.decode(), r"(?m)^refs +2$")
        with open(self.disk, "r+b") as file:  # one superblock less
            file.write(bytes(4096))
        self.assertEqual(json.loads(cli("info", self.disk, "--json").out)["superblocks"],
                         info["superblocks"] - 1)
        with open(self.disk, "r+b") as file:
            file.truncate(32 << 20)
        broken = cli("info", self.disk, "--json", check=False)
        self.assertEqual(broken.status, CORRUPT)
        self.assertEqual(json.loads(broken.out)["opened"], "corrupt")
        with open(self.disk, "wb") as file:
            file.write(bytes(1 << 20))
        blank = cli("info", self.disk, "--json", check=False)
        self.assertEqual(blank.status, USAGE)
        self.assertEqual(json.loads(blank.out)["opened"], "invalid")

    def test_into_a_mirror(self):
        pair = [self.path("left"), self.path("right")]
        cli("load", pair[0], "--mirror", pair[1], "--size", "48M", data=cli("dump", self.disk).out)
        self.assertEqual(cli("get", "n", "--store", pair[0], "--mirror", pair[1]).out, b"1")
        alone = json.loads(cli("info", pair[0], "--json").out)
        self.assertEqual((alone["mirror"], alone["state"]), (True, self.state(self.disk)))
        self.assertEqual(cli("dump", pair[0], check=False).status, USAGE)
        cli("dump", pair[0], "--mirror", "none")
        self.assert_fsck(pair[0])


class Mirrors(harness.Case):
    """Two images as one store: each has everything, and neither is taken for more than it is."""

    def setUp(self):
        super().setUp()
        self.pair = [self.path("left"), self.path("right")]

    def serve(self):
        """Serves the pair, and waits until both images hold everything."""
        serve = harness.Serve(self.folder, "left")
        serve.words = ["--mirror", self.pair[1], "--size", "32M"]
        self.addCleanup(serve.kill)
        serve.start()
        for _ in range(200):
            mirror = serve.get("/v1/stats").json()["mirror"]
            if not mirror["degraded"]:
                return serve
            self.assertEqual(mirror["resync_bytes"] > mirror["resync_done_bytes"], True)
            time.sleep(0.05)
        raise AssertionError(mirror)

    def test_each_copy_has_everything_and_a_copy_alone_says_so(self):
        serve = self.serve()
        serve.put("/v1/b/main/k/n", b"1")
        self.assertEqual(serve.stop(), 0)
        for disk in self.pair:
            bare = cli("get", "n", "--store", disk, check=False)
            self.assertEqual((bare.status, bare.out), (USAGE, b""))
            self.assertIn(b"one copy of a mirror", bare.err)
        both = ["--store", self.pair[1], "--mirror", self.pair[0]]
        self.assertEqual(cli("get", "n", *both).out, b"1")
        alone = ["--store", self.pair[1], "--mirror", "none"]
        cli("put", "n", *alone, data=b"2")  # now the left one is old
        self.assertEqual(cli("get", "n", *both).out, b"2")
        os.unlink(self.pair[0])
        self.assertEqual(cli("get", "n", *alone).out, b"2")

    def test_copies_written_apart_are_refused(self):
        serve = self.serve()
        serve.put("/v1/b/main/k/n", b"1")
        self.assertEqual(serve.stop(), 0)
        for disk in self.pair:
            cli("put", "n", "--store", disk, "--mirror", "none", data=disk.encode())
        both = cli("get", "n", "--store", self.pair[0], "--mirror", self.pair[1], check=False)
        self.assertNotEqual(both.status, 0)
        self.assertIn(b"without the other", both.err)
        for disk in self.pair:
            self.assertEqual(cli("get", "n", "--store", disk, "--mirror", "none").out,
                             disk.encode())

    def test_a_killed_service_and_a_replaced_disk(self):
        serve = self.serve()
        for number in range(20):
            serve.put("/v1/b/main/k/n", b"%d" % number)
        serve.kill()
        os.unlink(self.pair[1])
        serve = self.serve()  # makes a new right image, and fills it
        serve.put("/v1/b/main/k/m", b"m")
        serve.kill()
        os.unlink(self.pair[0])
        alone = ["--store", self.pair[1], "--mirror", "none"]
        self.assertEqual(cli("get", "n", *alone).out, b"19")
        self.assertEqual(cli("get", "m", *alone).out, b"m")

    def test_what_makes_no_mirror(self):
        for words, hint in ((["--store", "memory:", "--mirror", self.pair[0]], b"memory:"),
                            (["--mirror", self.pair[0]], b"--store"),
                            (["--store", self.pair[0], "--mirror", "none"], b"not-found")):
            done = cli("get", "n", *words, check=False)
            self.assertNotEqual(done.status, 0, words)
            self.assertIn(hint, done.err, words)


class Liar(http.server.ThreadingHTTPServer):
    """A server that asks another one, and changes its answers with `lie(path, body)`; None is a 404."""

    def __init__(self, target):
        self.target = target
        self.lie = None
        super().__init__(("127.0.0.1", 0), LiarRequest)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class LiarRequest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        reply = self.server.target.get(self.path)
        body = self.server.lie(self.path, reply.body)
        self.send_response(reply.status if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_words):
        pass


class Repairs(harness.Case):
    def test_damage_is_mended_from_another_image_or_left_as_it_is(self):
        disk, copy = self.path("disk"), self.path("copy")
        cli("mkfs", disk, "--size", "64M")
        secret = b"to be found on the disk " * 100
        cli("put", "some/key", "--store", disk, data=secret)
        cli("put", "other", "--store", disk, data=b"later: the group above is no torn tail")
        cli("load", copy, data=cli("dump", disk).out)
        with open(disk, "r+b") as file:
            at = file.read().index(secret[:100])
            file.seek(at + 50)
            file.write(b"X")
        self.assertEqual(cli("get", "some/key", "--store", disk, check=False).status, CORRUPT)
        found = cli("fsck", disk, check=False)
        self.assertEqual(found.status, CORRUPT)
        self.assertRegex(found.out, rb"(?m)^corrupt: heads/main, commit [0-9a-f]{12}, "
                                    rb"key some/key \(object [0-9a-f]{12}\)$")
        scrub = cli("scrub", "--store", disk, check=False)
        self.assertEqual((scrub.status, b" 1 cannot be read" in scrub.out), (CORRUPT, True), scrub)
        done = cli("fsck", disk, "--repair-from", copy, check=False)
        self.assertEqual(done.status, 0, done)
        self.assertIn(b"1 objects damaged, 1 mended", done.err)
        for _ in range(2):  # it stays, and is written on
            self.assertEqual(cli("get", "some/key", "--store", disk).out, secret)
            self.assertEqual(cli("scrub", "--store", disk).status, 0)
            self.assert_fsck(disk)
            cli("put", "more", "--store", disk, data=b"m")
            cli("gc", "--store", disk)
        self.assertIn(b"0 objects damaged", cli("fsck", disk, "--repair-from", copy).err)

    def test_damage_is_mended_from_a_running_server(self):
        disk, copy = self.path("disk"), self.path("copy")
        cli("mkfs", disk, "--size", "64M")
        spots = []
        for number in range(6):  # three long values, and the messages of three commits
            spots.append(b"secret %d of a long value " % number)
            cli("put", f"some/key{number}", "--store", disk, data=spots[-1] * 100)
            spots.append(b"why: number %d" % number)
            cli("put", f"other/{number}", "--store", disk, "--message", spots[-1].decode(), data=b"x")
        cli("load", copy, data=cli("dump", disk).out)
        peer = harness.Serve(self.folder, "copy")
        self.addCleanup(peer.kill)
        peer.start()
        with open(disk, "r+b") as file:
            image = file.read()
            for spot in spots[1::4] + spots[2::4]:
                file.seek(image.index(spot) + 3)
                file.write(b"X")
        self.assertEqual(cli("fsck", disk, check=False).status, CORRUPT)
        before = peer.get("/v1/stats").json()["requests"]
        done = cli("fsck", disk, "--repair-from", peer.url, check=False)
        self.assertEqual(done.status, 0, done)
        self.assertIn(b"6 objects damaged, 6 mended", done.err)
        self.assertLess(peer.get("/v1/stats").json()["requests"] - before, 60)
        self.assert_fsck(disk)
        for number in range(6):
            self.assertEqual(cli("get", f"some/key{number}", "--store", disk).out,
                             b"secret %d of a long value " % number * 100)
        peer.kill()
        done = cli("fsck", disk, "--repair-from", peer.url, check=False)
        self.assertEqual((done.status, b"closed" in done.err), (6, True), done)

    def test_a_peer_is_not_believed(self):
        disk, copy = self.path("disk"), self.path("copy")
        cli("mkfs", disk, "--size", "64M")
        secret = b"what is to be mended " * 100
        cli("put", "k", "--store", disk, data=secret)
        cli("put", "later", "--store", disk, data=b"the group above is no torn tail")
        cli("load", copy, data=cli("dump", disk).out)
        with open(disk, "r+b") as file:
            file.seek(file.read().index(secret[:50]) + 3)
            file.write(b"X")
        with open(disk, "rb") as file:
            damaged = file.read()
        peer = harness.Serve(self.folder, "copy")
        self.addCleanup(peer.kill)
        peer.start()
        liar = Liar(peer)
        self.addCleanup(liar.server_close)
        self.addCleanup(liar.shutdown)
        url = f"http://127.0.0.1:{liar.server_port}"
        for lie, hint in ((lambda path, body: None, b"unsupported"),  # it knows no such request
                          (lambda path, body: b"\x01", b"invalid"),
                          (lambda path, body: body[:len(body) // 2], b"invalid"),
                          (lambda path, body: b"\x02" + body[1:], b"wrong-version")):
            liar.lie = lie
            done = cli("fsck", disk, "--repair-from", url, check=False)
            self.assertNotEqual(done.status, 0, done)
            self.assertIn(hint, done.err)
            with open(disk, "rb") as file:
                self.assertEqual(file.read(), damaged)
        # Only what is asked for has one bit wrong: what is damaged stays so, and is said to be.
        liar.lie = lambda path, body: body if len(body) < 1000 else body[:-1] + bytes([body[-1] ^ 1])
        done = cli("fsck", disk, "--repair-from", url, check=False)
        self.assertEqual(done.status, CORRUPT, done)
        self.assertIn(b"1 objects damaged, 0 mended", done.err)
        self.assertEqual(cli("get", "k", "--store", disk, check=False).status, CORRUPT)
        liar.lie = lambda path, body: body
        self.assertIn(b"1 objects damaged, 1 mended", cli("fsck", disk, "--repair-from", url).err)
        self.assertEqual(cli("get", "k", "--store", disk).out, secret)

    def test_a_mirror_heals_itself(self):
        pair = [self.path("left"), self.path("right")]
        words = ["--store", pair[0], "--mirror", pair[1]]
        serve = harness.Serve(self.folder, "left")
        serve.words = ["--mirror", pair[1], "--size", "32M"]
        self.addCleanup(serve.kill)
        serve.start()
        secret = b"to be found on both disks " * 100
        serve.put("/v1/b/main/k/some/key", secret)
        while serve.get("/v1/stats").json()["mirror"]["degraded"]:
            time.sleep(0.05)
        self.assertEqual(serve.stop(), 0)
        for disk in pair:
            with open(disk, "r+b") as file:
                at = file.read().index(secret[:100])
                file.seek(at + 50)
                file.write(b"X")
            self.assertEqual(cli("get", "some/key", *words).out, secret)
            healed = cli("scrub", *words)
            self.assertIn(b" 0 cannot be read", healed.out)
            with open(disk, "rb") as file:
                self.assertIn(secret, file.read())


class Words(harness.Case):
    def test_help_and_version(self):
        everything = cli("help").out.decode()
        for verb in ("run serve get put del ls log blame branch merge conflicts resolve diff merge-base "
                     "cherry-pick revert squash rebase reset gc scrub import export mkfs fsck info dump load version "
                     "help").split():
            self.assertRegex(everything, rf"(?m)^  {verb} ")
            one = cli("help", verb).out.decode()
            self.assertIn(f"usage: bough {verb}", one)
            self.assertEqual(cli(verb, "--help").out.decode(), one)
            self.assertEqual(cli(verb, "--help").err, b"")
        self.assertRegex(cli("version").out.decode(), r"^bough \d+\.\d+\.\d+\n$")
        self.assertIn("version", json.loads(cli("version", "--json").out))

    def test_what_is_no_command(self):
        for words, hint in ((["gte", "x"], b"did you mean get"), (["get"], b"usage: bough get"),
                            (["get", "a", "b"], b"too many"),
                            (["get", "a", "--nothing"], b"--nothing"),
                            (["put", "a", "--message"], b"needs a value"),
                            (["help", "gte"], b"get"),
                            (["serve"], b"--store"), (["branch", "fly"], b"usage: bough branch"),
                            (["serve", "--store", "memory:", "--listen", "x"], b"ADDR:PORT"),
                            (["run", "--listen", "8080"], b"ADDR:PORT"),
                            (["run", "--memory", "2", "--listen", "127.0.0.1:1"], b"--memory"),
                            (["run", "--vmm", "xen", "--listen", "127.0.0.1:1"], b"--vmm"),
                            (["run", "--accel", "x", "--listen", "127.0.0.1:1"], b"--accel"),
                            (["run", "--machine", "pc", "--listen", "127.0.0.1:1"], b"--machine"),
                            (["get", "a", "--url", "ftp://x"], b"http://HOST:PORT")):
            if words[0] == "run":  # any file will do: it is not booted
                words += ["--image", harness.bough]
            done = cli(*words, check=False, cwd=self.folder)
            self.assertEqual(done.status, USAGE, (words, done))
            self.assertEqual(done.out, b"", words)
            self.assertIn(hint, done.err, words)
        self.assertEqual(os.listdir(self.folder), [])  # and nothing was made on the way

    def test_nobody_answers(self):
        done = cli("get", "a", "--url", f"http://127.0.0.1:{harness.free_port()}", check=False)
        self.assertEqual(done.status, UNREACHABLE)
        self.assertIn(b"nobody answers", done.err)

    def test_a_broken_pipe_is_no_success(self):
        disk = self.path("disk")
        cli("put", "big", "--store", self.made(disk), data=bytes(4 << 20))
        reader = subprocess.Popen([harness.bough, "get", "big", "--store", disk],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        reader.stdout.close()
        self.assertNotEqual(reader.wait(60), 0)
        full = os.open("/dev/full", os.O_WRONLY)
        done = subprocess.run([harness.bough, "get", "big", "--store", disk], stdout=full,
                              stderr=subprocess.PIPE, check=False)
        os.close(full)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(done.stderr)

    def made(self, disk):
        cli("mkfs", disk, "--size", "64M")
        return disk

    def test_an_address_in_use(self):
        first = harness.Serve(self.folder, "first").start()
        self.addCleanup(first.kill)
        done = cli("serve", "--store", "memory:", "--listen", first.url[7:], check=False)
        self.assertNotEqual(done.status, 0)
        self.assertIn(b"listen", done.err)

    def test_serve_in_memory_forgets(self):
        serve = harness.Serve(self.folder)
        serve.disk = "memory:"
        self.addCleanup(serve.kill)
        serve.start()
        self.assertEqual(serve.get("/readyz").json()["durability"], "process")
        serve.put("/v1/b/main/k/n", b"1")
        self.assertEqual(serve.stop(), 0)
        serve.start()
        self.assertEqual(serve.get("/v1/b/main/k/n").status, 404)

    def test_a_store_in_memory_is_for_serve_and_run(self):
        self.assertTrue(os.path.isdir("/usr"))
        for words in (["get", "a"], ["put", "a"], ["del", "a"], ["ls"], ["log"], ["branch"],
                      ["import", "/usr/share/doc"], ["export", self.path("out")]):
            done = cli(*words, "--store", "memory:", check=False, cwd=self.folder)
            self.assertEqual((done.status, done.out), (USAGE, b""), words)
            self.assertIn(b"bough serve --store memory:", done.err)
        for verb in ("mkfs", "fsck"):
            done = cli(verb, "memory:", check=False, cwd=self.folder)
            self.assertEqual((done.status, done.out), (USAGE, b""), verb)
            self.assertIn(b"no image", done.err)
        self.assertEqual(os.listdir(self.folder), [])

    def test_serve_in_memory_gives_space_back(self):
        serve = harness.Serve(self.folder)
        serve.disk = "memory:"
        self.addCleanup(serve.kill)
        serve.start()
        serve.put("/v1/b/main/k/n", b"1")
        path = self.path("value")
        for number in range(90):  # 1080 MiB in all, through a capacity of 768
            with open(path, "wb") as file:
                file.write(os.urandom(12 << 20))
            cli("branch", "create", "b", "main", "--url", serve.url)
            done = serve.curl("/v1/b/b/k/big", "-T", path)
            self.assertEqual(done.status, 201, (number, done))
            cli("branch", "delete", "b", "--force", "--url", serve.url)
        stats = serve.get("/v1/stats").json()
        self.assertGreater(stats["collections"], 0)
        self.assertEqual(stats["store"]["durability"], "process")
        self.assertLessEqual(stats["store"]["used_bytes"], stats["store"]["capacity_bytes"])

    def test_signals_end_serve_well(self):
        serve = harness.Serve(self.folder).start()
        self.addCleanup(serve.kill)
        serve.put("/v1/b/main/k/n", b"1")
        for number in (signal.SIGTERM, signal.SIGINT):
            begin = time.monotonic()
            serve.process.send_signal(number)
            self.assertEqual(serve.finish(), 0, serve.log)
            self.assertLess(time.monotonic() - begin, 30)
            serve.start()
            self.assertEqual(serve.get("/v1/b/main/k/n").body, b"1")


if __name__ == "__main__":
    harness.main(__doc__, targets=("serve",))
