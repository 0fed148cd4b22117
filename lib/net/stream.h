/* SPDX-License-Identifier: MIT
 *
 * stream.h - the inside of struct rp_stream, for those who embed one as their first member.
 * The base does what all streams share: events, high water mark and drain, write callbacks, end
 * and half-open, timeouts, pipe, the order of the last events, lifetime. An implementation does
 * the transport, behind struct rp_stream_ops.
 * The danger: every event handler may destroy the stream. The base holds a reference around each
 * emission; implementations re-check `destroyed` after each rp_stream_push. */
#ifndef RP_NET_STREAM_H
#define RP_NET_STREAM_H

#include "lib/base/emitter.h"
#include "lib/net/queue.h"
#include "lib/net/timeouts.h"
#include <reprise/stream.h>

struct rp_write_note; /* a write callback waiting for its bytes to leave */

struct rp_stream {
    const struct rp_stream_ops *ops;
    struct rp_loop *loop;
    void *arg;
    struct rp_emitter events;
    struct rp_stream *sink;   /* pipe: where its data goes */
    struct rp_stream *source; /* pipe: who writes here; resumed by drain */
    struct rp_write_note *notes, *last_note;
    struct rp_queue corked_bytes;
    struct rp_next_tick tick; /* delayed error and close */
    struct rp_error *reason;  /* what it was destroyed with, until emitted */
    struct rp_timeout idle;
    uint64_t bytes_read, bytes_written;
    uint32_t high_water_mark, idle_ms;
    uint32_t refs;
    uint16_t corked;
    bool allow_half_open, connecting, paused, want_drain, keep_sink_open, open;
    bool resumes_itself; /* carries a TLS socket, which pauses it only while data is unread */
    bool read_ended, end_emitted, ending, finished, destroying_soon, destroyed, had_error, closed;
};

/* Initialise an embedded stream with one reference. ops->free frees the whole object. */
void rp_stream_init(struct rp_stream *, struct rp_loop *, const struct rp_stream_ops *, void *arg,
                    const struct rp_stream_options *);
/* Undo rp_stream_init of an object that was never handed out. */
void rp_stream_discard(struct rp_stream *);
/* Some of what was written has left: run the write callbacks that are due. */
void rp_stream_progress(struct rp_stream *);
/* The transport is connected: `connect` and `ready`. */
void rp_stream_connected(struct rp_stream *);
/* When it is destroyed, the other end shall see a reset and no end. */
void rp_stream_reset_on_close(struct rp_stream *);
/* Something moved: restart the idle timeout. */
void rp_stream_touch(struct rp_stream *);
/* Note both ends of a connection in an error. */
void rp_stream_note_addresses(const struct rp_stream *, struct rp_error *);
/* Emit without building the event by hand. */
bool rp_stream_emit_plain(struct rp_stream *, enum rp_event_type);

#endif
