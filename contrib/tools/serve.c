/* SPDX-License-Identifier: MIT
 *
 * serve.c - reprise-serve: tls.createServer on the command line. It sends back what it gets, or a
 * fixed answer; with --json each event is a line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve_sessions.h"
#include "tool_context.h"
#include "tool_events.h"
#include "tool_flags.h"

static struct {
    struct tool_list alpn_protocols, sni, psk;
    struct tool_bytes answer_file, ocsp_staple;
    const char *answer, *psk_identity_hint, *exporter;
    uint64_t handshake_timeout, max_connections, timeout, high_water_mark, count, max_send_fragment;
    enum rp_toggle json, request_cert, reject_unauthorized, enable_trace, allow_half_open,
        pause_on_connect, keylog, detailed, resume_store, disable_renegotiation, no_delay;
} flags;

static const struct tool_flag table[] = {
    {"server", TOOL_TITLE, NULL, NULL, NULL},
    {"request-cert", TOOL_BOOL, &flags.request_cert, NULL, "ask for a certificate (off)"},
    {"reject-unauthorized", TOOL_BOOL, &flags.reject_unauthorized, NULL,
     "refuse clients without a good one (on)"},
    {"handshake-timeout", TOOL_NUMBER, &flags.handshake_timeout, "MS", "120000"},
    {"alpn-protocols", TOOL_LIST, &flags.alpn_protocols, "NAME,...", "in order of preference"},
    {"sni", TOOL_LIST, &flags.sni, "NAME=CERT=KEY,...", "another certificate for a name"},
    {"psk", TOOL_LIST, &flags.psk, "IDENTITY=HEX,...", "pre-shared keys"},
    {"psk-identity-hint", TOOL_TEXT, &flags.psk_identity_hint, "TEXT", "for TLS 1.2"},
    {"resume-store", TOOL_BOOL, &flags.resume_store, NULL, "keep sessions by id, in memory"},
    {"ocsp-staple", TOOL_FILE, &flags.ocsp_staple, "FILE", "answer of OCSPRequest, DER"},
    {"disable-renegotiation", TOOL_BOOL, &flags.disable_renegotiation, NULL, "on each socket"},
    {"max-connections", TOOL_NUMBER, &flags.max_connections, "N", "more are dropped"},
    {"allow-half-open", TOOL_BOOL, &flags.allow_half_open, NULL,
     "the client's end is not ours (off)"},
    {"pause-on-connect", TOOL_BOOL, &flags.pause_on_connect, NULL, "read nothing"},
    {"no-delay", TOOL_BOOL, &flags.no_delay, NULL, "TCP_NODELAY"},
    {"timeout", TOOL_NUMBER, &flags.timeout, "MS", "say when a socket is idle for so long"},
    {"high-water-mark", TOOL_NUMBER, &flags.high_water_mark, "BYTES", "16384"},
    {"max-send-fragment", TOOL_NUMBER, &flags.max_send_fragment, "BYTES", "512 to 16384"},
    {"answer", TOOL_TEXT, &flags.answer, "TEXT", "send this and end, instead of an echo"},
    {"answer-file", TOOL_FILE, &flags.answer_file, "FILE", "the same with a file"},
    {"count", TOOL_NUMBER, &flags.count, "N", "leave after so many connections"},
    TOOL_CONTEXT_ROWS,
    {"output", TOOL_TITLE, NULL, NULL, NULL},
    {"json", TOOL_BOOL, &flags.json, NULL, "events as JSON lines"},
    {"detailed", TOOL_BOOL, &flags.detailed, NULL, "the client's whole chain"},
    {"export-keying-material", TOOL_TEXT, &flags.exporter, "LABEL", "32 bytes of it"},
    {"keylog", TOOL_BOOL, &flags.keylog, NULL, "secrets, for a protocol analyser"},
    {"enable-trace", TOOL_BOOL, &flags.enable_trace, NULL, "messages, to the standard error"},
    {NULL, TOOL_TEXT, NULL, NULL, NULL}};

static struct {
    struct rp_loop *loop;
    struct rp_server *server;
    struct rp_signal interrupt, terminate;
    uintptr_t last; /* the number of the last connection */
    uint64_t gone;
} run;

