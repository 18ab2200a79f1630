/* SPDX-License-Identifier: ISC
 *
 * test_ref_log.c - what a ref pointed at before is on record, for as long as the window says, and
 * lives for as long.
 *
 * How: refs are moved at random beside a list of what was lost; the log must be the end of that
 * list.  What it keeps is read after collections on a small device, and gone when the log is.
 */
#include "block_borrow.h"
#include "bough/blockdev.h"
#include "bough/collect.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/limits.h"
#include "store_setup.h"
#include "test_seed.h"

#define MOVES_MAX 400

/* Time that the test moves on. */
struct moved_clock {
    struct bough_clock base;
    uint64_t wall_ns;
};

static uint64_t clock_zero(struct bough_clock *base)
{
    (void)base;
    return 0;
}

static uint64_t clock_wall(struct bough_clock *base)
{
    return ((struct moved_clock *)base)->wall_ns;
}

static const struct bough_clock_ops clock_ops = {.now_ns = clock_zero, .wall_ns = clock_wall};
static struct moved_clock moved = {.base = {.ops = &clock_ops}};
static struct bough_env env;

#define DAY_NS ((uint64_t)24 * 3600 * 1000000000u)

static struct bough_store *open_store(struct bough_backend *backend)
{
    struct bough_store *store;

    env = *host_env();
    env.clock = &moved.base;
    moved.wall_ns = 20000 * DAY_NS;
    if (backend == NULL)
        assert_int_equal(bough_memory_open(&env, NULL, &backend), BOUGH_OK);
    assert_int_equal(bough_store_open(&env, backend, 1 << 20, &store), BOUGH_OK);
    return store;
}

/* A commit without parents, told from others by its time. */
static struct bough_link make_commit(struct bough_store *store, const struct bough_link *parent,
                                     unsigned number)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit = {.parents = parent,
                                  .parent_count = parent == NULL ? 0 : 1,
                                  .author = {.time_s = number},
                                  .committer = {.time_s = number}};
    struct bough_link link;

    assert_int_equal(bough_commit_put(store, &commit, &arena, &link), BOUGH_OK);
    bough_arena_release(&arena);
    return link;
}

static enum bough_err move(struct bough_store *store, const char *name,
                           const struct bough_link *next)
{
    struct bough_ref_move one = {
        .name = bough_bytes_text(name),
        .remove = next == NULL,
        .next = {.kind = BOUGH_KIND_COMMIT},
        .who = {.name = bough_bytes_text("Ann"), .email = bough_bytes_text("ann@example.org")},
        .why = bough_bytes_text("because")};

    if (next != NULL)
        one.next.link = *next;
    return bough_ref_move(store, &one, 1, NULL);
}

/* The log of a ref must be the last `count` of `lost`, the newest first. */
static void check_log(struct bough_store *store, const char *name, const struct bough_hash *lost,
                      size_t lost_count, size_t count)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_ref_log_entry entry = {0};
    uint64_t before = 0;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bough_ref_log_prev(store, bough_bytes_text(name), before, &arena, &entry),
                         BOUGH_OK);
        assert_true(bough_hash_equal(&entry.old.link.name, &lost[lost_count - 1 - i]));
        assert_true(before == 0 || entry.sequence < before);
        assert_true(bough_bytes_equal(entry.who.name, bough_bytes_text("Ann")));
        assert_true(bough_bytes_equal(entry.why, bough_bytes_text("because")));
        before = entry.sequence;
    }
    assert_int_equal(bough_ref_log_prev(store, bough_bytes_text(name), before, &arena, &entry),
                     BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
}

