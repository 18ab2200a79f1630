/* SPDX-License-Identifier: ISC
 *
 * scrub.c - read all that is kept, and check it, between other work.
 *
 * Owns nothing: how far it is, is the backend's to know.  (1) A scrub changes nothing that can be
 * seen, so it needs no sync, and may be given up at any moment.
 */
#include "bough/scrub.h"
#include "store_internal.h"

#define STEP_BYTES ((uint64_t)16 << 20)

enum bough_err bough_scrub_step(struct bough_store *store, uint64_t max_bytes,
                                struct bough_scrub_report *report)
{
    assert(max_bytes > 0);
    *report = (struct bough_scrub_report){0};
    if (store->backend->ops->scrub == NULL)
        return BOUGH_UNSUPPORTED;
    return store->backend->ops->scrub(store->backend, max_bytes, report);
}

enum bough_err bough_scrub_run(struct bough_store *store, struct bough_scrub_report *report)
{
    do {
        BOUGH_TRY(bough_scrub_step(store, STEP_BYTES, report));
    } while (!report->done);
    return BOUGH_OK;
}

void bough_scrub_cancel(struct bough_store *store)
{
    struct bough_scrub_report report;
    enum bough_err err = BOUGH_OK;

    if (store->backend->ops->scrub != NULL)
        err = store->backend->ops->scrub(store->backend, 0, &report);
    assert(err == BOUGH_OK);
    (void)err;
}
