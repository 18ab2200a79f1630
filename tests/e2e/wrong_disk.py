#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""wrong_disk.py - disks that hold something else, and command lines that make no sense.

A disk is compared by its SHA-256 before and after: what is no store is never written to.  The
image is booted through `bough run` and, for command lines that `bough run` would not write, by
QEMU directly. Every refusal must be a line that a person can read.
"""
import gzip
import hashlib
import os
import random
import shutil
import subprocess
import time

import harness
from harness import cli

MIB = 1 << 20
QEMU = ("qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-machine",
        "microvm,x-option-roms=off,acpi=off", "-global", "virtio-mmio.force-legacy=false", "-m",
        "32", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-device",
        "isa-debug-exit", "-device", "virtio-rng-device")
STATUS_CONFIG, STATUS_STORE = 2, 3  # of the guest: QEMU ends with 2 * status + 1


def needs_image(test):
    def wrapped(self):
        if shutil.which(QEMU[0]) is None or not os.path.exists(harness.image):
            self.skipTest(f"no {QEMU[0]} or no {harness.image}")
        test(self)
    return wrapped


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def boot(command_line, disk=None, net=False):
    """Boots the image; (status of the guest, console)."""
    command = [*QEMU, "-kernel", harness.image, "-append", command_line]
    if disk is not None:
        command += ["-drive", f"id=d0,file={disk},if=none,format=raw",
                    "-device", "virtio-blk-device,drive=d0"]
    if net:
        command += ["-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.returncode // 2, done.stdout.decode(errors="replace").replace("\r", "")


class Foreign(harness.Case):
    def disks(self):
        """Disks that are no stores, by name."""
        dice = random.Random(5)
        ext4 = bytearray(16 * MIB)  # the superblock's place and magic, as mkfs.ext4 leaves them
        ext4[1024:1024 + 100] = dice.randbytes(100)
        ext4[1080:1082] = b"\x53\xef"
        late = bytearray(16 * MIB)  # the end of the first MiB is still looked at, and of the disk
        late[MIB - 1] = 1
        last = bytearray(16 * MIB)
        last[-512:-504] = b"EFI PART"
        disks = {
            "ext4": bytes(ext4),
            "partitioned": bytes(446) + dice.randbytes(64) + b"\x55\xaa" + bytes(16 * MIB - 512),
            "random": dice.randbytes(16 * MIB),
            "gzip": gzip.compress(dice.randbytes(16 * MIB), mtime=0)[:16 * MIB],
            "text": b"Dear diary,\n" * (16 * MIB // 12) + bytes(4),
            "late": bytes(late),
            "last": bytes(last),
            "ones": b"\xff" * (16 * MIB),
        }
        for name, data in disks.items():
            yield name, self.write(name, data.ljust(16 * MIB, b"\0")[:16 * MIB])

    def damaged_stores(self):
        """Stores that cannot be opened, by name."""
        whole = self.path("store")
        cli("mkfs", whole, "--size", "32M")
        cli("put", "key", "--store", whole, data=b"value")
        with open(whole, "rb") as file:
            data = file.read()
        units = [0, 4096, len(data) - 4096]  # where the superblocks are
        newer = bytearray(data)
        broken = bytearray(data)
        for unit in units:
            self.assertEqual(data[unit:unit + 5], b"bough")
            newer[unit + 8:unit + 12] = (99).to_bytes(4, "little")
            broken[unit + 30] ^= 1
        yield "newer", self.write("newer", bytes(newer)), "version"
        yield "broken", self.write("broken", bytes(broken)), ""
        yield "short", self.write("short", data[:16 * MIB]), ""

    def refused_by_process(self, name, path):
        before = digest(path)
        done = cli("serve", "--store", path, "--listen", "127.0.0.1:0", check=False)
        self.assertNotEqual(done.status, 0, name)
        self.assertEqual(done.out, b"", name)
        self.assertRegex(done.err, rb"(?m)^bough: ..*", name)
        for words in (["get", "key", "--store", path], ["ls", "--store", path], ["fsck", path],
                      ["put", "key", "--store", path]):
            one = cli(*words, check=False)
            self.assertNotIn(one.status, (0, 1), (name, words, one))
            self.assertEqual(one.out, b"", (name, words))
            self.assertRegex(one.err, rb"(?m)^bough: ..*", (name, words))
        self.assertEqual(digest(path), before, f"{name} was written to")
        return (done.err + cli("fsck", path, check=False).err).decode(errors="replace")

    def refused_by_image(self, name, path):
        before = digest(path)
        status, console = boot("ip=10.0.2.15/24,10.0.2.2", path, net=True)
        self.assertEqual(status, STATUS_STORE, (name, console))
        self.assertIn("error boot: ", console, name)
        self.assertEqual(digest(path), before, f"{name} was written to")
        return console

    def test_foreign_disks_are_refused_by_the_process(self):
        for name, path in self.disks():
            self.refused_by_process(name, path)
            refused = cli("mkfs", path, check=False)
            self.assertEqual(refused.status, 4, (name, refused))
            self.assertIn(b"--force", refused.err)

    @needs_image
    def test_foreign_disks_are_refused_by_the_image(self):
        for name, path in self.disks():
            console = self.refused_by_image(name, path)
            self.assertIn("it was not touched", console, name)

    @needs_image
    def test_run_tells_it_and_fails(self):
        path = self.write("foreign", b"not a store " * 100000)
        before = digest(path)
        done = cli("run", "--accel", "tcg", "--disk", path, "--image", harness.image, "--listen",
                   f"127.0.0.1:{harness.free_port()}", check=False)
        self.assertEqual(done.status, 7, done)
        self.assertIn(b"it was not touched", done.err)
        self.assertEqual(done.out, b"")
        self.assertEqual(digest(path), before)

    def test_stores_that_cannot_be_opened_are_kept(self):
        for name, path, word in self.damaged_stores():
            self.assertIn(word, self.refused_by_process(name, path))

    @needs_image
    def test_stores_that_cannot_be_opened_are_kept_by_the_image(self):
        for name, path, word in self.damaged_stores():
            self.assertIn(word, self.refused_by_image(name, path))

    def test_disks_that_are_too_small(self):
        for size in (0, 1, 511, 4096, 100000):
            path = self.write("small", bytes(size))
            done = cli("serve", "--store", path, "--listen", "127.0.0.1:0", check=False)
            self.assertNotEqual(done.status, 0, size)
            self.assertRegex(done.err, rb"(?m)^bough: ..*", size)
            self.assertEqual(os.path.getsize(path), size)

    @needs_image
    def test_a_disk_too_small_for_the_image(self):
        path = self.write("small", bytes(8192))
        status, console = boot("ip=10.0.2.15/24", path, net=True)
        self.assertEqual(status, STATUS_STORE)
        self.assertIn("too small", console)
        self.assertEqual(digest(path), hashlib.sha256(bytes(8192)).hexdigest())

    def test_what_is_no_file(self):
        for path in (self.folder, "/dev/null", self.path("no/such/folder/disk")):
            done = cli("serve", "--store", path, "--listen", "127.0.0.1:0", check=False)
            self.assertNotEqual(done.status, 0, path)
            self.assertRegex(done.err, rb"(?m)^bough: ..*", path)

    @needs_image
    def test_the_process_and_the_image_read_the_same_disk(self):
        disk = self.path("disk")
        cli("mkfs", disk, "--size", "32M")
        cli("put", "by/process", "--store", disk, data=b"process")
        target = harness.Image(self.folder)
        self.addCleanup(target.kill)
        target.start()
        self.assertEqual(target.get("/v1/b/main/k/by/process").body, b"process")
        target.put("/v1/b/main/k/by/image", b"image")
        self.assertEqual(target.stop(), 0)
        self.assertEqual(cli("get", "by/image", "--store", disk).out, b"image")
        self.assert_fsck(disk)


class CommandLine(harness.Case):
    @needs_image
    def test_words_that_stop_the_boot(self):
        disk = self.path("disk")
        cli("mkfs", disk, "--size", "16M")
        before = digest(disk)
        for words, named in (("colour=blue", "colour"), ("port=80 verbose", "verbose"),
                             ("port=x", "port"), ("port=65536", "port"), ("port=", "port"),
                             ("ip=10.0.0.256/24", "ip"), ("ip=10.0.0.1", "ip"),
                             ("ip=10.0.0.1/33", "ip"), ("ip=10.0.0.1/24,", "ip"),
                             ("log=loud", "log"),
                             ("cache=1x", "cache"), ("connections=257", "connections"),
                             ("durability=much", "durability"), ("=", "="), ("PORT=80", "PORT")):
            status, console = boot(words, disk, net=True)
            self.assertEqual(status, STATUS_CONFIG, (words, console))
            lines = [line for line in console.splitlines() if "command line" in line]
            self.assertEqual(len(lines), 1, (words, console))
            self.assertIn(named, lines[0], words)
        self.assertEqual(digest(disk), before)

    @needs_image
    def test_devices_that_are_missing(self):
        disk = self.path("disk")
        cli("mkfs", disk, "--size", "16M")
        for words, with_disk, net, text in (("ip=10.0.2.15/24", False, True, "no block device"),
                                            ("disk=virtio7", True, True, "virtio7"),
                                            ("ip=10.0.2.15/24", True, False, "no network card")):
            status, console = boot(words, disk if with_disk else None, net=net)
            self.assertNotEqual(status, 0)
            self.assertIn(text, console)


class Run(harness.Case):
    @needs_image
    def test_auto_finds_an_accelerator_that_runs_guests(self):
        target = harness.Image(self.folder, accel="auto")
        self.addCleanup(target.kill)
        begin = time.monotonic()
        target.start()
        seconds = time.monotonic() - begin
        harness.say(f"--accel auto: ready after {seconds:.2f} s")
        self.assertRegex(target.log, r"booting on .* \((kvm|tcg)\)")
        self.assertLess(seconds, 20)  # no measurement: a guest that hangs would take for ever
        self.assertEqual(target.get("/healthz").status, 200)
        self.assertEqual(target.stop(), 0, target.log)

    @needs_image
    def test_an_accelerator_that_hangs_is_given_up(self):
        """The same with a KVM that starts and then says nothing."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            self.skipTest("no /dev/kvm here, so it is not even tried")
        real = shutil.which(QEMU[0])
        hanging = self.write(f"bin/{QEMU[0]}", f"""#!/bin/sh
case " $* " in *" -accel kvm "*) exec sleep 60 ;; esac
exec {real} "$@"
""".encode())
        os.chmod(hanging, 0o755)
        path = os.environ["PATH"]
        os.environ["PATH"] = self.path("bin") + ":" + path
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        target = harness.Image(self.folder, accel="auto")
        self.addCleanup(target.kill)
        begin = time.monotonic()
        target.start()
        harness.say(f"ready after {time.monotonic() - begin:.2f} s")
        self.assertIn("(tcg)", target.log)
        self.assertEqual(target.stop(), 0, target.log)

    @needs_image
    def test_machines_and_memory(self):
        for words in (["--machine", "q35"], ["--memory", "16"], ["--machine", "q35", "--memory",
                                                                 "256"]):
            target = harness.Image(self.folder, extra=words)
            self.addCleanup(target.kill)
            target.start()
            target.put("/v1/b/main/k/n", b"1")
            self.assertEqual(target.get("/v1/b/main/k/n").body, b"1")
            self.assertEqual(target.stop(), 0, target.log)

    @needs_image
    def test_a_missing_disk_is_made(self):
        target = harness.Image(self.folder, "new.img", extra=["--size", "64M"])
        self.addCleanup(target.kill)
        target.start()
        self.assertEqual(os.path.getsize(target.disk), 64 * MIB)
        self.assertLess(os.stat(target.disk).st_blocks * 512, 8 * MIB)  # sparse
        self.assertEqual(target.stop(), 0)

    @needs_image
    def test_two_disks_mirror_each_other_in_the_machine_and_out_of_it(self):
        pair = [self.path("left"), self.path("right")]
        target = harness.Image(self.folder, "left", extra=["--mirror", pair[1], "--size", "32M"])
        self.addCleanup(target.kill)
        target.start()
        self.assertEqual([os.path.getsize(disk) for disk in pair], [32 * MIB, 32 * MIB])
        deadline = time.monotonic() + 60
        while target.get("/v1/stats").json()["mirror"]["degraded"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        target.put("/v1/b/main/k/n", b"1")
        self.assertEqual(target.stop(), 0, target.log)
        both = ["--store", pair[0], "--mirror", pair[1]]  # on the host: other block sizes
        self.assertEqual(cli("get", "n", *both).out, b"1")
        cli("put", "n", *both, data=b"2")
        for alone in pair:
            self.assertEqual(cli("info", alone, "--json").status, 0)
        os.unlink(pair[0])
        target = harness.Image(self.folder, "right", extra=["--mirror", "none"])
        self.addCleanup(target.kill)
        target.start()
        self.assertEqual(target.get("/v1/b/main/k/n").body, b"2")
        target.put("/v1/b/main/k/n", b"3")
        self.assertEqual(target.stop(), 0, target.log)
        target.extra = ["--mirror", pair[0]]  # a new disk in the place of the lost one
        target.start()
        self.assertEqual(target.get("/v1/b/main/k/n").body, b"3")
        self.assertEqual(target.stop(), 0, target.log)

    @needs_image
    def test_what_makes_no_mirror(self):
        disk = self.path("disk")
        for words, hint in ((["--disk", "memory:", "--mirror", disk], b"no mirror"),
                            (["--disk", disk, "--mirror", disk], b"is the image")):
            done = cli("run", "--image", harness.image, *words, check=False)
            self.assertEqual(done.status, 2, done)
            self.assertIn(hint, done.err, words)


if __name__ == "__main__":
    harness.main(__doc__, targets=("serve",))
