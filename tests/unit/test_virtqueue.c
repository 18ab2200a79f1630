/* SPDX-License-Identifier: ISC
 *
 * test_virtqueue.c - the driver's side of a virtqueue against a device that the test plays.
 *
 * Proves it from the device's side of the shared memory: what the driver published must be a
 * well-formed chain, what the device answers must come back unchanged, and every answer that cannot
 * be must be refused.  Run under AddressSanitizer, believing a lie would be an access out of
 * bounds.
 */
#include "bus/virtio.c"
#include "bus/virtqueue.c"
#include "fake_virtio.h"
#include "host_env.h"
#include "test_seed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROUNDS 20000u

struct fixture {
    struct fake_virtio fake;
    struct virtqueue *queue;
    uint8_t memory[FAKE_QUEUE_SIZE][16];
};

static int open_queue(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof(fixture));
    fake_init(&fixture.fake, BUS_KIND_BLOCK, 0);
    assert_int_equal(
        virtqueue_open(host_env(), &fixture.fake.base, 0, FAKE_QUEUE_SIZE, &fixture.queue),
        BOUGH_OK);
    *state = &fixture;
    return 0;
}

static int close_queue(void **state)
{
    virtqueue_close(((struct fixture *)*state)->queue);
    return host_env()->heap->taken_bytes == 0 ? 0 : -1;
}

/* Adds a chain of `count` pieces, the last one for the device to write; its id. */
static uint16_t add_chain(struct fixture *fixture, uint32_t count)
{
    struct virtqueue_piece pieces[FAKE_QUEUE_SIZE];
    uint16_t id;

    for (uint32_t i = 0; i < count; i++)
        pieces[i] = (struct virtqueue_piece){
            .at = fixture->memory[i], .len = 1 + i % 16, .device_writes = i + 1 == count};
    assert_int_equal(virtqueue_add(fixture->queue, pieces, count, &id), BOUGH_OK);
    return id;
}

/* How many descriptors the device sees in a chain; each must be inside the ring. */
static uint32_t walk_chain(struct fixture *fixture, uint16_t head)
{
    uint32_t count = 1;
    uint16_t id = head;

    while ((fake_descriptor(&fixture->fake, 0, id)->flags & DESCRIPTOR_NEXT) != 0) {
        id = fake_descriptor(&fixture->fake, 0, id)->next;
        assert_true(id < FAKE_QUEUE_SIZE);
        count++;
        assert_true(count <= FAKE_QUEUE_SIZE);
    }
    assert_true((fake_descriptor(&fixture->fake, 0, id)->flags & DESCRIPTOR_WRITE) != 0);
    return count;
}

static void test_virtqueue__chains_come_back_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    uint64_t random = test_seed();
    uint16_t heads[FAKE_QUEUE_SIZE];
    uint32_t counts[FAKE_QUEUE_SIZE] = {0}; /* by id: descriptors in flight */
    uint32_t held = 0;                      /* by the device */
    uint32_t in_flight = 0;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t count = (uint32_t)test_below(&random, 5) + 1;
        uint16_t id;
        uint32_t len;

        if (test_below(&random, 2) == 0 && in_flight + count <= FAKE_QUEUE_SIZE) {
            id = add_chain(fixture, count);
            assert_int_equal(counts[id], 0);
            counts[id] = count;
            in_flight += count;
            assert_true(fake_next(&fixture->fake, 0, &heads[held]));
            assert_int_equal(heads[held], id);
            assert_int_equal(walk_chain(fixture, id), count);
            held++;
        } else if (held > 0) {
            uint32_t at = (uint32_t)test_below(&random, held);

            fake_answer(&fixture->fake, 0, heads[at], 1);
            assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_OK);
            assert_int_equal(id, heads[at]);
            assert_int_equal(len, 1);
            in_flight -= counts[id];
            counts[id] = 0;
            heads[at] = heads[--held];
        }
        assert_int_equal(fixture->queue->free_count, FAKE_QUEUE_SIZE - in_flight);
    }
}

static void test_virtqueue__a_full_queue_is_busy(void **state)
{
    struct fixture *fixture = *state;
    struct virtqueue_piece piece = {.at = fixture->memory, .len = 16};
    uint16_t id;
    uint32_t len;

    for (uint32_t i = 0; i < FAKE_QUEUE_SIZE; i++)
        (void)add_chain(fixture, 1);
    assert_int_equal(virtqueue_add(fixture->queue, &piece, 1, &id), BOUGH_BUSY);
    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_NOT_READY);
    fake_answer(&fixture->fake, 0, 7, 0);
    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_OK);
    assert_int_equal(virtqueue_add(fixture->queue, &piece, 1, &id), BOUGH_OK);
    assert_int_equal(id, 7);
}

/* After a lie the queue stays unusable. */
static void expect_refused(struct fixture *fixture)
{
    struct virtqueue_piece piece = {.at = fixture->memory, .len = 16};
    uint16_t id;
    uint32_t len;

    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_CORRUPT);
    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_CORRUPT);
    assert_int_equal(virtqueue_add(fixture->queue, &piece, 1, &id), BOUGH_BUSY);
}

static void test_virtqueue__an_id_past_the_ring_is_refused(void **state)
{
    struct fixture *fixture = *state;

    (void)add_chain(fixture, 2);
    fake_answer(&fixture->fake, 0, 0x40000000u, 1);
    expect_refused(fixture);
}

static void test_virtqueue__an_id_inside_a_chain_is_refused(void **state)
{
    struct fixture *fixture = *state;
    uint16_t head = add_chain(fixture, 3);

    fake_answer(&fixture->fake, 0, fake_descriptor(&fixture->fake, 0, head)->next, 1);
    expect_refused(fixture);
}

