/* SPDX-License-Identifier: ISC
 *
 * bench_storage.c - the storage engine beside LMDB, in one run on one core.
 *
 * usage: bench_storage [KEYS [FOLDER [PART...]]]
 *      default 1000000 keys, in the current folder, all parts
 *
 * Keys have 20 bytes, values 100, all in one directory.  Both write to files in FOLDER, which are
 * deleted at the end; figures are the least of three rounds of processor time, unless they say
 * wall.  LMDB keeps only the newest state, bough every commit.  The workloads build on each other:
 * their order matters, and the load is always done.  Parts by name are for who looks for where the
 * time goes.
 */
#include "bench_storage.h"
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES ((uint64_t)16 << 30) /* sparse */

struct part {
    const char *name;
    void (*run)(struct bench_storage *bench);
};

static const struct part parts[] = {
    {"bulk", bench_storage_write_bulk},       {"update", bench_storage_write_updates},
    {"get", bench_storage_read_warm},         {"scan", bench_storage_read_scan},
    {"diff", bench_storage_diff_updates},     {"sync", bench_storage_sync_all},
    {"collect", bench_storage_space_collect}, {"cold", bench_storage_read_cold},
    {"recover", bench_storage_space_recover},
};

/* Whether a part is among the names; no names mean all. */
static bool is_asked_for(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return count <= 0;
}

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
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (is_asked_for(parts[i].name, argv + 3, argc - 3))
            parts[i].run(&bench);
    }
    bench_ours_remove(&bench.ours);
    bench_lmdb_remove(&bench.lmdb);
    return 0;
}
