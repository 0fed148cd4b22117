/* SPDX-License-Identifier: MIT
 *
 * certs.c - certificates, keys, trust and CRLs of a secure context (B13 to B19). The danger: a
 * missing or wrong passphrase must be an error, never a prompt on the terminal; and a copied
 * private key would remain in memory, so keys are only in OpenSSL's buffers. */
#include "lib/tls/context/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/proverr.h>
#include <openssl/sha.h>

#include "lib/base/args.h"
#include "lib/x509/internal.h"
#include "lib/x509/roots.h"
#include "lib/x509/openssl_errors.h"

static bool has_bytes(const struct rp_pem *pem, struct rp_error *err)
{
    return pem->bytes != NULL || rp_error_set(err, "ERR_INVALID_ARG_VALUE", "its bytes are NULL");
}

static BIO *open_pem(const struct rp_pem *pem, struct rp_error *err)
{
    size_t len;
    BIO *bio;

    if (!has_bytes(pem, err))
        return NULL;
    len = pem->len != 0 ? pem->len : strlen(pem->bytes);
    bio = len <= INT32_MAX ? BIO_new_mem_buf(pem->bytes, (int)len) : NULL;
    if (bio == NULL)
        rp_error_openssl(err, "ENOMEM", "no memory to read PEM");
    return bio;
}

/* Add to the error the index and file of the faulty item of an option. Returns false. */
static bool blame(struct rp_error *err, const char *option, size_t index, const struct rp_pem *list)
{
    const char *file = list[index].file;

    return rp_error_add(err, "; option %s[%zu]%s%s", option, index, file != NULL ? ", file " : "",
                        file != NULL ? file : "");
}

/* The passphrase callback of PEM: returns the given passphrase or an empty one; never prompts. */
static int give_passphrase(char *buffer, int size, int writing, void *passphrase)
{
    size_t len = passphrase != NULL ? strlen(passphrase) : 0;

    (void)writing;
    if (len > (size_t)size)
        return -1;
    memcpy(buffer, passphrase != NULL ? passphrase : "", len);
    return (int)len;
}

/* -- digests of sets: they do not depend on the order of the certificates */

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_DIGEST_LENGTH);
}

struct digests {
    uint8_t (*list)[SHA256_DIGEST_LENGTH];
    size_t count;
};

static bool add_digest(struct digests *d, const uint8_t digest[SHA256_DIGEST_LENGTH])
{
    void *list = realloc(d->list, (d->count + 1) * sizeof *d->list);

    if (list == NULL)
        return false;
    d->list = list;
    memcpy(d->list[d->count++], digest, SHA256_DIGEST_LENGTH);
    return true;
}

static void digest_of_set(struct digests *d, uint8_t out[SHA256_DIGEST_LENGTH])
{
    size_t unique = 0;

    if (d->count > 0)
        qsort(d->list, d->count, sizeof *d->list, compare_digests);
    for (size_t i = 0; i < d->count; i++)
        if (i == 0 || compare_digests(d->list[i], d->list[unique - 1]) != 0)
            memmove(d->list[unique++], d->list[i], sizeof *d->list);
    SHA256(unique > 0 ? d->list[0] : (const uint8_t *)"", unique * sizeof *d->list, out);
}

/* -- trusted authorities */

/* Trust a certificate; with `named`, its name is also sent to clients in a certificate request. */
static bool trust(struct rp_secure_context *c, X509 *cert, bool named, struct digests *d)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    return X509_STORE_add_cert(SSL_CTX_get_cert_store(c->ssl), cert) == 1 &&
           (!named || SSL_CTX_add_client_CA(c->ssl, cert) == 1) &&
           X509_digest(cert, EVP_sha256(), digest, NULL) == 1 && add_digest(d, digest);
}

/* Trust every certificate of a PEM text; a text without certificates adds none (B13). */
static bool trust_pem(struct rp_secure_context *c, const struct rp_pem *pem, bool named,
                      struct digests *d, struct rp_error *err)
{
    BIO *bio = open_pem(pem, err);
    X509 *cert;
    bool ok = true;

    if (bio == NULL)
        return false;
    while (ok && (cert = PEM_read_bio_X509_AUX(bio, NULL, give_passphrase, NULL)) != NULL) {
        ok = trust(c, cert, named, d);
        X509_free(cert);
    }
    BIO_free(bio);
    if (!ok)
        return rp_error_openssl(err, "ENOMEM", "no memory for a trusted certificate");
    ERR_clear_error();
    return true;
}

/* The default trust: the system's roots and extra_ca (Q3). */
static bool trust_roots(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                        struct digests *d, struct rp_error *err)
{
    if (!rp_roots_add(SSL_CTX_get_cert_store(c->ssl), c->roots_digest))
        return rp_error_openssl(err, "ENOMEM", "no memory for the trusted roots");
    for (size_t i = 0; i < o->extra_ca_count; i++)
        if (!trust_pem(c, &o->extra_ca[i], false, d, err))
            return blame(err, "extra_ca", i, o->extra_ca);
    return true;
}

