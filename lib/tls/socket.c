/* SPDX-License-Identifier: MIT
 *
 * socket.c - tls.TLSSocket as a stream: bytes between the transport, the engine and the program.
 * The dangers: any event may destroy the socket; input may come while the program looks at earlier
 * input; and an alert is worth nothing if unread input turns our close into a reset, so a failed
 * connection lingers, within bounds, until the peer has read it. */
#include "lib/tls/socket_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/net/fd.h"
#include "lib/net/net_socket.h"
#include "lib/tls/request.h"
#include "lib/x509/openssl_errors.h"
#include "lib/x509/verify_errors.h"

enum {
    RECORD_MAX = 16384,
    SAVED_MAX = 64 * 1024,      /* input that waits for an answer */
    OUT_MAX = 1024 * 1024,      /* output that a peer makes us produce and doesn't read */
    LINGER_MS = 2000,           /* how long an alert may take ... */
    LINGER_BYTES = 1024 * 1024, /* ... and what is thrown away meanwhile */
    TICKETS_WAIT_MS = 20,
    PATIENCE_MS = 1000, /* with a program that pauses, once the transport has failed */
};

static struct rp_socket *of_transport(struct rp_transport *t)
{
    return (struct rp_socket *)((char *)t - offsetof(struct rp_socket, transport));
}

static struct rp_socket *of_stream(const struct rp_stream *stream)
{
    return (struct rp_socket *)(uintptr_t)stream;
}

/* -- reading */

/* Paused, a socket still reads one record ahead: what follows may be no data but the peer's end,
 * and that is told to a paused stream, too. Not where a pipe or a TLS socket pauses it: they
 * resume. */
static bool reads_ahead(const struct rp_socket *s)
{
    return s->stream.paused && !s->stream.resumes_itself && s->stream.sink == NULL &&
           s->ahead.len == 0;
}

bool rp_socket_has_unread(const struct rp_socket *s)
{
    return s->stream.paused && !s->got_close && rp_socket_is_open(s) && !reads_ahead(s);
}

static bool wants_input(struct rp_socket *s)
{
    if (s->input_ended || s->got_close)
        return false;
    switch ((enum rp_socket_state)s->state) {
    case RP_SOCKET_START:
        return s->client == NULL && rp_engine_left(&s->engine) < SAVED_MAX;
    case RP_SOCKET_PREFACE:
    case RP_SOCKET_HANDSHAKE:
    case RP_SOCKET_STORING:
        return rp_engine_left(&s->engine) < SAVED_MAX;
    case RP_SOCKET_OPEN_EARLY:
    case RP_SOCKET_OPEN:
        return (!s->stream.paused || reads_ahead(s)) &&
               rp_transport_out(&s->transport)->len < OUT_MAX;
    default:
        return s->state == RP_SOCKET_LINGER;
    }
}

/* Read from the transport what is wanted. */
static void set_reading(struct rp_socket *s)
{
    rp_transport_read_ahead(&s->transport, s->stream.paused);
    rp_transport_read(&s->transport, wants_input(s));
}

/* A chain was refused: say why in the words of the verification. */
static void explain(struct rp_socket *s, struct rp_error *error)
{
    long result = SSL_get_verify_result(s->engine.ssl);

    if (result == X509_V_OK || strcmp(error->code, "ERR_SSL_CERTIFICATE_VERIFY_FAILED") != 0)
        return;
    s->authorized = false;
    s->authorization_error = rp_verify_error_code(result);
    if (s->client != NULL)
        rp_error_set(error, s->authorization_error, "%s", rp_verify_error_text(result));
}

static void no_memory_to_read(struct rp_socket *s)
{
    struct rp_error error;

    rp_error_set(&error, "ENOMEM", "no memory to read");
    rp_socket_fail(s, &error);
}

/* What was read ahead, now that the program wants it. An event may destroy the socket. */
static void push_ahead(struct rp_socket *s)
{
    struct rp_queue ahead = s->ahead;
    const uint8_t *bytes;
    size_t len;

    s->ahead = (struct rp_queue){0};
    bytes = rp_queue_peek(&ahead, &len);
    if (bytes != NULL)
        rp_stream_push(&s->stream, bytes, len);
    rp_queue_clear(&ahead, s->stream.loop);
}

/* Read one record, and tell it or keep it. The room is the caller's. */
static enum rp_engine_status read_record(struct rp_socket *s, uint8_t *bytes, size_t room,
                                         struct rp_error *error)
{
    size_t len;
    enum rp_engine_status status = rp_engine_read(&s->engine, bytes, room, &len, error);

