/* SPDX-License-Identifier: MIT
 *
 * sentinel.c - the master that sentinels name. One sentinel is asked for its address: each second
 * while the master is up, more often while it is down; so a failover is followed as soon as the
 * sentinel reports it. If a sentinel is silent, knows no master, or names a server that is not a
 * master (by ROLE), the next one is asked. The danger is to stay with the wrong master: the timer
 * runs as long as the router. Requests before the master is known for the first time wait for a
 * short time. While the master is up, unavailable sentinels are not an error. */
#include <stdlib.h>
#include <string.h>

#include "cache/redis/forms.h"
#include "cache/redis/map.h"
#include "cache/redis/request.h"

enum { CALM_MS = 1000, EAGER_MIN_MS = 50 };

struct sentinels {
    struct rp_redis_router router; /* must be first */
    struct rp_redis_link *sentinel;
    struct rp_redis_link *master; /* NULL: not known yet */
    struct rp_redis_host where;   /* address of the master */
    size_t which;                 /* index of the current sentinel */
    size_t in_vain; /* number of sentinels that knew no master, since the last success */
    struct rp_timer ask, patience;
    uint32_t pause_ms;
    bool asking, moving, well;
    bool fresh; /* no sentinel has failed yet */
    struct rp_redis_requests waiting;
    struct rp_error why; /* the sentinels' error; code "": none */
};

/* -- requests that wait for the master */

static void wait_no_longer(struct sentinels *s)
{
    s->fresh = false;
    rp_timer_stop(&s->patience);
    rp_redis_router_tell(&s->router);
    rp_redis_requests_refuse(&s->waiting);
}

static void on_patience(struct rp_timer *timer)
{
    wait_no_longer(timer->arg);
}

static void send_waiting(struct sentinels *s)
{
    struct rp_redis_requests left = {0};

    rp_timer_stop(&s->patience);
    while (s->waiting.first != NULL) {
        struct rp_redis_request *r = s->waiting.first;

        rp_redis_request_shift(&s->waiting, &left, r);
        if (rp_redis_link_send_bytes(s->master, r->kind, r->bytes, r->len, r->replied, r->arg))
            rp_redis_request_drop(&left, r);
    }
    rp_redis_requests_refuse(&left);
}

/* -- the master */

static bool is_well(const struct sentinels *s)
{
    return s->master != NULL && rp_redis_link_is_up(s->master);
}

static void on_master_changed(void *arg)
{
    struct sentinels *s = arg;

    if (s->well && !is_well(s)) { /* lost: ask at once */
        s->pause_ms = EAGER_MIN_MS;
        rp_timer_start(s->router.loop, &s->ask, 0);
    }
    s->well = is_well(s);
    rp_redis_router_tell(&s->router);
}

static void meet_master(struct sentinels *s)
{
    static const struct rp_redis_link_ops ops = {.changed = on_master_changed};
    struct rp_redis_link_options o = rp_redis_router_link(&s->router);

    o.host = &s->where;
    o.proof = RP_REDIS_MASTER;
    o.ops = &ops;
    o.arg = s;
    s->master = rp_redis_link_new(s->router.loop, &o, &s->why);
    if (s->master != NULL)
        send_waiting(s);
}

/* -- the sentinels */

static const struct rp_redis_host *next_sentinel(struct sentinels *s)
{
    s->which = (s->which + 1) % s->router.place.host_count;
    return &s->router.place.hosts[s->which];
}

static void note(struct sentinels *s, const redisReply *reply)
{
    char text[RP_REDIS_TEXT + 16];

    if (reply->type == REDIS_REPLY_ERROR)
        rp_redis_link_explain(s->sentinel, reply, &s->why);
    else
        rp_error_set(&s->why, "ERR_STORE_REDIS", "sentinel at %.80s %s %.60s",
                     rp_redis_host_format(&s->router.place.hosts[s->which], text),
                     reply->type == REDIS_REPLY_NIL ? "knows no master"
                                                    : "sent an invalid reply about",
                     s->router.place.master);
}

static void one_in_vain(struct sentinels *s)
{
    if (++s->in_vain == s->router.place.host_count && s->master == NULL)
        wait_no_longer(s);
}

/* The sentinel answers, but the reply does not help. */
static void leave_sentinel(struct sentinels *s)
{
    s->moving = true;
    rp_redis_link_move(s->sentinel, next_sentinel(s));
    s->moving = false;
}

