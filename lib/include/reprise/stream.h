/* SPDX-License-Identifier: MIT
 *
 * stream.h - the base of everything that carries bytes both ways: node's stream.Duplex and the
 * part of net.Socket that all of them share. A TCP or Unix socket (net.h), a TLS socket (socket.h)
 * and a program's own duplex (rp_stream_new) are all used through these functions.
 * Lifetime: whoever created a stream owns one reference; a stream that is open on a loop keeps
 * itself alive until `close` has been emitted. So a server's sockets need no bookkeeping, and a
 * program that keeps a pointer past `close` takes a reference. Contract: D4, D36, section L. */
#ifndef RP_STREAM_H
#define RP_STREAM_H

#include <reprise/event.h>
#include <reprise/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RP_DEFAULT_HIGH_WATER_MARK = 16384 }; /* L1 */

/* How long a handshake may take, of a server, a client and a wrapped stream alike: 0 is the
 * default; RP_NO_TIMEOUT is for as long as it takes. */
enum { RP_DEFAULT_HANDSHAKE_TIMEOUT_MS = 120000 }; /* C5 */
#define RP_NO_TIMEOUT UINT32_MAX

/* How an option that node knows as true, false or absent is said in C: zero is "the default". */
enum rp_toggle { RP_DEFAULT, RP_ON, RP_OFF };

/* One reference more. */
struct rp_stream *rp_stream_ref(struct rp_stream *stream);
void rp_stream_unref(struct rp_stream *stream); /* NULL ok */
/* The loop it is on. */
struct rp_loop *rp_stream_loop(const struct rp_stream *stream);