    if (!rp_early_settle(s) || !rp_renegotiation_settle(s) || status != RP_ENGINE_OK)
        return status;
    if (!s->stream.paused)
        rp_stream_push(&s->stream, bytes, len);
    else if (!rp_queue_keep(&s->ahead, s->stream.loop, bytes, len))
        no_memory_to_read(s);
    return status;
}

/* One record after the other, until the program has enough or there is no more. */
static enum rp_engine_status read_all(struct rp_socket *s, struct rp_error *error)
{
    enum rp_engine_status status = RP_ENGINE_OK;
    struct rp_queue scratch = {0};
    size_t room;
    uint8_t *bytes = rp_queue_reserve(&scratch, s->stream.loop, RECORD_MAX, &room);

    if (bytes == NULL) {
        rp_error_set(error, "ENOMEM", "no memory to read");
        return RP_ENGINE_FAILED;
    }
    if (!s->stream.paused)
        push_ahead(s);
    while (status == RP_ENGINE_OK && !s->stream.destroyed && (!s->stream.paused || reads_ahead(s)))
        status = read_record(s, bytes, room, error);
    rp_queue_clear(&scratch, s->stream.loop);
    return status;
}

/* true: the program paused, and has resumed meanwhile. */
static bool read_records(struct rp_socket *s)
{
    enum rp_engine_status status;
    struct rp_error error;

    if (s->got_close || (s->stream.paused && !reads_ahead(s)))
        return false;
    status = read_all(s, &error);
    if (s->client != NULL && !s->stream.destroyed)
        rp_client_sessions(s);
    else if (s->questions != NULL && !s->stream.destroyed)
        rp_handshake_sessions(s); /* of a renegotiation */
    if (status == RP_ENGINE_END)
        s->got_close = true;
    if (status == RP_ENGINE_FAILED && !s->stream.destroyed) {
        explain(s, &error); /* a renegotiation can end like this */
        rp_socket_fail(s, &error);
    }
    return status == RP_ENGINE_OK && !s->stream.paused;
}

static bool do_handshake(struct rp_socket *s)
{
    struct rp_error error;

    if (s->engine.hello == RP_HELLO_DECIDING)
        return false; /* until the answer is there */
    if (s->engine.staple != NULL && s->engine.staple->state == RP_STAPLE_ASKING)
        return false;
    switch (rp_engine_handshake(&s->engine, &error)) {
    case RP_ENGINE_OK:
        if (s->stream.destroyed)
            return false; /* by a listener for key log lines */
        if (s->client != NULL)
            rp_client_done(s);
        else
            rp_handshake_done(s);
        return true;
    case RP_ENGINE_HELLO:
        return rp_handshake_hello(s);
    case RP_ENGINE_STAPLE:
        return rp_staple_ask(s);
    case RP_ENGINE_FAILED:
        if (!s->stream.destroyed)
            explain(s, &error);
        rp_socket_fail(s, &error);
        return false;
    default:
        return false;
    }
}

/* A server makes its engine only when there is something for it to decide. */
static bool begin_server(struct rp_socket *s)
{
    if (s->client != NULL || rp_engine_left(&s->engine) == 0)
        return false;
    s->received = true;
    if (!rp_first_hello_ready(&s->first_hello, &s->engine) &&
        rp_engine_left(&s->engine) < SAVED_MAX)
        return false;
    if (!rp_socket_open_engine(s, true, rp_server_client_auth(s->server)))
        return false;
    if (s->asks_early_data && !s->bare)
        rp_engine_expect_early(&s->engine);
    return true;
}

/* true: something has changed, look again. */
static bool step(struct rp_socket *s)
{
    switch ((enum rp_socket_state)s->state) {
    case RP_SOCKET_PREFACE:
        return rp_server_preface(s);
    case RP_SOCKET_START:
        return begin_server(s);
    case RP_SOCKET_HANDSHAKE:
        return do_handshake(s);
    case RP_SOCKET_OPEN_EARLY:
    case RP_SOCKET_OPEN:
        return read_records(s);
    default:
        return false;
    }
}

/* Between the handshake and the end, and not while a renegotiation is under way. */
static bool can_write(const struct rp_socket *s)
{
    return rp_socket_is_open(s) && (s->renegotiation == NULL || SSL_in_init(s->engine.ssl) == 0);
}

