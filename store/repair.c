/* SPDX-License-Identifier: ISC
 *
 * repair.c - objects that cannot be read any more, taken from another store by name.
 *
 * Owns three maps, of what can be read here, of where everything is there, and of where what is
 * damaged stands here, and the names of the latter. (1) What is in `good` was read here, or was
 * put; every object is put after all that it leads to is in it, or is a commit that the backend
 * finds by name. (2) Contents never change: an object is put only with the bytes that its name
 * names. It goes in rounds: behind a mended commit more damage may come to light.
 */
#include "bough/repair.h"
#include "backup_map.h"
#include "backup_walk.h"
#include "bough/limits.h"
#include "object_links.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define ROUNDS_MAX      64u

/* What `bad` says of a name. */
enum repair_mark { MARK_DAMAGED = 1, MARK_MENDED = 2 };

struct waiting {
    struct waiting *next;
    struct bough_link link;
};

struct repair {
    struct bough_store *store;
    struct bough_store *from;
    struct bough_repair_report *report;
    struct backup_map good;
    struct backup_map there;
    struct backup_map bad_at;   /* where what is damaged stands here */
    struct bough_arena arena;   /* of the list */
    struct bough_arena scratch; /* of one object */
    struct name_set bad;        /* everything that was damaged */
    struct waiting *waiting;    /* what of it is not mended, and some that is by now */
    uint64_t round_count;       /* damaged objects met in this round */
    uint64_t round_mended;
};

static enum bough_err note_good(void *context, const struct bough_link *link,
                                const struct bough_object *object)
{
    (void)object;
    return backup_map_add(&((struct repair *)context)->good, link);
}

static enum bough_err note_there(void *context, const struct bough_link *link,
                                 const struct bough_object *object)
{
    (void)object;
    return backup_map_add(&((struct repair *)context)->there, link);
}

static enum bough_err note_fault(void *context, const struct bough_link *link, enum bough_err err)
{
    struct repair *repair = context;
    struct waiting *waiting;
    uint32_t *mark;
    bool is_new;

    (void)err;
    repair->round_count++;
    BOUGH_TRY(name_set_add(&repair->bad, &link->name, &mark, &is_new));
    if (!is_new) /* met in an earlier round, and not to be mended */
        return BOUGH_OK;
    if (repair->report->damaged_count == BOUGH_REPAIR_OBJECTS_MAX)
        return BOUGH_TOO_BIG;
    BOUGH_TRY(backup_map_add(&repair->bad_at, link));
    waiting = bough_arena_take(&repair->arena, sizeof(*waiting));
    if (waiting == NULL)
        return BOUGH_NO_MEMORY;
    *mark = MARK_DAMAGED;
    *waiting = (struct waiting){.next = repair->waiting, .link = *link};
    repair->waiting = waiting;
    repair->report->damaged_count++;
    return BOUGH_OK;
}

/* The mark of an object that is damaged and not mended, or NULL. */
static uint32_t *find_damaged(struct repair *repair, const struct bough_hash *name)
{
    uint32_t *mark = name_set_find(&repair->bad, name);

    return mark != NULL && *mark == MARK_DAMAGED ? mark : NULL;
}

/* Where an object that another leads to is, here. */
static enum bough_err address_of(struct repair *repair, const struct bough_hash *name,
                                 uint64_t *address)
{
    *address = 0;
    if (bough_hash_is_none(name) || backup_map_find(&repair->good, name, address))
        return BOUGH_OK;
    return bough_backend_find(repair->store->backend, name, address);
}

