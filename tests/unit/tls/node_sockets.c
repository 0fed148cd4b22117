/* SPDX-License-Identifier: MIT
 *
 * node_sockets.c - backpressure, getters, the name that is verified, tickets, traces and Unix
 * sockets as in node: rows of more.json. */
#include "tests/unit/golden_pair.h"

#include <openssl/hmac.h>
#include <sys/mman.h>
#include <unistd.h>

static json_t *more;

static void setup(void)
{
    more = golden_json("more.json");
    pair_begin();
}

static void teardown(void)
{
    pair_close();
    json_decref(more);
}

static const json_t *row_of(const char *name)
{
    const json_t *row = json_object_get(more, name);

    ck_assert_msg(row != NULL, "%s is not in more.json", name);
    return row;
}

static struct rp_stream *client_stream(void)
{
    return rp_socket_stream(pair.client);
}

/* -- the stream */

static unsigned drained;

static void on_drain(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    drained++;
}

static size_t total;

static bool all_arrived(void)
{
    return drained > 0 && rp_stream_bytes_read(rp_socket_stream(pair.accepted)) == total;
}

START_TEST(writer_is_held_back_as_by_node)
{
    const json_t *row = row_of("write backpressure");
    uint8_t *bytes;

    total = (size_t)json_integer_value(json_object_get(row, "writableLength"));
    bytes = calloc(1, total);
    ck_assert(pair_run());
    ck_assert_uint_eq(rp_stream_high_water_mark(client_stream()),
                      json_integer_value(json_array_get(json_object_get(row, "hwm"), 0)));
    rp_stream_on(client_stream(), RP_EV_DRAIN, on_drain, NULL);
    ck_assert_int_eq(rp_stream_write(client_stream(), bytes, 100),
                     json_is_true(json_object_get(row, "small")));
    ck_assert_int_eq(rp_stream_write(client_stream(), bytes, total - 100),
                     json_is_true(json_object_get(row, "big")));
    ck_assert_uint_eq(rp_stream_writable_length(client_stream()), total);
    pair_wait(all_arrived);
    ck_assert_uint_eq(drained, json_integer_value(json_object_get(row, "drained")));
    ck_assert_uint_eq(rp_stream_bytes_written(client_stream()),
                      json_integer_value(json_object_get(row, "c_bytesWritten")));
    ck_assert_uint_eq(rp_stream_writable_length(client_stream()), 0);
    free(bytes);
}
END_TEST

START_TEST(high_water_mark_is_an_option)
{
    const json_t *hwm = json_object_get(row_of("write backpressure"), "hwm2");

    pair.options.stream_options.high_water_mark = 1000;
    pair.server_options.stream.high_water_mark = 1000;
    ck_assert(pair_run());
    ck_assert_uint_eq(rp_stream_high_water_mark(client_stream()),
                      json_integer_value(json_array_get(hwm, 0)));
    ck_assert_uint_eq(rp_stream_high_water_mark(rp_socket_stream(pair.accepted)),
                      json_integer_value(json_array_get(hwm, 1)));
}
END_TEST

static const char *in_end, *in_close;
static bool authorized_in_close, alpn_in_close;

static void on_last(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_END) {
        in_end = rp_socket_protocol(pair.client);
    } else {
        struct rp_cipher_info cipher;

        in_close = rp_socket_protocol(pair.client);
        ck_assert(!rp_socket_cipher(pair.client, &cipher));
        ck_assert_ptr_null(rp_socket_peer_x509(pair.client, false, NULL));
        ck_assert_uint_eq(rp_socket_session(pair.client, NULL, 0), 0);
        authorized_in_close = rp_socket_authorized(pair.client);
        alpn_in_close = rp_socket_alpn_protocol(pair.client) != NULL;
    }
}

static bool client_is_closed(void)
{
    return pair.client_closed;
}

