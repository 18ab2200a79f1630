/* SPDX-License-Identifier: ISC
 *
 * crash_faults.c - disks that fail, lie about where they write, or rot.
 *
 * Each run does a whole workload with one fault, then looks at the disk: with the fault's bytes on
 * it, and, where an operation failed, after a power cut at each moment, too.  After a failure
 * nothing that was acknowledged may be gone; on a disk that lied, whatever is read is right or says
 * that it is damaged, and acknowledged data that cannot be reached is never written over.
 */
#include "crash.h"

/* One run on a disk with a fault. */
struct run {
    struct crash *crash;
    struct workload work;
    struct sim_device dev;
    struct sim_medium start;
    size_t offset;                 /* of the list that `visit` is told of, in dev.ops */
    const struct workload *before; /* what stands there; NULL = an empty store */
};

/* Opens the store and does the workload. */
static void do_run(struct run *run, const struct sim_faults *faults, unsigned txn_count)
{
    struct crash *crash = run->crash;
    struct sim_faults all = *faults;
    struct bough_store *store;
    const char *wrong;
    struct bough_store_info info;
    unsigned damaged = 0;
    uint32_t first;
    enum bough_err err;

    all.hide_kinds = crash->planted.hide_kinds;
    sim_device_init(&run->dev, &crash->arena, &run->start, crash->shape->block_size, &all);
    if (run->before == NULL)
        workload_init(&run->work, &crash->arena, crash->shape, crash->seed);
    else
        workload_init_after(&run->work, &crash->arena, run->before, run->before->state_count - 1,
                            crash->seed);
    first = run->work.state_count - 1;
    err = crash_open(crash, &run->dev, &store);
    if (err != BOUGH_OK && run->dev.fault_count == 0)
        crash_fail(crash, &run->dev.now, "a good disk does not open: %s", bough_err_name(err));
    if (err != BOUGH_OK)
        return;
    bough_store_info(store, &info);
    if (info.generation != run->work.states[first].generation)
        crash_fail(crash, &run->dev.now, "generation %llu is there, %llu was acknowledged",
                   (unsigned long long)info.generation,
                   (unsigned long long)run->work.states[first].generation);
    wrong = workload_run(&run->work, store, &run->dev, txn_count);
    if (wrong == NULL)
        wrong = workload_compare(&run->work, store, &run->work.states[run->work.state_count - 1],
                                 &damaged);
    if (wrong == NULL && damaged > 0 && run->dev.fault_count == 0)
        wrong = "damage on a good disk";
    if (wrong != NULL)
        crash_fail(crash, &run->dev.now, "while running: %s", wrong);
    bough_store_close(store);
    crash->commit_count += run->work.state_count - 1 - first;
    crash->settled_count += run->work.settled_count;
}

static void visit(void *context, const struct sim_crash *state)
{
    struct run *run = context;
    size_t op_count = run->offset + state->op_count;
    struct crash_expect expect = {
        .work = &run->work,
        .floor = workload_floor(&run->work, op_count),
        .ceiling = workload_ceiling(&run->work, op_count),
    };
    uint64_t salt = (uint64_t)run->crash->lives << 32 | expect.floor << 16 | expect.ceiling;

    if (crash_is_new(run->crash, state, salt))
        (void)crash_check(run->crash, state->medium, &expect);
}

/* A fault is tried at one operation in so many: long histories have thousands. */
static uint64_t step_of(const struct crash *crash)
{
    if (crash->shape->txn_count > 100 && crash->shape->keeps > 2)
        return crash->long_run ? 97 : 401;
    return 1;
}

/* ---- B8: the k-th operation fails ---- */

static void fail_one(struct crash *crash, const struct run *life, const struct sim_faults *faults)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct run run = {.crash = crash, .start = life->dev.now, .before = &life->work};
    struct sim_crash_plan plan = {.subsets_max = 2, .visit = visit, .context = &run};
    struct crash_expect expect = {.work = &run.work};
    struct sim_medium settled;

    crash->lives++;
    do_run(&run, faults, crash->shape->txn_count);
    crash->fault_count += run.dev.fault_count > 0;
    expect.floor = workload_floor(&run.work, SIZE_MAX);
    expect.ceiling = run.work.state_count - 1;
    (void)crash_check(crash, &run.dev.now, &expect);
    /* Power cuts from the fault on; those before it are another mode's. */
    settled =
        sim_crash_settled(&crash->arena, &run.start, run.dev.ops, run.dev.fault_op, &run.offset);
    if (run.dev.fault_count > 0 && faults->fail_kinds != SIM_READ)
        sim_crash_each(&crash->arena, &settled, run.dev.ops + run.offset,
                       run.dev.op_count - run.offset, &plan);
    bough_arena_back(&crash->arena, mark);
}

