/* SPDX-License-Identifier: ISC
 *
 * bench_storage_sync.c - durable commits, on the wall.
 *
 * Three take turns, commit by commit: bough; the disk alone, which writes 4 KiB and flushes; LMDB
 * with its syncs.  Bough's file and the disk's were written over before, so that no write
 * allocates, as none does on a device.  Medians.
 */
#include "bench_storage.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURNS          300u
#define FLIGHT         64u
#define FLIGHT_COMMITS (FLIGHT * 50u)
#define UNIT_BYTES     4096u
#define FILE_BYTES     ((uint64_t)1 << 30)
#define RAW_BYTES      ((size_t)TURNS * UNIT_BYTES)

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

/* A file of the disk's own, written over. */
static int open_raw(const char *folder, char path[512])
{
    char *zeros = calloc(1, RAW_BYTES);
    int fd;

    snprintf(path, 512, "%s/bench_raw", folder);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    bench_keys_must(zeros != NULL && fd >= 0, "a file");
    bench_keys_must(write(fd, zeros, RAW_BYTES) == (ssize_t)RAW_BYTES && fsync(fd) == 0, "a file");
    free(zeros);
    return fd;
}

static double commit_ours(struct bench_storage *bench, size_t count)
{
    double start = bench_wall_s();

    bench_ours_commit(&bench->ours, count);
    bench_ours_sync(&bench->ours);
    return bench_wall_s() - start;
}

/* One commit at a time. */
static void one_by_one(struct bench_storage *bench)
{
    static double ours[TURNS];
    static double lmdb[TURNS];
    static double raw[TURNS];
    struct bench_entry entry;
    char unit[UNIT_BYTES];
    char path[512];
    int fd = open_raw(bench->folder, path);
    double start;

    memset(unit, 7, sizeof(unit));
    bench_lmdb_durable(&bench->lmdb, true);
    for (unsigned i = 0; i < TURNS; i++) {
        bench_keys_fill(&entry, 1, 0, bench->key_count, &bench->random);
        bench_ours_list(&bench->ours, &entry, 1);
        ours[i] = commit_ours(bench, 1);
        start = bench_wall_s();
        bench_keys_must(pwrite(fd, unit, sizeof(unit), (off_t)i * UNIT_BYTES) == UNIT_BYTES &&
                            fdatasync(fd) == 0,
                        "a write");
        raw[i] = bench_wall_s() - start;
        start = bench_wall_s();
        bench_lmdb_commit(&bench->lmdb, &entry, 1);
        lmdb[i] = bench_wall_s() - start;
    }
    bench_lmdb_durable(&bench->lmdb, false);
    (void)close(fd);
    (void)unlink(path);
    start = median(ours, TURNS) * 1e6;
    bench_line("durable commit beside the disk, wall p50", start, "us", "4 KiB write+flush",
               median(raw, TURNS) * 1e6, "1.25");
    bench_line("durable commit beside LMDB, wall p50", start, "us", "lmdb",
               median(lmdb, TURNS) * 1e6, "0.4");
}

/* Commits a second with one and with 64 writers whose commits share a flush, in turns. */
static void in_flight(struct bench_storage *bench)
{
    static struct bench_entry entries[FLIGHT];
    double alone = 0;
    double together = 0;
    unsigned alone_count = 0;

    for (unsigned at = 0; at < FLIGHT_COMMITS; at += FLIGHT) {
        double start;

        bench_keys_fill(entries, FLIGHT, 0, bench->key_count, &bench->random);
        for (unsigned i = 0; i < 4; i++, alone_count++) {
            bench_ours_list(&bench->ours, &entries[i], 1);
            alone += commit_ours(bench, 1);
        }
        start = bench_wall_s();
        for (unsigned i = 0; i < FLIGHT; i++) {
            bench_ours_list(&bench->ours, &entries[i], 1);
            bench_ours_commit(&bench->ours, 1);
        }
        bench_ours_sync(&bench->ours);
        together += bench_wall_s() - start;
    }
    bench_line("durable commits, 64 writers in flight", FLIGHT_COMMITS / together, "1/s",
               "one writer", alone_count / alone, "7");
}

void bench_storage_sync_all(struct bench_storage *bench)
{
    size_t count = (size_t)bench->key_count;
    struct bench_entry *entries = malloc(count * sizeof(*entries));
    struct bench_storage own = *bench;

    bench_keys_must(entries != NULL, "memory");
    bench_keys_fill(entries, count, 0, 0, &own.random);
    bench_ours_make(&own.ours, bench->folder, "bench_sync", FILE_BYTES, true);
    bench_ours_list(&own.ours, entries, count);
    bench_ours_commit(&own.ours, count);
    bench_ours_sync(&own.ours);
    sync(); /* what the workloads before have left to be written */
    one_by_one(&own);
    in_flight(&own);
    bench_ours_remove(&own.ours);
    free(entries);
}
