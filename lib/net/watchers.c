/* SPDX-License-Identifier: MIT
 *
 * watchers.c - timers, signals and descriptors for an embedding program: libev's watchers inside
 * structs that hide libev. */
#include "lib/net/loop.h"

#include <signal.h>

/* Started signal watchers are in a list of their loop. */
struct signal_watcher {
    struct ev_signal ev;
    struct rp_signal *next, *prev;
};

_Static_assert(sizeof(struct ev_timer) <= sizeof(((struct rp_timer *)0)->private_), "room");
_Static_assert(sizeof(struct signal_watcher) <= sizeof(((struct rp_signal *)0)->private_), "room");
_Static_assert(sizeof(struct ev_io) <= sizeof(((struct rp_io *)0)->private_), "room");

/* An abandoned loop has no libev loop: all its watchers count as stopped. */
static bool lives(const struct rp_loop *loop)
{
    return loop != NULL && loop->ev != NULL;
}

static void on_timer(struct ev_loop *ev, struct ev_timer *w, int events)
{
    struct rp_timer *timer = w->data;

    (void)ev, (void)events;
    timer->fire(timer);
}

void rp_timer_start(struct rp_loop *loop, struct rp_timer *timer, uint64_t ms)
{
    if (timer == NULL)
        return;
    struct ev_timer *w = (struct ev_timer *)timer->private_;

    rp_timer_stop(timer);
    if (!lives(loop))
        return;
    if (ev_depth(loop->ev) == 0)
        ev_now_update(loop->ev); /* outside of the loop its clock is not updated */
    timer->loop = loop;
    ev_timer_init(w, on_timer, (double)ms / 1000, 0);
    ev_set_priority(w, -1); /* lower priority: data that has arrived is handled before a timeout */
    w->data = timer;
    ev_timer_start(loop->ev, w);
}

void rp_timer_stop(struct rp_timer *timer)
{
    if (timer == NULL)
        return;
    if (lives(timer->loop))
        ev_timer_stop(timer->loop->ev, (struct ev_timer *)timer->private_);
}

bool rp_timer_active(const struct rp_timer *timer)
{
    return timer != NULL && lives(timer->loop) &&
           ev_is_active((const struct ev_timer *)timer->private_);
}

static struct signal_watcher *watcher(struct rp_signal *signal)
{
    return (struct signal_watcher *)signal->private_;
}

static void on_signal(struct ev_loop *ev, struct ev_signal *w, int events)
{
    struct rp_signal *signal = w->data;

    (void)ev, (void)events;
    signal->fire(signal, w->signum);
}

void rp_signal_start(struct rp_loop *loop, struct rp_signal *signal, int signum)
{
    if (signal == NULL)
        return;
    struct signal_watcher *w = watcher(signal);

    rp_signal_stop(signal);
    if (!lives(loop))
        return;
    signal->loop = loop;
    w->prev = NULL;
    w->next = loop->signals;
    if (w->next != NULL)
        watcher(w->next)->prev = signal;
    loop->signals = signal;
    ev_signal_init(&w->ev, on_signal, signum);
    w->ev.data = signal;
    ev_signal_start(loop->ev, &w->ev);
    ev_unref(loop->ev); /* a signal watcher does not keep the loop running */
}

void rp_signal_block_all(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
}

void rp_signal_stop(struct rp_signal *signal)
{
    if (signal == NULL)
        return;
    struct signal_watcher *w = watcher(signal);

    if (!lives(signal->loop) || !ev_is_active(&w->ev))
        return;
    if (w->next != NULL)
        watcher(w->next)->prev = w->prev;
    if (w->prev != NULL)
        watcher(w->prev)->next = w->next;
    else
        signal->loop->signals = w->next;
    ev_ref(signal->loop->ev);
    ev_signal_stop(signal->loop->ev, &w->ev);
}

void rp_signals_stop(struct rp_loop *loop)
{
    while (loop->signals != NULL)
        rp_signal_stop(loop->signals);
}

static void on_io(struct ev_loop *ev, struct ev_io *w, int events)
{
    struct rp_io *io = w->data;

    (void)ev;
    io->fire(io, (events & EV_READ ? RP_READABLE : 0) | (events & EV_WRITE ? RP_WRITABLE : 0));
}

void rp_io_start(struct rp_loop *loop, struct rp_io *io, int fd, int events)
{
    if (io == NULL)
        return;
    struct ev_io *w = (struct ev_io *)io->private_;

    rp_io_stop(io);
    if (!lives(loop))
        return;
    io->loop = loop;
    ev_io_init(w, on_io, fd,
               (events & RP_READABLE ? EV_READ : 0) | (events & RP_WRITABLE ? EV_WRITE : 0));
    w->data = io;
    ev_io_start(loop->ev, w);
}

void rp_io_resume(struct rp_io *io, int events)
{
    struct ev_io *w = (struct ev_io *)io->private_;

    rp_io_stop(io);
    if (!lives(io->loop))
        return;
    ev_io_modify(w, (events & RP_READABLE ? EV_READ : 0) | (events & RP_WRITABLE ? EV_WRITE : 0));
    ev_io_start(io->loop->ev, w);
}

void rp_io_stop(struct rp_io *io)
{
    if (io == NULL)
        return;
    if (lives(io->loop))
        ev_io_stop(io->loop->ev, (struct ev_io *)io->private_);
}
