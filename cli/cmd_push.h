/* SPDX-License-Identifier: ISC
 *
 * cmd_push.h - the verb push.
 */
#ifndef CMD_PUSH_H
#define CMD_PUSH_H

#include "options.h"

/* bough push URL [BRANCH ...] [--tags] [--force] */
enum exit_status cmd_push(struct options *options);

#endif
