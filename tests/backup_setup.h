/* SPDX-License-Identifier: ISC
 *
 * backup_setup.h - stores with something of everything in them, and dumps in memory.
 */
#ifndef BACKUP_SETUP_H
#define BACKUP_SETUP_H

#include "store_internal.h"
#include "store_setup.h"

#include "bough/backup.h"
#include "test_seed.h"
#include <stdio.h>

/* A stream in memory; the C library's heap, so that env's account is that of the store. */
struct backup_stream {
    uint8_t *at;
    size_t len;
    size_t max;
    uint64_t fail_at; /* the write that is refused, from 1 on; 0 = none */
    uint64_t write_count;
};

static inline enum bough_err backup_stream_write(void *context, struct bough_bytes bytes,
                                                 const struct bough_backup_report *report)
{
    struct backup_stream *stream = context;

    (void)report;
    if (++stream->write_count == stream->fail_at)
        return BOUGH_FULL;
    if (stream->len + bytes.len > stream->max) {
        stream->max = 2 * (stream->len + bytes.len);
        stream->at = realloc(stream->at, stream->max);
        assert_non_null(stream->at);
    }
    memcpy(stream->at + stream->len, bytes.at, bytes.len);
    stream->len += bytes.len;
    return BOUGH_OK;
}

/* Dumps behind what the stream holds already. */
static inline enum bough_err backup_dump(struct bough_store *store, const struct bough_hash *since,
                                         size_t since_count, struct backup_stream *stream)
{
    const struct bough_backup_dump_options options = {.since = since,
                                                      .since_count = since_count,
                                                      .offset_bytes = stream->len,
                                                      .write = backup_stream_write,
                                                      .context = stream};
    struct bough_backup_report report;
    enum bough_err err = bough_backup_dump(store, &options, &report);

    if (err == BOUGH_OK)
        assert_int_equal(report.byte_count, stream->len);
    return err;
}

/* Loads `len` bytes in pieces of random sizes (seed 0: all at once). */
static inline enum bough_err backup_load(struct bough_store *store, const uint8_t *at, size_t len,
                                         bool replace, uint64_t seed,
                                         struct bough_backup_report *report)
{
    struct bough_backup_load *load;
    enum bough_err err = bough_backup_load_open(store, replace, &load);

    if (err != BOUGH_OK)
        return err;
    while (len > 0 && err == BOUGH_OK) {
        size_t some = seed == 0 ? len : 1 + (size_t)test_below(&seed, len < 9000 ? len : 9000);

        err = bough_backup_load_add(load, bough_bytes_of(at, some));
        at += some;
        len -= some;
    }
    if (err == BOUGH_OK)
        err = bough_backup_load_end(load);
    if (report != NULL)
        *report = bough_backup_load_report(load);
    bough_backup_load_close(load);
    return err;
}

/* The state's root and how often it moved. */
static inline struct bough_root backup_root(const struct bough_store *store)
{
    struct bough_root root;

    bough_backend_root_get(store->backend, &root);
    return root;
}

static inline struct bough_link backup_head(struct bough_store *store, const char *name)
{
    struct bough_ref ref;

    assert_int_equal(bough_ref_get(store, bough_bytes_text(name), &ref), BOUGH_OK);
    return ref.link;
}

static inline void backup_move(struct bough_store *store, const char *name, enum bough_kind kind,
                               const struct bough_link *link)
{
    struct bough_ref_move move = {.name = bough_bytes_text(name), .remove = link == NULL};

    move.next.kind = kind;
    if (link != NULL)
        move.next.link = *link;
    assert_int_equal(bough_ref_move(store, &move, 1, NULL), BOUGH_OK);
}

/* One random put or deletion on a branch. */
static inline void backup_write(struct bough_store *store, const char *branch, uint64_t *seed,
                                size_t size_max)
{
    static char text[400001];
    static const size_t sizes[] = {3, 40, 400, 600, 3000, 66000, 150000, 400000};
    struct bough_txn_result result;
    char path[40];
    size_t len = sizes[test_below(seed, 8)];

    len = 1 + test_below(seed, len < size_max ? len : size_max);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + test_random(seed) % 26);
    text[len] = '\0';
    snprintf(path, sizeof(path), "d%u/e%u/k%u", (unsigned)test_below(seed, 3),
             (unsigned)test_below(seed, 4), (unsigned)test_below(seed, 40));
    assert_int_equal(
        store_setup_write(store, branch, path, test_below(seed, 6) == 0 ? NULL : text, &result),
        BOUGH_OK);
}

/* `count` commits on main and, in between, branches, merges, tags of all sorts. */
static inline void backup_fill(struct bough_store *store, unsigned count, uint64_t *seed,
                               size_t size_max)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_tag tag = {.target_kind = BOUGH_KIND_COMMIT,
                            .verbatim = bough_bytes_text("tag bytes")};
    struct bough_link main_head;
    struct bough_link link;
    struct bough_commit commit;
    struct bough_value value;

    for (unsigned i = 0; i < count; i++)
        backup_write(store, "heads/main", seed, size_max);
    main_head = backup_head(store, "heads/main");
    backup_move(store, "heads/dev", BOUGH_KIND_COMMIT, &main_head);
    for (unsigned i = 0; i < count / 3; i++) {
        backup_write(store, "heads/dev", seed, size_max);
        backup_write(store, "heads/main", seed, size_max);
    }
    main_head = backup_head(store, "heads/main");
    assert_int_equal(bough_commit_get(store, &main_head, &arena, &commit), BOUGH_OK);
    const struct bough_link parents[2] = {main_head, backup_head(store, "heads/dev")};

    commit.parents = parents;
    commit.parent_count = 2;
    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    backup_move(store, "heads/main", BOUGH_KIND_COMMIT, &link);
    tag.target = link;
    assert_int_equal(bough_tag_put(store, &tag, &arena, &link), BOUGH_OK);
    backup_move(store, "tags/v1", BOUGH_KIND_TAG, &link);
    tag.target_kind = BOUGH_KIND_TAG;
    tag.target = link;
    assert_int_equal(bough_tag_put(store, &tag, &arena, &link), BOUGH_OK);
    backup_move(store, "tags/of-a-tag", BOUGH_KIND_TAG, &link);
    assert_int_equal(bough_commit_get(store, &main_head, &arena, &commit), BOUGH_OK);
    tag.target_kind = BOUGH_KIND_NODE;
    tag.target = (struct bough_link){0};
    tag.tree = commit.tree;
    assert_int_equal(bough_tag_put(store, &tag, &arena, &link), BOUGH_OK);
    backup_move(store, "tags/of-a-tree", BOUGH_KIND_TAG, &link);
    assert_int_equal(bough_value_put(store, bough_bytes_text("short"), &arena, &value), BOUGH_OK);
    assert_int_equal(bough_value_link_put(store, &value, &link), BOUGH_OK);
    backup_move(store, "tags/of-a-value", BOUGH_KIND_VALUE, &link);
    assert_int_equal(bough_ref_head_set(store, bough_bytes_text("heads/dev")), BOUGH_OK);
    bough_arena_release(&arena);
}

#endif
