/* SPDX-License-Identifier: ISC
 *
 * cmd_image.c - the verbs mkfs and fsck: disk images, offline, by the code that the guest runs.
 */
#include "cmd_image.h"
#include "bough/blockdev.h"
#include "bough/fsck.h"
#include "bough/journal.h"
#include "bough/repair.h"
#include "env_unix.h"
#include "hash.h"
#include "image_open.h"
#include "peer_backend.h"
#include "progress.h"
#include "size.h"

#define IMAGE_BYTES_DEFAULT ((uint64_t)1 << 30)
#define HEAP_BYTES_MAX      ((size_t)4 << 30)
#define CACHE_BYTES         ((size_t)64 << 20)

static enum exit_status complain(const char *path, enum bough_err err)
{
    fprintf(stderr, "bough: %s: %s\n", path, bough_err_name(err));
    return exit_of_err(err);
}

/* Whether the name is that of a store in memory, which is no image; says so. */
static bool is_in_memory(const char *path)
{
    if (strcmp(path, "memory:") != 0)
        return false;
    fprintf(stderr, "bough: a store in memory is no image: there is nothing to make or check\n");
    return true;
}

/* 32 hexadecimal digits. */
static bool parse_salt(const char *text, uint8_t salt[16])
{
    char padded[2 * BOUGH_HASH_BYTES + 1];
    struct bough_hash hash;

    if (strlen(text) != 32)
        return false;
    memset(padded, '0', sizeof(padded));
    memcpy(padded, text, 32);
    if (!hash_parse(bough_bytes_of(padded, sizeof(padded) - 1), &hash))
        return false;
    memcpy(salt, hash.at, 16);
    return true;
}

/* The identity that --salt asks for; *given is NULL when all of it may be random. */
static enum exit_status choose_identity(const struct options *options, struct bough_env *env,
                                        struct bough_identity *identity,
                                        const struct bough_identity **given)
{
    *given = NULL;
    if (options->salt == NULL)
        return EXIT_OK;
    *identity = (struct bough_identity){.leaf_window_bytes = 512, .inner_window_bytes = 512};
    if (!parse_salt(options->salt, identity->salt)) {
        fprintf(stderr, "bough: --salt is 32 hexadecimal digits\n");
        return EXIT_USAGE;
    }
    if (bough_entropy_fill(env->entropy, identity->uuid, sizeof(identity->uuid)) != BOUGH_OK)
        return EXIT_UNREACHABLE;
    *given = identity;
    return EXIT_OK;
}

/* Formats a device that is blank, or that --force gives up. */
static enum exit_status format(const struct options *options, struct bough_env *env,
                               struct bough_block *dev)
{
    struct bough_identity identity;
    const struct bough_identity *given;
    enum bough_journal_state state;
    enum bough_err err = bough_journal_probe(env, dev, &state);
    enum exit_status status;

    if (err != BOUGH_OK)
        return complain(options->args[0], err);
    if (state != BOUGH_JOURNAL_BLANK && !options->force) {
        fprintf(stderr, "bough: %s holds %s; --force gives it up\n", options->args[0],
                state == BOUGH_JOURNAL_OURS ? "a store" : "something else");
        return EXIT_PRECONDITION;
    }
    status = choose_identity(options, env, &identity, &given);
    if (status != EXIT_OK)
        return status;
    err = bough_journal_format(env, dev, given);
    return err == BOUGH_OK ? EXIT_OK : complain(options->args[0], err);
}

enum exit_status cmd_image_mkfs(struct options *options)
{
    struct bough_file_options file = {.create = true, .size_bytes = IMAGE_BYTES_DEFAULT};
    struct env_unix env;
    struct bough_block *dev;
    enum exit_status status;
    enum bough_err err;

    if (is_in_memory(options->args[0]))
        return EXIT_USAGE;
    if (options->size != NULL && !size_parse(options->size, &file.size_bytes)) {
        fprintf(stderr, "bough: --size %s is no size like 512M or 1G\n", options->size);
        return EXIT_USAGE;
    }
    env_unix_open(&env, HEAP_BYTES_MAX);
    env.log.base.at_least = BOUGH_WARN;
    err = bough_file_open(&env.base, options->args[0], &file, &dev);
    if (err != BOUGH_OK)
        return complain(options->args[0], err);
    status = format(options, &env.base, dev);
    bough_block_close(dev);
    return status;
}

struct fsck_view {
    const struct options *options;
    struct progress progress;
};

static enum bough_err on_progress(void *context, uint64_t object_count)
{
    progress_show(&((struct fsck_view *)context)->progress, object_count, 0);
    return BOUGH_OK;
}

