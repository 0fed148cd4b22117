/* SPDX-License-Identifier: MIT
 *
 * store.c - what all stores have in common: sizes, counts, troubles; see store.h.
 * The danger is the caller: keys and values of a wrong size stop here, so that no implementation
 * ever sees one. */
#include "cache/store/store.h"

#include <string.h>

enum { REASON_MS = 10000 }; /* shortest time between two reports of a changed reason */

/* -- tiers */

static struct rp_store *tier(struct rp_store *store, bool far)
{
    if (store->ops->tier != NULL)
        return store->ops->tier(store, far);
    return store->far == far ? store : NULL;
}

struct rp_store *rp_store_near(struct rp_store *store)
{
    return tier(store, false);
}

struct rp_store *rp_store_far(struct rp_store *store)
{
    return tier(store, true);
}

struct rp_store *rp_store_shared(struct rp_store *store)
{
    return store->ops->shared != NULL ? store->ops->shared(store) : store;
}

void rp_store_keep(struct rp_store *store, struct rp_bytes key, struct rp_bytes value,
                   uint64_t ttl_ms)
{
    if (store->ops->tier != NULL)
        rp_store_put(store->ops->tier(store, false), key, value, ttl_ms, NULL);
}

/* -- troubles */

void rp_store_init(struct rp_store *store, const struct rp_store_ops *ops, struct rp_loop *loop)
{
    store->ops = ops;
    store->loop = loop;
    store->place = &store->nowhere;
    store->counted = &store->own;
}

void rp_store_mark_place(struct rp_store *store, volatile uint64_t *place)
{
    struct rp_store *near = rp_store_near(store);

    store->place = place;
    if (near != NULL)
        near->place = place;
}

static void tell(struct rp_store *store)
{
    if (store->on_trouble == NULL)
        return;
    store->trouble_told = store->trouble.code[0] != '\0';
    store->reason_changed = false;
    store->told_ms = rp_loop_now(store->loop);
    store->on_trouble(store->trouble_told ? &store->trouble : NULL, store->on_trouble_arg);
}

void rp_store_on_trouble(struct rp_store *store, rp_store_trouble *listener, void *arg)
{
    if (store->ops->tier != NULL)
        store = rp_store_far(store);
    store->on_trouble = listener;
    store->on_trouble_arg = arg;
    if (store->trouble.code[0] != '\0')
        tell(store);
}

/* Two reasons that alternate are not told with each attempt. */
static void reason_is(struct rp_store *store, const struct rp_error *error)
{
    if (strcmp(store->trouble.message, error->message) != 0) {
        store->trouble = *error;
        store->reason_changed = true;
    }
    if (store->reason_changed && rp_loop_now(store->loop) - store->told_ms >= REASON_MS)
        tell(store);
}

void rp_store_trouble_is(struct rp_store *store, const struct rp_error *error)
{
    bool was = store->trouble.code[0] != '\0', is = error != NULL;

    store->counted->probes += was;
    if (was && is)
        reason_is(store, error);
    if (was == is)
        return;
    store->counted->outages += is;
    store->trouble = is ? *error : (struct rp_error){.code = ""};
    if (is || store->trouble_told)
        tell(store);
}

/* -- the verbs */

static bool fits(struct rp_bytes key, struct rp_bytes value)
{
    return key.len > 0 && key.len <= RP_STORE_KEY_MAX && value.len <= RP_STORE_VALUE_MAX;
}

static enum rp_store_status counted(struct rp_store *store, enum rp_store_status status)
{
    if (status == RP_STORE_FAILED)
        store->counted->failures++;
    return status;
}

enum rp_store_status rp_store_get(struct rp_store *store, struct rp_bytes key,
                                  struct rp_store_reply *now, struct rp_store_call *later)
{
    struct rp_bytes none = {0};

    *now = (struct rp_store_reply){.status = RP_STORE_FAILED};
    store->counted->gets++;
    if (fits(key, none))
        now->status = store->ops->get(store, key, now, later);
    if (now->status == RP_STORE_OK)
        store->counted->hits++;
    return counted(store, now->status);
}

enum rp_store_status rp_store_put(struct rp_store *store, struct rp_bytes key,
                                  struct rp_bytes value, uint64_t ttl_ms,
                                  struct rp_store_call *later)
{
    store->counted->puts++;
    return counted(store, fits(key, value) ? store->ops->put(store, key, value, ttl_ms, later)
                                           : RP_STORE_FAILED);
}

enum rp_store_status rp_store_add(struct rp_store *store, struct rp_bytes key,
                                  struct rp_bytes value, uint64_t ttl_ms,
                                  struct rp_store_reply *now, struct rp_store_call *later)
{
    *now = (struct rp_store_reply){.status = RP_STORE_FAILED};
    store->counted->adds++;
    if (fits(key, value))
        now->status = store->ops->add(store, key, value, ttl_ms, now, later);
    return counted(store, now->status);
}

enum rp_store_status rp_store_remove(struct rp_store *store, struct rp_bytes key,
                                     struct rp_store_call *later)
{
    struct rp_bytes none = {0};

    store->counted->removes++;
    return counted(store,
                   fits(key, none) ? store->ops->remove(store, key, later) : RP_STORE_FAILED);
}

void rp_store_cancel(struct rp_store_call *call)
{
    if (call->store != NULL)
        call->store->ops->cancel(call);
    call->store = NULL;
}

void rp_store_answer(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct rp_store *store = call->store;

    call->store = NULL;
    counted(store, reply->status);
    call->done(call, reply);
}

void rp_store_stats(struct rp_store *store, struct rp_store_stats *stats)
{
    *stats = (struct rp_store_stats){.counted = *store->counted};
    if (store->ops->stats != NULL)
        store->ops->stats(store, stats);
}

void rp_store_count_in(struct rp_store *store, struct rp_store_counters *where)
{
    const struct rp_store_counters *from = store->counted;

    where->gets += from->gets;
    where->hits += from->hits;
    where->puts += from->puts;
    where->adds += from->adds;
    where->removes += from->removes;
    where->failures += from->failures;
    where->expired += from->expired;
    where->evicted += from->evicted;
    where->outages += from->outages;
    where->probes += from->probes;
    store->counted = where;
}

const char *rp_store_kind(const struct rp_store *store)
{
    return store->ops->kind;
}

void rp_store_close(struct rp_store *store)
{
    if (store != NULL)
        store->ops->close(store);
}
