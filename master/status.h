/* SPDX-License-Identifier: MIT
 *
 * status.h - what `reprise status` is told: numbers of the master and of the page of counters. */
#ifndef STATUS_H
#define STATUS_H

#include "lib/base/json.h"
#include "worker/stats.h"

struct status_generation {
    unsigned number, workers;
    const char *state;
    bool stuck; /* its process does not respond */
};
struct status {
    int pid;
    uint64_t started_s, now_s; /* wall clock */
    const struct status_generation *generations;
    size_t generation_count;
    const char
        *store;     /* its URI; what is shown is the kind of store alone: it may hold a password */
    const char *l1; /* the same of the one before it; "": there is none */
    const struct stats *stats;
};
void status_compose(struct rp_json *, const struct status *);

#endif
