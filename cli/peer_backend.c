/* SPDX-License-Identifier: ISC
 *
 * peer_backend.c - the store of a server as a backend that can only be read, object by object.
 *
 * Owns the connection, and the tickets that came with objects (peer_object.h): an address here is
 * the number of a ticket, from 1 on.  Nothing that the server says is believed: whoever reads an
 * object compares it with its name (store/object.c), and numbers of tickets come from here.
 */
#include "peer_backend.h"
#include "hash.h"
#include "http_client.h"
#include "peer_object.h"

#define REPLY_BYTES_MAX   ((size_t)64 << 20)
#define TICKETS_FIRST     4096u
#define TICKETS_BYTES_MAX ((size_t)1 << 30)

struct peer_backend {
    struct bough_backend base;
    struct bough_env *env;
    struct http_client client;
    struct bough_root root;
    struct peer_object_ticket *tickets;
    size_t ticket_count;
    size_t ticket_max;
};

static struct peer_backend *peer_of(struct bough_backend *backend)
{
    return (struct peer_backend *)backend;
}

/* The number of a ticket that is kept from now on; 0 for one that leads nowhere. */
static enum bough_err keep(struct peer_backend *peer, const struct peer_object_ticket *ticket,
                           uint64_t *number)
{
    *number = 0;
    if (ticket->address == 0)
        return BOUGH_OK;
    if (peer->ticket_count == peer->ticket_max) {
        size_t max = peer->ticket_max == 0 ? TICKETS_FIRST : 2 * peer->ticket_max;
        struct peer_object_ticket *more;

        more = max > TICKETS_BYTES_MAX / sizeof(*more)
                   ? NULL
                   : bough_heap_take(peer->env->heap, max * sizeof(*more));
        if (more == NULL)
            return BOUGH_NO_MEMORY;
        if (peer->ticket_count > 0)
            memcpy(more, peer->tickets, peer->ticket_count * sizeof(*more));
        bough_heap_give(peer->env->heap, peer->tickets, peer->ticket_max * sizeof(*peer->tickets));
        peer->tickets = more;
        peer->ticket_max = max;
    }
    peer->tickets[peer->ticket_count++] = *ticket;
    *number = peer->ticket_count;
    return BOUGH_OK;
}

/* What a status that is not 200 means to a reader of objects. */
static enum bough_err err_of_status(struct peer_backend *peer, unsigned status)
{
    if (status == 404)
        return BOUGH_NOT_FOUND;
    if (status == 500)
        return BOUGH_CORRUPT; /* damaged there, too */
    bough_log(peer->env->log, BOUGH_ERROR, "peer", "the server answers %u", status);
    return status == 412 ? BOUGH_STALE : status == 503 ? BOUGH_BUSY : BOUGH_IO;
}

/* One request; the reply's bytes live in `arena`. */
static enum bough_err ask(struct peer_backend *peer, const char *target, struct bough_arena *arena,
                          struct bough_bytes *reply)
{
    const struct http_request request = {.method = "GET", .target = target};
    struct http_response response;

    BOUGH_TRY(http_client_call(&peer->client, &request, arena, NULL, &response));
    if (response.status != 200)
        return err_of_status(peer, response.status);
    *reply = response.body;
    return BOUGH_OK;
}

/* Asks for one object, by its ticket if there is one. */
static enum bough_err ask_object(struct peer_backend *peer, const struct bough_hash *name,
                                 const struct peer_object_ticket *ticket, struct bough_arena *arena,
                                 struct peer_object *object)
{
    char digits[2 * PEER_OBJECT_TICKET_BYTES + 1];
    char name_digits[2 * BOUGH_HASH_BYTES + 1];
    struct bough_bytes reply;
    char target[256];
    enum bough_err err;

    hash_hex(name, name_digits);
    (void)snprintf(target, sizeof(target), "/v1/admin/objects/%s", name_digits);
    if (ticket != NULL) {
        size_t len = strlen(target);

        peer_object_ticket_print(ticket, digits);
        (void)snprintf(target + len, sizeof(target) - len, "?at=%s", digits);
    }
    BOUGH_TRY(ask(peer, target, arena, &reply));
    err = peer_object_read(reply, object);
    if (err != BOUGH_OK)
        bough_log(peer->env->log, BOUGH_ERROR, "peer", "what the server sends is no object");
    return err;
}

static enum bough_err peer_get(struct bough_backend *backend, const struct bough_link *link,
                               struct bough_arena *arena, struct bough_object *object)
{
    struct peer_backend *peer = peer_of(backend);
    struct peer_object sent;
    uint64_t *addresses;

