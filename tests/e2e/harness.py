# SPDX-License-Identifier: ISC
"""harness.py - what the end-to-end tests have in common: services to talk to, and stock programs.

A target is started, stopped and killed like a user would do it, through build/bough; nothing in
between is faked.  Tests are unittest classes that derive from Case.  A script ends with exit status
77 when what it needs is not there, and says what that is.
"""
import argparse
import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
DEADLINE_S = 120
SKIPPED = 77

bough = os.path.join(TREE, "build", "bough")
image = os.path.join(TREE, "build", "bough.elf")
target_name = "serve"
long_run = os.environ.get("BOUGH_LONG") == "1"

# What git does here depends on nothing but its version.
GIT_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "UTC",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
}

Result = collections.namedtuple("Result", "status out err")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def say(text):
    print(f"  {text}", flush=True)


def run(*command, data=None, check=True, cwd=None, env=None, timeout=DEADLINE_S):
    """Runs a program; out and err are bytes.  With `check` anything but status 0 fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, input=b"" if data is None else data, cwd=cwd, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n"
                             f"{done.stdout.decode(errors='replace')[-4000:]}"
                             f"{done.stderr.decode(errors='replace')[-4000:]}")
    return Result(done.returncode, done.stdout, done.stderr)


def cli(*words, data=None, check=True, env=None, cwd=None):
    """Runs build/bough."""
    return run(bough, *words, data=data, check=check, cwd=cwd,
               env={**os.environ, "LC_ALL": "C", **(env or {})})


def git(*words, cwd=None, protocol=None, check=True, data=None, env=None):
    """Runs git; its output as text without the last newline, or the Result with check=False."""
    options = ["-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false",
               "-c", "gc.auto=0"]
    if protocol is not None:
        options += ["-c", f"protocol.version={protocol}"]
    done = run("git", *options, *words, cwd=cwd, check=check, data=data,
               env={**GIT_ENVIRONMENT, **(env or {})})
    return done.out.decode(errors="surrogateescape").rstrip("\n") if check else done


def git_fsck(folder):
    """Everything reachable is well-formed: no output but the notes on what is dangling."""
    done = git("fsck", "--full", "--strict", "--no-progress", cwd=folder, check=False)
    bad = [line for line in (done.out + done.err).decode(errors="replace").splitlines()
           if not line.startswith(("dangling ", "notice: "))]
    if done.status != 0 or bad:
        raise AssertionError(f"git fsck in {folder}: status {done.status}\n" + "\n".join(bad[:20]))


def git_refs(folder):
    """{name: id} of branches and tags, a remote's branches under their own names."""
    text = git("for-each-ref", "--format=%(objectname) %(refname)", cwd=folder)
    refs = {}
    for line in text.splitlines():
        name_id, name = line.split(" ", 1)
        refs[name.replace("refs/remotes/origin/", "refs/heads/")] = name_id
    refs.pop("refs/heads/HEAD", None)
    return refs


def git_objects(folder):
    """The ids of all objects that the refs lead to, as a set."""
    text = git("rev-list", "--all", "--objects", "--no-object-names", cwd=folder)
    return set(text.split())


def take_seed(default):
    """The seed of this run, which is told: `default`, or what --seed says."""
    seed = default
    if "--seed" in sys.argv:
        at = sys.argv.index("--seed")
        seed = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    say(f"seed {seed}")
    return seed


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reply:
    """An HTTP reply: status, headers with names in lower case, body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"

    def problem(self):
        """The code of a problem document; the reply must be one."""
        import json
        assert self.headers.get("content-type") == "application/problem+json", self
        document = json.loads(self.body)
        assert document["status"] == self.status, self
        return document["code"]

    def json(self):
        import json
        assert self.headers.get("content-type", "").startswith("application/json"), self
        return json.loads(self.body)


def parse_headers(text):
    """The last block of headers: an interim 100 comes before the real one."""
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    headers = {}
    for line in blocks[-1].split("\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


class Target:
    """One store, served; its disk stays when it is stopped or killed."""

    def __init__(self, folder, name="disk"):
        self.folder = folder
        self.disk = os.path.join(folder, name)
        self.process = None
        self.url = None
        self.log = ""
        self.readers = []

    # How to start; subclasses say.
    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        self.log = ""
        self.url = None
        self.readers = [threading.Thread(target=self.read, args=(stream,), daemon=True)
                        for stream in (self.process.stdout, self.process.stderr)]
        for reader in self.readers:
            reader.start()
        end = time.monotonic() + DEADLINE_S
        while self.url is None:
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"{' '.join(self.command())} did not get ready:\n{self.log}")
            time.sleep(0.005)
        return self

    def read(self, stream):
        for line in stream:
            text = line.decode(errors="replace")
            self.log += text
            found = re.match(r"bough is at (http://\S+)", text)
            if found:
                self.url = found.group(1)

    def victim(self):
        """The process that must die for the service to be gone at once."""
        return self.process.pid

    def finish(self):
        status = self.process.wait(DEADLINE_S)
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process = None
        return status

    def kill(self):
        """SIGKILL: the power cut."""
        if self.process is None:
            return
        if self.process.poll() is None:
            os.kill(self.victim(), signal.SIGKILL)
        self.finish()

    def stop(self):
        """Ctrl-C; the exit status, once it has ended by itself."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.finish()

    @property
    def git_url(self):
        return self.url + "/bough.git"

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    @property
    def address(self):
        return (self.url[len("http://"):].rsplit(":", 1)[0], self.port)

    def curl(self, path, *words, method=None, data=None, headers=()):
        """A request with stock curl."""
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            body = os.path.join(scratch, "body")
            head = os.path.join(scratch, "head")
            command = ["curl", "-sS", "--max-time", str(DEADLINE_S), "--path-as-is", "-o", body,
                       "-D", head, "-w", "%{http_code}"]
            if method == "HEAD":
                command += ["--head"]
            elif method is not None:
                command += ["-X", method]
            for header in headers:
                command += ["-H", header]
            if data is not None:
                sent = os.path.join(scratch, "sent")
                with open(sent, "wb") as file:
                    file.write(data)
                command += ["--data-binary", "@" + sent]
            done = run(*command, *words, self.url + path)
            with open(head, encoding="latin-1", newline="") as file:
                fields = parse_headers(file.read())
            got = b""
            if os.path.exists(body) and method != "HEAD":
                with open(body, "rb") as file:
                    got = file.read()
            return Reply(int(done.out), fields, got)

    def get(self, path, *words, **options):
        return self.curl(path, *words, **options)

    def put(self, path, data, *words, **options):
        return self.curl(path, *words, method="PUT", data=data, **options)

    def raw(self, request, timeout=20):
        """Sends bytes on a connection of their own; all that comes until the server closes it."""
        got = b""
        with socket.create_connection(self.address, timeout=timeout) as connection:
            try:
                connection.sendall(request)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has answered before it had read all
            while True:
                try:
                    some = connection.recv(65536)
                except ConnectionResetError:
                    break
                if not some:
                    break
                got += some
        return got

    def connect(self):
        return socket.create_connection(self.address, timeout=20)


