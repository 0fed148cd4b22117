/* SPDX-License-Identifier: MIT
 *
 * request.h - commands that are kept: until it is known where to send them, or to be sent
 * once more, elsewhere. Whoever answers one may find that everything was closed meanwhile. */
#ifndef RP_REDIS_REQUEST_H
#define RP_REDIS_REQUEST_H

#include "cache/redis/router.h"

struct rp_redis_request {
    struct rp_redis_request *next, **at; /* in its list */
    struct rp_redis_router *router;
    rp_redis_replied *replied;
    void *arg;
    char *bytes; /* of the command */
    size_t len;
    enum rp_redis_kind kind;
    uint16_t slot;     /* of its key, in a cluster */
    void *node;        /* that was asked */
    bool moved, asked; /* it was sent again already, for this reason */
};
struct rp_redis_requests {
    struct rp_redis_request *first, **end; /* end NULL: &first */
};

/* At the end of the list. NULL: no memory. */
struct rp_redis_request *rp_redis_request_new(struct rp_redis_requests *, struct rp_redis_router *,
                                              const struct rp_redis_command *, rp_redis_replied *,
                                              void *arg);
/* To another list. */
void rp_redis_request_shift(struct rp_redis_requests *from, struct rp_redis_requests *to,
                            struct rp_redis_request *);
void rp_redis_request_drop(struct rp_redis_requests *, struct rp_redis_request *);
/* Tells who asked, once and last. reply NULL: there is none. */
void rp_redis_request_answer(struct rp_redis_requests *, struct rp_redis_request *,
                             const redisReply *);
void rp_redis_requests_refuse(struct rp_redis_requests *); /* all that are in it now: no reply */
void rp_redis_requests_forget(struct rp_redis_requests *);

#endif
