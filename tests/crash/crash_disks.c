/* SPDX-License-Identifier: ISC
 *
 * crash_disks.c - disks that are not what they should be: without a working flush, too small, cut,
 * grown, somebody else's, of a newer version, or half formatted.
 */
#include "bough/journal.h"
#include "crash.h"

/* ---- B9: a flush that does nothing ---- */

struct lying {
    struct crash *crash;
    struct workload work;
};

static void visit_lying(void *context, const struct sim_crash *state)
{
    struct lying *lying = context;
    struct crash_expect expect = {.work = &lying->work,
                                  .ceiling = workload_ceiling(&lying->work, state->op_count),
                                  .damage = true};

    if (crash_is_new(lying->crash, state, (uint64_t)lying->crash->lives << 32 | expect.ceiling))
        (void)crash_check(lying->crash, state->medium, &expect);
}

/* Consistency without durability: some state that was there once, or damage that is named. */
static void lie(struct crash *crash)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct lying lying = {.crash = crash};
    struct sim_medium start = crash_format(crash, 0);
    const struct sim_faults faults = {.lying_flush = true};
    struct sim_crash_plan plan = {.subsets_max = 8,
                                  .pairs_max = 24,
                                  .random_count = 200,
                                  .random = crash->seed,
                                  .visit = visit_lying,
                                  .context = &lying};
    struct bough_store *store;
    struct sim_device dev;
    const char *wrong;

    sim_device_init(&dev, &crash->arena, &start, crash->shape->block_size, &faults);
    if (crash_open(crash, &dev, &store) != BOUGH_OK)
        crash_fail(crash, &start, "a good disk does not open");
    workload_init(&lying.work, &crash->arena, crash->shape, crash->seed);
    wrong = workload_run(&lying.work, store, &dev, crash->shape->txn_count);
    if (wrong != NULL)
        crash_fail(crash, &dev.now, "while running: %s", wrong);
    bough_store_close(store);
    crash->lives++;
    crash->commit_count += lying.work.state_count - 1;
    crash->settled_count += lying.work.settled_count;
    crash->fault_count++;
    sim_crash_each(&crash->arena, &start, dev.ops, dev.op_count, &plan);
    bough_arena_back(&crash->arena, mark);
}

/* Calls `each` for the rounds and shapes of this run. */
static void for_each_shape(struct crash *crash, void (*each)(struct crash *crash))
{
    for (unsigned round = 0; round < crash->rounds; round++) {
        for (crash->shape = workload_shapes; crash->shape->name != NULL; crash->shape++) {
            crash->seed = crash->first_seed + round;
            if (crash->only_shape == NULL || strcmp(crash->only_shape, crash->shape->name) == 0)
                each(crash);
        }
    }
}

void crash_disks_lying(struct crash *crash)
{
    for_each_shape(crash, lie);
}

/* ---- B10: full, cut, grown ---- */

/* Works until the disk is full, and beyond: nothing acknowledged is lost, and all can be read. */
static void fill(struct crash *crash, uint32_t kib)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct sim_medium start = crash_format(crash, kib);
    struct crash_expect expect;
    struct workload work;
    struct sim_device dev;
    struct bough_store *store;
    const char *wrong;

    sim_device_init(&dev, &crash->arena, &start, crash->shape->block_size, NULL);
    if (crash_open(crash, &dev, &store) != BOUGH_OK)
        crash_fail(crash, &start, "a small disk does not open");
    workload_init(&work, &crash->arena, crash->shape, crash->seed);
    wrong = workload_run(&work, store, &dev, 400);
    if (wrong == NULL)
        wrong = workload_compare(&work, store, &work.states[work.state_count - 1], NULL);
    if (wrong != NULL)
        crash_fail(crash, &dev.now, "on a disk of %u KiB: %s", kib, wrong);
    crash->full_count += work.refused_count > 0 ? 1 : 0;
    bough_store_close(store);
    expect = (struct crash_expect){
        .work = &work, .floor = workload_floor(&work, SIZE_MAX), .ceiling = work.state_count - 1};
    (void)crash_check(crash, &dev.now, &expect);
    crash->fault_count++;
    crash->states++;
    bough_arena_back(&crash->arena, mark);
}

