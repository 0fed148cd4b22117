/* SPDX-License-Identifier: MIT
 *
 * server_accept.c - from an accepted connection to a socket of the server: limits, the preface, the
 * timeout. The danger: the client is unauthenticated. A connection costs one allocation until its
 * first byte arrives, and one timeout covers everything up to the end of the handshake. */
#include <stdlib.h>

#include "lib/base/args.h"
#include "lib/net/fd.h"
#include "lib/tls/server_internal.h"
#include "lib/tls/socket_internal.h"

static bool is_full(const struct rp_server *s)
{
    return s->options.max_connections != 0 && s->connections >= s->options.max_connections;
}

static void drop(struct rp_server *s, const struct rp_address *remote)
{
    struct rp_event event = {.type = RP_EV_DROP};

    event.connection.remote = remote;
    rp_server_emit(s, &event);
}

struct rp_socket *rp_server_socket_new(struct rp_server *s, struct rp_secure_context *context,
                                       const struct rp_stream_options *stream_options,
                                       struct rp_error *err)
{
    struct rp_socket *socket =
        rp_socket_new(s->loop, context != NULL ? context : s->context, stream_options, err);
    bool keylog = rp_emitter_heard(&s->events, RP_EV_KEYLOG);

    if (socket == NULL)
        return NULL;
    socket->server = rp_server_ref(s);
    socket->engine.ops = keylog ? &rp_server_engine_ops_keylog : &rp_server_engine_ops;
    socket->asks_sessions = rp_emitter_heard(&s->events, RP_EV_RESUME_SESSION);
    socket->stores_sessions = rp_emitter_heard(&s->events, RP_EV_NEW_SESSION);
    socket->asks_staples = rp_emitter_heard(&s->events, RP_EV_OCSP_REQUEST);
    socket->asks_early_data = rp_emitter_heard(&s->events, RP_EV_EARLY_DATA);
    s->connections++;
    return socket;
}

/* Create the socket of an accepted connection. */
static struct rp_socket *new_socket(struct rp_server *s, const struct rp_address *remote,
                                    struct rp_error *err)
{
    struct rp_socket *socket = rp_server_socket_new(s, NULL, &s->options.stream, err);

    if (socket == NULL)
        return NULL;
    if (s->options.preface != NULL)
        rp_socket_move_to(socket, RP_SOCKET_PREFACE);
    if (s->options.enable_trace)
        rp_socket_enable_trace(socket);
    if (remote != NULL)
        socket->remote = *remote;
    return socket;
}

/* -- handshakes in progress, the oldest first */

static void handshake_begins(struct rp_socket *socket)
{
    struct rp_server *s = socket->server;

    socket->older_at = s->newest_at;
    *s->newest_at = socket;
    s->newest_at = &socket->newer;
    s->handshakes++;
}

void rp_server_handshake_over(struct rp_socket *socket)
{
    struct rp_server *s = socket->server;

    if (socket->older_at == NULL)
        return;
    *socket->older_at = socket->newer;
    if (socket->newer != NULL)
        socket->newer->older_at = socket->older_at;
    else
        s->newest_at = socket->older_at;
    socket->newer = NULL;
    socket->older_at = NULL;
    s->handshakes--;
}

/* An honest client's handshake is short; a client that holds many soon has the oldest ones. */
static void make_room(struct rp_server *s)
{
    struct rp_error error;

    if (s->options.max_handshakes == 0 || s->handshakes < s->options.max_handshakes)
        return;
    rp_error_set(&error, "ERR_TLS_TOO_MANY_HANDSHAKES",
                 "more than %u concurrent handshakes: the oldest one is closed",
                 s->options.max_handshakes);
    rp_socket_cut_handshake(s->oldest, &error);
}

void rp_server_cut_handshakes(struct rp_server *s, const struct rp_error *error)
{
    if (s == NULL || error == NULL)
        return;
    rp_server_ref(s);
    while (s->oldest != NULL)
        rp_socket_cut_handshake(s->oldest, error);
    rp_server_unref(s);
}

/* The transport is connected: emit CONNECTION, and wait for the first bytes. Releases the creator's
 * reference. */
static void begin(struct rp_socket *socket, bool bytes_are_there)
{
    struct rp_server *s = socket->server;
    struct rp_event event = {.type = RP_EV_CONNECTION};

    handshake_begins(socket);
    rp_socket_limit_handshake(socket, s->options.handshake_timeout_ms);
    if (rp_emitter_heard(&s->events, RP_EV_CONNECTION)) {
        event.connection.stream = socket->transport.carrier;
        event.connection.remote = rp_stream_remote_address(&socket->stream);
        rp_server_emit(s, &event);
    }
    if (!socket->stream.destroyed) {
        rp_transport_read(&socket->transport, true);
        if (bytes_are_there)
            rp_transport_read_now(&socket->transport);
    }
    rp_stream_unref(&socket->stream);
}

