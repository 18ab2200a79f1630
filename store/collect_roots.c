/* SPDX-License-Identifier: ISC
 *
 * collect_roots.c - what a collection starts from where policies drop history.
 *
 * Walks over the refs and the log of refs as they stand in the state.  From most of them everything
 * lives; of a branch with a policy only the commits that it keeps.
 *   (1) A cut commit's link is zeroed once something is known to lead to it with all its ancestors.
 *   (2) All of `cut` is known before the first commit is marked, but for parents that an earlier
 *       collection dropped.
 */
#include "collect_roots.h"
#include "store_internal.h"

#define SET_BYTES_MAX   ((size_t)1 << 30)
#define ARENA_BYTES_MAX ((size_t)16 << 20)
#define LINKS           "ref" /* begins "refs/" and "reflog/", and nothing else of the state */
#define REFS            "refs/"
#define HEADS           "refs/heads/"

static void names_release(struct collect_names *names, struct bough_heap *heap)
{
    name_set_release(&names->set);
    bough_heap_give(heap, names->list, names->max * sizeof(*names->list));
    *names = (struct collect_names){0};
}

static enum bough_err names_add(struct collect_names *names, struct bough_heap *heap,
                                const struct bough_link *link)
{
    uint32_t *number;
    bool fresh;

    if (names->count == names->max) {
        size_t max = names->max == 0 ? 256 : 2 * names->max;
        struct bough_link *list = bough_heap_take(heap, max * sizeof(*list));

        if (list == NULL)
            return BOUGH_NO_MEMORY;
        if (names->count > 0)
            memcpy(list, names->list, names->count * sizeof(*list));
        bough_heap_give(heap, names->list, names->max * sizeof(*names->list));
        names->list = list;
        names->max = max;
    }
    BOUGH_TRY(name_set_add(&names->set, &link->name, &number, &fresh));
    if (!fresh)
        return BOUGH_OK;
    names->list[names->count++] = *link;
    *number = (uint32_t)names->count;
    return BOUGH_OK;
}

static enum bough_err open_walk(struct collect_roots *roots, const struct bough_tree *state)
{
    roots->done = false;
    return bough_tree_walk_open(&roots->walk, roots->store, state, bough_bytes_text(LINKS),
                                (struct bough_bytes){0}, &roots->arena);
}

enum bough_err collect_roots_open(struct collect_roots *roots, struct bough_store *store)
{
    struct bough_heap *heap = store->env->heap;

    *roots = (struct collect_roots){.store = store, .done = true};
    bough_arena_init(&roots->arena, heap, ARENA_BYTES_MAX);
    name_set_init(&roots->kept.set, heap, SET_BYTES_MAX);
    name_set_init(&roots->cut.set, heap, SET_BYTES_MAX);
    BOUGH_TRY(bough_retention_get(store, &roots->arena, &roots->policies, &roots->policy_count));
    return roots->policy_count == 0 ? BOUGH_OK : open_walk(roots, &store->state);
}

void collect_roots_close(struct collect_roots *roots)
{
    struct bough_heap *heap;

    if (roots->store == NULL)
        return;
    heap = roots->store->env->heap;
    if (roots->in_branch)
        retain_end(&roots->retain);
    names_release(&roots->kept, heap);
    names_release(&roots->cut, heap);
    bough_arena_release(&roots->arena);
    *roots = (struct collect_roots){0};
}

enum bough_err collect_roots_again(struct collect_roots *roots, const struct bough_tree *state)
{
    bough_arena_release(&roots->arena);
    roots->policies = NULL;
    roots->policy_count = 0;
    return open_walk(roots, state);
}

/* One commit of the branch that is being walked. */
static enum bough_err next_of_branch(struct collect_roots *roots)
{
    struct bough_heap *heap = roots->store->env->heap;
    struct bough_link link;
    bool kept;
    enum bough_err err = retain_next(&roots->retain, &link, &kept);

    if (err == BOUGH_OK)
        return names_add(kept ? &roots->kept : &roots->cut, heap, &link);
    retain_end(&roots->retain);
    roots->in_branch = false;
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}

enum bough_err collect_roots_next(struct collect_roots *roots, struct bough_ref *ref,
                                  enum collect_root *root)
{
    const struct bough_retention *policy = NULL;
    struct bough_bytes refs = bough_bytes_text(REFS);
    struct bough_entry entry;
    struct bough_bytes path;
    enum bough_err err;

    *root = COLLECT_ROOT_NONE;
    assert(!roots->done);
    if (roots->in_branch)
        return next_of_branch(roots);
    err = bough_tree_walk_next(&roots->walk, &path, &entry);
    roots->done = err == BOUGH_NOT_FOUND;
    if (err != BOUGH_OK)
        return roots->done ? BOUGH_OK : err;
    if (entry.kind != BOUGH_ENTRY_LINK)
        return BOUGH_OK;
    *ref = (struct bough_ref){.kind = entry.link_kind, .link = entry.link};
    if (bough_bytes_starts(path, refs) && ref->kind == BOUGH_KIND_COMMIT) {
        policy = retention_find(roots->policies, roots->policy_count,
                                bough_bytes_of(path.at + refs.len, path.len - refs.len));
    }
    if (policy == NULL) {
        *root = bough_bytes_starts(path, bough_bytes_text(HEADS)) ? COLLECT_ROOT_BRANCH
                                                                  : COLLECT_ROOT_REF;
        return BOUGH_OK;
    }
    *root = COLLECT_ROOT_HEAD;
    assert(!roots->in_branch);
    roots->in_branch = true;
    return retain_begin(&roots->retain, roots->store, policy, &ref->link);
}

enum bough_err collect_roots_cut(struct collect_roots *roots, const struct bough_link *parent)
{
    return names_add(&roots->cut, roots->store->env->heap, parent);
}

void collect_roots_lives(struct collect_roots *roots, const struct bough_hash *name)
{
    const uint32_t *number = roots->cut.count == 0 ? NULL : name_set_find(&roots->cut.set, name);

    if (number == NULL)
        return;
    assert(*number > 0 && *number <= roots->cut.count);
    roots->cut.list[*number - 1] = (struct bough_link){0};
}

enum bough_err collect_roots_horizon(struct collect_roots *roots, struct bough_arena *arena,
                                     struct bough_hash **names, struct bough_link **links,
                                     size_t *count)
{
    *count = 0;
    *names = bough_arena_take(arena, roots->cut.count * sizeof(**names));
    *links = bough_arena_take(arena, roots->cut.count * sizeof(**links));
    if (*names == NULL || *links == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < roots->cut.count; i++) {
        const struct bough_link *link = &roots->cut.list[i];

        if (bough_hash_is_none(&link->name) || name_set_find(&roots->kept.set, &link->name) != NULL)
            continue;
        (*names)[*count] = link->name;
        (*links)[(*count)++] = *link;
    }
    return BOUGH_OK;
}
