/* SPDX-License-Identifier: MIT
 *
 * verify_errors.h - the result of verifying a chain, in node's words (K7). */
#ifndef RP_VERIFY_ERRORS_H
#define RP_VERIFY_ERRORS_H

/* node's authorizationError for an X509_V_* number: "CERT_HAS_EXPIRED"; "UNSPECIFIED" for those
 * that node has no name for. NULL for X509_V_OK. Static text. */
const char *rp_verify_error_code(long result);
/* The sentence that goes with it, the error's message: "certificate has expired". Static text. */
const char *rp_verify_error_text(long result);

#endif
