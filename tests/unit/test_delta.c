/* SPDX-License-Identifier: ISC
 *
 * test_delta.c - deltas written by hand from the format's description, one for each rule that a
 * delta can break; buffers have their exact size, so that the sanitizers see every step outside.
 */
#include "delta.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* Applies a delta in buffers of exact size; the result in `into`. */
static enum bough_err apply(const char *base, size_t base_len, const char *delta, size_t delta_len,
                            char *into, size_t len)
{
    uint8_t *base_copy = malloc(base_len + 1);
    uint8_t *delta_copy = malloc(delta_len + 1);
    uint8_t *result = malloc(len + 1);
    enum bough_err err;

    memcpy(base_copy, base, base_len);
    memcpy(delta_copy, delta, delta_len);
    err = delta_apply(bough_bytes_of(base_copy, base_len), bough_bytes_of(delta_copy, delta_len),
                      result, len);
    memcpy(into, result, len);
    free(base_copy);
    free(delta_copy);
    free(result);
    return err;
}

#define APPLY(delta, len) apply("0123456789", 10, delta, sizeof(delta) - 1, into, len)

static void test_delta__copies_and_insertions_make_the_result(void **unused)
{
    char into[64];

    (void)unused;
    assert_int_equal(APPLY("\x0a\x09\x91\x02\x03\x02hi\x91\x00\x04", 9), BOUGH_OK);
    assert_memory_equal(into, "234hi0123", 9);
    assert_int_equal(APPLY("\x0a\x02\x90\x02", 2), BOUGH_OK); /* offset 0 has no byte */
    assert_memory_equal(into, "01", 2);
    assert_int_equal(APPLY("\x0a\x00", 0), BOUGH_OK);
}

static void test_delta__size_zero_copies_65536_bytes(void **unused)
{
    static char base[0x10000];
    static char into[0x10000];

    (void)unused;
    base[0xffff] = 'x';
    assert_int_equal(
        apply(base, sizeof(base), "\x80\x80\x04\x80\x80\x04\x80", 7, into, sizeof(into)), BOUGH_OK);
    assert_memory_equal(into, base, sizeof(base));
}

static void test_delta__what_leaves_the_bounds_is_refused(void **unused)
{
    char into[64];

    (void)unused;
    assert_int_equal(APPLY("\x0a\x03\x91\x08\x03", 3), BOUGH_INVALID); /* behind the base */
    assert_int_equal(APPLY("\x0a\x03\x91\x0b\x01", 3), BOUGH_INVALID); /* starts behind it */
    assert_int_equal(APPLY("\x0a\x03\xff\xff\xff\xff\xff\xff\xff\xff", 3), BOUGH_INVALID);
    assert_int_equal(APPLY("\x0a\x03\x91\x00\x04", 3), BOUGH_INVALID); /* more than the result */
    assert_int_equal(APPLY("\x0a\x03\x04"
                           "abcd",
                           3),
                     BOUGH_INVALID);
    assert_int_equal(APPLY("\x0a\x03\x80", 3), BOUGH_INVALID); /* 65536 bytes of 10 */
}

static void test_delta__a_result_of_another_size_is_refused(void **unused)
{
    char into[64];

    (void)unused;
    assert_int_equal(APPLY("\x0a\x04\x91\x00\x03", 4), BOUGH_INVALID);
    assert_int_equal(APPLY("\x0a\x03\x91\x00\x03", 4), BOUGH_INVALID);
    assert_int_equal(APPLY("\x0b\x03\x91\x00\x03", 3), BOUGH_INVALID); /* another base's */
}

static void test_delta__cut_anywhere_it_is_refused(void **unused)
{
    const char whole[] = "\x0a\x09\x91\x02\x03\x02hi\x91\x00\x04";
    char into[64];

    (void)unused;
    for (size_t len = 0; len < sizeof(whole) - 1; len++)
        assert_int_equal(apply("0123456789", 10, whole, len, into, 9), BOUGH_INVALID);
}

static void test_delta__the_reserved_code_and_endless_sizes_are_refused(void **unused)
{
    char into[64];
    uint64_t base;
    uint64_t result;
    size_t head;

    (void)unused;
    assert_int_equal(APPLY("\x0a\x01\x00", 1), BOUGH_INVALID);
    assert_int_equal(delta_sizes(bough_bytes_text("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"),
                                 &base, &result, &head),
                     BOUGH_OK);
    assert_true(base == UINT64_MAX && head == 11);
    assert_int_equal(delta_sizes(bough_bytes_text("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01"),
                                 &base, &result, &head),
                     BOUGH_INVALID);
    assert_int_equal(
        delta_sizes(bough_bytes_text("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"), &base,
                    &result, &head),
        BOUGH_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delta__copies_and_insertions_make_the_result),
        cmocka_unit_test(test_delta__size_zero_copies_65536_bytes),
        cmocka_unit_test(test_delta__what_leaves_the_bounds_is_refused),
        cmocka_unit_test(test_delta__a_result_of_another_size_is_refused),
        cmocka_unit_test(test_delta__cut_anywhere_it_is_refused),
        cmocka_unit_test(test_delta__the_reserved_code_and_endless_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
