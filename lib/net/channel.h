/* SPDX-License-Identifier: MIT
 *
 * channel.h - whole messages both ways between two processes, over a SOCK_SEQPACKET pair.
 * What can't leave at once waits in order, up to RP_CHANNEL_QUEUE_MAX; a receiver that never reads
 * costs no more than that.
 * The danger: every callback may close the channel and free its owner. The channel notices that
 * and touches nothing afterwards; owners need no care for it. */
#ifndef RP_NET_CHANNEL_H
#define RP_NET_CHANNEL_H

#include <reprise/loop.h>
#include <stddef.h>

enum {
    RP_CHANNEL_MESSAGE_MAX = 65536 + 1, /* a cluster's largest message and its frame */
    RP_CHANNEL_QUEUE_MAX = 1 << 20,     /* bytes that wait for the receiver */
};

struct rp_channel_note; /* a message that waits */
struct rp_channel {
    /* A whole message, never empty. The bytes are the loop's and live for this call. */
    void (*message)(struct rp_channel *, const uint8_t *bytes, size_t len);
    /* The other side is gone, or the socket failed (then with the error). Once; it is closed. */
    void (*closed)(struct rp_channel *, const struct rp_error *);
    void *arg;

    /* private */
    struct rp_loop *loop;
    struct rp_io io;
    int fd; /* valid while loop is set */
    struct rp_channel *next,
        *prev; /* all channels of the loop, to be closed when it is abandoned */
    struct rp_channel_note *first, *last;
    size_t queued;
    bool *gone; /* set when it is closed during a callback */
    bool writing, idle;
};

/* The two ends of a channel, non-blocking and close-on-exec. */
bool rp_channel_pair(int fds[2], struct rp_error *);
/* Start on an end, which it takes over. message, closed and arg are set before, the rest is zero.
 */
void rp_channel_open(struct rp_channel *, struct rp_loop *, int fd);
static inline bool rp_channel_is_open(const struct rp_channel *channel)
{
    return channel->loop != NULL;
}
/* `tag` and then the bytes, as one message. false: closed, too long, or too much waits. */
bool rp_channel_send(struct rp_channel *, uint8_t tag, const void *bytes, size_t len,
                     struct rp_error *);
/* Hand over what has arrived already: before the end of the other process is acted upon. */
void rp_channel_read(struct rp_channel *);
/* From now on being open is no reason for the loop to stay. */
void rp_channel_idle(struct rp_channel *);
/* No callback comes any more; what waits is lost. Idempotent. */
void rp_channel_close(struct rp_channel *);

#endif
