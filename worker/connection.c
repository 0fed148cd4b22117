/* SPDX-License-Identifier: MIT
 *
 * connection.c - the common part of connections: start, end, counting. The danger: a peer that
 * never closes. After the end of a connection the peer has five seconds of silence or half a minute
 * of sending left; then the socket is destroyed. */
#include "worker/connection.h"
#include "worker/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BACKEND_ERRORS_MAX = 512 }; /* bytes of text */

static struct worker *process_of(const struct connection *c)
{
    return c->frontend->process;
}

bool connection_begin(struct connection *c, struct frontend *f, struct rp_socket *socket,
                      const struct backend *backend, rp_listener *listener)
{
    const rp_event_set events = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END) |
                                RP_EVENT_BIT(RP_EV_DRAIN) | RP_EVENT_BIT(RP_EV_TIMEOUT) |
                                RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE);
    struct rp_cipher_info cipher = {0};

    c->frontend = f;
    c->socket = socket;
    c->stream = rp_socket_stream(socket);
    c->backend = backend;
    if (!rp_stream_listen(c->stream, events, listener, c)) {
        connection_refuse(f, socket);
        return false;
    }
    c->reason = REASON_CLOSED;
    c->began_ms = rp_loop_now(f->process->loop);
    c->resumed = rp_socket_resumption(socket);
    c->early_data = rp_socket_early_data(socket);
    c->protocol = rp_socket_protocol(socket);
    c->group = rp_socket_group(socket);
    if (rp_socket_cipher(socket, &cipher))
        c->cipher = cipher.name;
    c->next = f->process->connections;
    c->at = &f->process->connections;
    if (c->next != NULL)
        c->next->at = &c->next;
    f->process->connections = c;
    rp_stream_set_timeout(c->stream, f->plan->conf->idle_timeout_ms);
    return true;
}

void connection_refuse(struct frontend *f, struct rp_socket *socket)
{
    struct rp_stream *stream = rp_socket_stream(socket);
    const struct rp_address *remote = rp_stream_remote_address(stream);

    access_refused(f, remote, REASON_NO_MEMORY);
    frontend_left(f, remote, true);
    rp_stream_destroy(stream, NULL);
}

static void end(struct connection *c, bool whole)
{
    if (c->stream == NULL || c->ended_ms != 0)
        return;
    c->ended_ms = rp_loop_now(process_of(c)->loop) + 1; /* 0 means: not ended */
    rp_stream_set_timeout(c->stream, CONNECTION_LINGER_MS);
    if (whole)
        rp_stream_end(c->stream);
    else
        rp_socket_end_truncated(c->socket);
    rp_stream_resume(c->stream);
}

void connection_end(struct connection *c)
{
    end(c, true);
}

void connection_break(struct connection *c)
{
    end(c, false);
}

bool connection_is_over(struct connection *c, size_t len)
{
    if (c->ended_ms == 0)
        return false;
    c->lingered += len;
    if (c->lingered > CONNECTION_LINGER_MAX ||
        rp_loop_now(process_of(c)->loop) > c->ended_ms + CONNECTION_LINGER_MAX_MS) {
        connection_ends_for(c, REASON_CLIENT_LINGERS, NULL);
        rp_stream_destroy(c->stream, NULL);
    }
    return true;
}

void connection_timeout(struct connection *c)
{
    if (c->ended_ms != 0) {
        rp_stream_destroy(c->stream, NULL);
        return;
    }
    connection_ends_for(c, REASON_IDLE_TIMEOUT, NULL);
    end(c, rp_stream_writable_length(c->stream) == 0);
}

void connection_ends_for(struct connection *c, enum reason reason, const struct rp_error *error)
{
    if (c->reason != REASON_CLOSED)
        return;
    c->reason = reason;
    if (error != NULL && process_of(c)->setup->conf->log.access)
        c->error = strdup(error->message);
}

void connection_failed(struct connection *c, const struct rp_error *error)
{
    connection_ends_for(c, reason_of_error(error), error);
}

void connection_note_backend(struct connection *c, const struct rp_address *address,
                             const struct rp_error *error)
{
    size_t len = c->backend_errors != NULL ? strlen(c->backend_errors) : 0;
    char text[RP_ADDRESS_TEXT];

    if (!process_of(c)->setup->conf->log.access)
        return;
    if (c->backend_errors == NULL)
        c->backend_errors = calloc(1, BACKEND_ERRORS_MAX);
    if (c->backend_errors != NULL)
        snprintf(c->backend_errors + len, BACKEND_ERRORS_MAX - len, "%s%s: %s", len > 0 ? "; " : "",
                 rp_address_format(address, text), error->message);
}

void connection_closed(struct connection *c)
{
    const struct rp_address *remote = rp_stream_remote_address(c->stream);

    access_served(c, remote);
    c->stream = NULL;
    frontend_left(c->frontend, remote, true);
}

void connection_forget(struct connection *c)
{
    *c->at = c->next;
    if (c->next != NULL)
        c->next->at = c->at;
    free(c->error);
    free(c->backend_errors);
    worker_left(process_of(c));
}
