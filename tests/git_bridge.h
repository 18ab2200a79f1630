/* SPDX-License-Identifier: ISC
 *
 * git_bridge.h - real git against a store in this process: a shell script runs in a child, and
 * while it does, this process answers HTTP on a loopback port, one connection after the other, with
 * one git exchange for each request.  Bodies go in and come out in pieces of odd sizes.
 */
#ifndef GIT_BRIDGE_H
#define GIT_BRIDGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bough/git.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

struct git_bridge_body {
    char *at;
    size_t len;
};

/* All bytes of one request: its header, and its body without chunks and gzip. */
struct git_bridge_request {
    char *head;
    struct git_bridge_body body;
    bool chunked;
    size_t length;
};

static inline void git_bridge_append(struct git_bridge_body *body, const void *at, size_t len)
{
    body->at = realloc(body->at, body->len + len + 1);
    assert_non_null(body->at);
    memcpy(body->at + body->len, at, len);
    body->len += len;
    body->at[body->len] = '\0';
}

/* The value of a header field in `head`, copied to `into`; false when it is not there. */
static inline bool git_bridge_field(const char *head, const char *name, char *into, size_t max)
{
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            const char *value = line + strlen(name) + 1;
            size_t len;

            value += strspn(value, " ");
            len = strcspn(value, "\r");
            snprintf(into, max, "%.*s", (int)len, value);
            return true;
        }
    }
    return false;
}

static inline bool git_bridge_read(int fd, struct git_bridge_body *raw)
{
    char piece[32768];
    ssize_t got = read(fd, piece, sizeof(piece));

    if (got <= 0)
        return false;
    git_bridge_append(raw, piece, (size_t)got);
    return true;
}

/* The body of a chunked message that starts at raw[from]. */
static inline void git_bridge_chunks(int fd, struct git_bridge_body *raw, size_t from,
                                     struct git_bridge_body *body)
{
    for (;;) {
        char *line_end;
        size_t size;

        while ((line_end = strstr(raw->at + from, "\r\n")) == NULL)
            assert_true(git_bridge_read(fd, raw));
        size = strtoul(raw->at + from, NULL, 16);
        from = (size_t)(line_end - raw->at) + 2;
        while (raw->len < from + size + 2)
            assert_true(git_bridge_read(fd, raw));
        if (size == 0)
            return;
        git_bridge_append(body, raw->at + from, size);
        from += size + 2;
    }
}

static inline void git_bridge_gunzip(struct git_bridge_body *body)
{
    struct git_bridge_body plain = {0};
    z_stream stream = {.next_in = (Bytef *)body->at, .avail_in = (uInt)body->len};
    int status = inflateInit2(&stream, 15 + 16);

    while (status == Z_OK) {
        Bytef piece[4096];

        stream.next_out = piece;
        stream.avail_out = sizeof(piece);
        status = inflate(&stream, Z_NO_FLUSH);
        git_bridge_append(&plain, piece, sizeof(piece) - stream.avail_out);
    }
    assert_int_equal(status, Z_STREAM_END);
    inflateEnd(&stream);
    free(body->at);
    *body = plain;
}

static inline void git_bridge_write(int fd, const void *at, size_t len)
{
    while (len > 0) {
        ssize_t put = send(fd, at, len, MSG_NOSIGNAL);

        if (put <= 0)
            return;
        at = (const char *)at + put;
        len -= (size_t)put;
    }
}

