/* SPDX-License-Identifier: MIT
 *
 * resumption.c - a session whose suite is not on offer any more: RFC 5246 section 7.4.1.2 and
 * RFC 8446 section 4.6.1. By ticket and by id. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"
#include "tests/unit/openssl_version.h"

#include <reprise/ticket_keys.h>

#define SHA256_SUITE "ECDHE-ECDSA-AES128-GCM-SHA256"
#define SHA384_SUITE "ECDHE-ECDSA-AES256-GCM-SHA384"

enum { BY_TICKET, BY_ID, WAYS };
static struct rp_session *kept;
static struct rp_ticket_keys *ring; /* outlives a change of the server's context */
static uint8_t stored[8192];
static size_t stored_len;

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_session_unref(kept);
    kept = rp_session_ref(e->session.handle);
}

static bool has_session(void)
{
    return kept != NULL || linked.client_closed;
}

static bool both_closed(void)
{
    return linked.client_closed && linked.accepted_closed;
}

static bool client_is_decided(void)
{
    return linked.connected || linked.client_closed;
}

static void on_new_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_uint_le(e->new_session.session_len, sizeof stored);
    stored_len = e->new_session.session_len;
    memcpy(stored, e->new_session.session, stored_len);
    rp_request_done(e->new_session.request);
}

static void on_resume_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_request_answer(e->resume_session.request, stored, stored_len);
}

static void prepare(const char *version, int way)
{
    struct rp_ticket_key key = {.name = {1}, .hmac = {2}, .aes = {3}, .size = 32};

    kept = NULL;
    link_prepare();
    ring = rp_ticket_keys_new(NULL);
    ck_assert(rp_ticket_keys_set(ring, &key, 1, true, NULL));
    linked.server_tls.ticket_keys = ring;
    linked.server_tls.tickets = way == BY_TICKET ? RP_ON : RP_OFF;
    linked.client_tls.min_version = linked.client_tls.max_version = version;
    linked.options.want_handles = true;
}

static void first_connection(int way)
{
    link_listen();
    if (way == BY_ID) {
        rp_server_on(linked.server, RP_EV_NEW_SESSION, on_new_session, NULL);
        rp_server_on(linked.server, RP_EV_RESUME_SESSION, on_resume_session, NULL);
    }
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(link_is_open);
    ck_assert_msg(linked.connected, "%s", linked.client_error.message);
    link_run(has_session);
    ck_assert_ptr_nonnull(kept);
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    link_run(both_closed);
}

/* With the session of the first. */
static void second_connection(void)
{
    linked.connected = linked.client_closed = linked.accepted_closed = false;
    rp_stream_unref(rp_socket_stream(linked.client));
    rp_stream_unref(rp_socket_stream(linked.accepted));
    linked.accepted = NULL;
    linked.options.session_handle = kept;
    link_connect();
    link_run(client_is_decided);
}

static void server_takes(const char *ciphers)
{
    struct rp_secure_context *context;
    struct rp_error err = {0};

    linked.server_tls.ciphers = ciphers;
    context = rp_secure_context_new(&linked.server_tls, &err);
    ck_assert_msg(context != NULL, "%s", err.message);
    rp_server_set_secure_context(linked.server, context);
    rp_secure_context_unref(context);
}

static void finish(void)
{
    link_close();
    rp_session_unref(kept);
    rp_ticket_keys_unref(ring);
}

static void assert_resumed(bool expected)
{
    ck_assert_msg(linked.connected, "%s", linked.client_error.message);
    ck_assert_int_eq(rp_socket_session_reused(linked.client), expected);
}

START_TEST(tls12_client_that_drops_the_suite_of_its_session_is_refused)
{
    prepare("TLSv1.2", _i);
    linked.client_tls.ciphers = SHA256_SUITE;
    first_connection(_i);
    linked.client_tls.ciphers = SHA384_SUITE;
    second_connection();
    ck_assert(!linked.connected);
    ck_assert_str_eq(linked.client_error.code, alert_code("ILLEGAL_PARAMETER"));
    ck_assert_str_eq(linked.server_error.code, "ERR_SSL_REQUIRED_CIPHER_MISSING");
    finish();
}
END_TEST

START_TEST(tls12_client_that_keeps_the_suite_among_others_resumes)
{
    prepare("TLSv1.2", _i);
    linked.client_tls.ciphers = SHA256_SUITE;
    first_connection(_i);
    linked.client_tls.ciphers = SHA384_SUITE ":" SHA256_SUITE;
    second_connection();
    assert_resumed(true);
    finish();
}
END_TEST

static const char *const still_offered[] = {SHA384_SUITE ":" SHA256_SUITE, SHA384_SUITE};

/* It is we who no longer take it: the client did nothing wrong, whether it lists it or not. */
START_TEST(tls12_suite_that_the_server_no_longer_takes_is_a_full_handshake)
{
    prepare("TLSv1.2", _i % WAYS);
    linked.client_tls.ciphers = SHA256_SUITE;
    first_connection(_i % WAYS);
    server_takes(SHA384_SUITE);
    linked.client_tls.ciphers = still_offered[_i / WAYS];
    second_connection();
    assert_resumed(false);
    finish();
}
END_TEST

/* In TLS 1.3 a session is bound to the hash of its suite, and any other is declined. */
START_TEST(tls13_suite_may_change_within_its_hash)
{
    prepare("TLSv1.3", _i);
    linked.client_tls.ciphers = "TLS_AES_128_GCM_SHA256";
    first_connection(_i);
    linked.client_tls.ciphers = "TLS_CHACHA20_POLY1305_SHA256";
    second_connection();
    assert_resumed(true);
    finish();
}
END_TEST

START_TEST(tls13_suite_of_another_hash_is_a_full_handshake)
{
    prepare("TLSv1.3", _i);
    linked.client_tls.ciphers = "TLS_AES_128_GCM_SHA256";
    first_connection(_i);
    server_takes("TLS_AES_256_GCM_SHA384");
    linked.client_tls.ciphers = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
    second_connection();
    assert_resumed(false);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_resumption");
    TCase *t = tcase_create("tls_resumption");

    tcase_add_loop_test(t, tls12_client_that_drops_the_suite_of_its_session_is_refused, 0, WAYS);
    tcase_add_loop_test(t, tls12_client_that_keeps_the_suite_among_others_resumes, 0, WAYS);
    tcase_add_loop_test(t, tls12_suite_that_the_server_no_longer_takes_is_a_full_handshake, 0,
                        2 * WAYS);
    tcase_add_loop_test(t, tls13_suite_may_change_within_its_hash, 0, WAYS);
    tcase_add_loop_test(t, tls13_suite_of_another_hash_is_a_full_handshake, 0, WAYS);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
