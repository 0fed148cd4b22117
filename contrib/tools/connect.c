/* SPDX-License-Identifier: MIT
 *
 * connect.c - reprise-connect: tls.connect on the command line. Standard input is sent to the peer,
 * and what the peer sends is written to standard output; with --json each event is printed as a
 * line instead. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "connect_flags.h"
#include "starttls.h"
#include "tool_context.h"
#include "tool_events.h"
#include "tool_io.h"

static struct {
    struct rp_loop *loop;
    struct rp_secure_context *context;
    struct rp_session *session; /* to resume; NULL: none */
    struct rp_socket *socket;
    struct rp_stream *plain; /* the transport, until TLS is started on it */
    struct rp_address local;
    struct rp_stream *input;  /* standard input, once the handshake is complete */
    struct rp_timer deadline; /* time limit of the handshake */
    struct rp_net_options net;
    bool secure, failed, kept;
} run;

/* -- the standard input */

static void stop_input(void)
{
    rp_stream_destroy(run.input, NULL);
}

static void say_input_error(const struct rp_error *error)
{
    tool_complain("standard input: %s", strerror(error->sys_errno));
    run.failed = true;
    if (flags.end != RP_OFF)
        rp_stream_end(rp_socket_stream(run.socket));
}

static void on_input_error(const struct rp_event *e, void *arg)
{
    (void)arg;
    say_input_error(e->error.error);
}

/* Start sending standard input to the peer; without --end the connection stays open at its end. */
static void start_input(void)
{
    struct rp_error error;

    if (flags.use_stdin == RP_OFF)
        return;
    run.input = rp_stream_from_fd(run.loop, STDIN_FILENO, NULL, &error);
    if (run.input == NULL) {
        say_input_error(&error);
        return;
    }
    rp_stream_on(run.input, RP_EV_ERROR, on_input_error, NULL);
    rp_stream_pipe(run.input, rp_socket_stream(run.socket), flags.end == RP_OFF);
}

/* -- events */

static void say_error(const struct rp_error *error)
{
    json_t *event;

    run.failed = true;
    if (flags.json != RP_ON) {
        tool_say_error(NULL, error);
        return;
    }
    event = tool_event("error");
    tool_add_error(event, error);
    tool_print(event);
}

static void keep_session(const struct rp_event *e)
{
    if (flags.session_out == NULL)
        return;
    run.kept = tool_write_file(flags.session_out, e->data.bytes, e->data.len);
    run.failed = run.failed || !run.kept;
}

/* Standard output cannot be written, so close the connection. */
static void leave_if_unheard(void)
{
    if (!tool_out_failed())
        return;
    run.failed = true;
    stop_input();
    if (run.socket != NULL)
        rp_stream_destroy(rp_socket_stream(run.socket), NULL);
}

static void say_data(const struct rp_event *e)
{
    json_t *event;

    if (flags.json == RP_ON) {
        event = tool_event("data");
        tool_add_hex(event, "data", e->data.bytes, e->data.len);
        tool_print(event);
    } else {
        tool_out(e->data.bytes, e->data.len);
    }
    leave_if_unheard();
}

static void say(const char *name)
{
    if (flags.json == RP_ON)
        tool_print(tool_event(name));
}

static void say_end(void)
{
    json_t *event;

    if (flags.json != RP_ON)
        return;
    event = tool_event("end");
    tool_add_end(event, run.socket);
    tool_print(event);
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
    rp_timer_stop(&run.deadline);
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

static void on_lookup(const struct rp_event *e)
{
    json_t *event = flags.json == RP_ON ? tool_event("lookup") : NULL;

    if (event == NULL)
        return;
    json_object_set_new(event, "host", tool_string(run.net.host));
    tool_add_address(event, e->lookup.address);
    json_object_del(event, "port");
    tool_print(event);
}

static void on_keylog(const struct rp_event *e)
{
    tool_keylog_write(e->keylog.line, e->keylog.len);
    if (flags.keylog == RP_ON && flags.json == RP_ON)
        on_lines(e);
    else if (flags.keylog == RP_ON)
        fwrite(e->keylog.line, 1, e->keylog.len, stderr);
}

static void on_timeout(void)
{
    if (flags.json == RP_ON)
        say("timeout");
    else
        tool_complain("idle for %u ms", (unsigned)flags.timeout);
}

static void on_close(bool had_error)
{
    json_t *event;

    stop_input();
    rp_timer_stop(&run.deadline);
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
    case RP_EV_LOOKUP:
        on_lookup(e);
        break;
    case RP_EV_CONNECT:
        say("connect");
        break;
    case RP_EV_READY:
        say("ready");
        break;
    case RP_EV_SECURE_CONNECT:
        on_secure();
        break;
    case RP_EV_DATA:
        say_data(e);
        break;
    case RP_EV_DRAIN:
        say("drain");
        break;
    case RP_EV_FINISH:
        say("finish");
        break;
    case RP_EV_END:
        say_end();
        break;
    case RP_EV_TIMEOUT:
        on_timeout();
        break;
    case RP_EV_SESSION:
        keep_session(e);
        if (flags.json == RP_ON)
            on_lines(e);
        break;
    case RP_EV_KEYLOG:
        on_keylog(e);
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
    (void)s, (void)hint, (void)arg;
    snprintf(identity, RP_PSK_IDENTITY_MAX + 1, "%s", flags.psk_identity);
    memcpy(key, flags.psk.bytes, flags.psk.len);
    return flags.psk.len;
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
        .session_handle = run.session,
        .handshake_timeout_ms = RP_NO_TIMEOUT, /* run.deadline includes the time to connect */
        .allow_unauthorized = flags.reject_unauthorized == RP_OFF,
        .early_data = flags.early_data.bytes != NULL,
        .request_ocsp = flags.request_ocsp == RP_ON,
        .min_dh_size = flags.min_dh_size,
        .check_server_identity = flags.check_server_identity == RP_OFF ? accept_anybody : NULL,
        .psk_callback = flags.psk.bytes != NULL ? give_key : NULL,
        .stream_options = {.high_water_mark = flags.high_water_mark,
                           .allow_half_open = flags.allow_half_open == RP_ON},
    };
    rp_event_set events = RP_EVENT_ALL & ~RP_EVENT_BIT(RP_EV_SESSION) & ~RP_EVENT_BIT(RP_EV_KEYLOG);

    run.socket = rp_connect(run.loop, &o, error);
    if (run.socket == NULL)
        return false;
    if (flags.json == RP_ON || flags.session_out != NULL)
        events |= RP_EVENT_BIT(RP_EV_SESSION);
    if (flags.keylog == RP_ON || flags.keylog_file != NULL)
        events |= RP_EVENT_BIT(RP_EV_KEYLOG);
    rp_stream_listen(rp_socket_stream(run.socket), events, on_event, NULL);
    if (flags.enable_trace == RP_ON)
        rp_socket_enable_trace(run.socket);
    if (flags.max_send_fragment != 0)
        rp_socket_set_max_send_fragment(run.socket, (int)flags.max_send_fragment);
    if (flags.early_data.len > 0) /* must be written before the handshake starts */
        rp_stream_write(rp_socket_stream(run.socket), flags.early_data.bytes, flags.early_data.len);
    if (run.plain != NULL)
        rp_stream_set_timeout(rp_socket_stream(run.socket), flags.timeout);
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
    run.plain = NULL;
}

