#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""tap.py - the process with lwIP on a tap device: the image's network stack in a process.

The test makes a network namespace of its own with one tap device in it; nothing of the machine's
own network is touched.  curl, git and raw connections then go through Linux's TCP on one side and
lwIP on the other, also over a link that loses, repeats and reorders packets (tc netem, where the
kernel has it).
"""
import concurrent.futures
import os
import shutil
import sys

import harness
from harness import git, run

DEVICE = "bough0"
OURS, THEIRS = "10.77.0.1", "10.77.0.2"
INSIDE = "BOUGH_TAP_INSIDE"


class Tap(harness.Target):
    def command(self):
        return [harness.bough, "serve", "--tap", DEVICE, "--ip", f"{THEIRS}/24",
                "--store", self.disk]


def enter():
    """Starts this script again in a namespace of its own, where it is root."""
    for program in ("ip", "unshare"):
        if shutil.which(program) is None:
            harness.skip(f"no {program} here")
    if not os.path.exists("/dev/net/tun"):
        harness.skip("no /dev/net/tun here")
    words = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    probe = run(*words, "ip", "tuntap", "add", "dev", DEVICE, "mode", "tap", check=False)
    if probe.status != 0:
        harness.skip("no tap device can be made: " + probe.err.decode(errors="replace").strip())
    os.environ[INSIDE] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


class OverTap(harness.Case):
    @classmethod
    def setUpClass(cls):
        run("ip", "link", "set", "lo", "up")
        run("ip", "tuntap", "add", "dev", DEVICE, "mode", "tap")
        run("ip", "address", "add", f"{OURS}/24", "dev", DEVICE)
        run("ip", "link", "set", DEVICE, "up")

    def setUp(self):
        super().setUp()
        self.store = Tap(self.folder)
        self.addCleanup(self.store.kill)
        self.store.start()
        self.assertIn(THEIRS, self.store.url)

    def test_curl(self):
        self.assertEqual(self.store.get("/healthz").body, b"ok\n")
        for size in (0, 1, 1460, 65536, 5 << 20):
            data = os.urandom(size)
            self.assertEqual(self.store.put(f"/v1/b/main/k/size/{size}", data).status, 201)
            self.assertTrue(self.store.get(f"/v1/b/main/k/size/{size}").body == data)

    def test_clone_and_push(self):
        for number in range(30):
            self.store.put(f"/v1/b/main/k/dir-{number % 3}/{number}", os.urandom(number * 1000))
        folder = self.path("clone")
        git("clone", "-q", self.store.git_url, folder)
        harness.git_fsck(folder)
        with open(os.path.join(folder, "big"), "wb") as file:
            file.write(os.urandom(3 << 20))
        git("add", "-A", cwd=folder)
        git("commit", "-q", "-m", "big", cwd=folder)
        git("push", "-q", "origin", "main", cwd=folder)
        git("clone", "-q", self.store.git_url, self.path("again"))
        harness.same_tree(folder, self.path("again"), ".git")
        self.assertEqual(self.store.stop(), 0, self.store.log)
        self.assert_fsck(self.store.disk)

    def test_ping(self):
        if shutil.which("ping") is None:
            self.skipTest("no ping here")
        run("ping", "-c", "3", "-i", "0.2", "-W", "5", THEIRS)

    def test_many_at_once(self):
        def one(number):
            path = f"/v1/b/main/k/many/{number}"
            data = b"%d " % number * 5000
            return self.store.put(path, data).status == 201 and self.store.get(path).body == data

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            self.assertTrue(all(pool.map(one, range(200))))

    def test_a_bad_link(self):
        """Loss, repetition and disorder on the way to the store: slower, never wrong."""
        if shutil.which("tc") is None or run(
                "tc", "qdisc", "add", "dev", DEVICE, "root", "netem", "loss", "3%",
                "duplicate", "3%", "delay", "2ms", "1ms", "reorder", "10%",
                check=False).status != 0:
            self.skipTest("no tc with netem here")
        self.addCleanup(run, "tc", "qdisc", "del", "dev", DEVICE, "root")
        for number in range(5):
            data = os.urandom(200000)
            self.assertEqual(self.store.put(f"/v1/b/main/k/bad/{number}", data).status, 201)
            self.assertTrue(self.store.get(f"/v1/b/main/k/bad/{number}").body == data)
        git("clone", "-q", self.store.git_url, self.path("clone"))
        harness.git_fsck(self.path("clone"))


if __name__ == "__main__":
    if INSIDE not in os.environ and not {"-h", "--help"} & set(sys.argv):
        enter()
    harness.main(__doc__, targets=("serve",), needs=("ip", "unshare"))
