/* SPDX-License-Identifier: MIT
 *
 * client_hello.c - what a server chooses by the ClientHello: the context by name, the protocol; and
 * the events of a connection in memory of the program: keys, sessions (C17, C20, D33, D34, J). */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static unsigned client_lines, server_lines, sessions;
static uint8_t session[4096];
static size_t session_len;
static const char *choice;

static struct rp_secure_context *context_for(const struct cert *cert)
{
    struct rp_pem pem = {.bytes = cert->pem}, key = {.bytes = cert->key_pem};
    struct rp_secure_context_options o = {
        .cert = &pem, .key = &key, .cert_count = 1, .key_count = 1};
    struct rp_secure_context *context = rp_secure_context_new(&o, NULL);

    ck_assert_ptr_nonnull(context);
    return context;
}

/* Which names are served by the added context? */
START_TEST(newest_pattern_that_matches_wins)
{
    static const struct {
        const char *pattern, *name;
        bool other;
    } rows[] = {
        {"*.example", "b.example", true},      {"*.example", "x.b.example", false},
        {"B.example", "b.example", true},      {"w*d.*.org", "world.a.org", true},
        {"w*d.*.org", "world.a.b.org", false}, {"*", "single", true},
        {"b.example", "b.example.com", false}, {"b.example", "B.ExamplE", true},
        {"*.Example", "B.eXample", true},      {"B.*", "b.C.example", false},
    };
    struct cert other = cert_make((struct cert_request){.cn = "b.example", .alt = "DNS:b.example"});
    struct rp_secure_context *context = context_for(&other);
    const uint8_t *der;
    struct rp_error err;
    X509 *got;

    link_prepare();
    linked.options.servername = rows[_i].name;
    linked.options.allow_unauthorized = true;
    link_listen();
    ck_assert(rp_server_add_context(linked.server, rows[_i].pattern, context, &err));
    ck_assert(!rp_server_add_context(linked.server, "", context, &err));
    ck_assert_str_eq(err.code, "ERR_TLS_REQUIRED_SERVER_NAME");
    rp_secure_context_unref(context);
    link_connect();
    link_run(link_is_open);
    ck_assert(linked.connected);
    size_t len = rp_socket_peer_certificate_der(linked.client, &der);
    got = d2i_X509(NULL, &der, (long)len);
    ck_assert_int_eq(X509_cmp(got, rows[_i].other ? other.x509 : linked.leaf.x509), 0);
    X509_free(got);
    cert_free(&other);
    link_close();
}
END_TEST

START_TEST(context_can_be_replaced)
{
    struct cert other = cert_make((struct cert_request){.cn = "b.example", .alt = "DNS:b.example"});
    struct rp_secure_context *context = context_for(&other);
    struct rp_x509 *peer;

    link_prepare();
    linked.options.allow_unauthorized = true;
    link_listen();
    rp_server_set_secure_context(linked.server, context);
    rp_secure_context_unref(context);
    link_connect();
    link_run(link_is_open);
    peer = rp_socket_peer_x509(linked.client, false, NULL);
    ck_assert_str_eq(rp_x509_subject(peer), "CN=b.example");
    rp_x509_unref(peer);
    cert_free(&other);
    link_close();
}
END_TEST

static const char *choose(struct rp_socket *s, const char *servername, const char *const *protocols,
                          size_t count, void *arg)
{
    (void)s, (void)arg;
    ck_assert_str_eq(servername, "a.example");
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(protocols[0], "h2");
    return choice;
}

