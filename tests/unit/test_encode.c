/* SPDX-License-Identifier: ISC
 *
 * test_encode.c - what is encoded decodes to the same, and nothing else decodes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "decode.h"
#include "encode.h"
#include "hash.h"
#include "test_seed.h"

static void test_encode__numbers_come_back(void **unused)
{
    uint64_t seed = test_seed();
    uint8_t bytes[64];

    (void)unused;
    for (int i = 0; i < 20000; i++) {
        uint64_t number = test_random(&seed) >> test_below(&seed, 64);
        struct encode out = encode_into(bytes, sizeof(bytes));
        struct decode in;

        encode_varint(&out, number);
        assert_int_equal(out.len, encode_varint_size(number));
        encode_signed(&out, (int64_t)number);
        encode_signed(&out, -(int64_t)(number >> 1));
        encode_u64(&out, number);
        encode_u32(&out, (uint32_t)number);
        encode_u16(&out, (uint16_t)number);
        assert_false(out.overflow);
        in = decode_from(bough_bytes_of(bytes, out.len));
        assert_int_equal(decode_varint(&in), number);
        assert_int_equal(decode_signed(&in), (int64_t)number);
        assert_int_equal(decode_signed(&in), -(int64_t)(number >> 1));
        assert_int_equal(decode_u64(&in), number);
        assert_int_equal(decode_u32(&in), (uint32_t)number);
        assert_int_equal(decode_u16(&in), (uint16_t)number);
        assert_false(in.bad);
        assert_int_equal(in.left, 0);
    }
}

static void test_encode__nothing_is_written_past_the_end(void **unused)
{
    uint8_t bytes[4] = {9, 9, 9, 9};
    struct encode out = encode_into(bytes, 3);

    (void)unused;
    encode_u16(&out, 0x0102);
    encode_u16(&out, 0x0304);
    assert_true(out.overflow);
    assert_int_equal(out.len, 2);
    encode_u8(&out, 5); /* would fit, but a hole is worse than nothing */
    assert_int_equal(out.len, 2);
    assert_int_equal(bytes[3], 9);
}

static void test_encode__each_number_has_one_varint(void **unused)
{
    static const uint8_t longer[] = {0x80, 0x00};
    static const uint8_t too_large[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    static const uint8_t largest[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t cut[] = {0xff};
    struct decode in = decode_from(bough_bytes_of(longer, sizeof(longer)));

    (void)unused;
    assert_int_equal(decode_varint(&in), 0);
    assert_true(in.bad);
    in = decode_from(bough_bytes_of(too_large, sizeof(too_large)));
    (void)decode_varint(&in);
    assert_true(in.bad);
    in = decode_from(bough_bytes_of(largest, sizeof(largest)));
    assert_true(decode_varint(&in) == UINT64_MAX && !in.bad);
    in = decode_from(bough_bytes_of(cut, sizeof(cut)));
    (void)decode_varint(&in);
    assert_true(in.bad);
    assert_int_equal(decode_u8(&in), 0); /* and stays bad */
}

static void test_encode__a_length_past_the_end_is_a_fault(void **unused)
{
    static const uint8_t bytes[] = {5, 'a', 'b'};
    struct decode in = decode_from(bough_bytes_of(bytes, sizeof(bytes)));

    (void)unused;
    assert_int_equal(decode_bytes(&in).len, 0);
    assert_true(in.bad);
}

static void test_encode__hashes_are_those_of_rfc_7693_and_siphash(void **unused)
{
    /* The message and key of the SipHash paper (00..0e under 00..0f); its own vector is for 2-4
     * rounds, this one for 1-3.  The BLAKE2b vector is Python's hashlib with the same person. */
    uint8_t key[16];
    uint8_t text[15];
    struct bough_hash one;
    struct bough_hash other;
    char hex[65];

    (void)unused;
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        text[i] = i;
    assert_true(hash_keyed(key, text, 15) == 0xd320d86d2a519956u);
    hash_of(1, bough_bytes_text("abc"), &one);
    hash_of(2, bough_bytes_text("abc"), &other);
    assert_false(bough_hash_equal(&one, &other)); /* the kind is part of the name */
    hash_hex(&one, hex);
    assert_string_equal(hex, "4720e931317437575cf09c63498c0db60af53c98ee6ce4c21dfe5f142632251c");
    assert_true(hash_parse(bough_bytes_text(hex), &other));
    assert_true(bough_hash_equal(&one, &other));
    hex[63] = 'g';
    assert_false(hash_parse(bough_bytes_text(hex), &other));
    assert_false(hash_parse(bough_bytes_of(hex, 63), &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode__numbers_come_back),
        cmocka_unit_test(test_encode__nothing_is_written_past_the_end),
        cmocka_unit_test(test_encode__each_number_has_one_varint),
        cmocka_unit_test(test_encode__a_length_past_the_end_is_a_fault),
        cmocka_unit_test(test_encode__hashes_are_those_of_rfc_7693_and_siphash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