/* A disk that has lost blocks at its end must not open; one that has gained some must. */
static void resize(struct crash *crash)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct sim_medium medium = crash_format(crash, 0);
    struct sim_medium larger;
    struct workload work;
    struct crash_expect expect = {.work = &work};
    uint32_t per_block = crash->shape->block_size / SIM_SECTOR_BYTES;

    workload_init(&work, &crash->arena, crash->shape, crash->seed);
    for (uint32_t less = 1; less < medium.sector_count / per_block; less++) {
        const struct sim_faults faults = {.short_blocks = less};
        struct bough_arena_mark inner = bough_arena_now(&crash->arena);
        struct bough_store *store;
        struct sim_device dev;

        sim_device_init(&dev, &crash->arena, &medium, crash->shape->block_size, &faults);
        if (crash_open(crash, &dev, &store) == BOUGH_OK)
            crash_fail(crash, &medium, "a disk that lost %u blocks opens", less);
        crash->refused_count++;
        crash->states++;
        bough_arena_back(&crash->arena, inner);
    }
    larger = sim_medium_zeros(&crash->arena, medium.sector_count + 4096);
    for (uint32_t i = 0; i < medium.sector_count; i++)
        sim_medium_set(&larger, i, medium.sectors[i]);
    (void)crash_check(crash, &larger, &expect);
    bough_arena_back(&crash->arena, mark);
}

static void fill_all(struct crash *crash)
{
    uint32_t least =
        crash->shape->block_size > 4096 ? 640 : 480; /* the smallest device is a bit less */

    if (crash->shape->chunked_percent > 0) /* a smaller one has no segment that holds a chunk */
        least = crash->shape->device_kib;
    for (uint32_t more = 0; more < (crash->long_run ? 256u : 48u); more += 4)
        fill(crash, least + more * (crash->shape->block_size > 4096 ? 2 : 1));
    resize(crash);
}

void crash_disks_full(struct crash *crash)
{
    for_each_shape(crash, fill_all);
}

/* ---- B11: whose disk is this? ---- */

/* Opening must fail and write nothing; probing must answer `expected`. */
static void refuse(struct crash *crash, const struct sim_medium *medium,
                   enum bough_journal_state expected, enum bough_err wanted, const char *what)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    enum bough_journal_state state = BOUGH_JOURNAL_BLANK;
    struct bough_store *store;
    struct sim_device dev;
    enum bough_err err;

    sim_device_init(&dev, &crash->arena, medium, crash->shape->block_size, NULL);
    if (bough_journal_probe(&crash->env, &dev.base, &state) != BOUGH_OK || state != expected)
        crash_fail(crash, medium, "%s: the probe answers %d", what, (int)state);
    err = crash_open(crash, &dev, &store);
    if (err != wanted)
        crash_fail(crash, medium, "%s: open answers %s", what, bough_err_name(err));
    if (dev.write_count > 0)
        crash_fail(crash, medium, "%s: something was written", what);
    crash->refused_count++;
    crash->states++;
    bough_arena_back(&crash->arena, mark);
}

struct formatting {
    struct crash *crash;
    const struct workload *before; /* what stood there; NULL = nothing */
    struct workload after;         /* an empty store */
};

/* A disk that was being formatted holds the new store, or what it held, or says that it is damaged;
 * it is never taken for somebody else's. */
static void visit_formatting(void *context, const struct sim_crash *state)
{
    struct formatting *formatting = context;
    struct crash *crash = formatting->crash;
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct crash_expect expect = {.work = &formatting->after, .damage = true};
    enum bough_journal_state probed = BOUGH_JOURNAL_FOREIGN;
    struct bough_store_info info;
    struct bough_store *store;
    struct sim_device dev;

    if (!crash_is_new(crash, state, 1))
        return;
    sim_device_init(&dev, &crash->arena, state->medium, crash->shape->block_size, NULL);
    if (bough_journal_probe(&crash->env, &dev.base, &probed) != BOUGH_OK ||
        probed == BOUGH_JOURNAL_FOREIGN)
        crash_fail(crash, state->medium, "a disk that was being formatted is called foreign");
    if (crash_open(crash, &dev, &store) == BOUGH_OK) {
        bough_store_info(store, &info);
        bough_store_close(store);
        if (memcmp(info.identity.uuid, workload_identity(crash->seed).uuid, 16) != 0) {
            if (formatting->before == NULL)
                crash_fail(crash, state->medium, "a store that was never there");
            expect.work = formatting->before;
            expect.ceiling = formatting->before->state_count - 1;
        }
        (void)crash_check(crash, state->medium, &expect);
    } else if (probed == BOUGH_JOURNAL_OURS && formatting->before == NULL) {
        crash_fail(crash, state->medium, "a disk that was being formatted is ours and unusable");
    }
    bough_arena_back(&crash->arena, mark);
}

