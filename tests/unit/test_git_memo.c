/* SPDX-License-Identifier: ISC
 *
 * test_git_memo.c - the memo against a plain array of what was added: it may forget trees and
 * values, but never answers wrongly, never forgets a commit, and keeps its limit.
 */
#include "git_memo.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT 20000u

static const uint8_t key[16] = {7};

/* The n-th pair; every third is a commit, every fourth tree has bytes of its own. */
static void pair(uint32_t n, struct sha1 *id, struct git_native *native)
{
    memset(id, 0, sizeof(*id));
    memcpy(id->at, &n, sizeof(n));
    *native = (struct git_native){.kind = n % 3 == 0   ? GIT_COMMIT
                                          : n % 3 == 1 ? GIT_TREE
                                                       : GIT_BLOB,
                                  .number = n};
    memcpy(native->link.name.at, &n, sizeof(n));
    native->link.name.at[31] = 1;
    native->link.address = n + 1;
    if (native->kind == GIT_TREE && n % 4 == 0)
        native->verbatim =
            (struct bough_link){.name = {{5, (uint8_t)n, (uint8_t)(n >> 8)}}, .address = 77};
}

static void check(struct git_memo *memo, uint32_t n, bool must)
{
    struct git_native want;
    struct git_native got;
    struct sha1 id;
    struct sha1 got_id;

    pair(n, &id, &want);
    if (git_memo_find(memo, &id, &got)) {
        assert_int_equal(got.kind, want.kind);
        assert_int_equal(got.number, want.number);
        assert_memory_equal(&got.link, &want.link, sizeof(got.link));
        assert_memory_equal(&got.verbatim, &want.verbatim, sizeof(got.verbatim));
        assert_true(git_memo_id(memo, &want, &got_id));
        assert_true(sha1_equal(&id, &got_id));
    } else {
        assert_false(must);
        assert_false(git_memo_id(memo, &want, &got_id));
    }
}

static void test_git_memo__commits_stay_and_the_limit_holds(void **unused)
{
    size_t limit = 900000;
    struct git_native native;
    struct git_memo *memo;
    struct sha1 id;
    uint64_t seed = test_seed();

    (void)unused;
    assert_int_equal(git_memo_open(host_env()->heap, key, limit, false, &memo), BOUGH_OK);
    for (uint32_t n = 0; n < COUNT; n++) {
        pair(n, &id, &native);
        assert_int_equal(git_memo_add(memo, &id, &native), BOUGH_OK);
        check(memo, (uint32_t)test_below(&seed, n + 1), false);
        assert_true(host_env()->heap->taken_bytes <= limit + 100000); /* the memo's own struct */
    }
    for (uint32_t n = 0; n < COUNT; n++)
        check(memo, n, n % 3 == 0);
    git_memo_close(memo);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_git_memo__too_many_commits_are_an_error(void **unused)
{
    struct git_native native;
    struct git_memo *memo;
    struct sha1 id;
    uint32_t n = 0;
    enum bough_err err;

    (void)unused;
    assert_int_equal(git_memo_open(host_env()->heap, key, 100000, false, &memo), BOUGH_OK);
    do {
        pair(3 * n++, &id, &native);
        err = git_memo_add(memo, &id, &native);
    } while (err == BOUGH_OK);
    assert_int_equal(err, BOUGH_NO_MEMORY);
    assert_true(n > 500);
    pair(1, &id, &native);
    assert_int_equal(git_memo_add(memo, &id, &native), BOUGH_OK); /* a tree is just not kept */
    git_memo_close(memo);
}

static void test_git_memo__one_id_for_two_contents_is_refused(void **unused)
{
    struct git_native native;
    struct git_native other;
    struct git_memo *memo;
    struct sha1 id;

    (void)unused;
    assert_int_equal(git_memo_open(host_env()->heap, key, 1 << 20, false, &memo), BOUGH_OK);
    pair(2, &id, &native);
    native.link.address = 0;
    assert_int_equal(git_memo_add(memo, &id, &native), BOUGH_OK);
    other = native;
    other.link.name.at[5] ^= 1;
    assert_int_equal(git_memo_add(memo, &id, &other), BOUGH_EXISTS);
    other = native;
    other.link.address = 99; /* the same thing, now with its place */
    assert_int_equal(git_memo_add(memo, &id, &other), BOUGH_OK);
    assert_true(git_memo_find(memo, &id, &native));
    assert_int_equal(native.link.address, 99);
    git_memo_close(memo);
}

static void test_git_memo__merging_and_erasing(void **unused)
{
    struct git_native native;
    struct git_memo *memo;
    struct git_memo *from;
    struct sha1 id;

    (void)unused;
    assert_int_equal(git_memo_open(host_env()->heap, key, 8 << 20, false, &memo), BOUGH_OK);
    assert_int_equal(git_memo_open(host_env()->heap, key, 8 << 20, true, &from), BOUGH_OK);
    for (uint32_t n = 0; n < 1000; n++) {
        pair(n, &id, &native);
        assert_int_equal(git_memo_add(n % 2 == 0 ? memo : from, &id, &native), BOUGH_OK);
    }
    assert_int_equal(git_memo_merge(memo, from), BOUGH_OK);
    for (uint32_t n = 0; n < 1000; n++)
        check(memo, n, true);
    git_memo_erase(memo);
    pair(0, &id, &native);
    assert_false(git_memo_find(memo, &id, &native));
    git_memo_close(memo);
    git_memo_close(from);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_git_memo__commits_stay_and_the_limit_holds),
        cmocka_unit_test(test_git_memo__too_many_commits_are_an_error),
        cmocka_unit_test(test_git_memo__one_id_for_two_contents_is_refused),
        cmocka_unit_test(test_git_memo__merging_and_erasing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
