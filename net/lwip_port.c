/* SPDX-License-Identifier: ISC
 *
 * lwip_port.c - what lwIP needs from outside: memory, time, randomness, sequence numbers.
 *
 * lwIP calls functions without a context, so this file owns the one static variable of net/: which
 * environment they are to use.
 *   (1) `port.env` is NULL when no network is open; lwIP then calls nothing of this file but
 *       lwip_port_give.
 *   (2) taken_bytes is the sum of all pieces given out, headers included, and never passes
 *       limit_bytes: lwIP cannot starve the store.
 *   (3) Random numbers come from SipHash in counter mode under a key from the entropy port,
 * sequence numbers from the same with another key; neither key ever leaves.
 */
#include "bough/limits.h"
#include "hash.h"
#include "lwip/prot/tcp.h"
#include "lwip_hooks.h"
#include "lwip_parts.h"
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES       16u
#define HEADER_BYTES    16u /* before each piece: its size; keeps the alignment */
#define SEQUENCE_FAR    (1u << 30)
#define NS_PER_MS       1000000u
#define ISN_NS_PER_TICK 4000u /* RFC 6528 section 3: the clock of sequence numbers */

static struct {
    struct bough_env *env;
    struct bough_heap *heap; /* stays: pieces may be given back after a close */
    size_t limit_bytes;
    size_t taken_bytes;
    uint64_t drawn_count;
    uint8_t random_key[KEY_BYTES];
    uint8_t isn_key[KEY_BYTES];
} port;

enum bough_err lwip_port_open(struct bough_env *env)
{
    size_t share = env->heap->limit_bytes / 4;

    if (port.env != NULL)
        return BOUGH_BUSY;
    assert(port.heap == NULL || port.heap == env->heap || port.taken_bytes == 0);
    BOUGH_TRY(bough_entropy_fill(env->entropy, port.random_key, KEY_BYTES));
    BOUGH_TRY(bough_entropy_fill(env->entropy, port.isn_key, KEY_BYTES));
    port.env = env;
    port.heap = env->heap;
    port.limit_bytes = share < BOUGH_NET_BYTES_MAX ? share : BOUGH_NET_BYTES_MAX;
    return BOUGH_OK;
}

void lwip_port_close(void)
{
    assert(port.env != NULL);
    port.env = NULL;
}

void *lwip_port_take(size_t bytes)
{
    size_t all = bytes + HEADER_BYTES;
    uint8_t *piece;

    assert(port.heap != NULL);
    if (all < bytes || all > port.limit_bytes - port.taken_bytes)
        return NULL;
    piece = bough_heap_take(port.heap, all);
    if (piece == NULL)
        return NULL;
    memcpy(piece, &all, sizeof(all));
    port.taken_bytes += all;
    return piece + HEADER_BYTES;
}

void *lwip_port_zeros(size_t count, size_t bytes)
{
    void *piece;

    if (bytes != 0 && count > SIZE_MAX / bytes)
        return NULL;
    piece = lwip_port_take(count * bytes);
    if (piece != NULL)
        memset(piece, 0, count * bytes);
    return piece;
}

void lwip_port_give(void *at)
{
    uint8_t *piece = (uint8_t *)at - HEADER_BYTES;
    size_t all;

    if (at == NULL)
        return;
    memcpy(&all, piece, sizeof(all));
    assert(all > HEADER_BYTES && all <= port.taken_bytes);
    port.taken_bytes -= all;
    bough_heap_give(port.heap, piece, all);
}

uint32_t lwip_port_random(void)
{
    port.drawn_count++;
    return (uint32_t)hash_keyed(port.random_key, &port.drawn_count, sizeof(port.drawn_count));
}

/* The persist timer of lwIP 2.1.3 can run on beside data in flight, or with nothing left to send,
 * when a peer shrinks its window at the right moment.  Both of the functions that it then calls
 * look for themselves whether there is something to send. */
void lwip_port_assertion(const char *message)
{
    static const char survived[] = "tcp_slowtimr: persist ticking";

    if (strncmp(message, survived, sizeof(survived) - 1) == 0)
        return;
    if (port.env != NULL)
        bough_log(port.env->log, BOUGH_ERROR, "lwip", "assertion: %s", message);
    abort();
}

uint32_t lwip_port_isn(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
                       uint16_t remote_port)
{
    uint32_t ends[3] = {local->addr, remote->addr, (uint32_t)local_port << 16 | remote_port};
    uint64_t ticks;

    assert(port.env != NULL);
    ticks = bough_clock_now_ns(port.env->clock) / ISN_NS_PER_TICK;
    return (uint32_t)(ticks + hash_keyed(port.isn_key, ends, sizeof(ends)));
}

/* lwIP compares sequence numbers by the sign of their difference.  One that is 2^31 away is before
 * and behind at once, which ends in an assertion of tcp_receive ("insane offset!"): anybody with a
 * connection could stop us.  RFC 9293 section 3.10.7.4 has segments outside the window dropped
 * anyway; windows are far smaller than 2^30. */
err_t lwip_port_check(const struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    uint32_t distance;

    if (pcb->state < SYN_RCVD) /* listening, or not yet synchronised */
        return ERR_OK;
    distance = header->seqno - pcb->rcv_nxt;
    return distance < SEQUENCE_FAR || distance > UINT32_MAX - SEQUENCE_FAR ? ERR_OK : ERR_VAL;
}

uint32_t lwip_port_now(void)
{
    return port.env == NULL ? 0 : (uint32_t)(bough_clock_now_ns(port.env->clock) / NS_PER_MS);
}
