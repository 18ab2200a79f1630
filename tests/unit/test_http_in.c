/* SPDX-License-Identifier: ISC
 *
 * test_http_in.c - the head of a request is understood in one way or refused.
 *
 * Proves it with a table of heads and the status that each must get, one row per rule of RFC 9112,
 * fed at once and byte by byte; every limit is tried at its figure and one past it.
 */
#include "host_env.h"
#include "http_in.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What a head gets: 0, or the status of the refusal; 1 if it never becomes complete. */
static unsigned judge(struct bough_bytes head, struct http_in *in)
{
    struct http_in_scan at_once = {0};
    struct http_in_scan slowly = {0};
    size_t head_len = 0;
    size_t len = 0;
    unsigned status = http_in_scan(&at_once, head, &head_len);
    unsigned slow_status = 0;
    char *exact;

    for (size_t i = 1; i <= head.len && slow_status == 0 && len == 0; i++) {
        exact = malloc(i); /* ends where the input ends: a sanitizer sees a read past it */
        memcpy(exact, head.at, i);
        slow_status = http_in_scan(&slowly, bough_bytes_of(exact, i), &len);
        free(exact);
    }
    assert_int_equal(status, slow_status);
    assert_int_equal(head_len, len);
    if (status != 0)
        return status;
    return head_len == 0 ? 1 : http_in_parse(bough_bytes_of(head.at, head_len), in);
}

static unsigned judge_text(const char *text)
{
    struct http_in in;

    return judge(bough_bytes_text(text), &in);
}

#define L "GET / HTTP/1.1\r\n"
#define H "Host: h\r\n"
#define E "\r\n"

