/* SPDX-License-Identifier: MIT
 *
 * wire.h - one descriptor on one loop: the lowest layer of plain and TLS sockets. Input: one large
 * recv into a buffer that the whole loop shares, so an idle connection owns no buffer. Output:
 * bytes are queued and sent once at the end of the iteration; writability is watched only after the
 * kernel has refused bytes. The danger: every callback may close the wire. Functions that call back
 * check this before they use the wire again; the owner frees the memory only when no call is
 * active. */
#ifndef RP_WIRE_H
#define RP_WIRE_H

#include "lib/net/queue.h"
#include "lib/net/timeouts.h"
#include <reprise/net.h>

struct rp_wire;
struct rp_wire_ops {
    /* Bytes arrived. They belong to the loop and are valid during the call; copy what is needed
     * later. */
    void (*input)(struct rp_wire *, const uint8_t *bytes, size_t len);
    void (*input_end)(struct rp_wire *); /* FIN: called once, after all bytes; never for a reset */
    void (*connected)(struct rp_wire *); /* called once if the wire was opened connecting */
    void (*drained)(struct rp_wire *);   /* the output queue became empty */
    void (*shut)(struct rp_wire *);      /* the FIN was passed to the kernel, after all output */
    void (*failed)(struct rp_wire *, const struct rp_error *); /* recv, send or connect; once */
};

enum rp_wire_connecting {
    RP_WIRE_CONNECTED,
    RP_WIRE_CONNECTING, /* wait for writability, then check for an error */
    RP_WIRE_EAGER,      /* send at once; the first byte sent or received proves success */
};

struct rp_wire {
    const struct rp_wire_ops *ops;
    struct rp_loop *loop;
    struct rp_queue out;
    struct rp_next_tick flush; /* scheduled at the end of the turn */
    struct rp_io io;
    struct rp_timeout patience; /* runs while input is read after a failed send */
    int fd;
    int send_errno;   /* errno of a failed send: input is read first, then the wire fails with it */
    uint8_t interest; /* the events of io */
    uint8_t connecting; /* enum rp_wire_connecting */
    uint8_t looks;      /* number of reads after which the peer's FIN is looked for */
    bool frugal;  /* a recv reads at most one TLS record, which may have to wait for its reader */
    bool polled;  /* io was started on this descriptor before */
    bool looking; /* not reading: only looking for an end when all data was read */
    bool reading, blocked, held, shutting, shut_done, ended, broken;
    bool nagle, unanswered; /* client with Nagle on; bytes sent since the peer last sent */
    bool acks_late;         /* ACKs wait for data, as for the last one of the TCP handshake */
    bool close_follows;     /* the owner closes after ops->shut, which sends the FIN, too */
};

/* Take ownership of a descriptor. Reads nothing until read_start. */
void rp_wire_open(struct rp_wire *, struct rp_loop *, const struct rp_wire_ops *, int fd,
                  enum rp_wire_connecting connecting);
void rp_wire_read_start(struct rp_wire *);
void rp_wire_read_stop(struct rp_wire *);
/* Stop reading, but report an end (or a failure) if all data was read. */
void rp_wire_look_for_end(struct rp_wire *);
/* Read at once instead of waiting for readiness: bytes have probably arrived (a deferred
 * accept). */
void rp_wire_read_now(struct rp_wire *);
/* Queue bytes and send them at the end of the iteration. false: no memory (then close). */
bool rp_wire_write(struct rp_wire *, const void *bytes, size_t len);
/* Bytes were added to `out` directly: send them at the end of the iteration. */
void rp_wire_flush_later(struct rp_wire *);
/* Hold output back (a newSession is pending) until it is released. */
void rp_wire_hold(struct rp_wire *, bool held);
/* Send a FIN after all queued bytes, in one packet with the last of them; then call ops->shut. */
void rp_wire_shutdown(struct rp_wire *);
/* Close at once and drop the queue; no further callback. Idempotent. */
void rp_wire_close(struct rp_wire *);
static inline bool rp_wire_is_open(const struct rp_wire *w)
{
    return w->fd >= 0;
}

#endif
