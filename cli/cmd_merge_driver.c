/* SPDX-License-Identifier: ISC
 *
 * cmd_merge_driver.c - the verb merge-driver: bough's policies for stock git.
 *
 * Owns no data.  git runs it with three files; the result goes where ours was.
 *   (1) A clean result is the one that bough comes to.  Where bough knows more than git tells (the
 *       times of commits, their names, the order of several common ancestors), a result is taken
 *       only if it is the same whatever that is.
 *   (2) What is in conflict between common ancestors is so in what is made of them, too: git goes
 *       on with any bytes as the base, so these are a mark, with which nothing is merged.
 */
#include "cmd_merge_driver.h"
#include "bough/limits.h"
#include "bough/merge_policy.h"
#include "env_unix.h"
#include "git_sides.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_BYTES_MAX ((size_t)4 << 30)
#define UNKNOWN        "bough merge-driver: the common ancestors disagree here\n"

/* What a policy is told of the commits of a side. */
struct told {
    int64_t time_s;
    const char *name;
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

static bool is(const struct bough_merge_policy *policy, const char *name)
{
    return strcmp(policy->name, name) == 0;
}

static bool looks_at_commits(const struct bough_merge_policy *policy)
{
    return is(policy, "lww") || is(policy, "log");
}

static bool is_unknown(struct bough_bytes value)
{
    return bough_bytes_equal(value, bough_bytes_text(UNKNOWN));
}

static enum bough_err merge_as(const struct bough_merge_policy *policy,
                               struct bough_merge_values *values, const struct told told[2],
                               struct bough_arena *arena, struct bough_merge_value *merged)
{
    values->ours.time_s = told[0].time_s;
    values->ours.name = bough_bytes_text(told[0].name);
    values->theirs.time_s = told[1].time_s;
    values->theirs.name = bough_bytes_text(told[1].name);
    return policy->merge(policy->context, values, arena, merged);
}

/* Merges; but if the result depends on what git does not tell, there is none. */
static enum bough_err merge(const struct bough_merge_policy *policy,
                            struct bough_merge_values *values, const struct git_sides *sides,
                            struct bough_arena *arena, struct bough_merge_value *merged)
{
    struct told one[2] = {{sides->ours_s, "a"}, {sides->theirs_s, "b"}};
    struct told other[2] = {{sides->ours_s, "b"}, {sides->theirs_s, "a"}};
    const char *why = "the sides are of the same second";
    struct bough_merge_value again;

    *merged = (struct bough_merge_value){.why = "the common ancestor is not known"};
    if (is_unknown(values->base) || is_unknown(values->ours.value) ||
        is_unknown(values->theirs.value))
        return BOUGH_OK;
    merged->why = "which common ancestor comes first is not known";
    if (sides->inner && (is(policy, "ours") || is(policy, "theirs")))
        return BOUGH_OK;
    if (!sides->known) {
        one[1].time_s = INT64_MAX;
        other[0].time_s = INT64_MAX;
        why = "which side is later is not known";
    }
    BOUGH_TRY(merge_as(policy, values, one, arena, merged));
    if (!merged->clean || !looks_at_commits(policy))
        return BOUGH_OK;
    BOUGH_TRY(merge_as(policy, values, other, arena, &again));
    if (!again.clean || !bough_bytes_equal(merged->value, again.value))
        *merged = (struct bough_merge_value){.why = why};
    return BOUGH_OK;
}

/* Puts the result where git looks for it.  A conflict without markers gets those of lines, if lines
 * are in conflict, too; else ours stays.  `inner`: nobody will edit it, see (2). */
static enum exit_status answer(const char *name, struct bough_merge_values *values,
                               struct bough_merge_value *merged, bool inner,
                               struct bough_arena *arena)
{
    const struct bough_merge_policy *text = bough_merge_policy_find(bough_bytes_text("text"));
    struct bough_merge_value lines;

    if (merged->clean)
        return write_file(name, merged->value) ? EXIT_OK : EXIT_DRIVER_ERROR;
    fprintf(stderr, "bough merge-driver: %.*s: %s\n", (int)values->path.len,
            (const char *)values->path.at, merged->why);
    if (inner)
        merged->value = bough_bytes_text(UNKNOWN);
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
    const char *path = argument(options, 5, options->args[2]);
    struct bough_merge_values values = {.path = bough_bytes_text(path)};
    struct bough_merge_value merged;
    struct git_sides sides;

    if (policy == NULL)
        return failed(options->args[0], "there is no such policy");
    if (!read_file(options->args[1], arena, &values.base) ||
        !read_file(options->args[2], arena, &values.ours.value) ||
        !read_file(options->args[3], arena, &values.theirs.value))
        return EXIT_DRIVER_ERROR;
    values.has_base = values.base.len > 0;
    values.marker_len = (uint32_t)strtoul(argument(options, 4, "7"), NULL, 10) % 1000;
    values.ours.label = bough_bytes_text(argument(options, 7, "HEAD"));
    git_sides_find(path, values.marker_len, looks_at_commits(policy), &sides);
    values.theirs.label =
        bough_bytes_text(argument(options, 8, sides.theirs == NULL ? "theirs" : sides.theirs));
    if (merge(policy, &values, &sides, arena, &merged) != BOUGH_OK)
        return failed(path, "out of memory");
    return answer(options->args[2], &values, &merged, sides.inner, arena);
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
