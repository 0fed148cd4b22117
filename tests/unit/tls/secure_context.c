/* SPDX-License-Identifier: MIT
 *
 * secure_context.c - secure contexts: what is refused and with which of node's words, what is set.
 */
#include <reprise/tls.h>

#include "lib/tls/context/internal.h"
#include "tests/unit/certs.h"
#include "tests/unit/goldens.h"
#include "tests/unit/unit.h"

#include <openssl/pkcs12.h>

static struct cert ca, leaf, other;
static char *encrypted_key; /* of leaf, "secret" */
static struct rp_error err;

static void setup(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    ca = cert_make((struct cert_request){.cn = "CA", .ca = true});
    leaf = cert_make((struct cert_request){
        .cn = "leaf", .alt = "DNS:B.example,DNS:a.example,DNS:b.example", .issuer = &ca});
    other = cert_make((struct cert_request){.cn = "other"});
    PEM_write_bio_PKCS8PrivateKey(bio, leaf.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
    encrypted_key = cert_pem_text(bio);
    err = (struct rp_error){0};
}

static void teardown(void)
{
    cert_free(&ca);
    cert_free(&leaf);
    cert_free(&other);
    free(encrypted_key);
}

static struct rp_secure_context *make(struct rp_secure_context_options o)
{
    return rp_secure_context_new(&o, &err);
}

/* Each row of node's goldens that C can ask at all, with the same inputs. */
struct row {
    const char *golden;
    struct rp_secure_context_options options;
};

static const struct rp_pem garbage = {.bytes = "garbage"};

static const struct row rows[] = {
    {"createSecureContext: empty", {0}},
    {"createSecureContext: ca garbage", {.ca = &garbage, .ca_count = 1}},
    {"createSecureContext: ca []", {.empty_ca = true}},
    {"createSecureContext: cert garbage", {.cert = &garbage, .cert_count = 1}},
    {"createSecureContext: key garbage", {.key = &garbage, .key_count = 1}},
    {"createSecureContext: pfx garbage", {.pfx = &garbage, .pfx_count = 1}},
    {"createSecureContext: crl garbage", {.crl = &garbage, .crl_count = 1}},
    {"createSecureContext: ciphers empty", {.ciphers = ""}},
    {"createSecureContext: ciphers unknown", {.ciphers = "aes256-not-a-cipher"}},
    {"createSecureContext: ciphers only colon", {.ciphers = ":"}},
    {"createSecureContext: ciphers unknown TLS_", {.ciphers = "TLS_NOPE"}},
    {"createSecureContext: ciphers lower tls13", {.ciphers = "tls_aes_128_gcm_sha256"}},
    {"createSecureContext: ciphers only 1.3", {.ciphers = "TLS_AES_128_GCM_SHA256"}},
    {"createSecureContext: ciphers only 1.3 max 1.2",
     {.ciphers = "TLS_AES_128_GCM_SHA256", .max_version = "TLSv1.2"}},
    {"createSecureContext: ciphers !TLS_", {.ciphers = "!TLS_AES_128_GCM_SHA256"}},
    {"createSecureContext: ciphers lower 1.2", {.ciphers = "ecdhe-rsa-aes128-gcm-sha256"}},
    {"createSecureContext: ciphers mix unknown", {.ciphers = "NOPE:ECDHE-RSA-AES128-GCM-SHA256"}},
    {"createSecureContext: ciphers SECLEVEL=0", {.ciphers = "DEFAULT@SECLEVEL=0"}},
    {"createSecureContext: sigalgs empty", {.sigalgs = ""}},
    {"createSecureContext: sigalgs ok", {.sigalgs = "RSA-PSS+SHA256:ECDSA+SHA256"}},
    {"createSecureContext: sigalgs ed25519", {.sigalgs = "ed25519"}},
    {"createSecureContext: ecdhCurve empty", {.ecdh_curve = ""}},
    {"createSecureContext: ecdhCurve unknown", {.ecdh_curve = "P-999"}},
    {"createSecureContext: ecdhCurve list", {.ecdh_curve = "P-256:X25519"}},
    {"createSecureContext: ecdhCurve auto", {.ecdh_curve = "auto"}},
    {"createSecureContext: ecdhCurve auto in list", {.ecdh_curve = "auto:P-256"}},
    {"createSecureContext: ecdhCurve prime256v1", {.ecdh_curve = "prime256v1"}},
    {"createSecureContext: ecdhCurve dup", {.ecdh_curve = "P-256:P-256"}},
    {"createSecureContext: dhparam auto", {.dhparam = "auto"}},
    {"createSecureContext: dhparam garbage", {.dhparam = "garbage"}},
    {"createSecureContext: minVersion bad", {.min_version = "SSLv3"}},
    {"createSecureContext: maxVersion bad", {.max_version = "fhqwhgads"}},
    {"createSecureContext: minVersion empty", {.min_version = ""}},
    {"createSecureContext: minVersion lower", {.min_version = "tlsv1.2"}},
    {"createSecureContext: minVersion + secureProtocol",
     {.min_version = "TLSv1.2", .secure_protocol = "TLS_method"}},
    {"createSecureContext: maxVersion + secureProtocol",
     {.max_version = "TLSv1.2", .secure_protocol = "TLSv1_2_method"}},
    {"createSecureContext: secureProtocol empty", {.secure_protocol = ""}},
    {"createSecureContext: sessionIdContext 32",
     {.session_id_context = "01234567890123456789012345678901", .session_id_context_len = 32}},
    {"createSecureContext: sessionTimeout 2^31", {.session_timeout = 1u << 31}},
};

/* Node's words, which may go on where ours end; ours end with the option. */
static bool begins_like(const char *message, const char *nodes)
{
    const char *option = strstr(message, "; option ");

    return strncmp(message, nodes, option != NULL ? (size_t)(option - message) : strlen(message)) ==
           0;
}

START_TEST(context_is_refused_as_node_refuses_it)
{
    const struct row *row = &rows[_i];
    json_t *goldens = golden_json("errors.json"), *golden = json_object_get(goldens, row->golden);
    bool ok = json_is_true(json_object_get(golden, "ok"));
    const char *code = golden_string(golden, "code"), *message = golden_string(golden, "message");
    struct rp_secure_context *c = rp_secure_context_new(&row->options, &err);

    ck_assert_msg(golden != NULL, "no golden %s", row->golden);
    if (openssl_since(3, 5) && strstr(row->golden, "ecdhCurve dup") != NULL) {
        ck_assert_msg(c != NULL, "%s", err.message); /* as in node with this OpenSSL */
        rp_secure_context_unref(c);
        json_decref(goldens);
        return;
    }
    ck_assert_msg((c != NULL) == ok, "%s: %s %s", row->golden, err.code, err.message);
    if (!ok) {
        ck_assert_str_eq(err.code, code != NULL ? code : "");
        ck_assert_msg(begins_like(err.message, message), "%s != %s", err.message, message);
        ck_assert_texts_eq(err.library[0] ? err.library : NULL, golden_string(golden, "library"));
    }
    rp_secure_context_unref(c);
    json_decref(goldens);
}
END_TEST

static const char *const methods[] = {
    "SSLv2_method",
    "SSLv2_server_method",
    "SSLv2_client_method",
    "SSLv3_method",
    "SSLv3_server_method",
    "SSLv3_client_method",
    "SSLv23_method",
    "SSLv23_server_method",
    "TLS_method",
    "TLS_server_method",
    "TLS_client_method",
    "TLSv1_method",
    "TLSv1_1_method",
    "TLSv1_1_server_method",
    "TLSv1_2_method",
    "TLSv1_2_client_method",
    "TLSv1_3_method",
    "DTLS_method",
    "blah",
    "hokey-pokey",
};

START_TEST(protocol_method_is_known_as_node_knows_it)
{
    json_t *goldens = golden_json("errors.json"), *golden;
    char name[64];
    struct rp_secure_context *c =
        make((struct rp_secure_context_options){.secure_protocol = methods[_i]});

    snprintf(name, sizeof name, "secureProtocol %s", methods[_i]);
    golden = json_object_get(goldens, name);
    ck_assert_ptr_nonnull(golden);
    if (c == NULL) {
        ck_assert_str_eq(err.code, golden_string(golden, "code"));
        ck_assert_str_eq(err.message, golden_string(golden, "message"));
    } else {
        ck_assert_ptr_null(golden_string(golden, "code"));
    }
    rp_secure_context_unref(c);
    json_decref(goldens);
}
END_TEST

START_TEST(protocol_method_sets_its_range_of_versions)
{
    static const struct {
        const char *name;
        int min, max;
    } ranges[] = {{"SSLv23_method", TLS1_2_VERSION, TLS1_2_VERSION},
                  {"TLS_method", 0, TLS1_3_VERSION},
                  {"TLSv1_method", TLS1_VERSION, TLS1_VERSION},
                  {"TLSv1_1_method", TLS1_1_VERSION, TLS1_1_VERSION},
                  {"TLSv1_2_method", TLS1_2_VERSION, TLS1_2_VERSION}};

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct rp_secure_context *c =
            make((struct rp_secure_context_options){.secure_protocol = ranges[i].name});

        ck_assert_int_eq(c->versions.min, ranges[i].min);
        ck_assert_int_eq(c->versions.max, ranges[i].max);
        rp_secure_context_unref(c);
    }
}
END_TEST

