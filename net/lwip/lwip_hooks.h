/* SPDX-License-Identifier: ISC
 *
 * lwip_hooks.h - the one hook that is set in lwIP: initial sequence numbers.
 */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "lwip/ip_addr.h"

/* The initial sequence number of a connection: a clock of 4 microseconds plus a keyed hash of both
 * ends (RFC 6528), so that it cannot be guessed from another connection's. */
u32_t lwip_port_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                    u16_t remote_port);

#endif
