/* SPDX-License-Identifier: ISC
 *
 * upload_v2.c - one command of protocol 2 (gitprotocol-v2): ls-refs, fetch or object-info.
 *
 * Owns nothing.  Capabilities and arguments that are not advertised are refused, as the protocol
 * demands: a client that sends one believes that it will be honoured.
 */
#include "upload_v2.h"
#include "upload_info.h"
#include "upload_pack.h"
#include "upload_part.h"
#include "upload_refs.h"

enum { COMMAND_NONE, COMMAND_LS_REFS, COMMAND_FETCH, COMMAND_INFO };

static bool is_word(struct bough_bytes line, const char *word)
{
    return bough_bytes_equal(line, bough_bytes_text(word));
}

static enum bough_err refuse(struct upload *upload, const char *what, struct bough_bytes line)
{
    return upload_fail(upload, "%s '%.*s'", what, (int)(line.len < 80 ? line.len : 80),
                       (const char *)line.at);
}

/* A line before the arguments. */
static enum bough_err capability(struct upload *upload, struct bough_bytes line)
{
    struct bough_bytes whole = line;

    if (bough_bytes_drop(&line, bough_bytes_text("command="))) {
        if (upload->command != COMMAND_NONE)
            return refuse(upload, "command was requested twice:", line);
        upload->command = is_word(line, "ls-refs")       ? COMMAND_LS_REFS
                          : is_word(line, "fetch")       ? COMMAND_FETCH
                          : is_word(line, "object-info") ? COMMAND_INFO
                                                         : COMMAND_NONE;
        return upload->command == COMMAND_NONE ? refuse(upload, "invalid command", line) : BOUGH_OK;
    }
    if (bough_bytes_drop(&line, bough_bytes_text("agent=")) ||
        bough_bytes_drop(&line, bough_bytes_text("server-option=")))
        return BOUGH_OK;
    if (bough_bytes_drop(&line, bough_bytes_text("object-format=")))
        return is_word(line, "sha1") ? BOUGH_OK : refuse(upload, "mismatched object format", line);
    return refuse(upload, "unknown capability", whole);
}

/* Past the limit prefixes are only counted: the listing is then not narrowed. */
static enum bough_err add_prefix(struct upload *upload, struct bough_bytes prefix)
{
    uint32_t len = (uint32_t)prefix.len;

    if (upload->prefix_count > BOUGH_REF_PREFIXES_MAX)
        return BOUGH_OK;
    upload->prefix_count++;
    BOUGH_TRY(buffer_add(&upload->prefixes, bough_bytes_of(&len, sizeof(len))));
    return buffer_add(&upload->prefixes, prefix);
}

static enum bough_err ls_refs_argument(struct upload *upload, struct bough_bytes line)
{
    if (is_word(line, "peel"))
        upload->peel = true;
    else if (is_word(line, "symrefs"))
        upload->symrefs = true;
    else if (is_word(line, "unborn"))
        upload->unborn = true;
    else if (bough_bytes_drop(&line, bough_bytes_text("ref-prefix ")))
        return add_prefix(upload, line);
    else
        return refuse(upload, "ls-refs: unexpected argument", line);
    return BOUGH_OK;
}

static enum bough_err part_argument(struct upload *upload, struct bough_bytes line)
{
    bool taken;

    BOUGH_TRY(upload_part_argument(upload, line, &taken));
    return taken ? BOUGH_OK : refuse(upload, "fetch: unexpected argument", line);
}

static enum bough_err info_argument(struct upload *upload, struct bough_bytes line)
{
    bool taken;

    BOUGH_TRY(upload_info_argument(upload, line, &taken));
    return taken ? BOUGH_OK : refuse(upload, "object-info: unexpected argument", line);
}

static enum bough_err fetch_argument(struct upload *upload, struct bough_bytes line)
{
    struct bough_bytes whole = line;
    struct sha1 id;
    bool common;
    size_t before = upload->haves.len;
    char hex[SHA1_HEX + 1];