START_TEST(getters_end_with_close_and_not_before)
{
    static const char *const protocols[] = {"a", NULL};
    const json_t *row = row_of("after clean end: getters");

    pair.server_options.alpn_protocols = pair.options.alpn_protocols = protocols;
    ck_assert(pair_run());
    rp_stream_listen(client_stream(), RP_EVENT_BIT(RP_EV_END) | RP_EVENT_BIT(RP_EV_CLOSE), on_last,
                     NULL);
    rp_stream_end(rp_socket_stream(pair.accepted));
    pair_wait(client_is_closed);
    ck_assert_texts_eq(in_end,
                       json_string_value(json_array_get(json_object_get(row, "in_end"), 0)));
    ck_assert_texts_eq(in_close,
                       json_string_value(json_array_get(json_object_get(row, "in_close"), 0)));
    ck_assert(authorized_in_close && alpn_in_close); /* D6, D8: kept */
}
END_TEST

/* -- who it is meant for */

static char asked_host[64];

static bool note_host(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)cert, (void)arg, (void)err;
    snprintf(asked_host, sizeof asked_host, "%s", host);
    return true;
}

START_TEST(name_that_counts_is_the_one_that_counts_with_node)
{
    static const char *const cases[] = {"servername_and_host", "host_only", "none"};
    const json_t *row = row_of("hostname for identity: servername > host > localhost");
    struct rp_net_options net = {.host = "127.0.0.1"};

    pair.options.servername = _i == 0 ? "www.example.com" : NULL;
    pair.options.check_server_identity = note_host;
    ck_assert(pair_listen());
    pair.options.context_options = &pair.client_tls;
    net.port = rp_address_port(rp_server_address(pair.server));
    if (_i == 2) { /* a stream that has no name: node forgets an address that was one, too */
        const struct rp_address *to = rp_server_address(pair.server);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(connect(fd, &to->any, to->len), 0);
        pair.options.stream = rp_net_open(pair.loop, fd, NULL, NULL);
        pair.client = rp_connect(pair.loop, &pair.options, NULL);
        rp_stream_unref(pair.options.stream);
    } else {
        pair.options.net = &net;
        pair.client = rp_connect(pair.loop, &pair.options, NULL);
    }
    rp_stream_on(client_stream(), RP_EV_SECURE_CONNECT, pair_on_client, NULL);
    rp_stream_on(client_stream(), RP_EV_CLOSE, pair_on_client, NULL);
    pair_wait(pair_is_decided);
    ck_assert_texts_eq(asked_host, golden_string(row, cases[_i]));
}
END_TEST

/* -- tickets and traces */

START_TEST(ticket_is_laid_out_as_nodes)
{
    static const char *const rows[] = {"ticket layout TLSv1.2", "ticket layout TLSv1.3"};
    const json_t *row = row_of(rows[_i]);
    uint8_t ticket[4096], keys[RP_TICKET_KEYS_SIZE], mac[32];
    unsigned mac_len = sizeof mac;
    size_t len;

    pair_versions(_i == 0 ? "TLSv1.2" : "TLSv1.3");
    ck_assert(pair_run());
    pair_wait(pair_has_ticket);
    len = rp_socket_ticket(pair.client, ticket, sizeof ticket);
    ck_assert(rp_server_get_ticket_keys(pair.server, keys));
    ck_assert_int_eq(memcmp(ticket, keys, 16) == 0,
                     json_is_true(json_object_get(row, "name_matches")));
    ck_assert_uint_eq((len - 16 - 16 - 32) % 16, 0);
    HMAC(EVP_sha256(), keys + 16, 16, ticket, len - 32, mac, &mac_len);
    ck_assert_int_eq(memcmp(mac, ticket + len - 32, 32) == 0,
                     json_is_true(json_object_get(row, "mac_ok")));
}
END_TEST

static unsigned late_sessions;

static void on_session(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    late_sessions++;
}

