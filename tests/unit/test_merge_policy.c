/* SPDX-License-Identifier: ISC
 *
 * test_merge_policy.c - each policy does what docs/policies.md says of it.
 *
 * Proves it with tables of examples, and with the algebra that is claimed there, on random values:
 * equal sides give that value, a side equal to the base gives the other, swapping the sides changes
 * nothing (but for ours, theirs and union), and for counter, set, lww and log it does not matter
 * which two of three are merged first.
 */
#include "bough/limits.h"
#include "bough/merge_policy.h"
#include "host_env.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROUNDS 3000u

static struct bough_arena arena;
static uint64_t seed;

static int begin(void **state)
{
    (void)state;
    bough_arena_init(&arena, host_env()->heap, (size_t)1 << 29);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_arena_release(&arena);
    return 0;
}

static struct bough_merge_value merge(const char *policy, const struct bough_merge_values *values)
{
    const struct bough_merge_policy *found = bough_merge_policy_find(bough_bytes_text(policy));
    struct bough_merge_value merged;

    assert_non_null(found);
    assert_string_equal(found->name, policy);
    assert_int_equal(found->merge(found->context, values, &arena, &merged), BOUGH_OK);
    assert_true(merged.clean == (merged.why == NULL));
    return merged;
}

/* `base` NULL: both sides added the value. */
static struct bough_merge_values values_of(const char *base, const char *ours, const char *theirs)
{
    return (struct bough_merge_values){
        .has_base = base != NULL,
        .base = bough_bytes_text(base == NULL ? "" : base),
        .ours = {.value = bough_bytes_text(ours), .time_s = 10, .name = bough_bytes_text("n1")},
        .theirs = {.value = bough_bytes_text(theirs), .time_s = 20, .name = bough_bytes_text("n2")},
    };
}

/* `wanted` NULL: no value. */
static void expect(const char *policy, const char *base, const char *ours, const char *theirs,
                   const char *wanted)
{
    struct bough_merge_values values = values_of(base, ours, theirs);
    struct bough_merge_value merged = merge(policy, &values);

    if (merged.clean != (wanted != NULL) ||
        (merged.clean && !bough_bytes_equal(merged.value, bough_bytes_text(wanted))))
        fail_msg("%s of\n%s\n%s\n%s\nis %.*s (%s), not\n%s", policy, base == NULL ? "-" : base,
                 ours, theirs, (int)merged.value.len, (const char *)merged.value.at,
                 merged.clean ? "clean" : merged.why, wanted == NULL ? "a conflict" : wanted);
}

/* The same, and with the sides swapped. */
static void expect_either(const char *policy, const char *base, const char *ours,
                          const char *theirs, const char *wanted)
{
    expect(policy, base, ours, theirs, wanted);
    expect(policy, base, theirs, ours, wanted);
}

static void test_merge_policy__names_are_those_of_the_documentation(void **state)
{
    static const char *const names[] = {"ours",    "theirs", "union", "text", "json",
                                        "counter", "set",    "lww",   "log"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(bough_merge_policy_find(bough_bytes_text(names[i])));
    assert_null(bough_merge_policy_find(bough_bytes_text("default")));
    assert_null(bough_merge_policy_find(bough_bytes_text("binary")));
    assert_null(bough_merge_policy_find(bough_bytes_text("")));
    assert_null(bough_merge_policy_find(bough_bytes_text("jso")));
}

static void test_merge_policy__text_gives_lines_or_markers(void **state)
{
    struct bough_merge_values values = values_of("a\nb\nc\n", "x\nb\nc\n", "y\nb\nc\n");
    struct bough_merge_value merged;

    (void)state;
    expect_either("text", "a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n", "x\nb\ny\n");
    expect("union", "a\nb\nc\n", "x\nb\nc\n", "y\nb\nc\n", "x\ny\nb\nc\n");
    expect("ours", "a", "b", "c", "b");
    expect("theirs", "a", "b", "c", "c");
    values.ours.label = bough_bytes_text("main");
    values.theirs.label = bough_bytes_text("dev");
    values.marker_len = 9;
    merged = merge("text", &values);
    assert_false(merged.clean);
    assert_true(bough_bytes_equal(
        merged.value, bough_bytes_text("<<<<<<<<< main\nx\n=========\ny\n>>>>>>>>> dev\nb\nc\n")));
    values.ours.value = bough_bytes_of("a\0b", 3);
    merged = merge("text", &values);
    assert_false(merged.clean);
    assert_string_equal(merged.why, "a value is binary");
}

static void test_merge_policy__counters_are_added_up(void **state)
{
    (void)state;
    expect_either("counter", "10", "12", "15", "17");
    expect_either("counter", "10\n", "12\n", "3\n", "5\n");
    expect_either("counter", "10", "12\n", "15", "17\n");
    expect_either("counter", "10\n", "12", "15\n", "17");
    expect_either("counter", NULL, "5", "7", "12");
    expect_either("counter", "0", "-5", "3", "-2");
    expect_either("counter", "+1", "+2", "+3", "+4");
    expect_either("counter", "1", "+2", "3", "+4");
    expect_either("counter", "+1", "+2", "-3", "-2");
    expect_either("counter", "9223372036854775807", "9223372036854775806", "-9223372036854775808",
                  NULL);
    expect_either("counter", "9223372036854775806", "9223372036854775807", "-9223372036854775808",
                  "-9223372036854775807");
    expect_either("counter", "0", "9223372036854775807", "1", NULL);
    expect_either("counter", "0", "9223372036854775806", "1", "9223372036854775807");
    expect_either("counter", "1", "9223372036854775807", "2", NULL);
    expect_either("counter", "0", "-9223372036854775808", "-1", NULL);
    expect_either("counter", "-1", "-9223372036854775808", "-2", NULL);
    expect_either("counter", "-3", "-9223372036854775808", "-2", "-9223372036854775807");
    expect_either("counter", "-9223372036854775808", "9223372036854775807", "0", NULL);
    expect_either("counter", "9223372036854775807", "0", "-1", "-9223372036854775808");
    expect_either("counter", "9223372036854775807", "0", "-2", NULL);
    expect_either("counter", "9223372036854775807", "0", "1", "-9223372036854775806");
}

static void test_merge_policy__what_is_no_counter_is_a_conflict(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "1x",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "1.5",
                                      "--1",
                                      "+",
                                      "-",
                                      "1\n\n",
                                      "\n",
                                      "+-1",
                                      "1\r\n",
                                      "00",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_either("counter", "1", bad[i], "2", NULL);
        expect_either("counter", bad[i], "1", "2", bad[i][0] == '\0' ? "3" : NULL);
    }
}

