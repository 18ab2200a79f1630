#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""git_ops.py - what stock git and libgit2 do with a store, on the process and (shorter) the image.

Each test has a store of its own.  After each operation ids are compared with those of a plain
repository that had the same done to it, and `git fsck --full --strict` must have nothing to say.
"""
import functools
import os
import shutil
import subprocess
import threading

import harness
import history
from harness import cli, git, run


def thorough(test):
    """Only on the process: the image runs the same code and is slow where it is interpreted."""
    @functools.wraps(test)
    def wrapped(self):
        if harness.target_name == "image" and not harness.long_run:
            self.skipTest("the image shows the short form")
        test(self)
    return wrapped


class GitCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.store = self.start()

    def new_work(self, name="work", files=3):
        """A repository with a commit of `files` files and the store as its origin."""
        folder = self.path(name)
        git("init", "-q", folder)
        git("remote", "add", "origin", self.store.git_url, cwd=folder)
        for number in range(files):
            self.commit(folder, f"file-{number}", b"%d\n" % number)
        return folder

    def commit(self, folder, name, data, message=None):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        git("add", "-A", cwd=folder)
        git("commit", "-q", "-m", message or f"Change {name}", cwd=folder)
        return git("rev-parse", "HEAD", cwd=folder)

    def clone(self, name, *words, protocol=2):
        folder = self.path(name)
        git("clone", "-q", *words, self.store.git_url, folder, protocol=protocol)
        harness.git_fsck(folder)
        return folder

    def remote_refs(self, protocol=2):
        text = git("ls-remote", self.store.git_url, protocol=protocol)
        return dict(reversed(line.split("\t")) for line in text.splitlines())

    def refused(self, folder, *words, protocol=2):
        """Pushes, which must fail; what git said."""
        done = git("push", *words, cwd=folder, check=False, protocol=protocol)
        self.assertNotEqual(done.status, 0, done)
        return (done.out + done.err).decode()


class Clone(GitCase):
    def test_of_an_empty_store(self):
        for protocol in (0, 1, 2):
            folder = self.path(f"empty-{protocol}")
            done = git("clone", self.store.git_url, folder, protocol=protocol, check=False)
            self.assertEqual(done.status, 0, done)
            self.assertIn(b"empty repository", done.err)
            self.assertEqual(self.remote_refs(protocol), {})
        # And it is the beginning of something.
        head = self.commit(folder, "first", b"first\n")
        git("push", "-q", "origin", "HEAD:main", cwd=folder)
        self.assertEqual(self.remote_refs(), {"HEAD": head, "refs/heads/main": head})
        self.assertEqual(self.store.get("/v1/b/main/k/first").body, b"first\n")

    def test_every_protocol_brings_the_same(self):
        work = self.new_work()
        git("tag", "light", cwd=work)
        git("tag", "-a", "-m", "A tag", "annotated", cwd=work)
        git("push", "-q", "origin", "main", "light", "annotated", cwd=work)
        wanted = git("rev-list", "--all", "--objects", cwd=work)
        refs = self.remote_refs()
        self.assertIn("refs/tags/annotated^{}", refs)
        for protocol in (0, 1, 2):
            self.assertEqual(self.remote_refs(protocol), refs)
            folder = self.clone(f"clone-{protocol}", protocol=protocol)
            self.assertEqual(sorted(git("rev-list", "--all", "--objects", cwd=folder).split("\n")),
                             sorted(wanted.split("\n")))
            harness.same_tree(work, folder, ".git")

    def test_keys_written_by_rest_are_files(self):
        for number in range(40):
            self.store.put(f"/v1/b/main/k/dir-{number % 7}/file-{number}", b"%d\n" % number,
                           headers=["Bough-Author: Grace <grace@example.org>"])
        folder = self.clone("clone")
        for number in range(40):
            with open(os.path.join(folder, f"dir-{number % 7}/file-{number}"), "rb") as file:
                self.assertEqual(file.read(), b"%d\n" % number)
        self.assertEqual(git("rev-list", "--count", "HEAD", cwd=folder), "40")
        self.assertEqual(git("log", "-1", "--format=%an <%ae>", cwd=folder),
                         "Grace <grace@example.org>")

    def test_tags_made_by_rest_are_gits(self):
        for number in range(3):
            self.store.put("/v1/b/main/k/n", b"%d" % number)
        self.store.put("/v1/tags/light", b'{"target":"main~1"}')
        reply = self.store.put("/v1/tags/rel%2F1", b'{"target":"main","message":"Release\\n\\n1",'
                               b'"author":"Grace <grace@example.org>"}')
        self.assertEqual((reply.status, reply.json()["message"]), (201, "Release\n\n1\n"))
        folder = self.clone("clone")  # fsck --strict in it
        self.assertEqual(git("rev-parse", "light", cwd=folder),
                         git("rev-parse", "main~1", cwd=folder))
        self.assertEqual(git("cat-file", "-t", "rel/1", cwd=folder), "tag")
        self.assertEqual(git("for-each-ref", "refs/tags/rel", "--format=%(*objectname) "
                             "%(taggername) %(taggeremail) %(contents)", cwd=folder),
                         git("rev-parse", "main", cwd=folder) +
                         " Grace <grace@example.org> Release\n\n1")

    def test_names_that_git_refuses_are_escaped(self):
        for name in (".git/config", ".GIT", "a/.git", "git~1", "plain"):
            self.assertEqual(self.store.put("/v1/b/main/k/" + name, name.encode()).status, 201)
        folder = self.clone("clone")  # fsck --strict in it
        with open(os.path.join(folder, "plain"), "rb") as file:
            self.assertEqual(file.read(), b"plain")
        # Back again, nothing is lost or changed.
        self.commit(folder, "more", b"more")
        git("push", "-q", "origin", "main", cwd=folder)
        self.assertEqual(self.store.get("/v1/b/main/k/.git/config").body, b".git/config")
        self.assertEqual(self.store.get("/v1/b/main/k/git~1").body, b"git~1")

    @thorough
    def test_shallow_and_single_branch(self):
        work = self.new_work(files=10)
        git("branch", "other", "HEAD~5", cwd=work)
        git("push", "-q", "origin", "main", "other", cwd=work)
        single = self.clone("single", "--single-branch", "-b", "other")
        self.assertEqual(git("rev-list", "--all", "--count", cwd=single), "5")
        shallow = self.clone("shallow", "--depth", "1")
        self.assertEqual(git("rev-list", "--count", "HEAD", cwd=shallow), "1")
        git("fetch", "-q", "--unshallow", cwd=shallow)
        self.assertEqual(git("rev-list", "--count", "HEAD", cwd=shallow), "10")


class Fetch(GitCase):
    def test_pull_brings_what_is_new(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        for protocol in (0, 2):
            other = self.clone(f"other-{protocol}", protocol=protocol)
            head = self.commit(work, f"new-{protocol}", b"new\n" * 1000)
            git("push", "-q", "origin", "main", cwd=work)
            git("pull", "-q", "--ff-only", cwd=other, protocol=protocol)
            self.assertEqual(git("rev-parse", "HEAD", cwd=other), head)
            harness.same_tree(work, other, ".git")
            harness.git_fsck(other)
            git("fetch", "-q", cwd=other, protocol=protocol)  # nothing new is no error

    def test_two_lines_of_history_are_merged(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        other = self.clone("other")
        self.commit(work, "ours", b"ours\n")
        git("push", "-q", "origin", "main", cwd=work)
        self.commit(other, "theirs", b"theirs\n")
        git("pull", "-q", "--no-rebase", "--no-edit", cwd=other)
        git("push", "-q", "origin", "main", cwd=other)
        self.assertEqual(self.store.get("/v1/b/main/k/ours").body, b"ours\n")
        self.assertEqual(self.store.get("/v1/b/main/k/theirs").body, b"theirs\n")
        newest = self.store.get("/v1/commits?limit=1").json()["commits"][0]
        self.assertEqual(len(newest["parents"]), 2)
        harness.git_fsck(self.clone("again"))

    def test_rest_and_git_take_turns(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        for number in range(5):
            self.store.put(f"/v1/b/main/k/rest/{number}", b"rest")
            git("pull", "-q", "--ff-only", "origin", "main", cwd=work)
            self.commit(work, f"git/{number}", b"git")
            git("push", "-q", "origin", "main", cwd=work)
        self.assertEqual(len(self.store.get("/v1/b/main/keys").json()["keys"]), 13)
        harness.same_tree(work, self.clone("clone"), ".git")


class Push(GitCase):
    def test_new_branches_tags_and_deletion(self):
        work = self.new_work()
        git("tag", "light", "HEAD~1", cwd=work)
        git("tag", "-a", "-m", "A tag", "annotated", cwd=work)
        git("push", "-q", "origin", "main", "main:refs/heads/deep/er/branch", "light", "annotated",
            cwd=work)
        refs = self.remote_refs()
        head = git("rev-parse", "HEAD", cwd=work)
        self.assertEqual(refs["refs/heads/deep/er/branch"], head)
        self.assertEqual(refs["refs/tags/annotated"], git("rev-parse", "annotated", cwd=work))
        self.assertEqual(refs["refs/tags/annotated^{}"], head)
        self.assertEqual(refs["refs/tags/light"], git("rev-parse", "light", cwd=work))
        tags = {tag["name"]: tag["annotated"] for tag in self.store.get("/v1/tags").json()["tags"]}
        self.assertEqual(tags, {"light": False, "annotated": True})
        git("push", "-q", "origin", ":deep/er/branch", ":refs/tags/light", cwd=work)
        self.assertEqual(sorted(self.remote_refs()), ["HEAD", "refs/heads/main",
                                                      "refs/tags/annotated",
                                                      "refs/tags/annotated^{}"])
        self.assertEqual(self.store.get("/v1/branches/deep%2Fer%2Fbranch").status, 404)

    def test_what_is_no_fast_forward_is_refused(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        other = self.clone("other")
        mine = self.commit(work, "a", b"1")
        git("push", "-q", "origin", "main", cwd=work)
        self.commit(other, "b", b"2")
        for protocol in (0, 2):
            self.assertIn("rejected", self.refused(other, "origin", "main", protocol=protocol))
            self.assertEqual(self.remote_refs()["refs/heads/main"], mine)

    def test_force_moves_a_branch_back(self):
        work = self.new_work()
        git("push", "-q", "origin", "main:side", "main", cwd=work)
        done = git("push", "origin", "+HEAD~1:side", cwd=work, check=False)
        refs = self.remote_refs()
        if done.status == 0:
            self.assertEqual(refs["refs/heads/side"], git("rev-parse", "HEAD~1", cwd=work))
        else:  # refused, and in words
            self.assertIn(b"side", done.err)
            self.assertEqual(refs["refs/heads/side"], git("rev-parse", "HEAD", cwd=work))

    def test_the_default_branch_stays(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        self.assertIn("rejected", self.refused(work, "origin", ":main"))
        self.assertIn("refs/heads/main", self.remote_refs())

    def test_atomic_is_all_or_nothing(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        other = self.clone("other")
        head = self.commit(work, "a", b"1")
        git("push", "-q", "origin", "main", cwd=work)
        self.commit(other, "b", b"2")
        git("branch", "fresh", cwd=other)
        self.refused(other, "--atomic", "origin", "fresh", "main")
        self.assertEqual(self.remote_refs(), {"HEAD": head, "refs/heads/main": head})
        git("fetch", "-q", cwd=other)
        git("rebase", "-q", "origin/main", cwd=other)
        git("push", "-q", "--atomic", "origin", "fresh", "main", cwd=other)
        self.assertEqual(len(self.remote_refs()), 3)

    def test_of_racing_pushes_one_wins(self):
        work = self.new_work()
        git("push", "-q", "origin", "main", cwd=work)
        folders = [self.clone(f"racer-{number}") for number in range(4)]
        heads = [self.commit(folder, "race", b"%d" % number)
                 for number, folder in enumerate(folders)]
        results = [None] * len(folders)

        def push(number):
            results[number] = git("push", "origin", "main", cwd=folders[number], check=False)

        threads = [threading.Thread(target=push, args=(number,)) for number in range(len(folders))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [number for number, done in enumerate(results) if done.status == 0]
        self.assertEqual(len(winners), 1, results)
        self.assertEqual(self.remote_refs()["refs/heads/main"], heads[winners[0]])
        self.assertEqual(self.store.get("/v1/b/main/k/race").body, b"%d" % winners[0])
        harness.git_fsck(self.clone("after"))

    def test_modes_and_links(self):
        work = self.new_work()
        os.symlink("file-0", os.path.join(work, "link"))
        os.symlink("/nowhere/at all", os.path.join(work, "dangling"))
        self.commit(work, "run.sh", b"#!/bin/sh\n")
        os.chmod(os.path.join(work, "run.sh"), 0o755)
        self.commit(work, "empty", b"")
        git("push", "-q", "origin", "main", cwd=work)
        folder = self.clone("clone")
        harness.same_tree(work, folder, ".git")
        self.assertTrue(os.access(os.path.join(folder, "run.sh"), os.X_OK))
        self.assertEqual(self.store.get("/v1/b/main/k/run.sh").headers["bough-mode"], "100755")
        self.assertEqual(self.store.get("/v1/b/main/k/link").body, b"file-0")
        self.assertEqual(self.store.get("/v1/b/main/k/link").headers["bough-mode"], "120000")

    def test_large_files(self):
        work = self.new_work()
        size = (5 if harness.target_name == "image" else 40) << 20
        random = os.urandom(size)
        self.commit(work, "random", random)
        self.commit(work, "zeros", bytes(size))
        self.commit(work, "random", random[:1000] + b"inserted" + random[1000:])
        git("push", "-q", "origin", "main", cwd=work)
        for protocol in (0, 2):
            harness.same_tree(work, self.clone(f"clone-{protocol}", protocol=protocol), ".git")

    @thorough
    def test_many_refs(self):
        work = self.new_work(files=1)
        for number in range(500):
            git("update-ref", f"refs/heads/many/{number:03}", "HEAD", cwd=work)
        git("push", "-q", "origin", "refs/heads/*:refs/heads/*", cwd=work)
        self.assertEqual(len(self.remote_refs()), 502)
        git("push", "-q", "origin", *[f":refs/heads/many/{number:03}" for number in range(500)],
            cwd=work)
        self.assertEqual(len(self.remote_refs()), 2)

    @thorough
    def test_bad_packs_are_refused_in_words(self):
        """Stock git's own request, with a byte of the pack changed on its way."""
        work = self.new_work(files=20)
        head = git("rev-parse", "HEAD", cwd=work)
        pack = run("git", "pack-objects", "--stdout", "--revs", "-q", cwd=work,
                   data=b"HEAD\n", env=harness.GIT_ENVIRONMENT).out
        zero = "0" * 40
        line = f"{zero} {head} refs/heads/bad\0 report-status\n".encode()
        command = b"%04x" % (len(line) + 4) + line + b"0000"
        spoiled = {"truncated": pack[:-30], "empty": b"", "no pack": b"x" * 100,
                   "wrong trailer": pack[:-1] + bytes([pack[-1] ^ 1])}
        for at in range(12, len(pack) - 20, max(1, len(pack) // 40)):
            spoiled[f"byte {at}"] = pack[:at] + bytes([pack[at] ^ 0x55]) + pack[at + 1:]
        headers = ["Content-Type: application/x-git-receive-pack-request"]
        for name, data in spoiled.items():
            reply = self.store.curl("/bough.git/git-receive-pack", data=command + data,
                                    headers=headers)
            if reply.status == 200:
                self.assertNotIn(b"unpack ok", reply.body, name)
                self.assertRegex(reply.body, b"unpack |ERR ", name)
            self.assertNotIn("refs/heads/bad", self.remote_refs(), name)
        good = self.store.curl("/bough.git/git-receive-pack", data=command + pack, headers=headers)
        self.assertIn(b"unpack ok", good.body)
        self.assertEqual(self.remote_refs()["refs/heads/bad"], head)

    @thorough
    def test_bad_names_are_refused(self):
        work = self.new_work(files=1)
        head = git("rev-parse", "HEAD", cwd=work)
        git("push", "-q", "origin", "main", cwd=work)
        for name in ("refs/heads/a..b", "refs/heads/.a", "refs/heads/a.lock", "refs/heads/a b",
                     "refs/heads/", "HEAD", "refs/heads/main/below", "../../etc/passwd"):
            line = f"{'0' * 40} {head} {name}\0 report-status\n".encode()
            command = b"%04x" % (len(line) + 4) + line + b"0000"
            empty = bytes.fromhex("5041434b0000000200000000"
                                  "029d08823bd8a8eab510ad6ac75c823cfd3ed31e")
            reply = self.store.curl(
                "/bough.git/git-receive-pack", data=command + empty,
                headers=["Content-Type: application/x-git-receive-pack-request"])
            self.assertNotIn(b"ok " + name.encode(), reply.body.replace(b"unpack ok", b""), name)
            self.assertEqual(sorted(self.remote_refs()), ["HEAD", "refs/heads/main"], name)


class Whole(GitCase):
    def test_libgit2_and_git_agree_on_every_id(self):
        """bough import and export speak through libgit2."""
        source = self.path("source.git")
        count = 150 if harness.target_name == "image" else 600
        history.make(source, count, seed=7)
        cli("import", source, "--url", self.store.url)
        exported = self.path("exported.git")
        cli("export", exported, "--url", self.store.url)
        harness.git_fsck(exported)
        mirror = self.clone("mirror.git", "--mirror")
        wanted = harness.git_refs(source)
        self.assertEqual(harness.git_refs(mirror), wanted)
        exported_refs = harness.git_refs(exported)
        self.assertEqual({name: exported_refs.get(name) for name in wanted}, wanted)
        self.assertEqual(harness.git_objects(mirror), harness.git_objects(source))
        self.assertEqual(harness.git_objects(exported), harness.git_objects(source))
        # Importing it again finds everything there.
        cli("import", source, "--url", self.store.url)

    def test_ids_stay_over_a_restart(self):
        work = self.new_work(files=20)
        git("push", "-q", "origin", "main", cwd=work)
        self.store.put("/v1/b/main/k/rest", b"rest")
        before = self.remote_refs()
        first = harness.git_objects(self.clone("before"))
        self.assertEqual(self.store.stop(), 0)
        self.assert_fsck(self.store.disk)
        self.store.start()
        self.assertEqual(self.remote_refs(), before)
        self.assertEqual(harness.git_objects(self.clone("after")), first)

    @thorough
    def test_a_client_that_leaves_in_the_middle(self):
        work = self.new_work(files=1)
        self.commit(work, "big", os.urandom(20 << 20))
        push = subprocess.Popen(["git", "push", "-q", "origin", "main"], cwd=work,
                                env=harness.GIT_ENVIRONMENT, stderr=subprocess.DEVNULL,
                                start_new_session=True)
        while (self.store.get("/v1/stats").json()["connections_now"] < 2 and push.poll() is None):
            pass
        os.killpg(push.pid, 9)
        push.wait()
        refs = self.remote_refs()
        if refs:
            self.assertEqual(refs["refs/heads/main"], git("rev-parse", "HEAD", cwd=work))
        git("push", "-q", "origin", "main", cwd=work)
        clone = subprocess.Popen(["git", "clone", "-q", self.store.git_url, self.path("half")],
                                 env=harness.GIT_ENVIRONMENT, stderr=subprocess.DEVNULL,
                                 start_new_session=True)
        while (self.store.get("/v1/stats").json()["connections_now"] < 2 and clone.poll() is None):
            pass
        os.killpg(clone.pid, 9)
        clone.wait()
        shutil.rmtree(self.path("half"), ignore_errors=True)
        harness.same_tree(work, self.clone("whole"), ".git")


if __name__ == "__main__":
    harness.main(__doc__)
