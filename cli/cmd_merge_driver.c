/* SPDX-License-Identifier: ISC
 *
 * cmd_merge_driver.c - the verb merge-driver: bough's policies for stock git.
 *
 * Owns no data.  git runs it with three files; the result goes where ours was.  Two policies look
 * at the times of commits, which git does not hand to drivers: ours is HEAD, theirs is what `git
 * merge` names in its environment (GITHEAD_<id>), or what is being picked.  Where neither is known,
 * a result is taken only if it is the same whichever side is later.
 */
#include "cmd_merge_driver.h"
#include "bough/limits.h"
#include "bough/merge_policy.h"
#include "env_unix.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_BYTES_MAX ((size_t)4 << 30)
#define ID_DIGITS_MAX  64u

extern char **environ;

struct commit {
    bool known;
    int64_t time_s;
    uint8_t id[ID_DIGITS_MAX / 2];
    size_t id_len;
};

static enum exit_status failed(const char *what, const char *why)
{
    fprintf(stderr, "bough merge-driver: %s: %s\n", what, why);
    return EXIT_DRIVER_ERROR;
}

/* All of a file; false, with a message, when it cannot be read. */
static bool read_file(const char *name, struct bough_arena *arena, struct bough_bytes *bytes)
{
    FILE *file = fopen(name, "rb");
    long size = -1;
    uint8_t *at = NULL;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
        at = bough_arena_take(arena, (size_t)size + 1);
    if (at == NULL || fread(at, 1, (size_t)size, file) != (size_t)size) {
        (void)failed(name, file == NULL ? strerror(errno) : "cannot be read");
        size = -1;
    }
    if (file != NULL)
        fclose(file);
    *bytes = bough_bytes_of(at, size < 0 ? 0 : (size_t)size);
    return size >= 0;
}

static bool write_file(const char *name, struct bough_bytes bytes)
{
    FILE *file = fopen(name, "wb");
    bool done = file != NULL && fwrite(bytes.at, 1, bytes.len, file) == bytes.len;

    if (file != NULL && fclose(file) != 0)
        done = false;
    if (!done)
        (void)failed(name, strerror(errno));
    return done;
}

