/* SPDX-License-Identifier: ISC
 *
 * api_branch.c - branches: list, look, make, move, choose, remove.
 *
 * Owns no data.
 *   (1) A branch's entity tag is the hash of its head, so If-Match is a compare-and-set of the
 * head. (2) A branch moves only to commits that contain its head, unless `force` is said. (3) The
 * default branch is never removed.
 */
#include "api.h"
#include "author.h"
#include "hash.h"
#include "http_cond.h"
#include "query.h"
#include "reply.h"
#include "rev.h"

#define LIST_KIND "heads/"

/* Adds one branch as an object. */
static void write_branch(struct request *request, struct json_write *json, struct bough_bytes name,
                         const struct bough_hash *head)
{
    json_write_object(json, NULL);
    reply_json_bytes(request, json, "name", "name_encoded", name);
    json_write_hash(json, "commit", head);
    json_write_end(json);
}

/* The branch as the whole reply. */
static enum bough_err answer(struct request *request, unsigned status,
                             const struct bough_hash *head)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    write_branch(request, &json, request->words[0], head);
    reply_hash(request, "ETag", head, true);
    reply_hash(request, "Bough-Commit", head, false);
    return reply_json_end(request, &out, status);
}

enum bough_err api_branch_list(struct request *request)
{
    struct bough_store *store = request->service->store;
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);
    struct bough_bytes prefix = bough_bytes_text(LIST_KIND);
    struct bough_bytes head;
    struct bough_bytes name;
    struct bough_ref ref;
    uint64_t limit;
    enum bough_err err;

    if (!rev_page(request, LIST_KIND, PROBLEM_NO_SUCH_BRANCH, &name, &limit, &err))
        return err;
    BOUGH_TRY(bough_ref_head(store, &request->arena, &head));
    json_write_object(&json, NULL);
    json_write_bytes(&json, "default", bough_bytes_of(head.at + prefix.len, head.len - prefix.len));
    json_write_array(&json, "branches");
    for (uint64_t i = 0; i < limit && err == BOUGH_OK; i++) {
        err = bough_ref_next(store, prefix, name, &request->arena, &name, &ref);
        if (err == BOUGH_OK)
            write_branch(request, &json,
                         bough_bytes_of(name.at + prefix.len, name.len - prefix.len),
                         &ref.link.name);
    }
    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    json_write_end(&json);
    json_write_bool(&json, "more", err == BOUGH_OK);
    json_write_end(&json);
    return reply_json_end(request, &out, 200);
}

/* Reads the branch and judges the conditions.  False: the reply is made up, or *err says what. */
static bool open_branch(struct request *request, struct bough_bytes *ref_name,
                        struct bough_ref *ref, enum bough_err *err)
{
    *err = rev_ref_name(request, LIST_KIND, request->words[0], ref_name);
    if (*err == BOUGH_OK)
        *err = bough_ref_get(request->service->store, *ref_name, ref);
    if (*err != BOUGH_OK) {
        *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
        return false;
    }
    switch (http_cond_check(&request->in, &ref->link.name)) {
    case HTTP_COND_GO:
        return true;
    case HTTP_COND_NOT_MODIFIED:
        reply_status(request, 304);
        break;
    case HTTP_COND_FAILED:
        (void)reply_problem(request, PROBLEM_PRECONDITION, "the head is another commit");
        break;
    case HTTP_COND_MALFORMED:
        (void)reply_problem(request, PROBLEM_BAD_REQUEST, "malformed condition");
        return false;
    }
    reply_hash(request, "ETag", &ref->link.name, true);
    return false;
}

enum bough_err api_branch_get(struct request *request)
{
    struct bough_bytes ref_name;
    struct bough_ref ref;
    enum bough_err err;

    if (!open_branch(request, &ref_name, &ref, &err))
        return err;
    return answer(request, 200, &ref.link.name);
}

/* Stages one move of a branch and answers; `next` none removes it. */
static enum bough_err move(struct request *request, const struct bough_ref_move *move,
                           unsigned status)
{
    enum bough_err err = bough_ref_move(request->service->store, move, 1, NULL);

    if (err == BOUGH_STALE)
        return reply_problem(
            request, move->expect == BOUGH_EXPECT_ABSENT ? PROBLEM_EXISTS : PROBLEM_HEAD_MOVED,
            "%s", "");
    if (err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_EXISTS,
                             "a branch cannot be a folder of other branches too");
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    if (move->remove) {
        reply_status(request, status);
        return BOUGH_OK;
    }
    return answer(request, status, &move->next.link.name);
}

/* The commit that member `name` of the body names; the default branch's head when it is not given.
 * False: the reply is made up, or *err says what. */
static bool read_target(struct request *request, const struct json *body, const char *name,
                        struct rev *rev, enum bough_err *err)
{
    const struct json *given = json_read_member(body, name);
    struct bough_bytes text = bough_bytes_text("main");
    struct bough_bytes head;

    *err = BOUGH_OK;
    if (given != NULL && given->kind != JSON_STRING) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" must be a string", name);
        return false;
    }
    if (given != NULL) {
        text = given->text;
    } else {
        *err = bough_ref_head(request->service->store, &request->arena, &head);
        if (*err != BOUGH_OK)
            return false;
        text = bough_bytes_of(head.at + strlen(LIST_KIND), head.len - strlen(LIST_KIND));
    }
    *err = rev_find(request, text, rev);
    if (*err == BOUGH_OK && bough_hash_is_none(&rev->commit.name))
        *err = BOUGH_NOT_FOUND;
    if (*err == BOUGH_OK)
        return true;
    *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_REVISION, text);
    return false;
}

