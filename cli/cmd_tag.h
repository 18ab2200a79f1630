/* SPDX-License-Identifier: ISC
 *
 * cmd_tag.h - the verb tag.
 */
#ifndef CMD_TAG_H
#define CMD_TAG_H

#include "options.h"

/* Lists, makes and deletes tags. */
enum exit_status cmd_tag(struct options *options);

#endif
