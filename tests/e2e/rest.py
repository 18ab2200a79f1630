#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""rest.py - the REST interface as stock curl sees it, and as clients see it that are less polite.

Each test writes below a prefix or branch of its own in one store that all share; what only raw
bytes can say (pipelining, broken framing) goes over a socket.  At the end the service must stop
with status 0 and its disk must check.
"""
import concurrent.futures
import json
import os
import re
import socket
import time
import urllib.parse

import harness
from harness import run

MIB = 1 << 20
HEX = r"[0-9a-f]{64}"


def pattern(length):
    return (b"".join(number.to_bytes(4, "big") for number in range(length // 4 + 1)))[:length]


class Keys(harness.SharedCase):
    def test_put_get_head_delete(self):
        path = "/v1/b/main/k/round/greeting"
        made = self.target.put(path, b"hello\n")
        self.assertEqual(made.status, 201, made)
        self.assertRegex(made.headers["etag"], f'^"{HEX}"$')
        self.assertRegex(made.headers["bough-commit"], f"^{HEX}$")
        got = self.target.get(path)
        self.assertEqual((got.status, got.body), (200, b"hello\n"))
        self.assertEqual(got.headers["etag"], made.headers["etag"])
        self.assertEqual(got.headers["content-type"], "application/octet-stream")
        head = self.target.curl(path, method="HEAD")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.headers["content-length"], "6")
        self.assertEqual(head.headers["etag"], made.headers["etag"])
        location = self.target.get(made.headers["location"])
        self.assertEqual(location.body, b"hello\n")
        self.assertIn("immutable", location.headers["cache-control"])
        again = self.target.put(path, b"hello\n")
        self.assertEqual((again.status, again.headers["bough-unchanged"]), (200, "1"))
        other = self.target.put(path, b"other\n")
        self.assertEqual(other.status, 200)
        self.assertNotEqual(other.headers["etag"], made.headers["etag"])
        gone = self.target.curl(path, method="DELETE")
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertEqual(self.target.get(path).problem(), "no-such-key")
        self.assertEqual(self.target.curl(path, method="DELETE").problem(), "no-such-key")
        self.assertEqual(self.target.get(f"/v1/at/{made.headers['bough-commit']}/k/round/greeting")
                         .body, b"hello\n")

    def test_prefer_minimal(self):
        minimal = {"headers": ["Prefer: return=minimal"]}
        made = self.target.put("/v1/b/main/k/minimal", b"1", **minimal)
        self.assertEqual((made.status, made.body), (201, b""))
        changed = self.target.put("/v1/b/main/k/minimal", b"2", **minimal)
        self.assertEqual((changed.status, changed.body), (204, b""))

    def test_conditions(self):
        path = "/v1/b/main/k/conditions/a"
        create = ["If-None-Match: *"]
        made = self.target.put(path, b"1", headers=create)
        self.assertEqual(made.status, 201)
        etag = made.headers["etag"]
        again = self.target.put(path, b"2", headers=create)
        self.assertEqual((again.status, again.problem()), (412, "precondition-failed"))
        self.assertEqual(again.headers["etag"], etag)
        same = self.target.get(path, headers=[f"If-None-Match: {etag}"])
        self.assertEqual((same.status, same.body), (304, b""))
        self.assertEqual(same.headers["etag"], etag)
        wrong = [f'If-Match: "{"0" * 64}"']
        self.assertEqual(self.target.put(path, b"2", headers=wrong).status, 412)
        self.assertEqual(self.target.put(path + "b", b"2", headers=["If-Match: *"]).status, 412)
        self.assertEqual(self.target.curl(path, method="DELETE", headers=wrong).status, 412)
        moved = self.target.put(path, b"2", headers=[f"If-Match: {etag}"])
        self.assertEqual(moved.status, 200)
        late = self.target.put(path, b"3", headers=[f"If-Match: {etag}"])
        self.assertEqual(late.status, 412)
        self.assertEqual(self.target.get(path).body, b"2")
        self.assertEqual(self.target.put(path, b"4", headers=["If-Match: unquoted"]).status, 400)
        last = self.target.curl(path, method="DELETE",
                                headers=[f"If-Match: {moved.headers['etag']}"])
        self.assertEqual(last.status, 204)

    def test_of_many_creators_one_wins(self):
        path = "/v1/b/main/k/race/one"
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda number: self.target.put(
                path, b"%d" % number, headers=["If-None-Match: *"]), range(8)))
        self.assertEqual(sorted(reply.status for reply in replies), [201] + [412] * 7)
        winner = [number for number, reply in enumerate(replies) if reply.status == 201][0]
        self.assertEqual(self.target.get(path).body, b"%d" % winner)

    def test_sizes(self):
        sizes = (0, 1, 511, 512, 513, 65535, 65536, 65537, 5 * MIB, 16 * MIB)
        for size in sizes:
            path = f"/v1/b/main/k/sizes/{size}"
            data = pattern(size)
            reply = self.target.put(path, data)
            self.assertEqual(reply.status, 201, f"{size}: {reply}")
        for size in sizes:
            got = self.target.get(f"/v1/b/main/k/sizes/{size}")
            self.assertEqual(got.headers["content-length"], str(size))
            self.assertTrue(got.body == pattern(size), f"{size} bytes came back changed")
            head = self.target.curl(f"/v1/b/main/k/sizes/{size}", method="HEAD")
            self.assertEqual(head.headers["content-length"], str(size))

    def put_refused(self, path, data, *words):
        """A PUT that is refused while its body is on the way.  The server reads on for 64 KiB only; a
        client that is busy sending may then meet a reset before it has looked for the reply (RFC 9112
        9.6), and has to ask again."""
        for left in range(4, -1, -1):
            try:
                return self.target.put(path, data, *words)
            except AssertionError as error:
                if left == 0 or not any(f"status {code}\n" in str(error) for code in (55, 56)):
                    raise

    def test_one_byte_too_many(self):
        path = "/v1/b/main/k/sizes/too-big"
        for words in ((), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:")):
            reply = self.put_refused(path, pattern(16 * MIB + 1), *words)
            self.assertEqual((reply.status, reply.problem()), (413, "too-big"), words)
        self.assertEqual(self.target.get(path).status, 404)

    def test_upload_of_a_file(self):
        name = os.path.join(self.folder, "photo.bin")
        data = os.urandom(300000)
        with open(name, "wb") as file:
            file.write(data)
        for number, words in enumerate((["-T", name], ["-T", name, "-H", "Expect: 100-continue"],
                                        ["-T", name, "-H", "Transfer-Encoding: chunked"],
                                        ["-T", name, "-0"])):
            path = f"/v1/b/main/k/upload/{number}"
            self.assertEqual(self.target.curl(path, *words).status, 201, words)
            self.assertEqual(self.target.get(path).body, data)

    def test_upload_from_a_pipe(self):
        data = os.urandom(100000)
        url = self.target.url + "/v1/b/main/k/upload/pipe"
        done = run("curl", "-sS", "-T", "-", "-w", "%{http_code}", url, data=data)
        self.assertEqual(done.out[-3:], b"201")
        self.assertEqual(self.target.get("/v1/b/main/k/upload/pipe").body, data)

    def test_ranges(self):
        data = pattern(200000)
        path = "/v1/b/main/k/ranges"
        self.target.put(path, data)
        for text, wanted in (("0-0", data[:1]), ("100-199", data[100:200]), ("-5", data[-5:]),
                             ("199999-300000", data[-1:]), ("65530-131080", data[65530:131081])):
            reply = self.target.get(path, "-r", text)
            self.assertEqual((reply.status, reply.body == wanted), (206, True), text)
            self.assertRegex(reply.headers["content-range"], r"^bytes \d+-\d+/200000$")
        outside = self.target.get(path, "-r", "200000-")
        self.assertEqual((outside.status, outside.headers["content-range"]),
                         (416, "bytes */200000"))

    def test_odd_keys(self):
        for key in ("a b", "ü/ö", "%41", "a%b", "x?y", "#", "a\tb", "\x01", "\\", '"', ".git",
                    ".GIT/x", "git~1", "...", "a/.b", "\udcff\udc80", "k" * 255,
                    "/".join(["s"] * 64)):
            coded = urllib.parse.quote(key.encode(errors="surrogateescape"))
            path = f"/v1/b/main/k/odd/{coded}" if "/s" not in key else f"/v1/b/main/k/{coded}"
            self.assertEqual(self.target.put(path, coded.encode()).status, 201, key)
            self.assertEqual(self.target.get(path).body, coded.encode(), key)
        # What is a slash and what is not: decoded once.
        self.target.put("/v1/b/main/k/odd/slash%2Fcoded", b"1")
        self.assertEqual(self.target.get("/v1/b/main/k/odd/slash/coded").body, b"1")
        self.assertEqual(self.target.get("/v1/b/main/k/odd/slash%252Fcoded").status, 404)

    def test_what_is_no_key(self):
        for key, status in (("a/../b", 400), ("..", 400), (".", 400), ("a//b", 400), ("/a", 400),
                            ("a/", 400), ("%2e%2e/x", 400), ("a%00b", 400), ("%zz", 400),
                            ("%4", 400),
                            ("k" * 256, 414), ("/".join(["s"] * 65), 414),
                            ("/".join(["k" * 200] * 21), 414)):
            for method, data in (("PUT", b"x"), ("GET", None), ("DELETE", None)):
                reply = self.target.curl(f"/v1/b/main/k/{key}", method=method, data=data)
                self.assertEqual(reply.status, status, (method, key, reply))
                reply.problem()

    def test_a_value_is_no_directory(self):
        self.target.put("/v1/b/main/k/kind/file", b"1")
        below = self.target.put("/v1/b/main/k/kind/file/below", b"2")
        self.assertEqual((below.status, below.problem()), (409, "conflict"))
        above = self.target.put("/v1/b/main/k/kind", b"3")
        self.assertEqual((above.status, above.problem()), (409, "conflict"))
        self.assertEqual(self.target.get("/v1/b/main/k/kind").problem(), "no-such-key")

    def test_author_and_message(self):
        headers = ["Bough-Author: Grace Hopper <grace@example.org>", "Bough-Message: a moth"]
        made = self.target.put("/v1/b/main/k/author", b"1", headers=headers)
        commit = self.target.get("/v1/commits/" + made.headers["bough-commit"]).json()
        self.assertEqual(commit["author"]["name"], "Grace Hopper")
        self.assertEqual(commit["author"]["email"], "grace@example.org")
        self.assertEqual(commit["message"], "a moth\n")
        self.assertLess(abs(commit["author"]["time_s"] - time.time()), 3600)
        bad = self.target.put("/v1/b/main/k/author", b"2", headers=["Bough-Author: nobody"])
        self.assertEqual(bad.status, 400)


class Listing(harness.SharedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = sorted([f"list/{number:03}/{name}" for number in range(40)
                           for name in ("a", "b.txt", "c-d", "ü")] + ["list/zz", "other"],
                          key=lambda key: key.encode())
        document = {"ops": [{"op": "put", "key": key, "value": key} for key in cls.keys]}
        reply = cls.target.curl("/v1/b/main/txn", data=json.dumps(document).encode(),
                                headers=["Content-Type: application/json"])
        assert reply.status == 200, reply

    def pages(self, path):
        """All pages' documents, through their links."""
        documents = []
        while path is not None:
            reply = self.target.get(path)
            documents.append(reply.json())
            path = documents[-1]["next"]
            link = reply.headers.get("link")
            self.assertEqual(link, f'<{path}>; rel="next"' if path else None)
        return documents

    def test_all_keys_in_order(self):
        for limit in (7, 100, 1000):
            documents = self.pages(f"/v1/b/main/keys?limit={limit}")
            keys = [item["key"] for document in documents for item in document["keys"]]
            self.assertEqual(keys, self.keys)
            self.assertTrue(all(len(document["keys"]) <= limit for document in documents))

    def test_prefix_start_after_end(self):
        def keys(query):
            return [item["key"] for document in self.pages("/v1/b/main/keys?limit=50&" + query)
                    for item in document["keys"]]

        self.assertEqual(keys("prefix=list/00"), [key for key in self.keys if "list/00" in key])
        self.assertEqual(keys("prefix=list/007/"), [key for key in self.keys if "/007/" in key])
        self.assertEqual(keys("start=list/038"), [key for key in self.keys if key >= "list/038"])
        self.assertEqual(keys("after=list/039/c-d&end=list/zz"), ["list/039/ü"])
        self.assertEqual(keys("prefix=nothing"), [])

    def test_delimiter(self):
        documents = self.pages("/v1/b/main/keys?limit=9&delimiter=/&prefix=list/")
        folded = [item["prefix"] for document in documents for item in document["prefixes"]]
        keys = [item["key"] for document in documents for item in document["keys"]]
        self.assertEqual(folded, [f"list/{number:03}/" for number in range(40)])
        self.assertEqual(keys, ["list/zz"])

    def test_pages_show_one_state(self):
        first = self.target.get("/v1/b/main/keys?limit=150").json()
        self.target.put("/v1/b/main/k/list/999/new", b"new")
        self.target.curl("/v1/b/main/k/other", method="DELETE")
        rest = self.target.get(first["next"]).json()
        self.assertEqual([item["key"] for item in first["keys"] + rest["keys"]], self.keys)
        self.assertEqual(rest["commit"], first["commit"])
        self.target.curl("/v1/b/main/k/list/999/new", method="DELETE")
        self.target.put("/v1/b/main/k/other", b"other")

    def test_values_and_lines(self):
        document = self.target.get("/v1/b/main/keys?prefix=list/000/&values=1").json()
        self.assertEqual([item["value"] for item in document["keys"]],
                         [item["key"] for item in document["keys"]])
        reply = self.target.get("/v1/b/main/keys?prefix=list/000/",
                                headers=["Accept: application/x-ndjson"])
        self.assertEqual(reply.headers["content-type"], "application/x-ndjson")
        lines = [json.loads(line) for line in reply.body.splitlines()]
        self.assertEqual([line["etag"] for line in lines],
                         [item["etag"] for item in document["keys"]])

    def test_bad_queries(self):
        for query in ("limit=0", "limit=1001", "limit=x", "limit=-1", "unknown=1",
                      "start=a&after=b", "prefix=%zz"):
            reply = self.target.get("/v1/b/main/keys?" + query)
            self.assertEqual(reply.status, 400, (query, reply))
            reply.problem()


