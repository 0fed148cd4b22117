/* SPDX-License-Identifier: MIT
 *
 * loop.h - one event loop for one thread, and the watchers an embedding program needs.
 * The loop is libev's; this header keeps <ev.h> out of everybody else's code. Watchers are plain
 * structs inside their owner: zero them, start them, and stop them before their memory goes.
 * Starting a started watcher restarts it; stopping a stopped one does nothing. All functions of
 * the library are called on the loop's thread. */
#ifndef RP_LOOP_H
#define RP_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <reprise/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ev_loop;
struct rp_loop;

/* A new loop of its own. rp_loop_free after everything on it was closed or destroyed; a stream
 * whose close was still to be told is let go without it. NULL on lack of memory or of descriptors.
 */
struct rp_loop *rp_loop_new(struct rp_error *err) __attribute__((warn_unused_result));
/* The library on a libev loop that belongs to the program. */
struct rp_loop *rp_loop_wrap(struct ev_loop *ev, struct rp_error *err)
    __attribute__((warn_unused_result));
void rp_loop_free(struct rp_loop *loop); /* NULL ok */
/* Run until nothing is left to wait for, or until rp_loop_stop. */
void rp_loop_run(struct rp_loop *loop);
/* Wait for and handle events once; with wait false only those that are there already. */
void rp_loop_turn(struct rp_loop *loop, bool wait);
/* rp_loop_run returns after this turn. What stands on the loop stays as it is, and goes on when the
 * loop is run again. */
void rp_loop_stop(struct rp_loop *loop);
/* The libev loop underneath, for a program's own watchers. Borrowed. */
struct ev_loop *rp_loop_ev(struct rp_loop *loop);
/* Must be called in a child after fork before the loop is used there. */
void rp_loop_forked(struct rp_loop *loop);
/* In a child after fork that will not use the loop: closes its descriptors, gives up its signals
 * and the channels to other processes. What stands on it may still be stopped and freed; what is
 * started there never fires. rp_loop_free at the end, as ever. */
void rp_loop_abandon(struct rp_loop *loop);
/* Monotonic milliseconds, as of the beginning of this turn of the loop. */
uint64_t rp_loop_now(const struct rp_loop *loop);

struct rp_timer {
    void (*fire)(struct rp_timer *timer);
    void *arg; /* the owner's, never looked at */
    struct rp_loop *loop;
    void *private_[8];
};
/* Fire once after `ms` milliseconds. */
void rp_timer_start(struct rp_loop *loop, struct rp_timer *timer, uint64_t ms);
/* It will not fire. */
void rp_timer_stop(struct rp_timer *timer);
/* Started, and has not fired yet. */
bool rp_timer_active(const struct rp_timer *timer);

struct rp_signal {
    void (*fire)(struct rp_signal *signal, int signum);
    void *arg;
    struct rp_loop *loop;
    void *private_[8];
};
/* Fire in the turn of the loop after each arrival of the signal, not in a handler; several that
 * arrive together may count as one. One loop of a process can watch a signal.
 * It is no reason for rp_loop_run to stay. */
void rp_signal_start(struct rp_loop *loop, struct rp_signal *signal, int signum);
/* Watch it no longer; when nobody does the signal has its default action again. */
void rp_signal_stop(struct rp_signal *signal);
/* For a process that is about to exit: from now on no signal ends it before it has (SIGKILL does).
 * Stopping the watcher of a signal gives the signal back its default action, which would. */
void rp_signal_block_all(void);

enum { RP_READABLE = 1, RP_WRITABLE = 2 };
struct rp_io {
    void (*fire)(struct rp_io *io, int events);
    void *arg;
    struct rp_loop *loop;
    void *private_[8];
};
/* Fire whenever the descriptor is ready for one of the events (RP_READABLE | RP_WRITABLE), as long
 * as it is. The descriptor stays the program's; stop before closing it. */
void rp_io_start(struct rp_loop *loop, struct rp_io *io, int fd, int events);
/* It will not fire. */
void rp_io_stop(struct rp_io *io);

struct rp_next_tick {
    void (*fire)(struct rp_next_tick *tick);
    void (*forget)(struct rp_next_tick *tick);
    void *arg;
    struct rp_next_tick *next_, *prev_; /* private */
};
/* Fire once in the next turn of the loop, before it waits; or `forget` (NULL ok), once, if the loop
 * is freed before. The struct must stay until then. */
void rp_next_tick(struct rp_loop *loop, struct rp_next_tick *tick);
/* It will not fire. */
void rp_next_tick_cancel(struct rp_next_tick *tick);

#ifdef __cplusplus
}
#endif

#endif
