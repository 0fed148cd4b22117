/* SPDX-License-Identifier: MIT
 *
 * net_socket.c - a plain TCP or Unix socket as a stream, and connecting one. The danger: everything
 * before the connection is established is asynchronous (name lookup, connect), and the stream may
 * be destroyed at any point. */
#include "lib/base/args.h"
#include "lib/net/net_socket.h"
#include "lib/net/fd.h"
#include "lib/net/lookup.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number of reads after which the peer's FIN is looked for: a peer that closes after its
 * response does so at once. */
enum { EAGER_LOOKS = 2 };

/* -- from the wire to the stream */

static struct rp_net_socket *of_wire(struct rp_wire *w)
{
    return (struct rp_net_socket *)((char *)w - offsetof(struct rp_net_socket, wire));
}

static void on_input(struct rp_wire *w, const uint8_t *bytes, size_t len)
{
    rp_stream_push(&of_wire(w)->stream, bytes, len);
}

/* If both ends close in one iteration, close() sends our FIN, so shutdown() is not needed. */
static void on_input_end(struct rp_wire *w)
{
    w->close_follows = true;
    rp_stream_push_end(&of_wire(w)->stream);
}

static void on_connected(struct rp_wire *w)
{
    struct rp_net_socket *n = of_wire(w);

    if (n->no_delay)
        rp_fd_no_delay(w->fd, true);
    rp_stream_connected(&n->stream);
}

static void on_drained(struct rp_wire *w)
{
    rp_stream_drained(&of_wire(w)->stream);
}

static void on_shut(struct rp_wire *w)
{
    rp_stream_finished(&of_wire(w)->stream);
}

/* Fill an error with node's message and the addresses. Returns false. */
static bool cannot_connect(const struct rp_net_socket *n, int sys_errno, const char *syscall,
                           struct rp_error *err)
{
    char remote[RP_ADDRESS_TEXT];

    if (err == NULL)
        return false;
    rp_error_set(err, rp_errno_name(sys_errno), "%s %s %s", syscall, rp_errno_name(sys_errno),
                 rp_address_format(&n->remote, remote));
    err->sys_errno = sys_errno;
    err->syscall = syscall;
    memcpy(err->remote, remote, sizeof err->remote);
    if (n->local.len != 0)
        rp_address_format(&n->local, err->local);
    return false;
}
static bool connect_to_others(struct rp_net_socket *n, struct rp_error *err);

static void on_failed(struct rp_wire *w, const struct rp_error *error)
{
    struct rp_net_socket *n = of_wire(w);
    struct rp_error last = *error;

    if (n->stream.connecting && error->syscall != NULL) {
        cannot_connect(n, error->sys_errno, error->syscall, &last);
        if (w->connecting == RP_WIRE_CONNECTING && connect_to_others(n, &last))
            return;
    }
    rp_stream_destroy(&n->stream, &last);
}

static const struct rp_wire_ops wire_ops = {
    .input = on_input,
    .input_end = on_input_end,
    .connected = on_connected,
    .drained = on_drained,
    .shut = on_shut,
    .failed = on_failed,
};

/* -- from the stream to the wire */

static struct rp_net_socket *of_stream(const struct rp_stream *s)
{
    return (struct rp_net_socket *)(uintptr_t)s; /* it is the first member */
}

static void net_write(struct rp_stream *s, const uint8_t *bytes, size_t len)
{
    struct rp_net_socket *n = of_stream(s);
    struct rp_error error;
    bool ok = rp_wire_is_open(&n->wire) ? rp_wire_write(&n->wire, bytes, len)
                                        : rp_queue_append(&n->early, s->loop, bytes, len);

    if (ok)
        return;
    rp_error_set(&error, "ENOMEM", "no memory to write");
    rp_stream_destroy(s, &error);
}

static void net_end(struct rp_stream *s)
{
    struct rp_net_socket *n = of_stream(s);

    n->wire.close_follows = s->end_emitted || s->destroying_soon;
    if (rp_wire_is_open(&n->wire))
        rp_wire_shutdown(&n->wire);
}

static void net_read_start(struct rp_stream *s)
{
    struct rp_net_socket *n = of_stream(s);

    if (rp_wire_is_open(&n->wire))
        rp_wire_read_start(&n->wire);
}