class Transactions(harness.SharedCase):
    def txn(self, document, branch="main"):
        return self.target.curl(f"/v1/b/{branch}/txn", data=json.dumps(document).encode(),
                                headers=["Content-Type: application/json"])

    def test_all_or_nothing(self):
        made = self.txn({"ops": [{"op": "put", "key": "t/a", "value": "1"},
                                 {"op": "put", "key": "t/b", "value_base64": "AAEC"},
                                 {"op": "put", "key": "t/run", "value": "#!", "mode": "100755"}],
                         "message": "three", "author": "Ada <a@b>"})
        self.assertEqual(made.status, 200, made)
        result = made.json()
        self.assertEqual(result["changed"], 3)
        commit = self.target.get("/v1/commits/" + result["commit"]).json()
        self.assertEqual((commit["message"], commit["parents"]), ("three\n", result["parents"]))
        self.assertEqual(self.target.get("/v1/b/main/k/t/b").body, b"\0\1\2")
        self.assertEqual(self.target.get("/v1/b/main/k/t/run").headers["bough-mode"], "100755")
        bad = self.txn({"ops": [{"op": "put", "key": "t/c", "value": "1"},
                                {"op": "put", "key": "t/../d", "value": "1"}]})
        self.assertEqual((bad.status, bad.problem()), (422, "unprocessable"))
        clash = self.txn({"ops": [{"op": "put", "key": "t/c", "value": "1"},
                                  {"op": "put", "key": "t/a/below", "value": "1"}]})
        self.assertEqual((clash.status, clash.problem()), (409, "conflict"))
        self.assertIn("ops[1]", json.loads(clash.body)["detail"])
        self.assertEqual(self.target.get("/v1/b/main/k/t/c").status, 404)

    def test_expect_and_conditions(self):
        put = [{"op": "put", "key": "cond/n", "value": "1"}]
        head = self.txn({"ops": put}).json()["commit"]
        good = self.txn({"expect": head, "if": [{"key": "cond/n", "exists": True}],
                         "ops": [{"op": "put", "key": "cond/n", "value": "2"}]})
        self.assertEqual(good.status, 200, good)
        late = self.txn({"expect": head, "ops": put})
        self.assertEqual((late.status, late.problem()), (409, "head-moved"))
        failed = self.txn({"if": [{"key": "cond/n", "absent": True},
                                  {"key": "cond/x", "exists": True},
                                  {"key": "cond/n", "etag": "0" * 64}], "ops": put})
        self.assertEqual((failed.status, failed.problem()), (412, "precondition-failed"))
        self.assertEqual([error["key"] for error in json.loads(failed.body)["errors"]],
                         ["cond/n", "cond/x", "cond/n"])
        self.assertEqual(self.target.get("/v1/b/main/k/cond/n").body, b"2")

    def test_operations_see_those_before(self):
        reply = self.txn({"ops": [{"op": "put", "key": "ops/a/1", "value": "1"},
                                  {"op": "put", "key": "ops/a/2", "value": "2"},
                                  {"op": "copy", "from": "ops/a", "to": "ops/b"},
                                  {"op": "move", "from": "ops/a/1", "to": "ops/c"},
                                  {"op": "delete", "key": "ops/b/2"}]})
        self.assertEqual(reply.status, 200, reply)
        listed = self.target.get("/v1/b/main/keys?prefix=ops/").json()["keys"]
        self.assertEqual([item["key"] for item in listed], ["ops/a/2", "ops/b/1", "ops/c"])
        self.txn({"ops": [{"op": "delete_prefix", "prefix": "ops/"}]})
        self.assertEqual(self.target.get("/v1/b/main/keys?prefix=ops/").json()["keys"], [])

    def test_malformed_documents(self):
        for body, status in ((b"", 400), (b"{", 400), (b"[]", 422), (b'{"ops":1}', 422),
                             (b'{"ops":[{"op":"fly"}]}', 422), (b'{"unknown":1,"ops":[]}', 422),
                             (b'{"ops":[{"op":"put","key":"","value":""}]}', 422),
                             (b'{"ops":[{"op":"put","key":"x"}]}', 422), (b'\xff\xfe', 400),
                             (b'{"ops":' + b"[" * 40 + b"]" * 40 + b"}", 400)):
            reply = self.target.curl("/v1/b/main/txn", data=body,
                                     headers=["Content-Type: application/json"])
            self.assertIn(reply.status, (status, 422), (body[:60], reply))
            reply.problem()
        big = self.target.curl("/v1/b/main/txn", data=b" " * (4 * MIB + 1),
                               headers=["Content-Type: application/json"])
        self.assertEqual(big.problem(), "too-big")

    def test_limit_of_operations(self):
        ops = [{"op": "put", "key": f"many/{number:05}", "value": ""} for number in range(10000)]
        self.assertEqual(self.txn({"ops": ops}).json()["changed"], 10000)
        ops.append({"op": "put", "key": "many/x", "value": ""})
        self.assertIn(self.txn({"ops": ops}).status, (413, 422))
        gone = self.txn({"ops": [{"op": "delete_prefix", "prefix": "many/"}]})
        self.assertEqual(gone.status, 200)