static void test_merge_policy__sets_are_merged_by_line(void **state)
{
    (void)state;
    expect_either("set", "a\nb\nc\n", "a\nc\nd\n", "a\nb\nc\ne\n", "a\nc\nd\ne\n");
    expect_either("set", NULL, "b\na\n", "c\nb", "a\nb\nc\n");
    expect_either("set", "a\n", "", "a\nb\n", "b\n");
    expect_either("set", "a\nb\n", "b\n", "a\n", "");
    expect_either("set", "a\n", "a\na\n\xff\n", "a\nA\n", "A\na\n\xff\n");
}

static void test_merge_policy__the_later_one_wins(void **state)
{
    struct bough_merge_values values = values_of("a", "b", "c");

    (void)state;
    assert_true(bough_bytes_equal(merge("lww", &values).value, bough_bytes_text("c")));
    values.ours.time_s = 21;
    assert_true(bough_bytes_equal(merge("lww", &values).value, bough_bytes_text("b")));
    values.ours.time_s = 20;
    assert_true(bough_bytes_equal(merge("lww", &values).value, bough_bytes_text("c")));
    values.ours.name = bough_bytes_text("n3");
    assert_true(bough_bytes_equal(merge("lww", &values).value, bough_bytes_text("b")));
    values.theirs.name = bough_bytes_text("n3");
    assert_true(bough_bytes_equal(merge("lww", &values).value, bough_bytes_text("c")));
    values.ours.value = bough_bytes_text("d");
    assert_true(bough_bytes_equal(merge("lww", &values).value, bough_bytes_text("d")));
}

static void test_merge_policy__logs_are_merged_by_time(void **state)
{
    (void)state;
    /* Seconds, milliseconds and RFC 3339 are told apart and compared. */
    expect_either("log", "", "1700000001 a\n1700000003 c\n", "1700000002000 b\n",
                  "1700000001 a\n1700000002000 b\n1700000003 c\n");
    expect_either("log", "x\n", "x\n[2023-11-14T22:13:21Z] a\n", "x\n1700000000.5 b\n",
                  "x\n1700000000.5 b\n[2023-11-14T22:13:21Z] a\n");
    expect_either("log", NULL, "2023-11-14T23:13:20.25+01:00 a\n  more of a\n",
                  "2023-11-14T17:13:20.125-05:00 b\n",
                  "2023-11-14T17:13:20.125-05:00 b\n2023-11-14T23:13:20.25+01:00 a\n  more of a\n");
    /* Parts of a second count, and not how they are written. */
    expect_either("log", "x\n", "x\n2023-11-14T22:13:20.5Z a\n", "x\n1700000000.75 b\n",
                  "x\n2023-11-14T22:13:20.5Z a\n1700000000.75 b\n");
    /* Without a time: that of the commit, then its name (n1 is earlier than n2). */
    expect_either("log", "x\n", "x\na\n", "x\na\n", "x\na\n");
    expect("log", "x\n", "x\nb\nb2\n", "x\na\n", "x\nb\nb2\na\n");
    expect("log", "x\n", "x\na\n", "x\nb\nb2\n", "x\na\nb\nb2\n");
    expect("log", "x\n", "x\nsame\n", "x\nsame\nmore\n", "x\nsame\nsame\nmore\n");
    /* What both got from elsewhere stands there once. */
    expect_either("log", "", "1700000001 a\n1700000002 b\n", "1700000001 a\n1700000003 c\n",
                  "1700000001 a\n1700000002 b\n1700000003 c\n");
    /* What an earlier merge put between the base's lines stays there. */
    expect_either("log", "1700000002 b\n", "1700000001 a\n1700000002 b\n",
                  "1700000002 b\n1700000003 c\n", "1700000001 a\n1700000002 b\n1700000003 c\n");
    /* No line is ever changed or removed. */
    expect_either("log", "a\nb\n", "a\n", "a\nb\nc\n", NULL);
    expect_either("log", "a\nb\n", "b\na\n", "a\nb\nc\n", NULL);
    expect_either("log", "a\n", "A\nb\n", "a\nc\n", NULL);
    /* A missing newline is made good. */
    expect_either("log", "x", "x\n1700000002 a", "x\n1700000001 b",
                  "x\n1700000001 b\n1700000002 a\n");
}