/* -- lines */

static void *number_of(struct rp_socket *s)
{
    if (rp_socket_data(s) == NULL)
        rp_socket_set_data(s, (void *)++run.last);
    return rp_socket_data(s);
}

/* NULL unless events are to be printed. `s` may be NULL. */
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

static void print(json_t *event)
{
    if (event != NULL)
        tool_print(event);
}

static void print_error(const char *name, struct rp_socket *s, const struct rp_error *error)
{
    json_t *event = line(name, s);

    if (event == NULL)
        tool_complain("%s: %s: %s", name, error->code, error->message);
    else
        tool_add_error(event, error);
    print(event);
}

/* -- connections */

static void leave(void)
{
    rp_signal_stop(&run.interrupt);
    rp_signal_stop(&run.terminate);
    rp_server_close(run.server);
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
    case RP_EV_DRAIN:
        rp_stream_resume(rp_socket_stream(s));
        break;
    case RP_EV_END:
        print(line("end", s));
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
        if (++run.gone == flags.count)
            leave();
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
    print(event);
    rp_stream_listen(stream,
                     RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_DRAIN) |
                         RP_EVENT_BIT(RP_EV_END) | RP_EVENT_BIT(RP_EV_TIMEOUT) |
                         RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE),
                     on_socket, s);
    if (flags.disable_renegotiation == RP_ON)
        rp_socket_disable_renegotiation(s);
    if (flags.max_send_fragment != 0)
        rp_socket_set_max_send_fragment(s, (int)flags.max_send_fragment);
    if (flags.no_delay != RP_DEFAULT)
        rp_stream_set_no_delay(stream, flags.no_delay == RP_ON);
    rp_stream_set_timeout(stream, (uint32_t)flags.timeout);
    answer(stream);
}

/* -- questions */

static void on_new_session(const struct rp_event *e)
{
    json_t *event = line("newSession", e->new_session.socket);

    if (event != NULL)
        tool_add_hex(event, "sessionId", e->new_session.id, e->new_session.id_len);
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
    size_t len = strlen(identity);
    struct tool_bytes bytes = {0};

    (void)s, (void)arg;
    for (const char **item = flags.psk.items; *item != NULL; item++)
        if (strncmp(*item, identity, len) == 0 && (*item)[len] == '=' &&
            tool_read_hex(*item + len + 1, &bytes))
            break;
    if (bytes.len > RP_PSK_MAX)
        bytes.len = 0;
    if (bytes.len > 0)
        memcpy(key, bytes.bytes, bytes.len);
    free(bytes.bytes);
    return bytes.len;
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
    json_t *event = line("keylog", e->keylog.socket);

    if (event == NULL)
        fwrite(e->keylog.line, 1, e->keylog.len, stderr);
    else
        json_object_set_new(event, "line", json_stringn(e->keylog.line, e->keylog.len));
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
        print(line("connection", NULL));
        break;
    case RP_EV_DROP:
        print(line("drop", NULL));
        break;
    case RP_EV_SECURE_CONNECTION:
        on_secure(e->secure_connection.socket);
        break;
    case RP_EV_TLS_CLIENT_ERROR:
        print_error("tlsClientError", e->tls_client_error.socket, e->tls_client_error.error);
        if (++run.gone == flags.count)
            leave();
        break;
    case RP_EV_NEW_SESSION:
        on_new_session(e);
        break;
    case RP_EV_RESUME_SESSION:
        on_resume_session(e);
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
    default:
        break;
    }
}

/* -- beginning */

