/* SPDX-License-Identifier: ISC
 *
 * crash_power.c - power cuts: at every write, with every subset of what was not flushed, torn,
 * again and again.
 *
 * A life is one machine on a disk: it opens the store, does some transactions and is watched.  Then
 * its list of writes gives all the disks that a power cut could have left, and each is checked; on
 * some of them the next life begins.  A killed process is a life whose disk still has writes in its
 * cache: what its successor finds must be durable from then on, though nobody flushed it before.
 */
#include "crash.h"

#define DEPTH_MAX       2u
#define SEEDS_PER_ROUND 8u

/* How a life begins. */
struct start {
    const struct sim_medium *medium; /* what is durable */
    const struct sim_op *pending;    /* what is in the disk's cache */
    size_t pending_count;
    const struct workload *before;
    uint32_t floor;
    uint32_t ceiling;
};

struct life {
    struct crash *crash;
    struct workload work;
    struct sim_device dev;
    unsigned depth;
    unsigned number;
    uint64_t random;
    unsigned lives_max;   /* of one workload, killed processes not counted */
    unsigned next_one_in; /* of the disks it could leave, on one in so many the next life begins */
};

static void live(struct crash *crash, const struct start *begin, unsigned depth);

static void visit(void *context, const struct sim_crash *state)
{
    struct life *life = context;
    struct crash *crash = life->crash;
    struct crash_expect expect = {
        .work = &life->work,
        .floor = workload_floor(&life->work, state->op_count),
        .ceiling = workload_ceiling(&life->work, state->op_count),
    };
    uint64_t salt = (uint64_t)life->number << 32 | (uint64_t)expect.floor << 16 | expect.ceiling;
    uint32_t found;

    if (crash->shape->one_in > 1 &&
        sim_mix(crash->seed, state->op_count) % crash->shape->one_in != 0)
        return;
    if (crash_is_enough(crash) || !crash_is_new(crash, state, salt))
        return;
    found = crash_check(crash, state->medium, &expect);
    crash->nested[life->depth]++;
    crash->lost_count += found < expect.ceiling;
    crash->kept_count += found > expect.floor;
    crash->torn_count += state->torn && found < expect.ceiling;
    if (life->next_one_in != 0 && crash->lives < life->lives_max &&
        sim_below(&life->random, life->next_one_in) == 0) {
        const struct start next = {
            .medium = state->medium, .before = &life->work, .floor = found, .ceiling = found};

        life->next_one_in += life->depth == 0 ? 6 : 60; /* many states of a large group are alike */
        live(crash, &next, life->depth + 1);
    }
}

/* Opens the store and does some work; what must hold from when on is in life->work. */
static void run(struct life *life, const struct start *start)
{
    struct crash *crash = life->crash;
    unsigned txn_count = crash->shape->txn_count / (life->depth == 0 ? 1 : 2);
    struct bough_store_info info;
    struct bough_store *store;
    const char *wrong;
    uint32_t found;
    enum bough_err err;

    sim_device_init(&life->dev, &crash->arena, start->medium, crash->shape->block_size,
                    &crash->planted);
    sim_device_replay(&life->dev, start->pending, start->pending_count);
    err = crash_open(crash, &life->dev, &store);
    if (err != BOUGH_OK)
        crash_fail(crash, &life->dev.now, "the next machine cannot open the store: %s",
                   bough_err_name(err));
    bough_store_info(store, &info);
    found = crash_state_of(start->before, info.generation);
    if (found == UINT32_MAX || found < start->floor || found > start->ceiling)
        crash_fail(crash, &life->dev.now, "the next machine finds state %u of %u..%u", found,
                   start->floor, start->ceiling);
    workload_init_after(&life->work, &crash->arena, start->before, found,
                        sim_mix(crash->seed, life->number));
    life->work.acks[0].state = start->pending_count > 0 ? start->floor : found;
    workload_acknowledge(&life->work, &life->dev);
    wrong = workload_run(&life->work, store, &life->dev, txn_count);
    if (wrong != NULL)
        crash_fail(crash, &life->dev.now, "while running: %s", wrong);
    bough_store_close(store);
    crash->commit_count += life->work.state_count - 1 - found;
    crash->settled_count += life->work.settled_count;
    crash->trace = sim_mix(crash->trace, life->dev.trace);
}

