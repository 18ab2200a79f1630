/* SPDX-License-Identifier: ISC
 *
 * hash.c - BLAKE2b-256 over libb2, hexadecimal names, and SipHash-1-3.
 *
 * SipHash follows the description by Aumasson and Bernstein (2012) with one compression and three
 * finalisation rounds.
 */
#include "hash.h"
#include "hex.h"
#include <assert.h>
#include <blake2.h>

/* libb2 exports its portable variant without declaring it. */
int blake2b_init_param_ref(blake2b_state *state, const blake2b_param *param);
int blake2b_update_ref(blake2b_state *state, const uint8_t *at, size_t len);
int blake2b_final_ref(blake2b_state *state, uint8_t *into, size_t len);

_Static_assert(sizeof(blake2b_state) <= sizeof(((struct hash_state *)0)->opaque),
               "hash_state is too small for libb2's state");

static blake2b_state *state_of(struct hash_state *state)
{
    return (blake2b_state *)(void *)state->opaque;
}

void hash_begin(struct hash_state *state, uint32_t tag)
{
    blake2b_param param = {.digest_length = BOUGH_HASH_BYTES, .fanout = 1, .depth = 1};

    memcpy(param.personal, "bough", 5);
    param.personal[12] = (uint8_t)(tag >> 24);
    param.personal[13] = (uint8_t)(tag >> 16);
    param.personal[14] = (uint8_t)(tag >> 8);
    param.personal[15] = (uint8_t)tag;
    int status = blake2b_init_param_ref(state_of(state), &param);
    assert(status == 0);
    (void)status;
}

void hash_add(struct hash_state *state, struct bough_bytes bytes)
{
    if (bytes.len > 0)
        (void)blake2b_update_ref(state_of(state), bytes.at, bytes.len);
}

void hash_end(struct hash_state *state, struct bough_hash *hash)
{
    int status = blake2b_final_ref(state_of(state), hash->at, BOUGH_HASH_BYTES);

    assert(status == 0);
    (void)status;
}

void hash_of(uint32_t tag, struct bough_bytes bytes, struct bough_hash *hash)
{
    struct hash_state state;

    hash_begin(&state, tag);
    hash_add(&state, bytes);
    hash_end(&state, hash);
}

void hash_hex(const struct bough_hash *hash, char text[2 * BOUGH_HASH_BYTES + 1])
{
    hex_print(hash->at, BOUGH_HASH_BYTES, text);
}

bool hash_parse(struct bough_bytes text, struct bough_hash *hash)
{
    return hex_parse(text, hash->at, BOUGH_HASH_BYTES);
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < 8; i++)
        word |= (uint64_t)at[i] << (8 * i);
    return word;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t hash_keyed(const uint8_t key[16], const void *at, size_t len)
{
    const uint8_t *bytes = at;
    uint64_t k0 = load64(key);
    uint64_t k1 = load64(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    uint64_t last = (uint64_t)len << 56;
    size_t whole = len & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = load64(bytes + i);

        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = whole; i < len; i++)
        last |= (uint64_t)bytes[i] << (8 * (i & 7));
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
