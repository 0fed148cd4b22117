/* SPDX-License-Identifier: MIT
 *
 * store_redis.h - the store of many hosts: a Redis, by TCP, TLS or a Unix socket. All answers come
 * later. While the Redis is away every verb fails at once, and the store comes back by itself. */
#ifndef RP_STORE_REDIS_H
#define RP_STORE_REDIS_H

#include "cache/store/store.h"

struct rp_store *rp_store_redis_open(struct rp_loop *, const char *uri, struct rp_error *)
    __attribute__((warn_unused_result));
bool rp_store_redis_check(const char *uri, struct rp_error *);

#endif
