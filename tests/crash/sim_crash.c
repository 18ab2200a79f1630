/* SPDX-License-Identifier: ISC
 *
 * sim_crash.c - every disk that a power cut could leave, from the list of what was done to it.
 *
 *   (1) `settled` is what the flushes so far made durable; ops[epoch..) are not flushed.
 *   (2) A piece is a run of sectors of one write that reaches the medium or does not.  Pieces that
 *       would change nothing are left out, so no subset is taken for nothing.
 */
#include "sim_crash.h"

#define PIECES_MAX 4096u

struct piece {
    const struct sim_op *op;
    uint32_t from;
    uint32_t count; /* sectors */
};

struct walk {
    const struct sim_crash_plan *plan;
    const struct sim_op *ops;
    struct sim_medium settled;
    struct sim_medium scratch;
    struct piece *pieces;
    size_t piece_count;
    bool overlap; /* two pieces meet: their order matters */
    bool reverse; /* apply them in reverse */
    size_t epoch; /* the first operation that is not flushed */
    size_t now;   /* operations asked so far */
    uint64_t random;
};

static void apply(struct sim_medium *medium, const struct sim_op *op, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++)
        sim_medium_set(medium, op->first + i, op->sectors[i]);
}

static void visit(struct walk *walk, bool torn, bool exhaustive)
{
    struct sim_crash crash = {
        .medium = &walk->scratch, .op_count = walk->now, .torn = torn, .exhaustive = exhaustive};

    walk->plan->visit(walk->plan->context, &crash);
}

/* Whether sectors of a write differ from what is settled. */
static bool changes(const struct walk *walk, const struct sim_op *op, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        if (walk->settled.sectors[op->first + i]->hash != op->sectors[i]->hash)
            return true;
    }
    return false;
}

static bool meet(const struct sim_op *a, const struct sim_op *b)
{
    return a->first < b->first + b->count && b->first < a->first + a->count;
}

/* Cuts what is not flushed into pieces of `sectors`; 0 = whole writes. */
static void cut(struct walk *walk, uint32_t sectors)
{
    walk->piece_count = 0;
    walk->overlap = false;
    for (size_t i = walk->epoch; i < walk->now; i++) {
        const struct sim_op *op = &walk->ops[i];
        uint32_t step = sectors == 0 ? op->count : sectors;

        if (op->kind != SIM_WRITE)
            continue;
        for (size_t k = walk->epoch; k < i; k++)
            walk->overlap =
                walk->overlap || (walk->ops[k].kind == SIM_WRITE && meet(op, &walk->ops[k]));
        for (uint32_t from = 0; from < op->count; from += step) {
            uint32_t count = op->count - from < step ? op->count - from : step;

            if (walk->piece_count == PIECES_MAX)
                return;
            if (walk->overlap || changes(walk, op, from, count))
                walk->pieces[walk->piece_count++] = (struct piece){op, from, count};
        }
    }
}

/* The disk with the pieces that `has` names; has(all) and has(none) are prefixes, seen elsewhere.
 */
static void take_mask(struct walk *walk, const uint8_t *has, bool exhaustive)
{
    size_t there = 0;

    sim_medium_assign(&walk->scratch, &walk->settled);
    for (size_t i = 0; i < walk->piece_count; i++) {
        size_t at = walk->reverse ? walk->piece_count - 1 - i : i;
        const struct piece *piece = &walk->pieces[at];

        there += has[at];
        if (has[at])
            apply(&walk->scratch, piece->op, piece->from, piece->count);
    }
    visit(walk, there > 0 && there < walk->piece_count, exhaustive);
}

static void take_all_subsets(struct walk *walk)
{
    uint8_t has[16];

    assert(walk->piece_count <= 16);
    for (uint32_t mask = 0; mask < 1u << walk->piece_count; mask++) {
        for (size_t i = 0; i < walk->piece_count; i++)
            has[i] = mask >> i & 1;
        take_mask(walk, has, true);
    }
}

/* All disks that miss one or two pieces, or have but one or two. */
static void take_pairs(struct walk *walk)
{
    uint8_t has[PIECES_MAX];

    for (size_t i = 0; i < walk->piece_count; i++) {
        for (size_t k = i; k < walk->piece_count; k++) {
            for (uint8_t most = 0; most < 2; most++) {
                memset(has, most, walk->piece_count);
                has[i] = has[k] = !most;
                take_mask(walk, has, true);
            }
        }
    }
}

