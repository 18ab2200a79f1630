/* SPDX-License-Identifier: ISC
 *
 * test_pack_kept.c - the keep against a plain array of what was added: it may forget, but never
 * gives out anything but what was added last under a name, and keeps its limit.
 */
#include "host_env.h"
#include "pack_kept.h"
#include "test_seed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NAMES     500u
#define BYTES_MAX 900u

static const uint8_t key[16] = {7};
static const uint8_t pattern[BYTES_MAX + 256] = {1, 2, 3, 4, 5};

static struct bough_hash name_of(uint32_t n)
{
    struct bough_hash name = {{0}};

    memcpy(name.at, &n, sizeof(n));
    name.at[31] = 1;
    return name;
}

/* What stands under name `n` after `version` changes. */
static struct pack_kept_entry entry_of(uint32_t n, uint32_t version)
{
    uint32_t mixed = n * 31 + version * 7;

    return (struct pack_kept_entry){
        .name = name_of(n),
        .base = mixed % 3 == 0 ? name_of(mixed) : (struct bough_hash){{0}},
        .size_bytes = mixed,
        .settled = mixed % 3 != 0 && mixed % 2 == 0,
        .bytes = bough_bytes_of(pattern + mixed % 256, mixed % BYTES_MAX)};
}

static void check(struct pack_kept *kept, uint32_t n, uint32_t version, bool must)
{
    struct bough_hash name = name_of(n);
    struct pack_kept_entry want = entry_of(n, version);
    const struct pack_kept_entry *got = pack_kept_find(kept, &name);

    if (got == NULL) {
        assert_false(must);
        return;
    }
    assert_int_not_equal(version, 0);
    assert_true(bough_hash_equal(&got->name, &want.name));
    assert_true(bough_hash_equal(&got->base, &want.base));
    assert_int_equal(got->size_bytes, want.size_bytes);
    assert_int_equal(got->settled, want.settled);
    assert_true(bough_bytes_equal(got->bytes, want.bytes));
}

static void test_pack_kept__gives_out_what_was_added_last(void **unused)
{
    struct bough_heap *heap = host_env()->heap;
    uint32_t versions[NAMES] = {0};
    uint64_t state = test_seed();
    size_t limit = 60000;
    struct pack_kept *kept;

    (void)unused;
    assert_int_equal(pack_kept_open(heap, key, limit, &kept), BOUGH_OK);
    for (unsigned i = 0; i < 30000; i++) {
        uint32_t n = (uint32_t)(test_random(&state) % NAMES);

        if (i % 5000 == 4999)
            pack_kept_erase(kept);
        if (test_random(&state) % 20 == 0)
            pack_kept_turn(kept);
        if (test_random(&state) % 2 == 0) {
            struct pack_kept_entry entry = entry_of(n, ++versions[n]);

            pack_kept_add(kept, &entry);
        }
        check(kept, n, versions[n], false);
        assert_in_range(heap->taken_bytes, 1, limit + 1024);
    }
    pack_kept_close(kept);
    assert_int_equal(heap->taken_bytes, 0);
}

static void test_pack_kept__of_what_does_not_fit_a_part_stays(void **unused)
{
    struct bough_heap *heap = host_env()->heap;
    uint32_t hits = 0;
    struct pack_kept *kept;

    (void)unused;
    assert_int_equal(pack_kept_open(heap, key, 60000, &kept), BOUGH_OK);
    for (unsigned turn = 0; turn < 10; turn++) {
        pack_kept_turn(kept);
        hits = 0;
        for (uint32_t n = 0; n < NAMES; n++) {
            struct bough_hash name = name_of(n);
            struct pack_kept_entry entry = entry_of(n, 1);

            hits += pack_kept_find(kept, &name) != NULL;
            if (pack_kept_find(kept, &name) == NULL)
                pack_kept_add(kept, &entry);
        }
    }
    assert_in_range(hits, NAMES / 10, NAMES - 1);
    /* And when nobody asks for it any more, it makes room. */
    for (unsigned turn = 0; turn < 10; turn++)
        pack_kept_turn(kept);
    for (uint32_t n = NAMES; n < NAMES + 40; n++) {
        struct pack_kept_entry entry = entry_of(n, 1);

        pack_kept_add(kept, &entry);
        check(kept, n, 1, true);
    }
    pack_kept_close(kept);
    assert_int_equal(heap->taken_bytes, 0);
}

static void test_pack_kept__no_memory_means_that_nothing_is_kept(void **unused)
{
    struct bough_heap *heap = host_env()->heap;
    struct pack_kept_entry entry = entry_of(1, 1);
    size_t limit_bytes = heap->limit_bytes;
    struct pack_kept *kept;

    (void)unused;
    assert_int_equal(pack_kept_open(heap, key, 60000, &kept), BOUGH_OK);
    heap->limit_bytes = heap->taken_bytes;
    pack_kept_add(kept, &entry);
    assert_null(pack_kept_find(kept, &entry.name));
    heap->limit_bytes = limit_bytes;
    pack_kept_add(kept, &entry);
    check(kept, 1, 1, true);
    pack_kept_close(kept);
    assert_int_equal(heap->taken_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_kept__gives_out_what_was_added_last),
        cmocka_unit_test(test_pack_kept__of_what_does_not_fit_a_part_stays),
        cmocka_unit_test(test_pack_kept__no_memory_means_that_nothing_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
