/* SPDX-License-Identifier: MIT
 *
 * client_trust.c - verify a test certificate for each trusted authority, as a client of it would
 * send. It names the authority as its issuer; its signature is not checked, since the authority's
 * private key is not available. */
#include "lib/tls/context/client_trust.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lib/tls/context/internal.h"
#include "lib/x509/internal.h"
#include "lib/x509/openssl_errors.h"

static void print_name(const X509_NAME *name, char out[RP_TRUST_TEXT])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
        text = rp_x509_bio_text(bio);
    snprintf(out, RP_TRUST_TEXT, "%s", text != NULL ? text : "");
    free(text);
    BIO_free(bio);
}

/* Make a client certificate that this authority issued; NULL: no memory. */
static X509 *make_client(X509 *authority, EVP_PKEY *key)
{
    X509 *x = X509_new();
    bool ok = x != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
              X509_set_issuer_name(x, X509_get_subject_name(authority)) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x), -1) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(x), 60) != NULL && X509_set_pubkey(x, key) == 1 &&
              X509_sign(x, key, EVP_sha256()) > 0;

    if (ok)
        return x;
    X509_free(x);
    return NULL;
}

static int ignore_own_signature(int ok, X509_STORE_CTX *ctx)
{
    return ok || (X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_SIGNATURE_FAILURE &&
                  X509_STORE_CTX_get_error_depth(ctx) == 0);
}

static void note_refusal(X509_STORE_CTX *ctx, X509 *authority, struct rp_trust_report *r)
{
    X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);

    if (r->authority[0] != '\0')
        return;
    print_name(X509_get_subject_name(authority), r->authority);
    if (at != NULL)
        print_name(X509_get_issuer_name(at), r->issuer);
    snprintf(r->reason, sizeof r->reason, "%s", X509_verify_cert_error_string(error));
    r->crl_missing = error == X509_V_ERR_UNABLE_TO_GET_CRL;
    r->issuer_missing = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
                        error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
}

/* Whether this certificate verifies; -1: no memory. */
static int admits(const struct rp_secure_context *c, X509 *client, X509 *authority,
                  struct rp_trust_report *r)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int ok = -1;

    if (ctx != NULL &&
        X509_STORE_CTX_init(ctx, SSL_CTX_get_cert_store(c->ssl), client, NULL) == 1 &&
        X509_STORE_CTX_set_default(ctx, "ssl_client") == 1) {
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_NO_CHECK_TIME);
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx),
                                         SSL_CTX_get_security_level(c->ssl));
        X509_STORE_CTX_set_verify_cb(ctx, ignore_own_signature);
        ok = X509_verify_cert(ctx) == 1;
        if (!ok && r != NULL)
            note_refusal(ctx, authority, r);
    }
    X509_STORE_CTX_free(ctx);
    return ok;
}

/* `ca` may contain a client's own certificate, which is not a CA's. */
static bool judge_one(const struct rp_secure_context *c, X509 *authority, EVP_PKEY *key,
                      struct rp_trust_report *r)
{
    X509 *client;
    int ok;

    r->authorities++;
    if (X509_check_ca(authority) == 0 && admits(c, authority, authority, NULL) == 1) {
        r->admitting++;
        return true;
    }
    client = make_client(authority, key);
    ok = client != NULL ? admits(c, client, authority, r) : -1;
    X509_free(client);
    r->admitting += ok == 1;
    return ok >= 0;
}

static size_t length_of_names(const STACK_OF(X509_NAME) * names)
{
    size_t len = 0;

    for (int i = 0; i < sk_X509_NAME_num(names); i++) {
        int one = i2d_X509_NAME(sk_X509_NAME_value(names, i), NULL);

        len += 2 + (one > 0 ? (size_t)one : 0);
    }
    return len;
}

bool rp_context_judge_trust(const struct rp_secure_context *c, struct rp_trust_report *r,
                            struct rp_error *err)
{
    const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(c->ssl));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool ok = key != NULL;

    *r = (struct rp_trust_report){.names_len = length_of_names(SSL_CTX_get_client_CA_list(c->ssl))};
    ERR_set_mark();
    for (int i = 0; ok && i < sk_X509_OBJECT_num(all); i++) {
        X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));

        ok = cert == NULL || judge_one(c, cert, key, r);
    }
    ERR_pop_to_mark();
    EVP_PKEY_free(key);
    return ok || rp_error_set(err, "ENOMEM", "no memory to judge client CAs");
}

void rp_context_each_trusted(const struct rp_secure_context *c, rp_trust_visit *visit, void *arg)
{
    const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(c->ssl));
    char name[RP_TRUST_TEXT];

    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        const X509_OBJECT *object = sk_X509_OBJECT_value(all, i);
        const X509 *cert = X509_OBJECT_get0_X509(object);
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);
        const ASN1_TIME *until = crl != NULL ? X509_CRL_get0_nextUpdate(crl) : NULL;

        if (crl != NULL) {
            print_name(X509_CRL_get_issuer(crl), name);
            visit(true, name, rp_x509_seconds(X509_CRL_get0_lastUpdate(crl)),
                  until != NULL ? rp_x509_seconds(until) : UINT64_MAX, arg);
        } else if (cert != NULL) {
            print_name(X509_get_subject_name(cert), name);
            visit(false, name, rp_x509_seconds(X509_get0_notBefore(cert)),
                  rp_x509_seconds(X509_get0_notAfter(cert)), arg);
        }
    }
}