static void test_merge_policy__lines_without_a_time_have_that_of_the_commit(void **state)
{
    struct bough_merge_values values = values_of("x\n", "x\nb\n", "x\na\n1700000000 c\n");

    (void)state;
    values.ours.time_s = 1600000000;
    values.theirs.time_s = 1500000000;
    values.ours.name = bough_bytes_text("n1");
    values.theirs.name = bough_bytes_text("n2");
    assert_true(bough_bytes_equal(merge("log", &values).value,
                                  bough_bytes_text("x\na\nb\n1700000000 c\n")));
    values.ours.time_s = 1800000000;
    assert_true(bough_bytes_equal(merge("log", &values).value,
                                  bough_bytes_text("x\na\n1700000000 c\nb\n")));
    /* Behind a line with a time they belong to it, whenever the commit was. */
    values.ours.value = bough_bytes_text("x\n1600000000 d\n of d\n");
    assert_true(bough_bytes_equal(merge("log", &values).value,
                                  bough_bytes_text("x\na\n1600000000 d\n of d\n1700000000 c\n")));
    /* In the same second the name decides, and not what they say. */
    values.ours.value = bough_bytes_text("x\nb\n");
    values.theirs.time_s = 1800000000;
    values.theirs.value = bough_bytes_text("x\na\n");
    assert_true(bough_bytes_equal(merge("log", &values).value, bough_bytes_text("x\nb\na\n")));
    values.ours.name = bough_bytes_text("n3");
    assert_true(bough_bytes_equal(merge("log", &values).value, bough_bytes_text("x\na\nb\n")));
    values.ours.name = bough_bytes_text("n1");
    /* They are never taken for one. */
    values.theirs.name = bough_bytes_text("n1");
    values.theirs.value = bough_bytes_text("x\nb\n1700000000 c\n");
    assert_true(bough_bytes_equal(merge("log", &values).value,
                                  bough_bytes_text("x\nb\nb\n1700000000 c\n")));
}

