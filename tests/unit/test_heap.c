/* SPDX-License-Identifier: ISC
 *
 * test_heap.c - the image's allocator against a model, on the host.
 *
 * Proves it by keeping every piece given out in a table with a pattern in its bytes: pieces that
 * overlap, move or are lost break a pattern, and heap_check walks all tables after each phase.
 * Random runs print their seed.
 */
#include "heap.c"
#include "test_seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define AREA_BYTES (8u << 20)
#define PIECES_MAX 4000u

struct model_piece {
    uint8_t *at;
    size_t bytes;
    uint8_t pattern;
};

struct model {
    uint8_t *area;
    struct heap heap;
    struct model_piece pieces[PIECES_MAX];
    size_t count;
    uint64_t random;
};

static uint64_t draw(struct model *model)
{
    return test_random(&model->random);
}

static int make_model(void **state)
{
    struct model *model = calloc(1, sizeof(*model));

    assert_non_null(model);
    model->area = malloc(AREA_BYTES);
    assert_non_null(model->area);
    memset(model->area, 0xa5, AREA_BYTES);
    heap_init(&model->heap, model->area, AREA_BYTES);
    model->random = test_seed();
    *state = model;
    return 0;
}

static int free_model(void **state)
{
    struct model *model = *state;

    free(model->area);
    free(model);
    return 0;
}

/* Sizes as the program asks for: mostly small, some of pages, a few large. */
static size_t draw_size(struct model *model)
{
    uint64_t kind = draw(model) % 16;

    if (kind < 10)
        return 1 + draw(model) % 300;
    if (kind < 14)
        return 1 + draw(model) % 5000;
    return 1 + draw(model) % (kind == 14 ? 40000 : 600000);
}

static bool model_take(struct model *model, size_t bytes)
{
    uint8_t *at = bough_heap_take(&model->heap.base, bytes);
    struct model_piece *piece = &model->pieces[model->count];

    if (at == NULL)
        return false;
    assert_int_equal((uintptr_t)at % 16, 0);
    assert_true(at >= model->area && at + bytes <= model->area + AREA_BYTES);
    *piece = (struct model_piece){.at = at, .bytes = bytes, .pattern = (uint8_t)draw(model)};
    memset(at, piece->pattern, bytes);
    model->count++;
    return true;
}

static void model_give(struct model *model, size_t index)
{
    struct model_piece piece = model->pieces[index];

    for (size_t i = 0; i < piece.bytes; i++)
        assert_int_equal(piece.at[i], piece.pattern);
    bough_heap_give(&model->heap.base, piece.at, piece.bytes);
    model->pieces[index] = model->pieces[--model->count];
}

static void test_heap__random_work_keeps_every_byte(void **state)
{
    struct model *model = *state;

    for (uint32_t step = 0; step < 60000; step++) {
        bool grow = step / 5000 % 2 == 0 ? draw(model) % 3 != 0 : draw(model) % 3 == 0;

        if (model->count == 0 || (grow && model->count < PIECES_MAX))
            (void)model_take(model, draw_size(model));
        else
            model_give(model, draw(model) % model->count);
        if (step % 1000 == 0)
            heap_check(&model->heap);
    }
    while (model->count > 0)
        model_give(model, model->count - 1);
    heap_check(&model->heap);
    assert_int_equal(model->heap.base.taken_bytes, 0);
    assert_true(model->heap.base.taken_bytes_max <= model->heap.base.limit_bytes);
}

static void test_heap__all_memory_comes_back_as_one_piece(void **state)
{
    struct model *model = *state;
    size_t whole = model->heap.base.limit_bytes;

    while (model->count < PIECES_MAX && model_take(model, draw_size(model)))
        ;
    while (model->count > 0)
        model_give(model, draw(model) % model->count);
    assert_true(model_take(model, whole));
    assert_int_equal(model->heap.base.taken_bytes, whole);
    assert_null(bough_heap_take(&model->heap.base, 1));
    model_give(model, 0);
    heap_check(&model->heap);
}

static void test_heap__past_the_limit_there_is_none(void **state)
{
    struct model *model = *state;

    model->heap.base.limit_bytes = 10000;
    assert_null(bough_heap_take(&model->heap.base, 10001));
    assert_true(model_take(model, 4096));
    assert_true(model_take(model, 4096));
    assert_null(bough_heap_take(&model->heap.base, 4096));
    assert_null(bough_heap_take(&model->heap.base, SIZE_MAX));
    assert_true(model_take(model, 1000));
    model_give(model, 0);
    assert_true(model_take(model, 4096));
    heap_check(&model->heap);
}

static void test_heap__classes_are_the_smallest_that_fit(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes <= SMALL_BYTES_MAX; bytes++) {
        uint32_t class = class_of(bytes);

        assert_true(class < HEAP_CLASS_COUNT && class_bytes[class] >= bytes);
        assert_true(class == 0 || class_bytes[class - 1] < bytes);
    }
}

static void test_heap__many_equal_pieces_need_little_more_than_themselves(void **state)
{
    struct model *model = *state;
    size_t bytes = 0;

    while (bough_heap_take(&model->heap.base, 64) != NULL)
        bytes += 64;
    assert_true(bytes > model->heap.base.limit_bytes * 97 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_heap__random_work_keeps_every_byte, make_model,
                                        free_model),
        cmocka_unit_test_setup_teardown(test_heap__all_memory_comes_back_as_one_piece, make_model,
                                        free_model),
        cmocka_unit_test_setup_teardown(test_heap__past_the_limit_there_is_none, make_model,
                                        free_model),
        cmocka_unit_test(test_heap__classes_are_the_smallest_that_fit),
        cmocka_unit_test_setup_teardown(
            test_heap__many_equal_pieces_need_little_more_than_themselves, make_model, free_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
