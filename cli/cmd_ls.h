/* SPDX-License-Identifier: ISC
 *
 * cmd_ls.h - the verb ls.
 */
#ifndef CMD_LS_H
#define CMD_LS_H

#include "session.h"

/* bough ls [PREFIX]: the keys that start with PREFIX; without --recursive, directories are folded.
 */
enum exit_status cmd_ls(struct options *options);

/* The pages of all keys that start with `prefix` (session_pages).  `fold` lists directories as
 * such. */
enum exit_status cmd_ls_pages(struct session *session, const char *prefix, bool fold,
                              session_page *page, void *context);

/* The bytes of a listed key or folded directory, from its "key" or "prefix" or, where that is no
 * UTF-8, "key_encoded" or "prefix_encoded"; in the arena with a NUL behind them.  NULL when the
 * document is not as it should be. */
const char *cmd_ls_key(struct session *session, const struct json *item);

#endif
