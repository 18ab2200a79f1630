/* SPDX-License-Identifier: ISC
 *
 * cmd_fetch.h - the verbs fetch and pull: what another git repository has, into a store.
 */
#ifndef CMD_FETCH_H
#define CMD_FETCH_H

#include "options.h"

/* bough fetch URL [--as NAME] [--prune] */
enum exit_status cmd_fetch(struct options *options);

/* bough pull URL [BRANCH] [--branch B] : fetches, and merges BRANCH into B */
enum exit_status cmd_fetch_pull(struct options *options);

#endif
