/* SPDX-License-Identifier: ISC
 *
 * collect.c - what still lives: everything that the state tree leads to.
 *
 * First the log of refs is cut to its window; then a depth-first walk with a stack of its own, in
 * steps.  Writing goes on between them.
 *   (1) An object is marked when it is pushed; so it is read at most once.
 *   (2) What branches show now is looked at before history, so that what is part of both counts as
 *       newest: the backend keeps that quick to read.
 *   (3) When the stack is empty, everything that the state of `generation` leads to is marked.
 * The moment that matters is in mark_all: the stack is empty, and the state is still the one that
 * was marked; only then may the rest be called garbage, in the same step.
 */
#include "bough/collect.h"
#include "bough/commit.h"
#include "collect.h"
#include "collect_roots.h"
#include "collect_stack.h"
#include "decode.h"
#include "horizon.h"
#include "name_set.h"
#include "node_page.h"
#include "ref_log.h"
#include "ref_state.h"
#include "value_chunk.h"

#define ARENA_BYTES_MAX ((size_t)16 << 20)
#define WHOLE_BYTES_MAX ((size_t)1 << 30)
#define ROUNDS_MAX      16u
#define RUNS_MAX        3u
#define CATCH_UP        UINT32_MAX /* objects of the last, uninterrupted part */

/* Room is short when less than an eighth of the device is left after a collection, or less than
 * what a backend may keep back: a few of its largest segments, or half of a small device. */
#define ROOM_DENOMINATOR 8u
#define ROOM_BYTES       ((uint64_t)64 << 20)

struct collect {
    enum bough_collect_phase phase;
    struct ref_log_pass expiry;
    bool begun; /* the backend's marks are ours */
    struct collect_roots roots;
    bool by_roots;         /* there are policies: links of the state come from `roots` */
    size_t kept_at;        /* of roots.kept, which are marked */
    bool pinning;          /* what refs lead to is pushed for somebody who reads it */
    bool pins_pushed;      /* those that were there early on */
    struct name_set whole; /* commits and tags that were pushed so */
    uint64_t generation;   /* of the state that was pushed last */
    uint64_t marked_count;
    uint32_t round;      /* of catching up with what was written meanwhile */
    uint64_t round_from; /* marked_count when it began */
    uint64_t put_count;  /* objects put until the last step */
    struct collect_stack stack;
    struct bough_arena arena; /* scratch of one object */
};

void collect_release(struct bough_store *store)
{
    struct collect *collect = store->collect;
    struct bough_heap *heap = store->env->heap;

    if (collect == NULL)
        return;
    collect_roots_close(&collect->roots);
    name_set_release(&collect->whole);
    bough_arena_release(&collect->arena);
    collect_stack_release(&collect->stack, heap);
    bough_heap_give(heap, collect, sizeof(*collect));
    store->collect = NULL;
}

/* Whether a commit or tag that is being read is news as such.  It may be marked all the same, since
 * a policy keeps it: its ancestors are not then. */
static enum bough_err is_whole_anew(struct collect *collect, const struct bough_hash *name,
                                    bool *fresh)
{
    uint32_t *number;

    return name_set_add(&collect->whole, name, &number, fresh);
}

/* Marks an object, and pushes it if that is news and it leads to others. */
static enum bough_err push(struct bough_store *store, struct collect *collect,
                           enum collect_part part, enum bough_kind kind,
                           const struct bough_link *link)
{
    const struct collect_todo todo = {.kind = kind, .part = part, .link = *link};
    bool fresh;

    assert(collect->phase == BOUGH_COLLECT_MARK);
    if (bough_hash_is_none(&link->name))
        return BOUGH_OK;
    BOUGH_TRY(store->backend->ops->collect_mark(store->backend, link, &fresh));
    collect->marked_count += fresh ? 1 : 0;
    if (part == COLLECT_PINNED && (kind == BOUGH_KIND_COMMIT || kind == BOUGH_KIND_TAG))
        BOUGH_TRY(is_whole_anew(collect, &link->name, &fresh));
    if (!fresh)
        return BOUGH_OK;
    if (kind == BOUGH_KIND_VALUE)
        return BOUGH_OK;
    return collect_stack_push(&collect->stack, store->env->heap, &todo);
}

