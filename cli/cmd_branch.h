/* SPDX-License-Identifier: ISC
 *
 * cmd_branch.h - the verb branch, and its calls for others.
 */
#ifndef CMD_BRANCH_H
#define CMD_BRANCH_H

#include "session.h"

/* bough branch [list | create NAME [FROM] | move NAME TO | default NAME | delete NAME |
 * undelete NAME] */
enum exit_status cmd_branch(struct options *options);

/* One call about a branch: `method` with {member: value} as its body, value NULL = true, member
 * NULL = no body. */
enum exit_status cmd_branch_change(struct session *session, const char *method, const char *name,
                                   const char *member, const char *value,
                                   struct http_response *response);

#endif
