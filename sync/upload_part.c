/* SPDX-License-Identifier: ISC
 *
 * upload_part.c - a fetch of a part of what there is.
 *
 * Owns nothing.  Ids of shallow commits that are not known are passed over: they belong to another
 * history of the client's (gitprotocol-pack).
 */
#include "upload_part.h"
#include "git_find.h"

#define NUMBER_DIGITS_MAX 18u

/* A decimal number that is all of `text`. */
static bool read_number(struct bough_bytes text, int64_t *number)
{
    *number = 0;
    if (text.len == 0 || text.len > NUMBER_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *number = *number * 10 + (text.at[i] - '0');
    }
    return true;
}

static enum bough_err refuse(struct upload *upload, const char *what, struct bough_bytes line)
{
    return upload_fail(upload, "upload-pack: %s '%.*s'", what, (int)(line.len < 80 ? line.len : 80),
                       (const char *)line.at);
}

/* `err`, or the answer that a list is full. */
static enum bough_err added(struct upload *upload, enum bough_err err)
{
    return err == BOUGH_TOO_BIG ? upload_fail(upload,
                                              "upload-pack: too many shallow commits or "
                                              "excluded refs (limit %u)",
                                              BOUGH_SHALLOWS_MAX)
                                : err;
}

static enum bough_err shallow_line(struct upload *upload, struct bough_bytes hex)
{
    struct git_native native;
    struct sha1 id;

    if (!sha1_parse(hex, &id))
        return refuse(upload, "malformed shallow", hex);
    BOUGH_TRY(git_history_index(upload->view));
    if (!git_view_find(upload->view, &id, &native) || native.kind != GIT_COMMIT)
        return BOUGH_OK;
    return added(upload, shallow_add(&upload->shallow.client, &native.link));
}

static enum bough_err deepen_line(struct upload *upload, struct bough_bytes line)
{
    int64_t depth;

    if (!read_number(line, &depth) || depth == 0)
        return refuse(upload, "invalid deepen:", line);
    upload->shallow.depth = depth < SHALLOW_DEPTH_ALL ? (uint32_t)depth : SHALLOW_DEPTH_ALL;
    return BOUGH_OK;
}

static enum bough_err since_line(struct upload *upload, struct bough_bytes line)
{
    upload->shallow.has_since = true;
    if (!read_number(line, &upload->shallow.since_s))
        return refuse(upload, "invalid deepen-since:", line);
    return BOUGH_OK;
}

/* The commit of the ref that `folder` and `name` make; *found is false if there is none. */
static enum bough_err ref_commit(struct upload *upload, const char *folder, struct bough_bytes name,
                                 struct git_native *commit, bool *found)
{
    char whole[BOUGH_REF_BYTES_MAX + 1];
    struct bough_ref ref;
    size_t len = strlen(folder);
    enum bough_err err;

    *found = false;
    if (name.len == 0 || len + name.len > BOUGH_REF_BYTES_MAX)
        return BOUGH_OK;
    memcpy(whole, folder, len);
    memcpy(whole + len, name.at, name.len);
    err = bough_ref_get(upload->view->store, bough_bytes_of(whole, len + name.len), &ref);
    *commit = (struct git_native){.kind = ref.kind == BOUGH_KIND_TAG ? GIT_TAG : GIT_COMMIT,
                                  .link = ref.link};
    if (err != BOUGH_OK)
        return err == BOUGH_NOT_FOUND || err == BOUGH_INVALID ? BOUGH_OK : err;
    BOUGH_TRY(upload_peel(upload, commit));
    *found = commit->kind == GIT_COMMIT;
    return BOUGH_OK;
}

/* The name of a ref, whole or as people write it (gitrevisions). */
static enum bough_err exclude_line(struct upload *upload, struct bough_bytes name)
{
    static const char *const folders[] = {"", "tags/", "heads/"};
    struct bough_bytes shown = name;
    struct git_native commit;
    struct git_native found = {0};
    unsigned count = 0;

    (void)bough_bytes_drop(&name, bough_bytes_text("refs/"));
    BOUGH_TRY(git_history_index(upload->view));
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        bool is_there;

        BOUGH_TRY(ref_commit(upload, folders[i], name, &commit, &is_there));
        count += is_there ? 1 : 0;
        found = is_there ? commit : found;
    }
    if (count != 1)
        return refuse(upload,
                      count == 0 ? "no such ref for deepen-not:" : "ambiguous deepen-not:", shown);
    return added(upload, shallow_add(&upload->shallow.excluded, &found.link));
}

static enum bough_err filter_line(struct upload *upload, struct bough_bytes text)
{
    enum bough_err err = fetch_filter_parse(text, &upload->filter);

    return err == BOUGH_INVALID ? refuse(upload, "this filter is not supported:", text) : err;
}

