/* SPDX-License-Identifier: MIT
 *
 * node_renegotiation.c - renegotiation and pre-shared keys as node does them: rows of more.json and
 * misc.json. One renegotiation too many, or a forbidden one, ends the connection here (D24, D26); a
 * client's secureConnect does not come again (N3). */
#include "tests/unit/golden_pair.h"

#include <openssl/ssl.h>

static json_t *more, *misc;

static void setup(void)
{
    more = golden_json("more.json");
    misc = golden_json("misc.json");
    pair_begin();
}

static void teardown(void)
{
    pair_close();
    json_decref(more);
    json_decref(misc);
}

static const json_t *row_of(const json_t *file, const char *name)
{
    const json_t *row = json_object_get(file, name);

    ck_assert_msg(row != NULL, "%s is not in the goldens", name);
    return row;
}

/* -- renegotiation */

static unsigned told;
static struct rp_error told_error;

static void on_done(struct rp_socket *s, const struct rp_error *error, void *arg)
{
    (void)s, (void)arg;
    told++;
    if (error != NULL)
        told_error = *error;
}

static bool is_told(void)
{
    return told > 0 || pair.client_closed;
}

static void renegotiate(struct rp_socket *s, const struct rp_renegotiate_options *o)
{
    told = 0;
    ck_assert(rp_socket_renegotiate(s, o, on_done, NULL, NULL));
    pair_wait(is_told);
}

START_TEST(client_that_renegotiates_on_and_on_is_stopped_as_by_node)
{
    const json_t *row = row_of(misc, "reneg client 1.2");

    pair_versions("TLSv1.2");
    ck_assert(pair_run());
    for (int i = 0; i < 3; i++) {
        renegotiate(pair.client, NULL);
        ck_assert(told == 1 && told_error.code[0] == '\0');
    }
    renegotiate(pair.client, NULL);
    pair_settle(5);
    pair_check_error(&pair.socket_error, json_object_get(row, "serr"), "server");
    ck_assert(rp_stream_destroyed(rp_socket_stream(pair.accepted)));
}
END_TEST

START_TEST(limit_of_none_stops_the_first_as_with_node)
{
    const json_t *row = row_of(more, "exception: CLIENT_RENEG_LIMIT=0");

    pair_versions("TLSv1.2");
    rp_tls_defaults()->client_reneg_limit = 0;
    ck_assert(pair_run());
    renegotiate(pair.client, NULL);
    pair_settle(5);
    ck_assert_str_eq(pair.socket_error.code, json_string_value(json_array_get(row, 0)));
}
END_TEST

START_TEST(window_that_has_passed_begins_anew_as_with_node)
{
    const json_t *row = row_of(more, "reneg window reset");

    pair_versions("TLSv1.2");
    rp_tls_defaults()->client_reneg_limit = 1;
    rp_tls_defaults()->client_reneg_window = 1;
    ck_assert(pair_run());
    for (int i = 0; i < 2; i++) { /* "no error when spaced > window" */
        renegotiate(pair.client, NULL);
        pair_settle(1100);
        ck_assert_str_eq(pair.socket_error.code, "");
    }
    renegotiate(pair.client, NULL);
    renegotiate(pair.client, NULL);
    pair_settle(5);
    ck_assert_str_eq(pair.socket_error.code, json_string_value(json_array_get(row, 1)));
}
END_TEST

START_TEST(server_that_forbids_it_says_so_as_node)
{
    const json_t *row = row_of(misc, "reneg disableRenegotiation on server");

    pair_versions("TLSv1.2");
    ck_assert(pair_run());
    rp_socket_disable_renegotiation(pair.accepted);
    renegotiate(pair.client, NULL);
    pair_settle(5);
    pair_check_error(&pair.socket_error, json_object_get(row, "serr"), "server");
}
END_TEST

