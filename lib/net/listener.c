/* SPDX-License-Identifier: MIT
 *
 * listener.c - listening sockets, and accepting on them. Options that accepted sockets inherit
 * (TCP_NODELAY, keep-alive) are set once, on the listening socket. The danger: running out of
 * descriptors must neither spin the loop nor stop accepting for good; a timer that no error path
 * stops ends the pause. */
#include "lib/base/args.h"
#include "lib/net/fd.h"
#include "lib/net/loop.h"
#include <reprise/net.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BACKLOG = 511,
    DEFER_SECONDS = 1, /* the kernel's wait for the client's first bytes */
    BATCH = 16, /* accepts per readiness event, so that other events are handled in between */
    PAUSE_MS = 100,
    QUEUED = 1024, /* more than a queue holds; connections that arrive meanwhile are left */
};

/* -- opening */

/* A socket file on which nobody listens is a leftover of a crash; any other file is kept. */
static bool remove_stale(const struct rp_address *a)
{
    struct stat st;
    int fd;
    bool stale;

    if (a->un.sun_path[0] == '\0' || lstat(a->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    stale = connect(fd, &a->any, a->len) < 0 && errno == ECONNREFUSED;
    close(fd);
    return stale && unlink(a->un.sun_path) == 0;
}

static bool set_options(int fd, const struct rp_listen_options *o)
{
    int on = 1, family = o->address->any.sa_family;

    if (family == AF_UNIX)
        return true;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (o->reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0)
        return false;
    if (o->defer_accept &&
        setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &(int){DEFER_SECONDS}, sizeof(int)) < 0)
        return false;
    return family != AF_INET6 ||
           setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){o->ipv6_only}, sizeof(int)) == 0;
}

/* Bind with the right mode: chmod afterwards could hit another file. */
static int bind_with_mode(int fd, const struct rp_listen_options *o)
{
    bool has_mode = o->address->any.sa_family == AF_UNIX && o->unix_mode != 0;
    mode_t before = has_mode ? umask(0777 & ~o->unix_mode) : 0;
    int rc = bind(fd, &o->address->any, o->address->len), reason = errno;

    if (has_mode)
        umask(before);
    errno = reason;
    return rc;
}

static bool bind_to(int fd, const struct rp_listen_options *o)
{
    int rc = bind_with_mode(fd, o);

    if (rc < 0 && errno == EADDRINUSE && o->address->any.sa_family == AF_UNIX) {
        if (remove_stale(o->address))
            rc = bind_with_mode(fd, o);
        else
            errno = EADDRINUSE;
    }
    return rc == 0;
}

static bool begin(int fd, int backlog)
{
    return listen(fd, backlog > 0 ? backlog : BACKLOG) == 0;
}

bool rp_listen_begin(int fd, int backlog, struct rp_error *err)
{
    rp_error_clear(err);
    return begin(fd, backlog) || rp_error_errno(err, errno, "listen", "descriptor %d", fd);
}