class Branches(harness.SharedCase):
    def send(self, method, name, document=None, headers=()):
        data = None if document is None else json.dumps(document).encode()
        return self.target.curl("/v1/branches/" + name, method=method, data=data,
                                headers=["Content-Type: application/json", *headers])

    def test_life_of_a_branch(self):
        base = self.target.put("/v1/b/main/k/branches/base", b"1").headers["bough-commit"]
        made = self.send("PUT", "dev%2Fone", {"from": "main"})
        self.assertEqual((made.status, made.headers["etag"]), (201, f'"{base}"'))
        self.assertEqual(self.send("PUT", "dev%2Fone", {"from": "main"}).problem(), "exists")
        self.assertEqual(self.send("PUT", "dev", {"from": "main"}).problem(), "exists")
        ahead = self.target.put("/v1/b/dev%2Fone/k/branches/base", b"2").headers["bough-commit"]
        self.assertEqual(self.target.get("/v1/b/main/k/branches/base").body, b"1")
        self.assertEqual(self.target.get("/v1/b/dev%2Fone/k/branches/base").body, b"2")
        names = {branch["name"]: branch["commit"]
                 for branch in self.target.get("/v1/branches").json()["branches"]}
        self.assertEqual(names["dev/one"], ahead)
        back = self.send("PATCH", "dev%2Fone", {"to": "main"})
        self.assertEqual(back.problem(), "not-fast-forward")
        late = self.send("PATCH", "dev%2Fone", {"to": "main", "expect": base, "force": True})
        self.assertEqual(late.problem(), "head-moved")
        forced = self.send("PATCH", "dev%2Fone", {"to": "main", "expect": ahead, "force": True})
        self.assertEqual((forced.status, forced.json()["commit"]), (200, base))
        forward = self.send("PATCH", "dev%2Fone", {"to": ahead})
        self.assertEqual(forward.status, 200, forward)
        wrong = self.send("DELETE", "dev%2Fone", headers=[f'If-Match: "{base}"'])
        self.assertEqual(wrong.status, 412)
        self.assertEqual(self.send("DELETE", "dev%2Fone").status, 204)
        self.assertEqual(self.send("GET", "dev%2Fone").problem(), "no-such-branch")
        self.assertEqual(self.send("DELETE", "main").problem(), "protected")

    def test_names_that_are_none(self):
        self.target.put("/v1/b/main/k/branches/x", b"1")
        for name in ("a..b", ".a", "a.lock", "a%20b", "a~1", "a@%7Bb", "a%2F%2Fb", "%2Fa", "a%00",
                     "x" * 251):
            reply = self.send("PUT", name, {"from": "main"})
            self.assertIn(reply.status, (400, 414, 422), (name, reply))
            reply.problem()
        self.assertEqual(self.send("PUT", "n", {"from": "nowhere"}).problem(), "no-such-revision")
        self.assertEqual(self.target.get("/v1/b/nowhere/k/x").problem(), "no-such-branch")
        self.assertEqual(self.target.put("/v1/b/nowhere/k/x", b"1").problem(), "no-such-branch")

    def test_tags_stay(self):
        commit = self.target.put("/v1/b/main/k/tags/base", b"1").headers["bough-commit"]
        body = {"headers": ["Content-Type: application/json"]}
        made = self.target.put("/v1/tags/v1", b'{"target":"main"}', **body)
        self.assertEqual((made.status, made.json()["commit"]), (201, commit))
        self.target.put("/v1/b/main/k/tags/base", b"2")
        again = self.target.put("/v1/tags/v1", b'{"target":"main"}', **body)
        self.assertEqual((again.status, again.problem()), (409, "exists"))
        self.assertEqual(self.target.get("/v1/at/v1/k/tags/base").body, b"1")
        self.assertEqual(self.target.get("/v1/at/main~1/k/tags/base").body, b"1")
        self.assertEqual(self.target.get("/v1/at/main~9999/k/tags/base").problem(),
                         "no-such-revision")
        tags = self.target.get("/v1/tags").json()["tags"]
        self.assertEqual([tag["name"] for tag in tags], ["v1"])
        self.assertEqual(self.target.curl("/v1/tags/v1", method="DELETE").status, 204)

    def test_log(self):
        wanted = []
        for number in range(25):
            reply = self.target.put("/v1/b/main/k/log/x", b"%d" % number,
                                    headers=[f"Bough-Message: number {number}"])
            wanted.insert(0, reply.headers["bough-commit"])
        path, seen = "/v1/commits?limit=10", []
        while path and len(seen) < 25:
            document = self.target.get(path).json()
            seen += document["commits"]
            path = document["next"]
        self.assertEqual([commit["commit"] for commit in seen[:25]], wanted)
        self.assertEqual(seen[0]["message"], "number 24\n")
        self.assertEqual(seen[0]["parents"], [wanted[1]])
        until = self.target.get(f"/v1/commits?until={wanted[3]}").json()
        self.assertEqual([commit["commit"] for commit in until["commits"]], wanted[:3])