/* Brings a deleted branch back from the log. */
static enum bough_err undelete(struct request *request, struct bough_bytes ref_name)
{
    struct bough_ref ref;
    enum bough_err err = bough_ref_undelete(request->service->store, ref_name, &ref);

    if (err == BOUGH_STALE || err == BOUGH_CONFLICT)
        return reply_problem(request, PROBLEM_EXISTS, "there is such a branch, or one below it");
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    return answer(request, 201, &ref.link.name);
}

enum bough_err api_branch_put(struct request *request)
{
    static const char *const members[] = {"from", "undelete", NULL};
    const struct json *body = query_body(request, members);
    struct bough_ref_move made = {.expect = BOUGH_EXPECT_ABSENT,
                                  .next = {.kind = BOUGH_KIND_COMMIT}};
    struct rev rev;
    enum bough_err err;

    if (body == NULL)
        return BOUGH_OK;
    err = rev_ref_name(request, LIST_KIND, request->words[0], &made.name);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    if (json_read_member(body, "undelete") != NULL) {
        if (json_read_member(body, "undelete")->kind == JSON_TRUE && body->item_count == 1)
            return undelete(request, made.name);
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"undelete\" is true, and stands alone");
    }
    if (!read_target(request, body, "from", &rev, &err))
        return err;
    made.next.link = rev.commit;
    return move(request, &made, 201);
}

/* What the body of a PATCH says beside the target.  False: the reply is made up. */
static bool read_options(struct request *request, const struct json *body,
                         struct bough_ref_move *moved, bool *force)
{
    const struct json *expect = json_read_member(body, "expect");
    const struct json *forced = json_read_member(body, "force");

    if (json_read_member(body, "to") == NULL) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"to\" is missing");
        return false;
    }
    if (forced != NULL && forced->kind != JSON_TRUE && forced->kind != JSON_FALSE) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"force\" must be true or false");
        return false;
    }
    *force = forced != NULL && forced->kind == JSON_TRUE;
    if (expect == NULL)
        return true;
    moved->expect = BOUGH_EXPECT_NAME;
    if (expect->kind == JSON_STRING && hash_parse(expect->text, &moved->expected))
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"expect\" must be a full commit hash");
    return false;
}

/* Makes an existing branch the default one. */
static enum bough_err make_default(struct request *request, const struct json *body)
{
    struct bough_bytes ref_name;
    struct bough_ref ref;
    enum bough_err err;

    if (json_read_member(body, "default")->kind != JSON_TRUE || body->item_count != 1)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"default\" is true, and stands alone");
    if (!open_branch(request, &ref_name, &ref, &err))
        return err;
    BOUGH_TRY(bough_ref_head_set(request->service->store, ref_name));
    return answer(request, 200, &ref.link.name);
}

enum bough_err api_branch_patch(struct request *request)
{
    static const char *const members[] = {"to", "expect", "force", "default", NULL};
    const struct json *body = query_body(request, members);
    struct bough_ref_move moved = {.next = {.kind = BOUGH_KIND_COMMIT},
                                   .why = bough_bytes_text("moved by force")};
    struct bough_bytes none = {0};
    struct bough_ref ref;
    struct rev rev;
    bool force;
    bool contains = true;
    enum bough_err err;

    if (body == NULL)
        return BOUGH_OK;
    if (json_read_member(body, "default") != NULL)
        return make_default(request, body);
    if (!read_options(request, body, &moved, &force))
        return BOUGH_OK;
    if (!open_branch(request, &moved.name, &ref, &err))
        return err;
    if (!author_ident(request, none, &moved.who))
        return BOUGH_OK;
    if (!read_target(request, body, "to", &rev, &err))
        return err;
    if (moved.expect != BOUGH_EXPECT_NAME) {
        moved.expect = BOUGH_EXPECT_NAME;
        moved.expected = ref.link.name;
    }
    if (!force)
        BOUGH_TRY(rev_is_ancestor(request, &ref.link, &rev.commit, &contains));
    if (!contains)
        return reply_problem(request, PROBLEM_NOT_FAST_FORWARD,
                             "say \"force\":true to move anyway");
    moved.forward = !force;
    moved.next.link = rev.commit;
    return move(request, &moved, 200);
}

enum bough_err api_branch_delete(struct request *request)
{
    struct bough_ref_move gone = {
        .remove = true, .expect = BOUGH_EXPECT_NAME, .why = bough_bytes_text("deleted")};
    struct bough_bytes none = {0};
    struct bough_ref ref;
    bool is_default;
    enum bough_err err;

    if (!open_branch(request, &gone.name, &ref, &err))
        return err;
    BOUGH_TRY(rev_is_default(request, request->words[0], &is_default));
    if (is_default)
        return reply_problem(request, PROBLEM_PROTECTED, "the default branch stays");
    if (!author_ident(request, none, &gone.who))
        return BOUGH_OK;
    gone.expected = ref.link.name;
    return move(request, &gone, 204);
}
