/* SPDX-License-Identifier: MIT
 *
 * log.h - write log lines as text (`key=value`) or JSON, to a descriptor or to syslog. For the
 * processes built on the library; the library itself never logs. Each line is written with one
 * call, so that lines of several processes never mix. The danger: bytes of a peer. The functions
 * here, not their callers, escape everything unprintable and cut what is too long. Logging never
 * waits and never makes its caller fail: a line that cannot be written at once, because the reader
 * has stopped or the disk is full, is lost and counted, and the next line that can be written is
 * preceded by "N log lines lost: REASON". */
#ifndef RP_LOG_H
#define RP_LOG_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

enum rp_log_level {
    RP_LOG_ERROR, /* a part that the program needs has failed */
    RP_LOG_WARN,  /* the operator should act */
    RP_LOG_INFO,  /* the start and end of processes */
    RP_LOG_DEBUG, /* single connections */
};

struct rp_log;
struct rp_log_options {
    /* "stderr", "/dev/stderr", "/dev/stdout", "syslog" or the path of a file; NULL = "stderr" */
    const char *destination;
    const char *process;     /* this process in each line: "master"; copied; NULL = no name */
    enum rp_log_level level; /* lines that are more detailed are not written */
    bool json;
    int fd; /* the descriptor of a file that is open already; the log owns it. 0 = open
               `destination` */
};
enum { RP_LOG_FLAGS = O_WRONLY | O_APPEND, RP_LOG_MODE = 0640 }; /* of a log file */
/* Open the log; a missing file is created, an existing one appended to. A file must be regular, not
 * a symbolic link, have one link, and belong to root or to our effective user. NULL with *err set
 * on failure. */
struct rp_log *rp_log_open(const struct rp_log_options *, struct rp_error *)
    __attribute__((warn_unused_result));
void rp_log_close(struct rp_log *); /* NULL ok */
/* Reopen the file by its name, after it was renamed. On failure the log keeps the old one. */
bool rp_log_reopen(struct rp_log *, struct rp_error *);
/* Continue in `fd`, an open file that the log owns from then on. Only for a log whose destination
 * is a file. */
void rp_log_reopened(struct rp_log *, int fd);
/* Count lost lines, including those lost so far, in `*lost`, which may be in memory that processes
 * share: each adds atomically. It must outlive the log. */
void rp_log_count_in(struct rp_log *, uint64_t *lost);
/* Whether this destination names a file. Otherwise it is an open stream or syslog. */
bool rp_log_is_file(const char *destination);
/* After a fork: set the name of this process ("worker 3"). Queued lines are discarded; the parent
 * writes them. */
void rp_log_rename(struct rp_log *, const char *process);

static inline const char *rp_log_level_name(enum rp_log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    return names[level];
}
bool rp_log_wants(const struct rp_log *, enum rp_log_level); /* false for NULL */

/* Write a line that consists of a message. If log is NULL, this and the functions below do
 * nothing. */
void rp_log(struct rp_log *, enum rp_log_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A message with fields: begin, any number of fields, end. `message` is static text. */
enum { RP_LOG_LINE = 2048 };
struct rp_log_line {
    struct rp_log *log; /* NULL: the level is disabled, and adding fields costs nothing */
    enum rp_log_level level;
    size_t len;
    char text[RP_LOG_LINE];
};
void rp_log_begin(struct rp_log_line *, struct rp_log *, enum rp_log_level, const char *message);
void rp_log_text(struct rp_log_line *, const char *key, const char *value); /* NULL: no field */
void rp_log_bytes(struct rp_log_line *, const char *key, const void *value, size_t len);
void rp_log_number(struct rp_log_line *, const char *key, int64_t value);
void rp_log_end(struct rp_log_line *);
/* End a line that may be queued. Queued lines are written together: when enough have gathered (for
 * a pipe PIPE_BUF bytes, so that these writes do not mix either), before a line that must not wait,
 * or by rp_log_flush. This saves most of the system calls. */
void rp_log_end_later(struct rp_log_line *);
void rp_log_flush(struct rp_log *);

#endif
