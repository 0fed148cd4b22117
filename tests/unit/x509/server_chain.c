/* SPDX-License-Identifier: MIT
 *
 * server_chain.c - what is wrong with the certificates of a server, one fault at a time; and that
 * good ones have none. */
#include "lib/x509/server_chain.h"
#include "tests/unit/certs.h"
#include "tests/unit/unit.h"

static struct cert root, intermediate, leaf, plain;
static struct rp_issuers *issuers;

static void setup(void)
{
    setenv("SSL_CERT_FILE", "/dev/null", 1);
    root = cert_make((struct cert_request){.cn = "root", .ca = true});
    intermediate = cert_make((struct cert_request){.cn = "middle", .ca = true, .issuer = &root});
    leaf = cert_make(
        (struct cert_request){.cn = "a.example", .alt = "DNS:a.example", .issuer = &intermediate});
    plain = cert_make(
        (struct cert_request){.cn = "b.example", .alt = "DNS:b.example", .issuer = &root});
    issuers = rp_issuers_new(NULL);
    ck_assert_ptr_nonnull(issuers);
}

static void teardown(void)
{
    struct cert *all[] = {&root, &intermediate, &leaf, &plain};

    rp_issuers_free(issuers);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cert_free(all[i]);
}

static struct rp_chain_report judge(const char *a, const char *b, const char *c)
{
    struct rp_chain_report report;
    struct rp_error err = {0};
    char text[16384];

    snprintf(text, sizeof text, "%s%s%s", a, b, c);
    ck_assert_msg(rp_chain_judge(&report, text, strlen(text), issuers, &err), "%s", err.message);
    return report;
}

static void know(const struct cert *c, const char *file)
{
    ck_assert(rp_issuers_add(issuers, c->pem, strlen(c->pem), file, NULL));
}

START_TEST(complete_chains_have_no_fault)
{
    ck_assert_uint_eq(judge(leaf.pem, intermediate.pem, root.pem).faults, 0);
    ck_assert_uint_eq(judge(plain.pem, root.pem, "").faults, 0);
    know(&root, "root.pem");
    ck_assert_uint_eq(judge(leaf.pem, intermediate.pem, "").faults, 0);
    ck_assert_uint_eq(judge(plain.pem, "", "").faults, 0);
}
END_TEST

START_TEST(a_self_signed_certificate_is_a_chain)
{
    struct cert own = cert_make((struct cert_request){.cn = "c", .alt = "DNS:c", .ca = true});

    ck_assert_uint_eq(judge(own.pem, "", "").faults, 0);
    cert_free(&own);
}
END_TEST

START_TEST(a_missing_intermediate_is_named_with_its_file)
{
    struct rp_chain_report r;

    r = judge(leaf.pem, "", "");
    ck_assert_uint_eq(r.faults, RP_CHAIN_INCOMPLETE);
    ck_assert_str_eq(r.issuer, "CN=middle");
    ck_assert_ptr_null(r.file);
    know(&root, "root.pem");
    know(&intermediate, "middle.pem");
    r = judge(leaf.pem, "", "");
    ck_assert_uint_eq(r.faults, RP_CHAIN_INCOMPLETE);
    ck_assert_str_eq(r.file, "middle.pem");
}
END_TEST

START_TEST(order_and_extra_certificates)
{
    struct rp_chain_report r;

    ck_assert_uint_eq(judge(leaf.pem, root.pem, intermediate.pem).faults, RP_CHAIN_MISORDERED);
    r = judge(plain.pem, root.pem, intermediate.pem);
    ck_assert_uint_eq(r.faults, RP_CHAIN_EXTRA);
    ck_assert_uint_eq(r.extra, 1);
    ck_assert_uint_eq(r.count, 3);
}
END_TEST

START_TEST(an_issuer_that_is_no_ca_is_invalid)
{
    struct cert other =
        cert_make((struct cert_request){.cn = "d", .alt = "DNS:d", .issuer = &plain});
    struct rp_chain_report r = judge(other.pem, plain.pem, root.pem);

    ck_assert_uint_eq(r.faults, RP_CHAIN_INVALID);
    ck_assert_ptr_nonnull(strstr(r.invalid, "CA"));
    cert_free(&other);
}
END_TEST

