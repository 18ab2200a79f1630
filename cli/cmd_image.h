/* SPDX-License-Identifier: ISC
 *
 * cmd_image.h - the verbs mkfs and fsck: disk images, offline.
 */
#ifndef CMD_IMAGE_H
#define CMD_IMAGE_H

#include "options.h"

/* bough mkfs FILE: an empty store in a new or blank image. */
enum exit_status cmd_image_mkfs(struct options *options);

/* bough fsck FILE: reads and checks everything; EXIT_CORRUPT when anything is damaged. */
enum exit_status cmd_image_fsck(struct options *options);

#endif
