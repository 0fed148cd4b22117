/* SPDX-License-Identifier: MIT
 *
 * wire.c - one descriptor on one loop; see wire.h. The aim is few system calls: one recv per
 * readiness event, one send per iteration, and epoll_ctl only when the awaited events have
 * changed. */
#include "lib/net/wire.h"
#include "lib/net/fd.h"
#include "lib/net/loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 }; /* maximum wait for a paused reader after a send has failed */

static bool looks(const struct rp_wire *w)
{
    return w->looking && w->connecting == RP_WIRE_CONNECTED;
}

static void update(struct rp_wire *w)
{
    int want = 0;

    if (w->fd >= 0 && !w->broken) {
        if (w->connecting == RP_WIRE_CONNECTING)
            want = RP_WRITABLE;
        else
            want = ((w->reading || looks(w)) && !w->ended ? RP_READABLE : 0) |
                   (w->blocked && w->send_errno == 0 ? RP_WRITABLE : 0);
    }
    if (want == w->interest)
        return;
    w->interest = (uint8_t)want;
    if (want == 0)
        rp_io_stop(&w->io);
    else if (w->polled)
        rp_io_resume(&w->io, want);
    else
        rp_io_start(w->loop, &w->io, w->fd, want);
    w->polled |= want != 0;
}

static void fail(struct rp_wire *w, int sys_errno, const char *syscall)
{
    struct rp_error error;

    if (w->broken)
        return;
    w->broken = true;
    rp_timeout_stop(&w->patience);
    update(w);
    rp_error_errno(&error, sys_errno, syscall, "%s", "");
    w->ops->failed(w, &error);
}

/* An eager connection is established. false: the callback closed the wire. */
static bool connected(struct rp_wire *w)
{
    if (w->connecting == RP_WIRE_CONNECTED)
        return true;
    w->connecting = RP_WIRE_CONNECTED;
    update(w);
    if (w->ops->connected != NULL)
        w->ops->connected(w);
    return w->fd >= 0 && !w->broken;
}

static void fail_io(struct rp_wire *w, int sys_errno, const char *syscall)
{
    fail(w, sys_errno, w->connecting != RP_WIRE_CONNECTED ? "connect" : syscall);
}

/* The peer may wait for this ACK: if its protocol lets it send first, or if it has Nagle's
 * algorithm on and more to send. */
static void ack_at_once(const struct rp_wire *w)
{
    if (w->acks_late)
        setsockopt(w->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
}

/* recv returned nothing: no bytes yet, or an error. */
static void read_nothing(struct rp_wire *w, int sys_errno)
{
    if (sys_errno != EAGAIN && sys_errno != EWOULDBLOCK)
        fail_io(w, sys_errno, "read");
    else if (w->send_errno != 0)
        fail_io(w, w->send_errno, "write");
    else
        ack_at_once(w);
    w->acks_late = false;
}

/* A failed send has consumed the socket's error, and recv returns 0 from then on. Only after EPIPE
 * does recv still tell whether the peer has ended: after a FIN, or with the pending error of a Unix
 * socket. */
static bool is_end(const struct rp_wire *w)
{
    return w->send_errno == 0 || w->send_errno == EPIPE;
}

static void read_end(struct rp_wire *w)
{
    w->ended = true;
    w->acks_late = false;
    update(w);
    w->ops->input_end(w);
    if (w->fd >= 0 && w->send_errno != 0)
        fail_io(w, w->send_errno, "write");
}

static void read_bytes(struct rp_wire *w, const uint8_t *bytes, size_t len)
{
    if (w->send_errno != 0)
        rp_timeout_start(w->loop, &w->patience, PATIENCE_MS);
    w->ops->input(w, bytes, len);
    if (w->looks > 0 && len < RP_INPUT_SIZE) {
        w->looks--;
        rp_wire_read_now(w);
    }
}

void rp_wire_read_now(struct rp_wire *w)
{
    uint8_t *input = rp_loop_input(w->loop);
    ssize_t n;

    if (w->fd < 0 || w->broken || w->ended || !w->reading)
        return;
    do
        n = recv(w->fd, input, w->frugal ? RP_CHUNK_SIZE : RP_INPUT_SIZE, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        read_nothing(w, errno);
        return;
    }
    if (n == 0 && !is_end(w)) {
        fail_io(w, w->send_errno, "write");
        return;
    }
    if (!connected(w))
        return;
    w->unanswered = false;
    if (n > 0)
        read_bytes(w, input, (size_t)n);
    else
        read_end(w);
}

/* The reader is paused: still report an end if all data was read. If data is unread, stop watching
 * the descriptor, or the loop would spin. */
static void look_for_end(struct rp_wire *w)
{
    char byte;
    ssize_t n = recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (n < 0 && errno != EINTR) {
        read_nothing(w, errno);
    } else if (n == 0 && is_end(w)) {
        read_end(w);
    } else if (n >= 0) {
        w->looking = false;
        update(w);
    }
}

/* A second small send before the peer has answered would wait for the peer's delayed ACK. */
static void avoid_nagle(struct rp_wire *w)
{
    if (w->nagle && w->unanswered) {
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        w->nagle = false;
    }
    w->unanswered = true;
}

/* `waiting`: the last bytes were held back to share a packet with the FIN. */
static void finish_output(struct rp_wire *w, bool waiting)
{
    if (w->shutting && !w->shut_done) {
        w->shut_done = true;
        if (waiting || !w->close_follows)
            shutdown(w->fd, SHUT_WR);
        w->ops->shut(w);
    }
}

static bool has_unread(const struct rp_wire *w)
{
    char byte;

    return recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Deliver what the peer sent before it closed, such as an alert or a partial response. The reader
 * may pause meanwhile, but only for PATIENCE_MS; then the wire fails. */
static void send_failed(struct rp_wire *w, int sys_errno)
{
    w->send_errno = sys_errno;
    update(w);
    rp_wire_read_now(w);
    if (w->fd < 0 || w->broken)
        return;
    if (w->ended || (!w->reading && !has_unread(w)) ||
        !rp_timeout_start(w->loop, &w->patience, PATIENCE_MS))
        fail_io(w, sys_errno, "write");
}

static void on_patience_over(struct rp_timeout *t)
{
    struct rp_wire *w = (struct rp_wire *)((char *)t - offsetof(struct rp_wire, patience));

    fail_io(w, w->send_errno, "write");
}

static void flush(struct rp_wire *w)
{
    bool had = w->out.len > 0;
    long sent;

    if (w->fd < 0 || w->broken || w->held || w->send_errno != 0 ||
        w->connecting == RP_WIRE_CONNECTING)
        return;
    if (had) {
        avoid_nagle(w);
        sent = rp_queue_send(&w->out, w->loop, w->fd, w->shutting);
        if (sent < 0) {
            if (w->connecting != RP_WIRE_EAGER || errno != ENOTCONN) {
                send_failed(w, errno);
                return;
            }
            sent = 0;
        }
        w->blocked = w->out.len > 0;
        update(w);
        if (sent > 0 && !connected(w))
            return;
    } else {
        ack_at_once(w);
        w->blocked = false;
        update(w);
    }
    if (w->out.len > 0)
        return;
    if (had && w->ops->drained != NULL)
        w->ops->drained(w);
    if (w->fd >= 0 && !w->broken && w->out.len == 0)
        finish_output(w, had);
}

static void on_flush(struct rp_next_tick *tick)
{
    flush(tick->arg);
}

/* connect() has succeeded or failed. */
static void on_connect_end(struct rp_wire *w)
{
    int sys_errno = 0;
    socklen_t len = sizeof sys_errno;

    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &sys_errno, &len) < 0)
        sys_errno = errno;
    if (sys_errno != 0) {
        fail(w, sys_errno, "connect");
        return;
    }
    if (connected(w) && (w->out.len > 0 || w->shutting))
        rp_wire_flush_later(w);
}

