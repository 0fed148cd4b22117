/* SPDX-License-Identifier: MIT
 *
 * socket.c - tls.TLSSocket as a stream: its calls, its end and its lifetime. The dangers: any event
 * may destroy the socket; and unread input turns close() into a reset, which would discard an
 * alert. So a failed connection lingers, within limits, until the peer has read the alert. */
#include "lib/tls/socket_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/net/fd.h"
#include "lib/net/net_socket.h"
#include "lib/tls/request.h"

enum { LINGER_MS = 2000 }; /* maximum time for the peer to read an alert */

static struct rp_socket *of_stream(const struct rp_stream *stream)
{
    return (struct rp_socket *)(uintptr_t)stream;
}

/* -- called by the program */

static void write_records(struct rp_socket *s, const uint8_t *bytes, size_t len)
{
    struct rp_error error;

    if (rp_engine_write(&s->engine, bytes, len, &error) != RP_ENGINE_OK) {
        rp_socket_fail(s, &error);
        return;
    }
    s->in_flight += len;
    rp_socket_flush(s);
}

/* Queued writes are sent first, also if the program writes in the event that ends the wait. */
static bool writes_at_once(const struct rp_socket *s)
{
    return rp_socket_can_write(s) && s->waiting.len == 0;
}

static void socket_write(struct rp_stream *stream, const uint8_t *bytes, size_t len)
{
    struct rp_socket *s = of_stream(stream);
    struct rp_error error;

    if (writes_at_once(s)) {
        write_records(s, bytes, len);
    } else if (!rp_queue_append(&s->waiting, stream->loop, bytes, len)) {
        rp_error_set(&error, "ENOMEM", "no memory to write");
        rp_socket_fail(s, &error);
    }
}

/* Wait for the client's Finished: a close_notify would end its handshake. */
static void send_end(struct rp_socket *s)
{
    if (s->state == RP_SOCKET_OPEN_EARLY)
        return;
    rp_engine_send_close(&s->engine);
    rp_socket_flush(s);
    rp_transport_shutdown(&s->transport, s->stream.end_emitted || s->stream.destroying_soon);
}

static void socket_end(struct rp_stream *stream)
{
    struct rp_socket *s = of_stream(stream);

    if (writes_at_once(s))
        send_end(s);
}

void rp_socket_end_truncated(struct rp_socket *s)
{
    if (s == NULL)
        return;
    s->engine.sent_close = true;
    rp_stream_end(&s->stream);
}

void rp_socket_write_waiting(struct rp_socket *s)
{
    const uint8_t *bytes;
    size_t len;

    while (!s->stream.destroyed && (bytes = rp_queue_peek(&s->waiting, &len)) != NULL) {
        write_records(s, bytes, len);
        if (!s->stream.destroyed)
            rp_queue_consume(&s->waiting, s->stream.loop, len);
    }
    if (s->stream.ending && !s->stream.destroyed)
        send_end(s);
}

void rp_socket_open(struct rp_socket *s)
{
    bool early = rp_engine_is_early(&s->engine);

    rp_socket_move_to(s, early ? RP_SOCKET_OPEN_EARLY : RP_SOCKET_OPEN);
    rp_server_handshake_over(s);
    if (!early)
        rp_timeout_stop(&s->timeout);
    rp_renegotiation_watch(s);
    rp_socket_write_waiting(s);
}

static void socket_read_stop(struct rp_stream *stream)
{
    rp_socket_read_stop(of_stream(stream));
}

static void socket_read_start(struct rp_stream *stream)
{
    rp_socket_read_start(of_stream(stream));
}

static size_t socket_pending(const struct rp_stream *stream)
{
    return of_stream(stream)->waiting.len + of_stream(stream)->in_flight;
}

/* -- ending */

void rp_socket_finish(struct rp_socket *s)
{
    if (s->state == RP_SOCKET_CLOSED)
        return;
    if (s->state != RP_SOCKET_CLOSING)
        rp_socket_move_to(s, RP_SOCKET_CLOSING);
    if (!rp_transport_close(&s->transport))
        return; /* continued in on_closed */
    rp_socket_move_to(s, RP_SOCKET_CLOSED);
    rp_timeout_stop(&s->timeout);
    rp_stream_close_now(&s->stream);
    if (s->server != NULL)
        rp_server_forget(s);
}

/* Send the output, then read and discard input, so that close() does not reset the connection. */
static bool linger(struct rp_socket *s)
{
    if (!rp_transport_can_deliver(&s->transport) ||
        !rp_socket_start_timeout(s, RP_TIMEOUT_LINGER, LINGER_MS))
        return false;
    rp_socket_move_to(s, RP_SOCKET_LINGER);
    rp_transport_hold(&s->transport, false);
    rp_transport_shutdown(&s->transport, false);
    rp_transport_read(&s->transport, !s->input_ended);
    return true;
}

