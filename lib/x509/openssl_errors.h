/* SPDX-License-Identifier: MIT
 *
 * openssl_errors.h - OpenSSL's error queue as an rp_error with node's codes (B27, K2). */
#ifndef RP_TLS_ERRORS_H
#define RP_TLS_ERRORS_H

#include <reprise/error.h>

/* From the oldest entry of this thread's queue, which is emptied. With no entry there: `code` and
 * `what`. Returns false always. */
bool rp_error_openssl(struct rp_error *err, const char *code, const char *what);
/* The same for a connection, whose codes begin with ERR_SSL_ whatever library failed. */
bool rp_error_handshake(struct rp_error *err, const char *code, const char *what);

/* An error of OpenSSL's SSL library that we find ourselves: SSL_R_*. Returns false always. */
bool rp_error_ssl(struct rp_error *err, int reason);

#endif