static void net_read_stop(struct rp_stream *s)
{
    struct rp_net_socket *n = of_stream(s);

    if (!rp_wire_is_open(&n->wire))
        return;
    if (s->sink == NULL && !s->resumes_itself) /* a pipe resumes reading by itself */
        rp_wire_look_for_end(&n->wire);
    else
        rp_wire_read_stop(&n->wire);
}

static void net_destroy(struct rp_stream *s)
{
    struct rp_net_socket *n = of_stream(s);

    rp_lookup_cancel(n->lookup);
    n->lookup = NULL;
    rp_next_tick_cancel(&n->start);
    rp_queue_clear(&n->early, s->loop);
    rp_wire_close(&n->wire);
    rp_stream_close_now(s);
}

static void net_free(struct rp_stream *s)
{
    struct rp_net_socket *n = of_stream(s);

    free(n->failure);
    free(n->others);
    free(n->host);
    free(n);
}

static size_t net_pending(const struct rp_stream *s)
{
    return of_stream(s)->wire.out.len + of_stream(s)->early.len;
}

static bool net_set_no_delay(struct rp_stream *s, bool on)
{
    struct rp_net_socket *n = of_stream(s);

    n->no_delay = on;
    n->wire.nagle = false;
    return !rp_wire_is_open(&n->wire) || rp_fd_no_delay(n->wire.fd, on);
}

static bool net_set_keep_alive(struct rp_stream *s, bool on, uint32_t initial_delay_ms)
{
    struct rp_net_socket *n = of_stream(s);

    n->keep_alive = on;
    n->keep_alive_ms = initial_delay_ms;
    return !rp_wire_is_open(&n->wire) || rp_fd_keep_alive(n->wire.fd, on, initial_delay_ms);
}

static const struct rp_address *known_or_ask(const struct rp_net_socket *n, bool peer)
{
    struct rp_address *a = (struct rp_address *)(uintptr_t)(peer ? &n->remote : &n->local);

    if (a->len == 0 && rp_wire_is_open(&n->wire))
        rp_fd_address(n->wire.fd, peer, a);
    return a->len != 0 ? a : NULL;
}

static const struct rp_address *net_local_address(const struct rp_stream *s)
{
    return known_or_ask(of_stream(s), false);
}

static const struct rp_address *net_remote_address(const struct rp_stream *s)
{
    return known_or_ask(of_stream(s), true);
}

static int net_fd(const struct rp_stream *s)
{
    return of_stream(s)->wire.fd;
}

static const struct rp_stream_ops stream_ops = {
    .write = net_write,
    .end = net_end,
    .read_start = net_read_start,
    .read_stop = net_read_stop,
    .destroy = net_destroy,
    .free = net_free,
    .pending = net_pending,
    .set_no_delay = net_set_no_delay,
    .set_keep_alive = net_set_keep_alive,
    .local_address = net_local_address,
    .remote_address = net_remote_address,
    .fd = net_fd,
};

struct rp_net_socket *rp_net_socket_of(struct rp_stream *s)
{
    return s->ops == &stream_ops ? of_stream(s) : NULL;
}

const char *rp_net_host(struct rp_stream *s, char text[RP_ADDRESS_TEXT])
{
    const struct rp_net_socket *n = rp_net_socket_of(s);

    if (n == NULL || n->host != NULL || !n->by_address || n->remote.any.sa_family == AF_UNIX)
        return n != NULL ? n->host : NULL;
    return rp_address_host(&n->remote, text);
}

/* -- opening */

static struct rp_net_socket *socket_new(struct rp_loop *loop, const struct rp_stream_options *o,
                                        struct rp_error *err)
{
    struct rp_net_socket *n = calloc(1, sizeof *n);

    if (n == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a socket");
        return NULL;
    }
    n->wire.fd = -1;
    n->wire.loop = loop;
    rp_stream_init(&n->stream, loop, &stream_ops, NULL, o);
    return n;
}

