/* SPDX-License-Identifier: MIT
 *
 * stream.h - a stream of bytes in both directions: node's stream.Duplex, and what net.Socket and
 * tls.TLSSocket have in common. TCP and Unix sockets (net.h), TLS sockets (socket.h) and a
 * program's own streams (rp_stream_new) are used through these functions. Lifetime: the creator of
 * a stream owns one reference. An open stream stays alive until CLOSE was emitted, so the sockets
 * of a server need no reference. A program that uses a stream after CLOSE takes a reference (D4,
 * D36, section L). */
#ifndef RP_STREAM_H
#define RP_STREAM_H

#include <reprise/event.h>
#include <reprise/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RP_DEFAULT_HIGH_WATER_MARK = 16384 }; /* bytes (L1) */

/* The time limit of a handshake, for servers, clients and wrapped streams (C5). In an option 0
 * means the default, and RP_NO_TIMEOUT no limit. */
enum { RP_DEFAULT_HANDSHAKE_TIMEOUT_MS = 120000 };
#define RP_NO_TIMEOUT UINT32_MAX

/* An option that is true, false or absent in node; zero is "absent", the default. */
enum rp_toggle { RP_DEFAULT, RP_ON, RP_OFF };

/* Take a reference; returns the stream. */
struct rp_stream *rp_stream_ref(struct rp_stream *stream);
/* Give up a reference. NULL is allowed. */
void rp_stream_unref(struct rp_stream *stream);
/* The loop of the stream; borrowed. */
struct rp_loop *rp_stream_loop(const struct rp_stream *stream);

/* -- listening to events (D35) */
/* Add a listener for a type of event, after the existing ones. Returns false if memory runs out, as
 * all functions that add a listener. */
