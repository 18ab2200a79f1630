/* SPDX-License-Identifier: ISC
 *
 * cmd_merge.h - the verbs merge, conflicts and resolve.
 */
#ifndef CMD_MERGE_H
#define CMD_MERGE_H

#include "options.h"

/* bough merge [FROM ...] : merges, several into one commit, or goes on with the merge in progress;
 * --abort gives it up, --undelete brings it back */
enum exit_status cmd_merge(struct options *options);

/* bough conflicts : those of the merge in progress that are open */
enum exit_status cmd_merge_conflicts(struct options *options);

/* bough resolve ours|theirs|base|delete KEY... | value KEY < FILE */
enum exit_status cmd_merge_resolve(struct options *options);

#endif
