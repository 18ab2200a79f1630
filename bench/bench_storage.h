/* SPDX-License-Identifier: ISC
 *
 * bench_storage.h - the workloads of bench_storage; each prints its figures.
 */
#ifndef BENCH_STORAGE_H
#define BENCH_STORAGE_H

#include "bench_line.h"
#include "bench_lmdb.h"
#include "bench_ours.h"

#define BENCH_BATCH  1000u
#define BENCH_ROUNDS 3u

/* Both sides at work: the same keys are in both. */
struct bench_storage {
    struct bench_ours ours;
    struct bench_lmdb lmdb;
    const char *folder;
    uint64_t key_count;
    uint64_t random;
};

/* What both sides took, and the least of several rounds. */
struct bench_pair {
    double ours;
    double lmdb;
};

/* Keeps what is less than in the rounds before. */
static inline void bench_pair_keep_least(struct bench_pair *least, struct bench_pair one)
{
    least->ours = least->ours == 0 || one.ours < least->ours ? one.ours : least->ours;
    least->lmdb = least->lmdb == 0 || one.lmdb < least->lmdb ? one.lmdb : least->lmdb;
}

/* bench_storage_write.c: the processor time of commits.  load fills both sides, bulk a store of its
 * own. */
void bench_storage_write_load(struct bench_storage *bench);
/* See above. */
void bench_storage_write_bulk(struct bench_storage *bench);
/* Commits of 1000 updates, then of one. */
void bench_storage_write_updates(struct bench_storage *bench);

/* bench_storage_read.c: gets from memory and from the disk, and a scan. */
void bench_storage_read_warm(struct bench_storage *bench);
/* See above; closes and opens both sides. */
void bench_storage_read_cold(struct bench_storage *bench);
/* See above. */
void bench_storage_read_scan(struct bench_storage *bench);

/* bench_storage_diff.c: what differs before and after an update of one key in a hundred. */
void bench_storage_diff_updates(struct bench_storage *bench);

/* bench_storage_sync.c: durable commits, on the wall; in a store of its own. */
void bench_storage_sync_all(struct bench_storage *bench);

/* bench_storage_space.c: collection, and what is left. */
void bench_storage_space_collect(struct bench_storage *bench);
/* Recovery of a long log in a small store and in the one at hand. */
void bench_storage_space_recover(struct bench_storage *bench);

/* bench_cold.c: takes a file's pages, which must be clean, out of the kernel's cache. */
void bench_cold_drop(const char *path);

#endif
