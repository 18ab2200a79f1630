/* SPDX-License-Identifier: ISC
 *
 * git_helper.c - users and passwords that git's credential helpers know.
 *
 * Owns no data.  What is asked for is the URL's scheme and host and nothing else, so a helper can
 * only answer for where the answer goes.
 */
#include "git_helper.h"
#include "interrupt.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX 8192u

/* git, with its two ends of the pipes as standard input and output; 0 = it cannot be started. */
static pid_t start(int input, int output)
{
    char *const words[] = {(char[]){"git"}, (char[]){"credential"}, (char[]){"fill"}, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    pid_t pid = 0;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return 0;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return 0;
    }
    if (posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawnattr_setsigdefault(&attributes, &defaults) != 0 ||
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) != 0 ||
        posix_spawnp(&pid, "git", &actions, &attributes, words, environ) != 0)
        pid = 0;
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Says what is asked for, and reads what git says until it ends; -1 = that was too much. */
static ssize_t talk(const struct git_url *url, int input, int output, char *answer, size_t max)
{
    ssize_t len = 0;

    dprintf(input, "protocol=%s\nhost=%s\n", url->scheme, url->host);
    if (url->user != NULL)
        dprintf(input, "username=%s\n", url->user);
    dprintf(input, "\n");
    close(input);
    while ((size_t)len < max) {
        ssize_t got = read(output, answer + len, max - (size_t)len);

        if (got < 0 && errno == EINTR && !interrupt_seen())
            continue;
        if (got <= 0)
            return len;
        len += got;
    }
    return -1;
}

/* The value of a line "name=value" of the answer, in the arena; NULL = there is none. */
static const char *value_of(const char *answer, const char *name, struct bough_arena *arena)
{
    size_t name_len = strlen(name);

    for (const char *line = answer; *line != '\0'; line += strcspn(line, "\n")) {
        size_t len;
        char *value;

        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, name, name_len) != 0 || line[name_len] != '=')
            continue;
        line += name_len + 1;
        len = strcspn(line, "\n");
        value = bough_arena_zeros(arena, len + 1, 1);
        if (value != NULL)
            memcpy(value, line, len);
        return value;
    }
    return NULL;
}

bool git_helper_fill(struct git_url *url, struct bough_arena *arena)
{
    char answer[ANSWER_BYTES_MAX];
    const char *user = NULL;
    const char *password = NULL;
    int input[2];
    int output[2];
    ssize_t len;
    pid_t pid;

    if (url->host == NULL || pipe2(input, O_CLOEXEC) != 0)
        return false;
    if (pipe2(output, O_CLOEXEC) != 0) {
        close(input[0]);
        close(input[1]);
        return false;
    }
    pid = start(input[0], output[1]);
    close(input[0]);
    close(output[1]);
    len = talk(url, input[1], output[0], answer, sizeof(answer) - 1);
    close(output[0]);
    if (pid > 0 && interrupt_seen())
        (void)kill(pid, SIGTERM);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    if (len > 0) {
        answer[len] = '\0';
        user = value_of(answer, "username", arena);
        password = value_of(answer, "password", arena);
    }
    explicit_bzero(answer, sizeof(answer));
    if (user == NULL || password == NULL)
        return false;
    url->user = user;
    url->password = password;
    return true;
}
