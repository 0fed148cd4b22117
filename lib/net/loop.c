/* SPDX-License-Identifier: MIT
 *
 * loop.c - the event loop: lifetime, ticks, shared buffers. Ticks run in libev's prepare phase,
 * after all events of an iteration and before the loop waits. There everything that was written
 * during the iteration is sent with one system call. */
#include "lib/base/args.h"
#include "lib/net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { TICK_ROUNDS = 16 }; /* limit, so that ticks that schedule ticks do not starve sockets */

static bool ticks_left(const struct rp_loop *loop)
{
    return loop->ticks.next_ != &loop->ticks;
}

static void run_round(struct rp_loop *loop)
{
    struct rp_next_tick round = {.next_ = loop->ticks.next_, .prev_ = loop->ticks.prev_};

    round.next_->prev_ = round.prev_->next_ = &round;
    loop->ticks.next_ = loop->ticks.prev_ = &loop->ticks;
    while (round.next_ != &round) {
        struct rp_next_tick *tick = round.next_;

        rp_next_tick_cancel(tick);
        tick->fire(tick);
    }
}

static void on_prepare(struct ev_loop *ev, struct ev_prepare *prepare, int events)
{
    struct rp_loop *loop = prepare->data;

    (void)events;
    for (int i = 0; i < TICK_ROUNDS && ticks_left(loop); i++)
        run_round(loop);
    if (ticks_left(loop)) {
        ev_idle_start(ev, &loop->idle);
    } else {
        ev_idle_stop(ev, &loop->idle);
        if (loop->ticking)
            ev_unref(ev);
        loop->ticking = false;
    }
}

static void on_idle(struct ev_loop *ev, struct ev_idle *idle, int events)
{
    (void)ev, (void)idle, (void)events; /* active only to prevent waiting */
}

void rp_next_tick(struct rp_loop *loop, struct rp_next_tick *tick)
{
    if (loop == NULL || tick == NULL)
        return;
    if (tick->next_ != NULL)
        return;
    tick->next_ = &loop->ticks;
    tick->prev_ = loop->ticks.prev_;
    tick->prev_->next_ = loop->ticks.prev_ = tick;
    if (!loop->ticking && loop->ev != NULL)
        ev_ref(loop->ev);
    loop->ticking = true;
}

void rp_next_tick_cancel(struct rp_next_tick *tick)
{
    if (tick == NULL)
        return;
    if (tick->next_ == NULL)
        return;
    tick->prev_->next_ = tick->next_;
    tick->next_->prev_ = tick->prev_;
    tick->next_ = tick->prev_ = NULL;
}

struct rp_loop *rp_loop_wrap(struct ev_loop *ev, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(ev, "ev", err))
        return NULL;
    struct rp_loop *loop = calloc(1, sizeof *loop);

    if (loop != NULL)
        loop->input = malloc(RP_INPUT_SIZE);
    if (loop == NULL || loop->input == NULL) {
        free(loop);
        rp_error_errno(err, ENOMEM, "malloc", "a loop");
        return NULL;
    }
    loop->ev = ev;
    loop->ticks.next_ = loop->ticks.prev_ = &loop->ticks;
    ev_prepare_init(&loop->prepare, on_prepare);
    ev_idle_init(&loop->idle, on_idle);
    loop->prepare.data = loop;
    ev_prepare_start(ev, &loop->prepare);
    ev_unref(ev); /* the prepare watcher alone does not keep the loop running */
    return loop;
}

struct rp_loop *rp_loop_new(struct rp_error *err)
{
    rp_error_clear(err);
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOSIGMASK);
    struct rp_loop *loop;

    if (ev == NULL) {
        rp_error_errno(err, errno, "epoll_create", "an event loop");
        return NULL;
    }
    loop = rp_loop_wrap(ev, err);
    if (loop == NULL)
        ev_loop_destroy(ev);
    else
        loop->owned = true;
    return loop;
}

void rp_loop_abandon(struct rp_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->ev == NULL)
        return;
    rp_signals_stop(loop);
    rp_channels_close(loop);
    if (loop->ticking)
        ev_unref(loop->ev);
    ev_idle_stop(loop->ev, &loop->idle);
    ev_ref(loop->ev);
    ev_prepare_stop(loop->ev, &loop->prepare);
    if (loop->owned)
        ev_loop_destroy(loop->ev);
    loop->ev = NULL;
}

static void forget_ticks(struct rp_loop *loop)
{
    while (ticks_left(loop)) {
        struct rp_next_tick *tick = loop->ticks.next_;

        rp_next_tick_cancel(tick);
        if (tick->forget != NULL)
            tick->forget(tick);
    }
}

void rp_loop_free(struct rp_loop *loop)
{
    if (loop == NULL)
        return;
    forget_ticks(loop);
    rp_timeouts_free(loop);
    rp_queue_pool_free(loop);
    rp_loop_abandon(loop);
    free(loop->input);
    free(loop);
}

void rp_loop_run(struct rp_loop *loop)
{
    if (loop != NULL)
        ev_run(loop->ev, 0);
}

void rp_loop_turn(struct rp_loop *loop, bool wait)
{
    if (loop == NULL)
        return;
    /* A pending tick counts as an event. */
    ev_run(loop->ev, wait && !ticks_left(loop) ? EVRUN_ONCE : EVRUN_NOWAIT);
}

void rp_loop_stop(struct rp_loop *loop)
{
    if (loop != NULL)
        ev_break(loop->ev, EVBREAK_ALL);
}

struct ev_loop *rp_loop_ev(struct rp_loop *loop)
{
    return loop != NULL ? loop->ev : NULL;
}

void rp_loop_forked(struct rp_loop *loop)
{
    if (loop != NULL)
        ev_loop_fork(loop->ev);
}

uint64_t rp_loop_now(const struct rp_loop *loop)
{
    struct timespec t;

    if (loop == NULL)
        return 0;
    (void)loop;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
