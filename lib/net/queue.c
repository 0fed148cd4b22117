/* SPDX-License-Identifier: MIT
 *
 * queue.c - bytes to send, in chunks from the loop's pool; see queue.h. */
#include "lib/net/queue.h"
#include "lib/net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { CHUNKS_PER_SEND = 16, KEPT_LEAST = 256 };

struct rp_chunk {
    struct rp_chunk *next;
    uint32_t begin, end, size;
    uint8_t bytes[];
};

static struct rp_chunk *chunk_of(uint32_t size)
{
    struct rp_chunk *chunk = malloc(sizeof *chunk + size);

    if (chunk != NULL)
        *chunk = (struct rp_chunk){.size = size};
    return chunk;
}

static struct rp_chunk *chunk_new(struct rp_loop *loop)
{
    struct rp_chunk *chunk = loop->pool;

    if (chunk == NULL)
        return chunk_of(RP_CHUNK_SIZE);
    loop->pool = chunk->next;
    loop->pooled--;
    chunk->next = NULL;
    chunk->begin = chunk->end = 0;
    return chunk;
}

static void chunk_free(struct rp_loop *loop, struct rp_chunk *chunk)
{
    if (loop->pooled >= RP_POOL_MAX || chunk->size != RP_CHUNK_SIZE) {
        free(chunk);
        return;
    }
    chunk->next = loop->pool;
    loop->pool = chunk;
    loop->pooled++;
}

void rp_queue_pool_free(struct rp_loop *loop)
{
    while (loop->pool != NULL) {
        struct rp_chunk *chunk = loop->pool;

        loop->pool = chunk->next;
        free(chunk);
    }
    loop->pooled = 0;
}

uint8_t *rp_queue_reserve(struct rp_queue *q, struct rp_loop *loop, size_t least, size_t *room)
{
    struct rp_chunk *chunk = q->last;

    if (chunk == NULL || chunk->size - chunk->end < least) {
        chunk = chunk_new(loop);
        if (chunk == NULL)
            return NULL;
        if (q->last != NULL)
            q->last->next = chunk;
        else
            q->first = chunk;
        q->last = chunk;
    }
    *room = chunk->size - chunk->end;
    return chunk->bytes + chunk->end;
}

void rp_queue_commit(struct rp_queue *q, size_t len)
{
    q->last->end += (uint32_t)len;
    q->len += len;
}

bool rp_queue_append(struct rp_queue *q, struct rp_loop *loop, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;

    while (len > 0) {
        size_t room;
        uint8_t *to = rp_queue_reserve(q, loop, 1, &room);

        if (to == NULL)
            return false;
        if (room > len)
            room = len;
        memcpy(to, from, room);
        rp_queue_commit(q, room);
        from += room;
        len -= room;
    }
    return true;
}

/* Enlarge the first chunk for `len` more bytes, within the maximum size of a chunk. */
static bool grow(struct rp_queue *q, struct rp_loop *loop, size_t len)
{
    struct rp_chunk *old = q->first, *chunk;
    size_t need = q->len + len;
    uint32_t size = KEPT_LEAST;

    while (size < need && size < RP_CHUNK_SIZE / 2)
        size *= 2;
    chunk = size < need ? chunk_new(loop) : chunk_of(size);
    if (chunk == NULL)
        return false;
    if (old != NULL)
        memcpy(chunk->bytes, old->bytes + old->begin, q->len);
    chunk->end = (uint32_t)q->len;
    q->first = q->last = chunk;
    free(old);
    return true;
}

bool rp_queue_keep(struct rp_queue *q, struct rp_loop *loop, const void *bytes, size_t len)
{
    const struct rp_chunk *first = q->first;
    bool grows = first == NULL || (first == q->last && first->size < RP_CHUNK_SIZE &&
                                   first->size - first->end < len);

    return len == 0 || ((!grows || grow(q, loop, len)) && rp_queue_append(q, loop, bytes, len));
}

size_t rp_queue_copy(const struct rp_queue *q, size_t from, uint8_t *to, size_t most)
{
    size_t copied = 0;

    for (const struct rp_chunk *c = q->first; c != NULL && copied < most; c = c->next) {
        size_t here = c->end - c->begin, n;

        if (from < here) {
            n = here - from < most - copied ? here - from : most - copied;
            memcpy(to + copied, c->bytes + c->begin + from, n);
            copied += n;
            from = 0;
        } else {
            from -= here;
        }
    }
    return copied;
}

const uint8_t *rp_queue_peek(const struct rp_queue *q, size_t *len)
{
    if (q->len == 0)
        return NULL;
    *len = q->first->end - q->first->begin;
    return q->first->bytes + q->first->begin;
}

void rp_queue_consume(struct rp_queue *q, struct rp_loop *loop, size_t len)
{
    q->len -= len;
    while (q->first != NULL) {
        struct rp_chunk *chunk = q->first;
        size_t here = chunk->end - chunk->begin;

        if (len < here) {
            chunk->begin += (uint32_t)len;
            return;
        }
        len -= here;
        q->first = chunk->next;
        if (q->first == NULL)
            q->last = NULL;
        chunk_free(loop, chunk);
    }
}

long rp_queue_send(struct rp_queue *q, struct rp_loop *loop, int fd, bool fin_follows)
{
    struct iovec parts[CHUNKS_PER_SEND];
    struct msghdr message = {.msg_iov = parts};
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (fin_follows ? MSG_MORE : 0);
    ssize_t sent;

    for (struct rp_chunk *c = q->first; c != NULL && message.msg_iovlen < CHUNKS_PER_SEND;
         c = c->next)
        if (c->end > c->begin)
            parts[message.msg_iovlen++] = (struct iovec){c->bytes + c->begin, c->end - c->begin};
    if (message.msg_iovlen == 0)
        return 0;
    do
        sent = message.msg_iovlen == 1 ? send(fd, parts[0].iov_base, parts[0].iov_len, flags)
                                       : sendmsg(fd, &message, flags);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    rp_queue_consume(q, loop, (size_t)sent);
    return sent;
}

void rp_queue_clear(struct rp_queue *q, struct rp_loop *loop)
{
    rp_queue_consume(q, loop, q->len);
}
