/* SPDX-License-Identifier: MIT
 *
 * workers.h - the workers of a generation: fork them, replace those that die, and let the others
 * serve the listening sockets of a slot whose worker is missing or does not respond. A worker that
 * does not respond for ten seconds is killed. */
#ifndef GENERATION_WORKERS_H
#define GENERATION_WORKERS_H

#include "conf/conf.h"
#include "lib/base/log.h"
#include "worker/worker.h"

struct workers_options {
    struct rp_loop *loop;
    const struct conf *conf;
    struct rp_log *log;
    struct stats *stats;
    unsigned count;
    int (*run)(struct rp_worker *, struct rp_loop *, void *arg); /* in the worker process */
    void (*ready)(void *arg);                   /* all accept connections; called once */
    void (*failed)(const char *why, void *arg); /* one exited before that */
    void (*gone)(void *arg);                    /* after workers_drain: the last one has exited */
    void *arg;
};

struct workers;
struct workers *workers_new(const struct workers_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* For worker_setup.beats. */
uint64_t *workers_beats(struct workers *);
/* Ask all workers to drain; none is replaced from now on. */
void workers_drain(struct workers *);
void workers_free(struct workers *); /* kills those that still run; NULL ok */
/* Send a message to every worker that runs. NULL ok. */
void workers_tell(struct workers *, enum worker_message, const void *content, size_t len);

#endif