class Service(harness.SharedCase):
    def test_health(self):
        self.assertEqual(self.target.get("/healthz").body, b"ok\n")
        ready = self.target.get("/readyz").json()
        self.assertEqual((ready["ready"], ready["writable"]), (True, True))
        self.assertIn(ready["durability"], ("power", "host", "process"))
        self.assertEqual(self.target.get("/v1/version").json()["name"], "bough")
        self.assertGreater(self.target.get("/v1/stats").json()["requests"], 0)
        self.assertEqual(self.target.get("/v1/config").json()["name"], "bough")
        page = self.target.get("/")
        self.assertIn("text/html", page.headers["content-type"])
        self.assertIn(f"git clone {self.target.git_url}".encode(), page.body)

    def test_each_reply_has_an_id(self):
        ids = {self.target.get("/healthz").headers["bough-request-id"] for _ in range(5)}
        self.assertEqual(len(ids), 5)

    def test_paths_and_methods(self):
        self.assertEqual(self.target.get("/v1/nothing").problem(), "no-such-path")
        wrong = self.target.curl("/v1/branches", method="DELETE")
        self.assertEqual(wrong.problem(), "method-not-allowed")
        self.assertIn("GET", wrong.headers["allow"])
        self.assertEqual(self.target.curl("/", method="BREW").problem(), "not-implemented")
        self.assertEqual(self.target.curl("/v1/b/main/k/x", method="OPTIONS").status, 204)

    def test_kept_alive(self):
        """One connection for all: curl says how many it made."""
        url = self.target.url + "/healthz"
        done = run("curl", "-sS", "-w", "%{num_connects}\n", *[url] * 50)
        self.assertEqual(done.out.split().count(b"1"), 1)
        self.assertEqual(done.out.split().count(b"0"), 49)

    def test_http_1_0_is_closed(self):
        got = self.target.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 200 "), got)
        self.assertTrue(got.endswith(b"\r\n\r\nok\n"), got)


class Framing(harness.SharedCase):
    def replies(self, request, timeout=20):
        """The statuses of all that is answered before the connection is closed."""
        got = self.target.raw(request, timeout)
        return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]

    def test_pipelined_replies_come_in_order(self):
        requests = b""
        for number in range(100):
            requests += (b"PUT /v1/b/main/k/pipe/%d HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Length: 5\r\n\r\n%05d" % (number, number))
            requests += b"GET /v1/b/main/k/pipe/%d HTTP/1.1\r\nHost: x\r\n\r\n" % number
        requests += b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        got = self.target.raw(requests)
        codes = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]
        self.assertEqual(codes, [201, 200] * 100 + [200])
        bodies = re.findall(rb"\r\n\r\n(\d{5})", got)
        self.assertEqual(bodies, [b"%05d" % number for number in range(100)])

    def test_an_error_ends_the_pipeline(self):
        good = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        bad = b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n"
        self.assertEqual(self.replies(good * 3 + bad + good * 3), [200] * 3 + [400])

    def test_malformed_framing_is_refused_and_closed(self):
        def put(fields, body=b"hello"):
            return b"PUT /v1/b/main/k/framing HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n" + body

        def chunked(body):
            return put(b"Transfer-Encoding: chunked\r\n", body)

        rows = {
            "length and chunked": put(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            "two lengths": put(b"Content-Length: 5\r\nContent-Length: 6\r\n"),
            "the same length twice": put(b"Content-Length: 5\r\nContent-Length: 5\r\n"),
            "a list of lengths": put(b"Content-Length: 5, 5\r\n"),
            "length with a sign": put(b"Content-Length: +5\r\n"),
            "negative length": put(b"Content-Length: -1\r\n"),
            "hexadecimal length": put(b"Content-Length: 0x5\r\n"),
            "length with underscore": put(b"Content-Length: 5_0\r\n"),
            "quoted length": put(b'Content-Length: "5"\r\n'),
            "empty length": put(b"Content-Length: \r\n"),
            "enormous length": put(b"Content-Length: 99999999999999999999999\r\n"),
            "chunked twice": put(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            "chunked not last": put(b"Transfer-Encoding: chunked, gzip\r\n"),
            "chunked in 1.0": b"PUT /v1/b/main/k/framing HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
                              b"\r\n0\r\n\r\n",
            "blank before the colon": put(b"Content-Length : 5\r\n"),
            "folded line": put(b"X-A: b\r\n c\r\nContent-Length: 5\r\n"),
            "bare LF": b"GET /healthz HTTP/1.1\nHost: x\n\n",
            "bare CR": b"GET /healthz HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
            "NUL in a field": put(b"X-A: \0\r\nContent-Length: 5\r\n"),
            "control character": put(b"X-A: \x01\r\nContent-Length: 5\r\n"),
            "blank first header": b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
            "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
            "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
            "another absolute host": b"GET http://y/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            "target without slash": b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            "no version": b"GET /healthz\r\n\r\n",
            "two blanks": b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            "chunk size 0x": chunked(b"0x5\r\nhello\r\n0\r\n\r\n"),
            "chunk size with sign": chunked(b"+5\r\nhello\r\n0\r\n\r\n"),
            "chunk size with underscore": chunked(b"0_5\r\nhello\r\n0\r\n\r\n"),
            "enormous chunk": chunked(b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
            "no CRLF after a chunk": chunked(b"5\r\nhello0\r\n\r\n"),
            "chunk ended by LF": chunked(b"5\nhello\r\n0\r\n\r\n"),
            "long chunk extension": chunked(b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n"),
            "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),
        }
        for name, request in rows.items():
            self.assertEqual(self.replies(request), [400], name)
        self.assertEqual(self.target.get("/v1/b/main/k/framing").status, 404)

    def test_other_refusals(self):
        rows = {
            "unknown coding": (b"PUT /v1/b/main/k/f HTTP/1.1\r\nHost: x\r\n"
                               b"Transfer-Encoding: gzip\r\n\r\n", 501),
            "unknown method": (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
            "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            "unknown expectation": (b"PUT /v1/b/main/k/f HTTP/1.1\r\nHost: x\r\nExpect: coffee\r\n"
                                    b"Content-Length: 1\r\n\r\n1", 417),
            "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            "long header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 17000 + b"\r\n\r\n", 431),
            "65 fields": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 64 + b"\r\n", 431),
            "put without length": (b"PUT /v1/b/main/k/f HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        }
        for name, (request, status) in rows.items():
            got = self.replies(request + b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                               b"Connection: close\r\n\r\n")
            self.assertEqual(got[0], status, name)

    def test_limits_are_not_off_by_one(self):
        fields = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + b"X: y\r\n" * 62 + b"\r\n"
        self.assertEqual(self.replies(fields), [200])
        path = b"/v1/b/main/k/" + b"/".join([b"k" * 200] * 15)
        self.assertEqual(self.replies(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n"
                                      b"Connection: close\r\n\r\n"), [404])

    def test_continue_is_said_before_the_body(self):
        with self.target.connect() as connection:
            connection.sendall(b"PUT /v1/b/main/k/continue HTTP/1.1\r\nHost: x\r\n"
                               b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            self.assertEqual(connection.recv(4096), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(b"hello")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 201 "))

    def test_a_body_too_large_is_refused_before_it_comes(self):
        with self.target.connect() as connection:
            connection.sendall(b"PUT /v1/b/main/k/continue HTTP/1.1\r\nHost: x\r\n"
                               b"Expect: 100-continue\r\nContent-Length: 16777217\r\n\r\n")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 413 "))

    def test_chunks_make_one_value(self):
        body = b"5;name=value\r\nhello\r\n1\r\n \r\n00005\r\nworld\r\n0\r\nTrailer: x\r\n\r\n"
        got = self.replies(b"PUT /v1/b/main/k/chunks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n" + body)
        self.assertEqual(got, [201])
        self.assertEqual(self.target.get("/v1/b/main/k/chunks").body, b"hello world")

    def test_an_abandoned_upload_leaves_nothing(self):
        for sent in (b"", b"half"):
            with self.target.connect() as connection:
                connection.sendall(b"PUT /v1/b/main/k/abandoned HTTP/1.1\r\nHost: x\r\n"
                                   b"Content-Length: 8\r\n\r\n" + sent)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(4096)
        self.assertEqual(self.target.get("/v1/b/main/k/abandoned").status, 404)


class Restart(harness.Case):
    def test_a_dump_of_a_running_service_is_that_of_its_disk(self):
        target = self.start()
        for number in range(40):
            target.put(f"/v1/b/main/k/d/{number}", b"%d" % number * 3000)
        dump = harness.cli("dump", target.url).out
        self.assertEqual(target.get("/v1/admin/dump").body, dump)
        new = harness.cli("dump", target.url, "--since", "main~3", "--since", "main~5").out
        self.assertLess(len(new), len(dump) // 4)
        rest = harness.cli("dump", target.url, "--offset", str(len(dump) // 2)).out
        self.assertEqual(rest, dump[len(dump) // 2:])
        head = target.get("/v1/branches/main").json()["commit"]
        nobody = harness.cli("dump", target.url, "--since", "nobody", check=False)
        self.assertEqual((nobody.status, nobody.out), (1, b""), nobody)
        beyond = harness.cli("dump", target.url, "--offset", str(len(dump) + 1), check=False)
        self.assertEqual((beyond.status, beyond.out), (6, b""), beyond)
        self.assertEqual(target.stop(), 0, target.log)
        self.assertEqual(harness.cli("dump", target.disk).out, dump)
        copy = self.path("copy")
        harness.cli("load", copy, "--size", "64M", data=dump)
        self.assert_fsck(copy)
        self.assertEqual(harness.cli("get", "d/39", "--store", copy).out, b"39" * 3000)
        self.assertIn(head[:12].encode(), harness.cli("log", "--store", copy).out)

    def test_a_clean_stop_keeps_everything(self):
        target = self.start()
        etags = {}
        for number in range(30):
            path = f"/v1/b/main/k/restart/{number}"
            etags[path] = target.put(path, pattern(number * 1000)).headers["etag"]
        self.assertEqual(target.stop(), 0, target.log)
        if harness.target_name == "image":
            self.assertIn("boot: shutting down", target.log)
        self.assertIn("all is synced", target.log)
        self.assert_fsck(target.disk)
        target.start()
        for path, etag in etags.items():
            self.assertEqual(target.get(path).headers["etag"], etag)
        self.assertEqual(target.stop(), 0)

    def test_stop_while_clients_are_connected(self):
        target = self.start()
        with target.connect() as idle, target.connect() as half:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.recv(100)
            half.sendall(b"PUT /v1/b/main/k/half HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
            target.put("/v1/b/main/k/whole", b"1")
            self.assertEqual(target.stop(), 0, target.log)
        target.start()
        self.assertEqual(target.get("/v1/b/main/k/whole").body, b"1")
        self.assertEqual(target.get("/v1/b/main/k/half").status, 404)


if __name__ == "__main__":
    harness.main(__doc__)
