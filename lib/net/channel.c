/* SPDX-License-Identifier: MIT
 *
 * channel.c - send and receive on one end of a SOCK_SEQPACKET pair; see channel.h for the danger.
 */
#include "lib/net/channel.h"
#include "lib/net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MESSAGES_A_TURN = 32 }; /* so that a busy sender does not starve other events */

struct rp_channel_note {
    struct rp_channel_note *next;
    size_t len;
    uint8_t bytes[];
};

bool rp_channel_pair(int fds[2], struct rp_error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0)
        return true;
    return rp_error_errno(err, errno, "socketpair", "a channel between processes");
}

/* Balance ev_unref and ev_ref at every start and stop of the watcher. */
static void watch(struct rp_channel *c, int events)
{
    if (c->idle)
        ev_ref(c->loop->ev);
    rp_io_start(c->loop, &c->io, c->fd, events);
    if (c->idle)
        ev_unref(c->loop->ev);
}

static void fail(struct rp_channel *c, const struct rp_error *error)
{
    void (*closed)(struct rp_channel *, const struct rp_error *) = c->closed;

    rp_channel_close(c);
    if (closed != NULL)
        closed(c, error);
}

static void fail_errno(struct rp_channel *c, const char *syscall)
{
    struct rp_error error;

    if (errno == ECONNRESET || errno == EPIPE) {
        fail(c, NULL); /* the other process exited with unread messages */
        return;
    }
    rp_error_errno(&error, errno, syscall, "the channel to another process");
    fail(c, &error);
}

/* Receive one message. false: there is none, or the channel was closed. */
static bool read_one(struct rp_channel *c)
{
    uint8_t *buffer = rp_loop_input(c->loop);
    ssize_t got;

    do
        got = recv(c->fd, buffer, RP_INPUT_SIZE, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        c->message(c, buffer, (size_t)got);
        explicit_bzero(buffer, (size_t)got); /* it may hold a key; the loop shares it */
    } else if (got == 0)
        fail(c, NULL);
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        fail_errno(c, "recv");
    return got > 0;
}

static void read_some(struct rp_channel *c, unsigned most)
{
    bool gone = false, *outer = c->gone;

    c->gone = &gone;
    while (most-- > 0 && read_one(c) && !gone)
        ;
    if (!gone)
        c->gone = outer;
    else if (outer != NULL)
        *outer = true;
}

void rp_channel_read(struct rp_channel *c)
{
    if (rp_channel_is_open(c))
        read_some(c, UINT32_MAX);
}

static bool send_now(int fd, uint8_t tag, const void *bytes, size_t len)
{
    struct iovec parts[2] = {{&tag, 1}, {(void *)(uintptr_t)bytes, len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;

    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static bool keep(struct rp_channel *c, uint8_t tag, const void *bytes, size_t len,
                 struct rp_error *err)
{
    struct rp_channel_note *note;

    if (c->queued + len > RP_CHANNEL_QUEUE_MAX)
        return rp_error_set(err, "ENOBUFS",
                            "the send queue is full: the other process does not read its messages");
    if ((note = malloc(sizeof *note + len + 1)) == NULL)
        return rp_error_errno(err, ENOMEM, "malloc", "a message");
    note->next = NULL;
    note->len = len;
    note->bytes[0] = tag;
    if (len > 0)
        memcpy(note->bytes + 1, bytes, len);
    if (c->last != NULL)
        c->last->next = note;
    else
        c->first = note;
    c->last = note;
    c->queued += len;
    if (!c->writing)
        watch(c, RP_READABLE | RP_WRITABLE);
    c->writing = true;
    return true;
}

bool rp_channel_send(struct rp_channel *c, uint8_t tag, const void *bytes, size_t len,
                     struct rp_error *err)
{
    if (!rp_channel_is_open(c))
        return rp_error_set(err, "EPIPE", "the channel to the other process is closed");
    if (len >= RP_CHANNEL_MESSAGE_MAX)
        return rp_error_set(err, "EMSGSIZE",
                            "the message is too long: %zu bytes; the maximum is %d", len,
                            RP_CHANNEL_MESSAGE_MAX - 1);
    if (c->first == NULL) {
        if (send_now(c->fd, tag, bytes, len))
            return true;
        /* A closed receiver is reported by reading, after the messages that it sent. */
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
            return rp_error_errno(err, errno, "send", "the channel to another process");
    }
    return keep(c, tag, bytes, len, err);
}

static void drop_first(struct rp_channel *c)
{
    struct rp_channel_note *note = c->first;

    c->first = note->next;
    if (c->first == NULL)
        c->last = NULL;
    c->queued -= note->len;
    explicit_bzero(note->bytes, note->len + 1);
    free(note);
}

static void send_waiting(struct rp_channel *c)
{
    while (c->first != NULL) {
        if (!send_now(c->fd, c->first->bytes[0], c->first->bytes + 1, c->first->len) &&
            (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            return;
        drop_first(c);
    }
    c->writing = false;
    watch(c, RP_READABLE);
}

static void on_io(struct rp_io *io, int events)
{
    struct rp_channel *c = io->arg;

    if (events & RP_WRITABLE)
        send_waiting(c);
    if (events & RP_READABLE)
        read_some(c, MESSAGES_A_TURN);
}

void rp_channel_open(struct rp_channel *c, struct rp_loop *loop, int fd)
{
    c->loop = loop;
    c->fd = fd;
    c->prev = NULL;
    c->next = loop->channels;
    if (c->next != NULL)
        c->next->prev = c;
    loop->channels = c;
    c->io = (struct rp_io){.fire = on_io, .arg = c};
    watch(c, RP_READABLE);
}

void rp_channel_idle(struct rp_channel *c)
{
    if (!rp_channel_is_open(c) || c->idle)
        return;
    c->idle = true;
    ev_unref(c->loop->ev);
}

void rp_channel_close(struct rp_channel *c)
{
    if (!rp_channel_is_open(c))
        return;
    if (c->gone != NULL)
        *c->gone = true;
    c->gone = NULL;
    if (c->idle)
        ev_ref(c->loop->ev);
    rp_io_stop(&c->io);
    close(c->fd);
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->loop->channels = c->next;
    while (c->first != NULL)
        drop_first(c);
    c->writing = c->idle = false;
    c->loop = NULL;
}

void rp_channels_close(struct rp_loop *loop)
{
    while (loop->channels != NULL)
        rp_channel_close(loop->channels);
}
