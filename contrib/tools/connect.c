/* SPDX-License-Identifier: MIT
 *
 * connect.c - reprise-connect: tls.connect on the command line. The standard input goes to the
 * peer, what it sends to the standard output; with --json each event is a line instead. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "starttls.h"
#include "tool_context.h"
#include "tool_events.h"
#include "tool_flags.h"

enum { STDIN_PIECE = 16384 };

static struct {
    struct tool_list alpn_protocols;
    struct tool_bytes session, psk;
    const char *servername, *session_out, *psk_identity, *starttls, *local_address, *exporter;
    uint64_t min_dh_size, timeout, high_water_mark, max_send_fragment, keep_alive_initial_delay;
    enum rp_toggle json, reject_unauthorized, check_server_identity, request_ocsp, enable_trace,
        allow_half_open, no_delay, keep_alive, keylog, detailed, use_stdin, renegotiate;
} flags;

static const struct tool_flag table[] = {
    {"connection", TOOL_TITLE, NULL, NULL, NULL},
    {"servername", TOOL_TEXT, &flags.servername, "NAME", "SNI, and the name to verify"},
    {"alpn-protocols", TOOL_LIST, &flags.alpn_protocols, "NAME,...", "in order of preference"},
    {"reject-unauthorized", TOOL_BOOL, &flags.reject_unauthorized, NULL,
     "end when the server is not who it should be (on)"},
    {"check-server-identity", TOOL_BOOL, &flags.check_server_identity, NULL,
     "compare the certificate's names (on)"},
    {"session", TOOL_FILE, &flags.session, "FILE", "resume this session"},
    {"session-out", TOOL_TEXT, &flags.session_out, "FILE", "keep the last session there"},
    {"request-ocsp", TOOL_BOOL, &flags.request_ocsp, NULL, "ask for a staple"},
    {"min-dh-size", TOOL_NUMBER, &flags.min_dh_size, "BITS", "1024"},
    {"psk-identity", TOOL_TEXT, &flags.psk_identity, "TEXT", "name of the pre-shared key"},
    {"psk", TOOL_HEX, &flags.psk, "HEX", "the key"},
    {"starttls", TOOL_TEXT, &flags.starttls, "PROTOCOL", "smtp, imap, pop3, xmpp, postgres, ldap"},
    {"timeout", TOOL_NUMBER, &flags.timeout, "MS", "say when idle for so long"},
    {"local-address", TOOL_TEXT, &flags.local_address, "HOST:PORT", "where to connect from"},
    {"no-delay", TOOL_BOOL, &flags.no_delay, NULL, "TCP_NODELAY"},
    {"keep-alive", TOOL_BOOL, &flags.keep_alive, NULL, "TCP keep-alive"},
    {"keep-alive-initial-delay", TOOL_NUMBER, &flags.keep_alive_initial_delay, "MS", ""},
    {"allow-half-open", TOOL_BOOL, &flags.allow_half_open, NULL,
     "the server's end is not ours (off)"},
    {"high-water-mark", TOOL_NUMBER, &flags.high_water_mark, "BYTES", "16384"},
    {"max-send-fragment", TOOL_NUMBER, &flags.max_send_fragment, "BYTES", "512 to 16384"},
    {"renegotiate", TOOL_BOOL, &flags.renegotiate, NULL, "once, when connected"},
    TOOL_CONTEXT_ROWS,
    {"output", TOOL_TITLE, NULL, NULL, NULL},
    {"json", TOOL_BOOL, &flags.json, NULL, "events as JSON lines"},
    {"detailed", TOOL_BOOL, &flags.detailed, NULL, "the peer's whole chain"},
    {"export-keying-material", TOOL_TEXT, &flags.exporter, "LABEL", "32 bytes of it"},
    {"keylog", TOOL_BOOL, &flags.keylog, NULL, "secrets, for a protocol analyser"},
    {"enable-trace", TOOL_BOOL, &flags.enable_trace, NULL, "messages, to the standard error"},
    {"stdin", TOOL_BOOL, &flags.use_stdin, NULL, "send the standard input (on)"},
    {NULL, TOOL_TEXT, NULL, NULL, NULL}};

static struct {
    struct rp_loop *loop;
    struct rp_secure_context *context;
    struct rp_socket *socket;
    struct rp_stream *plain; /* until TLS stands on it */
    struct rp_address address, local;
    struct rp_io input;
    char host[256];
    struct rp_net_options net;
    bool secure, failed, reading;
} run;

