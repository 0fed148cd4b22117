/* SPDX-License-Identifier: MIT
 *
 * control.c - serve the control socket; see control.h.
 * The danger: a client that sends nothing, half a line, too much, or never reads. Each has one
 * deadline for everything, a buffer of fixed size, and is closed in the first doubt. */
#include "master/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { RETRY_MS = 1000, BACKLOG = 64 };

struct client {
    struct control *control;
    int fd; /* -1: the place is free */
    uint64_t question;
    struct rp_io io;
    struct rp_timer limit;
    char request[CONTROL_REQUEST_MAX];
    size_t request_len;
    bool asked;   /* the request is complete */
    char *answer; /* NULL: none yet */
    size_t answer_len, sent;
};

struct control {
    struct rp_loop *loop;
    control_asked *asked;
    void *arg;
    struct sockaddr_un address;
    int fd;
    dev_t device; /* of the socket's file */
    ino_t inode;
    struct rp_io io;
    struct rp_timer retry;
    uint64_t questions;
    struct client clients[CONTROL_CLIENTS];
};

/* -- clients */

static void accept_again(struct control *c)
{
    if (c->fd < 0)
        return;
    rp_io_start(c->loop, &c->io, c->fd, RP_READABLE);
}

static void client_close(struct client *client)
{
    rp_io_stop(&client->io);
    rp_timer_stop(&client->limit);
    close(client->fd);
    client->fd = -1;
    free(client->answer);
    client->answer = NULL;
    accept_again(client->control); /* there is room now, in any case */
}

static void client_send(struct client *client)
{
    while (client->sent < client->answer_len) {
        ssize_t n = send(client->fd, client->answer + client->sent,
                         client->answer_len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN) {
            rp_io_start(client->control->loop, &client->io, client->fd, RP_WRITABLE);
            return;
        }
        if (n < 0 && errno != EINTR)
            break;
        client->sent += n > 0 ? (size_t)n : 0;
    }
    client_close(client);
}

static void client_ask(struct client *client, size_t len)
{
    struct control *c = client->control;
    json_t *request = json_loadb(client->request, len, JSON_REJECT_DUPLICATES, NULL);
    uint64_t question = client->question;

    client->asked = true;
    rp_io_stop(&client->io); /* until there is an answer; the limit goes on */
    explicit_bzero(client->request, sizeof client->request);
    if (json_is_object(request))
        c->asked(c, question, request, c->arg);
    else
        control_refuse(c, question, "the request is not a JSON object");
    json_decref(request);
}

static void client_read(struct client *client)
{
    char *at = client->request + client->request_len, *newline;
    ssize_t n = recv(client->fd, at, sizeof client->request - client->request_len, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_close(client);
        return;
    }
    client->request_len += (size_t)n;
    newline = memchr(at, '\n', (size_t)n);
    if (newline != NULL)
        client_ask(client, (size_t)(newline - client->request));
    else if (client->request_len == sizeof client->request)
        control_refuse(client->control, client->question, "the request is too long");
}

static void on_client(struct rp_io *io, int events)
{
    struct client *client = io->arg;

    (void)events;
    if (client->answer != NULL)
        client_send(client);
    else
        client_read(client);
}

static void on_limit(struct rp_timer *timer)
{
    client_close(timer->arg);
}

/* -- accepting */

static bool may_ask(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void client_begin(struct client *client, int fd)
{
    struct control *c = client->control;

    *client = (struct client){.control = c, .fd = fd, .question = ++c->questions};
    client->io = (struct rp_io){.fire = on_client, .arg = client};
    client->limit = (struct rp_timer){.fire = on_limit, .arg = client};
    rp_io_start(c->loop, &client->io, fd, RP_READABLE);
    rp_timer_start(c->loop, &client->limit, CONTROL_LIMIT_MS);
}

static struct client *free_place(struct control *c)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd < 0)
            return &c->clients[i];
    return NULL;
}

static void on_connection(struct rp_io *io, int events)
{
    struct control *c = io->arg;
    struct client *place = free_place(c);
    int fd;

    (void)events;
    if (place == NULL) {
        rp_io_stop(io); /* until one leaves */
        return;
    }
    fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return;
        rp_io_stop(io); /* no descriptors, no memory: not in a circle */
        rp_timer_start(c->loop, &c->retry, RETRY_MS);
        return;
    }
    if (may_ask(fd))
        client_begin(place, fd);
    else
        close(fd);
}

