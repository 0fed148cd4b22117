/* SPDX-License-Identifier: MIT
 *
 * openssl_errors.h - OpenSSL's error queue as an rp_error with node's codes (B27, K2). */
#ifndef RP_TLS_ERRORS_H
#define RP_TLS_ERRORS_H

#include <reprise/error.h>

/* Convert the oldest entry of this thread's queue, and empty the queue. If it is empty, use `code`
 * and `what`. Always returns false. */
bool rp_error_openssl(struct rp_error *err, const char *code, const char *what);
/* Likewise for a connection: codes begin with ERR_SSL_ whichever OpenSSL library failed. */
bool rp_error_handshake(struct rp_error *err, const char *code, const char *what);

/* Set an error of OpenSSL's SSL library (SSL_R_*) that this library detected. Always returns
 * false. */
bool rp_error_ssl(struct rp_error *err, int reason);

#endif
