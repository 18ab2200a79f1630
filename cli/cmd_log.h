/* SPDX-License-Identifier: ISC
 *
 * cmd_log.h - the verbs log and blame.
 */
#ifndef CMD_LOG_H
#define CMD_LOG_H

#include "options.h"

/* bough log [REV|KEY]: the commits behind a revision, or those that changed a key or directory,
 * newest first. */
enum exit_status cmd_log(struct options *options);

/* bough blame [PREFIX]: which commit each key is from. */
enum exit_status cmd_log_blame(struct options *options);

#endif
