/* SPDX-License-Identifier: ISC
 *
 * upload_pack.c - the answer to a fetch on its way out.
 *
 * Owns the frame that is being read: a packet whose first byte names its band (gitprotocol-pack,
 * "Packfile Data"): 1 the pack, 2 what people may read (how much there is), 3 a fatal error.
 */
#include "upload_pack.h"
#include "git_find.h"
#include "pack_last.h"
#include "upload_part.h"
#include <assert.h>

#define SMALL_DATA_BYTES 995u        /* side-band: packets of at most 1000 bytes */
#define LARGE_DATA_BYTES (32u << 10) /* side-band-64k allows twice that */

/* Begins a list for the wants and haves. */
static enum bough_err begin_list(struct upload *upload)
{
    struct pack_list_request request = {
        .wants = (const struct git_native *)(const void *)upload->wants.at,
        .want_count = upload->wants.len / sizeof(struct git_native),
        .haves = (const struct bough_link *)(const void *)upload->haves.at,
        .have_count = upload->haves.len / sizeof(struct bough_link),
        .before = &upload->shallow.before,
        .after = &upload->shallow.after,
        .filter = upload->filter,
    };

    for (size_t at = 0; at < upload->sought.len; at += sizeof(struct git_find)) {
        struct git_find item;

        memcpy(&item, upload->sought.at + at, sizeof(item));
        if (item.step.len > 0)
            BOUGH_TRY(
                pack_list_add_short(&upload->list, &item.native.link.name, &item.tree, item.step));
    }
    return pack_list_fill(&upload->list, &request);
}

/* The list and plan, which are taken over, become the pack. */
static enum bough_err begin_pack(struct upload *upload, struct pack_list *list,
                                 struct pack_plan *plan)
{
    bough_log(upload->view->env->log, BOUGH_DEBUG, "git", "fetch: %u objects",
              pack_list_count(list));
    upload->packing = true;
    return pack_out_open(&upload->pack, list, plan, upload->ofs_delta);
}

enum bough_err upload_pack_begin(struct upload *upload)
{
    struct git_view *view = upload->view;
    struct pack_plan plan;
    struct pack_list list;

    assert(!upload->listing && !upload->packing && !upload->failed);
    upload->is_clone =
        upload->haves.len == 0 && !upload->include_tag && upload_part_is_whole(upload);
    if (upload->is_clone && pack_last_take(view->last, buffer_bytes(&upload->wants), &list, &plan))
        return begin_pack(upload, &list, &plan);
    upload->listing = true;
    /* Somebody who left things out may lack what a delta would be based on. */
    pack_list_init(&upload->list, view, upload->thin_pack && !fetch_filter_is_on(&upload->filter));
    return begin_list(upload);
}

enum bough_err upload_pack_step(struct upload *upload, uint32_t commits)
{
    struct pack_plan plan = {.count = 0};
    enum bough_err err;

    assert(upload->listing && !upload->packing);
    BOUGH_TRY(pack_list_fill_step(&upload->list, commits));
    if (upload->include_tag)
        BOUGH_TRY(pack_list_add_tags(&upload->list));
    err = pack_plan_make(&plan, &upload->list);
    if (err != BOUGH_OK) {
        pack_plan_release(&plan);
        return err;
    }
    upload->listing = false;
    return begin_pack(upload, &upload->list, &plan);
}

/* What a clone was sent to its end is remembered for the next one. */
static void remember(struct upload *upload)
{
    struct pack_out *pack = &upload->pack;

    if (!upload->is_clone || pack->state != PACK_OUT_END)
        return;
    upload->is_clone = false;
    pack_last_put(upload->view->last, buffer_bytes(&upload->wants), &pack->list, &pack->plan);
    pack->plan = (struct pack_plan){.count = 0};
    pack_list_init(&pack->list, upload->view, false);
}

/* The next bytes of the pack itself. */
static enum bough_err read_pack(struct upload *upload, uint8_t *into, size_t max, size_t *got)
{
    BOUGH_TRY(pack_out_read(&upload->pack, into, max, got));
    remember(upload);
    return BOUGH_OK;
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

/* A frame that says what is to come. */
static enum bough_err first_frame(struct upload *upload)
{
    const struct pack_list *list = &upload->pack.list;

    upload->frame.len = 0;
    upload->frame_at = 0;
    return pkt_line_print(&upload->frame, "\002bough: %u objects, %u commits among them\n",
                          pack_list_count(list),
                          (uint32_t)(list->commits.len / sizeof(struct bough_link)));
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
    err = read_pack(upload, frame->at + PKT_LINE_HEAD_BYTES + 1, room, &got);
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
        return read_pack(upload, into, max, got);
    if (upload->frame_at == upload->frame.len && !upload->pack_over) {
        BOUGH_TRY(upload->told || upload->no_progress ? next_frame(upload) : first_frame(upload));
        upload->told = true;
    }
    *got = copy(into, max, &upload->frame, &upload->frame_at);
    return BOUGH_OK;
}
