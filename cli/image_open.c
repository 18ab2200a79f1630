/* SPDX-License-Identifier: ISC
 *
 * image_open.c - disk images for verbs that work on them without a service.
 *
 * A file is locked while it is open (file_host.c), so an image that is being served is refused.
 */
#include "image_open.h"
#include <string.h>

enum exit_status image_open_complain(const struct options *options, enum bough_err err)
{
    fprintf(stderr, "bough: %s: %s\n", options->args[0], bough_err_name(err));
    return exit_of_err(err);
}

/* Opens the second file, of the first one's size if it is made. */
static enum bough_err open_second(const struct options *options, struct bough_env *env,
                                  const struct bough_file_options *file,
                                  struct bough_block **copies)
{
    struct bough_file_options second = *file;

    second.size_bytes = copies[0]->block_count * copies[0]->block_size;
    return bough_file_open(env, options->mirror, &second, &copies[1]);
}

static enum exit_status open_mirror(const struct options *options, struct bough_env *env,
                                    const struct bough_file_options *file,
                                    struct bough_block *first, struct bough_block **dev)
{
    const char *const names[2] = {options->args[0], options->mirror};
    struct bough_block *copies[2] = {first, NULL};
    enum bough_err err = BOUGH_OK;

    if (options->mirror != NULL && strcmp(options->mirror, "none") != 0)
        err = open_second(options, env, file, copies);
    if (err == BOUGH_OK)
        err = bough_mirror_open(env, copies, names, dev);
    if (err == BOUGH_OK)
        return EXIT_OK;
    bough_block_close(copies[0]);
    bough_block_close(copies[1]);
    return image_open_complain(options, err);
}

enum exit_status image_open(const struct options *options, struct bough_env *env,
                            const struct bough_file_options *file, bool lenient,
                            struct bough_block **dev)
{
    const char *path = options->args[0];
    struct bough_block *first;
    bool is_copy = false;
    enum bough_err err;

    if (strcmp(path, "memory:") == 0) {
        fprintf(stderr, "bough: a store in memory is no image, and is gone with its process\n");
        return EXIT_USAGE;
    }
    err = bough_file_open(env, path, file, &first);
    if (err != BOUGH_OK)
        return image_open_complain(options, err);
    err = bough_mirror_probe(env, first, &is_copy);
    if (err != BOUGH_OK) {
        bough_block_close(first);
        return image_open_complain(options, err);
    }
    if (options->mirror != NULL)
        return open_mirror(options, env, file, first, dev);
    if (!is_copy) {
        *dev = first;
        return EXIT_OK;
    }
    fprintf(stderr, "bough: %s is one copy of a mirror%s\n", path,
            lenient ? "; this is what it holds by itself"
                    : ": name the other with --mirror, or say --mirror none");
    if (lenient)
        return open_mirror(options, env, file, first, dev);
    bough_block_close(first);
    return EXIT_USAGE;
}
