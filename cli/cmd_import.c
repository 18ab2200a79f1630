/* SPDX-License-Identifier: ISC
 *
 * cmd_import.c - the verb import.
 *
 * A git repository brings its history; any other directory its files.
 */
#include "cmd_import.h"
#include "git_copy.h"
#include "import_dir.h"

enum exit_status cmd_import(struct options *options)
{
    const char *path = options->args[0];
    bool is_git = git_copy_is_repository(path);
    struct session session;
    enum exit_status status;

    if (is_git && options->prefix != NULL) {
        fprintf(stderr, "bough: a repository brings its own history, so it cannot go below a "
                        "prefix\n");
        return EXIT_USAGE;
    }
    status = session_open(&session, options);
    if (status == EXIT_OK)
        status = is_git ? git_copy_push(&session, path) : import_dir(&session, path);
    session_close(&session);
    return status;
}