/* What a life left unsynced is gone before the next. */
static void settle(struct run *life)
{
    struct crash_expect expect = {.work = &life->work,
                                  .floor = workload_floor(&life->work, SIZE_MAX),
                                  .ceiling = life->work.state_count - 1};

    life->work.state_count = crash_check(life->crash, &life->dev.now, &expect) + 1;
}

void crash_faults_eio(struct crash *crash)
{
    static const unsigned kinds[] = {SIM_READ, SIM_WRITE, SIM_FLUSH, SIM_WRITE | SIM_FLUSH};

    for (unsigned round = 0; round < crash->rounds; round++) {
        for (crash->shape = workload_shapes; crash->shape->name != NULL; crash->shape++) {
            struct bough_arena_mark mark = bough_arena_now(&crash->arena);
            const struct sim_faults none = {0};
            struct run life = {.crash = crash};
            bool large = crash->shape->chunked_percent > 0;
            uint64_t step = large && !crash->long_run ? 7 : step_of(crash);

            crash->seed = crash->first_seed + round;
            if (crash->only_shape != NULL && strcmp(crash->only_shape, crash->shape->name) != 0)
                continue;
            life.start = crash_format(crash, 0);
            do_run(&life, &none, crash->shape->txn_count / 2);
            settle(&life);
            for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                struct sim_faults faults = {.fail_kinds = kinds[i], .fail_at = 1 - step};
                uint64_t before;

                do { /* until k is past the last operation, and the run had no fault */
                    before = crash->fault_count;
                    faults.fail_at += step;
                    for (int forever = 0; forever < 2; forever++) {
                        faults.fail_forever = forever != 0;
                        fail_one(crash, &life, &faults);
                    }
                } while (crash->fault_count > before && !crash_is_enough(crash));
            }
            bough_arena_back(&crash->arena, mark);
        }
    }
}

/* ---- B5, B6: lost and misdirected writes, misdirected reads ---- */

/* What may stand on a disk that lied: any state, but what was acknowledged before the last sync is
 * not given up in silence.  (That the newest group is missing cannot be seen on one disk.) */
static struct crash_expect expect_damage(const struct workload *work)
{
    struct crash_expect expect = {
        .work = work, .floor = workload_floor(work, SIZE_MAX), .ceiling = work->state_count - 1};

    expect.damage = true;
    expect.safe = work->ack_count > 1 ? work->acks[work->ack_count - 2].state : 0;
    return expect;
}

static void stray_write(struct crash *crash, const struct sim_medium *start,
                        const struct sim_faults *faults)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct run run = {.crash = crash, .start = *start};
    struct crash_expect expect;
    struct sim_crash state = {.medium = &run.dev.now};

    do_run(&run, faults, crash->shape->txn_count);
    crash->fault_count += run.dev.fault_count > 0;
    expect = expect_damage(&run.work);
    (void)crash_is_new(crash, &state, crash->lives++);
    (void)crash_check(crash, &run.dev.now, &expect);
    bough_arena_back(&crash->arena, mark);
}

/* Opens and compares with one read that comes from elsewhere. */
static bool stray_read(struct crash *crash, const struct run *run, const struct sim_faults *faults)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct crash_expect expect = expect_damage(&run->work);
    struct bough_store_info info;
    struct bough_store *store;
    struct sim_device dev;
    const char *wrong = NULL;
    uint32_t state;
    unsigned damaged = 0;

    sim_device_init(&dev, &crash->arena, &run->dev.now, crash->shape->block_size, faults);
    if (crash_open(crash, &dev, &store) == BOUGH_OK) {
        bough_store_info(store, &info);
        state = crash_state_of(&run->work, info.generation);
        if (state == UINT32_MAX)
            wrong = "a generation that was never there";
        else if (state < expect.floor || info.read_only)
            wrong = info.read_only ? "one bad read, and the store is read-only"
                                   : "one bad read, and an older state is shown";
        else
            wrong = workload_compare(&run->work, store, &run->work.states[state], &damaged);
        bough_store_close(store);
        crash->read_only_count += info.read_only;
    }
    if (wrong != NULL)
        crash_fail(crash, &run->dev.now, "read %llu comes from %u blocks further on: %s",
                   (unsigned long long)faults->stray_read, faults->stray_by, wrong);
    crash->damaged_count += damaged > 0;
    crash->fault_count += dev.fault_count > 0;
    bough_arena_back(&crash->arena, mark);
    return dev.fault_count > 0;
}

