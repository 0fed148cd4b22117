/* SPDX-License-Identifier: MIT
 *
 * tls_session_bond.c - a client's session counts only where a full handshake would say the same
 * (CVE-2026-48934): under the name that was compared, with the same trust and the same demands. */
#include <openssl/ssl.h>
#include <time.h>

#include "lib/tls/engine/session_bond.h"
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static uint8_t der[16384];
static size_t der_len;
static struct cert other;
static struct rp_pem other_pem, crl_pem;
static char *crl;
static unsigned asked;
static bool refuses;

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_uint_le(e->session.len, sizeof der);
    memcpy(der, e->session.bytes, der_len = e->session.len);
}

static bool has_session(void)
{
    return der_len > 0 || linked.client_closed;
}

static bool both_closed(void)
{
    return linked.client_closed && (linked.accepted == NULL || linked.accepted_closed);
}

static bool pin(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)host, (void)arg;
    asked++;
    ck_assert_ptr_nonnull(cert);
    return !refuses || rp_error_set(err, "ERR_PIN", "not the key that is pinned");
}

static void prepare(int version)
{
    link_prepare();
    der_len = 0;
    asked = 0;
    refuses = false;
    linked.client_tls.max_version = versions[version];
}

/* A full handshake, and its session in `der`. */
static void first_connection(void)
{
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(link_is_open);
    ck_assert_msg(linked.connected, "%s", linked.client_error.message);
    link_run(has_session);
    ck_assert_uint_gt(der_len, 0);
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    link_run(both_closed);
    rp_stream_unref(rp_socket_stream(linked.client));
    rp_stream_unref(rp_socket_stream(linked.accepted));
    linked.accepted = NULL;
    linked.connected = linked.client_closed = linked.accepted_closed = false;
}

/* The session is offered to the same server: was it resumed? */
static bool resumes(const void *session, size_t len)
{
    linked.options.session = (struct rp_bytes){session, len};
    link_connect();
    link_run(link_is_open);
    return linked.connected && rp_socket_session_reused(linked.client);
}

/* -- what has to be the same */

static void another_name(void)
{
    linked.options.servername = "b.example";
}

static void name_in_capitals(void)
{
    linked.options.servername = "A.example";
}

static void nobody_trusted(void)
{
    linked.client_tls.ca = NULL;
    linked.client_tls.ca_count = 0;
    linked.client_tls.empty_ca = true;
}

static void another_authority(void)
{
    linked.client_tls.ca = &other_pem;
}

static void one_authority_more(void)
{
    static struct rp_pem both[2];

    both[0] = linked.cert;
    both[1] = other_pem;
    linked.client_tls.ca = both;
    linked.client_tls.ca_count = 2;
}

static void default_roots(void)
{
    linked.client_tls.ca = NULL;
    linked.client_tls.ca_count = 0;
}

static void revoked(void)
{
    crl = cert_crl(&linked.leaf, &linked.leaf);
    crl_pem = (struct rp_pem){.bytes = crl};
    linked.client_tls.crl = &crl_pem;
    linked.client_tls.crl_count = 1;
}

static void higher_level(void)
{
    linked.client_tls.ciphers = "DEFAULT:@SECLEVEL=2";
}

static void longer_dh(void)
{
    linked.options.min_dh_size = 2048;
}

static void pinned(void)
{
    linked.options.check_server_identity = pin;
}

static void pinned_to_another(void)
{
    linked.options.check_server_identity = pin;
    refuses = true;
}

static void nothing(void)
{
}

static const struct {
    void (*changes)(void);
    const char *error; /* what the second connection, a strict one, ends with; "": it is open */
    bool resumes;
} demands[] = {
    {nothing, "", true},
    {another_name, "ERR_TLS_CERT_ALTNAME_INVALID", false},
    {name_in_capitals, "", false},
    {nobody_trusted, "DEPTH_ZERO_SELF_SIGNED_CERT", false},
    {another_authority, "DEPTH_ZERO_SELF_SIGNED_CERT", false},
    {one_authority_more, "", false},
    {default_roots, "DEPTH_ZERO_SELF_SIGNED_CERT", false},
    {revoked, "CERT_REVOKED", false},
    {higher_level, "", false},
    {longer_dh, "", false},
    {pinned, "", false},
    {pinned_to_another, "ERR_PIN", false},
};
enum { DEMANDS = sizeof demands / sizeof *demands };

