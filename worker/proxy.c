/* SPDX-License-Identifier: MIT
 *
 * proxy.c - forward a connection's decrypted stream to a backend and back. The danger: either
 * stream may fail, end or stall at any time, and the backend's may not be connected yet. The rules:
 * the client's bytes are kept until the backend is connected, so that they can be sent to the next
 * address; a side whose queue is full pauses the other; an end is forwarded without closing the
 * other direction; the memory is freed after both have closed. */
#include "worker/connection.h"
#include "worker/proxy_protocol.h"

#include <reprise/x509.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    HALF_CLOSED_MS = 30000, /* maximum silence of a client whose backend has ended */
    LOG_EVERY_MS = 10000,   /* interval of log lines about failures of a backend */
    COMMON_NAME_MAX = 255,
    BUSY_MS = 20, /* between attempts to connect to a Unix socket with a full backlog */
    /* Bytes that may be queued for the backend: as many as one read from the client can bring, so
     * that a slow backend pauses an upload, but not for each record. */
    BACKEND_WAITS = 128 * 1024,
};

/* Connecting to a Unix socket with a full backlog fails at once with EAGAIN, where TCP would wait.
 * So try again after a delay. */
struct busy {
    struct rp_timer timer;
    bool again; /* the current failure is of this kind */
};

struct proxy {
    struct connection c;
    struct backend *backend;
    struct backend_address *address; /* the current address */
    struct backend_try try;
    struct rp_stream *server; /* NULL between attempts, and after it has closed */
    uint8_t *kept;            /* PROXY header and the client's bytes, until connected */
    size_t kept_len, kept_capacity;
    struct busy *busy; /* NULL: not needed so far */
    bool connected;    /* the backend was connected */
    bool client_ended; /* its end was, or will be, forwarded */
    bool server_ended; /* the backend has sent its end */
    bool broken;       /* the backend's connection failed before its end */
};

static struct worker *process_of(const struct proxy *p)
{
    return p->c.frontend->process;
}

static void proxy_free(struct proxy *p)
{
    connection_forget(&p->c);
    if (p->busy != NULL)
        rp_timer_stop(&p->busy->timer);
    free(p->busy);
    free(p->kept);
    free(p);
}

/* -- the backend ------------------------------------------------------------------------------- */

/* Log the first failure, then at most one every LOG_EVERY_MS, with the number of the others. */
static void log_failure(struct proxy *p, const char *what, const struct rp_error *error)
{
    struct backend *backend = p->backend;
    uint64_t now = rp_loop_now(process_of(p)->loop);
    struct rp_log_line line;
    char text[RP_ADDRESS_TEXT];

    if (backend->logged_ms != 0 && now < backend->logged_ms + LOG_EVERY_MS) {
        backend->unlogged++;
        return;
    }
    rp_log_begin(&line, process_of(p)->log, RP_LOG_WARN, what);
    if (line.log != NULL) {
        rp_log_text(&line, "backend", backend->conf->name);
        if (p->address != NULL)
            rp_log_text(&line, "address", rp_address_format(&p->address->address, text));
        if (error != NULL)
            rp_log_text(&line, "error", error->message);
        if (backend->unlogged > 0)
            rp_log_number(&line, "unsaid", backend->unlogged);
        rp_log_end(&line);
    }
    backend->logged_ms = now + 1; /* 0 means: never */
    backend->unlogged = 0;
}

static void on_server(const struct rp_event *event, void *arg);

/* The remaining time of the current address, at least 1. */
static uint32_t time_left(const struct proxy *p)
{
    uint64_t now = rp_loop_now(process_of(p)->loop);

    return now < p->try.until_ms ? (uint32_t)(p->try.until_ms - now) : 1;
}

