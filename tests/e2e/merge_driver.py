#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""merge_driver.py - stock git merges with bough's policies, through its merge drivers.

Values with known results (those of tests/unit/test_merge_policy.c) stand in one repository, a file
each, with `.gitattributes` that name their policies.  `git merge` must give the known bytes, or a
conflict where there is none; `git cherry-pick` and `git rebase` likewise.
"""
import os
import random

import harness
from harness import cli, git, run

ERROR = 129

# policy, base (None: added by both), ours, theirs, result (None: conflict)
CASES = [
    ("counter", b"10", b"12", b"15", b"17"),
    ("counter", b"10\n", b"12\n", b"3\n", b"5\n"),
    ("counter", None, b"5", b"7", b"12"),
    ("counter", b"1", b"+2", b"3", b"+4"),
    ("counter", b"0", b"9223372036854775807", b"1", None),
    ("counter", b"0", b"x", b"1", None),
    ("set", b"a\nb\nc\n", b"a\nc\nd\n", b"a\nb\nc\ne\n", b"a\nc\nd\ne\n"),
    ("set", None, b"b\na\n", b"c\nb", b"a\nb\nc\n"),
    ("log", b"x\n", b"x\n[2023-11-14T22:13:21Z] a\n", b"x\n1700000000.5 b\n",
     b"x\n1700000000.5 b\n[2023-11-14T22:13:21Z] a\n"),
    ("log", b"a\nb\n", b"a\n", b"a\nb\nc\n", None),
    ("json", b'{"a":1,"b":2}', b'{"a":9,"b":2}', b'{"a":1,"b":2,"c":3}', b'{"a":9,"b":2,"c":3}'),
    ("json", b'{"a":1}', b'{"a":2}', b'{"a":3}', None),
    ("json", b"{}", b"{", b'{"a":3}', None),
    ("json", b'["a"]\n', b'["a", "c"]\n', b'["a", "b"]\n', b'["a","b","c"]\n'),
    ("ours", b"a", b"b", b"c", b"b"),
    ("theirs", b"a", b"b", b"c", b"c"),
    ("text", b"a\nb\nc\n", b"x\nb\nc\n", b"a\nb\ny\n", b"x\nb\ny\n"),
    ("text", b"a\n", b"b\n", b"c\n", None),
    ("union", b"a\nb\nc\n", b"x\nb\nc\n", b"y\nb\nc\n", b"x\ny\nb\nc\n"),
]


class MergeDriver(harness.Case):
    def setUp(self):
        super().setUp()
        self.environment = {
            "PATH": os.path.dirname(os.path.abspath(harness.bough)) + ":" + os.environ["PATH"]}
        self.new_repository()

    def new_repository(self):
        git("init", "-q", self.folder)
        run(harness.bough, "merge-driver", "--install", cwd=self.folder,
            env={**harness.GIT_ENVIRONMENT, **self.environment})

    def git(self, *words, check=True, date=None):
        environment = dict(self.environment)
        if date is not None:
            environment["GIT_COMMITTER_DATE"] = f"{date} +0000"
        return git(*words, cwd=self.folder, check=check, env=environment)

    def commit(self, files, date=1700000000):
        """A commit that changes files: None removes one."""
        for name, data in files.items():
            if data is not None:
                self.write(name, data)
            elif os.path.exists(self.path(name)):
                os.remove(self.path(name))
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x", date=date)

    def histories(self, base, ours, theirs, our_date=1700000010, their_date=1700000020):
        """Two branches from one base; ours is checked out."""
        self.commit(base)
        self.git("branch", "dev")
        self.commit(ours, our_date)
        self.git("checkout", "-q", "dev")
        self.commit(theirs, their_date)
        self.git("checkout", "-q", "main")

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def lay_out(self):
        """The cases as files, and what must come of them."""
        trees, wanted = ({}, {}, {}), {}
        attributes = b""
        for number, (policy, *values, result) in enumerate(CASES):
            name = f"{number} {policy}"
            attributes += b'"%s" merge=%s\n' % (name.encode(), policy.encode())
            wanted[name] = result
            for tree, value in zip(trees, values):
                tree[name] = value
        trees[0][".gitattributes"] = attributes
        return trees, wanted

    def assert_merged(self, done, wanted):
        self.assertEqual(done.status, 1, done)
        conflicts = set(self.git("diff", "--name-only", "--diff-filter=U").splitlines())
        self.assertEqual(conflicts, {name for name, value in wanted.items() if value is None})
        for name, value in wanted.items():
            if value is not None:
                self.assertEqual(self.read(name), value, name)

    def test_git_merge_gives_what_the_library_gives(self):
        trees, wanted = self.lay_out()
        self.histories(*trees)
        done = self.git("merge", "--no-edit", "dev", check=False)
        self.assert_merged(done, wanted)
        text = next(name for name, value in wanted.items()
                    if name.endswith("text") and value is None)
        self.assertEqual(self.read(text), b"<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> dev\n")
        self.assertIn(b"both sides changed the same value", done.err)
        self.assertIn(b"ours is no JSON", done.err)

    def test_git_cherry_pick_and_rebase_give_the_same(self):
        trees, wanted = self.lay_out()
        self.histories(*trees)
        done = self.git("cherry-pick", "dev", check=False)
        self.assert_merged(done, wanted)
        self.git("cherry-pick", "--abort")
        self.git("checkout", "-q", "dev")
        done = self.git("rebase", "main", check=False)
        self.assert_merged(done, wanted)

    def test_the_later_commit_wins(self):
        for ours, theirs, wanted in ((10, 20, b"theirs"), (20, 10, b"ours")):
            run("rm", "-rf", self.path(".git"), self.path("v"), self.path(".gitattributes"))
            self.new_repository()
            self.histories({".gitattributes": b"v merge=lww\n", "v": b"base"}, {"v": b"ours"},
                           {"v": b"theirs"}, 1700000000 + ours, 1700000000 + theirs)
            self.git("merge", "--no-edit", "dev")
            self.assertEqual(self.read("v"), wanted)
            self.git("reset", "-q", "--hard", "HEAD^")
            done = self.git("cherry-pick", "dev", check=False)  # git does not tell which commit
            self.assertEqual(done.status, 1, done)
            self.assertIn(b"which side is later is not known", done.err)

    def test_a_tie_is_not_settled_by_names_of_gits(self):
        self.histories({".gitattributes": b"v merge=lww\n", "v": b"base"}, {"v": b"ours"},
                       {"v": b"theirs"}, 1700000010, 1700000010)
        done = self.git("merge", "--no-edit", "dev", check=False)
        self.assertEqual(done.status, 1, done)
        self.assertIn(b"v: the sides are of the same second", done.err)

    def test_longer_markers_that_an_attribute_asks_for(self):
        """They do not make it a merge of common ancestors, whatever the path is."""
        name = "it's $(false) \\ \"q\"\n"
        self.histories({".gitattributes": b"it* merge=lww conflict-marker-size=9\n", name: b"base"},
                       {name: b"ours"}, {name: b"theirs"})
        self.git("merge", "--no-edit", "dev")
        self.assertEqual(self.read(name), b"theirs")

    def test_lines_without_a_time_have_that_of_the_commit(self):
        self.histories({".gitattributes": b"v merge=log\n", "v": b"1\n"}, {"v": b"1\nours\n"},
                       {"v": b"1\ntheirs\n"}, 1700000020, 1700000010)
        self.git("merge", "--no-edit", "dev")
        self.assertEqual(self.read("v"), b"1\ntheirs\nours\n")

    def direct(self, policy, base, ours, theirs, *more):
        names = [self.write(name, data) for name, data in
                 zip(("base", "ours", "theirs"), (base, ours, theirs))]
        return cli("merge-driver", policy, *names, *more, check=False, cwd=self.folder,
                   env={"GIT_DIR": "/nonexistent"})

    def test_without_commits_a_result_must_not_depend_on_them(self):
        done = self.direct("lww", b"a", b"b", b"c")
        self.assertEqual(done.status, 1, done)
        self.assertIn(b"which side is later is not known", done.err)
        self.assertEqual(self.read("ours"), b"<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> theirs\n")
        done = self.direct("log", b"", b"1700000002 b\n", b"1700000001 a\n")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(self.read("ours"), b"1700000001 a\n1700000002 b\n")
        done = self.direct("log", b"", b"b\n", b"a\n")
        self.assertEqual(done.status, 1, done)

    def test_what_cannot_be_done_is_above_128(self):
        done = self.direct("nope", b"a", b"b", b"c")
        self.assertEqual(done.status, ERROR, done)
        done = cli("merge-driver", "set", "nope", "nope", "nope", check=False, cwd=self.folder)
        self.assertEqual(done.status, ERROR, done)
        done = cli("merge-driver", "set", check=False, cwd=self.folder)
        self.assertEqual(done.status, ERROR, done)

    def test_labels_and_markers_are_those_of_newer_git(self):
        done = self.direct("text", b"a\n", b"b\n", b"c\n", "9", "path", "%S", "main", "topic")
        self.assertEqual(done.status, 1, done)
        self.assertEqual(self.read("ours"),
                         b"<<<<<<<<< main\nb\n=========\nc\n>>>>>>>>> topic\n")

    def test_text_and_union_are_gits_own(self):
        """Random texts: the driver's files are those of git's built-in ones."""
        seed = int(os.environ.get("BOUGH_TEST_SEED", random.getrandbits(32)))
        harness.say(f"seed {seed} (replay with BOUGH_TEST_SEED)")
        chance = random.Random(seed)
        trees = {}, {}, {}

        def change(lines):
            lines = list(lines)
            for _ in range(chance.randrange(6)):
                at = chance.randrange(len(lines) + 1)
                lines[at:at + chance.randrange(3)] = [
                    b"%d\n" % chance.randrange(9) for _ in range(chance.randrange(3))]
            return lines

        for number in range(200):
            lines = [b"%d\n" % chance.randrange(9) for _ in range(chance.randrange(30))]
            policy = ("text", "union")[number % 2]
            for tree, value in zip(trees, (lines, change(lines), change(lines))):
                tree[f"{number}.{policy}"] = b"".join(value)
        trees[0][".gitattributes"] = b"*.text merge=text\n*.union merge=union\n"
        self.histories(*trees)
        self.git("merge", "--no-edit", "dev", check=False)
        own = {name: self.read(name) for name in trees[0]}
        unclean = self.git("diff", "--name-only", "--diff-filter=U")
        self.assertNotEqual(unclean, "")
        self.git("merge", "--abort")
        for policy in ("text", "union"):
            self.git("config", f"merge.{policy}.driver",
                     f"bough merge-driver {policy} -- %O %A %B %L %P")
        self.git("merge", "--no-edit", "dev", check=False)
        self.assertEqual(self.git("diff", "--name-only", "--diff-filter=U"), unclean)
        for name, value in own.items():
            self.assertEqual(self.read(name), value, name)


if __name__ == "__main__":
    harness.main(__doc__, targets=("serve",))
