/* SPDX-License-Identifier: ISC
 *
 * bench_storage.c - the storage engine beside LMDB, in one run on one core.
 *
 * usage: bench_storage [KEYS [FOLDER]]      default 1000000 keys, in the current folder
 *
 * Keys have 20 bytes, values 100, all in one directory.  Both write to files in FOLDER, which are
 * deleted at the end; figures are the least of three rounds of processor time, unless they say
 * wall.  LMDB keeps only the newest state, bough every commit.  The workloads build on each other:
 * their order matters.
 */
#include "bench_storage.h"
#include <stdlib.h>

#define FILE_BYTES ((uint64_t)16 << 30) /* sparse */

int main(int argc, char **argv)
{
    struct bench_storage bench = {
        .folder = argc > 2 ? argv[2] : ".",
        .key_count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
        .random = 42,
    };

    bench.key_count = bench.key_count / BENCH_BATCH * BENCH_BATCH;
    bench_keys_must(bench.key_count >= BENCH_BATCH, "reading the number of keys");
    bench_ours_make(&bench.ours, bench.folder, "bench_storage", FILE_BYTES, false);
    bench_lmdb_open(&bench.lmdb, bench.folder, "bench_storage", true);
    bench_storage_write_load(&bench);
    bench_storage_write_bulk(&bench);
    bench_storage_write_updates(&bench);
    bench_storage_read_warm(&bench);
    bench_storage_read_scan(&bench);
    bench_storage_diff_updates(&bench);
    bench_storage_sync_all(&bench);
    bench_storage_space_collect(&bench);
    bench_storage_read_cold(&bench);
    bench_storage_space_recover(&bench);
    bench_ours_remove(&bench.ours);
    bench_lmdb_remove(&bench.lmdb);
    return 0;
}