static struct rp_stream *connect_to(struct proxy *p, const struct rp_address *address,
                                    struct rp_error *err)
{
    const rp_event_set events = RP_EVENT_BIT(RP_EV_CONNECT) | RP_EVENT_BIT(RP_EV_DATA) |
                                RP_EVENT_BIT(RP_EV_END) | RP_EVENT_BIT(RP_EV_DRAIN) |
                                RP_EVENT_BIT(RP_EV_TIMEOUT) | RP_EVENT_BIT(RP_EV_ERROR) |
                                RP_EVENT_BIT(RP_EV_CLOSE);
    struct rp_net_options options = {
        .address = address,
        .timeout_ms = time_left(p),
        .eager = true,
        .stream = {.allow_half_open = true, .high_water_mark = BACKEND_WAITS},
    };
    struct rp_stream *server = rp_net_connect(process_of(p)->loop, &options, err);

    if (server == NULL)
        return NULL;
    if (!rp_stream_listen(server, events, on_server, p)) {
        rp_stream_destroy(server, NULL);
        rp_stream_unref(server);
        rp_error_set(err, "ENOMEM", "no memory for a connection to a backend");
        return NULL;
    }
    rp_stream_unref(server); /* an open stream stays alive until it has closed */
    return server;
}

/* Start connecting to p->address; the kept bytes are sent there at once. */
static bool try_address(struct proxy *p)
{
    struct rp_error error;

    p->server = connect_to(p, &p->address->address, &error);
    if (p->server == NULL) {
        connection_note_backend(&p->c, &p->address->address, &error);
        backend_failed(p->address, rp_loop_now(process_of(p)->loop));
        return false;
    }
    if (p->kept_len > 0)
        rp_stream_write(p->server, p->kept, p->kept_len);
    if (p->client_ended)
        rp_stream_end(p->server);
    return true;
}

/* Try the next address. If none is left, end the client's connection without close_notify, so that
 * the client does not take it for an empty response. */
static void try_next(struct proxy *p)
{
    uint64_t now = rp_loop_now(process_of(p)->loop);

    while ((p->address = backend_next(p->backend, &p->try, now)) != NULL)
        if (try_address(p))
            return;
    log_failure(p, "backend unreachable: all addresses failed", NULL);
    connection_ends_for(&p->c, REASON_BACKEND_UNREACHABLE, NULL);
    connection_break(&p->c);
}

static void on_busy_over(struct rp_timer *timer)
{
    struct proxy *p = timer->arg;

    if (p->c.ended_ms == 0 && !try_address(p))
        try_next(p);
}

/* Whether this address has a full backlog and there is time left to try it again. */
static bool note_busy(struct proxy *p, const struct rp_error *error)
{
    if (strcmp(error->code, "EAGAIN") != 0)
        return false;
    if (p->busy == NULL) {
        p->busy = calloc(1, sizeof *p->busy);
        if (p->busy == NULL)
            return false;
        p->busy->timer.fire = on_busy_over;
        p->busy->timer.arg = p;
    }
    p->busy->again = rp_loop_now(process_of(p)->loop) < p->try.until_ms;
    return p->busy->again;
}

static void connected(struct proxy *p)
{
    if (p->connected)
        return;
    p->connected = true;
    process_of(p)->row->backend_connects++;
    backend_worked(p->address);
    rp_stream_set_timeout(p->server, 0); /* the client's timeout covers both directions */
    free(p->kept);
    p->kept = NULL;
    p->kept_len = p->kept_capacity = 0;
    if (p->c.stream != NULL &&
        rp_stream_writable_length(p->server) < rp_stream_high_water_mark(p->server))
        rp_stream_resume(p->c.stream);
}

/* The time of this address is over. The connection may be established nevertheless: without bytes
 * from either side this is not known yet. */
static void on_server_timeout(struct proxy *p)
{
    struct rp_address peer;
    socklen_t len = sizeof peer - offsetof(struct rp_address, any);
    struct rp_error error;

    if (getpeername(rp_stream_fd(p->server), &peer.any, &len) == 0) {
        connected(p);
        return;
    }
    rp_error_errno(&error, ETIMEDOUT, "connect",
                   "connect-timeout = %ums is shared by %zu addresses",
                   p->backend->conf->connect_timeout_ms, p->backend->count);
    rp_stream_destroy(p->server, &error);
}

