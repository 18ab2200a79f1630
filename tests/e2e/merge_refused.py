#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""merge_refused.py - merges that cannot be: each is refused with its reason, and changes nothing.

Names of nothing, resolutions that settle nothing, branches that go while their merge is in
progress, attributes and values made to take long.  Before and behind each refusal all branches,
merges in progress and tags are the same.
"""
import base64
import contextlib
import json

import harness
import merges

VALUE_BYTES_MAX = 4 << 20    # that a policy merges
BODY_BYTES_MAX = 4 << 20     # of JSON
ATTRIBUTES_BYTES_MAX = 65536
DEPTH_MAX = 32
RESOLUTIONS_MAX = 10000
NO_COMMIT = "0" * 64


class Refused(merges.MergeCase):
    def state(self):
        return [self.target.get(path).json() for path in ("/v1/branches", "/v1/merges", "/v1/tags")]

    @contextlib.contextmanager
    def unchanged(self):
        before = self.state()
        yield
        self.assertEqual(self.state(), before)

    def no(self, path, status, code, body=None, method=None, **members):
        """Asks for what must be refused: with members, or another body, or none."""
        if members:
            body = json.dumps(members).encode()
        reply = self.target.curl(path, method=method, data=body, headers=merges.JSON)
        self.assertEqual((reply.status, reply.problem()), (status, code), reply)
        return json.loads(reply.body)

    def refused(self, *words, **members):
        """The same, and it changes nothing."""
        with self.unchanged():
            return self.no(*words, **members)

    def begin(self, *keys):
        """main and dev, which have changed these keys otherwise; a merge of them in progress."""
        self.txn("main", {key: "0" for key in keys} | {"free": "0"})
        self.branch("dev")
        self.txn("main", {key: "ours" for key in keys})
        self.txn("dev", {key: "theirs" for key in keys})
        reply = self.post("/v1/b/main/merge", **{"from": "dev"})
        self.assertEqual(reply.problem(), "merge-conflict")
        return json.loads(reply.body)

    def test_names_of_nothing(self):
        self.txn("main", {"k": "1"})
        for verb, member in (("merge", "from"), ("squash", "from"), ("rebase", "onto"),
                             ("reset", "to"), ("cherry-pick", "commit"), ("revert", "commit")):
            with self.subTest(verb=verb), self.unchanged():
                for name in ("none", "dev~1", "main~1", "@", NO_COMMIT):
                    self.no(f"/v1/b/main/{verb}", 404, "no-such-revision", **{member: name})
                for name in ("main^2", "main:k", "a//b", ".."):
                    self.no(f"/v1/b/main/{verb}", 400, "bad-request", **{member: name})
                self.no(f"/v1/b/none/{verb}", 404, "no-such-branch", **{member: "main"})
                self.no(f"/v1/b/main/{verb}", 422, "unprocessable", b"{}")
                self.no(f"/v1/b/main/{verb}", 422, "unprocessable", **{member: {"rev": "main"}})
        self.refused("/v1/b/main/merge", 422, "unprocessable", **{"from": []})
        self.refused("/v1/b/main/merge", 422, "unprocessable", **{"from": ["main", 1]})
        self.refused("/v1/b/main/merge", 404, "no-such-revision", **{"from": ["main", "none"]})
        self.refused("/v1/b/none/merge", 404, "no-such-merge", method="DELETE")
        self.refused("/v1/b/none/merge", 404, "no-such-branch")

    def test_resolutions_that_settle_nothing(self):
        draft = self.begin("a", "b", "d/e")["draft"]
        a = {"key": "a", "take": "ours"}
        for wrong in ([{"key": "free", "take": "ours"}],           # not in conflict
                      [{"key": "none", "delete": True}],           # not there at all
                      [{"key": "a/b", "value": "1"}],              # below a conflict
                      [{"key": "d", "take": "ours"}],              # above one
                      [a, a], [a, {"key_encoded": "%61", "value": "1"}],
                      [a, {"key": "free", "take": "ours"}],        # all or none
                      [{"key": "a", "take": "ours", "value": "1"}],
                      [{"key": "a", "take": "mine"}], [{"key": "a"}], ["a"], [None], {}, "a"):
            with self.subTest(wrong=wrong):
                self.refused("/v1/b/main/merge", 422, "unprocessable", resolutions=wrong)
        self.assertEqual(self.target.get("/v1/b/main/merge").json()["draft"], draft)
        report = json.loads(self.post("/v1/b/main/merge", resolutions=[a]).body)
        self.assertEqual(report["conflict_count"], 2)
        for again in ({"key": "a", "value": "otherwise"}, a):  # the last word counts
            report = json.loads(self.post("/v1/b/main/merge", resolutions=[again]).body)
            self.assertEqual(report["conflict_count"], 2)
        report = self.refused("/v1/b/main/merge", 409, "merge-conflict", resolutions=[])
        self.assertEqual(report["conflict_count"], 2)
        self.good("/v1/b/main/merge", resolutions=[{"key": "b", "value": "mine"},
                                                   {"key": "d/e", "take": "theirs"}])
        self.assertEqual(self.values("main"),
                         {"a": "ours", "b": "mine", "d/e": "theirs", "free": "0"})
        self.refused("/v1/b/main/merge", 422, "unprocessable", resolutions=[a])  # nothing is open

    def test_as_many_resolutions_as_there_may_be(self):
        self.begin("a")
        many = [{"key": "a", "take": "ours"}] + [
            {"key": f"k{number}", "take": "ours"} for number in range(RESOLUTIONS_MAX)]
        report = self.refused("/v1/b/main/merge", 422, "unprocessable", resolutions=many)
        self.assertIn("at most 10000", report["detail"])
        report = self.refused("/v1/b/main/merge", 422, "unprocessable", resolutions=many[:-1])
        self.assertIn("is not in conflict", report["detail"])

    def test_a_branch_that_goes_and_is_made_anew(self):
        self.begin("a")
        older = self.target.get("/v1/commits/main~1").json()["commit"]
        self.branch("topic")
        head = self.head("topic")
        draft = json.loads(self.post("/v1/b/topic/merge", **{"from": "dev"}).body)["draft"]
        choice = [{"key": "a", "value": "mine"}]

        def make_anew(commit):
            self.assertEqual(self.target.curl("/v1/branches/topic", method="DELETE").status, 204)
            self.refused("/v1/b/topic/merge", 404, "no-such-branch")
            self.refused("/v1/b/topic/merge", 404, "no-such-branch", resolutions=choice)
            self.assertIn({"branch": "topic", "draft": draft},
                          self.target.get("/v1/merges").json()["merges"])
            self.branch("topic", commit)

        make_anew(older)  # another head: what is in progress is not of this branch
        self.refused("/v1/b/topic/merge", 409, "head-moved", resolutions=choice)
        self.refused("/v1/b/topic/merge", 409, "head-moved", **{"from": "dev"})
        make_anew(head)  # the head that the merge was begun at
        self.restart(hard=True)
        self.good("/v1/b/topic/merge", resolutions=choice)
        self.assertEqual(self.values("topic"), {"a": "mine", "free": "0"})
        self.refused("/v1/b/topic/merge", 404, "no-such-merge", method="DELETE")
        self.assertEqual(self.target.stop(), 0)
        self.assert_fsck(self.target.disk)

    def conflict_of(self, key, **members):
        """The reason for the one conflict that a merge ends in."""
        report = self.refused("/v1/b/main/merge", 409, "merge-conflict",
                              **{"from": "dev", "keep": False, **members})
        self.assertEqual([item["key"] for item in report["conflicts"]], [key])
        return report["conflicts"][0].get("why")

    def test_absurd_attributes(self):
        name = "a" * 250
        self.txn("main", {name: "0\n"})
        self.branch("dev")
        self.txn("main", {name: "1\n"})
        self.txn("dev", {name: "2\n"})
        stars = "*" + "a*" * 900 + "b"
        cases = {
            "one pattern with many stars": (stars + " merge=ours\n", None),
            "as many of them as there is room for":
                ((stars + " merge=ours\n") * (ATTRIBUTES_BYTES_MAX // (len(stars) + 12)), None),
            "stars that match":
                ("*a" * 100 + "*" + " merge=ours\n", name),
            "a hundred thousand patterns": ("x merge=ours\n" * 100000, ""),
            "a pattern of 64 KiB": ("a" * 65536 + " merge=ours\n", ""),
            "a line that is too long": ("*" + " " * 60000 + "merge=ours\n", None),
            "stars and slashes": ("**/" * 600 + "x merge=ours\n", None),
            "sets without an end": ("[" * 2000 + " merge=ours\n", None),
            "no text": ("\0\377\n" * 10000, None),
        }
        for what, (rules, result) in cases.items():
            with self.subTest(what=what):
                put = {"op": "put", "key": ".gitattributes",
                       "value_base64": base64.b64encode(rules.encode("latin-1")).decode()}
                self.good("/v1/b/main/txn", ops=[put])
                if result == name:
                    merged = self.good("/v1/b/main/merge", **{"from": "dev", "dry_run": True})
                    self.assertEqual(merged["outcome"], "merged")
                    continue
                why = self.conflict_of(name)
                if result == "":
                    self.assertEqual(why, "the rules in .gitattributes are past their limits")

    def test_values_past_what_is_merged(self):
        """Nested too deep, too long; as values, and as what a request says."""
        self.txn("main", {".gitattributes": "* merge=json\n", "k": "[0]"})
        self.branch("dev")
        self.txn("main", {"k": "[1]"})
        self.txn("dev", {"k": "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1)})
        self.assertEqual(self.conflict_of("k"), "a value is nested too deep")
        long = b"[" + b" " * (VALUE_BYTES_MAX - 1) + b"]"
        self.assertEqual(self.target.put("/v1/b/dev/k/k", long).status, 200)
        self.assertEqual(self.conflict_of("k"), "a value is longer than a policy may merge")
        self.assertEqual(self.target.put("/v1/b/dev/k/k", b" " + long[2:]).status, 200)
        self.assertEqual(self.conflict_of("k"), "theirs is no JSON")
        nested = b'{"from":' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"}"
        self.refused("/v1/b/main/merge", 400, "bad-body", nested)
        self.refused("/v1/b/main/merge", 400, "bad-body", b'{"from":"dev"')
        self.refused("/v1/b/main/merge", 413, "too-big",
                  b'{"from":"dev"}' + b" " * (BODY_BYTES_MAX + 1 - 14))
        self.refused("/v1/b/main/merge", 422, "unprocessable", b'["dev"]')


if __name__ == "__main__":
    harness.main(__doc__)
