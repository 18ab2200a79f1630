/* SPDX-License-Identifier: ISC
 *
 * cmd_gc.h - the verb gc.
 */
#ifndef CMD_GC_H
#define CMD_GC_H

#include "options.h"

/* Has the store collect its garbage, and waits until that is done. */
enum exit_status cmd_gc(struct options *options);

/* Has the store read and check everything that it keeps, and waits until that is done; EXIT_CORRUPT
 * when something cannot be read. */
enum exit_status cmd_gc_scrub(struct options *options);

#endif
