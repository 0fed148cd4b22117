/* SPDX-License-Identifier: MIT
 *
 * x509.c - rp_x509 against what node printed: the goldens, and certificates that no CA would sign.
 */
#include "tests/unit/unit.h"

#include <reprise/x509.h>

#include "tests/unit/goldens.h"

#include <openssl/err.h>

static struct rp_x509 *parse_file(const char *name)
{
    size_t len;
    char *bytes = golden_cert(name, &len);
    struct rp_x509 *x = rp_x509_parse(bytes, len, NULL);

    ck_assert_msg(x != NULL, "%s", name);
    free(bytes);
    return x;
}

static uint8_t *from_hex(const char *hex, size_t *len)
{
    uint8_t *bytes;
    unsigned byte;

    *len = strlen(hex) / 2;
    bytes = malloc(*len + 1);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < *len; i++) {
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
    return bytes;
}

static struct rp_x509 *parse_hex(const char *hex)
{
    size_t len;
    uint8_t *der = from_hex(hex, &len);
    struct rp_x509 *x = rp_x509_parse(der, len, NULL);

    free(der);
    return x;
}

/* -- every row of x509odd.json */
static json_t *odd_rows;

static void load_odd(void)
{
    odd_rows = golden_json("x509odd.json");
}

static void unload_odd(void)
{
    json_decref(odd_rows);
}

static struct rp_x509 *odd(const char *label)
{
    json_t *row;
    size_t i;

    json_array_foreach(odd_rows, i, row) if (strcmp(golden_string(row, "label"), label) ==
                                             0) return parse_hex(golden_string(row, "der"));
    ck_abort_msg("no odd certificate is called %s", label);
    return NULL;
}

static bool is_odd_time(const char *label)
{
    return strcmp(label, "time that is none") == 0 || strcmp(label, "time without seconds") == 0;
}

START_TEST(x509_of_odd_certificates_prints_what_node_prints)
{
    json_t *row;
    size_t i;

    ck_assert_uint_ge(json_array_size(odd_rows), 90);
    json_array_foreach(odd_rows, i, row)
    {
        struct rp_x509 *x = parse_hex(golden_string(row, "der"));
        char *json;

        if (openssl_since(3, 5) && is_odd_time(golden_string(row, "label"))) {
            ck_assert_ptr_null(x); /* it no longer reads such a certificate */
            continue;
        }
        ck_assert_msg(x != NULL, "%s", golden_string(row, "label"));
        json = rp_x509_to_json(x, NULL, NULL);
        assert_long_texts_eq(json, golden_string(row, "legacy"));
        ck_assert_texts_eq(rp_x509_subject(x), golden_string(row, "subject"));
        ck_assert_texts_eq(rp_x509_issuer(x), golden_string(row, "issuer"));
        ck_assert_texts_eq(rp_x509_info_access(x), golden_string(row, "infoAccess"));
        free(json);
        rp_x509_unref(x);
    }
}
END_TEST

static void assert_attribute(const struct rp_x509_attribute *a, const char *name, const char *value,
                             size_t len)
{
    ck_assert_str_eq(a->name, name);
    ck_assert_uint_eq(a->len, len);
    ck_assert_mem_eq(a->value, value, len);
    ck_assert_int_eq(a->value[len], '\0');
}

