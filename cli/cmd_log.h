/* SPDX-License-Identifier: ISC
 *
 * cmd_log.h - the verb log.
 */
#ifndef CMD_LOG_H
#define CMD_LOG_H

#include "options.h"

/* bough log [REV]: the commits behind a revision, newest first. */
enum exit_status cmd_log(struct options *options);

#endif
