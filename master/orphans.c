/* SPDX-License-Identifier: MIT
 *
 * orphans.c - see orphans.h. The danger is to take the exit status of a generation from the cluster
 * that waits for it: so a child is looked at before it is reaped. */
#include "master/orphans.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

enum { LATER_MS = 50 };

/* The kernel tells of one child at a time: one of ours is reaped soon, then those behind it are. */
static void reap(struct orphans *o)
{
    for (;;) {
        siginfo_t info = {.si_pid = 0};

        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        if (o->is_ours(info.si_pid, o->arg)) {
            rp_timer_start(o->loop, &o->later, LATER_MS);
            return;
        }
        waitpid(info.si_pid, NULL, WNOHANG);
    }
}

static void on_child(struct rp_signal *signal, int signum)
{
    struct orphans *o = signal->arg;

    (void)signum;
    reap(o);
}

static void on_later(struct rp_timer *timer)
{
    reap(timer->arg);
}

void orphans_start(struct orphans *o)
{
    o->child = (struct rp_signal){.fire = on_child, .arg = o};
    o->later = (struct rp_timer){.fire = on_later, .arg = o};
    rp_signal_start(o->loop, &o->child, SIGCHLD);
    reap(o); /* those that were there before */
}

void orphans_stop(struct orphans *o)
{
    if (o->loop == NULL)
        return;
    rp_signal_stop(&o->child);
    rp_timer_stop(&o->later);
}
