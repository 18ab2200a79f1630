/* SPDX-License-Identifier: ISC
 *
 * test_json_read.c - what RFC 8259 allows is read, and nothing else.
 *
 * Proves it with tables of texts, with the depth limit and one past it, and by reading every prefix
 * of a document from a buffer that ends exactly there (a sanitizer sees a read past it).
 */
#include "bough/limits.h"
#include "host_env.h"
#include "json_read.h"
#include "json_write.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

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

static enum bough_err read_text(const char *text, const struct json **value)
{
    return json_read(bough_bytes_text(text), &arena, value, NULL);
}

static void test_json_read__what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "nul",
        "truex",
        "{",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x10",
        "NaN",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\\ud800\\u0041\"",
        "1 1",
        "{} {}",
        "[}",
        "{]",
        "\"\\",
        "// c\n1",
        "[1]]",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":0,\"\\u0061\":2}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct json *value;

        if (read_text(bad[i], &value) != BOUGH_INVALID)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_json_read__scalars_keep_their_meaning(void **state)
{
    const struct json *value;

    (void)state;
    assert_int_equal(read_text(" true ", &value), BOUGH_OK);
    assert_int_equal(value->kind, JSON_TRUE);
    assert_int_equal(read_text("null", &value), BOUGH_OK);
    assert_int_equal(value->kind, JSON_NULL);
    assert_int_equal(read_text("-0.5e+3", &value), BOUGH_OK);
    assert_int_equal(value->kind, JSON_NUMBER);
    assert_true(bough_bytes_equal(value->text, bough_bytes_text("-0.5e+3")));
    assert_int_equal(read_text("\"a\\u00e9\\ud83d\\ude00\\/\\n\\u0000z\"", &value), BOUGH_OK);
    assert_true(
        bough_bytes_equal(value->text, bough_bytes_of("a\xc3\xa9\xf0\x9f\x98\x80/\n\0z", 11)));
}

static void test_json_read__members_are_found_by_unescaped_name(void **state)
{
    const struct json *value;
    int64_t number = 0;

    (void)state;
    assert_int_equal(read_text("{\"\\u0061\":[1,{\"x\":{}}],\"b\":-7}", &value), BOUGH_OK);
    assert_int_equal(value->item_count, 2);
    assert_int_equal(json_read_member(value, "a")->kind, JSON_ARRAY);
    assert_int_equal(json_read_member(value, "a")->item_count, 2);
    assert_true(json_read_integer(json_read_member(value, "b"), &number));
    assert_int_equal(number, -7);
    assert_null(json_read_member(value, "c"));
    assert_null(json_read_member(json_read_member(value, "b"), "c"));
    assert_false(json_read_integer(NULL, &number));
}

static void test_json_read__integers_that_do_not_fit_are_none(void **state)
{
    static const char *const bad[] = {"9223372036854775808", "92233720368547758070", "1.0", "1e3",
                                      "\"1\""};
    const struct json *value;
    int64_t number = 0;

    (void)state;
    assert_int_equal(read_text("9223372036854775807", &value), BOUGH_OK);
    assert_true(json_read_integer(value, &number));
    assert_true(number == INT64_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(read_text(bad[i], &value), BOUGH_OK);
        assert_false(json_read_integer(value, &number));
    }
}

static void test_json_read__depth_has_a_limit(void **state)
{
    char text[2 * (BOUGH_JSON_DEPTH_MAX + 1)];
    const struct json *value;

    (void)state;
    memset(text, '[', BOUGH_JSON_DEPTH_MAX + 1);
    memset(text + BOUGH_JSON_DEPTH_MAX + 1, ']', BOUGH_JSON_DEPTH_MAX + 1);
    assert_int_equal(
        json_read(bough_bytes_of(text + 1, 2 * BOUGH_JSON_DEPTH_MAX), &arena, &value, NULL),
        BOUGH_OK);
    assert_int_equal(json_read(bough_bytes_of(text, sizeof(text)), &arena, &value, NULL),
                     BOUGH_TOO_BIG);
}

static void test_json_read__every_prefix_of_a_document_is_refused(void **state)
{
    static const char text[] =
        "{\"k\":[1,-2.5e3,\"\\ud83d\\ude00\xc3\xa9\",true,null,{}],\"l\":[[]]}";
    const struct json *value;
    size_t error_at = 0;

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        char *exact = malloc(len + 1);
        char *start = exact + 1; /* so that the buffer ends where the text ends */

        memcpy(start, text, len);
        assert_int_equal(json_read(bough_bytes_of(start, len), &arena, &value, &error_at),
                         BOUGH_INVALID);
        assert_true(error_at <= len);
        free(exact);
    }
    assert_int_equal(read_text(text, &value), BOUGH_OK);
}

static void test_json_write__what_is_written_can_be_read_back(void **state)
{
    struct out out = out_begin(&arena);
    struct json_write json = json_write_into(&out);
    const struct json *value;
    struct bough_bytes text;
    uint8_t all[256];
    int64_t number;

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    json_write_object(&json, NULL);
    json_write_bytes(&json, "ascii", bough_bytes_of(all, 128));
    json_write_array(&json, "list");
    json_write_number(&json, NULL, 7);
    json_write_signed(&json, NULL, -8);
    json_write_object(&json, NULL);
    json_write_end(&json);
    json_write_null(&json, NULL);
    json_write_end(&json);
    json_write_bool(&json, "yes", true);
    json_write_bytes(&json, "foreign", bough_bytes_of("a\xff\x62", 3));
    json_write_end(&json);
    assert_int_equal(out_end(&out, &text), BOUGH_OK);
    assert_int_equal(json_read(text, &arena, &value, NULL), BOUGH_OK);
    assert_true(
        bough_bytes_equal(json_read_member(value, "ascii")->text, bough_bytes_of(all, 128)));
    assert_int_equal(json_read_member(value, "list")->item_count, 4);
    assert_true(json_read_integer(json_read_member(value, "list")->first->next, &number));
    assert_int_equal(number, -8);
    assert_true(
        bough_bytes_equal(json_read_member(value, "foreign")->text, bough_bytes_text("a\xef\xbf\xbd"
                                                                                     "b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_read__what_is_no_json_is_refused),
        cmocka_unit_test(test_json_read__scalars_keep_their_meaning),
        cmocka_unit_test(test_json_read__members_are_found_by_unescaped_name),
        cmocka_unit_test(test_json_read__integers_that_do_not_fit_are_none),
        cmocka_unit_test(test_json_read__depth_has_a_limit),
        cmocka_unit_test(test_json_read__every_prefix_of_a_document_is_refused),
        cmocka_unit_test(test_json_write__what_is_written_can_be_read_back),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
