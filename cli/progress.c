/* SPDX-License-Identifier: ISC
 *
 * progress.c - how far a long verb has come.
 *
 * One line that is drawn over itself; nothing is printed where standard error is a file, so that
 * logs stay readable.
 */
#include "progress.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30u

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void progress_begin(struct progress *progress, const struct options *options, const char *what)
{
    *progress = (struct progress){.what = what, .shown = !options->quiet && isatty(2)};
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total)
{
    char bar[BAR_WIDTH + 1];
    uint64_t now = now_ns();

    if (!progress->shown || now - progress->last_ns < 100000000u)
        return;
    progress->last_ns = now;
    if (total == 0) {
        fprintf(stderr, "\r%s %llu", progress->what, (unsigned long long)done);
        return;
    }
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)(done >= total ? BAR_WIDTH : done * BAR_WIDTH / total));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %llu/%llu", progress->what, bar, (unsigned long long)done,
            (unsigned long long)total);
}

void progress_end(struct progress *progress)
{
    if (progress->shown && progress->last_ns != 0)
        fprintf(stderr, "\r%78s\r", "");
}