/* Puts an object of the other store here, unless it is good; all that it leads to is. */
static enum bough_err adopt(void *context, const struct bough_link *link,
                            const struct bough_object *object)
{
    struct repair *repair = context;
    struct bough_backend *backend = repair->store->backend;
    uint32_t *damaged = find_damaged(repair, &link->name);
    struct bough_object copy = *object;
    struct bough_link put = {.name = link->name};
    struct object_links_item *items = NULL;
    struct bough_place place;
    uint64_t *addresses;
    uint32_t count;

    if (damaged == NULL && backup_map_find(&repair->good, &link->name, &put.address))
        return BOUGH_OK;
    BOUGH_TRY(object_links(copy.kind, copy.bytes, &repair->scratch, &items, &count));
    addresses = bough_arena_zeros(&repair->scratch, count, sizeof(*addresses));
    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        BOUGH_TRY(address_of(repair, &items[i].name, &addresses[i]));
    assert(!bough_hash_is_none(&put.name) && put.address == 0);
    copy.addresses = addresses;
    copy.address_count = count;
    if (damaged != NULL) {
        struct bough_link here = put;

        (void)backup_map_find(&repair->bad_at, &here.name, &here.address);
        BOUGH_TRY(backend->ops->replace(backend, &here, &copy, &place));
        *damaged = MARK_MENDED;
        repair->round_mended++;
        repair->report->mended_count++;
    } else {
        BOUGH_TRY(bough_backend_put(backend, &put.name, &copy, &place));
        repair->report->copied_count++;
    }
    put.address = place.address;
    bough_arena_release(&repair->scratch);
    return backup_map_add(&repair->good, &put);
}

/* Whether a commit that another leads to is here, or can be found. */
static bool is_here(struct repair *repair, const struct bough_hash *name)
{
    uint64_t address;

    return find_damaged(repair, name) == NULL && address_of(repair, name, &address) == BOUGH_OK;
}

/* A commit with its tree, and before it those of its ancestors that are not here either. */
static enum bough_err adopt_commit(struct repair *repair, struct backup_walk *walk,
                                   const struct bough_link *link)
{
    struct bough_arena arena;
    struct waiting *stack; /* those that wait for their parents, the last one on top */
    enum bough_err err = BOUGH_OK;

    bough_arena_init(&arena, repair->store->env->heap, ARENA_BYTES_MAX);
    stack = bough_arena_zeros(&arena, 1, sizeof(*stack));
    if (stack != NULL)
        stack->link = *link;
    else
        err = BOUGH_NO_MEMORY;
    assert(err != BOUGH_OK || stack->next == NULL);
    while (err == BOUGH_OK && stack != NULL) {
        struct bough_commit commit;
        struct bough_object object;
        uint32_t at = 0;

        err = bough_commit_get(repair->from, &stack->link, &arena, &commit);
        if (err != BOUGH_OK)
            break;
        while (at < commit.parent_count && is_here(repair, &commit.parents[at].name))
            at++;
        if (at < commit.parent_count) {
            struct waiting *cell = bough_arena_zeros(&arena, 1, sizeof(*cell));

            if (cell == NULL) {
                err = BOUGH_NO_MEMORY;
                break;
            }
            cell->link = commit.parents[at];
            cell->next = stack;
            stack = cell;
            continue;
        }
        err = backup_walk_tree(walk, &stack->link);
        if (err == BOUGH_OK)
            err = object_read(repair->from, &stack->link, &arena, &object);
        if (err == BOUGH_OK)
            err = adopt(repair, &stack->link, &object);
        stack = stack->next;
    }
    bough_arena_release(&arena);
    return err;
}

/* Mends one object, if the other store has it. */
static enum bough_err mend(struct repair *repair, struct backup_walk *walk,
                           const struct bough_link *link)
{
    struct bough_link source = {.name = link->name};
    struct bough_arena arena;
    struct bough_object object;
    enum bough_kind kind = 0;
    enum bough_err err;

    if (!backup_map_find(&repair->there, &source.name, &source.address))
        return BOUGH_OK;
    bough_arena_init(&arena, repair->store->env->heap, ARENA_BYTES_MAX);
    err = object_read(repair->from, &source, &arena, &object);
    if (err == BOUGH_OK)
        kind = object.kind;
    bough_arena_release(&arena);
    if (err != BOUGH_OK)
        return err;
    return kind == BOUGH_KIND_COMMIT ? adopt_commit(repair, walk, &source)
                                     : backup_walk_below(walk, &source, 0);
}

/* Visits the state's own nodes, which another store has only if it is a copy of this one, and what
 * they lead to; unless there are faults among the former: then nothing more can be listed. */
