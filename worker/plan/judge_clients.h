/* SPDX-License-Identifier: MIT
 *
 * judge_clients.h - would client certificates be admitted under a policy? */
#ifndef JUDGE_CLIENTS_H
#define JUDGE_CLIENTS_H

#include "worker/plan/findings.h"
#include <reprise/secure_context.h>

/* Add what is wrong with `ca` and `crl`, and their dates. false: no client could be served, or no
 * memory. */
bool judge_clients(const struct conf_tls *, const struct rp_secure_context *, struct findings *,
                   struct rp_error *);

#endif