static void test_virtqueue__the_same_answer_twice_is_refused(void **state)
{
    struct fixture *fixture = *state;
    uint16_t head = add_chain(fixture, 2);
    uint16_t id;
    uint32_t len;

    (void)add_chain(fixture, 2);
    fake_answer(&fixture->fake, 0, head, 1);
    fake_answer(&fixture->fake, 0, head, 1);
    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_OK);
    expect_refused(fixture);
}

static void test_virtqueue__more_answers_than_chains_are_refused(void **state)
{
    struct fixture *fixture = *state;
    uint16_t head = add_chain(fixture, 2);

    fake_answer(&fixture->fake, 0, head, 1);
    fake_answer(&fixture->fake, 0, head, 1);
    expect_refused(fixture);
}

static void test_virtqueue__a_length_past_the_room_is_refused(void **state)
{
    struct fixture *fixture = *state;
    uint16_t head = add_chain(fixture, 2); /* the second piece has room for 2 bytes */
    uint16_t id;
    uint32_t len;

    fake_answer(&fixture->fake, 0, head, 2);
    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_OK);
    assert_int_equal(len, 2);
    head = add_chain(fixture, 2);
    fake_answer(&fixture->fake, 0, head, 3);
    expect_refused(fixture);
}

static void test_virtqueue__a_legacy_length_past_the_room_is_cut(void **state)
{
    struct fixture *fixture = *state;
    uint16_t head = add_chain(fixture, 2);
    uint16_t id;
    uint32_t len;

    fixture->fake.base.legacy = true;
    fake_answer(&fixture->fake, 0, head, UINT32_MAX);
    assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_OK);
    assert_int_equal(len, 2);
}

static void test_virtqueue__links_that_the_device_overwrites_are_not_followed(void **state)
{
    struct fixture *fixture = *state;
    uint16_t id;
    uint32_t len;

    for (uint32_t round = 0; round < 100; round++) {
        uint16_t head = add_chain(fixture, 5);

        memset(fake_descriptor(&fixture->fake, 0, 0), 0xff,
               FAKE_QUEUE_SIZE * sizeof(struct fake_descriptor));
        fake_answer(&fixture->fake, 0, head, 0);
        assert_int_equal(virtqueue_take(fixture->queue, &id, &len), BOUGH_OK);
        assert_int_equal(fixture->queue->free_count, FAKE_QUEUE_SIZE);
    }
}

static void test_virtqueue__the_device_is_told_once_and_only_if_it_wants(void **state)
{
    struct fixture *fixture = *state;
    uint16_t *used = (uint16_t *)(uintptr_t)fixture->fake.rings[0].used;

    virtqueue_kick(fixture->queue);
    assert_int_equal(fixture->fake.notify_count, 0);
    (void)add_chain(fixture, 1);
    (void)add_chain(fixture, 1);
    virtqueue_kick(fixture->queue);
    virtqueue_kick(fixture->queue);
    assert_int_equal(fixture->fake.notify_count, 1);
    used[0] = USED_NO_NOTIFY;
    (void)add_chain(fixture, 1);
    virtqueue_kick(fixture->queue);
    assert_int_equal(fixture->fake.notify_count, 1);
}

static void test_virtqueue__the_size_is_a_power_of_two_that_both_allow(void **state)
{
    (void)state;
    assert_int_equal(choose_size(64, 128), 64);
    assert_int_equal(choose_size(256, 128), 128);
    assert_int_equal(choose_size(100, 128), 64);
    assert_int_equal(choose_size(1, 128), 1);
}

static void test_virtio__a_missing_feature_is_refused(void **state)
{
    struct fake_virtio fake;
    uint64_t features;

    (void)state;
    fake_init(&fake, BUS_KIND_NET, 6);
    assert_int_equal(virtio_start(host_env(), &fake.base, 2, 4, &features), BOUGH_OK);
    assert_true(features == (6 | VIRTIO_F_VERSION_1) && fake.accepted == features);
    assert_int_equal(virtio_start(host_env(), &fake.base, 2, 8, &features), BOUGH_UNSUPPORTED);
    fake.offered = 6;
    assert_int_equal(virtio_start(host_env(), &fake.base, 2, 0, &features), BOUGH_UNSUPPORTED);
    fake.base.legacy = true;
    assert_int_equal(virtio_start(host_env(), &fake.base, 2, 0, &features), BOUGH_OK);
    assert_true(features == 2);
}

#define WITH_QUEUE(test) cmocka_unit_test_setup_teardown(test, open_queue, close_queue)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_QUEUE(test_virtqueue__chains_come_back_in_any_order),
        WITH_QUEUE(test_virtqueue__a_full_queue_is_busy),
        WITH_QUEUE(test_virtqueue__an_id_past_the_ring_is_refused),
        WITH_QUEUE(test_virtqueue__an_id_inside_a_chain_is_refused),
        WITH_QUEUE(test_virtqueue__the_same_answer_twice_is_refused),
        WITH_QUEUE(test_virtqueue__more_answers_than_chains_are_refused),
        WITH_QUEUE(test_virtqueue__a_length_past_the_room_is_refused),
        WITH_QUEUE(test_virtqueue__a_legacy_length_past_the_room_is_cut),
        WITH_QUEUE(test_virtqueue__links_that_the_device_overwrites_are_not_followed),
        WITH_QUEUE(test_virtqueue__the_device_is_told_once_and_only_if_it_wants),
        cmocka_unit_test(test_virtqueue__the_size_is_a_power_of_two_that_both_allow),
        cmocka_unit_test(test_virtio__a_missing_feature_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
