/* SPDX-License-Identifier: MIT
 *
 * pipe.h - two streams in memory, joined: what is written at one end arrives at the other, in
 * pieces of a size the test chooses, a tick later. */
#ifndef PIPE_H
#define PIPE_H

#include "lib/net/stream.h"

#include <stdlib.h>
#include <string.h>

struct pipe_end {
    struct rp_stream *stream;
    struct pipe_end *peer; /* NULL: gone */
    struct rp_next_tick tick;
    struct rp_queue inbox;
    size_t piece; /* 0 = all at once */
    bool reading, ended, end_told, finish_due;
    unsigned *moves; /* counts what happens, to know when nothing does */
};

static void pipe_wake(struct pipe_end *p)
{
    ++*p->moves;
    rp_next_tick(p->stream->loop, &p->tick);
}

static void pipe_fire(struct rp_next_tick *tick)
{
    struct pipe_end *p = tick->arg;
    struct rp_stream *s = rp_stream_ref(p->stream);
    const uint8_t *bytes;
    size_t len;

    if (p->finish_due) {
        p->finish_due = false;
        rp_stream_finished(s);
    }
    if (!s->destroyed && p->reading && (bytes = rp_queue_peek(&p->inbox, &len)) != NULL) {
        uint8_t copy[RP_CHUNK_SIZE];

        len = p->piece != 0 && p->piece < len ? p->piece : len;
        memcpy(copy, bytes, len);
        rp_queue_consume(&p->inbox, s->loop, len);
        pipe_wake(p);
        rp_stream_push(s, copy, len);
    } else if (!s->destroyed && p->reading && p->ended && !p->end_told) {
        p->end_told = true;
        rp_stream_push_end(s);
    }
    rp_stream_unref(s);
}

static void pipe_write(struct rp_stream *s, const uint8_t *bytes, size_t len)
{
    struct pipe_end *p = rp_stream_arg(s);
    struct rp_error error;

    if (p->peer == NULL)
        return;
    if (rp_queue_append(&p->peer->inbox, s->loop, bytes, len)) {
        pipe_wake(p->peer);
    } else {
        rp_error_set(&error, "ENOMEM", "the pipe is full");
        rp_stream_destroy(s, &error);
    }
}

static void pipe_end_peer(struct pipe_end *p)
{
    if (p->peer == NULL)
        return;
    p->peer->ended = true;
    pipe_wake(p->peer);
}

static void pipe_end(struct rp_stream *s)
{
    struct pipe_end *p = rp_stream_arg(s);

    pipe_end_peer(p);
    p->finish_due = true;
    pipe_wake(p);
}

static void pipe_read_start(struct rp_stream *s)
{
    struct pipe_end *p = rp_stream_arg(s);

    p->reading = true;
    pipe_wake(p);
}

static void pipe_read_stop(struct rp_stream *s)
{
    ((struct pipe_end *)rp_stream_arg(s))->reading = false;
}

static void pipe_destroy(struct rp_stream *s)
{
    struct pipe_end *p = rp_stream_arg(s);

    pipe_end_peer(p);
    if (p->peer != NULL)
        p->peer->peer = NULL; /* what it writes from now on is lost */
    p->peer = NULL;
    rp_next_tick_cancel(&p->tick);
    rp_queue_clear(&p->inbox, s->loop);
    ++*p->moves;
    rp_stream_close_now(s);
}

static size_t pipe_pending(const struct rp_stream *s)
{
    (void)s;
    return 0;
}

static void pipe_free(struct rp_stream *s)
{
    struct pipe_end *p = rp_stream_arg(s);

    if (p->peer != NULL)
        p->peer->peer = NULL;
    free(p);
    free(s);
}

static const struct rp_stream_ops pipe_ops = {
    .write = pipe_write,
    .end = pipe_end,
    .read_start = pipe_read_start,
    .read_stop = pipe_read_stop,
    .destroy = pipe_destroy,
    .free = pipe_free,
    .pending = pipe_pending,
};

static struct pipe_end *pipe_new_end(struct rp_loop *loop, size_t piece, unsigned *moves)
{
    struct pipe_end *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->stream = rp_stream_new(loop, &pipe_ops, p, NULL, NULL);
    if (p->stream == NULL) {
        free(p);
        return NULL;
    }
    p->tick.fire = pipe_fire;
    p->tick.arg = p;
    p->piece = piece;
    p->moves = moves;
    p->reading = true;
    return p;
}

/* Two joined streams, each with the caller's reference. false: no memory. */
static inline bool pipe_new(struct rp_loop *loop, size_t piece, unsigned *moves,
                            struct rp_stream *ends[2])
{
    struct pipe_end *a = pipe_new_end(loop, piece, moves),
                    *b = a != NULL ? pipe_new_end(loop, piece, moves) : NULL;

    if (b == NULL) {
        if (a != NULL) {
            rp_stream_destroy(a->stream, NULL);
            rp_stream_unref(a->stream);
        }
        return false;
    }
    a->peer = b;
    b->peer = a;
    ends[0] = a->stream;
    ends[1] = b->stream;
    return true;
}

#endif