bool rp_stream_on(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Add a listener, after the existing ones, for the next event only. */
bool rp_stream_once(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Add a listener before the existing ones. */
bool rp_stream_prepend(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Add a listener, before the existing ones, for the next event only. */
bool rp_stream_prepend_once(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Add one listener for a set of event types. */
bool rp_stream_listen(struct rp_stream *, rp_event_set, rp_listener *, void *arg);
/* Remove the newest registration of (type, listener, arg). */
void rp_stream_off(struct rp_stream *, enum rp_event_type, rp_listener *, void *arg);
/* Call the listeners of event->type; true if there was one. */
bool rp_stream_emit(struct rp_stream *, struct rp_event *event);

/* -- writing */
/* Write bytes, which are sent or copied before the call returns. Returns true while fewer bytes
 * than the high water mark are queued; after false, wait for DRAIN (L1). Bytes that are written
 * before the connection or the handshake is complete are queued. All writes of one iteration of the
 * loop are sent together at its end. After rp_stream_end the stream emits ERROR with
 * ERR_STREAM_WRITE_AFTER_END; after rp_stream_destroy the write fails with ERR_STREAM_DESTROYED,
 * which only the callback of rp_stream_write_then gets (K6). */
bool rp_stream_write(struct rp_stream *, const void *bytes, size_t len);
/* Called once for a write: `error` is NULL when the bytes were passed to the kernel. Called inside
 * rp_stream_write_then if that fails at once. */
typedef void rp_written(struct rp_stream *stream, const struct rp_error *error, void *arg);
/* Write as rp_stream_write, and call `written` when the bytes were passed to the kernel. */
bool rp_stream_write_then(struct rp_stream *, const void *bytes, size_t len, rp_written *written,
                          void *arg);
/* End this side: queued bytes are sent, then the end (FIN, in TLS close_notify before it), then
 * FINISH is emitted (L5). */
void rp_stream_end(struct rp_stream *);
/* Queue what is written until rp_stream_uncork or rp_stream_end. Calls nest. */
void rp_stream_cork(struct rp_stream *);
/* Undo one rp_stream_cork; the last one sends what was queued. */
void rp_stream_uncork(struct rp_stream *);

/* -- reading. A stream emits DATA from the start, unless it was created paused. */
/* Stop emitting DATA, and stop reading from the transport (L9). END, or ERROR, is still emitted
 * when nothing before it is unread; to find out, a TLS socket reads one record ahead. */
void rp_stream_pause(struct rp_stream *);
/* Emit DATA again. */
void rp_stream_resume(struct rp_stream *);
/* Whether the stream is paused, by the program or by a pipe whose destination is full. */
bool rp_stream_is_paused(const struct rp_stream *);
/* Write everything that `from` reads to `to`, as fast as `to` accepts it. The end of `from` ends
 * `to` unless keep_open is true. The pipe ends when one of the streams closes, which does not close
 * the other. false, and nothing changes: a stream is destroyed, or `to` is the destination of
 * another pipe. */
bool rp_stream_pipe(struct rp_stream *from, struct rp_stream *to, bool keep_open);
/* Remove the pipe from `from`; both streams stay open. */
void rp_stream_unpipe(struct rp_stream *from);

/* -- closing */
/* Close at once without notifying the peer: queued writes fail; ERROR (if `error` is not NULL) and
 * CLOSE are emitted after this call has returned (L7). */
void rp_stream_destroy(struct rp_stream *, const struct rp_error *error);
/* Destroy the stream when everything queued was sent: node's destroySoon. */
void rp_stream_destroy_soon(struct rp_stream *);
/* Destroy the stream and reset the connection: node's resetAndDestroy. Unsent bytes are lost, and
 * no port stays in TIME_WAIT. The other end emits ERROR with ECONNRESET; so it does for a pair and
 * for TLS over a stream. A Unix socket or a pipe cannot be reset: its peer sees an end. */
void rp_stream_reset_and_destroy(struct rp_stream *);

/* -- state */
/* The number of plain bytes that are queued (L1). */
size_t rp_stream_writable_length(const struct rp_stream *);
/* The number of queued bytes from which on rp_stream_write returns false (L1). */
size_t rp_stream_high_water_mark(const struct rp_stream *);
/* The number of plain bytes read (L2). */
uint64_t rp_stream_bytes_read(const struct rp_stream *);
/* The number of plain bytes written, queued ones included (L2). */
uint64_t rp_stream_bytes_written(const struct rp_stream *);
/* Whether the stream is still connecting; writes are queued then. */
bool rp_stream_connecting(const struct rp_stream *);
/* Whether the stream is destroyed: it can neither be read nor written. */
bool rp_stream_destroyed(const struct rp_stream *);
/* Whether CLOSE was emitted. */
bool rp_stream_closed(const struct rp_stream *);
/* Whether the peer can still send: END was not emitted yet. */
bool rp_stream_readable(const struct rp_stream *);
/* Whether the program can still write: rp_stream_end was not called yet. */
bool rp_stream_writable(const struct rp_stream *);

/* -- settings of the underlying TCP or Unix socket (L8). The two that return bool return false if
 * there is no such socket, or if the kernel refused. */
/* Emit TIMEOUT when the stream is idle for `ms` milliseconds; 0 = never. */
void rp_stream_set_timeout(struct rp_stream *, uint32_t ms);
/* Set TCP_NODELAY, now or once the socket is connected. */
bool rp_stream_set_no_delay(struct rp_stream *, bool on);
/* Set SO_KEEPALIVE. initial_delay_ms is the time to the first probe, in whole seconds; 0 = the
 * kernel's default. */
bool rp_stream_set_keep_alive(struct rp_stream *, bool on, uint32_t initial_delay_ms);
/* The local address; borrowed, NULL if unknown. */
const struct rp_address *rp_stream_local_address(const struct rp_stream *);
/* The peer's address; borrowed, NULL if unknown. */
const struct rp_address *rp_stream_remote_address(const struct rp_stream *);
/* The descriptor of the underlying socket, -1 if there is none. It may be inspected, but not read,
 * written, changed or closed. */
int rp_stream_fd(const struct rp_stream *);

/* -- a program's own stream. The functions above call these operations; the implementation reports
 * with rp_stream_push and the functions after it. */
struct rp_stream_ops {
    /* Send bytes; copy what cannot be sent at once, and count it in `pending`. */
    void (*write)(struct rp_stream *, const uint8_t *bytes, size_t len);
    void (*end)(struct rp_stream *); /* end after the last write; then call rp_stream_finished */
    void (*read_start)(struct rp_stream *);      /* rp_stream_push is allowed */
    void (*read_stop)(struct rp_stream *);       /* push only what was read already */
    void (*destroy)(struct rp_stream *);         /* close; then call rp_stream_close_now */
    void (*free)(struct rp_stream *);            /* the last reference was given up; may be NULL */
    size_t (*pending)(const struct rp_stream *); /* plain bytes that `write` got and are not sent */
    /* The operations below may be NULL. */
    bool (*set_no_delay)(struct rp_stream *, bool on);
    bool (*set_keep_alive)(struct rp_stream *, bool on, uint32_t initial_delay_ms);
    const struct rp_address *(*local_address)(const struct rp_stream *);
    const struct rp_address *(*remote_address)(const struct rp_stream *);
    int (*fd)(const struct rp_stream *);
    /* `destroy` follows and has to be an error at the other end (ECONNRESET), never a clean end.
     * NULL: SO_LINGER is set on `fd`. */
    void (*reset)(struct rp_stream *);
};
struct rp_stream_options {
    uint32_t high_water_mark; /* bytes; 0 = RP_DEFAULT_HIGH_WATER_MARK (L1) */
    bool allow_half_open;     /* false: the peer's end ends this side, too (L6) */
    bool paused;              /* start paused */
};
/* Create a stream of the program's own. `ops` must stay valid as long as the stream. The stream is
 * the caller's. NULL on failure: ENOMEM. */
struct rp_stream *rp_stream_new(struct rp_loop *, const struct rp_stream_ops *, void *arg,
                                const struct rp_stream_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* The `arg` of rp_stream_new. */
void *rp_stream_arg(const struct rp_stream *);
/* Report bytes that arrived: emits DATA. After read_stop only bytes that were read already. */
void rp_stream_push(struct rp_stream *, const uint8_t *bytes, size_t len);
/* Report the peer's end: emits END. */
void rp_stream_push_end(struct rp_stream *);
/* Report that `pending` has become 0. */
void rp_stream_drained(struct rp_stream *);
/* Report that this side's end was sent: emits FINISH. */
void rp_stream_finished(struct rp_stream *);
/* Report that the stream is closed: emits CLOSE. */
void rp_stream_close_now(struct rp_stream *);

/* Create two streams that are connected in memory: what is written to one arrives at the other, in
 * the next iteration of the loop. When one is destroyed, the other emits END, and writing to it
 * fails with EPIPE; if bytes were still on their way to either, or it was destroyed by
 * rp_stream_reset_and_destroy, it fails with ECONNRESET instead. Both are the caller's. false on
 * failure: ENOMEM. */
bool rp_stream_pair(struct rp_loop *, const struct rp_stream_options *, struct rp_stream *ends[2],
                    struct rp_error *);

/* Create a stream over an open descriptor: a pipe, a FIFO, a terminal, a regular file, a device or
 * a connected stream socket, such as the standard input. node: `new net.Socket({fd})`,
 * process.stdin.
 *
 * Directions: a descriptor that was opened for reading only is not writable, and the stream closes
 * after END; one that was opened for writing only is not readable, and the stream closes after
 * FINISH. One that was opened for both (a terminal, even as the standard input) also needs an
 * rp_stream_end after END if allow_half_open is set. Pipes and terminals cannot end one direction
 * alone: their peer sees the end when the stream closes. A FIFO without a writer emits END only
 * after one has come and left. When the last slave of a pseudo-terminal is closed (EIO), its master
 * emits END.
 *
 * Ownership: the stream owns the descriptor and closes it, on failure, too. The numbers 0, 1 and 2
 * are opened for /dev/null instead, so that no other file gets them; give a dup() to keep the
 * original. O_NONBLOCK, which all processes share that inherited the open file, is set where it is
 * off, except on sockets; it is turned off again when the stream is destroyed, so destroy the
 * stream before the program exits. Regular files are read and written at their current offset and
 * may wait for the disk. SIGPIPE is never raised: a pipe without a reader is the error EPIPE.
 *
 * The stream is the caller's. NULL on failure: EBADF (the descriptor is not open, or neither for
 * reading nor for writing), EISDIR (a directory), ERR_INVALID_FD_TYPE (no stream of bytes: a
 * datagram socket, epoll, eventfd, ...), ENOMEM. */
struct rp_stream *rp_stream_from_fd(struct rp_loop *, int fd, const struct rp_stream_options *,
                                    struct rp_error *) __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif
