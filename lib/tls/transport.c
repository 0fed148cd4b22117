/* SPDX-License-Identifier: MIT
 *
 * transport.c - a wire or a stream below a TLS socket; see transport.h. */
#include "lib/tls/transport.h"
#include "lib/net/fd.h"

#include <stddef.h>

#include "lib/net/net_socket.h"

/* -- over a descriptor */

static struct rp_transport *of_wire(struct rp_wire *w)
{
    return (struct rp_transport *)((char *)w - offsetof(struct rp_transport, wire));
}

static void wire_input(struct rp_wire *w, const uint8_t *bytes, size_t len)
{
    of_wire(w)->ops->input(of_wire(w), bytes, len);
}

static void wire_input_end(struct rp_wire *w)
{
    of_wire(w)->ops->input_end(of_wire(w));
}

static void wire_drained(struct rp_wire *w)
{
    of_wire(w)->ops->drained(of_wire(w));
}

static void wire_shut(struct rp_wire *w)
{
    of_wire(w)->ops->shut(of_wire(w));
}

static void wire_failed(struct rp_wire *w, const struct rp_error *error)
{
    of_wire(w)->ops->failed(of_wire(w), error);
}

void rp_transport_open_fd(struct rp_transport *t, struct rp_loop *loop,
                          const struct rp_transport_ops *ops, int fd)
{
    static const struct rp_wire_ops wire_ops = {
        .input = wire_input,
        .input_end = wire_input_end,
        .drained = wire_drained,
        .shut = wire_shut,
        .failed = wire_failed,
    };

    *t = (struct rp_transport){.ops = ops, .loop = loop};
    rp_wire_open(&t->wire, loop, &wire_ops, fd, RP_WIRE_CONNECTED);
}

/* -- over a stream */

static void carried_finish(struct rp_transport *t)
{
    if (!t->carried.shutting || t->carried.shut_done || t->carried.out.len > 0)
        return;
    t->carried.shut_done = true;
    if (t->carried.close_follows)
        rp_stream_destroy_soon(t->carrier);
    else
        rp_stream_end(t->carrier);
}

static void carried_flush(struct rp_next_tick *tick)
{
    struct rp_transport *t = tick->arg;
    struct rp_queue *out = &t->carried.out;
    bool had = out->len > 0;
    const uint8_t *bytes;
    size_t len;

    if (t->carried.held || t->carried.closed)
        return;
    while (!t->carried.blocked && (bytes = rp_queue_peek(out, &len)) != NULL) {
        t->carried.blocked = !rp_stream_write(t->carrier, bytes, len);
        if (t->carried.closed || t->carrier->destroyed)
            return;
        rp_queue_consume(out, t->loop, len);
    }
    if (out->len > 0 || t->carried.blocked)
        return;
    if (had)
        t->ops->drained(t);
    if (!t->carried.closed)
        carried_finish(t);
}

static void carried_drain(struct rp_transport *t)
{
    t->carried.blocked = false;
    if (t->carried.out.len > 0) {
        rp_transport_flush_later(t);
        return;
    }
    t->ops->drained(t);
    if (!t->carried.closed)
        carried_finish(t);
}

static void on_carrier(const struct rp_event *event, void *arg)
{
    struct rp_transport *t = arg;
    struct rp_event copy = *event;

    switch (event->type) {
    case RP_EV_DATA:
        t->ops->input(t, event->data.bytes, event->data.len);
        break;
    case RP_EV_END:
        t->ops->input_end(t);
        break;
    case RP_EV_DRAIN:
        carried_drain(t);
        break;
    case RP_EV_FINISH:
        t->ops->shut(t);
        break;
    case RP_EV_ERROR:
        t->ops->failed(t, event->error.error);
        break;
    case RP_EV_CLOSE:
        t->carried.closed = true;
        t->ops->closed(t);
        break;
    case RP_EV_READY:
        t->ops->connected(t);
        break;
    default:
        t->ops->event(t, &copy);
    }
}

static const enum rp_event_type carrier_events[] = {RP_EV_DATA,   RP_EV_END,   RP_EV_DRAIN,
                                                    RP_EV_FINISH, RP_EV_ERROR, RP_EV_CLOSE,
                                                    RP_EV_READY,  RP_EV_LOOKUP};

bool rp_transport_open_stream(struct rp_transport *t, const struct rp_transport_ops *ops,
                              struct rp_stream *carrier, struct rp_error *err)
{
    rp_event_set set = 0;

