/* SPDX-License-Identifier: ISC
 *
 * bench_storage_write.c - the processor time of commits that are not synced, and what they write.
 *
 * bough syncs too, but outside the clock and seldom, so that nearly all of its writes are inside.
 * What a process writes is the kernel's own count of it (proc(5), io: wchar), for both alike.
 */
#include "bench_storage.h"
#include <stdio.h>
#include <stdlib.h>

#define SYNC_COMMITS  50u
#define BATCH_COMMITS 20u
#define ONE_COMMITS   2000u

/* Bytes that this process has passed to write(2) and its kin. */
static uint64_t written_bytes(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    unsigned long long bytes = 0;
    char line[128];

    bench_keys_must(file != NULL, "reading /proc/self/io");
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "wchar: %llu", &bytes) == 1)
            break;
    }
    (void)fclose(file);
    return bytes;
}

/* One commit on both sides; the clocks run on in *time and *bytes. */
static void commit_both(struct bench_storage *bench, const struct bench_entry *entries,
                        size_t count, struct bench_pair *time, struct bench_pair *bytes)
{
    uint64_t written = written_bytes();
    double start;

    bench_ours_list(&bench->ours, entries, count);
    start = bench_cpu_s();
    bench_ours_commit(&bench->ours, count);
    time->ours += bench_cpu_s() - start;
    bytes->ours += (double)(written_bytes() - written);
    written = written_bytes();
    start = bench_cpu_s();
    bench_lmdb_commit(&bench->lmdb, entries, count);
    time->lmdb += bench_cpu_s() - start;
    bytes->lmdb += (double)(written_bytes() - written);
}

void bench_storage_write_load(struct bench_storage *bench)
{
    static struct bench_entry entries[BENCH_BATCH];
    struct bench_pair time = {0};
    struct bench_pair bytes = {0};
    double keys = (double)bench->key_count;

    for (uint64_t at = 0; at < bench->key_count; at += BENCH_BATCH) {
        bench_keys_fill(entries, BENCH_BATCH, at, 0, &bench->random);
        commit_both(bench, entries, BENCH_BATCH, &time, &bytes);
        if (at / BENCH_BATCH % SYNC_COMMITS == SYNC_COMMITS - 1)
            bench_ours_sync(&bench->ours);
    }
    bench_ours_sync(&bench->ours);
    bench_line("load, commits of 1000", time.ours * 1e6 / keys, "us/key", "lmdb",
               time.lmdb * 1e6 / keys, "1.2");
    bench_line("load, bytes written", bytes.ours / keys, "B/key", "lmdb", bytes.lmdb / keys, "");
}

void bench_storage_write_bulk(struct bench_storage *bench)
{
    size_t count = (size_t)bench->key_count;
    struct bench_entry *entries = malloc(count * sizeof(*entries));
    struct bench_storage bulk = *bench;
    struct bench_pair time = {0};
    struct bench_pair bytes = {0};

    bench_keys_must(entries != NULL, "memory");
    bench_keys_fill(entries, count, 0, 0, &bench->random);
    bench_ours_make(&bulk.ours, bench->folder, "bench_bulk", (uint64_t)4 << 30, false);
    bench_lmdb_open(&bulk.lmdb, bench->folder, "bench_bulk", true);
    commit_both(&bulk, entries, count, &time, &bytes);
    bench_line("bulk, all keys in one commit", time.ours * 1e6 / (double)count, "us/key", "lmdb",
               time.lmdb * 1e6 / (double)count, "");
    bench_ours_remove(&bulk.ours);
    bench_lmdb_remove(&bulk.lmdb);
    free(entries);
}

/* `commits` commits of `size` random updates, in each of the rounds. */
static struct bench_pair update(struct bench_storage *bench, size_t size, unsigned commits,
                                struct bench_pair *bytes)
{
    static struct bench_entry entries[BENCH_BATCH];
    struct bench_pair least = {0};
    double keys = (double)commits * (double)size;

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        struct bench_pair time = {0};

        for (unsigned commit = 0; commit < commits; commit++) {
            bench_keys_fill(entries, size, 0, bench->key_count, &bench->random);
            commit_both(bench, entries, size, &time, bytes);
        }
        bench_ours_sync(&bench->ours);
        time.ours *= 1e6 / keys;
        time.lmdb *= 1e6 / keys;
        bench_pair_keep_least(&least, time);
    }
    bytes->ours /= BENCH_ROUNDS * keys;
    bytes->lmdb /= BENCH_ROUNDS * keys;
    return least;
}

void bench_storage_write_updates(struct bench_storage *bench)
{
    struct bench_pair bytes = {0};
    struct bench_pair time = update(bench, BENCH_BATCH, BATCH_COMMITS, &bytes);

    bench_line("update, commits of 1000", time.ours, "us/key", "lmdb", time.lmdb, "1.2");
    bytes = (struct bench_pair){0};
    time = update(bench, 1, ONE_COMMITS, &bytes);
    bench_line("one update a commit", time.ours, "us", "lmdb", time.lmdb, "0.9");
    bench_line("one update a commit, bytes written", bytes.ours, "B", "lmdb", bytes.lmdb, "0.08");
}
