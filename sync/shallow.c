/* SPDX-License-Identifier: ISC
 *
 * shallow.c - a history of which a client holds the newest part only.
 *
 * Owns, while it works that out, a queue of commits and a number for each that was reached.
 *   (1) A commit is reached, or passed over for good, before any of its parents is looked at.
 *   (2) A commit that the client gets with all its parents is whole; one that it gets and that has
 *       a parent which it does not get ends the history.
 * A root commit ends nothing: it has all its parents.
 */
#include "shallow.h"
#include "commit_queue.h"
#include <assert.h>

#define ARENA_BYTES_MAX (16u << 20)

/* Numbers of reached commits: what is known of them.  A depth is kept in the bits above. */
#define WHOLE       1u
#define ENDS        2u
#define EXCLUDED    4u
#define DEPTH_SHIFT 3u

struct settling {
    struct shallow *shallow;
    struct bough_arena arena;
    struct name_set reached;
    struct commit_queue queue;
    struct buffer ends; /* of struct bough_link */
    uint32_t selected_count;
};

void shallow_init(struct shallow *shallow, struct git_view *view)
{
    struct bough_heap *heap = view->env->heap;
    size_t limit = BOUGH_SHALLOWS_MAX * sizeof(struct bough_link);

    *shallow = (struct shallow){.view = view};
    buffer_init(&shallow->client, heap, limit);
    buffer_init(&shallow->excluded, heap, limit);
    buffer_init(&shallow->made, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&shallow->unmade, heap, limit);
    name_set_init(&shallow->before, heap, BOUGH_FETCH_BYTES_MAX);
    name_set_init(&shallow->after, heap, BOUGH_FETCH_BYTES_MAX);
}

void shallow_release(struct shallow *shallow)
{
    buffer_release(&shallow->client);
    buffer_release(&shallow->excluded);
    buffer_release(&shallow->made);
    buffer_release(&shallow->unmade);
    name_set_release(&shallow->before);
    name_set_release(&shallow->after);
}

enum bough_err shallow_add(struct buffer *list, const struct bough_link *link)
{
    return buffer_add(list, bough_bytes_of(link, sizeof(*link)));
}

bool shallow_asks(const struct shallow *shallow)
{
    return shallow->depth > 0 || shallow->has_since || shallow->excluded.len > 0;
}

bool shallow_is_on(const struct shallow *shallow)
{
    return shallow->client.len > 0 || shallow_asks(shallow);
}

static size_t count(const struct buffer *list)
{
    return list->len / sizeof(struct bough_link);
}

static struct bough_link at(const struct buffer *list, size_t n)
{
    struct bough_link link;

    memcpy(&link, list->at + n * sizeof(link), sizeof(link));
    return link;
}

static enum bough_err add_name(struct name_set *set, const struct bough_hash *name)
{
    uint32_t *number;
    bool is_new;

    return name_set_add(set, name, &number, &is_new);
}

static enum bough_err read_commit(struct settling *settling, const struct bough_link *link,
                                  struct bough_commit *commit)
{
    return bough_commit_get(settling->shallow->view->store, link, &settling->arena, commit);
}

/* ---- by depth ---- */

/* Reaches a commit at a depth, if no shorter way to it is known. */
static enum bough_err reach(struct settling *settling, struct buffer *line,
                            const struct bough_link *link, uint32_t depth)
{
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&settling->reached, &link->name, &number, &is_new));
    if (!is_new)
        return BOUGH_OK;
    *number = depth << DEPTH_SHIFT;
    return buffer_add(line, bough_bytes_of(link, sizeof(*link)));
}

/* Looks at the commit that came first of those whose parents were not looked at. */
static enum bough_err pass(struct settling *settling, struct buffer *line,
                           const struct bough_link *link, uint32_t depth_max)
{
    struct bough_arena_mark mark = bough_arena_now(&settling->arena);
    uint32_t *number = name_set_find(&settling->reached, &link->name);
    struct bough_commit commit;
    uint32_t depth;
    bool ends;

    assert(number != NULL);
    depth = *number >> DEPTH_SHIFT;
    BOUGH_TRY(read_commit(settling, link, &commit));
    ends = depth >= depth_max && commit.parent_count > 0;
    *number |= ends ? ENDS : WHOLE;
    for (uint32_t i = 0; i < commit.parent_count && !ends; i++)
        BOUGH_TRY(reach(settling, line, &commit.parents[i], depth + 1));
    bough_arena_back(&settling->arena, mark);
    return ends ? buffer_add(&settling->ends, bough_bytes_of(link, sizeof(*link))) : BOUGH_OK;
}