START_TEST(usage_and_names)
{
    struct cert client = cert_make((struct cert_request){
        .cn = "e", .alt = "DNS:e", .issuer = &root, .extended_usage = "clientAuth"});
    struct cert both = cert_make((struct cert_request){
        .cn = "e", .alt = "DNS:e", .issuer = &root, .extended_usage = "clientAuth,serverAuth"});
    struct cert nameless = cert_make((struct cert_request){.cn = "e", .issuer = &root});

    know(&root, "root.pem");
    ck_assert_uint_eq(judge(client.pem, "", "").faults, RP_CHAIN_NOT_SERVER);
    ck_assert_uint_eq(judge(both.pem, "", "").faults, 0);
    ck_assert_uint_eq(judge(nameless.pem, "", "").faults, RP_CHAIN_NO_ALT_NAME);
    ck_assert_uint_eq(judge(intermediate.pem, "", "").faults,
                      RP_CHAIN_OF_CA | RP_CHAIN_NO_ALT_NAME);
    cert_free(&client);
    cert_free(&both);
    cert_free(&nameless);
}
END_TEST

/* Give a copy of `plain` another key, or an extension, and sign it again. */
static char *altered(EVP_PKEY *key, int nid, const char *value)
{
    X509 *x = X509_dup(plain.x509);
    BIO *bio = BIO_new(BIO_s_mem());

    if (key != NULL)
        X509_set_pubkey(x, key);
    if (value != NULL)
        cert_extension(x, root.x509, nid, value);
    ck_assert_int_gt(X509_sign(x, root.key, EVP_sha256()), 0);
    PEM_write_bio_X509(bio, x);
    X509_free(x);
    EVP_PKEY_free(key);
    return cert_pem_text(bio);
}

static void has_fault(char *pem, unsigned faults, const char *key)
{
    struct rp_chain_report r = judge(pem, root.pem, "");

    ck_assert_msg(r.faults == faults, "%x, not %x: %s", r.faults, faults, r.key);
    ck_assert_str_eq(r.key, key);
    free(pem);
}

START_TEST(keys)
{
    has_fault(altered(EVP_RSA_gen(1024), 0, NULL), RP_CHAIN_SHORT_KEY, "RSA 1024");
    has_fault(altered(EVP_RSA_gen(2048), 0, NULL), 0, "RSA 2048");
    has_fault(altered(EVP_EC_gen("P-256"), 0, NULL), 0, "EC prime256v1");
    has_fault(altered(EVP_EC_gen("P-384"), 0, NULL), 0, "EC secp384r1");
    has_fault(altered(EVP_EC_gen("P-521"), 0, NULL), RP_CHAIN_RARE_KEY, "EC secp521r1");
    has_fault(altered(EVP_EC_gen("secp256k1"), 0, NULL), RP_CHAIN_RARE_KEY, "EC secp256k1");
    has_fault(altered(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), 0, NULL), RP_CHAIN_RARE_KEY,
              "ED25519");
}
END_TEST

START_TEST(must_staple)
{
    has_fault(altered(NULL, NID_tlsfeature, "status_request"), RP_CHAIN_MUST_STAPLE,
              "EC prime256v1");
}
END_TEST

START_TEST(dates_are_those_of_the_whole_chain)
{
    struct cert brief =
        cert_make((struct cert_request){.cn = "brief", .ca = true, .issuer = &root, .days = 2});
    struct cert own = cert_make((struct cert_request){.cn = "f", .alt = "DNS:f", .issuer = &brief});
    struct rp_chain_report r = judge(own.pem, brief.pem, root.pem);
    uint64_t now = (uint64_t)time(NULL);

    ck_assert_uint_eq(r.late, 1);
    ck_assert_uint_ge(r.not_after, now + 86400);
    ck_assert_uint_le(r.not_after, now + 2 * 86400);
    ck_assert_uint_lt(r.not_before, now);
    ck_assert_uint_eq(judge(leaf.pem, intermediate.pem, "").late, 0);
    cert_free(&brief);
    cert_free(&own);
}
END_TEST

START_TEST(text_without_certificate_is_an_error)
{
    struct rp_chain_report r;
    struct rp_error err = {0};

    ck_assert(!rp_chain_judge(&r, "x", 1, issuers, &err));
    ck_assert_str_eq(err.code, "ERR_OSSL_PEM_NO_START_LINE");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("server_chain");
    TCase *t = tcase_create("faults");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, complete_chains_have_no_fault);
    tcase_add_test(t, a_self_signed_certificate_is_a_chain);
    tcase_add_test(t, a_missing_intermediate_is_named_with_its_file);
    tcase_add_test(t, order_and_extra_certificates);
    tcase_add_test(t, an_issuer_that_is_no_ca_is_invalid);
    tcase_add_test(t, usage_and_names);
    tcase_add_test(t, keys);
    tcase_add_test(t, must_staple);
    tcase_add_test(t, dates_are_those_of_the_whole_chain);
    tcase_add_test(t, text_without_certificate_is_an_error);
    suite_add_tcase(s, t);
    return unit_run(s);
}
