/* SPDX-License-Identifier: ISC
 *
 * workload.c - what is done to a store, as a function of a seed, with a model beside it.
 *
 *   (1) states[i + 1] is states[i] after one transaction that answered BOUGH_OK.
 *   (2) The bytes of a value follow from value_seed and its number; a number is used twice only
 *       by choose_value.
 */
#include "workload.h"
#include "bough/collect.h"
#include "bough/retention.h"

#define VALUE_BYTES_MAX (256u << 10)
#define ARENA_BYTES_MAX ((size_t)64 << 20)
#define ACKS_MAX        WORKLOAD_STATES_MAX
#define STEP_OBJECTS    40u /* of a step of a collection */
#define STEP_BYTES      6000u

const struct workload_shape workload_shapes[] = {
    {"tiny", 4096, 512, 8, 45, 2, 10, 20, 0, 0, 0, 0, 0, 0, 0},
    {"refs", 4096, 512, 12, 35, 2, 60, 20, 0, 0, 0, 0, 0, 0, 0},
    {"wide", 4096, 512, 10, 40, 10, 10, 70, 0, 0, 0, 0, 0, 0, 0},
    {"sector", 512, 512, 8, 45, 4, 20, 40, 0, 0, 0, 0, 0, 0, 0},
    {"block", 8192, 640, 8, 45, 3, 20, 40, 0, 0, 0, 0, 0, 0, 0},
    {"single", 4096, 512, 8, 100, 1, 0, 30, 0, 0, 0, 0, 0, 0, 0},
    {"same", 4096, 512, 8, 45, 1, 0, 0, 0, 1200, 0, 0, 0, 0, 0},
    {"large", 4096, 3072, 6, 50, 3, 10, 30, 40, 0, 0, 0, 0, 0, 0},
    {"collect", 4096, 512, 14, 60, 3, 30, 40, 0, 0, 40, 0, 0, 0, 0},
    {"tight", 4096, 460, 24, 60, 2, 30, 60, 0, 0, 60, 0, 0, 0, 0},
    {"steps", 4096, 576, 22, 70, 2, 30, 40, 0, 0, 90, 6, 2, 0, 0},
    {"expire", 4096, 512, 40, 60, 3, 30, 80, 0, 0, 30, 0, 2, 0, 6},
    {"grow", 4096, 460, 60, 60, 4, 20, 80, 0, 0, 0, 0, 0, 332, 8},
    {"long", 4096, 460, 120, 70, 2, 30, 60, 0, 0, 90, 6, 2, 0, 16},
    {"history", 4096, 1024, 110, 70, 3, 15, 5, 0, 0, 60, 0, 12, 0, 150},
    {NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
};

static const char *const branch_names[WORKLOAD_BRANCHES] = {"heads/main", "heads/a", "heads/b/c",
                                                            "heads/d"};
static const char *const tag_names[WORKLOAD_TAGS] = {"tags/v1", "tags/v2", "tags/w/v3", "tags/v4"};

static void path_of(unsigned key, char path[32])
{
    (void)snprintf(path, 32, key % 3 == 0 ? "k%u" : key % 3 == 1 ? "dir/k%u" : "dir/sub/k%u", key);
}

static size_t value_length(const struct workload *work, uint32_t number)
{
    uint64_t random = sim_mix(work->value_seed, number);
    uint32_t percent = sim_below(&random, 100);

    if (work->shape->fixed_bytes != 0)
        return work->shape->fixed_bytes;
    if (percent < work->shape->chunked_percent)
        return 66000 + sim_below(&random, 120000);
    if (percent < work->shape->chunked_percent + work->shape->object_percent)
        return 513 + sim_below(&random, 2500);
    return 8 + sim_below(&random, 505); /* no two are alike */
}

static struct bough_bytes value_bytes(const struct workload *work, uint32_t number,
                                      struct bough_arena *arena)
{
    uint64_t random = sim_mix(work->value_seed + 1, number);
    size_t len = value_length(work, number);
    uint8_t *bytes = sim_medium_take(arena, len + 8);

    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = sim_random(&random);

        memcpy(bytes + i, &word, 8);
    }
    return bough_bytes_of(bytes, len);
}

