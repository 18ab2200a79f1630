/* SPDX-License-Identifier: ISC
 *
 * hash_lanes_body.h - BLAKE2b-256 (RFC 7693) with one message in each of LANES lanes.
 *
 * Each lane has its own message, length and place in it; all are compressed together, a block of
 * each.  A lane whose message has ended takes the next one, so messages need not be of one length.
 * A vector type is what C has no word for: gcc and clang both know this one.
 */
#include "hash_lanes.h"
#include <assert.h>

#define BLOCK_BYTES 128u
#define ROUNDS      12u

typedef uint64_t vector __attribute__((vector_size(8 * LANES)));

/* The message of a lane; `hash` NULL = none. */
struct lane {
    const uint8_t *at;
    size_t left;
    struct bough_hash *hash;
};

struct lanes {
    vector state[8];
    vector words[16];
    vector count; /* bytes up to and with this block */
    vector final; /* all ones in the last block */
    struct lane lanes[LANES];
};

/* RFC 7693, 2.6 and 2.7. */
static const uint64_t start[8] = {0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu,
                                  0xa54ff53a5f1d36f1u, 0x510e527fade682d1u, 0x9b05688c2b3e6c1fu,
                                  0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u};
static const uint8_t order[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                      {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                      {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                      {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                      {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                      {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                      {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                      {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                      {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                      {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static inline vector turn(vector word, unsigned bits)
{
    return word >> bits | word << (64 - bits);
}

/* The function G of RFC 7693, 3.1. */
static inline void mix(vector v[16], unsigned a, unsigned b, unsigned c, unsigned d, vector x,
                       vector y)
{
    v[a] += v[b] + x;
    v[d] = turn(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turn(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 63);
}

/* One block of each lane. */
static void compress(struct lanes *all)
{
    const vector *m = all->words;
    vector v[16];

    for (unsigned i = 0; i < 8; i++) {
        v[i] = all->state[i];
        v[i + 8] = (vector){0} + start[i];
    }
    v[12] ^= all->count;
    v[14] ^= all->final;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint8_t *s = order[round % 10];

        mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
        mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
        mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
        mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
        mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
        mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
        mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
        mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
    }
    for (unsigned i = 0; i < 8; i++)
        all->state[i] ^= v[i] ^ v[i + 8];
}

/* Begins a message in a lane, as hash_begin does: 32 bytes, no key, "bough" and the tag. */
static void begin(struct lanes *all, unsigned at, uint32_t tag, struct bough_bytes message,
                  struct bough_hash *hash)
{
    uint64_t text = 0;

    for (unsigned i = 0; i < 5; i++)
        text |= (uint64_t) "bough"[i] << (8 * i);
    for (unsigned i = 0; i < 8; i++)
        all->state[i][at] = start[i];
    all->state[0][at] ^= 0x01010000u ^ BOUGH_HASH_BYTES;
    all->state[6][at] ^= text;
    for (unsigned i = 0; i < 4; i++)
        all->state[7][at] ^= (uint64_t)(uint8_t)(tag >> (24 - 8 * i)) << (32 + 8 * i);
    all->count[at] = 0;
    all->lanes[at] = (struct lane){.at = message.at, .left = message.len, .hash = hash};
}

/* Puts the next block of a lane's message in its place.  Words are little-endian, and so is every
 * processor that this runs on. */
static void load(struct lanes *all, unsigned at)
{
    struct lane *lane = &all->lanes[at];
    size_t len = lane->left < BLOCK_BYTES ? lane->left : BLOCK_BYTES;
    uint8_t padded[BLOCK_BYTES];
    const uint8_t *block = lane->at;

    if (len < BLOCK_BYTES) {
        memset(padded, 0, sizeof(padded));
        if (len > 0)
            memcpy(padded, lane->at, len);
        block = padded;
    }
    for (unsigned i = 0; i < 16; i++) {
        uint64_t word;

        memcpy(&word, block + 8 * i, sizeof(word));
        all->words[i][at] = word;
    }
    lane->left -= len;
    if (len > 0)
        lane->at += len;
    all->count[at] += len;
    all->final[at] = lane->left == 0 ? UINT64_MAX : 0;
}

static void end(const struct lanes *all, unsigned at)
{
    for (unsigned i = 0; i < BOUGH_HASH_BYTES / 8; i++) {
        uint64_t word = all->state[i][at];

        memcpy(all->lanes[at].hash->at + 8 * i, &word, sizeof(word));
    }
}

static void run(uint32_t tag, const struct bough_bytes *messages, size_t count,
                struct bough_hash *hashes)
{
    struct lanes all;
    unsigned busy = 0;
    size_t next = 0;

    memset(&all, 0, sizeof(all));
    for (; busy < LANES && next < count; busy++, next++)
        begin(&all, busy, tag, messages[next], &hashes[next]);
    while (busy > 0) {
        for (unsigned at = 0; at < LANES; at++) {
            if (all.lanes[at].hash != NULL)
                load(&all, at);
        }
        compress(&all);
        for (unsigned at = 0; at < LANES; at++) {
            if (all.lanes[at].hash == NULL || all.lanes[at].left > 0)
                continue;
            end(&all, at);
            all.lanes[at].hash = NULL;
            busy--;
            if (next < count) {
                begin(&all, at, tag, messages[next], &hashes[next]);
                next++;
                busy++;
            }
        }
    }
    assert(next == count);
}