START_TEST(x509_lists_hold_values_with_embedded_nul)
{
    struct rp_x509 *x = odd("embedded NULs");
    size_t count;
    const struct rp_x509_attribute *a = rp_x509_subject_attributes(x, &count);

    ck_assert_uint_eq(count, 2);
    assert_attribute(&a[0], "CN", "good\0evil", 9);
    assert_attribute(&a[1], "O", "a\0b", 3);
    a = rp_x509_alt_names(x, &count);
    ck_assert_uint_eq(count, 3);
    assert_attribute(&a[0], "DNS", "good.example\0.evil.example", 26);
    assert_attribute(&a[1], "email", "a\0@b", 4);
    assert_attribute(&a[2], "URI", "http://a\0b/", 11);
    ck_assert_ptr_null(strstr(rp_x509_subject_alt_name(x), "evil.example, "));
    ck_assert(!rp_x509_check_host(x, "good.example", NULL, NULL, NULL));
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_lists_hold_values_without_escapes)
{
    struct rp_x509 *x = odd("escapes");
    size_t count;
    const struct rp_x509_attribute *a = rp_x509_alt_names(x, &count);

    ck_assert_uint_eq(count, 7);
    assert_attribute(&a[0], "DNS", "a\", DNS:evil", 12);
    assert_attribute(&a[1], "DNS", "\\u002c", 6);
    assert_attribute(&a[4], "DNS", "", 0);
    rp_x509_unref(x);

    x = odd("otherNames");
    a = rp_x509_alt_names(x, &count);
    assert_attribute(&a[0], "othername", "UPN:\xc3\xbc, \"x\"", 11);
    assert_attribute(&a[1], "othername", "SRVName:_x.\xc3\xa4", 13);
    assert_attribute(&a[5], "othername", "<unsupported>", 13);
    rp_x509_unref(x);

    x = odd("infoAccess with breaks");
    a = rp_x509_info_access_list(x, &count);
    assert_attribute(&a[0], "OCSP - URI", "http://a\nOCSP - URI:http://evil", 31);
    rp_x509_unref(x);
}
END_TEST

static const struct {
    const char *label;
    unsigned malformed;
} malformed[] = {
    {"no extensions", 0},
    {"empty SAN", 0},
    {"empty infoAccess", 0},
    {"value is a BIT STRING", RP_X509_SUBJECT},
    {"value is a sequence", RP_X509_SUBJECT},
    {"unreadable issuer", RP_X509_ISSUER},
    {"SAN is garbage", RP_X509_SUBJECT_ALT_NAME},
    {"SAN of unknown kind", RP_X509_SUBJECT_ALT_NAME},
    {"unreadable directory name", RP_X509_SUBJECT_ALT_NAME},
    {"infoAccess is garbage", RP_X509_INFO_ACCESS},
    {"key usage is garbage", RP_X509_KEY_USAGE},
    {"key usage twice", RP_X509_KEY_USAGE},
    {"no key usage", 0},
};

START_TEST(x509_tells_unreadable_from_absent)
{
    struct rp_x509 *x = odd(malformed[_i].label);
    size_t count;

    ck_assert_uint_eq(rp_x509_malformed(x), malformed[_i].malformed);
    if (malformed[_i].malformed & RP_X509_SUBJECT_ALT_NAME) {
        ck_assert_ptr_null(rp_x509_subject_alt_name(x));
        rp_x509_alt_names(x, &count);
        ck_assert_uint_eq(count, 0);
    }
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_of_a_broken_key_has_its_encoding_only)
{
    static const char *const labels[] = {"unknown key algorithm", "broken RSA key",
                                         "broken EC point", "unknown curve"};

    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct rp_x509 *x = odd(labels[i]);
        const struct rp_x509_public_key *key = rp_x509_public_key(x);

        ck_assert_ptr_null(key->type);
        ck_assert_ptr_null(key->modulus);
        ck_assert_uint_eq(key->bits, 0);
        ck_assert_uint_gt(key->spki_len, 0);
        rp_x509_unref(x);
    }
}
END_TEST

static const struct {
    const char *label, *type, *hash, *mgf1, *curve, *exponent;
    unsigned bits, divisor_bits;
    int salt;
} keys[] = {
    {"key rsaE3", "rsa", NULL, NULL, NULL, "3", 1024, 0, 0},
    {"key rsaE62", "rsa", NULL, NULL, NULL, "3458764513820540929", 2048, 0, 0},
    {"key rsa2041", "rsa", NULL, NULL, NULL, "65537", 2041, 0, 0},
    {"key pss", "rsa-pss", NULL, NULL, NULL, "65537", 1024, 0, 0},
    {"key pssMixed", "rsa-pss", "sha512", "sha256", NULL, "65537", 1536, 0, 17},
    {"key pssSha1", "rsa-pss", "sha1", "sha1", NULL, "65537", 1024, 0, 20},
    {"key P-521", "ec", NULL, NULL, "secp521r1", NULL, 521, 0, 0},
    {"key secp256k1", "ec", NULL, NULL, "secp256k1", NULL, 256, 0, 0},
    {"compressed", "ec", NULL, NULL, "prime256v1", NULL, 256, 0, 0},
    {"key ed25519", "ed25519", NULL, NULL, NULL, NULL, 0, 0, 0},
    {"key x448", "x448", NULL, NULL, NULL, NULL, 0, 0, 0},
    {"key dsa", "dsa", NULL, NULL, NULL, NULL, 1024, 160, 0},
    {"key dh", "dh", NULL, NULL, NULL, NULL, 0, 0, 0},
};

