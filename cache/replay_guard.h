/* SPDX-License-Identifier: MIT
 *
 * replay_guard.h - early data (0-RTT) is accepted once in the whole cluster: answers a server's
 * EARLY_DATA by a claim in the store that all hosts share. A ClientHello is claimed under an HMAC
 * of its PSK binder, with `add`: the first host to add it accepts; all others reject, and so does a
 * host that gets no answer in time. The binder is used, not the ticket's identity: neither is
 * verified at that time, and by identity an eavesdropper could use up other clients' tickets; an
 * invented binder only claims a ClientHello that does not exist.
 * During a change of the cluster secret, hosts with one secret, with both, and with the other one
 * run side by side. Hosts that can decrypt each other's tickets have a secret in common. So a claim
 * is made under every secret of a host, and early data is accepted only if all claims succeed: two
 * hosts then compete under the common secret. At worst both reject.
 * A claim must outlive the ClientHello. OpenSSL accepts a ticket's early data only if the age that
 * the client states is within 10 seconds of the age by the host's clock, so a replay is possible
 * for 11 seconds and the difference between the hosts' clocks; claims live for five minutes, and at
 * least as long as sessions, since a full store would evict them first otherwise.
 * A store that was unavailable may have lost its last claims, so for as long as a replay is
 * possible (75 seconds, if clocks differ by a minute) all early data is rejected after that;
 * likewise after the store was emptied. A mark in the store shows that: each claim asks for it, and
 * it states its time of creation, so that a host that has just started also knows since when claims
 * are complete. Not covered: a store that evicts claims, or loses its last writes but not the mark,
 * unnoticed by a host that starts within those seconds; clocks that differ by more than a minute
 * then, or by more than four at any time. */
#ifndef RP_REPLAY_GUARD_H
#define RP_REPLAY_GUARD_H

#include "cache/seal.h"
#include "cache/store/store.h"
#include <reprise/server.h>

struct rp_replay_guard_counters { /* plain counters, which the owner may place in shared memory */
    uint64_t offered;             /* claims made */
    uint64_t claimed;             /* new: accepted, unless OpenSSL rejects it */
    uint64_t seen;                /* rejected: claimed before, on this or another host */
    uint64_t failed;              /* rejected: the store failed */
    uint64_t late;                /* rejected: the store did not answer in time */
    uint64_t doubted; /* rejected: the store was unavailable or emptied shortly before */
};
struct rp_replay_guard_options {
    struct rp_store *store; /* the store that all hosts share (rp_store_shared); borrowed */
    const struct rp_sealers *sealers;          /* borrowed */
    uint32_t timeout_ms;                       /* 0 = 50 */
    uint32_t session_timeout_s;                /* of the sessions in the store */
    uint32_t doubt_ms;                         /* after a fault of the store; 0 = 75000 */
    uint64_t (*now_ms)(void);                  /* wall clock, for tests; NULL = the system's */
    struct rp_replay_guard_counters *counters; /* borrowed; may be NULL */
};
struct rp_replay_guard;
struct rp_replay_guard *rp_replay_guard_new(struct rp_loop *,
                                            const struct rp_replay_guard_options *,
                                            struct rp_error *) __attribute__((warn_unused_result));
/* Waiting early data is rejected. NULL is allowed. */
void rp_replay_guard_free(struct rp_replay_guard *);
/* Listen to the server's EARLY_DATA until the server is freed, which must happen before the guard
 * is freed. Adds the mark to the store if it has none. */
bool rp_replay_guard_attach(struct rp_replay_guard *, struct rp_server *);
/* The store has failed, or is available again: it may have lost claims. */
void rp_replay_guard_doubt(struct rp_replay_guard *);

#endif