static bool begin_plain(struct rp_error *error)
{
    rp_event_set events =
        RP_EVENT_BIT(RP_EV_LOOKUP) | RP_EVENT_BIT(RP_EV_CONNECT) | RP_EVENT_BIT(RP_EV_READY);

    run.plain = rp_net_connect(run.loop, &run.net, error);
    if (run.plain == NULL)
        return false;
    if (rp_stream_listen(run.plain, events, on_event, NULL) &&
        starttls_begin(run.plain, flags.starttls,
                       flags.servername != NULL ? flags.servername : run.net.host, on_upgraded,
                       NULL) != NULL)
        return true;
    rp_stream_destroy(run.plain, NULL);
    rp_stream_unref(run.plain);
    return rp_error_set(error, "ENOMEM", "no memory for a dialogue");
}

static void on_deadline(struct rp_timer *timer)
{
    struct rp_error error;

    (void)timer;
    rp_error_set(&error, "ERR_TLS_HANDSHAKE_TIMEOUT", "TLS handshake timeout");
    rp_stream_destroy(run.plain != NULL ? run.plain : rp_socket_stream(run.socket), &error);
}

/* ADDRESS, or with the port that is given elsewhere. */
static bool set_local(struct rp_error *error)
{
    const char *address = flags.local_address;
    char text[300];

    if (address == NULL && flags.local_port == 0)
        return true;
    run.net.local_address = &run.local;
    if (address == NULL)
        address = flags.family == 6 ? "::" : "0.0.0.0";
    if (flags.local_port == 0 && rp_address_parse(&run.local, address, false, NULL))
        return true;
    snprintf(text, sizeof text, strchr(address, ':') != NULL ? "[%.200s]:%u" : "%.200s:%u", address,
             (unsigned)flags.local_port);
    return rp_address_parse(&run.local, text, false, error);
}

static bool set_net(struct rp_error *error)
{
    run.net.host = flags.target.host != NULL ? flags.target.host : "localhost";
    run.net.port = (uint16_t)flags.target.port;
    run.net.path = flags.target.path;
    run.net.family = flags.family;
    run.net.timeout_ms = flags.starttls == NULL ? flags.timeout : 0;
    run.net.no_delay = flags.no_delay;
    run.net.keep_alive = flags.keep_alive;
    run.net.keep_alive_initial_delay_ms = flags.keep_alive_initial_delay;
    return set_local(error);
}

static bool read_session(struct rp_error *error)
{
    struct rp_error why;

    if (flags.session.bytes == NULL)
        return true;
    run.session = rp_session_from_der(flags.session.bytes, flags.session.len, &why);
    return run.session != NULL || rp_error_set(error, why.code, "--session: %s", why.message);
}

static bool begin(struct rp_error *error)
{
    run.loop = rp_loop_new(error);
    if (run.loop == NULL || !set_net(error) || !read_session(error))
        return false;
    run.context = tool_context_new(error);
    if (run.context == NULL)
        return false;
    run.deadline.fire = on_deadline;
    if (flags.handshake_timeout != 0)
        rp_timer_start(run.loop, &run.deadline, flags.handshake_timeout);
    return flags.starttls != NULL ? begin_plain(error) : begin_tls(error);
}

int main(int argc, char **argv)
{
    struct rp_error error = {0};
    int status;

    tool_io_begin();
    if (!connect_flags_read(argc, argv, &status))
        return status;
    if (!tool_keylog_open(flags.keylog_file))
        return 2;
    if (!begin(&error)) {
        say_error(&error);
        return 2;
    }
    rp_loop_run(run.loop);
    if (flags.session_out != NULL && run.secure && !run.kept &&
        !rp_socket_session_reused(run.socket))
        tool_complain("%s: not written: the server issued no session", flags.session_out);
    rp_secure_context_unref(run.context);
    rp_session_unref(run.session);
    rp_socket_unref(run.socket);
    rp_stream_unref(run.input);
    rp_loop_free(run.loop);
    return run.secure && !run.failed && !tool_out_failed() ? 0 : 1;
}
