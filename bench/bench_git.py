# SPDX-License-Identifier: ISC
"""bench_git.py - clones and small git operations, beside `git http-backend` under lighttpd.

One history (tests/e2e/history.py: real files, more than 1,000 commits) is pushed to both by stock
git; then stock git, protocol 2, asks both in turns.  A clone's megabytes are those of the objects'
contents, the same for both, whatever the pack on the wire takes.  Clones are bare: what a checkout
takes is the client's.  "First" is the first clone after a service was started.
"""
import contextlib
import glob
import http.client
import os
import re
import shutil
import subprocess
import sys
import time

import figures
import harness
import history

COMMITS = 1200
CLONES = 5
FIRST_CLONES = 3
SMALL_ROUNDS = 15
REFS = 5000
REFS_A_PUSH = 1000
PEER = "git http-backend"
BACKEND = "/usr/lib/git-core/git-http-backend"
CONFIG = """server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}"
server.errorlog = "{folder}/lighttpd.log"
server.upload-dirs = ("{folder}")
server.stream-response-body = 1
alias.url = ("/git" => "{backend}")
cgi.assign = ("" => "")
setenv.set-environment = ("GIT_PROJECT_ROOT" => "{folder}", "GIT_HTTP_EXPORT_ALL" => "1",
    "HOME" => "{folder}", "PATH" => "/usr/bin:/bin")
"""


