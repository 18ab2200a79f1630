/* SPDX-License-Identifier: ISC
 *
 * rev.c - revisions by the names that clients use, and what they hold.
 *
 * Owns no data.  Order of meanings: 64 hexadecimal digits are a hash and never a branch; a branch
 * comes before a tag of the same name, and both before a branch of another repository.
 */
#include "rev.h"
#include "hash.h"
#include "history.h"
#include "query.h"
#include "reply.h"

#define REV_STEPS_MAX 100000u /* of "~n" */

enum bough_err rev_ref_name(struct request *request, const char *kind, struct bough_bytes name,
                            struct bough_bytes *ref)
{
    struct out out = out_begin(&request->arena);

    out_text(&out, kind);
    out_bytes(&out, name);
    BOUGH_TRY(out_end(&out, ref));
    return bough_ref_name_check(*ref);
}

enum bough_err rev_is_default(struct request *request, struct bough_bytes name, bool *is_default)
{
    struct bough_bytes head;
    struct bough_bytes ref;

    BOUGH_TRY(bough_ref_head(request->service->store, &request->arena, &head));
    BOUGH_TRY(rev_ref_name(request, "heads/", name, &ref));
    *is_default = bough_bytes_equal(ref, head);
    return BOUGH_OK;
}

/* Fills in what a commit holds. */
static enum bough_err load(struct request *request, struct rev *rev)
{
    struct bough_commit commit;

    BOUGH_TRY(bough_commit_get(request->service->store, &rev->commit, &request->arena, &commit));
    rev->tree = commit.tree;
    rev->generation = commit.generation;
    return BOUGH_OK;
}

/* Follows annotated tags to a commit; anything else a ref may point at is no revision. */
static enum bough_err peel(struct request *request, struct bough_ref *ref)
{
    for (unsigned i = 0; i < 8 && ref->kind == BOUGH_KIND_TAG; i++) {
        struct bough_tag tag;

        BOUGH_TRY(bough_tag_get(request->service->store, &ref->link, &request->arena, &tag));
        ref->kind = tag.target_kind;
        ref->link = tag.target;
    }
    return ref->kind == BOUGH_KIND_COMMIT ? BOUGH_OK : BOUGH_NOT_FOUND;
}

enum bough_err rev_branch(struct request *request, struct bough_bytes name, struct rev *rev)
{
    struct bough_bytes ref_name;
    struct bough_ref ref;
    bool is_default = false;
    enum bough_err err;

    *rev = (struct rev){.exact = false};
    BOUGH_TRY(rev_ref_name(request, "heads/", name, &ref_name));
    err = bough_ref_get(request->service->store, ref_name, &ref);
    if (err == BOUGH_NOT_FOUND) {
        BOUGH_TRY(rev_is_default(request, name, &is_default));
        return is_default ? BOUGH_OK : BOUGH_NOT_FOUND;
    }
    if (err != BOUGH_OK)
        return err;
    BOUGH_TRY(peel(request, &ref));
    rev->commit = ref.link;
    return load(request, rev);
}

/* A ref that is not a branch here; it leads to a commit, or is no revision. */
static enum bough_err find_ref(struct request *request, const char *kind, struct bough_bytes name,
                               struct rev *rev)
{
    struct bough_bytes ref_name;
    struct bough_ref ref;

    BOUGH_TRY(rev_ref_name(request, kind, name, &ref_name));
    BOUGH_TRY(bough_ref_get(request->service->store, ref_name, &ref));
    BOUGH_TRY(peel(request, &ref));
    rev->commit = ref.link;
    return load(request, rev);
}

/* A name without "~n". */
static enum bough_err find_name(struct request *request, struct bough_bytes name, struct rev *rev)
{
    struct bough_hash hash;
    enum bough_err err;

    if (hash_parse(name, &hash)) {
        BOUGH_TRY(bough_store_find(request->service->store, &hash, &rev->commit));
        rev->exact = true;
        return load(request, rev);
    }
    err = rev_branch(request, name, rev);
    if (err == BOUGH_NOT_FOUND)
        err = find_ref(request, "tags/", name, rev);
    if (err == BOUGH_NOT_FOUND && bough_bytes_starts(name, bough_bytes_text(BOUGH_REF_REMOTES)))
        err = find_ref(request, "", name, rev);
    return err;
}

