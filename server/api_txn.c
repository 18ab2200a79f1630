/* SPDX-License-Identifier: ISC
 *
 * api_txn.c - several keys at once: conditions, operations, one commit or nothing.
 *
 * Owns no data.  Everything is judged in one turn of the loop, against the head that the commit
 * then replaces: first `expect` (409), then all of `if` (412 with every one that fails), then the
 * operations.  With "merge", what was written on a head that has moved is merged (txn_merge.h).
 */
#include "api.h"
#include "author.h"
#include "bough/txn.h"
#include "hash.h"
#include "query.h"
#include "reply.h"
#include "rev.h"
#include "txn_merge.h"
#include "txn_ops.h"

/* Whether `expect` holds.  False: the reply is made up. */
static bool check_expect(struct request *request, const struct json *body, const struct rev *head)
{
    const struct json *expect = json_read_member(body, "expect");
    bool born = !bough_hash_is_none(&head->commit.name);
    struct bough_hash wanted;

    if (expect == NULL)
        return true;
    if (expect->kind == JSON_NULL) {
        if (!born)
            return true;
    } else if (expect->kind == JSON_STRING && hash_parse(expect->text, &wanted)) {
        if (born && bough_hash_equal(&wanted, &head->commit.name))
            return true;
    } else {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "\"expect\" must be a full commit hash, or null for no commit yet");
        return false;
    }
    (void)reply_problem(request, PROBLEM_HEAD_MOVED, "%s", "");
    if (born)
        reply_hash(request, "Bough-Commit", &head->commit.name, false);
    return false;
}

/* One condition: {key, etag} or {key, absent: true} or {key, exists: true}. */
struct condition {
    struct bough_bytes key;
    bool wants_absent;
    bool wants_exists;
    bool wants_etag;
    struct bough_hash etag;
};

static bool read_condition(struct request *request, const struct json *item, size_t index,
                           struct condition *condition)
{
    static const char *const members[] = {"key", "key_encoded", "etag", "absent", "exists", NULL};
    const struct json *absent = json_read_member(item, "absent");
    const struct json *exists = json_read_member(item, "exists");
    const struct json *etag = json_read_member(item, "etag");
    struct bough_bytes stranger;

    *condition = (struct condition){.wants_absent = absent != NULL && absent->kind == JSON_TRUE,
                                    .wants_exists = exists != NULL && exists->kind == JSON_TRUE};
    if (etag != NULL && etag->kind == JSON_STRING)
        condition->wants_etag = hash_parse(etag->text, &condition->etag);
    if (item->kind == JSON_OBJECT && query_knows(item, members, &stranger) &&
        query_bytes(request, item, "key", "key_encoded", &condition->key) &&
        condition->key.len > 0 && bough_tree_path_check(condition->key) == BOUGH_OK &&
        item->item_count == 2 &&
        condition->wants_absent + condition->wants_exists + condition->wants_etag == 1)
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                        "if[%zu] must be a key with \"etag\", \"absent\":true or \"exists\":true",
                        index);
    return false;
}

/* Judges one condition; one that fails is added to `errors`. */
static enum bough_err judge(struct request *request, const struct rev *head,
                            const struct condition *condition, struct json_write *errors,
                            size_t *failed)
{
    struct bough_entry entry = {0};
    struct bough_hash name = {{0}};
    enum bough_err err = bough_tree_find(request->service->store, &head->tree, condition->key,
                                         &request->arena, &entry);
    bool there = err == BOUGH_OK;
    bool value = there && entry.kind == BOUGH_ENTRY_VALUE;
    bool holds;

    if (err != BOUGH_OK && err != BOUGH_NOT_FOUND)
        return err;
    if (value)
        bough_value_name(&entry.value, &name);
    holds = condition->wants_absent   ? !there
            : condition->wants_exists ? value
                                      : value && bough_hash_equal(&name, &condition->etag);
    if (holds)
        return BOUGH_OK;
    (*failed)++;
    json_write_object(errors, NULL);
    reply_json_bytes(request, errors, "key", "key_encoded", condition->key);
    json_write_text(errors, "condition",
                    condition->wants_absent   ? "absent"
                    : condition->wants_exists ? "exists"
                                              : "etag");
    if (value)
        json_write_hash(errors, "etag", &name);
    else
        json_write_null(errors, "etag");
    json_write_end(errors);
    return BOUGH_OK;
}

