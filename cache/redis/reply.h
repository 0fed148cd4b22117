/* SPDX-License-Identifier: MIT
 *
 * reply.h - parse replies of a Redis with hiredis, within limits: a reply that is too long, or that
 * announces more elements than it can have, is refused before memory is allocated for it. */
#ifndef RP_REDIS_REPLY_H
#define RP_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <hiredis/hiredis.h>

enum { RP_REDIS_ELEMENTS_MAX = 64 * 1024 };

struct rp_redis_reader {
    redisReader *reader; /* NULL: no memory */
    redisReplyObjectFunctions functions, standard;
    size_t unread; /* bytes since the last complete reply */
};
/* May be called again, to discard the input so far. false: no memory. */
bool rp_redis_reader_begin(struct rp_redis_reader *);
void rp_redis_reader_end(struct rp_redis_reader *);
bool rp_redis_reader_feed(struct rp_redis_reader *, const void *bytes, size_t len);
/* *reply NULL: more bytes are needed; otherwise free it with freeReplyObject. false: malformed, or
 * more than `max` bytes; then nothing more can be read. */
bool rp_redis_reader_next(struct rp_redis_reader *, size_t max, redisReply **reply);

/* Whether this is an error that starts with this word. */
bool rp_redis_reply_says(const redisReply *, const char *word);

#endif