static void init(struct workload *work, struct bough_arena *arena)
{
    work->states = sim_medium_take(arena, WORKLOAD_STATES_MAX * sizeof(*work->states));
    work->acks = sim_medium_take(arena, ACKS_MAX * sizeof(*work->acks));
    memset(&work->states[0], 0, sizeof(work->states[0]));
    work->state_count = 1;
    work->acks[0] = (struct workload_ack){0};
    work->ack_count = 1;
}

void workload_init(struct workload *work, struct bough_arena *arena,
                   const struct workload_shape *shape, uint64_t seed)
{
    *work = (struct workload){.shape = shape, .value_seed = seed, .random = sim_mix(seed, 2)};
    init(work, arena);
}

void workload_init_after(struct workload *work, struct bough_arena *arena,
                         const struct workload *from, uint32_t state, uint64_t seed)
{
    *work = (struct workload){
        .shape = from->shape, .value_seed = from->value_seed, .random = sim_mix(seed, 3)};
    init(work, arena);
    assert(state < from->state_count);
    memcpy(work->states, from->states, (state + 1) * sizeof(*work->states));
    work->state_count = state + 1;
    for (uint32_t i = 0; i <= state; i++)
        work->states[i].begin_op = 0;
    work->acks[0].state = state;
}

struct bough_identity workload_identity(uint64_t seed)
{
    struct bough_identity identity = {.leaf_window_bytes = 512, .inner_window_bytes = 512};
    uint64_t random = sim_mix(seed, 1);

    for (unsigned i = 0; i < 16; i++) {
        identity.uuid[i] = (uint8_t)sim_random(&random);
        identity.salt[i] = (uint8_t)sim_random(&random);
    }
    return identity;
}

void workload_acknowledge(struct workload *work, const struct sim_device *dev)
{
    if (work->ack_count < ACKS_MAX)
        work->acks[work->ack_count++] =
            (struct workload_ack){.op = dev->op_count, .state = work->state_count - 1};
}

uint32_t workload_floor(const struct workload *work, size_t op_count)
{
    uint32_t state = 0;

    for (uint32_t i = 0; i < work->ack_count && work->acks[i].op <= op_count; i++)
        state = work->acks[i].state;
    return state;
}

uint32_t workload_ceiling(const struct workload *work, size_t op_count)
{
    uint32_t state = work->state_count - 1;

    while (state > 0 && work->states[state].begin_op > op_count)
        state--;
    return state;
}

/* ---- transactions ---- */

/* A value number that was never used before on this way: the seed of the way is part of it. */
static uint32_t new_value(struct workload *work)
{
    return (uint32_t)sim_random(&work->random) | 1u;
}

/* A new value for a key; or one that it had on the default branch before, and perhaps nowhere any
 * more, where that makes a difference. */
static uint32_t choose_value(struct workload *work, unsigned key, uint32_t now)
{
    uint32_t old;

    if (!work->shape->keeps || sim_below(&work->random, 3) != 0)
        return new_value(work);
    old = work->states[sim_below(&work->random, work->state_count)].branches[0].values[key];
    return old != 0 && old != now ? old : new_value(work);
}

static struct bough_ident ident(void)
{
    return (struct bough_ident){.name = bough_bytes_text("Sim"),
                                .email = bough_bytes_text("sim@example.org"),
                                .time_s = 1700000000};
}

/* Puts and deletes on one branch. */
static enum bough_err edit_branch(struct workload *work, struct bough_store *store,
                                  struct workload_state *next, struct bough_arena *arena)
{
    unsigned count = 1 + sim_below(&work->random, work->shape->edits_max);
    unsigned b = sim_below(&work->random, WORKLOAD_BRANCHES);
    struct bough_edit *edits = bough_arena_zeros(arena, count, sizeof(*edits));
    char(*paths)[32] = bough_arena_take(arena, count * sizeof(*paths));
    struct workload_branch *branch = &next->branches[next->branches[b].exists ? b : 0];
    struct bough_txn_result result;
    enum bough_err err = BOUGH_OK;
    unsigned first = sim_below(&work->random, WORKLOAD_KEYS);
    struct bough_txn txn = {
        .branch = bough_bytes_text(branch_names[branch - next->branches]),
        .edits = edits,
        .edit_count = count,
        .author = ident(),
        .message = bough_bytes_text("edit\n"),
    };

