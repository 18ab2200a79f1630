/* SPDX-License-Identifier: ISC
 *
 * fuzz_peer_object.c - any bytes as what another store sends: refused, or an object whose parts are
 * all within them.
 */
#include "peer_object.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct peer_object_ticket own;
    struct peer_object object;
    struct bough_root root;

    if (peer_object_read(bough_bytes_of(data, size), &object) == BOUGH_OK) {
        if (object.bytes.at + object.bytes.len != data + size ||
            object.bytes.len + ((size_t)object.count + 1) * PEER_OBJECT_TICKET_BYTES + 6 != size)
            abort();
        for (uint32_t i = 0; i < object.count; i++) {
            char text[2 * PEER_OBJECT_TICKET_BYTES + 1];
            struct peer_object_ticket ticket = peer_object_ticket_at(&object, i);

            peer_object_ticket_print(&ticket, text);
            if (!peer_object_ticket_parse(bough_bytes_text(text), &own) ||
                own.address != ticket.address)
                abort();
        }
    }
    if (peer_object_read_state(bough_bytes_of(data, size), &root, &own) == BOUGH_OK &&
        (object.kind != PEER_OBJECT_STATE || root.state.address != 0))
        abort();
    (void)peer_object_ticket_parse(bough_bytes_of(data, size), &own);
    return 0;
}
