/* SPDX-License-Identifier: MIT
 *
 * serve.c - reprise-serve: tls.createServer on the command line. It echoes what it receives, or
 * sends a fixed response; with --json it prints each event as a line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve_early.h"
#include "serve_flags.h"
#include "serve_psk.h"
#include "serve_sessions.h"
#include "tool_context.h"
#include "tool_events.h"
#include "tool_io.h"

static struct {
    struct rp_loop *loop;
    struct rp_server *server;
    struct rp_signal interrupt, terminate;
    struct rp_socket **open; /* sockets whose handshake is complete */
    size_t opened, room;
    uintptr_t last; /* the number of the last connection */
    uint32_t gone;
    bool stopped;
} run;

/* -- lines */

static void *number_of(struct rp_socket *s)
{
    if (rp_socket_data(s) == NULL)
        rp_socket_set_data(s, (void *)++run.last);
    return rp_socket_data(s);
}

/* The JSON of an event; NULL unless events are printed. `s` may be NULL. */
static json_t *line(const char *name, struct rp_socket *s)
{
    json_t *event;

    if (flags.json != RP_ON)
        return NULL;
    event = tool_event(name);
    if (s != NULL)
        json_object_set_new(event, "connection", json_integer((json_int_t)(uintptr_t)number_of(s)));
    return event;
}

static void stop(void);

static void print(json_t *event)
{
    if (event == NULL)
        return;
    tool_print(event);
    if (tool_out_failed()) /* standard output cannot be written */
        stop();
}

static void print_error(const char *name, struct rp_socket *s, const struct rp_error *error)
{
    json_t *event = line(name, s);

    if (event == NULL)
        tool_say_error(name, error);
    else
        tool_add_error(event, error);
    print(event);
}

static void print_end(struct rp_socket *s)
{
    json_t *event = line("end", s);

    if (event != NULL)
        tool_add_end(event, s);
    print(event);
}

/* -- connections */

static void leave(void)
{
    rp_signal_stop(&run.interrupt);
    rp_signal_stop(&run.terminate);
    rp_server_close(run.server);
}

/* Stop at once: close open connections, so that their last events are printed, and drop unfinished
 * handshakes. The next signal has its default action. */
static void stop(void)
{
    if (run.stopped || run.server == NULL)
        return;
    run.stopped = true;
    leave();
    for (size_t i = 0; i < run.opened; i++)
        rp_stream_destroy(rp_socket_stream(run.open[i]), NULL);
    if (run.opened == 0)
        rp_loop_stop(run.loop);
}

static void remember(struct rp_socket *s)
{
    if (run.opened == run.room) {
        size_t room = 2 * run.room + 16;
        struct rp_socket **grown = realloc(run.open, room * sizeof(struct rp_socket *));

        if (grown == NULL)
            abort();
        run.open = grown;
        run.room = room;
    }
    run.open[run.opened++] = s;
}

static void forget(struct rp_socket *s)
{
    for (size_t i = 0; i < run.opened; i++)
        if (run.open[i] == s)
            run.open[i] = run.open[--run.opened];
    if (run.stopped && run.opened == 0)
        rp_loop_stop(run.loop);
}

static void count_one(void)
{
    if (++run.gone == flags.count)
        leave();
}

static void on_data(struct rp_socket *s, const struct rp_event *e)
{
    struct rp_stream *stream = rp_socket_stream(s);
    json_t *event = line("data", s);

    if (event != NULL)
        tool_add_hex(event, "data", e->data.bytes, e->data.len);
    print(event);
    if (flags.answer != NULL || flags.answer_file.bytes != NULL)
        return;
    if (rp_stream_writable(stream) && !rp_stream_write(stream, e->data.bytes, e->data.len))
        rp_stream_pause(stream);
}

static void on_socket(const struct rp_event *e, void *arg)
{
    struct rp_socket *s = arg;
    json_t *event;

    switch (e->type) {
    case RP_EV_DATA:
        on_data(s, e);
        break;
    case RP_EV_FINISH:
        print(line("finish", s));
        break;
    case RP_EV_DRAIN:
        print(line("drain", s));
        rp_stream_resume(rp_socket_stream(s));
        break;
    case RP_EV_END:
        print_end(s);
        if (flags.allow_half_open == RP_ON)
            rp_stream_end(rp_socket_stream(s));
        break;
    case RP_EV_TIMEOUT:
        print(line("timeout", s));
        break;
    case RP_EV_ERROR:
        print_error("error", s, e->error.error);
        break;
    case RP_EV_CLOSE:
        event = line("close", s);
        if (event != NULL)
            json_object_set_new(event, "hadError", json_boolean(e->close.had_error));
        print(event);
        forget(s);
        count_one();
        break;
    default:
        break;
    }
}