static void stray_shape(struct crash *crash)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct run run = {.crash = crash, .start = crash_format(crash, 0)};
    const struct sim_faults none = {0};
    uint64_t random = sim_mix(crash->seed, 5);
    uint32_t blocks;
    uint64_t write_count;
    uint64_t step = step_of(crash);

    do_run(&run, &none, crash->shape->txn_count);
    blocks = (uint32_t)run.dev.base.block_count;
    write_count = run.dev.write_count;
    for (uint64_t k = 1; k <= write_count; k += step) {
        uint32_t by[] = {1, 2, blocks - 1, blocks - 2, 0, 0, 0, 0, 0};

        stray_write(crash, &run.start, &(struct sim_faults){.lose_write = k});
        for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
            by[i] = by[i] == 0 ? 1 + sim_below(&random, blocks - 1) : by[i];
            stray_write(crash, &run.start,
                        &(struct sim_faults){.stray_write = k, .stray_by = by[i]});
        }
    }
    for (uint32_t i = 0; i < (crash->long_run ? blocks : 24); i++) {
        struct sim_faults faults = {.stray_by = i < 8 ? i + 1 : 1 + sim_below(&random, blocks - 1)};

        do {
            faults.stray_read += step;
        } while (stray_read(crash, &run, &faults));
    }
    bough_arena_back(&crash->arena, mark);
}

void crash_faults_stray(struct crash *crash)
{
    for (unsigned round = 0; round < crash->rounds; round++) {
        for (crash->shape = workload_shapes; crash->shape->name != NULL; crash->shape++) {
            crash->seed = crash->first_seed + round;
            if (crash->only_shape == NULL || strcmp(crash->only_shape, crash->shape->name) == 0)
                stray_shape(crash);
        }
    }
}

/* ---- B7: flipped bytes ---- */

static void flip(struct crash *crash, const struct run *run, struct sim_medium *medium,
                 uint64_t byte, uint8_t with)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    const struct sim_sector *was = medium->sectors[byte / SIM_SECTOR_BYTES];
    struct crash_expect expect = expect_damage(&run->work);
    struct sim_crash state = {.medium = medium};

    expect.must_open = true; /* three superblocks: one byte never keeps a store from opening */
    sim_medium_flip(&crash->arena, medium, byte, with);
    (void)crash_is_new(crash, &state, 0);
    (void)crash_check(crash, medium, &expect);
    crash->fault_count++;
    crash->fallback_count += byte < 128; /* within what a superblock has */
    sim_medium_set(medium, (uint32_t)(byte / SIM_SECTOR_BYTES), was);
    bough_arena_back(&crash->arena, mark);
}

void crash_faults_rot(struct crash *crash)
{
    static const struct workload_shape shape = {.name = "rot",
                                                .block_size = 4096,
                                                .device_kib = 1024,
                                                .txn_count = 300,
                                                .sync_percent = 60,
                                                .edits_max = 4,
                                                .ref_percent = 20,
                                                .object_percent = 40,
                                                .chunked_percent = 1};
    const struct sim_faults none = {0};
    struct run run = {.crash = crash};
    struct sim_medium medium;
    uint64_t bytes = (uint64_t)shape.device_kib << 10;
    uint64_t random = sim_mix(crash->first_seed, 6);

    crash->shape = &shape;
    crash->seed = crash->first_seed;
    run.start = crash_format(crash, 0);
    do_run(&run, &none, shape.txn_count);
    medium = sim_medium_copy(&crash->arena, &run.dev.now);
    for (uint64_t i = 0; i < 256; i++) /* superblocks and the first group, whole */
        flip(crash, &run, &medium, i < 128 ? i : 8192 + i - 128,
             (uint8_t)(1 + sim_below(&random, 255)));
    for (uint64_t i = 0; i < (crash->long_run ? bytes : 3000) && !crash_is_enough(crash); i++) {
        uint64_t byte = crash->long_run ? i : sim_random(&random) % bytes;

        flip(crash, &run, &medium, byte, (uint8_t)(1 + sim_below(&random, 255)));
    }
}
