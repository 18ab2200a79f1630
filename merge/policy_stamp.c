/* SPDX-License-Identifier: ISC
 *
 * policy_stamp.c - the time with which a line of a log begins.
 *
 * Owns no data.
 */
#include "policy_stamp.h"
#include <assert.h>

#define SECOND_NS 1000000000u

struct cursor {
    struct bough_bytes text;
    size_t at;
};

static uint8_t peek(const struct cursor *in)
{
    return in->at < in->text.len ? in->text.at[in->at] : 0;
}

static bool take(struct cursor *in, const char *any_of)
{
    uint8_t c = peek(in);

    if (c == 0 || strchr(any_of, c) == NULL)
        return false;
    in->at++;
    return true;
}

/* Up to `max` digits; gives how many. */
static unsigned take_digits(struct cursor *in, unsigned max, uint64_t *number)
{
    unsigned count = 0;

    *number = 0;
    while (count < max && peek(in) >= '0' && peek(in) <= '9') {
        *number = *number * 10 + peek(in) - '0';
        in->at++;
        count++;
    }
    return count;
}

/* Exactly `count` digits that make a number between two others. */
static bool take_number(struct cursor *in, unsigned count, uint64_t min, uint64_t max,
                        uint64_t *number)
{
    return take_digits(in, count, number) == count && *number >= min && *number <= max;
}

static bool take_fraction(struct cursor *in, uint32_t *ns)
{
    uint64_t number;
    unsigned digits;

    *ns = 0;
    if (!take(in, ".,"))
        return true;
    digits = take_digits(in, 9, &number);
    if (digits == 0)
        return false;
    for (; digits < 9; digits++)
        number *= 10;
    *ns = (uint32_t)number;
    while (take(in, "0123456789"))
        ;
    return true;
}

/* Days since 1970 (proleptic Gregorian): years begin in March, so that leap days end them; 400
 * years, which have 146097 days, keep all of it positive. */
static int64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = year + 400 - (month <= 2);
    uint64_t m = month > 2 ? month - 3 : month + 9;

    assert(month >= 1 && month <= 12);
    return (int64_t)(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1) - 146097 -
           719468;
}

/* RFC 3339 section 5.6. */
static bool take_date(struct cursor *in, struct policy_stamp *stamp)
{
    uint64_t year, month, day, hour, minute, second, zone_hour = 0, zone_minute = 0;
    bool west;

    if (!take_number(in, 4, 0, 9999, &year) || !take(in, "-") ||
        !take_number(in, 2, 1, 12, &month) || !take(in, "-") || !take_number(in, 2, 1, 31, &day) ||
        !take(in, "Tt ") || !take_number(in, 2, 0, 23, &hour) || !take(in, ":") ||
        !take_number(in, 2, 0, 59, &minute) || !take(in, ":") ||
        !take_number(in, 2, 0, 60, &second) || !take_fraction(in, &stamp->ns))
        return false;
    west = peek(in) == '-';
    if (!take(in, "Zz") && (!take(in, "+-") || !take_number(in, 2, 0, 23, &zone_hour) ||
                            !take(in, ":") || !take_number(in, 2, 0, 59, &zone_minute)))
        return false;
    stamp->time_s = days_of(year, month, day) * 86400 +
                    (int64_t)(hour * 3600 + minute * 60 + second) +
                    (west ? 1 : -1) * (int64_t)(zone_hour * 3600 + zone_minute * 60);
    return true;
}

static bool take_decimal(struct cursor *in, struct policy_stamp *stamp)
{
    uint64_t number;
    uint64_t unit = 1;
    unsigned digits = take_digits(in, 19, &number);

    if (digits != 10 && digits != 13 && digits != 16 && digits != 19)
        return false;
    for (unsigned i = 10; i < digits; i++)
        unit *= 10;
    stamp->time_s = (int64_t)(number / unit);
    stamp->ns = (uint32_t)(number % unit * (SECOND_NS / unit));
    return digits != 10 || take_fraction(in, &stamp->ns);
}

bool policy_stamp_read(struct bough_bytes line, struct policy_stamp *stamp)
{
    struct cursor in = {.text = line};
    struct cursor again;
    uint8_t c;

    (void)take(&in, "[");
    again = in;
    if (!take_date(&in, stamp)) {
        in = again;
        if (!take_decimal(&in, stamp))
            return false;
    }
    assert(stamp->ns < SECOND_NS);
    c = peek(&in);
    return !(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}
