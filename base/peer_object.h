/* SPDX-License-Identifier: ISC
 *
 * peer_object.h - one object as a store hands it to another one (docs/api.md, "Objects").
 *
 *   reply  := version:u8 = 1 kind:u8 count:u32 ticket{1 + count} bytes    little-endian
 *   ticket := address:u64 proof:16
 *
 * The first ticket is the object's own, the others are of the objects that it leads to, in the
 * order in which they are named in its bytes.  A ticket is how the next object is asked for: the
 * address is where the giving store keeps it, the proof tells that store that the address came from
 * it and goes with that name, so that nobody can make it look anywhere else.
 */
#ifndef PEER_OBJECT_H
#define PEER_OBJECT_H

#include "bough/port/backend.h"

#define PEER_OBJECT_SECRET_BYTES 32u
#define PEER_OBJECT_PROOF_BYTES  16u
#define PEER_OBJECT_TICKET_BYTES (8u + PEER_OBJECT_PROOF_BYTES)

/* The kind of the reply that tells the state: its bytes are generation:u64 and the name of the
 * state's root, whose ticket is the own one. */
#define PEER_OBJECT_STATE 0u

struct peer_object_ticket {
    uint64_t address; /* 0 = leads nowhere */
    uint8_t proof[PEER_OBJECT_PROOF_BYTES];
};

struct peer_object {
    uint8_t kind; /* PEER_OBJECT_STATE, or an enum bough_kind */
    struct peer_object_ticket own;
    struct bough_bytes tickets; /* count * PEER_OBJECT_TICKET_BYTES */
    uint32_t count;
    struct bough_bytes bytes;
};

/* The ticket for a link that this store has read itself. */
void peer_object_prove(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                       const struct bough_link *link, struct peer_object_ticket *ticket);

/* Whether a ticket was made with this secret for this name. */
bool peer_object_is_proved(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                           const struct bough_hash *name, const struct peer_object_ticket *ticket);

/* A ticket as it is asked with: 2 * PEER_OBJECT_TICKET_BYTES lower-case digits and a NUL. */
void peer_object_ticket_print(const struct peer_object_ticket *ticket,
                              char text[2 * PEER_OBJECT_TICKET_BYTES + 1]);

/* The way back; false when it is malformed. */
bool peer_object_ticket_parse(struct bough_bytes text, struct peer_object_ticket *ticket);

/* Ticket `at` of those that the object leads to. */
struct peer_object_ticket peer_object_ticket_at(const struct peer_object *object, uint32_t at);

/* The reply for an object and its own link; names[i] goes with object->addresses[i].  The bytes
 * live in `arena`.  BOUGH_NO_MEMORY. */
BOUGH_MUST_CHECK enum bough_err peer_object_write(const uint8_t secret[PEER_OBJECT_SECRET_BYTES],
                                                  const struct bough_link *own,
                                                  const struct bough_object *object,
                                                  const struct bough_hash *names,
                                                  struct bough_arena *arena,
                                                  struct bough_bytes *reply);

/* The reply that tells the state. */
BOUGH_MUST_CHECK enum bough_err peer_object_write_state(
    const uint8_t secret[PEER_OBJECT_SECRET_BYTES], const struct bough_root *root,
    struct bough_arena *arena, struct bough_bytes *reply);

/* Takes a reply apart, borrowed from `reply`; that the bytes have the name is for the caller to
 * check.  BOUGH_INVALID, BOUGH_WRONG_VERSION. */
BOUGH_MUST_CHECK enum bough_err peer_object_read(struct bough_bytes reply,
                                                 struct peer_object *object);

/* Takes the state's reply apart; the address of the root's link is 0: its ticket is in *own.
 * BOUGH_INVALID, BOUGH_WRONG_VERSION. */
BOUGH_MUST_CHECK enum bough_err peer_object_read_state(struct bough_bytes reply,
                                                       struct bough_root *root,
                                                       struct peer_object_ticket *own);

#endif
