/* SPDX-License-Identifier: ISC
 *
 * policy_counter.c - decimal numbers to which both sides have added something.
 *
 * Owns no data.  A number is written [+-]digits, without leading zeros, and may end in a newline;
 * numbers have 64 bits.  The sign '+' and the newline are kept as the side has them that changed
 * them.
 */
#include "policy_counter.h"
#include <assert.h>
#include <stdio.h>

struct number {
    int64_t value;
    bool has_plus;
    bool has_newline;
};

static bool read_number(struct bough_bytes text, struct number *number)
{
    bool negative = text.len > 0 && text.at[0] == '-';
    uint64_t max = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    uint64_t sum = 0;
    size_t at;

    number->has_plus = text.len > 0 && text.at[0] == '+';
    number->has_newline = text.len > 0 && text.at[text.len - 1] == '\n';
    at = negative || number->has_plus;
    text.len -= number->has_newline;
    if (at >= text.len || (text.at[at] == '0' && text.len > at + 1))
        return false;
    for (; at < text.len; at++) {
        uint64_t digit = (uint64_t)text.at[at] - '0';

        if (digit > 9 || sum > (max - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    number->value = negative ? -(int64_t)(sum / 2) - (int64_t)(sum - sum / 2) : (int64_t)sum;
    return true;
}

/* number / 4, rounded down. */
static int64_t quarter(int64_t number)
{
    return number / 4 - (number % 4 < 0);
}

/* a + b - c, exactly: in quarters, where nothing overflows, and what these leave over. */
static bool add(int64_t a, int64_t b, int64_t c, int64_t *sum)
{
    int64_t high = quarter(a) + quarter(b) - quarter(c);
    int64_t low = (a - 4 * quarter(a)) + (b - 4 * quarter(b)) - (c - 4 * quarter(c));

    high += quarter(low);
    low -= 4 * quarter(low);
    assert(low >= 0 && low < 4);
    if (high < INT64_MIN / 4 || high > INT64_MAX / 4)
        return false;
    *sum = 4 * high + low;
    return true;
}

/* The side that changed a flag is right. */
static bool flag(bool has_base, bool base, bool ours, bool theirs)
{
    return ours == theirs ? ours : !has_base || !base;
}

enum bough_err policy_counter(const struct bough_merge_values *values, struct bough_arena *arena,
                              struct bough_merge_value *merged)
{
    struct number base = {.value = 0};
    struct number ours, theirs;
    int64_t sum;
    char *text = bough_arena_take(arena, 32);
    int len;

    if (text == NULL)
        return BOUGH_NO_MEMORY;
    if (values->has_base && !read_number(values->base, &base))
        return policy_result_not(merged, "the base is no decimal number of 64 bits");
    if (!read_number(values->ours.value, &ours))
        return policy_result_not(merged, "ours is no decimal number of 64 bits");
    if (!read_number(values->theirs.value, &theirs))
        return policy_result_not(merged, "theirs is no decimal number of 64 bits");
    if (!add(ours.value, theirs.value, base.value, &sum))
        return policy_result_not(merged, "the sum has more than 64 bits");
    len = snprintf(
        text, 32, "%s%lld%s",
        sum >= 0 && flag(values->has_base, base.has_plus, ours.has_plus, theirs.has_plus) ? "+"
                                                                                          : "",
        (long long)sum,
        flag(values->has_base, base.has_newline, ours.has_newline, theirs.has_newline) ? "\n" : "");
    assert(len > 0 && len < 32);
    return policy_result_clean(merged, bough_bytes_of(text, (size_t)len));
}
