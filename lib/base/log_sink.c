/* SPDX-License-Identifier: MIT
 *
 * log_sink.c - writes that never wait; see log_sink.h. */
#include "lib/base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define SYSLOG_PATH "/dev/log"

void rp_log_sink_file(struct rp_log_sink *sink, int fd)
{
    *sink = (struct rp_log_sink){.kind = RP_LOG_SINK_FILE, .fd = fd, .close = true};
}

/* -- streams */

/* Open the same pipe or terminal again, with our own open file description; -1: not permitted. */
static int open_again(int fd, const struct stat *st)
{
    char path[32];
    struct stat again;
    int own;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0 && (fstat(own, &again) != 0 || again.st_ino != st->st_ino ||
                     again.st_dev != st->st_dev || again.st_rdev != st->st_rdev)) {
        close(own);
        own = -1;
    }
    return own;
}

void rp_log_sink_stream(struct rp_log_sink *sink, int fd)
{
    struct stat st;
    int own;

    *sink = (struct rp_log_sink){.kind = RP_LOG_SINK_FILE, .fd = fd};
    if (fstat(fd, &st) != 0)
        return; /* closed: each write fails, and each line is counted as lost */
    if (S_ISSOCK(st.st_mode)) {
        sink->kind = RP_LOG_SINK_SOCKET;
    } else if (S_ISFIFO(st.st_mode) || isatty(fd)) {
        own = open_again(fd, &st);
        sink->kind = own >= 0 ? RP_LOG_SINK_OWN : RP_LOG_SINK_POLLED;
        sink->fd = own >= 0 ? own : fd;
        sink->close = own >= 0;
    }
}

/* The number of bytes that can be written without waiting. A pipe merges data into its last page if
 * it fits, so each page but the last is at least half full: in a pipe that is a quarter full, half
 * of the pages are free. A terminal that poll reports as writable has room for one of its
 * blocks. */
static size_t room_of(int fd)
{
    enum { TERMINAL_BLOCK = 256 };
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int size = fcntl(fd, F_GETPIPE_SZ), used = 0;

    if (poll(&p, 1, 0) != 1 || (p.revents & (POLLOUT | POLLERR)) == 0)
        return 0;
    if (size < 0)
        return TERMINAL_BLOCK;
    return ioctl(fd, FIONREAD, &used) == 0 && used < size / 4 ? PIPE_BUF : 0;
}

static ssize_t write_polled(int fd, const char *bytes, size_t len)
{
    size_t done = 0, room;
    ssize_t written = 0;

    while (done < len && written >= 0 && (room = room_of(fd)) > 0) {
        written = write(fd, bytes + done, room < len - done ? room : len - done);
        done += written > 0 ? (size_t)written : 0;
    }
    if (done == 0 && written >= 0)
        errno = EAGAIN;
    return done > 0 ? (ssize_t)done : -1;
}

/* -- syslog */

static int connect_as(int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SYSLOG_PATH};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), why;

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

static bool syslog_connect(struct rp_log_sink *sink)
{
    if (sink->fd < 0)
        sink->fd = connect_as(SOCK_DGRAM);
    if (sink->fd < 0 && errno == EPROTOTYPE)
        sink->fd = connect_as(SOCK_STREAM);
    return sink->fd >= 0;
}

static void syslog_disconnect(struct rp_log_sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}

void rp_log_sink_syslog(struct rp_log_sink *sink)
{
    *sink = (struct rp_log_sink){.kind = RP_LOG_SINK_SYSLOG, .fd = -1, .close = true};
    syslog_connect(sink);
}

/* The NUL ends a line for a daemon that listens on a stream socket; in a datagram it is ignored. */
static ssize_t syslog_send(const struct rp_log_sink *sink, int priority, const char *line,
                           size_t len)
{
    char head[80], when[32];
    time_t now = time(NULL);
    struct tm local;
    struct iovec parts[] = {{head, 0}, {(void *)(uintptr_t)line, len}, {"", 1}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};

    localtime_r(&now, &local);
    strftime(when, sizeof when, "%b %e %H:%M:%S", &local);
    parts[0].iov_len = (size_t)snprintf(
        head, sizeof head, "<%d>%s reprise[%d]: ", LOG_DAEMON | priority, when, (int)getpid());
    return sendmsg(sink->fd, &message, MSG_NOSIGNAL);
}

/* Reconnect once if the daemon was restarted. */
static ssize_t syslog_write(struct rp_log_sink *sink, int priority, const char *line, size_t len)
{
    for (int attempt = 0; attempt < 2 && syslog_connect(sink); attempt++) {
        if (syslog_send(sink, priority, line, len) >= 0)
            return (ssize_t)len;
        if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE)
            return -1;
        syslog_disconnect(sink);
    }
    return -1;
}

/* -- all kinds */

ssize_t rp_log_sink_write(struct rp_log_sink *sink, int priority, const char *bytes, size_t len)
{
    switch (sink->kind) {
    case RP_LOG_SINK_SYSLOG:
        return syslog_write(sink, priority, bytes, len);
    case RP_LOG_SINK_SOCKET:
        return send(sink->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    case RP_LOG_SINK_POLLED:
        return write_polled(sink->fd, bytes, len);
    default:
        return write(sink->fd, bytes, len);
    }
}

void rp_log_sink_close(struct rp_log_sink *sink)
{
    if (sink->close && sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}
