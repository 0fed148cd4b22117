/* SPDX-License-Identifier: MIT
 *
 * store_report.c - see store_report.h. */
#include "worker/store_report.h"

static void log_end(const struct store_report *r)
{
    uint64_t failed = r->store->counted->failures - r->failures;

    if (failed > 0)
        rp_log(r->log, RP_LOG_INFO, "%s available again: %llu operations failed", r->what,
               (unsigned long long)failed);
    else
        rp_log(r->log, RP_LOG_INFO, "%s available again", r->what);
}

static void on_trouble(const struct rp_error *error, void *arg)
{
    struct store_report *r = arg;

    if (error == NULL)
        log_end(r);
    else
        rp_log(r->log, RP_LOG_WARN, "%s %sunavailable: %s", r->what, r->unavailable ? "still " : "",
               error->message);
    if (!r->unavailable)
        r->failures = r->store->counted->failures;
    r->unavailable = error != NULL;
    if (r->changed != NULL)
        r->changed(error, r->arg);
}

void store_report_begin(struct store_report *r, struct rp_store *store)
{
    struct rp_store *far = rp_store_far(store);

    r->store = far != NULL ? far : store;
    rp_store_on_trouble(r->store, on_trouble, r);
}
