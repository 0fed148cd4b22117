/* SPDX-License-Identifier: MIT
 *
 * worker.h - one process of the front end, and what its generation gives it. Certificates and keys
 * were read once before the fork (worker/plan/plan.h); workers share that memory copy-on-write.
 * worker_run is the whole life of a worker. */
#ifndef WORKER_H
#define WORKER_H

#include "cache/cluster_sealers.h"
#include "cache/key_ring.h"
#include "conf/conf.h"
#include "lib/base/log.h"
#include "worker/stats.h"
#include <reprise/cluster.h>
#include <reprise/server.h>

struct plan; /* worker/plan/plan.h */

/* A listening socket that the master keeps open over workers, reloads and crashes. */
struct worker_listen {
    size_t frontend; /* index into conf->frontends */
    int fd;
    int slot; /* the worker slot that accepts on it (SO_REUSEPORT); -1: all of them do */
};

struct worker_setup {
    const struct conf *conf;
    struct plan *frontends;
    const struct worker_listen *listens;
    size_t listen_count;
    unsigned workers; /* slots; a listen of slot s belongs to worker s % workers */
    struct stats *stats;
    uint64_t *beats;                          /* heartbeats by slot, in shared memory */
    struct rp_log *log;                       /* NULL = none; the worker renames it */
    const struct rp_cluster_sealers *sealers; /* but for those of ticket keys */
    struct rp_key_ring *ring;    /* follows the generation's; the worker's to free. NULL: pinned */
    struct rp_ticket_keys *keys; /* the ring of all contexts */
    const struct rp_notices *notices; /* what was announced before the fork */
};

/* Messages from a generation to its workers, over rp_cluster's channel (lib/base/ipc.h).
 * ADOPT, with a slot: its worker is down for longer than a moment, accept on its sockets too;
 * RELEASE, with a slot: it is back. REOPEN_LOGS: files were renamed. NOTICES (cache/notices.h):
 * what was announced to the cluster. KEY (cache/key_ring.h): the generation's ring has learned it;
 * LIFETIMES (cache/key_lifetimes.h): those in force in the cluster, told before their keys.
 * END_WITHIN: drain, and cut off after so many ms (4 bytes) what is still open. "Disconnect" on the
 * channel means drain, and so does any other message. */
enum worker_message {
    WORKER_ADOPT = 1,
    WORKER_RELEASE,
    WORKER_REOPEN_LOGS,
    WORKER_NOTICES,
    WORKER_KEY,
    WORKER_END_WITHIN,
    WORKER_LIFETIMES,
};

/* Runs until drained; for rp_cluster_options.worker. Exit status 0 after a drain. `setup` is arg.
 */
int worker_run(struct rp_worker *, struct rp_loop *, void *setup);

#endif
