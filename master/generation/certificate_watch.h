/* SPDX-License-Identifier: MIT
 *
 * certificate_watch.h - log what is wrong with the certificates of a generation: all of it at its
 * start; then what changes with time when it changes, and again once a day while it lasts. */
#ifndef CERTIFICATE_WATCH_H
#define CERTIFICATE_WATCH_H

#include "lib/base/log.h"
#include "worker/plan/findings.h"
#include <reprise/loop.h>

struct certificate_watch {
    struct rp_log *log;
    const struct findings *findings;
    struct rp_loop *loop;
    struct rp_timer timer;
    uint64_t looked_s,
        told_s; /* wall clock of the last look, and of the last time all was logged */
};

/* Log everything, then watch until it is stopped. The findings outlive it. */
void certificate_watch_start(struct certificate_watch *, struct rp_loop *, const struct findings *,
                             struct rp_log *);
void certificate_watch_stop(struct certificate_watch *); /* also one that was not started */

#endif
