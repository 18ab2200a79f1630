/* SPDX-License-Identifier: ISC
 *
 * fuzz_pkt_line.c - any bytes as a run of packets: none reaches outside them, and what is read is
 * written back as it was, but for the case of its digits.
 */
#include "host_env.h"
#include "pkt_line.h"
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bough_bytes rest = bough_bytes_of(data, size);
    struct buffer out;
    struct pkt_line packet;
    size_t used;

    buffer_init(&out, host_env()->heap, 1 << 20);
    while (pkt_line_parse(rest, &packet, &used) == BOUGH_OK) {
        if (used > rest.len || packet.data.len > used)
            abort();
        if (packet.kind == PKT_LINE_DATA) {
            out.len = 0;
            if (pkt_line_add(&out, packet.data) != BOUGH_OK || out.len != used ||
                strncasecmp((const char *)out.at, (const char *)rest.at, 4) != 0 ||
                memcmp(out.at + 4, rest.at + 4, used - 4) != 0)
                abort();
        }
        rest.at += used;
        rest.len -= used;
    }
    buffer_release(&out);
    return 0;
}