START_TEST(session_is_offered_where_nothing_has_changed)
{
    int row = _i / 2;

    prepare(_i % 2);
    crl = NULL;
    other = cert_make((struct cert_request){.cn = "other", .ca = true});
    other_pem.bytes = other.pem;
    link_listen();
    first_connection();
    demands[row].changes();
    ck_assert_int_eq(resumes(der, der_len), demands[row].resumes);
    ck_assert_str_eq(linked.client_error.code, demands[row].error);
    ck_assert_int_eq(rp_socket_authorized(linked.client), demands[row].error[0] == '\0');
    link_close();
    cert_free(&other);
    free(crl);
}
END_TEST

/* -- verdicts */

/* The name is wrong, or the chain, and the first client goes on all the same. */
START_TEST(verdict_is_the_one_of_a_full_handshake)
{
    bool by_name = (_i & 2) != 0, strict = (_i & 4) != 0;
    const char *code = by_name ? "ERR_TLS_CERT_ALTNAME_INVALID" : "DEPTH_ZERO_SELF_SIGNED_CERT";

    prepare(_i % 2);
    linked.options.allow_unauthorized = true;
    if (by_name)
        another_name();
    else
        nobody_trusted();
    link_listen();
    first_connection();
    linked.options.allow_unauthorized = !strict;
    ck_assert_int_eq(resumes(der, der_len), !strict);
    ck_assert_int_eq(linked.connected, !strict);
    ck_assert(!rp_socket_authorized(linked.client));
    ck_assert_str_eq(rp_socket_authorization_error(linked.client), code);
    ck_assert_str_eq(linked.client_error.code, strict ? code : "");
    link_close();
}
END_TEST

START_TEST(session_of_a_client_that_goes_on_is_authorized_if_its_server_was)
{
    prepare(_i % 2);
    linked.options.allow_unauthorized = _i < 2;
    link_listen();
    first_connection();
    linked.options.allow_unauthorized = _i >= 2;
    ck_assert(resumes(der, der_len));
    ck_assert(rp_socket_authorized(linked.client));
    link_close();
}
END_TEST

START_TEST(server_without_a_certificate_is_not_authorized_by_resuming)
{
    prepare(0);
    linked.server_tls.cert = linked.server_tls.key = NULL;
    linked.server_tls.cert_count = linked.server_tls.key_count = 0;
    linked.server_tls.ciphers = linked.client_tls.ciphers = "AECDH-AES128-SHA:@SECLEVEL=0";
    linked.server_tls.max_version = "TLSv1.2";
    linked.options.allow_unauthorized = true;
    link_listen();
    first_connection();
    linked.options.allow_unauthorized = _i == 0;
    ck_assert_int_eq(resumes(der, der_len), _i == 0);
    ck_assert(!rp_socket_authorized(linked.client));
    ck_assert_str_eq(rp_socket_authorization_error(linked.client), "UNABLE_TO_GET_ISSUER_CERT");
    ck_assert_str_eq(linked.client_error.code, _i == 0 ? "" : "UNABLE_TO_GET_ISSUER_CERT");
    link_close();
}
END_TEST

START_TEST(pin_is_asked_before_a_session_is_offered)
{
    prepare(_i);
    pinned();
    link_listen();
    first_connection();
    ck_assert_uint_eq(asked, 1);
    ck_assert(resumes(der, der_len));
    ck_assert_uint_eq(asked, 2);
    link_close();
}
END_TEST

START_TEST(pin_that_changes_is_a_full_handshake)
{
    prepare(_i);
    pinned();
    link_listen();
    first_connection();
    refuses = true;
    ck_assert(!resumes(der, der_len));
    ck_assert_str_eq(linked.client_error.code, "ERR_PIN");
    ck_assert_uint_eq(asked, 3);
    link_close();
}
END_TEST

