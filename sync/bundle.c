/* SPDX-License-Identifier: ISC
 *
 * bundle.c - the repository as one file.
 *
 * Owns nothing: a bundle is the answer to a fetch of everything, with a head of another form.
 */
#include "bundle.h"
#include "upload_pack.h"
#include "upload_refs.h"
#include <assert.h>

#define ARENA_BYTES_MAX (16u << 20)

static const char signature[] = "# v2 git bundle\n";

/* One line of the head: the id between `before` and `name`. */
static enum bough_err add_line(struct upload *upload, const char *before, const struct sha1 *id,
                               struct bough_bytes name)
{
    char hex[SHA1_HEX + 1];

    sha1_hex(id, hex);
    BOUGH_TRY(buffer_text(&upload->out, before));
    BOUGH_TRY(buffer_text(&upload->out, hex));
    BOUGH_TRY(buffer_text(&upload->out, " "));
    BOUGH_TRY(buffer_add(&upload->out, name));
    return buffer_text(&upload->out, "\n");
}

static enum bough_err add_base(struct upload *upload, struct bough_bytes hex)
{
    struct sha1 id;
    bool common;

    if (!sha1_parse(hex, &id) || upload->have_count == BOUGH_HAVES_MAX)
        return BOUGH_INVALID;
    BOUGH_TRY(upload_have(upload, hex, &id, &common));
    return common ? add_line(upload, "-", &id, (struct bough_bytes){0}) : BOUGH_NOT_FOUND;
}

enum bough_err bundle_begin(struct upload *upload, struct bough_bytes since)
{
    BOUGH_TRY(buffer_text(&upload->out, signature));
    while (since.len > 0) {
        const uint8_t *comma = memchr(since.at, ',', since.len);
        size_t len = comma == NULL ? since.len : (size_t)(comma - since.at);

        BOUGH_TRY(add_base(upload, bough_bytes_of(since.at, len)));
        len += comma == NULL ? 0 : 1;
        since.at += len;
        since.len -= len;
    }
    return BOUGH_OK;
}

/* A ref, and that it is wanted. */
static enum bough_err add_ref(struct upload *upload, const struct git_ref *ref)
{
    upload->want_count++;
    BOUGH_TRY(buffer_add(&upload->wants, bough_bytes_of(&ref->native, sizeof(ref->native))));
    return add_line(upload, "", &ref->id, ref->name);
}

static enum bough_err add_refs(struct upload *upload, struct bough_arena *arena)
{
    struct bough_bytes after = {0};
    struct git_ref ref;
    bool born;
    enum bough_err err;

    BOUGH_TRY(upload_refs_head(upload->view, arena, &ref, &born));
    if (born) {
        ref.name = bough_bytes_text("HEAD"); /* so that a clone knows which branch to show */
        BOUGH_TRY(add_ref(upload, &ref));
    }
    while ((err = git_history_ref_next(upload->view, (struct bough_bytes){0}, after, arena,
                                       &ref)) == BOUGH_OK) {
        BOUGH_TRY(add_ref(upload, &ref));
        after = ref.name;
    }
    return err == BOUGH_NOT_FOUND && upload->want_count > 0 ? BOUGH_OK : err;
}

enum bough_err bundle_end(struct upload *upload)
{
    struct bough_arena arena;
    enum bough_err err;

    bough_arena_init(&arena, upload->view->env->heap, ARENA_BYTES_MAX);
    err = add_refs(upload, &arena);
    bough_arena_release(&arena);
    BOUGH_TRY(err);
    BOUGH_TRY(buffer_text(&upload->out, "\n"));
    upload->side_band = UPLOAD_BARE;
    upload->ofs_delta = true;
    upload->thin_pack = upload->haves.len > 0;
    return upload_pack_begin(upload);
}