static void test_merge_policy__json_is_merged_by_member(void **state)
{
    (void)state;
    expect_either("json", "{\"a\":1,\"b\":2}", "{\"a\":9,\"b\":2}", "{\"a\":1,\"b\":2,\"c\":3}",
                  "{\"a\":9,\"b\":2,\"c\":3}");
    expect_either("json", "{\"a\":1,\"b\":2}", "{\"a\":1}", "{\"a\":3,\"b\":2}", "{\"a\":3}");
    expect_either("json", "{\"z\": 1, \"a\": 2}", "{\"z\": 1, \"a\": 2, \"m\": 3}",
                  "{\"z\": 4, \"a\": 2, \"b\": 5}", "{\"z\": 4, \"a\": 2, \"b\": 5, \"m\": 3}");
    expect_either("json", "{\n  \"o\": {\n    \"x\": 1\n  }\n}\n",
                  "{\n  \"o\": {\n    \"x\": 1,\n    \"y\": 2\n  }\n}\n",
                  "{\n  \"o\": {\n    \"x\": 1,\n    \"z\": []\n  }\n}\n",
                  "{\n  \"o\": {\n    \"x\": 1,\n    \"y\": 2,\n    \"z\": []\n  }\n}\n");
    expect_either("json", NULL, "{\"a\":1}", "{\"b\":{}}", "{\"a\":1,\"b\":{}}");
    expect_either("json", "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"x\":3}}",
                  "{\"a\":{\"x\":3,\"y\":2}}");
    /* What means the same is the same; a result that a side has is that side, as it is written. */
    expect_either("json", "{\"a\":1,\"b\":2}", "{ \"b\":2, \"a\":1.0 }", "{\"a\":1,\"b\":3}",
                  "{\"a\":1,\"b\":3}");
    expect_either("json", "[1,2]", "[ 1, 2 ]", "[1,3]", "[1,3]");
    expect_either("json", "{\"a\":100}", "{\"a\":1e2, \"b\":1}", "{\"a\":100,\"c\":1}",
                  "{\"a\":1e2,\"b\":1,\"c\":1}");
    expect_either("json", "[1,2]", "[ 1, 2 ]", "[ 1,  3 ]", "[ 1,  3 ]");
    /* Both wrote the same number anew: the shorter one stands. */
    expect_either("json", "{\"a\":1,\"b\":1,\"n\":100}", "{\"a\":2,\"b\":1,\"n\":1e2}",
                  "{\"a\":1,\"b\":2,\"n\":100.0}", "{\"a\":2,\"b\":2,\"n\":1e2}");
    expect_either("json", "[1]", "[10]", "[1.0,2]", NULL);
    expect_either("json", "{\"a\":1}", "{\"a\":10}", "{\"a\":0.1e1,\"b\":1}", "{\"a\":10,\"b\":1}");
    expect_either("json", "{\"a\":0.01}", "{\"a\":0.001}", "{\"a\":1E-2,\"b\":1}",
                  "{\"a\":0.001,\"b\":1}");
    expect_either("json", "{\"a\":-0}", "{\"a\":1}", "{\"a\":0.0e9,\"b\":1}", "{\"a\":1,\"b\":1}");
    expect_either("json", "{\"a\":1e99999999999999999999}", "{\"a\":1e99999999999999999998}",
                  "{\"a\":1e99999999999999999999,\"b\":1}",
                  "{\"a\":1e99999999999999999998,\"b\":1}");
    /* Nothing is rounded. */
    expect_either("json", "{\"a\":9007199254740992}", "{\"a\":9007199254740993}",
                  "{\"a\":9007199254740992,\"b\":0.1e-400}",
                  "{\"a\":9007199254740993,\"b\":0.1e-400}");
    /* Conflicts. */
    expect_either("json", "{\"a\":1}", "{\"a\":2}", "{\"a\":3}", NULL);
    expect_either("json", "{\"a\":1}", "{}", "{\"a\":3}", NULL);
    expect_either("json", "{\"a\":{\"b\":1}}", "{}", "{\"a\":{\"b\":1,\"c\":2}}", NULL);
    expect_either("json", NULL, "{\"a\":1}", "{\"a\":2}", NULL);
    expect_either("json", "{\"a\":1}", "{\"a\":[]}", "{\"a\":{}}", NULL);
    expect_either("json", "1", "2", "3", NULL);
}

static void test_merge_policy__json_arrays_are_merged_by_element(void **state)
{
    (void)state;
    /* By value. */
    expect_either("json", "[\"a\",\"b\"]", "[\"a\",\"b\",\"c\"]", "[\"x\",\"a\",\"b\"]",
                  "[\"x\",\"a\",\"b\",\"c\"]");
    expect_either("json", "[\"a\"]", "[\"a\",\"c\"]", "[\"a\",\"b\"]", "[\"a\",\"b\",\"c\"]");
    expect_either("json", "[1,2,3]", "[2,3]", "[1,2]", "[2]");
    expect_either("json", "[1,2,3]", "[3,2,1]", "[1,2,3,4]", "[3,4,2,1]");
    expect_either("json", "[1,2]", "[1,3]", "[1,4]", NULL);
    expect_either("json", "[1,2,3]", "[2,1,3]", "[1,3,2]", NULL);
    expect_either("json", NULL, "[1]", "[2]", "[1,2]");
    /* By "id". */
    expect_either("json", "[{\"id\":1,\"n\":\"a\"},{\"id\":2,\"n\":\"b\"}]",
                  "[{\"id\":1,\"n\":\"A\"},{\"id\":2,\"n\":\"b\"}]",
                  "[{\"id\":1,\"n\":\"a\",\"m\":0},{\"id\":3},{\"id\":2,\"n\":\"b\"}]",
                  "[{\"id\":1,\"m\":0,\"n\":\"A\"},{\"id\":3},{\"id\":2,\"n\":\"b\"}]");
    expect_either("json", "[{\"id\":1,\"n\":1}]", "[]", "[{\"id\":1,\"n\":2}]", NULL);
    expect_either("json", "[{\"id\":1},{\"id\":2}]", "[{\"id\":1},{\"id\":2,\"x\":1}]",
                  "[{\"id\":2}]", "[{\"id\":2,\"x\":1}]");
    /* Elements that are not distinct: as a value. */
    expect_either("json", "{\"a\":[0,0]}", "{\"a\":[0,1]}", "{\"a\":[0,0],\"b\":1}",
                  "{\"a\":[0,1],\"b\":1}");
    expect_either("json", "[0,0]", "[0,1]", "[1,0]", NULL);
}

