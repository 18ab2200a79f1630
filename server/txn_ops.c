/* SPDX-License-Identifier: ISC
 *
 * txn_ops.c - the operations of a transaction's document as edits of a tree.
 *
 * Owns no data; edits stand in the request's arena.
 *   (1) Edit i is operation i.
 */
#include "txn_ops.h"
#include "base64.h"
#include "query.h"
#include "reply.h"
#include <stdarg.h>
#include <stdio.h>

/* The present operation came out as `edit`. */
static void add_edit(struct txn_ops *ops, const struct bough_edit *edit)
{
    assert(ops->edit_count == ops->op_index); /* invariant (1) */
    ops->edits[ops->edit_count++] = *edit;
}

/* Says that the present operation is wrong; always false. */
BOUGH_PRINTF(2, 3)
static bool refuse(const struct txn_ops *ops, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)reply_problem(ops->request, PROBLEM_UNPROCESSABLE, "ops[%zu]: %s", ops->op_index, text);
    return false;
}

enum bough_err txn_ops_conflict(const struct txn_ops *ops, size_t culprit)
{
    assert(culprit < ops->edit_count);
    return reply_problem(ops->request, PROBLEM_CONFLICT,
                         "ops[%zu]: a value and a directory would share a path", culprit);
}

enum bough_err txn_ops_missing(const struct txn_ops *ops, size_t culprit)
{
    assert(culprit < ops->edit_count);
    return reply_problem(ops->request, PROBLEM_UNPROCESSABLE, "ops[%zu]: \"from\" does not exist",
                         culprit);
}

/* A path from member `name` (or its encoded form), checked. */
static bool read_path(struct txn_ops *ops, const struct json *op, const char *name,
                      const char *name_encoded, struct bough_bytes *path)
{
    if (!query_bytes(ops->request, op, name, name_encoded, path) || path->len == 0)
        return refuse(ops, "\"%s\" must be a key", name);
    if (bough_tree_path_check(*path) != BOUGH_OK)
        return refuse(ops, "\"%s\" cannot be a key", name);
    return true;
}

static bool read_mode(struct txn_ops *ops, const struct json *op, uint32_t *mode)
{
    const struct json *given = json_read_member(op, "mode");
    struct bough_bytes text = given == NULL ? bough_bytes_text("100644") : given->text;

    if (bough_bytes_equal(text, bough_bytes_text("100644")))
        *mode = BOUGH_MODE_FILE;
    else if (bough_bytes_equal(text, bough_bytes_text("100755")))
        *mode = BOUGH_MODE_EXEC;
    else if (bough_bytes_equal(text, bough_bytes_text("120000")))
        *mode = BOUGH_MODE_SYMLINK;
    else
        return refuse(ops, "\"mode\" must be \"100644\", \"100755\" or \"120000\"");
    return true;
}

static bool read_put(struct txn_ops *ops, const struct json *op, enum bough_err *err)
{
    static const char *const members[] = {"op",           "key",  "key_encoded", "value",
                                          "value_base64", "mode", NULL};
    struct request *request = ops->request;
    struct bough_edit edit = {.entry = {.kind = BOUGH_ENTRY_VALUE}};
    const struct json *text = json_read_member(op, "value");
    const struct json *coded = json_read_member(op, "value_base64");
    const struct json *given = text != NULL ? text : coded;
    struct bough_bytes bytes;
    struct bough_bytes stranger;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"put\" does not know");
    if (!read_path(ops, op, "key", "key_encoded", &edit.path) ||
        !read_mode(ops, op, &edit.entry.mode))
        return false;
    if ((text == NULL) == (coded == NULL) || given->kind != JSON_STRING)
        return refuse(ops, "\"value\" or \"value_base64\" must be a string");
    bytes = given->text;
    if (coded != NULL) {
        *err = base64_decode(coded->text, &request->arena, &bytes);
        if (*err == BOUGH_INVALID) {
            *err = BOUGH_OK;
            return refuse(ops, "\"value_base64\" is not base64");
        }
        if (*err != BOUGH_OK)
            return false;
    }
    *err = bytes.len > request->service->config.value_bytes ? BOUGH_TOO_BIG : BOUGH_OK;
    if (*err == BOUGH_OK)
        *err = bough_value_put(request->service->store, bytes, &request->arena, &edit.entry.value);
    if (*err == BOUGH_OK)
        add_edit(ops, &edit);
    return *err == BOUGH_OK;
}

