/* SPDX-License-Identifier: ISC
 *
 * git_peer.c - one git repository at the other end of a connection, by libgit2.
 *
 * libgit2 speaks the protocol here, so every conversation with a store is also one of the service
 * with a client that is not ours.
 *   (1) libgit2 is given the clean URL.  User and password leave by on_credentials only.
 *   (2) No redirect to another host is followed: libgit2 would answer its questions, too.
 */
#include "git_peer.h"
#include "git_helper.h"
#include "interrupt.h"
#include <stdlib.h>

const char *git_peer_plain(struct session *session, const char *text)
{
    size_t len = strlen(text);
    char *plain = bough_arena_take(&session->arena, len + 1);

    if (plain == NULL)
        return "(out of memory)";
    for (size_t i = 0; i <= len; i++) {
        unsigned char byte = (unsigned char)text[i];

        plain[i] = i < len && (byte < ' ' || byte == 0x7f) ? '?' : text[i];
    }
    return plain;
}

static enum exit_status status_of(int code)
{
    if (interrupt_seen())
        return EXIT_INTERRUPTED;
    switch (code) {
    case GIT_ENOTFOUND:
        return EXIT_NOT_FOUND;
    case GIT_ENONFASTFORWARD:
    case GIT_EEXISTS:
        return EXIT_PRECONDITION;
    case GIT_EBAREREPO:
        return EXIT_USAGE;
    case GIT_EAUTH:
        return EXIT_AUTH;
    case GIT_EUSER: /* on_push */
        return EXIT_LIMIT;
    default:
        return EXIT_UNREACHABLE;
    }
}

bool git_peer_may_be_cut(enum exit_status status)
{
    return status == EXIT_UNREACHABLE || status == EXIT_LIMIT;
}

enum exit_status git_peer_complain(struct session *session, const char *what, int code)
{
    const git_error *error = git_error_last();
    enum exit_status status = status_of(code);

    if (status == EXIT_INTERRUPTED)
        fprintf(stderr, "bough: interrupted\n");
    else
        fprintf(stderr, "bough: %s: %s\n", what,
                error == NULL ? "failed" : git_peer_plain(session, error->message));
    return status;
}

static int on_credentials(git_credential **credential, const char *url, const char *user,
                          unsigned allowed, void *payload)
{
    struct git_peer *peer = payload;

    (void)url;
    (void)user;
    if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) == 0) {
        git_error_set_str(GIT_ERROR_NET, "the server wants something else than a password");
        return GIT_EAUTH;
    }
    if (peer->asked++ > 0) {
        git_error_set_str(GIT_ERROR_NET, "user and password were refused");
        return GIT_EAUTH;
    }
    if ((peer->url.user == NULL || peer->url.password == NULL) &&
        !git_helper_fill(&peer->url, &peer->session->arena)) {
        git_error_set_str(GIT_ERROR_NET, "the server wants a user and a password");
        return GIT_EAUTH;
    }
    return git_credential_userpass_plaintext_new(credential, peer->url.user, peer->url.password);
}

static int on_fetch(const git_indexer_progress *stats, void *payload)
{
    struct git_peer *peer = payload;

    progress_show(&peer->progress, stats->received_objects, stats->total_objects);
    return interrupt_seen() ? GIT_EUSER : 0;
}

static int on_push(unsigned int current, unsigned int total, size_t bytes, void *payload)
{
    struct git_peer *peer = payload;

    peer->sent = total;
    progress_show(&peer->progress, current, total);
    if (peer->bytes_max == 0 || bytes <= peer->bytes_max)
        return interrupt_seen() ? GIT_EUSER : 0;
    git_error_set_str(GIT_ERROR_NET, "more than one push may have");
    return GIT_EUSER;
}

static int on_words(const char *text, int len, void *payload)
{
    (void)text;
    (void)len;
    (void)payload;
    return interrupt_seen() ? GIT_EUSER : 0;
}

static int on_answer(const char *ref, const char *why, void *payload)
{
    struct git_peer *peer = payload;

    if (peer->answer != NULL)
        peer->answer(peer->context, ref, why);
    return 0;
}

void git_peer_callbacks(struct git_peer *peer, git_remote_callbacks *callbacks)
{
    callbacks->credentials = on_credentials;
    callbacks->transfer_progress = on_fetch;
    callbacks->push_transfer_progress = on_push;
    callbacks->push_update_reference = on_answer;
    callbacks->sideband_progress = on_words;
    callbacks->payload = peer;
    peer->asked = 0;
}

/* A repository that is a folder here is looked into, not copied from: its objects count among those
 * that peer->repository has. */
