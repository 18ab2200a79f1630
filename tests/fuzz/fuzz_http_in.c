/* SPDX-License-Identifier: ISC
 *
 * fuzz_http_in.c - any bytes as the head of a request: at once and byte by byte they must get the
 * same judgement, and what is accepted must keep what http_in.c promises of it.
 */
#include "http_in.h"
#include <stdlib.h>

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_bytes(struct bough_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        check((bytes.at[i] >= 0x20 || bytes.at[i] == '\t') && bytes.at[i] != 0x7f);
}

static void check_accepted(const struct http_in *in)
{
    check(in->path.len > 0 && (in->path.at[0] == '/' || in->path.at[0] == '*'));
    check(!(in->chunked && in->has_length));
    check(in->minor == 0 || http_in_field(in, "Host", 0).at != NULL);
    check(http_in_field(in, "Host", 1).at == NULL);
    check_bytes(in->path);
    check_bytes(in->query);
    for (size_t i = 0; i < in->field_count; i++) {
        check(in->fields[i].name.len > 0);
        check_bytes(in->fields[i].name);
        check_bytes(in->fields[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_in_scan at_once = {0};
    struct http_in_scan slowly = {0};
    size_t head_len = 0;
    size_t slow_len = 0;
    unsigned status = http_in_scan(&at_once, bough_bytes_of(data, size), &head_len);
    unsigned slow_status = 0;
    struct http_in in;
    uint8_t *exact;

    for (size_t i = 1; i <= size && slow_status == 0 && slow_len == 0; i++)
        slow_status = http_in_scan(&slowly, bough_bytes_of(data, i), &slow_len);
    check(status == slow_status && head_len == slow_len);
    if (status != 0 || head_len == 0)
        return 0;
    exact = malloc(head_len);
    for (size_t i = 0; i < head_len; i++)
        exact[i] = data[i];
    if (http_in_parse(bough_bytes_of(exact, head_len), &in) == 0)
        check_accepted(&in);
    free(exact);
    return 0;
}
