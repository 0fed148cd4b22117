/* SPDX-License-Identifier: MIT
 *
 * session.h - sessions and tickets of a server, as OpenSSL asks for them. */
#ifndef RP_SESSION_H
#define RP_SESSION_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_engine;
struct rp_session;

enum { RP_SESSION_MAX = 10 * 1024 }; /* I2: larger ones are not reported */

/* Set the callbacks of a context. Nothing is cached inside OpenSSL (B3). */
void rp_session_install(SSL_CTX *);
/* DER to a session; NULL for what is none. Leaves no error behind. */
SSL_SESSION *rp_session_decode(const uint8_t *der, size_t len);
/* A session to DER, for free(); NULL: none, too large, or no memory. */
uint8_t *rp_session_encode(SSL_SESSION *, size_t *len);
/* A client's session and its handle are one object (session_handle.c). */
struct rp_session *rp_session_handle(SSL_SESSION *);
SSL_SESSION *rp_session_inside(const struct rp_session *);
/* One for a connection to use up. NULL: no memory. */
SSL_SESSION *rp_session_copy(const struct rp_session *);
/* May a session resume on this connection, whose version is known? What OpenSSL does not ask, or
 * would answer with an alert. */
bool rp_session_fits(struct rp_engine *, SSL_SESSION *);

#endif
