/* SPDX-License-Identifier: ISC
 *
 * txn_ops.c - the operations of a transaction's document as edits of a tree.
 *
 * Owns no data; edits stand in the request's arena.
 *   (1) An operation that must look (copy, move, delete_prefix) sees what the operations before it
 *       did: `current` is brought up to date before it looks.
 *   (2) At most BOUGH_TXN_OPS_MAX edits come out, however few operations they came from.
 */
#include "txn_ops.h"
#include "base64.h"
#include "query.h"
#include "reply.h"
#include <stdarg.h>
#include <stdio.h>

/* The present operation came out as `edit`. */
static enum bough_err add_edit(struct txn_ops *ops, const struct bough_edit *edit)
{
    if (ops->edit_count == BOUGH_TXN_OPS_MAX)
        return BOUGH_TOO_BIG;
    if (ops->edit_count == ops->edit_max) {
        size_t max = ops->edit_max == 0 ? 32 : 2 * ops->edit_max;
        struct bough_arena *arena = &ops->request->arena;
        struct bough_edit *edits = bough_arena_zeros(arena, max, sizeof(*edits));
        size_t *op_of = bough_arena_zeros(arena, max, sizeof(*op_of));

        if (edits == NULL || op_of == NULL)
            return BOUGH_NO_MEMORY;
        if (ops->edit_count > 0) {
            memcpy(edits, ops->edits, ops->edit_count * sizeof(*edits));
            memcpy(op_of, ops->op_of, ops->edit_count * sizeof(*op_of));
        }
        ops->edits = edits;
        ops->op_of = op_of;
        ops->edit_max = max;
    }
    ops->op_of[ops->edit_count] = ops->op_index;
    ops->edits[ops->edit_count++] = *edit;
    return BOUGH_OK;
}

/* Invariant (1).  *refused: the reply is made up. */
static enum bough_err catch_up(struct txn_ops *ops, bool *refused)
{
    size_t culprit = 0;
    struct bough_tree next;
    enum bough_err err;

    *refused = false;
    if (ops->applied_count == ops->edit_count)
        return BOUGH_OK;
    err = bough_tree_edit(ops->request->service->store, &ops->current,
                          ops->edits + ops->applied_count, ops->edit_count - ops->applied_count,
                          &ops->request->arena, &culprit, &next);
    if (err == BOUGH_CONFLICT) {
        *refused = true;
        return txn_ops_conflict(ops, ops->applied_count + culprit);
    }
    if (err != BOUGH_OK)
        return err;
    ops->current = next;
    ops->applied_count = ops->edit_count;
    return BOUGH_OK;
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
                         "ops[%zu]: a value and a directory would share a path",
                         ops->op_of[culprit]);
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
        *err = add_edit(ops, &edit);
    return *err == BOUGH_OK;
}

static bool read_delete(struct txn_ops *ops, const struct json *op, enum bough_err *err)
{
    static const char *const members[] = {"op", "key", "key_encoded", NULL};
    struct bough_edit edit = {.remove = true};
    struct bough_bytes stranger;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"delete\" does not know");
    if (!read_path(ops, op, "key", "key_encoded", &edit.path))
        return false;
    *err = add_edit(ops, &edit);
    return *err == BOUGH_OK;
}

/* The shortest path that is `key` or a directory above it and starts with `prefix`; *directory says
 * which. */
static struct bough_bytes whole_step(struct bough_bytes key, struct bough_bytes prefix,
                                     bool *directory)
{
    size_t len = prefix.len;

    *directory = true;
    if (len > 0 && key.at[len - 1] == '/')
        return bough_bytes_of(key.at, len - 1);
    while (len < key.len && key.at[len] != '/')
        len++;
    *directory = len < key.len;
    return bough_bytes_of(key.at, len);
}

/* One removal for each entry, value or directory, whose path starts with `prefix`. */
static enum bough_err remove_prefix(struct txn_ops *ops, struct bough_bytes prefix)
{
    struct bough_arena *arena = &ops->request->arena;
    struct bough_tree_walk walk;
    struct bough_bytes none = {0};
    enum bough_err err;

