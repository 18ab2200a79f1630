/* SPDX-License-Identifier: ISC
 *
 * test_pkt_line.c - golden bytes both ways, and every prefix of a packet: cut anywhere, a packet is
 * never taken for complete.
 */
#include "host_env.h"
#include "pkt_line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum bough_err parse(const char *text, struct pkt_line *packet, size_t *used)
{
    return pkt_line_parse(bough_bytes_text(text), packet, used);
}

static void test_pkt_line__what_is_written_is_read_back(void **unused)
{
    struct buffer out;
    struct pkt_line packet;
    size_t used;

    (void)unused;
    buffer_init(&out, host_env()->heap, 1 << 20);
    assert_int_equal(pkt_line_print(&out, "want %s\n", "abc"), BOUGH_OK);
    assert_int_equal(pkt_line_delim(&out), BOUGH_OK);
    assert_int_equal(pkt_line_flush(&out), BOUGH_OK);
    assert_memory_equal(out.at, "000dwant abc\n00010000", 21);
    assert_int_equal(pkt_line_parse(buffer_bytes(&out), &packet, &used), BOUGH_OK);
    assert_int_equal(used, 13);
    assert_int_equal(packet.kind, PKT_LINE_DATA);
    assert_int_equal(pkt_line_text(&packet).len, 8);
    buffer_release(&out);
    assert_int_equal(host_env()->heap->taken_bytes, 0);
}

static void test_pkt_line__special_packets_have_no_data(void **unused)
{
    struct pkt_line packet;
    size_t used;

    (void)unused;
    assert_int_equal(parse("0000x", &packet, &used), BOUGH_OK);
    assert_int_equal(packet.kind, PKT_LINE_FLUSH);
    assert_int_equal(used, 4);
    assert_int_equal(parse("0001", &packet, &used), BOUGH_OK);
    assert_int_equal(packet.kind, PKT_LINE_DELIM);
    assert_int_equal(parse("0002", &packet, &used), BOUGH_OK);
    assert_int_equal(packet.kind, PKT_LINE_RESPONSE_END);
    assert_int_equal(parse("0004", &packet, &used), BOUGH_OK);
    assert_int_equal(packet.kind, PKT_LINE_DATA);
    assert_int_equal(packet.data.len, 0);
}

static void test_pkt_line__lengths_that_no_packet_has_are_refused(void **unused)
{
    static const char *const bad[] = {"0003", "fff1", "ffff", "00g0", "-001", " 004", "0x04", "g"};
    struct pkt_line packet;
    size_t used;

    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(parse(bad[i], &packet, &used), BOUGH_INVALID);
}

static void test_pkt_line__a_cut_packet_is_never_complete(void **unused)
{
    const char whole[] = "000Dwant abc\n";
    struct pkt_line packet;
    size_t used;

    (void)unused;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        assert_int_equal(pkt_line_parse(bough_bytes_of(whole, len), &packet, &used),
                         BOUGH_NOT_READY);
        assert_true(used > len);
    }
}

static void test_pkt_line__the_greatest_packet_is_65520_bytes(void **unused)
{
    static uint8_t data[BOUGH_PKT_BYTES_MAX + 4];
    struct pkt_line packet;
    struct buffer out;
    size_t used;

    (void)unused;
    buffer_init(&out, host_env()->heap, 1 << 20);
    assert_int_equal(pkt_line_add(&out, bough_bytes_of(data, PKT_LINE_DATA_MAX)), BOUGH_OK);
    assert_memory_equal(out.at, "fff0", 4);
    assert_int_equal(pkt_line_parse(buffer_bytes(&out), &packet, &used), BOUGH_OK);
    assert_int_equal(used, BOUGH_PKT_BYTES_MAX);
    out.at[3] = '1';
    assert_int_equal(pkt_line_parse(buffer_bytes(&out), &packet, &used), BOUGH_INVALID);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pkt_line__what_is_written_is_read_back),
        cmocka_unit_test(test_pkt_line__special_packets_have_no_data),
        cmocka_unit_test(test_pkt_line__lengths_that_no_packet_has_are_refused),
        cmocka_unit_test(test_pkt_line__a_cut_packet_is_never_complete),
        cmocka_unit_test(test_pkt_line__the_greatest_packet_is_65520_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