static void answer(struct rp_stream *stream)
{
    if (flags.answer != NULL)
        rp_stream_write(stream, flags.answer, strlen(flags.answer));
    else if (flags.answer_file.bytes != NULL)
        rp_stream_write(stream, flags.answer_file.bytes, flags.answer_file.len);
    else
        return;
    rp_stream_end(stream);
}

static void on_secure(struct rp_socket *s)
{
    struct tool_facts facts = {flags.detailed == RP_ON, flags.exporter};
    struct rp_stream *stream = rp_socket_stream(s);
    json_t *event = line("secureConnection", s);

    if (event != NULL)
        tool_add_socket(event, s, &facts);
    remember(s);
    print(event);
    rp_stream_listen(stream,
                     RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_FINISH) |
                         RP_EVENT_BIT(RP_EV_DRAIN) | RP_EVENT_BIT(RP_EV_END) |
                         RP_EVENT_BIT(RP_EV_TIMEOUT) | RP_EVENT_BIT(RP_EV_ERROR) |
                         RP_EVENT_BIT(RP_EV_CLOSE),
                     on_socket, s);
    if (flags.disable_renegotiation == RP_ON)
        rp_socket_disable_renegotiation(s);
    if (flags.max_send_fragment != 0)
        rp_socket_set_max_send_fragment(s, (int)flags.max_send_fragment);
    if (flags.no_delay != RP_DEFAULT)
        rp_stream_set_no_delay(stream, flags.no_delay == RP_ON);
    if (flags.keep_alive != RP_DEFAULT)
        rp_stream_set_keep_alive(stream, flags.keep_alive == RP_ON, flags.keep_alive_initial_delay);
    rp_stream_set_timeout(stream, flags.timeout);
    answer(stream);
}

/* -- events that need an answer */

static void on_new_session(const struct rp_event *e)
{
    json_t *event = line("newSession", e->new_session.socket);

    if (event != NULL) {
        tool_add_hex(event, "sessionId", e->new_session.id, e->new_session.id_len);
        tool_add_hex(event, "sessionData", e->new_session.session, e->new_session.session_len);
    }
    print(event);
    serve_session_put(e->new_session.id, e->new_session.id_len, e->new_session.session,
                      e->new_session.session_len);
    rp_request_done(e->new_session.request);
}

static void on_resume_session(const struct rp_event *e)
{
    size_t len = 0;
    const uint8_t *der = serve_session_get(e->resume_session.id, e->resume_session.id_len, &len);
    json_t *event = line("resumeSession", e->resume_session.socket);

    if (event != NULL) {
        tool_add_hex(event, "sessionId", e->resume_session.id, e->resume_session.id_len);
        json_object_set_new(event, "found", json_boolean(der != NULL));
    }
    print(event);
    rp_request_answer(e->resume_session.request, der, len);
}

static void on_early_data(const struct rp_event *e)
{
    bool first =
        serve_early_is_first(e->early_data.binder, e->early_data.binder_len, rp_loop_now(run.loop));
    json_t *event = line("earlyData", e->early_data.socket);

    if (event != NULL)
        json_object_set_new(event, "accepted", json_boolean(first));
    print(event);
    rp_request_answer_early_data(e->early_data.request, first);
}

static void on_ocsp_request(const struct rp_event *e)
{
    json_t *event = line("OCSPRequest", e->ocsp_request.socket);

    if (event != NULL) {
        tool_add_hex(event, "certificate", e->ocsp_request.certificate,
                     e->ocsp_request.certificate_len);
        if (e->ocsp_request.issuer != NULL)
            tool_add_hex(event, "issuer", e->ocsp_request.issuer, e->ocsp_request.issuer_len);
        else
            json_object_set_new(event, "issuer", json_null());
    }
    print(event);
    rp_request_answer(e->ocsp_request.request, flags.ocsp_staple.bytes, flags.ocsp_staple.len);
}

