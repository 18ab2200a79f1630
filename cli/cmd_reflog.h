/* SPDX-License-Identifier: ISC
 *
 * cmd_reflog.h - the verb reflog.
 */
#ifndef CMD_REFLOG_H
#define CMD_REFLOG_H

#include "options.h"

/* Lists what a branch pointed at before, or the refs that have such a log. */
enum exit_status cmd_reflog(struct options *options);

#endif
