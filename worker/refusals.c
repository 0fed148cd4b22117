/* SPDX-License-Identifier: MIT
 *
 * refusals.c - limit the rate of warnings about refused clients; see refusals.h. The danger:
 * clients come in any number, and each line costs a write. The first one is logged at once; later
 * ones are counted, and logged with their count after a minute, even if no more come. */
#include "worker/refusals.h"
#include "worker/frontend.h"

enum { LOG_EVERY_MS = 60000, LOOK_EVERY_MS = 5000 };

static bool is_due(const struct refusals *r, uint64_t now)
{
    return r->count > 0 && (r->logged_ms == 0 || now >= r->logged_ms + LOG_EVERY_MS);
}

static uint64_t take(struct refusals *r, uint64_t now)
{
    uint64_t count = r->count;

    r->logged_ms = now + 1; /* 0 means: never */
    r->count = 0;
    return count;
}

uint64_t refusals_count(struct frontend *f, enum reason reason)
{
    struct refusals *r = &f->refusals[reason];
    uint64_t now = rp_loop_now(f->process->loop);

    r->count++;
    if (is_due(r, now))
        return take(r, now);
    if (!rp_timer_active(&f->process->refusals_later))
        rp_timer_start(f->process->loop, &f->process->refusals_later, LOOK_EVERY_MS);
    return 0;
}

void refusals_line(struct rp_log_line *line, const struct frontend *f, enum reason reason,
                   uint64_t count)
{
    rp_log_begin(line, f->process->log, RP_LOG_WARN, "clients refused");
    rp_log_text(line, "frontend", f->plan->conf->name);
    rp_log_text(line, "reason", reason_entry(reason)->code);
    rp_log_number(line, "count", (int64_t)count);
    rp_log_text(line, "text", reason_entry(reason)->text);
}

static void say(const struct frontend *f, enum reason reason, uint64_t count)
{
    struct rp_log_line line;

    refusals_line(&line, f, reason, count);
    rp_log_end(&line);
}

/* Log the counts that are due; true: others are pending. */
static bool look_at(struct frontend *f, uint64_t now)
{
    bool waits = false;

    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        struct refusals *r = &f->refusals[reason];

        if (is_due(r, now))
            say(f, reason, take(r, now));
        waits |= r->count > 0;
    }
    return waits;
}

static void on_later(struct rp_timer *timer)
{
    struct worker *p = timer->arg;
    bool waits = false;

    for (size_t i = 0; i < p->setup->conf->frontend_count; i++)
        waits |= look_at(&p->frontends[i], rp_loop_now(p->loop));
    if (waits)
        rp_timer_start(p->loop, timer, LOOK_EVERY_MS);
}

void refusals_begin(struct worker *p)
{
    p->refusals_later.fire = on_later;
    p->refusals_later.arg = p;
}

/* Log pending counts before the process exits. */
void refusals_end(struct worker *p)
{
    rp_timer_stop(&p->refusals_later);
    for (size_t i = 0; p->frontends != NULL && i < p->setup->conf->frontend_count; i++)
        for (enum reason reason = 0; reason < REASON_COUNT; reason++)
            if (p->frontends[i].refusals[reason].count > 0)
                say(&p->frontends[i], reason, p->frontends[i].refusals[reason].count);
}
