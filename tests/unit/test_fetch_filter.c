/* SPDX-License-Identifier: ISC
 *
 * test_fetch_filter.c - the words for what a partial clone leaves out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetch_filter.h"

#define ANY_BYTES UINT64_MAX
#define ANY_DEPTH UINT32_MAX

static void test_fetch_filter__words_are_bounds(void **unused)
{
    static const struct {
        const char *text;
        uint64_t value_bytes;
        uint32_t depth;
    } cases[] = {
        {"blob:none", 0, ANY_DEPTH},
        {"blob:limit=0", 0, ANY_DEPTH},
        {"blob:limit=7", 7, ANY_DEPTH},
        {"blob:limit=7k", 7 << 10, ANY_DEPTH},
        {"blob:limit=7M", 7 << 20, ANY_DEPTH},
        {"blob:limit=7g", (uint64_t)7 << 30, ANY_DEPTH},
        {"blob:limit=18446744073709551615", ANY_BYTES, ANY_DEPTH},
        {"blob:limit=18014398509481983k", (uint64_t)18014398509481983 << 10, ANY_DEPTH},
        {"tree:0", ANY_BYTES, 0},
        {"tree:4294967296", ANY_BYTES, ANY_DEPTH},
        {"combine:tree:3", ANY_BYTES, 3},
        {"combine:blob:none+tree:2", 0, 2},
        {"combine:tree:2+blob%3Alimit%3d9+tree%3a1", 9, 1},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fetch_filter filter = FETCH_FILTER_NONE;

        assert_int_equal(fetch_filter_parse(bough_bytes_text(cases[i].text), &filter), BOUGH_OK);
        assert_true(filter.value_bytes == cases[i].value_bytes);
        assert_int_equal(filter.depth, cases[i].depth);
    }
}

static void test_fetch_filter__several_are_the_least_of_each(void **unused)
{
    struct fetch_filter filter = FETCH_FILTER_NONE;

    (void)unused;
    assert_false(fetch_filter_is_on(&filter));
    assert_int_equal(fetch_filter_parse(bough_bytes_text("tree:2"), &filter), BOUGH_OK);
    assert_int_equal(fetch_filter_parse(bough_bytes_text("tree:5"), &filter), BOUGH_OK);
    assert_int_equal(fetch_filter_parse(bough_bytes_text("blob:limit=5"), &filter), BOUGH_OK);
    assert_int_equal(fetch_filter_parse(bough_bytes_text("blob:limit=6"), &filter), BOUGH_OK);
    assert_true(fetch_filter_is_on(&filter));
    assert_int_equal(filter.depth, 2);
    assert_int_equal(filter.value_bytes, 5);
}

static void test_fetch_filter__other_words_change_nothing(void **unused)
{
    static const char *const bad[] = {"",
                                      "blob",
                                      "blob:",
                                      "blob:none ",
                                      "blob:limit=",
                                      "blob:limit=k",
                                      "blob:limit=1t",
                                      "blob:limit=1kk",
                                      "blob:limit=-1",
                                      "blob:limit=18446744073709551616",
                                      "blob:limit=18014398509481984k",
                                      "tree:",
                                      "tree:-1",
                                      "tree:1k",
                                      "sparse:oid=main",
                                      "object:type=blob",
                                      "combine:",
                                      "combine:+",
                                      "combine:tree:1+",
                                      "combine:tree:1+blob",
                                      "combine:tree:1%",
                                      "combine:tree:1%3",
                                      "combine:tree%3g1",
                                      "combine:combine:tree:1"};

    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fetch_filter filter = {.value_bytes = 77, .depth = 7};

        assert_int_equal(fetch_filter_parse(bough_bytes_text(bad[i]), &filter), BOUGH_INVALID);
        assert_int_equal(filter.value_bytes, 77);
        assert_int_equal(filter.depth, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch_filter__words_are_bounds),
        cmocka_unit_test(test_fetch_filter__several_are_the_least_of_each),
        cmocka_unit_test(test_fetch_filter__other_words_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