static void open_wire(struct rp_net_socket *n, int fd, enum rp_wire_connecting connecting)
{
    rp_wire_open(&n->wire, n->stream.loop, &wire_ops, fd, connecting);
    n->wire.looks = n->eager ? EAGER_LOOKS : 0;
    n->wire.out = n->early;
    n->early = (struct rp_queue){0};
    n->wire.nagle =
        connecting != RP_WIRE_CONNECTED && !n->no_delay && n->remote.any.sa_family != AF_UNIX;
    n->wire.acks_late = connecting == RP_WIRE_EAGER && n->remote.any.sa_family != AF_UNIX;
    if (!n->stream.paused)
        rp_wire_read_start(&n->wire);
    else
        net_read_stop(&n->stream);
    if (n->wire.out.len > 0 || n->wire.acks_late)
        rp_wire_flush_later(&n->wire);
    if (n->stream.ending)
        rp_wire_shutdown(&n->wire);
}

struct rp_stream *rp_net_open(struct rp_loop *loop, int fd, const struct rp_stream_options *o,
                              struct rp_error *err)
{
    struct rp_net_socket *n;

    rp_error_clear(err);
    n = rp_given_connection(fd, err) && rp_given(loop, "loop", err) ? socket_new(loop, o, err)
                                                                    : NULL;
    if (n == NULL) {
        rp_fd_close(fd);
        return NULL;
    }
    open_wire(n, fd, RP_WIRE_CONNECTED);
    return &n->stream;
}

/* Linux then sends the last ACK of the TCP handshake with our first bytes, which saves a packet and
 * wakes the peer once. */
static void let_ack_wait(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){0}, sizeof(int));
}

/* Open a socket and start connecting it. false: *err has the reason. */
static bool connect_to(struct rp_net_socket *n, const struct rp_address *to, struct rp_error *err)
{
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;
    bool now;

    n->remote = *to;
    if (fd < 0)
        return cannot_connect(n, errno, "socket", err);
    if (n->local.len != 0 && bind(fd, &n->local.any, n->local.len) < 0) {
        cannot_connect(n, errno, "bind", err);
        close(fd);
        return false;
    }
    if (n->keep_alive)
        rp_fd_keep_alive(fd, true, n->keep_alive_ms);
    if (n->eager && to->any.sa_family != AF_UNIX)
        let_ack_wait(fd);
    rc = connect(fd, &to->any, to->len);
    now = rc == 0;
    if (rc < 0 && errno != EINPROGRESS) {
        cannot_connect(n, errno, "connect", err);
        close(fd);
        return false;
    }
    open_wire(n, fd, n->eager ? RP_WIRE_EAGER : now ? RP_WIRE_CONNECTED : RP_WIRE_CONNECTING);
    if (now) {
        n->wire.connecting = RP_WIRE_CONNECTED;
        rp_next_tick(n->stream.loop, &n->start);
    }
    return true;
}

/* false: no memory. */
static bool note_host(struct rp_net_socket *n, const struct rp_net_options *o)
{
    bool named = o->host != NULL && *o->host != '\0';

    n->by_address = o->path == NULL && o->address != NULL;
    return !named || (n->host = strdup(o->host)) != NULL;
}

/* Report in a tick what happened inside rp_net_connect. */
static void on_start(struct rp_next_tick *tick)
{
    struct rp_net_socket *n = tick->arg;

    if (n->failure != NULL)
        rp_stream_destroy(&n->stream, n->failure);
    else
        on_connected(&n->wire);
}

static void fail_later(struct rp_net_socket *n, const struct rp_error *error)
{
    n->failure = malloc(sizeof *n->failure);
    if (n->failure != NULL) {
        *n->failure = *error;
        rp_next_tick(n->stream.loop, &n->start);
    } else {
        rp_stream_destroy(&n->stream, error);
    }
}

/* Try each address of the name in turn until one connects. Bytes that were already written are sent
 * to that one. */
static bool connect_to_others(struct rp_net_socket *n, struct rp_error *err)
{
    while (n->other_count > 0 && !n->stream.destroyed) {
        struct rp_address next = n->others[0];

        n->other_count--;
        memmove(n->others, n->others + 1, n->other_count * sizeof *n->others);
        if (rp_wire_is_open(&n->wire)) {
            n->early = n->wire.out;
            n->wire.out = (struct rp_queue){0};
            rp_wire_close(&n->wire);
        }
        if (connect_to(n, &next, err))
            return true;
    }
    return false;
}