/* -- certificates and keys */

static struct rp_secure_context_options with_identity(const struct rp_pem *cert,
                                                      const struct rp_pem *key)
{
    return (struct rp_secure_context_options){
        .cert = cert, .cert_count = 1, .key = key, .key_count = 1};
}

START_TEST(key_of_another_certificate_is_refused)
{
    struct rp_pem cert = {.bytes = leaf.pem}, key = {.bytes = other.key_pem};

    ck_assert_ptr_null(make(with_identity(&cert, &key)));
    ck_assert_str_eq(err.code, "ERR_OSSL_X509_KEY_VALUES_MISMATCH");
    ck_assert_str_eq(err.message, "error:05800074:x509 certificate routines::key values mismatch; "
                                  "option key[0]");
}
END_TEST

START_TEST(key_that_is_encrypted_needs_its_passphrase_and_never_asks)
{
    static const char *const wrong[] = {NULL, "", "wrong"};
    struct rp_pem cert = {.bytes = leaf.pem}, key = {.bytes = encrypted_key};
    struct rp_secure_context_options o = with_identity(&cert, &key);
    struct rp_secure_context *c;

    for (size_t i = 0; i < 3; i++) {
        o.passphrase = wrong[i];
        ck_assert_ptr_null(make(o));
        ck_assert_str_eq(err.code, "ERR_OSSL_BAD_DECRYPT");
        ck_assert_ptr_null(strstr(err.message, "wrong"));
    }
    o.passphrase = "secret";
    ck_assert_ptr_nonnull(c = make(o));
    rp_secure_context_unref(c);
    o.passphrase = "wrong"; /* the key's own wins */
    key.passphrase = "secret";
    ck_assert_ptr_nonnull(c = make(o));
    rp_secure_context_unref(c);
}
END_TEST