static void test_ref_log__the_last_moves_that_lost_something_are_on_record(void **unused)
{
    static const char *const names[] = {"heads/main", "heads/a", "heads/a/b", "tags/v1"};
    static struct bough_hash lost[4][MOVES_MAX];
    size_t lost_count[4] = {0};
    bool exists[4] = {false};
    struct bough_link now[4];
    struct bough_ref_log_window window = {.moves = 7, .days = 0};
    uint64_t seed = test_seed();
    struct bough_store *store = open_store(NULL);

    (void)unused;
    assert_int_equal(bough_ref_log_window_set(store, &window), BOUGH_OK);
    for (unsigned n = 1; n <= MOVES_MAX; n++) {
        size_t i = test_below(&seed, 4);
        unsigned what = (unsigned)test_below(&seed, 4);
        struct bough_link next;

        if ((i == 1 && exists[2]) || (i == 2 && exists[1]))
            continue; /* one is a folder of the other */
        if (what == 0 && exists[i]) {
            lost[i][lost_count[i]++] = now[i].name;
            assert_int_equal(move(store, names[i], NULL), BOUGH_OK);
            exists[i] = false;
        } else {
            bool forwards = exists[i] && what == 1;

            next = make_commit(store, forwards ? &now[i] : NULL, n);
            if (exists[i] && !forwards)
                lost[i][lost_count[i]++] = now[i].name;
            assert_int_equal(move(store, names[i], &next), BOUGH_OK);
            now[i] = next;
            exists[i] = true;
        }
        check_log(store, names[i], lost[i], lost_count[i], lost_count[i] < 7 ? lost_count[i] : 7);
    }
    assert_true(lost_count[0] > 20);
    assert_int_equal(bough_ref_log_clear(store, bough_bytes_text("heads/main")), BOUGH_OK);
    check_log(store, names[0], lost[0], lost_count[0], 0);
    check_log(store, names[3], lost[3], lost_count[3], 7);
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_ref_log__names_with_a_log_are_listed_though_the_refs_are_gone(void **unused)
{
    struct bough_store *store = open_store(NULL);
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes name = {0};
    char made[32];
    unsigned seen = 0;

    (void)unused;
    for (unsigned i = 0; i < 250; i++) {
        struct bough_link link = make_commit(store, NULL, i);

        sprintf(made, "heads/x/%u", i);
        assert_int_equal(move(store, made, &link), BOUGH_OK);
        assert_int_equal(move(store, made, NULL), BOUGH_OK);
    }
    while (bough_ref_log_next_name(store, name, &arena, &name) == BOUGH_OK) {
        assert_true(bough_bytes_starts(name, bough_bytes_text("heads/x/")));
        seen++;
    }
    assert_int_equal(seen, 250);
    bough_arena_release(&arena);
    bough_store_close(store);
}

static void test_ref_log__a_deleted_branch_comes_back(void **unused)
{
    struct bough_store *store = open_store(NULL);
    struct bough_bytes name = bough_bytes_text("heads/dev");
    struct bough_link first = make_commit(store, NULL, 1);
    struct bough_link second = make_commit(store, NULL, 2);
    struct bough_ref ref;
    struct bough_ref_move moves[2] = {{.name = bough_bytes_text("tags/t"), .remove = true},
                                      {.name = name, .remove = true}};

    (void)unused;
    assert_int_equal(bough_ref_undelete(store, name, &ref), BOUGH_NOT_FOUND);
    assert_int_equal(move(store, "heads/dev", &first), BOUGH_OK);
    assert_int_equal(move(store, "heads/dev", &second), BOUGH_OK); /* lost `first`, not deleted */
    assert_int_equal(bough_ref_undelete(store, name, &ref), BOUGH_STALE);
    assert_int_equal(move(store, "tags/t", &first), BOUGH_OK);
    assert_int_equal(bough_ref_move(store, moves, 2, NULL), BOUGH_OK);
    assert_int_equal(bough_ref_undelete(store, name, &ref), BOUGH_OK);
    assert_true(bough_hash_equal(&ref.link.name, &second.name));
    assert_int_equal(bough_ref_get(store, name, &ref), BOUGH_OK);
    assert_true(bough_hash_equal(&ref.link.name, &second.name));
    assert_int_equal(bough_ref_undelete(store, bough_bytes_text("tags/t"), &ref), BOUGH_OK);
    assert_true(bough_hash_equal(&ref.link.name, &first.name));
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_ref_log__an_ordinary_commit_writes_no_more_than_without(void **unused)
{
    uint64_t used[2];

    (void)unused;
    for (int i = 0; i < 2; i++) {
        struct bough_store *store = open_store(NULL);
        struct bough_ref_log_window window = {.moves = i == 0 ? 0 : BOUGH_REFLOG_MOVES};
        struct bough_store_info before;
        struct bough_store_info after;
        struct bough_txn_result result;
        char value[16];

        assert_int_equal(bough_ref_log_window_set(store, &window), BOUGH_OK);
        assert_int_equal(store_setup_write(store, "heads/main", "k", "0", &result), BOUGH_OK);
        bough_store_info(store, &before);
        for (int n = 1; n < 100; n++) {
            sprintf(value, "%d", n);
            assert_int_equal(store_setup_write(store, "heads/main", "k", value, &result), BOUGH_OK);
        }
        bough_store_info(store, &after);
        used[i] = after.used_bytes - before.used_bytes;
        bough_store_close(store);
    }
    printf("%llu bytes a commit without a log, %llu with one\n", (unsigned long long)used[0] / 99,
           (unsigned long long)used[1] / 99);
    assert_int_equal(used[0], used[1]);
}

/* ---- on a device ---- */

static bool can_read(struct bough_store *store, const struct bough_link *link)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_link found;
    struct bough_commit commit;
    enum bough_err err = bough_store_find(store, &link->name, &found);

    if (err == BOUGH_OK)
        err = bough_commit_get(store, &found, &arena, &commit);
    assert_true(err == BOUGH_OK || err == BOUGH_NOT_FOUND);
    bough_arena_release(&arena);
    return err == BOUGH_OK;
}

static void check_fsck(struct bough_store *store)
{
    struct bough_fsck_options options = {0};
    struct bough_fsck_report report;

    assert_int_equal(bough_fsck(store, &options, &report), BOUGH_OK);
    assert_int_equal(report.fault_count, 0);
}

static struct bough_store *open_journal(struct bough_block **medium, struct block_borrow *borrow,
                                        uint64_t blocks)
{
    struct bough_backend *backend;

    env = *host_env();
    env.clock = &moved.base;
    assert_int_equal(bough_ram_open(host_env(), 4096, blocks, medium), BOUGH_OK);
    assert_int_equal(bough_journal_format(&env, *medium, NULL), BOUGH_OK);
    assert_int_equal(bough_journal_open(&env, block_borrow(borrow, *medium), &backend), BOUGH_OK);
    return open_store(backend);
}

/* Fills the segments that were written so far up with garbage, so that they can be collected. */
static void write_garbage(struct bough_store *store)
{
    struct bough_arena arena = store_setup_arena();
    static uint8_t bytes[60000];
    static unsigned number;

    for (int i = 0; i < 30; i++) {
        struct bough_value value;

        number++;
        memcpy(bytes, &number, sizeof(number));
        assert_int_equal(
            bough_value_put(store, bough_bytes_of(bytes, sizeof(bytes)), &arena, &value), BOUGH_OK);
    }
    bough_arena_release(&arena);
}

static void test_ref_log__what_is_on_record_lives_until_it_is_too_old(void **unused)
{
    struct bough_block *medium;
    struct block_borrow borrow;
    struct bough_store *store = open_journal(&medium, &borrow, 2048);
    struct bough_link link[300];

    (void)unused;
    for (unsigned i = 0; i < 300; i++) {
        char name[32];

        sprintf(name, "heads/%u", i);
        link[i] = make_commit(store, NULL, i);
        assert_int_equal(move(store, name, &link[i]), BOUGH_OK);
        assert_int_equal(move(store, name, NULL), BOUGH_OK);
        if (i == 149)
            moved.wall_ns += 60 * DAY_NS;
    }
    write_garbage(store);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    for (unsigned i = 0; i < 300; i++)
        assert_true(can_read(store, &link[i]));
    check_fsck(store);
    moved.wall_ns += 60 * DAY_NS; /* now the first half is 120 days old */
    write_garbage(store);         /* the collection copied what lived to where it is written */
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(can_read(store, &link[i]), i >= 150);
    check_fsck(store);
    assert_int_equal(bough_ref_log_clear(store, (struct bough_bytes){0}), BOUGH_OK);
    write_garbage(store);
    assert_int_equal(bough_collect_run(store), BOUGH_OK);
    for (unsigned i = 0; i < 300; i++)
        assert_false(can_read(store, &link[i]));
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_ref_log__where_room_is_short_it_gives_way(void **unused)
{
    struct bough_block *medium;
    struct block_borrow borrow;
    struct bough_store *store = open_journal(&medium, &borrow, 1100);
    static char text[60000];
    struct bough_txn_result result;
    unsigned rounds = 0;

    (void)unused;
    assert_int_equal(store_setup_write(store, "heads/main", "stays", "here", &result), BOUGH_OK);
    for (; rounds < 6; rounds++) {
        struct bough_link head = result.commit;
        enum bough_err err;
        unsigned n = 0;

        assert_int_equal(move(store, "heads/dev", &head), BOUGH_OK);
        do {
            memset(text, 'a' + (char)rounds, sizeof(text) - 1);
            sprintf(text, "%u %u", rounds, n++);
            text[strlen(text)] = ' ';
            err = store_setup_write(store, "heads/dev", "k", text, &result);
        } while (err == BOUGH_OK);
        assert_int_equal(err, BOUGH_FULL);
        assert_true(n > 5); /* there was room again */
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        assert_int_equal(move(store, "heads/dev", NULL), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        assert_int_equal(bough_collect_run(store), BOUGH_OK);
        assert_int_equal(bough_store_sync(store), BOUGH_OK);
        result.commit = head;
    }
    check_fsck(store);
    bough_store_close(store);
    bough_block_close(medium);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ref_log__the_last_moves_that_lost_something_are_on_record),
        cmocka_unit_test(test_ref_log__names_with_a_log_are_listed_though_the_refs_are_gone),
        cmocka_unit_test(test_ref_log__a_deleted_branch_comes_back),
        cmocka_unit_test(test_ref_log__an_ordinary_commit_writes_no_more_than_without),
        cmocka_unit_test(test_ref_log__what_is_on_record_lives_until_it_is_too_old),
        cmocka_unit_test(test_ref_log__where_room_is_short_it_gives_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
