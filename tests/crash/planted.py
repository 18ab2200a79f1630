#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""planted.py - plants bugs in copies of the storage code and in the simulated disk: each must be found.

A bug is one change of one source file, made in a copy at test time: the product holds no switches for
it.  The changed file is compiled and linked before the library, so that it stands in for the good one.
Each program then runs the modes of the crash simulator that its bug is for, 10,000 states at most; a
bug that no mode finds fails the test, and so does a change that no longer applies: then the source
has moved on, and the bug has to be planted anew.
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import concurrent.futures

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parents[1]
STATES = 10000

# modes: those to try, in order; MODE:SHAPE for one shape of workload.
Plant = collections.namedtuple("Plant", "name file old new modes")

PLANTS = [
    Plant("a sync does not flush", "backends/journal_log.c",
          "err = bough_block_flush(log->dev);", "err = BOUGH_OK;", "exhaustive"),
    Plant("a sync flushes before it writes", "backends/journal_log.c",
          "    BOUGH_TRY(journal_log_write(log));\n    err = bough_block_flush(log->dev);\n",
          "    err = bough_block_flush(log->dev);\n    BOUGH_TRY(journal_log_write(log));\n", "exhaustive"),
    Plant("a sync keeps the end of the group for the next", "backends/journal_write.c",
          "    BOUGH_TRY(journal_log_flush(&journal->log));\n",
          "    if (journal->root.generation % 3 != 0)\n"
          "        BOUGH_TRY(journal_log_flush(&journal->log));\n", "exhaustive"),
    Plant("opening does not flush what it found", "backends/journal.c",
          "    if (!journal->dev->read_only)\n        BOUGH_TRY(bough_block_flush(journal->dev));\n",
          "", "nested"),
    Plant("checksums are all alike", "backends/journal_format.c",
          "return bytes.len == 0 ? crc : libdeflate_crc32(crc, bytes.at, bytes.len);",
          "return bytes.len == 0 ? crc : libdeflate_crc32(0, bytes.at, 0);", "exhaustive"),
    Plant("recovery ignores the checksums of objects", "backends/journal_scan.c",
          "record->spoiled = sink.crc != record->header.crc;",
          "record->spoiled = !journal_format_is_object(record->header.kind, &kind) && "
          "sink.crc != record->header.crc;",
          "exhaustive"),
    Plant("recovery takes torn objects for damaged ones", "backends/journal_recover.c",
          "        BOUGH_TRY(accept_spoiled(recover, head, &chain));\n", "", "exhaustive"),
    Plant("the sequence of groups is forgotten", "backends/journal_recover.c",
          "    journal->sequence++;\n", "", "nested"),
    Plant("the chain of groups is forgotten", "backends/journal_recover.c",
          "    journal->chain = chain;\n", "", "nested"),
    Plant("a unit is left out after recovery", "backends/journal_recover.c",
          "    journal_log_seek(&journal->log, recover->head,\n",
          "    journal_log_seek(&journal->log, recover->head + journal->super.unit_bytes,\n", "nested"),
    Plant("an unfinished group counts", "backends/journal_recover.c",
          "        if (record.header.kind == JOURNAL_KIND_ROOT)\n",
          "        if (record.header.kind == JOURNAL_KIND_ROOT && recover->records < 3)\n", "exhaustive"),
    Plant("a failed write is forgotten", "backends/journal_write.c",
          "    journal->base.read_only = true;\n", "", "eio"),
    Plant("a failed flush counts as done", "backends/journal_log.c",
          '"flush: %s", bough_err_name(err));\n    return err;',
          '"flush: %s", bough_err_name(err));\n    return BOUGH_OK;', "eio"),
    Plant("a failed write counts as done", "backends/journal_log.c",
          "                  (unsigned long long)log->base, bough_err_name(err));\n        return err;",
          "                  (unsigned long long)log->base, bough_err_name(err));", "eio"),
    Plant("only the first superblock counts", "backends/journal_super.c",
          "i < 3; i++) {\n        struct", "i < 1; i++) {\n        struct", "rot"),
    Plant("nobody looks behind the end", "backends/journal_recover.c",
          "    if (damaged) { /* or was it", "    damaged = false;\n    if (damaged) { /* or was it",
          "rot stray"),
    Plant("the end of the log is read once", "backends/journal_recover.c",
          "pass < 2; pass++", "pass < 1; pass++", "stray"),
    Plant("a shortened disk opens", "backends/journal_super.c",
          "if (sane && super->device_bytes <= journal_format_device_bytes(dev))", "if (sane)",
          "full"),
    Plant("any version will do", "backends/journal_format.c",
          "    if (super->version != JOURNAL_VERSION)\n        return BOUGH_WRONG_VERSION;\n", "",
          "foreign"),
    Plant("the superblock names the wrong head", "backends/journal_checkpoint.c",
          "    super.head = journal_log_at(&journal->log);\n",
          "    super.head = journal_log_at(&journal->log) + journal->super.unit_bytes;\n",
          "exhaustive nested full"),
    Plant("the superblock names the wrong group", "backends/journal_checkpoint.c",
          "    super.sequence = journal->sequence;\n",
          "    super.sequence = journal->sequence - 1;\n", "exhaustive nested full"),
    Plant("a segment under way counts as free", "backends/journal_write.c",
          "    journal_segment_use(segments, segment, opening);\n",
          "    journal_segment_use(segments, segment, opening);\n"
          "    journal_segment_set(segments, segment, JOURNAL_SEGMENT_FREE);\n",
          "exhaustive nested full"),
    Plant("copies are not written down as moves", "backends/journal_copy.c",
          "        err = journal_map_add(record->copy ? &journal->onward : &journal->moves, address, "
          "moved);\n", "        err = BOUGH_OK;\n",
          "exhaustive:collect nested:collect"),
    Plant("moves are merged with the oldest first", "backends/journal_map_merge.c",
          "for (uint32_t i = map->merge.count; i-- > 0;) {",
          "for (uint32_t i = 0; i < map->merge.count; i++) {", "exhaustive:long nested:long"),
    Plant("a base of patches is garbage like any other", "backends/journal_collect.c",
          " ||\n           journal_segment_has_mark(&journal->segments, address, JOURNAL_SEGMENT_NEEDED);",
          ";", "exhaustive:collect exhaustive:steps nested:steps"),
    Plant("history leans on what does not live", "backends/journal_copy.c",
          "    *lives = err == BOUGH_OK &&\n"
          "             journal_segment_has_mark(&journal->segments, *now, JOURNAL_SEGMENT_LIVES);\n",
          "    *lives = err == BOUGH_OK;\n", "exhaustive:history nested:history"),
    Plant("chains of history have no end", "backends/journal_copy.c",
          "    if (settled > 0 && settled <= JOURNAL_CHAIN_MAX &&\n",
          "    if (settled > 0 && settled < UINT8_MAX &&\n", "exhaustive:history nested:history"),
    Plant("garbage keeps its name", "backends/journal_place.c",
          "!(journal->filtering && journal_place_is_garbage(journal, now));",
          "true;", "exhaustive:long exhaustive:expire nested:expire nested:long"),
    Plant("garbage in a segment that stays keeps its name", "backends/journal_place.c",
          "journal_address_position(now) < journal->swept_position",
          "journal_segment_is_candidate(&journal->segments, now)", "exhaustive:long exhaustive:expire nested:expire nested:long"),
    Plant("the position is left out of the CRC", "backends/journal_format.c",
          "    encode_u64(&out, position);\n    return journal_format_crc_add",
          "    encode_u64(&out, 0 * position);\n    return journal_format_crc_add", "stray exhaustive:collect nested:collect"),
    Plant("emptied segments are free at once", "backends/journal_collect.c",
          "    journal_segment_set(&journal->segments, clean->segment, JOURNAL_SEGMENT_EMPTY);",
          "    journal_segment_set(&journal->segments, clean->segment, JOURNAL_SEGMENT_FREE);",
          "exhaustive:long nested:long"),
    Plant("what is cut off is not put on record", "store/collect.c",
          "    BOUGH_TRY(save_horizon(store, collect));\n", "", "exhaustive:expire"),
    Plant("a grown disk is not written down", "backends/journal.c",
          "    BOUGH_TRY(journal_super_write(journal->env, journal->dev, &super));\n", "",
          "nested:grow"),
    Plant("refs vanish with a move that changes nothing", "store/tree_edit.c",
          "        if (!bough_hash_equal(&base.root.name, &plan->base.tree.root.name))\n", "",
          "nested:refs"),
]

