/* SPDX-License-Identifier: MIT
 *
 * stats.h - counters in shared memory: a row for each worker process.
 * A process claims a row and writes only there, everybody else only reads. A row outlives the
 * process: whoever claims it next goes on counting, so a restart loses no count; and the workers
 * of an old and of a new generation, which run side by side in equal slots, have a row each.
 * Values are 64-bit and read without locks; a reader may see counters of one row at slightly
 * different moments, nothing worse. */
#ifndef STATS_H
#define STATS_H

#include <reprise/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cache/session_cache.h"

enum { STATS_ROWS = 512 }; /* two generations of 256 workers */

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
    X(sessions_forgotten) /* offers of sessions that were revoked */                               \
    X(store_restarts)     /* times a damaged store was replaced */

struct stats_row {
    int64_t pid;           /* of the worker that writes, 0 = none */
    uint64_t slot;         /* of that worker */
    uint64_t started_s;    /* wall clock */
    uint64_t active;       /* open connections now */
    uint64_t store_away_s; /* wall clock since when its store is in trouble, 0 = it is well */
    uint64_t l1_away_s;    /* the same of the near store before it */
    uint64_t in_store;     /* inside an LMDB call: a crash there is the store's fault */
#define X(name) uint64_t name;
    STATS_COUNTERS(X)
#undef X
    struct rp_session_cache_counters sessions;
} __attribute__((aligned(64)));

struct stats {
    struct stats_row rows[STATS_ROWS];
};
/* Shared, zeroed memory that survives in every forked process. */
struct stats *stats_new(struct rp_error *err) __attribute__((warn_unused_result));
void stats_free(struct stats *);
/* A row for this process: one whose process is dead and had this slot, else a fresh one, else that
 * of any dead process. Counts go on. NULL when all are taken by living processes. */
struct stats_row *stats_claim(struct stats *, unsigned slot) __attribute__((warn_unused_result));
void stats_release(struct stats_row *); /* NULL ok */
/* Does the process that claimed this row live? */
bool stats_alive(const struct stats_row *);
/* How many living workers are without a store, and since when the first of them is. */
struct stats_away {
    unsigned workers;
    uint64_t since_s; /* 0: none */
};
void stats_away(const struct stats *, struct stats_away *store, struct stats_away *l1);
/* The sum of all rows: counts of all, `active` of those that live, `pid` = how many live. */
void stats_sum(const struct stats *, struct stats_row *out);

#endif
