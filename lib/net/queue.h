/* SPDX-License-Identifier: MIT
 *
 * queue.h - bytes waiting to be sent: a list of chunks from the loop's pool.
 * A connection at rest owns no chunk. A chunk holds one TLS record of full size, so that a record
 * can be made in place; what is queued in one turn of the loop leaves in one writev. */
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
/* The same for bytes that may wait for long: no more memory is taken than they need. Up to
 * RP_CHUNK_SIZE bytes that were all kept stay in one piece. */
bool rp_queue_keep(struct rp_queue *, struct rp_loop *, const void *bytes, size_t len);
/* Copy up to `most` bytes that begin `from` bytes after the first one; how many there were. */
size_t rp_queue_copy(const struct rp_queue *, size_t from, uint8_t *to, size_t most);
/* Room for at least `least` (<= RP_CHUNK_SIZE) contiguous bytes; *room says how many. NULL: no
 * memory. Then commit what was filled in. */
uint8_t *rp_queue_reserve(struct rp_queue *, struct rp_loop *, size_t least, size_t *room);
void rp_queue_commit(struct rp_queue *, size_t len);
/* The first contiguous bytes; NULL when empty. */
const uint8_t *rp_queue_peek(const struct rp_queue *, size_t *len);
void rp_queue_consume(struct rp_queue *, struct rp_loop *, size_t len);
/* Send as much as the socket takes. Returns bytes sent (0 if it would block) or -1 with errno.
 * fin_follows: the last packet may wait for a shutdown(), which has to come at once. */
long rp_queue_send(struct rp_queue *, struct rp_loop *, int fd, bool fin_follows);
void rp_queue_clear(struct rp_queue *, struct rp_loop *);

#endif
