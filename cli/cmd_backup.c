/* SPDX-License-Identifier: ISC
 *
 * cmd_backup.c - the verbs dump and load: a store as a stream, by the code that the guest runs.
 *
 * A load that fails, or is interrupted, leaves the image's state as it was: the one sync comes
 * last. Only an image that is blank is formatted, with the identity that the dump brings along.
 */
#include "cmd_backup.h"
#include "bough/backup.h"
#include "bough/journal.h"
#include "bough/limits.h"
#include "bough/ref.h"
#include "env_unix.h"
#include "hash.h"
#include "image_open.h"
#include "progress.h"
#include "session.h"
#include "size.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define IMAGE_BYTES_DEFAULT ((uint64_t)1 << 30)
#define HEAP_BYTES_MAX      ((size_t)4 << 30)
#define CACHE_BYTES         ((size_t)16 << 20)
#define PIECE_BYTES         (256u << 10)

/* ---- dump ---- */

struct sink {
    FILE *into;
    struct progress progress;
};

static enum bough_err write_piece(void *context, struct bough_bytes bytes,
                                  const struct bough_backup_report *report)
{
    struct sink *sink = context;

    progress_show(&sink->progress, report->object_count, 0);
    if (fwrite(bytes.at, 1, bytes.len, sink->into) == bytes.len)
        return BOUGH_OK;
    return errno == ENOSPC ? BOUGH_FULL : errno == EPIPE ? BOUGH_CLOSED : BOUGH_IO;
}

/* The commit that a branch, tag or hash names, through tags. */
static enum bough_err find_named(struct bough_store *store, const char *name, size_t len,
                                 struct bough_link *link)
{
    static const char *const folders[] = {"heads/", "tags/", ""};
    char full[BOUGH_REF_BYTES_MAX + 8];
    struct bough_ref ref;
    enum bough_err err = BOUGH_NOT_FOUND;

    if (hash_parse(bough_bytes_of(name, len), &link->name))
        return bough_store_find(store, &link->name, link);
    for (unsigned i = 0; i < 3 && err != BOUGH_OK; i++) {
        (void)snprintf(full, sizeof(full), "%s%.*s", folders[i], (int)len, name);
        err = bough_ref_get(store, bough_bytes_text(full), &ref);
    }
    if (err != BOUGH_OK)
        return BOUGH_NOT_FOUND;
    *link = ref.link;
    return BOUGH_OK;
}

/* A REV: a branch, tag or commit, and ~N for the N-th first parent. */
static enum bough_err find_commit(struct bough_store *store, const char *rev,
                                  struct bough_arena *arena, struct bough_hash *name)
{
    size_t len = strcspn(rev, "~");
    unsigned long back = rev[len] == '\0' ? 0 : rev[len + 1] == '\0' ? 1 : 0;
    struct bough_commit commit;
    struct bough_link link;
    char *end;

    if (rev[len] != '\0' && rev[len + 1] != '\0') {
        back = strtoul(rev + len + 1, &end, 10);
        if (*end != '\0')
            return BOUGH_INVALID;
    }
    BOUGH_TRY(find_named(store, rev, len, &link));
    for (unsigned depth = 0; depth < 64; depth++) {
        struct bough_tag tag;
        enum bough_err err = bough_commit_get(store, &link, arena, &commit);

        if (err == BOUGH_OK)
            break;
        BOUGH_TRY(bough_tag_get(store, &link, arena, &tag));
        link = tag.target;
    }
    for (; back > 0; back--) {
        BOUGH_TRY(bough_commit_get(store, &link, arena, &commit));
        if (commit.parent_count == 0)
            return BOUGH_NOT_FOUND;
        link = commit.parents[0];
    }
    *name = link.name;
    return BOUGH_OK;
}

static enum exit_status dump(const struct options *options, struct bough_store *store, FILE *into)
{
    struct sink sink = {.into = into};
    struct bough_hash since[OPTIONS_ARGS_MAX];
    struct bough_backup_dump_options how = {.since = since,
                                            .since_count = options->since_count,
                                            .write = write_piece,
                                            .context = &sink};
    struct bough_backup_report report;
    struct bough_arena arena;
    enum bough_err err = BOUGH_OK;
    size_t i;