START_TEST(certificate_in_der_is_no_pem)
{
    uint8_t *der = NULL;
    int len = i2d_X509(leaf.x509, &der);
    struct rp_pem cert = {.bytes = der, .len = (size_t)len};

    ck_assert_ptr_null(make((struct rp_secure_context_options){.cert = &cert, .cert_count = 1}));
    ck_assert_str_eq(err.code, "ERR_OSSL_PEM_NO_START_LINE");
    OPENSSL_free(der);
}
END_TEST

START_TEST(chain_is_completed_from_the_trusted_without_the_root)
{
    struct cert middle =
        cert_make((struct cert_request){.cn = "middle", .issuer = &ca, .ca = true});
    struct cert end = cert_make((struct cert_request){.cn = "end", .issuer = &middle});
    struct rp_pem cert = {.bytes = end.pem}, key = {.bytes = end.key_pem};
    struct rp_pem trusted[] = {{.bytes = middle.pem}, {.bytes = ca.pem}};
    struct rp_secure_context_options o = with_identity(&cert, &key);
    struct rp_secure_context *c;
    STACK_OF(X509) *chain = NULL;

    o.ca = trusted;
    o.ca_count = 2;
    ck_assert_ptr_nonnull(c = make(o));
    ck_assert_ptr_nonnull(rp_context_next_certificate(c, true));
    ck_assert_int_eq(SSL_CTX_get0_chain_certs(c->ssl, &chain), 1);
    ck_assert_int_eq(sk_X509_num(chain), 1);
    ck_assert_int_eq(X509_cmp(sk_X509_value(chain, 0), middle.x509), 0);
    ck_assert_int_eq(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(c->ssl)), 2);
    rp_secure_context_unref(c);
    cert_free(&middle);
    cert_free(&end);
}
END_TEST

