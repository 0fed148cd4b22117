/* SPDX-License-Identifier: MIT
 *
 * wire.h - one descriptor on one loop: the bottom of a plain socket and of a TLS socket alike.
 * In: one large recv into a buffer that the whole loop shares, so nothing is owned at rest.
 * Out: bytes pile up in a queue and leave in one send at the end of the loop's turn; writability
 * is watched only after the kernel has refused bytes.
 * The danger: every callback may close the wire. Each function that calls back looks again before
 * it touches the wire after the call; the owner frees its memory only when no call is under way. */
#ifndef RP_WIRE_H
#define RP_WIRE_H

#include "lib/net/queue.h"
#include "lib/net/timeouts.h"
#include <reprise/net.h>

struct rp_wire;
struct rp_wire_ops {
    /* Bytes arrived. They are the loop's and live for this call; what isn't used is copied. */
    void (*input)(struct rp_wire *, const uint8_t *bytes, size_t len);
    void (*input_end)(struct rp_wire *); /* FIN: once, after all bytes; never for a reset */
    void (*connected)(struct rp_wire *); /* once, if it was opened connecting */
    void (*drained)(struct rp_wire *);   /* the output queue became empty */
    void (*shut)(struct rp_wire *); /* the FIN asked for is with the kernel, after all output */
    void (*failed)(struct rp_wire *, const struct rp_error *); /* recv, send or connect; once */
};

enum rp_wire_connecting {
    RP_WIRE_CONNECTED,
    RP_WIRE_CONNECTING, /* wait for writability, then look */
    RP_WIRE_EAGER,      /* send at once, believe the first byte that moves */
};

struct rp_wire {
    const struct rp_wire_ops *ops;
    struct rp_loop *loop;
    struct rp_queue out;
    struct rp_next_tick flush; /* scheduled at the end of the turn */
    struct rp_io io;
    struct rp_timeout patience; /* runs while the rest is read, after send_errno */
    int fd;
    int send_errno;     /* a send failed: what has arrived is read, then it fails with this */
    uint8_t interest;   /* what io is started for */
    uint8_t connecting; /* enum rp_wire_connecting */
    uint8_t looks;      /* so often the peer's end is looked for right behind its bytes */
    bool frugal;        /* one recv takes a record of TLS at most: it may wait for its reader */
    bool polled;        /* io was started once, on this descriptor */
    bool looking;       /* not reading: only for an end with nothing unread before it */
    bool reading, blocked, held, shutting, shut_done, ended, broken;
    bool nagle, unanswered; /* connected by us with Nagle on; sent since the peer last spoke */
    bool acks_late;         /* acknowledgements wait for bytes to go with: the handshake's last */
    bool close_follows;     /* after ops->shut the owner closes: that sends the FIN, too */
};

/* Take over a descriptor. Reads nothing until read_start. */
void rp_wire_open(struct rp_wire *, struct rp_loop *, const struct rp_wire_ops *, int fd,
                  enum rp_wire_connecting connecting);
void rp_wire_read_start(struct rp_wire *);
void rp_wire_read_stop(struct rp_wire *);
/* Read no more, but tell an end (or a failure) with nothing unread before it. */
void rp_wire_look_for_end(struct rp_wire *);
/* Read at once instead of waiting for readiness: bytes are expected (a deferred accept). */
void rp_wire_read_now(struct rp_wire *);
/* Queue bytes and send them at the end of the turn. false: no memory (then close). */
bool rp_wire_write(struct rp_wire *, const void *bytes, size_t len);
/* Something was put into out directly: have it sent at the end of the turn. */
void rp_wire_flush_later(struct rp_wire *);
/* Keep output back (a newSession is pending) until released. */
void rp_wire_hold(struct rp_wire *, bool held);
/* FIN once everything queued has left, in one packet with the end of it; then ops->shut. */
void rp_wire_shutdown(struct rp_wire *);
/* Close now and forget the queue; no callback comes any more. Idempotent. */
void rp_wire_close(struct rp_wire *);
static inline bool rp_wire_is_open(const struct rp_wire *w)
{
    return w->fd >= 0;
}

#endif
