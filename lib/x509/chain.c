/* SPDX-License-Identifier: MIT
 *
 * chain.c - a peer's certificate with the certificates of its issuers (G12). The danger:
 * certificates that issued one another, or that are self-issued without the right to sign (N10),
 * would make an endless chain. So each certificate is in the chain at most once, and the chain is
 * at most as long as OpenSSL would verify. */
#include "lib/x509/internal.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

enum { CHAIN_MAX = 100 };

struct chain {
    X509 *certs[CHAIN_MAX]; /* each with a reference */
    int count;
};

static X509 *last(const struct chain *c)
{
    return c->certs[c->count - 1];
}

static bool contains(const struct chain *c, const X509 *cert)
{
    for (int i = 0; i < c->count; i++)
        if (X509_cmp(c->certs[i], cert) == 0)
            return true;
    return false;
}

/* Whether `issuer` may follow the last certificate of the chain. */
static bool continues(const struct chain *c, X509 *issuer)
{
    return X509_check_issued(issuer, last(c)) == X509_V_OK && !contains(c, issuer);
}

static bool complete(const struct chain *c)
{
    return c->count == CHAIN_MAX || X509_check_issued(last(c), last(c)) == X509_V_OK;
}

/* The issuer of the last certificate, among those that the peer sent, with a reference; NULL if
 * there is none. */
static X509 *issuer_among(const struct chain *c, const STACK_OF(X509) * sent)
{
    for (int i = 0; i < sk_X509_num(sent); i++) {
        X509 *cert = sk_X509_value(sent, i);

        if (continues(c, cert) && X509_up_ref(cert))
            return cert;
    }
    return NULL;
}

/* Likewise from the trust store, which prefers a certificate that is valid now. */
static X509 *issuer_trusted(const struct chain *c, X509_STORE_CTX *trust)
{
    X509 *cert = NULL;

    if (X509_STORE_CTX_get1_issuer(&cert, trust, last(c)) != 1)
        return NULL;
    if (!contains(c, cert))
        return cert;
    X509_free(cert);
    return NULL;
}

static void add_sent(struct chain *c, const STACK_OF(X509) * sent)
{
    X509 *issuer;

    while (!complete(c) && (issuer = issuer_among(c, sent)))
        c->certs[c->count++] = issuer;
}

static void add_trusted(struct chain *c, X509_STORE *store)
{
    X509_STORE_CTX *trust = X509_STORE_CTX_new();
    X509 *issuer;

    if (trust && X509_STORE_CTX_init(trust, store, NULL, NULL))
        while (!complete(c) && (issuer = issuer_trusted(c, trust)))
            c->certs[c->count++] = issuer;
    X509_STORE_CTX_free(trust);
}

/* Create the objects from the top of the chain down to the leaf. */
static struct rp_x509 *objects(const struct chain *c, struct rp_error *err)
{
    struct rp_x509 *above = NULL;

    for (int i = c->count - 1; i >= 0; i--) {
        struct rp_x509 *x = rp_x509_new(c->certs[i], err);

        if (!x) {
            rp_x509_unref(above);
            return NULL;
        }
        x->issuer_certificate = above;
        above = x;
    }
    return above;
}

struct rp_x509 *rp_x509_new_chain(X509 *leaf, const STACK_OF(X509) * sent, X509_STORE *trust,
                                  struct rp_error *err)
{
    struct chain c = {.certs = {leaf}, .count = 1};
    struct rp_x509 *x;

    X509_up_ref(leaf);
    ERR_set_mark();
    add_sent(&c, sent);
    if (trust)
        add_trusted(&c, trust);
    ERR_pop_to_mark();
    x = objects(&c, err);
    for (int i = 0; i < c.count; i++)
        X509_free(c.certs[i]);
    return x;
}
