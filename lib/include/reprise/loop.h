/* SPDX-License-Identifier: MIT
 *
 * loop.h - an event loop for one thread, and the watchers that an embedding program needs.
 * The loop is libev's; this header keeps <ev.h> out of the program's code. A watcher is a plain
 * struct inside its owner: zero it, set `fire` and `arg`, start it, and stop it before its memory
 * is freed. Starting an active watcher restarts it; stopping an inactive one does nothing. Every
 * function of the library must be called on the loop's thread. */
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

/* Create a loop; the caller frees it with rp_loop_free. NULL on failure: ENOMEM, or the errno of
 * epoll_create (EMFILE, ENFILE). */
struct rp_loop *rp_loop_new(struct rp_error *err) __attribute__((warn_unused_result));
/* Use a libev loop that belongs to the program, and stays the program's. The result is the caller's
 * to free with rp_loop_free. NULL on failure: ENOMEM. */
struct rp_loop *rp_loop_wrap(struct ev_loop *ev, struct rp_error *err)
    __attribute__((warn_unused_result));
/* Free a loop, after everything on it was closed or destroyed. A stream whose `close` event is
 * still pending is released without the event. NULL is allowed. */
void rp_loop_free(struct rp_loop *loop);
/* Run until no active watcher is left, or until rp_loop_stop. */
void rp_loop_run(struct rp_loop *loop);
/* Run one iteration: wait for events and handle them; with `wait` false, handle pending events
 * without waiting. */
void rp_loop_turn(struct rp_loop *loop, bool wait);
/* Make rp_loop_run return after the current iteration. Watchers and streams stay active, and
 * continue when the loop runs again. */
void rp_loop_stop(struct rp_loop *loop);
/* The underlying libev loop, for the program's own watchers; borrowed. */
struct ev_loop *rp_loop_ev(struct rp_loop *loop);
/* Call this in a child process after fork before the loop is used there. */
void rp_loop_forked(struct rp_loop *loop);
/* Call this in a child process after fork that will not use the loop: it closes the loop's
 * descriptors, signal watchers and channels to other processes. Watchers and streams on the loop
 * can still be stopped and freed; a watcher that is started there never fires. The loop must still
 * be freed with rp_loop_free. */
void rp_loop_abandon(struct rp_loop *loop);
/* The monotonic clock in milliseconds, as read at the start of the current iteration. */
uint64_t rp_loop_now(const struct rp_loop *loop);

struct rp_timer {
    void (*fire)(struct rp_timer *timer);
    void *arg; /* the owner's, not used by the library */
    struct rp_loop *loop;
    void *private_[8];
};
/* Fire once after `ms` milliseconds. */
void rp_timer_start(struct rp_loop *loop, struct rp_timer *timer, uint64_t ms);
/* Stop the timer: it does not fire any more. */
void rp_timer_stop(struct rp_timer *timer);
/* Whether the timer is started and has not fired yet. */
bool rp_timer_active(const struct rp_timer *timer);

struct rp_signal {
    void (*fire)(struct rp_signal *signal, int signum);
    void *arg; /* the owner's, not used by the library */
    struct rp_loop *loop;
    void *private_[8];
};
/* Fire in the loop, not in a signal handler, after each arrival of the signal; signals that arrive
 * together may fire once. A process can watch a signal on one loop only. An active signal watcher
 * does not keep rp_loop_run running. */
void rp_signal_start(struct rp_loop *loop, struct rp_signal *signal, int signum);
/* Stop watching. After the last watcher of a signal stops, the signal has its default action. */
void rp_signal_stop(struct rp_signal *signal);
/* Block all signals (SIGKILL cannot be blocked), for a process that is about to exit: after
 * rp_signal_stop, the default action of a late signal would change its exit status. */
void rp_signal_block_all(void);

enum { RP_READABLE = 1, RP_WRITABLE = 2 };
struct rp_io {
    void (*fire)(struct rp_io *io, int events);
    void *arg; /* the owner's, not used by the library */
    struct rp_loop *loop;
    void *private_[8];
};
/* Fire in each iteration in which the descriptor is ready for one of `events` (a set of RP_READABLE
 * and RP_WRITABLE). The descriptor stays the program's; stop the watcher before closing it. */
void rp_io_start(struct rp_loop *loop, struct rp_io *io, int fd, int events);
/* Stop the watcher: it does not fire any more. */
void rp_io_stop(struct rp_io *io);

struct rp_next_tick {
    void (*fire)(struct rp_next_tick *tick);
    void (*forget)(struct rp_next_tick *tick);
    void *arg;                          /* the owner's, not used by the library */
    struct rp_next_tick *next_, *prev_; /* private */
};
/* Call `fire` once in the next iteration of the loop, before it waits. If the loop is freed before
 * that, call `forget` (may be NULL) instead. The struct must stay valid until then. */
void rp_next_tick(struct rp_loop *loop, struct rp_next_tick *tick);
/* Cancel: neither `fire` nor `forget` is called. */
void rp_next_tick_cancel(struct rp_next_tick *tick);

#ifdef __cplusplus
}
#endif

#endif