static void test_merge_policy__the_style_of_json_is_kept(void **state)
{
    (void)state;
    expect_either("json", "{\n\t\"a\": 1\n}", "{\n\t\"a\": 1,\n\t\"b\": 2\n}",
                  "{\n\t\"a\": 1,\n\t\"c\": \"\\u00e9\"\n}",
                  "{\n\t\"a\": 1,\n\t\"b\": 2,\n\t\"c\": \"\xc3\xa9\"\n}");
    expect_either("json", "{\"a\":\"\\ud83d\\ude00\\u001f\"}",
                  "{\"a\":\"\\ud83d\\ude00\\u001f\",\"b\":1}",
                  "{\"a\":\"\\ud83d\\ude00\\u001f\",\"c\":\"\\\"\\\\\\n\"}",
                  "{\"a\":\"\\ud83d\\ude00\\u001f\",\"b\":1,\"c\":\"\\\"\\\\\\n\"}");
    expect_either("json", "[]\n", "[1]\n", "[2]\n", "[1,2]\n");
}

static void test_merge_policy__what_is_no_json_is_a_conflict_that_says_so(void **state)
{
    static const char *const bad[] = {"",      "{",  "{\"a\":1,\"a\":1}", "01", "\"\xff\"",
                                      "[1] 2", "nul"};
    static char deep[2 * BOUGH_JSON_DEPTH_MAX + 3];
    struct bough_merge_values values;
    struct bough_merge_value merged;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        values = values_of("{}", bad[i], "{\"b\":1}");
        merged = merge("json", &values);
        assert_false(merged.clean);
        assert_string_equal(merged.why, "ours is no JSON");
        values = values_of("{}", "{\"b\":1}", bad[i]);
        assert_string_equal(merge("json", &values).why, "theirs is no JSON");
        if (bad[i][0] == '\0') /* an empty base is none */
            continue;
        values = values_of(bad[i], "{}", "{\"b\":1}");
        assert_string_equal(merge("json", &values).why, "the base is no JSON");
    }
    memset(deep, '[', BOUGH_JSON_DEPTH_MAX);
    memset(deep + BOUGH_JSON_DEPTH_MAX, ']', BOUGH_JSON_DEPTH_MAX);
    values = values_of("[]", deep, "[2]");
    assert_true(merge("json", &values).clean);
    memset(deep, '[', BOUGH_JSON_DEPTH_MAX + 1);
    memset(deep + BOUGH_JSON_DEPTH_MAX + 1, ']', BOUGH_JSON_DEPTH_MAX + 1);
    values = values_of("[]", deep, "[2]");
    assert_string_equal(merge("json", &values).why, "a value is nested too deep");
}

static void test_merge_policy__too_big_a_value_is_a_conflict(void **state)
{
    uint8_t *at = calloc(1, (size_t)BOUGH_MERGE_VALUE_BYTES_MAX + 1);
    struct bough_merge_values values = values_of("a", "b", "c");
    struct bough_merge_value merged;

    (void)state;
    assert_non_null(at);
    for (int side = 0; side < 3; side++) {
        struct bough_bytes *value = side == 0   ? &values.base
                                    : side == 1 ? &values.theirs.value
                                                : &values.ours.value;
        struct bough_bytes small = *value;

        *value = bough_bytes_of(at, (size_t)BOUGH_MERGE_VALUE_BYTES_MAX);
        assert_true(merge("ours", &values).clean);
        value->len++;
        merged = merge("ours", &values);
        assert_false(merged.clean);
        assert_string_equal(merged.why, "a value is too big to be merged");
        if (side < 2)
            *value = small;
    }
    values.theirs.value = values.base;
    assert_true(merge("ours", &values).clean); /* nothing to look into */
    free(at);
}

/* Three values that differ in every item, as large as a policy takes them: `more` items too many.
 */
static void fill(struct bough_merge_values *values, bool json, size_t more, uint8_t *into)
{
    size_t items = json ? BOUGH_MERGE_JSON_VALUES_MAX / 3 - 1 : BOUGH_MERGE_LINES_MAX;
    size_t odd = json ? BOUGH_MERGE_JSON_VALUES_MAX % 3 : 0;
    struct bough_bytes texts[3];

    for (unsigned i = 0; i < 3; i++) {
        size_t len = 0;

        if (json)
            into[len++] = '[';
        for (size_t k = 0; k < items + (i == 1 ? more + odd : 0); k++)
            len += (size_t)snprintf((char *)into + len, 32, json ? "%s%zu" : "%s%06zx%c\n",
                                    json && k > 0 ? "," : "", json ? 3 * k + i : k, (int)('a' + i));
        if (json)
            into[len++] = ']';
        texts[i] = bough_bytes_of(into, len);
        into += len;
    }
    *values = values_of("", "", "");
    values->base = texts[0];
    values->ours.value = texts[1];
    values->theirs.value = texts[2];
}

