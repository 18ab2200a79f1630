/* SPDX-License-Identifier: ISC
 *
 * cmd_retention.c - the verb retention.
 */
#include "cmd_retention.h"
#include "json_read.h"
#include "json_write.h"
#include "session.h"
#include <stdlib.h>

#define TARGET "/v1/retention"

static struct bough_bytes text_of(const struct json *object, const char *name)
{
    const struct json *value = json_read_member(object, name);

    return value == NULL ? (struct bough_bytes){0} : value->text;
}

static enum exit_status show(struct session *session)
{
    const struct json *document;
    const struct json *list;
    enum exit_status status = session_document(session, TARGET, &document);

    if (document == NULL)
        return status;
    list = json_read_member(document, "policies");
    for (const struct json *at = list == NULL ? NULL : list->first; at != NULL; at = at->next) {
        struct bough_bytes branch = text_of(at, "branch");
        struct bough_bytes commits = text_of(at, "commits");
        struct bough_bytes days = text_of(at, "days");

        printf("%-24.*s %.*s commits, %.*s days\n", (int)branch.len, (const char *)branch.at,
               (int)commits.len, (const char *)commits.at, (int)days.len, (const char *)days.at);
    }
    return EXIT_OK;
}

/* A number of the command line; false when it is none. */
static bool number_of(const char *text, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

/* Replaces all policies by those of the arguments, three for each. */
static enum exit_status replace(struct session *session, const char *const *args, size_t count)
{
    struct out out = out_begin(&session->arena);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_array(&json, "policies");
    for (size_t i = 0; i < count; i += 3) {
        uint64_t commits;
        uint64_t days;

        if (!number_of(args[i + 1], &commits) || !number_of(args[i + 2], &days)) {
            fprintf(stderr, "bough: COMMITS and DAYS are numbers; 0 = does not count\n");
            return EXIT_USAGE;
        }
        json_write_object(&json, NULL);
        json_write_text(&json, "branch", args[i]);
        json_write_number(&json, "commits", commits);
        json_write_number(&json, "days", days);
        json_write_end(&json);
    }
    json_write_end(&json);
    json_write_end(&json);
    return session_put(session, TARGET, &out);
}

enum exit_status cmd_retention(struct options *options)
{
    bool none = options->arg_count == 1 && strcmp(options->args[0], "none") == 0;
    struct session session;
    enum exit_status status;

    if (!none && options->arg_count % 3 != 0) {
        fprintf(stderr, "usage: bough retention [none | BRANCH COMMITS DAYS ...]\n");
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK)
        status = options->arg_count == 0
                     ? show(&session)
                     : replace(&session, options->args, none ? 0 : options->arg_count);
    session_close(&session);
    return status;
}