/* On some of the moments of a life the process is killed and the disk keeps its cache. */
static void kill_some(struct life *life, const struct start *start)
{
    struct crash *crash = life->crash;

    for (size_t at = 1; at <= life->dev.op_count && !crash_is_enough(crash); at++) {
        struct bough_arena_mark mark = bough_arena_now(&crash->arena);
        struct start next = {.before = &life->work,
                             .floor = workload_floor(&life->work, at),
                             .ceiling = workload_ceiling(&life->work, at)};
        struct sim_medium settled;
        size_t from;

        settled = sim_crash_settled(&crash->arena, start->medium, life->dev.ops, at, &from);
        next.medium = &settled;
        next.pending = life->dev.ops + from;
        next.pending_count = at - from;
        if (next.pending_count > 0) {
            crash->killed_count++;
            live(crash, &next, life->depth + 1);
        }
        bough_arena_back(&crash->arena, mark);
    }
}

/* The disk of the next machine: the same, or that with more room behind, in which something stands
 * already. */
static struct sim_medium grown(struct crash *crash, const struct sim_medium *from, unsigned depth)
{
    uint32_t more = depth == 0 ? 0 : crash->shape->grow_kib * (1024 / SIM_SECTOR_BYTES);
    struct sim_medium medium = sim_medium_zeros(&crash->arena, from->sector_count + more);

    for (uint32_t i = 0; i < from->sector_count; i++)
        sim_medium_set(&medium, i, from->sectors[i]);
    for (uint32_t i = 0; i < more; i++) /* as of a disk that was in use before */
        sim_medium_set(&medium, from->sector_count + i, from->sectors[i % from->sector_count]);
    return medium;
}

static void live(struct crash *crash, const struct start *begin, unsigned depth)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    bool nested = strcmp(crash->mode, "nested") == 0;
    struct sim_medium medium = grown(crash, begin->medium, depth);
    struct start grown_start = *begin;
    const struct start *start = &grown_start;
    struct life life = {.crash = crash, .depth = depth, .number = crash->lives++};
    struct sim_crash_plan plan = {.visit = visit, .context = &life};

    grown_start.medium = &medium;
    life.random = sim_mix(crash->seed, 77 + life.number);
    plan.random = sim_mix(crash->seed, 99 + life.number);
    plan.subsets_max = nested ? (depth == 0 ? 3 : 5) : crash->long_run ? 12 : 9;
    plan.pairs_max = nested ? 0 : 24;
    plan.random_count = nested ? 4 : crash->long_run ? 64 : 32;
    /* Collections write a lot: of their moments fewer will do. */
    life.lives_max = (crash->long_run ? 400u : 60u) / (crash->shape->chunked_percent > 0   ? 8u
                                                       : crash->shape->collect_percent > 0 ? 15u
                                                                                           : 1u);
    if (nested && depth < DEPTH_MAX)
        life.next_one_in = depth == 0 ? 6 : 60;
    run(&life, start);
    sim_crash_each(&crash->arena, start->medium, life.dev.ops, life.dev.op_count, &plan);
    if (nested && depth == 0)
        kill_some(&life, start);
    bough_arena_back(&crash->arena, mark);
}

/* One workload on a fresh disk. */
static void one_seed(struct crash *crash)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct workload before;
    struct sim_medium medium = crash_format(crash, 0);
    struct start start = {.medium = &medium, .before = &before};

    crash->lives = 0;
    workload_init(&before, &crash->arena, crash->shape, crash->seed);
    live(crash, &start, 0);
    bough_arena_back(&crash->arena, mark);
}

/* Rounds over all shapes; small ones have several seeds in each. */
static void rounds(struct crash *crash)
{
    for (unsigned round = 0; round < crash->rounds; round++) {
        for (crash->shape = workload_shapes; crash->shape->name != NULL; crash->shape++) {
            bool small = crash->shape->chunked_percent == 0 && crash->shape->txn_count < 20;
            unsigned seeds = small ? SEEDS_PER_ROUND : 1;

            if (crash->only_shape != NULL && strcmp(crash->only_shape, crash->shape->name) != 0)
                continue;
            for (unsigned i = 0; i < seeds && !crash_is_enough(crash); i++) {
                crash->seed = crash->first_seed + round * seeds + i;
                one_seed(crash);
            }
        }
    }
}

void crash_power_exhaustive(struct crash *crash)
{
    rounds(crash);
}

void crash_power_nested(struct crash *crash)
{
    rounds(crash);
}
