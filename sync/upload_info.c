/* SPDX-License-Identifier: ISC
 *
 * upload_info.c - how large objects are.
 *
 * Owns nothing.  The size of a value is known; a commit, tag or tree is put into git's form to be
 * measured.
 */
#include "upload_info.h"
#include "git_find.h"

enum bough_err upload_info_argument(struct upload *upload, struct bough_bytes line, bool *taken)
{
    struct git_find item = {0};

    *taken = true;
    if (bough_bytes_equal(line, bough_bytes_text("size"))) {
        upload->info_size = true;
        return BOUGH_OK;
    }
    *taken = bough_bytes_drop(&line, bough_bytes_text("oid "));
    if (!*taken)
        return BOUGH_OK;
    if (!sha1_parse(line, &item.id))
        return upload_fail(upload, "object-info: malformed oid");
    if (upload->want_count++ == BOUGH_WANTS_MAX)
        return upload_fail(upload, "object-info: too many objects (limit %u)", BOUGH_WANTS_MAX);
    return buffer_add(&upload->sought, bough_bytes_of(&item, sizeof(item)));
}

static enum bough_err size_of(struct upload *upload, const struct git_native *native,
                              uint64_t *bytes)
{
    struct buffer whole;
    enum bough_err err;

    *bytes = native->number;
    if (native->kind == GIT_BLOB)
        return BOUGH_OK;
    buffer_init(&whole, upload->view->env->heap, BOUGH_PUSH_OBJECT_BYTES_MAX);
    err = git_history_bytes(upload->view, native, &whole);
    *bytes = whole.len;
    buffer_release(&whole);
    return err;
}

/* One line of the answer. */
static enum bough_err answer_one(struct upload *upload, const struct sha1 *id,
                                 const struct git_find *item)
{
    char hex[SHA1_HEX + 1];
    uint64_t bytes;

    sha1_hex(id, hex);
    if (!upload->info_size)
        return pkt_line_print(&upload->out, "%s", hex);
    if (item == NULL || !item->found)
        return pkt_line_print(&upload->out, "%s ", hex);
    BOUGH_TRY(size_of(upload, &item->native, &bytes));
    return pkt_line_print(&upload->out, "%s %llu", hex, (unsigned long long)bytes);
}

/* All lines, in the order of the questions. */
static enum bough_err answer_all(struct upload *upload, const struct buffer *found)
{
    for (size_t at = 0; at < upload->sought.len; at += sizeof(struct git_find)) {
        struct git_find asked;

        memcpy(&asked, upload->sought.at + at, sizeof(asked));
        BOUGH_TRY(answer_one(upload, &asked.id,
                             git_find_id((struct git_find *)(void *)found->at,
                                         found->len / sizeof(asked), &asked.id)));
    }
    return pkt_line_flush(&upload->out);
}

enum bough_err upload_info_answer(struct upload *upload)
{
    struct buffer found;
    enum bough_err err;

    if (upload->info_size)
        BOUGH_TRY(pkt_line_print(&upload->out, "size"));
    buffer_init(&found, upload->view->env->heap, upload->sought.limit_bytes);
    err = buffer_add(&found, buffer_bytes(&upload->sought));
    if (err == BOUGH_OK)
        err = upload_find(upload, &found);
    if (err == BOUGH_OK)
        err = answer_all(upload, &found);
    buffer_release(&found);
    return err;
}
