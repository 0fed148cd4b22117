/* SPDX-License-Identifier: MIT
 *
 * internal.h - the members of struct rp_x509, and how lib/tls creates one from an X509. */
#ifndef RP_X509_INTERNAL_H
#define RP_X509_INTERNAL_H

#include <openssl/x509.h>

#include <reprise/x509.h>

#include "lib/base/text.h"

/* A list of attributes whose texts are stored one after the other in `text`. rp_x509_list_add fills
 * it and may move the texts; the list can be read after rp_x509_list_seal. */
struct rp_x509_list {
    struct rp_x509_attribute *items;
    size_t count, capacity;
    struct rp_text text;
};

struct rp_x509 {
    unsigned refs;
    X509 *cert;
    struct rp_x509 *issuer_certificate; /* a reference; never the object itself */
    bool self_issued, ca;
    unsigned malformed;
    char *subject, *issuer, *subject_alt_name, *info_access;
    char *valid_from, *valid_to, *serial_number;
    char *fingerprint, *fingerprint256, *fingerprint512;
    struct rp_x509_list subject_list, issuer_list, alt_name_list, info_access_list;
    char *key_usage_text;   /* the OIDs, one after the other ... */
    const char **key_usage; /* ... and a pointer to each; NULL-terminated */
    uint8_t *raw;
    size_t raw_len;
    struct rp_x509_public_key key; /* points to the next five, into cert, and to static text */
    char *modulus, *exponent, *exponent_decimal;
    uint8_t *spki, *point;
};

/* Create an object for a certificate, of which it takes a reference. NULL: no memory. */
struct rp_x509 *rp_x509_new(X509 *, struct rp_error *) __attribute__((warn_unused_result));

/* Likewise for a peer's certificate with its chain (G12), each certificate at most once. Issuers
 * are looked for among the certificates that the peer sent (NULL, or a list with or without the
 * leaf), then, unless `trust` is NULL, in the store. getPeerX509Certificate has no trust;
 * getPeerCertificate(true) has the trust of the connection's context. */
struct rp_x509 *rp_x509_new_chain(X509 *leaf, const STACK_OF(X509) * sent, X509_STORE *trust,
                                  struct rp_error *) __attribute__((warn_unused_result));

/* -- parts: each function fills its members of a new object; false: no memory */
bool rp_x509_fill_names(struct rp_x509 *);
bool rp_x509_fill_extensions(struct rp_x509 *);
bool rp_x509_fill_key(struct rp_x509 *);

/* Seconds since 1970; 0: the time is malformed. */
uint64_t rp_x509_seconds(const ASN1_TIME *);

/* The content of a memory BIO as UTF-8, which the caller must free(). NULL: no memory. */
char *rp_x509_bio_text(BIO *) __attribute__((warn_unused_result));

void rp_x509_list_add(struct rp_x509_list *, const char *name, const char *value, size_t len);
bool rp_x509_list_seal(struct rp_x509_list *);
void rp_x509_list_clear(struct rp_x509_list *);

#endif
