/* SPDX-License-Identifier: MIT
 *
 * stream.c - what all streams share; see stream.h. The transport is behind struct rp_stream_ops.
 * The danger: any event may destroy the stream; each function that emits holds a reference and
 * looks again at `destroyed` afterwards. */
#include "lib/base/args.h"
#include "lib/net/fd.h"
#include "lib/net/stream.h"

#include <stdlib.h>
#include <string.h>

#include <reprise/net.h>

struct rp_write_note {
    struct rp_write_note *next;
    uint64_t position; /* of bytes_written: called when all before it has left */
    rp_written *written;
    void *arg;
};

/* -- lifetime */

static void on_idle(struct rp_timeout *t);
static void on_tick(struct rp_next_tick *tick);
static void on_forget(struct rp_next_tick *tick);

void rp_stream_init(struct rp_stream *s, struct rp_loop *loop, const struct rp_stream_ops *ops,
                    void *arg, const struct rp_stream_options *options)
{
    static const struct rp_stream_options defaults = {0};

    if (options == NULL)
        options = &defaults;
    *s = (struct rp_stream){.ops = ops, .loop = loop, .arg = arg, .refs = 2, .open = true};
    rp_emitter_init(&s->events);
    s->high_water_mark =
        options->high_water_mark != 0 ? options->high_water_mark : RP_DEFAULT_HIGH_WATER_MARK;
    s->allow_half_open = options->allow_half_open;
    s->paused = options->paused;
    s->tick.fire = on_tick;
    s->tick.forget = on_forget;
    s->tick.arg = s;
    s->idle.fire = on_idle;
}

static void release(struct rp_stream *s)
{
    rp_timeout_stop(&s->idle);
    rp_next_tick_cancel(&s->tick);
    rp_queue_clear(&s->corked_bytes, s->loop);
    rp_emitter_clear(&s->events);
    free(s->reason);
}

void rp_stream_discard(struct rp_stream *s)
{
    release(s);
    if (s->ops->free != NULL)
        s->ops->free(s);
}

struct rp_stream *rp_stream_ref(struct rp_stream *s)
{
    if (s == NULL)
        return NULL;
    s->refs++;
    return s;
}

void rp_stream_unref(struct rp_stream *s)
{
    if (s == NULL || --s->refs > 0)
        return;
    rp_stream_discard(s);
}

static void user_free(struct rp_stream *s)
{
    free(s);
}

struct rp_stream *rp_stream_new(struct rp_loop *loop, const struct rp_stream_ops *ops, void *arg,
                                const struct rp_stream_options *options, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(ops, "ops", err))
        return NULL;
    /* The copy makes room for a free of ours after the implementation's. */
    struct own {
        struct rp_stream stream;
        struct rp_stream_ops ops;
    } *own = calloc(1, sizeof *own);

    if (own == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a stream");
        return NULL;
    }
    own->ops = *ops;
    rp_stream_init(&own->stream, loop, &own->ops, arg, options);
    if (ops->free == NULL)
        own->ops.free = user_free;
    return &own->stream;
}

struct rp_loop *rp_stream_loop(const struct rp_stream *s)
{
    return s != NULL ? s->loop : NULL;
}

void *rp_stream_arg(const struct rp_stream *s)
{
    return s != NULL ? s->arg : NULL;
}

/* -- events */

bool rp_stream_emit(struct rp_stream *s, struct rp_event *event)
{
    bool heard;

    if (s == NULL || event == NULL)
        return false;
    event->target = s;
    if (!rp_emitter_heard(&s->events, event->type))
        return false;
    rp_stream_ref(s);
    heard = rp_emitter_emit(&s->events, event);
    rp_stream_unref(s);
    return heard;
}

bool rp_stream_emit_plain(struct rp_stream *s, enum rp_event_type type)
{
    return rp_stream_emit(s, &(struct rp_event){.type = type});
}

bool rp_stream_on(struct rp_stream *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, false, false);
}

bool rp_stream_once(struct rp_stream *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, true, false);
}

bool rp_stream_prepend(struct rp_stream *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, false, true);
}

bool rp_stream_prepend_once(struct rp_stream *s, enum rp_event_type type, rp_listener *fn,
                            void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, true, true);
}

bool rp_stream_listen(struct rp_stream *s, rp_event_set types, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL && rp_emitter_add(&s->events, types, fn, arg, false, false);
}

void rp_stream_off(struct rp_stream *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    if (s != NULL)
        rp_emitter_remove(&s->events, type, fn, arg);
}

/* -- idle timeout */

static void on_idle(struct rp_timeout *t)
{
    struct rp_stream *s = (struct rp_stream *)((char *)t - offsetof(struct rp_stream, idle));

    rp_stream_emit_plain(s, RP_EV_TIMEOUT);
}