START_TEST(protocol_is_the_servers_choice)
{
    static const char *const ours[] = {"x", "http/1.1", "h2", NULL};
    static const char *const theirs[] = {"h2", "http/1.1", NULL};
    static const char *const other[] = {"y", NULL};

    link_prepare();
    linked.client_tls.max_version = versions[_i % 2];
    linked.options.alpn_protocols = theirs;
    linked.server_options.alpn_protocols = _i < 2 ? ours : other;
    link_listen();
    link_connect();
    link_run(link_is_open);
    ck_assert_int_eq(linked.connected, _i < 2);
    if (_i < 2) {
        ck_assert_str_eq(rp_socket_alpn_protocol(linked.client), "http/1.1");
        ck_assert_str_eq(rp_socket_alpn_protocol(linked.accepted), "http/1.1");
    } else {
        ck_assert_str_eq(linked.client_error.code, "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
        ck_assert_str_eq(linked.server_error.code, "ERR_SSL_NO_APPLICATION_PROTOCOL");
    }
    link_close();
}
END_TEST

START_TEST(protocol_can_be_the_programs_choice)
{
    static const char *const theirs[] = {"h2", "http/1.1", NULL};
    static const char *const choices[] = {"http/1.1", "zzz", NULL};
    static const char *const codes[] = {"", "ERR_TLS_ALPN_CALLBACK_INVALID_RESULT",
                                        "ERR_SSL_NO_APPLICATION_PROTOCOL"};

    link_prepare();
    choice = choices[_i];
    linked.options.alpn_protocols = theirs;
    linked.server_options.alpn_callback = choose;
    link_listen();
    link_connect();
    link_run(link_is_open);
    ck_assert_int_eq(linked.connected, _i == 0);
    ck_assert_str_eq(linked.server_error.code, codes[_i]);
    link_close();
}
END_TEST

static unsigned times_asked;

static const char *choose_and(struct rp_socket *s, const char *servername,
                              const char *const *protocols, size_t count, void *arg)
{
    (void)servername, (void)protocols, (void)count;
    times_asked++;
    if (arg != NULL)
        rp_stream_destroy(rp_socket_stream(s), NULL);
    return choice;
}

static void link_choose(const char *version, bool destroy)
{
    static const char *const theirs[] = {"h2", "http/1.1", NULL};

    link_prepare();
    choice = "h2";
    times_asked = 0;
    linked.client_tls.max_version = version;
    linked.options.alpn_protocols = theirs;
    linked.server_options.alpn_callback = choose_and;
    linked.server_options.arg = destroy ? &linked : NULL;
    linked.server_tls.ecdh_curve = "P-384"; /* in TLS 1.3 the client has to come again */
    link_listen();
    link_connect();
    link_run(link_is_open);
}

START_TEST(protocol_callback_may_destroy_its_socket)
{
    link_choose(versions[_i], true);
    ck_assert(!linked.connected);
    ck_assert_str_eq(linked.client_error.code, "ECONNRESET");
    ck_assert_str_eq(linked.server_error.code, "ECONNRESET");
    ck_assert_uint_eq(times_asked, 1);
    link_close();
}
END_TEST

START_TEST(protocol_is_asked_for_once)
{
    link_choose(versions[_i], false);
    ck_assert(linked.connected);
    ck_assert_str_eq(rp_socket_alpn_protocol(linked.client), "h2");
    ck_assert_uint_eq(times_asked, 1);
    link_close();
}
END_TEST

START_TEST(protocols_of_a_client_make_no_line_of_their_own)
{
    static const char *const theirs[] = {"a\nb", "\x1b[2J", NULL};

    link_prepare();
    choice = "zzz";
    linked.options.alpn_protocols = theirs;
    linked.server_options.alpn_callback = choose_and;
    link_listen();
    link_connect();
    link_run(link_is_open);
    ck_assert_str_eq(linked.server_error.message,
                     "ALPN callback returned a value (zzz) that did not match any of the client's "
                     "offered protocols (a?b, ?[2J)");
    link_close();
}
END_TEST

static void on_client_line(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_int_eq(e->keylog.line[e->keylog.len - 1], '\n');
    client_lines++;
}

static void on_server_line(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    server_lines++;
}

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert(linked.connected); /* never before secureConnect */
    ck_assert_uint_le(e->data.len, sizeof session);
    memcpy(session, e->data.bytes, e->data.len);
    session_len = e->data.len;
    sessions++;
}

static bool has_session(void)
{
    return link_is_open() && sessions > 0;
}

START_TEST(keys_and_sessions_are_told)
{
    link_prepare();
    linked.client_tls.max_version = versions[_i];
    link_listen();
    rp_server_on(linked.server, RP_EV_KEYLOG, on_server_line, NULL);
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_KEYLOG, on_client_line, NULL);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(has_session);
    ck_assert_uint_eq(client_lines, _i == 0 ? 1 : 5);
    ck_assert_uint_eq(server_lines, client_lines);
    ck_assert_uint_eq(sessions, 1);
    link_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_choices");
    TCase *tc = tcase_create("choices");

    tcase_add_loop_test(tc, newest_pattern_that_matches_wins, 0, 10);
    tcase_add_test(tc, context_can_be_replaced);
    tcase_add_loop_test(tc, protocol_is_the_servers_choice, 0, 4);
    tcase_add_loop_test(tc, protocol_can_be_the_programs_choice, 0, 3);
    tcase_add_loop_test(tc, protocol_callback_may_destroy_its_socket, 0, 2);
    tcase_add_loop_test(tc, protocol_is_asked_for_once, 0, 2);
    tcase_add_test(tc, protocols_of_a_client_make_no_line_of_their_own);
    tcase_add_loop_test(tc, keys_and_sessions_are_told, 0, 2);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