/* Whatever a policy accepts it merges in the memory that one merge is given. */
static void test_merge_policy__the_largest_values_take_bounded_memory(void **state)
{
    static const char *const all[] = {"text", "union", "set", "log", "json"};
    uint8_t *at = malloc((size_t)16 << 20);
    struct bough_merge_values values;

    (void)state;
    assert_non_null(at);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const struct bough_merge_policy *policy = bough_merge_policy_find(bough_bytes_text(all[i]));
        bool json = strcmp(all[i], "json") == 0;
        struct bough_merge_value merged;
        struct bough_arena small;

        for (size_t more = 0; more <= 1; more++) {
            bough_arena_init(&small, host_env()->heap, (size_t)52 << 20);
            fill(&values, json, more, at);
            if (strcmp(all[i], "log") == 0)
                values.has_base = false, values.base = bough_bytes_text("");
            assert_int_equal(policy->merge(policy->context, &values, &small, &merged), BOUGH_OK);
            printf("%s: %zu KiB, %s\n", all[i], small.taken_bytes >> 10,
                   merged.clean ? "clean" : merged.why);
            assert_int_equal(more, !merged.clean && strstr(merged.why, "too many") != NULL);
            bough_arena_release(&small);
        }
    }
    free(at);
}

static struct bough_bytes text_of(const char *format, ...)
{
    char *text = bough_arena_take(&arena, 256);
    va_list args;
    int len;

    assert_non_null(text);
    va_start(args, format);
    len = vsnprintf(text, 256, format, args);
    va_end(args);
    return bough_bytes_of(text, (size_t)len);
}

/* A value for a policy; those of `log` go on from a base. */
static struct bough_bytes random_value(const char *policy, struct bough_bytes base)
{
    uint8_t *at = bough_arena_take(&arena, base.len + 1024);
    size_t len = 0;

    assert_non_null(at);
    if (strcmp(policy, "counter") == 0)
        return text_of("%lld", (long long)(test_random(&seed) >> 4) - (1ll << 59));
    if (strcmp(policy, "set") == 0) {
        for (unsigned i = 0; i < 12; i++)
            if (test_below(&seed, 2) == 0)
                len += (size_t)snprintf((char *)at + len, 16, "l%02u\n", i);
    } else if (strcmp(policy, "log") == 0) {
        uint64_t time = 1700000000u;

        if (base.len > 0)
            memcpy(at, base.at, base.len);
        len = base.len;
        for (uint64_t count = test_below(&seed, 6); count > 0; count--) {
            time += test_below(&seed, 3);
            len += (size_t)snprintf((char *)at + len, 64, "%llu e%u\n%s", (unsigned long long)time,
                                    (unsigned)test_below(&seed, 4),
                                    test_below(&seed, 3) == 0 ? " more\n" : "");
        }
    } else {
        for (uint64_t count = test_below(&seed, 8); count > 0; count--)
            len += (size_t)snprintf((char *)at + len, 16, "l%u\n", (unsigned)test_below(&seed, 5));
    }
    return bough_bytes_of(at, len);
}

/* A JSON value of few letters, so that random ones meet. */
static void put_json(char *text, size_t max, unsigned depth)
{
    size_t len = strlen(text);
    uint64_t kind = test_below(&seed, depth == 0 ? 3 : 6);
    uint64_t count = test_below(&seed, 4);
    const char *between = "";

    if (len + 64 > max)
        kind = 0;
    if (kind == 0) {
        snprintf(text + len, max - len, "%u%s", (unsigned)test_below(&seed, 3),
                 test_below(&seed, 4) == 0 ? ".0" : "");
    } else if (kind < 3) {
        snprintf(text + len, max - len, kind == 1 ? "\"s%u\"" : "null",
                 (unsigned)test_below(&seed, 3));
    } else {
        snprintf(text + len, max - len, kind == 3 ? "[" : "{");
        for (uint64_t i = 0; i < count; i++) {
            len = strlen(text);
            if (kind == 3)
                snprintf(text + len, max - len, "%s", between);
            else /* names go up, so that none is there twice */
                snprintf(text + len, max - len, "%s\"%c\": ", between,
                         (int)('a' + 2 * i + test_below(&seed, 2)));
            put_json(text, max, depth - 1);
            between = ", ";
        }
        len = strlen(text);
        snprintf(text + len, max - len, kind == 3 ? "]" : "}");
    }
}

static struct bough_bytes random_json(void)
{
    char *text = bough_arena_zeros(&arena, 2048, 1);

    assert_non_null(text);
    put_json(text, 1800, 3);
    return bough_bytes_text(text);
}

static struct bough_merge_values random_values(const char *policy)
{
    bool json = strcmp(policy, "json") == 0;
    struct bough_bytes none = bough_bytes_text("");
    struct bough_merge_values values = {.has_base = test_below(&seed, 6) > 0};

    if (values.has_base)
        values.base = json ? random_json() : random_value(policy, none);
    values.ours.value = json ? random_json() : random_value(policy, values.base);
    values.theirs.value = json ? random_json() : random_value(policy, values.base);
    values.ours.time_s = (int64_t)test_below(&seed, 3);
    values.theirs.time_s = (int64_t)test_below(&seed, 3);
    values.ours.name = text_of("n%u", (unsigned)test_below(&seed, 3));
    values.theirs.name = text_of("n%u", (unsigned)test_below(&seed, 3));
    return values;
}

