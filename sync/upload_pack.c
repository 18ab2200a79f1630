/* SPDX-License-Identifier: ISC
 *
 * upload_pack.c - the answer to a fetch on its way out.
 *
 * Owns the frame that is being read: a packet whose first byte names its band (gitprotocol-pack,
 * "Packfile Data"): 1 the pack, 2 progress (never sent), 3 a fatal error.
 */
#include "upload_pack.h"
#include <assert.h>

#define SMALL_DATA_BYTES 995u        /* side-band: packets of at most 1000 bytes */
#define LARGE_DATA_BYTES (32u << 10) /* side-band-64k allows twice that */

enum bough_err upload_pack_begin(struct upload *upload)
{
    struct pack_list list;
    enum bough_err err;

    assert(!upload->packing && !upload->failed);
    pack_list_init(&list, upload->view, upload->thin_pack);
    err = pack_list_fill(&list, (const struct git_native *)(const void *)upload->wants.at,
                         upload->wants.len / sizeof(struct git_native),
                         (const struct bough_link *)(const void *)upload->haves.at,
                         upload->haves.len / sizeof(struct bough_link));
    if (err == BOUGH_OK && upload->include_tag)
        err = pack_list_add_tags(&list);
    if (err == BOUGH_OK) {
        bough_log(upload->view->env->log, BOUGH_DEBUG, "git", "fetch: %u objects",
                  pack_list_count(&list));
        upload->packing = true;
        err = pack_out_open(&upload->pack, &list, upload->ofs_delta);
    }
    pack_list_release(&list);
    return err;
}

/* A frame that says why the pack cannot be completed. */
static enum bough_err fatal_frame(struct upload *upload, enum bough_err err)
{
    struct buffer *frame = &upload->frame;

    bough_log(upload->view->env->log, BOUGH_ERROR, "git", "fetch broken off: %s",
              bough_err_name(err));
    frame->len = 0;
    upload->pack_over = true;
    BOUGH_TRY(
        pkt_line_print(frame, "\003bough: cannot complete the pack: %s\n", bough_err_name(err)));
    return pkt_line_flush(frame);
}

/* Makes the next frame. */
static enum bough_err next_frame(struct upload *upload)
{
    size_t room = upload->side_band == UPLOAD_BAND_SMALL ? SMALL_DATA_BYTES : LARGE_DATA_BYTES;
    struct buffer *frame = &upload->frame;
    size_t got;
    enum bough_err err;

    frame->len = 0;
    upload->frame_at = 0;
    BOUGH_TRY(buffer_reserve(frame, PKT_LINE_HEAD_BYTES + 1 + room));
    err = pack_out_read(&upload->pack, frame->at + PKT_LINE_HEAD_BYTES + 1, room, &got);
    if (err != BOUGH_OK)
        return fatal_frame(upload, err);
    if (got == 0) {
        upload->pack_over = true;
        return pkt_line_flush(frame);
    }
    pkt_line_head(frame->at, got + 1);
    frame->at[PKT_LINE_HEAD_BYTES] = 1;
    frame->len = PKT_LINE_HEAD_BYTES + 1 + got;
    return BOUGH_OK;
}

/* Copies as much of `from` as there is room for. */
static size_t copy(uint8_t *into, size_t max, const struct buffer *from, size_t *at)
{
    size_t part = from->len - *at < max ? from->len - *at : max;

    if (part > 0)
        memcpy(into, from->at + *at, part);
    *at += part;
    return part;
}

enum bough_err upload_pack_read(struct upload *upload, uint8_t *into, size_t max, size_t *got)
{
    *got = copy(into, max, &upload->out, &upload->out_at);
    if (*got > 0 || !upload->packing)
        return BOUGH_OK;
    if (upload->side_band == UPLOAD_BARE)
        return pack_out_read(&upload->pack, into, max, got);
    if (upload->frame_at == upload->frame.len && !upload->pack_over)
        BOUGH_TRY(next_frame(upload));
    *got = copy(into, max, &upload->frame, &upload->frame_at);
    return BOUGH_OK;
}
