/* SPDX-License-Identifier: MIT
 *
 * node_streams.c - the order of events at both ends, and the stream between them, as in node: the
 * rows of stream.json.
 * Each end's events are compared by themselves, without those that C does not have (prefinish),
 * without `session` and `finish`, whose moment the network decides, and without node's duplicates
 * (secure). */
#include "tests/unit/golden_pair.h"

#include <sys/socket.h>
#include <unistd.h>

enum { TOLD = 1024 };

static json_t *goldens;
static char told[2][TOLD]; /* of the client and of the server's socket: "connect,ready,..." */
static unsigned finished[2];
static size_t chunks[16], chunk_count;
static void (*on_secure)(bool client, struct rp_stream *);

static void setup(void)
{
    goldens = golden_json("stream.json");
    pair_begin();
}

static void teardown(void)
{
    pair_close();
    json_decref(goldens);
}

static const json_t *golden(const char *name)
{
    const json_t *row = json_object_get(goldens, name);

    ck_assert_msg(row != NULL, "%s is not in stream.json", name);
    return row;
}

/* -- what is told */

static struct rp_stream *client_stream(void)
{
    return rp_socket_stream(pair.client);
}

static struct rp_stream *server_stream(void)
{
    return rp_socket_stream(pair.accepted);
}

__attribute__((format(printf, 2, 3))) static void tell(unsigned side, const char *format, ...)
{
    size_t at = strlen(told[side]);
    va_list ap;

    if (at > 0)
        at += (size_t)snprintf(told[side] + at, TOLD - at, ",");
    va_start(ap, format);
    vsnprintf(told[side] + at, TOLD - at, format, ap);
    va_end(ap);
}

static void on_event(const struct rp_event *e, void *arg)
{
    unsigned side = arg != NULL;

    switch (e->type) {
    case RP_EV_CONNECT:
        tell(side, "connect");
        break;
    case RP_EV_READY:
        tell(side, "ready");
        break;
    case RP_EV_SECURE_CONNECT:
        tell(side, "secureConnect");
        if (on_secure != NULL)
            on_secure(true, e->target);
        break;
    case RP_EV_DATA:
        if (chunk_count < 16)
            chunks[chunk_count++] = e->data.len;
        tell(side, "data[%zu]", e->data.len);
        break;
    case RP_EV_END:
        tell(side, "end");
        break;
    case RP_EV_FINISH:
        finished[side]++;
        break;
    case RP_EV_TIMEOUT:
        tell(side, "timeout");
        break;
    case RP_EV_ERROR:
        tell(side, "error %s",
             e->error.error->code[0] != '\0' ? e->error.error->code : e->error.error->message);
        break;
    case RP_EV_CLOSE:
        tell(side, "close(%s)", e->close.had_error ? "true" : "false");
        break;
    default:
        break;
    }
}

static void hear_client(struct rp_socket *client)
{
    rp_stream_listen(rp_socket_stream(client), RP_EVENT_ALL, on_event, NULL);
}

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_stream *s = rp_socket_stream(e->secure_connection.socket);

    (void)arg;
    rp_stream_listen(s, RP_EVENT_ALL, on_event, &goldens);
    if (on_secure != NULL)
        on_secure(false, s);
}

static void hear_server(struct rp_server *server)
{
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
}

static void hear(void (*secure)(bool client, struct rp_stream *))
{
    on_secure = secure;
    pair.prepare_client = hear_client;
    pair.prepare_server = hear_server;
}

/* Node's events of one end ('C' or 'S') as one text. */
static const char *nodes(const json_t *events, char side, char text[TOLD])
{
    static const char *const left_out[] = {"secure", "session", "prefinish", "finish"};
    size_t at = 0, i, k;
    const json_t *event;

    text[0] = '\0';
    json_array_foreach(events, i, event)
    {
        const char *e = json_string_value(event);

        for (k = 0; k < 4 && strcmp(e + 2, left_out[k]) != 0; k++)
            ;
        if (k == 4 && e[0] == side && e[1] == ':' && strchr(e, '=') == NULL)
            at += (size_t)snprintf(text + at, TOLD - at, "%s%s", at > 0 ? "," : "", e + 2);
    }
    return text;
}

static void check_side(const json_t *events, unsigned side)
{
    char text[TOLD];

    nodes(events, side == 0 ? 'C' : 'S', text);
    ck_assert_msg(strcmp(told[side], text) == 0, "\"%s\", with node \"%s\"", told[side], text);
}