    if (bough_bytes_drop(&line, bough_bytes_text("want ")))
        return upload_want(upload, line);
    if (bough_bytes_drop(&line, bough_bytes_text("have "))) {
        BOUGH_TRY(upload_have(upload, line, &id, &common));
        if (upload->failed || upload->haves.len == before)
            return BOUGH_OK;
        sha1_hex(&id, hex);
        return pkt_line_print(&upload->out, "ACK %s\n", hex);
    }
    if (is_word(line, "done"))
        upload->done = true;
    else if (is_word(line, "wait-for-done"))
        upload->wait_for_done = true;
    else if (is_word(line, "include-tag"))
        upload->include_tag = true;
    else if (is_word(line, "thin-pack"))
        upload->thin_pack = true;
    else if (is_word(line, "ofs-delta"))
        upload->ofs_delta = true;
    else if (is_word(line, "no-progress"))
        upload->no_progress = true;
    else
        return part_argument(upload, whole);
    return BOUGH_OK;
}

enum bough_err upload_v2_packet(struct upload *upload, const struct pkt_line *packet)
{
    struct bough_bytes line = pkt_line_text(packet);

    if (upload->failed)
        return BOUGH_OK;
    if (upload->complete || packet->kind == PKT_LINE_RESPONSE_END)
        return upload_fail(upload, "protocol error, unexpected packet");
    if (packet->kind == PKT_LINE_FLUSH) {
        upload->complete = true;
        return BOUGH_OK;
    }
    if (packet->kind == PKT_LINE_DELIM) {
        if (upload->in_arguments || upload->command == COMMAND_NONE)
            return upload_fail(upload, "protocol error, unexpected delimiter");
        upload->in_arguments = true;
        return upload->command == COMMAND_FETCH ? pkt_line_print(&upload->out, "acknowledgments\n")
                                                : BOUGH_OK;
    }
    if (!upload->in_arguments)
        return capability(upload, line);
    if (upload->command == COMMAND_INFO)
        return info_argument(upload, line);
    return upload->command == COMMAND_FETCH ? fetch_argument(upload, line)
                                            : ls_refs_argument(upload, line);
}

/* The acknowledgements that are in the answer already become a section; *more: the pack follows. */
static enum bough_err acknowledge(struct upload *upload, bool *more)
{
    if (upload->haves.len == 0)
        BOUGH_TRY(pkt_line_print(&upload->out, "NAK\n"));
    *more = false;
    if (!upload->wait_for_done)
        BOUGH_TRY(upload_judge(upload, more));
    if (!*more)
        return pkt_line_flush(&upload->out);
    BOUGH_TRY(pkt_line_print(&upload->out, "ready\n"));
    return pkt_line_delim(&upload->out);
}

/* Where the client's history will end, as a section of its own. */
static enum bough_err shallow_info(struct upload *upload)
{
    bool asks = shallow_asks(&upload->shallow);

    if (asks)
        BOUGH_TRY(pkt_line_print(&upload->out, "shallow-info\n"));
    BOUGH_TRY(upload_part_settle(upload));
    return asks && !upload->failed ? pkt_line_delim(&upload->out) : BOUGH_OK;
}

static enum bough_err fetch(struct upload *upload)
{
    bool more = true;

    if (upload->want_count == 0 && !upload->wait_for_done) {
        upload->out.len = 0;
        return BOUGH_OK;
    }
    BOUGH_TRY(upload_part_find(upload));
    if (upload->failed)
        return BOUGH_OK;
    if (upload->done || upload->have_count == 0)
        upload->out.len = 0; /* no acknowledgements */
    else
        BOUGH_TRY(acknowledge(upload, &more));
    if (!more || upload->want_count == 0)
        return BOUGH_OK;
    BOUGH_TRY(shallow_info(upload));
    if (upload->failed)
        return BOUGH_OK;
    BOUGH_TRY(pkt_line_print(&upload->out, "packfile\n"));
    upload->side_band = UPLOAD_BAND_64K;
    return upload_pack_begin(upload);
}

enum bough_err upload_v2_end(struct upload *upload)
{
    if (upload->failed || (!upload->complete && upload->command == COMMAND_NONE))
        return BOUGH_OK;
    if (!upload->complete)
        return upload_fail(upload, "protocol error, the request ends early");
    if (upload->command == COMMAND_LS_REFS)
        return upload_refs_list(upload);
    if (upload->command == COMMAND_FETCH)
        return fetch(upload);
    if (upload->command == COMMAND_INFO)
        return upload_info_answer(upload);
    return BOUGH_OK; /* a lone flush: the client only probes */
}