static int look_into(struct git_peer *peer, const char *path)
{
    git_repository *folder;
    git_odb *objects = NULL;
    int error = git_repository_open_ext(&folder, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

    if (error != 0)
        return error;
    error = git_repository_odb(&objects, peer->repository);
    if (error == 0)
        error = git_odb_add_disk_alternate(
            objects, session_text(peer->session, "%sobjects", git_repository_commondir(folder)));
    git_odb_free(objects);
    git_repository_free(folder);
    return error;
}

enum exit_status git_peer_open(struct git_peer *peer, struct session *session,
                               git_repository *repository, const char *url)
{
    enum bough_err err;
    int error;

    *peer = (struct git_peer){.session = session, .repository = repository};
    err = git_url_parse(url, &session->arena, &peer->url);
    if (err != BOUGH_OK) {
        fprintf(stderr, "bough: the URL's user, password or port is %s\n", bough_err_name(err));
        return exit_of_err(err);
    }
    error = git_remote_create_anonymous(&peer->remote, repository, peer->url.clean);
    if (error == 0 && strchr(peer->url.clean, ':') == NULL)
        error = look_into(peer, peer->url.clean);
    return error == 0 ? EXIT_OK : git_peer_complain(session, peer->url.clean, error);
}

void git_peer_close(struct git_peer *peer)
{
    git_remote_free(peer->remote);
    *peer = (struct git_peer){.remote = NULL};
}

static int by_name(const void *left, const void *right)
{
    const struct git_peer_ref *a = left;
    const struct git_peer_ref *b = right;

    return strcmp(a->name, b->name);
}

const struct git_peer_ref *git_peer_find(const struct git_peer_refs *refs, const char *name)
{
    const struct git_peer_ref key = {.name = name};

    return refs->count == 0 ? NULL
                            : bsearch(&key, refs->at, refs->count, sizeof(*refs->at), by_name);
}

/* Copies what the server has listed, without HEAD and what annotated tags lead to. */
static int copy_list(struct git_peer *peer, struct git_peer_refs *refs)
{
    const git_remote_head **heads;
    git_buf head = {0};
    size_t count;
    int error = git_remote_ls(&heads, &count, peer->remote);

    if (error != 0)
        return error;
    refs->at = bough_arena_zeros(&peer->session->arena, count + 1, sizeof(*refs->at));
    if (refs->at == NULL)
        return GIT_ERROR;
    for (size_t i = 0; i < count; i++) {
        const char *name = heads[i]->name;
        size_t len = strlen(name);

        if (strncmp(name, "refs/", 5) != 0 || (len > 3 && strcmp(name + len - 3, "^{}") == 0))
            continue;
        refs->at[refs->count].name = session_text(peer->session, "%s", name);
        refs->at[refs->count++].id = heads[i]->oid;
    }
    qsort(refs->at, refs->count, sizeof(*refs->at), by_name);
    if (git_remote_default_branch(&head, peer->remote) == 0)
        refs->head = session_text(peer->session, "%s", head.ptr);
    git_buf_dispose(&head);
    return 0;
}

enum exit_status git_peer_list(struct git_peer *peer, struct git_peer_refs *refs)
{
    git_remote_connect_options options;
    int error;

    *refs = (struct git_peer_refs){.count = 0};
    (void)git_remote_connect_options_init(&options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
    git_peer_callbacks(peer, &options.callbacks);
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    error = git_remote_connect_ext(peer->remote, GIT_DIRECTION_FETCH, &options);
    if (error == 0)
        error = copy_list(peer, refs);
    (void)git_remote_disconnect(peer->remote);
    return error == 0 ? EXIT_OK : git_peer_complain(peer->session, peer->url.clean, error);
}

/* libgit2's view of a list; it does not write to it. */
static git_strarray list_of(const char *const *specs, size_t count)
{
    return (git_strarray){.strings = (char **)(uintptr_t)specs, .count = count};
}

enum exit_status git_peer_fetch(struct git_peer *peer, const char *const *specs, size_t count)
{
    git_strarray list = list_of(specs, count);
    git_fetch_options options;
    int error;

    (void)git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    git_peer_callbacks(peer, &options.callbacks);
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.update_fetchhead = 0;
    progress_begin(&peer->progress, peer->session->options, "fetch");
    error = git_remote_fetch(peer->remote, &list, &options, NULL);
    progress_end(&peer->progress);
    if (error != 0)
        return git_peer_complain(peer->session, peer->url.clean, error);
    peer->received = git_remote_stats(peer->remote)->received_objects;
    peer->received_bytes = git_remote_stats(peer->remote)->received_bytes;
    return EXIT_OK;
}

enum exit_status git_peer_push(struct git_peer *peer, const char *const *specs, size_t count,
                               git_peer_answer *answer, void *context)
{
    git_strarray list = list_of(specs, count);
    git_push_options options;
    int error;

    (void)git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
    git_peer_callbacks(peer, &options.callbacks);
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    options.pb_parallelism = 1;
    peer->answer = answer;
    peer->context = context;
    peer->sent = 0;
    progress_begin(&peer->progress, peer->session->options, "push");
    error = git_remote_push(peer->remote, &list, &options);
    progress_end(&peer->progress);
    if (error == 0)
        return EXIT_OK;
    if (peer->hushed && git_peer_may_be_cut(status_of(error)))
        return status_of(error);
    return git_peer_complain(peer->session, peer->url.clean, error);
}
