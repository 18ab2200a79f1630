/* SPDX-License-Identifier: ISC
 *
 * cmd_rewrite.h - the verbs that make history on top of history.
 */
#ifndef CMD_REWRITE_H
#define CMD_REWRITE_H

#include "options.h"

/* bough cherry-pick REV */
enum exit_status cmd_rewrite_pick(struct options *options);
/* bough revert REV */
enum exit_status cmd_rewrite_revert(struct options *options);
/* bough squash FROM */
enum exit_status cmd_rewrite_squash(struct options *options);
/* bough rebase ONTO */
enum exit_status cmd_rewrite_rebase(struct options *options);
/* bough reset TO --force */
enum exit_status cmd_rewrite_reset(struct options *options);

#endif