static bool client_is_closed(void)
{
    return pair.client_closed;
}

static bool both_are_closed(void)
{
    return pair.client_closed && pair.accepted_closed;
}

/* -- the whole life */

static void say_both(bool client, struct rp_stream *s)
{
    if (client) {
        rp_stream_write(s, "bye", 3);
        rp_stream_end(s);
    } else {
        rp_stream_write(s, "hello", 5);
    }
}

START_TEST(events_come_in_nodes_order)
{
    static const char *const rows[] = {"event order full TLSv1.2", "event order full TLSv1.3"};
    const json_t *row = golden(rows[_i]);

    pair_versions(_i == 0 ? "TLSv1.2" : "TLSv1.3");
    hear(say_both);
    ck_assert(pair_listen());
    pair_connect();
    ck_assert(rp_stream_connecting(client_stream()));
    ck_assert(rp_socket_secure_connecting(pair.client));
    pair_wait(both_are_closed);
    check_side(row, 0);
    check_side(row, 1);
    ck_assert(!rp_socket_truncated(pair.client) && !rp_socket_truncated(pair.accepted));
    ck_assert(finished[0] == 1 && finished[1] == 1);
}
END_TEST

static void client_says_x(bool client, struct rp_stream *s)
{
    if (!client)
        return;
    rp_stream_write(s, "x", 1);
    rp_stream_end(s);
}

static char late_code[80];

static void on_late(struct rp_stream *s, const struct rp_error *error, void *arg)
{
    (void)s, (void)arg;
    snprintf(late_code, sizeof late_code, "%s", error != NULL ? error->code : "null");
}

static bool server_saw_end(void)
{
    return strstr(told[1], "end") != NULL;
}

START_TEST(half_open_is_what_it_is_with_node)
{
    const json_t *row = json_object_get(golden("allowHalfOpen"), _i == 0 ? "false" : "true");

    pair.server_options.stream.allow_half_open = _i == 1;
    hear(client_says_x);
    ck_assert(pair_listen());
    pair_connect();
    pair_wait(_i == 0 ? both_are_closed : server_saw_end);
    ck_assert_int_eq(rp_stream_writable(server_stream()), _i == 1);
    rp_stream_write_then(server_stream(), "late", 4, on_late, NULL);
    if (_i == 1)
        rp_stream_end(server_stream());
    pair_wait(both_are_closed);
    check_side(row, 0);
    check_side(row, 1);
    ck_assert(_i == 0 ? late_code[0] == 'E' : strcmp(late_code, "null") == 0);
}
END_TEST

/* -- ends that nobody agreed on */

START_TEST(truncation_is_an_end)
{
    hear(NULL);
    ck_assert(pair_run());
    ck_assert_int_eq(shutdown(rp_stream_fd(client_stream()), SHUT_WR), 0);
    pair_wait(both_are_closed);
    check_side(golden("truncation: raw FIN without close_notify"), 1);
    ck_assert(rp_socket_truncated(pair.accepted));
    ck_assert(!rp_socket_truncated(pair.client));
}
END_TEST

static bool server_is_closed(void)
{
    return pair.accepted_closed;
}