    if (link->address == 0 || link->address > peer->ticket_count)
        return BOUGH_CORRUPT;
    BOUGH_TRY(ask_object(peer, &link->name, &peer->tickets[link->address - 1], arena, &sent));
    addresses = bough_arena_zeros(arena, sent.count, sizeof(*addresses));
    if (addresses == NULL)
        return BOUGH_NO_MEMORY;
    for (uint32_t i = 0; i < sent.count; i++) {
        struct peer_object_ticket ticket = peer_object_ticket_at(&sent, i);

        BOUGH_TRY(keep(peer, &ticket, &addresses[i]));
    }
    *object = (struct bough_object){
        .kind = (enum bough_kind)sent.kind,
        .bytes = sent.bytes,
        .addresses = addresses,
        .address_count = sent.count,
    };
    return BOUGH_OK;
}

static enum bough_err peer_find(struct bough_backend *backend, const struct bough_hash *name,
                                uint64_t *address)
{
    struct peer_backend *peer = peer_of(backend);
    struct bough_arena arena;
    struct peer_object sent;
    enum bough_err err;

    bough_arena_init(&arena, peer->env->heap, REPLY_BYTES_MAX);
    err = ask_object(peer, name, NULL, &arena, &sent);
    if (err == BOUGH_OK)
        err = keep(peer, &sent.own, address);
    bough_arena_release(&arena);
    return err == BOUGH_OK && *address == 0 ? BOUGH_NOT_FOUND : err;
}

static void peer_root_get(struct bough_backend *backend, struct bough_root *root)
{
    *root = peer_of(backend)->root;
}

static enum bough_err refuse_put(struct bough_backend *backend, const struct bough_hash *name,
                                 const struct bough_object *object, struct bough_place *place)
{
    (void)backend;
    (void)name;
    (void)object;
    (void)place;
    return BOUGH_READ_ONLY;
}

static enum bough_err refuse_move(struct bough_backend *backend, uint64_t expected,
                                  const struct bough_link *state)
{
    (void)backend;
    (void)expected;
    (void)state;
    return BOUGH_READ_ONLY;
}

static enum bough_err refuse_sync(struct bough_backend *backend)
{
    (void)backend;
    return BOUGH_READ_ONLY;
}

static void peer_close(struct bough_backend *backend)
{
    struct peer_backend *peer = peer_of(backend);
    struct bough_heap *heap = peer->env->heap;

    http_client_release(&peer->client);
    bough_heap_give(heap, peer->tickets, peer->ticket_max * sizeof(*peer->tickets));
    bough_heap_give(heap, peer, sizeof(*peer));
}

/* Asks for the state's root. */
static enum bough_err get_root(struct peer_backend *peer)
{
    struct peer_object_ticket own = {0};
    struct bough_arena arena;
    struct bough_bytes reply;
    enum bough_err err;

    bough_arena_init(&arena, peer->env->heap, REPLY_BYTES_MAX);
    err = ask(peer, "/v1/admin/objects", &arena, &reply);
    if (err == BOUGH_NOT_FOUND)
        err = BOUGH_UNSUPPORTED;
    if (err == BOUGH_OK)
        err = peer_object_read_state(reply, &peer->root, &own);
    if (err == BOUGH_OK)
        err = keep(peer, &own, &peer->root.state.address);
    if (err == BOUGH_OK && peer->root.state.address == 0 &&
        !bough_hash_is_none(&peer->root.state.name))
        err = BOUGH_INVALID;
    bough_arena_release(&arena);
    return err;
}

enum bough_err peer_backend_open(struct bough_env *env, const char *url,
                                 struct bough_backend **backend)
{
    static const struct bough_backend_ops ops = {
        .put = refuse_put,
        .get = peer_get,
        .find = peer_find,
        .root_get = peer_root_get,
        .root_move = refuse_move,
        .sync = refuse_sync,
        .close = peer_close,
    };
    struct peer_backend *peer = bough_heap_take(env->heap, sizeof(*peer));
    enum bough_err err;

    if (peer == NULL)
        return BOUGH_NO_MEMORY;
    *peer = (struct peer_backend){.env = env, .client = {.fd = -1}};
    peer->base.ops = &ops;
    peer->base.read_only = true;
    peer->base.durability = BOUGH_SURVIVES_NOTHING;
    peer->base.identity =
        (struct bough_identity){.leaf_window_bytes = 512, .inner_window_bytes = 512};
    err = http_client_init(&peer->client, url);
    if (err == BOUGH_OK)
        err = get_root(peer);
    if (err != BOUGH_OK)
        peer_close(&peer->base);
    else
        *backend = &peer->base;
    return err;
}
