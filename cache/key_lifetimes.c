/* SPDX-License-Identifier: MIT
 *
 * key_lifetimes.c - merge and encode the lifetimes of ticket keys; see key_lifetimes.h. Does no
 * I/O. */
#include "cache/key_lifetimes.h"

#include <string.h>

#include "cache/key_epochs.h"

enum { VERSION = 1, EPOCH_LEAST_MS = 100 };
/* The range of reprise.conf(5); no host of this program has another lifetime. */
static const uint64_t day_ms = 24ull * 3600 * 1000;

static struct rp_key_lifetime *find(struct rp_key_lifetimes *l, const struct rp_key_lifetime *like)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].epoch_ms == like->epoch_ms &&
            l->at[i].session_timeout_ms == like->session_timeout_ms)
            return &l->at[i];
    return NULL;
}

static void drop(struct rp_key_lifetimes *l, size_t index)
{
    l->count--;
    memmove(&l->at[index], &l->at[index + 1], (l->count - index) * sizeof l->at[0]);
}

/* Among the lifetimes of other hosts, the one that ends first. */
static void make_room(struct rp_key_lifetimes *l)
{
    size_t first = 1;

    for (size_t i = 2; i < l->count; i++)
        if (l->at[i].until_ms < l->at[first].until_ms)
            first = i;
    drop(l, first);
}

/* Sort after ours, oldest first; those that began together have the same order on all hosts. */
static bool is_before(const struct rp_key_lifetime *a, const struct rp_key_lifetime *b)
{
    return a->since_ms != b->since_ms ? a->since_ms < b->since_ms : a->epoch_ms < b->epoch_ms;
}

static void add(struct rp_key_lifetimes *l, const struct rp_key_lifetime *one)
{
    struct rp_key_lifetime *known = find(l, one), better = *one;
    size_t at = 1;

    if (known != NULL) {
        better.since_ms = known->since_ms < one->since_ms ? known->since_ms : one->since_ms;
        better.until_ms = known->until_ms > one->until_ms ? known->until_ms : one->until_ms;
    }
    if (known != NULL && (known == l->at || known->since_ms == better.since_ms)) {
        *known = better;
        return;
    }
    if (known != NULL)
        drop(l, (size_t)(known - l->at));
    if (l->count == RP_KEY_LIFETIMES_MAX)
        make_room(l);
    while (at < l->count && is_before(&l->at[at], &better))
        at++;
    if (l->count == 0)
        at = 0;
    memmove(&l->at[at + 1], &l->at[at], (l->count - at) * sizeof l->at[0]);
    l->at[at] = better;
    l->count++;
}

void rp_key_lifetimes_own(struct rp_key_lifetimes *l, const struct rp_key_lifetime *own)
{
    if (l->count == 0)
        l->at[l->count++] = *own;
    else
        add(l, own);
}

/* Limit the end: no ticket that exists now lives longer, even if a host's clock is wrong. */
static uint64_t latest(const struct rp_key_lifetime *one, uint64_t now_ms)
{
    return now_ms + 2 * one->epoch_ms + one->session_timeout_ms + 4 * (uint64_t)RP_KEY_GRACE_MS;
}

void rp_key_lifetimes_merge(struct rp_key_lifetimes *l, const struct rp_key_lifetimes *from,
                            uint64_t now_ms)
{
    for (size_t i = 0; i < from->count; i++) {
        struct rp_key_lifetime one = from->at[i];

        if (one.until_ms > latest(&one, now_ms))
            one.until_ms = latest(&one, now_ms);
        if (one.until_ms > now_ms && one.since_ms <= now_ms + RP_KEY_GRACE_MS)
            add(l, &one);
    }
    for (size_t i = l->count; i-- > 1;)
        if (l->at[i].until_ms <= now_ms)
            drop(l, i);
}

bool rp_key_lifetimes_cover(const struct rp_key_lifetimes *l, const struct rp_key_lifetimes *ours,
                            uint64_t until_ms)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].epoch_ms == ours->at[0].epoch_ms &&
            l->at[i].session_timeout_ms == ours->at[0].session_timeout_ms)
            return l->at[i].until_ms >= until_ms && l->at[i].since_ms <= ours->at[0].since_ms;
    return false;
}

bool rp_key_lifetimes_same(const struct rp_key_lifetimes *a, const struct rp_key_lifetimes *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++)
        same = a->at[i].epoch_ms == b->at[i].epoch_ms &&
               a->at[i].session_timeout_ms == b->at[i].session_timeout_ms;
    return same;
}

uint64_t rp_key_lifetimes_timeout(const struct rp_key_lifetimes *l, uint64_t epoch_ms)
{
    uint64_t longest = 0;

    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].epoch_ms == epoch_ms && l->at[i].session_timeout_ms > longest)
            longest = l->at[i].session_timeout_ms;
    return longest;
}

uint64_t rp_key_lifetimes_since(const struct rp_key_lifetimes *l, uint64_t epoch_ms)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].epoch_ms == epoch_ms && l->at[i].since_ms < first)
            first = l->at[i].since_ms;
    return first;
}

/* -- as bytes: version, and for each: length of an epoch, session timeout, since, until */

size_t rp_key_lifetimes_encode(const struct rp_key_lifetimes *l,
                               uint8_t out[RP_KEY_LIFETIMES_BYTES])
{
    struct rp_writer w = rp_writer_of(out, RP_KEY_LIFETIMES_BYTES);

    rp_writer_uint(&w, VERSION, 1);
    for (size_t i = 0; i < l->count; i++) {
        rp_writer_uint(&w, l->at[i].epoch_ms, 8);
        rp_writer_uint(&w, l->at[i].session_timeout_ms, 8);
        rp_writer_uint(&w, l->at[i].since_ms, 8);
        rp_writer_uint(&w, l->at[i].until_ms, 8);
    }
    return rp_writer_done(&w);
}

bool rp_key_lifetimes_decode(struct rp_key_lifetimes *l, struct rp_cursor c)
{
    bool ok = rp_cursor_uint(&c, 1) == VERSION;

    l->count = 0;
    while (ok && rp_cursor_left(&c) > 0) {
        struct rp_key_lifetime *one = &l->at[l->count];

        ok = l->count < RP_KEY_LIFETIMES_MAX;
        if (!ok)
            break;
        one->epoch_ms = rp_cursor_uint(&c, 8);
        one->session_timeout_ms = rp_cursor_uint(&c, 8);
        one->since_ms = rp_cursor_uint(&c, 8);
        one->until_ms = rp_cursor_uint(&c, 8);
        ok = one->epoch_ms >= EPOCH_LEAST_MS && one->epoch_ms <= 30 * day_ms &&
             one->session_timeout_ms <= 7 * day_ms;
        l->count += ok;
    }
    if (ok && rp_cursor_done(&c))
        return true;
    l->count = 0;
    return false;
}
