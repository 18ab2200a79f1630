/* SPDX-License-Identifier: ISC
 *
 * laws_backend.h - what every backend of objects keeps, run over each of them by its own test.
 *
 * A test defines `struct bough_backend *laws_backend_open(void)`, which gives an empty store.
 */
#ifndef LAWS_BACKEND_H
#define LAWS_BACKEND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bough/port/backend.h"
#include "hash.h"
#include "host_env.h"

static struct bough_backend *laws_backend_open(void);

static struct bough_link laws_put(struct bough_backend *backend, enum bough_kind kind,
                                  struct bough_bytes bytes, const uint64_t *addresses,
                                  uint32_t count)
{
    struct bough_object object = {
        .kind = kind, .bytes = bytes, .addresses = addresses, .address_count = count};
    struct bough_place place;
    struct bough_link link;

    hash_of((uint32_t)kind, bytes, &link.name);
    assert_int_equal(bough_backend_put(backend, &link.name, &object, &place), BOUGH_OK);
    link.address = place.address;
    assert_true(link.address != 0);
    return link;
}

static void laws_check(struct bough_backend *backend, const struct bough_link *link,
                       enum bough_kind kind, struct bough_bytes bytes, const uint64_t *addresses,
                       uint32_t count)
{
    struct bough_arena arena;
    struct bough_object object;

    bough_arena_init(&arena, host_env()->heap, 64 << 20);
    assert_int_equal(bough_backend_get(backend, link, &arena, &object), BOUGH_OK);
    assert_int_equal(object.kind, kind);
    assert_true(bough_bytes_equal(object.bytes, bytes));
    assert_int_equal(object.address_count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(object.addresses[i], addresses[i]);
    bough_arena_release(&arena);
}

static void test_laws_backend__what_is_put_is_got(void **unused)
{
    static uint8_t bytes[400000];
    static const size_t sizes[] = {0, 1, 7, 8, 4080, 4096, 4097, 262144, 262145, 400000};
    struct bough_backend *backend = laws_backend_open();
    uint64_t addresses[300];
    struct bough_link links[10];

    (void)unused;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (uint32_t i = 0; i < 300; i++)
        addresses[i] = (uint64_t)i << 40 | i;
    for (size_t i = 0; i < 10; i++)
        links[i] = laws_put(backend, BOUGH_KIND_NODE, bough_bytes_of(bytes, sizes[i]), addresses,
                            (uint32_t)(i * 33));
    for (int synced = 0; synced < 2; synced++) {
        for (size_t i = 0; i < 10; i++)
            laws_check(backend, &links[i], BOUGH_KIND_NODE, bough_bytes_of(bytes, sizes[i]),
                       addresses, (uint32_t)(i * 33));
        assert_int_equal(bough_backend_root_move(backend, (uint64_t)synced, &links[0]), BOUGH_OK);
        assert_int_equal(bough_backend_sync(backend), BOUGH_OK);
    }
    bough_backend_close(backend);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_laws_backend__commits_are_found_by_name(void **unused)
{
    struct bough_backend *backend = laws_backend_open();
    struct bough_link links[1000];
    struct bough_hash other;
    uint64_t address;

    (void)unused;
    for (uint32_t i = 0; i < 1000; i++)
        links[i] = laws_put(backend, i % 2 ? BOUGH_KIND_COMMIT : BOUGH_KIND_TAG,
                            bough_bytes_of(&i, sizeof(i)), NULL, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(bough_backend_find(backend, &links[i].name, &address), BOUGH_OK);
        assert_int_equal(address, links[i].address);
    }
    hash_of(BOUGH_KIND_COMMIT, bough_bytes_text("never put"), &other);
    assert_int_equal(bough_backend_find(backend, &other, &address), BOUGH_NOT_FOUND);
    bough_backend_close(backend);
}

static void test_laws_backend__the_root_moves_from_where_it_is_or_not_at_all(void **unused)
{
    struct bough_backend *backend = laws_backend_open();
    struct bough_link a = laws_put(backend, BOUGH_KIND_NODE, bough_bytes_text("a"), NULL, 0);
    struct bough_link b = laws_put(backend, BOUGH_KIND_NODE, bough_bytes_text("b"), NULL, 0);
    struct bough_root root;

    (void)unused;
    bough_backend_root_get(backend, &root);
    assert_int_equal(root.generation, 0);
    assert_true(bough_hash_is_none(&root.state.name));
    assert_int_equal(bough_backend_root_move(backend, 0, &a), BOUGH_OK);
    assert_int_equal(bough_backend_root_move(backend, 0, &b), BOUGH_STALE);
    bough_backend_root_get(backend, &root);
    assert_int_equal(root.generation, 1);
    assert_true(bough_hash_equal(&root.state.name, &a.name));
    assert_int_equal(bough_backend_root_move(backend, 1, &b), BOUGH_OK);
    assert_int_equal(bough_backend_sync(backend), BOUGH_OK);
    bough_backend_close(backend);
}

#define LAWS_BACKEND_TESTS                                              \
    cmocka_unit_test(test_laws_backend__what_is_put_is_got),            \
        cmocka_unit_test(test_laws_backend__commits_are_found_by_name), \
        cmocka_unit_test(test_laws_backend__the_root_moves_from_where_it_is_or_not_at_all)

#endif
