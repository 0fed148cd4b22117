/* SPDX-License-Identifier: MIT
 *
 * router.h - which connection a command takes: to the one Redis there is, to the master that
 * sentinels name, or to the node of a cluster that has the key. The danger is the same as a link's:
 * a reply may come late, never, or when everything has been closed. */
#ifndef RP_REDIS_ROUTER_H
#define RP_REDIS_ROUTER_H

#include "cache/redis/link.h"

struct rp_redis_router;
/* Something is wrong, or no longer: see rp_redis_router_trouble. The listener only takes note. */
typedef void rp_redis_changed(void *arg);
/* Can it be read, and the files that it names? Nobody is asked. */
bool rp_redis_router_check(const char *uri, struct rp_error *);
struct rp_redis_router *rp_redis_router_open(struct rp_loop *, const char *uri, rp_redis_changed *,
                                             void *arg, struct rp_error *)
    __attribute__((warn_unused_result));
/* What waits for a reply is forgotten, not told. NULL ok. May be called from any `replied`. */
void rp_redis_router_close(struct rp_redis_router *);
/* false: nobody to ask, or no memory; then `replied` is never called. Otherwise once, later. Two
 * commands for the same key are done in this order. */
bool rp_redis_router_send(struct rp_redis_router *, const struct rp_redis_command *,
                          rp_redis_replied *, void *arg);
const struct rp_error *rp_redis_router_trouble(const struct rp_redis_router *); /* NULL: well */
const struct rp_redis_place *rp_redis_router_place(const struct rp_redis_router *);

/* -- for implementations: what rp_redis_router_open has made is zeroed but for the base. */
struct rp_redis_router_form {
    size_t size;
    bool (*begin)(struct rp_redis_router *, struct rp_error *);
    bool (*send)(struct rp_redis_router *, const struct rp_redis_command *, rp_redis_replied *,
                 void *arg);
    const struct rp_error *(*trouble)(const struct rp_redis_router *);
    void (*end)(struct rp_redis_router *); /* also after a begin that failed */
};
struct rp_redis_router { /* first member of each implementation */
    const struct rp_redis_router_form *form;
    struct rp_loop *loop;
    struct rp_redis_place place;
    struct rp_secure_context *context; /* NULL: no TLS */
    rp_redis_changed *changed;
    void *arg;
    unsigned held;
    bool closed;
};
/* While it calls others, who may close it: its memory stays until it is released. */
void rp_redis_router_hold(struct rp_redis_router *);
void rp_redis_router_release(struct rp_redis_router *);
/* Something is wrong, or no longer. */
void rp_redis_router_tell(struct rp_redis_router *);
/* A link for a Redis of this place, but for host, ops and arg. */
struct rp_redis_link_options rp_redis_router_link(const struct rp_redis_router *);

#endif