    if (work->shape->keeps) /* equal edits of equal branches are no equal commits */
        txn.author.time_s += sim_below(&work->random, 1u << 30);
    for (unsigned i = 0; i < count && err == BOUGH_OK; i++) {
        unsigned key = (first + i * 5) % WORKLOAD_KEYS;

        path_of(key, paths[i]);
        edits[i].path = bough_bytes_text(paths[i]);
        edits[i].entry.mode = BOUGH_MODE_FILE;
        edits[i].remove = branch->values[key] != 0 && sim_below(&work->random, 3) == 0;
        branch->values[key] = edits[i].remove ? 0 : choose_value(work, key, branch->values[key]);
        if (!edits[i].remove)
            err = bough_value_put(store, value_bytes(work, branch->values[key], arena), arena,
                                  &edits[i].entry.value);
    }
    if (err == BOUGH_OK)
        err = bough_txn_commit(store, &txn, arena, &result);
    branch->exists = true;
    if (err == BOUGH_OK)
        branch->head = result.commit.name;
    return err;
}

/* An annotated tag of a commit, or the commit itself. */
static enum bough_err tag_target(struct workload *work, struct bough_store *store,
                                 const struct bough_ref *head, struct bough_arena *arena,
                                 struct bough_ref *target)
{
    static const char text[] = "object 0\ntype commit\n\nnoted\n";
    struct bough_tag tag = {
        .target_kind = BOUGH_KIND_COMMIT, .target = head->link, .verbatim = bough_bytes_text(text)};

    *target = *head;
    if (sim_below(&work->random, 2) == 0)
        return BOUGH_OK;
    target->kind = BOUGH_KIND_TAG;
    return bough_tag_put(store, &tag, arena, &target->link);
}

/* Moves a tag to the head of `from`. */
static enum bough_err move_tag(struct workload *work, struct bough_store *store,
                               const struct bough_ref *head, struct workload_state *next,
                               struct bough_arena *arena, struct bough_ref_move *move)
{
    unsigned t = sim_below(&work->random, WORKLOAD_TAGS);

    move->name = bough_bytes_text(tag_names[t]);
    move->remove = next->tags[t].exists && sim_below(&work->random, 3) == 0;
    BOUGH_TRY(tag_target(work, store, head, arena, &move->next));
    next->tags[t].exists = !move->remove;
    next->tags[t].name = move->next.link.name;
    return BOUGH_OK;
}

/* Makes or deletes a branch, and moves a tag with it, at once. */
static enum bough_err move_refs(struct workload *work, struct bough_store *store,
                                struct workload_state *next, struct bough_arena *arena)
{
    unsigned b = 1 + sim_below(&work->random, WORKLOAD_BRANCHES - 1);
    struct workload_branch *branch = &next->branches[b];
    struct bough_ref_move moves[2] = {{.name = bough_bytes_text(branch_names[b])}};
    struct bough_ref head;
    size_t count = 2;

    BOUGH_TRY(bough_ref_get(store, bough_bytes_text(branch_names[0]), &head));
    if (branch->exists && sim_below(&work->random, 2) == 0) {
        moves[0].remove = true;
        memset(branch, 0, sizeof(*branch));
    } else {
        moves[0].next = head;
        *branch = next->branches[0];
    }
    if (sim_below(&work->random, 2) == 0)
        BOUGH_TRY(move_tag(work, store, &head, next, arena, &moves[1]));
    else
        count = 1;
    return bough_ref_move(store, moves, count, NULL);
}

static enum bough_err transact(struct workload *work, struct bough_store *store,
                               struct workload_state *next)
{
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, bough_store_env(store)->heap, ARENA_BYTES_MAX);
    if (next->branches[0].exists && sim_below(&work->random, 100) < work->shape->ref_percent)
        err = move_refs(work, store, next, &arena);
    else
        err = edit_branch(work, store, next, &arena);
    bough_arena_release(&arena);
    return err;
}

/* ---- a run ---- */

/* Whether an error is one that the device's faults, or its size, may cause. */
static bool is_explained(enum bough_err err, const struct sim_device *dev)
{
    if (err == BOUGH_FULL)
        return true;
    if (err == BOUGH_READ_ONLY) /* after a failed write; or because what went astray hit an index */
        return dev->write_failed || (dev->fault_count > 0 && dev->faults.fail_kinds == 0);
    return dev->fault_count > 0 && (err == BOUGH_IO || err == BOUGH_CORRUPT);
}

