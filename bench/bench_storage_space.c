/* SPDX-License-Identifier: ISC
 *
 * bench_storage_space.c - collection, what it leaves, and recovery.
 *
 * For the collection all commits but the newest are forgotten.  It runs in the steps of the
 * service (server/loop.c), a commit between every two; the longest step is the longest that a
 * commit may have to wait.
 */
#include "bench_storage.h"
#include "bough/collect.h"

#define STEP_OBJECTS       200u
#define STEP_BYTES         ((uint64_t)256 << 10)
#define TAIL_BYTES         ((uint64_t)60 << 20) /* a checkpoint is taken after 64 MiB */
#define TAIL_VALUE_BYTES   ((size_t)60 << 10)
#define TAIL_COMMIT_VALUES 16u

void bench_storage_space_collect(struct bench_storage *bench)
{
    struct bough_collect_progress progress;
    double raw = (double)bench->key_count * BENCH_ENTRY_BYTES;
    double work = 0;
    double work_max = 0;
    double wall_max = 0;

    bench_ours_forget(&bench->ours);
    do {
        struct bench_entry entry;
        double wall = bench_wall_s();
        double cpu = bench_cpu_s();

        bench_keys_must(
            bough_collect_step(bench->ours.store, STEP_OBJECTS, STEP_BYTES, &progress) == BOUGH_OK,
            "a step of collection");
        cpu = bench_cpu_s() - cpu;
        wall = bench_wall_s() - wall;
        work += cpu;
        work_max = cpu > work_max ? cpu : work_max;
        wall_max = wall > wall_max ? wall : wall_max;
        bench_keys_fill(&entry, 1, 0, bench->key_count, &bench->random);
        bench_ours_list(&bench->ours, &entry, 1);
        bench_ours_commit(&bench->ours, 1);
        bench_lmdb_commit(&bench->lmdb, &entry, 1);
    } while (progress.phase != BOUGH_COLLECT_NONE);
    bench_line("collection, longest step", work_max * 1e3, "ms", NULL, 0, "10");
    bench_line("collection, longest step, wall", wall_max * 1e3, "ms", NULL, 0, "");
    bench_line("collection of all history", work * 1e6 / (double)bench->key_count, "us/key", NULL,
               0, "");
    bench_ours_forget(&bench->ours); /* what was committed meanwhile */
    bench_keys_must(bough_collect_run(bench->ours.store) == BOUGH_OK, "a collection");
    bench_line("newest state, collected", (double)bench_ours_used(&bench->ours), "B",
               "keys and values", raw, "1.15");
}

/* A value of random bytes, put. */
static void put_value(struct bench_storage *bench, struct bough_arena *arena,
                      struct bough_value *value)
{
    static uint64_t words[TAIL_VALUE_BYTES / sizeof(uint64_t)];

    for (size_t i = 0; i < TAIL_VALUE_BYTES / sizeof(uint64_t); i++)
        words[i] = bench_keys_random(&bench->random);
    bench_keys_must(bough_value_put(bench->ours.store, bough_bytes_of(words, TAIL_VALUE_BYTES),
                                    arena, value) == BOUGH_OK,
                    "a value");
}

/* Writes a log of about TAIL_BYTES behind the newest checkpoint. */
static void write_tail(struct bench_storage *bench)
{
    static char names[TAIL_COMMIT_VALUES][BENCH_KEY_BYTES];
    struct bough_edit edits[TAIL_COMMIT_VALUES];
    struct bough_arena arena;

    bough_arena_init(&arena, bench->ours.env->heap, (size_t)1 << 20);
    for (uint64_t at = 0; at < TAIL_BYTES; at += TAIL_COMMIT_VALUES * TAIL_VALUE_BYTES) {
        struct bough_arena_mark mark = bough_arena_now(&arena);

        for (unsigned i = 0; i < TAIL_COMMIT_VALUES; i++) {
            bench_keys_make(i, names[i]);
            names[i][0] = 't';
            edits[i] = (struct bough_edit){.path = bough_bytes_of(names[i], BENCH_KEY_BYTES),
                                           .entry = {.mode = BOUGH_MODE_FILE}};
            put_value(bench, &arena, &edits[i].entry.value);
        }
        bench_ours_commit_edits(&bench->ours, edits, TAIL_COMMIT_VALUES);
        bench_ours_sync(&bench->ours);
        bough_arena_back(&arena, mark);
    }
    bough_arena_release(&arena);
}

/* The least wall time of three openings, the file cold. */
static double reopen_ms(struct bench_ours *ours)
{
    double least = 0;

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        double start;
        double took;

        bench_ours_close(ours);
        bench_cold_drop(ours->path);
        start = bench_wall_s();
        bench_ours_open(ours);
        took = (bench_wall_s() - start) * 1e3;
        least = least == 0 || took < least ? took : least;
    }
    return least;
}

void bench_storage_space_recover(struct bench_storage *bench)
{
    struct bench_storage small = *bench;
    struct bench_entry entry;

    bench_ours_make(&small.ours, bench->folder, "bench_small", (uint64_t)4 << 30, false);
    bench_keys_fill(&entry, 1, 0, 0, &small.random);
    bench_ours_list(&small.ours, &entry, 1);
    bench_ours_commit(&small.ours, 1);
    bench_ours_sync(&small.ours);
    write_tail(&small);
    bench_line("recovery of 60 MiB of log, cold, empty store, wall", reopen_ms(&small.ours), "ms",
               NULL, 0, "100");
    bench_ours_remove(&small.ours);
    write_tail(bench);
    bench_line("recovery of 60 MiB of log, cold, full store, wall", reopen_ms(&bench->ours), "ms",
               NULL, 0, "100");
}
