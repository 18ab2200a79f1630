#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""boot_smoke.py - boots the test image (tests/boot/main.c) on every machine QEMU has for it.

Proves it from outside: what the image says on its console, what it answers over TCP, what stands on
the disk file afterwards, and how the machine ends.  Always with QEMU's own interpreter (tcg), with 16
MiB of memory and a disk of 16 MiB.  Exit status 77: no image or no QEMU here, nothing was tested.
"""
import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

MICROVM = "microvm,x-option-roms=off,acpi=off"
MACHINES = {
    "microvm-v1": ("device", ["-machine", MICROVM]),
    "microvm-v2": ("device", ["-machine", MICROVM, "-global", "virtio-mmio.force-legacy=false"]),
    "microvm-acpi": ("device", ["-machine", "microvm,x-option-roms=off",
                                "-global", "virtio-mmio.force-legacy=false"]),
    "q35": ("pci", ["-machine", "q35"]),
    "q35-modern": ("pci,disable-legacy=on", ["-machine", "q35"]),
}
STATUS_GOOD = 1  # isa-debug-exit: 2 * status + 1
STATUS_FAULT = 2 * 99 + 1
STATUS_NO_NET = 2 * 4 + 1
DISK_BYTES = 16 << 20
BLOCKS_SKIPPED = 8
DEADLINE_S = 60

image = None
qemu = None


def pattern(begin, length):
    return bytes((at * 7 + (at >> 8)) & 255 for at in range(begin, begin + length))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """One boot; use with `with`."""

    def __init__(self, machine, append="", debug_exit=True, extra=(), net=True, rng=True):
        kind, options = MACHINES[machine]
        self.folder = tempfile.mkdtemp()
        self.disk = os.path.join(self.folder, "disk")
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_BYTES)
        self.port = free_port()
        command = [qemu, "-accel", "tcg", "-cpu", "max", *options, "-m", "16", "-nodefaults",
                   "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", image,
                   "-append", append,
                   "-drive", f"id=d0,file={self.disk},if=none,format=raw",
                   "-device", f"virtio-blk-{kind},drive=d0"]
        if rng:
            command += ["-device", f"virtio-rng-{kind}"]
        if net:
            command += ["-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{self.port}-:80",
                        "-device", f"virtio-net-{kind},netdev=n0"]
        if debug_exit:
            command += ["-device", "isa-debug-exit"]
        self.process = subprocess.Popen(command + list(extra), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.console = ""
        self.reader = threading.Thread(target=self.read_console)
        self.reader.start()

    def read_console(self):
        for line in self.process.stdout:
            self.console += line.decode(errors="replace").replace("\r", "")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        shutil.rmtree(self.folder)

    def wait_for(self, text):
        end = time.monotonic() + DEADLINE_S
        while text not in self.console:
            if self.process.poll() is not None:
                self.reader.join()
                if text in self.console:
                    break
                raise AssertionError(f"ended without {text!r}:\n{self.console}")
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} on the console:\n{self.console}")
            time.sleep(0.01)

    def get(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body,
                                         method="PUT" if body else "GET")
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as reply:
            return reply.read()

    def end(self):
        status = self.process.wait(DEADLINE_S)
        self.reader.join()
        return status


class Boot(unittest.TestCase):
    def whole_round(self, name):
        with Machine(name, append="first second") as machine:
            machine.wait_for("disk ok")
            machine.wait_for("address 10.0.2.15:80")
            self.assertEqual(machine.get("/hello"), b"hello\n")
            self.assertEqual(machine.get("/big"), pattern(0, 4 << 20))
            body = bytes(range(256)) * 8000
            self.assertEqual(int(machine.get("/sum", body)), sum(body))
            for _ in range(50):
                self.assertEqual(machine.get("/hello"), b"hello\n")
            self.assertEqual(machine.get("/quit"), b"bye\n")
            self.assertEqual(machine.end(), STATUS_GOOD, machine.console)
            self.assertRegex(machine.console, r"blocks of 512, survives 2,")
            self.assertIn("command line 'first second'", machine.console)
            self.assertIn("virtio-rng", machine.console)
            with open(machine.disk, "rb") as disk:
                disk.seek(BLOCKS_SKIPPED * 512)
                self.assertEqual(disk.read(1 << 20), pattern(3, 1 << 20))

    def test_microvm_v1(self):
        self.whole_round("microvm-v1")

    def test_microvm_v2(self):
        self.whole_round("microvm-v2")

    def test_microvm_acpi(self):
        self.whole_round("microvm-acpi")

    def test_q35(self):
        self.whole_round("q35")

    def test_q35_modern(self):
        self.whole_round("q35-modern")

    def test_waiting_is_sleeping(self):
        for name in "microvm-v2", "q35":
            with Machine(name) as machine:
                machine.wait_for("address")
                time.sleep(2)
                self.assertLess(int(machine.get("/idle")), 100, name)

    def test_off_without_the_exit_device(self):
        for name in MACHINES:
            with Machine(name, debug_exit=False, net=False) as machine:
                self.assertEqual(machine.end(), 0, name + machine.console)
                self.assertIn("heap:", machine.console)

    def test_words_of_the_monitor_do_not_reach_the_application(self):
        words = "console=ttyS0 a=1 reboot=k panic=1 root=/dev/vda rw virtio_mmio.device=4K@0x1:5 b"
        with Machine("q35", append=words, net=False) as machine:
            machine.wait_for("command line 'a=1 b'")

    def test_either_source_of_randomness_is_enough(self):
        for cpu, rng, source in ("qemu64", True, "virtio-rng\n"), ("max", False, "rdrand\n"):
            with Machine("q35", extra=["-cpu", cpu], rng=rng) as machine:
                machine.wait_for("entropy from " + source)
                machine.wait_for("address")

    def test_without_randomness_there_is_no_network(self):
        with Machine("q35", extra=["-cpu", "qemu64"], rng=False) as machine:
            machine.wait_for("entropy from nowhere")
            machine.wait_for("lwip: cannot open: not-ready")
            self.assertEqual(machine.end(), STATUS_NO_NET)

    def test_faults_are_reported(self):
        wanted = {
            "null": r"fault: writing address 0 at rip",
            "text": r"fault: writing address 1\w+ at rip",
            "exec": r"fault: executing address (\w+) at rip \1",
            "stack": r"stack overflow\n",
            "assert": r"stopped: main.c:\d+: break_rule: assertion",
            "canary" + "-and-more" * 20: r"stopped: stack overwritten",
        }
        for fault, report in wanted.items():
            with Machine("microvm-v2", append=f"fault={fault}", net=False) as machine:
                self.assertEqual(machine.end(), STATUS_FAULT, machine.console)
                self.assertTrue(re.search(report, machine.console), machine.console)
                self.assertNotIn("unnoticed", machine.console)


def main():
    global image, qemu
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", required=True, help="boot_test.elf")
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    arguments, rest = parser.parse_known_args()
    image = arguments.image
    qemu = shutil.which(arguments.qemu)
    if qemu is None or not os.path.exists(image):
        print(f"skipped: no {image if qemu else arguments.qemu}")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
