/* SPDX-License-Identifier: ISC
 *
 * tap_host.c - a Linux tap device as an Ethernet interface.
 *
 * Owns the file descriptor: one read or write is one frame (IFF_NO_PI, no header before it).
 *   (1) The descriptor never blocks; only wait does, in poll.
 * The MAC address is a random local one: the host end of the tap has its own.
 */
#include "bough/net.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MTU             1500u
#define MAC_LOCAL       0x02u /* the bit that says "not assigned by a maker" */
#define MAC_GROUP       0x01u
#define NS_PER_MS       1000000u
#define WAIT_MS_MAX     10000u
#define TAP_DEVICE_NAME "/dev/net/tun"

struct tap {
    struct bough_frames base;
    struct bough_env *env;
    int fd;
};

static struct tap *tap_of(struct bough_frames *base)
{
    return (struct tap *)base;
}

static enum bough_err tap_send(struct bough_frames *base, const void *frame, size_t len)
{
    struct tap *tap = tap_of(base);
    ssize_t sent;

    do
        sent = write(tap->fd, frame, len);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)len)
        return BOUGH_OK;
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
        return BOUGH_NOT_READY;
    bough_log(tap->env->log, BOUGH_WARN, "tap", "send of %zu bytes: %s", len,
              sent < 0 ? strerror(errno) : "short");
    return BOUGH_IO;
}

static enum bough_err tap_receive(struct bough_frames *base, void *into, size_t max, size_t *len)
{
    struct tap *tap = tap_of(base);
    ssize_t got;

    assert(max >= BOUGH_FRAME_BYTES_MIN);
    do
        got = read(tap->fd, into, max);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return BOUGH_NOT_READY;
    if (got <= 0) {
        bough_log(tap->env->log, BOUGH_WARN, "tap", "receive: %s",
                  got < 0 ? strerror(errno) : "end");
        return BOUGH_IO;
    }
    *len = (size_t)got;
    if (*len < BOUGH_FRAME_BYTES_MIN) {
        memset((uint8_t *)into + *len, 0, BOUGH_FRAME_BYTES_MIN - *len);
        *len = BOUGH_FRAME_BYTES_MIN;
    }
    return BOUGH_OK;
}

static void tap_wait(struct bough_frames *base, uint64_t until_ns)
{
    struct tap *tap = tap_of(base);
    uint64_t now_ns = bough_clock_now_ns(tap->env->clock);
    uint64_t wait_ms = until_ns > now_ns ? (until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
    struct pollfd ready = {.fd = tap->fd, .events = POLLIN};

    if (wait_ms > WAIT_MS_MAX)
        wait_ms = WAIT_MS_MAX;
    (void)poll(&ready, 1, (int)wait_ms); /* may return early by contract, so also on EINTR */
}

static void tap_close(struct bough_frames *base)
{
    struct tap *tap = tap_of(base);

    assert(tap->fd >= 0);
    (void)close(tap->fd);
    bough_heap_give(tap->env->heap, tap, sizeof(*tap));
}

static const struct bough_frames_ops tap_ops = {
    .send = tap_send,
    .receive = tap_receive,
    .wait = tap_wait,
    .close = tap_close,
};

/* The kernel's answer as an error. */
static enum bough_err err_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENODEV:
        return BOUGH_NOT_FOUND;
    case EPERM:
    case EACCES:
        return BOUGH_READ_ONLY;
    case EBUSY:
        return BOUGH_BUSY;
    default:
        return BOUGH_IO;
    }
}

/* Opens the descriptor and binds it to the device. */
static enum bough_err attach(struct tap *tap, const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    size_t len = strlen(name);

    if (len == 0 || len >= sizeof(request.ifr_name))
        return BOUGH_INVALID;
    memcpy(request.ifr_name, name, len + 1);
    tap->fd = open(TAP_DEVICE_NAME, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap->fd < 0)
        return err_of_errno(errno);
    if (ioctl(tap->fd, TUNSETIFF, &request) < 0)
        return err_of_errno(errno);
    return BOUGH_OK;
}

enum bough_err bough_tap_open(struct bough_env *env, const char *name, struct bough_frames **frames)
{
    struct tap *tap = bough_heap_take(env->heap, sizeof(*tap));
    enum bough_err err;

    if (tap == NULL)
        return BOUGH_NO_MEMORY;
    *tap = (struct tap){.base = {.ops = &tap_ops, .mtu = MTU}, .env = env, .fd = -1};
    err = bough_entropy_fill(env->entropy, tap->base.mac, sizeof(tap->base.mac));
    if (err != BOUGH_OK)
        goto out;
    tap->base.mac[0] = (uint8_t)((tap->base.mac[0] | MAC_LOCAL) & ~MAC_GROUP);
    err = attach(tap, name);
    if (err != BOUGH_OK)
        goto out;
    *frames = &tap->base;
    return BOUGH_OK;
out:
    bough_log(env->log, BOUGH_ERROR, "tap", "cannot open %s: %s", name, bough_err_name(err));
    if (tap->fd >= 0)
        (void)close(tap->fd);
    bough_heap_give(env->heap, tap, sizeof(*tap));
    return err;
}