    if (options->offset != NULL && !size_parse(options->offset, &how.offset_bytes)) {
        fprintf(stderr, "bough: --offset %s is no number of bytes\n", options->offset);
        return EXIT_USAGE;
    }
    bough_arena_init(&arena, bough_store_env(store)->heap, HEAP_BYTES_MAX);
    for (i = 0; i < options->since_count && err == BOUGH_OK; i++)
        err = find_commit(store, options->since[i], &arena, &since[i]);
    bough_arena_release(&arena);
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: --since %s: %s\n", options->since[i - 1], bough_err_name(err));
        return exit_of_err(err);
    }
    progress_begin(&sink.progress, options, "objects");
    err = bough_backup_dump(store, &how, &report);
    if (fflush(into) != 0 && err == BOUGH_OK)
        err = errno == ENOSPC ? BOUGH_FULL : BOUGH_IO;
    progress_end(&sink.progress);
    if (err == BOUGH_INVALID) {
        fprintf(stderr, "bough: the whole dump has no %s bytes\n", options->offset);
        return EXIT_USAGE;
    }
    return err == BOUGH_OK ? EXIT_OK : image_open_complain(options, err);
}

/* Standard output, or --output, behind what it has if --offset is given. */
static FILE *open_output(const struct options *options)
{
    FILE *into = stdout;

    if (options->output != NULL) {
        into = fopen(options->output, options->offset != NULL ? "ab" : "wb");
        if (into == NULL)
            fprintf(stderr, "bough: %s: %s\n", options->output, strerror(errno));
    } else if (isatty(1)) {
        fprintf(stderr, "bough: a dump is nothing to look at: send it to a file\n");
        return NULL;
    }
    return into;
}

/* What is to be asked of a server, in the session's arena. */
static const char *dump_target(struct session *session, const struct options *options,
                               uint64_t offset_bytes)
{
    const char *since = "";

    for (size_t i = 0; i < options->since_count; i++)
        since = session_text(session, "%s%s%s", since, i > 0 ? "," : "",
                             session_encoded(session, options->since[i], false));
    return session_text(session, "/v1/admin/dump?since=%s&offset=%llu", since,
                        (unsigned long long)offset_bytes);
}

/* The dump of a running service. */
static enum exit_status dump_server(struct options *options)
{
    struct http_request request = {.method = "GET"};
    struct http_response response;
    struct session session;
    uint64_t offset_bytes = 0;
    enum exit_status status;
    FILE *into;

    options->url = options->args[0];
    if (options->offset != NULL && !size_parse(options->offset, &offset_bytes)) {
        fprintf(stderr, "bough: --offset %s is no number of bytes\n", options->offset);
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status != EXIT_OK)
        return status;
    into = open_output(options);
    request.target = dump_target(&session, options, offset_bytes);
    status = into == NULL ? EXIT_USAGE : session_call(&session, &request, into, &response);
    if (into != NULL && fflush(into) != 0 && status == EXIT_OK)
        status = EXIT_LIMIT;
    if (into != NULL && into != stdout && fclose(into) != 0 && status == EXIT_OK)
        status = EXIT_LIMIT;
    session_close(&session);
    return status;
}

enum exit_status cmd_backup_dump(struct options *options)
{
    const struct bough_file_options file = {.read_only = true};
    struct bough_backend *backend;
    struct bough_block *dev;
    struct bough_store *store;
    struct env_unix env;
    enum exit_status status;
    enum bough_err err;
    FILE *into;

    if (strstr(options->args[0], "://") != NULL)
        return dump_server(options);
    env_unix_open(&env, HEAP_BYTES_MAX);
    env.log.base.at_least = BOUGH_WARN;
    status = image_open(options, &env.base, &file, false, &dev);
    if (status != EXIT_OK)
        return status;
    err = bough_journal_open(&env.base, dev, &backend);
    if (err == BOUGH_OK)
        err = bough_store_open(&env.base, backend, CACHE_BYTES, &store);
    if (err != BOUGH_OK)
        return image_open_complain(options, err);
    into = open_output(options);
    status = into == NULL ? EXIT_USAGE : dump(options, store, into);
    if (into != NULL && into != stdout && fclose(into) != 0 && status == EXIT_OK)
        status = EXIT_LIMIT;
    bough_store_close(store);
    return status;
}

/* ---- load ---- */

