/* SPDX-License-Identifier: MIT
 *
 * socket_info.c - what a server can be asked about a handshake that failed. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};

static struct {
    bool called, verify;
    char code[64], subject[80];
    int depth;
    const char *sent, *received;
} failed;

static void on_failed(const struct rp_event *e, void *arg)
{
    const struct rp_socket *socket = e->tls_client_error.socket;
    struct rp_verify_failure failure;

    (void)arg;
    failed.called = true;
    failed.sent = rp_socket_alert_sent(socket);
    failed.received = rp_socket_alert_received(socket);
    failed.verify = rp_socket_verify_failure(socket, &failure);
    if (!failed.verify)
        return;
    snprintf(failed.code, sizeof failed.code, "%s", failure.code);
    snprintf(failed.subject, sizeof failed.subject, "%s", failure.subject);
    failed.depth = failure.depth;
}

static void prepare(int i)
{
    memset(&failed, 0, sizeof failed);
    link_prepare();
    linked.client_tls.max_version = versions[i];
}

static bool both_know(void)
{
    return failed.called && linked.client_closed;
}

static void connect_in_vain(void)
{
    link_listen();
    rp_server_on(linked.server, RP_EV_TLS_CLIENT_ERROR, on_failed, NULL);
    link_connect();
    link_run(both_know);
}

START_TEST(an_alert_of_the_client_is_known_to_both_ends)
{
    prepare(_i);
    linked.client_tls.ca = NULL;
    linked.client_tls.ca_count = 0;
    connect_in_vain();
    ck_assert_str_eq(failed.received, "unknown_ca");
    ck_assert_ptr_null(failed.sent);
    ck_assert_str_eq(rp_socket_alert_sent(linked.client), "unknown_ca");
    ck_assert_ptr_null(rp_socket_alert_received(linked.client));
    link_close();
}
END_TEST

START_TEST(a_missing_certificate_is_told_by_alert)
{
    static const char *const alerts[] = {"handshake_failure", "certificate_required"};

    prepare(_i);
    linked.server_options.request_cert = true;
    connect_in_vain();
    ck_assert(!failed.verify);
    ck_assert_str_eq(failed.sent, alerts[_i]);
    ck_assert_str_eq(rp_socket_alert_received(linked.client), alerts[_i]);
    link_close();
}
END_TEST

/* Row by row: the client's certificate, what the server trusts, and what it says. */
static void refuse(int version, struct cert *client, const char *ca, const char *chain)
{
    struct rp_pem cert = {.bytes = chain}, key = {.bytes = client->key_pem},
                  trusted = {.bytes = ca};

    prepare(version);
    linked.server_options.request_cert = true;
    linked.server_tls.ca = &trusted;
    linked.server_tls.ca_count = 1;
    linked.client_tls.cert = &cert;
    linked.client_tls.key = &key;
    linked.client_tls.cert_count = linked.client_tls.key_count = 1;
    connect_in_vain();
    ck_assert(failed.verify);
    link_close();
}

START_TEST(a_certificate_that_does_not_verify_is_named)
{
    struct cert ca = cert_make((struct cert_request){.cn = "authority", .ca = true});
    struct cert stranger = cert_make((struct cert_request){.cn = "stranger, \"7\"\n"});
    struct cert expired =
        cert_make((struct cert_request){.cn = "alice", .issuer = &ca, .days = -1});

    refuse(_i, &stranger, ca.pem, stranger.pem);
    ck_assert_str_eq(failed.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
    ck_assert_int_eq(failed.depth, 0);
    ck_assert_str_eq(failed.subject, "CN=stranger\\, \\\"7\\\"\\0A");
    ck_assert_str_eq(failed.sent, "unknown_ca");
    refuse(_i, &expired, ca.pem, expired.pem);
    ck_assert_str_eq(failed.code, "CERT_HAS_EXPIRED");
    ck_assert_str_eq(failed.subject, "CN=alice");
    ck_assert_str_eq(failed.sent, "certificate_expired");
    cert_free(&ca);
    cert_free(&stranger);
    cert_free(&expired);
}
END_TEST

START_TEST(the_depth_is_that_of_the_certificate)
{
    struct cert ca = cert_make((struct cert_request){.cn = "authority", .ca = true});
    struct cert middle =
        cert_make((struct cert_request){.cn = "middle", .issuer = &ca, .ca = true, .days = -1});
    struct cert leaf = cert_make((struct cert_request){.cn = "alice", .issuer = &middle});
    char *chain = malloc(strlen(leaf.pem) + strlen(middle.pem) + 1);

    strcpy(stpcpy(chain, leaf.pem), middle.pem);
    refuse(_i, &leaf, ca.pem, chain);
    ck_assert_str_eq(failed.code, "CERT_HAS_EXPIRED");
    ck_assert_int_eq(failed.depth, 1);
    ck_assert_str_eq(failed.subject, "CN=middle");
    free(chain);
    cert_free(&ca);
    cert_free(&middle);
    cert_free(&leaf);
}
END_TEST

START_TEST(nothing_is_told_of_a_connection_that_works)
{
    struct rp_verify_failure failure;

    prepare(_i);
    link_open();
    ck_assert(!rp_socket_verify_failure(linked.client, &failure));
    ck_assert(!rp_socket_verify_failure(linked.accepted, &failure));
    ck_assert_ptr_null(rp_socket_alert_sent(linked.client));
    ck_assert_ptr_null(rp_socket_alert_received(linked.accepted));
    link_close();
    ck_assert(!failed.called);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_info");
    TCase *tc = tcase_create("info");

    tcase_add_loop_test(tc, an_alert_of_the_client_is_known_to_both_ends, 0, 2);
    tcase_add_loop_test(tc, a_missing_certificate_is_told_by_alert, 0, 2);
    tcase_add_loop_test(tc, a_certificate_that_does_not_verify_is_named, 0, 2);
    tcase_add_loop_test(tc, the_depth_is_that_of_the_certificate, 0, 2);
    tcase_add_loop_test(tc, nothing_is_told_of_a_connection_that_works, 0, 2);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
