/* SPDX-License-Identifier: ISC
 *
 * cmd_export.h - the verb export.
 */
#ifndef CMD_EXPORT_H
#define CMD_EXPORT_H

#include "options.h"

/* bough export DIR: the keys of a revision as files; `export NAME.git` the whole history as a bare
 * git repository. */
enum exit_status cmd_export(struct options *options);

#endif
