/* SPDX-License-Identifier: MIT
 *
 * process.h - between cluster.c and worker.c: what goes over a worker's channel, and its life. */
#ifndef RP_CLUSTER_PROCESS_H
#define RP_CLUSTER_PROCESS_H

#include <reprise/cluster.h>

/* The first byte of each message on the channel. */
enum rp_cluster_tag {
    RP_TAG_MESSAGE = 1, /* both ways: the program's own */
    RP_TAG_ONLINE,      /* from the worker: it is up */
    RP_TAG_DISCONNECT,  /* from the primary: finish, please */
};

/* In the forked process: runs options->worker on a fresh loop, with `fd` as the channel to the
 * primary, and ends the process. `primary` is the primary's loop, abandoned here. */
_Noreturn void rp_worker_live(const struct rp_cluster_options *options, struct rp_loop *primary,
                              unsigned id, int fd);

#endif
