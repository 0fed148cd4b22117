/* SPDX-License-Identifier: MIT
 *
 * session.h - a client's session as a handle: to resume with, again and again, without the DER of
 * it being written and read for each connection. Reading costs three times what a resumed TLS 1.2
 * handshake does, since it parses the server's certificate.
 * A session is bound to the name that was compared with the certificate, to what came of it, and to
 * what the chain was verified against: authorities, CRLs, security level, the least DH size, node's
 * rules for names or a check of the program's. A connection offers it only where these are the
 * same, and nothing of the chain has expired; otherwise it makes a full handshake. So `authorized`
 * of a connection that resumed is what a full handshake would have said. A check of the program's
 * own is asked about the session's certificate before it is offered. A session that was proved by a
 * pre-shared key, or says nothing of a name, is not offered. Handle and DER carry all this.
 * A handle is immutable and counts references. It comes with RP_EV_SESSION, or from DER; what
 * becomes of a connection that was made with it does not spoil it. It holds keys: whoever has it
 * can speak as the client. */
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
/* One reference more. */
struct rp_session *rp_session_ref(struct rp_session *);
void rp_session_unref(struct rp_session *); /* NULL ok; the last one wipes the keys */

/* From DER, or from what node's tls gives since 22.23, 24.17 and 26.3.1: a header with the name,
 * and DER. Node says nothing of what it verified against: its verdict counts as long as the
 * certificate is for that name still and nothing here contradicts. NULL: neither,
 * ERR_INVALID_ARG_VALUE. */
struct rp_session *rp_session_from_der(const void *der, size_t len, struct rp_error *)
    __attribute__((warn_unused_result));
/* A copy in DER; returns the length, 0 = no memory. With bytes NULL or capacity too small nothing
 * is copied and the length needed is returned. */
size_t rp_session_to_der(struct rp_session *, uint8_t *bytes, size_t capacity);

const char *rp_session_protocol(const struct rp_session *); /* "TLSv1.3"; static text */
/* The ticket: its length, 0 = none, the session is known by its id. In TLS 1.3 there is always one;
 * of at most 32 bytes it is the id of a session that the server stores. Borrowed; NULL ok. */
size_t rp_session_ticket(const struct rp_session *, const uint8_t **bytes);
/* Seconds that the server said it is good for; 0 = it did not say. */
uint32_t rp_session_lifetime(const struct rp_session *);

#ifdef __cplusplus
}
#endif

#endif
