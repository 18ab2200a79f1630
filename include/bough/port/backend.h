/* SPDX-License-Identifier: ISC
 *
 * port/backend.h - where objects are kept: the contract between the store and a log, a map in
 * memory, or an object service.
 *
 * Objects are immutable bytes named by their hash, plus the addresses of the objects they refer to:
 * so a reader follows addresses and no index is needed.  The addresses are beside the hashed bytes,
 * never in them.  The one thing that changes is the root: moving it is the only commit point.
 */
#ifndef BOUGH_PORT_BACKEND_H
#define BOUGH_PORT_BACKEND_H

#include "bough/arena.h"
#include "bough/bytes.h"
#include "bough/err.h"
#include "bough/port/block.h"

/* Kinds of objects; the numbers are on disk and in every hash (docs/format.md). */
enum bough_kind {
    BOUGH_KIND_VALUE = 1,  /* the bytes of a value, or of one chunk of it */
    BOUGH_KIND_NODE = 2,   /* a node of a directory's tree */
    BOUGH_KIND_COMMIT = 3, /* a commit */
    BOUGH_KIND_TAG = 4,    /* an annotated tag */
    BOUGH_KIND_CHUNKS = 5  /* a list of the chunks of a large value */
};

/* An object's name, and where the backend keeps it.  Address 0 = not known: only bough_backend_find
 * can turn such a link into one that can be read. */
struct bough_link {
    struct bough_hash name;
    uint64_t address;
};

struct bough_object {
    enum bough_kind kind;
    struct bough_bytes bytes;
    const uint64_t *addresses; /* of the links in `bytes`, in the order they stand there */
    uint32_t address_count;
    /* An object may be kept as its difference from another one, of the same kind.  From get: the
     * other's address, 0 = kept whole.  To put, optional: that address, of one that is kept whole,
     * and the patches (base/patch.h) that make bytes, then addresses (as little-endian numbers of 8
     * bytes) of the other's. */
    uint64_t base;
    struct bough_bytes patch;
    /* To put, optional: the address of the one that this takes the place of.  When both are
     * history, one may be kept as its difference from the other. */
    uint64_t before;
    /* From get: see bough_place. */
    bool settled;
    uint64_t settled_count;
};

/* Where an object is kept. */
struct bough_place {
    uint64_t address;
    uint64_t base;          /* what it is kept as a difference from; 0 = kept whole */
    bool settled;           /* it is history, and collection has found its final form */
    uint64_t settled_count; /* that of the backend when this was learned */
};

/* The whole repository state: branches, tags, settings and reflog hang off `state`. */
struct bough_root {
    struct bough_link state; /* the state directory's root node; name none = empty */
    uint64_t generation;     /* +1 at each move; 0 = a store that was never written */
};

/* What a store is created with; copied by native clones, because equal contents have equal roots
 * only under equal salt and windows. */
struct bough_identity {
    uint8_t uuid[16];
    uint8_t salt[16];
    uint32_t leaf_window_bytes;  /* W of the boundary rule, leaves */
    uint32_t inner_window_bytes; /* the same, inner nodes */
};

/* How far a scrub is, and what it found.  The log says where. */
struct bough_scrub_report {
    uint64_t checked_bytes;
    uint64_t total_bytes;    /* to be checked, as of the beginning */
    uint64_t record_count;   /* records that are right */
    uint64_t bad_count;      /* stretches that cannot be read from any copy; may be garbage */
    uint64_t replaced_count; /* the same, but a repair has written anew what was there */
    uint64_t healed_count;   /* records and superblocks that one copy held wrongly */
    bool done;
};

struct bough_backend;

struct bough_backend_ops {
    /* Stores `object` under `name` and tells where.  The same object put twice may get the old
     * place.  Not durable, and gone after a crash, until a root_move + sync that follows.
     * BOUGH_FULL, BOUGH_READ_ONLY, BOUGH_TOO_BIG, BOUGH_IO, BOUGH_NO_MEMORY. */
    enum bough_err (*put)(struct bough_backend *backend, const struct bough_hash *name,
                          const struct bough_object *object, struct bough_place *place);

    /* The object at link->address; its bytes and addresses live in `arena`.  The caller compares
     * the hash; the backend has compared its own checksum and that the record carries the name of
     * the link.  BOUGH_CORRUPT, BOUGH_IO, BOUGH_NO_MEMORY. */
    enum bough_err (*get)(struct bough_backend *backend, const struct bough_link *link,
                          struct bough_arena *arena, struct bough_object *object);

    /* The address of a commit or tag by name; BOUGH_NOT_FOUND. */
    enum bough_err (*find)(struct bough_backend *backend, const struct bough_hash *name,
                           uint64_t *address);

    /* The newest root, staged moves included. */
    void (*root_get)(struct bough_backend *backend, struct bough_root *root);

    /* Stages next as the root if the present generation is `expected`, else BOUGH_STALE. Everything
     * put before is part of it, and BOUGH_FULL if no sync could make it so.  Durable after sync;
     * all staged moves or a prefix of them survive a crash before that. */
    enum bough_err (*root_move)(struct bough_backend *backend, uint64_t expected,
                                const struct bough_link *state);