# Bugs of the simulated disk, below a good journal; crash.c knows them by name.
DISK_PLANTS = [("no-flush", "exhaustive"), ("late-flush", "exhaustive"), ("short-write", "exhaustive"),
               ("write-off-by-one", "exhaustive"), ("stale-read", "exhaustive nested"),
               ("hidden-write-error", "eio"), ("hidden-flush-error", "eio")]


def build(plant, folder, options):
    source = (TREE / plant.file).read_text()
    if source.count(plant.old) != 1:
        return None, f"does not apply: {plant.file} has {source.count(plant.old)} such places"
    copy = folder / pathlib.Path(plant.file).name
    copy.write_text(source.replace(plant.old, plant.new))
    layer = TREE / pathlib.Path(plant.file).parent
    program = folder / "crash"
    command = [options.cc, "-std=c11", "-O1", "-w", '-DBOUGH_VERSION="0"', "-D_POSIX_C_SOURCE=200809L",
               "-D_DEFAULT_SOURCE", f"-I{TREE / 'include'}", f"-I{TREE / 'base'}", f"-I{layer}",
               f"-I{HERE}", str(copy), *map(str, options.objects), str(options.library),
               "-l:libb2.a", "-lbearssl", "-l:libdeflate.a", "-lz", "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, "does not compile: " + done.stderr[-2000:]
    return program, ""


def hunt(program, modes, *more):
    """What the first mode that finds something says; None when none does."""
    for words in modes.split():
        mode, _, shape = words.partition(":")
        words = [mode, "--states", str(STATES), *more, *(["--shape", shape] if shape else [])]
        try:
            done = subprocess.run([program, *words],
                                  capture_output=True, text=True, timeout=300, check=False,
                                  env={**os.environ, "BOUGH_LONG": ""})
        except subprocess.TimeoutExpired:
            return f"{mode}: it never ends"
        found = [line for line in done.stdout.splitlines() if line.startswith("VIOLATION")]
        if found:
            return f"{mode}: {found[0].removeprefix('VIOLATION ')}"
        if done.returncode not in (0, 1):
            return f"{mode}: it stops with {done.returncode}: {done.stderr.strip()[-150:]}"
    return None


def try_plant(plant, options):
    with tempfile.TemporaryDirectory(prefix="bough-planted-") as name:
        program, wrong = build(plant, pathlib.Path(name), options)
        return (hunt(program, plant.modes), wrong) if program else (None, wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--library", required=True, type=pathlib.Path, help="libbough_all.a")
    parser.add_argument("--crash", required=True, type=pathlib.Path, help="the crash simulator")
    parser.add_argument("--only", default="", help="those whose name contains this")
    options = parser.parse_args()
    jobs = [(plant.name, try_plant, (plant, options)) for plant in PLANTS]
    jobs += [(f"disk: {name}", lambda n, m: (hunt(options.crash, m, "--plant", n), ""), (name, modes))
             for name, modes in DISK_PLANTS]
    jobs = [job for job in jobs if options.only in job[0]]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="bough-planted-") as folder:
        options.objects = []
        for source in sorted(HERE.glob("*.c")):
            if source.name == "replay_check.c":
                continue
            options.objects.append(pathlib.Path(folder) / (source.stem + ".o"))
            subprocess.run([options.cc, "-std=c11", "-O2", "-w", "-D_POSIX_C_SOURCE=200809L",
                            "-D_DEFAULT_SOURCE", f"-I{TREE / 'include'}", "-c", str(source), "-o",
                            str(options.objects[-1])], check=True)
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            runs = [(name, pool.submit(function, *words)) for name, function, words in jobs]
            for name, run in runs:
                found, wrong = run.result()
                missed += found is None
                print(f"{'found ' if found else 'MISSED'} {name}: {found or wrong or 'no mode'}",
                      flush=True)
    print(f"{len(jobs) - missed} of {len(jobs)} planted bugs found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