static enum bough_err push_tree(struct bough_store *store, struct collect *collect,
                                enum collect_part part, const struct bough_tree *tree)
{
    BOUGH_TRY(push(store, collect, part, BOUGH_KIND_NODE, &tree->root));
    return push(store, collect, part, 0, &tree->verbatim);
}

/* What a folder of this name (with its slash) is a part of. */
static enum collect_part part_of(enum collect_part folder, struct bough_bytes key)
{
    if (folder == COLLECT_STATE)
        return bough_bytes_equal(key, bough_bytes_text("refs/")) ? COLLECT_REFS : COLLECT_OTHER;
    if (folder == COLLECT_REFS)
        return bough_bytes_equal(key, bough_bytes_text("heads/")) ? COLLECT_BRANCHES
                                                                  : COLLECT_OTHER;
    return folder;
}

/* Pushes what an entry of a directory leads to. */
static enum bough_err push_entry(struct bough_store *store, struct collect *collect,
                                 enum collect_part part, struct bough_bytes key,
                                 const struct bough_entry *entry)
{
    switch (entry->kind) {
    case BOUGH_ENTRY_VALUE:
        return push(store, collect, part,
                    entry->value.size_bytes > VALUE_CHUNK_WHOLE_MAX ? BOUGH_KIND_CHUNKS
                                                                    : BOUGH_KIND_VALUE,
                    &entry->value.link);
    case BOUGH_ENTRY_TREE:
        return push_tree(store, collect, part_of(part, key), &entry->tree);
    case BOUGH_ENTRY_LINK:
        if (collect->by_roots)
            return BOUGH_OK;
        return push(store, collect, part == COLLECT_BRANCHES ? COLLECT_NEWEST : COLLECT_HISTORY,
                    entry->link_kind == BOUGH_KIND_VALUE ? 0 : entry->link_kind, &entry->link);
    }
    return BOUGH_INVALID;
}

/* Pushes what the items of a node lead to. */
static enum bough_err push_items(struct bough_store *store, struct collect *collect,
                                 enum collect_part part, const struct cache_object *page)
{
    for (uint32_t i = 0; i < page->item_count; i++) {
        struct node_item item;
        struct bough_entry entry;
        struct bough_link child;

        node_item(page, i, &item);
        if (page->level > 0) {
            child = node_child(&item);
            BOUGH_TRY(push(store, collect, part, BOUGH_KIND_NODE, &child));
        } else if (item.address_count > 0) {
            node_entry(&item, &entry);
            BOUGH_TRY(push_entry(store, collect, part, node_key(&item), &entry));
        }
    }
    return BOUGH_OK;
}

static enum bough_err visit_node(struct bough_store *store, struct collect *collect,
                                 enum collect_part part, const struct bough_link *link)
{
    const struct cache_object *page;
    struct bough_place place;
    enum bough_err err;

    BOUGH_TRY(node_page_pin(store, link, &page));
    place = (struct bough_place){.address = link->address,
                                 .base = page->base,
                                 .settled = page->settled,
                                 .settled_count = page->settled_count};
    err = store->backend->ops->collect_node == NULL
              ? BOUGH_OK
              : store->backend->ops->collect_node(store->backend, &place, part != COLLECT_HISTORY);
    if (err == BOUGH_OK)
        err = push_items(store, collect, part, page);
    node_page_unpin(store, page);
    return err;
}

static enum bough_err visit_commit(struct bough_store *store, struct collect *collect,
                                   enum collect_part part, const struct bough_link *link)
{
    enum collect_part behind = part == COLLECT_PINNED ? COLLECT_PINNED : COLLECT_HISTORY;
    struct bough_commit commit;

