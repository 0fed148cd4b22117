/* SPDX-License-Identifier: MIT
 *
 * session.h - sessions and tickets of a server: OpenSSL's callbacks. */
#ifndef RP_SESSION_H
#define RP_SESSION_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_engine;
struct rp_session;

enum { RP_SESSION_MAX = 10 * 1024 }; /* larger sessions are not reported (I2) */

/* Set the callbacks of a context. Nothing is cached inside OpenSSL (B3). */
void rp_session_install(SSL_CTX *);
/* Decode DER; NULL: malformed. Leaves OpenSSL's error queue empty. */
SSL_SESSION *rp_session_decode(const uint8_t *der, size_t len);
/* Encode as DER, for free(); NULL: none, too large, or no memory. */
uint8_t *rp_session_encode(SSL_SESSION *, size_t *len);
/* A client's session and its handle are one object (session_handle.c). */
struct rp_session *rp_session_handle(SSL_SESSION *);
SSL_SESSION *rp_session_inside(const struct rp_session *);
/* A copy for one connection. NULL: no memory. */
SSL_SESSION *rp_session_copy(const struct rp_session *);
/* Whether a session may resume on this connection, whose version is known. Checks what OpenSSL does
 * not, or would answer with an alert. */
bool rp_session_fits(struct rp_engine *, SSL_SESSION *);

#endif