static enum bough_err walk_everything(struct backup_walk *walk, const uint64_t *fault_count)
{
    const struct bough_link *root = &walk->store->state.root;

    if (!bough_hash_is_none(&root->name))
        BOUGH_TRY(backup_walk_below(walk, root, BOUGH_KIND_NODE));
    return *fault_count == 0 ? backup_walk_all(walk) : BOUGH_OK;
}

/* Finds what is damaged. */
static enum bough_err survey(struct repair *repair)
{
    struct backup_walk walk = {.store = repair->store,
                               .visit = note_good,
                               .fault = note_fault,
                               .context = repair,
                               .reads_values = true};
    enum bough_err err = backup_walk_init(&walk);

    repair->round_count = 0;
    repair->round_mended = 0;
    if (err == BOUGH_OK)
        err = walk_everything(&walk, &repair->round_count);
    backup_walk_release(&walk);
    return err;
}

/* Learns where everything is there; what is damaged there is of no use. */
static enum bough_err ignore_fault(void *context, const struct bough_link *link, enum bough_err err)
{
    (void)context;
    (void)link;
    (void)err;
    return BOUGH_OK;
}

static enum bough_err survey_there(struct repair *repair)
{
    struct backup_walk walk = {
        .store = repair->from, .visit = note_there, .fault = ignore_fault, .context = repair};
    enum bough_err err = backup_walk_init(&walk);

    uint64_t no_faults = 0;

    if (err == BOUGH_OK)
        err = walk_everything(&walk, &no_faults);
    backup_walk_release(&walk);
    return err;
}

/* One round: mends what the survey has found. */
static enum bough_err mend_all(struct repair *repair)
{
    struct backup_walk walk = {
        .store = repair->from, .visit = adopt, .context = repair, .reads_values = true};
    enum bough_err err = backup_walk_init(&walk);

    for (struct waiting *at = repair->waiting; at != NULL && err == BOUGH_OK; at = at->next)
        if (find_damaged(repair, &at->link.name) != NULL)
            err = mend(repair, &walk, &at->link);
    backup_walk_release(&walk);
    return err;
}

static enum bough_err run(struct repair *repair)
{
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        BOUGH_TRY(survey(repair));
        if (repair->round_count == 0)
            return BOUGH_OK;
        if (round == 0)
            BOUGH_TRY(survey_there(repair));
        BOUGH_TRY(mend_all(repair));
        if (repair->round_mended == 0)
            return BOUGH_OK; /* what is left is not there */
    }
    return BOUGH_OK;
}

enum bough_err bough_repair(struct bough_store *store, struct bough_store *from,
                            struct bough_repair_report *report)
{
    struct repair repair = {.store = store, .from = from, .report = report};
    enum bough_err err;

    *report = (struct bough_repair_report){0};
    if (store->backend->ops->replace == NULL)
        return BOUGH_UNSUPPORTED;
    if (store->backend->read_only)
        return BOUGH_READ_ONLY;
    assert(store != from);
    backup_map_init(&repair.good, store->env->heap);
    backup_map_init(&repair.there, store->env->heap);
    backup_map_init(&repair.bad_at, store->env->heap);
    name_set_init(&repair.bad, store->env->heap, BOUGH_BACKUP_BYTES_MAX);
    bough_arena_init(&repair.arena, store->env->heap, ARENA_BYTES_MAX);
    bough_arena_init(&repair.scratch, store->env->heap, ARENA_BYTES_MAX);
    bough_backend_hold(store->backend, true);
    err = run(&repair);
    if (err == BOUGH_OK && report->mended_count > 0)
        err = bough_backend_root_move(store->backend, store->generation, &store->state.root);
    if (err == BOUGH_OK && report->mended_count > 0) {
        store->generation++;
        store->unsynced = true;
    }
    bough_backend_hold(store->backend, false);
    bough_arena_release(&repair.scratch);
    bough_arena_release(&repair.arena);
    name_set_release(&repair.bad);
    backup_map_release(&repair.bad_at);
    backup_map_release(&repair.there);
    backup_map_release(&repair.good);
    return err;
}
