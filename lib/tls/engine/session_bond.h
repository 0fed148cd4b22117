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
    struct rp_cursor verdict; /* empty: authorized; else the code (D7) */
    const uint8_t *trust;     /* RP_TRUST_SIZE bytes: a digest; NULL: from node, which has none */
    uint64_t until;           /* seconds: from then on a certificate of the chain has expired */
};

/* false: no memory, or a verdict or name that is too long; the session is then bound to nothing. */
bool rp_session_bind(SSL_SESSION *, const struct rp_session_bond *);
/* What a session is bound to; the parts are the session's. false: nothing. */
bool rp_session_read_bond(SSL_SESSION *, struct rp_session_bond *);
/* A session from DER, or from what node's client gives since 22.23, 24.17 and 26.3.1: a header with
 * the name that it compared, and DER. NULL: neither. Leaves no error behind. */
SSL_SESSION *rp_session_import(const uint8_t *bytes, size_t len);

#endif