    BOUGH_TRY(bough_commit_get(store, link, &collect->arena, &commit));
    collect_roots_lives(&collect->roots, &link->name);
    for (uint32_t i = 0; i < commit.parent_count; i++) {
        if (bough_commit_is_cut(&commit.parents[i]))
            BOUGH_TRY(collect_roots_cut(&collect->roots, &commit.parents[i]));
        else
            BOUGH_TRY(push(store, collect, behind, BOUGH_KIND_COMMIT, &commit.parents[i]));
    }
    return push_tree(store, collect, part, &commit.tree);
}

/* Marks commits that a policy keeps, and what their trees lead to; not their parents. */
static enum bough_err mark_kept(struct bough_store *store, struct collect *collect, uint32_t count)
{
    for (; count > 0 && collect->kept_at < collect->roots.kept.count; count--) {
        const struct bough_link *link = &collect->roots.kept.list[collect->kept_at++];
        struct bough_arena_mark mark = bough_arena_now(&collect->arena);
        struct bough_commit commit;
        enum bough_err err;
        bool fresh;

        BOUGH_TRY(store->backend->ops->collect_mark(store->backend, link, &fresh));
        if (!fresh)
            continue;
        collect->marked_count++;
        err = bough_commit_get(store, link, &collect->arena, &commit);
        if (err == BOUGH_OK)
            err = push_tree(store, collect, COLLECT_HISTORY, &commit.tree);
        bough_arena_back(&collect->arena, mark);
        if (err != BOUGH_OK)
            return err;
    }
    return BOUGH_OK;
}

/* Pushes what one ref leads to. */
static enum bough_err push_root(struct bough_store *store, struct collect *collect,
                                enum collect_root root, const struct bough_ref *ref)
{
    struct bough_arena_mark mark = bough_arena_now(&collect->arena);
    struct bough_commit commit;
    enum bough_err err;

    if (root != COLLECT_ROOT_HEAD)
        return push(store, collect,
                    collect->pinning              ? COLLECT_PINNED
                    : root == COLLECT_ROOT_BRANCH ? COLLECT_NEWEST
                                                  : COLLECT_HISTORY,
                    ref->kind == BOUGH_KIND_VALUE ? 0 : ref->kind, &ref->link);
    err = bough_commit_get(store, &ref->link, &collect->arena, &commit);
    if (err == BOUGH_OK)
        err = push_tree(store, collect, COLLECT_NEWEST, &commit.tree);
    bough_arena_back(&collect->arena, mark);
    return err;
}

/* Pushes what refs lead to; at most `count` of them. */
static enum bough_err push_roots(struct bough_store *store, struct collect *collect, uint32_t count)
{
    for (; count > 0 && !collect->roots.done; count--) {
        enum collect_root root;
        struct bough_ref ref;

        BOUGH_TRY(collect_roots_next(&collect->roots, &ref, &root));
        if (root != COLLECT_ROOT_NONE)
            BOUGH_TRY(push_root(store, collect, root, &ref));
    }
    return BOUGH_OK;
}

static enum bough_err visit_tag(struct bough_store *store, struct collect *collect,
                                enum collect_part part, const struct bough_link *link)
{
    struct bough_tag tag;

    BOUGH_TRY(bough_tag_get(store, link, &collect->arena, &tag));
    if (tag.target_kind == BOUGH_KIND_NODE)
        return push_tree(store, collect, part, &tag.tree);
    return push(store, collect, part, tag.target_kind == BOUGH_KIND_VALUE ? 0 : tag.target_kind,
                &tag.target);
}

/* A value that may be chunks, or a list of them. */
static enum bough_err visit_value(struct bough_store *store, struct collect *collect,
                                  enum collect_part part, const struct bough_link *link)
{
    struct bough_object object;
    struct decode in;
    uint8_t level;

    BOUGH_TRY(object_get(store, link, &collect->arena, &object));
    if (object.kind == BOUGH_KIND_VALUE)
        return BOUGH_OK;
    if (object.kind != BOUGH_KIND_CHUNKS)
        return object_corrupt(store, link, "a value that is none");
    in = decode_from(object.bytes);
    level = decode_u8(&in);
    for (uint32_t i = 0; i < object.address_count; i++) {
        struct bough_link item;

        (void)decode_varint(&in);
        item = (struct bough_link){.name = decode_hash(&in), .address = object.addresses[i]};
        BOUGH_TRY(
            push(store, collect, part, level == 0 ? BOUGH_KIND_VALUE : BOUGH_KIND_CHUNKS, &item));
    }
    return in.bad || in.left > 0 ? object_corrupt(store, link, "a bad list of chunks") : BOUGH_OK;
}