START_TEST(pfx_gives_certificate_key_and_trust)
{
    STACK_OF(X509) *extra = sk_X509_new_null();
    PKCS12 *p12;
    uint8_t *der = NULL;
    struct rp_pem pfx = {.passphrase = "secret"};
    struct rp_secure_context *c;

    sk_X509_push(extra, ca.x509);
    p12 = PKCS12_create("secret", "leaf", leaf.key, leaf.x509, extra, 0, 0, 0, 0, 0);
    pfx.len = (size_t)i2d_PKCS12(p12, &der);
    pfx.bytes = der;
    ck_assert_ptr_nonnull(
        c = make((struct rp_secure_context_options){.pfx = &pfx, .pfx_count = 1}));
    ck_assert_str_eq(rp_secure_context_name(c, 0), "b.example");
    ck_assert_int_eq(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(c->ssl)), 1);
    rp_secure_context_unref(c);
    pfx.passphrase = "wrong";
    ck_assert_ptr_null(make((struct rp_secure_context_options){.pfx = &pfx, .pfx_count = 1}));
    ck_assert_str_eq(err.code, "");
    ck_assert_str_eq(err.message, "mac verify failure; option pfx[0]");
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_X509_free(extra);
}
END_TEST

START_TEST(names_are_those_of_the_certificates_in_lower_case_once)
{
    struct rp_pem certs[] = {{.bytes = leaf.pem}, {.bytes = NULL}},
                  keys[] = {{.bytes = leaf.key_pem}, {.bytes = NULL}};
    struct cert rsa = cert_make((struct cert_request){.cn = "RSA.example", .rsa = true});
    struct rp_secure_context *c;

    certs[1].bytes = rsa.pem;
    keys[1].bytes = rsa.key_pem;
    ck_assert_ptr_nonnull(c = make((struct rp_secure_context_options){
                              .cert = certs, .cert_count = 2, .key = keys, .key_count = 2}));
    ck_assert_str_eq(rp_secure_context_name(c, 0), "rsa.example");
    ck_assert_str_eq(rp_secure_context_name(c, 1), "b.example");
    ck_assert_str_eq(rp_secure_context_name(c, 2), "a.example");
    ck_assert_ptr_null(rp_secure_context_name(c, 3));
    ck_assert_str_eq(rp_secure_context_key_type(c, 0), "rsa");
    ck_assert_str_eq(rp_secure_context_key_type(c, 1), "ec");
    ck_assert_ptr_null(rp_secure_context_key_type(c, 2));
    rp_secure_context_unref(c);
    cert_free(&rsa);
}
END_TEST

START_TEST(dhparam_below_1024_bits_is_refused)
{
    size_t len;
    char *small = golden_cert("dh512.pem", &len), *good = golden_cert("dh2048.pem", &len);
    struct rp_secure_context *c;

    ck_assert_ptr_null(make((struct rp_secure_context_options){.dhparam = small}));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    ck_assert_str_eq(err.message, "DH parameter is less than 1024 bits; option dhparam");
    ck_assert_ptr_nonnull(c = make((struct rp_secure_context_options){.dhparam = good}));
    rp_secure_context_unref(c);
    free(small);
    free(good);
}
END_TEST

/* -- what binds a session */

static bool same_policy(struct rp_secure_context_options a, struct rp_secure_context_options b,
                        enum rp_client_auth auth)
{
    struct rp_secure_context *x = make(a), *y = make(b);
    bool same;

    ck_assert(x != NULL && y != NULL);
    same = x->sid_context_len == y->sid_context_len &&
           memcmp(x->sid_context[auth], y->sid_context[auth], x->sid_context_len) == 0;
    rp_secure_context_unref(x);
    rp_secure_context_unref(y);
    return same;
}

