/* SPDX-License-Identifier: MIT
 *
 * ciphers.h - node's single cipher list for all versions (A2, B10 to B12). */
#ifndef RP_CIPHERS_H
#define RP_CIPHERS_H

#include <openssl/ssl.h>

#include <reprise/error.h>

#include "lib/tls/context/versions.h"

/* Set both of OpenSSL's lists; NULL or "" is the default. If only TLS 1.3 suites are listed, the
 * minimum version becomes TLS 1.3 (B11). */
bool rp_ciphers_apply(SSL_CTX *, const char *ciphers, struct rp_versions *, struct rp_error *);

#endif
