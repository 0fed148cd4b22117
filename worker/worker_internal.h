/* SPDX-License-Identifier: MIT
 *
 * worker_internal.h - the state of one worker process: one struct, passed to everything in it. */
#ifndef WORKER_INTERNAL_H
#define WORKER_INTERNAL_H

#include "lib/base/cursor.h"
#include "worker/plan/plan.h"
#include "worker/worker.h"
#include "worker/store_report.h"

struct connection;
struct frontend;

struct overload {
    uint64_t room;  /* for connections, by the limit of descriptors */
    uint64_t most;  /* open at a time, since the last look */
    unsigned trims; /* to be done */
    struct rp_timer trim;
    unsigned paused;           /* listening sockets whose accepting is paused */
    uint64_t pauses;           /* since the last log line */
    uint64_t pauses_logged_ms; /* when it did; 0: never */
    bool pause_logged;         /* the current one */
};

struct worker {
    struct rp_loop *loop;
    const struct worker_setup *setup;
    struct rp_worker *channel;
    unsigned slot;
    struct rp_log *log;
    struct stats_row *row; /* of the shared page, or `own` when all of its rows were taken */
    struct stats_row own;
    struct frontend *frontends;     /* as setup->frontends->plans */
    struct connection *connections; /* all whose handshake is complete */
    size_t open_servers;            /* frontends that have not closed, with all their sockets */
    bool draining;
    bool cut_off; /* ... and not even handshakes are waited for any more */

    /* What is shared through the store; all NULL while it can't be opened. */
    struct rp_store *store;
    struct rp_session_cache *cache;
    struct rp_replay_guard *guard;
    struct rp_notice_board *board; /* also without a store */
    struct store_report store_report, near_report;
    struct rp_timer store_retry, store_measure;
    uint32_t store_wait_ms;
    uint64_t writes_reported; /* sessions not stored that the log has */

    struct overload overload;
    struct rp_timer log_flush, refusals_later, drain_end;
    struct rp_timer beat;
    uint64_t drain_end_ms; /* when that fires; 0: it is not set */
    struct rp_signal terminate;
};

/* A connection is gone: when the process drains, it may have been the last. */
void worker_left(struct worker *);

/* -- shared.c: what stands on the store */
void shared_open(struct worker *);
void shared_close(struct worker *);
/* What the generation was told. */
void shared_hear(struct worker *, struct rp_cursor notices);
/* Is a session forgotten by order? */
bool shared_forgets(const struct worker *, const struct rp_session_origin *);

#endif
