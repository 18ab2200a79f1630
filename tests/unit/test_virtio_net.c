/* SPDX-License-Identifier: ISC
 *
 * test_virtio_net.c - the virtio network driver against a card that the test plays.
 *
 * Proves it by passing frames both ways and looking at what the other side gets: headers, padding,
 * rings that run full, and a card that answers with what it never got.
 */
#include "bus/virtio.c"
#include "bus/virtqueue.c"
#include "fake_virtio.h"
#include "host_env.h"
#include "test_seed.h"
#include "virtio_net.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct card {
    struct fake_virtio fake; /* first */
    struct bough_frames *frames;
    uint8_t frame[2048];
};

static const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3};

static struct card *open_card(bool legacy)
{
    struct card *card = calloc(1, sizeof(*card));

    assert_non_null(card);
    fake_init(&card->fake, BUS_KIND_NET, F_MAC);
    card->fake.base.legacy = legacy;
    memcpy(card->fake.config, mac, sizeof(mac));
    assert_int_equal(bough_virtio_net_open(host_env(), &card->fake.base, &card->frames), BOUGH_OK);
    return card;
}

static void drop_card(struct card *card)
{
    bough_frames_close(card->frames);
    assert_int_equal(card->fake.status, 0);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
    free(card);
}

/* The card receives a frame of `len` bytes from the wire, each byte `fill`. */
static void wire_in(struct card *card, uint32_t len, uint8_t fill)
{
    uint32_t header = card->fake.base.legacy ? HEADER_OLD : HEADER_BYTES;
    struct fake_descriptor *buffer;
    uint16_t head;

    assert_true(fake_next(&card->fake, QUEUE_RECEIVE, &head));
    buffer = fake_descriptor(&card->fake, QUEUE_RECEIVE, head);
    assert_true(buffer->len >= header + len && (buffer->flags & 2u) != 0);
    memset((uint8_t *)(uintptr_t)buffer->address, 0xee, buffer->len);
    memset((uint8_t *)(uintptr_t)buffer->address + header, fill, len);
    fake_answer(&card->fake, QUEUE_RECEIVE, head, header + len);
}

/* The card sends the next frame; its length, or 0. */
static uint32_t wire_out(struct card *card)
{
    uint32_t header = card->fake.base.legacy ? HEADER_OLD : HEADER_BYTES;
    struct fake_descriptor *buffer;
    uint16_t head;

    if (!fake_next(&card->fake, QUEUE_SEND, &head))
        return 0;
    buffer = fake_descriptor(&card->fake, QUEUE_SEND, head);
    for (uint32_t i = 0; i < header; i++)
        assert_int_equal(((uint8_t *)(uintptr_t)buffer->address)[i], 0);
    memcpy(card->frame, (uint8_t *)(uintptr_t)buffer->address + header, buffer->len - header);
    fake_answer(&card->fake, QUEUE_SEND, head, 0);
    return buffer->len - header;
}

static void pass_both_ways(bool legacy)
{
    struct card *card = open_card(legacy);
    uint8_t frame[2048];
    size_t len;

    assert_memory_equal(card->frames->mac, mac, sizeof(mac));
    assert_int_equal(card->frames->mtu, 1500);
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t bytes = 60 + round * 13 % (1514 - 60 + 1);

        wire_in(card, bytes, (uint8_t)round);
        assert_int_equal(bough_frames_receive(card->frames, frame, sizeof(frame), &len), BOUGH_OK);
        assert_int_equal(len, bytes);
        assert_true(frame[0] == (uint8_t)round && frame[bytes - 1] == (uint8_t)round);
        assert_int_equal(bough_frames_send(card->frames, frame, len), BOUGH_OK);
        assert_int_equal(wire_out(card), bytes);
        assert_memory_equal(card->frame, frame, bytes);
    }
    assert_int_equal(bough_frames_receive(card->frames, frame, sizeof(frame), &len),
                     BOUGH_NOT_READY);
    drop_card(card);
}

static void test_virtio_net__frames_pass_both_ways(void **state)
{
    (void)state;
    pass_both_ways(false);
}

static void test_virtio_net__frames_pass_both_ways_on_a_legacy_card(void **state)
{
    (void)state;
    pass_both_ways(true);
}

