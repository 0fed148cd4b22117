/* SPDX-License-Identifier: MIT
 *
 * loop.h - the inside of struct rp_loop: what all connections of one loop share.
 * The danger: the shared buffers are overwritten by the next read; nobody keeps a pointer into
 * them beyond the call it was given in. */
#ifndef RP_NET_LOOP_H
#define RP_NET_LOOP_H

#include <reprise/loop.h>

#include <ev.h>
#include <stddef.h>

struct rp_chunk;
struct rp_timeout_queue;

enum { RP_INPUT_SIZE = 128 * 1024, RP_POOL_MAX = 64 };

struct rp_loop {
    struct ev_loop *ev; /* NULL once abandoned in a forked child */
    bool owned;
    bool ticking;              /* the loop is kept alive for ticks */
    struct ev_prepare prepare; /* runs the ticks before the loop waits */
    struct ev_idle idle;       /* ticks are left: do not wait */
    struct rp_next_tick ticks; /* ring, this is its head */
    struct rp_timeout_queue *timeouts;
    struct rp_signal *signals;   /* those started, to be given up with the loop */
    struct rp_channel *channels; /* those open, likewise */
    struct rp_chunk *pool;
    size_t pooled;
    uint8_t *input; /* allocated with the loop */
};

/* The buffer that every socket of the loop reads into (RP_INPUT_SIZE bytes). */
static inline uint8_t *rp_loop_input(struct rp_loop *loop)
{
    return loop->input;
}

/* libev binds a signal to one loop of the process: whoever forks must let go of them all. */
void rp_signals_stop(struct rp_loop *); /* watchers.c */
/* An end of a channel that lives on in a forked child hides from the other end that we are gone. */
void rp_channels_close(struct rp_loop *);  /* channel.c */
void rp_timeouts_free(struct rp_loop *);   /* timeouts.c: with the loop */
void rp_queue_pool_free(struct rp_loop *); /* queue.c: with the loop */

/* Start again what was started and stopped, its descriptor open all the while. When nothing has
 * changed at the end of the turn, the kernel is not asked. */
void rp_io_resume(struct rp_io *io, int events);

#endif
