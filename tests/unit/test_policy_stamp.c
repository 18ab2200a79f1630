/* SPDX-License-Identifier: ISC
 *
 * test_policy_stamp.c - the times that lines of logs begin with.
 *
 * Proves it with a table, with what must not be taken for a time, and for every day of 800 years by
 * writing it as RFC 3339 (date_iso) and reading it again.
 */
#include "date.h"
#include "policy_stamp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_policy_stamp__times_are_read(void **state)
{
    static const struct {
        const char *line;
        int64_t time_s;
        uint32_t ns;
    } table[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"[2026-11-20T18:30:15.25Z] x", 1795199415, 250000000},
        {"2026-11-20 19:30:15+01:00 x", 1795199415, 0},
        {"2026-11-20t13:00:15,000000001-05:30", 1795199415, 1},
        {"2024-02-29T00:00:00z:", 1709164800, 0},
        {"0000-03-01T00:00:00Z", -62162035200, 0},
        {"9999-12-31T23:59:60.9999999999Z", 253402300800, 999999999},
        {"1700000000", 1700000000, 0},
        {"1700000000.5: x", 1700000000, 500000000},
        {"1700000000123 x", 1700000000, 123000000},
        {"1700000000123456\tx", 1700000000, 123456000},
        {"[1700000000123456789]", 1700000000, 123456789},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct policy_stamp stamp;

        if (!policy_stamp_read(bough_bytes_text(table[i].line), &stamp) ||
            stamp.time_s != table[i].time_s || stamp.ns != table[i].ns)
            fail_msg("%s: %lld.%09u", table[i].line, (long long)stamp.time_s, stamp.ns);
    }
}

static void test_policy_stamp__what_is_no_time_is_not_taken_for_one(void **state)
{
    static const char *const lines[] = {"",
                                        "[",
                                        " 1700000000",
                                        "170000000",
                                        "17000000001",
                                        "1700000000x",
                                        "1700000000.",
                                        "2026-11-20",
                                        "2026-11-20T18:30:15",
                                        "2026-11-20T18:30Z",
                                        "2026-13-20T18:30:15Z",
                                        "2026-00-20T18:30:15Z",
                                        "2026-11-32T18:30:15Z",
                                        "2026-11-20T24:30:15Z",
                                        "2026-11-20T18:60:15Z",
                                        "2026-11-20T18:30:61Z",
                                        "2026-11-20T18:30:15.Z",
                                        "2026-11-20T18:30:15+0100",
                                        "2026-11-20T18:30:15+24:00",
                                        "2026-11-20T18:30:15Zulu",
                                        "2026/11/20T18:30:15Z",
                                        "26-11-20T18:30:15Z",
                                        "x2026-11-20T18:30:15Z"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct policy_stamp stamp;

        if (policy_stamp_read(bough_bytes_text(lines[i]), &stamp))
            fail_msg("%s is taken for a time", lines[i]);
    }
}

static void test_policy_stamp__every_day_is_read_as_it_is_written(void **state)
{
    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        int64_t time_s = day * 86400 + 3661 + (day & 0xffff);
        char text[DATE_ISO_BYTES];
        struct policy_stamp stamp;

        date_iso(time_s, (int32_t)(day % 700), text);
        assert_true(policy_stamp_read(bough_bytes_text(text), &stamp));
        assert_int_equal(stamp.time_s, time_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_stamp__times_are_read),
        cmocka_unit_test(test_policy_stamp__what_is_no_time_is_not_taken_for_one),
        cmocka_unit_test(test_policy_stamp__every_day_is_read_as_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