/* Reads one object and pushes what it leads to. */
static enum bough_err visit(struct bough_store *store, struct collect *collect,
                            const struct collect_todo *todo)
{
    struct bough_arena_mark mark = bough_arena_now(&collect->arena);
    enum bough_err err;

    if (todo->kind == BOUGH_KIND_NODE)
        err = visit_node(store, collect, todo->part, &todo->link);
    else if (todo->kind == BOUGH_KIND_COMMIT)
        err = visit_commit(store, collect, todo->part, &todo->link);
    else if (todo->kind == BOUGH_KIND_TAG)
        err = visit_tag(store, collect, todo->part, &todo->link);
    else
        err = visit_value(store, collect, todo->part, &todo->link);
    bough_arena_back(&collect->arena, mark);
    return err;
}

/* Visits up to `count` objects. */
static enum bough_err mark_some(struct bough_store *store, struct collect *collect, uint32_t count)
{
    struct collect_todo todo;

    for (; count > 0 && collect_stack_pop(&collect->stack, &todo); count--)
        BOUGH_TRY(visit(store, collect, &todo));
    return BOUGH_OK;
}

/* Pushes a state, and what its refs lead to: no policy applies. */
static enum bough_err push_state(struct bough_store *store, struct collect *collect,
                                 const struct bough_link *root)
{
    const struct bough_tree state = {.root = *root};

    BOUGH_TRY(push(store, collect, COLLECT_STATE, BOUGH_KIND_NODE, root));
    if (!collect->by_roots)
        return BOUGH_OK;
    BOUGH_TRY(collect_roots_again(&collect->roots, &state));
    return push_roots(store, collect, CATCH_UP);
}

/* Pushes what one reader has pinned. */
static enum bough_err push_pin(struct bough_store *store, struct collect *collect,
                               const struct bough_collect_pin *pin)
{
    enum bough_err err;

    if (pin->kind == BOUGH_KIND_COMMIT)
        return push(store, collect, collect->by_roots ? COLLECT_PINNED : COLLECT_HISTORY,
                    BOUGH_KIND_COMMIT, &pin->link);
    if (pin->kind != BOUGH_KIND_NODE)
        return push(store, collect, COLLECT_OTHER, 0, &pin->link);
    collect->pinning = true;
    err = push_state(store, collect, &pin->link);
    collect->pinning = false;
    return err;
}

/* Pushes what is being read at the moment. */
static enum bough_err push_pins(struct bough_store *store, struct collect *collect)
{
    for (const struct bough_collect_pin *pin = store->pins; pin != NULL; pin = pin->next)
        BOUGH_TRY(push_pin(store, collect, pin));
    return BOUGH_OK;
}

/* Begins another round over what was written meanwhile, unless that is little. */
static enum bough_err next_round(struct bough_store *store, struct collect *collect, uint32_t count,
                                 bool *little)
{
    uint64_t marked = collect->marked_count - collect->round_from;

    *little = collect->generation == store->generation || collect->round == ROUNDS_MAX ||
              (collect->round > 0 && marked <= count);
    if (*little)
        return BOUGH_OK;
    collect->round++;
    collect->round_from = collect->marked_count;
    collect->generation = store->generation;
    return push_state(store, collect, &store->state.root);
}

/* What is written from round to round becomes less (see paced); the rest is caught up with in one
 * go.  No policy applies to it, so it is marked down to where something was marked before. */
static enum bough_err catch_up(struct bough_store *store, struct collect *collect)
{
    if (collect->generation != store->generation)
        BOUGH_TRY(push_state(store, collect, &store->state.root));
    BOUGH_TRY(push_pins(store, collect));
    return mark_some(store, collect, CATCH_UP);
}

