#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""git_parts.py - clones and fetches of a part: less history, or fewer objects.

A generated history with merges is served twice, by bough and by git itself from a bare repository.
The same commands run against both, and what the client then has must be the same: which objects,
where its history ends, which refs.  Each clone must pass `git fsck`, and what was left out must come
when it is asked for.  --seed replays a run.
"""
import os
import random

import harness
from harness import git

SEED = 20240611
DAY_S = 86400
START_S = 1600000000


def generate(folder, dice, count):
    """A bare repository with `count` commits on three branches that are merged now and then."""
    git("init", "-q", "--bare", folder)
    out = []
    heads = {"main": None, "side": None, "third": None}
    tips = {}
    for mark in range(1, count + 1):
        name = "main" if mark < 3 else dice.choice(list(heads))
        lines = [f"commit refs/heads/{name}", f"mark :{mark}",
                 f"committer Ada <ada@example.org> {START_S + mark * DAY_S} +0000",
                 "data 4", "text"]
        parents = [tip for tip in [tips.get(name, tips.get("main"))] if tip is not None]
        others = [tip for tip in tips.values() if tip not in parents]
        if parents and others and dice.random() < 0.25:
            parents += dice.sample(others, dice.randint(1, len(others)))
        if parents:
            lines.append(f"from :{parents[0]}")
        lines += [f"merge :{parent}" for parent in parents[1:]]
        for _ in range(dice.randint(1, 4)):
            path = "/".join(dice.choice("abc") for _ in range(dice.randint(1, 4))) + ".txt"
            data = f"{mark} {dice.random()}\n" * dice.choice((1, 3, 20, 400))
            lines += [f"M 644 inline {path}", f"data {len(data)}", data]
        tips[name] = mark
        out.append("\n".join(lines) + "\n")
        if dice.random() < 0.1:
            out.append(f"tag v{mark}\nfrom :{mark}\n"
                       f"tagger Ada <ada@example.org> {START_S + mark * DAY_S} +0000\ndata 1\nt\n")
    git("fast-import", "--quiet", cwd=folder, data="".join(out).encode())
    git("symbolic-ref", "HEAD", "refs/heads/main", cwd=folder)
    for option in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git("config", option, "true", cwd=folder)


def objects(folder):
    """The ids of the objects that are in a repository, whatever leads to them."""
    text = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", cwd=folder)
    return set(text.split())


def reachable(folder):
    text = git("rev-list", "--objects", "--all", "--no-object-names", cwd=folder)
    return set(text.split())


def ends(folder):
    """The commits where a repository's history ends; a root commit ends nothing."""
    path = os.path.join(folder, "shallow")
    if not os.path.exists(path):
        path = os.path.join(folder, ".git", "shallow")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="ascii") as file:
        names = set(file.read().split())
    return {name for name in names
            if b"\nparent " in git("cat-file", "commit", name, cwd=folder, check=False).out}


class PartCase(harness.Case):
    count = 60

    def setUp(self):
        super().setUp()
        self.dice = random.Random(f"{SEED} {self.id()}")
        self.peer = self.path("peer.git")
        generate(self.peer, self.dice, self.count)
        self.store = self.start()
        git("push", "-q", "--mirror", self.store.git_url, cwd=self.peer)
        self.urls = {"bough": self.store.git_url, "git": "file://" + self.peer}

    def both(self, name, *words, protocol=2):
        """Clones from both with the same words: {server: folder}."""
        folders = {}
        for server, url in self.urls.items():
            folders[server] = self.path(f"{name}-{server}")
            git("clone", "-q", "--bare", *words, url, folders[server], protocol=protocol)
            git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*",
                cwd=folders[server])
        return folders

    def fetch_both(self, folders, *words, protocol=2):
        # Tags are named: with protocol 0 over HTTP git's client overlooks some that came by.
        for folder in folders.values():
            git("fetch", "-q", "--tags", *words, "origin", cwd=folder, protocol=protocol)

    def same(self, folders, seen, what):
        ours, theirs = seen(folders["bough"]), seen(folders["git"])
        self.assertEqual(len(ours - theirs), 0, f"{what}: more than git's {ours - theirs}")
        self.assertEqual(len(theirs - ours), 0, f"{what}: less than git's {theirs - ours}")

    def same_parts(self, folders, what):
        harness.git_fsck(folders["bough"])
        self.same(folders, reachable, what)
        self.same(folders, ends, what)
        self.assertEqual(harness.git_refs(folders["bough"]), harness.git_refs(folders["git"]), what)