static void on_lookup(void *arg, const char *host, const struct rp_address *addresses, size_t count,
                      const struct rp_error *error)
{
    struct rp_net_socket *n = arg;
    struct rp_error last = {0};

    n->lookup = NULL;
    if (error != NULL) {
        rp_stream_destroy(&n->stream, error);
        return;
    }
    rp_error_set(&last, "ENOTFOUND", "getaddrinfo ENOTFOUND: no address");
    n->others = malloc((count + 1) * sizeof *n->others);
    if (n->others == NULL)
        rp_error_set(&last, "ENOMEM", "no memory for addresses");
    else if (count > 0)
        memcpy(n->others, addresses, (n->other_count = count) * sizeof *addresses);
    rp_stream_ref(&n->stream);
    rp_stream_emit(&n->stream,
                   &(struct rp_event){.type = RP_EV_LOOKUP, .lookup = {host, addresses}});
    if (!n->stream.destroyed && !connect_to_others(n, &last))
        rp_stream_destroy(&n->stream, &last);
    rp_stream_unref(&n->stream);
}

static bool path_address(const char *path, struct rp_address *a, struct rp_error *err)
{
    char text[sizeof "unix:" + sizeof a->un.sun_path + 32]; /* detects a path too long */

    snprintf(text, sizeof text, "unix:%s", path);
    return rp_address_parse(a, text, false, err);
}

/* The address if it is known without a lookup. */
/* As in node: no host, or an empty one, means this machine. */
static const char *host_of(const struct rp_net_options *o)
{
    return o->host != NULL && o->host[0] != '\0' ? o->host : "localhost";
}

static bool known_address(const struct rp_net_options *o, struct rp_address *a)
{
    char text[300];
    int len;

    if (o->path != NULL)
        return path_address(o->path, a, NULL);
    if (o->address != NULL)
        return *a = *o->address, true;
    len = snprintf(text, sizeof text, strchr(host_of(o), ':') != NULL ? "[%s]:%u" : "%s:%u",
                   host_of(o), o->port);
    return len > 0 && (size_t)len < sizeof text && rp_address_parse(a, text, false, NULL);
}

static bool check_options(const struct rp_net_options *o, struct rp_error *err)
{
    struct rp_address a;

    if (!rp_given_choice(o->no_delay, RP_OFF, "no_delay", err) ||
        !rp_given_choice(o->keep_alive, RP_OFF, "keep_alive", err))
        return false;
    if (o->family != 0 && o->family != 4 && o->family != 6)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The property 'options.family' must be one of: 0, 4, 6. Received %u",
                            o->family);
    if (o->path != NULL)
        return path_address(o->path, &a, err);
    return o->address != NULL || o->port != 0 ||
           rp_error_set(err, "ERR_MISSING_ARGS",
                        "The \"port\" or \"path\" option must be specified");
}

struct rp_stream *rp_net_connect(struct rp_loop *loop, const struct rp_net_options *o,
                                 struct rp_error *err)
{
    struct rp_net_socket *n;
    struct rp_address to;
    struct rp_error error;

    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(o, "options", err) || !check_options(o, err))
        return NULL;
    n = socket_new(loop, &o->stream, err);
    if (n == NULL)
        return NULL;
    if (!note_host(n, o)) {
        rp_error_set(err, "ENOMEM", "no memory for a socket");
        rp_stream_discard(&n->stream);
        return NULL;
    }
    n->start.fire = on_start;
    n->start.arg = n;
    n->stream.connecting = true;
    n->eager = o->eager;
    n->no_delay = o->no_delay == RP_ON;
    n->keep_alive = o->keep_alive == RP_ON;
    n->keep_alive_ms = o->keep_alive_initial_delay_ms;
    if (o->local_address != NULL)
        n->local = *o->local_address;
    if (o->timeout_ms != 0)
        rp_stream_set_timeout(&n->stream, o->timeout_ms);
    if (known_address(o, &to)) {
        if (!connect_to(n, &to, &error))
            fail_later(n, &error);
    } else {
        n->lookup = rp_lookup_start(loop, host_of(o), o->port, o->family, on_lookup, n, &error);
        if (n->lookup == NULL)
            fail_later(n, &error);
    }
    return &n->stream;
}