/* Puts on record what history is cut off.  Where there is no room for that, nothing is cut. */
static enum bough_err save_horizon(struct bough_store *store, struct collect *collect)
{
    struct bough_arena *arena = &collect->arena;
    struct bough_hash *names;
    struct bough_link *links;
    struct bough_edit *edits;
    size_t count;
    size_t edit_count;
    enum bough_err err;

    assert(collect_stack_is_empty(&collect->stack) && collect->roots.done);
    BOUGH_TRY(collect_roots_horizon(&collect->roots, arena, &names, &links, &count));
    BOUGH_TRY(horizon_edits(store, names, count, arena, &edits, &edit_count));
    if (edit_count == 0)
        return BOUGH_OK;
    err = ref_state_move(store, edits, edit_count, arena, NULL);
    horizon_forget(store);
    if (err != BOUGH_FULL)
        return err;
    for (size_t i = 0; i < count; i++)
        if (!bough_commit_is_cut(&links[i]))
            BOUGH_TRY(push(store, collect, COLLECT_HISTORY, BOUGH_KIND_COMMIT, &links[i]));
    return mark_some(store, collect, CATCH_UP);
}

/* Marks, and once everything is marked, sweeps. */
static enum bough_err mark_all(struct bough_store *store, struct collect *collect, uint32_t count,
                               struct bough_collect_progress *progress)
{
    bool little;

    if (!collect->roots.done)
        return push_roots(store, collect, count);
    BOUGH_TRY(mark_some(store, collect, count));
    if (!collect_stack_is_empty(&collect->stack))
        return BOUGH_OK;
    /* Early, so that what readers lead to is marked in steps; those who come later are few. */
    if (!collect->pins_pushed) {
        collect->pins_pushed = true;
        return push_pins(store, collect);
    }
    if (collect->kept_at < collect->roots.kept.count)
        return mark_kept(store, collect, count);
    BOUGH_TRY(next_round(store, collect, count, &little));
    if (!little)
        return BOUGH_OK;
    BOUGH_TRY(catch_up(store, collect));
    BOUGH_TRY(save_horizon(store, collect));
    assert(collect_stack_is_empty(&collect->stack));
    bough_arena_release(&collect->arena);
    BOUGH_TRY(store->backend->ops->collect_sweep(store->backend));
    collect->phase = BOUGH_COLLECT_CLEAN;
    progress->swept = true;
    return BOUGH_OK;
}

/* How many objects to look at: twice as many as were written since the step before at least, so
 * that marking overtakes writing, and a step takes no longer than what was done between two. */
static uint32_t paced(struct bough_store *store, struct collect *collect, uint32_t count)
{
    uint64_t put = store->backend->object_count - collect->put_count;

    collect->put_count = store->backend->object_count;
    if (put > UINT32_MAX / 2)
        put = UINT32_MAX / 2;
    return count > 2 * put ? count : (uint32_t)(2 * put);
}

static enum bough_err begin(struct bough_store *store)
{
    struct collect *collect = bough_heap_take(store->env->heap, sizeof(*collect));

    if (collect == NULL)
        return BOUGH_NO_MEMORY;
    *collect =
        (struct collect){.phase = BOUGH_COLLECT_MARK, .put_count = store->backend->object_count};
    bough_arena_init(&collect->arena, store->env->heap, ARENA_BYTES_MAX);
    name_set_init(&collect->whole, store->env->heap, WHOLE_BYTES_MAX);
    assert(store->collect == NULL);
    store->collect = collect;
    return BOUGH_OK;
}

/* Cuts the logs of some refs; when all are cut, marking begins.  A device that has no room even for
 * that keeps them for now. */
static enum bough_err expire_some(struct bough_store *store, struct collect *collect)
{
    enum bough_err err = ref_log_expire(store, &collect->expiry);

