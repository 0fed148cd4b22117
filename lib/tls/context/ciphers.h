/* SPDX-License-Identifier: MIT
 *
 * ciphers.h - node's one cipher list for all versions (A2, B10 to B12). */
#ifndef RP_CIPHERS_H
#define RP_CIPHERS_H

#include <openssl/ssl.h>

#include <reprise/error.h>

#include "lib/tls/context/versions.h"

/* Set both of OpenSSL's lists from node's; NULL or "" is the default. With names of TLS 1.3 only,
 * the minimum version is raised to it (B11). */
bool rp_ciphers_apply(SSL_CTX *, const char *ciphers, struct rp_versions *, struct rp_error *);

#endif
