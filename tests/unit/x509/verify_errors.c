/* SPDX-License-Identifier: MIT
 *
 * verify_errors.c - verify results have node's codes and texts (K7). */
#include "tests/unit/unit.h"

#include "lib/x509/verify_errors.h"
#include "tests/unit/goldens.h"

static const struct {
    long number;
    const char *code;
} codes[] = {
    {2, "UNABLE_TO_GET_ISSUER_CERT"},
    {3, "UNABLE_TO_GET_CRL"},
    {4, "UNABLE_TO_DECRYPT_CERT_SIGNATURE"},
    {5, "UNABLE_TO_DECRYPT_CRL_SIGNATURE"},
    {6, "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY"},
    {7, "CERT_SIGNATURE_FAILURE"},
    {8, "CRL_SIGNATURE_FAILURE"},
    {9, "CERT_NOT_YET_VALID"},
    {10, "CERT_HAS_EXPIRED"},
    {11, "CRL_NOT_YET_VALID"},
    {12, "CRL_HAS_EXPIRED"},
    {13, "ERROR_IN_CERT_NOT_BEFORE_FIELD"},
    {14, "ERROR_IN_CERT_NOT_AFTER_FIELD"},
    {15, "ERROR_IN_CRL_LAST_UPDATE_FIELD"},
    {16, "ERROR_IN_CRL_NEXT_UPDATE_FIELD"},
    {17, "OUT_OF_MEM"},
    {18, "DEPTH_ZERO_SELF_SIGNED_CERT"},
    {19, "SELF_SIGNED_CERT_IN_CHAIN"},
    {20, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"},
    {21, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
    {22, "CERT_CHAIN_TOO_LONG"},
    {23, "CERT_REVOKED"},
    {79, "INVALID_CA"},
    {25, "PATH_LENGTH_EXCEEDED"},
    {26, "INVALID_PURPOSE"},
    {27, "CERT_UNTRUSTED"},
    {28, "CERT_REJECTED"},
    {62, "HOSTNAME_MISMATCH"},
    {1, "UNSPECIFIED"},
    {24, "UNSPECIFIED"}, /* was INVALID_CA before OpenSSL 3 */
    {29, "UNSPECIFIED"},
    {61, "UNSPECIFIED"},
    {80, "UNSPECIFIED"},
    {-1, "UNSPECIFIED"},
    {1L << 40, "UNSPECIFIED"},
};

START_TEST(verify_result_has_nodes_code)
{
    ck_assert_str_eq(rp_verify_error_code(codes[_i].number), codes[_i].code);
    ck_assert_uint_gt(strlen(rp_verify_error_text(codes[_i].number)), 0);
}
END_TEST

START_TEST(verify_success_has_no_code)
{
    ck_assert_ptr_null(rp_verify_error_code(0));
}
END_TEST

static const char *text_of(const char *code)
{
    for (long n = 1; n < 100; n++)
        if (strcmp(rp_verify_error_code(n), code) == 0)
            return rp_verify_error_text(n);
    return NULL;
}

START_TEST(verify_texts_are_those_of_the_goldens)
{
    json_t *cases = golden_json("verify.json"), *value;
    const char *name;
    int compared = 0;

    json_object_foreach(cases, name, value)
    {
        const json_t *error = json_object_get(value, "clientError");
        const char *code = json_string_value(json_object_get(error, "code"));

        if (!code || strncmp(code, "ERR_", 4) == 0) /* a name mismatch: not a verify result */
            continue;
        ck_assert_texts_eq(text_of(code), json_string_value(json_object_get(error, "message")));
        compared++;
    }
    ck_assert_int_ge(compared, 10);
    json_decref(cases);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("verify_errors");
    TCase *t = tcase_create("verify_errors");

    tcase_add_loop_test(t, verify_result_has_nodes_code, 0, sizeof codes / sizeof *codes);
    tcase_add_test(t, verify_success_has_no_code);
    tcase_add_test(t, verify_texts_are_those_of_the_goldens);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
