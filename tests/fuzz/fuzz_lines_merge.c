/* SPDX-License-Identifier: ISC
 *
 * fuzz_lines_merge.c - any bytes as three texts, separated by 0xff: merging them with both ways to
 * compare keeps its promises: it ends, a side equal to the base gives the other, and swapping the
 * sides of a merge without conflicts changes nothing.  What differs between two of them is shown
 * iff something does.
 */
#include "bough/text_diff.h"
#include "env_unix.h"
#include "lines_merge.h"
#include <stdlib.h>

/* Merges; without conflicts the result must be the same the other way round. */
static void merge(const struct lines_merge *merge, struct bough_arena *arena)
{
    struct lines_merge other = *merge;
    struct bough_bytes left, right;
    size_t conflicts, others;

    other.ours = merge->theirs;
    other.theirs = merge->ours;
    if (lines_merge(merge, arena, &left, &conflicts) != BOUGH_OK)
        return;
    if (lines_merge(&other, arena, &right, &others) != BOUGH_OK ||
        (conflicts == 0) != (others == 0))
        abort();
    if (conflicts == 0 && !merge->take_both && !bough_bytes_equal(left, right))
        abort();
    other.ours = merge->base;
    if (lines_merge(&other, arena, &left, &conflicts) != BOUGH_OK || conflicts != 0 ||
        !bough_bytes_equal(left, other.theirs))
        abort();
}

static void show(struct bough_bytes from, struct bough_bytes to, struct bough_arena *arena)
{
    struct bough_bytes hunks;

    if (bough_text_diff(from, to, arena, &hunks) == BOUGH_OK &&
        (hunks.len == 0) != bough_bytes_equal(from, to))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bough_bytes texts[3] = {{.at = NULL}};
    struct bough_arena arena;
    struct env_unix env;
    size_t from = 0;

    for (int i = 0; i < 3 && from < size; i++) {
        const uint8_t *end = memchr(data + from, 0xff, size - from);
        size_t len = end == NULL ? size - from : (size_t)(end - data) - from;
        uint8_t *exact = malloc(len + 1);

        memcpy(exact, data + from, len);
        texts[i] = bough_bytes_of(exact, len);
        from += len + 1;
    }
    env_unix_open(&env, (size_t)1 << 28);
    bough_arena_init(&arena, env.base.heap, (size_t)1 << 28);
    for (unsigned bits = 0; bits < 8; bits++) {
        const struct lines_merge one = {.base = texts[0],
                                        .ours = texts[1],
                                        .theirs = texts[2],
                                        .how = (bits & 1) != 0 ? LINES_MYERS : LINES_HISTOGRAM,
                                        .take_both = (bits & 2) != 0,
                                        .with_base = (bits & 4) != 0,
                                        .marker_len = 7};

        merge(&one, &arena);
    }
    show(texts[0], texts[1], &arena);
    show(texts[1], texts[2], &arena);
    bough_arena_release(&arena);
    for (int i = 0; i < 3; i++)
        free((void *)(uintptr_t)texts[i].at);
    return 0;
}
