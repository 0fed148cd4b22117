/* SPDX-License-Identifier: MIT
 *
 * session_bond.h - what a client's session is bound to: the name that the certificate was compared
 * with, the verdict, and what the chain was verified against. It is in the session's application
 * data, so it goes with each copy and into the DER; servers never see it. */
#ifndef RP_SESSION_BOND_H
#define RP_SESSION_BOND_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cursor.h"

enum { RP_TRUST_SIZE = 32, RP_VERDICT_MAX = 255 };

struct rp_session_bond {
    struct rp_cursor name;
    struct rp_cursor verdict; /* empty: authorized; else the error code (D7) */
    const uint8_t *trust; /* a digest of RP_TRUST_SIZE bytes; NULL: from node, which records none */
    uint64_t until;       /* seconds; a certificate of the chain expires then */
};

/* false: no memory, or a verdict or name is too long; the session is then not bound. */
bool rp_session_bind(SSL_SESSION *, const struct rp_session_bond *);
/* Get what a session is bound to; the parts belong to the session. false: it is not bound. */
bool rp_session_read_bond(SSL_SESSION *, struct rp_session_bond *);
/* Create a session from DER, or from the bytes of node's clients since 22.23, 24.17 and 26.3.1: a
 * header with the compared name, and DER. NULL: neither. Leaves OpenSSL's error queue empty. */
SSL_SESSION *rp_session_import(const uint8_t *bytes, size_t len);

#endif
