#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""history.py - makes a git repository with a long history out of the machine's real files.

Files of /usr/share/zoneinfo, /usr/include and /usr/share/doc are added, changed, renamed, made
executable, linked and deleted over some 1,200 commits with branches and merges (an octopus among
them), by authors in odd time zones, in names that are no ASCII and messages that end oddly.  Then
come commits as other programs write them: signed, in another encoding, without a message, with
headers that git does not know.  Tags are light, annotated, signed in form, and of tags.

By hand: history.py FOLDER [COUNT]
"""
import os
import random
import subprocess
import sys

import harness

SOURCES = ("/usr/share/zoneinfo", "/usr/include", "/usr/share/doc")
FILE_BYTES_MAX = 60000
ZONES = ("+0000", "-0000", "+0545", "-0330", "+1400", "-1200", "+1245", "-0800", "+0530", "+0001")
PEOPLE = ("Ada Lovelace <ada@example.org>", "Jürgen Weiß <jw@example.org>", "李 <li@example.org>",
          "O'Neil, \"Tip\" <tip@example.org>", "nobody <>", "x <not an address>")
SIGNATURE = ("-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE00000000000000000000000000000000"
             "\n=AbCd\n-----END PGP SIGNATURE-----")


def real_files(dice, count):
    """(path, bytes) of real files, none of them large, in an order that the seed decides."""
    found = []
    for source in SOURCES:
        paths = []
        for folder, folders, files in os.walk(source):
            folders.sort()
            paths += [os.path.join(folder, name) for name in sorted(files)]
        dice.shuffle(paths)
        found += paths[:count]
    dice.shuffle(found)
    for path in found:
        try:
            if os.path.islink(path) or os.path.getsize(path) > FILE_BYTES_MAX:
                continue
            with open(path, "rb") as file:
                yield path.lstrip("/"), file.read()
        except OSError:
            continue


class Line:
    """One branch while it grows."""

    def __init__(self, name, mark=0, paths=()):
        self.name = name
        self.mark = mark
        self.paths = dict(paths)  # path -> mode


class Maker:
    def __init__(self, out, dice, count):
        self.out = out
        self.dice = dice
        self.count = count
        self.mark = 0
        self.time = 1000000000
        self.files = real_files(dice, count * 3)

    def data(self, data):
        self.out.write(b"data %d\n%s\n" % (len(data), data))

    def person(self, word):
        who = self.dice.choice(PEOPLE)
        self.out.write(f"{word} {who} {self.time} {self.dice.choice(ZONES)}\n".encode())

    def message(self, number):
        forms = (f"Change {number}\n", f"Change {number}", f"Änderung {number}\n\nMit Text.\n",
                 f"\n\nChange {number}, late\n\n\n", f"Change {number}\r\nwith a CR\r\n")
        return forms[number % 11 if number % 11 < len(forms) else 0].encode()

    def begin(self, line, number, merges=()):
        self.mark += 1
        self.time += self.dice.randrange(-50, 5000)
        self.out.write(f"commit refs/heads/{line.name}\nmark :{self.mark}\n".encode())
        self.person("author")
        self.person("committer")
        self.data(self.message(number))
        if line.mark:
            self.out.write(b"from :%d\n" % line.mark)
        for other in merges:
            self.out.write(b"merge :%d\n" % other.mark)
        line.mark = self.mark

    def put(self, line, path, data, mode="100644"):
        line.paths[path] = mode
        self.out.write(f"M {mode} inline {quote(path)}\n".encode())
        self.data(data)

    def add_some(self, line):
        for _ in range(self.dice.randrange(1, 6)):
            path, data = next(self.files, (f"made/{self.mark}", b"made\n" * self.mark))
            if self.dice.random() < 0.1:
                folder, _, name = path.rpartition("/")
                path = f"{folder}/Größe {name}"
            mode = "100755" if self.dice.random() < 0.1 else "100644"
            # A path that was a file stays one.
            if not any(path.startswith(old + "/") or old.startswith(path + "/")
                       for old in (path.rsplit("/", depth)[0] for depth in range(1, 4))
                       if old in line.paths):
                self.put(line, path, data, mode)

    def change(self, line):
        """One commit's worth of changes."""
        what = self.dice.random()
        paths = list(line.paths)
        if what < 0.5 or len(paths) < 20:
            self.add_some(line)
        elif what < 0.75:
            path = self.dice.choice(paths)
            if line.paths[path] != "120000":
                self.put(line, path, f"{path} at {self.mark}\n".encode() *
                         self.dice.randrange(1, 40), line.paths[path])
            else:
                self.add_some(line)
        elif what < 0.85:
            path = self.dice.choice(paths)
            line.paths[path + ".moved"] = line.paths.pop(path)
            self.out.write(f"R {quote(path)} {quote(path + '.moved')}\n".encode())
        elif what < 0.93:
            for path in self.dice.sample(paths, 3):
                del line.paths[path]
                self.out.write(f"D {quote(path)}\n".encode())
        else:
            self.put(line, f"links/{self.mark}", self.dice.choice(paths).encode(), "120000")

    def history(self):
        main = Line("main")
        sides = []
        for number in range(self.count):
            line = main if not sides or self.dice.random() < 0.5 else self.dice.choice(sides)
            if number > 30 and number % 60 == 0 and len(sides) < 4:
                line = Line(f"side/{number}", main.mark, main.paths)
                sides.append(line)
            if number > 100 and number % 97 == 0 and sides:
                merged = sides[:3] if number % 194 == 0 else sides[:1]
                self.begin(main, number, merged)
                for other in merged:  # a merge says what changes against the first parent
                    sides.remove(other)
                self.put(main, f"merged/{number}", b"merged\n")
                continue
            self.begin(line, number)
            self.change(line)
        self.begin(Line("unrelated"), self.count)  # a second root
        self.put(Line("unrelated"), "alone", b"alone\n")
        for number, to in enumerate((3, self.count // 6, self.count // 2)):
            self.out.write(f"reset refs/tags/light-{number}\nfrom :{to}\n\n".encode())
            self.out.write(f"tag annotated-{number}\nfrom :{to}\n".encode())
            self.person("tagger")
            self.data(b"A tag\n" if number else b"")


def quote(path):
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def odd_objects(folder):
    """What fast-import cannot write: objects with headers of other programs, as git has them."""
    def write(kind, text):
        return harness.git("hash-object", "-t", kind, "-w", "--stdin", "--literally", cwd=folder,
                           data=text if isinstance(text, bytes) else text.encode())

    def signed(name):
        return name + " " + SIGNATURE.replace("\n", "\n ") + "\n"

    tree = harness.git("rev-parse", "main^{tree}", cwd=folder)
    empty = write("tree", b"")
    head = harness.git("rev-parse", "main", cwd=folder)
    ada = "Ada <ada@example.org> 1700000000"
    for number, body in enumerate((
            f"author {ada} +0200\ncommitter {ada} +0200\n{signed('gpgsig')}\nsigned\n",
            f"author {ada} -0000\ncommitter {ada} +0000\nencoding ISO-8859-1\n\nGr".encode()
            + b"\xfc\xdfe\n",
            f"author {ada} +0000\ncommitter {ada} +0000\n",
            f"author {ada} +0000\ncommitter {ada} +0000\n\n",
            f"author {ada} +1800\ncommitter {ada} -1130\nHG:extra branch:stable\nx-odd  two  \n"
            "\nwith headers that git does not know, and no end",
            f"author Ada <ada@example.org> 0 +0000\ncommitter {ada} +0000\n"
            f"{signed('gpgsig-sha256')}\nborn in 1970\n")):
        where = tree if number else empty
        top = f"tree {where}\nparent {head}\n".encode()
        body = body if isinstance(body, bytes) else body.encode()
        body = body if b"\n\n" in body or body.endswith(b"\n\n") else body + b"\n"
        head = write("commit", top + body)
    harness.git("update-ref", "refs/heads/odd", head, cwd=folder)
    tag = write("tag", f"object {head}\ntype commit\ntag signed\ntagger {ada} -0930\n\nsigned tag\n"
                f"{SIGNATURE}\n")
    harness.git("update-ref", "refs/tags/signed", tag, cwd=folder)
    outer = write("tag", f"object {tag}\ntype tag\ntag of-a-tag\ntagger {ada} +0000\n\nouter\n")
    harness.git("update-ref", "refs/tags/of-a-tag", outer, cwd=folder)
    on_tree = write("tag", f"object {tree}\ntype tree\ntag of-a-tree\ntagger {ada} +0000\n\ntree\n")
    harness.git("update-ref", "refs/tags/of-a-tree", on_tree, cwd=folder)


def make(folder, count=1200, seed=20240229, prefix="", odd=True):
    """Makes a bare repository; `prefix` stands before the names of its branches.  Gives the number
    of commits."""
    print(f"  history: {count} commits, seed {seed}", flush=True)
    harness.git("init", "-q", "--bare", folder)
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE,
                          env=harness.GIT_ENVIRONMENT) as importer:
        Maker(importer.stdin, random.Random(seed), count).history()
        importer.stdin.close()
    assert importer.returncode == 0, "git fast-import failed"
    if odd:
        odd_objects(folder)
    if prefix:
        for name, value in harness.git_refs(folder).items():
            if name.startswith("refs/heads/"):
                harness.git("update-ref", "-d", name, cwd=folder)
                harness.git("update-ref", "refs/heads/" + prefix + name[11:], value, cwd=folder)
        harness.git("symbolic-ref", "HEAD", f"refs/heads/{prefix}main", cwd=folder)
    harness.git("gc", "-q", cwd=folder)
    harness.git_fsck(folder)
    return int(harness.git("rev-list", "--all", "--count", cwd=folder))


if __name__ == "__main__":
    print(make(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1200), "commits")