/* The server reports such failures as tlsClientError. */
static bool handshaking_for_server(const struct rp_socket *s)
{
    return s->server != NULL && !s->bare && rp_socket_state_is_handshaking(s->state);
}

static void socket_destroy(struct rp_stream *stream)
{
    struct rp_socket *s = of_stream(stream);

    rp_server_handshake_over(s);
    while (s->questions != NULL)
        rp_request_drop(s->questions);
    rp_renegotiation_drop(s);
    rp_timeout_stop(&s->timeout);
    rp_queue_clear(&s->waiting, stream->loop);
    if (s->ahead.len > 0 && s->state != RP_SOCKET_FAILED) /* treated as unread data in the kernel */
        rp_stream_reset_on_close(stream);
    rp_queue_clear(&s->ahead, stream->loop);
    rp_engine_close(&s->engine);
    s->in_flight = 0;
    rp_next_tick_cancel(&s->wake);
    if (handshaking_for_server(s) && !s->reported)
        rp_next_tick(stream->loop, &s->wake); /* the tick reports the failure of the handshake */
    if (s->state != RP_SOCKET_FAILED || !linger(s))
        rp_socket_finish(s);
}

void rp_socket_fail(struct rp_socket *s, const struct rp_error *error)
{
    bool handshaking = handshaking_for_server(s);

    if (s->stream.destroyed)
        return;
    rp_stream_ref(&s->stream);
    rp_socket_move_to(s, RP_SOCKET_FAILED);
    if (handshaking) {
        bool first = !s->reported;

        s->reported = true;
        rp_stream_destroy(&s->stream, NULL); /* not an ERROR of the socket (K1) */
        if (first)
            rp_server_report(s, error);
    } else {
        rp_stream_destroy(&s->stream, error);
    }
    rp_stream_unref(&s->stream);
}

void rp_socket_cut_handshake(struct rp_socket *s, const struct rp_error *error)
{
    rp_stream_ref(&s->stream);
    s->reported = true;
    rp_server_report(s, error);
    rp_stream_destroy(&s->stream, NULL);
    rp_stream_unref(&s->stream);
}

bool rp_socket_start_timeout(struct rp_socket *s, enum rp_socket_timeout what, uint32_t ms)
{
    s->timeout_for = (uint8_t)what;
    return rp_timeout_start(s->stream.loop, &s->timeout, ms);
}

void rp_socket_limit_handshake(struct rp_socket *s, uint32_t ms)
{
    if (ms != RP_NO_TIMEOUT)
        rp_socket_start_timeout(s, RP_TIMEOUT_HANDSHAKE,
                                ms != 0 ? ms : RP_DEFAULT_HANDSHAKE_TIMEOUT_MS);
}

static void handshake_timed_out(struct rp_socket *s)
{
    struct rp_error error;

    if (s->state == RP_SOCKET_OPEN_EARLY) {
        rp_early_timeout(s);
        return;
    }
    rp_error_set(&error, "ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout");
    if (s->bare || s->client != NULL)
        rp_stream_destroy(&s->stream, &error);
    else
        rp_socket_cut_handshake(s, &error);
}

static void on_timeout(struct rp_timeout *t)
{
    struct rp_socket *s = (struct rp_socket *)((char *)t - offsetof(struct rp_socket, timeout));

    switch ((enum rp_socket_timeout)s->timeout_for) {
    case RP_TIMEOUT_HANDSHAKE:
        handshake_timed_out(s);
        break;
    case RP_TIMEOUT_TICKETS:
        rp_socket_flush(s);
        break;
    case RP_TIMEOUT_FAILURE:
        rp_socket_fail(s, s->failure);
        break;
    case RP_TIMEOUT_LINGER:
        rp_socket_finish(s);
        break;
    }
}

static void on_wake(struct rp_next_tick *tick)
{
    struct rp_socket *s = tick->arg;
    struct rp_error error;

    if (!s->stream.destroyed) {
        if (s->client != NULL && s->state == RP_SOCKET_START)
            rp_client_begin(s);
        else
            rp_socket_advance(s);
        return;
    }
    if (s->reported || s->server == NULL || s->bare)
        return;
    s->reported = true;
    rp_error_set(&error, "ECONNRESET", "socket hang up");
    rp_server_report(s, s->stream.reason != NULL ? s->stream.reason : &error);
}

void rp_socket_answered(struct rp_socket *s, struct rp_request *r)
{
    rp_stream_ref(&s->stream);
    rp_handshake_answered(s, r);
    rp_socket_advance(s);
    rp_stream_unref(&s->stream);
}

/* -- queries about the transport */

