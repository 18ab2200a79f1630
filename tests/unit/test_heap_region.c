/* SPDX-License-Identifier: ISC
 *
 * test_heap_region.c - the host's allocator against a model.
 *
 * Proves it by keeping every piece given out in a table with a pattern in its bytes: pieces that
 * overlap, move or are lost break a pattern.  That memory goes back is seen in the number of
 * regions.  Random runs print their seed.
 */
#include "heap_region.c"
#include "test_seed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PIECES_MAX 6000u

struct model_piece {
    uint8_t *at;
    size_t bytes;
    uint8_t pattern;
};

struct model {
    struct heap_regions regions;
    struct model_piece pieces[PIECES_MAX];
    size_t count;
    uint64_t random;
};

static int make_model(void **state)
{
    struct model *model = calloc(1, sizeof(*model));

    assert_non_null(model);
    model->random = test_seed();
    *state = model;
    return 0;
}

static int free_model(void **state)
{
    free(*state);
    return 0;
}

/* Sizes as a store asks for: mostly nodes, some tiny, some of many spans. */
static size_t draw_size(struct model *model)
{
    uint64_t kind = test_below(&model->random, 32);

    if (kind < 8)
        return 1 + test_below(&model->random, 300);
    if (kind < 30)
        return 1 + test_below(&model->random, 5000);
    return 1 + test_below(&model->random, kind == 30 ? SMALL_MAX : 5 * REGION_BYTES / 4);
}

static void model_take(struct model *model, size_t bytes)
{
    uint8_t *at = heap_region_take(&model->regions, bytes);
    uint8_t pattern = (uint8_t)test_random(&model->random);

    assert_non_null(at);
    assert_int_equal((uintptr_t)at % 16, 0);
    memset(at, pattern, bytes);
    model->pieces[model->count++] =
        (struct model_piece){.at = at, .bytes = bytes, .pattern = pattern};
}

static void model_give(struct model *model, size_t index)
{
    struct model_piece piece = model->pieces[index];

    for (size_t i = 0; i < piece.bytes; i++)
        assert_int_equal(piece.at[i], piece.pattern);
    heap_region_give(&model->regions, piece.at, piece.bytes);
    model->pieces[index] = model->pieces[--model->count];
}

static void test_heap_region__random_work_keeps_every_byte(void **state)
{
    struct model *model = *state;

    for (uint32_t step = 0; step < 40000; step++) {
        bool grow = test_below(&model->random, 3) != 0;

        grow = step / 5000 % 2 == 0 ? grow : !grow;
        if (model->count == 0 || (grow && model->count < PIECES_MAX))
            model_take(model, draw_size(model));
        else
            model_give(model, test_below(&model->random, model->count));
    }
    while (model->count > 0)
        model_give(model, model->count - 1);
    heap_region_trim(&model->regions);
    assert_int_equal(model->regions.region_count, 0);
}

static void test_heap_region__what_is_given_back_goes_back(void **state)
{
    struct model *model = *state;
    size_t most;

    while (model->count < PIECES_MAX)
        model_take(model, 1 + test_below(&model->random, 5000));
    most = model->regions.region_count;
    assert_true(most > 6);
    while (model->count > 0)
        model_give(model, test_below(&model->random, model->count));
    /* What stays is hot, or the last span of a class, wherever that happens to be. */
    assert_true(model->regions.region_count <= most);
    heap_region_trim(&model->regions);
    assert_int_equal(model->regions.region_count, 0);
    assert_null(model->regions.lists[false].with_room);
}

static void test_heap_region__pieces_need_little_more_than_themselves(void **state)
{
    struct model *model = *state;
    size_t bytes = 0;

    for (size_t i = 0; i < PIECES_MAX; i++) {
        model_take(model, 1024 + test_below(&model->random, 1024));
        bytes += model->pieces[i].bytes;
    }
    assert_true(model->regions.region_count * REGION_BYTES < bytes + bytes / 8 + 2 * REGION_BYTES);
    while (model->count > 0)
        model_give(model, model->count - 1);
    heap_region_trim(&model->regions);
}

static void test_heap_region__one_piece_to_and_fro_asks_the_system_for_nothing(void **state)
{
    struct model *model = *state;
    size_t count = 0;

    for (unsigned round = 0; round < 2; round++) {
        for (size_t bytes = 1; bytes <= 3 * REGION_BYTES; bytes += 1 + bytes / 16) {
            model_take(model, bytes);
            model_give(model, 0);
            assert_true(round == 0 || model->regions.region_count == count);
        }
        count = model->regions.region_count;
    }
    heap_region_trim(&model->regions);
    assert_int_equal(model->regions.region_count, 0);
}

static void test_heap_region__classes_are_the_smallest_that_fit(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes <= SMALL_MAX; bytes++) {
        unsigned class = class_of(bytes);

        assert_true(class < HEAP_REGION_CLASSES && class_bytes(class) >= bytes);
        assert_true(class_bytes(class) % 16 == 0);
        assert_true(class == 0 || class_bytes(class - 1) < bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_heap_region__random_work_keeps_every_byte, make_model,
                                        free_model),
        cmocka_unit_test_setup_teardown(test_heap_region__what_is_given_back_goes_back, make_model,
                                        free_model),
        cmocka_unit_test_setup_teardown(test_heap_region__pieces_need_little_more_than_themselves,
                                        make_model, free_model),
        cmocka_unit_test_setup_teardown(
            test_heap_region__one_piece_to_and_fro_asks_the_system_for_nothing, make_model,
            free_model),
        cmocka_unit_test(test_heap_region__classes_are_the_smallest_that_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