static size_t find_key(struct rp_socket *s, const char *identity, uint8_t *key, void *arg)
{
    (void)s, (void)arg;
    return serve_psk_find(identity, key);
}

/* -- the server */

static void on_listening(void)
{
    const struct rp_address *address = rp_server_address(run.server);
    char text[RP_ADDRESS_TEXT];
    json_t *event = line("listening", NULL);

    if (event != NULL)
        tool_add_address(event, address);
    else
        fprintf(stderr, "reprise-serve: listening on %s\n", rp_address_format(address, text));
    print(event);
}

static void on_keylog(const struct rp_event *e)
{
    json_t *event = flags.keylog == RP_ON ? line("keylog", e->keylog.socket) : NULL;

    tool_keylog_write(e->keylog.line, e->keylog.len);
    if (event != NULL)
        json_object_set_new(event, "line", json_stringn(e->keylog.line, e->keylog.len));
    else if (flags.keylog == RP_ON)
        fwrite(e->keylog.line, 1, e->keylog.len, stderr);
    print(event);
}

static void on_connection(const char *name, const struct rp_address *remote)
{
    char text[RP_ADDRESS_TEXT];
    json_t *event = line(name, NULL);

    if (event != NULL && remote != NULL && rp_address_port(remote) != 0) {
        json_object_set_new(event, "remoteAddress", tool_string(rp_address_host(remote, text)));
        json_object_set_new(event, "remoteFamily", json_string(rp_address_family(remote)));
        json_object_set_new(event, "remotePort", json_integer(rp_address_port(remote)));
    }
    print(event);
}

static void on_server(const struct rp_event *e, void *arg)
{
    (void)arg;
    switch (e->type) {
    case RP_EV_LISTENING:
        on_listening();
        break;
    case RP_EV_CONNECTION:
        on_connection("connection", e->connection.remote);
        break;
    case RP_EV_DROP:
        on_connection("drop", e->connection.remote);
        break;
    case RP_EV_SECURE_CONNECTION:
        on_secure(e->secure_connection.socket);
        break;
    case RP_EV_TLS_CLIENT_ERROR:
        print_error("tlsClientError", e->tls_client_error.socket, e->tls_client_error.error);
        count_one();
        break;
    case RP_EV_NEW_SESSION:
        on_new_session(e);
        break;
    case RP_EV_RESUME_SESSION:
        on_resume_session(e);
        break;
    case RP_EV_EARLY_DATA:
        on_early_data(e);
        break;
    case RP_EV_OCSP_REQUEST:
        on_ocsp_request(e);
        break;
    case RP_EV_KEYLOG:
        on_keylog(e);
        break;
    case RP_EV_ERROR:
        print_error("error", NULL, e->error.error);
        break;
    case RP_EV_CLOSE:
        print(line("close", NULL));
        break;
    default:
        break;
    }
}

/* -- start */

/* NAME=CERT=KEY */
static bool add_name(const char *item, struct rp_error *error)
{
    char *copy = strdup(item), *rest = copy, *name = strsep(&rest, "="),
         *cert_path = strsep(&rest, "=");
    struct tool_bytes cert = {0}, key = {0};
    struct rp_secure_context *context = NULL;
    bool ok = false;

    if (cert_path == NULL || rest == NULL) {
        rp_error_set(error, "ERR_INVALID_ARG_VALUE", "--sni is NAME=CERT=KEY,...");
    } else if (!tool_read_file(cert_path, &cert) || !tool_read_file(rest, &key)) {
        rp_error_set(error, "ENOENT", "no certificate for %.80s", name);
    } else {
        cert.file = cert_path;
        key.file = rest;
        context = tool_context_for(&cert, &key, error);
        ok = context != NULL && rp_server_add_context(run.server, name, context, error);
    }
    rp_secure_context_unref(context);
    free(cert.bytes);
    free(key.bytes);
    free(copy);
    return ok;
}

static bool add_names(struct rp_error *error)
{
    for (size_t i = 0; i < flags.sni.count; i++)
        if (!add_name(flags.sni.items[i], error))
            return false;
    return true;
}

