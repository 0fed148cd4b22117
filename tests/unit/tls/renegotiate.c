/* SPDX-License-Identifier: MIT
 *
 * renegotiate.c - a second handshake inside a connection (D24 to D26), and its limits. */
#include <openssl/ssl.h>

#include "tests/unit/link.h"
#include "tests/unit/unit.h"
#include "tests/unit/openssl_version.h"

static unsigned told, stored;
static struct rp_error told_error;
static char got[200];
static struct rp_request *kept;

static void on_done(struct rp_socket *s, const struct rp_error *error, void *arg)
{
    (void)s, (void)arg;
    told++;
    told_error = error != NULL ? *error : (struct rp_error){0};
}

static void on_data(const struct rp_event *e, void *arg)
{
    (void)arg;
    strncat(got, (const char *)e->data.bytes, e->data.len);
}

static void on_accepted_error(const struct rp_event *e, void *arg)
{
    (void)arg;
    linked.server_error = *e->error.error;
}

static void open_tls12(void)
{
    told = stored = 0;
    got[0] = '\0';
    linked.client_tls.max_version = "TLSv1.2";
    link_open();
    rp_stream_on(rp_socket_stream(linked.accepted), RP_EV_DATA, on_data, NULL);
    rp_stream_on(rp_socket_stream(linked.accepted), RP_EV_ERROR, on_accepted_error, NULL);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_DATA, on_data, NULL);
}

static bool is_told(void)
{
    return told > 0;
}

static bool is_over(void)
{
    return linked.client_closed && linked.accepted_closed;
}

static bool renegotiate(struct rp_socket *s, const struct rp_renegotiate_options *o)
{
    struct rp_error err = {0};

    told = 0;
    if (!rp_socket_renegotiate(s, o, on_done, NULL, &err)) {
        told_error = err;
        return false;
    }
    link_run(is_told);
    if (told_error.code[0] != '\0')
        link_run(is_over);
    return told_error.code[0] == '\0';
}

static bool said(void)
{
    return got[0] != '\0' || linked.client_closed;
}

START_TEST(both_ends_can_renegotiate_and_data_waits)
{
    struct rp_socket *from;

    link_prepare();
    open_tls12();
    from = _i == 0 ? linked.client : linked.accepted;
    ck_assert(rp_socket_renegotiate(from, NULL, on_done, NULL, NULL));
    ck_assert_uint_eq(told, 0); /* never inside the call */
    rp_stream_write(rp_socket_stream(linked.client), "meanwhile", 9);
    rp_stream_write(rp_socket_stream(linked.accepted), "meanwhile", 9);
    link_run(is_told);
    ck_assert_str_eq(told_error.code, "");
    while (strlen(got) < 18)
        rp_loop_turn(linked.loop, true);
    ck_assert(rp_socket_authorized(linked.client));
    ck_assert(renegotiate(from, NULL));
    ck_assert_uint_eq(told, 1);
    link_close();
    ck_assert_uint_eq(told, 1);
}
END_TEST

static void on_done_write(struct rp_socket *s, const struct rp_error *error, void *arg)
{
    on_done(s, error, arg);
    rp_stream_write(rp_socket_stream(s), " later", 6);
}

START_TEST(what_waited_goes_before_what_the_callback_writes)
{
    struct rp_socket *from;

    link_prepare();
    open_tls12();
    from = _i == 0 ? linked.client : linked.accepted;
    ck_assert(rp_socket_renegotiate(from, NULL, on_done_write, NULL, NULL));
    rp_stream_write(rp_socket_stream(from), "meanwhile", 9);
    link_run(is_told);
    while (strlen(got) < 15)
        rp_loop_turn(linked.loop, true);
    ck_assert_str_eq(got, "meanwhile later");
    link_close();
}
END_TEST

/* D26: three, and the fourth is one too many. */
START_TEST(client_that_goes_on_and_on_is_attacking)
{
    link_prepare();
    open_tls12();
    for (int i = 0; i < RP_CLIENT_RENEG_LIMIT; i++)
        ck_assert_msg(renegotiate(linked.client, NULL), "%d: %s", i, told_error.message);
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(linked.server_error.code, "ERR_TLS_SESSION_ATTACK");
    link_close();
}
END_TEST

START_TEST(limits_are_the_processs)
{
    struct rp_tls_defaults *defaults = rp_tls_defaults();

    link_prepare();
    open_tls12();
    defaults->client_reneg_limit = 0;
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(linked.server_error.code, "ERR_TLS_SESSION_ATTACK");
    link_close();

    link_prepare();
    open_tls12();
    defaults->client_reneg_limit = 1;
    defaults->client_reneg_window = 0; /* each one is long after the last */
    for (int i = 0; i < 5; i++)
        ck_assert(renegotiate(linked.client, NULL));
    link_close();
    defaults->client_reneg_limit = RP_CLIENT_RENEG_LIMIT;
    defaults->client_reneg_window = RP_CLIENT_RENEG_WINDOW;
}
END_TEST

