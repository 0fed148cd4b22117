/* SPDX-License-Identifier: MIT
 *
 * stores.h - the stores that a generation's process uses: for notices and for ticket keys. Workers
 * open their own. */
#ifndef GENERATION_STORES_H
#define GENERATION_STORES_H

#include "cache/store_open.h"
#include "conf/conf.h"
#include "lib/base/log.h"
#include "worker/store_report.h"

struct stores { /* zero-initialised: none is open */
    struct rp_loop *loop;
    const struct conf *conf;
    struct store_report report, near_report, keys_report;
    struct rp_store *sessions; /* NULL: could not be opened */
    struct rp_store *keys; /* for ticket keys; NULL: they are in the shared tier of `sessions` */
};

/* Open the store of sessions; a failure is logged. `place`: see rp_store_mark_place. */
void stores_open(struct stores *, struct rp_loop *, const struct conf *, struct rp_log *,
                 volatile uint64_t *place);
/* Open the file of ticket keys, if the configuration needs one. */
bool stores_open_keys(struct stores *, struct rp_error *);
struct rp_store *stores_shared(const struct stores *);          /* NULL: not open */
struct rp_store *stores_shared_for_keys(const struct stores *); /* NULL: not open */
void stores_close(struct stores *);

#endif