/* The peer's end, once everything before it was read. */
static void end_of_input(struct rp_socket *s)
{
    struct rp_error error;

    if (can_write(s) && s->state == RP_SOCKET_OPEN) {
        rp_stream_push_end(&s->stream);
        return;
    }
    if (s->renegotiation != NULL && s->got_close) {
        rp_stream_push_end(&s->stream);      /* the renegotiation will never be complete ... */
        rp_stream_destroy(&s->stream, NULL); /* ... and so nothing can be written */
        return;
    }
    if (s->state == RP_SOCKET_STORING || s->questions != NULL)
        return;                                            /* what was asked is answered first */
    if (s->client != NULL && s->state != RP_SOCKET_OPEN) { /* E11 */
        rp_stream_push_end(&s->stream);
        rp_error_set(&error, "ECONNRESET",
                     "Client network socket disconnected before secure TLS connection was "
                     "established");
        if (!s->stream.destroyed)
            rp_stream_note_addresses(&s->stream, &error);
    } else {
        rp_error_set(&error, "ECONNRESET", "socket hang up");
    }
    rp_socket_fail(s, &error);
}

/* Send what is in the output at the end of this turn. */
static void flush(struct rp_socket *s)
{
    if (s->tickets_wait) {
        s->tickets_wait = false;
        rp_timeout_stop(&s->timeout);
    }
    rp_transport_flush_later(&s->transport);
}

/* TLS 1.3 tickets leave together with the first answer, when that comes soon: a system call and a
 * packet less for each connection. Nobody needs them sooner; but a client with Nagle on that has
 * not asked yet waits with its question for the ACK that they carry. */
static bool let_tickets_wait(struct rp_socket *s)
{
    bool asked = s->stream.bytes_read > 0 || s->ahead.len > 0 || rp_engine_left(&s->engine) > 0;

    if (!s->tickets_wait || !asked)
        return false;
    return s->timeout.queue != NULL ||
           rp_socket_start_timeout(s, RP_TIMEOUT_TICKETS, TICKETS_WAIT_MS);
}

/* The transport has failed. What arrived before is the program's, if it resumes soon. */
static void wait_for_reader(struct rp_socket *s)
{
    s->tickets_wait = false;
    if (!rp_socket_has_unread(s) || !rp_socket_start_timeout(s, RP_TIMEOUT_FAILURE, PATIENCE_MS))
        rp_socket_fail(s, s->failure);
}

static void settle(struct rp_socket *s)
{
    if (!rp_engine_save(&s->engine)) {
        no_memory_to_read(s);
        return;
    }
    if (s->failure != NULL)
        wait_for_reader(s);
    else if ((s->got_close || s->input_ended) && !rp_socket_has_unread(s))
        end_of_input(s);
    if (s->stream.destroyed)
        return;
    if (rp_transport_out(&s->transport)->len > 0 && !let_tickets_wait(s))
        flush(s);
    set_reading(s);
}

void rp_socket_advance(struct rp_socket *s)
{
    if (s->running || s->stream.destroyed)
        return;
    rp_stream_ref(&s->stream);
    s->running = true;
    while (!s->stream.destroyed && step(s))
        ;
    s->running = false;
    if (!s->stream.destroyed)
        settle(s);
    rp_stream_unref(&s->stream);
}

/* -- from the transport */

static void on_input(struct rp_transport *t, const uint8_t *bytes, size_t len)
{
    struct rp_socket *s = of_transport(t);
    bool ok = true;

    if (s->state == RP_SOCKET_LINGER) {
        s->lingered += (uint32_t)len;
        if (s->lingered > LINGER_BYTES)
            rp_socket_finish(s);
    }
    if (s->stream.destroyed)
        return;
    if (s->running) /* a stream that pushes while we look at what it pushed before */
        ok = rp_engine_save(&s->engine);
    rp_engine_show(&s->engine, bytes, len);
    if (s->running)
        ok = ok && rp_engine_save(&s->engine);
    else
        rp_socket_advance(s);
    if (!ok)
        no_memory_to_read(s);
}

static void on_input_end(struct rp_transport *t)
{
    struct rp_socket *s = of_transport(t);

    if (s->state == RP_SOCKET_LINGER) {
        rp_socket_finish(s);
        return;
    }
    s->input_ended = true;
    rp_socket_advance(s);
}

static void on_connected(struct rp_transport *t)
{
    struct rp_socket *s = of_transport(t);

    if (s->stream.connecting)
        rp_stream_connected(&s->stream);
}

static void on_drained(struct rp_transport *t)
{
    struct rp_socket *s = of_transport(t);

    if (s->stream.destroyed)
        return;
    s->in_flight = 0;
    if (rp_socket_is_open(s))
        set_reading(s);
    rp_stream_drained(&s->stream);
}

