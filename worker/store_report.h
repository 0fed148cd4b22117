/* SPDX-License-Identifier: MIT
 *
 * store_report.h - log what is wrong with a store: a line when it becomes unavailable, one when the
 * reason changes, and one when it is available again, with the number of operations that failed
 * meanwhile. For workers and for the process of a generation. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "cache/store/store.h"
#include "lib/base/log.h"

struct store_report {
    struct rp_log *log;
    const char *what; /* "store": begins the line; static */
    /* After the line; error NULL: available again. NULL: nobody else wants to know. */
    void (*changed)(const struct rp_error *error, void *arg);
    void *arg;
    struct rp_store *store;
    bool unavailable;
    uint64_t failures; /* of the store when it became unavailable */
};
/* From now on. The report is the caller's, and outlives the store. */
void store_report_begin(struct store_report *, struct rp_store *);

#endif
