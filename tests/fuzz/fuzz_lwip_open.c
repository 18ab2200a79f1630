/* SPDX-License-Identifier: ISC
 *
 * fuzz_lwip_open.c - whatever comes from the wire, into lwIP and through our binding of it.
 *
 * An input is a list of frames: two bytes (little-endian) of length, then that many bytes; length 0
 * lets 100 ms pass.  So that it gets past the front doors, checksums of IPv4 and what it carries
 * are put right, and an acknowledgement number of ffffffff stands for "all you have sent".  A
 * service behind it accepts, echoes, half-closes on a 'q' and closes at the end.  The sanitizers
 * judge.
 */
#include "bough/net.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_BYTES_MAX 1514u
#define STREAMS_MAX     16u
#define STEP_NS         100000000ull
#define MAGIC_ACK       0xffffffffu
#define ETHERTYPE_IP    0x0800u
#define PROTOCOL_ICMP   1u
#define PROTOCOL_TCP    6u
#define PROTOCOL_UDP    17u

/* The whole outside world, in one piece. */
struct world {
    struct bough_heap heap;
    struct bough_clock clock;
    struct bough_entropy entropy;
    struct bough_log log;
    struct bough_frames frames;
    struct bough_env env;
    struct bough_net *net;
    struct bough_stream *streams[STREAMS_MAX];
    uint64_t now_ns;
    uint32_t last_ack; /* of what the stack sent last */
    const uint8_t *input;
    size_t left;
};

static struct world world;

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void *take(struct bough_heap *heap, size_t bytes)
{
    void *at = bytes > heap->limit_bytes - heap->taken_bytes ? NULL : malloc(bytes);

    heap->taken_bytes += at == NULL ? 0 : bytes;
    return at;
}

static void give(struct bough_heap *heap, void *at, size_t bytes)
{
    heap->taken_bytes -= bytes;
    free(at);
}

static uint64_t now(struct bough_clock *clock)
{
    (void)clock;
    return world.now_ns;
}

static enum bough_err fill(struct bough_entropy *entropy, void *into, size_t len)
{
    (void)entropy;
    memset(into, 7, len);
    return BOUGH_OK;
}

