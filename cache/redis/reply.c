/* SPDX-License-Identifier: MIT
 *
 * reply.c - a reply parser with limits; see reply.h. The danger is an array that announces two
 * thousand million elements, for which hiredis would allocate 16 GB at once. */
#include "cache/redis/reply.h"

#include <string.h>

#if HIREDIS_MAJOR < 1
typedef int array_size;
#else
typedef size_t array_size;
#endif

static void *create_array(const redisReadTask *task, array_size count)
{
    struct rp_redis_reader *r = task->privdata;

    return count <= RP_REDIS_ELEMENTS_MAX ? r->standard.createArray(task, count) : NULL;
}

bool rp_redis_reader_begin(struct rp_redis_reader *r)
{
    rp_redis_reader_end(r);
    r->unread = 0;
    r->reader = redisReaderCreate();
    if (r->reader == NULL)
        return false;
    r->standard = r->functions = *r->reader->fn;
    r->functions.createArray = create_array;
    r->reader->fn = &r->functions;
    r->reader->privdata = r;
    return true;
}

void rp_redis_reader_end(struct rp_redis_reader *r)
{
    if (r->reader != NULL)
        redisReaderFree(r->reader);
    r->reader = NULL;
}

bool rp_redis_reader_feed(struct rp_redis_reader *r, const void *bytes, size_t len)
{
    r->unread += len;
    return redisReaderFeed(r->reader, bytes, len) == REDIS_OK;
}

bool rp_redis_reader_next(struct rp_redis_reader *r, size_t max, redisReply **reply)
{
    void *got = NULL;

    *reply = NULL;
    if (redisReaderGetReply(r->reader, &got) != REDIS_OK)
        return false;
    *reply = got;
    if (got == NULL)
        return r->unread <= max;
    r->unread = r->reader->len - r->reader->pos;
    return true;
}

bool rp_redis_reply_says(const redisReply *reply, const char *word)
{
    size_t len = strlen(word);

    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, len) == 0 &&
           (reply->str[len] == ' ' || reply->str[len] == '\0');
}
