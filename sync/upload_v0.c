/* SPDX-License-Identifier: ISC
 *
 * upload_v0.c - the request of a fetch in protocol 0 or 1, stateless (gitprotocol-pack, "Packfile
 * Negotiation").
 *
 * Owns nothing.  Each request repeats all wants and the haves that were found common; it ends with
 * a flush (the client wants to hear more acknowledgements) or with "done".
 */
#include "upload_v0.h"
#include "upload_pack.h"
#include "upload_part.h"

/* What the capability `word` switches on. */
static void capability(struct upload *upload, struct bough_bytes word)
{
    if (bough_bytes_equal(word, bough_bytes_text("multi_ack")) && upload->multi_ack == 0)
        upload->multi_ack = 1;
    else if (bough_bytes_equal(word, bough_bytes_text("multi_ack_detailed")))
        upload->multi_ack = 2;
    else if (bough_bytes_equal(word, bough_bytes_text("no-done")))
        upload->no_done = true;
    else if (bough_bytes_equal(word, bough_bytes_text("include-tag")))
        upload->include_tag = true;
    else if (bough_bytes_equal(word, bough_bytes_text("thin-pack")))
        upload->thin_pack = true;
    else if (bough_bytes_equal(word, bough_bytes_text("ofs-delta")))
        upload->ofs_delta = true;
    else if (bough_bytes_equal(word, bough_bytes_text("no-progress")))
        upload->no_progress = true;
    else if (bough_bytes_equal(word, bough_bytes_text("deepen-relative")))
        upload->shallow.relative = true;
    else if (bough_bytes_equal(word, bough_bytes_text("side-band-64k")))
        upload->side_band = UPLOAD_BAND_64K;
    else if (bough_bytes_equal(word, bough_bytes_text("side-band")) &&
             upload->side_band == UPLOAD_BARE)
        upload->side_band = UPLOAD_BAND_SMALL;
}

/* The words behind the first want; unknown ones are ignored (gitprotocol-capabilities). */
static void capabilities(struct upload *upload, struct bough_bytes words)
{
    upload->saw_caps = true;
    while (words.len > 0) {
        const uint8_t *space = memchr(words.at, ' ', words.len);
        size_t len = space == NULL ? words.len : (size_t)(space - words.at);

        capability(upload, bough_bytes_of(words.at, len));
        len += space == NULL ? 0 : 1;
        words.at += len;
        words.len -= len;
    }
}

static enum bough_err want_line(struct upload *upload, struct bough_bytes line)
{
    struct bough_bytes words;

    if (!bough_bytes_drop(&line, bough_bytes_text("want "))) {
        bool taken;

        BOUGH_TRY(upload_part_argument(upload, line, &taken));
        return taken ? BOUGH_OK
                     : upload_fail(upload, "upload-pack: protocol error, expected a want");
    }
    if (line.len > SHA1_HEX) {
        words = bough_bytes_of(line.at + SHA1_HEX, line.len - SHA1_HEX);
        if (words.at[0] != ' ' && words.at[0] != '\0')
            return upload_fail(upload, "upload-pack: malformed want");
        if (!upload->saw_caps)
            capabilities(upload, bough_bytes_of(words.at + 1, words.len - 1));
        line.len = SHA1_HEX;
    }
    upload->saw_caps = true;
    return upload_want(upload, line);
}

static enum bough_err ack(struct upload *upload, const struct sha1 *id, const char *suffix)
{
    char hex[SHA1_HEX + 1];

    sha1_hex(id, hex);
    return pkt_line_print(&upload->out, "ACK %s%s\n", hex, suffix);
}

/* An id the client has and bough has not: with some clients it is a reason to stop them. */
static enum bough_err unknown_have(struct upload *upload, const struct sha1 *id)
{
    bool ready;

    upload->got_other = true;
    if (upload->multi_ack == 0)
        return BOUGH_OK;
    BOUGH_TRY(upload_judge(upload, &ready));
    if (!ready)
        return BOUGH_OK;
    upload->sent_ready = upload->sent_ready || upload->multi_ack == 2;
    return ack(upload, id, upload->multi_ack == 2 ? " ready" : " continue");
}

static enum bough_err have_line(struct upload *upload, struct bough_bytes hex)
{
    bool first = upload->haves.len == 0;
    struct sha1 id;
    bool common;

    BOUGH_TRY(upload_have(upload, hex, &id, &common));
    if (upload->failed)
        return BOUGH_OK;
    if (!common)
        return unknown_have(upload, &id);
    upload->got_common = true;
    if (upload->multi_ack == 2)
        return ack(upload, &id, " common");
    if (upload->multi_ack == 1)
        return ack(upload, &id, " continue");
    return first ? ack(upload, &id, "") : BOUGH_OK;
}

/* A flush behind haves: the end of one round. */
static enum bough_err end_round(struct upload *upload)
{
    bool ready = false;

    if (upload->multi_ack == 2 && upload->got_common && !upload->got_other)
        BOUGH_TRY(upload_judge(upload, &ready));
    if (ready) {
        upload->sent_ready = true;
        BOUGH_TRY(ack(upload, &upload->last_common, " ready"));
    }
    if (upload->haves.len == 0 || upload->multi_ack > 0)
        BOUGH_TRY(pkt_line_print(&upload->out, "NAK\n"));
    upload->got_common = upload->got_other = false;
    if (!upload->no_done || !upload->sent_ready)
        return BOUGH_OK;
    upload->stop = true;
    return ack(upload, &upload->last_common, "");
}

static enum bough_err done_line(struct upload *upload)
{
    upload->stop = true;
    upload->done = true;
    if (upload->haves.len == 0)
        return pkt_line_print(&upload->out, "NAK\n");
    return upload->multi_ack > 0 ? ack(upload, &upload->last_common, "") : BOUGH_OK;
}

/* A flush behind the wants.  Who asks for a part of the history hears first where it will end. */
static enum bough_err end_wants(struct upload *upload)
{
    upload->wants_complete = true;
    BOUGH_TRY(upload_part_find(upload));
    if (!upload->failed)
        BOUGH_TRY(upload_part_settle(upload));
    return upload->failed || !shallow_asks(&upload->shallow) ? BOUGH_OK
                                                             : pkt_line_flush(&upload->out);
}

enum bough_err upload_v0_packet(struct upload *upload, const struct pkt_line *packet)
{
    struct bough_bytes line = pkt_line_text(packet);

    if (upload->failed || upload->stop)
        return BOUGH_OK;
    if (packet->kind == PKT_LINE_FLUSH) {
        if (upload->wants_complete)
            return end_round(upload);
        return end_wants(upload);
    }
    if (packet->kind != PKT_LINE_DATA)
        return upload_fail(upload, "upload-pack: protocol error, unexpected packet");
    if (!upload->wants_complete)
        return want_line(upload, line);
    if (bough_bytes_drop(&line, bough_bytes_text("have ")))
        return have_line(upload, line);
    if (bough_bytes_equal(line, bough_bytes_text("done")))
        return done_line(upload);
    return upload_fail(upload, "upload-pack: protocol error, expected a have");
}

enum bough_err upload_v0_end(struct upload *upload)
{
    if (upload->failed || !upload->stop || upload->want_count == 0)
        return BOUGH_OK;
    return upload_pack_begin(upload);
}