START_TEST(tls13_has_none_as_with_node)
{
    const json_t *row = row_of(misc, "reneg 1.3");
    struct rp_error err;

    ck_assert(pair_run());
    ck_assert(!rp_socket_renegotiate(pair.client, NULL, on_done, NULL, &err));
    ck_assert_str_eq(err.code, golden_string(json_object_get(row, "cb"), "code"));
    ck_assert(!rp_socket_renegotiate(pair.accepted, NULL, on_done, NULL, &err));
    ck_assert_str_eq(err.code, golden_string(json_object_get(row, "scb"), "code"));
    ck_assert_int_eq(!rp_stream_destroyed(rp_socket_stream(pair.client)),
                     json_is_true(json_object_get(row, "alive")));
}
END_TEST

static void ask_for_certificate(const char *client, bool reject, uint64_t options)
{
    struct rp_renegotiate_options o = {RP_ON, reject ? RP_ON : RP_OFF};

    pair_versions("TLSv1.2");
    pair.server_tls.secure_options = options;
    if (client != NULL)
        pair_show(client);
    ck_assert(pair_run());
    ck_assert(!rp_socket_authorized(pair.accepted));
    told = 0;
    ck_assert(rp_socket_renegotiate(pair.accepted, &o, on_done, NULL, NULL));
    pair_wait(is_told);
    pair_settle(5);
}