static void on_shut(struct rp_transport *t)
{
    struct rp_socket *s = of_transport(t);

    if (s->state == RP_SOCKET_LINGER) {
        if (s->input_ended || t->carrier != NULL) /* what a stream does with it is its own affair */
            rp_socket_finish(s);
        return;
    }
    s->in_flight = 0;
    rp_stream_finished(&s->stream);
}

static void on_failed(struct rp_transport *t, const struct rp_error *error)
{
    struct rp_socket *s = of_transport(t);

    if (s->state == RP_SOCKET_LINGER) {
        rp_socket_finish(s);
        return;
    }
    if (rp_socket_has_unread(s) && s->failure == NULL)
        s->failure = malloc(sizeof *s->failure);
    if (s->failure == NULL) {
        rp_socket_fail(s, error);
        return;
    }
    *s->failure = *error;
    wait_for_reader(s);
}

/* The stream underneath is gone. Both sides may have ended, and ours be paused: then the rest is
 * still read. Otherwise, if that was not our doing, so are we (D4); it is no end of what the peer
 * has to say. */
static void on_closed(struct rp_transport *t)
{
    struct rp_socket *s = of_transport(t);

    if (s->stream.destroyed)
        rp_socket_finish(s);
    else if (s->failure == NULL && (!s->input_ended || !s->stream.finished))
        rp_stream_destroy(&s->stream, NULL);
}

static void on_event(struct rp_transport *t, struct rp_event *event)
{
    rp_stream_emit(&of_transport(t)->stream, event);
}

const struct rp_transport_ops rp_socket_transport_ops = {
    .input = on_input,
    .input_end = on_input_end,
    .connected = on_connected,
    .drained = on_drained,
    .shut = on_shut,
    .failed = on_failed,
    .closed = on_closed,
    .event = on_event,
};

/* -- from the program */

static void write_records(struct rp_socket *s, const uint8_t *bytes, size_t len)
{
    struct rp_error error;

    if (rp_engine_write(&s->engine, bytes, len, &error) != RP_ENGINE_OK) {
        rp_socket_fail(s, &error);
        return;
    }
    s->in_flight += len;
    flush(s);
}

/* Nothing overtakes what waited for a handshake, not even from inside the event that ends it. */
static bool writes_at_once(const struct rp_socket *s)
{
    return can_write(s) && s->waiting.len == 0;
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

/* Not before the client has proved to be there: our close_notify would end its handshake. */
static void send_end(struct rp_socket *s)
{
    if (s->state == RP_SOCKET_OPEN_EARLY)
        return;
    rp_engine_send_close(&s->engine);
    flush(s);
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
    struct rp_socket *s = of_stream(stream);

    if (!rp_socket_is_open(s) || s->running)
        return;
    if (reads_ahead(s) && rp_engine_left(&s->engine) > 0)
        rp_next_tick(stream->loop, &s->wake);
    else
        set_reading(s);
}

/* Never from inside the call, and never inside another event: what waits is told a tick later. */
static void socket_read_start(struct rp_stream *stream)
{
    struct rp_socket *s = of_stream(stream);

    if (!rp_socket_is_open(s))
        return;
    if (s->running || s->ahead.len > 0 || rp_engine_left(&s->engine) > 0 || s->got_close ||
        s->input_ended || s->failure != NULL)
        rp_next_tick(stream->loop, &s->wake);
    else
        set_reading(s);
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
        return; /* on_closed comes */
    rp_socket_move_to(s, RP_SOCKET_CLOSED);
    rp_timeout_stop(&s->timeout);
    rp_stream_close_now(&s->stream);
    if (s->server != NULL)
        rp_server_forget(s);
}

/* Deliver what is in the output, then see that nothing unread turns our close into a reset. */
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

/* Failures are then the server's to tell, as tlsClientError. */
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
    if (s->ahead.len > 0 && s->state != RP_SOCKET_FAILED) /* as if the kernel still had it */
        rp_stream_reset_on_close(stream);
    rp_queue_clear(&s->ahead, stream->loop);
    rp_engine_close(&s->engine);
    s->in_flight = 0;
    rp_next_tick_cancel(&s->wake);
    if (handshaking_for_server(s) && !s->reported)
        rp_next_tick(stream->loop, &s->wake); /* it will say that the handshake failed */
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
        rp_stream_destroy(&s->stream, NULL); /* K1: never to `error` of the socket */
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
        flush(s);
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

/* -- what is asked of the socket at the bottom */

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

/* -- life */

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
