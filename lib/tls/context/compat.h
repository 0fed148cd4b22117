/* SPDX-License-Identifier: MIT
 *
 * compat.h - the only place that asks which OpenSSL this is. */
#ifndef RP_COMPAT_H
#define RP_COMPAT_H

#include <openssl/opensslv.h>
#include <openssl/ssl.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "libreprise needs OpenSSL 3.0 or later"
#endif

/* Options of ours on every context. A missing close_notify is an ordinary end (N8): the transport
 * says so itself, OpenSSL 3 would make it an error. Clients may renegotiate, within limits (D26).
 * Whether early data was seen before is the program's to know, not that of a cache in one process.
 */
#define RP_SSL_OP_ALWAYS                                                                           \
    (SSL_OP_NO_COMPRESSION | SSL_OP_ALLOW_CLIENT_RENEGOTIATION | SSL_OP_NO_ANTI_REPLAY)

/* OpenSSL may be built without its tracer. */
#ifdef OPENSSL_NO_SSL_TRACE
#define RP_SSL_TRACE NULL
#else
#define RP_SSL_TRACE SSL_trace
#endif

/* Nor with engines, which are deprecated. */
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#include <openssl/err.h>
#define RP_SSL_ENGINES 1
#endif

/* The old name is not safe beyond 2038, and deprecated. */
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
#define RP_SESSION_TIME(session) ((int64_t)SSL_SESSION_get_time_ex(session))
#else
#define RP_SESSION_TIME(session) ((int64_t)SSL_SESSION_get_time(session))
#endif

/* RFC 9149; OpenSSL has no name for it. */
enum { RP_EXT_TICKET_REQUEST = 58 };

#endif
