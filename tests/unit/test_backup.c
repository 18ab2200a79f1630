/* SPDX-License-Identifier: ISC
 *
 * test_backup.c - a dump that is loaded is the store it was made of, or nothing at all.
 *
 * Proves it with random stores that hold something of everything: the roots of the states, which
 * name all contents, must be equal; and with streams that are cut, changed, mixed or forged, after
 * which the receiver's root must be where it was.
 */
#include "backup_format.h"
#include "backup_setup.h"
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "encode.h"
#include "hash.h"
#include "store_internal.h"

#define GOLDEN "78c0719c22bc12adf93bac90f7b70f29a627dc9d733fb9132f8d3796eee6f51c"

static void check_store(struct bough_store *store)
{
    const struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
}

static void expect_equal(struct bough_store *a, struct bough_store *b)
{
    struct bough_root roots[2] = {backup_root(a), backup_root(b)};

    assert_memory_equal(roots[0].state.name.at, roots[1].state.name.at, BOUGH_HASH_BYTES);
    check_store(b);
}

static void test_backup__what_was_dumped_is_loaded(void **unused)
{
    uint64_t seed = test_seed();

    (void)unused;
    for (int round = 0; round < 6; round++) {
        struct bough_store *from = store_setup();
        struct bough_store *into = store_setup();
        struct backup_stream stream = {0};
        struct backup_stream again = {0};
        struct bough_backup_report report;
        struct bough_arena arena = store_setup_arena();
        struct bough_bytes head;

        backup_fill(from, 2 + (unsigned)test_below(&seed, 60), &seed, round < 3 ? 500000 : 900);
        assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
        assert_int_equal(backup_dump(from, NULL, 0, &again), BOUGH_OK);
        assert_int_equal(stream.len, again.len); /* the same state, the same bytes */
        assert_memory_equal(stream.at, again.at, stream.len);
        assert_int_equal(backup_load(into, stream.at, stream.len, false, seed, &report), BOUGH_OK);
        assert_int_equal(report.skipped_count, 0);
        assert_int_equal(report.link_count, 6);
        assert_int_equal(report.byte_count, stream.len);
        assert_int_equal(backup_root(into).generation, 1); /* one move */
        expect_equal(from, into);
        assert_int_equal(bough_ref_head(into, &arena, &head), BOUGH_OK);
        assert_true(bough_bytes_equal(head, bough_bytes_text("heads/dev")));
        bough_arena_release(&arena);
        /* Once more: everything is there, nothing is staged. */
        assert_int_equal(backup_load(into, stream.at, stream.len, false, 0, &report), BOUGH_OK);
        assert_int_equal(report.skipped_count, report.object_count);
        assert_int_equal(backup_root(into).generation, 1);
        free(stream.at);
        free(again.at);
        bough_store_close(from);
        bough_store_close(into);
    }
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_backup__an_empty_store_is_a_dump_too(void **unused)
{
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct backup_stream stream = {0};

    (void)unused;
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(stream.len, BOUGH_BACKUP_HEAD_BYTES + BACKUP_FORMAT_END_BYTES);
    assert_int_equal(backup_load(into, stream.at, stream.len, false, 0, NULL), BOUGH_OK);
    assert_int_equal(backup_root(into).generation, 0);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
}

static void test_backup__an_increment_brings_what_is_new(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct bough_store *fresh = store_setup();
    struct backup_stream whole = {0};
    struct backup_stream more = {0};
    struct bough_hash since[2];
    struct bough_link link;

    (void)unused;
    backup_fill(from, 40, &seed, 2000);
    assert_int_equal(backup_dump(from, NULL, 0, &whole), BOUGH_OK);
    assert_int_equal(backup_load(into, whole.at, whole.len, false, seed, NULL), BOUGH_OK);
    since[0] = backup_head(from, "heads/main").name;
    since[1] = backup_head(from, "heads/dev").name;
    for (int i = 0; i < 5; i++)
        backup_write(from, "heads/main", &seed, 2000);
    link = backup_head(from, "heads/main");
    backup_move(from, "heads/new", BOUGH_KIND_COMMIT, &link);
    assert_int_equal(bough_ref_head_set(from, bough_bytes_text("heads/main")), BOUGH_OK);
    backup_move(from, "heads/dev", BOUGH_KIND_COMMIT, NULL);
    assert_int_equal(backup_dump(from, since, 2, &more), BOUGH_OK);
    assert_true(more.len < whole.len / 2);
    assert_int_equal(backup_load(fresh, more.at, more.len, false, 0, NULL), BOUGH_NOT_FOUND);
    assert_int_equal(backup_root(fresh).generation, 0);
    assert_int_equal(backup_load(into, more.at, more.len, false, seed, NULL), BOUGH_OK);
    expect_equal(from, into);
    since[0].at[0] ^= 1;
    more.len = 0;
    assert_int_equal(backup_dump(from, since, 1, &more), BOUGH_NOT_FOUND);
    free(whole.at);
    free(more.at);
    bough_store_close(from);
    bough_store_close(into);
    bough_store_close(fresh);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* What a load finds to be there already must be there at its end, too. */
static void test_backup__what_is_deleted_during_a_load_is_kept_for_it(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct backup_stream stream = {0};
    struct bough_ref_log_window no_log = {0};
    struct bough_backup_load *load;

    (void)unused;
    backup_fill(from, 40, &seed, 2000);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(backup_load(into, stream.at, stream.len, false, seed, NULL), BOUGH_OK);
    assert_int_equal(bough_ref_log_window_set(into, &no_log), BOUGH_OK);
    assert_int_equal(bough_backup_load_open(into, true, &load), BOUGH_OK);
    assert_int_equal(bough_backup_load_add(load, bough_bytes_of(stream.at, stream.len / 2)),
                     BOUGH_OK);
    for (;;) {
        struct bough_arena arena = store_setup_arena();
        struct bough_ref_move gone = {.remove = true};
        struct bough_ref ref;
        enum bough_err err = bough_ref_next(into, (struct bough_bytes){0}, (struct bough_bytes){0},
                                            &arena, &gone.name, &ref);

        if (err == BOUGH_OK)
            assert_int_equal(bough_ref_move(into, &gone, 1, NULL), BOUGH_OK);
        bough_arena_release(&arena);
        if (err != BOUGH_OK)
            break;
    }
    assert_int_equal(bough_store_sync(into), BOUGH_OK);
    assert_int_equal(bough_collect_run(into), BOUGH_OK);
    assert_int_equal(bough_backup_load_add(load, bough_bytes_of(stream.at + stream.len / 2,
                                                                stream.len - stream.len / 2)),
                     BOUGH_OK);
    assert_int_equal(bough_backup_load_end(load), BOUGH_OK);
    bough_backup_load_close(load);
    check_store(into);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
}

static void test_backup__a_stream_cut_anywhere_loads_nothing(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *from = store_setup();
    struct backup_stream stream = {0};

    (void)unused;
    backup_fill(from, 12, &seed, 700);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    for (size_t len = 0; len < stream.len; len += 97) {
        struct bough_store *into = store_setup();

        assert_int_equal(backup_load(into, stream.at, len, false, 0, NULL), BOUGH_CORRUPT);
        assert_int_equal(backup_root(into).generation, 0);
        bough_store_close(into);
    }
    free(stream.at);
    bough_store_close(from);
}

static void test_backup__every_flipped_byte_is_noticed(void **unused)
{
    uint64_t seed = 7;
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct backup_stream stream = {0};

    (void)unused;
    backup_fill(from, 3, &seed, 300);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    for (size_t at = 0; at < stream.len; at++) {
        stream.at[at] ^= (uint8_t)(1u << at % 8);
        assert_int_not_equal(backup_load(into, stream.at, stream.len, true, 0, NULL), BOUGH_OK);
        assert_int_equal(backup_root(into).generation, 0);
        stream.at[at] ^= (uint8_t)(1u << at % 8);
    }
    stream.at = realloc(stream.at, stream.len + 1);
    stream.at[stream.len] = 0; /* and one byte too many */
    assert_int_equal(backup_load(into, stream.at, stream.len + 1, true, 0, NULL), BOUGH_CORRUPT);
    assert_int_equal(backup_root(into).generation, 0);
    assert_int_equal(backup_load(into, stream.at, stream.len, true, 0, NULL), BOUGH_OK);
    expect_equal(from, into);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
}

static void test_backup__a_cut_transfer_goes_on_where_it_was(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct backup_stream whole = {0};
    struct backup_stream parts = {0};
    struct bough_txn_result result;

    (void)unused;
    backup_fill(from, 30, &seed, 500000);
    assert_int_equal(backup_dump(from, NULL, 0, &whole), BOUGH_OK);
    assert_true(whole.len > BACKUP_FORMAT_CHECK_BYTES / 8);
    for (int i = 0; i < 20; i++) {
        parts.len = (size_t)test_below(&seed, whole.len + 1);
        parts.at = realloc(parts.at, whole.len + 1);
        parts.max = whole.len + 1;
        memcpy(parts.at, whole.at, parts.len);
        assert_int_equal(backup_dump(from, NULL, 0, &parts), BOUGH_OK);
        assert_int_equal(parts.len, whole.len);
        assert_memory_equal(parts.at, whole.at, whole.len);
    }
    parts.len = whole.len + 1;
    assert_int_equal(backup_dump(from, NULL, 0, &parts), BOUGH_INVALID);
    /* The store has changed meanwhile: two halves of two dumps are none. */
    parts.len = whole.len / 2;
    assert_int_equal(store_setup_write(from, "heads/main", "late", "x", &result), BOUGH_OK);
    assert_int_equal(backup_dump(from, NULL, 0, &parts), BOUGH_OK);
    assert_int_equal(backup_load(into, parts.at, parts.len, false, seed, NULL), BOUGH_CORRUPT);
    assert_int_equal(backup_root(into).generation, 0);
    free(whole.at);
    free(parts.at);
    bough_store_close(from);
    bough_store_close(into);
}

static void test_backup__long_dumps_are_checked_on_the_way(void **unused)
{
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct backup_stream stream = {0};
    struct bough_backup_load *load;
    uint64_t seed = 3;

    (void)unused;
    for (int i = 0; i < 250; i++)
        backup_write(from, "heads/main", &seed, 400000);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_true(stream.len > BACKUP_FORMAT_CHECK_BYTES + (1 << 20));
    stream.at[60] ^= 1; /* the generation: no object is wrong, and the end is not there yet */
    assert_int_equal(bough_backup_load_open(into, false, &load), BOUGH_OK);
    assert_int_equal(bough_backup_load_add(
                         load, bough_bytes_of(stream.at, BACKUP_FORMAT_CHECK_BYTES + (1 << 20))),
                     BOUGH_CORRUPT);
    bough_backup_load_close(load);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
}

static void test_backup__another_salt_is_refused(void **unused)
{
    static const struct bough_identity other = {
        .salt = "another salt", .leaf_window_bytes = 512, .inner_window_bytes = 512};
    struct bough_store *from = store_setup();
    struct backup_stream stream = {0};
    struct bough_backend *backend;
    struct bough_store *into;

    (void)unused;
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(bough_memory_open(host_env(), &other, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 0, &into), BOUGH_OK);
    assert_int_equal(backup_load(into, stream.at, stream.len, true, 0, NULL), BOUGH_CONFLICT);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
}

static void test_backup__a_branch_that_would_be_lost_is_not(void **unused)
{
    struct bough_store *from = store_setup();
    struct bough_store *into = store_setup();
    struct backup_stream stream = {0};
    struct bough_txn_result result;
    struct bough_root before;
    uint64_t seed = 5;

    (void)unused;
    backup_fill(from, 5, &seed, 600);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(store_setup_write(into, "heads/main", "mine", "only here", &result), BOUGH_OK);
    before = backup_root(into);
    assert_int_equal(backup_load(into, stream.at, stream.len, false, 0, NULL), BOUGH_STALE);
    assert_int_equal(backup_root(into).generation, before.generation);
    assert_int_equal(backup_load(into, stream.at, stream.len, true, 0, NULL), BOUGH_OK);
    expect_equal(from, into);
    /* A branch that the stream contains may move: it is an older state of the same store. */
    for (int i = 0; i < 3; i++)
        backup_write(from, "heads/main", &seed, 600);
    stream.len = 0;
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(backup_load(into, stream.at, stream.len, false, 0, NULL), BOUGH_OK);
    expect_equal(from, into);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
}

/* Behind the head: one record, and the end with the right hash. */
static size_t forge(uint8_t *stream, size_t len, struct bough_bytes record, uint64_t objects,
                    uint64_t links)
{
    struct encode out;
    struct bough_hash hash;

    memcpy(stream + len, record.at, record.len);
    len += record.len;
    out = encode_into(stream + len, 64);
    encode_u8(&out, BACKUP_FORMAT_END);
    encode_u64(&out, objects);
    encode_u64(&out, links);
    len += out.len;
    hash_of(BACKUP_FORMAT_HASH_DOMAIN, bough_bytes_of(stream, len), &hash);
    memcpy(stream + len, hash.at, sizeof(hash.at));
    return len + sizeof(hash.at);
}

static void test_backup__what_makes_no_sense_is_refused_though_its_hash_is_right(void **unused)
{
    struct bough_store *store = store_setup();
    struct backup_stream empty = {0};
    uint8_t stream[512];
    uint8_t record[300];
    struct bough_hash name;
    struct bough_bytes bytes;

    (void)unused;
    assert_int_equal(backup_dump(store, NULL, 0, &empty), BOUGH_OK);
    memcpy(stream, empty.at, BOUGH_BACKUP_HEAD_BYTES);
    for (unsigned round = 0; round < 7; round++) {
        static const uint8_t lone[1 + 2 + 1 + 1 + 1 + 32] = {0, 1, 'k', 1, 1, 9, 7};
        struct encode out = encode_into(record, sizeof(record));
        uint8_t kind = round == 0 ? 9 : round == 1 ? BOUGH_KIND_COMMIT : BOUGH_KIND_NODE;
        size_t len;

        if (round < 4) { /* objects: no kind, no commit, no node, a node that leads nowhere */
            bytes = round < 3 ? bough_bytes_text("xyz") : bough_bytes_of(lone, sizeof(lone));
            hash_of(kind, bytes, &name);
            encode_u8(&out, BACKUP_FORMAT_OBJECT);
            encode_u8(&out, kind);
            encode_hash(&out, &name);
            encode_u32(&out, (uint32_t)bytes.len);
            encode_raw(&out, bytes);
        } else if (round < 6) { /* refs: to nothing, with a bad name */
            bytes = bough_bytes_text(round == 4 ? "refs/heads/a" : "refs/heads//a");
            encode_u8(&out, BACKUP_FORMAT_LINK);
            encode_u8(&out, BOUGH_KIND_COMMIT);
            encode_hash(&out, &name);
            encode_u16(&out, (uint16_t)bytes.len);
            encode_raw(&out, bytes);
        } else { /* a setting that the head's root knows nothing of */
            encode_u8(&out, BACKUP_FORMAT_SETTING);
            encode_u32(&out, BOUGH_MODE_FILE);
            encode_u16(&out, 1);
            encode_u32(&out, 1);
            encode_raw(&out, bough_bytes_text("ab"));
        }
        len = forge(stream, BOUGH_BACKUP_HEAD_BYTES, bough_bytes_of(record, out.len), round < 4,
                    round == 4 || round == 5);
        assert_int_equal(backup_load(store, stream, len, true, 0, NULL), BOUGH_CORRUPT);
        assert_int_equal(backup_root(store).generation, 0);
    }
    free(empty.at);
    bough_store_close(store);
}

static void test_backup__a_sink_that_fails_ends_the_dump(void **unused)
{
    struct bough_store *from = store_setup();
    struct backup_stream stream = {.fail_at = 20};
    uint64_t seed = 2;

    (void)unused;
    backup_fill(from, 5, &seed, 600);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_FULL);
    assert_int_equal(stream.write_count, 20);
    free(stream.at);
    bough_store_close(from);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

/* A heap that refuses the n-th request. */
struct mean_heap {
    struct bough_heap base;
    struct bough_heap *below;
    uint64_t left;
};

static void *mean_take(struct bough_heap *heap, size_t bytes)
{
    struct mean_heap *mean = (struct mean_heap *)heap;
    void *at = mean->left == 0 ? NULL : bough_heap_take(mean->below, bytes);

    mean->left -= mean->left > 0;
    heap->taken_bytes += at == NULL ? 0 : bytes;
    return at;
}

static void mean_give(struct bough_heap *heap, void *at, size_t bytes)
{
    heap->taken_bytes -= bytes;
    bough_heap_give(((struct mean_heap *)heap)->below, at, bytes);
}

static void test_backup__without_memory_nothing_happens(void **unused)
{
    static const struct bough_heap_ops ops = {.take = mean_take, .give = mean_give};
    struct mean_heap heap = {.base = {.ops = &ops, .limit_bytes = 1 << 30},
                             .below = host_env()->heap};
    struct bough_env env = *host_env();
    struct bough_store *from = store_setup();
    struct backup_stream stream = {0};
    uint64_t seed = 11;
    uint64_t refused = 0;
    enum bough_err err = BOUGH_NO_MEMORY;

    (void)unused;
    env.heap = &heap.base;
    backup_fill(from, 6, &seed, 700);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    for (uint64_t n = 0; err != BOUGH_OK; n++) {
        struct bough_backend *backend;
        struct bough_store *into;

        heap.left = UINT64_MAX;
        assert_int_equal(bough_memory_open(&env, &from->backend->identity, &backend), BOUGH_OK);
        assert_int_equal(bough_store_open(&env, backend, 0, &into), BOUGH_OK);
        heap.left = n;
        err = backup_load(into, stream.at, stream.len, false, 0, NULL);
        heap.left = UINT64_MAX;
        if (err != BOUGH_OK)
            assert_int_equal(err, BOUGH_NO_MEMORY);
        assert_int_equal(backup_root(into).generation, err == BOUGH_OK);
        refused += err != BOUGH_OK;
        if (err == BOUGH_OK) { /* the same for the way out, of what has come in */
            enum bough_err out = BOUGH_NO_MEMORY;

            for (uint64_t k = 0; out != BOUGH_OK; k++) {
                stream.len = 0;
                heap.left = k;
                out = backup_dump(into, NULL, 0, &stream);
                assert_true(out == BOUGH_OK || out == BOUGH_NO_MEMORY);
                refused += out != BOUGH_OK;
            }
        }
        bough_store_close(into);
        assert_int_equal(heap.base.taken_bytes, 0);
    }
    assert_true(refused > 20);
    free(stream.at);
    bough_store_close(from);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_backup__a_full_device_keeps_its_state(void **unused)
{
    uint64_t seed = 13;
    struct bough_store *from = store_setup();
    struct bough_store *into;
    struct backup_stream stream = {0};
    struct bough_backend *backend;
    struct bough_block *ram;
    struct bough_txn_result result;

    (void)unused;
    for (int i = 0; i < 150; i++)
        backup_write(from, "heads/main", &seed, 400000);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(bough_ram_open(host_env(), 4096, 1200, &ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), ram, &from->backend->identity), BOUGH_OK);
    assert_int_equal(bough_journal_open(host_env(), ram, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &into), BOUGH_OK);
    assert_int_equal(backup_load(into, stream.at, stream.len, false, 0, NULL), BOUGH_FULL);
    assert_int_equal(backup_root(into).generation, 0);
    assert_int_equal(store_setup_write(into, "heads/main", "still", "works", &result), BOUGH_OK);
    assert_int_equal(bough_store_sync(into), BOUGH_OK);
    check_store(into);
    free(stream.at);
    bough_store_close(from);
    bough_store_close(into);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_backup__a_journal_keeps_what_was_loaded(void **unused)
{
    uint64_t seed = test_seed();
    struct bough_store *from = store_setup();
    struct bough_store *into;
    struct backup_stream stream = {0};
    struct bough_backend *backend;
    struct block_borrow borrow;
    struct bough_block *ram;

    (void)unused;
    backup_fill(from, 40, &seed, 100000);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_int_equal(bough_ram_open(host_env(), 4096, 16384, &ram), BOUGH_OK);
    assert_int_equal(bough_journal_format(host_env(), ram, &from->backend->identity), BOUGH_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(bough_journal_open(host_env(), block_borrow(&borrow, ram), &backend),
                         BOUGH_OK);
        assert_int_equal(bough_store_open(host_env(), backend, 1 << 20, &into), BOUGH_OK);
        if (round == 0) { /* cut short, and staged only: the next round begins with nothing */
            assert_int_equal(backup_load(into, stream.at, stream.len - 1, false, seed, NULL),
                             BOUGH_CORRUPT);
            assert_int_equal(backup_load(into, stream.at, stream.len, false, seed, NULL), BOUGH_OK);
        }
        if (round == 1) {
            assert_int_equal(backup_root(into).generation, 0);
            assert_int_equal(backup_load(into, stream.at, stream.len, false, seed, NULL), BOUGH_OK);
            assert_int_equal(bough_store_sync(into), BOUGH_OK);
        }
        if (round == 2)
            expect_equal(from, into);
        bough_store_close(into);
    }
    bough_block_close(ram);
    free(stream.at);
    bough_store_close(from);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_backup__the_bytes_are_as_written_down(void **unused)
{
    static const uint8_t head[] = {'b', 'o', 'u', 'g', 'h', 'd', '\n', 0x1a, 1, 0, 0, 0};
    struct bough_store *from = store_setup();
    struct backup_stream stream = {0};
    struct bough_txn_result result;
    struct bough_hash all;
    char hex[2 * BOUGH_HASH_BYTES + 1];

    (void)unused;
    assert_int_equal(store_setup_write(from, "heads/main", "a/b", "golden", &result), BOUGH_OK);
    assert_int_equal(backup_dump(from, NULL, 0, &stream), BOUGH_OK);
    assert_memory_equal(stream.at, head, sizeof(head));
    assert_memory_equal(stream.at + 28, "salt of a test\0", 16);
    hash_of(0, bough_bytes_of(stream.at, stream.len), &all);
    hash_hex(&all, hex);
    assert_string_equal(hex, GOLDEN);
    free(stream.at);
    bough_store_close(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backup__what_was_dumped_is_loaded),
        cmocka_unit_test(test_backup__an_empty_store_is_a_dump_too),
        cmocka_unit_test(test_backup__an_increment_brings_what_is_new),
        cmocka_unit_test(test_backup__what_is_deleted_during_a_load_is_kept_for_it),
        cmocka_unit_test(test_backup__a_stream_cut_anywhere_loads_nothing),
        cmocka_unit_test(test_backup__every_flipped_byte_is_noticed),
        cmocka_unit_test(test_backup__a_cut_transfer_goes_on_where_it_was),
        cmocka_unit_test(test_backup__long_dumps_are_checked_on_the_way),
        cmocka_unit_test(test_backup__another_salt_is_refused),
        cmocka_unit_test(test_backup__a_branch_that_would_be_lost_is_not),
        cmocka_unit_test(test_backup__what_makes_no_sense_is_refused_though_its_hash_is_right),
        cmocka_unit_test(test_backup__a_sink_that_fails_ends_the_dump),
        cmocka_unit_test(test_backup__without_memory_nothing_happens),
        cmocka_unit_test(test_backup__a_full_device_keeps_its_state),
        cmocka_unit_test(test_backup__a_journal_keeps_what_was_loaded),
        cmocka_unit_test(test_backup__the_bytes_are_as_written_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