static bool read_delete(struct txn_ops *ops, const struct json *op)
{
    static const char *const members[] = {"op", "key", "key_encoded", NULL};
    struct bough_edit edit = {.remove = true};
    struct bough_bytes stranger;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"delete\" does not know");
    if (!read_path(ops, op, "key", "key_encoded", &edit.path))
        return false;
    add_edit(ops, &edit);
    return true;
}

/* The least bytes that are greater than all that start with `prefix`; empty when there are none. */
static enum bough_err behind(struct bough_arena *arena, struct bough_bytes prefix,
                             struct bough_bytes *bound)
{
    uint8_t *at = bough_arena_take(arena, prefix.len);
    size_t len = prefix.len;

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    while (len > 0 && prefix.at[len - 1] == 0xff)
        len--;
    *bound = bough_bytes_of(at, len);
    if (len == 0)
        return BOUGH_OK;
    memcpy(at, prefix.at, len);
    at[len - 1]++;
    return BOUGH_OK;
}

static bool read_delete_prefix(struct txn_ops *ops, const struct json *op, enum bough_err *err)
{
    static const char *const members[] = {"op", "prefix", "prefix_encoded", NULL};
    struct bough_edit edit = {.kind = BOUGH_EDIT_REMOVE_RANGE};
    struct bough_bytes stranger;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"delete_prefix\" does not know");
    if (!query_bytes(ops->request, op, "prefix", "prefix_encoded", &edit.path) ||
        edit.path.at == NULL)
        return refuse(ops, "\"prefix\" must be a string");
    *err = behind(&ops->request->arena, edit.path, &edit.other);
    if (*err == BOUGH_OK)
        add_edit(ops, &edit);
    return *err == BOUGH_OK;
}

/* copy and move: what stands at `from`, a value or a whole directory, goes to `to`. */
static bool read_copy(struct txn_ops *ops, const struct json *op, enum bough_edit_kind kind)
{
    static const char *const members[] = {"op", "from", "from_encoded", "to", "to_encoded", NULL};
    struct bough_edit edit = {.kind = kind};
    struct bough_bytes stranger;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"copy\" and \"move\" do not know");
    if (!read_path(ops, op, "from", "from_encoded", &edit.other) ||
        !read_path(ops, op, "to", "to_encoded", &edit.path))
        return false;
    add_edit(ops, &edit);
    return true;
}

static bool read_one(struct txn_ops *ops, const struct json *op, enum bough_err *err)
{
    const struct json *verb = json_read_member(op, "op");
    struct bough_bytes name = verb == NULL ? (struct bough_bytes){0} : verb->text;

    if (bough_bytes_equal(name, bough_bytes_text("put")))
        return read_put(ops, op, err);
    if (bough_bytes_equal(name, bough_bytes_text("delete")))
        return read_delete(ops, op);
    if (bough_bytes_equal(name, bough_bytes_text("delete_prefix")))
        return read_delete_prefix(ops, op, err);
    if (bough_bytes_equal(name, bough_bytes_text("copy")))
        return read_copy(ops, op, BOUGH_EDIT_COPY);
    if (bough_bytes_equal(name, bough_bytes_text("move")))
        return read_copy(ops, op, BOUGH_EDIT_MOVE);
    return refuse(ops, "\"op\" must be put, delete, delete_prefix, copy or move");
}

bool txn_ops_read(struct txn_ops *out, struct request *request, const struct json *ops,
                  enum bough_err *err)
{
    *out = (struct txn_ops){.request = request};
    *err = BOUGH_OK;
    if (ops == NULL || ops->kind != JSON_ARRAY || ops->item_count > BOUGH_TXN_OPS_MAX) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "\"ops\" must be a list of at most %u operations", BOUGH_TXN_OPS_MAX);
        return false;
    }
    out->edits = bough_arena_zeros(&request->arena, ops->item_count, sizeof(*out->edits));
    if (out->edits == NULL) {
        *err = BOUGH_NO_MEMORY;
        return false;
    }
    for (const struct json *op = ops->first; op != NULL; op = op->next) {
        if (!read_one(out, op, err))
            return false;
        out->op_index++;
    }
    return true;
}
