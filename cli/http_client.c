/* SPDX-License-Identifier: ISC
 *
 * http_client.c - HTTP/1.1 requests over one kept-alive connection.
 *
 * What a client needs of RFC 9112 to talk to bough: Content-Length and chunked responses, a reused
 * connection, and an end of stream that is never taken for the end of a body.
 *   (1) buffer[at..len) is what has been received and not consumed.
 */
#include "http_client.h"
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the header says about the body. */
struct framing {
    bool chunked;
    bool has_length;
    uint64_t length;
    bool close;
};

/* Where a body goes. */
struct sink {
    FILE *file;
    struct bough_arena *arena;
    uint8_t *at;
    size_t len;
    size_t max;
};

enum bough_err http_client_init(struct http_client *client, const char *url)
{
    static const char scheme[] = "http://";
    const char *host = url + sizeof(scheme) - 1;
    const char *end;
    const char *colon;

    memset(client, 0, sizeof(*client));
    client->fd = -1;
    if (strncasecmp(url, scheme, sizeof(scheme) - 1) != 0)
        return BOUGH_INVALID;
    end = host + strcspn(host, "/");
    colon = host[0] == '[' ? strchr(host, ']') : host;
    if (colon == NULL)
        return BOUGH_INVALID;
    colon = memchr(colon, ':', (size_t)(end - colon));
    if (end == host || (end[0] == '/' && end[1] != '\0'))
        return BOUGH_INVALID;
    if ((size_t)((colon != NULL ? colon : end) - host) >= sizeof(client->host) ||
        (colon != NULL && (size_t)(end - colon) > sizeof(client->port)))
        return BOUGH_INVALID;
    memcpy(client->host, host, (size_t)((colon != NULL ? colon : end) - host));
    if (colon != NULL)
        memcpy(client->port, colon + 1, (size_t)(end - colon - 1));
    else
        memcpy(client->port, "80", 3);
    return BOUGH_OK;
}

void http_client_release(struct http_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->at = 0;
    client->len = 0;
}

static enum bough_err connect_to(struct http_client *client)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    char name[sizeof(client->host)];
    size_t len = strlen(client->host);
    int one = 1;

    memcpy(name, client->host, len + 1);
    if (name[0] == '[' && name[len - 1] == ']') { /* an IPv6 address */
        memmove(name, name + 1, len - 1);
        name[len - 2] = '\0';
    }
    if (getaddrinfo(name, client->port, &hints, &all) != 0)
        return BOUGH_CLOSED;
    for (const struct addrinfo *one_of = all; one_of != NULL && client->fd < 0;
         one_of = one_of->ai_next) {
        client->fd = socket(one_of->ai_family, one_of->ai_socktype, one_of->ai_protocol);
        if (client->fd >= 0 && connect(client->fd, one_of->ai_addr, one_of->ai_addrlen) != 0) {
            close(client->fd);
            client->fd = -1;
        }
    }
    freeaddrinfo(all);
    if (client->fd < 0)
        return BOUGH_CLOSED;
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return BOUGH_OK;
}

/* Sends, unless the server speaks first: it then wants no more, and closes soon. */
static enum bough_err send_all(struct http_client *client, struct bough_bytes bytes)
{
    while (bytes.len > 0 && !client->answered) {
        struct pollfd ready = {.fd = client->fd, .events = POLLIN | POLLOUT};
        int count = poll(&ready, 1, HTTP_CLIENT_TIMEOUT_MS);
        ssize_t sent;

        if (count == 0)
            return BOUGH_TIMEOUT;
        client->answered = count > 0 && (ready.revents & POLLIN) != 0;
        if (count < 0 || client->answered)
            continue;
        sent = send(client->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
            continue;
        if (sent < 0)
            return BOUGH_CLOSED;
        bytes.at += sent;
        bytes.len -= (size_t)sent;
    }
    return BOUGH_OK;
}

static enum bough_err send_body(struct http_client *client, const struct http_request *request)
{
    uint8_t piece[65536];
    uint64_t left = request->body_bytes;

    if (request->body_file == NULL)
        return send_all(client, request->body);
    while (left > 0 && !client->answered) {
        size_t some = left < sizeof(piece) ? (size_t)left : sizeof(piece);

        if (fread(piece, 1, some, request->body_file) != some)
            return BOUGH_IO;
        BOUGH_TRY(send_all(client, bough_bytes_of(piece, some)));
        left -= some;
    }
    return BOUGH_OK;
}

static enum bough_err send_request(struct http_client *client, const struct http_request *request)
{
    char head[HTTP_CLIENT_HEAD_MAX];
    char length[64] = "";
    bool has_body = request->body.at != NULL || request->body_file != NULL;
    int len;

