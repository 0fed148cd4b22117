/* SPDX-License-Identifier: MIT
 *
 * transport.h - what carries a TLS socket's records: a descriptor, or any stream (STARTTLS, TLS in
 * TLS). Both look alike: records are put into rp_transport_out and leave at the end of the turn.
 * The danger is that of the wire: every callback may close the transport. */
#ifndef RP_TRANSPORT_H
#define RP_TRANSPORT_H

#include "lib/net/stream.h"
#include "lib/net/wire.h"

struct rp_transport;
struct rp_transport_ops {
    void (*input)(struct rp_transport *, const uint8_t *bytes, size_t len); /* for this call */
    void (*input_end)(struct rp_transport *);
    void (*connected)(struct rp_transport *); /* if the stream was still connecting */
    void (*drained)(struct rp_transport *);
    void (*shut)(struct rp_transport *); /* everything, and the end, has left */
    void (*failed)(struct rp_transport *, const struct rp_error *);
    void (*closed)(struct rp_transport *); /* the stream is gone; after rp_transport_close, too */
    void (*event)(struct rp_transport *, struct rp_event *); /* of the stream, to pass on */
};

struct rp_transport {
    const struct rp_transport_ops *ops;
    struct rp_loop *loop;
    struct rp_stream *carrier; /* NULL: the wire */
    union {
        struct rp_wire wire;
        struct {
            struct rp_queue out;
            struct rp_next_tick flush;
            bool held, blocked, shutting, close_follows, shut_done, closed;
        } carried;
    };
};

/* Over a descriptor, which is taken over. Nothing is read until rp_transport_read. */
void rp_transport_open_fd(struct rp_transport *, struct rp_loop *, const struct rp_transport_ops *,
                          int fd);
/* Over a stream, of which a reference is taken; it is paused until rp_transport_read. */
bool rp_transport_open_stream(struct rp_transport *, const struct rp_transport_ops *,
                              struct rp_stream *, struct rp_error *);
struct rp_queue *rp_transport_out(struct rp_transport *);
void rp_transport_read(struct rp_transport *, bool on);
/* The input of the next reads may wait for the program: take no more at once than it has to. */
void rp_transport_read_ahead(struct rp_transport *, bool ahead);
void rp_transport_read_now(struct rp_transport *);
void rp_transport_flush_later(struct rp_transport *);
void rp_transport_hold(struct rp_transport *, bool held);
/* The end, after all output; then ops->shut. If we close then, no FIN of its own is needed. */
void rp_transport_shutdown(struct rp_transport *, bool close_follows);
/* There is output that is not held back, and the other side can still be told. */
bool rp_transport_can_deliver(struct rp_transport *);
/* true: closed, nothing comes any more. false: ops->closed will come. Idempotent. */
bool rp_transport_close(struct rp_transport *);
/* Let go of the stream, once closed and before its memory goes. */
void rp_transport_release(struct rp_transport *);
/* It is about to be closed: the peer is to see a reset. */
void rp_transport_reset_on_close(struct rp_transport *);
int rp_transport_fd(const struct rp_transport *);

#endif
