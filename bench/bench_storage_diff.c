/* SPDX-License-Identifier: ISC
 *
 * bench_storage_diff.c - what differs between two states, one key in a hundred.
 *
 * LMDB has no way but to go through both states; it is timed for just that, without comparing them.
 * The first round of ours reads from the file what is not in memory any more: nodes that an update
 * has replaced leave it soon.
 */
#include "bench_storage.h"
#include "bough/diff.h"
#include <stdlib.h>

#define ONE_IN      100u
#define ARENA_BYTES ((size_t)16 << 20)

/* New values for one key of each hundred. */
static struct bench_entry *draw_updates(struct bench_storage *bench, size_t count)
{
    struct bench_entry *entries = malloc(count * sizeof(*entries));

    bench_keys_must(entries != NULL, "memory");
    bench_keys_fill(entries, count, 0, 0, &bench->random);
    for (size_t i = 0; i < count; i++)
        bench_keys_make(i * ONE_IN + bench_keys_random(&bench->random) % ONE_IN, entries[i].key);
    return entries;
}

/* The seconds of one comparison. */
static double compare(struct bench_ours *ours, const struct bough_tree *from,
                      const struct bough_tree *to, size_t expected)
{
    struct bough_bytes all = {0};
    struct bough_diff_change change;
    struct bough_tree_diff diff;
    struct bough_arena arena;
    double start = bench_cpu_s();
    size_t count = 0;

    bough_arena_init(&arena, ours->env->heap, ARENA_BYTES);
    bench_keys_must(bough_tree_diff_open(&diff, ours->store, from, to, all, all, &arena) ==
                        BOUGH_OK,
                    "a comparison");
    while (bough_tree_diff_next(&diff, &change) == BOUGH_OK)
        count++;
    bench_keys_must(count == expected, "a whole comparison");
    bough_tree_diff_close(&diff);
    bough_arena_release(&arena);
    return bench_cpu_s() - start;
}

void bench_storage_diff_updates(struct bench_storage *bench)
{
    size_t count = (size_t)(bench->key_count / ONE_IN);
    struct bench_entry *entries = draw_updates(bench, count);
    struct bench_pair least = {0};
    struct bough_arena arena;
    struct bough_tree from;
    struct bough_tree to;
    double first = 0;

    bough_arena_init(&arena, bench->ours.env->heap, ARENA_BYTES);
    from = bench_ours_tree(&bench->ours, &arena);
    bench_ours_list(&bench->ours, entries, count);
    bench_ours_commit(&bench->ours, count);
    bench_ours_sync(&bench->ours);
    bench_lmdb_commit(&bench->lmdb, entries, count);
    to = bench_ours_tree(&bench->ours, &arena);
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        struct bench_pair time;
        double start;

        time.ours = compare(&bench->ours, &from, &to, count) * 1e3;
        first = round == 0 ? time.ours : first;
        start = bench_cpu_s();
        bench_lmdb_scan(&bench->lmdb, bench->key_count); /* this state stands for the older, too */
        bench_lmdb_scan(&bench->lmdb, bench->key_count);
        time.lmdb = (bench_cpu_s() - start) * 1e3;
        bench_pair_keep_least(&least, time);
    }
    bench_line("diff of 1 %", least.ours, "ms", "lmdb, scan of both", least.lmdb, "0.1");
    bench_line("diff of 1 %, the first time", first, "ms", "lmdb, scan of both", least.lmdb, "");
    bough_arena_release(&arena);
    free(entries);
}