static void on_server_error(struct proxy *p, const struct rp_error *error)
{
    if (!p->connected) {
        if (note_busy(p, error))
            return;
        process_of(p)->row->backend_failures++;
        backend_failed(p->address, rp_loop_now(process_of(p)->loop));
        connection_note_backend(&p->c, &p->address->address, error);
        log_failure(p, "backend connect failed", error);
    } else if (p->c.stream != NULL && p->c.ended_ms == 0) {
        p->broken = !p->server_ended;
        connection_note_backend(&p->c, &p->address->address, error);
        connection_ends_for(&p->c, REASON_BACKEND_LOST, NULL);
        log_failure(p, "backend connection lost", error);
    }
}

static void on_server_data(struct proxy *p, const uint8_t *bytes, size_t len)
{
    connected(p);
    if (p->c.stream == NULL || p->c.ended_ms != 0)
        return;
    connection_count_out(&p->c, len);
    if (!rp_stream_write(p->c.stream, bytes, len) && p->server != NULL)
        rp_stream_pause(p->server);
}

/* The backend has ended; the client may go on sending. */
static void on_server_end(struct proxy *p)
{
    uint32_t idle_ms = p->c.frontend->plan->conf->idle_timeout_ms;

    connected(p);
    p->server_ended = true;
    if (p->c.stream == NULL || p->c.ended_ms != 0)
        return;
    rp_stream_end(p->c.stream);
    if (idle_ms == 0 || idle_ms > HALF_CLOSED_MS)
        rp_stream_set_timeout(p->c.stream, HALF_CLOSED_MS);
}

static void on_server_close(struct proxy *p)
{
    p->server = NULL;
    if (p->c.stream == NULL)
        proxy_free(p);
    else if (p->broken)
        connection_break(&p->c);
    else if (p->connected || p->c.ended_ms != 0)
        connection_end(&p->c);
    else if (p->busy != NULL && p->busy->again)
        rp_timer_start(process_of(p)->loop, &p->busy->timer, BUSY_MS);
    else
        try_next(p);
}

static void on_server(const struct rp_event *event, void *arg)
{
    struct proxy *p = arg;

    switch (event->type) {
    case RP_EV_CONNECT:
        connected(p);
        break;
    case RP_EV_DATA:
        on_server_data(p, event->data.bytes, event->data.len);
        break;
    case RP_EV_END:
        on_server_end(p);
        break;
    case RP_EV_DRAIN:
        if (p->c.stream != NULL)
            rp_stream_resume(p->c.stream);
        break;
    case RP_EV_TIMEOUT:
        on_server_timeout(p);
        break;
    case RP_EV_ERROR:
        on_server_error(p, event->error.error);
        break;
    case RP_EV_CLOSE:
        on_server_close(p);
        break;
    default:
        break;
    }
}

/* -- the client -------------------------------------------------------------------------------- */

static bool keep(struct proxy *p, const uint8_t *bytes, size_t len)
{
    if (p->kept_capacity - p->kept_len < len) {
        size_t capacity = p->kept_len + len;
        uint8_t *more = realloc(p->kept, capacity);

        if (more == NULL)
            return false;
        p->kept = more;
        p->kept_capacity = capacity;
    }
    memcpy(p->kept + p->kept_len, bytes, len);
    p->kept_len += len;
    return true;
}

static void on_client_data(struct proxy *p, const uint8_t *bytes, size_t len)
{
    bool more = true;

    if (connection_is_over(&p->c, len))
        return;
    connection_count_in(&p->c, len);
    if (!p->connected) {
        if (!keep(p, bytes, len)) {
            connection_ends_for(&p->c, REASON_NO_MEMORY, NULL);
            connection_break(&p->c);
            return;
        }
        more = p->kept_len < rp_stream_high_water_mark(p->c.stream);
    }
    if (p->server != NULL)
        more &= rp_stream_write(p->server, bytes, len);
    if (!more && p->c.stream != NULL)
        rp_stream_pause(p->c.stream);
}

/* Forward an end to the backend only if the client has ended and everything was sent; else a
 * reset. */
static void leave_server(struct proxy *p)
{
    if (p->client_ended && rp_stream_writable_length(p->server) == 0)
        rp_stream_destroy(p->server, NULL);
    else
        rp_stream_reset_and_destroy(p->server);
}