START_TEST(session_can_be_had_without_having_listened)
{
    const json_t *row =
        row_of("session event before/after listener; session for reused 1.2 via session id");
    uint8_t session[16384];
    size_t len;

    pair_versions("TLSv1.2");
    ck_assert(pair_run());
    rp_stream_on(client_stream(), RP_EV_SESSION, on_session, NULL);
    pair_settle(5);
    ck_assert_uint_eq(late_sessions,
                      json_integer_value(json_object_get(row, "late_listener_sessions")));
    ck_assert_int_eq(rp_socket_ticket(pair.client, NULL, 0) > 0,
                     json_is_true(json_object_get(row, "ticket")));
    len = rp_socket_session(pair.client, session, sizeof session);
    ck_assert_uint_gt(len, 0);
    pair_hang_up();
    pair.options.session = (struct rp_bytes){session, len};
    pair_connect();
    pair_wait(pair_is_decided);
    ck_assert_int_eq(rp_socket_session_reused(pair.client),
                     json_is_true(json_object_get(row, "resumed_with_late_getSession")));
}
END_TEST

static void trace(struct rp_socket *client)
{
    ck_assert(rp_socket_enable_trace(client));
}

START_TEST(trace_reads_as_nodes)
{
    const json_t *lines = json_array_get(row_of("enableTrace output"), 1);
    int real = dup(2), file = memfd_create("trace", MFD_CLOEXEC);
    char text[4096], *line = text;
    ssize_t len;

    fflush(stderr);
    dup2(file, 2);
    pair.prepare_client = trace;
    ck_assert(pair_run());
    dup2(real, 2);
    len = pread(file, text, sizeof text - 1, 0);
    ck_assert_int_gt(len, 0);
    text[len] = '\0';
    for (size_t i = 0; i < 4; i++) { /* up to the lengths */
        line[strcspn(line, "\n")] = '\0';
        ck_assert_texts_eq(line,
                           i == 0 ? traced_record() : json_string_value(json_array_get(lines, i)));
        line += strlen(line) + 1;
    }
    close(file);
    close(real);
}
END_TEST

START_TEST(unix_socket_is_a_server_as_with_node)
{
    const json_t *row = row_of("unix path");
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_net_options net = {0};
    char path[64], text[RP_ADDRESS_TEXT];

    snprintf(path, sizeof path, "unix:build/golden-%d.sock", (int)getpid());
    net.path = path + 5;
    ck_assert(rp_address_parse(&address, path, false, NULL));
    pair.server_options.context_options = &pair.server_tls;
    pair.server = rp_server_new(pair.loop, &pair.server_options, NULL);
    rp_server_on(pair.server, RP_EV_SECURE_CONNECTION, pair_on_server, NULL);
    rp_server_on(pair.server, RP_EV_CLOSE, pair_on_server, NULL);
    ck_assert(rp_server_listen(pair.server, &listen, NULL));
    ck_assert_str_eq(rp_address_host(rp_server_address(pair.server), text), net.path);
    pair.options.context_options = &pair.client_tls;
    pair.options.net = &net;
    pair.client = rp_connect(pair.loop, &pair.options, NULL);
    rp_stream_on(client_stream(), RP_EV_SECURE_CONNECT, pair_on_client, NULL);
    rp_stream_on(client_stream(), RP_EV_CLOSE, pair_on_client, NULL);
    pair_wait(pair_is_decided);
    ck_assert_int_eq(rp_socket_authorized(pair.client), json_is_true(json_object_get(row, "auth")));
    unlink(net.path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_sockets");
    TCase *t = tcase_create("node_sockets");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, writer_is_held_back_as_by_node);
    tcase_add_test(t, high_water_mark_is_an_option);
    tcase_add_test(t, getters_end_with_close_and_not_before);
    tcase_add_loop_test(t, name_that_counts_is_the_one_that_counts_with_node, 0, 3);
    tcase_add_loop_test(t, ticket_is_laid_out_as_nodes, 0, 2);
    tcase_add_test(t, session_can_be_had_without_having_listened);
    tcase_add_test(t, trace_reads_as_nodes);
    tcase_add_test(t, unix_socket_is_a_server_as_with_node);
    suite_add_tcase(s, t);
    return unit_run(s);
}
