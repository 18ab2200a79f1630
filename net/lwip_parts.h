/* SPDX-License-Identifier: ISC
 *
 * lwip_parts.h - the three parts that lwip_open.c joins: what lwIP needs (lwip_port.c), the
 * Ethernet interface below it (lwip_link.c), and the streams above it (lwip_stream.c).
 */
#ifndef LWIP_PARTS_H
#define LWIP_PARTS_H

#include "bough/net.h"
#include "lwip/netif.h"
#include "lwip/tcp.h"

/* Lets lwIP use `env` (borrowed until lwip_port_close).  BOUGH_BUSY when it is in use already,
 * BOUGH_NOT_READY without entropy. */
BOUGH_MUST_CHECK enum bough_err lwip_port_open(struct bough_env *env);

/* Ends that.  Memory that lwIP still holds may be given back later. */
void lwip_port_close(void);

/* lwIP's interface over a frames port. */
struct lwip_link {
    struct netif netif;
    struct bough_env *env;
    struct bough_frames *frames;
    uint8_t *frame; /* one frame, coming or going */
    size_t frame_bytes;
};

/* Adds the interface to lwIP and starts DHCP or sets the address.  The link must not move until
 * lwip_link_close.  BOUGH_INVALID (config), BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err lwip_link_open(struct lwip_link *link, struct bough_env *env,
                                               struct bough_frames *frames,
                                               const struct bough_lwip_config *config);

/* Hands at most `count_max` received frames to lwIP; their number in *count.  BOUGH_IO when the
 * interface is broken. */
BOUGH_MUST_CHECK enum bough_err lwip_link_poll(struct lwip_link *link, uint32_t count_max,
                                               uint32_t *count);

/* Takes the interface out of lwIP, which cuts its connections. */
void lwip_link_close(struct lwip_link *link);

/* One connection.  Outlives lwIP's part of it: pcb is NULL once that is gone. */
struct lwip_stream {
    struct bough_stream base;
    struct lwip_streams *owner;
    struct lwip_stream *next;
    struct lwip_stream *next_waiting; /* until it is accepted */
    struct tcp_pcb *pcb;
    struct pbuf *received; /* not yet read */
    uint16_t read_bytes;   /* of the first buffer in `received` */
    bool ended;            /* the peer sends no more */
    bool reset;            /* broken; lwIP has dropped it */
    bool shut;             /* we send no more */
    bool unsent;           /* written since the last lwip_stream_send_all */
};

/* All connections of a network, and whether one of them changed. */
struct lwip_streams {
    struct bough_env *env;
    struct lwip_stream *all;
    uint32_t count;
    bool changed; /* something turned readable or writable; the reader clears it */
};

/* Makes the stream for a connection that lwIP accepted and takes its callbacks.  BOUGH_BUSY past
 * BOUGH_CONNECTIONS_MAX, BOUGH_NO_MEMORY; the pcb is then still the caller's. */
BOUGH_MUST_CHECK enum bough_err lwip_stream_open(struct lwip_streams *streams, struct tcp_pcb *pcb,
                                                 struct lwip_stream **stream);

/* Lets lwIP send what was written since the last call.  O(connections). */
void lwip_stream_send_all(struct lwip_streams *streams);

/* Whether one of the streams is readable.  O(connections). */
bool lwip_stream_any_readable(const struct lwip_streams *streams);

#endif
