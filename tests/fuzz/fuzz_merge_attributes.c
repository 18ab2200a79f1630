/* SPDX-License-Identifier: ISC
 *
 * fuzz_merge_attributes.c - any bytes as two `.gitattributes` files and paths below them, all
 * separated by 0xff: asking is bounded, and asking again, with what is remembered, gives the same.
 */
#include "bough/limits.h"
#include "bough/merge_attributes.h"
#include "env_unix.h"
#include <stdlib.h>

struct files {
    struct bough_bytes texts[2];
};

static enum bough_err read_file(void *context, struct bough_bytes directory,
                                struct bough_arena *arena, struct bough_bytes *text)
{
    const struct files *files = context;

    (void)arena;
    if (directory.len <= 1)
        *text = files->texts[directory.len];
    return BOUGH_OK;
}

static struct bough_bytes take(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *stop = *at == end ? end : memchr(*at, 0xff, (size_t)(end - *at));
    struct bough_bytes piece;

    if (stop == NULL)
        stop = end;
    piece = bough_bytes_of(*at, (size_t)(stop - *at));
    *at = stop == end ? end : stop + 1;
    return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data;
    const uint8_t *end = data + size;
    struct files files;
    const struct bough_merge_attributes_source source = {.read = read_file, .context = &files};
    struct bough_merge_attributes attributes, fresh;
    struct env_unix env;

    if (size == 0)
        return 0;
    files.texts[0] = take(&at, end);
    files.texts[1] = take(&at, end);
    env_unix_open(&env, (size_t)1 << 28);
    bough_merge_attributes_init(&attributes, &source, env.base.heap, (size_t)1 << 24);
    for (unsigned i = 0; at < end && i < 32; i++) {
        struct bough_bytes path = take(&at, end);
        struct bough_bytes policy, again;
        enum bough_err err;

        if (path.len == 0 || path.len > BOUGH_PATH_BYTES_MAX || path.at[0] == '/' ||
            path.at[path.len - 1] == '/')
            continue;
        bough_merge_attributes_init(&fresh, &source, env.base.heap, (size_t)1 << 24);
        err = bough_merge_attributes_find(&attributes, path, &policy);
        if (bough_merge_attributes_find(&fresh, path, &again) != err)
            abort();
        if (err == BOUGH_OK && !bough_bytes_equal(policy, again))
            abort();
        if (err != BOUGH_OK && err != BOUGH_TOO_BIG)
            abort();
        bough_merge_attributes_release(&fresh);
    }
    bough_merge_attributes_release(&attributes);
    return 0;
}
