/* SPDX-License-Identifier: ISC
 *
 * peer_object.c - one object as a store hands it to another one.
 *
 * Owns nothing.  The moment that matters is peer_object_is_proved: an address that somebody else
 * sends is looked at only if this store has sent it before, together with the same name.
 */
#include "peer_object.h"
#include "decode.h"
#include "encode.h"
#include "hash.h"
#include "hex.h"
#include <assert.h>

#define REPLY_VERSION 1u
#define HEAD_BYTES    6u
#define PROOF_DOMAIN  0x7074u /* "pt" */
#define STATE_BYTES   (8u + BOUGH_HASH_BYTES)

static void proof_of(const uint8_t secret[PEER_OBJECT_SECRET_BYTES], const struct bough_hash *name,
                     uint64_t address, uint8_t proof[PEER_OBJECT_PROOF_BYTES])
{
    uint8_t bytes[PEER_OBJECT_SECRET_BYTES + BOUGH_HASH_BYTES + 8];
    struct encode out = encode_into(bytes, sizeof(bytes));
    struct bough_hash hash;

    encode_raw(&out, bough_bytes_of(secret, PEER_OBJECT_SECRET_BYTES));
    encode_hash(&out, name);
    encode_u64(&out, address);
    assert(!out.overflow && out.len == sizeof(bytes));
    hash_of(PROOF_DOMAIN, bough_bytes_of(bytes, sizeof(bytes)), &hash);
    memcpy(proof, hash.at, PEER_OBJECT_PROOF_BYTES);
}

void peer_object_prove(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                       const struct bough_link *link, struct peer_object_ticket *ticket)
{
    *ticket = (struct peer_object_ticket){.address = link->address};
    if (link->address != 0)
        proof_of(secret, &link->name, link->address, ticket->proof);
}

bool peer_object_is_proved(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                           const struct bough_hash *name, const struct peer_object_ticket *ticket)
{
    uint8_t proof[PEER_OBJECT_PROOF_BYTES];
    unsigned differs = 0;

    proof_of(secret, name, ticket->address, proof);
    for (unsigned i = 0; i < PEER_OBJECT_PROOF_BYTES; i++) /* as long, whatever is wrong */
        differs |= (unsigned)(proof[i] ^ ticket->proof[i]);
    return differs == 0 && ticket->address != 0;
}

static void encode_ticket(struct encode *out, const struct peer_object_ticket *ticket)
{
    encode_u64(out, ticket->address);
    encode_raw(out, bough_bytes_of(ticket->proof, sizeof(ticket->proof)));
}

static struct peer_object_ticket decode_ticket(struct decode *in)
{
    struct peer_object_ticket ticket = {.address = decode_u64(in)};
    struct bough_bytes proof = decode_raw(in, sizeof(ticket.proof));

    if (!in->bad)
        memcpy(ticket.proof, proof.at, sizeof(ticket.proof));
    return ticket;
}

void peer_object_ticket_print(const struct peer_object_ticket *ticket,
                              char text[2 * PEER_OBJECT_TICKET_BYTES + 1])
{
    uint8_t bytes[PEER_OBJECT_TICKET_BYTES];
    struct encode out = encode_into(bytes, sizeof(bytes));

    encode_ticket(&out, ticket);
    assert(!out.overflow && out.len == sizeof(bytes));
    hex_print(bytes, sizeof(bytes), text);
}

bool peer_object_ticket_parse(struct bough_bytes text, struct peer_object_ticket *ticket)
{
    uint8_t bytes[PEER_OBJECT_TICKET_BYTES];
    struct decode in;

    if (!hex_parse(text, bytes, sizeof(bytes)))
        return false;
    in = decode_from(bough_bytes_of(bytes, sizeof(bytes)));
    *ticket = decode_ticket(&in);
    assert(!in.bad && in.left == 0);
    return true;
}

struct peer_object_ticket peer_object_ticket_at(const struct peer_object *object, uint32_t at)
{
    struct decode in;

