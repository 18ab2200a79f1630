/* SPDX-License-Identifier: ISC
 *
 * front.c - the commits at the front of a walk through history.
 *
 * A heap by generation, and a table by name so that a commit that several lead to is read once.
 *   (1) A commit's generation is greater than its parents', so whatever leads to the one that comes
 *       out has come out before: its flags are final, and nobody will ask for it again.
 *   (2) Hence only the front is in memory: for a straight line, one commit.
 *   (3) heap[0..count) and the buckets hold the same commits.
 *   (4) What has come out leaves its memory to what comes next, room for parents included: a walk
 *       takes as much as its widest front, however long it is.
 */
#include "front.h"
#include "bough/limits.h"
#include "bough/store.h"

#define FRONT_FIRST 64u

void front_init(struct front *front, struct bough_store *store, struct bough_arena *arena)
{
    *front = (struct front){.store = store, .arena = arena};
}

/* Whether `a` comes out before `b`. */
static bool is_younger(const struct front_commit *a, const struct front_commit *b)
{
    if (a->generation != b->generation)
        return a->generation > b->generation;
    return memcmp(a->link.name.at, b->link.name.at, BOUGH_HASH_BYTES) < 0;
}

static struct front_commit **bucket_of(const struct front *front, const struct bough_hash *name)
{
    uint32_t low;

    memcpy(&low, name->at, sizeof(low));
    assert(front->max > 0);
    return &front->buckets[low & (front->max - 1)];
}

/* The link to a commit in its bucket; what it holds is NULL if the commit is not there. */
static struct front_commit **find(const struct front *front, const struct bough_hash *name)
{
    struct front_commit **at = bucket_of(front, name);

    while (*at != NULL && !bough_hash_equal(&(*at)->link.name, name))
        at = &(*at)->next;
    return at;
}

/* Twice the room, or the first. */
static enum bough_err grow(struct front *front)
{
    size_t max = front->max == 0 ? FRONT_FIRST : 2 * front->max;
    struct front_commit **heap;
    struct front_commit **buckets;

    if (max > BOUGH_MERGE_FRONT_MAX) {
        bough_log(bough_store_env(front->store)->log, BOUGH_WARN, "merge",
                  "a history is more than %u commits wide", BOUGH_MERGE_FRONT_MAX);
        return BOUGH_TOO_BIG;
    }
    heap = bough_arena_take(front->arena, max * sizeof(struct front_commit *));
    buckets = bough_arena_zeros(front->arena, max, sizeof(struct front_commit *));
    if (heap == NULL || buckets == NULL)
        return BOUGH_NO_MEMORY;
    if (front->count > 0)
        memcpy(heap, front->heap, front->count * sizeof(struct front_commit *));
    front->heap = heap;
    front->buckets = buckets;
    front->max = max;
    assert((max & (max - 1)) == 0 && max > front->count);
    for (size_t i = 0; i < front->count; i++) {
        struct front_commit **bucket = bucket_of(front, &heap[i]->link.name);

        heap[i]->next = *bucket;
        *bucket = heap[i];
    }
    return BOUGH_OK;
}

/* Room for a commit's parents; NULL without memory.  Invariant (4). */
static struct bough_link *parents_of(struct front *front, struct front_commit *commit,
                                     uint32_t count)
{
    uint32_t max = 2 * FRONT_PARENTS;

    if (count <= FRONT_PARENTS)
        return commit->few;
    if (count <= commit->many_max)
        return commit->many;
    while (max < count)
        max *= 2;
    commit->many = bough_arena_take(front->arena, max * sizeof(struct bough_link));
    commit->many_max = commit->many == NULL ? 0 : max;
    return commit->many;
}

/* Reads what the walk needs of a commit; the rest is given back at once. */
static enum bough_err read(struct front *front, struct front_commit *commit)
{
    struct bough_arena_mark mark = bough_arena_now(front->arena);
    struct bough_link parents[BOUGH_PARENTS_MAX];
    struct bough_commit whole;
    struct bough_link *into;
    size_t bytes;

    BOUGH_TRY(bough_commit_get(front->store, &commit->link, front->arena, &whole));
    assert(whole.parent_count <= BOUGH_PARENTS_MAX);
    bytes = whole.parent_count * sizeof(struct bough_link);
    if (bytes > 0)
        memcpy(parents, whole.parents, bytes);
    bough_arena_back(front->arena, mark);
    into = parents_of(front, commit, whole.parent_count);
    if (into == NULL)
        return BOUGH_NO_MEMORY;
    if (bytes > 0)
        memcpy(into, parents, bytes);
    commit->tree = whole.tree;
    commit->generation = whole.generation;
    commit->parent_count = whole.parent_count;
    commit->parents = into;
    return BOUGH_OK;
}

/* A commit that was read, or nothing but a name if it was dropped. */
static enum bough_err make(struct front *front, const struct bough_link *link, bool dropped,
                           struct front_commit **made)
{
    struct front_commit *commit = front->spare;
    struct bough_link *many = NULL;
    uint32_t many_max = 0;

    if (commit != NULL) {
        front->spare = commit->next;
        many = commit->many;
        many_max = commit->many_max;
    } else {
        commit = bough_arena_take(front->arena, sizeof(*commit));
    }
    if (commit == NULL)
        return BOUGH_NO_MEMORY;
    *commit = (struct front_commit){.link = *link, .many = many, .many_max = many_max};
    *made = commit;
    return dropped ? BOUGH_OK : read(front, commit);
}

/* Puts a commit into the heap, where it belongs above the place `at`. */
static void rise(struct front *front, struct front_commit *commit, size_t at)
{
    while (at > 0 && is_younger(commit, front->heap[(at - 1) / 2])) {
        front->heap[at] = front->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    assert(front->count <= front->max);
    front->heap[at] = commit;
}

enum bough_err front_add(struct front *front, const struct bough_link *link, uint64_t below,
                         struct front_commit **commit)
{
    struct front_commit **bucket;
    struct front_commit *added;

    if (front->count == front->max)
        BOUGH_TRY(grow(front));
    added = *find(front, &link->name);
    if (added == NULL) {
        BOUGH_TRY(make(front, link, below != UINT64_MAX && bough_commit_is_cut(link), &added));
        bucket = bucket_of(front, &link->name);
        added->next = *bucket;
        *bucket = added;
        rise(front, added, front->count++);
    }
    *commit = added;
    if (added->generation < below)
        return BOUGH_OK;
    bough_log(bough_store_env(front->store)->log, BOUGH_ERROR, "merge",
              "a commit of generation %llu is a parent of one of generation %llu",
              (unsigned long long)added->generation, (unsigned long long)below);
    return BOUGH_CORRUPT;
}

struct front_commit *front_take(struct front *front)
{
    struct front_commit *first;
    struct front_commit *last;
    struct front_commit **link;
    size_t at = 0;

    if (front->taken != NULL) {
        front->taken->next = front->spare;
        front->spare = front->taken;
        front->taken = NULL;
    }
    if (front->count == 0)
        return NULL;
    first = front->heap[0];
    last = front->heap[--front->count];
    for (size_t child = 1; child < front->count; child = 2 * at + 1) {
        if (child + 1 < front->count && is_younger(front->heap[child + 1], front->heap[child]))
            child++;
        if (!is_younger(front->heap[child], last))
            break;
        front->heap[at] = front->heap[child];
        at = child;
    }
    front->heap[at] = last;
    link = find(front, &first->link.name);
    assert(*link == first);
    *link = first->next;
    front->taken = first;
    return first;
}
