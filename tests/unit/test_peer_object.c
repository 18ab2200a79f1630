/* SPDX-License-Identifier: ISC
 *
 * test_peer_object.c - what one store hands to another is read as it was written, and only tickets
 * that were handed out are good.
 *
 * How: golden bytes; every prefix of a reply; every bit of a ticket, and every other name.
 */
#include "store_setup.h"

#include "peer_object.h"

static const uint8_t secret[PEER_OBJECT_SECRET_BYTES] = "a secret of thirty-two bytes...";

static struct bough_link link_of(uint8_t fill, uint64_t address)
{
    struct bough_link link = {.address = address};

    memset(link.name.at, fill, sizeof(link.name.at));
    return link;
}

/* An object that leads to two others, and once nowhere. */
static struct bough_bytes write_one(struct bough_arena *arena)
{
    static const uint64_t addresses[] = {5, 0, 0x1122334455667788};
    const struct bough_hash names[] = {link_of(1, 0).name, {{0}}, link_of(2, 0).name};
    const struct bough_object object = {.kind = BOUGH_KIND_NODE,
                                        .bytes = bough_bytes_text("bytes"),
                                        .addresses = addresses,
                                        .address_count = 3};
    struct bough_link own = link_of(3, 9);
    struct bough_bytes reply;

    assert_int_equal(peer_object_write(secret, &own, &object, names, arena, &reply), BOUGH_OK);
    return reply;
}

static void test_peer_object__is_read_as_it_was_written(void **unused)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes reply = write_one(&arena);
    struct bough_link expected[] = {link_of(1, 5), {{{0}}, 0}, link_of(2, 0x1122334455667788)};
    struct bough_link own = link_of(3, 0);
    struct peer_object object;

    (void)unused;
    assert_int_equal(peer_object_read(reply, &object), BOUGH_OK);
    assert_int_equal(object.kind, BOUGH_KIND_NODE);
    assert_int_equal(object.count, 3);
    assert_true(bough_bytes_equal(object.bytes, bough_bytes_text("bytes")));
    assert_true(peer_object_is_proved(secret, &own.name, &object.own));
    for (uint32_t i = 0; i < 3; i++) {
        struct peer_object_ticket ticket = peer_object_ticket_at(&object, i);

        assert_int_equal(ticket.address, expected[i].address);
        assert_int_equal(peer_object_is_proved(secret, &expected[i].name, &ticket),
                         expected[i].address != 0);
    }
    bough_arena_release(&arena);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_peer_object__the_bytes_are_as_written_down(void **unused)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_root root = {.generation = 0x0102, .state = link_of(7, 6)};
    const uint8_t head[] = {1, 2, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t state_head[] = {1, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t state_tail[] = {2, 1, 0, 0, 0, 0, 0, 0, 7, 7};
    struct bough_bytes reply = write_one(&arena);
    struct peer_object_ticket own;
    struct bough_root read;

    (void)unused;
    assert_int_equal(reply.len, 6 + 4 * PEER_OBJECT_TICKET_BYTES + 5);
    assert_memory_equal(reply.at, head, sizeof(head));
    assert_memory_equal(reply.at + reply.len - 5, "bytes", 5);
    assert_int_equal(peer_object_write_state(secret, &root, &arena, &reply), BOUGH_OK);
    assert_int_equal(reply.len, 6 + PEER_OBJECT_TICKET_BYTES + 8 + BOUGH_HASH_BYTES);
    assert_memory_equal(reply.at, state_head, sizeof(state_head));
    assert_memory_equal(reply.at + 6 + PEER_OBJECT_TICKET_BYTES, state_tail, sizeof(state_tail));
    assert_int_equal(peer_object_read_state(reply, &read, &own), BOUGH_OK);
    assert_int_equal(read.generation, 0x0102);
    assert_true(bough_hash_equal(&read.state.name, &root.state.name));
    assert_int_equal(own.address, 6);
    bough_arena_release(&arena);
}

static void test_peer_object__what_is_cut_or_newer_is_refused(void **unused)
{
    struct bough_arena arena = store_setup_arena();
    struct bough_bytes reply = write_one(&arena);
    uint8_t *bytes = (uint8_t *)reply.at;
    struct peer_object_ticket own;
    struct peer_object object;
    struct bough_root root;

    (void)unused;
    assert_int_equal(peer_object_read_state(reply, &root, &own), BOUGH_INVALID);
    for (size_t len = 0; len < reply.len - 5; len++)
        assert_int_equal(peer_object_read(bough_bytes_of(bytes, len), &object), BOUGH_INVALID);
    memset(bytes + 2, 0xff, 4); /* the count */
    assert_int_equal(peer_object_read(reply, &object), BOUGH_INVALID);
    bytes[1] = 6;
    assert_int_equal(peer_object_read(reply, &object), BOUGH_INVALID);
    bytes[0] = 2;
    assert_int_equal(peer_object_read(reply, &object), BOUGH_WRONG_VERSION);
    bough_arena_release(&arena);
}

static void test_peer_object__a_ticket_is_good_for_its_name_and_secret_only(void **unused)
{
    struct bough_link link = link_of(1, 77);
    uint8_t other[PEER_OBJECT_SECRET_BYTES];
    char text[2 * PEER_OBJECT_TICKET_BYTES + 1];
    struct peer_object_ticket ticket;
    struct peer_object_ticket parsed;

    (void)unused;
    peer_object_prove(secret, &link, &ticket);
    peer_object_ticket_print(&ticket, text);
    assert_true(peer_object_ticket_parse(bough_bytes_text(text), &parsed));
    assert_true(peer_object_is_proved(secret, &link.name, &parsed));
    for (size_t bit = 0; bit < PEER_OBJECT_PROOF_BYTES * 8; bit++) {
        parsed = ticket;
        parsed.proof[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(peer_object_is_proved(secret, &link.name, &parsed));
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        parsed = ticket;
        parsed.address ^= (uint64_t)1 << bit;
        assert_false(peer_object_is_proved(secret, &link.name, &parsed));
    }
    for (unsigned bit = 0; bit < 256; bit++) {
        struct bough_hash name = link.name;

        name.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(peer_object_is_proved(secret, &name, &ticket));
    }
    memcpy(other, secret, sizeof(other));
    other[0]++;
    assert_false(peer_object_is_proved(other, &link.name, &ticket));
    text[3] = 'x';
    assert_false(peer_object_ticket_parse(bough_bytes_text(text), &parsed));
    assert_false(peer_object_ticket_parse(bough_bytes_of(text, 3), &parsed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_object__is_read_as_it_was_written),
        cmocka_unit_test(test_peer_object__the_bytes_are_as_written_down),
        cmocka_unit_test(test_peer_object__what_is_cut_or_newer_is_refused),
        cmocka_unit_test(test_peer_object__a_ticket_is_good_for_its_name_and_secret_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