    client->answered = false;
    if (has_body)
        snprintf(length, sizeof(length), "Content-Length: %llu\r\n",
                 (unsigned long long)(request->body_file != NULL ? request->body_bytes
                                                                 : request->body.len));
    len = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s:%s\r\n%s%s\r\n", request->method,
                   request->target, client->host, client->port, length,
                   request->headers == NULL ? "" : request->headers);
    if (len < 0 || (size_t)len >= sizeof(head))
        return BOUGH_TOO_BIG;
    BOUGH_TRY(send_all(client, bough_bytes_of(head, (size_t)len)));
    return has_body ? send_body(client, request) : BOUGH_OK;
}

/* Receives at least one more byte behind those in the buffer. */
static enum bough_err receive(struct http_client *client)
{
    struct pollfd ready = {.fd = client->fd, .events = POLLIN};
    ssize_t got;

    if (client->at > 0) {
        memmove(client->buffer, client->buffer + client->at, client->len - client->at);
        client->len -= client->at;
        client->at = 0;
    }
    if (client->len == sizeof(client->buffer))
        return BOUGH_INVALID;
    if (poll(&ready, 1, HTTP_CLIENT_TIMEOUT_MS) == 0)
        return BOUGH_TIMEOUT;
    got = recv(client->fd, client->buffer + client->len, sizeof(client->buffer) - client->len, 0);
    if (got <= 0)
        return got < 0 && errno == EINTR ? BOUGH_OK : BOUGH_CLOSED;
    client->len += (size_t)got;
    return BOUGH_OK;
}

/* The next line without its end, NUL-terminated in place; valid until the next call. */
static enum bough_err read_line(struct http_client *client, char **line)
{
    size_t looked = 0;

    for (;;) {
        uint8_t *from = client->buffer + client->at + looked;
        uint8_t *end = memchr(from, '\n', client->len - client->at - looked);

        if (end != NULL) {
            *line = (char *)client->buffer + client->at;
            client->at = (size_t)(end - client->buffer) + 1;
            *end = '\0';
            if (end > (uint8_t *)*line && end[-1] == '\r')
                end[-1] = '\0';
            return BOUGH_OK;
        }
        looked = client->len - client->at;
        BOUGH_TRY(receive(client));
    }
}

/* Copies a header's value if the line is of that name; quotes around it are left out. */
static void take_header(const char *line, const char *name, char *into, size_t max)
{
    size_t name_len = strlen(name);
    size_t len;

    if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
        return;
    line += name_len + 1;
    line += strspn(line, " \t");
    if (strncmp(line, "W/", 2) == 0)
        line += 2;
    line += line[0] == '"';
    len = strcspn(line, "\"");
    if (len < max) {
        memcpy(into, line, len);
        into[len] = '\0';
    }
}

/* The target of a Link header with rel="next". */
static void take_link(const char *line, char *into, size_t max)
{
    const char *start = strchr(line, '<');
    const char *end = start == NULL ? NULL : strchr(start, '>');

    if (strncasecmp(line, "link:", 5) != 0 || end == NULL || strstr(end, "next") == NULL ||
        (size_t)(end - start) > max)
        return;
    memcpy(into, start + 1, (size_t)(end - start) - 1);
    into[end - start - 1] = '\0';
}

static enum bough_err take_field(const char *line, struct http_response *response,
                                 struct framing *framing)
{
    char text[64] = "";
    char *end;

    take_header(line, "etag", response->etag, sizeof(response->etag));
    take_header(line, "bough-commit", response->commit, sizeof(response->commit));
    take_link(line, response->next, sizeof(response->next));
    take_header(line, "bough-unchanged", text, sizeof(text));
    response->unchanged = response->unchanged || text[0] == '1';
    text[0] = '\0';
    take_header(line, "transfer-encoding", text, sizeof(text));
    framing->chunked = framing->chunked || strcasecmp(text, "chunked") == 0;
    text[0] = '\0';
    take_header(line, "connection", text, sizeof(text));
    framing->close = framing->close || strcasecmp(text, "close") == 0;
    text[0] = '\0';
    take_header(line, "content-length", text, sizeof(text));
    if (text[0] != '\0') {
        framing->length = strtoull(text, &end, 10);
        framing->has_length = true;
        if (!isdigit((unsigned char)text[0]) || *end != '\0')
            return BOUGH_INVALID;
    }
    return BOUGH_OK;
}