static void test_virtio_net__a_short_frame_is_padded_with_zeros(void **state)
{
    struct card *card = open_card(false);
    uint8_t frame[2048];
    size_t len;

    (void)state;
    for (uint32_t bytes = 0; bytes < 60; bytes++) {
        memset(frame, 0xaa, sizeof(frame));
        wire_in(card, bytes, 0x11);
        assert_int_equal(bough_frames_receive(card->frames, frame, sizeof(frame), &len), BOUGH_OK);
        assert_int_equal(len, 60);
        for (uint32_t i = 0; i < 60; i++)
            assert_int_equal(frame[i], i < bytes ? 0x11 : 0);
        assert_int_equal(frame[60], 0xaa);
    }
    drop_card(card);
}

static void test_virtio_net__a_full_ring_is_not_ready_and_tells_the_card(void **state)
{
    struct card *card = open_card(false);
    uint32_t sent = 0;

    (void)state;
    card->fake.notify_count = 0;
    while (bough_frames_send(card->frames, card->frame, 100) == BOUGH_OK)
        sent++;
    assert_int_equal(sent, FAKE_QUEUE_SIZE);
    assert_true(card->fake.notify_count >= 1);
    assert_int_equal(bough_frames_send(card->frames, card->frame, 100), BOUGH_NOT_READY);
    assert_int_equal(wire_out(card), 100);
    assert_int_equal(bough_frames_send(card->frames, card->frame, 100), BOUGH_OK);
    assert_int_equal(bough_frames_send(card->frames, card->frame, 1515), BOUGH_TOO_BIG);
    drop_card(card);
}

static void test_virtio_net__a_burst_is_one_notification(void **state)
{
    struct card *card = open_card(false);
    size_t len;

    (void)state;
    card->fake.notify_count = 0;
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(bough_frames_send(card->frames, card->frame, 60), BOUGH_OK);
    assert_int_equal(card->fake.notify_count, 0);
    assert_int_equal(bough_frames_receive(card->frames, card->frame, 2048, &len), BOUGH_NOT_READY);
    assert_int_equal(card->fake.notify_count, 1);
    bough_frames_wait(card->frames, 1);
    assert_int_equal(card->fake.wait_count, 1);
    drop_card(card);
}

static void test_virtio_net__a_card_that_lies_is_given_up(void **state)
{
    struct card *card = open_card(false);
    size_t len;

    (void)state;
    fake_answer(&card->fake, QUEUE_RECEIVE, 3, BUFFER_BYTES + 1);
    assert_int_equal(bough_frames_receive(card->frames, card->frame, 2048, &len), BOUGH_IO);
    assert_int_equal(card->fake.status, 0);
    assert_int_equal(bough_frames_receive(card->frames, card->frame, 2048, &len), BOUGH_IO);
    assert_int_equal(bough_frames_send(card->frames, card->frame, 60), BOUGH_IO);
    drop_card(card);
    card = open_card(false);
    fake_answer(&card->fake, QUEUE_SEND, 0, 0);
    assert_int_equal(bough_frames_send(card->frames, card->frame, 60), BOUGH_IO);
    drop_card(card);
}

static void test_virtio_net__random_traffic_loses_and_doubles_nothing(void **state)
{
    struct card *card = open_card(false);
    uint64_t random = test_seed();
    uint32_t in = 0;
    uint32_t received = 0;
    uint8_t frame[2048];
    size_t len;

    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        uint64_t what = test_below(&random, 4);

        if (what < 2 && in - received < FAKE_QUEUE_SIZE) {
            wire_in(card, 64 + in % 100, (uint8_t)in);
            in++;
        } else if (what == 2 && received < in) {
            assert_int_equal(bough_frames_receive(card->frames, frame, sizeof(frame), &len),
                             BOUGH_OK);
            assert_int_equal(len, 64 + received % 100);
            assert_int_equal(frame[5], (uint8_t)received);
            received++;
        } else if (bough_frames_send(card->frames, frame, 64) == BOUGH_NOT_READY) {
            while (wire_out(card) != 0)
                ;
        }
    }
    drop_card(card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virtio_net__frames_pass_both_ways),
        cmocka_unit_test(test_virtio_net__frames_pass_both_ways_on_a_legacy_card),
        cmocka_unit_test(test_virtio_net__a_short_frame_is_padded_with_zeros),
        cmocka_unit_test(test_virtio_net__a_full_ring_is_not_ready_and_tells_the_card),
        cmocka_unit_test(test_virtio_net__a_burst_is_one_notification),
        cmocka_unit_test(test_virtio_net__a_card_that_lies_is_given_up),
        cmocka_unit_test(test_virtio_net__random_traffic_loses_and_doubles_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
