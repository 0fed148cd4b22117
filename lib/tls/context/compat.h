/* SPDX-License-Identifier: MIT
 *
 * compat.h - all code that depends on the version of OpenSSL. */
#ifndef RP_COMPAT_H
#define RP_COMPAT_H

#include <openssl/opensslv.h>
#include <openssl/ssl.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "libreprise needs OpenSSL 3.0 or later"
#endif

/* Options that are set on every context. The library reports a missing close_notify as an ordinary
 * end (N8), where OpenSSL 3 would report an error. Clients may renegotiate, within limits (D26).
 * The program detects replayed early data; OpenSSL's cache would be limited to one process. */
#define RP_SSL_OP_ALWAYS                                                                           \
    (SSL_OP_NO_COMPRESSION | SSL_OP_ALLOW_CLIENT_RENEGOTIATION | SSL_OP_NO_ANTI_REPLAY)

/* OpenSSL may be built without tracing ... */
#ifdef OPENSSL_NO_SSL_TRACE
#define RP_SSL_TRACE NULL
#else
#define RP_SSL_TRACE SSL_trace
#endif

/* ... or without engines, which are deprecated. */
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#include <openssl/err.h>
#define RP_SSL_ENGINES 1
#endif

/* SSL_SESSION_get_time is deprecated and not safe beyond 2038. */
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
#define RP_SESSION_TIME(session) ((int64_t)SSL_SESSION_get_time_ex(session))
#else
#define RP_SESSION_TIME(session) ((int64_t)SSL_SESSION_get_time(session))
#endif

/* The extension ticket_request (RFC 9149), for which OpenSSL has no name. */
enum { RP_EXT_TICKET_REQUEST = 58 };

#endif
