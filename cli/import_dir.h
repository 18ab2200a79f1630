/* SPDX-License-Identifier: ISC
 *
 * import_dir.h - a directory's files as keys.
 */
#ifndef IMPORT_DIR_H
#define IMPORT_DIR_H

#include "session.h"

/* Puts every regular file and symbolic link below `path` under the same path behind --prefix, in
 * transactions of a few MiB each, with git's modes.  What is neither is named on stderr and left
 * out. */
enum exit_status import_dir(struct session *session, const char *path);

#endif
