/* SPDX-License-Identifier: MIT
 *
 * loop.h - the members of struct rp_loop: what all connections of one loop share. The danger: the
 * next read overwrites the shared buffers, so no pointer into them may be kept after the call that
 * received it. */
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
    bool ticking;              /* pending ticks keep the loop running */
    struct ev_prepare prepare; /* runs the ticks before the loop waits */
    struct ev_idle idle;       /* active while ticks are left: do not wait */
    struct rp_next_tick ticks; /* head of the ring */
    struct rp_timeout_queue *timeouts;
    struct rp_signal *signals;   /* started watchers, released with the loop */
    struct rp_channel *channels; /* open channels, likewise */
    struct rp_chunk *pool;
    size_t pooled;
    uint8_t *input; /* allocated with the loop */
};

/* The buffer that every socket of the loop reads into (RP_INPUT_SIZE bytes). */
static inline uint8_t *rp_loop_input(struct rp_loop *loop)
{
    return loop->input;
}

/* libev binds a signal to one loop of the process, so a forked process must release all of them. */
void rp_signals_stop(struct rp_loop *); /* watchers.c */
/* A channel end that stays open in a forked child would hide the parent's exit from the other
 * end. */
void rp_channels_close(struct rp_loop *);  /* channel.c */
void rp_timeouts_free(struct rp_loop *);   /* timeouts.c: with the loop */
void rp_queue_pool_free(struct rp_loop *); /* queue.c: with the loop */

/* Restart a watcher that was stopped, on the same open descriptor. If it ends the iteration
 * unchanged, no system call is made. */
void rp_io_resume(struct rp_io *io, int events);

#endif