static void line(struct bough_log *log, enum bough_level level, const char *where, const char *text)
{
    (void)log;
    (void)level;
    (void)where;
    (void)text;
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

/* The Internet checksum (RFC 1071) of `len` bytes on top of `sum`. */
static uint16_t checksum(const uint8_t *at, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += get16(at + i);
    if (len % 2 != 0)
        sum += (uint32_t)at[len - 1] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put_checksum(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Remembers how much the stack has sent, for MAGIC_ACK. */
static enum bough_err frames_send(struct bough_frames *frames, const void *frame, size_t len)
{
    const uint8_t *ip = (const uint8_t *)frame + 14;
    size_t head = (size_t)(len > 34 ? ip[0] & 15 : 0) * 4;

    (void)frames;
    if (len >= 14 + head + 20 && head >= 20 && ip[9] == PROTOCOL_TCP) {
        const uint8_t *tcp = ip + head;
        uint32_t data = get16(ip + 2) - (uint32_t)head - (uint32_t)(tcp[12] >> 4) * 4;

        world.last_ack = get32(tcp + 4) + data + (tcp[13] & 1u) + (tcp[13] >> 1 & 1u);
    }
    return BOUGH_OK;
}

/* Makes the sums of an IPv4 packet right. */
static void mend(uint8_t *frame, size_t len)
{
    uint8_t *ip = frame + 14;
    size_t head = (size_t)(len > 34 ? ip[0] & 15 : 0) * 4;
    size_t all = len > 34 ? get16(ip + 2) : 0;
    uint8_t *body = ip + head;
    size_t at = 16;
    uint32_t pseudo = 0;

    if (len < 34 || get16(frame + 12) != ETHERTYPE_IP || head < 20 || all > len - 14 ||
        all < head + 8)
        return;
    put_checksum(ip + 10, 0);
    put_checksum(ip + 10, checksum(ip, head, 0));
    if (ip[9] == PROTOCOL_TCP && all < head + 20)
        return;
    if (ip[9] == PROTOCOL_TCP && get32(body + 8) == MAGIC_ACK)
        put32(body + 8, world.last_ack);
    if (ip[9] == PROTOCOL_UDP)
        at = 6;
    else if (ip[9] == PROTOCOL_ICMP)
        at = 2;
    else if (ip[9] != PROTOCOL_TCP)
        return;
    if (ip[9] != PROTOCOL_ICMP)
        pseudo = get16(ip + 12) + get16(ip + 14) + get16(ip + 16) + get16(ip + 18) + ip[9] +
                 (uint32_t)(all - head);
    put_checksum(body + at, 0);
    put_checksum(body + at, checksum(body, all - head, pseudo));
}

static enum bough_err frames_receive(struct bough_frames *frames, void *into, size_t max,
                                     size_t *len)
{
    size_t bytes;

    (void)frames;
    if (world.left < 2)
        return BOUGH_NOT_READY;
    bytes = (size_t)world.input[0] | (size_t)world.input[1] << 8;
    world.input += 2;
    world.left -= 2;
    if (bytes == 0) {
        world.now_ns += STEP_NS;
        return BOUGH_NOT_READY;
    }
    bytes = bytes < world.left ? bytes : world.left;
    *len = bytes < max ? bytes : max;
    memcpy(into, world.input, *len);
    world.input += bytes;
    world.left -= bytes;
    mend(into, *len);
    return BOUGH_OK;
}

static void frames_wait(struct bough_frames *frames, uint64_t until_ns)
{
    (void)frames;
    world.now_ns = until_ns;
}

static const struct bough_heap_ops heap_ops = {.take = take, .give = give};
static const struct bough_clock_ops clock_ops = {.now_ns = now, .wall_ns = now};
static const struct bough_entropy_ops entropy_ops = {.fill = fill};
static const struct bough_log_ops log_ops = {.line = line};
static const struct bough_frames_ops frames_ops = {
    .send = frames_send, .receive = frames_receive, .wait = frames_wait};

/* Once: lwIP holds on to some memory between inputs. */
static void init(void)
{
    if (world.heap.ops != NULL)
        return;
    world.heap = (struct bough_heap){.ops = &heap_ops, .limit_bytes = 4u << 20};
    world.clock.ops = &clock_ops;
    world.entropy.ops = &entropy_ops;
    world.log.ops = &log_ops;
    world.frames =
        (struct bough_frames){.ops = &frames_ops, .mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500};
    world.env = (struct bough_env){
        .heap = &world.heap, .clock = &world.clock, .entropy = &world.entropy, .log = &world.log};
}

/* Echoes; false when the stream is over. */
static bool echo(struct bough_stream *stream)
{
    uint8_t bytes[700];
    size_t got = 0;
    size_t took;
    enum bough_err err = BOUGH_NOT_READY;

    if (stream->readable) {
        err = bough_stream_read(stream, bytes, sizeof(bytes), &got);
        assert(err != BOUGH_NOT_READY);
    }
    if (got > 0 && bytes[0] == 'q')
        bough_stream_shut(stream);
    if (got > 0 && stream->writable)
        (void)(bough_stream_write(stream, bytes, got, &took) == BOUGH_OK);
    return err == BOUGH_OK || err == BOUGH_NOT_READY;
}

static void turn(void)
{
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        if (world.streams[i] == NULL && bough_net_accept(world.net, &world.streams[i]) != BOUGH_OK)
            world.streams[i] = NULL;
        if (world.streams[i] != NULL && !echo(world.streams[i])) {
            bough_stream_close(world.streams[i]);
            world.streams[i] = NULL;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    static const struct bough_lwip_config config = {
        .address = "10.0.2.15", .prefix_bits = 24, .gateway = "10.0.2.2", .port = 80};
    static const struct bough_lwip_config with_dhcp = {.dhcp = true, .port = 80};

    if (len == 0)
        return 0;
    init();
    world.input = at + 1;
    world.left = len - 1;
    if (bough_lwip_open(&world.env, &world.frames, at[0] % 8 == 0 ? &with_dhcp : &config,
                        &world.net) != BOUGH_OK)
        abort();
    while (world.left >= 2) {
        if (bough_net_wait(world.net, 0) != BOUGH_OK)
            abort();
        turn();
    }
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        bough_stream_close(world.streams[i]);
        world.streams[i] = NULL;
    }
    bough_net_close(world.net);
    return 0;
}