/* All commits up to `depth_max` from `heads` on, which are at depth 1, breadth first. */
static enum bough_err settle_depth(struct settling *settling, const struct bough_link *heads,
                                   size_t head_count, uint32_t depth_max)
{
    struct buffer line;
    enum bough_err err = BOUGH_OK;

    buffer_init(&line, settling->shallow->view->env->heap, BOUGH_FETCH_BYTES_MAX);
    for (size_t i = 0; err == BOUGH_OK && i < head_count; i++)
        err = reach(settling, &line, &heads[i], 1);
    for (size_t n = 0; err == BOUGH_OK && n < count(&line); n++) {
        struct bough_link link = at(&line, n);

        err = pass(settling, &line, &link, depth_max);
    }
    buffer_release(&line);
    return err;
}

/* ---- by what is reached, the greatest generation first ---- */

/* Queues a commit, or adds to what is known of it. */
static enum bough_err enqueue(struct settling *settling, const struct bough_link *link,
                              uint32_t known)
{
    struct bough_arena_mark mark = bough_arena_now(&settling->arena);
    struct bough_commit commit;
    uint32_t *number;
    bool is_new;

    BOUGH_TRY(name_set_add(&settling->reached, &link->name, &number, &is_new));
    if (is_new) {
        BOUGH_TRY(read_commit(settling, link, &commit));
        BOUGH_TRY(commit_queue_put(&settling->queue, link, commit.generation));
        bough_arena_back(&settling->arena, mark);
        *number = 0;
    }
    if ((known & EXCLUDED) != 0 && (*number & EXCLUDED) == 0) {
        *number |= EXCLUDED;
        settling->selected_count -= is_new ? 0 : 1;
    } else if (is_new) {
        settling->selected_count++;
    }
    return BOUGH_OK;
}

/* Looks at the next commit, whose own fate nothing can change any more: those that are selected
 * come to `chosen`. */
static enum bough_err select_one(struct settling *settling, const struct bough_link *link,
                                 struct buffer *chosen)
{
    const struct shallow *shallow = settling->shallow;
    struct bough_arena_mark mark = bough_arena_now(&settling->arena);
    uint32_t *number = name_set_find(&settling->reached, &link->name);
    struct bough_commit commit;
    uint32_t known;

    assert(number != NULL);
    BOUGH_TRY(read_commit(settling, link, &commit));
    if ((*number & EXCLUDED) == 0) {
        settling->selected_count--;
        if (shallow->has_since && commit.committer.time_s < shallow->since_s)
            *number |= EXCLUDED;
        else
            BOUGH_TRY(buffer_add(chosen, bough_bytes_of(link, sizeof(*link))));
    }
    known = *number;
    for (uint32_t i = 0; i < commit.parent_count; i++)
        BOUGH_TRY(enqueue(settling, &commit.parents[i], known & EXCLUDED));
    bough_arena_back(&settling->arena, mark);
    return BOUGH_OK;
}

/* Tells those of the selected commits that end the history from the others. */
static enum bough_err find_ends(struct settling *settling, const struct bough_link *link)
{
    struct bough_arena_mark mark = bough_arena_now(&settling->arena);
    struct bough_commit commit;
    uint32_t *number;
    bool ends = false;

    BOUGH_TRY(read_commit(settling, link, &commit));
    for (uint32_t i = 0; i < commit.parent_count; i++) {
        number = name_set_find(&settling->reached, &commit.parents[i].name);
        assert(number != NULL);
        ends = ends || (*number & EXCLUDED) != 0;
    }
    bough_arena_back(&settling->arena, mark);
    number = name_set_find(&settling->reached, &link->name);
    assert(number != NULL);
    *number |= ends ? ENDS : WHOLE;
    return ends ? buffer_add(&settling->ends, bough_bytes_of(link, sizeof(*link))) : BOUGH_OK;
}

/* What is not behind an excluded commit, nor behind one that is too old. */
static enum bough_err settle_selection(struct settling *settling, const struct bough_link *wants,
                                       size_t want_count, struct buffer *chosen)
{
    const struct shallow *shallow = settling->shallow;
    struct bough_link link;

    for (size_t i = 0; i < count(&shallow->excluded); i++) {
        link = at(&shallow->excluded, i);
        BOUGH_TRY(enqueue(settling, &link, EXCLUDED));
    }
    for (size_t i = 0; i < want_count; i++)
        BOUGH_TRY(enqueue(settling, &wants[i], 0));
    while (settling->selected_count > 0 && commit_queue_take(&settling->queue, &link))
        BOUGH_TRY(select_one(settling, &link, chosen));
    if (chosen->len == 0)
        return BOUGH_NOT_FOUND;
    for (size_t i = 0; i < count(chosen); i++) {
        link = at(chosen, i);
        BOUGH_TRY(find_ends(settling, &link));
    }
    return BOUGH_OK;
}