START_TEST(one_that_the_server_asks_for_does_not_count)
{
    link_prepare();
    open_tls12();
    for (int i = 0; i < RP_CLIENT_RENEG_LIMIT + 2; i++)
        ck_assert(renegotiate(linked.accepted, NULL));
    link_close();
}
END_TEST

START_TEST(disabled_renegotiation_ends_the_connection)
{
    link_prepare();
    open_tls12();
    rp_socket_disable_renegotiation(linked.accepted);
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(told_error.code, "ERR_SOCKET_CLOSED");
    ck_assert_str_eq(linked.server_error.code, "ERR_TLS_RENEGOTIATION_DISABLED");
    link_close();
}
END_TEST

START_TEST(context_can_forbid_it)
{
    link_prepare();
    if (_i == 0)
        linked.client_tls.no_renegotiation = true;
    else
        linked.client_tls.secure_options = SSL_OP_NO_RENEGOTIATION;
    open_tls12();
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(told_error.code, "ERR_SSL_NO_RENEGOTIATION");
    rp_stream_write(rp_socket_stream(linked.client), "still here", 10);
    link_run(said);
    ck_assert_str_eq(got, "still here");
    link_close();
}
END_TEST

START_TEST(tls13_has_none_and_goes_on)
{
    link_prepare();
    link_open();
    got[0] = '\0';
    rp_stream_on(rp_socket_stream(linked.accepted), RP_EV_DATA, on_data, NULL);
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(told_error.code, "ERR_SSL_WRONG_SSL_VERSION");
    ck_assert_str_eq(told_error.library, "SSL routines");
    ck_assert_str_eq(told_error.reason, "wrong ssl version");
    rp_stream_write(rp_socket_stream(linked.client), "still here", 10);
    link_run(said);
    ck_assert_str_eq(got, "still here");
    link_close();
}
END_TEST

static void say_at_once(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_write(rp_socket_stream(e->secure_connection.socket), "at once", 7);
}

static void renegotiate_at_once(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert(
        rp_socket_renegotiate(rp_socket_from_stream(e->target), NULL, on_done, NULL, &told_error));
}

static bool is_told_and_said(void)
{
    return (told > 0 && got[0] != '\0') || linked.client_closed;
}

/* The server's first words come with its Finished, and are there when the client begins another. */
START_TEST(what_has_arrived_is_read_by_and_by)
{
    link_prepare();
    told = 0;
    got[0] = '\0';
    linked.client_tls.max_version = "TLSv1.2";
    link_listen();
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, say_at_once, NULL);
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SECURE_CONNECT, renegotiate_at_once, NULL);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_DATA, on_data, NULL);
    link_run(is_told_and_said);
    ck_assert_msg(!linked.client_closed, "%s", linked.client_error.message);
    ck_assert_str_eq(told_error.code, "");
    ck_assert_str_eq(got, "at once");
    link_close();
}
END_TEST

static bool server_saw_the_end(void)
{
    return !rp_stream_readable(rp_socket_stream(linked.accepted));
}

static bool client_saw_the_end(void)
{
    return linked.client_closed;
}

/* Who has ended cannot, and who heard the end would wait for ever; what still arrives does. */
START_TEST(half_of_a_connection_does_not_renegotiate)
{
    link_prepare();
    linked.client_tls.max_version = "TLSv1.2";
    linked.server_options.stream.allow_half_open = true;
    link_open();
    got[0] = '\0';
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_DATA, on_data, NULL);
    rp_stream_end(rp_socket_stream(linked.client));
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(told_error.code, "ERR_TLS_INVALID_STATE");
    link_run(server_saw_the_end);
    ck_assert(!renegotiate(linked.accepted, NULL));
    ck_assert_str_eq(told_error.code, "ERR_TLS_INVALID_STATE");
    rp_stream_write(rp_socket_stream(linked.accepted), "still here", 10);
    rp_stream_end(rp_socket_stream(linked.accepted));
    link_run(client_saw_the_end);
    ck_assert_str_eq(got, "still here");
    ck_assert_str_eq(linked.client_error.code, "");
    link_close();
}
END_TEST

START_TEST(only_an_open_socket_renegotiates)
{
    link_prepare();
    linked.client_tls.max_version = "TLSv1.2";
    link_listen();
    link_connect();
    told = 0;
    ck_assert(!renegotiate(linked.client, NULL));
    ck_assert_str_eq(told_error.code, "ERR_TLS_INVALID_STATE");
    link_run(link_is_open);
    ck_assert(rp_socket_renegotiate(linked.client, NULL, on_done, NULL, NULL));
    ck_assert(!rp_socket_renegotiate(linked.client, NULL, NULL, NULL, &told_error));
    ck_assert_str_eq(told_error.code, "ERR_TLS_INVALID_STATE");
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    ck_assert_uint_eq(told, 1);
    ck_assert_str_eq(told_error.code, "ERR_SOCKET_CLOSED");
    ck_assert(!rp_socket_renegotiate(linked.client, NULL, on_done, NULL, &told_error));
    link_close();
    ck_assert_uint_eq(told, 1);
}
END_TEST