/* Reads until `len` bytes are there or the input ends. */
static size_t read_input(uint8_t *into, size_t len)
{
    size_t have = 0;

    while (have < len) {
        ssize_t got = read(0, into + have, len - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    return have;
}

/* Whether the device is blank. */
static enum bough_err is_blank(struct bough_env *env, struct bough_block *dev, bool *blank)
{
    enum bough_journal_state state;

    BOUGH_TRY(bough_journal_probe(env, dev, &state));
    *blank = state == BOUGH_JOURNAL_BLANK;
    return state == BOUGH_JOURNAL_FOREIGN ? BOUGH_INVALID : BOUGH_OK;
}

/* Opens the store in an image; one that is blank, or given up, is formatted first. */
static enum exit_status open_image(const struct options *options, struct bough_env *env,
                                   const struct bough_identity *identity, bool give_up,
                                   struct bough_backend **backend)
{
    struct bough_file_options file = {.create = true, .size_bytes = IMAGE_BYTES_DEFAULT};
    struct bough_block *dev;
    enum exit_status status;
    enum bough_err err;
    bool blank;

    if (options->size != NULL && !size_parse(options->size, &file.size_bytes)) {
        fprintf(stderr, "bough: --size %s is no size like 512M or 1G\n", options->size);
        return EXIT_USAGE;
    }
    status = image_open(options, env, &file, false, &dev);
    if (status != EXIT_OK)
        return status;
    err = is_blank(env, dev, &blank);
    if (err == BOUGH_OK && (blank || give_up))
        err = bough_journal_format(env, dev, identity);
    if (err != BOUGH_OK) {
        bough_block_close(dev);
        return image_open_complain(options, err);
    }
    err = bough_journal_open(env, dev, backend);
    return err == BOUGH_OK ? EXIT_OK : image_open_complain(options, err);
}

/* Whether a store was never written to, and cuts its trees in another way. */
static bool is_unwritten_other(struct bough_backend *backend, const struct bough_identity *identity)
{
    struct bough_root root;

    bough_backend_root_get(backend, &root);
    return root.generation == 0 && memcmp(&backend->identity, identity, sizeof(*identity)) != 0;
}

static enum exit_status open_store(const struct options *options, struct bough_env *env,
                                   const struct bough_identity *identity,
                                   struct bough_store **store)
{
    struct bough_backend *backend;
    enum exit_status status = open_image(options, env, identity, false, &backend);
    enum bough_err err;

    if (status == EXIT_OK && is_unwritten_other(backend, identity)) {
        bough_backend_close(backend);
        status = open_image(options, env, identity, true, &backend);
    }
    if (status != EXIT_OK)
        return status;
    err = bough_store_open(env, backend, CACHE_BYTES, store);
    return err == BOUGH_OK ? EXIT_OK : image_open_complain(options, err);
}

/* Feeds all of the input, of which `len` bytes are in `piece`. */
static enum bough_err feed(const struct options *options, struct bough_backup_load *load,
                           uint8_t *piece, size_t len)
{
    struct progress progress;
    enum bough_err err = BOUGH_OK;

    progress_begin(&progress, options, "objects");
    while (len > 0 && err == BOUGH_OK) {
        err = bough_backup_load_add(load, bough_bytes_of(piece, len));
        progress_show(&progress, bough_backup_load_report(load).object_count, 0);
        len = err == BOUGH_OK ? read_input(piece, PIECE_BYTES) : 0;
    }
    if (err == BOUGH_OK)
        err = bough_backup_load_end(load);
    progress_end(&progress);
    return err;
}

static enum exit_status load(const struct options *options, struct bough_store *store,
                             uint8_t *piece, size_t len)
{
    struct bough_backup_report report = {0};
    struct bough_backup_load *in;
    enum bough_err err = bough_backup_load_open(store, options->force, &in);

    if (err == BOUGH_OK) {
        err = feed(options, in, piece, len);
        report = bough_backup_load_report(in);
        bough_backup_load_close(in);
    }
    if (err == BOUGH_OK)
        err = bough_store_sync(store);
    if (err == BOUGH_STALE)
        fprintf(stderr, "bough: a branch or tag would be lost; --force gives it up\n");
    if (err == BOUGH_CONFLICT)
        fprintf(stderr, "bough: the image was made with another salt than the dumped store: load "
                        "into a new one\n");
    if (err != BOUGH_OK)
        return image_open_complain(options, err);
    if (!options->quiet)
        fprintf(stderr, "%llu branches and tags, %llu objects, %llu of them new, %llu bytes\n",
                (unsigned long long)report.link_count, (unsigned long long)report.object_count,
                (unsigned long long)(report.object_count - report.skipped_count),
                (unsigned long long)report.byte_count);
    return EXIT_OK;
}

enum exit_status cmd_backup_load(struct options *options)
{
    struct bough_backup_head head;
    struct bough_store *store;
    struct env_unix env;
    enum exit_status status;
    enum bough_err err;
    uint8_t *piece = malloc(PIECE_BYTES);
    size_t len;

    if (piece == NULL)
        return EXIT_LIMIT;
    env_unix_open(&env, HEAP_BYTES_MAX);
    env.log.base.at_least = BOUGH_WARN;
    len = read_input(piece, PIECE_BYTES);
    err = len < BOUGH_BACKUP_HEAD_BYTES ? BOUGH_INVALID : bough_backup_head_read(piece, &head);
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: standard input is no dump: %s\n", bough_err_name(err));
        free(piece);
        return exit_of_err(err);
    }
    status = open_store(options, &env.base, &head.identity, &store);
    if (status == EXIT_OK) {
        status = load(options, store, piece, len);
        bough_store_close(store);
    }
    free(piece);
    return status;
}
