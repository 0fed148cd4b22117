/* SPDX-License-Identifier: MIT
 *
 * key_schedules.c - the epochs of all lifetimes in force, and which of their keys encrypts; see
 * key_ring.h. The danger: a new lifetime whose first tickets other hosts cannot decrypt. */
#include "cache/key_ring_internal.h"

#include <stdlib.h>
#include <string.h>

/* -- the keys in use */

/* Our own epochs; but until all hosts know a new lifetime, those of the previous one. */
const struct rp_known_key *rp_key_ring_minting(const struct rp_key_ring *r)
{
    uint64_t now = r->now_ms(), own = rp_key_lifetimes_since(&r->lifetimes, r->epochs[0].epoch_ms),
             first = own;
    const struct rp_known_key *key = rp_key_epochs_minting(&r->epochs[0], now);

    for (size_t i = 1; i < r->epochs_count && own + RP_KEY_LIFETIMES_LEAD > now; i++) {
        uint64_t since = rp_key_lifetimes_since(&r->lifetimes, r->epochs[i].epoch_ms);
        const struct rp_known_key *former = rp_key_epochs_minting(&r->epochs[i], now);

        if (since >= first || former == NULL)
            continue;
        first = since;
        key = former;
    }
    return key;
}

static void collect_some(const struct rp_key_ring *r, const struct rp_known_key *but, bool derived,
                         struct rp_ticket_key *keys, size_t *count)
{
    for (size_t of = 0; of < r->epochs_count; of++)
        for (size_t i = 0; i < r->epochs[of].count && *count < RP_TICKET_KEYS_MAX; i++) {
            const struct rp_known_key *known = &r->epochs[of].known[i];

            if (known != but && (known->origin != known->epoch) == derived)
                keys[(*count)++] = known->key;
        }
}

/* Order of the keys: first the current one; then created keys of all epochs; then keys that were
 * derived in case the store's are lost, since there may not be room for all. */
static size_t collect(const struct rp_key_ring *r, const struct rp_known_key *minting,
                      struct rp_ticket_key *keys)
{
    size_t count = 0;

    if (minting != NULL)
        keys[count++] = minting->key;
    collect_some(r, minting, false, keys, &count);
    collect_some(r, minting, true, keys, &count);
    return count;
}

/* Without memory the keys stay unchanged until the next round. */
static void put_in_use(struct rp_key_ring *r)
{
    const struct rp_known_key *minting = rp_key_ring_minting(r);
    struct rp_ticket_key *keys = malloc(RP_TICKET_KEYS_MAX * sizeof *keys);
    size_t count = keys != NULL ? collect(r, minting, keys) : 0;

    if (keys != NULL && rp_ticket_keys_set(r->keys, keys, count, minting != NULL, NULL)) {
        memset(r->filled, 0, sizeof r->filled);
        if (minting != NULL)
            memcpy(r->filled, minting->key.name, sizeof r->filled);
    }
    if (keys != NULL)
        explicit_bzero(keys, count * sizeof *keys);
    free(keys);
}

static bool advance(struct rp_key_ring *r)
{
    uint64_t now = r->now_ms();
    bool changed = false;

    for (size_t i = 0; i < r->epochs_count; i++)
        changed |= rp_key_epochs_advance(&r->epochs[i], now);
    return changed;
}

static bool mints_another(const struct rp_key_ring *r)
{
    static const uint8_t none[sizeof r->filled];
    const struct rp_known_key *minting = rp_key_ring_minting(r);

    return memcmp(r->filled, minting != NULL ? minting->key.name : none, sizeof r->filled) != 0;
}

void rp_key_ring_fill(struct rp_key_ring *r)
{
    advance(r);
    put_in_use(r);
}

void rp_key_ring_advance(struct rp_key_ring *r)
{
    if (advance(r) || mints_another(r))
        put_in_use(r);
}

/* -- lifetimes */

struct rp_key_epochs *rp_key_ring_epochs_of(struct rp_key_ring *r, uint64_t epoch_ms)
{
    for (size_t i = 0; i < r->epochs_count; i++)
        if (r->epochs[i].epoch_ms == epoch_ms)
            return &r->epochs[i];
    if (r->epochs_count == RP_KEY_LIFETIMES_MAX)
        return NULL;
    r->epochs[r->epochs_count] = (struct rp_key_epochs){.epoch_ms = epoch_ms};
    return &r->epochs[r->epochs_count++];
}

/* When another host's lifetime is over, no ticket of its keys is valid. */
static void drop_those_that_are_over(struct rp_key_ring *r)
{
    for (size_t i = r->epochs_count; i-- > 1;)
        if (rp_key_lifetimes_since(&r->lifetimes, r->epochs[i].epoch_ms) == UINT64_MAX) {
            r->epochs[i] = r->epochs[--r->epochs_count];
            rp_key_epochs_wipe(&r->epochs[r->epochs_count]);
        }
}

void rp_key_ring_follow_lifetimes(struct rp_key_ring *r)
{
    size_t before = r->epochs_count;

    drop_those_that_are_over(r);
    for (size_t i = 0; i < r->lifetimes.count; i++) {
        uint64_t epoch_ms = r->lifetimes.at[i].epoch_ms;
        struct rp_key_epochs *of = rp_key_ring_epochs_of(r, epoch_ms);

        if (of != NULL)
            of->session_timeout_ms = rp_key_lifetimes_timeout(&r->lifetimes, epoch_ms);
    }
    r->behind |= r->epochs_count > before;
    if (r->epochs_count != before)
        put_in_use(r);
}

/* Ours stays in force for as long as a ticket issued now may live. */
static void announce(struct rp_key_ring *r, const struct rp_key_lifetimes *heard)
{
    const struct rp_key_epochs *own = &r->epochs[0];
    uint64_t now = r->now_ms();
    struct rp_key_lifetime ours = r->lifetimes.at[0];

    if (rp_key_lifetimes_cover(heard, &r->lifetimes,
                               rp_key_erased_ms(own, rp_key_epoch_at(own, now))))
        return;
    ours.until_ms = rp_key_erased_ms(own, rp_key_epoch_ahead(own, now));
    rp_key_lifetimes_own(&r->lifetimes, &ours);
    rp_key_record_put_lifetimes(r);
}

void rp_key_ring_take_lifetimes(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    struct rp_key_lifetimes heard = {.count = 0}, before = r->lifetimes;

    if (reply->status == RP_STORE_OK)
        rp_key_record_lifetimes(r, reply->value, &heard);
    rp_key_lifetimes_merge(&r->lifetimes, &heard, r->now_ms());
    if (r->under == 0 && !r->retired)
        announce(r, &heard);
    rp_key_ring_follow_lifetimes(r);
    if (!rp_key_lifetimes_same(&before, &r->lifetimes) && r->lifetimes_changed != NULL)
        r->lifetimes_changed(&r->lifetimes, r->arg);
}