START_TEST(pin_that_refused_is_a_full_handshake)
{
    prepare(_i);
    pinned();
    refuses = linked.options.allow_unauthorized = true;
    link_listen();
    first_connection();
    refuses = false;
    ck_assert(!resumes(der, der_len));
    ck_assert(rp_socket_authorized(linked.client));
    ck_assert_uint_eq(asked, 2);
    link_close();
}
END_TEST

static bool destroy(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)host, (void)cert, (void)arg, (void)err;
    if (++asked > 1)
        rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    return true;
}

START_TEST(check_may_destroy_its_socket)
{
    prepare(_i);
    linked.options.check_server_identity = destroy;
    link_listen();
    first_connection();
    ck_assert(!resumes(der, der_len));
    ck_assert(linked.client_closed);
    ck_assert_str_eq(linked.client_error.code, "");
    link_close();
}
END_TEST

START_TEST(session_is_not_offered_when_its_chain_has_expired)
{
    SSL_SESSION *session;
    struct rp_session_bond bond;
    uint8_t name[64], verdict[64], trust[RP_TRUST_SIZE], *at = der;

    prepare(_i % 2);
    link_listen();
    first_connection();
    session = rp_session_import(der, der_len);
    ck_assert(rp_session_read_bond(session, &bond));
    ck_assert_uint_gt(bond.until, (uint64_t)time(NULL) + 29 * 86400);
    ck_assert_uint_lt(bond.until, (uint64_t)time(NULL) + 31 * 86400);
    bond.name = rp_cursor_of(memcpy(name, bond.name.at, 9), 9);
    bond.verdict = rp_cursor_of(verdict, 0);
    bond.trust = memcpy(trust, bond.trust, sizeof trust);
    bond.until = (uint64_t)time(NULL) + (_i < 2 ? 0 : 1000);
    ck_assert(rp_session_bind(session, &bond));
    der_len = (size_t)i2d_SSL_SESSION(session, &at);
    SSL_SESSION_free(session);
    ck_assert_int_eq(resumes(der, der_len), _i >= 2);
    ck_assert(rp_socket_authorized(linked.client));
    link_close();
}
END_TEST

/* -- pre-shared keys */

static size_t client_key(struct rp_socket *s, const char *hint, char *identity, uint8_t *key,
                         void *arg)
{
    (void)s, (void)hint, (void)arg;
    memcpy(identity, "me", 3);
    memset(key, 7, 32);
    return 32;
}

static size_t server_key(struct rp_socket *s, const char *identity, uint8_t *key, void *arg)
{
    (void)s, (void)identity, (void)arg;
    memset(key, 7, 32);
    return 32;
}

static bool anybody(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)host, (void)cert, (void)arg, (void)err;
    return true;
}

START_TEST(session_of_a_pre_shared_key_takes_nobody_in)
{
    prepare(_i % 2);
    linked.server_tls.cert = linked.server_tls.key = NULL;
    linked.server_tls.cert_count = linked.server_tls.key_count = 0;
    linked.server_tls.ciphers = linked.client_tls.ciphers = "PSK:TLS_AES_128_GCM_SHA256";
    linked.server_options.psk_callback = server_key;
    linked.options.psk_callback = client_key;
    linked.options.check_server_identity = anybody;
    link_listen();
    first_connection();
    if (_i < 2) { /* with the key, too: by the key */
        resumes(der, der_len);
        ck_assert_msg(linked.connected, "%s", linked.client_error.message);
        ck_assert(rp_socket_authorized(linked.client));
    } else { /* without it a server that has none else to show is none */
        linked.options.psk_callback = NULL;
        ck_assert(!resumes(der, der_len));
        ck_assert(!linked.connected);
    }
    link_close();
}
END_TEST

/* In TLS 1.2 there is a name to compare and no certificate; in TLS 1.3 node does not look (E8). */
START_TEST(key_is_enough_in_tls13)
{
    prepare(_i);
    linked.server_tls.cert = linked.server_tls.key = NULL;
    linked.server_tls.cert_count = linked.server_tls.key_count = 0;
    linked.server_tls.ciphers = linked.client_tls.ciphers = "PSK:TLS_AES_128_GCM_SHA256";
    linked.server_options.psk_callback = server_key;
    linked.options.psk_callback = client_key;
    linked.options.allow_unauthorized = true;
    link_listen();
    link_connect();
    link_run(link_is_open);
    ck_assert(linked.connected);
    ck_assert_int_eq(rp_socket_authorized(linked.client), _i == 1);
    link_close();
}
END_TEST

