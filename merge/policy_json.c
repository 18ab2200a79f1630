/* SPDX-License-Identifier: ISC
 *
 * policy_json.c - JSON that both sides changed, merged by member and by element.
 *
 * Owns no data.  Three values are walked together, recursively, BOUGH_JSON_DEPTH_MAX deep at most.
 * What one side changed is taken from it.  Objects are merged by member; arrays whose elements have
 * an identity by element: a member "id", or the value itself, if no two are the same.  Anything
 * else that both changed is a conflict, and then there is no value: JSON has no place for markers.
 *   (1) Nothing is asked that tells ours from theirs, so that swapping them changes nothing.
 *   (2) A result that means what a side means is that side, byte for byte.
 */
#include "policy_json.h"
#include "bough/limits.h"
#include "json_order.h"
#include "json_text.h"
#include <assert.h>
#include <stdlib.h>

enum { BASE, OURS, THEIRS };

struct merger {
    struct bough_arena *arena;
    const char *why;
};

static enum bough_err conflict(struct merger *merger, const char *why)
{
    merger->why = why;
    return BOUGH_CONFLICT;
}

static bool same(const struct json_node *a, const struct json_node *b)
{
    return a != NULL && b != NULL && json_node_compare(a, b) == 0;
}

/* The side on which an equal scalar was written anew, or else the shorter. */
static struct json_node *pick(struct json_node *of[3])
{
    struct bough_bytes ours = of[OURS]->text;
    struct bough_bytes theirs = of[THEIRS]->text;

    if (of[BASE] != NULL && bough_bytes_equal(of[BASE]->text, ours))
        return of[THEIRS];
    if (of[BASE] != NULL && bough_bytes_equal(of[BASE]->text, theirs))
        return of[OURS];
    if (ours.len != theirs.len)
        return ours.len < theirs.len ? of[OURS] : of[THEIRS];
    return bough_bytes_compare(ours, theirs) <= 0 ? of[OURS] : of[THEIRS];
}

static enum bough_err merge(struct merger *merger, struct json_node *of[3],
                            struct json_node **result);

/* What becomes of a member or an element that not all sides have; NULL: it is gone. */
static enum bough_err merge_any(struct merger *merger, struct json_node *of[3],
                                struct json_node **result)
{
    struct json_node *left = of[OURS] != NULL ? of[OURS] : of[THEIRS];

    if (of[OURS] != NULL && of[THEIRS] != NULL)
        return merge(merger, of, result);
    *result = NULL;
    if (of[BASE] == NULL)
        *result = left;
    else if (left != NULL && !same(left, of[BASE]))
        return conflict(merger, "one side removed what the other changed");
    return BOUGH_OK;
}

