/* SPDX-License-Identifier: MIT
 *
 * connection.c - the common part of connections: beginning, ending, counting, the access log.
 * The danger: a peer that never goes. Whoever was told that it is over has a few seconds of silence
 * or half a minute of noise left, then the socket is destroyed. */
#include "worker/connection.h"

#include <string.h>

static struct worker *process_of(const struct connection *c)
{
    return c->frontend->process;
}

bool connection_begin(struct connection *c, struct frontend *f, struct rp_socket *socket,
                      const struct backend *backend, rp_listener *listener)
{
    const rp_event_set events = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END) |
                                RP_EVENT_BIT(RP_EV_DRAIN) | RP_EVENT_BIT(RP_EV_TIMEOUT) |
                                RP_EVENT_BIT(RP_EV_CLOSE);
    struct rp_cipher_info cipher = {0};

    c->frontend = f;
    c->socket = socket;
    c->stream = rp_socket_stream(socket);
    c->backend = backend;
    if (!rp_stream_listen(c->stream, events, listener, c)) {
        connection_refuse(f, socket);
        return false;
    }
    c->began_ms = rp_loop_now(f->process->loop);
    c->resumed = rp_socket_resumption(socket);
    c->early_data = rp_socket_early_data(socket);
    c->protocol = rp_socket_protocol(socket);
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

    frontend_left(f, rp_stream_remote_address(stream), true);
    rp_stream_destroy(stream, NULL);
}

static void end(struct connection *c, bool whole)
{
    if (c->stream == NULL || c->ended_ms != 0)
        return;
    c->ended_ms = rp_loop_now(process_of(c)->loop) + 1; /* never 0 */
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
        rp_loop_now(process_of(c)->loop) > c->ended_ms + CONNECTION_LINGER_MAX_MS)
        rp_stream_destroy(c->stream, NULL);
    return true;
}

void connection_timeout(struct connection *c)
{
    if (c->ended_ms != 0) {
        rp_stream_destroy(c->stream, NULL);
        return;
    }
    process_of(c)->row->idle_timeouts++;
    end(c, rp_stream_writable_length(c->stream) == 0);
}

static void access_log(const struct connection *c, const struct rp_address *remote)
{
    struct worker *p = process_of(c);
    struct rp_log_line line;
    char text[RP_ADDRESS_TEXT];

    if (!p->setup->conf->log.access)
        return;
    rp_log_begin(&line, p->log, RP_LOG_INFO, "connection");
    rp_log_text(&line, "frontend", c->frontend->plan->conf->name);
    rp_log_text(&line, "client", remote != NULL ? rp_address_format(remote, text) : NULL);
    rp_log_text(&line, "sni", rp_socket_servername(c->socket));
    rp_log_text(&line, "protocol", c->protocol);
    rp_log_text(&line, "cipher", c->cipher);
    rp_log_text(&line, "alpn", rp_socket_alpn_protocol(c->socket));
    rp_log_text(&line, "resumed", frontend_resumption(c->resumed));
    if (c->early_data != RP_EARLY_DATA_NONE)
        rp_log_text(&line, "early-data", frontend_early_data(c->early_data));
    rp_log_text(&line, "backend", c->backend->conf->name);
    rp_log_number(&line, "in", (int64_t)rp_stream_bytes_read(c->stream));
    rp_log_number(&line, "out", (int64_t)rp_stream_bytes_written(c->stream));
    rp_log_number(&line, "ms", (int64_t)(rp_loop_now(p->loop) - c->began_ms));
    rp_log_end_later(&line);
}

void connection_closed(struct connection *c)
{
    const struct rp_address *remote = rp_stream_remote_address(c->stream);

    access_log(c, remote);
    c->stream = NULL;
    frontend_left(c->frontend, remote, true);
}

void connection_forget(struct connection *c)
{
    *c->at = c->next;
    if (c->next != NULL)
        c->next->at = c->at;
    worker_left(process_of(c));
}
