/* SPDX-License-Identifier: MIT
 *
 * session_cache.h - the sessions of a cluster: answers newSession and resumeSession of a server
 * from a store; sessions are sealed and bound to their server name and policy. A lookup that
 * exceeds its deadline is a miss, and the handshake is a full one. Ids carry a MAC under the
 * cluster secret, so that invented ids never reach the store. */
#ifndef RP_SESSION_CACHE_H
#define RP_SESSION_CACHE_H

#include "cache/latency.h"
#include "cache/seal.h"
#include "cache/store/store.h"
#include <reprise/server.h>

struct rp_session_cache_counters { /* plain counters, the owner may place them in shared memory */
    uint64_t stored, store_failed, store_timeouts, too_large;
    uint64_t hits, misses, bad_seals, timeouts; /* of lookups */
    uint64_t far_hits;                          /* hits in the shared tier */
    uint64_t failed;                            /* misses because the store failed */
    uint64_t foreign_ids;
    /* times of the store: answered at once, waited for, storing a new session */
    struct rp_latency near_lookup, far_lookup, store;
};
struct rp_session_cache_options {
    struct rp_store *store;           /* borrowed; must outlive the cache */
    const struct rp_sealers *sealers; /* borrowed */
    uint32_t lookup_timeout_ms;       /* 0 = 50 */
    uint32_t store_timeout_ms;        /* maximum wait for storing a new session; 0 = 50 */
    bool single_use;          /* remove what TLS 1.3 resumes: use one store, without tiers */
    uint64_t (*now_ms)(void); /* wall clock, for tests; NULL = the system's */
    struct rp_session_cache_counters *counters; /* borrowed; may be NULL */
};
struct rp_session_cache;
struct rp_session_cache *
rp_session_cache_new(struct rp_loop *, const struct rp_session_cache_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* Waiting handshakes continue without a session. NULL is allowed. */
void rp_session_cache_free(struct rp_session_cache *);
/* For rp_server_options.make_session_id and accept_session_id (their arg is the cache). */
bool rp_session_cache_make_id(uint8_t *id, size_t len, void *cache);
bool rp_session_cache_accept_id(const uint8_t *id, size_t len, void *cache);
/* Listen to the server's newSession and resumeSession until the server is freed, which must happen
 * before the cache is freed. */
bool rp_session_cache_attach(struct rp_session_cache *, struct rp_server *);

#endif