    BOUGH_TRY(bough_tree_walk_open(&walk, ops->request->service->store, &ops->current, prefix, none,
                                   arena));
    for (;;) {
        struct bough_edit edit = {.remove = true};
        struct bough_entry entry;
        struct bough_bytes key;
        uint8_t *below;
        bool directory;

        err = bough_tree_walk_next(&walk, &key, &entry);
        if (err != BOUGH_OK)
            return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
        edit.path = whole_step(key, prefix, &directory);
        below = bough_arena_take(arena, edit.path.len + 1);
        if (below == NULL)
            return BOUGH_NO_MEMORY;
        memcpy(below, edit.path.at, edit.path.len);
        below[edit.path.len] = '/';
        edit.path.at = below;
        BOUGH_TRY(add_edit(ops, &edit));
        if (directory)
            BOUGH_TRY(bough_tree_walk_skip(&walk, bough_bytes_of(below, edit.path.len + 1)));
    }
}

static bool read_delete_prefix(struct txn_ops *ops, const struct json *op, enum bough_err *err)
{
    static const char *const members[] = {"op", "prefix", "prefix_encoded", NULL};
    struct bough_bytes prefix;
    struct bough_bytes stranger;
    bool refused;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"delete_prefix\" does not know");
    if (!query_bytes(ops->request, op, "prefix", "prefix_encoded", &prefix) || prefix.at == NULL)
        return refuse(ops, "\"prefix\" must be a string");
    *err = catch_up(ops, &refused);
    if (*err == BOUGH_OK && !refused)
        *err = remove_prefix(ops, prefix);
    return *err == BOUGH_OK && !refused;
}

/* copy and move: what stands at `from`, a value or a whole directory, goes to `to`. */
static bool read_copy(struct txn_ops *ops, const struct json *op, bool move, enum bough_err *err)
{
    static const char *const members[] = {"op", "from", "from_encoded", "to", "to_encoded", NULL};
    struct bough_edit edit = {.remove = false};
    struct bough_edit gone = {.remove = true};
    struct bough_bytes stranger;
    bool refused;

    if (!query_knows(op, members, &stranger))
        return refuse(ops, "a member that \"copy\" and \"move\" do not know");
    if (!read_path(ops, op, "from", "from_encoded", &gone.path) ||
        !read_path(ops, op, "to", "to_encoded", &edit.path))
        return false;
    *err = catch_up(ops, &refused);
    if (*err != BOUGH_OK || refused)
        return false;
    *err = bough_tree_find(ops->request->service->store, &ops->current, gone.path,
                           &ops->request->arena, &edit.entry);
    if (*err == BOUGH_NOT_FOUND) {
        *err = BOUGH_OK;
        return refuse(ops, "\"from\" does not exist");
    }
    if (*err == BOUGH_OK && move)
        *err = add_edit(ops, &gone);
    if (*err == BOUGH_OK)
        *err = add_edit(ops, &edit);
    return *err == BOUGH_OK;
}

static bool read_one(struct txn_ops *ops, const struct json *op, enum bough_err *err)
{
    const struct json *verb = json_read_member(op, "op");
    struct bough_bytes name = verb == NULL ? (struct bough_bytes){0} : verb->text;

    if (bough_bytes_equal(name, bough_bytes_text("put")))
        return read_put(ops, op, err);
    if (bough_bytes_equal(name, bough_bytes_text("delete")))
        return read_delete(ops, op, err);
    if (bough_bytes_equal(name, bough_bytes_text("delete_prefix")))
        return read_delete_prefix(ops, op, err);
    if (bough_bytes_equal(name, bough_bytes_text("copy")))
        return read_copy(ops, op, false, err);
    if (bough_bytes_equal(name, bough_bytes_text("move")))
        return read_copy(ops, op, true, err);
    return refuse(ops, "\"op\" must be put, delete, delete_prefix, copy or move");
}

bool txn_ops_read(struct txn_ops *out, struct request *request, const struct bough_tree *base,
                  const struct json *ops, enum bough_err *err)
{
    *out = (struct txn_ops){.request = request, .current = *base};
    *err = BOUGH_OK;
    if (ops == NULL || ops->kind != JSON_ARRAY || ops->item_count > BOUGH_TXN_OPS_MAX) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE,
                            "\"ops\" must be a list of at most %u operations", BOUGH_TXN_OPS_MAX);
        return false;
    }
    for (const struct json *op = ops->first; op != NULL; op = op->next) {
        if (!read_one(out, op, err))
            return false;
        out->op_index++;
    }
    return true;
}