static bool take_fd(struct rp_server *s, int fd, const struct rp_address *remote,
                    bool bytes_are_there, struct rp_error *err)
{
    struct rp_socket *socket;

    if (is_full(s)) {
        rp_fd_close(fd);
        drop(s, remote);
        return rp_error_set(err, "ERR_SERVER_FULL", "max_connections is reached");
    }
    make_room(s);
    socket = new_socket(s, remote, err);
    if (socket == NULL) {
        rp_fd_close(fd);
        return false;
    }
    rp_transport_open_fd(&socket->transport, s->loop, &rp_socket_transport_ops, fd);
    begin(socket, bytes_are_there);
    return true;
}

void rp_server_accepted(struct rp_listener_socket *listener, int fd,
                        const struct rp_address *remote, void *arg)
{
    const struct rp_server_port *port = arg;
    struct rp_server *s = rp_server_ref(port->server);

    (void)listener;
    take_fd(s, fd, remote, port->deferred, NULL);
    rp_server_unref(s);
}

/* A caller that knows the peer's address has accepted the connection, so the kernel need not be
 * asked. */
static bool is_given(int fd, const struct rp_address *remote, struct rp_error *err)
{
    return (fd >= 0 && remote != NULL) || rp_given_socket(fd, err);
}

bool rp_server_take_fd(struct rp_server *s, int fd, const struct rp_address *remote, bool deferred,
                       struct rp_error *err)
{
    bool taken;

    rp_error_clear(err);
    if (!rp_given(s, "server", err) || !is_given(fd, remote, err)) {
        rp_fd_close(fd);
        return false;
    }
    rp_server_ref(s);
    taken = take_fd(s, fd, remote, deferred, err);
    rp_server_unref(s);
    return taken;
}

bool rp_server_take_stream(struct rp_server *s, struct rp_stream *stream, struct rp_error *err)
{
    struct rp_socket *socket;

    rp_error_clear(err);
    if (!rp_given(s, "server", err) || !rp_given(stream, "stream", err))
        return false;
    if (is_full(s)) {
        drop(s, rp_stream_remote_address(stream));
        rp_stream_destroy(stream, NULL);
        return rp_error_set(err, "ERR_SERVER_FULL", "max_connections is reached");
    }
    make_room(s);
    socket = new_socket(s, NULL, err);
    if (socket == NULL)
        return false;
    if (!rp_transport_open_stream(&socket->transport, &rp_socket_transport_ops, stream, err)) {
        s->connections--;
        rp_stream_discard(&socket->stream);
        return false;
    }
    begin(socket, false);
    return true;
}

/* -- the preface */

void rp_socket_set_addresses(struct rp_socket *s, const struct rp_address *remote,
                             const struct rp_address *local)
{
    if (s == NULL)
        return;
    if (remote != NULL)
        s->remote = *remote;
    if (local == NULL)
        return;
    if (s->local == NULL)
        s->local = malloc(sizeof *s->local);
    if (s->local != NULL)
        *s->local = *local;
}

/* All bytes that have arrived, contiguous; earlier ones are in one chunk. */
static const uint8_t *gather(struct rp_socket *s, size_t *len)
{
    struct rp_engine *e = &s->engine;

    if (e->saved.len > 0 && e->in < e->in_end && !rp_engine_save(e))
        return NULL;
    if (e->saved.len > 0)
        return rp_queue_peek(&e->saved, len);
    *len = (size_t)(e->in_end - e->in);
    return e->in;
}

bool rp_server_preface(struct rp_socket *s)
{
    struct rp_server *server = s->server;
    struct rp_error error = {0};
    size_t len;
    const uint8_t *bytes = gather(s, &len);
    int taken;

    if (bytes == NULL || len == 0)
        return false;
    rp_error_set(&error, "ECONNRESET", "the connection was dropped before TLS");
    taken = server->options.preface(s, bytes, len, server->options.arg, &error);
    s->received = taken == 0;
    if (s->stream.destroyed || taken == 0)
        return false;
    if (taken < 0 || (size_t)taken > len) {
        rp_socket_fail(s, &error);
        return false;
    }
    if (s->engine.saved.len > 0)
        rp_queue_consume(&s->engine.saved, s->stream.loop, (size_t)taken);
    else
        s->engine.in += taken;
    rp_socket_move_to(s, RP_SOCKET_START);
    return true;
}
