/* SPDX-License-Identifier: MIT
 *
 * stores.c - open the stores of a generation, and log when one becomes unavailable; see stores.h.
 * Call it as the user of the workers, since they share the files. */
#include "master/generation/stores.h"

/* Without a store the service continues: no sessions are stored, and ticket keys are this host's
 * own. */
void stores_open(struct stores *s, struct rp_loop *loop, const struct conf *conf,
                 struct rp_log *log, volatile uint64_t *place)
{
    struct rp_store *near;
    struct rp_error why;

    *s = (struct stores){.loop = loop,
                         .conf = conf,
                         .report = {.log = log, .what = "store"},
                         .near_report = {.log = log, .what = "local session cache (l1)"},
                         .keys_report = {.log = log, .what = "ticket key file"}};
    *place = RP_STORE_OPENING;
    s->sessions =
        rp_store_open_tiers(loop, conf->cache.l1, conf->cache.store, conf->state_dir, &why);
    *place = 0;
    if (s->sessions == NULL) {
        rp_log(log, RP_LOG_WARN, "can't open the store, sessions are not stored: %s", why.message);
        return;
    }
    rp_store_mark_place(s->sessions, place);
    store_report_begin(&s->report, s->sessions);
    near = rp_store_near(s->sessions);
    if (near != NULL && near != s->sessions)
        store_report_begin(&s->near_report, near);
}

bool stores_open_keys(struct stores *s, struct rp_error *err)
{
    const struct conf_cache *cache = &s->conf->cache;

    s->keys =
        rp_store_open_keys(s->loop, cache->l1, cache->store, s->conf->state_dir, s->sessions, err);
    if (s->keys != NULL)
        store_report_begin(&s->keys_report, rp_store_near(s->keys));
    return s->keys != NULL || err->code[0] == '\0';
}

struct rp_store *stores_shared(const struct stores *s)
{
    return s->sessions != NULL ? rp_store_shared(s->sessions) : NULL;
}

struct rp_store *stores_shared_for_keys(const struct stores *s)
{
    return s->keys != NULL ? rp_store_shared(s->keys) : stores_shared(s);
}

void stores_close(struct stores *s)
{
    rp_store_close(s->keys);
    rp_store_close(s->sessions);
    s->keys = s->sessions = NULL;
}
