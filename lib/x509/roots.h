/* SPDX-License-Identifier: MIT
 *
 * roots.h - the certificates trusted when the caller names none (B13). */
#ifndef RP_ROOTS_H
#define RP_ROOTS_H

#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdint.h>

/* Make the system's roots the trust of a store. The digest tells apart which ones: where they lie,
 * and when that was changed. false: no memory. */
bool rp_roots_add(X509_STORE *, uint8_t digest[32]);

#endif
