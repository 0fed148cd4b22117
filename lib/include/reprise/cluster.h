/* SPDX-License-Identifier: MIT
 *
 * cluster.h - node:cluster: fork workers, keep them running, pass them messages.
 * Workers are forked, not executed: what the primary prepared (contexts, keys, listening sockets)
 * they share copy-on-write. A worker that dies is replaced; one that dies young again and again is
 * replaced ever later (backoff doubles from respawn_min_ms to respawn_max_ms, and is forgotten
 * after a life of respawn_max_ms). Events on the primary: FORK, ONLINE, MESSAGE, DISCONNECT, EXIT;
 * CLOSE when it was stopped and the last worker is gone.
 * Ticket keys are shared without being asked for: a secure context that a worker makes without
 * ticket_keys has those of its cluster, the same in every worker and in every one that is forked
 * later, so that a client resumes whichever it meets. Contract: section M. */
#ifndef RP_CLUSTER_H
#define RP_CLUSTER_H

#include <reprise/event.h>
#include <reprise/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RP_CLUSTER_MESSAGE_MAX = 65536 }; /* bytes of one message */

struct rp_cluster;
struct rp_worker; /* the worker's own end, inside the worker process */

struct rp_cluster_options {
    unsigned workers; /* 0 = one for each CPU this process may use */
    /* Runs in each worker process on a fresh loop. The primary's loop was abandoned there
     * (rp_loop_abandon), handlers of signals are reset, none is blocked, and the channels of this
     * and all other clusters of that loop are closed; other descriptors are the program's to share
     * or to close. What it returns is the exit status; it normally starts things, returns from
     * rp_loop_run and then 0. The process ends without atexit functions. */
    int (*worker)(struct rp_worker *, struct rp_loop *, void *arg);
    void *arg;
    uint32_t respawn_min_ms, respawn_max_ms; /* 0 = 100 and 30000 */
    bool no_respawn;
};
/* The workers are forked as soon as the loop runs. ERROR tells that one could not be forked; it is
 * tried again as if it had died. A program on libev's default loop gets no exit statuses: there
 * libev waits for all children itself (EXIT's status is then -1). */
struct rp_cluster *rp_cluster_new(struct rp_loop *, const struct rp_cluster_options *,
                                  struct rp_error *) __attribute__((warn_unused_result));
/* Ask all workers to finish (their channel says "disconnect"), respawn none any more. */
void rp_cluster_stop(struct rp_cluster *);
/* Kills what still runs, frees; no event comes any more. May be called in a listener. In a process
 * forked since it kills nobody. NULL ok. */
void rp_cluster_free(struct rp_cluster *);
/* How many workers it keeps, running or not. */
unsigned rp_cluster_count(const struct rp_cluster *);
bool rp_cluster_kill(struct rp_cluster *, unsigned id, int signum); /* false: not running */
int rp_cluster_pid(const struct rp_cluster *, unsigned id);         /* 0 = not running */
/* Hear an event of the primary, after those who listen already; false: no memory. D35 */
bool rp_cluster_on(struct rp_cluster *, enum rp_event_type, rp_listener *, void *arg);
/* Hear it no longer: the newest registration of (type, fn, arg) goes. */
void rp_cluster_off(struct rp_cluster *, enum rp_event_type, rp_listener *, void *arg);
/* To one worker; the bytes are copied. Messages are whole, in order, and may be lost only with
 * their receiver. false: no such worker runs, more than RP_CLUSTER_MESSAGE_MAX, or its queue is
 * full. */
bool rp_cluster_send(struct rp_cluster *, unsigned id, const void *bytes, size_t len,
                     struct rp_error *);

/* The CPUs this process may use; node's os.availableParallelism. */
unsigned rp_available_parallelism(void);

/* -- inside a worker */
unsigned rp_worker_id(const struct rp_worker *); /* its slot, 0 .. workers-1 */
bool rp_worker_online(struct rp_worker *);       /* say that it is up: ONLINE at the primary */
/* To the primary, as MESSAGE there; as rp_cluster_send. */
bool rp_worker_send(struct rp_worker *, const void *bytes, size_t len, struct rp_error *);
/* MESSAGE from the primary; DISCONNECT, once, when it asks to finish or is gone: then the channel
 * keeps the loop no longer, and if nobody listens for it the loop is stopped. */
bool rp_worker_on(struct rp_worker *, enum rp_event_type, rp_listener *, void *arg);

#ifdef __cplusplus
}
#endif

#endif