static const char *sync_now(struct workload *work, struct bough_store *store,
                            const struct sim_device *dev)
{
    bool failed_before = dev->write_failed;
    struct bough_store_info info;
    enum bough_err err;

    bough_store_info(store, &info);
    if (!info.unsynced)
        return NULL;
    err = bough_store_sync(store);
    bough_store_info(store, &info);
    if (err == BOUGH_OK && (failed_before || dev->write_failed))
        return "a sync succeeded after a write or flush had failed";
    if (err == BOUGH_OK && info.unsynced)
        return "a sync left something unsynced";
    if (err != BOUGH_OK && !info.read_only)
        return "a sync failed and the store is not read-only";
    if (err == BOUGH_FULL)
        return "a sync failed for want of room that its transactions had been promised";
    if (err != BOUGH_OK && !is_explained(err, dev))
        return "a sync failed for no reason";
    work->refused_count += err != BOUGH_OK;
    work->synced_count += err == BOUGH_OK;
    if (err == BOUGH_OK)
        workload_acknowledge(work, dev);
    return NULL;
}

/* Notes that the root has moved, perhaps several times, and what the refs lead to has not. */
static void note_moves(struct workload *work, const struct bough_store *store, size_t begin_op)
{
    struct bough_store_info info;

    bough_store_info(store, &info);
    while (work->state_count < WORKLOAD_STATES_MAX &&
           work->states[work->state_count - 1].generation < info.generation) {
        struct workload_state *next = &work->states[work->state_count++];

        *next = next[-1];
        next->generation++;
        next->begin_op = begin_op;
    }
}

/* Goes on with a collection, or begins one, and now and then gives it up. */
static enum bough_err collect_some(struct workload *work, struct bough_store *store)
{
    unsigned steps = 1 + sim_below(&work->random, work->shape->collect_steps);

    if (sim_below(&work->random, 8) == 0)
        bough_collect_cancel(store);
    for (; steps > 0; steps--) {
        struct bough_collect_progress progress;

        BOUGH_TRY(bough_collect_step(store, STEP_OBJECTS, STEP_BYTES, &progress));
        if (progress.phase == BOUGH_COLLECT_NONE)
            return BOUGH_OK;
        if (progress.swept) { /* much may be written before the collection goes on */
            work->pause = sim_below(&work->random, 2) * sim_below(&work->random, 40);
            return BOUGH_OK;
        }
    }
    return BOUGH_OK;
}

/* Collects garbage after some of the syncs; nothing may change but where things are, and the log of
 * refs and the horizon, which are no part of a state here: they move the root. */
static const char *collect_now(struct workload *work, struct bough_store *store,
                               const struct sim_device *dev)
{
    size_t begin_op = dev->op_count;
    enum bough_err err;

    if (work->pause > 0)
        work->pause--;
    if (work->pause > 0 || sim_below(&work->random, 100) >= work->shape->collect_percent)
        return NULL;
    err = work->shape->collect_steps > 0 ? collect_some(work, store) : bough_collect_run(store);
    note_moves(work, store, begin_op);
    if (err != BOUGH_OK && !is_explained(err, dev))
        return "a collection failed for no reason";
    return NULL;
}

/* Where history expires, what is found by name must be whole at any time, now and then looked at.
 */
static const char *names_now(struct workload *work, struct bough_store *store,
                             const struct sim_device *dev)
{
    const char *wrong;

    if (!work->shape->keeps || dev->fault_count > 0 || sim_below(&work->random, 4) != 0)
        return NULL;
    wrong = workload_compare_names(work, store, work->state_count - 1);
    return dev->fault_count == 0 ? wrong : NULL;
}

/* Says how little of the past is kept, in a store that is new. */
static const char *set_policies(struct workload *work, struct bough_store *store,
                                const struct sim_device *dev)
{
    const struct bough_retention last = {.pattern = bough_bytes_text("heads/*"),
                                         .commits = work->shape->keeps};
    const struct bough_ref_log_window window = {.moves = 2};
    size_t begin_op = dev->op_count;
    enum bough_err err = BOUGH_OK;

    if (!work->shape->keeps || work->states[work->state_count - 1].generation > 0)
        return NULL;
    err = bough_retention_set(store, &last, 1);
    if (err == BOUGH_OK)
        err = bough_ref_log_window_set(store, &window);
    note_moves(work, store, begin_op);
    return err == BOUGH_OK || is_explained(err, dev) ? NULL : "policies cannot be set";
}

