/* SPDX-License-Identifier: MIT
 *
 * x509_chain.c - a peer's certificate with its chain: what getPeerCertificate printed in node, and
 * chains made to have no end. */
#include "tests/unit/unit.h"

#include "lib/x509/internal.h"
#include "tests/unit/goldens.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* All certificates of some files. */
static STACK_OF(X509) * read_certs(const char *const *names)
{
    STACK_OF(X509) *certs = sk_X509_new_null();

    for (; *names; names++) {
        size_t len;
        char *pem = golden_cert(*names, &len);
        BIO *bio = BIO_new_mem_buf(pem, (int)len);
        X509 *cert;

        while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
            sk_X509_push(certs, cert);
        BIO_free(bio);
        free(pem);
    }
    return certs;
}

static X509_STORE *trust(const STACK_OF(X509) * certs)
{
    X509_STORE *store = X509_STORE_new();

    for (int i = 0; i < sk_X509_num(certs); i++)
        X509_STORE_add_cert(store, sk_X509_value(certs, i));
    return store;
}

/* The object for a peer that sent these files, leaf first, to one who trusts those. */
static struct rp_x509 *peer(const char *const *sent, const char *const *trusted)
{
    STACK_OF(X509) *certs = read_certs(sent), *roots = read_certs(trusted);
    X509_STORE *store = trust(roots);
    struct rp_x509 *x = rp_x509_new_chain(sk_X509_value(certs, 0), certs, store, NULL);

    ck_assert_ptr_nonnull(x);
    X509_STORE_free(store);
    sk_X509_pop_free(certs, X509_free);
    sk_X509_pop_free(roots, X509_free);
    return x;
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROOTS      FILES("root-rsa.crt", "root-ec.crt", "root-ed.crt")

/* -- peercert.*.json, which was taken over connections that sent NAME.chain.pem */
static const char *const goldens[] = {
    "badca-leaf",   "clientonly", "cn-only",   "dns-nocn",  "evil-san",
    "expired",      "leaf-ed",    "leaf-p256", "leaf-p521", "leaf-rsa",
    "leaf-rsa1024", "revoked",    "self-ec",   "self-rsa",  "serveronly",
};

/* In place: each {"$hex": "..."} becomes its digits. */
static void unwrap_buffers(json_t *object)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, key, value)
    {
        json_t *hex = json_object_get(value, "$hex");

        if (hex)
            json_object_set(object, key, hex);
        else if (json_is_object(value))
            unwrap_buffers(value);
    }
}

static void assert_json(const struct rp_x509 *x, bool detailed, json_t *golden)
{
    struct rp_x509_json_options options = {.detailed = detailed, .depth = 1};
    char *json = rp_x509_to_json(x, &options, NULL), *expected;

    unwrap_buffers(golden);
    expected = json_dumps(golden, JSON_COMPACT);
    assert_long_texts_eq(json, expected);
    free(json);
    free(expected);
}

static void assert_properties(const struct rp_x509 *x, const json_t *golden)
{
    const struct rp_x509_public_key *key = rp_x509_public_key(x);
    const struct rp_x509 *issuer = rp_x509_issuer_certificate(x);
    const json_t *details = json_object_get(golden, "publicKeyDetails"), *usage;
    size_t len;

    ck_assert_texts_eq(rp_x509_subject(x), golden_string(golden, "subject"));
    ck_assert_texts_eq(rp_x509_issuer(x), golden_string(golden, "issuer"));
    ck_assert_texts_eq(rp_x509_subject_alt_name(x), golden_string(golden, "subjectAltName"));
    ck_assert_texts_eq(rp_x509_info_access(x), golden_string(golden, "infoAccess"));
    ck_assert_texts_eq(rp_x509_valid_from(x), golden_string(golden, "validFrom"));
    ck_assert_texts_eq(rp_x509_valid_to(x), golden_string(golden, "validTo"));
    ck_assert_texts_eq(rp_x509_fingerprint(x), golden_string(golden, "fingerprint"));
    ck_assert_texts_eq(rp_x509_fingerprint256(x), golden_string(golden, "fingerprint256"));
    ck_assert_texts_eq(rp_x509_fingerprint512(x), golden_string(golden, "fingerprint512"));
    ck_assert_texts_eq(rp_x509_serial_number(x), golden_string(golden, "serialNumber"));
    ck_assert_texts_eq(key->type, golden_string(golden, "publicKeyType"));
    ck_assert_texts_eq(key->exponent_decimal, golden_string(details, "publicExponent"));
    ck_assert_texts_eq(key->asn1_curve, golden_string(details, "namedCurve"));
    ck_assert_texts_eq(issuer ? rp_x509_subject(issuer) : NULL,
                       golden_string(golden, "issuerCertificateSubject"));
    ck_assert_int_eq(rp_x509_ca(x), json_is_true(json_object_get(golden, "ca")));
    rp_x509_raw(x, &len);
    ck_assert_int_eq((json_int_t)len, json_integer_value(json_object_get(golden, "raw_len")));
    usage = json_object_get(golden, "keyUsage");
    for (size_t i = 0; i < json_array_size(usage); i++)
        ck_assert_str_eq(rp_x509_key_usage(x)[i], json_string_value(json_array_get(usage, i)));
    ck_assert_int_eq(rp_x509_key_usage(x) != NULL, json_is_array(usage));
}

