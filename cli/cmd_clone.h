/* SPDX-License-Identifier: ISC
 *
 * cmd_clone.h - the verb clone.
 */
#ifndef CMD_CLONE_H
#define CMD_CLONE_H

#include "options.h"

/* bough clone URL : all branches and tags into a store that has no branch; --store makes the image
 * if it is not there */
enum exit_status cmd_clone(struct options *options);

#endif
