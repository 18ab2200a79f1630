/* SPDX-License-Identifier: ISC
 *
 * cmd_protection.c - the verb protection.
 */
#include "cmd_protection.h"
#include "json_read.h"
#include "json_write.h"
#include "session.h"

#define TARGET "/v1/protection"

static bool may(const struct json *rule, const char *name)
{
    const struct json *value = json_read_member(rule, name);

    return value != NULL && value->kind == JSON_TRUE;
}

static enum exit_status show(struct session *session)
{
    const struct json *document;
    const struct json *list;
    enum exit_status status = session_document(session, TARGET, &document);

    if (document == NULL)
        return status;
    list = json_read_member(document, "rules");
    for (const struct json *at = list == NULL ? NULL : list->first; at != NULL; at = at->next) {
        const struct json *branch = json_read_member(at, "branch");

        if (branch != NULL)
            printf("%-24.*s %s, %s\n", (int)branch->text.len, (const char *)branch->text.at,
                   may(at, "force") ? "moves by force" : "no moves by force",
                   may(at, "delete") ? "deletion" : "no deletion");
    }
    return EXIT_OK;
}

/* Whether a word of the command line says what is forbidden. */
static bool read_word(const char *word, bool *force, bool *delete)
{
    *force = strcmp(word, "delete") == 0;
    *delete = strcmp(word, "force") == 0;
    return *force || *delete || strcmp(word, "both") == 0;
}

/* Replaces all rules by those of the arguments, two for each. */
static enum exit_status replace(struct session *session, const char *const *args, size_t count)
{
    struct out out = out_begin(&session->arena);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    json_write_array(&json, "rules");
    for (size_t i = 0; i < count; i += 2) {
        bool force;
        bool delete;

        if (!read_word(args[i + 1], &force, &delete)) {
            fprintf(stderr, "bough: a branch is protected from force, delete, or both\n");
            return EXIT_USAGE;
        }
        json_write_object(&json, NULL);
        json_write_text(&json, "branch", args[i]);
        json_write_bool(&json, "force", force);
        json_write_bool(&json, "delete", delete);
        json_write_end(&json);
    }
    json_write_end(&json);
    json_write_end(&json);
    return session_put(session, TARGET, &out);
}

enum exit_status cmd_protection(struct options *options)
{
    bool none = options->arg_count == 1 && strcmp(options->args[0], "none") == 0;
    struct session session;
    enum exit_status status;

    if (!none && options->arg_count % 2 != 0) {
        fprintf(stderr, "usage: bough protection [none | BRANCH force|delete|both ...]\n");
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