bool rp_context_set_trust(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                          struct rp_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);
    bool by_default = o->ca_count == 0 && !o->empty_ca;
    struct digests d = {0};
    bool ok = !by_default || trust_roots(c, o, &d, err);

    for (size_t i = 0; ok && i < o->ca_count; i++)
        ok = trust_pem(c, &o->ca[i], !o->no_ca_names, &d, err) || blame(err, "ca", i, o->ca);
    if (ok && o->allow_partial_trust_chain)
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    digest_of_set(&d, c->ca_digest);
    if (by_default)
        c->ca_digest[0] ^= 1; /* differs from the digest of the empty set */
    if (o->allow_partial_trust_chain)
        c->ca_digest[1] ^= 1;
    free(d.list);
    return ok;
}

/* -- this side's certificates and keys */

/* Read the chain after a leaf: all further certificates of the text. NULL: *err is set. */
static STACK_OF(X509) * read_chain(BIO *bio, struct rp_error *err)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *cert;
    bool ok = chain != NULL;

    while (ok && (cert = PEM_read_bio_X509(bio, NULL, give_passphrase, NULL)) != NULL)
        if (sk_X509_push(chain, cert) == 0) {
            X509_free(cert);
            ok = false;
        }
    if (ok && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        ok = rp_error_openssl(err, "ENOMEM", "no memory for a certificate chain");
    else if (!ok)
        rp_error_set(err, "ENOMEM", "no memory for a certificate chain");
    ERR_clear_error();
    if (ok)
        return chain;
    sk_X509_pop_free(chain, X509_free);
    return NULL;
}

static bool use_certificate(struct rp_secure_context *c, const struct rp_pem *pem,
                            struct rp_error *err)
{
    static const char what[] = "a certificate cannot be used";
    BIO *bio = open_pem(pem, err);
    X509 *leaf = NULL;
    STACK_OF(X509) *chain = NULL;
    bool ok = false;

    if (bio == NULL)
        return false;
    leaf = PEM_read_bio_X509_AUX(bio, NULL, give_passphrase, NULL);
    if (leaf == NULL || SSL_CTX_use_certificate(c->ssl, leaf) != 1) {
        rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", what);
        goto out;
    }
    ERR_clear_error();
    chain = read_chain(bio, err);
    if (chain == NULL)
        goto out;
    ok = sk_X509_num(chain) == 0 || SSL_CTX_set1_chain(c->ssl, chain) == 1;
    if (!ok)
        rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", what);
out:
    sk_X509_pop_free(chain, X509_free);
    X509_free(leaf);
    BIO_free(bio);
    return ok;
}

/* One wrong passphrase in 256 decrypts to valid padding, and parsing the key fails later. That is
 * reported as a wrong passphrase, too (B17). */
static bool is_encrypted(const struct rp_pem *pem)
{
    static const char mark[] = "ENCRYPTED";

    return memmem(pem->bytes, pem->len != 0 ? pem->len : strlen(pem->bytes), mark,
                  sizeof mark - 1) != NULL;
}

static bool bad_decrypt(struct rp_error *err)
{
    ERR_clear_error();
    ERR_raise(ERR_LIB_PROV, PROV_R_BAD_DECRYPT);
    return rp_error_openssl(err, "ERR_OSSL_BAD_DECRYPT", "bad decrypt");
}

static bool use_key(struct rp_secure_context *c, const struct rp_pem *pem, const char *passphrase,
                    struct rp_error *err)
{
    BIO *bio = open_pem(pem, err);
    EVP_PKEY *key;
    bool ok;

    if (bio == NULL)
        return false;
    if (pem->passphrase != NULL)
        passphrase = pem->passphrase;
    key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *)(uintptr_t)passphrase);
    BIO_free(bio);
    ok = key != NULL && SSL_CTX_use_PrivateKey(c->ssl, key) == 1;
    EVP_PKEY_free(key);
    if (key == NULL && is_encrypted(pem))
        return bad_decrypt(err);
    if (!ok)
        return rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "a key cannot be used");
    ERR_clear_error();
    return true;
}

bool rp_context_set_identity(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                             struct rp_error *err)
{
    for (size_t i = 0; i < o->cert_count; i++)
        if (!use_certificate(c, &o->cert[i], err))
            return blame(err, "cert", i, o->cert);
    for (size_t i = 0; i < o->key_count; i++)
        if (!use_key(c, &o->key[i], o->passphrase, err))
            return blame(err, "key", i, o->key);
    return true;
}

/* -- CRLs */

static bool use_crl(struct rp_secure_context *c, X509_CRL *crl, struct digests *d,
                    struct rp_error *err)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    uint64_t until = next != NULL ? rp_x509_seconds(next) : UINT64_MAX;
    uint8_t digest[SHA256_DIGEST_LENGTH];

    c->crl_until = until < c->crl_until ? until : c->crl_until;
    return (X509_STORE_add_crl(SSL_CTX_get_cert_store(c->ssl), crl) == 1 &&
            X509_CRL_digest(crl, EVP_sha256(), digest, NULL) == 1 && add_digest(d, digest)) ||
           rp_error_openssl(err, "ENOMEM", "no memory for a CRL");
}