    if (err != BOUGH_OK && err != BOUGH_FULL)
        return err;
    collect->begun = err == BOUGH_FULL || collect->expiry.done;
    if (!collect->begun)
        return BOUGH_OK;
    BOUGH_TRY(collect_roots_open(&collect->roots, store));
    collect->by_roots = collect->roots.policy_count > 0;
    collect->generation = store->generation;
    store->backend->ops->collect_begin(store->backend);
    return push(store, collect, COLLECT_STATE, BOUGH_KIND_NODE, &store->state.root);
}

static bool is_short_of_room(const struct bough_store *store)
{
    uint64_t capacity = store->backend->capacity_bytes;
    uint64_t used = store->backend->used_bytes;
    uint64_t least = ROOM_BYTES < capacity / 2 ? ROOM_BYTES : capacity / 2;

    if (least < capacity / ROOM_DENOMINATOR)
        least = capacity / ROOM_DENOMINATOR;
    return capacity > 0 && (used > capacity || capacity - used < least);
}

/* After a collection: where room is still short, the log of refs gives way,
 * and what it kept is collected next.  *again says so. */
static enum bough_err yield_log(struct bough_store *store, bool *again)
{
    struct bough_arena arena;
    struct bough_bytes name;
    enum bough_err err;

    *again = false;
    if (!is_short_of_room(store))
        return BOUGH_OK;
    bough_arena_init(&arena, store->env->heap, ARENA_BYTES_MAX);
    err = bough_ref_log_next_name(store, (struct bough_bytes){0}, &arena, &name);
    bough_arena_release(&arena);
    if (err != BOUGH_OK)
        return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
    bough_log(store->env->log, BOUGH_WARN, "collect",
              "room is short: the log of refs is dropped to get some");
    err = bough_ref_log_clear(store, (struct bough_bytes){0});
    *again = err == BOUGH_OK;
    return err == BOUGH_FULL ? BOUGH_OK : err;
}

bool bough_collect_is_wanted(const struct bough_store *store)
{
    return store->backend->ops->collect_begin != NULL && !store->backend->read_only &&
           (store->collect != NULL || store->backend->wants_collection);
}

enum bough_err bough_collect_step(struct bough_store *store, uint32_t object_count,
                                  uint64_t copy_bytes, struct bough_collect_progress *progress)
{
    enum bough_err err = BOUGH_OK;
    bool done = false;
    bool again = false;

    *progress = (struct bough_collect_progress){0};
    if (store->backend->ops->collect_begin == NULL)
        return BOUGH_UNSUPPORTED;
    if (store->backend->read_only)
        return BOUGH_READ_ONLY;
    if (store->collect == NULL)
        err = begin(store);
    if (err == BOUGH_OK && !store->collect->begun)
        err = expire_some(store, store->collect);
    else if (err == BOUGH_OK && store->collect->phase == BOUGH_COLLECT_MARK)
        err = mark_all(store, store->collect, paced(store, store->collect, object_count), progress);
    else if (err == BOUGH_OK)
        err = store->backend->ops->collect_clean(store->backend, copy_bytes, &done);
    if (store->collect != NULL)
        progress->marked_count = store->collect->marked_count;
    if (err != BOUGH_OK || done)
        collect_release(store);
    if (err == BOUGH_OK && done)
        err = yield_log(store, &again);
    if (err == BOUGH_OK && again)
        err = begin(store);
    progress->phase = store->collect == NULL ? BOUGH_COLLECT_NONE : store->collect->phase;
    return err;
}

enum bough_err bough_collect_run(struct bough_store *store)
{
    struct bough_collect_progress progress;

    /* What a collection made whole was made of garbage that the next one gets. */
    for (unsigned run = 0; run == 0 || (run < RUNS_MAX && bough_collect_is_wanted(store)); run++) {
        do {
            BOUGH_TRY(bough_collect_step(store, 1000, (uint64_t)1 << 20, &progress));
        } while (progress.phase != BOUGH_COLLECT_NONE);
    }
    return BOUGH_OK;
}

void bough_collect_cancel(struct bough_store *store)
{
    collect_release(store);
}

void bough_collect_hold(struct bough_store *store, bool on)
{
    bough_backend_hold(store->backend, on);
}
