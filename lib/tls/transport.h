/* SPDX-License-Identifier: MIT
 *
 * transport.h - what carries a TLS socket's records: a descriptor, or any stream (STARTTLS, TLS in
 * TLS). Both have the same interface: records are added to rp_transport_out and sent at the end of
 * the iteration. The danger is that of the wire: every callback may close the transport. */
#ifndef RP_TRANSPORT_H
#define RP_TRANSPORT_H

#include "lib/net/stream.h"
#include "lib/net/wire.h"

struct rp_transport;
struct rp_transport_ops {
    void (*input)(struct rp_transport *, const uint8_t *bytes, size_t len); /* for the call */
    void (*input_end)(struct rp_transport *);
    void (*connected)(struct rp_transport *); /* if the stream was still connecting */
    void (*drained)(struct rp_transport *);
    void (*shut)(struct rp_transport *); /* all output and the end were sent */
    void (*failed)(struct rp_transport *, const struct rp_error *);
    void (*closed)(struct rp_transport *); /* the stream closed; after rp_transport_close, too */
    void (*event)(struct rp_transport *, struct rp_event *); /* of the stream, to forward */
};

struct rp_transport {
    const struct rp_transport_ops *ops;
    struct rp_loop *loop;
    struct rp_stream *carrier; /* NULL: a wire is used */
    union {
        struct rp_wire wire;
        struct {
            struct rp_queue out;
            struct rp_next_tick flush;
            bool held, blocked, shutting, close_follows, shut_done, closed;
        } carried;
    };
};

/* Use a descriptor, which the transport owns. Reads nothing until rp_transport_read. */
void rp_transport_open_fd(struct rp_transport *, struct rp_loop *, const struct rp_transport_ops *,
                          int fd);
/* Use a stream, of which a reference is taken; it is paused until rp_transport_read. */
bool rp_transport_open_stream(struct rp_transport *, const struct rp_transport_ops *,
                              struct rp_stream *, struct rp_error *);
struct rp_queue *rp_transport_out(struct rp_transport *);
void rp_transport_read(struct rp_transport *, bool on);
/* The next reads may have to wait for the program: read no more than necessary at once. */
void rp_transport_read_ahead(struct rp_transport *, bool ahead);
void rp_transport_read_now(struct rp_transport *);
void rp_transport_flush_later(struct rp_transport *);
void rp_transport_hold(struct rp_transport *, bool held);
/* End after all output; then ops->shut is called. If the owner closes then, no separate FIN is
 * needed. */
void rp_transport_shutdown(struct rp_transport *, bool close_follows);
/* There is output that is not held back, and it can still be sent. */
bool rp_transport_can_deliver(struct rp_transport *);
/* true: closed, no further callback. false: ops->closed follows. Idempotent. */
bool rp_transport_close(struct rp_transport *);
/* Release the stream, after closing and before the memory is freed. */
void rp_transport_release(struct rp_transport *);
/* Let the next close reset the connection. */
void rp_transport_reset_on_close(struct rp_transport *);
int rp_transport_fd(const struct rp_transport *);

#endif
