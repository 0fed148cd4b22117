/* SPDX-License-Identifier: MIT
 *
 * cluster_sealers.h - all that is made from the cluster secret, once: sealers, each for one purpose
 * and with keys of its own. So the secret itself is wiped as soon as they are made, and a process
 * that has one of them has no other. They are the same on all hosts. */
#ifndef RP_CLUSTER_SEALERS_H
#define RP_CLUSTER_SEALERS_H

#include "cache/seal.h"

struct rp_cluster_sealers {
    struct rp_sealers sessions, early_data, notices, ticket_keys;
};
bool rp_cluster_sealers_make(struct rp_cluster_sealers *, const struct rp_secret *,
                             struct rp_error *);
void rp_cluster_sealers_free(struct rp_cluster_sealers *); /* zeroes ok; wipes */

#endif
