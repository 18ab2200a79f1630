/* SPDX-License-Identifier: ISC
 *
 * api_tag.c - tags: names that do not move.
 *
 * Owns no data.  A tag is a plain name of a commit, or, if it has a message, an object of its own:
 * an annotated tag, as git has them, which is shown with the commit that it leads to.
 */
#include "api.h"
#include "author.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define LIST_KIND "tags/"

/* What stands behind the first empty line of a tag. */
static struct bough_bytes message_of(struct bough_bytes verbatim)
{
    for (size_t i = 0; i + 1 < verbatim.len; i++)
        if (verbatim.at[i] == '\n' && verbatim.at[i + 1] == '\n')
            return bough_bytes_of(verbatim.at + i + 2, verbatim.len - i - 2);
    return (struct bough_bytes){0};
}

/* Adds one tag as an object; `name` without "tags/".  Messages may be long, so lists are without
 * them. */
static enum bough_err write_tag(struct request *request, struct json_write *json,
                                struct bough_bytes name, const struct bough_ref *ref, bool in_list)
{
    struct bough_link target = ref->link;
    struct bough_bytes message = {0};
    enum bough_kind kind = ref->kind;

    for (unsigned i = 0; i < 8 && kind == BOUGH_KIND_TAG; i++) {
        struct bough_tag tag;

        BOUGH_TRY(bough_tag_get(request->service->store, &target, &request->arena, &tag));
        kind = tag.target_kind;
        target = tag.target;
        message = i == 0 ? message_of(tag.verbatim) : message;
    }
    json_write_object(json, NULL);
    reply_json_bytes(request, json, "name", "name_encoded", name);
    if (kind == BOUGH_KIND_COMMIT)
        json_write_hash(json, "commit", &target.name);
    else
        json_write_null(json, "commit");
    json_write_bool(json, "annotated", ref->kind == BOUGH_KIND_TAG);
    if (ref->kind == BOUGH_KIND_TAG && !in_list)
        json_write_bytes(json, "message", message);
    json_write_end(json);
    return BOUGH_OK;
}

static enum bough_err answer(struct request *request, unsigned status, const struct bough_ref *ref)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    BOUGH_TRY(write_tag(request, &json, request->words[0], ref, false));
    reply_hash(request, "ETag", &ref->link.name, true);
    return reply_json_end(request, &out, status);
}

enum bough_err api_tag_list(struct request *request)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes prefix = bough_bytes_text(LIST_KIND);
    struct bough_bytes name;
    struct bough_ref ref;
    uint64_t limit;
    enum bough_err err;

    if (!rev_page(request, LIST_KIND, PROBLEM_NO_SUCH_TAG, &name, &limit, &err))
        return err;
    json_write_object(&json, NULL);
    json_write_array(&json, "tags");
    for (uint64_t i = 0; i < limit && err == BOUGH_OK; i++) {
        err = bough_ref_next(request->service->store, prefix, name, &request->arena, &name, &ref);
        if (err == BOUGH_OK)
            err =
                write_tag(request, &json,
                          bough_bytes_of(name.at + prefix.len, name.len - prefix.len), &ref, true);
    }
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    json_write_end(&json);
    json_write_bool(&json, "more", err == BOUGH_OK);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

/* Reads the tag.  False: the reply is made up, or *err says what. */
static bool open_tag(struct request *request, struct bough_bytes *ref_name, struct bough_ref *ref,
                     enum bough_err *err)
{
    *err = rev_ref_name(request, LIST_KIND, request->words[0], ref_name);
    if (*err == BOUGH_OK)
        *err = bough_ref_get(request->service->store, *ref_name, ref);
    if (*err == BOUGH_OK)
        return true;
    *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_TAG, request->words[0]);
    return false;
}

enum bough_err api_tag_get(struct request *request)
{
    struct bough_bytes ref_name;
    struct bough_ref ref;
    enum bough_err err;

    if (!open_tag(request, &ref_name, &ref, &err))
        return err;
    return answer(request, 200, &ref);
}

/* The member of this name, .at NULL if there is none.  False: it is no string. */
static bool read_text(struct request *request, const struct json *body, const char *name,
                      struct bough_bytes *text)
{
    const struct json *given = json_read_member(body, name);

    *text = given == NULL ? (struct bough_bytes){0} : given->text;
    if (given == NULL || given->kind == JSON_STRING)
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" must be a string", name);
    return false;
}

/* Puts an annotated tag of the commit that `made` points at, and points it at that.  False: the
 * reply is made up, or *err says what. */
static bool annotate(struct request *request, struct bough_bytes author, struct bough_bytes message,
                     struct bough_ref_move *made, enum bough_err *err)
{
    struct bough_git_tag tag = {.name = request->words[0], .commit = made->next.link};

    *err = BOUGH_OK;
    if (request->service->git == NULL) {
        (void)reply_problem(request, PROBLEM_UNSUPPORTED, "an annotated tag without git");
        return false;
    }
    if (!author_ident(request, author, &tag.tagger))
        return false;
    *err = author_message(request, message, "", (struct bough_bytes){0}, &tag.message);
    if (*err == BOUGH_OK)
        *err = bough_git_tag_put(request->service->git, &tag, &request->arena, &made->next.link);
    if (*err == BOUGH_NOT_FOUND) {
        *err = reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "a policy has cut the commit's history, so it cannot be annotated");
        return false;
    }
    made->next.kind = BOUGH_KIND_TAG;
    return *err == BOUGH_OK;
}

enum bough_err api_tag_put(struct request *request)
{
    static const char *const members[] = {"target", "message", "author", NULL};
    const struct json *body = query_body(request, members);
    const struct json *target = json_read_member(body, "target");
    struct bough_ref_move made = {.expect = BOUGH_EXPECT_ABSENT,
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct bough_bytes message;
    struct bough_bytes author;
    struct rev rev;
    enum bough_err err;

    if (body == NULL || !read_text(request, body, "message", &message) ||
        !read_text(request, body, "author", &author))
        return BOUGH_OK;
    if (target == NULL || target->kind != JSON_STRING)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"target\" must say which revision the tag names");
    err = rev_ref_name(request, LIST_KIND, request->words[0], &made.name);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_TAG, request->words[0]);
    err = rev_find(request, target->text, &rev);
    if (err == BOUGH_OK && bough_hash_is_none(&rev.commit.name))
        err = BOUGH_NOT_FOUND;
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_REVISION, target->text);
    made.next.link = rev.commit;
    if (message.at != NULL && !annotate(request, author, message, &made, &err))
        return err;
    err = bough_ref_move(request->service->store, &made, 1, NULL);
    if (err == BOUGH_STALE || err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_EXISTS, "tags do not move");
    if (err != BOUGH_OK)
        return err;
    return answer(request, 201, &made.next);
}

enum bough_err api_tag_delete(struct request *request)
{
    struct bough_ref_move gone = {.remove = true, .why = bough_bytes_text("deleted")};
    struct bough_bytes none = {0};
    struct bough_ref ref;
    enum bough_err err;

    if (!open_tag(request, &gone.name, &ref, &err))
        return err;
    if (!author_ident(request, none, &gone.who))
        return BOUGH_OK;
    BOUGH_TRY(bough_ref_move(request->service->store, &gone, 1, NULL));
    reply_status(request, 204);
    return BOUGH_OK;
}
