/* SPDX-License-Identifier: ISC
 *
 * cmd_run.h - the verb run: boot the image.
 */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "options.h"

/* bough run: boots the image on a disk image, in the foreground, until Ctrl-C. */
enum exit_status cmd_run(struct options *options);

#endif