const char *workload_run(struct workload *work, struct bough_store *store,
                         const struct sim_device *dev, unsigned txn_count)
{
    bool full = false;
    const char *wrong = set_policies(work, store, dev);

    if (wrong != NULL)
        return wrong;
    for (unsigned i = 0; i < txn_count && work->state_count < WORKLOAD_STATES_MAX; i++) {
        struct workload_state *next = &work->states[work->state_count];
        struct bough_store_info info;
        enum bough_err err;

        *next = work->states[work->state_count - 1];
        next->begin_op = dev->op_count;
        err = transact(work, store, next);
        bough_store_info(store, &info);
        if (err != BOUGH_OK) {
            work->refused_count++;
            full = full || err == BOUGH_FULL;
            if (!is_explained(err, dev) && !(err == BOUGH_READ_ONLY && full))
                return bough_err_name(err);
            if (dev->write_failed && !info.read_only)
                return "a write failed and the store is not read-only";
            if (info.generation != work->states[work->state_count - 1].generation)
                return "a transaction failed and moved the root";
            continue;
        }
        next->generation = info.generation;
        work->settled_count = info.settled_count;
        if (next->generation <= work->states[work->state_count - 1].generation)
            return "a transaction did not move the root";
        work->state_count++;
        if (sim_below(&work->random, 100) < work->shape->sync_percent &&
            ((wrong = sync_now(work, store, dev)) != NULL ||
             (wrong = collect_now(work, store, dev)) != NULL ||
             (wrong = names_now(work, store, dev)) != NULL))
            return wrong;
    }
    return NULL;
}

/* ---- comparing ---- */

static bool is_damage(enum bough_err err, const unsigned *damaged)
{
    return damaged != NULL && (err == BOUGH_CORRUPT || err == BOUGH_IO || err == BOUGH_NOT_FOUND);
}

/* One key of a branch. */
static const char *compare_key(const struct workload *work, struct bough_store *store,
                               const struct bough_tree *tree, unsigned key, uint32_t number,
                               unsigned *damaged, struct bough_arena *arena)
{
    struct bough_entry entry;
    struct bough_bytes bytes;
    struct bough_bytes expected;
    char path[32];
    enum bough_err err;

    path_of(key, path);
    err = bough_tree_find(store, tree, bough_bytes_text(path), arena, &entry);
    if (err == BOUGH_OK && number == 0)
        return "a key is there that should not be";
    if (err == BOUGH_NOT_FOUND)
        return number == 0 ? NULL : "a key is missing";
    if (err == BOUGH_OK)
        err = bough_value_get(store, &entry.value, VALUE_BYTES_MAX, arena, &bytes);
    if (err != BOUGH_OK && is_damage(err, damaged)) {
        (*damaged)++;
        return NULL;
    }
    if (err != BOUGH_OK)
        return "a key cannot be read";
    expected = value_bytes(work, number, arena);
    return bough_bytes_equal(bytes, expected) ? NULL : "a value has wrong bytes";
}

static const char *compare_branch(const struct workload *work, struct bough_store *store,
                                  const struct workload_branch *branch, const struct bough_ref *ref,
                                  unsigned *damaged, struct bough_arena *arena)
{
    struct bough_commit commit;
    enum bough_err err;
    uint64_t keys = 0;
    const char *wrong = NULL;

    if (ref->kind != BOUGH_KIND_COMMIT || !bough_hash_equal(&ref->link.name, &branch->head))
        return "a branch has the wrong head";
    err = bough_commit_get(store, &ref->link, arena, &commit);
    if (err != BOUGH_OK && is_damage(err, damaged)) {
        (*damaged)++;
        return NULL;
    }
    if (err != BOUGH_OK)
        return "a commit cannot be read";
    for (unsigned key = 0; key < WORKLOAD_KEYS && wrong == NULL; key++) {
        struct bough_arena_mark mark = bough_arena_now(arena);

        keys += branch->values[key] != 0;
        wrong = compare_key(work, store, &commit.tree, key, branch->values[key], damaged, arena);
        bough_arena_back(arena, mark);
    }
    if (wrong == NULL && keys != commit.tree.key_count)
        wrong = "a branch has a wrong number of keys";
    return wrong;
}

