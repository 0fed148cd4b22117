/* SPDX-License-Identifier: MIT
 *
 * openssl_errors.c - convert OpenSSL's error queue to an rp_error, with node's codes and messages
 * (B27, K2). Only library, reason and number are used. The data that OpenSSL attaches to an entry
 * is not: it may contain bytes of a file or of the peer. Uses lib/base. */
#include "lib/x509/openssl_errors.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/base/args.h"

/* The libraries whose name is part of node's code. */
static const char *library_prefix(int library)
{
    static const struct {
        int library;
        const char *prefix;
    } prefixes[] = {
        {ERR_LIB_SSL, "SSL_"},
        {ERR_LIB_SYS, "OSSL_SYS_"},
        {ERR_LIB_BN, "OSSL_BN_"},
        {ERR_LIB_RSA, "OSSL_RSA_"},
        {ERR_LIB_DH, "OSSL_DH_"},
        {ERR_LIB_EVP, "OSSL_EVP_"},
        {ERR_LIB_OBJ, "OSSL_OBJ_"},
        {ERR_LIB_PEM, "OSSL_PEM_"},
        {ERR_LIB_DSA, "OSSL_DSA_"},
        {ERR_LIB_X509, "OSSL_X509_"},
        {ERR_LIB_ASN1, "OSSL_ASN1_"},
        {ERR_LIB_CONF, "OSSL_CONF_"},
        {ERR_LIB_CRYPTO, "OSSL_CRYPTO_"},
        {ERR_LIB_EC, "OSSL_EC_"},
        {ERR_LIB_BIO, "OSSL_BIO_"},
        {ERR_LIB_PKCS7, "OSSL_PKCS7_"},
        {ERR_LIB_X509V3, "OSSL_X509V3_"},
        {ERR_LIB_PKCS12, "OSSL_PKCS12_"},
        {ERR_LIB_RAND, "OSSL_RAND_"},
        {ERR_LIB_OCSP, "OSSL_OCSP_"},
        {ERR_LIB_OSSL_STORE, "OSSL_OSSL_STORE_"},
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (prefixes[i].library == library)
            return prefixes[i].prefix;
    return "OSSL_";
}

/* "no cipher match" becomes "NO_CIPHER_MATCH". */
static void append_reason(char *code, size_t size, const char *reason)
{
    size_t used = strlen(code);

    for (; *reason != '\0' && used + 1 < size; reason++, used++)
        code[used] = *reason == ' ' ? '_' : (char)toupper((unsigned char)*reason);
    code[used] = '\0';
}

static bool from_queue(struct rp_error *err, bool handshake, const char *code, const char *what)
{
    unsigned long entry = ERR_peek_error();
    const char *library, *reason;

    if (entry == 0)
        return rp_error_set(err, code, "%s", what);
    if (err != NULL) {
        library = ERR_lib_error_string(entry);
        reason = ERR_reason_error_string(entry);
        rp_error_clear(err);
        snprintf(err->library, sizeof err->library, "%s", library != NULL ? library : "");
        rp_error_reason(err, reason != NULL ? reason : "");
        snprintf(err->code, sizeof err->code, "ERR_%s",
                 handshake ? "SSL_" : library_prefix(ERR_GET_LIB(entry)));
        append_reason(err->code, sizeof err->code, reason != NULL ? reason : "UNKNOWN");
        ERR_error_string_n(entry, err->message, sizeof err->message);
    }
    ERR_clear_error();
    return false;
}

bool rp_error_openssl(struct rp_error *err, const char *code, const char *what)
{
    return from_queue(err, false, code, what);
}

bool rp_error_handshake(struct rp_error *err, const char *code, const char *what)
{
    return from_queue(err, true, code, what);
}

bool rp_error_ssl(struct rp_error *err, int reason)
{
    ERR_clear_error();
    ERR_raise(ERR_LIB_SSL, reason);
    return from_queue(err, true, "ERR_SSL_UNKNOWN", "unknown OpenSSL error");
}
