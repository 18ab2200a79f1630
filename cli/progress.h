/* SPDX-License-Identifier: ISC
 *
 * progress.h - how far a long verb has come, on standard error, on a terminal only.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "options.h"

struct progress {
    const char *what;
    bool shown; /* on a terminal, and not --quiet */
    uint64_t last_ns;
};

/* Begins a bar; `what` is borrowed. */
void progress_begin(struct progress *progress, const struct options *options, const char *what);

/* `done` of `total` (0 = not known); draws ten times a second at most. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);

/* Clears the line. */
void progress_end(struct progress *progress);

#endif