/* Cuts "~n" off the end of *text; false when what follows the tilde is no number. */
static bool cut_steps(struct bough_bytes *text, uint64_t *steps)
{
    size_t at = text->len;

    *steps = 0;
    while (at > 0 && text->at[at - 1] != '~')
        at--;
    if (at == 0)
        return true;
    if (at == text->len)
        *steps = 1;
    for (size_t i = at; i < text->len; i++) {
        if (text->at[i] < '0' || text->at[i] > '9' || *steps > REV_STEPS_MAX)
            return false;
        *steps = *steps * 10 + (uint64_t)(text->at[i] - '0');
    }
    text->len = at - 1;
    return *steps <= REV_STEPS_MAX;
}

/* The nth first parent. */
static enum bough_err step_back(struct request *request, uint64_t steps, struct rev *rev)
{
    while (steps-- > 0) {
        struct bough_arena_mark mark = bough_arena_now(&request->arena);
        struct bough_commit commit;

        BOUGH_TRY(
            bough_commit_get(request->service->store, &rev->commit, &request->arena, &commit));
        if (commit.parent_count == 0 || bough_commit_is_cut(&commit.parents[0]))
            return BOUGH_NOT_FOUND;
        rev->commit = commit.parents[0];
        bough_arena_back(&request->arena, mark);
    }
    return load(request, rev);
}

enum bough_err rev_find(struct request *request, struct bough_bytes text, struct rev *rev)
{
    uint64_t steps;

    *rev = (struct rev){.exact = false};
    if (text.len == 0 || !cut_steps(&text, &steps))
        return BOUGH_INVALID;
    BOUGH_TRY(find_name(request, text, rev));
    if (steps == 0)
        return BOUGH_OK;
    return bough_hash_is_none(&rev->commit.name) ? BOUGH_NOT_FOUND : step_back(request, steps, rev);
}

enum bough_err rev_refuse(struct request *request, enum bough_err err, enum problem_kind kind,
                          struct bough_bytes name)
{
    int len = name.len < 200 ? (int)name.len : 200;
    const char *at = name.len == 0 ? "" : (const char *)name.at;

    if (err == BOUGH_NOT_FOUND)
        return reply_problem(request, kind, "\"%.*s\"", len, at);
    if (err == BOUGH_INVALID || err == BOUGH_TOO_BIG)
        return reply_problem(request, PROBLEM_BAD_REQUEST, "\"%.*s\" cannot be such a name", len,
                             at);
    return err;
}

bool rev_page(struct request *request, const char *kind, enum problem_kind problem,
              struct bough_bytes *after, uint64_t *limit, enum bough_err *err)
{
    static const char *const parameters[] = {"after", "limit", NULL};
    struct bough_bytes given;
    struct query query;

    *after = (struct bough_bytes){0};
    *err = BOUGH_OK;
    if (!query_parse(request, parameters, &query) ||
        !query_number(request, &query, "limit", BOUGH_LIST_LIMIT_DEFAULT, BOUGH_LIST_LIMIT_MAX,
                      limit))
        return false;
    given = query_value(&query, "after");
    if (given.len > 0)
        *err = rev_ref_name(request, kind, given, after);
    if (*err == BOUGH_OK)
        return true;
    *err = rev_refuse(request, *err, problem, given);
    return false;
}

bool rev_commit(struct request *request, const char *name, struct bough_bytes text, struct rev *rev,
                enum bough_err *err)
{
    *err = BOUGH_OK;
    if (text.at == NULL) {
        (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" must name a revision", name);
        return false;
    }
    *err = rev_find(request, text, rev);
    if (*err == BOUGH_OK && bough_hash_is_none(&rev->commit.name))
        *err = BOUGH_NOT_FOUND;
    if (*err == BOUGH_OK)
        return true;
    *err = rev_refuse(request, *err, PROBLEM_NO_SUCH_REVISION, text);
    return false;
}

enum bough_err rev_is_ancestor(struct request *request, const struct bough_link *old,
                               const struct bough_link *young, bool *yes)
{
    struct history history;
    struct bough_commit commit;
    struct bough_link link;
    uint64_t least;
    enum bough_err err;

    *yes = false;
    BOUGH_TRY(bough_commit_get(request->service->store, old, &request->arena, &commit));
    least = commit.generation;
    history_begin(&history, request->service->store, &request->arena);
    BOUGH_TRY(history_add(&history, young, false));
    do {
        struct bough_arena scrap;

        bough_arena_init(&scrap, request->arena.heap, BOUGH_REQUEST_ARENA_BYTES_MAX);
        err = history_next(&history, &scrap, &link, &commit);
        bough_arena_release(&scrap);
        *yes = err == BOUGH_OK && bough_hash_equal(&link.name, &old->name);
    } while (err == BOUGH_NOT_READY || (err == BOUGH_OK && !*yes && commit.generation > least));
    return err == BOUGH_NOT_FOUND ? BOUGH_OK : err;
}