START_TEST(x509_describes_the_public_key)
{
    struct rp_x509 *x = odd(keys[_i].label);
    const struct rp_x509_public_key *key = rp_x509_public_key(x);

    ck_assert_texts_eq(key->type, keys[_i].type);
    ck_assert_texts_eq(key->hash_algorithm, keys[_i].hash);
    ck_assert_texts_eq(key->mgf1_hash_algorithm, keys[_i].mgf1);
    ck_assert_texts_eq(key->asn1_curve, keys[_i].curve);
    ck_assert_texts_eq(key->exponent_decimal, keys[_i].exponent);
    ck_assert_uint_eq(key->bits, keys[_i].bits);
    ck_assert_uint_eq(key->divisor_bits, keys[_i].divisor_bits);
    ck_assert_int_eq(key->salt_length, keys[_i].salt);
    ck_assert_uint_gt(key->spki_len, 0);
    rp_x509_unref(x);
}
END_TEST

/* -- x509check.json */
static void check_row(const json_t *row, struct rp_x509 *x, const char *key, const char *host,
                      const struct rp_x509_check_options *options)
{
    struct rp_error err;
    char *matched;
    bool match = rp_x509_check_host(x, host, options, &matched, &err);

    ck_assert_texts_eq(matched, golden_string(row, key));
    ck_assert_int_eq(match, matched != NULL);
    ck_assert_str_eq(err.code, "");
    free(matched);
}

static void check_all(const json_t *row, struct rp_x509 *x)
{
    const char *host = golden_string(row, "host");
    const json_t *ip = json_object_get(row, "ip");
    struct rp_error err;

    check_row(row, x, "default", host, NULL);
    check_row(row, x, "always", host,
              &(struct rp_x509_check_options){.subject = RP_X509_SUBJECT_ALWAYS});
    check_row(row, x, "never", host,
              &(struct rp_x509_check_options){.subject = RP_X509_SUBJECT_NEVER});
    check_row(row, x, "noWild", host, &(struct rp_x509_check_options){.no_wildcards = true});
    check_row(row, x, "noPartial", host,
              &(struct rp_x509_check_options){.no_partial_wildcards = true});
    check_row(row, x, "multi", host,
              &(struct rp_x509_check_options){.multi_label_wildcards = true});
    check_row(row, x, "single", ".example.com",
              &(struct rp_x509_check_options){.single_label_subdomains = true});
    ck_assert_int_eq(rp_x509_check_ip(x, host, &err),
                     json_is_string(ip) && golden_string(row, "ip") != NULL);
    ck_assert_texts_eq(*err.code ? err.code : NULL, golden_string(ip, "code"));
    ck_assert_texts_eq(*err.code ? err.message : NULL, golden_string(ip, "message"));
    ck_assert_int_eq(rp_x509_check_email(x, "user@example.com", NULL, NULL),
                     golden_string(row, "email") != NULL);
    ck_assert_int_eq(rp_x509_check_email(x, "USER@EXAMPLE.COM", NULL, NULL),
                     golden_string(row, "emailCase") != NULL);
}

START_TEST(x509_checks_hosts_addresses_and_mailboxes_as_node)
{
    json_t *rows = golden_json("x509check.json"), *row;
    size_t i;

    ck_assert_uint_ge(json_array_size(rows), 33);
    json_array_foreach(rows, i, row)
    {
        char name[64];
        struct rp_x509 *x;

        snprintf(name, sizeof name, "%s.crt", golden_string(row, "cert"));
        x = parse_file(name);
        check_all(row, x);
        rp_x509_unref(x);
    }
    json_decref(rows);
}
END_TEST

