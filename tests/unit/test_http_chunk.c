/* SPDX-License-Identifier: ISC
 *
 * test_http_chunk.c - chunked bodies are taken apart the same way however they arrive.
 *
 * Proves it by feeding each body of a table at once and in pieces of every size, and by trying the
 * limits at their figure and one past it.
 */
#include "bough/limits.h"
#include "http_chunk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Decodes `wire` in pieces of `piece` bytes; the data goes into `data`.  1 = not complete. */
static unsigned decode(const char *wire, size_t len, size_t piece, char *data, size_t *left)
{
    struct http_chunk chunk = {0};
    size_t total = 0;

    for (size_t at = 0; at < len; at += piece) {
        size_t size = len - at < piece ? len - at : piece;
        struct bough_bytes input = bough_bytes_of(wire + at, size);

        while (input.len > 0) {
            struct bough_bytes run;
            unsigned status = http_chunk_take(&chunk, &input, &run);

            if (status != 0)
                return status;
            if (run.len > 0)
                memcpy(data + total, run.at, run.len);
            total += run.len;
            data[total] = '\0';
            if (chunk.state == HTTP_CHUNK_DONE) {
                *left = len - at - size + input.len;
                return 0;
            }
        }
    }
    return 1;
}

static void test_http_chunk__each_body_has_one_meaning_however_it_arrives(void **state)
{
    static const struct {
        const char *wire;
        unsigned status;
        const char *data;
        size_t left;
    } rows[] = {
        {"0\r\n\r\n", 0, "", 0},
        {"5\r\nhello\r\n0\r\n\r\n", 0, "hello", 0},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /", 0, "hello world", 5},
        {"0000000000005\r\nhello\r\n00\r\n\r\n", 0, "hello", 0},
        {"A;x=y;z\r\n0123456789\r\n0\r\n\r\n", 0, "0123456789", 0},
        {"a\r\n0123456789\r\n0\r\nT: v\r\nU: w\r\n\r\nX", 0, "0123456789", 1},
        {"5\r\nhello0\r\n\r\n", 400, "", 0},
        {"5\r\nhello\n0\r\n\r\n", 400, "", 0},
        {"5\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"0x5\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"+5\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"-5\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {" 5\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"5 \r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"5_0\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"g\r\n", 400, "", 0},
        {"5\r\rhello", 400, "", 0},
        {"5;a\nb\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"5;a\x01\r\nhello\r\n0\r\n\r\n", 400, "", 0},
        {"10000000000000000\r\n", 400, "", 0},
        {"0\r\n a\r\n\r\n", 400, "", 0},
        {"0\r\nT: v\n\r\n", 400, "", 0},
        {"5\r\nhel", 1, "hel", 0},
        {"0\r\n", 1, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].wire);

        for (size_t piece = 1; piece <= len; piece++) {
            char data[64] = "";
            size_t left = 0;
            unsigned status = decode(rows[i].wire, len, piece, data, &left);

            if (status != rows[i].status)
                fail_msg("row %zu, pieces of %zu: %u", i, piece, status);
            if (status == 400)
                continue;
            assert_string_equal(data, rows[i].data);
            assert_int_equal(left, rows[i].left);
        }
    }
}

static unsigned decode_filled(const char *before, char filler, size_t count, const char *after)
{
    size_t len = strlen(before) + count + strlen(after);
    char *wire = malloc(len + 1);
    char data[64];
    size_t left;
    unsigned status;

    memcpy(wire, before, strlen(before));
    memset(wire + strlen(before), filler, count);
    memcpy(wire + strlen(before) + count, after, strlen(after) + 1);
    status = decode(wire, len, len, data, &left);
    free(wire);
    return status;
}

static void test_http_chunk__extensions_and_trailers_have_limits(void **state)
{
    (void)state;
    assert_int_equal(decode_filled("1;", 'x', BOUGH_HTTP_CHUNK_EXT_MAX, "\r\na\r\n0\r\n\r\n"), 0);
    assert_int_equal(decode_filled("1;", 'x', BOUGH_HTTP_CHUNK_EXT_MAX + 1, "\r\na\r\n0\r\n\r\n"),
                     400);
    assert_int_equal(decode_filled("0\r\n", 'x', BOUGH_HTTP_HEAD_BYTES_MAX - 2, "\r\n\r\n"), 0);
    assert_int_equal(decode_filled("0\r\n", 'x', BOUGH_HTTP_HEAD_BYTES_MAX - 1, "\r\n\r\n"), 431);
    assert_int_equal(decode_filled("", '0', 14, "1\r\na\r\n0\r\n\r\n"), 0);
    assert_int_equal(decode_filled("", '0', 15, "1\r\na\r\n0\r\n\r\n"), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_chunk__each_body_has_one_meaning_however_it_arrives),
        cmocka_unit_test(test_http_chunk__extensions_and_trailers_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
