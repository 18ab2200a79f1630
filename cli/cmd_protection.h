/* SPDX-License-Identifier: ISC
 *
 * cmd_protection.h - the verb protection.
 */
#ifndef CMD_PROTECTION_H
#define CMD_PROTECTION_H

#include "options.h"

/* Shows what nobody may do to branches, or replaces the rules that say so. */
enum exit_status cmd_protection(struct options *options);

#endif
