/* SPDX-License-Identifier: ISC
 *
 * git_copy.c - whole git repositories into and out of a store.
 *
 * libgit2 speaks the protocol here, so every import and export by git is also a conversation of the
 * service with a client that is not ours.
 */
#include "git_copy.h"
#include "progress.h"
#include <git2.h>

struct copy {
    struct progress progress;
    size_t refused;
};

/* Says what libgit2 says; `code` is what its function returned. */
static enum exit_status complain(const char *what, int code)
{
    const git_error *error = git_error_last();

    fprintf(stderr, "bough: %s: %s\n", what, error == NULL ? "failed" : error->message);
    switch (code) {
    case GIT_ENONFASTFORWARD:
    case GIT_EEXISTS:
        return EXIT_PRECONDITION;
    case GIT_EAUTH:
        return EXIT_AUTH;
    default:
        return EXIT_UNREACHABLE;
    }
}

bool git_copy_is_repository(const char *path)
{
    git_repository *repository;
    bool is_one;

    git_libgit2_init();
    is_one = git_repository_open_ext(&repository, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0;
    if (is_one)
        git_repository_free(repository);
    git_libgit2_shutdown();
    return is_one;
}

static int on_push(unsigned int current, unsigned int total, size_t bytes, void *payload)
{
    struct copy *copy = payload;

    (void)bytes;
    progress_show(&copy->progress, current, total);
    return 0;
}

static int on_refused(const char *name, const char *status, void *payload)
{
    struct copy *copy = payload;

    if (status != NULL) {
        fprintf(stderr, "bough: %s was refused: %s\n", name, status);
        copy->refused++;
    }
    return 0;
}

/* "refs/heads/x:refs/heads/x" for every branch and tag. */
static int list_refspecs(struct session *session, git_repository *repository, git_strarray *specs)
{
    git_strarray names;
    int error = git_reference_list(&names, repository);

    if (error != 0)
        return error;
    specs->strings = bough_arena_zeros(&session->arena, names.count + 1, sizeof(char *));
    specs->count = 0;
    for (size_t i = 0; i < names.count && specs->strings != NULL; i++) {
        const char *name = names.strings[i];

        if (strncmp(name, "refs/heads/", 11) == 0 || strncmp(name, "refs/tags/", 10) == 0)
            specs->strings[specs->count++] = (char *)session_text(session, "%s:%s", name, name);
    }
    git_strarray_dispose(&names);
    return specs->strings == NULL ? GIT_ERROR : 0;
}

enum exit_status git_copy_push(struct session *session, const char *path)
{
    const char *url = session_text(session, "%s/bough.git", session->url);
    git_push_options options;
    git_repository *repository = NULL;
    git_remote *remote = NULL;
    git_strarray specs = {0};
    struct copy copy = {0};
    int error;

    git_libgit2_init();
    progress_begin(&copy.progress, session->options, "push");
    (void)git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
    options.callbacks.push_transfer_progress = on_push;
    options.callbacks.push_update_reference = on_refused;
    options.callbacks.payload = &copy;
    options.pb_parallelism = 1;
    error = git_repository_open(&repository, path);
    if (error == 0)
        error = list_refspecs(session, repository, &specs);
    if (error == 0)
        error = git_remote_create_anonymous(&remote, repository, url);
    if (error == 0 && specs.count > 0)
        error = git_remote_push(remote, &specs, &options);
    progress_end(&copy.progress);
    if (error == 0 && copy.refused == 0 && !session->options->quiet)
        fprintf(stderr, "%zu branches and tags\n", specs.count);
    enum exit_status status = error != 0         ? complain(path, error)
                              : copy.refused > 0 ? EXIT_PRECONDITION
                                                 : EXIT_OK;

    git_remote_free(remote);
    git_repository_free(repository);
    git_libgit2_shutdown();
    return status;
}

static int on_fetch(const git_indexer_progress *stats, void *payload)
{
    struct copy *copy = payload;

    progress_show(&copy->progress, stats->received_objects, stats->total_objects);
    return 0;
}

enum exit_status git_copy_clone(struct session *session, const char *path)
{
    const char *url = session_text(session, "%s/bough.git", session->url);
    git_clone_options options;
    git_repository *repository = NULL;
    struct copy copy = {0};
    size_t len = strlen(path);
    int error;

    git_libgit2_init();
    progress_begin(&copy.progress, session->options, "fetch");
    (void)git_clone_options_init(&options, GIT_CLONE_OPTIONS_VERSION);
    options.bare = len > 4 && strcmp(path + len - 4, ".git") == 0;
    options.fetch_opts.callbacks.transfer_progress = on_fetch;
    options.fetch_opts.callbacks.payload = &copy;
    error = git_clone(&repository, url, path, &options);
    progress_end(&copy.progress);
    enum exit_status status = error == 0 ? EXIT_OK : complain(path, error);

    git_repository_free(repository);
    git_libgit2_shutdown();
    return status;
}
