/* SPDX-License-Identifier: ISC
 *
 * repair.c - objects that cannot be read any more, taken from another store by name.
 *
 * Owns two maps, of what can be read here and of where everything is there, and the list of what is
 * damaged, by name and place. (1) What is in `good` was read here, or was
 * put; every object is put after all that it leads to is in it, or is a commit that the backend
 * finds by name. (2) Contents never change: an object is put only with the bytes that its name
 * names. It goes in rounds: behind a mended commit more damage may come to light.
 * Where the other store keeps an object follows from the way that leads to it here; only what is
 * not found so is looked for among everything that the other store has, once.
 */
#include "bough/repair.h"
#include "backup_map.h"
#include "backup_walk.h"
#include "bough/limits.h"
#include "object_links.h"
#include "repair_find.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define ROUNDS_MAX      64u

/* Damaged objects whose ways are remembered, 32 bytes for each object on them. */
#define WAYS_MAX 65536u

struct waiting {
    struct waiting *next;
    struct waiting *same; /* the same object in another place */
    bool mended;
    bool looked_for;
    struct bough_link link;
    const struct bough_hash *way; /* what leads to it, from a commit or tag on */
    size_t way_count;
};

struct repair {
    struct bough_store *store;
    struct bough_store *from;
    struct bough_repair_report *report;
    struct backup_map good;
    struct backup_map there;
    struct bough_arena arena;   /* of the list */
    struct bough_arena scratch; /* of one object */
    struct name_set bad;        /* everything that was damaged, each with its number */
    struct waiting **places;    /* by the number, less 1 */
    uint32_t name_count;
    const struct backup_walk *surveying;
    struct waiting *waiting; /* what of it is not mended, and some that is by now */
    uint64_t round_count;    /* damaged objects met in this round */
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

/* The damaged places of an object, the newest first; NULL when there are none. */
static struct waiting *places_of(struct repair *repair, const struct bough_hash *name)
{
    uint32_t *number = name_set_find(&repair->bad, name);

    return number == NULL || *number == 0 ? NULL : repair->places[*number - 1];
}

/* Remembers what leads to a damaged object, as long as these are few. */
static enum bough_err keep_way(struct repair *repair, struct waiting *waiting)
{
    size_t count = backup_walk_way(repair->surveying, NULL, 0);
    struct bough_hash *way;

    waiting->looked_for = repair->report->damaged_count >= WAYS_MAX;
    if (waiting->looked_for)
        return BOUGH_OK;
    way = bough_arena_zeros(&repair->arena, count, sizeof(*way));
    if (way == NULL)
        return BOUGH_NO_MEMORY;
    waiting->way = way;
    waiting->way_count = backup_walk_way(repair->surveying, way, count);
    assert(waiting->way_count == count);
    return BOUGH_OK;
}

/* Remembers a damaged place. */
static enum bough_err add_place(struct repair *repair, const struct bough_link *link)
{
    struct waiting *waiting = bough_arena_take(&repair->arena, sizeof(*waiting));
    uint32_t *number;
    bool is_new;

    if (waiting == NULL)
        return BOUGH_NO_MEMORY;
    BOUGH_TRY(name_set_add(&repair->bad, &link->name, &number, &is_new));
    if (is_new)
        *number = ++repair->name_count;
    assert(repair->name_count <= BOUGH_REPAIR_OBJECTS_MAX);
    *waiting = (struct waiting){
        .next = repair->waiting,
        .same = is_new ? NULL : repair->places[*number - 1],
        .link = *link,
    };
    BOUGH_TRY(keep_way(repair, waiting));
    repair->places[*number - 1] = waiting;
    repair->waiting = waiting;
    repair->report->damaged_count++;
    return BOUGH_OK;
}

static enum bough_err note_fault(void *context, const struct bough_link *link, enum bough_err err)
{
    struct repair *repair = context;

