/* SPDX-License-Identifier: ISC
 *
 * test_protection.c - rules forbid what they say, and nothing else.
 */
#include "bough/limits.h"
#include "bough/protection.h"
#include "store_setup.h"

static struct bough_store *store;
static struct bough_link commits[3]; /* 0 <- 1, and 2 beside them */

static void make_commit(struct bough_link *link, const struct bough_link *parent, int64_t time_s)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_commit commit = {.parents = parent,
                                  .parent_count = parent == NULL ? 0 : 1,
                                  .author = {.time_s = time_s},
                                  .committer = {.time_s = time_s}};

    assert_int_equal(bough_commit_put(store, &commit, &arena, link), BOUGH_OK);
    bough_arena_release(&arena);
}

static enum bough_err move(const char *name, const struct bough_link *to, bool forward)
{
    struct bough_ref_move moved = {.name = bough_bytes_text(name), .forward = forward};

    moved.remove = to == NULL;
    if (to != NULL)
        moved.next = (struct bough_ref){.kind = BOUGH_KIND_COMMIT, .link = *to};
    return bough_ref_move(store, &moved, 1, NULL);
}

static int begin(void **state)
{
    (void)state;
    store = store_setup();
    make_commit(&commits[0], NULL, 1);
    make_commit(&commits[1], &commits[0], 2);
    make_commit(&commits[2], NULL, 3);
    assert_int_equal(move("heads/main", &commits[0], true), BOUGH_OK);
    assert_int_equal(move("heads/release/1", &commits[0], true), BOUGH_OK);
    assert_int_equal(move("heads/other", &commits[0], true), BOUGH_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bough_store_close(store);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    return 0;
}

static const struct bough_protection rules[] = {
    {.pattern = {(const uint8_t *)"heads/main", 10}, .from_force = true},
    {.pattern = {(const uint8_t *)"heads/rel*", 10}, .from_delete = true},
    {.pattern = {(const uint8_t *)"heads/m*", 8}, .from_force = true, .from_delete = true},
};

static void test_protection__forbids_what_a_rule_says(void **state)
{
    (void)state;
    assert_int_equal(bough_protection_set(store, rules, 3), BOUGH_OK);
    assert_int_equal(move("heads/main", &commits[1], true), BOUGH_OK);
    assert_int_equal(move("heads/main", &commits[2], false), BOUGH_DENIED);
    assert_int_equal(move("heads/release/1", &commits[2], false), BOUGH_OK);
    assert_int_equal(move("heads/release/1", NULL, false), BOUGH_DENIED);
    assert_int_equal(move("heads/other", &commits[2], false), BOUGH_OK);
    assert_int_equal(move("heads/other", NULL, false), BOUGH_OK);
    assert_int_equal(move("heads/main", NULL, false), BOUGH_OK);        /* the first rule counts */
    assert_int_equal(move("heads/mine", &commits[2], false), BOUGH_OK); /* it is new */
    assert_int_equal(move("heads/mine", NULL, false), BOUGH_DENIED);
    assert_int_equal(bough_protection_set(store, NULL, 0), BOUGH_OK);
    assert_int_equal(move("heads/mine", NULL, false), BOUGH_OK);
}

/* Of several moves at once none is made if one is forbidden. */
static void test_protection__one_move_that_is_denied_stops_all(void **state)
{
    struct bough_ref_move moves[2] = {
        {.name = bough_bytes_text("heads/other"), .remove = true},
        {.name = bough_bytes_text("heads/release/1"), .remove = true}};
    struct bough_ref ref;
    size_t culprit = 7;

    (void)state;
    assert_int_equal(bough_protection_set(store, rules, 3), BOUGH_OK);
    assert_int_equal(bough_ref_move(store, moves, 2, &culprit), BOUGH_DENIED);
    assert_int_equal(culprit, 1);
    assert_int_equal(bough_ref_get(store, bough_bytes_text("heads/other"), &ref), BOUGH_OK);
}

static void test_protection__rules_are_a_setting_with_limits(void **state)
{
    struct bough_protection many[BOUGH_PROTECTION_MAX + 1];
    struct bough_arena arena = store_setup_arena();
    const struct bough_protection *got;
    char text[BOUGH_REF_BYTES_MAX + 2];
    size_t count;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "heads/", 6);
    for (size_t i = 0; i <= BOUGH_PROTECTION_MAX; i++)
        many[i] = (struct bough_protection){.pattern = bough_bytes_of(text, BOUGH_REF_BYTES_MAX),
                                            .from_force = i % 2 == 0,
                                            .from_delete = i % 3 == 0};
    assert_int_equal(bough_protection_set(store, many, BOUGH_PROTECTION_MAX), BOUGH_OK);
    assert_int_equal(bough_protection_set(store, many, BOUGH_PROTECTION_MAX + 1), BOUGH_TOO_BIG);
    many[1].pattern.len++;
    assert_int_equal(bough_protection_set(store, many, 2), BOUGH_TOO_BIG);
    many[1].pattern = bough_bytes_text("tags/x");
    assert_int_equal(bough_protection_set(store, many, 2), BOUGH_INVALID);
    assert_int_equal(bough_protection_get(store, &arena, &got, &count), BOUGH_OK);
    assert_int_equal(count, BOUGH_PROTECTION_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(got[i].pattern.len, BOUGH_REF_BYTES_MAX);
        assert_int_equal(got[i].from_force, i % 2 == 0);
        assert_int_equal(got[i].from_delete, i % 3 == 0);
    }
    bough_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_protection__forbids_what_a_rule_says, begin, end),
        cmocka_unit_test_setup_teardown(test_protection__one_move_that_is_denied_stops_all, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_protection__rules_are_a_setting_with_limits, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
