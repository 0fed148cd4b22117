/* SPDX-License-Identifier: MIT
 *
 * cluster_sealers.h - derive all sealers from the cluster secret, once. Each has one purpose and
 * its own keys. So the secret itself is wiped afterwards, and a process with one sealer cannot
 * derive another. The sealers are the same on all hosts. */
#ifndef RP_CLUSTER_SEALERS_H
#define RP_CLUSTER_SEALERS_H

#include "cache/seal.h"

struct rp_cluster_sealers {
    struct rp_sealers sessions, early_data, notices, ticket_keys;
};
bool rp_cluster_sealers_make(struct rp_cluster_sealers *, const struct rp_secret *,
                             struct rp_error *);
void rp_cluster_sealers_free(struct rp_cluster_sealers *); /* wipes; all zeros is allowed */

#endif
