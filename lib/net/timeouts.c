/* SPDX-License-Identifier: MIT
 *
 * timeouts.c - one list and one timer for each duration; see timeouts.h. The timer is set for the
 * head of the list and is not changed when the head is restarted: it fires, finds nothing due, and
 * is set again. So activity on a connection costs only a list operation. */
#include "lib/net/timeouts.h"
#include "lib/net/loop.h"

#include <stdlib.h>

struct rp_timeout_queue {
    struct rp_timeout head; /* head of the ring */
    struct rp_timer timer;
    struct rp_loop *loop;
    struct rp_timeout_queue *next;
    uint32_t ms;
};

static bool empty(const struct rp_timeout_queue *q)
{
    return q->head.next == &q->head;
}

static void arm(struct rp_timeout_queue *q, uint64_t now)
{
    uint64_t due = q->head.next->due;

    rp_timer_start(q->loop, &q->timer, due > now ? due - now : 0);
}

static void on_due(struct rp_timer *timer)
{
    struct rp_timeout_queue *q = timer->arg;
    uint64_t now = rp_loop_now(q->loop);

    while (!empty(q) && q->head.next->due <= now) {
        struct rp_timeout *t = q->head.next;

        rp_timeout_stop(t);
        t->fire(t);
    }
    if (!empty(q))
        arm(q, now);
}

static struct rp_timeout_queue *queue_for(struct rp_loop *loop, uint32_t ms)
{
    struct rp_timeout_queue **at = &loop->timeouts, *q, *spare = NULL;

    for (; (q = *at) != NULL; at = &q->next) {
        if (q->ms == ms) {
            *at = q->next; /* move to the front: few durations are in use */
            q->next = loop->timeouts;
            loop->timeouts = q;
            return q;
        }
        if (spare == NULL && empty(q))
            spare = q;
    }
    if (spare != NULL) {
        rp_timer_stop(&spare->timer);
        spare->ms = ms;
        return spare;
    }
    q = calloc(1, sizeof *q);
    if (q == NULL)
        return NULL;
    q->head.next = q->head.prev = &q->head;
    q->timer.fire = on_due;
    q->timer.arg = q;
    q->loop = loop;
    q->ms = ms;
    q->next = loop->timeouts;
    loop->timeouts = q;
    return q;
}

static void unlink_timeout(struct rp_timeout *t)
{
    t->prev->next = t->next;
    t->next->prev = t->prev;
}

bool rp_timeout_start(struct rp_loop *loop, struct rp_timeout *t, uint32_t ms)
{
    struct rp_timeout_queue *q = t->queue;
    uint64_t now = rp_loop_now(loop);

    if (q != NULL && q->ms == ms && q->loop == loop) {
        unlink_timeout(t); /* the timer keeps running */
    } else {
        rp_timeout_stop(t);
        q = queue_for(loop, ms);
        if (q == NULL)
            return false;
    }
    t->queue = q;
    t->due = now + ms;
    t->next = &q->head;
    t->prev = q->head.prev;
    t->prev->next = q->head.prev = t;
    if (!rp_timer_active(&q->timer))
        arm(q, now);
    return true;
}

void rp_timeout_stop(struct rp_timeout *t)
{
    if (t->queue == NULL)
        return;
    unlink_timeout(t);
    if (empty(t->queue))
        rp_timer_stop(&t->queue->timer); /* so that an idle loop does not wake up */
    t->queue = NULL;
}

void rp_timeouts_free(struct rp_loop *loop)
{
    while (loop->timeouts != NULL) {
        struct rp_timeout_queue *q = loop->timeouts;

        loop->timeouts = q->next;
        while (!empty(q))
            rp_timeout_stop(q->head.next);
        rp_timer_stop(&q->timer);
        free(q);
    }
}
