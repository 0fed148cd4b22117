/* SPDX-License-Identifier: MIT
 *
 * psk.c - pre-shared keys both ways (J10 to J13), and a check of identity of one's own (E7). */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static const char *given_identity;
static uint8_t client_byte, refusing;
static size_t client_len;
static char seen_hint[32], seen_host[32], longest[RP_PSK_IDENTITY_MAX + 2];
static bool seen_cert;

static size_t server_key(struct rp_socket *s, const char *identity, uint8_t key[RP_PSK_MAX],
                         void *arg)
{
    (void)arg;
    ck_assert(rp_socket_is_server(s));
    if (strcmp(identity, "alice") != 0 && strlen(identity) != RP_PSK_IDENTITY_MAX)
        return 0;
    memset(key, 7, 32);
    return 32;
}

static size_t client_key(struct rp_socket *s, const char *hint, char *identity,
                         uint8_t key[RP_PSK_MAX], void *arg)
{
    (void)arg;
    ck_assert(!rp_socket_is_server(s));
    snprintf(seen_hint, sizeof seen_hint, "%s", hint != NULL ? hint : "none");
    memcpy(identity, given_identity, strnlen(given_identity, RP_PSK_IDENTITY_MAX) + 1);
    memset(key, client_byte, 32);
    return client_len;
}

static bool check(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)arg;
    snprintf(seen_host, sizeof seen_host, "%s", host);
    seen_cert = cert != NULL;
    return !refusing || rp_error_set(err, "ERR_MINE", "not the one I know");
}

static void prepare(int version)
{
    link_prepare();
    given_identity = "alice";
    client_byte = 7;
    client_len = 32;
    linked.server_tls.ciphers = linked.client_tls.ciphers =
        "PSK:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
    linked.client_tls.max_version = versions[version];
    linked.server_tls.cert = linked.server_tls.key = NULL;
    linked.server_tls.cert_count = linked.server_tls.key_count = 0;
    linked.server_options.psk_callback = server_key;
    linked.server_options.psk_identity_hint = "who?";
    linked.options.psk_callback = client_key;
    linked.options.check_server_identity = check;
}

static void run(void)
{
    link_listen();
    link_connect();
    link_run(link_is_open);
}

START_TEST(key_takes_the_place_of_certificates)
{
    prepare(_i);
    run();
    ck_assert_msg(linked.connected, "%s / %s", linked.client_error.message,
                  linked.server_error.message);
    ck_assert(rp_socket_authorized(linked.client));
    ck_assert(!rp_socket_authorized(linked.accepted));
    ck_assert_str_eq(seen_hint, _i == 0 ? "who?" : "none");
    ck_assert_int_eq(rp_socket_session_reused(linked.client), _i == 1);
    ck_assert_int_eq(rp_socket_resumption(linked.accepted),
                     _i == 1 ? RP_RESUMED_PSK : RP_NOT_RESUMED);
    ck_assert(!seen_cert);
    link_close();
}
END_TEST

START_TEST(wrong_key_is_refused)
{
    static const char *const codes[] = {"ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
                                        "ERR_SSL_BINDER_DOES_NOT_VERIFY"};

    prepare(_i);
    client_byte = 8;
    run();
    ck_assert(!linked.connected);
    ck_assert_str_eq(linked.server_error.code, codes[_i]);
    link_close();
}
END_TEST

START_TEST(unknown_identity_is_refused)
{
    prepare(_i);
    given_identity = "mallory";
    run();
    ck_assert(!linked.connected);
    if (_i == 0)
        ck_assert_str_eq(linked.server_error.code, "ERR_SSL_PSK_IDENTITY_NOT_FOUND");
    link_close();
}
END_TEST

START_TEST(identity_that_is_no_text_is_not_shown)
{
    prepare(_i);
    given_identity = "\xc0\xaf";
    run();
    ck_assert(!linked.connected);
    link_close();
}
END_TEST

START_TEST(identity_has_256_bytes_at_the_most)
{
    prepare(_i / 2);
    memset(longest, 'i', sizeof longest - 1);
    longest[RP_PSK_IDENTITY_MAX] = _i % 2 == 0 ? '\0' : 'i';
    given_identity = longest;
    run();
    ck_assert_int_eq(linked.connected, _i % 2 == 0);
    if (_i % 2 != 0)
        ck_assert_str_eq(linked.client_error.message, "PSK identity exceeds 256 bytes");
    link_close();
}
END_TEST

START_TEST(key_that_is_too_long_is_an_error_without_the_key)
{
    prepare(_i);
    client_len = RP_PSK_MAX + 1;
    run();
    ck_assert_str_eq(linked.client_error.code, "ERR_INVALID_ARG_VALUE");
    ck_assert_str_eq(linked.client_error.message, "Pre-shared key exceeds 512 bytes");
    link_close();
}
END_TEST

START_TEST(hint_has_a_limit)
{
    char hint[RP_PSK_IDENTITY_MAX + 2];
    struct rp_server_options o = {.psk_identity_hint = hint};
    struct rp_error err;
    struct rp_loop *loop = rp_loop_new(NULL);

    memset(hint, 'x', sizeof hint - 1);
    hint[sizeof hint - 1] = '\0';
    ck_assert_ptr_null(rp_server_new(loop, &o, &err));
    ck_assert_str_eq(err.code, "ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED");
    rp_loop_free(loop);
}
END_TEST

START_TEST(check_of_identity_can_be_the_programs)
{
    link_prepare();
    linked.client_tls.max_version = versions[_i % 2];
    linked.options.servername = "elsewhere.example";
    linked.options.check_server_identity = check;
    refusing = _i >= 2;
    run();
    ck_assert_int_eq(linked.connected, !refusing);
    ck_assert_int_eq(rp_socket_authorized(linked.client), !refusing);
    ck_assert_str_eq(linked.client_error.code, refusing ? "ERR_MINE" : "");
    if (refusing)
        ck_assert_str_eq(rp_socket_authorization_error(linked.client), "ERR_MINE");
    ck_assert_str_eq(seen_host, "elsewhere.example");
    ck_assert(seen_cert);
    link_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_psk");
    TCase *tc = tcase_create("psk");

    tcase_add_loop_test(tc, key_takes_the_place_of_certificates, 0, 2);
    tcase_add_loop_test(tc, wrong_key_is_refused, 0, 2);
    tcase_add_loop_test(tc, unknown_identity_is_refused, 0, 2);
    tcase_add_loop_test(tc, identity_that_is_no_text_is_not_shown, 0, 2);
    tcase_add_loop_test(tc, identity_has_256_bytes_at_the_most, 0, 4);
    tcase_add_loop_test(tc, key_that_is_too_long_is_an_error_without_the_key, 0, 2);
    tcase_add_test(tc, hint_has_a_limit);
    tcase_add_loop_test(tc, check_of_identity_can_be_the_programs, 0, 4);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
