/* SPDX-License-Identifier: MIT
 *
 * access.c - the end of each connection; see access.h. The danger: the client chose names, subjects
 * and errors; the log escapes them. Lines are queued for a moment, so that most of them cost no
 * system call. */
#include "worker/access.h"
#include "worker/connection.h"

enum { FLUSH_MS = 200 };

static struct worker *process_of(const struct frontend *f)
{
    return f->process;
}

static void on_flush(struct rp_timer *timer)
{
    struct worker *p = timer->arg;

    rp_log_flush(p->log);
}

void access_begin(struct worker *p)
{
    p->log_flush.fire = on_flush;
    p->log_flush.arg = p;
    refusals_begin(p);
}

void access_end(struct worker *p)
{
    refusals_end(p);
    rp_timer_stop(&p->log_flush);
    rp_log_flush(p->log);
}

static void count(struct frontend *f, enum reason reason)
{
    size_t counter = reason_entry(reason)->counter;

    if (counter != REASON_ONLY)
        ++*(uint64_t *)(void *)((char *)process_of(f)->row + counter);
    stats_count_end(process_of(f)->setup->stats, f->counted_as, reason);
}

/* -- lines */

static void put_client(struct rp_log_line *line, const struct frontend *f,
                       const struct rp_address *remote)
{
    char text[RP_ADDRESS_TEXT];

    rp_log_text(line, "frontend", f->plan->conf->name);
    rp_log_text(line, "client", remote != NULL ? rp_address_format(remote, text) : NULL);
}

static void put_reason(struct rp_log_line *line, enum reason reason)
{
    rp_log_text(line, "reason", reason_entry(reason)->code);
    if (reason != REASON_CLOSED)
        rp_log_text(line, "text", reason_entry(reason)->text);
}

/* Add the client certificate and the alerts. */
static void put_verdict(struct rp_log_line *line, const struct rp_socket *socket)
{
    struct rp_verify_failure failure;

    if (rp_socket_verify_failure(socket, &failure)) {
        rp_log_text(line, "verify", failure.code);
        rp_log_text(line, "verify-text", failure.text);
        rp_log_number(line, "depth", failure.depth);
        rp_log_text(line, "subject", failure.subject);
    } else {
        rp_log_text(line, "verify", rp_socket_authorization_error(socket));
    }
    rp_log_text(line, "alert-sent", rp_socket_alert_sent(socket));
    rp_log_text(line, "alert-received", rp_socket_alert_received(socket));
}

static void put_failure(struct rp_log_line *line, const struct rp_socket *socket,
                        const struct rp_error *error)
{
    rp_log_text(line, "sni", rp_socket_servername(socket));
    put_verdict(line, socket);
    rp_log_text(line, "code", error->code);
    rp_log_text(line, "error", error->message);
}

/* A line of the access log with access = on, else a debug line. */
static bool begin_line(struct rp_log_line *line, const struct frontend *f, const char *message)
{
    bool access = process_of(f)->setup->conf->log.access;

    rp_log_begin(line, process_of(f)->log, access ? RP_LOG_INFO : RP_LOG_DEBUG, message);
    return line->log != NULL;
}

static void end_line(struct rp_log_line *line, const struct frontend *f)
{
    struct worker *p = process_of(f);

    if (!p->setup->conf->log.access) {
        rp_log_end(line);
        return;
    }
    rp_log_end_later(line);
    if (!rp_timer_active(&p->log_flush))
        rp_timer_start(p->loop, &p->log_flush, FLUSH_MS);
}

/* -- ends of connections */

/* Report the last client that was refused, and its error. */
static void warn(struct frontend *f, const struct rp_address *remote, enum reason reason,
                 const struct rp_socket *socket, const struct rp_error *error)
{
    uint64_t refused = refusals_count(f, reason);
    struct rp_log_line line;
    char text[RP_ADDRESS_TEXT];

    if (refused == 0)
        return;
    refusals_line(&line, f, reason, refused);
    rp_log_text(&line, "client", remote != NULL ? rp_address_format(remote, text) : NULL);
    if (socket != NULL)
        put_failure(&line, socket, error);
    rp_log_end(&line);
}

void access_refused(struct frontend *f, const struct rp_address *remote, enum reason reason)
{
    struct rp_log_line line;

    count(f, reason);
    if (begin_line(&line, f, "connection refused")) {
        put_client(&line, f, remote);
        put_reason(&line, reason);
        end_line(&line, f);
    }
    warn(f, remote, reason, NULL, NULL);
}

void access_failed(struct frontend *f, const struct rp_socket *socket,
                   const struct rp_address *remote, const struct rp_error *error)
{
    enum reason reason = reason_of_handshake(socket, error);
    bool is_probe = reason_entry(reason)->kind == REASON_KIND_PROBE;
    struct rp_log_line line;

    count(f, reason);
    if (begin_line(&line, f, is_probe ? "connection" : "handshake failed")) {
        put_client(&line, f, remote);
        put_reason(&line, reason);
        if (!is_probe)
            put_failure(&line, socket, error);
        end_line(&line, f);
    }
    if (reason_entry(reason)->kind <= REASON_KIND_FAILED && reason != REASON_CLIENT_CLOSED)
        warn(f, remote, reason, socket, error);
}

static void put_agreed(struct rp_log_line *line, const struct connection *c)
{
    rp_log_text(line, "sni", rp_socket_servername(c->socket));
    rp_log_text(line, "protocol", c->protocol);
    rp_log_text(line, "cipher", c->cipher);
    rp_log_text(line, "group", c->group);
    rp_log_text(line, "alpn", rp_socket_alpn_protocol(c->socket));
    rp_log_text(line, "resumed", frontend_resumption(c->resumed));
    if (c->early_data != RP_EARLY_DATA_NONE)
        rp_log_text(line, "early-data", frontend_early_data(c->early_data));
}

void access_served(const struct connection *c, const struct rp_address *remote)
{
    struct frontend *f = c->frontend;
    struct rp_log_line line;

    count(f, c->reason);
    if (!process_of(f)->setup->conf->log.access || !begin_line(&line, f, "connection"))
        return;
    put_client(&line, f, remote);
    put_agreed(&line, c);
    rp_log_text(&line, "backend", c->backend->conf->name);
    rp_log_text(&line, "backend-errors", c->backend_errors);
    rp_log_number(&line, "in", (int64_t)rp_stream_bytes_read(c->stream));
    rp_log_number(&line, "out", (int64_t)rp_stream_bytes_written(c->stream));
    rp_log_number(&line, "ms", (int64_t)(rp_loop_now(process_of(f)->loop) - c->began_ms));
    put_reason(&line, c->reason);
    put_verdict(&line, c->socket);
    rp_log_text(&line, "error", c->error);
    end_line(&line, f);
}
