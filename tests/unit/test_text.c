/* SPDX-License-Identifier: ISC
 *
 * test_text.c - base64, percent coding, UTF-8 and growing text: there and back again.
 *
 * Proves it by round trips over random bytes of every small length (the seed is printed), the test
 * vectors of the RFCs, and tables of what must be refused.
 */
#include "base64.h"
#include "host_env.h"
#include "laws_block.h"
#include "percent.h"
#include "utf8.h"

static struct bough_arena arena;

static int begin(void **state)
{
    (void)state;
    bough_arena_init(&arena, host_env()->heap, 1u << 24);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_arena_release(&arena);
    return 0;
}

static void test_base64__the_vectors_of_rfc_4648_hold(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct bough_bytes text;

        assert_int_equal(base64_encode(bough_bytes_text(pairs[i][0]), &arena, &text), BOUGH_OK);
        assert_true(bough_bytes_equal(text, bough_bytes_text(pairs[i][1])));
    }
}

static void test_base64__second_spellings_are_refused(void **state)
{
    static const char *const bad[] = {"Zg",     "Zg=",  "Zh==", "Zm9=",  "Z===", "====", "Zg==Zg==",
                                      "Zm9v\n", "Zm-v", "Zm_v", " Zm9v", "Zg=g", "Z"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bough_bytes bytes;

        if (base64_decode(bough_bytes_text(bad[i]), &arena, &bytes) != BOUGH_INVALID)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_text__random_bytes_survive_both_codings(void **state)
{
    uint64_t seed = 42;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t len = 0; len < 300; len++) {
        struct out out = out_begin(&arena);
        struct bough_bytes text;
        struct bough_bytes back;
        uint8_t bytes[300];

        laws_fill(bytes, len, &seed);
        assert_int_equal(base64_encode(bough_bytes_of(bytes, len), &arena, &text), BOUGH_OK);
        assert_int_equal(base64_decode(text, &arena, &back), BOUGH_OK);
        assert_true(bough_bytes_equal(back, bough_bytes_of(bytes, len)));
        percent_encode(&out, bough_bytes_of(bytes, len), len % 2 == 0);
        assert_int_equal(out_end(&out, &text), BOUGH_OK);
        assert_int_equal(percent_decode(text, &arena, &back), BOUGH_OK);
        assert_true(bough_bytes_equal(back, bough_bytes_of(bytes, len)));
    }
}

static void test_percent__decoding_happens_once(void **state)
{
    struct bough_bytes back;

    (void)state;
    assert_int_equal(percent_decode(bough_bytes_text("a%252Fb%2fc+d"), &arena, &back), BOUGH_OK);
    assert_true(bough_bytes_equal(back, bough_bytes_text("a%2Fb/c+d")));
    assert_int_equal(percent_decode(bough_bytes_text("a%"), &arena, &back), BOUGH_INVALID);
    assert_int_equal(percent_decode(bough_bytes_text("a%2"), &arena, &back), BOUGH_INVALID);
    assert_int_equal(percent_decode(bough_bytes_text("%g0"), &arena, &back), BOUGH_INVALID);
}

static void test_utf8__only_well_formed_sequences_count(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x82",
                                      "\xe2\x28\xa1",
                                      "a\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(utf8_is(bough_bytes_text(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(utf8_is(bough_bytes_text(bad[i])));
}

static void test_utf8__every_point_can_be_put_and_read(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        uint8_t bytes[4];
        size_t len;

        if (point >= 0xd800 && point <= 0xdfff)
            continue;
        len = utf8_put(point, bytes);
        if (utf8_length(bough_bytes_of(bytes, len)) != len)
            fail_msg("U+%04X", point);
    }
}

static void test_out__memory_that_ends_is_an_error_not_a_short_text(void **state)
{
    struct bough_arena small;
    struct bough_bytes text;
    struct out out;

    (void)state;
    bough_arena_init(&small, host_env()->heap, 8192);
    out = out_begin(&small);
    for (int i = 0; i < 1000; i++)
        out_format(&out, "line %d\n", i);
    assert_int_equal(out_end(&out, &text), BOUGH_NO_MEMORY);
    bough_arena_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64__the_vectors_of_rfc_4648_hold),
        cmocka_unit_test(test_base64__second_spellings_are_refused),
        cmocka_unit_test(test_text__random_bytes_survive_both_codings),
        cmocka_unit_test(test_percent__decoding_happens_once),
        cmocka_unit_test(test_utf8__only_well_formed_sequences_count),
        cmocka_unit_test(test_utf8__every_point_can_be_put_and_read),
        cmocka_unit_test(test_out__memory_that_ends_is_an_error_not_a_short_text),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
