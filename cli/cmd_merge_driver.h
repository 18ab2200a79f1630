/* SPDX-License-Identifier: ISC
 *
 * cmd_merge_driver.h - the verb merge-driver.
 */
#ifndef CMD_MERGE_DRIVER_H
#define CMD_MERGE_DRIVER_H

#include "options.h"

/* Merges three files by a policy, as a merge driver of git (gitattributes(5)): the result replaces
 * the second.  EXIT_OK; EXIT_DRIVER_CONFLICT when a person must go on from what is there;
 * EXIT_DRIVER_ERROR.  With --install it configures git instead. */
enum exit_status cmd_merge_driver(struct options *options);

#endif