/* D25: it gets the certificate only if the session is not simply resumed. */
START_TEST(server_can_ask_for_a_certificate_later)
{
    struct rp_renegotiate_options o = {.request_cert = RP_ON, .reject_unauthorized = RP_OFF};

    link_prepare();
    linked.client_tls.cert = &linked.cert;
    linked.client_tls.key = &linked.key;
    linked.client_tls.cert_count = linked.client_tls.key_count = 1;
    linked.server_tls.ca = &linked.cert;
    linked.server_tls.ca_count = 1;
    linked.server_tls.secure_options = SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
    open_tls12();
    ck_assert(!rp_socket_authorized(linked.accepted));
    ck_assert(renegotiate(linked.accepted, &o));
    ck_assert(rp_socket_authorized(linked.accepted));
    ck_assert_ptr_null(rp_socket_authorization_error(linked.accepted));
    link_close();
}
END_TEST

START_TEST(server_can_insist_on_a_certificate)
{
    struct rp_renegotiate_options o = {.request_cert = RP_ON};

    link_prepare();
    linked.server_tls.secure_options = SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
    open_tls12();
    ck_assert(!renegotiate(linked.accepted, &o));
    ck_assert_str_eq(linked.server_error.code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    ck_assert_str_eq(linked.client_error.code, alert_code("HANDSHAKE_FAILURE"));
    link_close();
}
END_TEST

START_TEST(options_that_no_constant_has_are_refused)
{
    static const struct rp_renegotiate_options wrong[] = {
        {.request_cert = (enum rp_toggle)77}, {.reject_unauthorized = (enum rp_toggle) - 1}};
    struct rp_error err = {0};

    link_prepare();
    open_tls12();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert(!rp_socket_renegotiate(linked.accepted, &wrong[i], NULL, NULL, &err));
        ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    }
    ck_assert(renegotiate(linked.accepted, NULL)); /* none had begun */
    link_close();
}
END_TEST

/* -- a session that comes of it is stored as any other, while the output waits */

static void on_new_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    stored++;
    if (stored > 1)
        kept = rp_request_ref(e->new_session.request);
    else
        rp_request_done(e->new_session.request);
}

static bool is_kept(void)
{
    return kept != NULL;
}

START_TEST(session_of_a_renegotiation_is_stored)
{
    link_prepare();
    kept = NULL;
    linked.server_tls.tickets = RP_OFF;
    linked.server_tls.secure_options = SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
    linked.client_tls.max_version = "TLSv1.2";
    told = stored = 0;
    link_listen();
    rp_server_on(linked.server, RP_EV_NEW_SESSION, on_new_session, NULL);
    link_connect();
    link_run(link_is_open);
    ck_assert_uint_eq(stored, 1);
    ck_assert(rp_socket_renegotiate(linked.client, NULL, on_done, NULL, NULL));
    link_run(is_kept);
    ck_assert_uint_eq(told, 0);
    rp_request_done(kept);
    link_run(is_told);
    ck_assert_str_eq(told_error.code, "");
    ck_assert(!rp_request_done(kept));
    rp_request_unref(kept);
    link_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_renegotiate");
    TCase *tc = tcase_create("renegotiation");

    tcase_add_loop_test(tc, both_ends_can_renegotiate_and_data_waits, 0, 2);
    tcase_add_loop_test(tc, what_waited_goes_before_what_the_callback_writes, 0, 2);
    tcase_add_test(tc, client_that_goes_on_and_on_is_attacking);
    tcase_add_test(tc, limits_are_the_processs);
    tcase_add_test(tc, one_that_the_server_asks_for_does_not_count);
    tcase_add_test(tc, disabled_renegotiation_ends_the_connection);
    tcase_add_loop_test(tc, context_can_forbid_it, 0, 2);
    tcase_add_test(tc, tls13_has_none_and_goes_on);
    tcase_add_test(tc, what_has_arrived_is_read_by_and_by);
    tcase_add_test(tc, half_of_a_connection_does_not_renegotiate);
    tcase_add_test(tc, only_an_open_socket_renegotiates);
    tcase_add_test(tc, server_can_ask_for_a_certificate_later);
    tcase_add_test(tc, server_can_insist_on_a_certificate);
    tcase_add_test(tc, options_that_no_constant_has_are_refused);
    tcase_add_test(tc, session_of_a_renegotiation_is_stored);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