/* -- sessions from elsewhere */

/* The session of `der` bound to nothing, as node 20 or OpenSSL have it; its length. */
static size_t strip(uint8_t *out)
{
    const uint8_t *in = der;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &in, (long)der_len);
    size_t len;

    SSL_SESSION_set1_ticket_appdata(session, "", 0);
    len = (size_t)i2d_SSL_SESSION(session, &out);
    SSL_SESSION_free(session);
    return len;
}

/* The header that node puts before a session. */
static size_t head(uint8_t *out, const char *name)
{
    static const char mark[] = "\0nodejs:tls:session:1";
    size_t len = strlen(name);

    memcpy(out, mark, sizeof mark);
    out[sizeof mark] = (uint8_t)(len >> 8);
    out[sizeof mark + 1] = (uint8_t)len;
    memcpy(out + sizeof mark + 2, name, len);
    return sizeof mark + 2 + len;
}

START_TEST(session_that_says_no_name_is_offered_on_demand_only)
{
    uint8_t raw[16384];
    size_t len;

    prepare(_i % 2);
    link_listen();
    first_connection();
    len = strip(raw);
    linked.options.session_anywhere = _i >= 2;
    ck_assert_int_eq(resumes(raw, len), _i >= 2);
    ck_assert(rp_socket_authorized(linked.client));
    link_close();
}
END_TEST

START_TEST(session_is_offered_under_another_name_on_demand_only)
{
    prepare(_i);
    link_listen();
    first_connection();
    another_name();
    linked.options.session_anywhere = true;
    ck_assert(resumes(der, der_len));
    link_close();
}
END_TEST

enum { OWN_NAME, OTHER_NAME, OTHER_HEADER, WHOLE, WHOLE_OTHER, UNTRUSTED, PINNED, NODE_ROWS };

START_TEST(session_of_node_is_offered_under_its_name)
{
    uint8_t bytes[16384];
    int row = _i / 2;
    size_t len;

    prepare(_i % 2);
    link_listen();
    first_connection();
    len = head(bytes, row == OTHER_NAME || row == OTHER_HEADER || row == WHOLE_OTHER ? "b.example"
                                                                                     : "a.example");
    if (row == WHOLE || row == WHOLE_OTHER) {
        memcpy(bytes + len, der, der_len);
        len += der_len;
    } else {
        len += strip(bytes + len);
    }
    if (row == OTHER_NAME)
        another_name();
    if (row == UNTRUSTED)
        nobody_trusted();
    if (row == PINNED)
        pinned_to_another();
    ck_assert_int_eq(resumes(bytes, len), row == OWN_NAME || row == WHOLE);
    ck_assert_int_eq(rp_socket_authorized(linked.client),
                     row != OTHER_NAME && row != UNTRUSTED && row != PINNED);
    link_close();
}
END_TEST

/* The one between server and root is not in a session. */
START_TEST(session_of_node_is_offered_when_its_chain_cannot_be_seen)
{
    struct cert root = cert_make((struct cert_request){.cn = "root", .ca = true}),
                middle = cert_make((struct cert_request){.cn = "mid", .ca = true, .issuer = &root}),
                leaf = cert_make((struct cert_request){
                    .cn = "a.example", .alt = "DNS:a.example", .issuer = &middle});
    struct rp_pem chain = {0}, key = {.bytes = leaf.key_pem}, trusted = {.bytes = root.pem};
    uint8_t bytes[16384];
    char *text;
    size_t len;

    prepare(_i % 2);
    ck_assert_int_gt(asprintf(&text, "%s%s", leaf.pem, middle.pem), 0);
    chain.bytes = text;
    linked.server_tls.cert = &chain;
    linked.server_tls.key = &key;
    linked.client_tls.ca = &trusted;
    link_listen();
    first_connection();
    len = head(bytes, "a.example");
    len += strip(bytes + len);
    if (_i >= 2)
        nobody_trusted();
    ck_assert_int_eq(resumes(bytes, len), _i < 2);
    ck_assert_int_eq(rp_socket_authorized(linked.client), _i < 2);
    link_close();
    free(text);
    cert_free(&root);
    cert_free(&middle);
    cert_free(&leaf);
}
END_TEST

