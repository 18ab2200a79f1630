/* SPDX-License-Identifier: ISC
 *
 * cmd_branch.h - the verb branch.
 */
#ifndef CMD_BRANCH_H
#define CMD_BRANCH_H

#include "options.h"

/* bough branch [list | create NAME [FROM] | move NAME TO | default NAME | delete NAME |
 * undelete NAME] */
enum exit_status cmd_branch(struct options *options);

#endif
