/* SPDX-License-Identifier: ISC
 *
 * cmd_info.h - the verb info: what an image holds.
 */
#ifndef CMD_INFO_H
#define CMD_INFO_H

#include "options.h"

/* bough info FILE: prints what can be read; EXIT_CORRUPT when the store cannot be opened, or
 * opening found damage. */
enum exit_status cmd_info(struct options *options);

#endif
