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
#include "cache/key_lifetimes.h"
#include "cache/replay_guard.h"
#include "cache/session_cache.h"
#include "worker/reasons.h"

enum {
    STATS_ROWS = 1024,    /* four generations of 256 workers */
    STATS_FRONTENDS = 65, /* that are counted by name; the last one stands for all others */
    STATS_NAME = 64,      /* bytes of a name, NUL included; a longer one is cut */
};

/* Field, metric name, label, HELP text. Those of one metric
 * stand together. */
#define STATS_COUNTERS(X)                                                                          \
    X(accepted, "connections_accepted_total", "", "Connections accepted")                          \
    X(accept_pauses, "accept_pauses_total", "",                                                    \
      "Times that accepting paused because file descriptors or memory ran out")                    \
    X(dropped, "connections_dropped_total", "",                                                    \
      "Connections closed before the handshake because a limit is reached")                        \
    X(tcp_probes, "tcp_probes_total", "",                                                          \
      "Connections that the client closed without sending a byte")                                 \
    X(proxies_refused, "proxies_refused_total", "",                                                \
      "Connections closed because their source is not in proxy-from")                              \
    X(handshakes_full, "handshakes_total", "kind=\"full\"", "Completed handshakes by kind")        \
    X(handshakes_ticket, "handshakes_total", "kind=\"ticket\"", "")                                \
    X(handshakes_id, "handshakes_total", "kind=\"session_id\"", "")                                \
    X(handshakes_stateful, "handshakes_total", "kind=\"stateful_ticket\"", "")                     \
    X(handshakes_failed, "handshake_failures_total", "reason=\"error\"",                           \
      "Failed handshakes by reason")                                                               \
    X(handshake_timeouts, "handshake_failures_total", "reason=\"timeout\"", "")                    \
    X(handshakes_cut, "handshake_failures_total", "reason=\"limit\"", "")                          \
    X(idle_timeouts, "idle_timeouts_total", "", "Connections closed by the idle timeout")          \
    X(tls12, "versions_total", "version=\"TLSv1.2\"", "Completed handshakes by TLS version")       \
    X(tls13, "versions_total", "version=\"TLSv1.3\"", "")                                          \
    X(group_x25519, "groups_total", "group=\"x25519\"",                                            \
      "Completed handshakes by group of the key exchange")                                         \
    X(group_secp256r1, "groups_total", "group=\"secp256r1\"", "")                                  \
    X(group_secp384r1, "groups_total", "group=\"secp384r1\"", "")                                  \
    X(group_x25519mlkem768, "groups_total", "group=\"X25519MLKEM768\"", "")                        \
    X(group_other, "groups_total", "group=\"other\"", "")                                          \
    X(group_none, "groups_total", "group=\"none\"", "")                                            \
    X(client_certificates, "client_certificates_total", "",                                        \
      "Completed handshakes with a client certificate")                                            \
    X(bytes_in, "bytes_total", "direction=\"in\"",                                                 \
      "Bytes of application data received from and sent to clients")                               \
    X(bytes_out, "bytes_total", "direction=\"out\"", "")                                           \
    X(backend_connects, "backend_connects_total", "", "Connections established to backends")       \
    X(backend_failures, "backend_failures_total", "", "Failed attempts to connect to backends")    \
    X(early_data_accepted, "early_data_accepted_total", "",                                        \
      "Connections whose early data was accepted")                                                 \
    X(sessions_forgotten, "sessions_revoked_total", "",                                            \
      "Resumptions refused because the session is revoked")                                        \
    X(sessions_of_other_names, "sessions_of_other_names_total", "",                                \
      "Resumptions refused because the session belongs to another server name")                    \
    X(store_restarts, "store_replaced_total", "", "Damaged stores replaced by an empty one")       \
    X(killed, "workers_killed_total", "", "Workers killed because they did not respond")

struct stats_row {
    int64_t pid;           /* of the worker that writes, 0 = none */
    uint64_t slot;         /* of that worker */
    uint64_t started_s;    /* wall clock */
    uint64_t active;       /* open connections now */
    uint64_t handshaking;  /* of those, the handshake is not complete */
    uint64_t store_away_s; /* wall clock since when its store is unavailable, 0 = available */
    uint64_t l1_away_s;    /* the same of the local session cache (l1) */
    uint64_t paused_s;     /* wall clock since when accepting is paused, 0 = it is not */
    uint64_t stuck_s;      /* the same since when it does not respond; its generation writes it */
    uint64_t in_store;     /* inside an LMDB call: a crash there is the store's fault */
    /* the file of this host's sessions, as the worker last saw it; 0: there is none */
    uint64_t store_entries, store_bytes, store_size;
#define X(name, metric, label, help) uint64_t name;
    STATS_COUNTERS(X)
#undef X
    struct rp_store_counters near, far;
    struct rp_replay_guard_counters early_data;
    struct rp_session_cache_counters sessions;
} __attribute__((aligned(64)));

/* Ends of connections by reason. They are few beside handshakes, so all workers count in one place:
 * atomically. */
struct stats_frontend {
    char name[STATS_NAME]; /* "": free */
    uint64_t ended[REASON_COUNT];
};

/* The master's HTTP: it alone writes them. */
struct stats_admin {
    uint64_t unknown_host; /* requests refused: Host is not known */
    uint64_t invalid_host; /* not exactly one Host, or a malformed header name */
    uint64_t method, path; /* not GET; not a page */
    uint64_t evicted;      /* connections closed because others needed their place */
    uint64_t timeouts;     /* connections closed after ten seconds */
};

struct stats {
    struct stats_row rows[STATS_ROWS];
    struct stats_admin admin;
    struct stats_frontend frontends[STATS_FRONTENDS];
    struct rp_key_lifetimes lifetimes; /* of ticket keys, in the cluster: ours first; 0: pinned */
    uint64_t log_lines_lost;           /* by all processes, which add atomically */
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
/* The place of a frontend of this name, which is made when there is none: before the fork, by the
 * master alone. A name keeps its place over reloads. When all are taken, the last one. */
size_t stats_frontend(struct stats *, const char *name);
void stats_count_end(struct stats *, size_t frontend, enum reason);
uint64_t stats_ends(const struct stats_frontend *, enum reason);

/* How many living workers are without a store, and since when the first of them is. */
struct stats_away {
    unsigned workers;
    uint64_t since_s; /* 0: none */
};
void stats_away(const struct stats *, struct stats_away *store, struct stats_away *l1);
/* The same of workers whose accepting is paused. */
void stats_paused(const struct stats *, struct stats_away *);
/* The same of workers that do not respond. */
void stats_stuck(const struct stats *, struct stats_away *);
/* The sum of all rows: counts of all, `active` of those that live, `pid` = how many live, and of
 * the file what the one that saw most of it says. */
void stats_sum(const struct stats *, struct stats_row *out);

#endif