static void on_io(struct rp_io *io, int events)
{
    struct rp_wire *w = io->arg;

    if (w->connecting == RP_WIRE_CONNECTING) {
        on_connect_end(w);
        return;
    }
    if (events & RP_WRITABLE)
        flush(w);
    if ((events & RP_READABLE) && w->reading)
        rp_wire_read_now(w);
    else if ((events & RP_READABLE) && looks(w))
        look_for_end(w);
}

void rp_wire_open(struct rp_wire *w, struct rp_loop *loop, const struct rp_wire_ops *ops, int fd,
                  enum rp_wire_connecting connecting)
{
    *w = (struct rp_wire){.ops = ops, .loop = loop, .fd = fd, .connecting = (uint8_t)connecting};
    w->io.fire = on_io;
    w->io.arg = w;
    w->flush.fire = on_flush;
    w->flush.arg = w;
    w->patience.fire = on_patience_over;
    update(w);
}

void rp_wire_read_start(struct rp_wire *w)
{
    w->reading = true;
    w->looking = false;
    update(w);
}

void rp_wire_read_stop(struct rp_wire *w)
{
    w->reading = false;
    update(w);
}

void rp_wire_look_for_end(struct rp_wire *w)
{
    w->reading = false;
    w->looking = w->send_errno == 0;
    update(w);
}

bool rp_wire_write(struct rp_wire *w, const void *bytes, size_t len)
{
    if (w->fd < 0 || w->broken || w->send_errno != 0)
        return true; /* failed or closed: writers are notified */
    if (!rp_queue_append(&w->out, w->loop, bytes, len))
        return false;
    rp_wire_flush_later(w);
    return true;
}

void rp_wire_flush_later(struct rp_wire *w)
{
    if (w->fd >= 0 && !w->held && !w->blocked)
        rp_next_tick(w->loop, &w->flush);
}

void rp_wire_hold(struct rp_wire *w, bool held)
{
    w->held = held;
    if (!held)
        rp_wire_flush_later(w);
}

void rp_wire_shutdown(struct rp_wire *w)
{
    w->shutting = true;
    rp_wire_flush_later(w);
}

void rp_wire_close(struct rp_wire *w)
{
    rp_next_tick_cancel(&w->flush);
    rp_timeout_stop(&w->patience);
    rp_queue_clear(&w->out, w->loop);
    if (w->fd < 0)
        return;
    rp_io_stop(&w->io);
    w->interest = 0;
    rp_fd_close(w->fd);
    w->fd = -1;
}