/* Runs one exchange and writes the response. */
static inline void git_bridge_answer(int fd, struct bough_git *git, const char *head,
                                     const struct git_bridge_body *body)
{
    char protocol[200] = "";
    struct bough_git_request request = {.advertise = strncmp(head, "GET ", 4) == 0};
    struct bough_git_exchange *exchange;
    char answer[300];
    uint8_t piece[1777];
    size_t got = 0;
    enum bough_err err = BOUGH_OK;

    request.service =
        strstr(head, "git-receive-pack") != NULL ? BOUGH_GIT_RECEIVE : BOUGH_GIT_UPLOAD;
    git_bridge_field(head, "Git-Protocol", protocol, sizeof(protocol));
    request.protocol = bough_bytes_text(protocol);
    assert_int_equal(bough_git_exchange_open(git, &request, &exchange), BOUGH_OK);
    for (size_t at = 0; err == BOUGH_OK && at < body->len; at += 997)
        err = bough_git_exchange_add(
            exchange, bough_bytes_of(body->at + at, body->len - at < 997 ? body->len - at : 997));
    if (err == BOUGH_OK)
        while ((err = bough_git_exchange_end(exchange)) == BOUGH_NOT_READY)
            ;
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 %s\r\nContent-Type: %s\r\nCache-Control: no-cache\r\n"
             "Connection: close\r\n\r\n",
             err == BOUGH_OK ? "200 OK" : "500 Error", bough_git_content_type(&request, false));
    git_bridge_write(fd, answer, strlen(answer));
    if (err != BOUGH_OK)
        fprintf(stderr, "exchange: %s\n", bough_err_name(err));
    while (err == BOUGH_OK) {
        err = bough_git_exchange_read(exchange, piece, sizeof(piece), &got);
        if (got == 0)
            break;
        git_bridge_write(fd, piece, got);
    }
    bough_git_exchange_close(exchange);
}

/* Serves one connection. */
static inline void git_bridge_serve(int fd, struct bough_git *git)
{
    struct git_bridge_body raw = {0};
    struct git_bridge_body body = {0};
    char value[200];
    char *end = NULL;

    while (end == NULL && git_bridge_read(fd, &raw))
        end = strstr(raw.at, "\r\n\r\n");
    if (end != NULL) {
        size_t from = (size_t)(end - raw.at) + 4;
        char *head = strndup(raw.at, from);

        if (git_bridge_field(head, "Expect", value, sizeof(value)))
            git_bridge_write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        if (git_bridge_field(head, "Transfer-Encoding", value, sizeof(value))) {
            git_bridge_chunks(fd, &raw, from, &body);
        } else if (git_bridge_field(head, "Content-Length", value, sizeof(value))) {
            size_t length = strtoul(value, NULL, 10);

            while (raw.len < from + length)
                assert_true(git_bridge_read(fd, &raw));
            git_bridge_append(&body, raw.at + from, length);
        }
        if (git_bridge_field(head, "Content-Encoding", value, sizeof(value)))
            git_bridge_gunzip(&body);
        git_bridge_answer(fd, git, head, &body);
        free(head);
    }
    free(body.at);
    free(raw.at);
    close(fd);
}

/* The port is the same for the whole program: clones remember it in their URL. */
static inline int git_bridge_listen(unsigned *port_at)
{
    static int fd = -1;
    static unsigned port;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);

    if (fd >= 0) {
        *port_at = port;
        return fd;
    }
    fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port_at = port = ntohs(address.sin_port);
    return fd;
}

/* Runs `script` with sh -eu, in the folder `home`, with $URL set; its exit status. */
static inline int git_bridge_run(struct bough_git *git, const char *home, const char *script)
{
    unsigned port;
    int listener = git_bridge_listen(&port);
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        char url[100];

        close(listener);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/bough.git", port);
        setenv("URL", url, 1);
        setenv("HOME", home, 1);
        setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
        setenv("GIT_TERMINAL_PROMPT", "0", 1);
        setenv("GIT_AUTHOR_NAME", "A U Thor", 1);
        setenv("GIT_AUTHOR_EMAIL", "author@example.org", 1);
        setenv("GIT_COMMITTER_NAME", "C O Mitter", 1);
        setenv("GIT_COMMITTER_EMAIL", "committer@example.org", 1);
        setenv("GIT_AUTHOR_DATE", "1700000000 +0130", 1);
        setenv("GIT_COMMITTER_DATE", "1700000001 -0700", 1);
        unsetenv("http_proxy");
        unsetenv("HTTP_PROXY");
        setenv("no_proxy", "*", 1);
        if (chdir(home) == 0)
            execl("/bin/sh", "sh", "-eu", "-c", script, (char *)NULL);
        _exit(127);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};

        if (poll(&waiting, 1, 5) == 1)
            git_bridge_serve(accept(listener, NULL, NULL), git);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
