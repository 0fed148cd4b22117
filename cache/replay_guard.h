/* SPDX-License-Identifier: MIT
 *
 * replay_guard.h - early data (0-RTT) is accepted once in the whole cluster: answers EARLY_DATA of
 * a server by a claim in the store that all hosts share. A flight is claimed under an HMAC of its
 * PSK binder, with `add`: whoever adds it first accepts, everybody else declines, and so does who
 * gets no answer in time, or none. The binder, not the ticket's identity: nobody has verified
 * either at that moment, and by identity an eavesdropper could use up other people's tickets; a
 * binder made up claims a flight that does not exist.
 *
 * While the cluster secret is changed over, hosts with one secret, with both, and with the other
 * one work side by side. Those that read each other's tickets have one in common. So a flight is
 * claimed under every secret that a host has, and accepted only if all claims are its own: two
 * hosts then meet under the common one. At worst both decline.
 *
 * A claim has to outlive the flight. OpenSSL takes a ticket's early data only while the age that
 * the client says is within 10 seconds of the age by the host's own clock, so a flight lives for 11
 * seconds and the difference of the hosts' clocks; claims live for five minutes, and not shorter
 * than sessions, or a store that is full would evict them first.
 *
 * A store that was away may have come back without its last claims, so for as long as a flight may
 * live (75 seconds, with clocks that differ by a minute) all early data is declined after that; the
 * same when it has been emptied. That shows by a mark in it, which is asked for with each claim,
 * and says when it was made: so who has just joined knows, too, from when on there are claims. What
 * is not covered: a store that evicts claims, or loses its last writes but not the mark, unnoticed
 * by a host that joins within those seconds; clocks that differ by more than a minute then, and by
 * more than four at any time. */
#ifndef RP_REPLAY_GUARD_H
#define RP_REPLAY_GUARD_H

#include "cache/seal.h"
#include "cache/store/store.h"
#include <reprise/server.h>

struct rp_replay_guard_counters { /* plain counters, the owner may place them in shared memory */
    uint64_t offered;             /* flights that were asked about */
    uint64_t claimed;             /* first seen here: accepted, unless OpenSSL finds a fault */
    uint64_t seen;                /* declined: seen before, here or elsewhere */
    uint64_t failed;              /* declined: the store can't say */
    uint64_t late;                /* declined: the store did not answer in time */
    uint64_t doubted;             /* declined: the store was away or emptied a moment ago */
};
struct rp_replay_guard_options {
    struct rp_store *store;           /* that all hosts share (rp_store_shared); borrowed */
    const struct rp_sealers *sealers; /* borrowed */
    uint32_t timeout_ms;              /* 0 = 50 */
    uint32_t session_timeout_s;       /* of the sessions in the store */
    uint32_t doubt_ms;                /* after trouble; 0 = 75000 */
    uint64_t (*now_ms)(void);         /* wall clock, for tests; NULL = the system's */
    struct rp_replay_guard_counters *counters; /* borrowed; NULL = none wanted */
};
struct rp_replay_guard;
struct rp_replay_guard *rp_replay_guard_new(struct rp_loop *,
                                            const struct rp_replay_guard_options *,
                                            struct rp_error *) __attribute__((warn_unused_result));
/* Flights that wait are declined. NULL ok. */
void rp_replay_guard_free(struct rp_replay_guard *);
/* Listen to the server's EARLY_DATA, for as long as it lives: it is freed before the guard. The
 * store gets its mark now, if it has none. */
bool rp_replay_guard_attach(struct rp_replay_guard *, struct rp_server *);
/* The store is in trouble, or it is over: it may have forgotten. */
void rp_replay_guard_doubt(struct rp_replay_guard *);

#endif
