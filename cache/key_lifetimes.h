/* SPDX-License-Identifier: MIT
 *
 * key_lifetimes.h - the lifetimes of ticket keys that are in force in a cluster: this host's, those
 * of hosts with another configuration, and those before a reload, until their last ticket has
 * expired. They are one sealed record in the store, which every generation reads and adds its own
 * to; so all hosts can decrypt the tickets of a host with a different schedule. Does no I/O. The
 * danger is a time far in the future, from a wrong clock: it is limited to what is possible. */
#ifndef RP_KEY_LIFETIMES_H
#define RP_KEY_LIFETIMES_H

#include "lib/base/cursor.h"

enum {
    RP_KEY_LIFETIMES_MAX = 5,
    RP_KEY_LIFETIMES_BYTES = 1 + RP_KEY_LIFETIMES_MAX * 4 * 8, /* maximum encoded length */
    /* ms from the announcement of a lifetime to its first use: all hosts have received it by
     * then */
    RP_KEY_LIFETIMES_LEAD = 15000,
};

struct rp_key_lifetime {
    uint64_t epoch_ms,
        session_timeout_ms;      /* key-lifetime and session-timeout identify a lifetime */
    uint64_t since_ms, until_ms; /* announced at; its last ticket expires at */
};
struct rp_key_lifetimes { /* this host's first, once it is known; then by age */
    size_t count;
    struct rp_key_lifetime at[RP_KEY_LIFETIMES_MAX];
};

/* Set this host's lifetime: in force at least until then. */
void rp_key_lifetimes_own(struct rp_key_lifetimes *, const struct rp_key_lifetime *own);
/* Merge both, without those that are over. The first one stays first. */
void rp_key_lifetimes_merge(struct rp_key_lifetimes *, const struct rp_key_lifetimes *from,
                            uint64_t now_ms);
/* Whether it contains the first lifetime of `ours`, in force at least until then, with its
 * start. */
bool rp_key_lifetimes_cover(const struct rp_key_lifetimes *, const struct rp_key_lifetimes *ours,
                            uint64_t until_ms);
/* Whether both have the same lifetimes, whatever their times. */
bool rp_key_lifetimes_same(const struct rp_key_lifetimes *, const struct rp_key_lifetimes *);
/* Of all with epochs of this length: the longest session timeout, and the first announcement. */
uint64_t rp_key_lifetimes_timeout(const struct rp_key_lifetimes *, uint64_t epoch_ms);
uint64_t rp_key_lifetimes_since(const struct rp_key_lifetimes *, uint64_t epoch_ms);

size_t rp_key_lifetimes_encode(const struct rp_key_lifetimes *,
                               uint8_t out[RP_KEY_LIFETIMES_BYTES]);
/* false: the bytes are invalid; the result is empty then. */
bool rp_key_lifetimes_decode(struct rp_key_lifetimes *, struct rp_cursor);

#endif