static struct bough_merge_values swapped(const struct bough_merge_values *values)
{
    struct bough_merge_values other = *values;

    other.ours = values->theirs;
    other.theirs = values->ours;
    return other;
}

static bool equal(const struct bough_merge_value *a, const struct bough_merge_value *b)
{
    return a->clean == b->clean && (!a->clean || bough_bytes_equal(a->value, b->value));
}

static void test_merge_policy__what_every_policy_promises_holds(void **state)
{
    static const char *const all[] = {"ours",    "theirs", "union", "text", "json",
                                      "counter", "set",    "lww",   "log"};

    (void)state;
    for (size_t p = 0; p < sizeof(all) / sizeof(all[0]); p++) {
        const char *policy = all[p];
        bool commutes = strcmp(policy, "ours") != 0 && strcmp(policy, "theirs") != 0 &&
                        strcmp(policy, "union") != 0;
        size_t clean = 0;

        for (unsigned i = 0; i < ROUNDS; i++) {
            struct bough_arena_mark mark = bough_arena_now(&arena);
            struct bough_merge_values values = random_values(policy);
            struct bough_merge_values other = swapped(&values);
            struct bough_merge_value merged = merge(policy, &values);
            struct bough_merge_value again = merge(policy, &other);

            clean += merged.clean;
            if (commutes && !equal(&merged, &again))
                fail_msg("%s does not commute: base %.*s ours %.*s theirs %.*s: %.*s, %.*s", policy,
                         (int)values.base.len, (const char *)values.base.at,
                         (int)values.ours.value.len, (const char *)values.ours.value.at,
                         (int)values.theirs.value.len, (const char *)values.theirs.value.at,
                         (int)merged.value.len, (const char *)merged.value.at, (int)again.value.len,
                         (const char *)again.value.at);
            other.theirs.value = other.ours.value; /* equal sides */
            again = merge(policy, &other);
            assert_true(again.clean && bough_bytes_equal(again.value, other.ours.value));
            if (values.has_base) {
                other = values;
                other.ours.value = other.base;
                again = merge(policy, &other);
                assert_true(again.clean && bough_bytes_equal(again.value, other.theirs.value));
                other = swapped(&other);
                again = merge(policy, &other);
                assert_true(again.clean && bough_bytes_equal(again.value, other.ours.value));
            }
            bough_arena_back(&arena, mark);
        }
        printf("%s: %zu of %u merges clean\n", policy, clean, ROUNDS);
        assert_true(clean > ROUNDS / 20);
    }
}

/* A flat object: the value of each of eight names, -1 if it is not there. */
static struct bough_bytes object_of(const int members[8])
{
    char *text = bough_arena_zeros(&arena, 256, 1);
    const char *between = "{";

    assert_non_null(text);
    for (int i = 0; i < 8; i++) {
        if (members[i] < 0)
            continue;
        snprintf(text + strlen(text), 256 - strlen(text), "%s\"%c\":%d", between, 'a' + i,
                 members[i]);
        between = ",";
    }
    snprintf(text + strlen(text), 256 - strlen(text), "%s", *between == '{' ? "{}" : "}");
    return bough_bytes_text(text);
}

/* Objects against the obvious: member by member, what changed on one side only is taken. */
static void test_merge_policy__json_objects_are_merged_as_a_reference_merges_them(void **state)
{
    size_t conflicts = 0;

    (void)state;
    for (unsigned i = 0; i < 4 * ROUNDS; i++) {
        struct bough_arena_mark mark = bough_arena_now(&arena);
        struct bough_merge_values values = {.has_base = true};
        struct bough_merge_value merged;
        int sides[3][8], wanted[8];
        bool conflict = false;

        for (int k = 0; k < 8; k++) {
            int base = (int)test_below(&seed, 3) - 1;

            sides[0][k] = base;
            for (int side = 1; side < 3; side++)
                sides[side][k] = test_below(&seed, 4) == 0 ? (int)test_below(&seed, 3) - 1 : base;
            wanted[k] = sides[1][k] == base ? sides[2][k] : sides[1][k];
            conflict = conflict ||
                       (sides[1][k] != base && sides[2][k] != base && sides[1][k] != sides[2][k]);
        }
        values.base = object_of(sides[0]);
        values.ours.value = object_of(sides[1]);
        values.theirs.value = object_of(sides[2]);
        merged = merge("json", &values);
        assert_int_equal(merged.clean, !conflict);
        if (!conflict)
            assert_true(bough_bytes_equal(merged.value, object_of(wanted)));
        conflicts += conflict;
        bough_arena_back(&arena, mark);
    }
    assert_true(conflicts > ROUNDS / 6 && conflicts < 3 * ROUNDS);
}

