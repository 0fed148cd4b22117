/* SPDX-License-Identifier: MIT
 *
 * options.c - signature algorithms, curves and DH parameters of a secure context
 * (B20 to B22). */
#include "lib/tls/context/internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/base/args.h"
#include "lib/x509/openssl_errors.h"
#include <reprise/tls.h>

enum { DH_LEAST_BITS = 1024 };

static bool set_sigalgs(struct rp_secure_context *c, const char *sigalgs, struct rp_error *err)
{
    if (sigalgs == NULL)
        return true;
    if (*sigalgs == '\0')
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The property 'options.sigalgs' is invalid. Received ''");
    if (SSL_CTX_set1_sigalgs_list(c->ssl, sigalgs) == 1)
        return true;
    ERR_clear_error(); /* OpenSSL's error has no useful reason here */
    return rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED",
                        "options.sigalgs contains an unknown or duplicate algorithm");
}

/* Connections inherit the groups. Their text is kept for a connection that changes its context. */
static bool set_groups(struct rp_secure_context *c, const char *curves, struct rp_error *err)
{
    bool ok;

    if (curves == NULL || strcmp(curves, "auto") == 0)
        return true;
    c->groups = strdup(curves);
    if (c->groups == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for a secure context");
    ok = *curves != '\0' && SSL_CTX_set1_groups_list(c->ssl, curves) == 1;
    ERR_clear_error();
    return ok || rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED", "Failed to set ECDH curve");
}

static bool set_dhparam(struct rp_secure_context *c, const char *dhparam, struct rp_error *err)
{
    BIO *bio;
    EVP_PKEY *params;
    bool ok = true;

    if (dhparam == NULL)
        return true;
    if (strcmp(dhparam, "auto") == 0)
        return SSL_CTX_set_dh_auto(c->ssl, 1) == 1 ||
               rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "Failed to set DH parameter");
    bio = BIO_new_mem_buf(dhparam, -1);
    if (bio == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for DH parameters");
    params = PEM_read_bio_Parameters(bio, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (params == NULL || (!EVP_PKEY_is_a(params, "DH") && !EVP_PKEY_is_a(params, "DHX"))) {
        EVP_PKEY_free(params);
        return true; /* as in node, invalid parameters disable DHE (B22) */
    }
    if (EVP_PKEY_get_bits(params) < DH_LEAST_BITS)
        ok = rp_error_set(err, "ERR_INVALID_ARG_VALUE", "DH parameter is less than 1024 bits");
    else if (SSL_CTX_set0_tmp_dh_pkey(c->ssl, params) != 1)
        ok = rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "Failed to set DH parameter");
    else
        params = NULL; /* the context owns them now */
    EVP_PKEY_free(params);
    return ok;
}

bool rp_context_blame(struct rp_error *err, const char *option, const char *value)
{
    rp_error_add(err, "; option %s", option);
    return value != NULL && rp_error_add(err, " \"%.200s\"", value);
}

bool rp_context_set_crypto(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                           struct rp_error *err)
{
    const char *curve = o->ecdh_curve;

    if (curve == NULL) {
        curve = rp_tls_defaults()->ecdh_curve;
        if (curve != NULL && *curve == '\0')
            curve = NULL;
    }
    return set_sigalgs(c, o->sigalgs, err) &&
           (set_groups(c, curve, err) || rp_context_blame(err, "ecdh_curve", curve)) &&
           (set_dhparam(c, o->dhparam, err) || rp_context_blame(err, "dhparam", NULL));
}
