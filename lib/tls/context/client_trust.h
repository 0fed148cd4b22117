/* SPDX-License-Identifier: MIT
 *
 * client_trust.h - would a server with this context admit clients of the authorities it trusts? */
#ifndef RP_CLIENT_TRUST_H
#define RP_CLIENT_TRUST_H

#include <reprise/secure_context.h>

enum { RP_TRUST_TEXT = 160 };
struct rp_trust_report {
    size_t authorities, admitting; /* in `ca`; those whose clients would be admitted */
    size_t names_len;              /* bytes of their names in a handshake; up to 65535 fit */
    /* Of the first one that admits nobody: its name, why, and whose issuer or list is missing. */
    char authority[RP_TRUST_TEXT], reason[RP_TRUST_TEXT], issuer[RP_TRUST_TEXT];
    bool issuer_missing, crl_missing;
};
/* Verify a client certificate of each authority as a handshake does, at a time at which every
 * certificate and list is valid. false: no memory. */
bool rp_context_judge_trust(const struct rp_secure_context *, struct rp_trust_report *,
                            struct rp_error *);

/* Visit the authorities and revocation lists with their dates, in seconds since 1970; `until` is
 * UINT64_MAX for a list without one. `name` is valid during the call. */
typedef void rp_trust_visit(bool crl, const char *name, uint64_t from, uint64_t until, void *arg);
void rp_context_each_trusted(const struct rp_secure_context *, rp_trust_visit *, void *arg);

#endif
