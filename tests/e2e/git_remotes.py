#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""git_remotes.py - clone, fetch, pull and push of the command, with stock git at the other end.

The other end is a repository in a folder, the same behind git's own HTTP server (which may ask for a
password, or fall silent in the middle), or another bough.  What arrives is compared by ids, each
repository that was written to must pass `git fsck`, and what is new is counted in objects.  No verb
may leave a folder behind, or show a password.  --seed replays a run.
"""
import base64
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import harness
from git_parts import generate, reachable
from harness import cli, git

SEED = 20240707
USER, PASSWORD = "ada", "s3cret/:@word"
IN_URL = "ada:s3cret%2F%3A%40word@"


class Gate(http.server.ThreadingHTTPServer):
    """git's own HTTP server for the repositories in a folder."""

    daemon_threads = True

    def __init__(self, root, password=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = root
        self.password = password
        self.hold = None     # a word of paths whose replies stop in their middle
        self.held = threading.Event()
        self.go_on = threading.Event()
        self.moved_to = None
        self.asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, name, user=""):
        return f"http://{user}127.0.0.1:{self.server_port}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while True:
            size = int(self.rfile.readline(), 16)
            data += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return data

    def refuse(self, status, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self):
        data = self.body()
        self.server.asked += 1
        wanted = f"{USER}:{self.server.password}".encode()
        if self.server.moved_to is not None:
            self.refuse(301, ("Location", self.server.moved_to + self.path))
            return
        if self.server.password is not None and self.headers.get("Authorization") != \
                "Basic " + base64.b64encode(wanted).decode():
            self.refuse(401, ("WWW-Authenticate", 'Basic realm="here"'))
            return
        path, _, query = self.path.partition("?")
        done = harness.run("git", "http-backend", data=data, check=False, env={
            **harness.GIT_ENVIRONMENT, "GIT_PROJECT_ROOT": self.server.root,
            "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": USER, "REQUEST_METHOD": self.command,
            "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(data)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", "")})
        head, _, sent = done.out.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().splitlines()]
        status = next((value for name, value in fields if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        if self.server.hold is not None and self.server.hold in path:
            self.wfile.write(sent[:len(sent) // 2])
            self.wfile.flush()
            self.server.held.set()
            self.server.go_on.wait(harness.DEADLINE_S)
        else:
            self.wfile.write(sent)

    do_GET = do_POST = answer


class Case(harness.Case):
    count = 40

    def setUp(self):
        super().setUp()
        self.dice = random.Random(f"{SEED} {self.id()}")
        self.scratch = self.path("scratch")
        os.mkdir(self.scratch)
        os.mkdir(self.path("served"))
        self.peer = self.path("served", "peer.git")
        generate(self.peer, self.dice, self.count)
        git("config", "http.receivepack", "true", cwd=self.peer)
        self.image = self.path("store.img")

    def gate(self, password=None):
        gate = Gate(self.path("served"), password)
        self.addCleanup(gate.server_close)
        self.addCleanup(gate.shutdown)
        self.addCleanup(gate.go_on.set)
        return gate

    def bough(self, *words, status=0, url=None, env=None, **options):
        """The command on our image, or on a server; nothing may be left, nothing shown."""
        where = ["--url", url] if url else ["--store", self.image]
        done = cli(*words, *where, check=False, **options, env={
            "TMPDIR": self.scratch, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", **(env or {})})
        self.assertEqual(done.status, status, done)
        self.assertEqual(os.listdir(self.scratch), [], done)
        for secret in (PASSWORD, "s3cret", IN_URL):
            self.assertNotIn(secret.encode(), done.out + done.err)
        return done

    def ask(self, *words, **options):
        return json.loads(self.bough(*words, "--json", **options).out)

    def out_of(self, name="copy.git"):
        """What git sees of our image, as a bare repository that holds all refs."""
        service = harness.Serve(self.folder, os.path.basename(self.image))
        folder = self.path(name)
        self.addCleanup(service.kill)
        service.start()
        git("clone", "-q", "--mirror", service.git_url, folder)
        self.assertEqual(service.stop(), 0)
        harness.git_fsck(folder)
        return folder

    def refs_of(self, folder):
        text = git("for-each-ref", "--format=%(refname) %(objectname)", cwd=folder)
        return dict(line.split(" ") for line in text.splitlines())

    def commit(self, branch="main", name="new", number=1, folder=None):
        """Adds `number` commits to a bare repository; each has one new file at its root."""
        folder = folder or self.peer
        for step in range(number):
            blob = git("hash-object", "-w", "--stdin", cwd=folder,
                       data=f"{name} {step} {self.dice.random()}\n".encode())
            tree = git("ls-tree", branch, cwd=folder)
            tree = git("mktree", cwd=folder,
                       data=f"{tree}\n100644 blob {blob}\t{name}-{step}\n".encode())
            made = git("commit-tree", tree, "-p", branch, "-m", name, cwd=folder)
            git("update-ref", f"refs/heads/{branch}", made, cwd=folder)
        return git("rev-parse", branch, cwd=folder)


class Clone(Case):
    def test_all_branches_and_tags_come_with_the_default_one(self):
        git("symbolic-ref", "HEAD", "refs/heads/side", cwd=self.peer)
        urls = {"path": self.peer, "file": "file://" + self.peer,
                "http": self.gate().url("peer.git")}
        for name, url in urls.items():
            self.image = self.path(name + ".img")
            said = self.ask("clone", url)
            self.assertEqual({"refs/" + ref["ref"]: ref["id"] for ref in said["refs"]},
                             self.refs_of(self.peer))
            self.assertEqual(said["sent"], len(reachable(self.peer)))
            copy = self.out_of(name + ".git")
            self.assertEqual(self.refs_of(copy), self.refs_of(self.peer))
            self.assertEqual(reachable(copy), reachable(self.peer))
            self.assertEqual(git("symbolic-ref", "HEAD", cwd=copy), "refs/heads/side")
            self.assert_fsck(self.image)

    def test_a_bough_is_cloned_by_another_and_followed(self):
        store = self.start("served.img")
        git("push", "-q", "--mirror", store.git_url, cwd=self.peer)
        self.bough("clone", store.git_url)
        self.assertEqual(self.refs_of(self.out_of()), self.refs_of(self.peer))
        store.put("/v1/b/main/k/by/rest", b"hello\n")
        said = self.ask("fetch", store.git_url)
        # The commit, the root, "by" and the value; libgit2 asks for annotated tags to come along.
        self.assertEqual(said["sent"], 4)
        tags = len(git("tag", cwd=self.peer).split())
        self.assertLessEqual(said["received"], 4 + tags)
        done = self.bough("get", "by/rest", "--rev", "remotes/origin/main")
        self.assertEqual(done.out, b"hello\n")
        native = store.get("/v1/branches/main").json()["commit"]
        self.assertTrue(native.startswith(self.bough("log", "remotes/origin/main", "--limit", "1")
                                          .out.decode()[:12]))

    def test_to_a_server_and_from_nothing(self):
        store = self.start("served.img")
        git("init", "-q", "--bare", self.path("empty.git"))
        self.assertEqual(self.ask("clone", self.path("empty.git"), url=store.url)["refs"], [])
        self.bough("clone", self.peer, url=store.url)
        self.assertEqual(self.refs_of(self.peer),
                         harness.git_refs(git("clone", "-q", "--mirror", store.git_url,
                                              self.path("m.git")) or self.path("m.git")))

    def test_more_refs_than_one_push_may_move(self):
        head = git("rev-parse", "main", cwd=self.peer)
        git("update-ref", "--stdin", cwd=self.peer, data="".join(
            f"create refs/{kind}/many/{number} {head}\n"
            for kind in ("heads", "tags") for number in range(700)).encode())
        self.bough("clone", self.peer)
        self.assertEqual(self.refs_of(self.out_of()), self.refs_of(self.peer))
        self.assertEqual(len(self.ask("fetch", self.peer)["refs"]), 703)

    def test_a_store_with_branches_is_left_alone(self):
        self.bough("clone", self.peer)
        before = self.refs_of(self.out_of())
        done = self.bough("clone", self.peer, status=4)
        self.assertIn(b"the store has branches", done.err)
        self.assertEqual(self.refs_of(self.out_of("again.git")), before)

    def test_what_fails_leaves_no_image(self):
        gate = self.gate()
        closed = f"http://127.0.0.1:{harness.free_port()}/x.git"
        for url, status in ((self.path("none"), 1), (self.folder, 1), (closed, 6),
                            (gate.url("none.git"), 6), ("gopher://x/y", 6)):
            done = self.bough("clone", url, status=status)
            self.assertIn(url.encode(), done.err)
            self.assertFalse(os.path.exists(self.image), url)
        self.bough("clone", self.peer, "--size", "nonsense", status=2)
        self.assertFalse(os.path.exists(self.image))


class Large(Case):
    count = 3
    MIB = 1 << 20

    def add(self, *commits):
        """Adds commits to the peer: (branch, parents besides its head, MiB of new values)."""
        out = []
        for number, (branch, others, sizes) in enumerate(commits):
            out.append(f"commit refs/heads/{branch}\ncommitter Ada <a@example.org> 1700000000 +0000\n"
                       f"data 0\n".encode())
            if branch not in [name for name, *_ in commits[:number]]:
                out.append(b"from refs/heads/main^0\n")
            out += [f"merge refs/heads/{other}\n".encode() for other in others]
            for at, size in enumerate(sizes):
                data = self.dice.randbytes(size * self.MIB)
                out.append(f"M 644 inline {branch}-{number}-{at}\ndata {len(data)}\n".encode()
                           + data + b"\n")
        git("fast-import", "--quiet", cwd=self.peer, data=b"".join(out))

    def test_more_than_one_push_may_have_goes_in_slices(self):
        self.add(("one", [], [9]), ("two", [], [9]), ("one", [], [9]), ("two", [], [9]),
                 ("one", ["two"], [9]), ("two", [], [9]), ("one", [], [9]), ("three", [], [9]))
        # By a path nobody knows how much it is; by HTTP it has been received.
        urls = [self.peer, self.gate().url("peer.git")]
        for number, url in enumerate(urls if harness.long_run else [self.dice.choice(urls)]):
            self.image = self.path(f"{number}.img")
            self.bough("clone", url)
            copy = self.out_of(f"{number}.git")
            self.assertEqual(self.refs_of(copy), self.refs_of(self.peer))
            self.assertEqual(reachable(copy), reachable(self.peer))

    def test_what_no_push_may_have_is_refused(self):
        cli("mkfs", self.image, "--size", "256M")
        self.bough("fetch", self.peer)
        before = self.refs_of(self.out_of())
        self.add(("one", [], [1]), ("one", [], [33, 33]), ("one", [], [1]))
        done = self.bough("fetch", self.peer, status=8)
        self.assertIn(b"more than one push may have", done.err)
        self.assertEqual(self.refs_of(self.out_of("after.git")), before)


class Fetch(Case):
    def setUp(self):
        super().setUp()
        cli("mkfs", self.image, "--size", "64M")

    def test_only_what_is_new_is_moved(self):
        gate = self.gate()
        url = gate.url("peer.git")
        self.bough("clone", url)
        said = self.ask("fetch", url)
        self.assertEqual((said["received"], said["sent"]), (0, 0))
        self.assertEqual({ref["outcome"] for ref in said["refs"]}, {"new"})
        self.assertEqual(self.ask("fetch", url), {"received": 0, "sent": 0, "refs": []})
        for number in (1, 3):
            head = self.commit(number=number, name=f"new{number}")
            said = self.ask("fetch", url)
            # Each has a commit, a root and a blob.
            self.assertEqual((said["received"], said["sent"]), (3 * number, 3 * number))
            self.assertEqual(said["refs"], [{"ref": "remotes/origin/main", "outcome": "moved",
                                             "id": head}])
        head = self.commit(name="path")
        said = self.ask("fetch", self.peer)
        self.assertEqual((said["received"], said["sent"]), (0, 3))
        copy = self.out_of()
        self.assertEqual(self.refs_of(copy)["refs/remotes/origin/main"], head)
        self.assertNotEqual(self.refs_of(copy)["refs/heads/main"], head)
        self.assertLessEqual(reachable(self.peer), reachable(copy))

    def test_branches_of_several_are_kept_apart_and_pruned(self):
        other = self.path("served", "other.git")
        git("clone", "-q", "--bare", self.peer, other)
        self.commit(folder=other)
        git("branch", "only/here", "main", cwd=other)
        self.bough("fetch", self.peer)
        self.bough("fetch", other, "--as", "other/one")
        git("branch", "-D", "side", cwd=self.peer)
        git("branch", "-D", "only/here", cwd=other)
        git("branch", "only", "main", cwd=other)
        self.assertEqual(self.ask("fetch", self.peer)["refs"], [])
        said = self.ask("fetch", self.peer, "--prune")
        self.assertEqual([(ref["ref"], ref["outcome"]) for ref in said["refs"]],
                         [("remotes/origin/side", "removed")])
        # A name in the way is refused by itself, and is none once it was removed.
        tree = git("rev-parse", "main^{tree}", cwd=other)
        git("branch", "-f", "third", git("commit-tree", tree, "-m", "New", cwd=other), cwd=other)
        said = self.ask("fetch", other, "--as", "other/one", status=4)
        self.assertEqual([(ref["ref"], ref["outcome"]) for ref in said["refs"]],
                         [("remotes/other/one/only", "refused"),
                          ("remotes/other/one/third", "forced")])
        self.bough("fetch", other, "--as", "other/one", "--prune")
        self.bough("gc")
        refs = self.refs_of(self.out_of())
        for name, folder in (("origin", self.peer), ("other/one", other)):
            got = {ref: made for ref, made in refs.items() if f"/remotes/{name}/" in ref}
            wanted = {ref.replace("/heads/", f"/remotes/{name}/"): made for ref, made
                      in self.refs_of(folder).items() if "/heads/" in ref}
            self.assertEqual(got, wanted)
        self.assertEqual([ref for ref in refs if "/heads/" in ref], [])
        self.bough("fetch", self.peer, "--as", "a..b", status=2)
        self.bough("fetch", self.peer, "--as", "", status=2)

    def test_tags_do_not_move(self):
        git("tag", "first", "main~1", cwd=self.peer)
        self.bough("fetch", self.peer)
        old = git("rev-parse", "first", cwd=self.peer)
        git("tag", "-f", "first", "main", cwd=self.peer)
        git("tag", "second", "main", cwd=self.peer)
        done = self.bough("fetch", self.peer, "--quiet")
        self.assertEqual(done.err, b"kept      tags/first: the store has this tag otherwise\n")
        refs = self.refs_of(self.out_of())
        self.assertEqual(refs["refs/tags/first"], old)
        self.assertEqual(refs["refs/tags/second"], git("rev-parse", "main", cwd=self.peer))

    def test_a_branch_that_was_rewritten_is_followed(self):
        self.bough("fetch", self.peer)
        git("update-ref", "refs/heads/main", "main~1", cwd=self.peer)
        head = self.commit(name="rewritten")
        said = self.ask("fetch", self.peer)
        self.assertEqual(said["refs"], [{"ref": "remotes/origin/main", "outcome": "forced",
                                         "id": head}])


class Pull(Case):
    def setUp(self):
        super().setUp()
        self.bough("clone", self.peer)

    def test_forwards(self):
        head = self.commit()
        done = self.bough("pull", self.peer)
        self.assertIn(b"fast-forward: commit ", done.err)
        self.assertEqual(self.refs_of(self.out_of())["refs/heads/main"], head)
        self.assertEqual(self.ask("pull", self.peer)["outcome"], "up-to-date")

    def test_a_branch_that_is_not_there_is_made(self):
        head = self.commit("side")
        self.assertEqual(self.ask("pull", self.peer, "side", "--branch", "mine")["name"], "mine")
        self.assertEqual(self.refs_of(self.out_of())["refs/heads/mine"], head)
        self.image = self.path("fresh.img")
        cli("mkfs", self.image, "--size", "64M")
        self.bough("pull", self.peer)
        self.assertEqual(self.refs_of(self.out_of("fresh.git"))["refs/heads/main"],
                         git("rev-parse", "main", cwd=self.peer))

    def test_both_sides_are_merged_as_by_merge(self):
        theirs = self.commit(name="theirs")
        self.bough("put", "ours", data=b"ours\n")
        said = self.ask("pull", self.peer, "-m", "Both", "--author", "Ada <a@example.org>")
        self.assertEqual(said["outcome"], "merged")
        copy = self.out_of()
        self.assertEqual(git("rev-parse", "main^2", cwd=copy), theirs)
        self.assertEqual(git("show", "main:ours", cwd=copy), "ours")
        self.assertEqual(git("log", "-1", "--format=%s", "main", cwd=copy), "Both")

    def test_conflicts_are_a_merge_in_progress(self):
        theirs = self.commit(name="key")
        self.bough("put", "key-0", data=b"ours\n")
        done = self.bough("pull", self.peer, status=3)
        self.assertIn(b"key-0", done.out)
        self.assertIn(b"key-0", self.bough("conflicts").out)
        self.bough("resolve", "theirs", "key-0")
        self.assertEqual(git("rev-parse", "main^2", cwd=self.out_of()), theirs)

    def test_a_side_is_favoured(self):
        self.commit(name="key")
        self.bough("put", "key-0", data=b"ours\n")
        self.bough("pull", self.peer, "-X", "ours")
        self.assertEqual(self.bough("get", "key-0").out, b"ours\n")

    def test_no_such_branch(self):
        done = self.bough("pull", self.peer, "none", status=1)
        self.assertIn(b"has no branch none", done.err)


class Push(Case):
    def setUp(self):
        super().setUp()
        self.bough("clone", self.peer)

    def test_into_an_empty_repository(self):
        urls = {"path": lambda name: self.path("served", name),
                "http": self.gate().url}
        for kind, url_of in urls.items():
            folder = self.path("served", kind + ".git")
            git("init", "-q", "--bare", folder)
            git("config", "http.receivepack", "true", cwd=folder)
            self.bough("push", url_of(kind + ".git"))
            self.assertEqual(list(self.refs_of(folder)), ["refs/heads/main"])
            self.bough("push", url_of(kind + ".git"), "main", "side", "third", "side", "--tags")
            self.assertEqual(self.refs_of(folder), self.refs_of(self.peer))
            self.assertEqual(reachable(folder), reachable(self.peer))
            harness.git_fsck(folder)

    def test_only_what_is_new_is_sent(self):
        gate = self.gate()
        self.assertEqual(self.ask("push", gate.url("peer.git"), "main", "side", "--tags"),
                         {"received": 0, "sent": 0, "refs": []})
        self.bough("put", "a new/one", data=b"1\n")
        said = self.ask("push", gate.url("peer.git"), "main", "side")
        self.assertEqual(said["sent"], 4)
        self.assertEqual([(ref["ref"], ref["outcome"]) for ref in said["refs"]],
                         [("heads/main", "moved")])
        harness.git_fsck(self.peer)
        self.assertEqual(git("show", "main:a new/one", cwd=self.peer), "1")

    def test_to_another_bough(self):
        store = self.start("served.img")
        self.bough("push", store.git_url, "main", "side", "third", "--tags")
        git("clone", "-q", "--mirror", store.git_url, self.path("m.git"))
        self.assertEqual(self.refs_of(self.path("m.git")), self.refs_of(self.peer))
        harness.git_fsck(self.path("m.git"))

    def test_what_is_not_forwards_is_refused_by_itself(self):
        gate = self.gate()
        for number, url in enumerate((self.peer, gate.url("peer.git"))):
            # Nobody here has what was pushed there meanwhile.
            theirs = self.commit(name=f"theirs{number}")
            self.bough("put", f"main{number}", data=b"1\n")
            self.bough("put", f"side{number}", "--branch", "side", data=b"1\n")
            said = self.ask("push", url, "main", "side", status=4)
            self.assertEqual([(ref["ref"], ref["outcome"]) for ref in said["refs"]],
                             [("heads/main", "refused"), ("heads/side", "moved")])
            self.assertEqual(said["refs"][0]["why"], "not a fast-forward: pull first")
            self.assertEqual(git("rev-parse", "main", cwd=self.peer), theirs)
            self.assertEqual(git("show", f"side:side{number}", cwd=self.peer), "1")
            said = self.ask("push", url, "main", "--force")
            self.assertEqual(said["refs"][0]["outcome"], "forced")
            self.assertEqual(git("show", f"main:main{number}", cwd=self.peer), "1")
            harness.git_fsck(self.peer)

    def test_what_the_other_end_refuses_is_told_in_its_words(self):
        hook = os.path.join(self.peer, "hooks", "update")
        os.makedirs(os.path.dirname(hook), exist_ok=True)
        with open(hook, "w", encoding="ascii") as file:
            file.write('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
        os.chmod(hook, 0o755)
        self.bough("put", "k", data=b"1\n")
        self.bough("put", "k", "--branch", "side", data=b"1\n")
        done = self.bough("push", self.gate().url("peer.git"), "main", "side", status=4)
        self.assertIn(b"refused   heads/main: hook declined\n", done.err)
        self.assertIn(b"moved     heads/side\n", done.err)
        store = self.start("served.img")
        self.bough("push", store.git_url)
        store.put("/v1/protection", b'{"rules":[{"branch":"main"}]}')
        self.bough("reset", "main~2", "--force")
        done = self.bough("push", store.git_url, "--force", status=4)
        self.assertIn(b"refused   heads/main: non-fast-forward: the branch is protected", done.err)

    def test_what_cannot_be_pushed(self):
        self.assertIn(b"no branch none", self.bough("push", self.peer, "none", status=1).err)
        git("init", "-q", self.path("work"))
        done = self.bough("push", self.path("work"), status=2)
        self.assertIn(b"bare", done.err)
        self.bough("push", self.path("nowhere"), status=1)

    def test_a_tag_that_is_there_otherwise(self):
        self.bough("pull", self.peer)
        git("tag", "here", "main~1", cwd=self.peer)
        self.bough("fetch", self.peer)
        git("tag", "-f", "here", "main~2", cwd=self.peer)
        done = self.bough("push", self.peer, "--tags", status=4)
        self.assertIn(b"refused   tags/here: the tag is there, otherwise\n", done.err)
        self.bough("push", self.peer, "--tags", "--force")
        self.assertEqual(git("rev-parse", "here", cwd=self.peer),
                         git("rev-parse", "main~1", cwd=self.peer))


class Secrets(Case):
    def test_a_password_goes_to_its_server_and_nowhere_else(self):
        gate = self.gate(PASSWORD)
        self.bough("clone", gate.url("peer.git", IN_URL))
        self.commit()
        said = self.ask("fetch", gate.url("peer.git", IN_URL))
        self.assertIn("remotes/origin/main", [ref["ref"] for ref in said["refs"]])
        self.bough("put", "k", "--branch", "side", data=b"1\n")
        self.bough("push", gate.url("peer.git", IN_URL), "side")
        self.assertEqual(git("show", "side:k", cwd=self.peer), "1")
        git("config", "http.receivepack", "false", cwd=self.peer)
        self.bough("put", "l", "--branch", "side", data=b"1\n")
        self.bough("push", gate.url("peer.git", IN_URL), "side", status=6)
        self.bough("fetch", gate.url("none.git", IN_URL), status=6)

    def test_no_message_shows_it(self):
        gate = self.gate("another")
        self.assertIn(b"were refused",
                      self.bough("clone", gate.url("peer.git", IN_URL), status=5).err)
        self.assertIn(b"wants a user and a password",
                      self.bough("clone", gate.url("peer.git"), status=5).err)
        closed = f"http://{IN_URL}127.0.0.1:{harness.free_port()}/x.git"
        for url, status in ((closed, 6), (f"http://{IN_URL}/x", 6), (f"gopher://{IN_URL}h/x", 6),
                            (f"http://{IN_URL}%00h/x", 6), (f"http://{USER}:{PASSWORD}%0a@h/", 2),
                            (f"http://{IN_URL}127.0.0.1:x/y", 2)):
            self.bough("clone", url, status=status)
            self.bough("clone", url, "--json", status=status)

    def test_git_s_credential_helpers_are_asked(self):
        asked = self.path("asked")
        helper = f'!f() {{ test "$1" = get || exit; cat >> {asked}; ' \
            f"echo 'username={USER}'; echo 'password={PASSWORD}'; }}; f"
        config = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "credential.helper",
                  "GIT_CONFIG_VALUE_0": helper}
        gate = self.gate(PASSWORD)
        self.bough("clone", gate.url("peer.git"), env=config)
        self.bough("fetch", gate.url("peer.git", USER + "@"), env=config)
        with open(asked, encoding="ascii") as file:
            said = file.read()
        self.assertIn(f"protocol=http\nhost=127.0.0.1:{gate.server_port}\n", said)
        self.assertIn(f"username={USER}\n", said)
        # What the URL says is not asked for, and without git there is nobody to ask.
        os.remove(asked)
        self.bough("fetch", gate.url("peer.git", IN_URL), env=config)
        self.assertFalse(os.path.exists(asked))
        done = self.bough("fetch", gate.url("peer.git"), status=5, env={**config, "PATH": "/none"})
        self.assertIn(b"wants a user and a password", done.err)

    def test_it_is_not_carried_elsewhere(self):
        elsewhere = self.gate(PASSWORD)
        gate = self.gate()
        gate.moved_to = f"http://localhost:{elsewhere.server_port}"
        done = self.bough("clone", gate.url("peer.git", IN_URL), status=6)
        self.assertIn(b"redirect", done.err)
        self.assertEqual(elsewhere.asked, 0)


class Interrupted(Case):
    def interrupt(self, number, ready, *words):
        """Starts the command, and ends it with a signal once `ready` returns."""
        process = subprocess.Popen([harness.bough, *words, "--store", self.image],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE,
                                   env={**os.environ, "TMPDIR": self.scratch})
        try:
            ready()
            self.assertNotEqual(os.listdir(self.scratch), [])
            # It may be between looking at what came and waiting for more.
            while process.poll() is None:
                process.send_signal(number)
                time.sleep(0.05)
        finally:
            process.kill()
        out, err = process.communicate()
        self.assertEqual(process.returncode, 130, (out, err))
        self.assertIn(b"bough: interrupted", err)
        self.assertEqual(os.listdir(self.scratch), [])

    def test_in_the_middle_of_a_pack(self):
        gate = self.gate()
        for number in (signal.SIGINT, signal.SIGTERM):
            gate.hold = "git-upload-pack"
            gate.held.clear()
            self.interrupt(number, gate.held.wait, "clone", gate.url("peer.git"))
            self.assertFalse(os.path.exists(self.image))
        gate.hold = None
        gate.go_on.set()
        self.bough("clone", gate.url("peer.git"))

    def test_before_an_answer(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
            cli("mkfs", self.image, "--size", "64M")
            connections = []
            for verb in ("fetch", "push", "pull"):
                self.interrupt(signal.SIGINT, lambda: connections.append(silent.accept()), verb, url)
            for connection, _ in connections:
                connection.close()

    def test_a_push_that_is_not_answered(self):
        gate = self.gate()
        self.bough("clone", gate.url("peer.git"))
        self.bough("put", "k", data=b"1\n")
        gate.hold = "git-receive-pack"
        self.interrupt(signal.SIGINT, gate.held.wait, "push", gate.url("peer.git"))
        self.assert_fsck(self.image)


def main():
    global SEED
    SEED = harness.take_seed(SEED)
    harness.main(__doc__)


if __name__ == "__main__":
    main()