START_TEST(reset_is_an_error)
{
    struct linger linger = {.l_onoff = 1};

    hear(NULL);
    ck_assert(pair_run());
    setsockopt(rp_stream_fd(client_stream()), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    rp_stream_destroy(client_stream(), NULL);
    pair_wait(server_is_closed);
    check_side(golden("truncation: RST"), 1);
}
END_TEST

/* Both are destroyed by it (K5); with node they say so and go on until the end. */
START_TEST(garbage_is_an_error_at_both_ends)
{
    const json_t *row = golden("garbage after handshake");

    hear(NULL);
    ck_assert(pair_run());
    ck_assert_int_eq(send(rp_stream_fd(client_stream()), "garbage garbage garbage", 23, 0), 23);
    pair_wait(both_are_closed);
    if (openssl_since(3, 2)) { /* it looks at the type before the version */
        ck_assert_str_eq(told[1], "error ERR_SSL_BAD_RECORD_TYPE,close(true)");
        ck_assert_str_eq(told[0], "connect,ready,secureConnect,error "
                                  "ERR_SSL_SSL/TLS_ALERT_UNEXPECTED_MESSAGE,close(true)");
    } else {
        pair_check_error(&pair.socket_error, json_object_get(row, "es"), "server");
        ck_assert_str_eq(told[1], "error ERR_SSL_WRONG_VERSION_NUMBER,close(true)");
        ck_assert_str_eq(
            told[0],
            "connect,ready,secureConnect,error ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION,close(true)");
    }
}
END_TEST

static void server_is_fed_up(bool client, struct rp_stream *s)
{
    struct rp_error mine = {.message = "mine"};

    if (!client)
        rp_stream_destroy(s, &mine);
}

START_TEST(destroying_with_an_error_tells_it_here_and_an_end_there)
{
    const json_t *row = golden("destroy(err) server side");

    hear(server_is_fed_up);
    ck_assert(pair_listen());
    pair_connect();
    pair_wait(both_are_closed);
    check_side(row, 0);
    check_side(row, 1);
}
END_TEST

START_TEST(destroying_before_the_handshake_is_a_close)
{
    hear(NULL);
    ck_assert(pair_listen());
    pair_connect();
    rp_stream_destroy(client_stream(), NULL);
    pair_wait(client_is_closed);
    check_side(golden("client destroy() before handshake"), 0);
}
END_TEST

/* -- connections that do not come to be */

static struct rp_listener_socket *plain;
static int plain_fd;

static void hang_up(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                    void *arg)
{
    (void)l, (void)remote, (void)arg;
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    plain_fd = fd;
}

static void connect_to(uint16_t port)
{
    struct rp_net_options net = {.host = "127.0.0.1", .port = port};

    pair.options.context_options = &pair.client_tls;
    pair.options.net = &net;
    pair.client = rp_connect(pair.loop, &pair.options, NULL);
    ck_assert_ptr_nonnull(pair.client);
    rp_stream_on(client_stream(), RP_EV_ERROR, pair_on_client, NULL);
    rp_stream_on(client_stream(), RP_EV_CLOSE, pair_on_client, NULL);
    hear_client(pair.client);
}

START_TEST(server_that_hangs_up_is_told_with_whom_it_was)
{
    const json_t *row = golden("server closes before handshake done (client error)");
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_error error;
    char remote[160];
    int fd;

    rp_address_parse(&address, "127.0.0.1:0", false, NULL);
    fd = rp_listen_open(&listen, NULL);
    ck_assert_int_ge(fd, 0);
    plain = rp_listener_start(pair.loop, fd, hang_up, NULL, NULL);
    address.len = sizeof address.in;
    ck_assert_int_eq(getsockname(fd, &address.any, &address.len), 0);
    connect_to(rp_address_port(&address));
    pair_wait(client_is_closed);
    error = pair.client_error;
    check_side(json_object_get(row, "ev"), 0);
    pair_check_error(&error, json_object_get(row, "er"), "hang up");
    snprintf(remote, sizeof remote, "%s:%u", golden_string(json_object_get(row, "er"), "host"),
             rp_address_port(&address));
    ck_assert_str_eq(error.remote, remote);
    rp_listener_stop(plain, true);
    close(plain_fd);
}
END_TEST

START_TEST(port_where_nobody_listens_is_refused)
{
    const json_t *row = golden("ECONNREFUSED"), *er = json_object_get(row, "er");

    connect_to(1);
    pair_wait(client_is_closed);
    check_side(json_object_get(row, "ev"), 0);
    pair_check_error(&pair.client_error, er, "refused");
    ck_assert_str_eq(pair.client_error.syscall, golden_string(er, "syscall"));
    ck_assert_str_eq(pair.client_error.remote, "127.0.0.1:1");
}
END_TEST

/* -- bytes */

static bool server_has_data(void)
{
    return strstr(told[1], "data") != NULL;
}

START_TEST(what_is_written_early_waits_for_the_handshake)
{
    const json_t *row = golden("write before secureConnect is queued");

    hear(NULL);
    ck_assert(pair_listen());
    pair_connect();
    ck_assert(rp_stream_write_then(client_stream(), "early", 5, on_late, NULL));
    ck_assert_str_eq(json_string_value(json_array_get(row, 0)), "write ret true");
    ck_assert_uint_eq(rp_stream_bytes_written(client_stream()), 5);
    ck_assert_uint_eq(rp_stream_writable_length(client_stream()), 5);
    ck_assert_str_eq(late_code, "");
    pair_wait(server_has_data);
    ck_assert_str_eq(told[1], "data[5]");
    ck_assert_str_eq(late_code, "null");
}
END_TEST

START_TEST(nothing_leaks_to_a_server_that_is_refused)
{
    pair_versions(_i == 0 ? "TLSv1.2" : "TLSv1.3");
    pair_serve("self-rsa");
    hear(NULL);
    ck_assert(pair_listen());
    pair_connect();
    rp_stream_write_then(client_stream(), "secret", 6, on_late, NULL);
    pair_wait(pair_is_decided);
    pair_settle(20);
    ck_assert_str_eq(pair.client_error.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
    ck_assert_str_eq(late_code, "DEPTH_ZERO_SELF_SIGNED_CERT"); /* with node: null */
    ck_assert(!server_has_data());
}
END_TEST

static void client_says_five(bool client, struct rp_stream *s)
{
    if (client)
        rp_stream_write(s, "fives", 5);
}

START_TEST(bytes_are_counted_as_by_node)
{
    const json_t *row = golden("bytesRead/bytesWritten small");
    const json_t *after = json_object_get(row, "after");

    hear(client_says_five);
    ck_assert(pair_run());
    pair_wait(server_has_data);
    ck_assert_uint_eq(rp_stream_bytes_written(client_stream()),
                      json_integer_value(json_array_get(after, 0)));
    ck_assert_uint_eq(rp_stream_bytes_read(client_stream()),
                      json_integer_value(json_array_get(after, 1)));
    ck_assert_uint_eq(rp_stream_bytes_written(server_stream()),
                      json_integer_value(json_array_get(after, 2)));
    ck_assert_uint_eq(rp_stream_bytes_read(server_stream()),
                      json_integer_value(json_array_get(after, 3)));
}
END_TEST

static size_t much;

static void client_says_much(bool client, struct rp_stream *s)
{
    static uint8_t bytes[100000];

    if (!client)
        return;
    if (much == 2000)
        ck_assert(rp_socket_set_max_send_fragment(rp_socket_from_stream(s), 512));
    rp_stream_write(s, bytes, much);
}

static bool server_has_much(void)
{
    return pair.accepted != NULL && rp_stream_bytes_read(server_stream()) == much;
}

START_TEST(records_are_as_long_as_with_node)
{
    const json_t *row = golden(_i == 0 ? "data chunk sizes" : "setMaxSendFragment effect");

    much = _i == 0 ? 100000 : 2000;
    hear(client_says_much);
    ck_assert(pair_listen());
    pair_connect();
    pair_wait(server_has_much);
    ck_assert_uint_eq(chunk_count, json_array_size(row));
    for (size_t i = 0; i < chunk_count; i++)
        ck_assert_uint_eq(chunks[i], json_integer_value(json_array_get(row, i)));
}
END_TEST

/* -- timeouts and pauses */

static bool client_timed_out(void)
{
    return strstr(told[0], "timeout") != NULL;
}

START_TEST(idleness_is_told_and_nothing_else)
{
    hear(NULL);
    ck_assert(pair_run());
    rp_stream_set_timeout(client_stream(), 30);
    pair_wait(client_timed_out);
    ck_assert(!rp_stream_destroyed(client_stream()));
    rp_stream_destroy(client_stream(), NULL);
    pair_wait(client_is_closed);
    check_side(golden("setTimeout idle"), 0);
}
END_TEST

START_TEST(server_that_pauses_reads_nothing_until_it_resumes)
{
    const json_t *row = golden("pauseOnConnect");

    pair.server_options.pause_on_connect = true;
    hear(client_says_five);
    ck_assert(pair_run());
    pair_settle(20);
    ck_assert_int_eq(rp_stream_is_paused(server_stream()),
                     json_is_true(json_object_get(row, "paused")));
    ck_assert(!server_has_data());
    rp_stream_resume(server_stream());
    pair_wait(server_has_data);
}
END_TEST

/* -- the server */

static unsigned drops;

static void on_drop(const struct rp_event *e, void *arg)
{
    (void)arg;
    drops++;
    ck_assert_ptr_nonnull(e->connection.remote);
}

START_TEST(one_too_many_is_dropped_before_tls)
{
    struct rp_socket *first;
    const json_t *row = golden("maxConnections");

    pair.server_options.max_connections = 1;
    ck_assert(pair_run());
    rp_server_on(pair.server, RP_EV_DROP, on_drop, NULL);
    first = pair.client;
    pair_connect();
    pair_wait(client_is_closed);
    ck_assert_uint_eq(drops, 1);
    ck_assert_str_eq(pair.client_error.code, json_string_value(json_array_get(row, 1)) + 2);
    ck_assert(!pair.reported);
    rp_stream_destroy(rp_socket_stream(first), NULL);
    pair_settle(1);
    rp_stream_unref(rp_socket_stream(first));
}
END_TEST

START_TEST(server_closes_once_and_when_the_last_has_gone)
{
    const json_t *row = golden("server.close semantics");
    const struct rp_address *address;
    char host[RP_ADDRESS_TEXT];

    ck_assert(pair_run());
    address = rp_server_address(pair.server);
    ck_assert_texts_eq(rp_address_family(address), json_string_value(json_array_get(row, 0)));
    ck_assert_texts_eq(rp_address_host(address, host), json_string_value(json_array_get(row, 1)));
    ck_assert(rp_server_close(pair.server));
    ck_assert(!rp_server_listening(pair.server));
    ck_assert_ptr_null(rp_server_address(pair.server));
    pair_settle(5);
    ck_assert(!pair.server_closed);           /* somebody is still here */
    ck_assert(!rp_server_close(pair.server)); /* ERR_SERVER_NOT_RUNNING */
}
END_TEST

static void server_trusts_the_middle(bool partial)
{
    static struct rp_pem middle;

    middle.bytes = pair_file("int-rsa.crt");
    pair.server_tls.ca = &middle;
    pair.server_tls.ca_count = 1;
    pair.server_tls.allow_partial_trust_chain = partial;
    pair.server_options.request_cert = pair.server_options.allow_unauthorized = true;
    pair_show("client-rsa");
    ck_assert(pair_run());
}

/* N4: node's createServer does not pass it on. */
START_TEST(server_can_trust_a_part_of_a_chain)
{
    const json_t *row = json_object_get(
        golden("allowPartialTrustChain on server createServer option"), "createServer");

    server_trusts_the_middle(_i == 1);
    ck_assert_int_eq(rp_socket_authorized(pair.accepted), _i == 1);
    if (_i == 0)
        ck_assert_texts_eq(rp_socket_authorization_error(pair.accepted),
                           json_string_value(json_array_get(row, 1)));
}
END_TEST

/* -- a check of identity of one's own */

static char asked_host[64];

static bool refuse(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)arg;
    snprintf(asked_host, sizeof asked_host, "%s", host);
    ck_assert_ptr_nonnull(rp_x509_issuer_certificate(cert)); /* detailed */
    return rp_error_set(err, "", "custom");
}

START_TEST(error_without_a_code_is_told_by_its_message)
{
    const json_t *row =
        golden("checkServerIdentity option returns error without code / throws / hostname arg");

    pair.options.check_server_identity = refuse;
    ck_assert(pair_run());
    ck_assert_texts_eq(asked_host, golden_string(row, "host"));
    pair_check_error(&pair.client_error, json_object_get(row, "err"), "custom");
    ck_assert_texts_eq(rp_socket_authorization_error(pair.client), golden_string(row, "ae"));
    ck_assert(!rp_socket_authorized(pair.client));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_streams");
    TCase *t = tcase_create("node_streams");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, events_come_in_nodes_order, 0, 2);
    tcase_add_loop_test(t, half_open_is_what_it_is_with_node, 0, 2);
    tcase_add_test(t, truncation_is_an_end);
    tcase_add_test(t, reset_is_an_error);
    tcase_add_test(t, garbage_is_an_error_at_both_ends);
    tcase_add_test(t, destroying_with_an_error_tells_it_here_and_an_end_there);
    tcase_add_test(t, destroying_before_the_handshake_is_a_close);
    tcase_add_test(t, server_that_hangs_up_is_told_with_whom_it_was);
    tcase_add_test(t, port_where_nobody_listens_is_refused);
    tcase_add_test(t, what_is_written_early_waits_for_the_handshake);
    tcase_add_loop_test(t, nothing_leaks_to_a_server_that_is_refused, 0, 2);
    tcase_add_test(t, bytes_are_counted_as_by_node);
    tcase_add_loop_test(t, records_are_as_long_as_with_node, 0, 2);
    tcase_add_test(t, idleness_is_told_and_nothing_else);
    tcase_add_test(t, server_that_pauses_reads_nothing_until_it_resumes);
    tcase_add_test(t, one_too_many_is_dropped_before_tls);
    tcase_add_test(t, server_closes_once_and_when_the_last_has_gone);
    tcase_add_loop_test(t, server_can_trust_a_part_of_a_chain, 0, 2);
    tcase_add_test(t, error_without_a_code_is_told_by_its_message);
    suite_add_tcase(s, t);
    return unit_run(s);
}