class Serve(Target):
    words = ()  # further options

    def command(self):
        return [bough, "serve", "--listen", "127.0.0.1:0", "--store", self.disk, *self.words]


class Image(Target):
    def __init__(self, folder, name="disk", accel="tcg", extra=()):
        super().__init__(folder, name)
        self.listen = f"127.0.0.1:{free_port()}"
        self.accel = accel
        self.extra = list(extra)

    def command(self):
        return [bough, "run", "--accel", self.accel, "--disk", self.disk, "--image", image,
                "--listen", self.listen, *self.extra]

    def victim(self):
        """QEMU, a child of `bough run`."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        return int(children[0]) if children else pid


def new_target(folder, name="disk"):
    return (Image if target_name == "image" else Serve)(folder, name)


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = 2000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bough-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self, name="disk"):
        """A service that the test's end kills."""
        target = new_target(self.folder, name)
        self.addCleanup(target.kill)
        return target.start()

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def assert_fsck(self, disk):
        done = cli("fsck", disk, check=False)
        self.assertEqual(done.status, 0, done)


class SharedCase(Case):
    """Tests that share one service, each below a branch or prefix of its own."""

    target = None

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="bough-e2e-")
        cls.target = new_target(cls.shared)
        cls.target.start()

    @classmethod
    def tearDownClass(cls):
        status = cls.target.stop()
        log = cls.target.log
        fsck = cli("fsck", cls.target.disk, check=False)
        shutil.rmtree(cls.shared, ignore_errors=True)
        if status != 0:
            raise AssertionError(f"the service ended with status {status}:\n{log[-4000:]}")
        if fsck.status != 0:
            raise AssertionError(f"fsck afterwards: {fsck}")


def same_tree(left, right, *exclude):
    """diff -r of two folders; links are compared as links."""
    options = [f"--exclude={name}" for name in exclude]
    done = run("diff", "-r", "--no-dereference", *options, left, right, check=False)
    if done.status != 0:
        said = done.out.decode(errors="replace")
        raise AssertionError(f"{left} and {right} differ:\n{said[:4000]}")


def main(about, targets=("serve", "image"), needs=(), add=None):
    """Reads the options that all scripts have and runs the tests of the calling script."""
    global bough, image, target_name
    parser = argparse.ArgumentParser(
        description=about, epilog="Further words go to unittest: names of tests (Class.test), -v, "
        "-f, -k PATTERN.")
    parser.add_argument("--target", choices=targets, default=targets[0],
                        help="what to test (default %(default)s)")
    parser.add_argument("--bough", default=bough, help="the command (default %(default)s)")
    parser.add_argument("--image", default=image, help="bootable image (default %(default)s)")
    if add is not None:
        add(parser)
    options, rest = parser.parse_known_args()
    bough, image, target_name = options.bough, options.image, options.target
    for program in ("git", "curl", *needs):
        if shutil.which(program) is None:
            skip(f"no {program} here")
    if not os.path.exists(bough):
        skip(f"no {bough}")
    if target_name == "image" and shutil.which("qemu-system-x86_64") is None:
        skip("no qemu-system-x86_64 here")
    if target_name == "image" and not os.path.exists(image):
        skip(f"no {image}")
    unittest.main(module="__main__", argv=[sys.argv[0], *rest], verbosity=2)