/* A ref by its name: 0 = as expected but for its contents, else what is wrong. */
static const char *compare_ref(const struct workload *work, struct bough_store *store,
                               const struct workload_state *state, unsigned i, unsigned *damaged,
                               struct bough_arena *arena)
{
    bool is_tag = i >= WORKLOAD_BRANCHES;
    const struct workload_tag *tag = &state->tags[is_tag ? i - WORKLOAD_BRANCHES : 0];
    bool exists = is_tag ? tag->exists : state->branches[i].exists;
    const char *name = is_tag ? tag_names[i - WORKLOAD_BRANCHES] : branch_names[i];
    struct bough_ref ref;
    enum bough_err err = bough_ref_get(store, bough_bytes_text(name), &ref);

    if (err == BOUGH_CORRUPT || err == BOUGH_IO) {
        if (!is_damage(err, damaged))
            return "a ref cannot be read";
        (*damaged)++;
        return NULL;
    }
    if ((err == BOUGH_OK) != exists)
        return exists ? "a ref is missing" : "a ref is there that should not be";
    if (!exists)
        return NULL;
    if (is_tag)
        return bough_hash_equal(&ref.link.name, &tag->name) ? NULL : "a tag names something else";
    return compare_branch(work, store, &state->branches[i], &ref, damaged, arena);
}

const char *workload_compare(const struct workload *work, struct bough_store *store,
                             const struct workload_state *state, unsigned *damaged)
{
    struct bough_arena arena;
    const char *wrong = NULL;

    bough_arena_init(&arena, bough_store_env(store)->heap, ARENA_BYTES_MAX);
    for (unsigned i = 0; i < WORKLOAD_BRANCHES + WORKLOAD_TAGS && wrong == NULL; i++)
        wrong = compare_ref(work, store, state, i, damaged, &arena);
    bough_arena_release(&arena);
    return wrong;
}

/* Whether all keys of a commit can be read. */
static const char *compare_whole(struct bough_store *store, const struct bough_link *link)
{
    struct bough_arena arena;
    struct bough_commit commit;
    struct bough_tree_walk walk;
    struct bough_bytes bytes;
    struct bough_entry entry;
    enum bough_err err;

    bough_arena_init(&arena, bough_store_env(store)->heap, ARENA_BYTES_MAX);
    err = bough_commit_get(store, link, &arena, &commit);
    if (err == BOUGH_OK)
        err = bough_tree_walk_open(&walk, store, &commit.tree, (struct bough_bytes){0},
                                   (struct bough_bytes){0}, &arena);
    while (err == BOUGH_OK) {
        err = bough_tree_walk_next(&walk, &bytes, &entry);
        if (err == BOUGH_OK)
            err = bough_value_get(store, &entry.value, VALUE_BYTES_MAX, &arena, &bytes) == BOUGH_OK
                      ? BOUGH_OK
                      : BOUGH_CORRUPT;
    }
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? NULL : "a commit is found by its name, and half of it is gone";
}

/* Whether a state up to this one has the commit as the head of some branch: two branches that
 * change alike come to the same commit. */
static bool was_head(const struct workload *work, uint32_t state, const struct bough_hash *head)
{
    for (uint32_t i = 0; i <= state; i++) {
        for (unsigned b = 0; b < WORKLOAD_BRANCHES; b++)
            if (bough_hash_equal(head, &work->states[i].branches[b].head))
                return true;
    }
    return false;
}

const char *workload_compare_names(const struct workload *work, struct bough_store *store,
                                   uint32_t state)
{
    for (uint32_t i = 0; i < work->state_count; i++) {
        const struct bough_hash *head = &work->states[i].branches[0].head;
        const struct bough_hash *kept = &work->states[state].branches[0].head;
        struct bough_link link;
        bool first = i == 0 || !bough_hash_equal(head, &work->states[i - 1].branches[0].head);
        enum bough_err err;

        if (bough_hash_is_none(head) || !first || bough_hash_equal(head, kept))
            continue;
        err = bough_store_find(store, head, &link);
        if (work->shape->keeps && i <= state) {
            const char *wrong = err == BOUGH_OK          ? compare_whole(store, &link)
                                : err == BOUGH_NOT_FOUND ? NULL
                                                         : "a name cannot be looked up";

            if (wrong != NULL)
                return wrong;
            continue;
        }
        if (i <= state && err != BOUGH_OK)
            return "an earlier commit is not found by its name";
        if (i > state && err != BOUGH_NOT_FOUND && !was_head(work, state, head))
            return "a commit that is not part of the state is found by its name";
    }
    return NULL;
}
