/* SPDX-License-Identifier: MIT
 *
 * key_lifetimes.h - which lifetimes of ticket keys are in force in a cluster: this host's, those of
 * hosts whose configuration differs, and those of before a reload, until their last ticket has
 * expired. One sealed record in the store, which every generation reads and adds its own to; so
 * who mints by one schedule of epochs is read by those that mint by another. Pure.
 * The danger is a moment far ahead, by a clock that is wrong: it is cut to what can be. */
#ifndef RP_KEY_LIFETIMES_H
#define RP_KEY_LIFETIMES_H

#include "lib/base/cursor.h"

enum {
    RP_KEY_LIFETIMES_MAX = 5,
    RP_KEY_LIFETIMES_BYTES = 1 + RP_KEY_LIFETIMES_MAX * 4 * 8, /* encoded, at most */
    /* ms from a new lifetime's announcement to the moment when it mints: all have heard by then */
    RP_KEY_LIFETIMES_LEAD = 15000,
};

struct rp_key_lifetime {
    uint64_t epoch_ms,
        session_timeout_ms;      /* key-lifetime, session-timeout; together they name it */
    uint64_t since_ms, until_ms; /* announced; no ticket of it is left */
};
struct rp_key_lifetimes { /* our own first, once it is known; then by age */
    size_t count;
    struct rp_key_lifetime at[RP_KEY_LIFETIMES_MAX];
};

/* Ours: in force at least until then. */
void rp_key_lifetimes_own(struct rp_key_lifetimes *, const struct rp_key_lifetime *own);
/* Know what both know, but for what is over. The first stays the first. */
void rp_key_lifetimes_merge(struct rp_key_lifetimes *, const struct rp_key_lifetimes *from,
                            uint64_t now_ms);
/* Does it say of the first one of `ours` that it is in force until then at least, and when it
 * began? */
bool rp_key_lifetimes_cover(const struct rp_key_lifetimes *, const struct rp_key_lifetimes *ours,
                            uint64_t until_ms);
/* The same lifetimes, whatever their moments? */
bool rp_key_lifetimes_same(const struct rp_key_lifetimes *, const struct rp_key_lifetimes *);
/* Of all with epochs of this length: the longest session timeout, and the first announcement. */
uint64_t rp_key_lifetimes_timeout(const struct rp_key_lifetimes *, uint64_t epoch_ms);
uint64_t rp_key_lifetimes_since(const struct rp_key_lifetimes *, uint64_t epoch_ms);

size_t rp_key_lifetimes_encode(const struct rp_key_lifetimes *,
                               uint8_t out[RP_KEY_LIFETIMES_BYTES]);
/* false: the bytes are invalid; the result is empty then. */
bool rp_key_lifetimes_decode(struct rp_key_lifetimes *, struct rp_cursor);

#endif
