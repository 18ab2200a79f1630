/* SPDX-License-Identifier: ISC
 *
 * route.c - which handler serves a path.
 *
 * Owns one table.  A path is cut at its raw slashes, then each variable part is decoded once: so a
 * branch may hold "%2F", and "%252F" is never a slash.
 *   (1) Variable parts are never empty.
 *   (2) What a path allows follows from the table alone (405 names it).
 */
#include "route.h"
#include "api.h"
#include "percent.h"
#include "reply.h"

static const struct route routes[] = {
    {HTTP_GET, "/", ROUTE_BODY_NONE, true, api_health_page},
    {HTTP_GET, "/healthz", ROUTE_BODY_NONE, true, api_health_live},
    {HTTP_GET, "/readyz", ROUTE_BODY_NONE, true, api_health_ready},
    {HTTP_GET, "/v1/version", ROUTE_BODY_NONE, true, api_health_version},
    {HTTP_GET, "/v1/stats", ROUTE_BODY_NONE, true, api_health_stats},
    {HTTP_GET, "/v1/config", ROUTE_BODY_NONE, true, api_health_config},

    {HTTP_GET, "/v1/b/{}/k/{*}", ROUTE_BODY_NONE, false, api_key_get},
    {HTTP_PUT, "/v1/b/{}/k/{*}", ROUTE_BODY_PIECES, false, api_key_put},
    {HTTP_DELETE, "/v1/b/{}/k/{*}", ROUTE_BODY_NONE, false, api_key_delete},
    {HTTP_GET, "/v1/at/{}/k/{*}", ROUTE_BODY_NONE, false, api_key_get_at},

    {HTTP_GET, "/v1/b/{}/keys", ROUTE_BODY_NONE, false, api_list_branch},
    {HTTP_GET, "/v1/b/{}/history/{*}", ROUTE_BODY_NONE, false, api_history_get},
    {HTTP_GET, "/v1/b/{}/blame", ROUTE_BODY_NONE, false, api_history_blame},
    {HTTP_GET, "/v1/at/{}/keys", ROUTE_BODY_NONE, false, api_list_at},
    {HTTP_POST, "/v1/b/{}/txn", ROUTE_BODY_WHOLE, false, api_txn_post},

    {HTTP_POST, "/v1/b/{}/merge", ROUTE_BODY_WHOLE, false, api_merge_post},
    {HTTP_GET, "/v1/b/{}/merge", ROUTE_BODY_NONE, false, api_merge_get},
    {HTTP_PUT, "/v1/b/{}/merge", ROUTE_BODY_WHOLE, false, api_merge_put},
    {HTTP_DELETE, "/v1/b/{}/merge", ROUTE_BODY_NONE, false, api_merge_delete},

    {HTTP_POST, "/v1/b/{}/cherry-pick", ROUTE_BODY_WHOLE, false, api_rewrite_pick},
    {HTTP_POST, "/v1/b/{}/revert", ROUTE_BODY_WHOLE, false, api_rewrite_revert},
    {HTTP_POST, "/v1/b/{}/squash", ROUTE_BODY_WHOLE, false, api_rewrite_squash},
    {HTTP_POST, "/v1/b/{}/rebase", ROUTE_BODY_WHOLE, false, api_rewrite_rebase},
    {HTTP_POST, "/v1/b/{}/reset", ROUTE_BODY_WHOLE, false, api_rewrite_reset},
    {HTTP_GET, "/v1/merges", ROUTE_BODY_NONE, false, api_merge_list},
    {HTTP_GET, "/v1/merge-base", ROUTE_BODY_NONE, false, api_merge_base_get},
    {HTTP_GET, "/v1/diff", ROUTE_BODY_NONE, false, api_diff_get},

    {HTTP_GET, "/v1/branches", ROUTE_BODY_NONE, false, api_branch_list},
    {HTTP_GET, "/v1/branches/{}", ROUTE_BODY_NONE, false, api_branch_get},
    {HTTP_PUT, "/v1/branches/{}", ROUTE_BODY_WHOLE, false, api_branch_put},
    {HTTP_PATCH, "/v1/branches/{}", ROUTE_BODY_WHOLE, false, api_branch_patch},
    {HTTP_DELETE, "/v1/branches/{}", ROUTE_BODY_NONE, false, api_branch_delete},

    {HTTP_GET, "/v1/branches/{}/log", ROUTE_BODY_NONE, false, api_reflog_branch},
    {HTTP_GET, "/v1/tags/{}/log", ROUTE_BODY_NONE, false, api_reflog_tag},
    {HTTP_GET, "/v1/reflog", ROUTE_BODY_NONE, false, api_reflog_list},
    {HTTP_PUT, "/v1/reflog", ROUTE_BODY_WHOLE, false, api_reflog_put},
    {HTTP_DELETE, "/v1/reflog", ROUTE_BODY_NONE, false, api_reflog_clear},

    {HTTP_GET, "/v1/retention", ROUTE_BODY_NONE, false, api_retention_get},
    {HTTP_PUT, "/v1/retention", ROUTE_BODY_WHOLE, false, api_retention_put},
    {HTTP_GET, "/v1/protection", ROUTE_BODY_NONE, false, api_protection_get},
    {HTTP_PUT, "/v1/protection", ROUTE_BODY_WHOLE, false, api_protection_put},

    {HTTP_GET, "/v1/tags", ROUTE_BODY_NONE, false, api_tag_list},
    {HTTP_GET, "/v1/tags/{}", ROUTE_BODY_NONE, false, api_tag_get},
    {HTTP_PUT, "/v1/tags/{}", ROUTE_BODY_WHOLE, false, api_tag_put},
    {HTTP_DELETE, "/v1/tags/{}", ROUTE_BODY_NONE, false, api_tag_delete},

    {HTTP_GET, "/v1/commits", ROUTE_BODY_NONE, false, api_log_list},
    {HTTP_GET, "/v1/commits/{}", ROUTE_BODY_NONE, false, api_log_get},

    {HTTP_POST, "/v1/admin/gc", ROUTE_BODY_NONE, false, api_job_gc},
    {HTTP_POST, "/v1/admin/scrub", ROUTE_BODY_NONE, false, api_job_scrub},
    {HTTP_GET, "/v1/admin/dump", ROUTE_BODY_NONE, false, api_dump_get},
    {HTTP_GET, "/v1/admin/objects", ROUTE_BODY_NONE, false, api_object_state},
    {HTTP_GET, "/v1/admin/objects/{}", ROUTE_BODY_NONE, false, api_object_get},
    {HTTP_GET, "/v1/jobs/{}", ROUTE_BODY_NONE, false, api_job_get},
    {HTTP_DELETE, "/v1/jobs/{}", ROUTE_BODY_NONE, false, api_job_delete},

    {HTTP_GET, "/{}/info/refs", ROUTE_BODY_NONE, false, api_git_refs},
    {HTTP_POST, "/{}/git-upload-pack", ROUTE_BODY_PIECES, false, api_git_upload},
    {HTTP_POST, "/{}/git-receive-pack", ROUTE_BODY_PIECES, false, api_git_receive},
    {HTTP_GET, "/{}/bundle", ROUTE_BODY_NONE, false, api_git_bundle},
    {HTTP_GET, "/{}/HEAD", ROUTE_BODY_NONE, false, api_git_dumb},
    {HTTP_GET, "/{}/objects/{*}", ROUTE_BODY_NONE, false, api_git_dumb},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* What is left of a path while it is cut at its slashes: "/a/" has the segments "a" and "". */
struct segments {
    struct bough_bytes rest;
    bool more;
};

static struct segments segments_of(struct bough_bytes path)
{
    assert(path.len > 0 && path.at[0] == '/');
    return (struct segments){.rest = bough_bytes_of(path.at + 1, path.len - 1), .more = true};
}

/* Takes the next segment; false at the end. */
static bool next_segment(struct segments *left, struct bough_bytes *segment)
{
    const uint8_t *slash;
    size_t len;

    if (!left->more)
        return false;
    slash = left->rest.len == 0 ? NULL : memchr(left->rest.at, '/', left->rest.len);
    len = slash == NULL ? left->rest.len : (size_t)(slash - left->rest.at);
    *segment = bough_bytes_of(left->rest.at, len);
    left->more = slash != NULL;
    len += slash != NULL;
    left->rest = bough_bytes_of(left->rest.at + len, left->rest.len - len);
    return true;
}

/* Whether the path has the template's form; its variable parts, still encoded, go into `words`. */
static bool matches(const struct route *route, struct bough_bytes path,
                    struct bough_bytes words[REQUEST_WORDS_MAX], size_t *count)
{
    struct segments template = segments_of(bough_bytes_text(route->path));
    struct segments given = segments_of(path);

    *count = 0;
    for (;;) {
        struct bough_bytes all = given.rest;
        struct bough_bytes wanted;
        struct bough_bytes segment;
        bool more = next_segment(&given, &segment);

        if (!next_segment(&template, &wanted))
            return !more;
        if (!more)
            return false;
        if (bough_bytes_equal(wanted, bough_bytes_text("{*}"))) {
            words[(*count)++] = all;
            return all.len > 0;
        }
        if (bough_bytes_equal(wanted, bough_bytes_text("{}"))) {
            if (segment.len == 0)
                return false;
            words[(*count)++] = segment;
        } else if (!bough_bytes_equal(wanted, segment)) {
            return false;
        }
    }
}

/* Nothing fits the method: says what would, or that nothing is there. */
static void refuse(struct request *request, unsigned allowed)
{
    char list[64] = "";
    size_t len = 0;

    if (allowed == 0) {
        (void)reply_problem(request, PROBLEM_NO_SUCH_PATH, "%s", "");
        return;
    }
    allowed |= 1u << HTTP_OPTIONS;
    if ((allowed & 1u << HTTP_GET) != 0)
        allowed |= 1u << HTTP_HEAD;
    for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++) {
        const char *name = http_in_method_name((enum http_method)i);

        if ((allowed & 1u << i) == 0)
            continue;
        if (len > 0) {
            memcpy(list + len, ", ", 2);
            len += 2;
        }
        memcpy(list + len, name, strlen(name) + 1);
        len += strlen(name);
    }
    if (request->in.method == HTTP_OPTIONS)
        reply_status(request, 204);
    else
        (void)reply_problem(request, PROBLEM_METHOD_NOT_ALLOWED, "allowed: %s", list);
    reply_field(request, "Allow", "%s", list);
}

/* Decodes the variable parts of the path into the request. */
static bool decode(struct request *request, const struct bough_bytes *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum bough_err err = percent_decode(words[i], &request->arena, &request->words[i]);

        if (err == BOUGH_OK)
            continue;
        if (err == BOUGH_INVALID)
            (void)reply_problem(request, PROBLEM_BAD_REQUEST,
                                "a '%%' in the path is not followed by two hexadecimal digits");
        else
            reply_error(request, err);
        return false;
    }
    return true;
}

const struct route *route_find(struct request *request)
{
    enum http_method method = request->in.method == HTTP_HEAD ? HTTP_GET : request->in.method;
    unsigned allowed = 0;

    if (request->in.path.at[0] == '*') {
        refuse(request, (1u << HTTP_METHOD_COUNT) - 1);
        return NULL;
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct bough_bytes words[REQUEST_WORDS_MAX];
        size_t count;

        if (!matches(&routes[i], request->in.path, words, &count))
            continue;
        if (routes[i].method == method)
            return decode(request, words, count) ? &routes[i] : NULL;
        allowed |= 1u << routes[i].method;
    }
    refuse(request, allowed);
    return NULL;
}
