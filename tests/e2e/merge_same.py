#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""merge_same.py - the same histories merged by bough over REST and by stock git in a clone.

Random histories of two branches, over keys of every policy, must come to the same conflicts and,
with those taken alike, to the same tree, whichever side is merged into the other.  git's merge is
then pushed back, and must hold what bough's holds.  Where git cannot tell its driver what bough
knows, the clone must have a conflict, and never another value.
"""
import json
import os
import random

import harness
import merges
from harness import git, git_fsck, run, say

ROUNDS = 6
KEYS_OF_A_POLICY = 6
START = 1700000000

# `!merge` is the policy default.
ATTRIBUTES = b"""\
* -merge
/default/** !merge
*.ours merge=ours
*.theirs merge=theirs
union/** merge=union
[t]ext/*/* merge
*.json merge=json
"/counter/**" merge=counter
set/?/k* merge=set
*.lww merge=lww
**/log/* merge=log
"""
POLICIES = ("default", "binary", "ours", "theirs", "union", "text", "json", "counter", "set", "lww",
            "log")


def key_of(policy, number):
    names = {"binary": "plain/{}", "counter": "counter/deep/{}", "json": "{}.json",
             "log": "var/log/{}", "lww": "last/{}.lww", "ours": "a/b/{}.ours", "set": "set/x/k{}",
             "text": "text/y/{}", "theirs": "theirs/{}.theirs"}
    return names.get(policy, policy + "/{}").format(number)


def document(text):
    return json.dumps(text, indent=2).encode() + b"\n"


class Side:
    """One branch's way of changing values: what it writes cannot stand anywhere else."""

    def __init__(self, chance, name):
        self.chance = chance
        self.name = name
        self.written = 0

    def word(self):
        """Mostly of this side alone, sometimes what the other may write, too."""
        self.written += 1
        if self.chance.randrange(8) == 0:
            return f"common {self.chance.randrange(3)}"
        return f"{self.name} {self.written}"

    def lines(self, old, most):
        lines = old.splitlines(keepends=True)
        for _ in range(self.chance.randrange(1, most + 1)):
            at = self.chance.randrange(len(lines) + 1)
            lines[at:at + self.chance.randrange(3)] = [
                self.word().encode() + b"\n" for _ in range(self.chance.randrange(3))]
        return b"".join(lines)

    def json(self, old):
        members = json.loads(old)
        for _ in range(self.chance.randrange(1, 3)):
            kind = self.chance.randrange(4)
            name = f"m{self.chance.randrange(12)}"
            if kind == 0:
                members.pop(name, None)
            elif kind == 1:
                members.setdefault("list", []).append(self.word())
            elif kind == 2:
                members.setdefault("in", {})[name] = self.word()
            else:
                members[name] = self.word()
        return document(members)

    def log(self, old):
        lines = []
        for _ in range(self.chance.randrange(1, 4)):
            at = START + self.chance.randrange(100)
            lines.append([f"{at} {self.word()}\n", f"[{at}.5] {self.word()}\n",
                          f"{self.word()}\n"][self.chance.randrange(3)])
        if self.chance.randrange(12) == 0:
            old = old[old.find(b"\n") + 1:]  # not allowed: a conflict if the other adds lines
        return old + "".join(lines).encode()

    def change(self, policy, old):
        """Another value, or none."""
        return None if self.chance.randrange(15) == 0 else self.write(policy, old)

    def write(self, policy, old):
        """Another value."""
        if policy == "json":
            return self.json(b"{}" if old is None else old)
        if policy == "counter":
            return b"%d\n" % (int(old or b"0") + self.chance.randrange(-5, 9))
        if policy == "log":
            return self.log(old or b"")
        if policy in ("set", "text", "union"):
            return self.lines(old or b"", 2 if policy == "text" else 4)
        return self.word().encode() + b"\n"


def first(chance, policy):
    """A value of the common ancestor."""
    if policy == "json":
        return document({f"m{number}": number for number in range(chance.randrange(1, 9))})
    if policy == "counter":
        return b"%d\n" % chance.randrange(100)
    if policy == "log":
        return b"".join(b"%d base\n" % (START - 50 + number) for number in range(3))
    if policy in ("set", "text", "union"):
        return b"".join(b"line %d\n" % number for number in range(chance.randrange(1, 25)))
    return b"base %d\n" % chance.getrandbits(30)


class Clone:
    """A clone with bough's merge drivers, as docs/policies.md says, and histories made in it."""

    def __init__(self, case, url):
        self.folder = case.path("clone")
        self.environment = {
            "PATH": os.path.dirname(os.path.abspath(harness.bough)) + ":" + os.environ["PATH"]}
        git("init", "-q", self.folder)
        self.git("remote", "add", "origin", url)
        run(harness.bough, "merge-driver", "--install", cwd=self.folder,
            env={**harness.GIT_ENVIRONMENT, **self.environment})
        self.git("config", "merge.default", "binary")
        self.git("config", "merge.renames", "false")

    def git(self, *words, check=True, date=START):
        return git(*words, cwd=self.folder, check=check,
                   env={**self.environment, "GIT_COMMITTER_DATE": f"{date} +0000",
                        "GIT_AUTHOR_DATE": f"{START} +0000"})

    def names(self, *words):
        return set(filter(None, self.git(*words, "-z").split("\0")))

    def commit(self, values, date):
        """A commit that changes values: None removes one."""
        for key, value in values.items():
            path = os.path.join(self.folder, key)
            if value is not None:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(value)
            elif os.path.exists(path):
                os.remove(path)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change", date=date)

    def begin(self, values):
        """The branch main anew, with the first commit of a history."""
        self.git("symbolic-ref", "HEAD", "refs/heads/main")
        self.git("update-ref", "-d", "refs/heads/main")
        self.commit({**{name: None for name in self.names("ls-files")},
                     ".gitattributes": ATTRIBUTES, **values}, START)

    def fork(self, base, ours, theirs, our_date, their_date):
        """Branches main and dev from one commit."""
        self.begin(base)
        self.git("checkout", "-q", "-B", "dev")
        self.commit(theirs, their_date)
        self.git("checkout", "-q", "main")
        self.commit(ours, our_date)

    def merge(self, ours, theirs):
        """Merges into a branch of its own; git's words, and the paths in conflict."""
        self.git("checkout", "-q", "-B", "merged", ours)
        done = self.git("merge", "--no-ff", "--no-edit", theirs, check=False, date=START + 500)
        open_keys = self.names("diff", "--name-only", "--diff-filter=U")
        if (done.status, bool(open_keys)) not in ((0, False), (1, True)):
            raise AssertionError(done)
        return done, open_keys

    def take_ours(self, keys):
        there = self.names("ls-tree", "-r", "--name-only", "HEAD")
        for key in keys:
            if key in there:
                self.git("checkout", "-q", "--ours", "--", key)
                self.git("add", "--", key)
            else:
                self.git("rm", "-q", "--", key)
        self.git("commit", "-q", "--no-edit", date=START + 500)


class MergeSame(merges.MergeCase):
    def setUp(self):
        super().setUp()
        self.clone = Clone(self, self.target.git_url)

    def push(self, *branches):
        self.clone.git("push", "-q", "origin", *branches)

    def merge(self, ours, theirs, branch):
        """Merges in bough, into a new branch; the keys in conflict."""
        self.push(f"{ours}:refs/heads/{branch}", f"{theirs}:refs/heads/{branch}-theirs")
        reply = self.post(f"/v1/b/{branch}/merge", **{"from": f"{branch}-theirs", "no_ff": True})
        if reply.status == 200:
            return set()
        self.assertEqual((reply.status, reply.problem()), (409, "merge-conflict"))
        shown = self.target.get(f"/v1/b/{branch}/merge?limit=1000").json()
        return {item["key"] for item in shown["conflicts"]}

    def take_ours(self, branch, keys):
        self.good(f"/v1/b/{branch}/merge",
                  resolutions=[{"key": key, "take": "ours"} for key in sorted(keys)])

    def assert_same(self, branch):
        """The branch in bough, and what is checked out here, are one tree, and stay one when
        git's merge is pushed."""
        self.clone.git("fetch", "-q", "origin", branch)
        if self.clone.git("rev-parse", "FETCH_HEAD^{tree}") != self.clone.git(
                "rev-parse", "HEAD^{tree}"):
            self.fail(self.clone.git("diff", "FETCH_HEAD", "HEAD"))
        self.assertEqual(self.clone.git("rev-parse", "FETCH_HEAD^1", "FETCH_HEAD^2"),
                         self.clone.git("rev-parse", "HEAD^1", "HEAD^2"))
        self.push(f"HEAD:refs/heads/{branch}-git")
        changes = self.target.get(f"/v1/diff?from={branch}&to={branch}-git").json()["changes"]
        self.assertEqual(changes, [])
        self.assertEqual(self.values(f"{branch}-git"), self.values(branch))

    def draw(self, chance):
        """A history of two branches from one commit."""
        keys = {key_of(policy, number): policy for policy in POLICIES
                for number in range(KEYS_OF_A_POLICY)}
        base = {key: first(chance, policy) for key, policy in keys.items()
                if chance.randrange(5) > 0}  # the rest may be added by both
        self.clone.begin(base)
        self.clone.git("branch", "-f", "start")
        dates = chance.sample(range(START, START + 200), 2)
        for name, last in zip(("main", "dev"), dates):
            side, values = Side(chance, name), dict(base)
            self.clone.git("checkout", "-q", "-B", name, "start")
            for left in reversed(range(chance.randrange(1, 4))):
                change = {key: side.change(keys[key], values.get(key))
                          for key in chance.sample(sorted(keys), len(keys) // 2)}
                values.update(change)
                self.clone.commit(change, last + left * chance.randrange(-50, 50))

    def test_every_policy_both_ways(self):
        say(f"BOUGH_SEED={merges.SEED}")
        chance = random.Random(merges.SEED)
        settled = set()
        for number in range(ROUNDS):
            self.draw(chance)
            for ours, theirs in (("main", "dev"), ("dev", "main")):
                branch = f"round{number}-{ours}"
                said, wanted = self.clone.merge(ours, theirs)
                self.assertEqual(self.merge(ours, theirs, branch), wanted, said)
                if wanted:
                    self.take_ours(branch, wanted)
                    self.clone.take_ours(wanted)
                self.assert_same(branch)
                both = (self.clone.names("diff", "--name-only", "HEAD", "HEAD^1") &
                        self.clone.names("diff", "--name-only", "HEAD", "HEAD^2"))
                settled |= {os.path.dirname(key) or "json" for key in both}
        git_fsck(self.clone.folder)
        say(f"merged by policies below {', '.join(sorted(settled))}")
        # A key that differs from both parents had a policy that made a value of its own.
        self.assertLessEqual({"counter/deep", "json", "set/x", "text/y", "union", "var/log"},
                             settled)

    def lww_and_log(self, our_date, their_date, branch):
        """Both merges of values whose policies look at commits; the keys in conflict here."""
        self.clone.fork({"last/a.lww": b"base\n", "var/log/a": b"1\n", "var/log/b": b"1\n"},
                        {"last/a.lww": b"ours\n", "var/log/a": b"1\nours\n",
                         "var/log/b": b"1\n1700000030 ours\n"},
                        {"last/a.lww": b"theirs\n", "var/log/a": b"1\ntheirs\n",
                         "var/log/b": b"1\n1700000020 theirs\n"}, our_date, their_date)
        said, conflicts = self.clone.merge("main", "dev")
        self.assertEqual(self.merge("main", "dev", branch), set())
        return said, conflicts

    def test_the_commits_decide_alike(self):
        _, conflicts = self.lww_and_log(START + 20, START + 10, "later")
        self.assertEqual(conflicts, set())
        self.assert_same("later")
        self.assertEqual(self.values("later")["var/log/a"], "1\ntheirs\nours\n")

    def test_in_the_same_second_a_clone_has_a_conflict(self):
        """bough goes on by names, which are not those that git has."""
        said, conflicts = self.lww_and_log(START + 10, START + 10, "tie")
        self.assertEqual(conflicts, {"last/a.lww", "var/log/a"}, said)
        self.assertIn(b"the sides are of the same second", said.err)

    def criss_cross(self, base, changes, again, dates):
        """main and dev, which have each other's first change, as git and as bough see them."""
        self.clone.fork(base, *changes, *dates[:2])
        for name in ("main", "dev"):
            self.clone.git("branch", "-f", f"{name}1", name)
        for name, other, values, date in zip(("main", "dev"), ("dev1", "main1"), again, dates[2:]):
            self.clone.git("checkout", "-q", name)
            self.clone.git("merge", "-q", "-s", "ours", "--no-edit", other, date=date - 1)
            self.clone.commit(values, date)

    def test_common_ancestors_that_disagree(self):
        """Crosswise merges: what git merges has bough's value; what bough leaves open is open in
        git.  (text and union are git's own there, which goes on where ancestors disagree.)"""
        say(f"BOUGH_SEED={merges.SEED}")
        chance = random.Random(merges.SEED)
        policies = ("counter", "json", "log", "lww", "ours", "set", "theirs")
        keys = {key_of(policy, number): policy for policy in policies for number in range(9)}
        for number in range(ROUNDS):
            base = {key: first(chance, policy) for key, policy in keys.items()}
            sides = [Side(chance, name) for name in ("main", "dev")]
            changes = [{key: side.write(policy, base[key]) for key, policy in keys.items()
                        if chance.randrange(5) > 0} for side in sides]
            again = []
            for side, own in zip(sides, changes):
                now = {**base, **own}
                for key in chance.sample(sorted(keys), len(keys) // 3):
                    now[key] = changes[chance.randrange(2)].get(key, base[key])
                again.append({key: side.write(policy, now[key]) if chance.randrange(3) else now[key]
                              for key, policy in keys.items()})
            self.criss_cross(base, changes, again,
                             chance.sample(range(START, START + 100), 2) +
                             chance.sample(range(START + 100, START + 200), 2))
            branch = f"cross{number}"
            said, conflicts = self.clone.merge("main", "dev")
            ours = self.merge("main", "dev", branch)
            self.assertLessEqual(ours, conflicts, said)
            if ours:
                self.take_ours(branch, ours)
            self.clone.git("fetch", "-q", "origin", branch)
            self.clone.git("add", "-A")
            other = self.clone.names("diff", "--name-only", "--cached", "FETCH_HEAD")
            self.assertLessEqual(other, conflicts,
                                 self.clone.git("diff", "--cached", "FETCH_HEAD", "--",
                                                *(other - conflicts)))
            say(f"{len(ours)} conflicts, {len(conflicts)} in git")
            self.clone.git("commit", "-q", "--no-edit")


if __name__ == "__main__":
    harness.main(__doc__)
