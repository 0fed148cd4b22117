/* SPDX-License-Identifier: MIT
 *
 * request.h - commands that are stored until their destination is known, or to be sent again to
 * another server. A callback may close everything. */
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
    void *node;        /* the node that was asked */
    bool moved, asked; /* the command was already sent again for this reason */
};
struct rp_redis_requests {
    struct rp_redis_request *first, **end; /* end NULL: &first */
};

/* Append to the list. NULL: no memory. */
struct rp_redis_request *rp_redis_request_new(struct rp_redis_requests *, struct rp_redis_router *,
                                              const struct rp_redis_command *, rp_redis_replied *,
                                              void *arg);
/* Move to another list. */
void rp_redis_request_shift(struct rp_redis_requests *from, struct rp_redis_requests *to,
                            struct rp_redis_request *);
void rp_redis_request_drop(struct rp_redis_requests *, struct rp_redis_request *);
/* Notify the requester and free the request. reply NULL: no reply arrived. */
void rp_redis_request_answer(struct rp_redis_requests *, struct rp_redis_request *,
                             const redisReply *);
void rp_redis_requests_refuse(struct rp_redis_requests *); /* all: there is no reply */
void rp_redis_requests_forget(struct rp_redis_requests *);

#endif
