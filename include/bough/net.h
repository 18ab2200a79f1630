/* SPDX-License-Identifier: ISC
 *
 * net.h - the networks that there are: the host's sockets, lwIP over an Ethernet interface, and a
 * tap device of Linux as such an interface.  Each opener makes an implementation of port/stream.h
 * or port/frames.h.
 */
#ifndef BOUGH_NET_H
#define BOUGH_NET_H

#include "bough/env.h"
#include "bough/port/frames.h"
#include "bough/port/stream.h"

/* Listens on the host's TCP port `port` of `host` ("127.0.0.1", "::1"; port 0: any free one, which
 * net->address then names).  The caller closes *net.  BOUGH_INVALID (no address), BOUGH_BUSY (port
 * taken), BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_sockets_open(struct bough_env *env, const char *host,
                                                   uint16_t port, struct bough_net **net);

/* Makes a bough_net_wait on `net`, which came from bough_sockets_open, return soon.  May be called
 * from another thread or a signal handler. */
void bough_sockets_wake(struct bough_net *net);

/* How lwIP gets its address.  Without `dhcp` all three texts are needed. */
struct bough_lwip_config {
    bool dhcp;
    const char *address; /* "10.0.2.15" */
    uint8_t prefix_bits; /* 24 for 255.255.255.0 */
    const char *gateway; /* "10.0.2.2"; NULL or empty: none */
    uint16_t port;       /* TCP port to listen on */
};

/* Runs lwIP over `frames` (borrowed; must outlive *net) and listens.  With DHCP *net is made before
 * there is an address: net->address is empty until bough_net_wait returns with one.  lwIP keeps its
 * state in globals: a second network while one is open is BOUGH_BUSY.  BOUGH_INVALID (config),
 * BOUGH_NOT_READY (no entropy for sequence numbers), BOUGH_NO_MEMORY.  The caller closes *net;
 * connections still sending are then cut, and lwIP keeps a few hundred bytes of env->heap. */
BOUGH_MUST_CHECK enum bough_err bough_lwip_open(struct bough_env *env, struct bough_frames *frames,
                                                const struct bough_lwip_config *config,
                                                struct bough_net **net);

/* Opens the Linux tap device `name` ("tap0"; it must exist or the process be allowed to make it) as
 * an Ethernet interface with a random local address.  The caller closes *frames.  BOUGH_NOT_FOUND
 * (no /dev/net/tun), BOUGH_INVALID (name too long), BOUGH_READ_ONLY (not allowed), BOUGH_BUSY,
 * BOUGH_IO, BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err bough_tap_open(struct bough_env *env, const char *name,
                                               struct bough_frames **frames);

#endif
