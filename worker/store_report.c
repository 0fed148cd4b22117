/* SPDX-License-Identifier: MIT
 *
 * store_report.c - see store_report.h. */
#include "worker/store_report.h"

static void on_trouble(const struct rp_error *error, void *arg)
{
    const struct store_report *r = arg;

    if (error != NULL)
        rp_log(r->log, RP_LOG_WARN, "%s unavailable: %s", r->what, error->message);
    else
        rp_log(r->log, RP_LOG_INFO, "%s available again", r->what);
    if (r->changed != NULL)
        r->changed(error, r->arg);
}

void store_report_begin(struct store_report *r, struct rp_store *store)
{
    rp_store_on_trouble(store, on_trouble, r);
}