    (void)err;
    repair->round_count++;
    for (const struct waiting *at = places_of(repair, &link->name); at != NULL; at = at->same)
        if (at->link.address == link->address) /* met in an earlier round, and not to be mended */
            return BOUGH_OK;
    return repair->report->damaged_count == BOUGH_REPAIR_OBJECTS_MAX ? BOUGH_TOO_BIG
                                                                     : add_place(repair, link);
}

/* Whether an object is damaged somewhere, and not mended there. */
static bool is_damaged(struct repair *repair, const struct bough_hash *name)
{
    for (const struct waiting *at = places_of(repair, name); at != NULL; at = at->same)
        if (!at->mended)
            return true;
    return false;
}

/* Puts an object anew for each place in which it is damaged; *put is the last one. */
static enum bough_err replace(struct repair *repair, const struct bough_hash *name,
                              const struct bough_object *object, struct bough_place *put)
{
    struct bough_backend *backend = repair->store->backend;

    for (struct waiting *at = places_of(repair, name); at != NULL; at = at->same) {
        if (at->mended)
            continue;
        BOUGH_TRY(backend->ops->replace(backend, &at->link, object, put));
        at->mended = true;
        repair->round_mended++;
        repair->report->mended_count++;
    }
    return BOUGH_OK;
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

/* Whether nothing of an object is needed: it is good here, and what it leads to has been read from
 * here, so that what of that is damaged is known by its own name. */
static bool needs_nothing(void *context, const struct bough_link *link)
{
    struct repair *repair = context;
    uint64_t address;

    return !is_damaged(repair, &link->name) &&
           backup_map_find(&repair->good, &link->name, &address);
}

/* Whether a commit that another leads to is here, or can be found. */
static bool is_here(struct repair *repair, const struct bough_hash *name)
{
    uint64_t address;

    return !is_damaged(repair, name) && address_of(repair, name, &address) == BOUGH_OK;
}

static enum bough_err adopt_commit(struct repair *repair, struct backup_walk *walk,
                                   const struct bough_link *link);

static enum bough_err adopt(void *context, const struct bough_link *link,
                            const struct bough_object *object);

/* Where the first commit that an object of the other store leads to is there, if it is not here;
 * *link is none if all are. */
static enum bough_err find_missing(struct repair *repair, const struct bough_object *object,
                                   struct bough_link *link)
{
    struct object_links_item *items = NULL;
    uint32_t count;

    *link = (struct bough_link){0};
    BOUGH_TRY(object_links(object->kind, object->bytes, &repair->scratch, &items, &count));
    for (uint32_t i = 0; i < count && i < object->address_count; i++) {
        if (items[i].kind != BOUGH_KIND_COMMIT || bough_hash_is_none(&items[i].name) ||
            is_here(repair, &items[i].name))
            continue;
        *link = (struct bough_link){.name = items[i].name, .address = object->addresses[i]};
        break;
    }
    bough_arena_release(&repair->scratch);
    return BOUGH_OK;
}

/* Commits that a tag or the state leads to come before it; no walk that finds the one visits the
 * others. */
static enum bough_err adopt_targets(struct repair *repair, const struct bough_object *object)
{
    struct bough_link link;

    if (object->kind == BOUGH_KIND_COMMIT)
        return BOUGH_OK;
    BOUGH_TRY(find_missing(repair, object, &link));
    while (!bough_hash_is_none(&link.name)) {
        struct backup_walk walk = {.store = repair->from,
                                   .visit = adopt,
                                   .skip = needs_nothing,
                                   .context = repair,
                                   .reads_values = true};
        enum bough_err err = backup_walk_init(&walk);

        if (err == BOUGH_OK)
            err = adopt_commit(repair, &walk, &link);
        backup_walk_release(&walk);
        if (err == BOUGH_OK)
            err = find_missing(repair, object, &link);
        if (err != BOUGH_OK)
            return err;
    }
    return BOUGH_OK;
}

/* Puts an object of the other store here, unless it is good; all that it leads to is. */
static enum bough_err adopt(void *context, const struct bough_link *link,
                            const struct bough_object *object)
{
    struct repair *repair = context;
    struct bough_backend *backend = repair->store->backend;
    bool damaged = is_damaged(repair, &link->name);
    struct bough_object copy = *object;
    struct bough_link put = {.name = link->name};
    struct object_links_item *items = NULL;
    struct bough_place place;
    uint64_t *addresses;
    uint32_t count;

    if (!damaged && backup_map_find(&repair->good, &link->name, &put.address))
        return BOUGH_OK;
    BOUGH_TRY(adopt_targets(repair, object));
    BOUGH_TRY(object_links(copy.kind, copy.bytes, &repair->scratch, &items, &count));
    addresses = bough_arena_zeros(&repair->scratch, count, sizeof(*addresses));
    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        BOUGH_TRY(address_of(repair, &items[i].name, &addresses[i]));
    assert(!bough_hash_is_none(&put.name) && put.address == 0);
    copy.addresses = addresses;
    copy.address_count = count;
    if (damaged) {
        BOUGH_TRY(replace(repair, &put.name, &copy, &place));
    } else {
        BOUGH_TRY(bough_backend_put(backend, &put.name, &copy, &place));
        repair->report->copied_count++;
    }
    put.address = place.address;
    bough_arena_release(&repair->scratch);
    return backup_map_add(&repair->good, &put);
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
                               .reads_values = true,
                               .by_place = true};
    enum bough_err err = backup_walk_init(&walk);

    repair->round_count = 0;
    repair->round_mended = 0;
    repair->surveying = &walk;
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

/* Learns where that is there to which a way leads. */
static enum bough_err look_for_all(struct repair *repair)
{
    for (struct waiting *at = repair->waiting; at != NULL; at = at->next) {
        struct bough_link link;
        enum bough_err err;

        if (at->looked_for)
            continue;
        err = repair_find(repair->from, at->way, at->way_count, &at->link.name, &link);
        if (err == BOUGH_OK)
            err = backup_map_add(&repair->there, &link);
        if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
            return err;
        at->looked_for = true;
    }
    return BOUGH_OK;
}

/* One round: mends what the survey has found. */
static enum bough_err mend_all(struct repair *repair)
{
    struct backup_walk walk = {.store = repair->from,
                               .visit = adopt,
                               .skip = needs_nothing,
                               .context = repair,
                               .reads_values = true};
    enum bough_err err = backup_walk_init(&walk);

    for (struct waiting *at = repair->waiting; at != NULL && err == BOUGH_OK; at = at->next) {
        if (!is_damaged(repair, &at->link.name))
            continue;
        err = mend(repair, &walk, &at->link);
        if (err != BOUGH_CORRUPT && err != BOUGH_NOT_FOUND)
            continue;
        err = BOUGH_OK; /* damaged there, too, or something that it leads to is */
        bough_arena_release(&repair->scratch);
        bough_arena_release(&walk.arena);
    }
    backup_walk_release(&walk);
    return err;
}

static enum bough_err run(struct repair *repair)
{
    bool surveyed_there = false;

    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        BOUGH_TRY(survey(repair));
        if (repair->round_count == 0)
            return BOUGH_OK;
        BOUGH_TRY(look_for_all(repair));
        BOUGH_TRY(mend_all(repair));
        if (repair->round_mended == 0 && !surveyed_there) {
            BOUGH_TRY(survey_there(repair));
            surveyed_there = true;
            BOUGH_TRY(mend_all(repair));
        }
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
    name_set_init(&repair.bad, store->env->heap, BOUGH_BACKUP_BYTES_MAX);
    bough_arena_init(&repair.arena, store->env->heap, ARENA_BYTES_MAX);
    bough_arena_init(&repair.scratch, store->env->heap, ARENA_BYTES_MAX);
    repair.places =
        bough_heap_take(store->env->heap, BOUGH_REPAIR_OBJECTS_MAX * sizeof(*repair.places));
    bough_backend_hold(store->backend, true);
    err = repair.places == NULL ? BOUGH_NO_MEMORY : run(&repair);
    if (err == BOUGH_OK && report->mended_count > 0)
        err = bough_backend_root_move(store->backend, store->generation, &store->state.root);
    if (err == BOUGH_OK && report->mended_count > 0) {
        store->generation++;
        store->unsynced = true;
    }
    bough_backend_hold(store->backend, false);
    bough_arena_release(&repair.scratch);
    bough_arena_release(&repair.arena);
    bough_heap_give(store->env->heap, repair.places,
                    BOUGH_REPAIR_OBJECTS_MAX * sizeof(*repair.places));
    name_set_release(&repair.bad);
    backup_map_release(&repair.there);
    backup_map_release(&repair.good);
    return err;
}