START_TEST(what_is_not_a_session_is_an_error)
{
    static const char junk[] = "junk";
    struct rp_net_options net = {.host = "127.0.0.1", .port = 1};
    struct rp_error err = {0};
    uint8_t bytes[64];

    prepare(0);
    linked.options.net = &net;
    linked.options.session = (struct rp_bytes){junk, 4};
    ck_assert_ptr_null(rp_connect(linked.loop, &linked.options, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    for (size_t len = 1; len <= head(bytes, "a.example"); len++)
        ck_assert_ptr_null(rp_session_from_der(bytes, len, &err));
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

START_TEST(bond_that_is_cut_off_binds_nothing)
{
    uint8_t trust[RP_TRUST_SIZE] = {1};
    struct rp_session_bond bond = {rp_cursor_of("name", 4), rp_cursor_of("code", 4), trust, 77};
    SSL_SESSION *session = SSL_SESSION_new(), *copy = SSL_SESSION_new();
    void *bytes;
    size_t len;

    ck_assert(!rp_session_read_bond(session, &bond));
    bond = (struct rp_session_bond){rp_cursor_of("name", 4), rp_cursor_of("code", 4), trust, 77};
    ck_assert(rp_session_bind(session, &bond));
    ck_assert(rp_session_read_bond(session, &bond));
    ck_assert_uint_eq(bond.until, 77);
    ck_assert_mem_eq(bond.name.at, "name", 4);
    ck_assert_mem_eq(bond.verdict.at, "code", 4);
    ck_assert_mem_eq(bond.trust, trust, sizeof trust);
    SSL_SESSION_get0_ticket_appdata(session, &bytes, &len);
    for (size_t i = 0; i < len; i++) {
        SSL_SESSION_set1_ticket_appdata(copy, bytes, i);
        ck_assert(!rp_session_read_bond(copy, &bond));
    }
    bond.verdict = rp_cursor_of(bytes, 0);
    bond.verdict.end += RP_VERDICT_MAX + 1; /* only its length is looked at */
    ck_assert(!rp_session_bind(session, &bond));
    ck_assert(!rp_session_read_bond(session, &bond));
    SSL_SESSION_free(session);
    SSL_SESSION_free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_session_bond");
    TCase *t = tcase_create("tls_session_bond");

    tcase_add_loop_test(t, session_is_offered_where_nothing_has_changed, 0, 2 * DEMANDS);
    tcase_add_loop_test(t, verdict_is_the_one_of_a_full_handshake, 0, 8);
    tcase_add_loop_test(t, session_of_a_client_that_goes_on_is_authorized_if_its_server_was, 0, 4);
    tcase_add_loop_test(t, server_without_a_certificate_is_not_authorized_by_resuming, 0, 2);
    tcase_add_loop_test(t, pin_is_asked_before_a_session_is_offered, 0, 2);
    tcase_add_loop_test(t, pin_that_changes_is_a_full_handshake, 0, 2);
    tcase_add_loop_test(t, pin_that_refused_is_a_full_handshake, 0, 2);
    tcase_add_loop_test(t, check_may_destroy_its_socket, 0, 2);
    tcase_add_loop_test(t, session_is_not_offered_when_its_chain_has_expired, 0, 4);
    tcase_add_loop_test(t, session_of_a_pre_shared_key_takes_nobody_in, 0, 4);
    tcase_add_loop_test(t, key_is_enough_in_tls13, 0, 2);
    tcase_add_loop_test(t, session_that_says_no_name_is_offered_on_demand_only, 0, 4);
    tcase_add_loop_test(t, session_is_offered_under_another_name_on_demand_only, 0, 2);
    tcase_add_loop_test(t, session_of_node_is_offered_under_its_name, 0, 2 * NODE_ROWS);
    tcase_add_loop_test(t, session_of_node_is_offered_when_its_chain_cannot_be_seen, 0, 4);
    tcase_add_test(t, what_is_not_a_session_is_an_error);
    tcase_add_test(t, bond_that_is_cut_off_binds_nothing);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
