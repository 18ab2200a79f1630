/* SPDX-License-Identifier: ISC
 *
 * cmd_retention.h - the verb retention.
 */
#ifndef CMD_RETENTION_H
#define CMD_RETENTION_H

#include "options.h"

/* Shows how much history branches keep, or replaces the policies that say so. */
enum exit_status cmd_retention(struct options *options);

#endif
