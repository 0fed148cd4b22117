/* SPDX-License-Identifier: MIT
 *
 * redis_link.h - one connection to one Redis: commands go out in a pipeline, replies come back in
 * order. It connects by itself, greets (AUTH, SELECT, PING), and comes back after a failure with
 * growing, jittered pauses. While it is not up nobody is made to wait: rp_redis_link_send refuses,
 * but for the first attempt, behind whose greeting commands may stand already.
 * A reply that is late ends the connection, since all others wait behind it: that is the breaker,
 * and the next greeting that is answered closes it. */
#ifndef RP_REDIS_LINK_H
#define RP_REDIS_LINK_H

#include <hiredis/hiredis.h>

#include "cache/redis_uri.h"
#include <reprise/stream.h>

struct rp_redis_link;
/* reply NULL: there will be none. Borrowed. */
typedef void rp_redis_replied(const redisReply *reply, void *arg);
struct rp_redis_link_ops {
    void (*up)(void *arg);
    void (*down)(const struct rp_error *, void *arg); /* each time, also of an attempt */
};
struct rp_redis_link *rp_redis_link_new(struct rp_loop *, const struct rp_redis_place *,
                                        const struct rp_redis_link_ops *, void *arg,
                                        struct rp_error *) __attribute__((warn_unused_result));
/* What waits for a reply is forgotten, not told. NULL ok. May be called from any callback. */
void rp_redis_link_free(struct rp_redis_link *);
bool rp_redis_link_is_up(const struct rp_redis_link *);
/* false: not up, or no memory; then `replied` is never called. Otherwise once, later. */
bool rp_redis_link_send(struct rp_redis_link *, int argc, const char **argv, const size_t *lens,
                        rp_redis_replied *replied, void *arg);

#endif