/* -- the standard input */

static void stop_input(void)
{
    if (run.reading)
        rp_io_stop(&run.input);
    run.reading = false;
}

static void start_input(void)
{
    if (!run.reading && flags.use_stdin != RP_OFF)
        rp_io_start(run.loop, &run.input, STDIN_FILENO, RP_READABLE);
    run.reading = flags.use_stdin != RP_OFF;
}

static void on_input(struct rp_io *io, int events)
{
    uint8_t bytes[STDIN_PIECE];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);

    (void)io, (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        stop_input();
        rp_stream_end(rp_socket_stream(run.socket));
    } else if (!rp_stream_write(rp_socket_stream(run.socket), bytes, (size_t)got)) {
        stop_input(); /* until it has drained */
    }
}

/* -- events */

static void say_error(const struct rp_error *error)
{
    json_t *event;

    run.failed = true;
    if (flags.json != RP_ON) {
        tool_complain("%s: %s", error->code, error->message);
        return;
    }
    event = tool_event("error");
    tool_add_error(event, error);
    tool_print(event);
}

static void keep_session(const struct rp_event *e)
{
    char path[4096];
    FILE *file;
    bool ok;
    int fd;

    if (flags.session_out == NULL)
        return;
    if (snprintf(path, sizeof path, "%s.new", flags.session_out) >= (int)sizeof path)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600); /* it is a secret */
    file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    ok = file != NULL && fwrite(e->data.bytes, 1, e->data.len, file) == e->data.len;
    if (file != NULL)
        ok = fclose(file) == 0 && ok;
    if (!ok || rename(path, flags.session_out) != 0)
        tool_complain("%s: %s", flags.session_out, strerror(errno));
}

static void say_data(const struct rp_event *e)
{
    json_t *event;

    if (flags.json != RP_ON) {
        fwrite(e->data.bytes, 1, e->data.len, stdout);
        fflush(stdout);
        return;
    }
    event = tool_event("data");
    tool_add_hex(event, "data", e->data.bytes, e->data.len);
    tool_print(event);
}

static void say(const char *name)
{
    if (flags.json == RP_ON)
        tool_print(tool_event(name));
}

static void on_renegotiated(struct rp_socket *s, const struct rp_error *error, void *arg)
{
    (void)s, (void)arg;
    if (error == NULL)
        say("renegotiated");
}

static void on_secure(void)
{
    struct tool_facts facts = {flags.detailed == RP_ON, flags.exporter};
    struct rp_error error;
    json_t *event;

    run.secure = true;
    if (flags.json == RP_ON) {
        event = tool_event("secureConnect");
        tool_add_socket(event, run.socket, &facts);
        tool_print(event);
    }
    if (flags.renegotiate == RP_ON &&
        !rp_socket_renegotiate(run.socket, NULL, on_renegotiated, NULL, &error))
        say_error(&error);
    start_input();
}

static void on_lines(const struct rp_event *e)
{
    json_t *event = tool_event(e->type == RP_EV_SESSION         ? "session"
                               : e->type == RP_EV_OCSP_RESPONSE ? "OCSPResponse"
                                                                : "keylog");

    if (e->type == RP_EV_SESSION)
        tool_add_base64(event, "session", e->data.bytes, e->data.len);
    else if (e->type == RP_EV_KEYLOG)
        json_object_set_new(event, "line", json_stringn(e->keylog.line, e->keylog.len));
    else if (e->data.bytes == NULL)
        json_object_set_new(event, "response", json_null());
    else
        tool_add_hex(event, "response", e->data.bytes, e->data.len);
    tool_print(event);
}

