/* SPDX-License-Identifier: MIT
 *
 * fd_stream.c - a pipe, a terminal, a file or another descriptor as a stream. libev reports a
 * descriptor that epoll refuses (a regular file, /dev/null) as always ready. The dangers:
 * O_NONBLOCK is shared by all processes with the open file, so it may change at any time; and a
 * write to a pipe without a reader raises SIGPIPE. */
#include "lib/base/args.h"
#include "lib/net/fd.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <reprise/net.h>

struct fd_stream {
    struct rp_stream stream; /* must be first */
    struct rp_queue out;
    struct rp_next_tick flush; /* runs at the end of the iteration */
    struct rp_io io;
    int fd;       /* -1: closed */
    int interest; /* the events of io */
    /* These flags are independent of each other. */
    bool reading;
    bool looking;  /* paused: still detect the end if all data was read */
    bool blocked;  /* a write was incomplete: wait until writable */
    bool restores; /* O_NONBLOCK was off: restore that at the end */
};

static struct fd_stream *of_stream(const struct rp_stream *s)
{
    return (struct fd_stream *)(uintptr_t)s;
}

static void update(struct fd_stream *f)
{
    int want = ((f->reading || f->looking) && rp_stream_readable(&f->stream) ? RP_READABLE : 0) |
               (f->blocked ? RP_WRITABLE : 0);

    if (want == f->interest)
        return;
    f->interest = want;
    if (want == 0)
        rp_io_stop(&f->io);
    else
        rp_io_start(f->stream.loop, &f->io, f->fd, want);
}

static void fail(struct fd_stream *f, const char *syscall)
{
    struct rp_error error;

    rp_error_errno(&error, errno, syscall, "%s", "");
    rp_stream_destroy(&f->stream, &error);
}

/* Called before each system call that could block: another process may have changed the flag. */
static void set_nonblocking(struct fd_stream *f)
{
    int flags = fcntl(f->fd, F_GETFL);

    if (flags >= 0 && (flags & O_NONBLOCK) == 0 && fcntl(f->fd, F_SETFL, flags | O_NONBLOCK) == 0)
        f->restores = true;
}

static void restore_blocking(struct fd_stream *f)
{
    int flags = f->restores ? fcntl(f->fd, F_GETFL) : -1;

    if (flags >= 0)
        fcntl(f->fd, F_SETFL, flags & ~O_NONBLOCK);
}

/* -- reading */

/* The master of a pseudo-terminal returns EIO after its last slave was closed. */
static bool is_hangup(const struct fd_stream *f, int sys_errno)
{
    unsigned number;

    return sys_errno == EIO && ioctl(f->fd, TIOCGPTN, &number) == 0;
}

static void read_some(struct fd_stream *f)
{
    uint8_t *input = rp_loop_input(f->stream.loop);
    ssize_t n;

    set_nonblocking(f);
    do
        n = read(f->fd, input, RP_INPUT_SIZE);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        rp_stream_push(&f->stream, input, (size_t)n);
    } else if (n == 0 || is_hangup(f, errno)) {
        f->reading = f->looking = false;
        update(f);
        rp_stream_push_end(&f->stream);
    } else if (errno != EAGAIN) {
        fail(f, "read");
    }
}

static void look_for_end(struct fd_stream *f)
{
    struct pollfd p = {.fd = f->fd, .events = POLLIN};

    if (poll(&p, 1, 0) == 1 && (p.revents & POLLIN) == 0) {
        read_some(f);
    } else {
        f->looking = false;
        update(f);
    }
}

/* -- writing */

/* Consume the SIGPIPE of this write, which is blocked in this thread. */
static void take_sigpipe(const sigset_t *sigpipe)
{
    static const struct timespec now = {0};

    while (sigtimedwait(sigpipe, NULL, &now) < 0 && errno == EINTR)
        continue;
}

