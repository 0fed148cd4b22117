/* SPDX-License-Identifier: MIT
 *
 * router.h - the connection for each command: to the single Redis, to the master that sentinels
 * name, or to the cluster node that has the key. The dangers are those of a link: a reply may
 * arrive late, never, or after everything was closed. */
#ifndef RP_REDIS_ROUTER_H
#define RP_REDIS_ROUTER_H

#include "cache/redis/link.h"

struct rp_redis_router;
/* An error has started or ended: see rp_redis_router_trouble. The listener must not close the
 * router. */
typedef void rp_redis_changed(void *arg);
/* Check the URI and the files that it names; does not connect. */
bool rp_redis_router_check(const char *uri, struct rp_error *);
struct rp_redis_router *rp_redis_router_open(struct rp_loop *, const char *uri, rp_redis_changed *,
                                             void *arg, struct rp_error *)
    __attribute__((warn_unused_result));
/* Waiting requesters are not notified. NULL is allowed. May be called in any `replied`. */
void rp_redis_router_close(struct rp_redis_router *);
/* false: not connected, or no memory; `replied` is never called. Otherwise it is called once,
 * later. Commands for the same key are executed in order. */
bool rp_redis_router_send(struct rp_redis_router *, const struct rp_redis_command *,
                          rp_redis_replied *, void *arg);
const struct rp_error *rp_redis_router_trouble(const struct rp_redis_router *); /* NULL: no error */
const struct rp_redis_place *rp_redis_router_place(const struct rp_redis_router *);

/* -- for implementations: rp_redis_router_open zero-initialises all but the base. */
struct rp_redis_router_form {
    size_t size;
    bool (*begin)(struct rp_redis_router *, struct rp_error *);
    bool (*send)(struct rp_redis_router *, const struct rp_redis_command *, rp_redis_replied *,
                 void *arg);
    const struct rp_error *(*trouble)(const struct rp_redis_router *);
    void (*end)(struct rp_redis_router *); /* also called after a begin that failed */
};
struct rp_redis_router { /* must be the first member of each implementation */
    const struct rp_redis_router_form *form;
    struct rp_loop *loop;
    struct rp_redis_place place;
    struct rp_secure_context *context; /* NULL: no TLS */
    rp_redis_changed *changed;
    void *arg;
    unsigned held;
    bool closed;
};
/* Keep the memory during calls that may close the router, until it is released. */
void rp_redis_router_hold(struct rp_redis_router *);
void rp_redis_router_release(struct rp_redis_router *);
/* Report that an error has started or ended. */
void rp_redis_router_tell(struct rp_redis_router *);
/* Create a link for a Redis of this place; the caller sets host, ops and arg. */
struct rp_redis_link_options rp_redis_router_link(const struct rp_redis_router *);

#endif
