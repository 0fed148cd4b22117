/* SPDX-License-Identifier: MIT
 *
 * defaults.c - the values of node's module tls (section A): static.json, and the roots. */
#include "tests/unit/unit.h"

#include <reprise/secure_context.h>
#include <reprise/tls.h>
#include <reprise/x509.h>

#include "tests/unit/goldens.h"

static json_t *values;

static void load(void)
{
    values = golden_json("static.json");
}

static void unload(void)
{
    json_decref(values);
}

START_TEST(defaults_can_be_changed)
{
    struct rp_tls_defaults *d = rp_tls_defaults(), before = *d;
    struct rp_error err = {0};
    struct rp_secure_context *c;

    d->min_version = "TLSv9";
    ck_assert_ptr_null(rp_secure_context_new(NULL, &err));
    ck_assert_str_eq(err.code, "ERR_TLS_INVALID_PROTOCOL_VERSION");
    *d = before;
    d->ciphers = "nothing";
    ck_assert_ptr_null(rp_secure_context_new(NULL, &err));
    ck_assert_str_eq(err.code, "ERR_SSL_NO_CIPHER_MATCH");
    *d = before;
    d->ecdh_curve = "no curve";
    ck_assert_ptr_null(rp_secure_context_new(NULL, &err));
    ck_assert_str_eq(err.code, "ERR_CRYPTO_OPERATION_FAILED");
    *d = (struct rp_tls_defaults){0};
    c = rp_secure_context_new(NULL, &err);
    ck_assert_ptr_nonnull(c);
    rp_secure_context_unref(c);
    *d = before;
}
END_TEST

START_TEST(module_has_nodes_defaults)
{
    ck_assert_str_eq(RP_DEFAULT_CIPHERS, golden_string(values, "DEFAULT_CIPHERS"));
    ck_assert_str_eq(RP_DEFAULT_ECDH_CURVE, golden_string(values, "DEFAULT_ECDH_CURVE"));
    ck_assert_str_eq(RP_DEFAULT_MIN_VERSION, golden_string(values, "DEFAULT_MIN_VERSION"));
    ck_assert_str_eq(RP_DEFAULT_MAX_VERSION, golden_string(values, "DEFAULT_MAX_VERSION"));
    ck_assert_int_eq(RP_CLIENT_RENEG_LIMIT,
                     json_integer_value(json_object_get(values, "CLIENT_RENEG_LIMIT")));
    ck_assert_int_eq(RP_CLIENT_RENEG_WINDOW,
                     json_integer_value(json_object_get(values, "CLIENT_RENEG_WINDOW")));
}
END_TEST

static bool has(const char **names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* What depends on how OpenSSL was built may be missing; what is neither PSK, SRP nor CCM may not.
 */
START_TEST(ciphers_are_those_of_node)
{
    const char **names = rp_get_ciphers();
    const json_t *expected = json_object_get(values, "getCiphers");

    for (size_t i = 0; i < json_array_size(expected); i++) {
        const char *name = json_string_value(json_array_get(expected, i));

        if (!strstr(name, "psk") && !strstr(name, "srp"))
            ck_assert_msg(has(names, name), "%s is missing", name);
    }
    ck_assert(has(names, "tls_aes_128_ccm_8_sha256"));
    free(names);
}
END_TEST

START_TEST(openssl_is_named_with_its_version)
{
    ck_assert_int_eq(strncmp(rp_openssl_version(), "OpenSSL 3.", 10), 0);
}
END_TEST

START_TEST(ciphers_are_sorted_lower_case_and_single)
{
    const char **names = rp_get_ciphers();

    for (size_t i = 0; names[i]; i++) {
        ck_assert_uint_eq(strcspn(names[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), strlen(names[i]));
        ck_assert(i == 0 || strcmp(names[i - 1], names[i]) < 0);
    }
    free(names);
}
END_TEST

START_TEST(roots_are_one_certificate_each)
{
    size_t count;
    const char *const *roots = rp_root_certificates(&count);

    ck_assert_uint_ge(count, 120);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(roots[i]), pem_len;
        struct rp_x509 *x = rp_x509_parse(roots[i], len, NULL);
        char *pem;

        ck_assert_msg(x != NULL, "root %zu", i);
        ck_assert_msg(rp_x509_ca(x) && rp_x509_self_issued(x), "%s", rp_x509_subject(x));
        ck_assert_int_eq(strncmp(roots[i], "-----BEGIN CERTIFICATE-----\n", 28), 0);
        ck_assert_int_eq(roots[i][len - 1], '-');
        pem = rp_x509_to_pem(x, &pem_len);
        ck_assert_uint_eq(pem_len, len + 1); /* nothing else stands in the text */
        free(pem);
        rp_x509_unref(x);
    }
}
END_TEST

START_TEST(roots_are_the_same_list_each_time)
{
    size_t first, second;

    ck_assert_ptr_eq(rp_root_certificates(&first), rp_root_certificates(&second));
    ck_assert_uint_eq(first, second);
}
END_TEST

static bool in_node(const json_t *roots, const char *fingerprint)
{
    for (size_t i = 0; i < json_array_size(roots); i++)
        if (strcmp(json_string_value(json_array_get(json_array_get(roots, i), 0)), fingerprint) ==
            0)
            return true;
    return false;
}

/* Both are snapshots of Mozilla's list, of different days. */
START_TEST(roots_are_mostly_those_of_node)
{
    json_t *theirs = golden_json("rootCertificates.fp256.json");
    size_t count, common = 0;
    const char *const *roots = rp_root_certificates(&count);

    for (size_t i = 0; i < count; i++) {
        struct rp_x509 *x = rp_x509_parse(roots[i], strlen(roots[i]), NULL);

        common += in_node(theirs, rp_x509_fingerprint256(x));
        rp_x509_unref(x);
    }
    ck_assert_uint_ge(10 * common, 9 * count);
    json_decref(theirs);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tls_module");
    TCase *t = tcase_create("tls_module");

    tcase_add_unchecked_fixture(t, load, unload);
    tcase_add_test(t, module_has_nodes_defaults);
    tcase_add_test(t, defaults_can_be_changed);
    tcase_add_test(t, ciphers_are_those_of_node);
    tcase_add_test(t, openssl_is_named_with_its_version);
    tcase_add_test(t, ciphers_are_sorted_lower_case_and_single);
    tcase_add_test(t, roots_are_one_certificate_each);
    tcase_add_test(t, roots_are_the_same_list_each_time);
    tcase_add_test(t, roots_are_mostly_those_of_node);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
