/* SPDX-License-Identifier: ISC
 *
 * api_object.c - single objects by name, for another store that repairs itself from this one.
 *
 * Owns no data; the secret of its tickets is in service.h.  Commits and tags are found by their
 * names.  All others are asked for with the ticket that came with an object that leads to them, so
 * no index of names is needed, and each request costs one read.
 *   (1) An address that a client sends is used only with the proof that it came from here.
 *   (2) What is sent was compared with its name.
 */
#include "api.h"
#include "bough/peer.h"
#include "hash.h"
#include "peer_object.h"
#include "query.h"
#include "reply.h"

static const char octets[] = "application/octet-stream";

/* The secret of this run; made when it is needed for the first time. */
static enum bough_err get_secret(struct service *service, const uint8_t **secret)
{
    if (!service->peer_secret_made)
        BOUGH_TRY(bough_entropy_fill(service->env->entropy, service->peer_secret,
                                     sizeof(service->peer_secret)));
    service->peer_secret_made = true;
    *secret = service->peer_secret;
    return BOUGH_OK;
}

enum bough_err api_object_state(struct request *request)
{
    static const char *const parameters[] = {NULL};
    const uint8_t *secret;
    struct bough_bytes body;
    struct bough_root root;
    struct query query;

    if (!query_parse(request, parameters, &query))
        return BOUGH_OK;
    BOUGH_TRY(get_secret(request->service, &secret));
    bough_peer_root(request->service->store, &root);
    BOUGH_TRY(peer_object_write_state(secret, &root, &request->arena, &body));
    reply_status(request, 200);
    reply_body(request, octets, body);
    return BOUGH_OK;
}

/* The link that is asked for.  False: the reply says what is wrong with it. */
static bool asked_for(struct request *request, const uint8_t *secret, struct bough_link *link)
{
    static const char *const parameters[] = {"at", NULL};
    struct peer_object_ticket ticket = {0};
    struct bough_bytes at;
    struct query query;

    if (!query_parse(request, parameters, &query))
        return false;
    at = query_value(&query, "at");
    *link = (struct bough_link){0};
    if (!hash_parse(request->words[0], &link->name) || bough_hash_is_none(&link->name))
        (void)reply_problem(request, PROBLEM_BAD_REQUEST,
                            "an object's name is 64 hexadecimal digits");
    else if (at.at != NULL && (!peer_object_ticket_parse(at, &ticket) ||
                               !peer_object_is_proved(secret, &link->name, &ticket)))
        (void)reply_problem(request, PROBLEM_PRECONDITION,
                            "the ticket is not for this name, or of an earlier run");
    link->address = ticket.address;
    return request->reply.status == 0;
}

enum bough_err api_object_get(struct request *request)
{
    struct bough_store *store = request->service->store;
    const struct bough_hash *names;
    struct bough_object object;
    struct bough_link link;
    struct bough_bytes body;
    const uint8_t *secret;
    enum bough_err err;

    BOUGH_TRY(get_secret(request->service, &secret));
    if (!asked_for(request, secret, &link))
        return BOUGH_OK;
    err = link.address == 0 ? bough_store_find(store, &link.name, &link) : BOUGH_OK;
    if (err == BOUGH_NOT_FOUND)
        return reply_problem(request, PROBLEM_NO_SUCH_PATH,
                             "no commit or tag has this name; others need a ticket");
    BOUGH_TRY(err);
    BOUGH_TRY(bough_peer_object(store, &link, &request->arena, &object, &names));
    BOUGH_TRY(peer_object_write(secret, &link, &object, names, &request->arena, &body));
    reply_status(request, 200);
    reply_hash(request, "ETag", &link.name, true);
    reply_body(request, octets, body);
    return BOUGH_OK;
}
