/* SPDX-License-Identifier: MIT
 *
 * judge.h - which certificates will most likely serve nobody, though they can be loaded. */
#ifndef JUDGE_H
#define JUDGE_H

#include "worker/plan/certificates.h"
#include "worker/plan/findings.h"

/* Add what is wrong with each certificate, and its dates. false: one can't be served at all, as for
 * its key type; or no memory. */
bool judge_certificates(struct certificates *, const struct conf *, struct findings *,
                        struct rp_error *);
/* Would browsers accept one of these certificates (indices), which serve the same name? If not,
 * that is a finding of the first. */
bool judge_set(struct certificates *, const size_t *set, size_t count, struct findings *,
               struct rp_error *);

#endif
