/* SPDX-License-Identifier: MIT
 *
 * certs.h - certificates for tests, made in the process: EC keys, a CA or none, any names. */
#ifndef CERTS_H
#define CERTS_H

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cert {
    X509 *x509;
    EVP_PKEY *key;
    char *pem, *key_pem; /* terminated */
};

struct cert_request {
    const char *cn;            /* NULL: no subject */
    const char *alt;           /* "DNS:a.example,DNS:b.example"; NULL: none */
    const struct cert *issuer; /* NULL: self-signed */
    bool ca, rsa;
    int days;                   /* how long it is valid; 0 = 30; negative: it has expired */
    const char *extended_usage; /* NULL: any */
};

static inline char *cert_pem_text(BIO *bio)
{
    char *bytes, *text;
    long len = BIO_get_mem_data(bio, &bytes);

    text = malloc((size_t)len + 1);
    memcpy(text, bytes, (size_t)len);
    text[len] = '\0';
    BIO_free(bio);
    return text;
}

static inline void cert_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ck_assert_ptr_nonnull(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

static inline struct cert cert_make(struct cert_request r)
{
    static long serial = 1;
    struct cert c = {X509_new(), r.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), NULL, NULL};
    X509 *issuer = r.issuer != NULL ? r.issuer->x509 : c.x509;
    long day = 86400;
    BIO *bio;

    ck_assert_ptr_nonnull(c.key);
    X509_set_version(c.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c.x509), r.days < 0 ? -60 * day : -day);
    X509_gmtime_adj(X509_getm_notAfter(c.x509), (r.days != 0 ? r.days : 30) * day);
    if (r.cn != NULL)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x509), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)r.cn, -1, -1, 0);
    X509_set_issuer_name(c.x509, X509_get_subject_name(issuer));
    X509_set_pubkey(c.x509, c.key);
    cert_extension(c.x509, issuer, NID_basic_constraints, r.ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (r.alt != NULL)
        cert_extension(c.x509, issuer, NID_subject_alt_name, r.alt);
    if (r.extended_usage != NULL)
        cert_extension(c.x509, issuer, NID_ext_key_usage, r.extended_usage);
    ck_assert_int_gt(X509_sign(c.x509, r.issuer != NULL ? r.issuer->key : c.key, EVP_sha256()), 0);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, c.x509);
    c.pem = cert_pem_text(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, c.key, NULL, NULL, 0, NULL, NULL);
    c.key_pem = cert_pem_text(bio);
    return c;
}

static inline void cert_free(struct cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    free(c->pem);
    free(c->key_pem);
}

/* A CRL of `issuer` with one serial number in it, or none, as PEM. */
static inline char *cert_crl(const struct cert *issuer, const struct cert *revoked)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = X509_gmtime_adj(NULL, -3600);
    BIO *bio = BIO_new(BIO_s_mem());

    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509));
    X509_CRL_set1_lastUpdate(crl, t);
    X509_gmtime_adj(t, 86400);
    X509_CRL_set1_nextUpdate(crl, t);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();

        X509_gmtime_adj(t, -1800);
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x509));
        X509_REVOKED_set_revocationDate(entry, t);
        X509_CRL_add0_revoked(crl, entry);
    }
    X509_CRL_sign(crl, issuer->key, EVP_sha256());
    PEM_write_bio_X509_CRL(bio, crl);
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
    return cert_pem_text(bio);
}

#endif