    *t = (struct rp_transport){.ops = ops, .loop = carrier->loop};
    t->carried.flush.fire = carried_flush;
    t->carried.flush.arg = t;
    for (size_t i = 0; i < sizeof carrier_events / sizeof *carrier_events; i++)
        set |= RP_EVENT_BIT(carrier_events[i]);
    if (!rp_stream_readable(carrier) || !rp_stream_writable(carrier))
        return rp_error_set(err, "ERR_STREAM_DESTROYED",
                            "the underlying stream is closed, or one of its directions has ended");
    if (!rp_stream_listen(carrier, set, on_carrier, t))
        return rp_error_set(err, "ENOMEM", "no memory for a TLS socket");
    t->carrier = rp_stream_ref(carrier);
    carrier->resumes_itself = true;
    carrier->allow_half_open = true; /* close_notify is still to be sent after the peer's end */
    rp_stream_pause(carrier);
    return true;
}

static void leave_carrier(struct rp_transport *t)
{
    for (size_t i = 0; i < sizeof carrier_events / sizeof *carrier_events; i++)
        rp_stream_off(t->carrier, carrier_events[i], on_carrier, t);
    t->carrier->resumes_itself = false;
}

/* -- for both */

struct rp_queue *rp_transport_out(struct rp_transport *t)
{
    return t->carrier != NULL ? &t->carried.out : &t->wire.out;
}

void rp_transport_read(struct rp_transport *t, bool on)
{
    if (t->carrier == NULL && on)
        rp_wire_read_start(&t->wire);
    else if (t->carrier == NULL)
        rp_wire_read_stop(&t->wire);
    else if (on)
        rp_stream_resume(t->carrier);
    else
        rp_stream_pause(t->carrier);
}

void rp_transport_read_ahead(struct rp_transport *t, bool ahead)
{
    struct rp_net_socket *n = t->carrier != NULL ? rp_net_socket_of(t->carrier) : NULL;

    if (t->carrier == NULL)
        t->wire.frugal = ahead;
    else if (n != NULL)
        n->wire.frugal = ahead;
}

void rp_transport_read_now(struct rp_transport *t)
{
    if (t->carrier == NULL)
        rp_wire_read_now(&t->wire);
}

void rp_transport_flush_later(struct rp_transport *t)
{
    if (t->carrier == NULL)
        rp_wire_flush_later(&t->wire);
    else if (!t->carried.held && !t->carried.blocked && !t->carried.closed)
        rp_next_tick(t->loop, &t->carried.flush);
}

void rp_transport_hold(struct rp_transport *t, bool held)
{
    if (t->carrier == NULL) {
        rp_wire_hold(&t->wire, held);
        return;
    }
    t->carried.held = held;
    rp_transport_flush_later(t);
}

void rp_transport_shutdown(struct rp_transport *t, bool close_follows)
{
    if (t->carrier == NULL) {
        t->wire.close_follows = close_follows;
        rp_wire_shutdown(&t->wire);
        return;
    }
    t->carried.shutting = true;
    t->carried.close_follows = close_follows;
    rp_transport_flush_later(t);
}

bool rp_transport_can_deliver(struct rp_transport *t)
{
    if (rp_transport_out(t)->len == 0)
        return false;
    if (t->carrier != NULL)
        return !t->carried.held && !t->carrier->destroyed && !t->carrier->ending;
    return !t->wire.held && rp_wire_is_open(&t->wire) && !t->wire.broken && t->wire.send_errno == 0;
}

bool rp_transport_close(struct rp_transport *t)
{
    if (t->carrier == NULL) {
        rp_wire_close(&t->wire);
        return true;
    }
    rp_next_tick_cancel(&t->carried.flush);
    rp_queue_clear(&t->carried.out, t->loop);
    if (!t->carrier->destroyed)
        rp_stream_destroy(t->carrier, NULL);
    return t->carried.closed;
}

void rp_transport_release(struct rp_transport *t)
{
    if (t->carrier == NULL)
        return;
    leave_carrier(t);
    rp_stream_unref(t->carrier);
    t->carrier = NULL;
}

void rp_transport_reset_on_close(struct rp_transport *t)
{
    if (t->carrier != NULL)
        rp_stream_reset_on_close(t->carrier);
    else if (rp_wire_is_open(&t->wire))
        rp_fd_reset_on_close(t->wire.fd);
}

int rp_transport_fd(const struct rp_transport *t)
{
    return t->carrier != NULL ? rp_stream_fd(t->carrier) : t->wire.fd;
}
