/* SPDX-License-Identifier: MIT
 *
 * certificate_watch.c - see certificate_watch.h. The danger is a flood: a directory may hold ten
 * thousand certificates that expire on the same day. */
#include "master/generation/certificate_watch.h"

#include <time.h>

enum { LINES_MAX = 20, HOUR_S = 3600, DAY_S = 86400 };

struct told {
    struct rp_log *log;
    unsigned count;
};

static void tell_one(enum finding_kind kind, const struct rp_error *note, void *arg)
{
    struct told *told = arg;

    (void)kind;
    if (told->count++ < LINES_MAX)
        rp_log(told->log, RP_LOG_WARN, "%s", note->message);
}

static void tell_rest(const struct told *told)
{
    if (told->count > LINES_MAX)
        rp_log(told->log, RP_LOG_WARN,
               "%u more warnings about certificates; run reprise check to see all",
               told->count - LINES_MAX);
}

static uint64_t now_s(void)
{
    return (uint64_t)time(NULL);
}

/* At the next change, and at least once an hour, since the clock may be set. */
static void wait(struct certificate_watch *w)
{
    uint64_t next = findings_next_change(w->findings, w->looked_s), s = HOUR_S;

    if (next - w->looked_s < s)
        s = next - w->looked_s;
    rp_timer_start(w->loop, &w->timer, s * 1000);
}

static void on_time(struct rp_timer *timer)
{
    struct certificate_watch *w = timer->arg;
    struct told told = {.log = w->log};
    uint64_t now = now_s(), since = w->looked_s;

    if (now >= w->told_s + DAY_S || now < w->told_s) {
        w->told_s = now;
        since = 0;
    }
    findings_each_dated(w->findings, since, now, tell_one, &told);
    tell_rest(&told);
    w->looked_s = now;
    wait(w);
}

void certificate_watch_start(struct certificate_watch *w, struct rp_loop *loop,
                             const struct findings *findings, struct rp_log *log)
{
    struct told told = {.log = log};
    uint64_t now = now_s();

    *w = (struct certificate_watch){.log = log,
                                    .findings = findings,
                                    .loop = loop,
                                    .timer = {.fire = on_time, .arg = w},
                                    .looked_s = now,
                                    .told_s = now};
    findings_each(findings, now, tell_one, &told);
    tell_rest(&told);
    wait(w);
}

void certificate_watch_stop(struct certificate_watch *w)
{
    rp_timer_stop(&w->timer);
}