START_TEST(x509_of_a_peer_prints_what_node_prints)
{
    char name[64], chain[64];
    struct rp_x509 *x;
    json_t *golden;

    snprintf(name, sizeof name, "peercert.%s.json", goldens[_i]);
    snprintf(chain, sizeof chain, "%s.chain.pem", goldens[_i]);
    golden = golden_json(name);
    x = peer(FILES(chain), ROOTS);
    assert_json(x, false, json_object_get(golden, "short"));
    assert_json(x, true, json_object_get(golden, "detailed"));
    rp_x509_unref(x);
    /* X509Certificate knows of no trust. A server that is given no chain sends what it finds. */
    x = peer(FILES(chain, strcmp(goldens[_i], "leaf-ed") == 0 ? "root-ed.crt" : NULL),
             FILES("zero-serial.crt"));
    assert_properties(x, json_object_get(golden, "peerX509"));
    rp_x509_unref(x);
    json_decref(golden);
}
END_TEST

/* -- the chains of verify.json: what was sent, what was trusted */
static const struct {
    const char *name;
    const char *sent[4], *trusted[4];
} verify[] = {
    {"leaf only; ca=[root]", {"leaf-rsa.crt"}, {"root-rsa.crt"}},
    {"leaf only; ca=[root,int]", {"leaf-rsa.crt"}, {"root-rsa.crt", "int-rsa.crt"}},
    {"leaf only; ca=[int]", {"leaf-rsa.crt"}, {"int-rsa.crt"}},
    {"leaf only; ca=[leaf]", {"leaf-rsa.crt"}, {"leaf-rsa.crt"}},
    {"leaf+int; ca=[int]", {"leaf-rsa.crt", "int-rsa.crt"}, {"int-rsa.crt"}},
    {"leaf+int; ca=[other root]", {"leaf-rsa.crt", "int-rsa.crt"}, {"root-ec.crt"}},
    {"leaf+int+root; ca=[other root]",
     {"leaf-rsa.crt", "int-rsa.crt", "root-rsa.crt"},
     {"root-ec.crt"}},
    {"leaf only; ca=undefined", {"leaf-rsa.crt"}, {NULL}},
    {"leaf only but server ca=[int,root] (auto chain)",
     {"leaf-rsa.crt", "int-rsa.crt", "root-rsa.crt"},
     {"root-rsa.crt"}},
    {"self-rsa; ca=[root]", {"self-rsa.crt"}, {"root-rsa.crt"}},
    {"self-rsa; ca=[self]", {"self-rsa.crt"}, {"self-rsa.crt"}},
    {"self-ec(CA:FALSE); ca=[self]", {"self-ec.crt"}, {"self-ec.crt"}},
    {"expired", {"expired.chain.pem"}, {"root-rsa.crt"}},
    {"notyet", {"notyet.chain.pem"}, {"root-rsa.crt"}},
    {"badca-leaf", {"badca-leaf.chain.pem"}, {"root-rsa.crt"}},
    {"pl0-leaf", {"pl0-leaf.chain.pem"}, {"root-rsa.crt"}},
    {"host mismatch", {"sni-a.chain.pem"}, {"root-rsa.crt"}},
};

static const char *common_name(const struct rp_x509 *x)
{
    size_t count;
    const struct rp_x509_attribute *a = rp_x509_subject_attributes(x, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i].name, "CN") == 0)
            return a[i].value;
    return "";
}

START_TEST(x509_chain_ends_where_node_ends_it)
{
    json_t *cases = golden_json("verify.json");
    const json_t *golden = json_object_get(cases, verify[_i].name);
    const json_t *names = json_object_get(golden, "detailed_chain");
    struct rp_x509 *x = peer(verify[_i].sent, verify[_i].trusted);
    const struct rp_x509 *at = x;
    bool circular = false;

    ck_assert_uint_ge(json_array_size(names), 1);
    for (size_t i = 0; i < json_array_size(names); i++) {
        ck_assert_ptr_nonnull(at);
        ck_assert_str_eq(common_name(at), json_string_value(json_array_get(names, i)));
        circular = rp_x509_self_issued(at);
        at = rp_x509_issuer_certificate(at);
    }
    ck_assert_ptr_null(at);
    ck_assert_int_eq(circular,
                     json_is_true(json_object_get(golden, "detailed_chain_ends_circular")));
    rp_x509_unref(x);
    json_decref(cases);
}
END_TEST

static size_t length(const struct rp_x509 *x)
{
    size_t n = 0;

    for (; x; x = rp_x509_issuer_certificate(x))
        n++;
    return n;
}