int rp_listen_open(const struct rp_listen_options *o, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(o, "options", err) || !rp_given(o->address, "options.address", err))
        return -1;
    char text[RP_ADDRESS_TEXT];
    const char *syscall = "socket";
    int fd = socket(o->address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        goto failed;
    syscall = "setsockopt";
    if (!set_options(fd, o))
        goto failed;
    syscall = "bind";
    if (!bind_to(fd, o))
        goto failed;
    syscall = "listen";
    if (!o->bind_only && !begin(fd, o->backlog))
        goto failed;
    return fd;
failed:
    rp_error_errno(err, errno, syscall, "%s", rp_address_format(o->address, text));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* -- accepting */

struct rp_listener_socket {
    struct rp_loop *loop;
    struct rp_io io;
    struct rp_timer pause;
    rp_accepted *accepted;
    rp_accept_paused *paused; /* NULL: not wanted */
    void *arg;
    int fd;
    unsigned expected; /* number of connections last time; as many are tried at once */
    unsigned turn;     /* the iteration of the last readiness event */
    bool calling, stopped;
    bool short_of; /* accept4 failed for lack of descriptors or memory, and has not succeeded since
                    */
};

static void on_pause_over(struct rp_timer *timer)
{
    struct rp_listener_socket *l = timer->arg;

    rp_io_start(l->loop, &l->io, l->fd, RP_READABLE);
}

static bool is_shortage(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

/* 0: none any more. */
static void note_shortage(struct rp_listener_socket *l, int reason)
{
    bool begins = reason != 0 && !l->short_of, ends = reason == 0 && l->short_of;

    l->short_of = reason != 0;
    if (reason != 0) {
        rp_io_stop(&l->io);
        rp_timer_start(l->loop, &l->pause, PAUSE_MS);
    }
    if (l->paused != NULL && (begins || ends))
        l->paused(l, reason, l->arg);
}

/* Accept one connection; false: no connection is waiting, or accepting is paused. */
static bool accept_one(struct rp_listener_socket *l)
{
    struct rp_address remote = {.len = sizeof remote - offsetof(struct rp_address, any)};
    int fd = accept4(l->fd, &remote.any, &remote.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int reason = fd < 0 ? errno : 0;

    note_shortage(l, is_shortage(reason) ? reason : 0);
    if (fd >= 0) {
        l->accepted(l, fd, &remote, l->arg);
        return !l->stopped;
    }
    return !l->stopped && (reason == ECONNABORTED || reason == EINTR);
}

/* The callback may stop the listener; its memory is freed when the last call returns. */
static unsigned accept_some(struct rp_listener_socket *l, unsigned most)
{
    unsigned taken = 0;

    l->calling = true;
    while (taken < most && accept_one(l))
        taken++;
    l->calling = false;
    return taken;
}

void rp_listener_on_pause(struct rp_listener_socket *l, rp_accept_paused *paused)
{
    if (l != NULL)
        l->paused = paused;
}

void rp_listener_accept_queued(struct rp_listener_socket *l)
{
    if (l == NULL)
        return;
    accept_some(l, QUEUED);
    if (l->stopped)
        free(l);
}

/* The watcher is level-triggered: connections that are left trigger it again, so accepting too few
 * costs nothing, and one try too many costs a system call. Accept as many as last time, and more if
 * the previous iteration had left some. */
static void on_readable(struct rp_io *io, int events)
{
    struct rp_listener_socket *l = io->arg;
    unsigned turn = ev_iteration(l->loop->ev);
    bool left_some = turn == l->turn + 1;
    unsigned taken = accept_some(l, l->expected);

    (void)events;
    if (l->stopped) {
        free(l);
        return;
    }
    l->turn = turn;
    if (taken < l->expected)
        l->expected = taken > 1 ? taken : 1;
    else if (left_some && l->expected < BATCH)
        l->expected++;
}

struct rp_listener_socket *rp_listener_start(struct rp_loop *loop, int listen_fd,
                                             rp_accepted *accepted, void *arg, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(accepted, "accepted", err) ||
        !rp_given_listener(listen_fd, err))
        return NULL;
    struct rp_listener_socket *l = calloc(1, sizeof *l);

    if (l == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a listener");
        return NULL;
    }
    l->loop = loop;
    l->fd = listen_fd;
    l->accepted = accepted;
    l->arg = arg;
    l->expected = 1;
    l->io.fire = on_readable;
    l->io.arg = l;
    l->pause.fire = on_pause_over;
    l->pause.arg = l;
    rp_io_start(loop, &l->io, listen_fd, RP_READABLE);
    return l;
}

void rp_listener_stop(struct rp_listener_socket *l, bool close_fd)
{
    if (l == NULL || l->stopped)
        return;
    rp_io_stop(&l->io);
    rp_timer_stop(&l->pause);
    if (close_fd)
        close(l->fd);
    l->stopped = true;
    if (!l->calling)
        free(l);
}
