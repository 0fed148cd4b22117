/* SPDX-License-Identifier: MIT
 *
 * verify_errors.c - X509_V_* numbers as node's code strings and messages (K7). Programs compare the
 * messages, so they must not change with the version of OpenSSL: the table has its own copies. Uses
 * nothing of lib/tls. */
#include "lib/x509/verify_errors.h"

#include <stddef.h>

#include <openssl/x509_vfy.h>

#define VERIFY_ERROR(name, text) [X509_V_ERR_##name] = {#name, text}
static const struct {
    const char *code, *text;
} verify_errors[] = {
    VERIFY_ERROR(UNABLE_TO_GET_ISSUER_CERT, "unable to get issuer certificate"),
    VERIFY_ERROR(UNABLE_TO_GET_CRL, "unable to get certificate CRL"),
    VERIFY_ERROR(UNABLE_TO_DECRYPT_CERT_SIGNATURE, "unable to decrypt certificate's signature"),
    VERIFY_ERROR(UNABLE_TO_DECRYPT_CRL_SIGNATURE, "unable to decrypt CRL's signature"),
    VERIFY_ERROR(UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "unable to decode issuer public key"),
    VERIFY_ERROR(CERT_SIGNATURE_FAILURE, "certificate signature failure"),
    VERIFY_ERROR(CRL_SIGNATURE_FAILURE, "CRL signature failure"),
    VERIFY_ERROR(CERT_NOT_YET_VALID, "certificate is not yet valid"),
    VERIFY_ERROR(CERT_HAS_EXPIRED, "certificate has expired"),
    VERIFY_ERROR(CRL_NOT_YET_VALID, "CRL is not yet valid"),
    VERIFY_ERROR(CRL_HAS_EXPIRED, "CRL has expired"),
    VERIFY_ERROR(ERROR_IN_CERT_NOT_BEFORE_FIELD, "format error in certificate's notBefore field"),
    VERIFY_ERROR(ERROR_IN_CERT_NOT_AFTER_FIELD, "format error in certificate's notAfter field"),
    VERIFY_ERROR(ERROR_IN_CRL_LAST_UPDATE_FIELD, "format error in CRL's lastUpdate field"),
    VERIFY_ERROR(ERROR_IN_CRL_NEXT_UPDATE_FIELD, "format error in CRL's nextUpdate field"),
    VERIFY_ERROR(OUT_OF_MEM, "out of memory"),
    VERIFY_ERROR(DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed certificate"),
    VERIFY_ERROR(SELF_SIGNED_CERT_IN_CHAIN, "self-signed certificate in certificate chain"),
    VERIFY_ERROR(UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unable to get local issuer certificate"),
    VERIFY_ERROR(UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unable to verify the first certificate"),
    VERIFY_ERROR(CERT_CHAIN_TOO_LONG, "certificate chain too long"),
    VERIFY_ERROR(CERT_REVOKED, "certificate revoked"),
    VERIFY_ERROR(INVALID_CA, "invalid CA certificate"),
    VERIFY_ERROR(PATH_LENGTH_EXCEEDED, "path length constraint exceeded"),
    VERIFY_ERROR(INVALID_PURPOSE, "unsuitable certificate purpose"),
    VERIFY_ERROR(CERT_UNTRUSTED, "certificate not trusted"),
    VERIFY_ERROR(CERT_REJECTED, "certificate rejected"),
    VERIFY_ERROR(HOSTNAME_MISMATCH, "hostname mismatch"),
};

enum { VERIFY_ERRORS = sizeof verify_errors / sizeof *verify_errors };

const char *rp_verify_error_code(long result)
{
    if (result == X509_V_OK)
        return NULL;
    if (result < 0 || result >= VERIFY_ERRORS || !verify_errors[result].code)
        return "UNSPECIFIED";
    return verify_errors[result].code;
}

const char *rp_verify_error_text(long result)
{
    if (result < 0 || result >= VERIFY_ERRORS || !verify_errors[result].text)
        return X509_verify_cert_error_string(result);
    return verify_errors[result].text;
}
