/* SPDX-License-Identifier: MIT
 *
 * socket_input.c - input of a TLS socket: from the transport through the engine to the program,
 * also while the program is paused. The dangers: any event may destroy the socket; input may arrive
 * while the program handles earlier input; and no data that has arrived may be lost, even if the
 * transport fails. */
#include <stdlib.h>
#include <string.h>

#include "lib/tls/request.h"
#include "lib/tls/socket_internal.h"
#include "lib/x509/verify_errors.h"

enum {
    RECORD_MAX = 16384,
    SAVED_MAX = 64 * 1024,      /* maximum input that waits for an answer */
    OUT_MAX = 1024 * 1024,      /* maximum output that a peer causes without reading it */
    LINGER_BYTES = 1024 * 1024, /* maximum input that is discarded while an alert is sent */
    TICKETS_WAIT_MS = 20,
    PATIENCE_MS = 1000, /* maximum wait for a paused program after the transport has failed */
};

static struct rp_socket *of_transport(struct rp_transport *t)
{
    return (struct rp_socket *)((char *)t - offsetof(struct rp_socket, transport));
}

/* -- reading */

/* A paused socket still reads one record ahead, since that may be the peer's end, which is reported
 * to a paused stream, too. Not if a pipe or a TLS socket pauses it: they resume. */
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

/* Start or stop reading from the transport. */
static void set_reading(struct rp_socket *s)
{
    rp_transport_read_ahead(&s->transport, s->stream.paused);
    rp_transport_read(&s->transport, wants_input(s));
}

/* If the chain was refused, report the error of the verification. */
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

/* Deliver the record that was read ahead. An event may destroy the socket. */
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

/* Read one record, and deliver or keep it. The buffer is the caller's. */
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

/* Read records until the program pauses or no input is left. */
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
        explain(s, &error); /* a renegotiation may end this way */
        rp_socket_fail(s, &error);
    }
    return status == RP_ENGINE_OK && !s->stream.paused;
}

static bool do_handshake(struct rp_socket *s)
{
    struct rp_error error;

    if (s->engine.hello == RP_HELLO_DECIDING)
        return false; /* until the answer arrives */
    if (s->engine.staple != NULL && s->engine.staple->state == RP_STAPLE_ASKING)
        return false;
    switch (rp_engine_handshake(&s->engine, &error)) {
    case RP_ENGINE_OK:
        if (s->stream.destroyed)
            return false; /* a listener for key log lines has destroyed it */
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

/* A server creates its engine only when a whole ClientHello has arrived. */
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

/* true: the state has changed; check again. */
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

bool rp_socket_can_write(const struct rp_socket *s)
{
    return rp_socket_is_open(s) && (s->renegotiation == NULL || SSL_in_init(s->engine.ssl) == 0);
}

/* Report the peer's end, when everything before it was read. */
static void end_of_input(struct rp_socket *s)
{
    struct rp_error error;

    if (rp_socket_can_write(s) && s->state == RP_SOCKET_OPEN) {
        rp_stream_push_end(&s->stream);
        return;
    }
    if (s->renegotiation != NULL && s->got_close) {
        rp_stream_push_end(&s->stream);      /* the renegotiation will never complete ... */
        rp_stream_destroy(&s->stream, NULL); /* ... so nothing can be written */
        return;
    }
    if (s->state == RP_SOCKET_STORING || s->questions != NULL)
        return;                                            /* the pending question comes first */
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

void rp_socket_flush(struct rp_socket *s)
{
    if (s->tickets_wait) {
        s->tickets_wait = false;
        rp_timeout_stop(&s->timeout);
    }
    rp_transport_flush_later(&s->transport);
}

/* TLS 1.3 tickets are sent together with the first response, if that follows soon: this saves a
 * system call and a packet per connection. Clients do not need them sooner; but a client with
 * Nagle's algorithm on that has not sent its request yet waits for the ACK that the tickets
 * carry. */
static bool let_tickets_wait(struct rp_socket *s)
{
    bool asked = s->stream.bytes_read > 0 || s->ahead.len > 0 || rp_engine_left(&s->engine) > 0;

    if (!s->tickets_wait || !asked)
        return false;
    return s->timeout.queue != NULL ||
           rp_socket_start_timeout(s, RP_TIMEOUT_TICKETS, TICKETS_WAIT_MS);
}

/* The transport has failed. Input that arrived before is delivered, if the program resumes soon. */
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
        rp_socket_flush(s);
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

void rp_socket_read_stop(struct rp_socket *s)
{
    if (!rp_socket_is_open(s) || s->running)
        return;
    if (reads_ahead(s) && rp_engine_left(&s->engine) > 0)
        rp_next_tick(s->stream.loop, &s->wake);
    else
        set_reading(s);
}

/* Deliver pending input a tick later, never inside the call or another event. */
void rp_socket_read_start(struct rp_socket *s)
{
    if (!rp_socket_is_open(s))
        return;
    if (s->running || s->ahead.len > 0 || rp_engine_left(&s->engine) > 0 || s->got_close ||
        s->input_ended || s->failure != NULL)
        rp_next_tick(s->stream.loop, &s->wake);
    else
        set_reading(s);
}

/* -- events of the transport */

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
    if (s->running) /* the stream delivers more while earlier input is being handled */
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
        if (s->input_ended || t->carrier != NULL) /* a stream handles it by itself */
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

/* The underlying stream is closed. If both sides have ended and this socket is paused, the rest is
 * still read. Otherwise, unless this side closed it, the socket is closed, too (D4); that is not an
 * orderly end of the peer's data. */
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
