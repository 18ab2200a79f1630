/* SPDX-License-Identifier: ISC
 *
 * git_plan.c - which refs a push is to move, and what came of each.
 *
 * Owns no data.  A ref is judged by itself: what one server refuses does not keep the others.
 */
#include "git_plan.h"
#include "bough/limits.h"
#include "json_write.h"
#include <assert.h>

enum exit_status git_plan_begin(struct git_plan *plan, struct session *session, size_t max)
{
    *plan = (struct git_plan){.session = session, .max = max};
    plan->items = bough_arena_zeros(&session->arena, max + 1, sizeof(*plan->items));
    if (plan->items != NULL)
        return EXIT_OK;
    fprintf(stderr, "bough: out of memory\n");
    return EXIT_LIMIT;
}

static void add(struct git_plan *plan, const struct git_plan_item *item)
{
    assert(plan->count < plan->max);
    plan->items[plan->count++] = *item;
}

void git_plan_move(struct git_plan *plan, const char *from, const char *ref, const git_oid *id,
                   const git_oid *old)
{
    struct git_plan_item item = {.from = from, .ref = ref, .moves = true, .outcome = "moved"};

    if (id != NULL)
        item.id = *id;
    if (old != NULL)
        item.old = *old;
    if (from == NULL)
        item.outcome = "removed";
    else if (old == NULL)
        item.outcome = "new";
    add(plan, &item);
}

void git_plan_stay(struct git_plan *plan, const char *ref, const git_oid *id, const char *outcome,
                   const char *why)
{
    add(plan, &(struct git_plan_item){.ref = ref, .outcome = outcome, .why = why, .id = *id});
}

/* The move of an item is given up. */
static void refuse(struct git_plan *plan, struct git_plan_item *item, const char *why)
{
    item->moves = false;
    item->outcome = "refused";
    item->why = why;
    plan->refused++;
}

void git_plan_judge(struct git_plan *plan, git_repository *repository, bool force)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct git_plan_item *item = &plan->items[i];
        bool is_tag = strncmp(item->ref, "refs/tags/", 10) == 0;

        if (!item->moves || item->from == NULL || git_oid_is_zero(&item->old) ||
            (!is_tag && git_graph_descendant_of(repository, &item->id, &item->old) == 1))
            continue;
        item->force = force;
        if (force)
            item->outcome = "forced";
        else
            refuse(plan, item,
                   is_tag ? "the tag is there, otherwise" : "not a fast-forward: pull first");
    }
}

bool git_plan_needs_objects(const struct git_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].moves && plan->items[i].from != NULL)
            return true;
    }
    return false;
}

const struct git_plan_item *git_plan_find(const struct git_plan *plan, const char *ref)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->items[i].ref, ref) == 0)
            return &plan->items[i];
    }
    return NULL;
}

/* A push of some of the plan's items, those from `first` on. */
struct batch {
    struct git_plan *plan;
    size_t first;
    size_t end;
};

static void on_answer(void *context, const char *ref, const char *why)
{
    struct batch *batch = context;

    for (size_t i = batch->first; i < batch->end && why != NULL; i++) {
        struct git_plan_item *item = &batch->plan->items[i];

        if (!item->moves || strcmp(item->ref, ref) != 0)
            continue;
        refuse(batch->plan, item, git_peer_plain(batch->plan->session, why));
        return;
    }
}

enum exit_status git_plan_push(struct git_plan *plan, struct git_peer *peer)
{
    const char *specs[BOUGH_PUSH_COMMANDS_MAX];
    struct batch batch = {.plan = plan};
    enum exit_status status = EXIT_OK;
    size_t sent = 0;

    while (batch.end < plan->count && status == EXIT_OK) {
        size_t count = 0;

        batch.first = batch.end;
        while (batch.end < plan->count && count < BOUGH_PUSH_COMMANDS_MAX) {
            const struct git_plan_item *item = &plan->items[batch.end++];

            if (item->moves)
                specs[count++] = session_text(plan->session, "%s%s:%s", item->force ? "+" : "",
                                              item->from == NULL ? "" : item->from, item->ref);
        }
        if (count == 0)
            continue;
        status = git_peer_push(peer, specs, count, on_answer, &batch);
        sent += peer->sent;
    }
    peer->sent = sent;
    return status;
}

void git_plan_tell(const struct git_plan *plan, bool moved)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct git_plan_item *item = &plan->items[i];

        if (item->why == NULL && !(item->moves && moved))
            continue;
        fprintf(stderr, "%-9s %s%s%s\n", item->outcome, item->ref + strlen("refs/"),
                item->why == NULL ? "" : ": ", item->why == NULL ? "" : item->why);
    }
}

void git_plan_print(const struct git_plan *plan, size_t received, size_t sent)
{
    struct out out = out_begin(&plan->session->arena);
    struct json_write json = json_write_into(&out);
    struct bough_bytes text;

    json_write_object(&json, NULL);
    json_write_number(&json, "received", received);
    json_write_number(&json, "sent", sent);
    json_write_array(&json, "refs");
    for (size_t i = 0; i < plan->count; i++) {
        const struct git_plan_item *item = &plan->items[i];
        char hex[GIT_OID_HEXSZ + 1];

        json_write_object(&json, NULL);
        json_write_text(&json, "ref", item->ref + strlen("refs/"));
        json_write_text(&json, "outcome", item->outcome);
        json_write_text(&json, "id", git_oid_tostr(hex, sizeof(hex), &item->id));
        if (item->why != NULL)
            json_write_text(&json, "why", item->why);
        json_write_end(&json);
    }
    json_write_end(&json);
    json_write_end(&json);
    if (out_end(&out, &text) == BOUGH_OK)
        printf("%.*s\n", (int)text.len, (const char *)text.at);
}