static void take_random(struct walk *walk)
{
    uint8_t has[PIECES_MAX];

    for (unsigned n = 0; n < walk->plan->random_count; n++) {
        uint32_t percent = 1 + sim_below(&walk->random, 99);

        for (size_t i = 0; i < walk->piece_count; i++)
            has[i] = sim_below(&walk->random, 100) < percent;
        take_mask(walk, has, false);
    }
}

/* The subsets of one epoch, cut at three sizes. */
static void take_subsets(struct walk *walk)
{
    static const uint32_t sizes[] = {0, 4096 / SIM_SECTOR_BYTES, 1};
    bool pairs = false;

    for (size_t i = sizeof(sizes) / sizeof(sizes[0]); i-- > 0;) {
        cut(walk, sizes[i]);
        if (walk->piece_count <= walk->plan->subsets_max) {
            take_all_subsets(walk);
            continue;
        }
        take_random(walk);
        if (!pairs && walk->piece_count <= walk->plan->pairs_max) {
            take_pairs(walk);
            pairs = true;
        }
    }
}

/* The newest write torn at each sector, the others all there. */
static void take_tears(struct walk *walk)
{
    const struct sim_op *op = &walk->ops[walk->now - 1];

    for (unsigned how = 0; how < 4; how++) {
        uint32_t bound = how < 2 ? op->count : 2;

        for (uint32_t at = how < 2 ? 1 : 0; at < bound; at++) {
            sim_medium_assign(&walk->scratch, &walk->settled);
            for (size_t i = walk->epoch; i + 1 < walk->now; i++) {
                if (walk->ops[i].kind == SIM_WRITE)
                    apply(&walk->scratch, &walk->ops[i], 0, walk->ops[i].count);
            }
            for (uint32_t i = 0; i < op->count; i++) { /* from the front, the back, shorn */
                uint32_t stripe = how == 2 ? 1 : 4096 / SIM_SECTOR_BYTES;

                if (how == 0 ? i < at : how == 1 ? i >= at : i / stripe % 2 == at)
                    apply(&walk->scratch, op, i, 1);
            }
            visit(walk, true, true);
        }
    }
}

/* Everything that was asked is there, or nothing that was not flushed. */
static void take_prefix(struct walk *walk)
{
    sim_medium_assign(&walk->scratch, &walk->settled);
    visit(walk, false, true);
    for (size_t i = walk->epoch; i < walk->now; i++) {
        if (walk->ops[i].kind == SIM_WRITE)
            apply(&walk->scratch, &walk->ops[i], 0, walk->ops[i].count);
    }
    visit(walk, false, true);
}

static void settle(struct sim_medium *medium, const struct sim_op *ops, size_t from, size_t until)
{
    for (size_t i = from; i < until; i++) {
        if (ops[i].kind == SIM_WRITE && !ops[i].failed)
            apply(medium, &ops[i], 0, ops[i].count);
    }
}

void sim_crash_each(struct bough_arena *arena, const struct sim_medium *start,
                    const struct sim_op *ops, size_t op_count, const struct sim_crash_plan *plan)
{
    struct bough_arena_mark mark = bough_arena_now(arena);
    struct walk walk = {.plan = plan, .ops = ops, .random = plan->random};

    walk.settled = sim_medium_copy(arena, start);
    walk.scratch = sim_medium_copy(arena, start);
    walk.pieces = sim_medium_take(arena, PIECES_MAX * sizeof(*walk.pieces));
    take_prefix(&walk);
    for (size_t i = 0; i <= op_count; i++) {
        walk.now = i;
        if (i == op_count || ops[i].kind == SIM_FLUSH) {
            take_subsets(&walk);
            walk.reverse = walk.overlap;
            if (walk.reverse)
                take_subsets(&walk);
            walk.reverse = false;
        }
        if (i == op_count)
            break;
        walk.now = i + 1;
        if (ops[i].kind == SIM_WRITE) {
            take_tears(&walk);
        } else {
            if (!ops[i].failed)
                settle(&walk.settled, ops, walk.epoch, i);
            walk.epoch = i + 1;
        }
        take_prefix(&walk);
    }
    bough_arena_back(arena, mark);
}

struct sim_medium sim_crash_settled(struct bough_arena *arena, const struct sim_medium *start,
                                    const struct sim_op *ops, size_t op_count, size_t *pending)
{
    struct sim_medium medium = sim_medium_copy(arena, start);

    *pending = 0;
    for (size_t i = 0; i < op_count; i++) {
        if (ops[i].kind != SIM_FLUSH)
            continue;
        if (!ops[i].failed)
            settle(&medium, ops, *pending, i);
        *pending = i + 1;
    }
    return medium;
}
