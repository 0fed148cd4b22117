/* SPDX-License-Identifier: MIT
 *
 * verify_errors.h - the result of verifying a chain, as node's codes and messages (K7). */
#ifndef RP_VERIFY_ERRORS_H
#define RP_VERIFY_ERRORS_H

/* node's authorizationError for an X509_V_* number: "CERT_HAS_EXPIRED"; "UNSPECIFIED" if node has
 * no name for it. NULL for X509_V_OK. Static text. */
const char *rp_verify_error_code(long result);
/* The error's message: "certificate has expired". Static text. */
const char *rp_verify_error_text(long result);

#endif
