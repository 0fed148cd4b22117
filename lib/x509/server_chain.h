/* SPDX-License-Identifier: MIT
 *
 * server_chain.h - find faults in the certificates that a server will send. */
#ifndef RP_SERVER_CHAIN_H
#define RP_SERVER_CHAIN_H

#include <reprise/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CA certificates that are known but not sent, each with the file that contains it. */
struct rp_issuers;
struct rp_issuers *rp_issuers_new(struct rp_error *) __attribute__((warn_unused_result));
void rp_issuers_free(struct rp_issuers *); /* NULL ok */
/* Add the CA certificates of a PEM text; `file` is copied. A text without certificates adds none.
 * false: no memory. */
bool rp_issuers_add(struct rp_issuers *, const char *bytes, size_t len, const char *file,
                    struct rp_error *);

enum rp_chain_fault {
    RP_CHAIN_SHORT_KEY = 1 << 0,   /* RSA of fewer than 2048 bits */
    RP_CHAIN_RARE_KEY = 1 << 1,    /* browsers accept RSA, P-256 and P-384 only */
    RP_CHAIN_UNKNOWN_KEY = 1 << 2, /* this OpenSSL does not support it */
    RP_CHAIN_MUST_STAPLE = 1 << 3,
    RP_CHAIN_NOT_SERVER = 1 << 4, /* its extended key usage excludes servers */
    RP_CHAIN_NO_ALT_NAME = 1 << 5,
    RP_CHAIN_OF_CA = 1 << 6, /* a CA's certificate that is not self-signed */
    RP_CHAIN_INCOMPLETE = 1 << 7,
    RP_CHAIN_MISORDERED = 1 << 8,
    RP_CHAIN_EXTRA = 1 << 9,
    RP_CHAIN_INVALID = 1 << 10, /* `invalid` has the reason */
};

enum { RP_CHAIN_TEXT = 128 };
struct rp_chain_report {
    unsigned faults;                /* a set of rp_chain_fault */
    uint64_t not_before, not_after; /* seconds since 1970, for the whole chain without its root */
    unsigned early, late;  /* index of the certificate with each date; 0: the server's own */
    unsigned count, extra; /* certificates in the text; those among them that clients do not need */
    char key[RP_CHAIN_TEXT];    /* type of the server's key: "RSA 1024", "EC secp256k1" */
    char issuer[RP_CHAIN_TEXT]; /* INCOMPLETE: the name of the missing issuer */
    char invalid[RP_CHAIN_TEXT];
    const char *file; /* INCOMPLETE: the file of the missing certificate, borrowed from the issuers;
                         NULL: unknown */
};
/* Check a PEM text whose first certificate is the server's own. A chain is complete if it leads to
 * a root of the system, to a self-signed certificate in the text, or to one among `issuers`. Dates
 * are reported but not checked. false: the text has no readable certificate, or no memory. */
bool rp_chain_judge(struct rp_chain_report *, const char *bytes, size_t len,
                    const struct rp_issuers *, struct rp_error *);

#endif
