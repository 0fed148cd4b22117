/* SPDX-License-Identifier: MIT
 *
 * judge.h - find certificates that most clients will refuse, although they can be loaded. */
#ifndef JUDGE_H
#define JUDGE_H

#include "worker/plan/certificates.h"
#include "worker/plan/findings.h"

/* Add findings for each certificate, and its dates. false: one cannot be served at all, for example
 * because of its key type; or no memory. */
bool judge_certificates(struct certificates *, const struct conf *, struct findings *,
                        struct rp_error *);
/* Report a finding of the first of these certificates (indices), which serve the same name, if
 * browsers accept none of them. */
bool judge_set(struct certificates *, const size_t *set, size_t count, struct findings *,
               struct rp_error *);

#endif