static void on_retry(struct rp_timer *timer)
{
    accept_again(timer->arg);
}

/* -- answering */

static void answer_text(struct control *c, uint64_t question, char *text, size_t len)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *client = &c->clients[i];

        if (client->fd < 0 || client->question != question || client->answer != NULL)
            continue;
        client->answer = text;
        client->answer_len = len;
        client_send(client);
        return;
    }
    free(text);
}

void control_answer(struct control *c, uint64_t question, struct rp_json *answer)
{
    size_t len;
    char *text;

    rp_text_puts(&answer->text, "\n");
    text = rp_json_take(answer, &len);
    if (text != NULL)
        answer_text(c, question, text, len);
    /* Without memory for an answer, whoever asked sees the limit. */
}

void control_refuse(struct control *c, uint64_t question, const char *message)
{
    struct rp_json json = {0};

    rp_json_begin_object(&json);
    rp_json_key(&json, "ok");
    rp_json_bool(&json, false);
    rp_json_key(&json, "message");
    rp_json_string(&json, message);
    rp_json_end_object(&json);
    control_answer(c, question, &json);
}

/* -- life */

static bool set_address(struct sockaddr_un *a, const char *run_dir, struct rp_error *err)
{
    int len = snprintf(a->sun_path, sizeof a->sun_path, "%s/control.sock", run_dir);

    a->sun_family = AF_UNIX;
    if (len >= 0 && (size_t)len < sizeof a->sun_path)
        return true;
    a->sun_path[0] = '\0';
    return rp_error_set(
        err, "ENAMETOOLONG",
        "run-dir: %s is too long for the control socket's path; choose one of up to %zu characters",
        run_dir, sizeof a->sun_path - sizeof "/control.sock");
}

bool control_check(const char *run_dir, struct rp_error *err)
{
    struct sockaddr_un a = {0};

    return set_address(&a, run_dir, err);
}

/* What is there is of a master that died: we hold the lock of the run-dir. */
static bool bind_at(int fd, const struct sockaddr_un *a)
{
    mode_t before;
    int rc;

    unlink(a->sun_path);
    before = umask(0177); /* not open to others for a moment */
    rc = bind(fd, (const struct sockaddr *)a, sizeof *a);
    umask(before);
    return rc == 0;
}

static bool listen_at(struct control *c, struct rp_error *err)
{
    const char *path = c->address.sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat st;

    if (fd < 0)
        return rp_error_errno(err, errno, "socket", "control socket");
    if (!bind_at(fd, &c->address) || listen(fd, BACKLOG) != 0 || lstat(path, &st) != 0) {
        rp_error_errno(err, errno, "bind", "%s", path);
        close(fd);
        return false;
    }
    c->fd = fd;
    c->device = st.st_dev;
    c->inode = st.st_ino;
    accept_again(c);
    return true;
}

bool control_is_lost(const struct control *c)
{
    struct stat st;

    return c->fd < 0 || lstat(c->address.sun_path, &st) != 0 || st.st_dev != c->device ||
           st.st_ino != c->inode;
}

bool control_renew(struct control *c, struct rp_error *err)
{
    rp_io_stop(&c->io);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    return listen_at(c, err);
}

struct control *control_new(struct rp_loop *loop, const char *run_dir, control_asked *asked,
                            void *arg, struct rp_error *err)
{
    struct control *c = calloc(1, sizeof *c);

    if (c == NULL) {
        rp_error_errno(err, ENOMEM, "malloc", "control socket");
        return NULL;
    }
    c->loop = loop;
    c->asked = asked;
    c->arg = arg;
    c->fd = -1;
    c->io = (struct rp_io){.fire = on_connection, .arg = c};
    c->retry = (struct rp_timer){.fire = on_retry, .arg = c};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i] = (struct client){.control = c, .fd = -1};
    if (!set_address(&c->address, run_dir, err) || !listen_at(c, err)) {
        control_free(c);
        return NULL;
    }
    return c;
}

void control_free(struct control *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd >= 0)
            client_close(&c->clients[i]);
    rp_io_stop(&c->io);
    rp_timer_stop(&c->retry);
    if (c->fd >= 0 && !control_is_lost(c))
        unlink(c->address.sun_path);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

void control_close_here(struct control *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd >= 0)
            close(c->clients[i].fd);
    if (c->fd >= 0)
        close(c->fd);
}
