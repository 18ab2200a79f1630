/* SPDX-License-Identifier: ISC
 *
 * git_copy.c - whole git repositories into and out of a store.
 *
 * A repository that is a folder here needs no other in between: it is pushed from, or cloned to.
 */
#include "git_copy.h"
#include "git_plan.h"

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

/* Every branch and tag, as it is called here. */
static enum exit_status plan_all(struct session *session, git_repository *repository,
                                 struct git_plan *plan)
{
    git_strarray names;
    enum exit_status status;
    int error = git_reference_list(&names, repository);

    if (error != 0)
        return git_peer_complain(session, git_repository_path(repository), error);
    status = git_plan_begin(plan, session, names.count);
    for (size_t i = 0; i < names.count && status == EXIT_OK; i++) {
        const char *name = session_text(session, "%s", names.strings[i]);

        if (strncmp(name, "refs/heads/", 11) == 0 || strncmp(name, "refs/tags/", 10) == 0)
            git_plan_move(plan, name, name, NULL, NULL);
    }
    git_strarray_dispose(&names);
    return status;
}

static enum exit_status push(struct session *session, git_repository *repository)
{
    const char *url = session_text(session, "%s/bough.git", session->url);
    struct git_peer store = {.remote = NULL};
    struct git_plan plan;
    enum exit_status status = plan_all(session, repository, &plan);

    if (status == EXIT_OK)
        status = git_peer_open(&store, session, repository, url);
    if (status == EXIT_OK)
        status = git_plan_push(&plan, &store);
    if (status == EXIT_OK && plan.refused > 0) {
        git_plan_tell(&plan, false);
        status = EXIT_PRECONDITION;
    } else if (status == EXIT_OK && !session->options->quiet) {
        fprintf(stderr, "%zu branches and tags\n", plan.count);
    }
    git_peer_close(&store);
    return status;
}

enum exit_status git_copy_push(struct session *session, const char *path)
{
    git_repository *repository = NULL;
    enum exit_status status;
    int error;

    git_libgit2_init();
    error = git_repository_open(&repository, path);
    status = error == 0 ? push(session, repository) : git_peer_complain(session, path, error);
    git_repository_free(repository);
    git_libgit2_shutdown();
    return status;
}

enum exit_status git_copy_clone(struct session *session, const char *path)
{
    const char *url = session_text(session, "%s/bough.git", session->url);
    struct git_peer store = {.session = session};
    git_clone_options options;
    git_repository *repository = NULL;
    size_t len = strlen(path);
    enum exit_status status;
    int error;

    git_libgit2_init();
    progress_begin(&store.progress, session->options, "fetch");
    (void)git_clone_options_init(&options, GIT_CLONE_OPTIONS_VERSION);
    options.bare = len > 4 && strcmp(path + len - 4, ".git") == 0;
    git_peer_callbacks(&store, &options.fetch_opts.callbacks);
    error = git_clone(&repository, url, path, &options);
    progress_end(&store.progress);
    status = error == 0 ? EXIT_OK : git_peer_complain(session, path, error);
    git_repository_free(repository);
    git_libgit2_shutdown();
    return status;
}