static void on_client_close(struct proxy *p)
{
    connection_closed(&p->c);
    if (p->server != NULL)
        leave_server(p);
    else
        proxy_free(p);
}

static void on_client(const struct rp_event *event, void *arg)
{
    struct proxy *p = arg;

    switch (event->type) {
    case RP_EV_DATA:
        on_client_data(p, event->data.bytes, event->data.len);
        break;
    case RP_EV_END:
        p->client_ended = true;
        if (p->server != NULL)
            rp_stream_end(p->server);
        break;
    case RP_EV_DRAIN:
        if (p->server != NULL)
            rp_stream_resume(p->server);
        break;
    case RP_EV_TIMEOUT:
        connection_timeout(&p->c);
        if (p->server != NULL)
            leave_server(p);
        break;
    case RP_EV_ERROR:
        connection_failed(&p->c, event->error.error);
        break;
    case RP_EV_CLOSE:
        on_client_close(p);
        break;
    default:
        break;
    }
}

/* -- starting
 * ----------------------------------------------------------------------------------- */

/* Copy the first common name of the client's certificate to `out`; false: there is no
 * certificate. */
static bool client_certificate(struct proxy *p, char out[COMMON_NAME_MAX + 1])
{
    const struct rp_x509_attribute *attributes;
    const uint8_t *der;
    size_t len = 0, count;
    struct rp_x509 *x509;

    out[0] = '\0';
    if (frontend_site(p->c.frontend, p->c.socket)->tls->request_cert)
        len = rp_socket_peer_certificate_der(p->c.socket, &der);
    if (len == 0)
        return false;
    x509 = rp_x509_parse(der, len, NULL);
    if (x509 == NULL)
        return true;
    attributes = rp_x509_subject_attributes(x509, &count);
    for (size_t i = 0; i < count && out[0] == '\0'; i++)
        if (strcmp(attributes[i].name, "CN") == 0 && attributes[i].len <= COMMON_NAME_MAX &&
            memchr(attributes[i].value, '\0', attributes[i].len) == NULL)
            memcpy(out, attributes[i].value, attributes[i].len + 1);
    rp_x509_unref(x509);
    return true;
}

static bool keep_header(struct proxy *p)
{
    enum conf_proxy_protocol version = p->backend->conf->proxy_protocol;
    struct rp_socket *socket = p->c.socket;
    char common_name[COMMON_NAME_MAX + 1];
    uint8_t header[PROXY_OUT_MAX];
    struct proxy_tell tell;

    if (version == CONF_PROXY_OFF)
        return true;
    tell = (struct proxy_tell){
        .source = rp_stream_remote_address(p->c.stream),
        .destination = rp_stream_local_address(p->c.stream),
        .alpn = rp_socket_alpn_protocol(socket),
        .authority = rp_socket_servername(socket),
        .tls = true,
        .version = p->c.protocol,
        .cipher = p->c.cipher,
        .group = p->c.group,
        .certificate = client_certificate(p, common_name),
        .verified = rp_socket_authorized(socket),
        .resumed = p->c.resumed != RP_NOT_RESUMED,
        .common_name = common_name,
        .early_data = p->c.early_data == RP_EARLY_DATA_ACCEPTED,
    };
    if (version == CONF_PROXY_V1)
        return keep(p, header, proxy_protocol_build_v1(&tell, header));
    return keep(p, header, proxy_protocol_build_v2(&tell, header));
}

void proxy_begin(struct frontend *f, struct rp_socket *socket, struct backend *backend)
{
    struct proxy *p = calloc(1, sizeof *p);

    if (p == NULL) {
        connection_refuse(f, socket);
        return;
    }
    if (!connection_begin(&p->c, f, socket, backend, on_client)) {
        free(p);
        return;
    }
    p->backend = backend;
    backend_begin(backend, &p->try);
    if (keep_header(p)) {
        try_next(p);
    } else {
        connection_ends_for(&p->c, REASON_NO_MEMORY, NULL);
        connection_break(&p->c);
    }
}
