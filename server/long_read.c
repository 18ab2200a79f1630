/* SPDX-License-Identifier: ISC
 *
 * long_read.c - replies that are made of history, in steps between other requests.
 *
 * Owns the pins of the commits that a reader began with.
 *   (1) What is pinned is not collected, with all behind it; so links that were read stay good.
 */
#include "long_read.h"

static enum bough_err work_step(struct request *request)
{
    struct long_read *read = request->work_state;

    if (!read->begun)
        BOUGH_TRY(read->ops->begin(read));
    read->begun = true;
    return read->ops->step(read);
}

static void work_end(struct request *request)
{
    struct long_read *read = request->work_state;

    for (size_t i = 0; i < read->pin_count; i++)
        bough_collect_pin_end(&read->pins[i]);
}

enum bough_err long_read_start(struct long_read *read, struct request *request,
                               const struct long_read_ops *ops, const struct bough_link *commits,
                               size_t count)
{
    static const struct request_work_ops work = {.step = work_step, .end = work_end};

    *read = (struct long_read){.ops = ops, .request = request, .pin_count = count};
    read->pins = bough_arena_zeros(&request->arena, count, sizeof(*read->pins));
    if (read->pins == NULL)
        return BOUGH_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        bough_collect_pin_commit(request->service->store, &read->pins[i], &commits[i]);
    assert(request->work == NULL && request->reply.status == 0);
    request->work = &work;
    request->work_state = read;
    return BOUGH_OK;
}
