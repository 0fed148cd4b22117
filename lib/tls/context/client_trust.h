/* SPDX-License-Identifier: MIT
 *
 * client_trust.h - whether a server with this context would accept clients of its trusted
 * authorities. */
#ifndef RP_CLIENT_TRUST_H
#define RP_CLIENT_TRUST_H

#include <reprise/secure_context.h>

enum { RP_TRUST_TEXT = 160 };
struct rp_trust_report {
    size_t authorities, admitting; /* in `ca`; those whose clients would be accepted */
    size_t names_len;              /* bytes of their names in a handshake; at most 65535 fit */
    /* For the first authority whose clients are refused: its name, the reason, and the subject
     * whose issuer or CRL is missing. */
    char authority[RP_TRUST_TEXT], reason[RP_TRUST_TEXT], issuer[RP_TRUST_TEXT];
    bool issuer_missing, crl_missing;
};
/* Verify a client certificate of each authority as in a handshake, but without checking dates.
 * false: no memory. */
bool rp_context_judge_trust(const struct rp_secure_context *, struct rp_trust_report *,
                            struct rp_error *);

/* Call the visitor for each authority and CRL with its dates, in seconds since 1970; `until` is
 * UINT64_MAX for a CRL without an end. `name` is borrowed for the call. */
typedef void rp_trust_visit(bool crl, const char *name, uint64_t from, uint64_t until, void *arg);
void rp_context_each_trusted(const struct rp_secure_context *, rp_trust_visit *, void *arg);

#endif
