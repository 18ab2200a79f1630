/* SPDX-License-Identifier: ISC
 *
 * test_memory.c - the memory backend keeps the laws of backends.
 */
#include "bough/memory.h"
#include "laws_backend.h"

static struct bough_backend *laws_backend_open(void)
{
    struct bough_backend *backend;

    assert_int_equal(bough_memory_open(host_env(), NULL, &backend), BOUGH_OK);
    return backend;
}

static void test_memory__windows_out_of_range_are_refused(void **unused)
{
    struct bough_identity identity = {.leaf_window_bytes = 63, .inner_window_bytes = 64};
    struct bough_backend *backend;

    (void)unused;
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_INVALID);
    identity.leaf_window_bytes = 8193;
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_INVALID);
    identity.leaf_window_bytes = 8192;
    assert_int_equal(bough_memory_open(host_env(), &identity, &backend), BOUGH_OK);
    bough_backend_close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAWS_BACKEND_TESTS,
        cmocka_unit_test(test_memory__windows_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