/* ---- further, from where the client's history ends ---- */

/* Of the client's shallow commits those that the wants lead to, be it through another of them: each
 * is where a part of the client's history ends. */
static enum bough_err find_old_ends(struct settling *settling, const struct bough_link *wants,
                                    size_t want_count, struct buffer *found)
{
    struct bough_link link;

    for (size_t i = 0; i < want_count; i++)
        BOUGH_TRY(enqueue(settling, &wants[i], 0));
    while (commit_queue_take(&settling->queue, &link)) {
        struct bough_arena_mark mark = bough_arena_now(&settling->arena);
        struct bough_commit commit;

        if (shallow_ends(&settling->shallow->before, &link.name))
            BOUGH_TRY(buffer_add(found, bough_bytes_of(&link, sizeof(link))));
        BOUGH_TRY(read_commit(settling, &link, &commit));
        for (uint32_t i = 0; i < commit.parent_count; i++)
            BOUGH_TRY(enqueue(settling, &commit.parents[i], 0));
        bough_arena_back(&settling->arena, mark);
    }
    name_set_release(&settling->reached);
    return BOUGH_OK;
}

static enum bough_err settle_further(struct settling *settling, const struct bough_link *wants,
                                     size_t want_count, struct buffer *found)
{
    uint32_t depth = settling->shallow->depth;

    BOUGH_TRY(find_old_ends(settling, wants, want_count, found));
    return settle_depth(settling, (const struct bough_link *)(const void *)found->at, count(found),
                        depth + 1);
}

/* ---- what is told ---- */

/* What the commits that end the history are to the client. */
static enum bough_err tell(struct settling *settling, bool whole)
{
    struct shallow *shallow = settling->shallow;

    for (size_t i = 0; i < count(&settling->ends); i++) {
        struct bough_link link = at(&settling->ends, i);

        BOUGH_TRY(add_name(&shallow->after, &link.name));
        if (!shallow_ends(&shallow->before, &link.name))
            BOUGH_TRY(buffer_add(&shallow->made, bough_bytes_of(&link, sizeof(link))));
    }
    for (size_t i = 0; i < count(&shallow->client); i++) {
        struct bough_link link = at(&shallow->client, i);
        const uint32_t *number = name_set_find(&settling->reached, &link.name);

        if (whole || (number != NULL && (*number & WHOLE) != 0))
            BOUGH_TRY(buffer_add(&shallow->unmade, bough_bytes_of(&link, sizeof(link))));
        else
            BOUGH_TRY(add_name(&shallow->after, &link.name));
    }
    return BOUGH_OK;
}

static enum bough_err settle(struct settling *settling, const struct bough_link *wants,
                             size_t want_count, struct buffer *scratch)
{
    struct shallow *shallow = settling->shallow;
    bool whole = shallow->depth == SHALLOW_DEPTH_ALL && !shallow->relative;

    for (size_t i = 0; i < count(&shallow->client); i++) {
        struct bough_link link = at(&shallow->client, i);

        BOUGH_TRY(add_name(&shallow->before, &link.name));
    }
    if (shallow->depth > 0 && shallow->relative)
        BOUGH_TRY(settle_further(settling, wants, want_count, scratch));
    else if (shallow->depth > 0 && !whole)
        BOUGH_TRY(settle_depth(settling, wants, want_count, shallow->depth));
    else if (shallow_asks(shallow) && !whole)
        BOUGH_TRY(settle_selection(settling, wants, want_count, scratch));
    return tell(settling, whole);
}

enum bough_err shallow_settle(struct shallow *shallow, const struct bough_link *wants,
                              size_t want_count)
{
    struct bough_heap *heap = shallow->view->env->heap;
    struct settling settling = {.shallow = shallow};
    struct buffer scratch;
    enum bough_err err;

    assert(shallow->depth <= SHALLOW_DEPTH_ALL);
    bough_arena_init(&settling.arena, heap, ARENA_BYTES_MAX);
    name_set_init(&settling.reached, heap, BOUGH_FETCH_BYTES_MAX);
    commit_queue_init(&settling.queue, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&settling.ends, heap, BOUGH_FETCH_BYTES_MAX);
    buffer_init(&scratch, heap, BOUGH_FETCH_BYTES_MAX);
    err = settle(&settling, wants, want_count, &scratch);
    buffer_release(&scratch);
    buffer_release(&settling.ends);
    commit_queue_release(&settling.queue);
    name_set_release(&settling.reached);
    bough_arena_release(&settling.arena);
    return err;
}
