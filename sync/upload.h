/* SPDX-License-Identifier: ISC
 *
 * upload.h - one fetch: what the client wants and has, and the answer on its way out.
 */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "pack_out.h"
#include "pkt_line.h"
#include "shallow.h"

enum upload_side_band { UPLOAD_BARE, UPLOAD_BAND_SMALL, UPLOAD_BAND_64K };

/* Shared by the upload_*.c files. */
struct upload {
    struct git_view *view;
    struct buffer out; /* of the answer: what comes before the pack */
    size_t out_at;     /* how much of it was read */

    struct buffer wants;  /* of struct git_native */
    struct buffer sought; /* of struct git_find: wants that the memo does not place (git_find.h) */
    struct bough_arena places; /* what was found of them */
    struct buffer haves;       /* of struct bough_link: those that are commits of ours */
    uint32_t want_count;       /* as sent */
    uint32_t have_count;       /* as sent, unknown ones too */
    struct sha1 last_common;
    size_t judged_at; /* haves.len when `ready` was computed; SIZE_MAX = never */
    bool ready;

    struct shallow shallow;
    struct fetch_filter filter;

    bool failed; /* the answer is an error; the rest of the request is dropped */
    bool done;
    bool include_tag;
    bool thin_pack;
    bool ofs_delta;
    bool no_progress; /* nothing for people to read */
    enum upload_side_band side_band;

    /* Protocol 0 and 1: negotiation (upload_v0.c). */
    bool wants_complete;
    bool saw_caps;
    uint8_t multi_ack; /* 0, 1, 2 = detailed */
    bool no_done;
    bool got_common;
    bool got_other;
    bool sent_ready;
    bool stop; /* the negotiation is over: send the pack */

    /* Protocol 2: the command and its arguments (upload_v2.c). */
    uint8_t command;
    bool in_arguments;
    bool complete;
    bool wait_for_done;
    bool peel;
    bool symrefs;
    bool info_size;
    bool unborn;
    struct buffer prefixes; /* each as a length (u32, host order) and its bytes */
    uint32_t prefix_count;

    /* The pack on its way out (upload_pack.c). */
    bool listing; /* what to send is being chosen: it comes into `list` */
    struct pack_list list;
    bool packing;
    bool is_clone;  /* of somebody who has nothing */
    bool pack_over; /* its last frame is made */
    bool told;      /* what is in it was said, or need not be */
    struct pack_out pack;
    struct buffer frame;
    size_t frame_at;
};

/* A fetch that nothing is known of yet. */
void upload_init(struct upload *upload, struct git_view *view);

/* Gives everything back, at any time. */
void upload_release(struct upload *upload);

/* Makes the answer an error, for people to read; what was in it is dropped.  BOUGH_NO_MEMORY. */
BOUGH_PRINTF(2, 3)
BOUGH_MUST_CHECK enum bough_err upload_fail(struct upload *upload, const char *format, ...);

/* The client wants the object `hex`. */
BOUGH_MUST_CHECK enum bough_err upload_want(struct upload *upload, struct bough_bytes hex);

/* Looks for the objects of a list of struct git_find, which is sorted then and without doubles. */
BOUGH_MUST_CHECK enum bough_err upload_find(struct upload *upload, struct buffer *list);

/* Goes on from a tag to the commit that it stands for; kind GIT_NONE if it stands for something
 * else. */
BOUGH_MUST_CHECK enum bough_err upload_peel(struct upload *upload, struct git_native *native);

/* The client has the object `hex`; *common: it is a commit of ours, or a tag of one, and `id` says
 * which. */
BOUGH_MUST_CHECK enum bough_err upload_have(struct upload *upload, struct bough_bytes hex,
                                            struct sha1 *id, bool *common);

/* Whether every commit that is wanted has one that the client has behind it: then asking for more
 * haves would not make the pack smaller by much (git's "ready"). */
BOUGH_MUST_CHECK enum bough_err upload_judge(struct upload *upload, bool *ready);

#endif
