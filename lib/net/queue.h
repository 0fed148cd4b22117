/* SPDX-License-Identifier: MIT
 *
 * queue.h - bytes to send: a list of chunks from the loop's pool. An idle connection owns no chunk.
 * A chunk holds one TLS record of maximum size, so that a record can be built in place; all bytes
 * of one iteration are sent with one writev. */
#ifndef RP_QUEUE_H
#define RP_QUEUE_H

#include <reprise/loop.h>
#include <stddef.h>

enum { RP_CHUNK_SIZE = 16384 + 512 };

struct rp_chunk;
struct rp_queue {
    struct rp_chunk *first, *last;
    size_t len;
};

bool rp_queue_append(struct rp_queue *, struct rp_loop *, const void *bytes, size_t len);
/* Likewise for bytes that may stay queued for long: uses no more memory than they need. Up to
 * RP_CHUNK_SIZE bytes stay contiguous. */
bool rp_queue_keep(struct rp_queue *, struct rp_loop *, const void *bytes, size_t len);
/* Copy up to `most` bytes, starting `from` bytes after the first; returns their number. */
size_t rp_queue_copy(const struct rp_queue *, size_t from, uint8_t *to, size_t most);
/* Get at least `least` (<= RP_CHUNK_SIZE) contiguous bytes to fill; *room is their number. NULL: no
 * memory. Then commit the bytes that were filled. */
uint8_t *rp_queue_reserve(struct rp_queue *, struct rp_loop *, size_t least, size_t *room);
void rp_queue_commit(struct rp_queue *, size_t len);
/* The first contiguous bytes; NULL if the queue is empty. */
const uint8_t *rp_queue_peek(const struct rp_queue *, size_t *len);
void rp_queue_consume(struct rp_queue *, struct rp_loop *, size_t len);
/* Send as much as the socket accepts. Returns the bytes sent (0 if it would block), or -1 with
 * errno. fin_follows: the last packet may wait for a shutdown(), which must follow at once. */
long rp_queue_send(struct rp_queue *, struct rp_loop *, int fd, bool fin_follows);
void rp_queue_clear(struct rp_queue *, struct rp_loop *);

#endif
