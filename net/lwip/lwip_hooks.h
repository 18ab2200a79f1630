/* SPDX-License-Identifier: ISC
 *
 * lwip_hooks.h - the two hooks that are set in lwIP: initial sequence numbers, and segments that
 * are dropped before lwIP sees them.
 */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "lwip/err.h"
#include "lwip/ip_addr.h"

struct tcp_hdr;
struct tcp_pcb;

/* The initial sequence number of a connection: a clock of 4 microseconds plus a keyed hash of both
 * ends (RFC 6528), so that it cannot be guessed from another connection's. */
u32_t lwip_port_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                    u16_t remote_port);

/* Whether lwIP may process a segment: ERR_OK, or ERR_VAL to drop it.  The header's numbers are in
 * the host's byte order already. */
err_t lwip_port_check(const struct tcp_pcb *pcb, const struct tcp_hdr *header);

#endif
