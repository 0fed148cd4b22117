/* SPDX-License-Identifier: MIT
 *
 * internal.h - the inside of struct rp_x509, and how lib/tls makes one of an X509. */
#ifndef RP_X509_INTERNAL_H
#define RP_X509_INTERNAL_H

#include <openssl/x509.h>

#include <reprise/x509.h>

#include "lib/base/text.h"

/* A list of attributes whose texts lie one after the other in `text`. It is filled with
 * rp_x509_list_add, which may move them, and readable after rp_x509_list_seal. */
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
    char *key_usage_text;   /* the OIDs one after the other ... */
    const char **key_usage; /* ... and where each begins; NULL at the end */
    uint8_t *raw;
    size_t raw_len;
    struct rp_x509_public_key key; /* points to the next five, into cert, and to static text */
    char *modulus, *exponent, *exponent_decimal;
    uint8_t *spki, *point;
};

/* A new object for a certificate, of which it takes a reference. NULL: no memory. */
struct rp_x509 *rp_x509_new(X509 *, struct rp_error *) __attribute__((warn_unused_result));

/* The same for a peer's certificate with the chain above it (G12), each certificate at most once:
 * first from what the peer sent (NULL or a list, which may hold the leaf or not), then, unless
 * `trust` is NULL, from the store. What getPeerX509Certificate returns has no trust, what
 * getPeerCertificate(true) prints has the trust of the connection's context. */
struct rp_x509 *rp_x509_new_chain(X509 *leaf, const STACK_OF(X509) * sent, X509_STORE *trust,
                                  struct rp_error *) __attribute__((warn_unused_result));

/* -- parts: each fills its members of a new object, and returns false only when memory ran out */
bool rp_x509_fill_names(struct rp_x509 *);
bool rp_x509_fill_extensions(struct rp_x509 *);
bool rp_x509_fill_key(struct rp_x509 *);

/* Seconds since 1970; 0: it cannot be read. */
uint64_t rp_x509_seconds(const ASN1_TIME *);

/* What was printed into a memory BIO, as UTF-8; the caller's. NULL: no memory. */
char *rp_x509_bio_text(BIO *) __attribute__((warn_unused_result));

void rp_x509_list_add(struct rp_x509_list *, const char *name, const char *value, size_t len);
bool rp_x509_list_seal(struct rp_x509_list *);
void rp_x509_list_clear(struct rp_x509_list *);

#endif