class Lighttpd:
    """The peer; the same few words as harness.Target."""

    def __init__(self, folder):
        self.folder = folder
        self.port = harness.free_port()
        self.repository = os.path.join(folder, "peer.git")
        self.git_url = f"http://127.0.0.1:{self.port}/git/peer.git"
        self.process = None
        harness.git("init", "-q", "--bare", self.repository)
        harness.git("config", "http.receivepack", "true", cwd=self.repository)
        self.config = os.path.join(folder, "lighttpd.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=self.port, folder=folder, backend=BACKEND))

    def start(self):
        program = shutil.which("lighttpd") or "/usr/sbin/lighttpd"
        self.process = subprocess.Popen([program, "-D", "-f", self.config],
                                        stdin=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while harness.git("ls-remote", self.git_url, check=False).status != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                self.kill()
                raise AssertionError("lighttpd did not start")
            time.sleep(0.02)

    def kill(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    stop = kill


def push(source, target):
    """Everything, in one push."""
    return figures.seconds(harness.git, "-C", source, "push", "-q", target.git_url,
                           "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")


def clone(target, folder):
    """Seconds of a clone, and the bytes of its pack."""
    into = os.path.join(folder, "clone.git")
    shutil.rmtree(into, ignore_errors=True)
    took = figures.seconds(harness.git, "-c", "protocol.version=2", "clone", "-q", "--bare",
                           target.git_url, into)
    pack_bytes = sum(map(os.path.getsize, glob.glob(into + "/objects/pack/*.pack")))
    return took, pack_bytes


def first_clone(target, folder):
    target.stop()
    target.start()
    return clone(target, folder)[0]


def server_only(target, wants):
    """Seconds of a clone's fetch (protocol 2) whose answer is only read, not worked on."""
    def pkt(text):
        return b"%04x" % (len(text) + 4) + text

    body = pkt(b"command=fetch\n") + pkt(b"object-format=sha1\n") + b"0001"
    body += pkt(b"ofs-delta\n") + pkt(b"no-progress\n")
    body += b"".join(pkt(b"want %s\n" % want.encode()) for want in wants)
    body += pkt(b"done\n") + b"0000"
    host, port, path = re.match(r"http://([^:]+):(\d+)(.*)", target.git_url).groups()
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    begin = time.perf_counter()
    connection.request("POST", path + "/git-upload-pack", body=body, headers={
        "Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"})
    reply = connection.getresponse()
    assert reply.status == 200, reply.status
    got, end = 0, b""
    while True:
        some = reply.read(65536)
        if not some:
            break
        got += len(some)
        end = (end + some)[-4:]
    took = time.perf_counter() - begin
    connection.close()
    assert end == b"0000" and got > 100000, f"no pack: {got} bytes"
    return took


def content_bytes(repository):
    """Bytes of the contents of all objects that the refs lead to."""
    names = harness.git("rev-list", "--all", "--objects", "--no-object-names", cwd=repository)
    sizes = harness.git("cat-file", "--batch-check=%(objectsize)", cwd=repository,
                        data=names.encode() + b"\n")
    return sum(map(int, sizes.split()))


def clones(ours, theirs, folder, source):
    megabytes = content_bytes(source) / 1e6
    peer_first, our_first = figures.in_turns(FIRST_CLONES, lambda: first_clone(theirs, folder),
                                             lambda: first_clone(ours, folder))
    figures.line("clone, first", our_first * 1000, "ms", PEER, peer_first * 1000, 1)
    peer_warm, our_warm = figures.in_turns(CLONES, lambda: clone(theirs, folder)[0],
                                           lambda: clone(ours, folder)[0])
    figures.line("clone, warm", our_warm * 1000, "ms", PEER, peer_warm * 1000, 1)
    figures.line("clone, warm, contents", megabytes / our_warm, "MB/s", PEER,
                 megabytes / peer_warm)
    wants = sorted(set(harness.git_refs(source).values()))
    peer_server, our_server = figures.in_turns(CLONES, lambda: server_only(theirs, wants),
                                               lambda: server_only(ours, wants))
    figures.line("clone, warm, server only", our_server * 1000, "ms", PEER, peer_server * 1000, 0.5)
    figures.line("clone, pack", clone(ours, folder)[1], "B", PEER, clone(theirs, folder)[1], 1.1)


def small(ours, theirs, folder):
    """Operations that move no objects."""
    def asked(target, *words, cwd=None):
        return lambda: figures.seconds(lambda: harness.git(
            "-c", "protocol.version=2", *(target.git_url if word == "URL" else word
                                          for word in words), cwd=cwd))

    here = {}
    for target in (ours, theirs):
        here[target] = os.path.join(folder, f"fetch-{target.port}.git")
        harness.git("clone", "-q", "--mirror", target.git_url, here[target])
    for figure, *words in (("ls-remote", "ls-remote", "-q", "URL"),
                           ("fetch of nothing new", "fetch", "-q")):
        peer, our = figures.in_turns(SMALL_ROUNDS, asked(theirs, *words, cwd=here[theirs]),
                                     asked(ours, *words, cwd=here[ours]))
        figures.line(figure, our * 1000, "ms", PEER, peer * 1000, 0.7)


class Follower:
    """A clone that somebody works in, and one that follows, of one target."""

    def __init__(self, target, folder):
        self.target = target
        self.work = os.path.join(folder, f"work-{target.port}")
        self.follow = os.path.join(folder, f"follow-{target.port}.git")
        self.count = 0
        harness.git("clone", "-q", target.git_url, self.work)
        harness.git("clone", "-q", "--mirror", target.git_url, self.follow)

    def push(self):
        """Seconds of a push of one commit of one file."""
        self.count += 1
        with open(os.path.join(self.work, "note"), "w", encoding="ascii") as file:
            file.write(f"{self.count}\n")
        harness.git("add", "note", cwd=self.work)
        harness.git("commit", "-q", "-m", "Note", cwd=self.work)
        return figures.seconds(harness.git, "-C", self.work, "push", "-q", "origin", "HEAD")

    def fetch(self):
        """Seconds of a fetch of one commit, which is pushed before."""
        self.push()
        return figures.seconds(harness.git, "-c", "protocol.version=2", "-C", self.follow, "fetch",
                               "-q")


def one_commit(ours, theirs, folder):
    """A commit at a time."""
    our, their = Follower(ours, folder), Follower(theirs, folder)
    for figure, verb in (("push of one commit", "push"), ("fetch of one commit", "fetch")):
        peer, own = figures.in_turns(SMALL_ROUNDS, getattr(their, verb), getattr(our, verb))
        figures.line(figure, own * 1000, "ms", PEER, peer * 1000, 0.7)


def many_refs(ours, theirs, folder):
    """A listing of many refs."""
    here = os.path.join(folder, "refs.git")
    harness.git("clone", "-q", "--bare", ours.git_url, here)
    head = harness.git("rev-parse", "HEAD", cwd=here)
    names = [f"refs/heads/many/{number:05d}" for number in range(REFS)]
    harness.git("update-ref", "--stdin", cwd=here,
                data="".join(f"create {name} {head}\n" for name in names).encode())
    for target in (ours, theirs):
        for at in range(0, REFS, REFS_A_PUSH):
            harness.git("push", "-q", target.git_url, *names[at:at + REFS_A_PUSH], cwd=here)
    peer, own = figures.in_turns(
        SMALL_ROUNDS, *(lambda target=target: figures.seconds(
            harness.git, "-c", "protocol.version=2", "ls-remote", "-q", target.git_url)
            for target in (theirs, ours)))
    figures.line(f"ls-remote of {REFS} refs", own * 1000, "ms", PEER, peer * 1000, 0.5)


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) << 10


def push_memory(ours, folder):
    """What a push of 12 MB that cannot be compressed takes beside what the idle service has."""
    here = os.path.join(folder, "large")
    harness.git("init", "-q", here)
    for number in range(120):
        with open(os.path.join(here, f"{number}"), "wb") as file:
            file.write(os.urandom(100000))
    harness.git("add", "-A", cwd=here)
    harness.git("commit", "-q", "-m", "Large", cwd=here)
    ours.stop()
    ours.start()
    harness.git("ls-remote", ours.git_url)
    with open(f"/proc/{ours.victim()}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the peak is what is resident now
    idle = peak_bytes(ours.victim())
    harness.git("push", "-q", ours.git_url, "HEAD:refs/heads/large", cwd=here)
    figures.line("push of 12 MB, memory above idle", (peak_bytes(ours.victim()) - idle) / (1 << 20),
                 "MiB", None, None, 16)


def git(folder):
    """clone, ls-remote and fetch by stock git, beside git http-backend under lighttpd"""
    figures.need("git", "lighttpd")
    if not os.path.exists(BACKEND):
        raise figures.Skipped(f"no {BACKEND} here")
    source = os.path.join(folder, "source.git")
    with contextlib.redirect_stdout(sys.stderr):
        history.make(source, COMMITS)
    ours, theirs = harness.Serve(folder, "process"), Lighttpd(folder)
    image = harness.Image(folder, "image")
    try:
        ours.start()
        theirs.start()
        peer = push(source, theirs)
        figures.line("push of all, once", push(source, ours) * 1000, "ms", PEER, peer * 1000, 1)
        clones(ours, theirs, folder, source)
        small(ours, theirs, folder)
        one_commit(ours, theirs, folder)
        many_refs(ours, theirs, folder)
        push_memory(ours, folder)
        ours.stop()
        theirs.stop()
        figures.need("qemu-system-x86_64")
        image.start()
        push(source, image)
        warm, = figures.in_turns(FIRST_CLONES, lambda: clone(image, folder)[0])
        figures.line("clone, image (tcg)", warm * 1000, "ms")
    finally:
        for target in (ours, theirs, image):
            target.kill()