enum bough_err upload_part_argument(struct upload *upload, struct bough_bytes line, bool *taken)
{
    *taken = true;
    if (bough_bytes_drop(&line, bough_bytes_text("shallow ")))
        return shallow_line(upload, line);
    if (bough_bytes_drop(&line, bough_bytes_text("deepen ")))
        return deepen_line(upload, line);
    if (bough_bytes_drop(&line, bough_bytes_text("deepen-since ")))
        return since_line(upload, line);
    if (bough_bytes_drop(&line, bough_bytes_text("deepen-not ")))
        return exclude_line(upload, line);
    if (bough_bytes_drop(&line, bough_bytes_text("filter ")))
        return filter_line(upload, line);
    *taken = bough_bytes_equal(line, bough_bytes_text("deepen-relative"));
    upload->shallow.relative = upload->shallow.relative || *taken;
    return BOUGH_OK;
}

bool upload_part_is_whole(const struct upload *upload)
{
    return !shallow_is_on(&upload->shallow) && !fetch_filter_is_on(&upload->filter) &&
           upload->sought.len == 0;
}

enum bough_err upload_part_find(struct upload *upload)
{
    if (upload->sought.len == 0)
        return BOUGH_OK;
    BOUGH_TRY(upload_find(upload, &upload->sought));
    for (size_t at = 0; at < upload->sought.len; at += sizeof(struct git_find)) {
        struct git_find item;
        char hex[SHA1_HEX + 1];

        memcpy(&item, upload->sought.at + at, sizeof(item));
        sha1_hex(&item.id, hex);
        if (!item.found)
            return upload_fail(upload, "upload-pack: not our ref %s", hex);
        if (item.step.len == 0)
            BOUGH_TRY(
                buffer_add(&upload->wants, bough_bytes_of(&item.native, sizeof(item.native))));
    }
    return BOUGH_OK;
}

/* The commits that are wanted. */
static enum bough_err wanted_commits(struct upload *upload, struct buffer *commits)
{
    for (size_t at = 0; at < upload->wants.len; at += sizeof(struct git_native)) {
        struct git_native want;

        memcpy(&want, upload->wants.at + at, sizeof(want));
        BOUGH_TRY(upload_peel(upload, &want));
        if (want.kind == GIT_COMMIT)
            BOUGH_TRY(buffer_add(commits, bough_bytes_of(&want.link, sizeof(want.link))));
    }
    return BOUGH_OK;
}

/* One packet for each commit of a list. */
static enum bough_err print(struct upload *upload, const char *word, const struct buffer *list)
{
    for (size_t at = 0; at < list->len; at += sizeof(struct bough_link)) {
        struct bough_link link;
        struct sha1 id;
        char hex[SHA1_HEX + 1];

        memcpy(&link, list->at + at, sizeof(link));
        BOUGH_TRY(git_history_commit(upload->view, &link, &id));
        sha1_hex(&id, hex);
        BOUGH_TRY(pkt_line_print(&upload->out, "%s %s\n", word, hex));
    }
    return BOUGH_OK;
}

/* Wants the parents of commits that the client had without them. */
static enum bough_err want_parents(struct upload *upload)
{
    const struct buffer *list = &upload->shallow.unmade;
    struct bough_arena *arena = &upload->places;
    enum bough_err err = BOUGH_OK;

    for (size_t at = 0; err == BOUGH_OK && at < list->len; at += sizeof(struct bough_link)) {
        struct bough_arena_mark mark = bough_arena_now(arena);
        struct bough_commit commit;
        struct bough_link link;

        memcpy(&link, list->at + at, sizeof(link));
        err = bough_commit_get(upload->view->store, &link, arena, &commit);
        for (uint32_t i = 0; err == BOUGH_OK && i < commit.parent_count; i++) {
            struct git_native parent = {.kind = GIT_COMMIT, .link = commit.parents[i]};

            err = buffer_add(&upload->wants, bough_bytes_of(&parent, sizeof(parent)));
        }
        bough_arena_back(arena, mark);
    }
    return err;
}

enum bough_err upload_part_settle(struct upload *upload)
{
    struct shallow *shallow = &upload->shallow;
    struct buffer commits;
    enum bough_err err;

    if (!shallow_is_on(shallow))
        return BOUGH_OK;
    if (shallow->depth > 0 && (shallow->has_since || shallow->excluded.len > 0))
        return upload_fail(upload, "upload-pack: deepen and deepen-since (or deepen-not) cannot be "
                                   "used together");
    buffer_init(&commits, upload->view->env->heap, BOUGH_FETCH_BYTES_MAX);
    err = wanted_commits(upload, &commits);
    if (err == BOUGH_OK)
        err = shallow_settle(shallow, (const struct bough_link *)(const void *)commits.at,
                             commits.len / sizeof(struct bough_link));
    buffer_release(&commits);
    if (err == BOUGH_NOT_FOUND)
        return upload_fail(upload, "upload-pack: no commits selected for shallow requests");
    BOUGH_TRY(err);
    if (!shallow_asks(shallow))
        return BOUGH_OK;
    BOUGH_TRY(print(upload, "shallow", &shallow->made));
    BOUGH_TRY(print(upload, "unshallow", &shallow->unmade));
    return want_parents(upload);
}
