/* SPDX-License-Identifier: MIT
 *
 * session_cache.h - the sessions of a cluster: answers newSession and resumeSession of a server
 * from a store, sealed, bound to the name and the policy they were made under.
 * A lookup that takes longer than the deadline is a miss and the handshake is a full one. Ids
 * carry a MAC under the cluster secret, so that a flood of invented ids never reaches the store. */
#ifndef RP_SESSION_CACHE_H
#define RP_SESSION_CACHE_H

#include "cache/latency.h"
#include "cache/seal.h"
#include "cache/store/store.h"
#include <reprise/server.h>

struct rp_session_cache_counters { /* plain counters, the owner may place them in shared memory */
    uint64_t stored, store_failed, store_timeouts, too_large;
    uint64_t hits, misses, bad_seals, timeouts; /* of lookups */
    uint64_t far_hits;                          /* of the hits, those of the far tier */
    uint64_t failed; /* of the misses, those when the store could not answer */
    uint64_t foreign_ids;
    /* how long the store took: what was answered at once, what was waited for; a new session */
    struct rp_latency near_lookup, far_lookup, store;
};
struct rp_session_cache_options {
    struct rp_store *store;           /* borrowed; must outlive the cache */
    const struct rp_sealers *sealers; /* borrowed */
    uint32_t lookup_timeout_ms;       /* 0 = 50 */
    uint32_t store_timeout_ms;        /* how long a handshake waits for a new session; 0 = 50 */
    bool single_use;          /* what TLS 1.3 resumes is removed: give one store, no tiers */
    uint64_t (*now_ms)(void); /* wall clock, for tests; NULL = the system's */
    struct rp_session_cache_counters *counters; /* borrowed; NULL = none wanted */
};
struct rp_session_cache;
struct rp_session_cache *
rp_session_cache_new(struct rp_loop *, const struct rp_session_cache_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* Handshakes that wait for an answer go on without. NULL ok. */
void rp_session_cache_free(struct rp_session_cache *);
/* For rp_server_options.make_session_id and accept_session_id (their arg is the cache). */
bool rp_session_cache_make_id(uint8_t *id, size_t len, void *cache);
bool rp_session_cache_accept_id(const uint8_t *id, size_t len, void *cache);
/* Listen to the server's newSession and resumeSession, for as long as the server lives: it is freed
 * before the cache. */
bool rp_session_cache_attach(struct rp_session_cache *, struct rp_server *);

#endif