START_TEST(server_learns_later_who_the_client_is_as_with_node)
{
    const json_t *row =
        row_of(more, "reneg server requests cert 1.2 + NO_SESSION_RESUMPTION_ON_RENEGOTIATION");
    struct rp_x509 *peer;
    size_t count;

    ask_for_certificate("client-rsa", false, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    ck_assert(told == 1 && told_error.code[0] == '\0');
    ck_assert_int_eq(rp_socket_authorized(pair.accepted),
                     json_is_true(json_object_get(row, "auth")));
    peer = rp_socket_peer_x509(pair.accepted, false, NULL);
    ck_assert_ptr_nonnull(peer);
    ck_assert_texts_eq(rp_x509_subject_attributes(peer, &count)[1].value,
                       golden_string(row, "after"));
    rp_x509_unref(peer);
}
END_TEST

START_TEST(server_that_insists_ends_the_connection_as_with_node)
{
    static const char *const rows[] = {"reneg server requests cert, reject, no client cert",
                                       "reneg server requests cert, reject, self-signed"};
    const json_t *row = row_of(more, rows[_i]);

    ask_for_certificate(_i == 0 ? NULL : "client-self", true,
                        SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    ck_assert_int_eq(rp_stream_destroyed(rp_socket_stream(pair.accepted)),
                     json_is_true(json_object_get(row, "d")));
    if (_i == 0)
        pair_check_error(&pair.client_error, json_object_get(row, "cerr"), rows[_i]);
    else
        ck_assert_texts_eq(rp_socket_authorization_error(pair.accepted), golden_string(row, "ae"));
}
END_TEST

/* -- pre-shared keys */

enum key { RIGHT, WRONG, NO_KEY };
static const struct psk_case {
    const char *golden, *identity, *hint;
    enum key key;
    bool tls13;
} psk_cases[] = {
    {"PSK 1.2 ok", "id1", "hint!", RIGHT, false},
    {"PSK 1.3 ok", "id1", "hint!", RIGHT, true},
    {"PSK 1.2 unknown id", "id2", NULL, RIGHT, false},
    {"PSK 1.3 unknown id", "id2", NULL, RIGHT, true},
    {"PSK 1.2 wrong key", "id1", NULL, WRONG, false},
    {"PSK 1.3 wrong key", "id1", NULL, WRONG, true},
    {"PSK 1.2 client null", NULL, NULL, NO_KEY, false},
    {"PSK 1.3 client null", NULL, NULL, NO_KEY, true},
    {"PSK 1.2 server {psk}", "id1", NULL, RIGHT, false},
};
static const struct psk_case *psk;
static char seen_hint[32], seen_identity[32];

static size_t serve_key(struct rp_socket *s, const char *identity, uint8_t key[RP_PSK_MAX],
                        void *arg)
{
    (void)s, (void)arg;
    snprintf(seen_identity, sizeof seen_identity, "%s", identity);
    memset(key, 1, 32);
    return strcmp(identity, "id1") == 0 ? 32 : 0;
}

static size_t give_key(struct rp_socket *s, const char *hint,
                       char identity[RP_PSK_IDENTITY_MAX + 1], uint8_t key[RP_PSK_MAX], void *arg)
{
    (void)s, (void)arg;
    snprintf(seen_hint, sizeof seen_hint, "%s", hint != NULL ? hint : "");
    if (psk->key == NO_KEY)
        return 0;
    snprintf(identity, RP_PSK_IDENTITY_MAX + 1, "%s", psk->identity);
    memset(key, psk->key == RIGHT ? 1 : 2, 32);
    return 32;
}

static bool anybody(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)host, (void)arg, (void)err;
    ck_assert_ptr_null(cert);
    return true;
}

static void check_psk(const json_t *row)
{
    struct rp_cipher_info cipher;
    struct rp_ephemeral_key_info key;
    const json_t *eki = json_object_get(row, "eki");

    ck_assert_int_eq(rp_socket_authorized(pair.client),
                     json_is_true(json_object_get(row, "cauth")));
    ck_assert_int_eq(rp_socket_authorized(pair.accepted),
                     json_is_true(json_object_get(row, "sauth")));
    ck_assert(rp_socket_cipher(pair.client, &cipher));
    ck_assert_texts_eq(cipher.name, golden_string(row, "cipher"));
    ck_assert_int_eq(rp_socket_session_reused(pair.client),
                     json_is_true(json_object_get(row, "reused")));
    ck_assert_ptr_null(rp_socket_peer_x509(pair.client, true, NULL)); /* G14 */
    ck_assert(rp_socket_ephemeral_key_info(pair.client, &key));
    pair_check_group(pair.client, key.name, golden_string(eki, "name"));
}

START_TEST(pre_shared_keys_work_and_fail_as_with_node)
{
    const json_t *row;

    psk = &psk_cases[_i];
    row = row_of(misc, psk->golden);
    pair_versions(psk->tls13 ? "TLSv1.3" : "TLSv1.2");
    pair.server_tls.cert = pair.server_tls.key = NULL;
    pair.server_tls.cert_count = pair.server_tls.key_count = 0;
    pair.server_tls.ciphers = pair.client_tls.ciphers = "PSK+HIGH:TLS_AES_128_GCM_SHA256";
    pair.server_options.psk_callback = serve_key;
    pair.server_options.psk_identity_hint = psk->hint;
    pair.options.psk_callback = give_key;
    pair.options.check_server_identity = anybody;
    ck_assert(pair_run());
    ck_assert_int_eq(pair.connected, json_is_true(json_object_get(row, "ok")));
    ck_assert_str_eq(seen_hint, golden_string(row, "hint") ? golden_string(row, "hint") : "");
    ck_assert_str_eq(seen_identity, golden_string(row, "sid") ? golden_string(row, "sid") : "");
    if (pair.connected) {
        check_psk(row);
    } else {
        if (openssl_since(3, 5) && psk->tls13 && psk->key == WRONG) {
            ck_assert_str_eq(pair.client_error.code, "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR");
            return;
        }
        ck_assert_str_eq(pair.client_error.code,
                         json_string_value(json_array_get(json_object_get(row, "c"), 0)));
        ck_assert_str_eq(pair.server_error.code,
                         json_string_value(json_array_get(json_object_get(row, "s"), 0)));
    }
    pair_check_told(json_object_get(row, "ev"), true, psk->golden);
    pair_check_told(json_object_get(row, "ev"), false, psk->golden);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_renegotiation");
    TCase *t = tcase_create("node_renegotiation");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, client_that_renegotiates_on_and_on_is_stopped_as_by_node);
    tcase_add_test(t, limit_of_none_stops_the_first_as_with_node);
    tcase_add_test(t, window_that_has_passed_begins_anew_as_with_node);
    tcase_add_test(t, server_that_forbids_it_says_so_as_node);
    tcase_add_test(t, tls13_has_none_as_with_node);
    tcase_add_test(t, server_learns_later_who_the_client_is_as_with_node);
    tcase_add_loop_test(t, server_that_insists_ends_the_connection_as_with_node, 0, 2);
    tcase_add_loop_test(t, pre_shared_keys_work_and_fail_as_with_node, 0,
                        sizeof psk_cases / sizeof *psk_cases);
    suite_add_tcase(s, t);
    return unit_run(s);
}
