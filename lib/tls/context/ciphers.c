/* SPDX-License-Identifier: MIT
 *
 * ciphers.c - split node's single cipher list into OpenSSL's two (A2, B10 to B12). OpenSSL checks
 * the names; this file only splits at colons. */
#include "lib/tls/context/ciphers.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/x509/openssl_errors.h"
#include <reprise/tls.h>

static bool is_tls13(const char *token, size_t len)
{
    return (len >= 4 && memcmp(token, "TLS_", 4) == 0) ||
           (len >= 5 && memcmp(token, "!TLS_", 5) == 0);
}

/* Copy the TLS 1.3 names, or the others, to `list`, which has room for all of them. */
static void pick(char *list, const char *ciphers, bool tls13)
{
    size_t used = 0;

    while (*ciphers != '\0') {
        size_t len = strcspn(ciphers, ":");

        if (len > 0 && is_tls13(ciphers, len) == tls13) {
            if (used > 0)
                list[used++] = ':';
            memcpy(list + used, ciphers, len);
            used += len;
        }
        ciphers += len + (ciphers[len] == ':');
    }
    list[used] = '\0';
}

static bool set_lists(SSL_CTX *ctx, const char *tls13, const char *older, struct rp_error *err)
{
    if (*tls13 != '\0' && SSL_CTX_set_ciphersuites(ctx, tls13) != 1)
        return rp_error_openssl(err, "ERR_SSL_NO_CIPHER_MATCH", "no cipher match");
    if (SSL_CTX_set_cipher_list(ctx, older) == 1)
        return true;
    if (*older == '\0') {
        ERR_clear_error(); /* an empty list of older suites was requested */
        return true;
    }
    return rp_error_openssl(err, "ERR_SSL_NO_CIPHER_MATCH", "no cipher match");
}

bool rp_ciphers_apply(SSL_CTX *ctx, const char *ciphers, struct rp_versions *versions,
                      struct rp_error *err)
{
    size_t len;
    char *lists, *older;
    bool ok;

    if (ciphers == NULL || *ciphers == '\0')
        ciphers = rp_tls_defaults()->ciphers;
    if (ciphers == NULL || *ciphers == '\0')
        ciphers = RP_DEFAULT_CIPHERS;
    len = strlen(ciphers) + 1;
    lists = malloc(2 * len);
    if (lists == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for the cipher list");
    older = lists + len;
    pick(lists, ciphers, true);
    pick(older, ciphers, false);
    if (*lists == '\0' && *older == '\0') {
        ok =
            rp_error_set(err, "ERR_INVALID_ARG_VALUE", "The property 'options.ciphers' is invalid");
    } else {
        ok = set_lists(ctx, lists, older, err);
        if (*older == '\0' && versions->min < TLS1_3_VERSION && versions->max >= TLS1_3_VERSION)
            versions->min = TLS1_3_VERSION;
    }
    free(lists);
    return ok;
}