static bool socket_set_no_delay(struct rp_stream *stream, bool on)
{
    struct rp_socket *s = of_stream(stream);

    if (s->transport.carrier != NULL)
        return rp_stream_set_no_delay(s->transport.carrier, on);
    return rp_fd_no_delay(s->transport.wire.fd, on);
}

static bool socket_set_keep_alive(struct rp_stream *stream, bool on, uint32_t initial_delay_ms)
{
    struct rp_socket *s = of_stream(stream);

    if (s->transport.carrier != NULL)
        return rp_stream_set_keep_alive(s->transport.carrier, on, initial_delay_ms);
    return rp_fd_keep_alive(s->transport.wire.fd, on, initial_delay_ms);
}

static const struct rp_address *socket_remote_address(const struct rp_stream *stream)
{
    const struct rp_socket *s = of_stream(stream);

    if (s->remote.len != 0)
        return &s->remote;
    return s->transport.carrier != NULL ? rp_stream_remote_address(s->transport.carrier) : NULL;
}

static const struct rp_address *socket_local_address(const struct rp_stream *stream)
{
    struct rp_socket *s = of_stream(stream);

    if (s->local != NULL)
        return s->local->len != 0 ? s->local : NULL;
    if (s->transport.carrier != NULL)
        return rp_stream_local_address(s->transport.carrier);
    if (!rp_wire_is_open(&s->transport.wire))
        return NULL;
    s->local = calloc(1, sizeof *s->local);
    if (s->local == NULL)
        return NULL;
    rp_fd_address(s->transport.wire.fd, false, s->local);
    return s->local->len != 0 ? s->local : NULL;
}

static int socket_fd(const struct rp_stream *stream)
{
    return rp_transport_fd(&of_stream(stream)->transport);
}

/* -- lifetime */

static void socket_free(struct rp_stream *stream)
{
    struct rp_socket *s = of_stream(stream);

    rp_transport_release(&s->transport);
    rp_server_unref(s->server);
    rp_client_free(s->client);
    rp_secure_context_unref(s->context);
    free(s->engine.servername);
    free(s->engine.not_verified);
    free(s->renegotiation);
    free(s->alpn_copy);
    BIO_free(s->trace);
    free(s->peer_der);
    free(s->own_der);
    free(s->local);
    free(s->failure);
    free(s);
}

static void socket_reset(struct rp_stream *stream)
{
    rp_transport_reset_on_close(&of_stream(stream)->transport);
}

static const struct rp_stream_ops stream_ops = {
    .write = socket_write,
    .end = socket_end,
    .read_start = socket_read_start,
    .read_stop = socket_read_stop,
    .destroy = socket_destroy,
    .free = socket_free,
    .pending = socket_pending,
    .set_no_delay = socket_set_no_delay,
    .set_keep_alive = socket_set_keep_alive,
    .local_address = socket_local_address,
    .remote_address = socket_remote_address,
    .fd = socket_fd,
    .reset = socket_reset,
};

struct rp_socket *rp_socket_new(struct rp_loop *loop, struct rp_secure_context *context,
                                const struct rp_stream_options *options, struct rp_error *err)
{
    struct rp_socket *s = calloc(1, sizeof *s);

    if (s == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a TLS socket");
        return NULL;
    }
    rp_stream_init(&s->stream, loop, &stream_ops, NULL, options);
    s->engine.loop = loop;
    s->transport.wire.fd = -1;
    s->transport.wire.loop = loop;
    s->context = rp_secure_context_ref(context);
    s->wake.fire = on_wake;
    s->wake.arg = s;
    s->timeout.fire = on_timeout;
    return s;
}

bool rp_socket_open_engine(struct rp_socket *s, bool server, enum rp_client_auth auth)
{
    struct rp_error error;

    s->engine.out = rp_transport_out(&s->transport);
    auth = rp_context_client_auth(s->context, auth);
    if (!rp_engine_open(&s->engine, s->context, server, auth, &error)) {
        rp_socket_fail(s, &error);
        return false;
    }
    if (s->trace != NULL)
        rp_socket_trace(s);
    if (s->max_send_fragment != 0)
        SSL_set_max_send_fragment(s->engine.ssl, s->max_send_fragment);
    rp_socket_move_to(s, RP_SOCKET_HANDSHAKE);
    return true;
}

struct rp_stream *rp_socket_stream(struct rp_socket *s)
{
    return s != NULL ? &s->stream : NULL;
}

struct rp_socket *rp_socket_ref(struct rp_socket *s)
{
    rp_stream_ref(rp_socket_stream(s));
    return s;
}

void rp_socket_unref(struct rp_socket *s)
{
    rp_stream_unref(rp_socket_stream(s));
}

struct rp_socket *rp_socket_from_stream(struct rp_stream *stream)
{
    if (stream == NULL)
        return NULL;
    return stream->ops == &stream_ops ? of_stream(stream) : NULL;
}
