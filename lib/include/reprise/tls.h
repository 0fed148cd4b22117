/* SPDX-License-Identifier: MIT
 *
 * tls.h - what belongs to the module node:tls itself: its defaults and lists. Contract: section A.
 */
#ifndef RP_TLS_H
#define RP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A1: how many renegotiations a client may start in so many seconds. */
#define RP_CLIENT_RENEG_LIMIT  3
#define RP_CLIENT_RENEG_WINDOW 600
/* A2 */
#define RP_DEFAULT_CIPHERS                                                                         \
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"                  \
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"       \
    "ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:"             \
    "DHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA384:"                         \
    "ECDHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA256:HIGH:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!MD5:"     \
    "!PSK:!SRP:!CAMELLIA"
/* A3, A4 */
#define RP_DEFAULT_ECDH_CURVE  "auto"
#define RP_DEFAULT_MIN_VERSION "TLSv1.2"
#define RP_DEFAULT_MAX_VERSION "TLSv1.3"

struct rp_tls_defaults {
    const char *ciphers, *ecdh_curve, *min_version, *max_version;
    unsigned client_reneg_limit;  /* renegotiations ... */
    unsigned client_reneg_window; /* ... of which each begins within so many seconds of the last */
};
/* A1 to A4: the same, for the whole process, to be changed before threads or servers need them:
 * versions, ciphers and curves are read when a secure context is made without them, the limits
 * when a client begins a renegotiation. The texts are borrowed; NULL or "" stands for the value
 * above, a version that does not exist is an error of the next context
 * (ERR_TLS_INVALID_PROTOCOL_VERSION). Static. */
struct rp_tls_defaults *rp_tls_defaults(void);

/* A5: the certificate authorities that Mozilla trusts, as of this release of the library: one
 * certificate in PEM each, without a newline at its end. The same list on each call; what a program
 * trusts besides is not in it. Static. */
const char *const *rp_root_certificates(size_t *count);

/* A6: the names of the cipher suites this OpenSSL has, for all versions, in lower case, sorted,
 * each once, NULL-terminated. In rp_secure_context_options.ciphers they are written in upper case.
 * One block of memory, the caller's to free(); NULL: no memory. */
const char **rp_get_ciphers(void) __attribute__((warn_unused_result));

/* OpenSSL allocates from size classes from now on: a handshake makes hundreds of small allocations
 * of the same sizes as the one before it. Saves a tenth of the processor time of a resumed TLS 1.2
 * handshake, and the header of each block. It is for the whole process, so the program asks for it,
 * before anything else has used OpenSSL; for the thread that calls this and for children it forks;
 * other threads may use OpenSSL, too, at the price of malloc. false: too late, or there is no room
 * for it; all is as before. Does nothing under a sanitizer, which would see less. */
bool rp_allocator_install(void);
/* Gives memory that is free, OpenSSL's and malloc's, back to the system: for a moment when far
 * fewer connections are open than before. It takes milliseconds. Up to 16 MB of OpenSSL's go in one
 * call; false: there is more, call again later. Works without rp_allocator_install, too. */
bool rp_allocator_trim(void);

#ifdef __cplusplus
}
#endif

#endif
