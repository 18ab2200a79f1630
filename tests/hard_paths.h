/* SPDX-License-Identifier: ISC
 *
 * hard_paths.h - a seeded tree of paths that are hard to order, and the sorted list of them.
 */
#ifndef HARD_PATHS_H
#define HARD_PATHS_H

#include "store_setup.h"
#include "test_seed.h"

#define PATHS_MAX 3000

static char paths[PATHS_MAX][40];
static size_t path_count;

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whether `path` may stand beside those there are. */
static int fits(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < path_count; i++) {
        size_t other = strlen(paths[i]);
        size_t shorter = len < other ? len : other;

        if (strncmp(path, paths[i], shorter) == 0 &&
            (len == other || (len > other ? path : paths[i])[shorter] == '/'))
            return 0;
    }
    return 1;
}

/* A tree in `store` that has them, each with itself as its value. */
static struct bough_tree hard_paths_build(struct bough_store *store, uint64_t *seed)
{
    static const char letters[] = "ab.-0z";
    static struct bough_edit edits[PATHS_MAX];
    struct bough_arena arena = store_setup_arena();
    struct bough_tree tree = {0};

    path_count = 0;
    for (int i = 0; i < 2500; i++) {
        char path[40];
        size_t len = 0;
        size_t steps = 1 + test_below(seed, 3);

        for (size_t s = 0; s < steps; s++) {
            size_t step = 1 + test_below(seed, 5);

            path[len++] = (char)('a' + test_below(seed, 2)); /* never "." or ".." */
            for (size_t k = 0; k < step; k++)
                path[len++] = letters[test_below(seed, 6)];
            path[len++] = '/';
        }
        path[len - 1] = '\0';
        if (fits(path))
            strcpy(paths[path_count++], path);
    }
    qsort(paths, path_count, sizeof(paths[0]), by_text);
    for (size_t i = 0; i < path_count; i++)
        edits[i] = (struct bough_edit){
            .path = bough_bytes_text(paths[i]),
            .entry = {.mode = BOUGH_MODE_FILE,
                      .value = {.size_bytes = strlen(paths[i]),
                                .data = bough_bytes_text(paths[i])}},
        };
    assert_int_equal(bough_tree_edit(store, &tree, edits, path_count, &arena, NULL, &tree),
                     BOUGH_OK);
    bough_arena_release(&arena);
    return tree;
}

#endif
