/* SPDX-License-Identifier: MIT
 *
 * log.h - one line for each thing worth telling: text (`key=value`) or JSON, to a descriptor or to
 * syslog. For the processes built on the library; the library itself never logs.
 * Each line leaves in one write, so that the lines of many processes never mix. The danger: bytes
 * of a peer. Whatever isn't printable is escaped, here and not by callers; what is too long is
 * cut. Logging never waits and fails nobody: a line that cannot be written at once, because the
 * reader has stopped or the disk is full, is lost and counted, and the next line that can be
 * written is preceded by "N log lines lost: REASON". */
#ifndef RP_LOG_H
#define RP_LOG_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

enum rp_log_level {
    RP_LOG_ERROR, /* something this program needs is broken */
    RP_LOG_WARN,  /* the operator should act */
    RP_LOG_INFO,  /* the lives of processes */
    RP_LOG_DEBUG, /* single connections */
};

struct rp_log;
struct rp_log_options {
    /* "stderr", "/dev/stderr", "/dev/stdout", "syslog" or the path of a file; NULL = "stderr" */
    const char *destination;
    const char *process;     /* who speaks: "master"; copied, NULL = nobody in particular */
    enum rp_log_level level; /* what is more detailed than this is not written */
    bool json;
    int fd; /* of the file, when it is open already; taken over. 0 = it is opened here */
};
enum { RP_LOG_FLAGS = O_WRONLY | O_APPEND, RP_LOG_MODE = 0640 }; /* of the file */
/* Opens (for a file: creates it, and appends). A file must be a regular one with one link that root
 * or our effective user owns, and no symbolic link. NULL with *err set when that isn't possible. */
struct rp_log *rp_log_open(const struct rp_log_options *, struct rp_error *)
    __attribute__((warn_unused_result));
void rp_log_close(struct rp_log *); /* NULL ok */
/* The file was renamed: go on in a new one of the same name. On failure the old one stays. */
bool rp_log_reopen(struct rp_log *, struct rp_error *);
/* Go on in `fd`, which is open already and is taken over. Only for a log whose destination is a
 * file. */
void rp_log_reopened(struct rp_log *, int fd);
/* Count lines that are lost there, those of until now included: in memory that processes share, as
 * each adds atomically. It must outlive the log. */
void rp_log_count_in(struct rp_log *, uint64_t *lost);
/* Does this destination name a file? Else it is a stream that is open already, or syslog. */
bool rp_log_is_file(const char *destination);
/* After a fork: who speaks now ("worker 3"). Lines that wait are the parent's and forgotten here.
 */
void rp_log_rename(struct rp_log *, const char *process);

static inline const char *rp_log_level_name(enum rp_log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    return names[level];
}
bool rp_log_wants(const struct rp_log *, enum rp_log_level); /* false for NULL */

/* A line that is only a message. log NULL: nothing happens, here as below. */
void rp_log(struct rp_log *, enum rp_log_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A message with fields: begin, any number of fields, end. `message` is static text. */
enum { RP_LOG_LINE = 2048 };
struct rp_log_line {
    struct rp_log *log; /* NULL: not wanted, all that follows is free of cost */
    enum rp_log_level level;
    size_t len;
    char text[RP_LOG_LINE];
};
void rp_log_begin(struct rp_log_line *, struct rp_log *, enum rp_log_level, const char *message);
void rp_log_text(struct rp_log_line *, const char *key, const char *value); /* NULL: no field */
void rp_log_bytes(struct rp_log_line *, const char *key, const void *value, size_t len);
void rp_log_number(struct rp_log_line *, const char *key, int64_t value);
void rp_log_end(struct rp_log_line *);
/* The same for a line that may wait: it leaves together with others, when enough have gathered (to
 * a pipe PIPE_BUF bytes, so that even these writes don't mix), before a line that doesn't wait, or
 * with rp_log_flush. So a line costs much less than a system call. */
void rp_log_end_later(struct rp_log_line *);
void rp_log_flush(struct rp_log *);

#endif