/* -- listening: append, put first, and once each (D35). false only for lack of memory. */
bool rp_stream_on(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* The same for the next one only. */
bool rp_stream_once(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Before all who listen already. */
bool rp_stream_prepend(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Before all, for the next one only. */
bool rp_stream_prepend_once(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* One listener for a set of event types. */
bool rp_stream_listen(struct rp_stream *, rp_event_set, rp_listener *, void *arg);
/* Remove the newest registration of (type, fn, arg). */
void rp_stream_off(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Call the listeners of event->type; true if there was one. */
bool rp_stream_emit(struct rp_stream *, struct rp_event *event);

/* -- writing. The bytes are taken or copied before the call returns. Returns true while less than
 * the high water mark is waiting; after false, wait for `drain` (L1). Bytes written before the
 * connection or the handshake is complete wait for it. Writing after end is an `error` of the
 * stream, ERR_STREAM_WRITE_AFTER_END; after destroy it is refused, ERR_STREAM_DESTROYED, which only
 * the callback hears (K6). All writes of one turn of the loop leave together at its end. */
bool rp_stream_write(struct rp_stream *, const void *bytes, size_t len);
/* Called once: with NULL when the bytes are with the kernel, or with the error; from inside
 * rp_stream_write_then when it refuses. */
typedef void rp_written(struct rp_stream *stream, const struct rp_error *error, void *arg);
/* The same, and say when they are gone. */
bool rp_stream_write_then(struct rp_stream *, const void *bytes, size_t len, rp_written *written,
                          void *arg);
/* No more will be written: what waits is sent, then the peer is told (FIN; close_notify and FIN),
 * then `finish` (L5). */
void rp_stream_end(struct rp_stream *);
/* Hold back what is written until uncork, or until the end. Nests. */
void rp_stream_cork(struct rp_stream *);
/* Undo one cork; with the last what was held back leaves. */
void rp_stream_uncork(struct rp_stream *);

/* -- reading. `data` flows from the start (as if a listener had been attached in node) unless the
 * stream was created paused. A paused stream reads nothing from its transport (L9). */
void rp_stream_pause(struct rp_stream *);
/* Let `data` flow again. */
void rp_stream_resume(struct rp_stream *);
/* Paused, by the program or by a pipe that waits. */
bool rp_stream_is_paused(const struct rp_stream *);
/* Everything that arrives at `from` is written to `to`, at the speed of `to`; the end of `from`
 * ends `to` unless keep_open. Ends by itself when one of them closes; does not close the other.
 * False, and nothing changes: one of them is destroyed, or `to` has a pipe into it already. */
bool rp_stream_pipe(struct rp_stream *from, struct rp_stream *to, bool keep_open);
/* End the pipe that `from` has; the streams go on. */
void rp_stream_unpipe(struct rp_stream *from);

/* -- ending. Destroy: immediately, without telling the peer; pending writes fail; `error` if there
 * is one, then `close`, both after this call has returned (L7). */
void rp_stream_destroy(struct rp_stream *, const struct rp_error *error);
/* Destroy after what was written has left: node's destroySoon. */
void rp_stream_destroy_soon(struct rp_stream *);
/* Destroy, and have TCP reset the connection instead of ending it: node's resetAndDestroy. What was
 * not sent is lost, and no port waits in TIME_WAIT. */
void rp_stream_reset_and_destroy(struct rp_stream *);

/* -- state */
size_t rp_stream_writable_length(const struct rp_stream *); /* plain bytes that still wait (L1) */
/* How much may wait before rp_stream_write returns false; bytes (L1). */
size_t rp_stream_high_water_mark(const struct rp_stream *);
uint64_t rp_stream_bytes_read(const struct rp_stream *);    /* plain bytes (L2) */
uint64_t rp_stream_bytes_written(const struct rp_stream *); /* plain bytes, waiting ones included */
/* Not connected yet: what is written waits. */
bool rp_stream_connecting(const struct rp_stream *);
/* Destroyed, or about to close: nothing can be read or written. */
bool rp_stream_destroyed(const struct rp_stream *);
bool rp_stream_closed(const struct rp_stream *);   /* `close` was emitted */
bool rp_stream_readable(const struct rp_stream *); /* `end` not seen yet  */
bool rp_stream_writable(const struct rp_stream *); /* end not called yet  */

/* -- what a stream passes on to the TCP or Unix socket at its bottom (L8). The setters return
 * false when there is none, or when the kernel refused. */
void rp_stream_set_timeout(struct rp_stream *, uint32_t ms); /* 0 = none */
/* TCP_NODELAY, now or once it is connected. */
bool rp_stream_set_no_delay(struct rp_stream *, bool on);
/* SO_KEEPALIVE; the first probe after so many milliseconds, in whole seconds, 0 = the kernel's. */
bool rp_stream_set_keep_alive(struct rp_stream *, bool on, uint32_t initial_delay_ms);
const struct rp_address *rp_stream_local_address(const struct rp_stream *);  /* NULL if none */
const struct rp_address *rp_stream_remote_address(const struct rp_stream *); /* NULL if none */
int rp_stream_fd(
    const struct rp_stream *); /* of the bottom socket; -1 if none. Look, don't touch */

/* -- a program's own duplex. The operations are called by the functions above; the rp_stream_push
 * family is how the implementation reports. `arg` is handed back by rp_stream_arg. */
struct rp_stream_ops {
    /* Send bytes; keep a copy of what cannot go at once and count it in `pending`. */
    void (*write)(struct rp_stream *, const uint8_t *bytes, size_t len);
    void (*end)(struct rp_stream *);             /* after the last write; then rp_stream_finished */
    void (*read_start)(struct rp_stream *);      /* data may be pushed */
    void (*read_stop)(struct rp_stream *);       /* push no more than what is in hand */
    void (*destroy)(struct rp_stream *);         /* release everything; then rp_stream_close_now */
    void (*free)(struct rp_stream *);            /* the last reference is gone; NULL ok */
    size_t (*pending)(const struct rp_stream *); /* plain bytes taken that have not left */
    bool (*set_no_delay)(struct rp_stream *, bool on); /* NULL ok, as all below */
    bool (*set_keep_alive)(struct rp_stream *, bool on, uint32_t initial_delay_ms);
    const struct rp_address *(*local_address)(const struct rp_stream *);
    const struct rp_address *(*remote_address)(const struct rp_stream *);
    int (*fd)(const struct rp_stream *);
};
struct rp_stream_options {
    uint32_t high_water_mark; /* 0 = RP_DEFAULT_HIGH_WATER_MARK */
    bool allow_half_open;     /* false: the peer's end ends our side too (L6) */
    bool paused;
};
/* A stream of the program's own: `ops` must outlive it, options are read during the call only. One
 * reference is the caller's. NULL: no memory. */
struct rp_stream *rp_stream_new(struct rp_loop *, const struct rp_stream_ops *, void *arg,
                                const struct rp_stream_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* What rp_stream_new was given. */
void *rp_stream_arg(const struct rp_stream *);
void rp_stream_push(struct rp_stream *, const uint8_t *bytes,
                    size_t len);              /* emits data; not when paused */
void rp_stream_push_end(struct rp_stream *);  /* emits end */
void rp_stream_drained(struct rp_stream *);   /* pending became 0 */
void rp_stream_finished(struct rp_stream *);  /* the end has left */
void rp_stream_close_now(struct rp_stream *); /* emits close */

/* Two streams joined in memory: what is written to one arrives at the other, a tick later. When
 * one is destroyed the other sees the end, and may write no more (EPIPE); if bytes were on their
 * way to either, it fails with ECONNRESET instead, as a Unix socket does. A reference of each is
 * the caller's. false: no memory. */
bool rp_stream_pair(struct rp_loop *, const struct rp_stream_options *, struct rp_stream *ends[2],
                    struct rp_error *);

#ifdef __cplusplus
}
#endif

#endif