static bool add_names(struct rp_error *error)
{
    for (size_t i = 0; i < flags.sni.count; i++) {
        char *rest = strdup(flags.sni.items[i]), *name = strsep(&rest, "="),
             *cert_path = strsep(&rest, "=");
        struct tool_bytes cert, key;
        struct rp_secure_context *context;
        bool ok;

        if (cert_path == NULL || rest == NULL)
            return rp_error_set(error, "ERR_INVALID_ARG_VALUE", "--sni is NAME=CERT=KEY,...");
        if (!tool_read_file(cert_path, &cert) || !tool_read_file(rest, &key))
            return rp_error_set(error, "ENOENT", "no certificate for %.80s", name);
        context = tool_context_for(&cert, &key, error);
        ok = context != NULL && rp_server_add_context(run.server, name, context, error);
        rp_secure_context_unref(context);
        free(name);
        free(cert.bytes);
        free(key.bytes);
        if (!ok)
            return false;
    }
    return true;
}

static bool make_server(struct rp_error *error)
{
    rp_event_set events = RP_EVENT_BIT(RP_EV_LISTENING) | RP_EVENT_BIT(RP_EV_CONNECTION) |
                          RP_EVENT_BIT(RP_EV_DROP) | RP_EVENT_BIT(RP_EV_SECURE_CONNECTION) |
                          RP_EVENT_BIT(RP_EV_TLS_CLIENT_ERROR) | RP_EVENT_BIT(RP_EV_ERROR);
    struct rp_server_options o = {
        .context = tool_context_new(error),
        .request_cert = flags.request_cert == RP_ON,
        .allow_unauthorized = flags.reject_unauthorized == RP_OFF,
        .handshake_timeout_ms = (uint32_t)flags.handshake_timeout,
        .alpn_protocols = flags.alpn_protocols.items,
        .psk_callback = flags.psk.items != NULL ? find_key : NULL,
        .psk_identity_hint = flags.psk_identity_hint,
        .max_connections = (uint32_t)flags.max_connections,
        .enable_trace = flags.enable_trace == RP_ON,
        .pause_on_connect = flags.pause_on_connect == RP_ON,
        .stream = {.high_water_mark = (uint32_t)flags.high_water_mark,
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
    if (flags.ocsp_staple.bytes != NULL)
        events |= RP_EVENT_BIT(RP_EV_OCSP_REQUEST);
    if (flags.keylog == RP_ON)
        events |= RP_EVENT_BIT(RP_EV_KEYLOG);
    return rp_server_listen_for(run.server, events, on_server, NULL) && add_names(error);
}

static void on_signal(struct rp_signal *signal, int number)
{
    (void)signal;
    leave();
    raise(number); /* its default action: connections end with the process */
}

static bool begin(const char *where, struct rp_error *error)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};

    run.loop = rp_loop_new(error);
    if (run.loop == NULL || !rp_address_parse(&address, where, true, error) || !make_server(error))
        return false;
    run.interrupt.fire = run.terminate.fire = on_signal;
    rp_signal_start(run.loop, &run.interrupt, SIGINT);
    rp_signal_start(run.loop, &run.terminate, SIGTERM);
    return rp_server_listen(run.server, &listen, error);
}

int main(int argc, char **argv)
{
    const char *where = NULL;
    struct rp_error error = {0};
    enum tool_outcome outcome;

    tool_name("reprise-serve");
    outcome = tool_parse(table, argc, argv, &where);
    if (outcome == TOOL_HELP) {
        printf("usage: reprise-serve [flags] HOST:PORT|unix:PATH\n");
        tool_print_flags(table);
        return 0;
    }
    if (outcome == TOOL_GO && where == NULL)
        tool_complain("where to listen? HOST:PORT or unix:PATH; see --help");
    if (outcome != TOOL_GO || where == NULL)
        return 2;
    if (!begin(where, &error)) {
        print_error("error", NULL, &error);
        return 1;
    }
    rp_loop_run(run.loop);
    rp_server_free(run.server);
    rp_loop_free(run.loop);
    return 0;
}