static void on_close(bool had_error)
{
    json_t *event;

    stop_input();
    if (flags.json == RP_ON) {
        event = tool_event("close");
        json_object_set_new(event, "hadError", json_boolean(had_error));
        tool_print(event);
    }
}

static void on_event(const struct rp_event *e, void *arg)
{
    (void)arg;
    switch (e->type) {
    case RP_EV_CONNECT:
        say("connect");
        break;
    case RP_EV_SECURE_CONNECT:
        on_secure();
        break;
    case RP_EV_DATA:
        say_data(e);
        break;
    case RP_EV_DRAIN:
        if (run.secure)
            start_input();
        break;
    case RP_EV_END:
        say("end");
        break;
    case RP_EV_TIMEOUT:
        say("timeout");
        break;
    case RP_EV_SESSION:
        keep_session(e);
        if (flags.json == RP_ON)
            on_lines(e);
        break;
    case RP_EV_KEYLOG:
        if (flags.json != RP_ON)
            fwrite(e->keylog.line, 1, e->keylog.len, stderr);
        else
            on_lines(e);
        break;
    case RP_EV_OCSP_RESPONSE:
        if (flags.json == RP_ON)
            on_lines(e);
        break;
    case RP_EV_ERROR:
        say_error(e->error.error);
        break;
    case RP_EV_CLOSE:
        on_close(e->close.had_error);
        break;
    default:
        break;
    }
}

/* -- connecting */

static size_t give_key(struct rp_socket *s, const char *hint, char *identity, uint8_t *key,
                       void *arg)
{
    size_t len = flags.psk.len < RP_PSK_MAX ? flags.psk.len : RP_PSK_MAX;

    (void)s, (void)hint, (void)arg;
    snprintf(identity, RP_PSK_IDENTITY_MAX + 1, "%s", flags.psk_identity);
    memcpy(key, flags.psk.bytes, len);
    return len;
}

static bool accept_anybody(const char *host, const struct rp_x509 *cert, void *arg,
                           struct rp_error *err)
{
    (void)host, (void)cert, (void)arg, (void)err;
    return true;
}

static bool begin_tls(struct rp_error *error)
{
    struct rp_connect_options o = {
        .context = run.context,
        .net = &run.net,
        .stream = run.plain,
        .servername = flags.servername,
        .alpn_protocols = flags.alpn_protocols.items,
        .session = {flags.session.bytes, flags.session.len},
        .allow_unauthorized = flags.reject_unauthorized == RP_OFF,
        .request_ocsp = flags.request_ocsp == RP_ON,
        .min_dh_size = (uint32_t)flags.min_dh_size,
        .check_server_identity = flags.check_server_identity == RP_OFF ? accept_anybody : NULL,
        .psk_callback = flags.psk.bytes != NULL && flags.psk_identity != NULL ? give_key : NULL,
        .stream_options = {.high_water_mark = (uint32_t)flags.high_water_mark,
                           .allow_half_open = flags.allow_half_open == RP_ON},
    };
    rp_event_set events = RP_EVENT_ALL & ~RP_EVENT_BIT(RP_EV_SESSION) & ~RP_EVENT_BIT(RP_EV_KEYLOG);

    run.socket = rp_connect(run.loop, &o, error);
    if (run.socket == NULL)
        return false;
    if (flags.json == RP_ON || flags.session_out != NULL)
        events |= RP_EVENT_BIT(RP_EV_SESSION);
    if (flags.keylog == RP_ON)
        events |= RP_EVENT_BIT(RP_EV_KEYLOG);
    rp_stream_listen(rp_socket_stream(run.socket), events, on_event, NULL);
    if (flags.enable_trace == RP_ON)
        rp_socket_enable_trace(run.socket);
    if (flags.max_send_fragment != 0 &&
        !rp_socket_set_max_send_fragment(run.socket, (int)flags.max_send_fragment))
        return rp_error_set(error, "ERR_OUT_OF_RANGE", "--max-send-fragment is from 512 to 16384");
    return true;
}

