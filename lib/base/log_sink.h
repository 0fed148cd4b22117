/* SPDX-License-Identifier: MIT
 *
 * log_sink.h - where log lines go: a file, a stream that is open already (stderr), or syslog.
 * The danger: a reader that has stopped. A write to its full pipe, terminal or socket would wait
 * for as long as it likes, and with it the process. So no write here waits: it fails with EAGAIN.
 *
 * Streams are inherited, and other processes share their open file description (a shell, the
 * container's other programs), so O_NONBLOCK is never set on one. Instead
 * - a socket (journald) is written with MSG_DONTWAIT;
 * - a pipe, FIFO or terminal is opened once more through /proc/self/fd: O_NONBLOCK then belongs to
 *   our description alone, and the kernel decides atomically;
 * - where that is refused (a pipe of another user), poll is asked before each write: a pipe is used
 *   only up to a quarter, so that processes that write at the same moment all find room, and a
 *   terminal gets small pieces. */
#ifndef RP_LOG_SINK_H
#define RP_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum rp_log_sink_kind {
    RP_LOG_SINK_FILE,   /* a regular file, or a device that never blocks */
    RP_LOG_SINK_SOCKET, /* a stream socket */
    RP_LOG_SINK_OWN,    /* a pipe or terminal with our own O_NONBLOCK description */
    RP_LOG_SINK_POLLED, /* a pipe or terminal whose description other processes share */
    RP_LOG_SINK_SYSLOG,
};
struct rp_log_sink {
    enum rp_log_sink_kind kind;
    int fd;     /* -1: not connected (syslog) */
    bool close; /* the sink owns the descriptor */
};

/* Write lines to a file; the sink owns the descriptor. */
void rp_log_sink_file(struct rp_log_sink *, int fd);
/* Write lines to an open descriptor, which stays the caller's. */
void rp_log_sink_stream(struct rp_log_sink *, int fd);
/* Write lines to /dev/log, which need not exist yet: each write tries to connect. */
void rp_log_sink_syslog(struct rp_log_sink *);
void rp_log_sink_close(struct rp_log_sink *);

/* Returns the number of bytes written, which may be fewer than `len`; -1 with errno, EAGAIN if the
 * reader has no room. Never waits for a reader. `priority` is that of syslog(3); other sinks ignore
 * it. For syslog the bytes must be one line without a newline. */
ssize_t rp_log_sink_write(struct rp_log_sink *, int priority, const char *bytes, size_t len);

#endif