static void test_http_in__each_refusal_has_its_status(void **state)
{
    static const struct {
        const char *head;
        unsigned status;
    } rows[] = {
        /* section 3: the request line */
        {L H E, 0},
        {"\r\n" L H E, 0},
        {"\r\n\r\n" L H E, 400},
        {"\n" L H E, 400},
        {" " L H E, 400},
        {"GET  / HTTP/1.1\r\n" H E, 400},
        {"GET /\r\n" H E, 400},
        {"GET / HTTP/1.1 \r\n" H E, 400},
        {"GET / http/1.1\r\n" H E, 400},
        {"GET / HTTP/1.10\r\n" H E, 400},
        {"GET / HTTP/11\r\n" H E, 400},
        {"GET / HTTP/2.0\r\n" H E, 505},
        {"GET / HTTP/0.9\r\n" H E, 505},
        {"GET / HTTP/1.2\r\n" H E, 0},
        {"get / HTTP/1.1\r\n" H E, 501},
        {"BREW / HTTP/1.1\r\n" H E, 501},
        {"CONNECT h:80 HTTP/1.1\r\n" H E, 501},
        {"G(T / HTTP/1.1\r\n" H E, 400},
        {"GET\t/ HTTP/1.1\r\n" H E, 400},
        {"GET /a b HTTP/1.1\r\n" H E, 400},
        {"GET /a#b HTTP/1.1\r\n" H E, 400},
        {"GET /\x80 HTTP/1.1\r\n" H E, 400},
        {"GET /\x01 HTTP/1.1\r\n" H E, 400},
        {"GET a HTTP/1.1\r\n" H E, 400},
        {"GET * HTTP/1.1\r\n" H E, 400},
        {"OPTIONS * HTTP/1.1\r\n" H E, 0},
        {"GET http://h/a HTTP/1.1\r\n" H E, 0},
        {"GET http://h HTTP/1.1\r\n" H E, 0},
        {"GET HTTP://H?q HTTP/1.1\r\n" H E, 0},
        {"GET http://other/a HTTP/1.1\r\n" H E, 400},
        {"GET http:///a HTTP/1.1\r\n" H E, 400},
        {"GET https://h/a HTTP/1.1\r\n" H E, 400},
        /* section 3.2: Host */
        {L E, 400},
        {L H H E, 400},
        {L "Host: a, b\r\n" E, 400},
        {L "Host: a b\r\n" E, 400},
        {L "Host: a@b\r\n" E, 400},
        {L "Host: a/b\r\n" E, 400},
        {L "Host:\r\n" E, 0},
        {L "Host: [::1]:8080\r\n" E, 0},
        {"GET / HTTP/1.0\r\n" E, 0},
        {"GET / HTTP/1.0\r\n" H H E, 400},
        /* section 2.2 and 5: lines and fields */
        {L "Host: h\n" E, 400},
        {L "Host: h\r" E, 400},
        {L "Host: h\rX: y\r\n" E, 400},
        {L H "\n", 400},
        {L H "\r\r\n", 400},
        {L H "A : b\r\n" E, 400},
        {L H " A: b\r\n" E, 400},
        {L " A: b\r\n" H E, 400},
        {L H "A: b\r\n c\r\n" E, 400},
        {L H "A: b\r\n\tc\r\n" E, 400},
        {L H "A\r\n" E, 400},
        {L H ": b\r\n" E, 400},
        {L H "A: \x01\r\n" E, 400},
        {L H "A: \x7f\r\n" E, 400},
        {L H "A@: b\r\n" E, 400},
        {L H "A: b\tc \xe9\r\n" E, 0},
        /* section 6: framing */
        {L H "Content-Length: 5\r\n" E, 0},
        {L H "Content-Length: 5\r\nContent-Length: 5\r\n" E, 400},
        {L H "Content-Length: 5\r\nContent-Length: 6\r\n" E, 400},
        {L H "Content-Length: 5, 5\r\n" E, 400},
        {L H "Content-Length: +5\r\n" E, 400},
        {L H "Content-Length: -1\r\n" E, 400},
        {L H "Content-Length: 0x5\r\n" E, 400},
        {L H "Content-Length: 5_0\r\n" E, 400},
        {L H "Content-Length: \"\"\r\n" E, 400},
        {L H "Content-Length:\r\n" E, 400},
        {L H "Content-Length: 5 5\r\n" E, 400},
        {L H "Content-Length: 18446744073709551616\r\n" E, 400},
        {L H "Content-Length: 999999999999999999\r\n" E, 0},
        {L H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" E, 400},
        {L H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" E, 400},
        {L H "Transfer-Encoding: chunked\r\n" E, 0},
        {L H "transfer-encoding: CHUNKED\r\n" E, 0},
        {L H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" E, 400},
        {L H "Transfer-Encoding: chunked, chunked\r\n" E, 400},
        {L H "Transfer-Encoding: chunked, gzip\r\n" E, 400},
        {L H "Transfer-Encoding: gzip, chunked\r\n" E, 501},
        {L H "Transfer-Encoding: gzip\r\n" E, 501},
        {L H "Transfer-Encoding: identity\r\n" E, 501},
        {L H "Transfer-Encoding: xchunked\r\n" E, 501},
        {L H "Transfer-Encoding: \x0b"
             "chunked\r\n" E,
         400},
        {L H "Transfer-Encoding:\r\n" E, 400},
        {L H "Transfer-Encoding: chun ked\r\n" E, 400},
        {"GET / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" E, 400},
        /* RFC 9110 sections 8.4 and 10.1.1 */
        {L H "Expect: 100-Continue\r\n" E, 0},
        {L H "Expect: miracles\r\n" E, 417},
        {L H "Content-Encoding: gzip\r\n" E, 0},
        {L H "Content-Encoding: br\r\n" E, 415},
        {L H "Content-Encoding: gzip, gzip\r\n" E, 415},
        /* not complete */
        {L H, 1},
        {"GET", 1},
        {L "\r", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned status = judge_text(rows[i].head);

        if (status != rows[i].status)
            fail_msg("row %zu, \"%s\": %u, not %u", i, rows[i].head, status, rows[i].status);
    }
}

static void test_http_in__a_nul_is_refused_anywhere(void **state)
{
    static const char head[] = L H "A: b\r\n" E;
    struct http_in in;

    (void)state;
    for (size_t i = 0; i < sizeof(head) - 1; i++) {
        char copy[sizeof(head)];

        memcpy(copy, head, sizeof(head));
        copy[i] = '\0';
        assert_int_equal(judge(bough_bytes_of(copy, sizeof(head) - 1), &in), 400);
    }
}

static void test_http_in__what_is_sent_is_what_is_read(void **state)
{
    static const char head[] = "PUT http://h:8/a%20b?c=d?e HTTP/1.1\r\nHost: h:8\r\nX:  y z\t\r\n"
                               "Content-Length: 12\r\nExpect: 100-continue\r\nX: 2\r\n"
                               "Connection: foo, Close\r\nContent-Encoding: gzip\r\n\r\n";
    struct http_in in;

    (void)state;
    assert_int_equal(judge(bough_bytes_text(head), &in), 0);
    assert_int_equal(in.method, HTTP_PUT);
    assert_true(bough_bytes_equal(in.path, bough_bytes_text("/a%20b")));
    assert_true(bough_bytes_equal(in.query, bough_bytes_text("c=d?e")));
    assert_true(bough_bytes_equal(http_in_field(&in, "x", 0), bough_bytes_text("y z")));
    assert_true(bough_bytes_equal(http_in_field(&in, "x", 1), bough_bytes_text("2")));
    assert_null(http_in_field(&in, "x", 2).at);
    assert_true(in.has_length && in.length_bytes == 12);
    assert_true(in.expects_continue && in.gzip && !in.keep_alive && !in.chunked);
    assert_int_equal(in.minor, 1);
}

static void test_http_in__keep_alive_follows_version_and_field(void **state)
{
    struct http_in in;

    (void)state;
    assert_int_equal(judge(bough_bytes_text(L H E), &in), 0);
    assert_true(in.keep_alive);
    assert_int_equal(judge(bough_bytes_text("GET / HTTP/1.0\r\n" E), &in), 0);
    assert_false(in.keep_alive);
    assert_int_equal(judge(bough_bytes_text("GET / HTTP/1.0\r\nConnection: keep-alive\r\n" E), &in),
                     0);
    assert_true(in.keep_alive);
}

/* A head with a target of `target` bytes, `fields` fields, and a last field that makes all field
 * lines `total` bytes long (0 = as they come). */
static unsigned judge_sizes(size_t target, size_t fields, size_t total)
{
    char *head = malloc(target + fields * 8 + total + 64);
    struct http_in in;
    size_t start;
    unsigned status;
    int len = sprintf(head, "GET /");

    memset(head + len, 'a', target - 1);
    len += (int)target - 1;
    len += sprintf(head + len, " HTTP/1.1\r\n");
    start = (size_t)len;
    len += sprintf(head + len, "Host: h\r\n");
    for (size_t i = 1; i < fields; i++)
        len += sprintf(head + len, "A: b\r\n");
    if (total > 0) {
        size_t filler = total - ((size_t)len - start) - 5;

        len += sprintf(head + len, "B: ");
        memset(head + len, 'b', filler);
        len += (int)filler;
        len += sprintf(head + len, "\r\n");
        assert_int_equal((size_t)len - start, total);
    }
    len += sprintf(head + len, "\r\n");
    status = judge(bough_bytes_of(head, (size_t)len), &in);
    free(head);
    return status;
}

static void test_http_in__limits_hold_at_their_figure(void **state)
{
    size_t rest = strlen("GET  HTTP/1.1");

    (void)state;
    assert_int_equal(judge_sizes(BOUGH_HTTP_LINE_BYTES_MAX - rest, 1, 0), 0);
    assert_int_equal(judge_sizes(BOUGH_HTTP_LINE_BYTES_MAX - rest + 1, 1, 0), 414);
    assert_int_equal(judge_sizes(1, BOUGH_HTTP_FIELDS_MAX, 0), 0);
    assert_int_equal(judge_sizes(1, BOUGH_HTTP_FIELDS_MAX + 1, 0), 431);
    assert_int_equal(judge_sizes(1, 1, BOUGH_HTTP_HEAD_BYTES_MAX), 0);
    assert_int_equal(judge_sizes(1, 1, BOUGH_HTTP_HEAD_BYTES_MAX + 1), 431);
    assert_int_equal(judge_sizes(BOUGH_HTTP_LINE_BYTES_MAX - rest, 40, BOUGH_HTTP_HEAD_BYTES_MAX),
                     0);
}

static void test_http_in__lists_are_cut_at_commas_outside_quotes(void **state)
{
    struct bough_bytes list = bough_bytes_text(" , \"a,b\",c ,, W/\"d\" ,");
    struct bough_bytes element;

    (void)state;
    assert_true(http_in_element(&list, &element));
    assert_true(bough_bytes_equal(element, bough_bytes_text("\"a,b\"")));
    assert_true(http_in_element(&list, &element));
    assert_true(bough_bytes_equal(element, bough_bytes_text("c")));
    assert_true(http_in_element(&list, &element));
    assert_true(bough_bytes_equal(element, bough_bytes_text("W/\"d\"")));
    assert_false(http_in_element(&list, &element));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_in__each_refusal_has_its_status),
        cmocka_unit_test(test_http_in__a_nul_is_refused_anywhere),
        cmocka_unit_test(test_http_in__what_is_sent_is_what_is_read),
        cmocka_unit_test(test_http_in__keep_alive_follows_version_and_field),
        cmocka_unit_test(test_http_in__limits_hold_at_their_figure),
        cmocka_unit_test(test_http_in__lists_are_cut_at_commas_outside_quotes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
