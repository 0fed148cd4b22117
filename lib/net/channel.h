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
    RP_CHANNEL_MESSAGE_MAX = 65536 + 1, /* a cluster's largest message with its type byte */
    RP_CHANNEL_QUEUE_MAX = 1 << 20,     /* bytes queued for the receiver */
};

struct rp_channel_note; /* a queued message */
struct rp_channel {
    /* A message, never empty. The bytes are valid during the call. */
    void (*message)(struct rp_channel *, const uint8_t *bytes, size_t len);
    /* The other side closed the channel (error NULL), or the socket failed. Called once. */
    void (*closed)(struct rp_channel *, const struct rp_error *);
    void *arg;

    /* private */
    struct rp_loop *loop;
    struct rp_io io;
    int fd;                         /* valid while loop is set */
    struct rp_channel *next, *prev; /* ring of the loop's channels, closed by rp_loop_abandon */
    struct rp_channel_note *first, *last;
    size_t queued;
    bool *gone; /* set when it is closed during a callback */
    bool writing, idle;
};

/* Create the two ends of a channel, non-blocking and close-on-exec. */
bool rp_channel_pair(int fds[2], struct rp_error *);
/* Start on an end, which the channel then owns. Set message, closed and arg before; the rest must
 * be zero. */
void rp_channel_open(struct rp_channel *, struct rp_loop *, int fd);
static inline bool rp_channel_is_open(const struct rp_channel *channel)
{
    return channel->loop != NULL;
}
/* Send `tag` and the bytes as one message. Errors: EPIPE (closed), EMSGSIZE, ENOBUFS (the queue is
 * full), ENOMEM, or the errno name of send. */
bool rp_channel_send(struct rp_channel *, uint8_t tag, const void *bytes, size_t len,
                     struct rp_error *);
/* Receive all messages that have arrived; call it before acting on the exit of the other
 * process. */
void rp_channel_read(struct rp_channel *);
/* The open channel no longer keeps the loop running. */
void rp_channel_idle(struct rp_channel *);
/* Close: no callback is called any more, and queued messages are lost. Idempotent. */
void rp_channel_close(struct rp_channel *);

#endif