static void test_merge_policy__merging_again_changes_nothing(void **state)
{
    static const char *const all[] = {"json", "counter", "set", "log", "text"};

    (void)state;
    for (size_t p = 0; p < sizeof(all) / sizeof(all[0]); p++) {
        for (unsigned i = 0; i < ROUNDS; i++) {
            struct bough_arena_mark mark = bough_arena_now(&arena);
            struct bough_merge_values values = random_values(all[p]);
            struct bough_merge_value merged = merge(all[p], &values);
            struct bough_merge_value again;

            /* The other branch takes the merge: its base is then theirs. */
            values.has_base = true;
            values.base = values.theirs.value;
            values.ours.value = merged.value;
            again = merge(all[p], &values);
            assert_true(!merged.clean || equal(&merged, &again));
            bough_arena_back(&arena, mark);
        }
    }
}

/* Merges two sides; the result carries the stamp of what was last, as `lww` needs it. */
static struct bough_merge_side merge_sides(const char *policy, struct bough_bytes base,
                                           const struct bough_merge_side *a,
                                           const struct bough_merge_side *b, bool *clean)
{
    struct bough_merge_values values = {.has_base = true, .base = base, .ours = *a, .theirs = *b};
    struct bough_merge_value merged = merge(policy, &values);
    struct bough_merge_side side = bough_bytes_equal(merged.value, a->value) ? *a : *b;

    *clean = *clean && merged.clean;
    side.value = merged.value;
    return side;
}

static void test_merge_policy__it_does_not_matter_which_two_are_merged_first(void **state)
{
    static const char *const all[] = {"counter", "set", "lww", "log"};

    (void)state;
    for (size_t p = 0; p < sizeof(all) / sizeof(all[0]); p++) {
        size_t compared = 0;

        for (unsigned i = 0; i < ROUNDS; i++) {
            struct bough_arena_mark mark = bough_arena_now(&arena);
            struct bough_bytes base = random_value(all[p], bough_bytes_text(""));
            struct bough_merge_side sides[3];
            struct bough_merge_side left, right;
            bool clean = true;

            for (unsigned k = 0; k < 3; k++) {
                sides[k] = (struct bough_merge_side){.value = random_value(all[p], base),
                                                     .time_s = (int64_t)(7 * i + 5 * k) % 4,
                                                     .name = text_of("n%u", k)};
                /* For lww a side equal to the base has not been written, and does not take part. */
                if (bough_bytes_equal(sides[k].value, base))
                    clean = strcmp(all[p], "lww") != 0;
            }
            left = merge_sides(all[p], base, &sides[0], &sides[1], &clean);
            left = merge_sides(all[p], base, &left, &sides[2], &clean);
            right = merge_sides(all[p], base, &sides[1], &sides[2], &clean);
            right = merge_sides(all[p], base, &sides[0], &right, &clean);
            if (clean && !bough_bytes_equal(left.value, right.value))
                fail_msg("%s: base\n%.*s\nfirst\n%.*s\nsecond\n%.*s\nthird\n%.*s\nleft\n%.*s\n"
                         "right\n%.*s",
                         all[p], (int)base.len, (const char *)base.at, (int)sides[0].value.len,
                         (const char *)sides[0].value.at, (int)sides[1].value.len,
                         (const char *)sides[1].value.at, (int)sides[2].value.len,
                         (const char *)sides[2].value.at, (int)left.value.len,
                         (const char *)left.value.at, (int)right.value.len,
                         (const char *)right.value.at);
            compared += clean;
            bough_arena_back(&arena, mark);
        }
        printf("%s: %zu compared\n", all[p], compared);
        assert_true(compared > ROUNDS / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_policy__names_are_those_of_the_documentation),
        cmocka_unit_test(test_merge_policy__text_gives_lines_or_markers),
        cmocka_unit_test(test_merge_policy__counters_are_added_up),
        cmocka_unit_test(test_merge_policy__what_is_no_counter_is_a_conflict),
        cmocka_unit_test(test_merge_policy__sets_are_merged_by_line),
        cmocka_unit_test(test_merge_policy__the_later_one_wins),
        cmocka_unit_test(test_merge_policy__logs_are_merged_by_time),
        cmocka_unit_test(test_merge_policy__lines_without_a_time_have_that_of_the_commit),
        cmocka_unit_test(test_merge_policy__json_is_merged_by_member),
        cmocka_unit_test(test_merge_policy__json_arrays_are_merged_by_element),
        cmocka_unit_test(test_merge_policy__the_style_of_json_is_kept),
        cmocka_unit_test(test_merge_policy__what_is_no_json_is_a_conflict_that_says_so),
        cmocka_unit_test(test_merge_policy__too_big_a_value_is_a_conflict),
        cmocka_unit_test(test_merge_policy__the_largest_values_take_bounded_memory),
        cmocka_unit_test(test_merge_policy__what_every_policy_promises_holds),
        cmocka_unit_test(test_merge_policy__json_objects_are_merged_as_a_reference_merges_them),
        cmocka_unit_test(test_merge_policy__merging_again_changes_nothing),
        cmocka_unit_test(test_merge_policy__it_does_not_matter_which_two_are_merged_first),
    };

    seed = test_seed();
    return cmocka_run_group_tests(tests, begin, end);
}
