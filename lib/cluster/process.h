/* SPDX-License-Identifier: MIT
 *
 * process.h - shared by cluster.c and worker.c: the messages on a worker's channel, and the
 * worker's main function. */
#ifndef RP_CLUSTER_PROCESS_H
#define RP_CLUSTER_PROCESS_H

#include <reprise/cluster.h>

/* The first byte of each message on the channel. */
enum rp_cluster_tag {
    RP_TAG_MESSAGE = 1, /* both ways: a message of the program */
    RP_TAG_ONLINE,      /* worker to primary: the worker is up */
    RP_TAG_DISCONNECT,  /* primary to worker: finish */
};

/* Run options->worker in the forked process on a new loop, with `fd` as the channel to the primary,
 * then exit. `primary` is the primary's loop, which is abandoned in this process. */
_Noreturn void rp_worker_live(const struct rp_cluster_options *options, struct rp_loop *primary,
                              unsigned id, int fd);

#endif
