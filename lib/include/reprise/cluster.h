/* SPDX-License-Identifier: MIT
 *
 * cluster.h - node:cluster: fork workers, keep them running, send them messages.
 * Workers are forked without exec, so they share what the primary prepared (contexts, keys,
 * listening sockets) copy-on-write. A worker that exits is replaced. A worker that exits soon after
 * its start, again and again, is replaced after growing delays: they double from respawn_min_ms to
 * respawn_max_ms, and start over after a worker ran for respawn_max_ms. The primary emits FORK,
 * ONLINE, MESSAGE, DISCONNECT and EXIT, and CLOSE when it was stopped and the last worker exited.
 * Workers share session-ticket keys automatically: a secure context that a worker creates without
 * ticket_keys uses the keys of its cluster, which are the same in every worker, replacements
 * included. So a client can resume its session on any worker (section M). */
#ifndef RP_CLUSTER_H
#define RP_CLUSTER_H

#include <reprise/event.h>
#include <reprise/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RP_CLUSTER_MESSAGE_MAX = 65536 }; /* bytes of one message */

struct rp_cluster;
struct rp_worker; /* the worker's end, inside the worker process */

struct rp_cluster_options {
    unsigned workers; /* 0 = one for each CPU that this process may use */
    /* The main function of a worker process; its result is the exit status. It gets a new loop: a
     * typical function starts servers, calls rp_loop_run and returns 0. In the worker the primary's
     * loop is abandoned (rp_loop_abandon), signal handlers are reset, no signal is blocked, and the
     * channels of this and all other clusters on the primary's loop are closed. Other descriptors
     * stay open. The process exits without running atexit functions. */
    int (*worker)(struct rp_worker *, struct rp_loop *, void *arg);
    void *arg;
    uint32_t respawn_min_ms, respawn_max_ms; /* 0 = 100 and 30000 */
    uint32_t respawn_none_ms; /* the longest delay while no worker runs; 0 = respawn_max_ms */
    bool no_respawn;          /* do not replace workers that exit */
};
/* Create a cluster; the caller frees it with rp_cluster_free. The workers are forked as soon as the
 * loop runs; if a fork fails, ERROR is emitted and the fork is tried again, as if the worker had
 * exited. On libev's default loop, which waits for all child processes itself, EXIT's status is -1.
 * NULL on failure: ENOMEM, ERR_CRYPTO_OPERATION_FAILED (no random bytes). */
struct rp_cluster *rp_cluster_new(struct rp_loop *, const struct rp_cluster_options *,
                                  struct rp_error *) __attribute__((warn_unused_result));
/* Ask all workers to finish (each gets DISCONNECT) and replace none from now on. */
void rp_cluster_stop(struct rp_cluster *);
/* Kill the workers that still run and free the cluster; no further event is emitted. May be called
 * in a listener. In a process that was forked after rp_cluster_new it kills nobody. NULL is
 * allowed. */
void rp_cluster_free(struct rp_cluster *);
/* The number of worker slots, whether their workers run or not. */
unsigned rp_cluster_count(const struct rp_cluster *);
/* Send a signal to a worker; false: it does not run. */
bool rp_cluster_kill(struct rp_cluster *, unsigned id, int signum);
/* The process ID of a worker; 0 if it does not run. */
int rp_cluster_pid(const struct rp_cluster *, unsigned id);
/* How long after EXIT of a worker, or ERROR of its fork, the next attempt to start it is made, in
 * milliseconds; 0: at once. */
uint32_t rp_cluster_respawn_ms(const struct rp_cluster *, unsigned id);
/* Add a listener for an event of the primary, after the existing ones; false: no memory (D35). */
bool rp_cluster_on(struct rp_cluster *, enum rp_event_type, rp_listener *, void *arg);
/* Remove the newest registration of (type, listener, arg). */
void rp_cluster_off(struct rp_cluster *, enum rp_event_type, rp_listener *, void *arg);
/* Send a message to one worker; the bytes are copied. Messages arrive whole and in order, and are
 * lost only if the worker exits. Errors: EPIPE (the worker does not run), EMSGSIZE (longer than
 * RP_CLUSTER_MESSAGE_MAX), ENOBUFS (the send queue is full), ENOMEM, or the errno name of send. */
bool rp_cluster_send(struct rp_cluster *, unsigned id, const void *bytes, size_t len,
                     struct rp_error *);

/* The number of CPUs that this process may use: node's os.availableParallelism. */
unsigned rp_available_parallelism(void);

/* -- inside a worker */
/* The worker's slot, 0 to workers - 1. */
unsigned rp_worker_id(const struct rp_worker *);
/* Tell the primary that the worker is up: it emits ONLINE. false: the primary cannot be reached. */
bool rp_worker_online(struct rp_worker *);
/* Send a message to the primary, which emits MESSAGE; the bytes are copied. Errors as for
 * rp_cluster_send. */
bool rp_worker_send(struct rp_worker *, const void *bytes, size_t len, struct rp_error *);
/* Add a listener for MESSAGE (from the primary) or DISCONNECT, which is emitted once, when the
 * primary asks the worker to finish or has exited. From then on the channel does not keep the loop
 * running, and without a listener for DISCONNECT the loop is stopped. false: no memory. */
bool rp_worker_on(struct rp_worker *, enum rp_event_type, rp_listener *, void *arg);

#ifdef __cplusplus
}
#endif

#endif
