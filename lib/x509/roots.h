/* SPDX-License-Identifier: MIT
 *
 * roots.h - the certificates that are trusted if the caller specifies none (B13). */
#ifndef RP_ROOTS_H
#define RP_ROOTS_H

#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdint.h>

/* Add the system's roots to a store. The digest identifies them: their path, and when that last
 * changed. false: no memory. */
bool rp_roots_add(X509_STORE *, uint8_t digest[32]);

#endif
