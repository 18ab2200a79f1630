/* SPDX-License-Identifier: ISC
 *
 * service.h - what every request of a service has in common.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "bough/git.h"
#include "bough/store.h"
#include "config.h"
#include "job.h"
#include "peer_object.h"

/* Counted since the start; shown by /v1/stats. */
struct service_stats {
    uint64_t request_count;
    uint64_t refused_count; /* answered 4xx or 5xx */
    uint64_t write_count;   /* turns that made something durable */
    uint64_t connection_count;
    uint64_t collection_count; /* of the store's space */
};

/* How a mirror of two devices is; all zeros where there is none. */
struct service_mirror {
    bool present;
    bool degraded; /* fewer than two copies hold everything */
    uint64_t resync_done_bytes;
    uint64_t resync_bytes; /* 0 = no copy is behind */
    uint64_t fault_count;
    uint64_t healed_count; /* blocks */
};

/* Borrowed by everything in server/; the composition root fills it. */
struct service {
    struct bough_env *env;
    struct bough_store *store; /* NULL while it is being opened */
    struct bough_git *git;     /* NULL where there is none */
    struct config config;
    uint64_t started_ns;
    uint64_t id_base; /* of request ids: random, so that two boots do not share ids */
    uint64_t id_count;
    size_t connections_now;
    bool read_only; /* it was opened so */
    bool failed;    /* a sync has failed: what the store shows may not be durable */
    struct service_stats stats;
    enum bough_collect_phase collecting;           /* of the collection that is under way */
    struct job job;                                /* that somebody asked for last */
    uint8_t peer_secret[PEER_OBJECT_SECRET_BYTES]; /* of the tickets for objects (api_object.c) */
    bool peer_secret_made;
    bool dumping; /* a dump is being sent */
    struct service_mirror mirror;
    /* One bounded step of what the devices have to do between requests; true while there is more to
     * do at once.  NULL where there is nothing. */
    bool (*upkeep)(struct service *service);
    struct bough_block *upkeep_dev; /* the store's own, for `upkeep` */
    uint64_t upkeep_from_ns;        /* after a step that failed: not before */
};

#endif
