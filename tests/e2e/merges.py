#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""merges.py - merges as a client asks for them, with stock curl, and as stock git sees them.

Merges without conflicts are made by git in a clone, too, and must come to the same tree.  Those
with conflicts are left in progress, the service is stopped or killed, and they are completed after
it was started again.
"""
import json
import os
import random
import time

import harness
from harness import git, git_fsck, say

SEED = int(os.environ.get("BOUGH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
JSON = ["Content-Type: application/json"]


class MergeCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.target = self.start()

    def post(self, path, **members):
        return self.target.curl(path, data=json.dumps(members).encode(), headers=JSON)

    def good(self, path, **members):
        reply = self.post(path, **members)
        self.assertEqual(reply.status, 200, reply)
        return reply.json()

    def refused(self, path, status, code, **members):
        reply = self.post(path, **members)
        self.assertEqual((reply.status, reply.problem()), (status, code), reply)
        return json.loads(reply.body)

    def txn(self, branch, values, message="a change"):
        """One commit; a value of None removes the key."""
        ops = [{"op": "delete", "key": key} if value is None else
               {"op": "put", "key": key, "value": value} for key, value in values.items()]
        return self.good(f"/v1/b/{branch}/txn", ops=ops, message=message)["commit"]

    def branch(self, name, start="main"):
        reply = self.target.put(f"/v1/branches/{name}", json.dumps({"from": start}).encode(),
                                headers=JSON)
        self.assertEqual(reply.status, 201, reply)

    def head(self, branch):
        return self.target.get(f"/v1/branches/{branch}").json()["commit"]

    def values(self, branch):
        document = self.target.get(f"/v1/b/{branch}/keys?limit=1000&values=1").json()
        self.assertIsNone(document["next"])
        return {item["key"]: item["value"] for item in document["keys"]}

    def restart(self, hard):
        if hard:
            self.target.kill()
        else:
            self.assertEqual(self.target.stop(), 0)
        self.target.start()


class Clean(MergeCase):
    def change(self, chance, keys, round_number, side):
        """Changes to keys that the other side leaves alone, in directories that both change."""
        picked = chance.sample(keys, 20)
        values = {}
        for key in picked:
            kind = chance.randrange(4)
            values[key] = None if kind == 0 else f"{side} {round_number} {chance.random()}\n"
        for number in range(5):
            folder = chance.choice(["", "d/", "d/e/", "deep/er/"])
            values[f"{folder}{side}-{round_number}-{number}"] = f"{chance.random()}\n"
        return values

    def test_git_comes_to_the_same_tree(self):
        say(f"BOUGH_SEED={SEED}")
        chance = random.Random(SEED)
        keys = [f"{folder}k{number:03}" for folder in ("", "d/", "d/e/", "d.x/")
                for number in range(60)]
        self.txn("main", {key: f"{key} {chance.random()}\n" for key in keys})
        clone = self.path("clone")
        for number in range(8):
            name = f"topic{number}"
            self.branch(name)
            half = chance.sample(keys, len(keys))
            wanted = self.values("main")
            for side, branch, own in (("ours", "main", half[0::2]), ("theirs", name, half[1::2])):
                values = self.change(chance, own, number, side)
                self.txn(branch, values)
                for key, value in values.items():
                    wanted.pop(key, None)
                    if value is not None:
                        wanted[key] = value
            git("clone", "-q", "--bare", self.target.git_url, f"{clone}{number}")
            tree = git("-c", "merge.renames=false", "merge-tree", "--write-tree", "main", name,
                       cwd=f"{clone}{number}")
            dry = self.good("/v1/b/main/merge", **{"from": name, "dry_run": True})
            self.assertEqual((dry["commit"], dry["outcome"], dry["ahead"], dry["behind"]),
                             (None, "merged", 1, 1))
            merged = self.good("/v1/b/main/merge", **{"from": name})
            self.assertEqual(merged["outcome"], "merged")
            self.assertEqual(self.values("main"), wanted)
            git("fetch", "-q", "origin", "main:merged", cwd=f"{clone}{number}")
            self.assertEqual(git("rev-parse", "merged^{tree}", cwd=f"{clone}{number}"), tree)
            self.assertEqual(git("rev-parse", "merged^2", cwd=f"{clone}{number}"),
                             git("rev-parse", name, cwd=f"{clone}{number}"))
            git_fsck(f"{clone}{number}")

    def test_several_in_one_commit(self):
        self.txn("main", {"a": "1\n", "d/b": "1\n", "d/c": "1\n"})
        for name in ("a", "b", "c"):
            self.branch(name)
        self.txn("main", {"own": "2\n"})
        self.txn("a", {"a": None, "d/new": "2\n"})
        self.txn("b", {"d/b": "2\n"})
        self.txn("c", {"d/c": "2\n", "e": "2\n"})
        clone = self.path("clone")
        git("clone", "-q", self.target.git_url, clone)
        done = self.good("/v1/b/main/merge", **{"from": ["a", "b", "c"]})
        self.assertEqual((done["outcome"], done["heads"], done["ahead"], done["behind"]),
                         ("merged", [self.head(name) for name in ("a", "b", "c")], 1, 3))
        git("merge", "-q", "--no-edit", "origin/a", "origin/b", "origin/c", cwd=clone)
        git("fetch", "-q", "origin", cwd=clone)
        for what in ("%T", "%P"):
            self.assertEqual(git("log", "-1", f"--format={what}", "origin/main", cwd=clone),
                             git("log", "-1", f"--format={what}", "main", cwd=clone))
        git_fsck(clone)
        self.txn("a", {"x": "1\n"})
        self.txn("b", {"x": "2\n"})
        before = self.head("main")
        report = self.refused("/v1/b/main/merge", 409, "merge-conflict", **{"from": ["a", "b"]})
        self.assertEqual((report["theirs"], report["draft"]), (self.head("b"), None))
        self.assertEqual(self.head("main"), before)

    def test_base_and_diff_agree_with_git(self):
        self.txn("main", {"a": "1\n", "b/c": "1\n", "gone": "1\n"})
        self.branch("dev")
        self.txn("main", {"a": "2\n", "gone": None})
        self.txn("dev", {"b/c": "3\n", "b/new": "1\n"})
        self.txn("dev", {"b/more": "1\n"})
        clone = self.path("clone")
        git("clone", "-q", "--bare", self.target.git_url, clone)
        base = self.target.get("/v1/merge-base?a=main&b=dev").json()
        self.assertEqual(f"{base['ahead']}\t{base['behind']}",
                         git("rev-list", "--left-right", "--count", "main...dev", cwd=clone))
        names = {"added": "A", "removed": "D", "modified": "M"}
        changes = self.target.get("/v1/diff?from=main&to=dev").json()["changes"]
        self.assertEqual("\n".join(f"{names[change['change']]}\t{change['key']}"
                                   for change in changes),
                         git("diff", "--name-status", "--no-renames", "main", "dev", cwd=clone))


class InProgress(MergeCase):
    def fork(self, name, count=6):
        self.txn("main", {f"k{number}": "0" for number in range(count)})
        self.branch(name)
        self.txn("main", {f"k{number}": "ours" for number in range(count)})
        self.txn(name, {f"k{number}": "theirs" for number in range(count)} | {"free": "theirs"})

    def test_a_merge_goes_on_after_the_service_was_killed(self):
        self.fork("dev")
        before = self.head("main")
        report = self.refused("/v1/b/main/merge", 409, "merge-conflict",
                              **{"from": "dev", "message": "in three steps"})
        self.assertEqual([item["key"] for item in report["conflicts"]],
                         [f"k{number}" for number in range(6)])
        self.assertEqual(report["conflicts"][0]["ours"]["inline"], "ours")
        self.restart(hard=True)
        shown = self.target.get("/v1/b/main/merge").json()
        for member in ("conflicts", "conflict_count", "ours", "theirs", "base", "draft"):
            self.assertEqual(shown[member], report[member], member)
        report = self.refused("/v1/b/main/merge", 409, "merge-conflict", resolutions=[
            {"key": "k0", "take": "theirs"}, {"key": "k1", "take": "base"},
            {"key": "k2", "delete": True}, {"key": "k3", "value": "mine"}])
        self.assertEqual(report["conflict_count"], 2)
        self.restart(hard=False)
        self.assertEqual(self.head("main"), before)
        draft = self.target.get("/v1/b/main/merge").json()["draft"]
        self.assertEqual(self.target.get(f"/v1/at/{draft}/k/tree/k3").body, b"mine")
        # What the policy would drop is the base of the merge, and is kept as long as it is.
        policy = {"policies": [{"branch": "*", "commits": 1}]}
        self.assertEqual(self.target.put("/v1/retention", json.dumps(policy).encode()).status, 204)
        job = self.target.curl("/v1/admin/gc", method="POST").headers["location"]
        while self.target.get(job).json()["state"] == "running":
            time.sleep(0.05)
        self.restart(hard=True)
        done = self.good("/v1/b/main/merge", resolutions=[{"key": "k4", "take": "ours"},
                                                          {"key": "k5", "take": "theirs"}])
        self.assertEqual(done["outcome"], "merged")
        self.assertEqual(self.values("main"), {
            "k0": "theirs", "k1": "0", "k3": "mine", "k4": "ours", "k5": "theirs",
            "free": "theirs"})
        commit = self.target.get("/v1/commits/main").json()
        self.assertEqual(commit["message"], "in three steps\n")
        self.assertEqual(commit["parents"][0], before)
        self.assertEqual(self.target.get("/v1/b/main/merge").problem(), "no-such-merge")
        self.assertEqual(self.target.stop(), 0)
        self.assert_fsck(self.target.disk)

    def test_a_pick_and_a_revert_go_on_after_the_service_was_killed(self):
        self.fork("dev", 2)
        before = self.head("main")
        self.txn("dev", {"k0": "picked", "free": "picked", "k1": "theirs"}, "words of dev")
        self.refused("/v1/b/main/cherry-pick", 409, "merge-conflict", commit="dev")
        self.restart(hard=True)
        shown = self.target.get("/v1/b/main/merge").json()
        self.assertEqual((shown["task"], [item["key"] for item in shown["conflicts"]]),
                         ("cherry-pick", ["free", "k0"]))
        self.refused("/v1/b/main/merge", 409, "merge-conflict",
                     resolutions=[{"key": "k0", "take": "theirs"}])
        self.restart(hard=True)
        self.good("/v1/b/main/merge", resolutions=[{"key": "free", "delete": True}])
        self.assertEqual(self.values("main"), {"k0": "picked", "k1": "ours"})
        clone = self.path("clone")
        git("clone", "-q", self.target.git_url, clone)
        git_fsck(clone)
        self.assertEqual(git("log", "-1", "--format=%s", cwd=clone), "words of dev")
        self.assertEqual(self.target.get("/v1/commits/main").json()["parents"], [before])
        self.refused("/v1/b/main/revert", 409, "merge-conflict", commit="main~1")
        self.restart(hard=True)
        self.good("/v1/b/main/merge", resolutions=[{"key": "k0", "take": "theirs"}])
        self.assertEqual(self.values("main"), {"k0": "0", "k1": "0"})
        self.assertEqual(self.target.stop(), 0)
        self.assert_fsck(self.target.disk)

    def test_several_at_once_and_git_sees_none(self):
        self.fork("dev")
        self.branch("topic%2Fx")
        for branch in ("main", "topic%2Fx"):
            self.refused(f"/v1/b/{branch}/merge", 409, "merge-conflict", **{"from": "dev"})
        self.assertEqual(sorted(git("ls-remote", "--refs", self.target.git_url).split()[1::2]),
                         ["refs/heads/dev", "refs/heads/main", "refs/heads/topic/x"])
        clone = self.path("clone")
        git("clone", "-q", self.target.git_url, clone)
        pushed = git("push", "origin", "main:refs/merge/main", cwd=clone, check=False)
        self.assertNotEqual(pushed.status, 0)
        self.assertIn(b"hidden ref", pushed.err)
        self.restart(hard=True)
        self.refused("/v1/b/topic%2Fx/merge", 409, "merge-in-progress",
                     **{"from": "dev", "favor": "theirs"})
        self.assertEqual(self.target.curl("/v1/b/topic%2Fx/merge", method="DELETE").status, 204)
        self.good("/v1/b/topic%2Fx/merge", **{"from": "dev", "favor": "theirs"})
        self.assertEqual(self.values("topic%2Fx")["k1"], "theirs")
        self.assertEqual(self.target.get("/v1/b/main/merge").json()["conflict_count"], 6)
        self.assertEqual(self.target.curl("/v1/b/main/merge", method="DELETE").status, 204)
        self.assertEqual(self.values("main")["k1"], "ours")

    def test_policies_of_a_tree(self):
        self.txn("main", {".gitattributes": "*.n merge=counter\n*.log merge=union\n",
                          "n/a.n": "5\n", "x.log": "1\n", "plain": "0\n"})
        self.branch("dev")
        self.txn("main", {"n/a.n": "7\n", "x.log": "1\n2\n", "plain": "1\n"})
        self.txn("dev", {"n/a.n": "4\n", "x.log": "1\n3\n", "plain": "2\n"})
        report = self.refused("/v1/b/main/merge", 409, "merge-conflict", **{"from": "dev"})
        self.assertEqual([item["key"] for item in report["conflicts"]], ["plain"])
        self.good("/v1/b/main/merge", resolutions=[{"key": "plain", "take": "theirs"}])
        values = self.values("main")
        self.assertEqual((values["n/a.n"], values["x.log"], values["plain"]),
                         ("6\n", "1\n2\n3\n", "2\n"))


if __name__ == "__main__":
    harness.main(__doc__)
