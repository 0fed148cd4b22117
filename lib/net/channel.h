/* SPDX-License-Identifier: MIT
 *
 * channel.h - messages in both directions between two processes, over a SOCK_SEQPACKET pair.
 * Messages that cannot be sent at once are queued in order, up to RP_CHANNEL_QUEUE_MAX bytes, which
 * limits the memory for a receiver that does not read.
 * Every callback may close the channel and free its owner: the channel detects this and does not
 * use itself afterwards. */
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
    /* A message, never empty. The bytes are valid during the call. */
    void (*message)(struct rp_channel *, const uint8_t *bytes, size_t len);
    /* The other side closed the channel (error NULL), or the socket failed. Called once. */
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
/* Send `tag` and the bytes as one message. Errors: EPIPE (closed), EMSGSIZE, ENOBUFS (the queue is
 * full), ENOMEM, or the errno name of send. */
bool rp_channel_send(struct rp_channel *, uint8_t tag, const void *bytes, size_t len,
                     struct rp_error *);
/* Pass on all messages that have arrived: before acting on the end of the other process. */
void rp_channel_read(struct rp_channel *);
/* From now on the open channel does not keep the loop running. */
void rp_channel_idle(struct rp_channel *);
/* Close: no callback is called any more, and queued messages are lost. Idempotent. */
void rp_channel_close(struct rp_channel *);

#endif
