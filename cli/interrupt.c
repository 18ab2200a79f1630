/* SPDX-License-Identifier: ISC
 *
 * interrupt.c - Ctrl-C in verbs that have something to clear away.
 *
 * A signal belongs to the process, hence the one variable.  Handlers are not begun again
 * (SA_RESTART), so that a read from a server that is silent gives up.
 */
#include "interrupt.h"
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool interrupt_seen(void)
{
    return interrupted != 0;
}
