# SPDX-License-Identifier: ISC
"""bench_boot.py - the image's boot: how soon it answers, and in how little memory.

QEMU is started directly, with the options of cli/vmm_qemu.c, always with its own interpreter (tcg).
Beside it boots Debian's cloud kernel with an initramfs that holds linux_init.c alone.
"""
import glob
import os
import re
import select
import signal
import socket
import stat
import subprocess
import time

import figures
import harness

ROUNDS = 7
MACHINES = {"microvm": ("device", ["-machine", "microvm,x-option-roms=off,acpi=off",
                                   "-global", "virtio-mmio.force-legacy=false"]),
            "q35": ("pci", ["-machine", "q35"])}
COMMON = ["-accel", "tcg", "-cpu", "max", "-nodefaults", "-display", "none", "-serial", "stdio",
          "-no-reboot"]
ZONEINFO = "/usr/share/zoneinfo"
DISK_BYTES = 256 << 20
MEMORY_MIB_MAX = 64
BOOT_S_MAX = 30
SMALL_BOOT_S_MAX = 4    # a machine without enough memory may just stand still
SMALL_IMPORT_S_MAX = 20
ASK_AGAIN_S = 0.02


class Machine:
    """One run of QEMU, its console read line by line."""

    def __init__(self, options):
        self.begin = time.perf_counter()
        self.process = subprocess.Popen(["qemu-system-x86_64", *COMMON, *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.console = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def wait_for(self, text, seconds_max=BOOT_S_MAX):
        """Seconds from the start of QEMU to `text` on the console; None if it does not come."""
        end = self.begin + seconds_max
        while text not in self.console:
            left = end - time.perf_counter()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                return None
            self.console += got
        return time.perf_counter() - self.begin

    def drain(self):
        """Reads what the console says meanwhile, so that it never waits for us."""
        while select.select([self.process.stdout], [], [], 0)[0]:
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                break


def bough_options(disk, port, machine="microvm", mib=64):
    bus, options = MACHINES[machine]
    return [*options, "-m", str(mib), "-device", "isa-debug-exit", "-kernel", harness.image,
            "-append", "", "-device", f"virtio-rng-{bus}",
            "-drive", f"id=disk0,file={disk},if=none,format=raw",
            "-device", f"virtio-blk-{bus},drive=disk0",
            "-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{port}-:80",
            "-device", f"virtio-net-{bus},netdev=net0"]


def ready(port):
    """Whether /readyz is answered with 200 soon.  The request is sent on another connection every
    so often: one that came too early may be lost on the way."""
    connections = []
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            connection = socket.create_connection(("127.0.0.1", port), timeout=2)
            connections.append(connection)
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n")
            for answered in select.select(connections, [], [], ASK_AGAIN_S)[0]:
                got = answered.recv(4096)
                if got:
                    return got.startswith(b"HTTP/1.1 200 ")
                connections.remove(answered)
                answered.close()
        return False
    except OSError:
        return False
    finally:
        for connection in connections:
            connection.close()


def first_reply(disk, **options):
    """Seconds from the start of QEMU to the first HTTP reply; None if it never comes."""
    port = harness.free_port()
    seconds_max = options.pop("seconds_max", BOOT_S_MAX)
    with Machine(bough_options(disk, port, **options)) as machine:
        if machine.wait_for(b"boot: ready:", seconds_max) is None or not ready(port):
            return None
        return time.perf_counter() - machine.begin


def new_disk(folder, name):
    """A disk with an empty store on it."""
    disk = os.path.join(folder, name)
    harness.cli("mkfs", disk, "--size", str(DISK_BYTES), "--force")
    return disk


# ---- Linux ----

def cpio(name, mode, data):
    """A file in the `newc` form that the kernel unpacks (its buffer-format.rst)."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name + b"\0"
    entry += b"\0" * (-len(entry) % 4) + data
    return entry + b"\0" * (-len(entry) % 4)


def linux_initrd(folder):
    program = os.path.join(folder, "init")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "linux_init.c")
    subprocess.run(["gcc", "-O2", "-static", "-s", "-o", program, source], check=True, timeout=60)
    initrd = os.path.join(folder, "initrd")
    with open(program, "rb") as binary, open(initrd, "wb") as file:
        file.write(cpio(b"init", stat.S_IFREG | 0o755, binary.read()) +
                   cpio(b"TRAILER!!!", 0, b""))
    return initrd


def linux_kernel():
    kernels = glob.glob("/boot/vmlinuz-*-cloud-amd64")
    if not kernels:
        raise figures.Skipped("no /boot/vmlinuz-*-cloud-amd64 here (linux-image-cloud-amd64)")
    return max(kernels, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def linux_boot(kernel, initrd):
    """Seconds from the start of QEMU to the first user process's line."""
    with Machine(["-machine", "q35", "-m", "256", "-kernel", kernel, "-initrd", initrd,
                  "-append", "console=ttyS0 quiet panic=-1"]) as machine:
        took = machine.wait_for(b"first user process")
        assert took is not None, "Linux did not boot:\n" + machine.console.decode(errors="replace")
        return took


def boot(folder):
    """from QEMU's start to the first HTTP reply, beside Linux to its first process"""
    figures.need("qemu-system-x86_64", "gcc")
    kernel, initrd = linux_kernel(), linux_initrd(folder)
    disk = new_disk(folder, "disk")
    harness.cli("import", ZONEINFO, "--store", disk, "-q")

    def ours(machine):
        def once():
            took = first_reply(disk, machine=machine)
            assert took is not None, f"no reply on {machine}"
            return took
        return once

    microvm, q35, linux = figures.in_turns(ROUNDS, ours("microvm"), ours("q35"),
                                           lambda: linux_boot(kernel, initrd))
    peer = "linux to /init (q35)"
    figures.line("first HTTP reply after QEMU's start (tcg, microvm)", microvm * 1000, "ms", peer,
                 linux * 1000, 0.2)
    figures.line("first HTTP reply after QEMU's start (tcg, q35)", q35 * 1000, "ms", peer,
                 linux * 1000, 0.2)


# ---- memory ----

def least(works):
    """The smallest number of MiB that works, if more always works, too; None if even the most does
    not."""
    if not works(MEMORY_MIB_MAX):
        return None
    low, high = 0, MEMORY_MIB_MAX  # low does not work, high does
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle
    return high


def imports(folder, mib):
    """Whether a machine of this size takes in ZONEINFO and still answers."""
    disk = new_disk(folder, "import")
    port = harness.free_port()
    with Machine(bough_options(disk, port, mib=mib)) as machine:
        if machine.wait_for(b"boot: ready:", SMALL_BOOT_S_MAX) is None:
            return False
        importer = subprocess.Popen(
            [harness.bough, "import", ZONEINFO, "--url", f"http://127.0.0.1:{port}", "-q"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + SMALL_IMPORT_S_MAX
        while importer.poll() is None and time.monotonic() < end:
            machine.drain()
            time.sleep(0.02)
        if importer.poll() is None:
            importer.kill()
        status = importer.wait()
        return status == 0 and ready(port)


def memory(folder):
    """the smallest machine that answers, and that takes in /usr/share/zoneinfo"""
    figures.need("qemu-system-x86_64")
    disk = new_disk(folder, "disk")
    for figure, works in (
            ("smallest memory that answers /readyz",
             lambda mib: first_reply(disk, mib=mib, seconds_max=SMALL_BOOT_S_MAX) is not None),
            ("smallest memory that imports zoneinfo", lambda mib: imports(folder, mib))):
        found = least(works)
        assert found is not None, f"{figure}: more than {MEMORY_MIB_MAX} MiB"
        figures.line(figure, found, "MiB", goal=16)
