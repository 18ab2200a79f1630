/* SPDX-License-Identifier: ISC
 *
 * json_node.c - JSON values that can be compared.
 *
 * Owns no data.  Recursion follows the nesting, which json_read bounds by BOUGH_JSON_DEPTH_MAX.
 *   (1) items[i]->place == i.
 *   (2) Two numbers are equal iff their sign, exponent and digits are; what no 64 bits hold as an
 *       exponent is compared as it is written.
 */
#include "json_node.h"
#include <assert.h>
#include <stdlib.h>

#define EXPONENT_DIGITS 17 /* then it is not computed with */

static int compare_names(const void *a, const void *b)
{
    const struct json_node *const *left = a;
    const struct json_node *const *right = b;

    return bough_bytes_compare((*left)->name, (*right)->name);
}

/* The exponent behind the 'e' at text[at], if any; false when it has too many digits. */
static bool read_exponent(struct bough_bytes text, size_t at, int64_t *exponent)
{
    bool negative = at + 1 < text.len && text.at[at + 1] == '-';
    unsigned digits = 0;

    *exponent = 0;
    for (at++; at < text.len; at++) {
        if (text.at[at] < '0' || text.at[at] > '9' || (text.at[at] == '0' && digits == 0))
            continue;
        if (++digits > EXPONENT_DIGITS)
            return false;
        *exponent = *exponent * 10 + text.at[at] - '0';
    }
    *exponent = negative ? -*exponent : *exponent;
    return true;
}

/* Invariant (2). */
static enum bough_err normalize(struct json_node *node, struct bough_arena *arena)
{
    struct bough_bytes text = node->text;
    uint8_t *digits = bough_arena_take(arena, text.len);
    size_t count = 0, at = 0;
    int64_t before_point = 0, exponent;
    bool point = false;

    if (digits == NULL)
        return BOUGH_NO_MEMORY;
    for (; at < text.len && (text.at[at] | 0x20) != 'e'; at++) {
        if (text.at[at] == '.') {
            point = true;
        } else if (text.at[at] >= '0') {
            if (count > 0 || text.at[at] != '0')
                digits[count++] = text.at[at];
            if (point ? count == 0 : count > 0) /* "0.00": zeros behind the point count back */
                before_point += point ? -1 : 1;
        }
    }
    while (count > 0 && digits[count - 1] == '0')
        count--;
    assert(count <= text.len);
    if (!read_exponent(text, at, &exponent)) {
        node->exponent = INT64_MAX;
        node->digits = text;
    } else if (count > 0) {
        node->negative = text.at[0] == '-';
        node->exponent = exponent + before_point;
        node->digits = bough_bytes_of(digits, count);
    }
    return BOUGH_OK;
}

enum bough_err json_node_make(const struct json *value, struct bough_arena *arena,
                              struct json_node **node)
{
    bool is_object = value->kind == JSON_OBJECT;
    size_t count = value->item_count;
    struct json_node *made = bough_arena_zeros(arena, 1, sizeof(*made));

    if (made == NULL)
        return BOUGH_NO_MEMORY;
    made->kind = value->kind;
    made->name = value->name;
    made->text = value->text;
    *node = made;
    if (value->kind == JSON_NUMBER)
        return normalize(made, arena);
    if (value->kind < JSON_ARRAY)
        return BOUGH_OK;
    made->items = bough_arena_zeros(arena, count, sizeof(struct json_node *));
    made->sorted = bough_arena_zeros(arena, is_object ? count : 0, sizeof(struct json_node *));
    if (made->items == NULL || made->sorted == NULL)
        return BOUGH_NO_MEMORY;
    for (const struct json *item = value->first; item != NULL; item = item->next) {
        struct json_node **place = &made->items[made->count];

        BOUGH_TRY(json_node_make(item, arena, place));
        (*place)->place = made->count++;
        if (is_object)
            made->sorted[(*place)->place] = *place;
    }
    assert(made->count == count);
    if (is_object)
        qsort(made->sorted, count, sizeof(struct json_node *), compare_names);
    return BOUGH_OK;
}

static int compare_numbers(const struct json_node *a, const struct json_node *b)
{
    int order = (int)a->negative - (int)b->negative;

    if (order == 0)
        order = (a->exponent > b->exponent) - (a->exponent < b->exponent);
    return order != 0 ? order : bough_bytes_compare(a->digits, b->digits);
}

int json_node_compare(const struct json_node *a, const struct json_node *b)
{
    int order = (int)a->kind - (int)b->kind;

    if (order != 0)
        return order;
    if (a->kind == JSON_NUMBER)
        return compare_numbers(a, b);
    order = bough_bytes_compare(a->text, b->text);
    if (order == 0)
        order = (a->count > b->count) - (a->count < b->count);
    for (size_t i = 0; order == 0 && i < a->count; i++) {
        const struct json_node *left = a->kind == JSON_OBJECT ? a->sorted[i] : a->items[i];
        const struct json_node *right = b->kind == JSON_OBJECT ? b->sorted[i] : b->items[i];

        order = bough_bytes_compare(left->name, right->name);
        if (order == 0)
            order = json_node_compare(left, right);
    }
    return order;
}

struct json_node *json_node_member(const struct json_node *object, const char *name)
{
    struct bough_bytes wanted = bough_bytes_text(name);

    for (size_t i = 0; object->kind == JSON_OBJECT && i < object->count; i++)
        if (bough_bytes_equal(object->items[i]->name, wanted))
            return object->items[i];
    return NULL;
}

bool json_node_is_sorted(const struct json_node *object)
{
    for (size_t i = 0; i < object->count; i++)
        if (object->sorted[i] != object->items[i])
            return false;
    return true;
}
