/* SPDX-License-Identifier: MIT
 *
 * timeouts.h - many timeouts with few durations: handshake and idle limits of connections. All
 * timeouts of one duration are in one list in order of expiry, with one timer of the loop; so
 * starting, restarting and stopping cost the same however many there are. */
#ifndef RP_TIMEOUTS_H
#define RP_TIMEOUTS_H

#include <reprise/loop.h>

struct rp_timeout_queue;
struct rp_timeout {
    void (*fire)(struct rp_timeout *);
    struct rp_timeout *next, *prev;
    struct rp_timeout_queue *queue; /* NULL = stopped */
    uint64_t due;                   /* the rp_loop_now() at which it expires */
};
/* Start or restart: fires once after `ms`. false: no memory for the first timeout of this
 * duration. */
bool rp_timeout_start(struct rp_loop *, struct rp_timeout *, uint32_t ms);
void rp_timeout_stop(struct rp_timeout *);

#endif
