/* SPDX-License-Identifier: MIT
 *
 * stats.h - counters in one page of shared memory: a row for each worker slot.
 * A worker writes only its own row, everybody else only reads; a row outlives the worker, so a
 * restart loses no count. Values are 64-bit and read without locks; a reader may see counters of
 * one row at slightly different moments, nothing worse. */
#ifndef STATS_H
#define STATS_H

#include <reprise/error.h>
#include <stddef.h>
#include <stdint.h>
#include "cache/session_cache.h"

enum { STATS_SLOTS = 256 };

#define STATS_COUNTERS(X)                                                                          \
    X(accepted) /* connections accepted */                                                         \
    X(dropped)  /* closed for a limit before TLS */                                                \
    X(handshakes_full)                                                                             \
    X(handshakes_ticket)   /* resumed by ticket */                                                 \
    X(handshakes_id)       /* resumed by TLS 1.2 session id */                                     \
    X(handshakes_stateful) /* resumed by TLS 1.3 stateful ticket */                                \
    X(handshakes_failed)                                                                           \
    X(handshake_timeouts)                                                                          \
    X(idle_timeouts)                                                                               \
    X(tls12)                                                                                       \
    X(tls13)                                                                                       \
    X(client_certificates)                                                                         \
    X(bytes_in)  /* plain bytes from clients */                                                    \
    X(bytes_out) /* plain bytes to clients */                                                      \
    X(backend_connects)                                                                            \
    X(backend_failures)                                                                            \
    X(store_restarts) /* times a damaged store was replaced */

struct stats_row {
    int64_t pid;        /* of the worker that writes, 0 = none */
    uint64_t started_s; /* wall clock */
    uint64_t active;    /* open connections now */
    uint64_t in_store;  /* inside an LMDB call: a crash there is the store's fault */
#define X(name) uint64_t name;
    STATS_COUNTERS(X)
#undef X
    struct rp_session_cache_counters sessions;
} __attribute__((aligned(64)));

struct stats {
    struct stats_row rows[STATS_SLOTS];
};
/* Shared, zeroed memory that survives in every forked process. */
struct stats *stats_new(struct rp_error *err) __attribute__((warn_unused_result));
void stats_free(struct stats *);
/* The sum of all rows (pid and started_s of none). */
void stats_sum(const struct stats *, struct stats_row *out);

#endif
