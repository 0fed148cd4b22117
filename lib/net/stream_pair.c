/* SPDX-License-Identifier: MIT
 *
 * stream_pair.c - two streams joined in memory: one end reads what the other writes. Each end owns
 * the bytes on the way to the other, and delivers them in its own tick, so that no listener runs
 * inside a write. The danger: each delivery may destroy either end; both are referenced meanwhile,
 * and `peer` is read again after each call. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/args.h"
#include "lib/net/stream.h"

enum { PIECE = 16384 };

struct end {
    struct rp_stream stream; /* must be first */
    struct end *peer;        /* NULL: destroyed */
    struct rp_queue out;     /* on the way to the peer */
    struct rp_next_tick tick;
    bool resets; /* our end is reported to the peer as an error */
    bool reset;  /* the peer has reset, or was destroyed before all bytes arrived: report an error,
                    not an end */
};

static struct end *end_of(const struct rp_stream *stream)
{
    return (struct end *)(uintptr_t)stream;
}

/* -- in a tick */

static bool peer_takes(const struct end *e)
{
    return e->out.len > 0 && e->peer != NULL && !e->peer->stream.paused;
}

/* Copy each piece before delivering it, since a listener may empty the queue. */
static void deliver(struct end *e)
{
    uint8_t piece[PIECE];

    while (peer_takes(e)) {
        size_t len;
        const uint8_t *bytes = rp_queue_peek(&e->out, &len);

        len = len < sizeof piece ? len : sizeof piece;
        memcpy(piece, bytes, len);
        rp_queue_consume(&e->out, e->stream.loop, len);
        rp_stream_push(&e->peer->stream, piece, len);
    }
}

static void deliver_end(struct end *e)
{
    rp_stream_finished(&e->stream);
    if (e->peer != NULL) /* paused or not: all data was read */
        rp_stream_push_end(&e->peer->stream);
}

static void peer_is_gone(struct end *e)
{
    struct rp_error error;

    if (e->reset) {
        rp_error_set(&error, "ECONNRESET",
                     "the other end was reset, or destroyed before all had arrived");
        rp_stream_destroy(&e->stream, &error);
    } else {
        rp_stream_push_end(&e->stream);
    }
}

static void on_tick(struct rp_next_tick *tick)
{
    struct end *e = tick->arg, *peer = e->peer;

    rp_stream_ref(&e->stream);
    if (peer != NULL)
        rp_stream_ref(&peer->stream);
    deliver(e);
    if (!e->stream.destroyed && e->out.len == 0) {
        rp_stream_drained(&e->stream);
        if (e->stream.ending && !e->stream.destroyed && e->out.len == 0)
            deliver_end(e);
    }
    if (peer == NULL)
        peer_is_gone(e);
    if (peer != NULL)
        rp_stream_unref(&peer->stream);
    rp_stream_unref(&e->stream);
}

/* -- called by the program */

static void end_write(struct rp_stream *stream, const uint8_t *bytes, size_t len)
{
    struct end *e = end_of(stream);
    struct rp_error error;

    if (e->peer == NULL)
        rp_error_set(&error, "EPIPE", "the other end was destroyed");
    else if (!rp_queue_append(&e->out, stream->loop, bytes, len))
        rp_error_set(&error, "ENOMEM", "no memory to write");
    else {
        rp_next_tick(stream->loop, &e->tick);
        return;
    }
    rp_stream_destroy(stream, &error);
}

static void end_end(struct rp_stream *stream)
{
    rp_next_tick(stream->loop, &end_of(stream)->tick);
}

/* Bytes for this end are in the peer's queue; if the peer was destroyed, this end has recorded
 * it. */
static void end_read_start(struct rp_stream *stream)
{
    struct end *e = end_of(stream);

    rp_next_tick(stream->loop, e->peer != NULL ? &e->peer->tick : &e->tick);
}

static void end_read_stop(struct rp_stream *stream)
{
    (void)stream;
}

static void end_destroy(struct rp_stream *stream)
{
    struct end *e = end_of(stream), *peer = e->peer;
    bool unread = e->out.len > 0 || (peer != NULL && peer->out.len > 0);

    rp_next_tick_cancel(&e->tick);
    rp_queue_clear(&e->out, stream->loop);
    if (peer != NULL) {
        peer->reset = unread || e->resets;
        e->peer = peer->peer = NULL;
        rp_queue_clear(&peer->out, stream->loop);
        rp_next_tick(stream->loop, &peer->tick);
    }
    rp_stream_close_now(stream);
}

static void end_reset(struct rp_stream *stream)
{
    end_of(stream)->resets = true;
}

static size_t end_pending(const struct rp_stream *stream)
{
    return end_of(stream)->out.len;
}

static void end_free(struct rp_stream *stream)
{
    free(end_of(stream));
}

static struct end *end_new(struct rp_loop *loop, const struct rp_stream_options *options)
{
    static const struct rp_stream_ops ops = {
        .write = end_write,
        .end = end_end,
        .read_start = end_read_start,
        .read_stop = end_read_stop,
        .destroy = end_destroy,
        .free = end_free,
        .pending = end_pending,
        .reset = end_reset,
    };
    struct end *e = calloc(1, sizeof *e);

    if (e == NULL)
        return NULL;
    rp_stream_init(&e->stream, loop, &ops, NULL, options);
    e->tick.fire = on_tick;
    e->tick.arg = e;
    return e;
}

bool rp_stream_pair(struct rp_loop *loop, const struct rp_stream_options *options,
                    struct rp_stream *ends[2], struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(ends, "ends", err))
        return false;
    struct end *a = end_new(loop, options), *b = end_new(loop, options);

    if (a == NULL || b == NULL) {
        if (a != NULL)
            rp_stream_discard(&a->stream);
        if (b != NULL)
            rp_stream_discard(&b->stream);
        return rp_error_set(err, "ENOMEM", "no memory for a pair of streams");
    }
    a->peer = b;
    b->peer = a;
    ends[0] = &a->stream;
    ends[1] = &b->stream;
    return true;
}
