/* SPDX-License-Identifier: ISC
 *
 * test_cache.c - the cache keeps to its budget and gives back what it was given.
 *
 * How: seeded adds, finds, pins and unpins of objects of all sizes under several budgets, with
 * every pinned object compared with what was put.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache.h"
#include "hash.h"
#include "host_env.h"
#include "test_seed.h"

#define OBJECTS 400u
#define PINS    20u

static uint8_t bytes[20000];

static struct bough_object object_of(unsigned i)
{
    size_t len = i % 7 == 0 ? i * 45 % sizeof(bytes) : i % 100;

    memset(bytes, (int)i, len);
    return (struct bough_object){.kind = BOUGH_KIND_VALUE, .bytes = {bytes, len}};
}

static struct bough_link link_of(unsigned i)
{
    struct bough_link link = {.address = 1 + i / 2}; /* two names to an address */

    hash_of(1, bough_bytes_of(&i, sizeof(i)), &link.name);
    return link;
}

static void check(const struct cache_object *pinned, unsigned i)
{
    struct bough_object expected = object_of(i);

    assert_true(bough_bytes_equal(pinned->bytes, expected.bytes));
}

static void test_cache__holds_what_it_was_given_within_its_budget(void **unused)
{
    static const size_t budgets[] = {0, 1000, 20000, 100000, 10000000};
    uint64_t seed = test_seed();

    (void)unused;
    for (size_t b = 0; b < sizeof(budgets) / sizeof(budgets[0]); b++) {
        const struct cache_object *pins[PINS] = {0};
        unsigned which[PINS];
        struct cache *cache;
        size_t idle;
        unsigned hits = 0;

        assert_int_equal(cache_open(host_env()->heap, budgets[b], &cache), BOUGH_OK);
        idle = cache_bytes(cache);
        for (int step = 0; step < 20000; step++) {
            unsigned i = (unsigned)test_below(&seed, OBJECTS);
            size_t slot = (size_t)test_below(&seed, PINS);
            struct bough_link link = link_of(i);
            struct bough_object object = object_of(i);

            if (pins[slot] != NULL) {
                check(pins[slot], which[slot]);
                cache_unpin(cache, pins[slot]);
                pins[slot] = NULL;
                continue;
            }
            pins[slot] = cache_pin(cache, &link);
            hits += pins[slot] != NULL;
            if (pins[slot] == NULL)
                assert_int_equal(cache_add(cache, &link, &object, NULL, 0, &pins[slot]), BOUGH_OK);
            check(pins[slot], i);
            which[slot] = i;
        }
        for (size_t slot = 0; slot < PINS; slot++) {
            if (pins[slot] != NULL)
                cache_unpin(cache, pins[slot]);
        }
        assert_true(cache_bytes(cache) <= (budgets[b] > idle ? budgets[b] : idle));
        assert_true(budgets[b] < 10000000 || hits > 8000); /* all of it fits */
        cache_close(cache);
        assert_int_equal(host_env()->heap->taken_bytes, 0);
    }
}

/* Puts an object that nobody has asked for yet, and lets go of it. */
static void put(struct cache *cache, unsigned i, bool replaced)
{
    const struct cache_object *pinned;
    struct bough_link link = link_of(i);
    struct bough_object object = object_of(i);

    assert_int_equal(cache_add(cache, &link, &object, NULL, 0, &pinned), BOUGH_OK);
    if (replaced)
        cache_retire(pinned);
    cache_unpin(cache, pinned);
}

/* Whether an object is there; to ask is to use it. */
static bool is_there(struct cache *cache, unsigned i)
{
    struct bough_link link = link_of(i);
    const struct cache_object *pinned = cache_pin(cache, &link);

    if (pinned == NULL)
        return false;
    check(pinned, i);
    cache_unpin(cache, pinned);
    return true;
}

static void test_cache__what_was_replaced_goes_before_all_else(void **unused)
{
    const size_t budget = 16u << 20; /* all of the objects fit many times */
    struct cache *cache;
    size_t bytes;

    (void)unused;
    assert_int_equal(cache_open(host_env()->heap, budget, &cache), BOUGH_OK);
    for (unsigned i = 0; i < 50; i++)
        put(cache, i, false);
    bytes = cache_bytes(cache);
    put(cache, 50, true);
    assert_true(is_there(cache, 50)); /* kept for a while, and now in use again */
    for (unsigned i = 51; i < OBJECTS; i++)
        put(cache, i, true);
    for (unsigned i = 0; i <= 50; i++)
        assert_true(is_there(cache, i));
    assert_false(is_there(cache, 51));
    assert_true(is_there(cache, OBJECTS - 2));
    /* A 64th of the budget, one object, and the table that has grown. */
    assert_true(cache_bytes(cache) <= bytes + budget / 64 + sizeof(bytes) * 4096);
    cache_close(cache);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_cache__finds_each_of_many_after_others_went(void **unused)
{
    struct cache *cache;

    (void)unused;
    assert_int_equal(cache_open(host_env()->heap, 100u << 20, &cache), BOUGH_OK);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < OBJECTS; i++)
            put(cache, i + round * OBJECTS / 2, i % 3 == 0);
        for (unsigned i = 0; i < OBJECTS; i++) /* retired ones may have gone */
            assert_true(i % 3 == 0 || is_there(cache, i + round * OBJECTS / 2));
    }
    cache_close(cache);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache__holds_what_it_was_given_within_its_budget),
        cmocka_unit_test(test_cache__what_was_replaced_goes_before_all_else),
        cmocka_unit_test(test_cache__finds_each_of_many_after_others_went),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
