#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""qemu_replay.py - the real image's disk, rebuilt at many points of its life.

The image boots under QEMU on a disk behind the block filter blklogwrites, which writes down every
write and flush in order.  Keys are put over HTTP; with each acknowledgement goes the number of
entries the log has then.  Afterwards replay_check rebuilds the disk at many points of the log and
looks for every PUT that had been acknowledged; at some points the image boots again, too, and is
asked over HTTP.  Exit status 77: no image or no QEMU here, nothing was tested.
"""
import argparse
import http.client
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE_S = 120
SKIPPED = 77
LONG = os.environ.get("BOUGH_LONG") == "1"
DISK_BYTES = (32 if LONG else 8) << 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """One boot; use with `with`.  The end is a SIGKILL."""

    def __init__(self, options, disk, log=None):
        self.port = free_port()
        drive = ["-blockdev", f"driver=file,filename={disk},node-name=file0",
                 "-blockdev", "driver=raw,file=file0,node-name=raw0"]
        if log is not None:
            drive += ["-blockdev", f"driver=file,filename={log},node-name=log0",
                      "-blockdev", "driver=blklogwrites,file=raw0,log=log0,log-sector-size=512,"
                      "log-super-update-interval=1,node-name=logged0"]
        command = [options.qemu, "-machine", "microvm,x-option-roms=off,acpi=off", "-global",
                   "virtio-mmio.force-legacy=false", "-accel", "tcg", "-cpu", "max", "-m", "256",
                   "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
                   "-kernel", options.image, "-append", "ip=10.0.2.15/24,10.0.2.2 port=80",
                   "-device", "virtio-rng-device", *drive, "-device",
                   f"virtio-blk-device,drive={'logged0' if log else 'raw0'}", "-netdev",
                   f"user,id=n0,hostfwd=tcp:127.0.0.1:{self.port}-:80", "-device",
                   "virtio-net-device,netdev=n0"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.console = ""
        self.reader = threading.Thread(target=self.read_console)
        self.reader.start()

    def read_console(self):
        for line in self.process.stdout:
            self.console += line.decode(errors="replace").replace("\r", "")

    def __enter__(self):
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                self.ask("GET", "/readyz")
                return self
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None or time.monotonic() > end:
                    self.__exit__()
                    raise SystemExit(f"the image did not get ready:\n{self.console}")
                time.sleep(0.05)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        self.http.request(method, path, body=body)
        reply = self.http.getresponse()
        return reply.status, reply.read()


def value_of(number):
    """The same rule as in replay_check.c."""
    length = 150000 if number % 25 == 24 else number * 97 % 3000 + 1
    state = (number * 2654435761 + 1) & 0xffffffff
    out = bytearray(length)
    for i in range(length):
        state = (state * 1664525 + 1013904223) & 0xffffffff
        out[i] = state >> 24
    return bytes(out)


def entry_count(log):
    with open(log, "rb") as file:
        return struct.unpack_from("<QQQ", file.read(24))[2]


def write_keys(machine, log, puts, acks):
    for number in range(1, puts + 1):
        status, body = machine.ask("PUT", f"/v1/b/main/k/r/{number}", value_of(number))
        if status not in (200, 201, 204):
            raise SystemExit(f"PUT {number}: {status} {body!r}")
        status, body = machine.ask("PUT", "/v1/b/main/k/latest", str(number).encode())
        if status not in (200, 201, 204):
            raise SystemExit(f"PUT latest {number}: {status} {body!r}")
        acks.append((entry_count(log), number))


def reboot(options, check, folder, entry, number, disk):
    """Boots the disk as flushed by `entry`; PUT `number` was acknowledged by then."""
    subprocess.run([*check, "1", str(entry), str(disk)], check=True, stdout=subprocess.DEVNULL)
    with Machine(options, disk) as machine:
        for key, wanted in ((f"r/{number}", value_of(number)), ("r/1", value_of(1))):
            status, body = machine.ask("GET", f"/v1/b/main/k/{key}")
            if (status, body) != (200, wanted):
                raise SystemExit(f"VIOLATION: rebooted after {entry} entries: {key}: {status}")
        status, _ = machine.ask("PUT", "/v1/b/main/k/again", b"and it goes on")
        if status not in (200, 201, 204):
            raise SystemExit(f"VIOLATION: rebooted after {entry} entries: PUT: {status}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", required=True)
    parser.add_argument("--check", required=True, help="replay_check")
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    parser.add_argument("--puts", type=int, default=600 if LONG else 60)
    parser.add_argument("--points", type=int, default=0, help="0: every entry of the log")
    parser.add_argument("--reboots", type=int, default=20 if LONG else 2)
    parser.add_argument("--keep", help="leave disk, log and acknowledgements in this folder")
    options = parser.parse_args()
    if shutil.which(options.qemu) is None or not os.path.exists(options.image):
        print(f"skipped: no {options.image} or no {options.qemu}")
        return SKIPPED
    folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="bough-replay-"))
    folder.mkdir(exist_ok=True)
    try:
        disk, log, acks_path = folder / "disk", folder / "log", folder / "acks"
        for path, size in ((disk, DISK_BYTES), (log, 0)):
            with open(path, "wb") as file:
                file.truncate(size)
        acks = []
        with Machine(options, disk, log) as machine:
            write_keys(machine, log, options.puts, acks)
        acks_path.write_text("".join(f"{entries} {number}\n" for entries, number in acks))
        check = [options.check, str(log), str(acks_path), str(DISK_BYTES)]
        done = subprocess.run([*check, str(options.points)], check=False)
        if done.returncode != 0:
            print(f"replay: qemu_replay.py --puts {options.puts} --keep FOLDER, then {check}")
            return 1
        # Acknowledgements of what was not flushed yet must not pass, or nothing was proved.
        acks_path.write_text("".join(f"{entries - 2} {number}\n" for entries, number in acks))
        if subprocess.run([*check, str(options.points)], stdout=subprocess.DEVNULL,
                          check=False).returncode != 1:
            print("VACUOUS: early acknowledgements are not noticed")
            return 1
        for i in range(options.reboots):
            entry, number = acks[(i + 1) * len(acks) // options.reboots - 1]
            reboot(options, check, folder, entry, number, folder / "rebuilt")
        print(f"{options.reboots} of the disks booted and served what they must")
        return 0
    finally:
        if not options.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