START_TEST(policy_survives_a_renewal_of_the_certificate)
{
    struct cert renewed =
        cert_make((struct cert_request){.cn = "x", .alt = "DNS:a.example,DNS:b.example"});
    struct rp_pem c1 = {.bytes = leaf.pem}, k1 = {.bytes = leaf.key_pem};
    struct rp_pem c2 = {.bytes = renewed.pem}, k2 = {.bytes = renewed.key_pem};
    struct rp_pem c3 = {.bytes = other.pem}, k3 = {.bytes = other.key_pem};

    ck_assert(same_policy(with_identity(&c1, &k1), with_identity(&c2, &k2), RP_CLIENT_AUTH_NONE));
    ck_assert(!same_policy(with_identity(&c1, &k1), with_identity(&c3, &k3), RP_CLIENT_AUTH_NONE));
    cert_free(&renewed);
}
END_TEST

START_TEST(policy_depends_on_trust_and_crls_when_clients_are_asked)
{
    char *crl_text = cert_crl(&ca, NULL);
    struct rp_pem a[] = {{.bytes = ca.pem}, {.bytes = other.pem}},
                  b[] = {{.bytes = other.pem}, {.bytes = ca.pem}}, crl = {.bytes = crl_text};
    struct rp_secure_context_options none = {0}, two = {.ca = a, .ca_count = 2},
                                     turned = {.ca = b, .ca_count = 2},
                                     one = {.ca = a, .ca_count = 1}, empty = {.empty_ca = true},
                                     revoking = two, partial = two;

    revoking.crl = &crl;
    revoking.crl_count = 1;
    partial.allow_partial_trust_chain = true;
    ck_assert(same_policy(two, turned, RP_CLIENT_AUTH_REQUIRE));
    ck_assert(!same_policy(two, one, RP_CLIENT_AUTH_REQUIRE));
    ck_assert(!same_policy(none, empty, RP_CLIENT_AUTH_REQUIRE));
    ck_assert(!same_policy(two, revoking, RP_CLIENT_AUTH_REQUEST));
    ck_assert(!same_policy(two, partial, RP_CLIENT_AUTH_REQUIRE));
    ck_assert(same_policy(two, one, RP_CLIENT_AUTH_NONE));
    free(crl_text);
}
END_TEST

static bool trusts(const struct rp_secure_context *c, X509 *cert)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(c->ssl));

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
        if (X509_cmp(X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)), cert) == 0)
            return true;
    return false;
}

START_TEST(extra_authority_joins_the_default_ones)
{
    struct rp_pem extra = {.bytes = ca.pem}, named = {.bytes = other.pem};
    struct rp_secure_context_options
        none = {0},
        with[] = {{.extra_ca = &extra, .extra_ca_count = 1},
                  {.extra_ca = &extra, .extra_ca_count = 1, .ca = &named, .ca_count = 1},
                  {.extra_ca = &extra, .extra_ca_count = 1, .empty_ca = true}};

    for (int i = 0; i < 3; i++) {
        struct rp_secure_context *c = make(with[i]);

        ck_assert_int_eq(trusts(c, ca.x509), i == 0);
        ck_assert_int_eq(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(c->ssl)), i == 1);
        rp_secure_context_unref(c);
    }
    ck_assert(!same_policy(none, with[0], RP_CLIENT_AUTH_REQUIRE));
}
END_TEST

START_TEST(policy_depends_on_what_is_asked_of_clients)
{
    struct rp_secure_context *c = make((struct rp_secure_context_options){0});

    ck_assert_mem_ne(c->sid_context[RP_CLIENT_AUTH_NONE], c->sid_context[RP_CLIENT_AUTH_REQUEST],
                     32);
    ck_assert_mem_ne(c->sid_context[RP_CLIENT_AUTH_REQUIRE], c->sid_context[RP_CLIENT_AUTH_REQUEST],
                     32);
    rp_secure_context_unref(c);
}
END_TEST

