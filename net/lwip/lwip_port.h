/* SPDX-License-Identifier: ISC
 *
 * lwip_port.h - what lwIP calls: memory, randomness, and failed assertions.  Included by lwIP's own
 * sources, so it names no type of bough; net/lwip_port.c has the bodies.
 */
#ifndef LWIP_PORT_H
#define LWIP_PORT_H

#include <stddef.h>
#include <stdint.h>

/* Memory for lwIP out of the heap of the environment; NULL past the share that lwIP may take
 * (BOUGH_NET_BYTES_MAX).  lwip_port_give takes it back; NULL is allowed there. */
void *lwip_port_take(size_t bytes);

/* The same for `count` things of `bytes` bytes, zeroed. */
void *lwip_port_zeros(size_t count, size_t bytes);

/* Gives back what lwip_port_take or lwip_port_zeros returned. */
void lwip_port_give(void *at);

/* 32 bits that nobody can guess: ports, transaction ids. */
uint32_t lwip_port_random(void);

/* Milliseconds of the monotonic clock, wrapping around; lwIP knows it as sys_now. */
uint32_t lwip_port_now(void);

/* An assertion of lwIP has failed.  Ends the program with lwIP's message, but for the few that
 * peers can provoke and lwIP survives: these return. */
void lwip_port_assertion(const char *message);

#endif