START_TEST(x509_chain_stops_at_a_root_that_may_not_sign)
{
    struct rp_x509 *x = peer(FILES("self-noca-ku.crt"), FILES("self-noca-ku.crt")); /* N10 */
    char *json = rp_x509_to_json(x, &(struct rp_x509_json_options){.detailed = true}, NULL);

    ck_assert_uint_eq(length(x), 1);
    ck_assert(!rp_x509_self_issued(x));
    ck_assert_ptr_null(strstr(json, "issuerCertificate"));
    free(json);
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_chain_sorts_what_was_sent_in_disorder)
{
    struct rp_x509 *x = peer(FILES("leaf-rsa.crt", "root-rsa.crt", "root-ec.crt", "leaf-rsa.crt",
                                   "int-rsa.crt", "int-rsa.crt"),
                             FILES("int-ec.crt"));

    ck_assert_uint_eq(length(x), 3);
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_chain_needs_neither_list_nor_trust)
{
    STACK_OF(X509) *certs = read_certs(FILES("leaf-rsa.crt"));
    struct rp_x509 *x = rp_x509_new_chain(sk_X509_value(certs, 0), NULL, NULL, NULL);

    ck_assert_uint_eq(length(x), 1);
    sk_X509_pop_free(certs, X509_free);
    ck_assert_str_eq(rp_x509_valid_from(x), "Jan  1 00:00:00 2025 GMT");
    rp_x509_unref(x);
}
END_TEST

/* A certificate of those names, which is all that makes a chain. */
static X509 *named(const char *subject, const char *issuer)
{
    static const unsigned char key[32] = {9};
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, sizeof key);
    X509 *cert = X509_new();

    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)subject, -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)issuer, -1, -1, 0);
    ASN1_TIME_set(X509_getm_notBefore(cert), 0);
    ASN1_TIME_set(X509_getm_notAfter(cert), 4000000000);
    X509_set_pubkey(cert, pkey);
    ck_assert_int_gt(X509_sign(cert, pkey, NULL), 0);
    EVP_PKEY_free(pkey);
    return cert;
}

START_TEST(x509_chain_ends_where_two_issued_each_other)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    X509_STORE *store;
    struct rp_x509 *sent, *trusted;

    sk_X509_push(certs, named("leaf", "a"));
    sk_X509_push(certs, named("a", "b"));
    sk_X509_push(certs, named("b", "a"));
    store = trust(certs);
    sent = rp_x509_new_chain(sk_X509_value(certs, 0), certs, NULL, NULL);
    trusted = rp_x509_new_chain(sk_X509_value(certs, 0), NULL, store, NULL);
    ck_assert_uint_eq(length(sent), 3);
    ck_assert_uint_eq(length(trusted), 3);
    rp_x509_unref(sent);
    rp_x509_unref(trusted);
    X509_STORE_free(store);
    sk_X509_pop_free(certs, X509_free);
}
END_TEST

START_TEST(x509_chain_has_a_greatest_length)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    struct rp_x509 *x;
    char *json;

    for (int i = 0; i < 150; i++) {
        char subject[16], issuer[16];

        snprintf(subject, sizeof subject, "%d", i);
        snprintf(issuer, sizeof issuer, "%d", i + 1);
        sk_X509_push(certs, named(subject, issuer));
    }
    x = rp_x509_new_chain(sk_X509_value(certs, 0), certs, NULL, NULL);
    ck_assert_uint_eq(length(x), 100);
    json = rp_x509_to_json(x, &(struct rp_x509_json_options){.detailed = true}, NULL);
    ck_assert_ptr_nonnull(strstr(json, "\"subject\":{\"CN\":\"99\"}"));
    free(json);
    rp_x509_unref(x);
    sk_X509_pop_free(certs, X509_free);
}
END_TEST

START_TEST(x509_issuer_outlives_the_certificate_it_came_with)
{
    struct rp_x509 *x = peer(FILES("leaf-rsa.chain.pem"), ROOTS);
    struct rp_x509 *issuer = rp_x509_ref(x->issuer_certificate);

    rp_x509_unref(x);
    ck_assert_str_eq(common_name(issuer), "Golden RSA Intermediate");
    ck_assert_uint_eq(length(issuer), 2);
    rp_x509_unref(issuer);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("x509_chain");
    TCase *t = tcase_create("x509_chain");

    tcase_add_loop_test(t, x509_of_a_peer_prints_what_node_prints, 0,
                        sizeof goldens / sizeof *goldens);
    tcase_add_loop_test(t, x509_chain_ends_where_node_ends_it, 0, sizeof verify / sizeof *verify);
    tcase_add_test(t, x509_chain_stops_at_a_root_that_may_not_sign);
    tcase_add_test(t, x509_chain_sorts_what_was_sent_in_disorder);
    tcase_add_test(t, x509_chain_needs_neither_list_nor_trust);
    tcase_add_test(t, x509_chain_ends_where_two_issued_each_other);
    tcase_add_test(t, x509_chain_has_a_greatest_length);
    tcase_add_test(t, x509_issuer_outlives_the_certificate_it_came_with);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
