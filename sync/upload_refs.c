/* SPDX-License-Identifier: ISC
 *
 * upload_refs.c - which refs there are (gitprotocol-http, gitprotocol-capabilities,
 * gitprotocol-v2).
 *
 * Owns nothing.  HEAD comes first, then all refs in bytewise order.  Only what is tested is
 * advertised.
 */
#include "upload_refs.h"
#include <assert.h>

#define ARENA_BYTES_MAX (16u << 20)
#define AGENT           "agent=bough/" BOUGH_VERSION

static const char upload_capabilities[] =
    "multi_ack multi_ack_detailed no-done thin-pack side-band side-band-64k ofs-delta include-tag "
    "no-progress shallow deepen-since deepen-not deepen-relative filter allow-tip-sha1-in-want "
    "allow-reachable-sha1-in-want object-format=sha1 " AGENT;

static const char receive_capabilities[] =
    "report-status report-status-v2 delete-refs quiet atomic ofs-delta side-band-64k push-options "
    "object-format=sha1 " AGENT;

/* A listing of protocol 0 or 1 being made. */
struct listing {
    struct git_view *view;
    struct buffer *out;
    bool receive;
    bool first;              /* no ref is out yet: the first carries the capabilities */
    struct bough_bytes head; /* the default branch's git name */
};

unsigned upload_refs_version(struct bough_bytes protocol)
{
    unsigned version = 0;

    while (protocol.len > 0) {
        const uint8_t *colon = memchr(protocol.at, ':', protocol.len);
        size_t len = colon == NULL ? protocol.len : (size_t)(colon - protocol.at);
        struct bough_bytes word = bough_bytes_of(protocol.at, len);

        if (bough_bytes_equal(word, bough_bytes_text("version=2")))
            version = 2;
        if (bough_bytes_equal(word, bough_bytes_text("version=1")) && version < 1)
            version = 1;
        len += colon == NULL ? 0 : 1;
        protocol.at += len;
        protocol.len -= len;
    }
    return version;
}

static enum bough_err advertise_v2(struct buffer *out)
{
    BOUGH_TRY(pkt_line_print(out, "version 2\n"));
    BOUGH_TRY(pkt_line_print(out, AGENT "\n"));
    BOUGH_TRY(pkt_line_print(out, "ls-refs=unborn\n"));
    BOUGH_TRY(pkt_line_print(out, "fetch=shallow wait-for-done filter\n"));
    BOUGH_TRY(pkt_line_print(out, "server-option\n"));
    BOUGH_TRY(pkt_line_print(out, "object-info\n"));
    BOUGH_TRY(pkt_line_print(out, "object-format=sha1\n"));
    return pkt_line_flush(out);
}

/* One line; the first one carries the capabilities behind a NUL. */
static enum bough_err add_line(struct listing *listing, const struct sha1 *id,
                               struct bough_bytes name, const char *suffix)
{
    char hex[SHA1_HEX + 1];
    bool first = listing->first;

    sha1_hex(id, hex);
    listing->first = false;
    if (!first)
        return pkt_line_print(listing->out, "%s %.*s%s\n", hex, (int)name.len,
                              (const char *)name.at, suffix);
    if (listing->receive)
        return pkt_line_print(listing->out, "%s %.*s%c%s\n", hex, (int)name.len,
                              (const char *)name.at, 0, receive_capabilities);
    return pkt_line_print(listing->out, "%s %.*s%c%s symref=HEAD:%.*s\n", hex, (int)name.len,
                          (const char *)name.at, 0, upload_capabilities, (int)listing->head.len,
                          (const char *)listing->head.at);
}

enum bough_err upload_refs_head(struct git_view *view, struct bough_arena *arena,
                                struct git_ref *head, bool *born)
{
    struct bough_bytes name;
    struct bough_ref ref;
    uint8_t *at;
    enum bough_err err;

    BOUGH_TRY(bough_ref_head(view->store, arena, &name));
    at = bough_arena_take(arena, name.len + 5);
    if (at == NULL)
        return BOUGH_NO_MEMORY;
    memcpy(at, "refs/", 5);
    memcpy(at + 5, name.at, name.len);
    *head = (struct git_ref){.name = bough_bytes_of(at, name.len + 5)};
    err = bough_ref_get(view->store, name, &ref);
    *born = err == BOUGH_OK && ref.kind == BOUGH_KIND_COMMIT;
    if (!*born)
        return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
    head->native = (struct git_native){.kind = GIT_COMMIT, .link = ref.link};
    err = git_history_ref_fill(view, head);
    *born = err != BOUGH_NOT_FOUND; /* a history that is cut is not shown */
    return *born ? err : BOUGH_OK;
}

static enum bough_err advertise_refs(struct listing *listing, struct bough_arena *arena)
{
    struct bough_bytes after = {0};
    struct sha1 zero = {{0}};
    struct git_ref head;
    struct git_ref ref;
    bool born;
    enum bough_err err;

