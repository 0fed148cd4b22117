/* SPDX-License-Identifier: MIT
 *
 * store_redis.h - the store of several hosts: a Redis, over TCP, TLS or a Unix socket. All answers
 * arrive later. While the Redis is unavailable every operation fails at once; the store reconnects
 * by itself. */
#ifndef RP_STORE_REDIS_H
#define RP_STORE_REDIS_H

#include "cache/store/store.h"

struct rp_store *rp_store_redis_open(struct rp_loop *, const char *uri, struct rp_error *)
    __attribute__((warn_unused_result));
bool rp_store_redis_check(const char *uri, struct rp_error *);

#endif