static void on_sentinel_changed(void *arg)
{
    struct sentinels *s = arg;

    if (s->moving)
        return;
    if (rp_redis_link_is_up(s->sentinel)) {
        if (!is_well(s))
            rp_timer_start(s->router.loop, &s->ask, 0);
        return;
    }
    rp_redis_router_hold(&s->router);
    s->why = *rp_redis_link_trouble(s->sentinel);
    rp_redis_link_aim(s->sentinel, next_sentinel(s));
    one_in_vain(s);
    rp_redis_router_tell(&s->router);
    rp_redis_router_release(&s->router);
}

static void take(struct sentinels *s, const struct rp_redis_host *where)
{
    bool same = s->master != NULL && rp_redis_host_equal(where, &s->where);

    rp_error_clear(&s->why);
    s->in_vain = 0;
    if (same && rp_redis_link_trouble(s->master) != NULL && !is_well(s)) {
        leave_sentinel(s); /* the next one may know a better one */
        return;
    }
    s->where = *where;
    if (s->master == NULL)
        meet_master(s);
    else if (!same)
        rp_redis_link_move(s->master, where);
}

static void on_answer(const redisReply *reply, void *arg)
{
    struct sentinels *s = arg;
    struct rp_redis_host where;

    s->asking = false;
    if (reply == NULL)
        return; /* the link is down: see on_sentinel_changed */
    rp_redis_router_hold(&s->router);
    if (rp_redis_master_read(&where, reply)) {
        take(s, &where);
    } else {
        note(s, reply);
        leave_sentinel(s);
        one_in_vain(s);
        rp_redis_router_tell(&s->router);
    }
    rp_redis_router_release(&s->router);
}

static void on_ask(struct rp_timer *timer)
{
    struct sentinels *s = timer->arg;
    const char *words[] = {"SENTINEL", "get-master-addr-by-name", s->router.place.master};
    struct rp_redis_command c = {.kind = RP_REDIS_OTHER, .argc = 3, .argv = words};

    s->pause_ms = is_well(s) || s->pause_ms * 2 > CALM_MS ? CALM_MS : s->pause_ms * 2;
    rp_timer_start(s->router.loop, &s->ask, s->pause_ms);
    if (!s->asking)
        s->asking = rp_redis_link_send(s->sentinel, &c, on_answer, s);
}

/* -- the router interface */

static bool sentinels_begin(struct rp_redis_router *r, struct rp_error *err)
{
    static const struct rp_redis_link_ops ops = {.changed = on_sentinel_changed};
    struct sentinels *s = (struct sentinels *)r;
    struct rp_redis_link_options o = rp_redis_router_link(r);

    s->ask = (struct rp_timer){.fire = on_ask, .arg = s};
    s->patience = (struct rp_timer){.fire = on_patience, .arg = s};
    s->pause_ms = EAGER_MIN_MS;
    s->fresh = true;
    o.what = "sentinel";
    o.host = &r->place.hosts[0];
    o.account = &r->place.sentinel;
    o.ops = &ops;
    o.arg = s;
    s->sentinel = rp_redis_link_new(r->loop, &o, err);
    if (s->sentinel == NULL)
        return false;
    rp_timer_start(r->loop, &s->patience, 4 * (uint64_t)r->place.timeout_ms);
    on_ask(&s->ask);
    return true;
}

static bool sentinels_send(struct rp_redis_router *r, const struct rp_redis_command *command,
                           rp_redis_replied *replied, void *arg)
{
    struct sentinels *s = (struct sentinels *)r;

    if (s->master != NULL)
        return rp_redis_link_send(s->master, command, replied, arg);
    return s->fresh && rp_redis_request_new(&s->waiting, r, command, replied, arg) != NULL;
}

static const struct rp_error *sentinels_trouble(const struct rp_redis_router *r)
{
    const struct sentinels *s = (const struct sentinels *)r;
    const struct rp_error *why = s->master != NULL ? rp_redis_link_trouble(s->master) : NULL;

    if (why != NULL || is_well(s))
        return why;
    return s->why.code[0] != '\0' && !s->fresh ? &s->why : NULL;
}

static void sentinels_end(struct rp_redis_router *r)
{
    struct sentinels *s = (struct sentinels *)r;

    rp_timer_stop(&s->ask);
    rp_timer_stop(&s->patience);
    rp_redis_link_free(s->sentinel);
    rp_redis_link_free(s->master);
    rp_redis_requests_forget(&s->waiting);
}

const struct rp_redis_router_form rp_redis_by_sentinel = {
    .size = sizeof(struct sentinels),
    .begin = sentinels_begin,
    .send = sentinels_send,
    .trouble = sentinels_trouble,
    .end = sentinels_end,
};