    BOUGH_TRY(upload_refs_head(listing->view, arena, &head, &born));
    listing->head = head.name;
    if (born && !listing->receive)
        BOUGH_TRY(add_line(listing, &head.id, bough_bytes_text("HEAD"), ""));
    while ((err = git_history_ref_next(listing->view, (struct bough_bytes){0}, after, arena,
                                       &ref)) == BOUGH_OK) {
        BOUGH_TRY(add_line(listing, &ref.id, ref.name, ""));
        if (ref.native.kind == GIT_TAG && !listing->receive)
            BOUGH_TRY(add_line(listing, &ref.peeled, ref.name, "^{}"));
        after = ref.name;
    }
    if (err != BOUGH_NOT_FOUND)
        return err;
    if (listing->first)
        BOUGH_TRY(add_line(listing, &zero, bough_bytes_text("capabilities^{}"), ""));
    return pkt_line_flush(listing->out);
}

enum bough_err upload_refs_advertise(struct git_view *view, unsigned version, bool receive,
                                     struct buffer *out)
{
    struct listing listing = {.view = view, .out = out, .receive = receive, .first = true};
    struct bough_arena arena;
    enum bough_err err;

    assert(version <= 2 && !(receive && version == 2));
    if (version == 2)
        return advertise_v2(out);
    BOUGH_TRY(pkt_line_print(out, "# service=git-%s-pack\n", receive ? "receive" : "upload"));
    BOUGH_TRY(pkt_line_flush(out));
    if (version == 1)
        BOUGH_TRY(pkt_line_print(out, "version 1\n"));
    bough_arena_init(&arena, view->env->heap, ARENA_BYTES_MAX);
    err = advertise_refs(&listing, &arena);
    bough_arena_release(&arena);
    return err;
}

/* Whether a name is asked for; without prefixes every one is. */
static bool is_listed(const struct upload *upload, struct bough_bytes name)
{
    size_t at = 0;

    if (upload->prefix_count == 0 || upload->prefix_count > BOUGH_REF_PREFIXES_MAX)
        return true;
    while (at < upload->prefixes.len) {
        uint32_t len;

        memcpy(&len, upload->prefixes.at + at, sizeof(len));
        at += sizeof(len);
        if (bough_bytes_starts(name, bough_bytes_of(upload->prefixes.at + at, len)))
            return true;
        at += len;
    }
    return false;
}

static enum bough_err list_head(struct upload *upload, struct bough_arena *arena)
{
    struct git_ref head;
    char hex[SHA1_HEX + 1];
    bool born;

    if (!is_listed(upload, bough_bytes_text("HEAD")))
        return BOUGH_OK;
    BOUGH_TRY(upload_refs_head(upload->view, arena, &head, &born));
    if (!born)
        return upload->unborn ? pkt_line_print(&upload->out, "unborn HEAD symref-target:%.*s\n",
                                               (int)head.name.len, (const char *)head.name.at)
                              : BOUGH_OK;
    sha1_hex(&head.id, hex);
    return upload->symrefs ? pkt_line_print(&upload->out, "%s HEAD symref-target:%.*s\n", hex,
                                            (int)head.name.len, (const char *)head.name.at)
                           : pkt_line_print(&upload->out, "%s HEAD\n", hex);
}

static enum bough_err list_ref(struct upload *upload, const struct git_ref *ref)
{
    char hex[SHA1_HEX + 1];
    char peeled[SHA1_HEX + 1];

    if (!is_listed(upload, ref->name))
        return BOUGH_OK;
    sha1_hex(&ref->id, hex);
    sha1_hex(&ref->peeled, peeled);
    return ref->native.kind == GIT_TAG && upload->peel
               ? pkt_line_print(&upload->out, "%s %.*s peeled:%s\n", hex, (int)ref->name.len,
                                (const char *)ref->name.at, peeled)
               : pkt_line_print(&upload->out, "%s %.*s\n", hex, (int)ref->name.len,
                                (const char *)ref->name.at);
}

enum bough_err upload_refs_list(struct upload *upload)
{
    struct bough_bytes after = {0};
    struct bough_arena arena;
    struct git_ref ref;
    enum bough_err err;

    bough_arena_init(&arena, upload->view->env->heap, ARENA_BYTES_MAX);
    err = list_head(upload, &arena);
    while (err == BOUGH_OK) {
        err = git_history_ref_next(upload->view, (struct bough_bytes){0}, after, &arena, &ref);
        if (err != BOUGH_OK)
            break;
        err = list_ref(upload, &ref);
        after = ref.name;
    }
    bough_arena_release(&arena);
    return err == BOUGH_NOT_FOUND ? pkt_line_flush(&upload->out) : err;
}
