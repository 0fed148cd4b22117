/* SPDX-License-Identifier: MIT
 *
 * session.h - a client's session as a handle, for resuming it any number of times.
 * A handle saves writing and reading DER for each connection. Reading DER takes three times as long
 * as a resumed TLS 1.2 handshake, since it parses the server's certificate.
 * A session is bound to the name that was compared with the certificate, to the result, and to what
 * the chain was verified against: authorities, CRLs, security level, the minimum DH size, and
 * node's rules for names or the program's own check. A connection offers the session only if all of
 * these are the same and no certificate of the chain has expired; otherwise it makes a full
 * handshake. So `authorized` of a resumed connection is what a full handshake would have set. A
 * check of the program's own is called with the session's certificate before the session is
 * offered; one that such a check refused is not offered. Nor is one that was authenticated by a
 * pre-shared key, or has no name.
 * Handle and DER both contain all this (D29, E8, E9).
 * A handle is immutable and reference-counted. It comes from RP_EV_SESSION or from DER; a
 * connection that uses it does not change it. It contains keys: whoever has it can impersonate the
 * client. */
#ifndef RP_SESSION_PUBLIC_H
#define RP_SESSION_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_session;
/* Take a reference; returns the session. */
struct rp_session *rp_session_ref(struct rp_session *);
/* Give up a reference; the last one wipes the keys. NULL is allowed. */
void rp_session_unref(struct rp_session *);

/* Create a session from DER, or from the bytes that node's tls gives since 22.23, 24.17 and 26.3.1:
 * a header with the name, then DER. Node's bytes don't say what the chain was verified against: its
 * result counts if the certificate is still valid for the name and nothing in the options
 * contradicts it. The result is the caller's. NULL on failure: ERR_INVALID_ARG_VALUE (not a
 * session), ENOMEM. */
struct rp_session *rp_session_from_der(const void *der, size_t len, struct rp_error *)
    __attribute__((warn_unused_result));
/* Copy the session as DER. Returns its length in bytes; 0: no memory. If `bytes` is NULL or
 * `capacity` is too small, nothing is copied and the required length is returned. */
size_t rp_session_to_der(struct rp_session *, uint8_t *bytes, size_t capacity);

/* The protocol version, "TLSv1.3"; static text. */
const char *rp_session_protocol(const struct rp_session *);
/* The ticket: returns its length in bytes and sets *bytes (borrowed; `bytes` may be NULL). 0: there
 * is no ticket, and the server knows the session by its id. A TLS 1.3 session always has a ticket;
 * one of at most 32 bytes is the id of a session that the server stores. */
size_t rp_session_ticket(const struct rp_session *, const uint8_t **bytes);
/* The lifetime in seconds that the server announced; 0: it announced none. */
uint32_t rp_session_lifetime(const struct rp_session *);

#ifdef __cplusplus
}
#endif

#endif