void rp_stream_touch(struct rp_stream *s)
{
    if (s->idle_ms != 0 && !s->destroyed)
        rp_timeout_start(s->loop, &s->idle, s->idle_ms);
}

void rp_stream_set_timeout(struct rp_stream *s, uint32_t ms)
{
    if (s == NULL)
        return;
    s->idle_ms = ms;
    if (ms == 0)
        rp_timeout_stop(&s->idle);
    else
        rp_stream_touch(s);
}

/* -- writing */

static size_t pending(const struct rp_stream *s)
{
    return s->destroyed ? 0 : s->ops->pending(s) + s->corked_bytes.len;
}

static void run_notes(struct rp_stream *s, uint64_t left, const struct rp_error *error)
{
    while (s->notes != NULL && (error != NULL || s->notes->position <= left)) {
        struct rp_write_note *note = s->notes;

        s->notes = note->next;
        if (s->notes == NULL)
            s->last_note = NULL;
        note->written(s, error, note->arg);
        free(note);
    }
}

static void write_refused(struct rp_stream *s, rp_written *written, void *arg)
{
    struct rp_error error;

    if (s->destroyed)
        rp_error_set(&error, "ERR_STREAM_DESTROYED",
                     "Cannot call write after a stream was destroyed");
    else if (!s->ending)
        rp_error_set(&error, "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
    else
        rp_error_set(&error, "ERR_STREAM_WRITE_AFTER_END", "write after end");
    rp_stream_ref(s); /* of one that has closed the callback may have the last */
    if (written != NULL)
        written(s, &error, arg);
    if (!s->destroyed)
        rp_stream_destroy(s, &error);
    rp_stream_unref(s);
}

static void out_of_memory(struct rp_stream *s)
{
    struct rp_error error;

    rp_error_set(&error, "ENOMEM", "no memory to write");
    rp_stream_destroy(s, &error);
}

static void write_or_cork(struct rp_stream *s, const void *bytes, size_t len)
{
    if (s->corked == 0)
        s->ops->write(s, bytes, len);
    else if (!rp_queue_append(&s->corked_bytes, s->loop, bytes, len))
        out_of_memory(s);
}

bool rp_stream_write_then(struct rp_stream *s, const void *bytes, size_t len, rp_written *written,
                          void *arg)
{
    if (s == NULL)
        return false;
    if (s->destroyed || s->ending || (bytes == NULL && len > 0)) {
        write_refused(s, written, arg);
        return false;
    }
    s->bytes_written += len;
    if (written != NULL) {
        struct rp_write_note *note = malloc(sizeof *note);

        if (note == NULL) {
            out_of_memory(s);
            return false;
        }
        *note = (struct rp_write_note){NULL, s->bytes_written, written, arg};
        if (s->last_note != NULL)
            s->last_note->next = note;
        else
            s->notes = note;
        s->last_note = note;
    }
    rp_stream_touch(s);
    write_or_cork(s, bytes, len);
    if (pending(s) < s->high_water_mark)
        return !s->destroyed;
    s->want_drain = true;
    return false;
}

bool rp_stream_write(struct rp_stream *s, const void *bytes, size_t len)
{
    return s != NULL && rp_stream_write_then(s, bytes, len, NULL, NULL);
}

static void uncork_all(struct rp_stream *s)
{
    size_t len;
    const uint8_t *bytes;

    s->corked = 0;
    while (!s->destroyed && (bytes = rp_queue_peek(&s->corked_bytes, &len)) != NULL) {
        s->ops->write(s, bytes, len);
        if (!s->destroyed)
            rp_queue_consume(&s->corked_bytes, s->loop, len);
    }
}

void rp_stream_cork(struct rp_stream *s)
{
    if (s != NULL)
        s->corked++;
}

void rp_stream_uncork(struct rp_stream *s)
{
    if (s == NULL)
        return;
    if (s->corked == 0 || --s->corked > 0)
        return;
    rp_stream_ref(s);
    uncork_all(s);
    rp_stream_unref(s);
}

void rp_stream_end(struct rp_stream *s)
{
    if (s == NULL)
        return;
    if (s->ending || s->destroyed)
        return;
    rp_stream_ref(s);
    uncork_all(s);
    s->ending = true;
    if (!s->destroyed)
        s->ops->end(s);
    rp_stream_unref(s);
}

void rp_stream_progress(struct rp_stream *s)
{
    if (s->notes == NULL)
        return;
    rp_stream_ref(s);
    run_notes(s, s->bytes_written - pending(s), NULL);
    rp_stream_unref(s);
}

void rp_stream_drained(struct rp_stream *s)
{
    if (s == NULL)
        return;
    rp_stream_ref(s);
    rp_stream_touch(s);
    rp_stream_progress(s);
    if (s->want_drain && !s->destroyed && pending(s) < s->high_water_mark) {
        s->want_drain = false;
        if (s->source != NULL)
            rp_stream_resume(s->source);
        rp_stream_emit_plain(s, RP_EV_DRAIN);
    }
    rp_stream_unref(s);
}

/* Both sides have ended: nothing is left to do but close (node's autoDestroy). */
static void maybe_close(struct rp_stream *s)
{
    if (!s->destroyed && s->finished && (s->end_emitted || s->destroying_soon))
        rp_stream_destroy(s, NULL);
}

void rp_stream_finished(struct rp_stream *s)
{
    if (s == NULL)
        return;
    if (s->finished || s->destroyed)
        return;
    rp_stream_ref(s);
    s->finished = true;
    run_notes(s, s->bytes_written, NULL);
    rp_stream_emit_plain(s, RP_EV_FINISH);
    maybe_close(s);
    rp_stream_unref(s);
}

/* -- reading */

void rp_stream_pause(struct rp_stream *s)
{
    if (s == NULL)
        return;
    if (s->paused)
        return;
    s->paused = true;
    if (!s->destroyed)
        s->ops->read_stop(s);
}

void rp_stream_resume(struct rp_stream *s)
{
    if (s == NULL)
        return;
    if (!s->paused)
        return;
    s->paused = false;
    if (!s->destroyed)
        s->ops->read_start(s);
}

bool rp_stream_is_paused(const struct rp_stream *s)
{
    return s != NULL && s->paused;
}

void rp_stream_push(struct rp_stream *s, const uint8_t *bytes, size_t len)
{
    if (s == NULL)
        return;
    struct rp_stream *sink = s->sink;

    if (s->destroyed || s->read_ended || (bytes == NULL && len > 0))
        return;
    rp_stream_ref(s);
    s->bytes_read += len;
    rp_stream_touch(s);
    if (sink != NULL && !rp_stream_write(sink, bytes, len) && s->sink == sink)
        rp_stream_pause(s);
    if (rp_emitter_heard(&s->events, RP_EV_DATA))
        rp_stream_emit(s, &(struct rp_event){.type = RP_EV_DATA, .data = {bytes, len}});
    rp_stream_unref(s);
}

void rp_stream_push_end(struct rp_stream *s)
{
    if (s == NULL)
        return;
    if (s->destroyed || s->read_ended)
        return;
    rp_stream_ref(s);
    s->read_ended = true;
    s->end_emitted = true;
    rp_stream_touch(s);
    if (s->sink != NULL && !s->keep_sink_open)
        rp_stream_end(s->sink);
    rp_stream_unpipe(s);
    rp_stream_emit_plain(s, RP_EV_END);
    if (!s->allow_half_open)
        rp_stream_end(s);
    maybe_close(s);
    rp_stream_unref(s);
}

bool rp_stream_pipe(struct rp_stream *from, struct rp_stream *to, bool keep_open)
{
    if (from == NULL || to == NULL)
        return false;
    if (from->destroyed || to->destroyed || to->source != NULL)
        return false;
    rp_stream_unpipe(from);
    from->sink = to;
    from->keep_sink_open = keep_open;
    to->source = from;
    if (from->end_emitted) {
        if (!keep_open)
            rp_stream_end(to);
        rp_stream_unpipe(from);
    } else {
        rp_stream_resume(from);
    }
    return true;
}

void rp_stream_unpipe(struct rp_stream *from)
{
    if (from == NULL)
        return;
    if (from->sink == NULL)
        return;
    from->sink->source = NULL;
    from->sink = NULL;
    if (from->paused && !from->destroyed) /* nobody resumes it now: an end is told all the same */
        from->ops->read_stop(from);
}

void rp_stream_connected(struct rp_stream *s)
{
    rp_stream_ref(s);
    s->connecting = false;
    rp_stream_touch(s);
    rp_stream_emit_plain(s, RP_EV_CONNECT);
    if (!s->destroyed)
        rp_stream_emit_plain(s, RP_EV_READY);
    rp_stream_unref(s);
}

/* -- ending */

static void fail_notes(struct rp_stream *s, const struct rp_error *reason)
{
    struct rp_error error;

    if (s->notes == NULL)
        return;
    if (reason == NULL) {
        rp_error_set(&error, "ERR_STREAM_DESTROYED",
                     "the stream was destroyed before this was sent");
        reason = &error;
    }
    run_notes(s, 0, reason);
}

void rp_stream_destroy(struct rp_stream *s, const struct rp_error *error)
{
    if (s == NULL)
        return;
    if (s->destroyed)
        return;
    rp_stream_ref(s);
    s->destroyed = true;
    s->had_error = error != NULL;
    if (error != NULL && (s->reason = malloc(sizeof *s->reason)) != NULL)
        *s->reason = *error;
    rp_timeout_stop(&s->idle);
    rp_queue_clear(&s->corked_bytes, s->loop);
    rp_stream_unpipe(s);
    if (s->source != NULL)
        rp_stream_unpipe(s->source);
    s->ops->destroy(s);
    fail_notes(s, error);
    rp_stream_unref(s);
}

void rp_stream_destroy_soon(struct rp_stream *s)
{
    if (s == NULL)
        return;
    s->destroying_soon = true;
    rp_stream_end(s);
    maybe_close(s);
}

void rp_stream_reset_on_close(struct rp_stream *s)
{
    int fd = rp_stream_fd(s);

    if (s->ops->reset != NULL)
        s->ops->reset(s);
    else if (fd >= 0)
        rp_fd_reset_on_close(fd);
}

void rp_stream_reset_and_destroy(struct rp_stream *s)
{
    if (s == NULL || s->destroyed)
        return;
    rp_stream_reset_on_close(s);
    rp_stream_destroy(s, NULL);
}

void rp_stream_close_now(struct rp_stream *s)
{
    if (s != NULL)
        rp_next_tick(s->loop, &s->tick);
}

static void let_go(struct rp_stream *s)
{
    if (s->open) {
        s->open = false;
        rp_stream_unref(s);
    }
}

static void on_forget(struct rp_next_tick *tick)
{
    struct rp_stream *s = tick->arg;

    s->closed = true;
    let_go(s);
}

static void on_tick(struct rp_next_tick *tick)
{
    struct rp_stream *s = tick->arg;
    struct rp_event event = {.type = RP_EV_ERROR};
    struct rp_error unknown;

    if (s->closed)
        return;
    if (s->had_error) {
        rp_error_set(&unknown, "ENOMEM", "the stream failed; no memory for the reason");
        event.error.error = s->reason != NULL ? s->reason : &unknown;
        rp_stream_emit(s, &event);
    }
    s->closed = true;
    event = (struct rp_event){.type = RP_EV_CLOSE, .close = {s->had_error}};
    rp_stream_emit(s, &event);
    let_go(s);
}

/* -- state */

size_t rp_stream_writable_length(const struct rp_stream *s)
{
    return s != NULL ? pending(s) : 0;
}

size_t rp_stream_high_water_mark(const struct rp_stream *s)
{
    return s != NULL ? s->high_water_mark : 0;
}

uint64_t rp_stream_bytes_read(const struct rp_stream *s)
{
    return s != NULL ? s->bytes_read : 0;
}

uint64_t rp_stream_bytes_written(const struct rp_stream *s)
{
    return s != NULL ? s->bytes_written : 0;
}

bool rp_stream_connecting(const struct rp_stream *s)
{
    return s != NULL && s->connecting;
}

bool rp_stream_destroyed(const struct rp_stream *s)
{
    return s != NULL && s->destroyed;
}

bool rp_stream_closed(const struct rp_stream *s)
{
    return s != NULL && s->closed;
}

bool rp_stream_readable(const struct rp_stream *s)
{
    return s != NULL && !s->destroyed && !s->end_emitted;
}

bool rp_stream_writable(const struct rp_stream *s)
{
    return s != NULL && !s->destroyed && !s->ending;
}

/* -- the socket at the bottom */

bool rp_stream_set_no_delay(struct rp_stream *s, bool on)
{
    return s != NULL && !s->destroyed && s->ops->set_no_delay != NULL &&
           s->ops->set_no_delay(s, on);
}

bool rp_stream_set_keep_alive(struct rp_stream *s, bool on, uint32_t initial_delay_ms)
{
    if (s == NULL)
        return false;
    return !s->destroyed && s->ops->set_keep_alive != NULL &&
           s->ops->set_keep_alive(s, on, initial_delay_ms);
}

const struct rp_address *rp_stream_local_address(const struct rp_stream *s)
{
    if (s == NULL)
        return NULL;
    return s->ops->local_address != NULL ? s->ops->local_address(s) : NULL;
}

const struct rp_address *rp_stream_remote_address(const struct rp_stream *s)
{
    if (s == NULL)
        return NULL;
    return s->ops->remote_address != NULL ? s->ops->remote_address(s) : NULL;
}

static void note_address(const struct rp_address *address, char text[RP_ADDRESS_TEXT])
{
    if (address != NULL)
        rp_address_format(address, text);
}

void rp_stream_note_addresses(const struct rp_stream *s, struct rp_error *error)
{
    _Static_assert(sizeof error->remote == RP_ADDRESS_TEXT, "there is room for an address");
    note_address(rp_stream_remote_address(s), error->remote);
    note_address(rp_stream_local_address(s), error->local);
}

int rp_stream_fd(const struct rp_stream *s)
{
    if (s == NULL)
        return -1;
    return s->ops->fd != NULL ? s->ops->fd(s) : -1;
}