/* A container for the result, with room for `count` items. */
static struct json_node *new_container(struct merger *merger, const struct json_node *like,
                                       size_t count)
{
    struct json_node *node = bough_arena_zeros(merger->arena, 1, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->kind = like->kind;
    node->name = like->name;
    node->items = bough_arena_zeros(merger->arena, count, sizeof(struct json_node *));
    node->sorted = bough_arena_zeros(merger->arena, count, sizeof(struct json_node *));
    return node->items == NULL || node->sorted == NULL ? NULL : node;
}

/* Takes the members of the least name that any object still has; `at` is passed. */
static bool next_member(struct json_node *objects[3], size_t at[3], struct json_node *members[3])
{
    const struct json_node *least = NULL;

    for (int i = 0; i < 3; i++) {
        bool has = objects[i] != NULL && at[i] < objects[i]->count;

        members[i] = has ? objects[i]->sorted[at[i]] : NULL;
        if (has && (least == NULL || bough_bytes_compare(members[i]->name, least->name) < 0))
            least = members[i];
    }
    for (int i = 0; i < 3; i++) {
        if (members[i] != NULL && !bough_bytes_equal(members[i]->name, least->name))
            members[i] = NULL;
        at[i] += members[i] != NULL;
    }
    return least != NULL;
}

/* Puts the members of `node`, which are sorted, into the order of the base, what is new at the end.
 */
static void order_members(struct json_node *node, const struct json_node *base,
                          struct json_node **by_place)
{
    size_t at = 0;

    assert(node->kind == JSON_OBJECT);
    if (base == NULL || json_node_is_sorted(base)) {
        for (; at < node->count; at++)
            node->items[at] = node->sorted[at];
        return;
    }
    for (size_t i = 0; i < base->count; i++)
        if (by_place[i] != NULL)
            node->items[at++] = by_place[i];
    for (size_t i = 0, k = 0; i < node->count; i++) {
        while (k < base->count &&
               bough_bytes_compare(base->sorted[k]->name, node->sorted[i]->name) < 0)
            k++;
        if (k == base->count || !bough_bytes_equal(base->sorted[k]->name, node->sorted[i]->name))
            node->items[at++] = node->sorted[i];
    }
    assert(at == node->count);
}

static enum bough_err merge_objects(struct merger *merger, struct json_node *of[3],
                                    struct json_node **result)
{
    struct json_node *base = of[BASE];
    size_t at[3] = {0, 0, 0};
    struct json_node *members[3];
    struct json_node *node = new_container(merger, of[OURS], of[OURS]->count + of[THEIRS]->count);
    struct json_node **by_place = bough_arena_zeros(merger->arena, base == NULL ? 0 : base->count,
                                                    sizeof(struct json_node *));

    if (node == NULL || by_place == NULL)
        return BOUGH_NO_MEMORY;
    while (next_member(of, at, members)) {
        struct json_node *member;

        BOUGH_TRY(merge_any(merger, members, &member));
        if (member == NULL)
            continue;
        node->sorted[node->count++] = member;
        if (members[BASE] != NULL)
            by_place[members[BASE]->place] = member;
    }
    order_members(node, base, by_place);
    *result = node;
    return BOUGH_OK;
}

/* An element of one of three arrays. */
struct element {
    struct json_node *node;
    const struct json_node *key; /* what it is known by */
    int side;
};

static int compare_keys(const void *a, const void *b)
{
    const struct element *left = a;
    const struct element *right = b;
    int order = json_node_compare(left->key, right->key);

    return order != 0 ? order : left->side - right->side;
}

/* What an element is known by: its member "id", or itself; NULL when it has not got one. */
static const struct json_node *key_of(const struct json_node *node, bool by_id)
{
    const struct json_node *id = by_id ? json_node_member(node, "id") : node;

    return by_id && (id == NULL || (id->kind != JSON_STRING && id->kind != JSON_NUMBER)) ? NULL
                                                                                         : id;
}

struct arrays {
    struct json_node **things[3]; /* by number: the element of each array, or NULL */
    struct json_order order;
};

/* Numbers the elements of three arrays so that equal keys have equal numbers; *found is false when
 * two of an array have the same. */
static enum bough_err identify(struct merger *merger, struct json_node *of[3], bool by_id,
                               struct arrays *arrays, bool *found)
{
    struct element *elements;
    size_t *lists[3], *places[3];
    size_t count = 0, all = 0, thing = 0;

    for (int i = 0; i < 3; i++)
        all += of[i] == NULL ? 0 : of[i]->count;
    elements = bough_arena_zeros(merger->arena, all, sizeof(*elements));
    if (elements == NULL)
        return BOUGH_NO_MEMORY;
    for (int i = 0; i < 3; i++) {
        arrays->order.counts[i] = of[i] == NULL ? 0 : of[i]->count;
        lists[i] = bough_arena_zeros(merger->arena, arrays->order.counts[i], sizeof(size_t));
        places[i] = bough_arena_zeros(merger->arena, all, sizeof(size_t));
        arrays->things[i] = bough_arena_zeros(merger->arena, all, sizeof(struct json_node *));
        if (lists[i] == NULL || places[i] == NULL || arrays->things[i] == NULL)
            return BOUGH_NO_MEMORY;
        arrays->order.lists[i] = lists[i];
        arrays->order.places[i] = places[i];
        memset(places[i], 0xff, all * sizeof(size_t)); /* JSON_ORDER_NONE */
        for (size_t k = 0; k < arrays->order.counts[i]; k++) {
            const struct json_node *key = key_of(of[i]->items[k], by_id);

            assert(key != NULL);
            elements[count++] = (struct element){of[i]->items[k], key, i};
        }
    }
    assert(count == all);
    *found = true;
    qsort(elements, all, sizeof(*elements), compare_keys);
    for (size_t i = 0; i < all && *found; i++) {
        const struct element *element = &elements[i];

        if (i > 0 && json_node_compare(elements[i - 1].key, element->key) != 0)
            thing++;
        *found = arrays->things[element->side][thing] == NULL;
        arrays->things[element->side][thing] = element->node;
        lists[element->side][element->node->place] = thing;
        places[element->side][thing] = element->node->place;
    }
    arrays->order.thing_count = all == 0 ? 0 : thing + 1;
    arrays->order.are_values = !by_id;
    return BOUGH_OK;
}

/* Whether all elements have a member "id" to be known by. */
static bool have_ids(struct json_node *of[3])
{
    for (int i = 0; i < 3; i++)
        for (size_t k = 0; of[i] != NULL && k < of[i]->count; k++)
            if (key_of(of[i]->items[k], true) == NULL)
                return false;
    return true;
}

static enum bough_err merge_arrays(struct merger *merger, struct json_node *of[3],
                                   struct json_node **result)
{
    struct arrays arrays;
    struct json_node *node = new_container(merger, of[OURS], of[OURS]->count + of[THEIRS]->count);
    size_t *order;
    size_t count;
    bool found = false;

    if (node == NULL)
        return BOUGH_NO_MEMORY;
    if (have_ids(of))
        BOUGH_TRY(identify(merger, of, true, &arrays, &found));
    if (!found)
        BOUGH_TRY(identify(merger, of, false, &arrays, &found));
    if (!found)
        return conflict(merger, "both sides changed an array whose elements are not distinct");
    for (size_t i = 0; i < arrays.order.thing_count; i++) {
        struct json_node *elements[3] = {arrays.things[BASE][i], arrays.things[OURS][i],
                                         arrays.things[THEIRS][i]};

        /* things[BASE] is, from here on, what becomes of them. */
        BOUGH_TRY(merge_any(merger, elements, &arrays.things[BASE][i]));
    }
    BOUGH_TRY(json_order_merge(&arrays.order, merger->arena, &order, &count, &merger->why));
    for (size_t i = 0; i < count; i++)
        if (arrays.things[BASE][order[i]] != NULL)
            node->items[node->count++] = arrays.things[BASE][order[i]];
    assert(node->count <= of[OURS]->count + of[THEIRS]->count);
    *result = node;
    return BOUGH_OK;
}

/* Two equal arrays, whose elements may be written differently. */
static enum bough_err merge_equal(struct merger *merger, struct json_node *of[3],
                                  struct json_node **result)
{
    bool has_base = same(of[BASE], of[OURS]);
    struct json_node *node = new_container(merger, of[OURS], of[OURS]->count);

    if (node == NULL)
        return BOUGH_NO_MEMORY;
    for (; node->count < of[OURS]->count; node->count++) {
        size_t i = node->count;
        struct json_node *elements[3] = {has_base ? of[BASE]->items[i] : NULL, of[OURS]->items[i],
                                         of[THEIRS]->items[i]};

        BOUGH_TRY(merge(merger, elements, &node->items[i]));
    }
    *result = node;
    return BOUGH_OK;
}

/* What becomes of a value that both sides have; of[BASE] may be NULL. */
static enum bough_err merge(struct merger *merger, struct json_node *of[3],
                            struct json_node **result)
{
    enum json_kind kind = of[OURS]->kind;
    bool is_equal = same(of[OURS], of[THEIRS]);
    struct json_node *like[3] = {of[BASE] != NULL && of[BASE]->kind == kind ? of[BASE] : NULL,
                                 of[OURS], of[THEIRS]};

    if (!is_equal && (same(of[BASE], of[OURS]) || same(of[BASE], of[THEIRS]))) {
        *result = same(of[BASE], of[OURS]) ? of[THEIRS] : of[OURS];
        return BOUGH_OK;
    }
    if (kind == JSON_OBJECT && of[THEIRS]->kind == kind)
        return merge_objects(merger, like, result);
    if (kind == JSON_ARRAY && of[THEIRS]->kind == kind)
        return is_equal ? merge_equal(merger, like, result) : merge_arrays(merger, like, result);
    if (!is_equal)
        return conflict(merger, "both sides changed the same value");
    *result = pick(of);
    return BOUGH_OK;
}

/* How many values a text holds, at most; cheap. */
static size_t count_values(struct bough_bytes text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == ',' || text.at[i] == '[' || text.at[i] == '{';
    return count;
}

/* Reads one of the values; BOUGH_CONFLICT with *why when it is no JSON. */
static enum bough_err read_node(struct merger *merger, struct bough_bytes text,
                                const char *not_json, struct json_node **node)
{
    const struct json *value;
    enum bough_err err = json_read(text, merger->arena, &value, NULL);

    if (err == BOUGH_INVALID)
        return conflict(merger, not_json);
    if (err == BOUGH_TOO_BIG)
        return conflict(merger, "a value is nested too deep");
    return err == BOUGH_OK ? json_node_make(value, merger->arena, node) : err;
}

/* Invariant (2), or else the result in the style of what both began with. */
static enum bough_err write_out(struct merger *merger, const struct bough_merge_values *values,
                                struct json_node *of[3], const struct json_node *result,
                                struct bough_bytes *text)
{
    struct bough_bytes ours = values->ours.value;
    struct bough_bytes theirs = values->theirs.value;
    bool ours_is_less = bough_bytes_compare(ours, theirs) < 0;
    bool is_ours = same(result, of[OURS]);
    bool is_theirs = same(result, of[THEIRS]);
    struct json_text_style style;
    struct out out = out_begin(merger->arena);

    if (is_ours || is_theirs) {
        *text = is_ours && (!is_theirs || ours_is_less) ? ours : theirs;
        return BOUGH_OK;
    }
    style = json_text_style_of(values->has_base ? values->base : ours_is_less ? ours : theirs);
    json_text_write(&style, result, &out);
    return out_end(&out, text);
}

static enum bough_err merge_all(struct merger *merger, const struct bough_merge_values *values,
                                struct bough_bytes *text)
{
    struct json_node *of[3] = {NULL, NULL, NULL};
    struct json_node *result;

    if (count_values(values->base) + count_values(values->ours.value) +
            count_values(values->theirs.value) >
        BOUGH_MERGE_JSON_VALUES_MAX)
        return conflict(merger, "there are too many values in the JSON");
    if (values->has_base)
        BOUGH_TRY(read_node(merger, values->base, "the base is no JSON", &of[BASE]));
    BOUGH_TRY(read_node(merger, values->ours.value, "ours is no JSON", &of[OURS]));
    BOUGH_TRY(read_node(merger, values->theirs.value, "theirs is no JSON", &of[THEIRS]));
    BOUGH_TRY(merge(merger, of, &result));
    return write_out(merger, values, of, result, text);
}

enum bough_err policy_json(const struct bough_merge_values *values, struct bough_arena *arena,
                           struct bough_merge_value *merged)
{
    struct merger merger = {.arena = arena};
    struct bough_bytes text;
    enum bough_err err = merge_all(&merger, values, &text);

    if (err == BOUGH_CONFLICT)
        return policy_result_not(merged, merger.why);
    return err == BOUGH_OK ? policy_result_clean(merged, text) : err;
}