/* Add every CRL of a PEM text, which must contain at least one; a malformed one is an error. */
static bool use_crls(struct rp_secure_context *c, const struct rp_pem *pem, struct digests *d,
                     struct rp_error *err)
{
    BIO *bio = open_pem(pem, err);
    bool ok = bio != NULL, any = false;
    X509_CRL *crl;

    while (ok && (crl = PEM_read_bio_X509_CRL(bio, NULL, give_passphrase, NULL)) != NULL) {
        any = true;
        ok = use_crl(c, crl, d, err);
        X509_CRL_free(crl);
    }
    if (ok && (!any || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
        ok = rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED", "Failed to parse CRL");
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

bool rp_context_set_crls(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                         struct rp_error *err)
{
    struct digests d = {0};
    bool ok = true;

    c->crl_until = UINT64_MAX;
    for (size_t i = 0; ok && i < o->crl_count; i++)
        ok = use_crls(c, &o->crl[i], &d, err) || blame(err, "crl", i, o->crl);
    if (ok && o->crl_count > 0)
        X509_STORE_set_flags(SSL_CTX_get_cert_store(c->ssl),
                             X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    digest_of_set(&d, c->crl_digest);
    free(d.list);
    return ok;
}

/* -- PFX */

/* Use the certificate and key; the extra certificates become chain, trust and client CA names
 * (B18). */
static bool use_pfx(struct rp_secure_context *c, PKCS12 *p12, const char *passphrase,
                    struct digests *d, struct rp_error *err)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *extra = NULL;
    bool ok = PKCS12_parse(p12, passphrase, &key, &cert, &extra) == 1 && key != NULL &&
              cert != NULL && SSL_CTX_use_certificate(c->ssl, cert) == 1 &&
              SSL_CTX_use_PrivateKey(c->ssl, key) == 1 &&
              (extra == NULL || SSL_CTX_set1_chain(c->ssl, extra) == 1);

    for (int i = 0; ok && i < sk_X509_num(extra); i++)
        ok = trust(c, sk_X509_value(extra, i), true, d);
    EVP_PKEY_free(key);
    X509_free(cert);
    sk_X509_pop_free(extra, X509_free);
    if (ok) {
        ERR_clear_error();
        return true;
    }
    /* for these errors node has OpenSSL's text and no code */
    rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "Unable to load PFX certificate");
    if (err != NULL && err->reason[0] != '\0') {
        err->code[0] = '\0';
        snprintf(err->message, sizeof err->message, "%s", err->reason);
    }
    return false;
}

static bool read_pfx(struct rp_secure_context *c, const struct rp_pem *pfx, const char *passphrase,
                     struct digests *d, struct rp_error *err)
{
    const uint8_t *at = pfx->bytes;
    PKCS12 *p12;
    bool ok;

    if (!has_bytes(pfx, err))
        return false;
    p12 = pfx->len <= INT32_MAX ? d2i_PKCS12(NULL, &at, (long)pfx->len) : NULL;
    if (p12 == NULL) {
        ERR_clear_error();
        return rp_error_set(err, "", "not enough data");
    }
    ok = use_pfx(c, p12, pfx->passphrase != NULL ? pfx->passphrase : passphrase, d, err);
    PKCS12_free(p12);
    return ok;
}

bool rp_context_set_pfx(struct rp_secure_context *c, const struct rp_secure_context_options *o,
                        struct rp_error *err)
{
    struct digests d = {0};
    bool ok = true;

    for (size_t i = 0; ok && i < o->pfx_count; i++)
        ok = read_pfx(c, &o->pfx[i], o->passphrase, &d, err) || blame(err, "pfx", i, o->pfx);
    if (ok && d.count > 0) { /* PFX files add trusted certificates: combine both digests */
        add_digest(&d, c->ca_digest);
        digest_of_set(&d, c->ca_digest);
    }
    free(d.list);
    return ok;
}

/* -- chains */

X509 *rp_context_next_certificate(struct rp_secure_context *c, bool first)
{
    if (SSL_CTX_set_current_cert(c->ssl, first ? SSL_CERT_SET_FIRST : SSL_CERT_SET_NEXT) != 1)
        return NULL;
    return SSL_CTX_get0_certificate(c->ssl);
}

/* Complete chains once, here: otherwise OpenSSL would search and verify issuers in each
 * handshake. */
void rp_context_complete_chains(struct rp_secure_context *c)
{
    STACK_OF(X509) * chain;

    for (X509 *leaf = rp_context_next_certificate(c, true); leaf != NULL;
         leaf = rp_context_next_certificate(c, false))
        if (SSL_CTX_get0_chain_certs(c->ssl, &chain) != 1 || sk_X509_num(chain) <= 0)
            SSL_CTX_build_cert_chain(c->ssl, SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
                                                 SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR |
                                                 SSL_BUILD_CHAIN_FLAG_NO_ROOT);
    SSL_CTX_set_mode(c->ssl, SSL_MODE_NO_AUTO_CHAIN);
    ERR_clear_error();
}