    assert(at < object->count);
    in = decode_from(bough_bytes_of(object->tickets.at + (size_t)at * PEER_OBJECT_TICKET_BYTES,
                                    PEER_OBJECT_TICKET_BYTES));
    return decode_ticket(&in);
}

/* Room for a reply with its head and own ticket written. */
static enum bough_err begin(struct encode *out, uint8_t kind, uint32_t count, size_t len,
                            const struct peer_object_ticket *own, struct bough_arena *arena)
{
    size_t max = HEAD_BYTES + ((size_t)count + 1) * PEER_OBJECT_TICKET_BYTES + len;
    uint8_t *at = bough_arena_take(arena, max);

    if (at == NULL)
        return BOUGH_NO_MEMORY;
    *out = encode_into(at, max);
    encode_u8(out, REPLY_VERSION);
    encode_u8(out, kind);
    encode_u32(out, count);
    encode_ticket(out, own);
    return BOUGH_OK;
}

static struct bough_bytes end(const struct encode *out)
{
    assert(!out->overflow && out->len == out->max);
    return bough_bytes_of(out->at, out->len);
}

enum bough_err peer_object_write(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                                 const struct bough_link *own, const struct bough_object *object,
                                 const struct bough_hash *names, struct bough_arena *arena,
                                 struct bough_bytes *reply)
{
    struct peer_object_ticket ticket;
    struct encode out;

    peer_object_prove(secret, own, &ticket);
    BOUGH_TRY(begin(&out, (uint8_t)object->kind, object->address_count, object->bytes.len, &ticket,
                    arena));
    for (uint32_t i = 0; i < object->address_count; i++) {
        struct bough_link link = {.name = names[i], .address = object->addresses[i]};

        peer_object_prove(secret, &link, &ticket);
        encode_ticket(&out, &ticket);
    }
    encode_raw(&out, object->bytes);
    *reply = end(&out);
    return BOUGH_OK;
}

enum bough_err peer_object_write_state(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                                       const struct bough_root *root, struct bough_arena *arena,
                                       struct bough_bytes *reply)
{
    struct peer_object_ticket ticket;
    struct encode out;

    peer_object_prove(secret, &root->state, &ticket);
    BOUGH_TRY(begin(&out, PEER_OBJECT_STATE, 0, STATE_BYTES, &ticket, arena));
    encode_u64(&out, root->generation);
    encode_hash(&out, &root->state.name);
    *reply = end(&out);
    return BOUGH_OK;
}

enum bough_err peer_object_read(struct bough_bytes reply, struct peer_object *object)
{
    struct decode in = decode_from(reply);
    uint8_t version = decode_u8(&in);

    *object = (struct peer_object){.kind = decode_u8(&in)};
    object->count = decode_u32(&in);
    if (in.bad)
        return BOUGH_INVALID;
    if (version != REPLY_VERSION)
        return BOUGH_WRONG_VERSION;
    object->own = decode_ticket(&in);
    object->tickets = decode_raw(&in, (uint64_t)object->count * PEER_OBJECT_TICKET_BYTES);
    object->bytes = bough_bytes_of(in.at, in.left);
    return in.bad || object->kind > BOUGH_KIND_CHUNKS ? BOUGH_INVALID : BOUGH_OK;
}

enum bough_err peer_object_read_state(struct bough_bytes reply, struct bough_root *root,
                                      struct peer_object_ticket *own)
{
    struct peer_object object;
    struct decode in;

    BOUGH_TRY(peer_object_read(reply, &object));
    if (object.kind != PEER_OBJECT_STATE || object.count > 0 || object.bytes.len != STATE_BYTES)
        return BOUGH_INVALID;
    in = decode_from(object.bytes);
    *root = (struct bough_root){.generation = decode_u64(&in)};
    root->state.name = decode_hash(&in);
    *own = object.own;
    return BOUGH_OK;
}