static bool read_id(const char *digits, struct commit *commit)
{
    size_t len = strspn(digits, "0123456789abcdef");

    if (len > ID_DIGITS_MAX || len % 2 != 0)
        return false;
    commit->id_len = len / 2;
    for (size_t i = 0; i < commit->id_len; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

        commit->id[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return len > 0;
}

/* Asks git about a commit; `rev` is one of our own words, or checked. */
static struct commit commit_of(const char *rev)
{
    struct commit commit = {.known = false};
    char command[256];
    char line[256];
    char *space;
    FILE *git;

    snprintf(command, sizeof(command),
             "git log -1 --no-show-signature --format='%%H %%ct' %s -- "
             "2>/dev/null",
             rev);
    git = popen(command, "r");
    if (git == NULL)
        return commit;
    if (fgets(line, sizeof(line), git) != NULL && (space = strchr(line, ' ')) != NULL) {
        commit.known = read_id(line, &commit);
        commit.time_s = strtoll(space + 1, NULL, 10);
    }
    (void)pclose(git);
    return commit;
}

/* The commit that is merged, if the environment names exactly one, and the name it was given. */
static const char *merged_name(char id[ID_DIGITS_MAX + 1])
{
    static const char prefix[] = "GITHEAD_";
    const char *name = NULL;

    for (char **at = environ; *at != NULL; at++) {
        size_t len;

        if (strncmp(*at, prefix, sizeof(prefix) - 1) != 0)
            continue;
        len = strspn(*at + sizeof(prefix) - 1, "0123456789abcdef");
        if (len > ID_DIGITS_MAX || (*at)[sizeof(prefix) - 1 + len] != '=')
            continue;
        if (name != NULL)
            return NULL;
        memcpy(id, *at + sizeof(prefix) - 1, len);
        id[len] = '\0';
        name = *at + sizeof(prefix) + len;
    }
    return name;
}

/* Merges with what is known of the commits, or where that is not enough, so that it does not
 * matter. */
static enum bough_err merge(const struct bough_merge_policy *policy,
                            struct bough_merge_values *values, const struct commit *ours,
                            const struct commit *theirs, struct bough_arena *arena,
                            struct bough_merge_value *merged)
{
    struct bough_merge_value other;
    enum bough_err err;

    if (ours->known && theirs->known) {
        values->ours.time_s = ours->time_s;
        values->ours.name = bough_bytes_of(ours->id, ours->id_len);
        values->theirs.time_s = theirs->time_s;
        values->theirs.name = bough_bytes_of(theirs->id, theirs->id_len);
        return policy->merge(policy->context, values, arena, merged);
    }
    values->theirs.time_s = INT64_MAX;
    err = policy->merge(policy->context, values, arena, &other);
    values->ours.time_s = INT64_MAX;
    values->theirs.time_s = 0;
    if (err == BOUGH_OK)
        err = policy->merge(policy->context, values, arena, merged);
    if (err == BOUGH_OK && merged->clean && !bough_bytes_equal(merged->value, other.value))
        *merged = (struct bough_merge_value){.why = "which side is later is not known"};
    return err;
}

/* Puts the result where git looks for it.  A conflict without markers gets those of lines, if lines
 * are in conflict, too; else ours stays. */
static enum exit_status answer(const char *name, struct bough_merge_values *values,
                               struct bough_merge_value *merged, struct bough_arena *arena,
                               const char *path)
{
    const struct bough_merge_policy *text = bough_merge_policy_find(bough_bytes_text("text"));
    struct bough_merge_value lines;

    if (merged->clean)
        return write_file(name, merged->value) ? EXIT_OK : EXIT_DRIVER_ERROR;
    fprintf(stderr, "bough merge-driver: %s: %s\n", path, merged->why);
    if (merged->value.len == 0 && text->merge(text->context, values, arena, &lines) == BOUGH_OK &&
        !lines.clean)
        merged->value = lines.value;
    if (merged->value.len > 0 && !write_file(name, merged->value))
        return EXIT_DRIVER_ERROR;
    return EXIT_DRIVER_CONFLICT;
}

/* An argument that git left as a placeholder, or that is not there, is none. */
static const char *argument(const struct options *options, size_t number, const char *otherwise)
{
    const char *text = number < options->arg_count ? options->args[number] : "%";

    return text[0] == '%' && strlen(text) <= 2 ? otherwise : text;
}

static enum exit_status run(struct options *options, struct bough_arena *arena)
{
    const struct bough_merge_policy *policy =
        bough_merge_policy_find(bough_bytes_text(options->args[0]));
    char id[ID_DIGITS_MAX + 1];
    const char *name = merged_name(id);
    const char *path = argument(options, 5, options->args[2]);
    struct bough_merge_values values = {.path = bough_bytes_text(path)};
    struct bough_merge_value merged;
    struct commit ours = {.known = false}, theirs = {.known = false};

    if (policy == NULL)
        return failed(options->args[0], "there is no such policy");
    if (!read_file(options->args[1], arena, &values.base) ||
        !read_file(options->args[2], arena, &values.ours.value) ||
        !read_file(options->args[3], arena, &values.theirs.value))
        return EXIT_DRIVER_ERROR;
    values.has_base = values.base.len > 0;
    values.marker_len = (uint32_t)strtoul(argument(options, 4, "7"), NULL, 10) % 1000;
    values.ours.label = bough_bytes_text(argument(options, 7, "HEAD"));
    values.theirs.label = bough_bytes_text(argument(options, 8, name == NULL ? "theirs" : name));
    if (strcmp(policy->name, "lww") == 0 || strcmp(policy->name, "log") == 0) {
        ours = commit_of("HEAD");
        if (name != NULL)
            theirs = commit_of(id);
    }
    if (merge(policy, &values, &ours, &theirs, arena, &merged) != BOUGH_OK)
        return failed(path, "out of memory");
    return answer(options->args[2], &values, &merged, arena, path);
}

/* Tells git of the policies that it has not got itself. */
static enum exit_status install(void)
{
    static const char *const names[] = {"ours", "theirs", "json", "counter", "set", "lww", "log"};
    char command[256];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(command, sizeof(command),
                 "git config merge.%s.name 'bough: %s' && git config merge.%s.driver "
                 "'bough merge-driver %s -- %%O %%A %%B %%L %%P'",
                 names[i], names[i], names[i], names[i]);
        if (system(command) != 0)
            return EXIT_USAGE;
    }
    return EXIT_OK;
}

enum exit_status cmd_merge_driver(struct options *options)
{
    struct bough_arena arena;
    struct env_unix env;
    enum exit_status status;

    if (options->install)
        return install();
    if (options->arg_count < 4)
        return failed("usage", "POLICY BASE OURS THEIRS; `bough help merge-driver` tells more");
    env_unix_open(&env, HEAP_BYTES_MAX);
    bough_arena_init(&arena, env.base.heap, HEAP_BYTES_MAX);
    status = run(options, &arena);
    bough_arena_release(&arena);
    return status;
}