static enum bough_err read_head(struct http_client *client, struct http_response *response,
                                struct framing *framing)
{
    char *line;

    do {
        memset(response, 0, sizeof(*response));
        memset(framing, 0, sizeof(*framing));
        BOUGH_TRY(read_line(client, &line));
        if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12)
            return BOUGH_INVALID;
        response->status = (unsigned)strtoul(line + 9, NULL, 10);
        for (;;) {
            BOUGH_TRY(read_line(client, &line));
            if (line[0] == '\0')
                break;
            BOUGH_TRY(take_field(line, response, framing));
        }
    } while (response->status >= 100 && response->status < 200);
    return BOUGH_OK;
}

static enum bough_err sink_take(struct sink *sink, struct bough_bytes bytes)
{
    if (sink->file != NULL)
        return fwrite(bytes.at, 1, bytes.len, sink->file) == bytes.len ? BOUGH_OK : BOUGH_IO;
    if (bytes.len > sink->max - sink->len) {
        size_t max = 2 * sink->max + bytes.len + 4096;
        uint8_t *at = bough_arena_take(sink->arena, max);

        if (at == NULL)
            return BOUGH_NO_MEMORY;
        if (sink->len > 0)
            memcpy(at, sink->at, sink->len);
        sink->at = at;
        sink->max = max;
    }
    memcpy(sink->at + sink->len, bytes.at, bytes.len);
    sink->len += bytes.len;
    return BOUGH_OK;
}

/* Exactly `len` bytes of the connection. */
static enum bough_err read_exactly(struct http_client *client, uint64_t len, struct sink *sink)
{
    while (len > 0) {
        size_t some = client->len - client->at;

        if (some == 0) {
            BOUGH_TRY(receive(client));
            continue;
        }
        if (some > len)
            some = (size_t)len;
        BOUGH_TRY(sink_take(sink, bough_bytes_of(client->buffer + client->at, some)));
        client->at += some;
        len -= some;
    }
    return BOUGH_OK;
}

static enum bough_err read_chunks(struct http_client *client, struct sink *sink)
{
    char *line;

    for (;;) {
        uint64_t len;
        char *end;

        BOUGH_TRY(read_line(client, &line));
        len = strtoull(line, &end, 16);
        if (end == line || (*end != '\0' && *end != ';'))
            return BOUGH_INVALID;
        if (len == 0)
            break;
        BOUGH_TRY(read_exactly(client, len, sink));
        BOUGH_TRY(read_line(client, &line));
        if (line[0] != '\0')
            return BOUGH_INVALID;
    }
    do {
        BOUGH_TRY(read_line(client, &line)); /* trailers, if any */
    } while (line[0] != '\0');
    return BOUGH_OK;
}

static enum bough_err read_response(struct http_client *client, const struct http_request *request,
                                    struct bough_arena *arena, FILE *into,
                                    struct http_response *response)
{
    struct framing framing;
    struct sink sink = {.arena = arena};
    bool no_body;

    BOUGH_TRY(read_head(client, response, &framing));
    if (into != NULL && response->status < 300)
        sink.file = into;
    no_body =
        strcmp(request->method, "HEAD") == 0 || response->status == 204 || response->status == 304;
    if (!no_body && framing.chunked)
        BOUGH_TRY(read_chunks(client, &sink));
    else if (!no_body && framing.has_length)
        BOUGH_TRY(read_exactly(client, framing.length, &sink));
    else if (!no_body)
        return BOUGH_INVALID; /* bough always says how long */
    response->body = bough_bytes_of(sink.at, sink.len);
    if (framing.close || client->answered)
        http_client_release(client);
    return BOUGH_OK;
}

enum bough_err http_client_call(struct http_client *client, const struct http_request *request,
                                struct bough_arena *arena, FILE *into,
                                struct http_response *response)
{
    bool reused = client->fd >= 0;
    enum bough_err err = reused ? BOUGH_OK : connect_to(client);

    if (err == BOUGH_OK)
        err = send_request(client, request);
    if (err == BOUGH_OK && reused && client->at == client->len)
        err = receive(client);
    if (err == BOUGH_CLOSED && reused && request->body_file == NULL &&
        strcmp(request->method, "POST") != 0) {
        /* Most likely the server had closed the idle connection; asking twice does no harm. */
        http_client_release(client);
        err = connect_to(client);
        if (err == BOUGH_OK)
            err = send_request(client, request);
    }
    if (err == BOUGH_OK)
        err = read_response(client, request, arena, into, response);
    if (err != BOUGH_OK)
        http_client_release(client);
    return err;
}
