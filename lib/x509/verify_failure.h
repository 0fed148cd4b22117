/* SPDX-License-Identifier: MIT
 *
 * verify_failure.h - which certificate of a chain did not verify, and why. */
#ifndef RP_VERIFY_FAILURE_H
#define RP_VERIFY_FAILURE_H

#include <openssl/x509_vfy.h>

enum { RP_VERIFY_SUBJECT = 512 }; /* bytes, NUL included; a longer subject is cut */

struct rp_verify_note {
    int result; /* X509_V_* */
    int depth;  /* 0: the peer's own certificate */
    char subject[RP_VERIFY_SUBJECT];
};

/* Record the error that the verification callback received with `store`. A later error replaces it,
 * as in the result (K8). *note is allocated for the first error; the caller frees it. */
void rp_verify_note(struct rp_verify_note **note, X509_STORE_CTX *store);

#endif