class Shallow(PartCase):
    def test_clones_of_any_depth(self):
        for number in range(8):
            depth = self.dice.randint(1, 12)
            words = ["--depth", str(depth)] + (["--no-single-branch"] if number % 2 else [])
            folders = self.both(f"depth-{number}", *words, protocol=(2, 0)[number // 2 % 2])
            self.same(folders, objects, f"depth {depth}")
            self.same_parts(folders, f"depth {depth}")

    def test_a_date_or_a_ref_ends_a_history(self):
        refs = git("for-each-ref", "--format=%(refname:short)", cwd=self.peer).split()
        for number in range(8):
            day = self.dice.randint(self.count // 3, self.count - 3)
            words = (["--shallow-since", f"@{START_S + day * DAY_S}"] if number % 2 else
                     ["--shallow-exclude", self.dice.choice(refs[:-1])])
            done = git("clone", "-q", "--bare", *words, "--no-single-branch", self.urls["git"],
                       self.path("probe"), check=False)
            git("init", "-q", "--bare", self.path("probe"))
            harness.run("rm", "-r", self.path("probe"))
            if done.status == 0:
                folders = self.both(f"since-{number}", "--no-single-branch", *words,
                                    protocol=(2, 0)[number // 2 % 2])
                self.same_parts(folders, " ".join(words))
                continue
            done = git("clone", "-q", "--bare", *words, "--no-single-branch", self.urls["bough"],
                       self.path("refused"), check=False)
            self.assertNotEqual(done.status, 0, words)
            self.assertIn("no commits selected", done.err.decode())

    def test_a_history_grows_and_shrinks(self):
        for number in range(6):
            protocol = (2, 0)[number % 2]
            folders = self.both(f"grow-{number}", "--depth", str(self.dice.randint(1, 4)),
                                protocol=protocol)
            for step in range(4):
                words = self.dice.choice((["--depth", str(self.dice.randint(1, 9))],
                                          ["--deepen", str(self.dice.randint(1, 5))], []))
                self.fetch_both(folders, *words, protocol=protocol)
                self.same_parts(folders, f"{number}.{step}: {words}")
            for folder in folders.values():
                if git("rev-parse", "--is-shallow-repository", cwd=folder) == "true":
                    git("fetch", "-q", "--tags", "--unshallow", "origin", cwd=folder,
                        protocol=protocol)
            self.same_parts(folders, f"{number}: all")
            self.assertEqual(ends(folders["bough"]), set())

    def test_new_commits_come_to_a_shallow_clone(self):
        folders = self.both("follow", "--depth", "2")
        work = self.path("work")
        git("clone", "-q", self.peer, work)
        for number in range(5):
            with open(os.path.join(work, f"new-{number}"), "w", encoding="ascii") as file:
                file.write(f"{number}\n")
            git("add", "-A", cwd=work)
            git("commit", "-q", "-m", "New", cwd=work)
            git("push", "-q", "origin", "HEAD:main", cwd=work)
            git("push", "-q", self.store.git_url, "HEAD:main", cwd=work)
            self.fetch_both(folders, *(["--depth", "1"] if number == 3 else []))
            self.same_parts(folders, f"new commit {number}")

    def test_a_shallow_clone_pushes(self):
        folder = self.path("pushing")
        git("clone", "-q", "--depth", "1", "-b", "main", self.store.git_url, folder)
        with open(os.path.join(folder, "pushed"), "w", encoding="ascii") as file:
            file.write("pushed\n")
        git("add", "-A", cwd=folder)
        git("commit", "-q", "-m", "From a shallow clone", cwd=folder)
        git("push", "-q", "origin", "main", cwd=folder)
        self.assertEqual(self.store.get("/v1/b/main/k/pushed").body, b"pushed\n")
        whole = self.path("whole.git")
        git("clone", "-q", "--bare", self.store.git_url, whole)
        harness.git_fsck(whole)
        # What the clone lacks and the store lacks, too, is missing for good.
        other = self.path("other")
        git("init", "-q", other)
        for number in range(3):
            git("commit", "-q", "--allow-empty", "-m", f"Other {number}", cwd=other)
        git("clone", "-q", "--depth", "1", "file://" + other, self.path("cut"))
        done = git("push", self.store.git_url, "HEAD:refs/heads/cut", cwd=self.path("cut"),
                   check=False)
        self.assertNotEqual(done.status, 0)
        self.assertIn("shallow update not allowed", done.err.decode())

    def test_of_what_is_no_number_nothing_comes(self):
        for line, words in (("deepen 0", "invalid deepen"), ("deepen x", "invalid deepen"),
                            ("deepen-since x", "invalid deepen-since"),
                            ("deepen-not nothing", "no such ref"),
                            ("shallow x", "malformed shallow"),
                            ("filter sparse:oid=main", "this filter is not supported"),
                            ("filter combine:", "this filter is not supported")):
            head = git("rev-parse", "main", cwd=self.peer)
            body = "".join(f"{len(text) + 4:04x}{text}" for text in
                           ("command=fetch",)) + "0001"
            body += "".join(f"{len(text) + 4:04x}{text}" for text in (line, f"want {head}", "done"))
            reply = self.store.curl("/bough.git/git-upload-pack", method="POST",
                                    data=(body + "0000").encode(),
                                    headers=["Content-Type: application/x-git-upload-pack-request",
                                             "Git-Protocol: version=2"])
            self.assertIn(f"ERR upload-pack: {words}", reply.body.decode(), line)


class Partial(PartCase):
    def test_clones_without_some_objects(self):
        filters = ["blob:none", "blob:limit=0", "blob:limit=100", "blob:limit=1k", "tree:0",
                   "tree:1", "tree:2", "tree:3", "combine:blob:limit=100+tree:3"]
        for number, text in enumerate(filters):
            for words in ([], ["--depth", "3"]):
                folders = self.both(f"part-{number}-{len(words)}", f"--filter={text}", *words,
                                    protocol=(2, 0)[number % 2])
                self.same(folders, objects, f"{text} {words}")

    def test_what_was_left_out_comes_when_it_is_needed(self):
        whole = self.path("whole")
        git("clone", "-q", self.peer, whole)
        old = git("rev-list", "main", cwd=self.peer).split()[-3]
        for number, text in enumerate(("blob:none", "tree:0", "blob:limit=50")):
            folder = self.path(f"lazy-{number}")
            git("clone", "-q", f"--filter={text}", self.store.git_url, folder)
            harness.same_tree(whole, folder, ".git")
            said = git("log", "-p", "--stat", "--all", cwd=folder)
            self.assertEqual(said, git("log", "-p", "--stat", "--all", cwd=self.peer))
            git("checkout", "-q", old, cwd=folder)
            git("checkout", "-q", old, cwd=whole)
            harness.same_tree(whole, folder, ".git")
            git("checkout", "-q", "main", cwd=whole)
            git("fetch", "-q", "--refetch", "--no-filter", cwd=folder)
            harness.git_fsck(folder)

    def test_a_partial_clone_follows(self):
        folders = {}
        for server, url in self.urls.items():
            folders[server] = self.path(f"follow-{server}")
            git("clone", "-q", "--filter=blob:none", url, folders[server])
        work = self.path("work")
        git("clone", "-q", self.peer, work)
        for number in range(3):
            with open(os.path.join(work, f"new-{number}"), "w", encoding="ascii") as file:
                file.write(f"{number}\n" * 50)
            git("add", "-A", cwd=work)
            git("commit", "-q", "-m", "New", cwd=work)
            git("push", "-q", "origin", "HEAD:main", cwd=work)
            git("push", "-q", self.store.git_url, "HEAD:main", cwd=work)
            for folder in folders.values():
                git("pull", "-q", "--ff-only", cwd=folder)
            harness.same_tree(folders["git"], folders["bough"], ".git")

    def test_keys_written_by_rest_come_one_by_one(self):
        self.store.put("/v1/branches/rest", b'{"from":"main"}')
        for number in range(30):
            self.store.put(f"/v1/b/rest/k/dir/{number % 5}", b"short %d\n" % number)
        self.store.put("/v1/b/rest/k/dir/long", b"0123456789" * 20000)
        folder = self.path("rest")
        git("clone", "-q", "--filter=blob:none", "--no-checkout", "-b", "rest",
            self.store.git_url, folder)
        for back in range(25):
            text = git("show", f"HEAD~{back + 1}:dir/{(29 - back) % 5}", cwd=folder)
            self.assertEqual(text, f"short {29 - back}")
        self.assertEqual(len(git("show", "HEAD:dir/long", cwd=folder)), 200000)


class Incremental(PartCase):
    def test_a_fetch_brings_no_old_tags(self):
        folder = self.path("clone.git")
        git("clone", "-q", "--mirror", self.store.git_url, folder)
        self.assertNotEqual(git("tag", cwd=folder), "")
        self.store.put("/v1/b/main/k/a/new", b"new\n" * 100)
        for protocol in (0, 2):
            packs = set(os.listdir(os.path.join(folder, "objects", "pack")))
            self.store.put("/v1/b/main/k/a/new", b"new %d\n" % protocol)
            self.store.put(f"/v1/tags/new-{protocol}", b'{"target":"main","message":"New"}')
            git("-c", "fetch.unpackLimit=1", "fetch", "-q", "origin",
                "+refs/heads/*:refs/remotes/origin/*", cwd=folder, protocol=protocol)
            for name in set(os.listdir(os.path.join(folder, "objects", "pack"))) - packs:
                if name.endswith(".idx"):
                    said = git("verify-pack", "-v",
                               os.path.join(folder, "objects", "pack", name), cwd=folder)
                    self.assertEqual(said.count(" tag "), 1, said)
            harness.git_fsck(folder)
            self.assertIn(f"new-{protocol}", git("tag", cwd=folder).split())


class Progress(PartCase):
    def test_who_wants_to_know_is_told(self):
        for protocol in (0, 2):
            for word, told in (("--progress", True), ("-q", False)):
                done = git("clone", word, "--bare", self.store.git_url,
                           self.path(f"clone{word}{protocol}"), protocol=protocol, check=False)
                self.assertEqual(done.status, 0, done)
                count = len(reachable(self.path(f"clone{word}{protocol}")))
                words = f"remote: bough: {count} objects, {self.count} commits among them"
                self.assertEqual(words in done.err.decode(), told, done)


class Bundle(PartCase):
    def fetch(self, name, *since):
        """A bundle as a file."""
        reply = self.store.get("/bough.git/bundle" + ("?since=" + ",".join(since) if since else ""))
        self.assertEqual(reply.status, 200, reply)
        return self.write(name, reply.body)

    def test_a_file_is_cloned_and_fetched_from(self):
        path = self.fetch("all.bundle")
        git("bundle", "verify", "-q", path, cwd=self.peer)
        folder = self.path("clone")
        git("clone", "-q", path, folder)
        harness.git_fsck(folder)
        mirror = self.path("mirror.git")
        git("clone", "-q", "--mirror", path, mirror)
        self.assertEqual(harness.git_refs(mirror), harness.git_refs(self.peer))
        self.assertEqual(objects(mirror), reachable(self.peer))
        # What is new comes as a file of its own, which needs what it builds on.
        tips = sorted(set(git("rev-parse", "main", "side", "third", cwd=self.peer).split()))
        self.store.put("/v1/b/main/k/a/new", b"new\n" * 100)
        more = self.fetch("more.bundle", *tips)
        self.assertLess(os.path.getsize(more), 3000)
        git("fetch", "-q", more, "refs/heads/*:refs/heads/*", cwd=mirror)
        harness.git_fsck(mirror)
        self.assertEqual(git("show", "main:a/new", cwd=mirror), "new\n" * 99 + "new")
        empty = self.path("empty.git")
        git("init", "-q", "--bare", empty)
        done = git("bundle", "verify", more, cwd=empty, check=False)
        self.assertIn(b"lacks these prerequisite commits", done.err)
        git("clone", "-q", "--bundle-uri=" + self.store.git_url + "/bundle", self.store.git_url,
            self.path("seeded"), check=False)
        harness.git_fsck(self.path("seeded"))

    def test_what_cannot_be_bundled_is_said(self):
        self.assertEqual(self.store.get("/bough.git/bundle?since=x").problem(),
                         "bad-request")
        self.assertEqual(self.store.get("/bough.git/bundle?since=" + "0" * 40).problem(),
                         "no-such-revision")
        self.assertEqual(self.store.get("/other.git/bundle").status, 404)


def main():
    global SEED
    SEED = harness.take_seed(SEED)
    harness.main(__doc__)


if __name__ == "__main__":
    main()