    /* One write and one flush for everything staged.  After an error the backend is read-only: what
     * was staged may or may not survive. */
    enum bough_err (*sync)(struct bough_backend *backend);

    /* Releases the backend and its device, without sync. */
    void (*close)(struct bough_backend *backend);

    /* Between hold and release nothing that was put since is garbage, though no root leads to it:
     * for work that puts objects over several turns.  Holds nest.  Optional: NULL where nothing is
     * ever collected. */
    void (*hold)(struct bough_backend *backend, bool on);

    /* Stores `object`, which damaged->name names, although it is there already, since what is there
     * cannot be read: from now on links to it lead to the new one, whatever their address.  Staged
     * like put, and durable after the sync of a root move that follows.  Errors as put.  For
     * repair.h.  Optional: NULL. */
    enum bough_err (*replace)(struct bough_backend *backend, const struct bough_link *damaged,
                              const struct bough_object *object, struct bough_place *place);

    /* Goes on with reading and checking all that is kept, on every copy of the device, about
     * `max_bytes` at a call, or begins it; 0 gives up what is under way.  What one copy holds
     * wrongly is written anew.  *report is how far it is.  BOUGH_NO_MEMORY; that something cannot
     * be read is no error.  Optional: NULL. */
    enum bough_err (*scrub)(struct bough_backend *backend, uint64_t max_bytes,
                            struct bough_scrub_report *report);

    /* Collection, in this order (store/collect.c knows what refers to what).  Optional: NULL.
     * begin forgets all marks; mark says that an object lives, *fresh whether that is news; node,
     * once for each node that lives, where it is kept, and that what it is a difference from is
     * needed, which may be garbage otherwise: it is part of what branches show now (`newest`), or
     * of history only, which may be kept in a form that is read more slowly; sweep: what was put
     * before begin and is not marked is garbage, the backend may overwrite it from now on; clean
     * moves what lives out of space that is worth having back, with work as for about `max_bytes`
     * at a call, until *done. */
    void (*collect_begin)(struct bough_backend *backend);
    enum bough_err (*collect_mark)(struct bough_backend *backend, const struct bough_link *link,
                                   bool *fresh);
    enum bough_err (*collect_node)(struct bough_backend *backend, const struct bough_place *place,
                                   bool newest);
    enum bough_err (*collect_sweep)(struct bough_backend *backend);
    enum bough_err (*collect_clean)(struct bough_backend *backend, uint64_t max_bytes, bool *done);
};

struct bough_backend {
    const struct bough_backend_ops *ops;
    struct bough_identity identity;
    enum bough_durability durability; /* what a synced root survives */
    bool keeps_differences;           /* put makes use of base and patch */
    bool read_only;                   /* set for good after a failed write or flush */
    bool damaged; /* not all that was acknowledged can be read: the log says what is the matter */
    uint64_t capacity_bytes; /* 0 = bounded by the heap only */
    uint64_t used_bytes;
    bool wants_collection;  /* space is getting short, and some of it may be garbage */
    uint64_t object_count;  /* objects put since the backend was opened */
    uint64_t settled_count; /* objects that collection or repair has given another base since */
};

/* Each calls the slot of its name; see there. */
BOUGH_MUST_CHECK static inline enum bough_err bough_backend_put(struct bough_backend *backend,
                                                                const struct bough_hash *name,
                                                                const struct bough_object *object,
                                                                struct bough_place *place)
{
    assert(!bough_hash_is_none(name));
    assert(object->patch.len == 0 || object->base != 0);
    return backend->read_only ? BOUGH_READ_ONLY : backend->ops->put(backend, name, object, place);
}

BOUGH_MUST_CHECK static inline enum bough_err bough_backend_get(struct bough_backend *backend,
                                                                const struct bough_link *link,
                                                                struct bough_arena *arena,
                                                                struct bough_object *object)
{
    assert(!bough_hash_is_none(&link->name));
    return backend->ops->get(backend, link, arena, object);
}

BOUGH_MUST_CHECK static inline enum bough_err bough_backend_find(struct bough_backend *backend,
                                                                 const struct bough_hash *name,
                                                                 uint64_t *address)
{
    return backend->ops->find(backend, name, address);
}

static inline void bough_backend_root_get(struct bough_backend *backend, struct bough_root *root)
{
    backend->ops->root_get(backend, root);
}

BOUGH_MUST_CHECK static inline enum bough_err bough_backend_root_move(
    struct bough_backend *backend, uint64_t expected, const struct bough_link *state)
{
    return backend->read_only ? BOUGH_READ_ONLY : backend->ops->root_move(backend, expected, state);
}

BOUGH_MUST_CHECK static inline enum bough_err bough_backend_sync(struct bough_backend *backend)
{
    return backend->read_only ? BOUGH_READ_ONLY : backend->ops->sync(backend);
}

static inline void bough_backend_hold(struct bough_backend *backend, bool on)
{
    if (backend->ops->hold != NULL)
        backend->ops->hold(backend, on);
}

static inline void bough_backend_close(struct bough_backend *backend)
{
    if (backend != NULL)
        backend->ops->close(backend);
}

#endif