/* Judges all of `if`; request->reply is made up when not all hold. */
static enum bough_err check_conditions(struct request *request, const struct json *body,
                                       const struct rev *head)
{
    const struct json *list = json_read_member(body, "if");
    struct out out;
    struct json_write json = reply_problem_begin(request, PROBLEM_PRECONDITION, "", &out);
    size_t failed = 0;
    size_t index = 0;

    if (list == NULL)
        return BOUGH_OK;
    if (list->kind != JSON_ARRAY || list->item_count > BOUGH_TXN_OPS_MAX)
        return reply_problem(request, PROBLEM_UNPROCESSABLE,
                             "\"if\" must be a list of at most %u conditions", BOUGH_TXN_OPS_MAX);
    json_write_array(&json, "errors");
    for (const struct json *item = list->first; item != NULL; item = item->next) {
        struct condition condition;

        if (!read_condition(request, item, index++, &condition))
            return BOUGH_OK;
        BOUGH_TRY(judge(request, head, &condition, &json, &failed));
    }
    if (failed == 0)
        return BOUGH_OK;
    json_write_end(&json);
    return reply_problem_end(request, PROBLEM_PRECONDITION, &json, &out);
}

/* Author and message.  False: the reply is made up, or *err says what. */
static bool read_words(struct request *request, const struct json *body, struct bough_txn *txn,
                       enum bough_err *err)
{
    const struct json *author = json_read_member(body, "author");
    const struct json *message = json_read_member(body, "message");
    struct bough_bytes none = {0};

    *err = BOUGH_OK;
    if ((author != NULL && author->kind != JSON_STRING) ||
        (message != NULL && message->kind != JSON_STRING)) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "\"author\" and \"message\" must be strings");
        return false;
    }
    if (!author_ident(request, author == NULL ? none : author->text, &txn->author))
        return false;
    *err = author_message(request, message == NULL ? none : message->text, "transaction", none,
                          &txn->message);
    return *err == BOUGH_OK;
}

static enum bough_err answer(struct request *request, const struct rev *head,
                             const struct bough_txn_result *result, size_t changed)
{
    struct out out = reply_json_begin(request);
    struct json_write json = json_write_into(&out);

    json_write_object(&json, NULL);
    if (bough_hash_is_none(&result->commit.name))
        json_write_null(&json, "commit");
    else
        json_write_hash(&json, "commit", &result->commit.name);
    json_write_array(&json, "parents");
    if (!bough_hash_is_none(&head->commit.name) && !result->unchanged)
        json_write_hash(&json, NULL, &head->commit.name);
    json_write_end(&json);
    json_write_number(&json, "changed", result->unchanged ? 0 : changed);
    json_write_bool(&json, "unchanged", result->unchanged);
    json_write_end(&json);
    if (!bough_hash_is_none(&result->commit.name))
        reply_hash(request, "Bough-Commit", &result->commit.name, false);
    if (result->unchanged)
        reply_field(request, "Bough-Unchanged", "1");
    return reply_json_end(request, &out, 200);
}

/* The operations, as one commit. */
static enum bough_err run(struct request *request, const struct json *body, const struct rev *head,
                          bool merges)
{
    struct bough_txn txn = {.expect = BOUGH_EXPECT_ANY};
    struct bough_txn_result result = {0};
    struct txn_ops ops;
    enum bough_err err;

    if (!read_words(request, body, &txn, &err) ||
        !txn_ops_read(&ops, request, json_read_member(body, "ops"), &err))
        return err;
    txn.edits = ops.edits;
    txn.edit_count = ops.edit_count;
    BOUGH_TRY(rev_ref_name(request, "heads/", request->words[0], &txn.branch));
    err = merges ? txn_merge_commit(request, body, head, &txn, &result)
                 : bough_txn_commit(request->service->store, &txn, &request->arena, &result);
    if (err == BOUGH_CONFLICT)
        return txn_ops_conflict(&ops, result.culprit);
    if (err == BOUGH_NOT_FOUND && result.culprit < ops.edit_count)
        return txn_ops_missing(&ops, result.culprit);
    if (err != BOUGH_OK || request->reply.status != 0)
        return err;
    return answer(request, head, &result, ops.edit_count);
}

enum bough_err api_txn_post(struct request *request)
{
    static const char *const members[] = {"expect", "if",       "ops",   "message", "author",
                                          "merge",  "strategy", "favor", NULL};
    const struct json *body = query_body(request, members);
    struct rev head;
    bool merges;
    enum bough_err err;

    if (body == NULL)
        return BOUGH_OK;
    err = rev_branch(request, request->words[0], &head);
    if (err != BOUGH_OK)
        return rev_refuse(request, err, PROBLEM_NO_SUCH_BRANCH, request->words[0]);
    if (!txn_merge_asked(request, body, &merges) ||
        (!merges && !check_expect(request, body, &head)))
        return BOUGH_OK;
    BOUGH_TRY(check_conditions(request, body, &head));
    return request->reply.status != 0 ? BOUGH_OK : run(request, body, &head, merges);
}