START_TEST(x509_refuses_an_unknown_subject_option)
{
    struct rp_x509 *x = parse_file("leaf-rsa.crt");
    struct rp_x509_check_options options = {.subject = (enum rp_x509_check_subject)7};
    struct rp_error err;
    char *matched;

    ck_assert(!rp_x509_check_host(x, "localhost", &options, &matched, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    ck_assert_ptr_null(matched);
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_reports_a_name_it_cannot_compare)
{
    struct rp_x509 *x = odd("value is a sequence");
    struct rp_error err;

    ck_assert(!rp_x509_check_host(x, "localhost", NULL, NULL, &err));
    ck_assert_str_eq(err.code, "ERR_CRYPTO_OPERATION_FAILED");
    rp_x509_unref(x);
}
END_TEST

/* -- who issued, whose key */
START_TEST(x509_knows_its_issuer)
{
    struct rp_x509 *leaf = parse_file("leaf-rsa.crt"), *issuer = parse_file("int-rsa.crt"),
                   *root = parse_file("root-rsa.crt");
    const struct rp_x509_public_key *key = rp_x509_public_key(issuer);
    struct rp_error err;

    ck_assert(rp_x509_check_issued(leaf, issuer));
    ck_assert(!rp_x509_check_issued(issuer, leaf));
    ck_assert(!rp_x509_check_issued(leaf, root));
    ck_assert(rp_x509_self_issued(root) && !rp_x509_self_issued(leaf));
    ck_assert(rp_x509_verify(leaf, key->spki, key->spki_len, &err));
    key = rp_x509_public_key(root);
    ck_assert(!rp_x509_verify(leaf, key->spki, key->spki_len, &err));
    ck_assert_str_eq(err.code, "");
    ck_assert(!rp_x509_verify(leaf, "garbage", 7, &err));
    ck_assert_str_eq(err.code, "ERR_OSSL_UNSUPPORTED");
    ck_assert_ptr_null(rp_x509_issuer_certificate(leaf));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    rp_x509_unref(leaf);
    rp_x509_unref(issuer);
    rp_x509_unref(root);
}
END_TEST

/* Made for this test: a certificate with its key, the key encrypted with "secret", another key. */
static const char own_cert[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBczCCARmgAwIBAgIUN5jeKJDcKasII8XWmpIvlPYdvw8wCgYIKoZIzj0EAwIw\n"
                               "DjEMMAoGA1UEAwwDb3duMCAXDTI2MTEyMzIwNDYwMFoYDzIwNTEwNzE1MjA0NjAw\n"
                               "WjAOMQwwCgYDVQQDDANvd24wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASWyf0b\n"
                               "Ap0huR9PdIkFVBB4pgLVNm/jLKlQ2qYMSjLm/0XZVdht1DBKIVQwIij24kBGSVjd\n"
                               "kiARRl1n3epQwEhKo1MwUTAdBgNVHQ4EFgQU0RAfrUqYFQ9omTln0b1b5B8ubBsw\n"
                               "HwYDVR0jBBgwFoAU0RAfrUqYFQ9omTln0b1b5B8ubBswDwYDVR0TAQH/BAUwAwEB\n"
                               "/zAKBggqhkjOPQQDAgNIADBFAiEA9b7gFLsDmOiDngE/mfUbSkyjsal+MHPEClLc\n"
                               "njg0CnoCIDUleHywWbRkpgH7B5R15MhmB9zgB+t3/tUdCY0MCu0T\n"
                               "-----END CERTIFICATE-----\n";
static const char own_key[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcRgWWhLlfbOSFZEr\n"
                              "Q1MMWxzLy+Dr+CHnPBsIRNYR55ahRANCAASWyf0bAp0huR9PdIkFVBB4pgLVNm/j\n"
                              "LKlQ2qYMSjLm/0XZVdht1DBKIVQwIij24kBGSVjdkiARRl1n3epQwEhK\n"
                              "-----END PRIVATE KEY-----\n";
static const char encrypted_key[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgiEVrNUkvq6wICA+gw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEP4eumMZcFRA1CIbE5uwz2cEgZC1\n"
    "ifIXv/x1lmzaksRfDLEQcVakP9aOEq+/7aohP+26qRFevLsKt8Muhhz/NDP6eDsI\n"
    "4llHKCWsRrdwsiQJ43BDbr9pf/7h6mRdE8UMaEGm9VA9z+nw53k3TPgLaSJSh9ya\n"
    "gDzpBFaxVtK57yUY13CFFZ/M0xW25oLR552GcNmVRX8SX2E1PPvB80u8TYlIYGs=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char other_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgo/CV4qsoqIyHuMOe\n"
                                "fjgvMkyApnpm8hIgiFOLvsGs49KhRANCAAT8Cu2pYzXEU1A3B9mtwu6SToELpcae\n"
                                "YWN0CoQyaldvseIwUCyrq1vJ2SlvtiROm0OWIiRjw5hr4MpuU+FwACAk\n"
                                "-----END PRIVATE KEY-----\n";

START_TEST(x509_knows_its_private_key)
{
    struct rp_x509 *x = rp_x509_parse(own_cert, sizeof own_cert - 1, NULL);
    struct rp_error err;

    ck_assert(rp_x509_check_private_key(x, own_key, strlen(own_key), NULL, &err));
    ck_assert(rp_x509_check_private_key(x, encrypted_key, strlen(encrypted_key), "secret", &err));
    ck_assert(!rp_x509_check_private_key(x, other_key, strlen(other_key), NULL, &err));
    ck_assert_str_eq(err.code, "");
    ck_assert(!rp_x509_check_private_key(x, encrypted_key, strlen(encrypted_key), "wrong", &err));
    ck_assert_str_ne(err.code, "");
    ck_assert(!rp_x509_check_private_key(x, encrypted_key, strlen(encrypted_key), NULL, &err));
    ck_assert_str_ne(err.code, ""); /* and nobody was asked for a passphrase */
    ck_assert(!rp_x509_check_private_key(x, "", 0, NULL, &err));
    ck_assert_str_ne(err.code, "");
    ck_assert_uint_eq(ERR_peek_error(), 0);
    rp_x509_unref(x);
}
END_TEST

/* -- parsing */
START_TEST(x509_takes_pem_and_der)
{
    size_t len, pem_len;
    char *pem = golden_cert("leaf-p256.crt", &len);
    struct rp_x509 *x = rp_x509_parse(pem, len, NULL), *y;
    const uint8_t *raw = rp_x509_raw(x, &len);
    char *again = rp_x509_to_pem(x, &pem_len);

    ck_assert_str_eq(again, pem); /* H2: with a newline at the end */
    ck_assert_uint_eq(pem_len, strlen(pem));
    y = rp_x509_parse(raw, len, NULL);
    ck_assert_str_eq(rp_x509_fingerprint512(x), rp_x509_fingerprint512(y));
    rp_x509_unref(x);
    rp_x509_unref(y);
    free(pem);
    free(again);
}
END_TEST

static const struct {
    const char *bytes, *code, *reason;
} garbage[] = {
    {"", "ERR_OSSL_PEM_NO_START_LINE", "no start line"},
    {"garbage", "ERR_OSSL_PEM_NO_START_LINE", "no start line"},
    {"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
     "ERR_OSSL_PEM_BAD_BASE64_DECODE", "bad base64 decode"},
    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ERR_OSSL_ASN1_WRONG_TAG",
     "wrong tag"},
};

START_TEST(x509_says_why_it_is_no_certificate)
{
    struct rp_error err;

    ck_assert_ptr_null(rp_x509_parse(garbage[_i].bytes, strlen(garbage[_i].bytes), &err));
    ck_assert_str_eq(err.code, garbage[_i].code);
    ck_assert_str_eq(err.reason, garbage[_i].reason);
    ck_assert_ptr_null(rp_x509_parse(garbage[_i].bytes, strlen(garbage[_i].bytes), NULL));
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

START_TEST(x509_lives_until_the_last_reference)
{
    struct rp_x509 *x = parse_file("leaf-ed.crt");

    ck_assert_ptr_eq(rp_x509_ref(x), x);
    rp_x509_unref(x);
    ck_assert_str_eq(rp_x509_subject(x), "CN=ed.example.com");
    rp_x509_unref(x);
    rp_x509_unref(NULL);
}
END_TEST

/* -- JSON */
START_TEST(x509_json_may_hold_buffers_as_node_prints_them)
{
    struct rp_x509 *x = parse_file("self-ec.crt");
    struct rp_x509_json_options options = {.buffers = RP_X509_BUFFERS_NODE};
    size_t len, raw_len;
    const uint8_t *raw = rp_x509_raw(x, &raw_len);
    char *json = rp_x509_to_json(x, &options, &len), start[80];

    ck_assert_uint_eq(len, strlen(json));
    snprintf(start, sizeof start, ",\"raw\":{\"type\":\"Buffer\",\"data\":[%d,%d,%d,%d,", raw[0],
             raw[1], raw[2], raw[3]);
    ck_assert_ptr_nonnull(strstr(json, start));
    free(json);
    rp_x509_unref(x);
}
END_TEST

START_TEST(x509_json_may_be_compact)
{
    struct rp_x509 *x = parse_file("leaf-p256.crt");
    char *json = rp_x509_to_json(x, &(struct rp_x509_json_options){.compact = true}, NULL);

    ck_assert_str_eq(
        json,
        "{\"subject\":{\"CN\":\"p256.example.com\"},"
        "\"issuer\":{\"O\":\"Golden Org\",\"CN\":\"Golden EC Intermediate\"},"
        "\"subjectaltname\":\"DNS:localhost, DNS:p256.example.com, IP Address:127.0.0.1\","
        "\"ca\":false,\"bits\":256,\"asn1Curve\":\"prime256v1\",\"nistCurve\":\"P-256\","
        "\"valid_from\":\"Jan  1 00:00:00 2025 GMT\",\"valid_to\":\"Jan  1 00:00:00 2049 GMT\","
        "\"fingerprint256\":\"A6:B9:C4:A6:12:87:0C:03:C0:27:ED:4D:8F:A1:7B:87:65:B4:B3:0E:4A:F3:65:"
        "B9:D9:D2:8D:D1:16:98:67:96\","
        "\"ext_key_usage\":[\"1.3.6.1.5.5.7.3.1\",\"1.3.6.1.5.5.7.3.2\"],"
        "\"serialNumber\":\"FF\"}");
    free(json);
    rp_x509_unref(x);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("x509");
    TCase *t = tcase_create("odd"), *u = tcase_create("plain");

    tcase_add_unchecked_fixture(t, load_odd, unload_odd);
    tcase_add_test(t, x509_of_odd_certificates_prints_what_node_prints);
    tcase_add_test(t, x509_lists_hold_values_with_embedded_nul);
    tcase_add_test(t, x509_lists_hold_values_without_escapes);
    tcase_add_loop_test(t, x509_tells_unreadable_from_absent, 0,
                        sizeof malformed / sizeof *malformed);
    tcase_add_test(t, x509_of_a_broken_key_has_its_encoding_only);
    tcase_add_loop_test(t, x509_describes_the_public_key, 0, sizeof keys / sizeof *keys);
    tcase_add_test(t, x509_reports_a_name_it_cannot_compare);
    suite_add_tcase(s, t);
    tcase_add_test(u, x509_checks_hosts_addresses_and_mailboxes_as_node);
    tcase_add_test(u, x509_refuses_an_unknown_subject_option);
    tcase_add_test(u, x509_knows_its_issuer);
    tcase_add_test(u, x509_knows_its_private_key);
    tcase_add_test(u, x509_takes_pem_and_der);
    tcase_add_loop_test(u, x509_says_why_it_is_no_certificate, 0, sizeof garbage / sizeof *garbage);
    tcase_add_test(u, x509_lives_until_the_last_reference);
    tcase_add_test(u, x509_json_may_hold_buffers_as_node_prints_them);
    tcase_add_test(u, x509_json_may_be_compact);
    suite_add_tcase(s, u);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