static void on_fault(void *context, const struct bough_fsck_fault *fault)
{
    const struct fsck_view *view = context;
    char object[2 * BOUGH_HASH_BYTES + 1];
    char commit[2 * BOUGH_HASH_BYTES + 1];

    hash_hex(&fault->object, object);
    hash_hex(&fault->commit, commit);
    if (view->options->json)
        printf("{\"fault\":\"%s\",\"ref\":\"%.*s\",\"commit\":\"%s\",\"object\":\"%s\"}\n",
               bough_err_name(fault->err), (int)fault->ref.len, (const char *)fault->ref.at, commit,
               object);
    else
        printf("%s: %.*s, commit %.12s, key %.*s (object %.12s)\n", bough_err_name(fault->err),
               (int)fault->ref.len, (const char *)fault->ref.at, commit, (int)fault->path.len,
               (const char *)fault->path.at, object);
}

/* `damaged`: opening the journal has found damage, and has said where.  It counts also where
 * nothing leads to it any more. */
static enum exit_status check(const struct options *options, struct bough_store *store,
                              bool damaged)
{
    struct fsck_view view = {.options = options};
    struct bough_fsck_options how = {.fault = on_fault, .progress = on_progress, .context = &view};
    struct bough_fsck_report report;
    struct bough_store_info info;
    enum bough_err err;

    progress_begin(&view.progress, options, "objects");
    err = bough_fsck(store, &how, &report);
    progress_end(&view.progress);
    if (err != BOUGH_OK)
        return complain(options->args[0], err);
    bough_store_info(store, &info);
    report.fault_count += damaged && report.fault_count == 0 ? 1 : 0;
    printf(options->json ? "{\"refs\":%llu,\"commits\":%llu,\"directories\":%llu,\"values\":%llu,"
                           "\"used_bytes\":%llu,\"faults\":%llu}\n"
                         : "%llu refs, %llu commits, %llu directories, %llu long values, "
                           "%llu bytes used: %llu faults\n",
           (unsigned long long)report.ref_count, (unsigned long long)report.commit_count,
           (unsigned long long)report.directory_count, (unsigned long long)report.value_count,
           (unsigned long long)info.used_bytes, (unsigned long long)report.fault_count);
    return report.fault_count == 0 ? EXIT_OK : EXIT_CORRUPT;
}

/* Opens the store in FILE; after an error a message has been printed. */
static enum exit_status open_store(const struct options *options, struct bough_env *env,
                                   bool read_only, struct bough_backend **backend,
                                   struct bough_store **store)
{
    const struct bough_file_options file = {.read_only = read_only};
    struct bough_block *dev;
    enum exit_status status = image_open(options, env, &file, read_only, &dev);
    enum bough_err err;

    if (status != EXIT_OK)
        return status;
    err = bough_journal_open(env, dev, backend);
    if (err == BOUGH_OK)
        err = bough_store_open(env, *backend, CACHE_BYTES, store);
    return err == BOUGH_OK ? EXIT_OK : image_open_complain(options, err);
}

/* Opens the store that damaged objects are taken from: another image, or that of a server. */
static enum exit_status open_source(const struct options *options, struct bough_env *env,
                                    struct bough_store **from)
{
    struct options source = *options;
    struct bough_backend *backend;
    enum bough_err err;

    source.args[0] = options->repair_from;
    source.mirror = NULL;
    if (strstr(options->repair_from, "://") == NULL)
        return open_store(&source, env, true, &backend, from);
    err = peer_backend_open(env, options->repair_from, &backend);
    if (err == BOUGH_OK)
        err = bough_store_open(env, backend, CACHE_BYTES, from);
    return err == BOUGH_OK ? EXIT_OK : image_open_complain(&source, err);
}

/* Takes what is damaged from another store. */
static enum exit_status repair(const struct options *options, struct bough_env *env,
                               struct bough_store *store, bool *mended)
{
    struct bough_repair_report report = {0};
    struct bough_store *from;
    enum exit_status status = open_source(options, env, &from);
    enum bough_err err;

    if (status != EXIT_OK)
        return status;
    err = bough_repair(store, from, &report);
    if (err == BOUGH_OK)
        err = bough_store_sync(store);
    bough_store_close(from);
    *mended = report.mended_count > 0;
    if (err != BOUGH_OK)
        return image_open_complain(options, err);
    fprintf(stderr, "%llu objects damaged, %llu mended, %llu more copied\n",
            (unsigned long long)report.damaged_count, (unsigned long long)report.mended_count,
            (unsigned long long)report.copied_count);
    return EXIT_OK;
}

enum exit_status cmd_image_fsck(struct options *options)
{
    struct env_unix env;
    struct bough_backend *backend;
    struct bough_store *store;
    enum exit_status status;
    bool mended = false;

    env_unix_open(&env, HEAP_BYTES_MAX);
    env.log.base.at_least = BOUGH_WARN;
    status = open_store(options, &env.base, options->repair_from == NULL, &backend, &store);
    if (status != EXIT_OK)
        return status;
    if (options->repair_from != NULL)
        status = repair(options, &env.base, store, &mended);
    /* What opening has noticed and no ref leads to is behind the checkpoint that a repair takes. */
    if (status == EXIT_OK)
        status = check(options, store, backend->damaged && !mended);
    bough_store_close(store);
    return status;
}
