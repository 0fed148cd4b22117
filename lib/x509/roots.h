/* SPDX-License-Identifier: MIT
 *
 * roots.h - the certificates trusted when the caller names none (B13). */
#ifndef RP_ROOTS_H
#define RP_ROOTS_H

#include <openssl/x509_vfy.h>
#include <stdbool.h>

/* Make the system's roots the trust of a store. false: no memory. */
bool rp_roots_add(X509_STORE *);

#endif