START_TEST(policy_of_nameless_certificates_tells_them_apart)
{
    struct cert a = cert_make((struct cert_request){.alt = "IP:127.0.0.1"}),
                b = cert_make((struct cert_request){.alt = "IP:127.0.0.2"}),
                c = cert_make((struct cert_request){.alt = NULL}),
                d = cert_make((struct cert_request){.alt = NULL});
    struct rp_pem certs[] = {{.bytes = a.pem},
                             {.bytes = b.pem},
                             {.bytes = c.pem},
                             {.bytes = d.pem}},
                  keys[] = {{.bytes = a.key_pem},
                            {.bytes = b.key_pem},
                            {.bytes = c.key_pem},
                            {.bytes = d.key_pem}};

    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            ck_assert_int_eq(same_policy(with_identity(&certs[i], &keys[i]),
                                         with_identity(&certs[j], &keys[j]), RP_CLIENT_AUTH_NONE),
                             i == j);
    cert_free(&a);
    cert_free(&b);
    cert_free(&c);
    cert_free(&d);
}
END_TEST

START_TEST(session_id_context_is_the_callers_if_it_fits)
{
    static const char given[] = "0123456789012345678901234567890123";
    struct rp_secure_context_options o = {.session_id_context = given, .session_id_context_len = 5};
    struct rp_secure_context *c = make(o);

    ck_assert_uint_eq(c->sid_context_len, 5);
    ck_assert_mem_eq(c->sid_context[RP_CLIENT_AUTH_REQUIRE], given, 5);
    rp_secure_context_unref(c);
    o.session_id_context_len = 33;
    ck_assert_ptr_null(make(o));
    ck_assert_ptr_nonnull(strstr(err.message, "ssl session id context too long"));
}
END_TEST

START_TEST(defaults_are_those_of_the_contract)
{
    struct rp_secure_context *c = make((struct rp_secure_context_options){0});
    json_t *statics = golden_json("static.json");

    ck_assert_uint_eq(rp_secure_context_session_timeout(c), 300);
    ck_assert_uint_eq(rp_ticket_keys_count(rp_secure_context_ticket_keys(c)), 1);
    ck_assert_int_eq(c->versions.min, TLS1_2_VERSION);
    ck_assert_int_eq(c->versions.max, TLS1_3_VERSION);
    ck_assert_int_eq(SSL_CTX_get_security_level(c->ssl), 1);
    ck_assert_str_eq(rp_tls_defaults()->ciphers, golden_string(statics, "DEFAULT_CIPHERS"));
    rp_secure_context_unref(c);
    json_decref(statics);
}
END_TEST

START_TEST(tickets_are_off_by_either_word)
{
    struct rp_secure_context *c = make((struct rp_secure_context_options){.tickets = RP_OFF});

    ck_assert(!c->tickets && (c->options & SSL_OP_NO_TICKET) != 0);
    rp_secure_context_unref(c);
    c = make((struct rp_secure_context_options){.secure_options = SSL_OP_NO_TICKET});
    ck_assert(!c->tickets);
    rp_secure_context_unref(c);
    c = make((struct rp_secure_context_options){0});
    ck_assert(c->tickets && (c->options & SSL_OP_NO_TICKET) == 0);
    rp_secure_context_unref(c);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("secure context");
    TCase *t = tcase_create("secure context");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, context_is_refused_as_node_refuses_it, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(t, protocol_method_is_known_as_node_knows_it, 0,
                        sizeof methods / sizeof *methods);
    tcase_add_test(t, protocol_method_sets_its_range_of_versions);
    tcase_add_test(t, key_of_another_certificate_is_refused);
    tcase_add_test(t, key_that_is_encrypted_needs_its_passphrase_and_never_asks);
    tcase_add_test(t, certificate_in_der_is_no_pem);
    tcase_add_test(t, chain_is_completed_from_the_trusted_without_the_root);
    tcase_add_test(t, pfx_gives_certificate_key_and_trust);
    tcase_add_test(t, names_are_those_of_the_certificates_in_lower_case_once);
    tcase_add_test(t, dhparam_below_1024_bits_is_refused);
    tcase_add_test(t, policy_survives_a_renewal_of_the_certificate);
    tcase_add_test(t, policy_depends_on_trust_and_crls_when_clients_are_asked);
    tcase_add_test(t, extra_authority_joins_the_default_ones);
    tcase_add_test(t, policy_depends_on_what_is_asked_of_clients);
    tcase_add_test(t, policy_of_nameless_certificates_tells_them_apart);
    tcase_add_test(t, session_id_context_is_the_callers_if_it_fits);
    tcase_add_test(t, defaults_are_those_of_the_contract);
    tcase_add_test(t, tickets_are_off_by_either_word);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
