/* SPDX-License-Identifier: ISC
 *
 * cmd_diff.h - the verbs diff and merge-base.
 */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include "options.h"

/* bough diff FROM TO [PREFIX] */
enum exit_status cmd_diff(struct options *options);
/* bough merge-base A B */
enum exit_status cmd_diff_base(struct options *options);

#endif
