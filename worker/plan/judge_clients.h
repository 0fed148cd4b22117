/* SPDX-License-Identifier: MIT
 *
 * judge_clients.h - whether client certificates would be accepted under a policy. */
#ifndef JUDGE_CLIENTS_H
#define JUDGE_CLIENTS_H

#include "worker/plan/findings.h"
#include <reprise/secure_context.h>

/* Add findings about `ca` and `crl`, and their dates. false: every client would be refused, or no
 * memory. */
bool judge_clients(const struct conf_tls *, const struct rp_secure_context *, struct findings *,
                   struct rp_error *);

#endif
