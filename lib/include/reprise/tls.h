/* SPDX-License-Identifier: MIT
 *
 * tls.h - the values of the module node:tls itself: defaults and lists (section A). */
#ifndef RP_TLS_H
#define RP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A client may start RP_CLIENT_RENEG_LIMIT renegotiations within RP_CLIENT_RENEG_WINDOW seconds
 * (A1). */
#define RP_CLIENT_RENEG_LIMIT  3
#define RP_CLIENT_RENEG_WINDOW 600
/* The default of `ciphers`: the suites of TLS 1.3 and of older versions in one list (A2). */
#define RP_DEFAULT_CIPHERS                                                                         \
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"                  \
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"       \
    "ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:"             \
    "DHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA384:"                         \
    "ECDHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA256:HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:"     \
    "!PSK:!SRP:!CAMELLIA"
/* The default groups, "auto" = OpenSSL's list, and protocol versions (A3, A4). */
#define RP_DEFAULT_ECDH_CURVE  "auto"
#define RP_DEFAULT_MIN_VERSION "TLSv1.2"
#define RP_DEFAULT_MAX_VERSION "TLSv1.3"

struct rp_tls_defaults {
    const char *ciphers, *ecdh_curve, *min_version, *max_version;
    unsigned client_reneg_limit;  /* renegotiations ... */
    unsigned client_reneg_window; /* ... that start within this many seconds of the previous one */
};
/* The defaults of this process, which may be changed; static memory. Change them before other
 * threads or servers use them. Versions, ciphers and curves are read when a secure context is
 * created without them, the limits when a client starts a renegotiation. The texts are borrowed by
 * the library; NULL or "" means the value above. An unknown version makes the next
 * rp_secure_context_new fail with ERR_TLS_INVALID_PROTOCOL_VERSION (A1 to A4). */
struct rp_tls_defaults *rp_tls_defaults(void);

/* The root certificates of Mozilla's list as of this release of the library, each as PEM without a
 * newline at its end; *count is set to their number. The list is the same on each call, in static
 * memory, and does not contain what a program trusts in addition (A5). */
const char *const *rp_root_certificates(size_t *count);

/* The names of the cipher suites of this OpenSSL, for all versions: lower case, sorted, unique,
 * NULL-terminated. The `ciphers` option takes them in upper case. The list is one block of memory,
 * the caller's to free(). NULL: no memory (A6). */
const char **rp_get_ciphers(void) __attribute__((warn_unused_result));

/* The version of the OpenSSL library that this process runs with, which may be newer than the one
 * it was built with: "OpenSSL 3.0.17 1 Jul 2025". Static text. What node has in process.versions.
 */
const char *rp_openssl_version(void);

/* Make OpenSSL allocate memory from size classes, which saves a tenth of the CPU time of a resumed
 * TLS 1.2 handshake and the header of each block. It affects the whole process, so call it before
 * anything uses OpenSSL. It serves the calling thread and the processes that are forked from it;
 * other threads still allocate with malloc. false, and nothing changes: OpenSSL has allocated
 * already, or address space is unavailable. Does nothing in a build with a sanitizer. This
 * library's own; node has no equivalent. */
bool rp_allocator_install(void);
/* Return unused memory of OpenSSL and of malloc to the system. It takes milliseconds: call it when
 * far fewer connections are open than before. One call returns at most 16 MB of OpenSSL's memory;
 * false: more is left, call it again later. Works without rp_allocator_install, too. */
bool rp_allocator_trim(void);

#ifdef __cplusplus
}
#endif

#endif