static bool make_server(struct rp_error *error)
{
    rp_event_set events = RP_EVENT_BIT(RP_EV_LISTENING) | RP_EVENT_BIT(RP_EV_CONNECTION) |
                          RP_EVENT_BIT(RP_EV_DROP) | RP_EVENT_BIT(RP_EV_SECURE_CONNECTION) |
                          RP_EVENT_BIT(RP_EV_TLS_CLIENT_ERROR) | RP_EVENT_BIT(RP_EV_ERROR) |
                          RP_EVENT_BIT(RP_EV_CLOSE);
    struct rp_server_options o = {
        .context = tool_context_new(error),
        .request_cert = flags.request_cert == RP_ON,
        .allow_unauthorized = flags.reject_unauthorized == RP_OFF,
        .handshake_timeout_ms = flags.handshake_timeout,
        .alpn_protocols = flags.alpn_protocols.items,
        .psk_callback = serve_psk_any() ? find_key : NULL,
        .psk_identity_hint = flags.psk_identity_hint,
        .max_connections = flags.max_connections,
        .enable_trace = flags.enable_trace == RP_ON,
        .pause_on_connect = flags.pause_on_connect == RP_ON,
        .stream = {.high_water_mark = flags.high_water_mark,
                   .allow_half_open = flags.allow_half_open == RP_ON},
    };

    if (o.context == NULL)
        return false;
    run.server = rp_server_new(run.loop, &o, error);
    rp_secure_context_unref(o.context);
    if (run.server == NULL)
        return false;
    if (flags.resume_store == RP_ON)
        events |= RP_EVENT_BIT(RP_EV_NEW_SESSION) | RP_EVENT_BIT(RP_EV_RESUME_SESSION);
    if (tool_context_flags.options.max_early_data > 0)
        events |= RP_EVENT_BIT(RP_EV_EARLY_DATA);
    if (flags.ocsp_staple.bytes != NULL)
        events |= RP_EVENT_BIT(RP_EV_OCSP_REQUEST);
    if (flags.keylog == RP_ON || flags.keylog_file != NULL)
        events |= RP_EVENT_BIT(RP_EV_KEYLOG);
    return rp_server_listen_for(run.server, events, on_server, NULL) && add_names(error);
}

static void on_signal(struct rp_signal *signal, int number)
{
    (void)signal, (void)number;
    stop();
}

static bool make(struct rp_error *error)
{
    run.loop = rp_loop_new(error);
    return run.loop != NULL && make_server(error);
}

static bool begin(struct rp_error *error)
{
    char where[400];
    struct rp_address address;
    struct rp_listen_options listen = {
        .address = &address, .backlog = (int)flags.backlog, .ipv6_only = flags.ipv6_only == RP_ON};
    mode_t mask = umask(0777);

    umask(mask);
    if (flags.readable_all == RP_ON || flags.writable_all == RP_ON)
        listen.unix_mode = (0777 & ~(unsigned)mask) | (flags.readable_all == RP_ON ? 0444u : 0) |
                           (flags.writable_all == RP_ON ? 0222u : 0);
    if (!tool_target_text(&flags.target, "*", where, sizeof where))
        return rp_error_set(error, "ERR_INVALID_ARG_VALUE", "the server name is too long");
    if (!rp_address_parse(&address, where, true, error) ||
        !rp_server_listen(run.server, &listen, error))
        return false;
    run.interrupt.fire = run.terminate.fire = on_signal;
    rp_signal_start(run.loop, &run.interrupt, SIGINT);
    rp_signal_start(run.loop, &run.terminate, SIGTERM);
    return true;
}

int main(int argc, char **argv)
{
    struct rp_error error = {0};
    int status;

    tool_io_begin();
    if (!serve_flags_read(argc, argv, &status))
        return status;
    if (!tool_keylog_open(flags.keylog_file))
        return 2;
    status = !make(&error) ? 2 : !begin(&error) ? 1 : 0;
    if (status != 0) {
        print_error("error", NULL, &error);
        return status;
    }
    rp_loop_run(run.loop);
    if (flags.target.path != NULL)
        unlink(flags.target.path); /* as node does */
    if (run.stopped)
        return tool_out_failed() ? 1 : 0; /* unfinished handshakes end with the process */
    rp_server_free(run.server);
    rp_loop_free(run.loop);
    return 0;
}