/* Returns 0 or an errno; EAGAIN: the rest must wait. */
static int write_queue(struct fd_stream *f)
{
    const uint8_t *bytes;
    size_t len;

    set_nonblocking(f);
    while ((bytes = rp_queue_peek(&f->out, &len)) != NULL) {
        ssize_t n = write(f->fd, bytes, len);

        if (n >= 0)
            rp_queue_consume(&f->out, f->stream.loop, (size_t)n);
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

static int write_without_sigpipe(struct fd_stream *f)
{
    sigset_t sigpipe, old, pending;
    int sys_errno;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
    sigpending(&pending);
    sys_errno = write_queue(f);
    if (sys_errno == EPIPE && !sigismember(&pending, SIGPIPE))
        take_sigpipe(&sigpipe);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return sys_errno;
}

static void finish_output(struct fd_stream *f)
{
    if (!rp_stream_destroyed(&f->stream) && f->stream.ending && f->out.len == 0)
        rp_stream_finished(&f->stream);
}

static void flush(struct fd_stream *f)
{
    bool had = f->out.len > 0;
    int sys_errno = had ? write_without_sigpipe(f) : 0;

    if (sys_errno != 0 && sys_errno != EAGAIN) {
        errno = sys_errno;
        fail(f, "write");
        return;
    }
    f->blocked = f->out.len > 0;
    update(f);
    if (f->blocked)
        return;
    if (had)
        rp_stream_drained(&f->stream);
    finish_output(f);
}

static void on_flush(struct rp_next_tick *tick)
{
    struct fd_stream *f = tick->arg;

    rp_stream_ref(&f->stream);
    flush(f);
    rp_stream_unref(&f->stream);
}

static void on_io(struct rp_io *io, int events)
{
    struct fd_stream *f = io->arg;

    rp_stream_ref(&f->stream);
    if ((events & RP_WRITABLE) && f->blocked)
        flush(f);
    if ((events & RP_READABLE) && f->fd >= 0) {
        if (f->reading)
            read_some(f);
        else if (f->looking)
            look_for_end(f);
    }
    rp_stream_unref(&f->stream);
}

/* -- called by the program */

static void fd_write(struct rp_stream *s, const uint8_t *bytes, size_t len)
{
    struct fd_stream *f = of_stream(s);
    struct rp_error error;

    if (!rp_queue_append(&f->out, s->loop, bytes, len)) {
        rp_error_set(&error, "ENOMEM", "no memory to write");
        rp_stream_destroy(s, &error);
    } else if (!f->blocked) {
        rp_next_tick(s->loop, &f->flush);
    }
}

static void fd_end(struct rp_stream *s)
{
    if (!of_stream(s)->blocked)
        rp_next_tick(s->loop, &of_stream(s)->flush);
}

static void fd_read_start(struct rp_stream *s)
{
    of_stream(s)->reading = true;
    update(of_stream(s));
}

static void fd_read_stop(struct rp_stream *s)
{
    of_stream(s)->reading = false;
    of_stream(s)->looking = s->sink == NULL; /* a pipe resumes reading by itself */
    update(of_stream(s));
}

static void fd_destroy(struct rp_stream *s)
{
    struct fd_stream *f = of_stream(s);

    rp_next_tick_cancel(&f->flush);
    rp_io_stop(&f->io);
    rp_queue_clear(&f->out, s->loop);
    f->reading = f->looking = f->blocked = false;
    restore_blocking(f);
    rp_fd_close(f->fd);
    f->fd = -1;
    rp_stream_close_now(s);
}

static void fd_free(struct rp_stream *s)
{
    free(of_stream(s));
}

static size_t fd_pending(const struct rp_stream *s)
{
    return of_stream(s)->out.len;
}

static int fd_number(const struct rp_stream *s)
{
    return of_stream(s)->fd;
}

/* -- opening */

/* A direction for which the descriptor was not opened has ended from the start. */
static void set_directions(struct rp_stream *s, int flags)
{
    int mode = flags & O_ACCMODE;

    s->read_ended = s->end_emitted = mode == O_WRONLY;
    s->ending = s->finished = mode == O_RDONLY;
}

static struct rp_stream *open_fd(struct rp_loop *loop, int fd, int flags,
                                 const struct rp_stream_options *options, struct rp_error *err)
{
    static const struct rp_stream_ops ops = {
        .write = fd_write,
        .end = fd_end,
        .read_start = fd_read_start,
        .read_stop = fd_read_stop,
        .destroy = fd_destroy,
        .free = fd_free,
        .pending = fd_pending,
        .fd = fd_number,
    };
    struct fd_stream *f = calloc(1, sizeof *f);

    if (f == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a stream");
        return NULL;
    }
    rp_stream_init(&f->stream, loop, &ops, NULL, options);
    f->fd = fd;
    f->io.fire = on_io;
    f->io.arg = f;
    f->flush.fire = on_flush;
    f->flush.arg = f;
    set_directions(&f->stream, flags);
    f->reading = !f->stream.paused;
    f->looking = f->stream.paused;
    update(f);
    return &f->stream;
}

static bool is_supported(int fd, mode_t type, int flags, struct rp_error *err)
{
    if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_ACCMODE)
        return rp_error_set(err, "EBADF", "descriptor %d can neither be read nor written", fd);
    if (type == S_IFDIR)
        return rp_error_errno(err, EISDIR, "read", "descriptor %d is a directory", fd);
    if (type == S_IFSOCK)
        return rp_given_connection(fd, err);
    return type != 0 ||
           rp_error_set(err, "ERR_INVALID_FD_TYPE",
                        "Unsupported fd type: descriptor %d is no stream of bytes", fd);
}

struct rp_stream *rp_stream_from_fd(struct rp_loop *loop, int fd,
                                    const struct rp_stream_options *options, struct rp_error *err)
{
    struct rp_stream *stream = NULL;
    struct stat st;
    int flags;

    rp_error_clear(err);
    if (!rp_given_fd(fd, err))
        return NULL;
    flags = fcntl(fd, F_GETFL);
    if (rp_given(loop, "loop", err) &&
        (fstat(fd, &st) == 0 || rp_error_errno(err, errno, "fstat", "descriptor %d", fd)) &&
        is_supported(fd, st.st_mode & S_IFMT, flags, err)) {
        if (S_ISSOCK(st.st_mode))
            return rp_net_open(loop, fd, options, err);
        stream = open_fd(loop, fd, flags, options, err);
    }
    if (stream == NULL)
        rp_fd_close(fd);
    return stream;
}
