/* SPDX-License-Identifier: MIT
 *
 * x509.c - certificate objects while every allocation fails in turn: no crash, no leak, and never a
 * name that is there taken for one that is not. */
#include "tests/memory/memory.h"
#include "tests/unit/unit.h"

#include "lib/x509/internal.h"
#include "tests/unit/goldens.h"

#include <openssl/pem.h>

static const char *const files[] = {"evil-san.crt", "leaf-p256.crt"};

/* OpenSSL fetches its algorithms once, and one it failed to fetch stays away: do that before. */
static void warm_up(void)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t len;
        char *pem = golden_cert(files[i], &len);
        struct rp_x509 *x = rp_x509_parse(pem, len, NULL);

        ck_assert_ptr_nonnull(x);
        rp_x509_unref(x);
        free(pem);
    }
}

/* With all of it there, or with what is missing said to be unreadable. */
static void assert_honest(const struct rp_x509 *x)
{
    ck_assert(rp_x509_subject_alt_name(x) || rp_x509_malformed(x) & RP_X509_SUBJECT_ALT_NAME);
    ck_assert(rp_x509_subject_attributes(x, &(size_t){0}) ||
              rp_x509_malformed(x) & RP_X509_SUBJECT);
    ck_assert_ptr_nonnull(rp_x509_valid_to(x));
    ck_assert_ptr_nonnull(rp_x509_serial_number(x));
    ck_assert_ptr_nonnull(rp_x509_fingerprint512(x));
}

START_TEST(x509_parse_survives_any_failed_allocation)
{
    size_t len;
    char *pem = golden_cert(files[_i], &len);
    struct rp_error err;
    bool failed = true;

    for (unsigned long n = 1; failed; n++) {
        struct rp_x509 *x;

        memory_fail_at(n);
        x = rp_x509_parse(pem, len, &err);
        failed = memory_calm();
        ck_assert(x || *err.code);
        ck_assert(x || failed);
        if (x)
            assert_honest(x);
        rp_x509_unref(x);
    }
    free(pem);
}
END_TEST

START_TEST(x509_text_is_whole_or_missing)
{
    static const struct rp_x509_json_options options = {.detailed = true};
    size_t len;
    char *pem = golden_cert(files[_i], &len), *whole;
    struct rp_x509 *x = rp_x509_parse(pem, len, NULL);
    bool failed = true;

    whole = rp_x509_to_json(x, &options, NULL);
    for (unsigned long n = 1; failed; n++) {
        char *json, *again;

        memory_fail_at(n);
        json = rp_x509_to_json(x, &options, NULL);
        again = rp_x509_to_pem(x, NULL);
        failed = memory_calm();
        ck_assert((json && again) || failed);
        ck_assert(!json || strcmp(json, whole) == 0);
        ck_assert(!again || strcmp(again, pem) == 0);
        free(json);
        free(again);
    }
    free(whole);
    free(pem);
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_chain_survives_any_failed_allocation)
{
    size_t len;
    char *pem = golden_cert("leaf-p256.chain.pem", &len), *root = golden_cert("root-ec.crt", &len);
    BIO *bio = BIO_new_mem_buf(pem, -1), *root_bio = BIO_new_mem_buf(root, -1);
    X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509 *issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509 *top = PEM_read_bio_X509(root_bio, NULL, NULL, NULL);
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();
    bool failed = true;

    sk_X509_push(sent, leaf);
    sk_X509_push(sent, issuer);
    X509_STORE_add_cert(store, top);
    for (unsigned long n = 1; failed; n++) {
        struct rp_error err = {0};
        struct rp_x509 *x;

        memory_fail_at(n);
        x = rp_x509_new_chain(leaf, sent, store, &err);
        failed = memory_calm();
        ck_assert(x || (failed && *err.code));
        if (x)
            assert_honest(x);
        rp_x509_unref(x);
    }
    sk_X509_pop_free(sent, X509_free);
    X509_free(top);
    X509_STORE_free(store);
    BIO_free(bio);
    BIO_free(root_bio);
    free(pem);
    free(root);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("x509");
    TCase *t = tcase_create("x509");

    tcase_set_timeout(t, 60);
    tcase_add_unchecked_fixture(t, warm_up, NULL);
    tcase_add_loop_test(t, x509_parse_survives_any_failed_allocation, 0,
                        sizeof files / sizeof *files);
    tcase_add_loop_test(t, x509_text_is_whole_or_missing, 0, sizeof files / sizeof *files);
    tcase_add_test(t, x509_chain_survives_any_failed_allocation);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return memory_init() ? unit_run(suite()) : 1;
}