/* Formats a disk, blank or with an older store, and cuts the power. */
static void format_cut(struct crash *crash, const struct sim_medium *start,
                       const struct workload *before)
{
    struct formatting formatting = {.crash = crash, .before = before};
    struct sim_crash_plan plan = {
        .subsets_max = 12, .pairs_max = 40, .visit = visit_formatting, .context = &formatting};
    struct bough_identity identity = workload_identity(crash->seed);
    struct sim_device dev;

    sim_device_init(&dev, &crash->arena, start, crash->shape->block_size, NULL);
    if (bough_journal_format(&crash->env, &dev.base, &identity) != BOUGH_OK)
        crash_fail(crash, start, "a good disk cannot be formatted");
    workload_init(&formatting.after, &crash->arena, crash->shape, crash->seed);
    sim_crash_each(&crash->arena, start, dev.ops, dev.op_count, &plan);
}

/* A store with some history, of another seed. */
static struct sim_medium old_store(struct crash *crash, struct workload *work)
{
    struct sim_medium medium;
    struct bough_store *store;
    struct sim_device dev;
    const char *wrong;

    crash->seed += 1000;
    medium = crash_format(crash, 0);
    sim_device_init(&dev, &crash->arena, &medium, crash->shape->block_size, NULL);
    if (crash_open(crash, &dev, &store) != BOUGH_OK)
        crash_fail(crash, &medium, "a good disk does not open");
    workload_init(work, &crash->arena, crash->shape, crash->seed);
    wrong = workload_run(work, store, &dev, crash->shape->txn_count);
    if (wrong != NULL)
        crash_fail(crash, &dev.now, "while running: %s", wrong);
    bough_store_close(store);
    crash->seed -= 1000;
    return dev.now;
}

static void foreign(struct crash *crash)
{
    struct bough_arena_mark mark = bough_arena_now(&crash->arena);
    struct sim_medium blank =
        sim_medium_zeros(&crash->arena, crash->shape->device_kib * (1024 / SIM_SECTOR_BYTES));
    struct sim_medium other = sim_medium_copy(&crash->arena, &blank);
    uint64_t bytes = (uint64_t)blank.sector_count * SIM_SECTOR_BYTES;
    uint64_t unit = crash->shape->block_size > 4096 ? crash->shape->block_size : 4096;
    const uint64_t supers[] = {0, unit, (bytes / unit - 1) * unit};
    struct workload before;

    refuse(crash, &blank, BOUGH_JOURNAL_BLANK, BOUGH_INVALID, "a blank disk");
    sim_medium_flip(&crash->arena, &other, 1080, 0x53); /* where ext4 has its mark */
    refuse(crash, &other, BOUGH_JOURNAL_FOREIGN, BOUGH_INVALID, "a file system");
    sim_medium_flip(&crash->arena, &other, 1080, 0x53);
    sim_medium_flip(&crash->arena, &other, bytes - 512, 'E'); /* where GPT has its second copy */
    refuse(crash, &other, BOUGH_JOURNAL_FOREIGN, BOUGH_INVALID, "a partition table");
    other = crash_format(crash, 0);
    for (size_t i = 0; i < 3; i++) /* the version stands behind the magic in every version */
        sim_medium_flip(&crash->arena, &other, supers[i] + 8, 0x40);
    refuse(crash, &other, BOUGH_JOURNAL_OURS, BOUGH_WRONG_VERSION, "a newer version");
    other = crash_format(crash, 0);
    for (size_t i = 0; i < 3; i++)
        sim_medium_flip(&crash->arena, &other, supers[i] + 20, 0x40);
    refuse(crash, &other, BOUGH_JOURNAL_OURS, BOUGH_CORRUPT, "three damaged superblocks");
    format_cut(crash, &blank, NULL);
    other = old_store(crash, &before);
    format_cut(crash, &other, &before);
    bough_arena_back(&crash->arena, mark);
}

void crash_disks_foreign(struct crash *crash)
{
    for_each_shape(crash, foreign);
}
