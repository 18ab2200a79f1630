/* SPDX-License-Identifier: ISC
 *
 * interrupt.h - Ctrl-C in verbs that have something to clear away.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM end nothing by themselves, but make calls that wait return early,
 * and SIGPIPE is not heard of.  For the rest of the process. */
void interrupt_catch(void);

/* Whether SIGINT or SIGTERM has come since. */
bool interrupt_seen(void);

#endif