static void on_upgraded(const struct rp_error *error, void *arg)
{
    struct rp_error own;

    (void)arg;
    if (error == NULL && !begin_tls(&own))
        error = &own;
    if (error != NULL) {
        say_error(error);
        rp_stream_destroy(run.plain, NULL);
        on_close(true);
    }
    rp_stream_unref(run.plain);
}

static bool begin_plain(struct rp_error *error)
{
    run.plain = rp_net_connect(run.loop, &run.net, error);
    if (run.plain == NULL)
        return false;
    if (starttls_begin(run.plain, flags.starttls,
                       flags.servername != NULL ? flags.servername : run.host, on_upgraded,
                       NULL) != NULL)
        return true;
    rp_stream_destroy(run.plain, NULL);
    rp_stream_unref(run.plain);
    return rp_error_set(error, "ERR_INVALID_ARG_VALUE",
                        "--starttls knows smtp, imap, pop3, xmpp, postgres and ldap");
}

/* HOST:PORT, [V6]:PORT or unix:PATH. */
static bool set_target(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    char *end;
    unsigned long port;

    if (strncmp(text, "unix:", 5) == 0) {
        run.net.path = text + 5;
        snprintf(run.host, sizeof run.host, "localhost");
        return true;
    }
    port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
    if (port == 0 || port > UINT16_MAX || *end != '\0' || len == 0 || len >= sizeof run.host) {
        tool_complain("\"%s\" is not HOST:PORT or unix:PATH", text);
        return false;
    }
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(run.host, text, len);
    run.host[len] = '\0';
    run.net.host = run.host;
    run.net.port = (uint16_t)port;
    return true;
}

static bool set_net(struct rp_error *error)
{
    run.net.timeout_ms = (uint32_t)flags.timeout;
    run.net.no_delay = flags.no_delay;
    run.net.keep_alive = flags.keep_alive;
    run.net.keep_alive_initial_delay_ms = (uint32_t)flags.keep_alive_initial_delay;
    if (flags.local_address == NULL)
        return true;
    run.net.local_address = &run.local;
    return rp_address_parse(&run.local, flags.local_address, false, error);
}

static bool begin(struct rp_error *error)
{
    run.loop = rp_loop_new(error);
    if (run.loop == NULL || !set_net(error))
        return false;
    run.context = tool_context_new(error);
    if (run.context == NULL)
        return false;
    return flags.starttls != NULL ? begin_plain(error) : begin_tls(error);
}

int main(int argc, char **argv)
{
    const char *target = NULL;
    struct rp_error error = {0};
    enum tool_outcome outcome;

    tool_name("reprise-connect");
    outcome = tool_parse(table, argc, argv, &target);
    if (outcome == TOOL_HELP) {
        printf("usage: reprise-connect [flags] HOST:PORT|unix:PATH\n");
        tool_print_flags(table);
        return 0;
    }
    if (outcome == TOOL_GO && target == NULL)
        tool_complain("where to? HOST:PORT or unix:PATH; see --help");
    if (outcome != TOOL_GO || target == NULL || !set_target(target))
        return 2;
    run.input.fire = on_input;
    if (!begin(&error)) {
        say_error(&error);
        return 1;
    }
    rp_loop_run(run.loop);
    rp_secure_context_unref(run.context);
    if (run.socket != NULL)
        rp_stream_unref(rp_socket_stream(run.socket));
    rp_loop_free(run.loop);
    return run.secure && !run.failed ? 0 : 1;
}
