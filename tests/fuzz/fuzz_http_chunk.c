/* SPDX-License-Identifier: ISC
 *
 * fuzz_http_chunk.c - any bytes as a chunked body: in one piece and in pieces of the first byte's
 * size they must give the same data, the same end and the same judgement.
 */
#include "http_chunk.h"
#include <stdlib.h>

struct result {
    unsigned status;
    bool done;
    uint8_t *data;
    size_t len;
    size_t used;
};

static struct result decode(const uint8_t *at, size_t size, size_t piece)
{
    struct http_chunk chunk = {0};
    struct result result = {.data = malloc(size + 1)};

    while (result.used < size && result.status == 0 && !result.done) {
        size_t len = size - result.used < piece ? size - result.used : piece;
        struct bough_bytes input = bough_bytes_of(at + result.used, len);
        struct bough_bytes run;

        result.status = http_chunk_take(&chunk, &input, &run);
        if (result.status != 0)
            break;
        for (size_t i = 0; i < run.len; i++)
            result.data[result.len++] = run.at[i];
        result.used += len - input.len;
        result.done = chunk.state == HTTP_CHUNK_DONE;
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = size > 0 ? data[0] % 16u + 1 : 1;
    struct result a;
    struct result b;

    if (size == 0)
        return 0;
    a = decode(data + 1, size - 1, size);
    b = decode(data + 1, size - 1, piece);
    if (a.status != b.status || a.done != b.done || a.len != b.len || a.len > size ||
        memcmp(a.data, b.data, a.len) != 0 || (a.done && a.used != b.used))
        abort();
    free(a.data);
    free(b.data);
    return 0;
}
