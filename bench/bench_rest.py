# SPDX-License-Identifier: ISC
"""bench_rest.py - requests per second over loopback, of the process and of the image (tcg).

wrk asks with keys.lua.  Values have 100 bytes; a PUT makes a new key, is a commit of its own, and
is answered when the disk file was flushed.  What a flush takes differs tenfold with the disk and
with what the neighbours write: PUTs stand beside the bare flushes that it does at the time.
"""
import json
import os
import re
import subprocess
import time

import figures
import harness

KEYS = 1000
VALUE_BYTES = 100
RUN_S = 3
WARM_S = 1
FLUSH_S = 1
BLOCK_BYTES = 4096
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keys.lua")


def wrk(target, connections, run_s, *words):
    """Requests per second."""
    done = harness.run("wrk", "-t", 1, "-c", connections, "-d", f"{run_s}s", "-s", SCRIPT,
                       target.url, "--", *words, timeout=run_s + 30)
    text = done.out.decode()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", text)
    assert bad is None, bad.group(0)
    return float(re.search(r"Requests/sec:\s*([0-9.]+)", text).group(1))


def fill(target):
    """The keys that GET asks for."""
    operations = [{"op": "put", "key": f"bench/get/{key // 100}/{key}", "value": "v" * VALUE_BYTES}
                  for key in range(KEYS)]
    reply = target.curl("/v1/b/main/txn", method="POST",
                        data=json.dumps({"ops": operations}).encode(),
                        headers=["Content-Type: application/json"])
    assert reply.status == 200, reply


def flushes(folder):
    """Writes of 4 KiB, each flushed, into a sparse file as a store is: per second."""
    path = os.path.join(folder, "flushes")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(file, 1 << 30)
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < FLUSH_S:
            os.pwrite(file, b"f" * BLOCK_BYTES, count * BLOCK_BYTES)
            os.fdatasync(file)
            count += 1
        return count / (time.perf_counter() - begin)
    finally:
        os.close(file)
        os.unlink(path)


def measure(name, target):
    target.start()
    try:
        fill(target)
        wrk(target, 16, WARM_S, "get", KEYS)
        for connections in (1, 16):
            rate = wrk(target, connections, RUN_S, "get", KEYS)
            figures.line(f"GET, {name}, connections: {connections}", rate, "1/s")
        for connections in (1, 16):
            before = flushes(target.folder)
            rate = wrk(target, connections, RUN_S, "put", f"put-{connections}", VALUE_BYTES)
            after = flushes(target.folder)
            figures.line(f"PUT, {name}, connections: {connections}", rate, "1/s",
                         "fdatasync, 4 KiB", (before + after) / 2)
    finally:
        try:
            status = target.stop()
        except subprocess.TimeoutExpired:
            target.kill()
            raise
    assert status == 0, f"{name} ended with status {status}:\n{target.log[-2000:]}"


def rest(folder):
    """GET and PUT per second, of the process and of the image, with 1 and 16 connections"""
    figures.need("wrk", "curl")
    measure("process", harness.Serve(folder, "process"))
    figures.need("qemu-system-x86_64")
    measure("image (tcg)", harness.Image(folder, "image"))
