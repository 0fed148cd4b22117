/* SPDX-License-Identifier: MIT
 *
 * log.c - format lines in a fixed buffer and write each with one call. The dangers: a value may
 * contain any bytes of a peer and may be longer than a line. So put() adds every piece, and keeps
 * room for the closing quote, brace and newline. If the log's reader has stopped, lines are lost,
 * but the process never waits (log_sink.h). Lost lines are counted, and the next line that can be
 * written reports their number. */
#include "lib/base/log.h"
#include "lib/base/file.h"
#include "lib/base/log_sink.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
    CLOSING = 4,                 /* room for `"}\n` and the terminator */
    GATHER_FILE = 16 * PIPE_BUF, /* bytes of queued lines, for a log file */
    GATHER_OTHERS = PIPE_BUF, /* stderr may be a pipe: more bytes would not be written atomically */
};

struct rp_log {
    struct rp_log_sink sink;
    char *path; /* NULL = not a file */
    enum rp_log_level level;
    bool json;
    char process[32];
    pid_t pid;      /* cached: getpid() is a system call */
    char *gathered; /* queued lines; NULL until the first one */
    size_t gathered_len;
    uint64_t *lost, own_lost; /* lines; lost is never NULL */
    uint64_t unreported;      /* lines lost since the last line that said how many */
    int lost_reason;          /* errno */
    char torn[RP_LOG_LINE];   /* the rest of a line that was written in part */
    size_t torn_len;
};

/* Names of streams that are open already. Containers often have them as symbolic links, which
 * rp_file_open would not follow. */
static int standard_stream(const char *destination)
{
    if (strcmp(destination, "stderr") == 0 || strcmp(destination, "/dev/stderr") == 0)
        return STDERR_FILENO;
    return strcmp(destination, "/dev/stdout") == 0 ? STDOUT_FILENO : -1;
}

bool rp_log_is_file(const char *destination)
{
    return standard_stream(destination) < 0 && strcmp(destination, "syslog") != 0;
}

static int open_file(const char *path, struct rp_error *err)
{
    return rp_file_open(path, RP_LOG_FLAGS | O_CREAT, RP_LOG_MODE, geteuid(), err);
}

static bool open_sink(struct rp_log *log, const char *destination, int open_fd,
                      struct rp_error *err)
{
    int fd = standard_stream(destination);

    if (fd >= 0) {
        rp_log_sink_stream(&log->sink, fd);
    } else if (strcmp(destination, "syslog") == 0) {
        rp_log_sink_syslog(&log->sink);
    } else {
        if ((log->path = strdup(destination)) == NULL)
            return rp_error_errno(err, ENOMEM, "malloc", "a log");
        if ((fd = open_fd > 0 ? open_fd : open_file(log->path, err)) < 0)
            return false;
        rp_log_sink_file(&log->sink, fd);
    }
    return true;
}

struct rp_log *rp_log_open(const struct rp_log_options *options, struct rp_error *err)
{
    const char *destination = options->destination != NULL ? options->destination : "stderr";
    struct rp_log *log = calloc(1, sizeof *log);

    if (log == NULL)
        goto no_memory;
    log->level = options->level;
    log->json = options->json;
    log->lost = &log->own_lost;
    rp_log_rename(log, options->process);
    if (open_sink(log, destination, options->fd, err))
        return log;
    free(log->path);
    free(log);
    return NULL;
no_memory:
    rp_error_errno(err, ENOMEM, "malloc", "a log");
    return NULL;
}

/* In a forked process the queued lines are a copy: the parent writes them. */
void rp_log_close(struct rp_log *log)
{
    if (log == NULL)
        return;
    if (log->pid == getpid())
        rp_log_flush(log);
    rp_log_sink_close(&log->sink);
    free(log->gathered);
    free(log->path);
    free(log);
}

bool rp_log_reopen(struct rp_log *log, struct rp_error *err)
{
    int fd;

    if (log == NULL || log->path == NULL)
        return true;
    if ((fd = open_file(log->path, err)) < 0)
        return false;
    rp_log_reopened(log, fd);
    return true;
}

void rp_log_reopened(struct rp_log *log, int fd)
{
    rp_log_flush(log);
    rp_log_sink_close(&log->sink);
    rp_log_sink_file(&log->sink, fd);
}

void rp_log_count_in(struct rp_log *log, uint64_t *lost)
{
    __atomic_fetch_add(lost, *log->lost, __ATOMIC_RELAXED);
    log->lost = lost;
}

void rp_log_rename(struct rp_log *log, const char *process)
{
    if (log == NULL)
        return;
    snprintf(log->process, sizeof log->process, "%s", process != NULL ? process : "");
    log->pid = getpid();
    log->gathered_len = log->torn_len = 0;
    log->unreported = 0;
}

bool rp_log_wants(const struct rp_log *log, enum rp_log_level level)
{
    return log != NULL && level <= log->level;
}

static size_t room(const struct rp_log_line *line)
{
    size_t most = sizeof line->text - CLOSING;

    return line->len < most ? most - line->len : 0;
}

/* Add all of the bytes or none, so that no escape sequence is cut in two. */
static bool put(struct rp_log_line *line, const char *bytes, size_t len)
{
    if (len > room(line))
        return false;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
    return true;
}

static bool puts_to(struct rp_log_line *line, const char *string)
{
    return put(line, string, strlen(string));
}

/* Uses the room that CLOSING reserves: at most one quote, one brace and one newline. */
static void close_with(struct rp_log_line *line, char c)
{
    line->text[line->len++] = c;
}

/* The length of the character at `at` if it is printable, else 0. C1 controls (0xc2 and a byte
 * below 0xa0) are as dangerous to a terminal as those of ASCII. */
static size_t printable(const uint8_t *at, size_t left)
{
    bool valid;
    size_t len;

    if (*at < 0x80)
        return *at >= 0x20 && *at < 0x7f;
    len = rp_utf8_sequence(at, left, &valid);
    return valid && (at[0] != 0xc2 || at[1] >= 0xa0) ? len : 0;
}

/* Add the bytes, escaped where necessary; with `quoted`, between quotes. */
static void put_escaped(struct rp_log_line *line, const void *bytes, size_t len, bool quoted)
{
    const uint8_t *at = bytes, *end = at + len;
    char escape[8];
    bool fits = true;

    for (size_t used; fits && at < end; at += used) {
        used = printable(at, (size_t)(end - at));
        if (used == 1 && quoted && (*at == '"' || *at == '\\')) {
            fits = put(line, (char[]){'\\', (char)*at}, 2);
        } else if (used > 0) {
            fits = put(line, (const char *)at, used);
        } else {
            snprintf(escape, sizeof escape, line->log->json ? "\\u%04x" : "\\x%02x", *at);
            fits = puts_to(line, escape);
            used = 1;
        }
    }
}

static bool needs_quotes(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] <= ' ' || bytes[i] >= 0x7f || bytes[i] == '"' || bytes[i] == '\\' ||
            bytes[i] == '=')
            return true;
    return len == 0;
}

/* Add the key if there is room for a useful part of its value. */
static bool put_key(struct rp_log_line *line, const char *key)
{
    if (line->log == NULL || strlen(key) + 24 > room(line))
        return false;
    puts_to(line, line->log->json ? ",\"" : " ");
    puts_to(line, key);
    return puts_to(line, line->log->json ? "\":" : "=");
}

void rp_log_bytes(struct rp_log_line *line, const char *key, const void *value, size_t len)
{
    if (!put_key(line, key))
        return;
    if (!line->log->json && !needs_quotes(value, len)) {
        put_escaped(line, value, len, false);
        return;
    }
    puts_to(line, "\"");
    put_escaped(line, value, len, true);
    close_with(line, '"');
}

void rp_log_text(struct rp_log_line *line, const char *key, const char *value)
{
    if (value != NULL)
        rp_log_bytes(line, key, value, strlen(value));
}

void rp_log_number(struct rp_log_line *line, const char *key, int64_t value)
{
    char digits[24];

    if (!put_key(line, key))
        return;
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    puts_to(line, digits);
}

static void put_time(struct rp_log_line *line)
{
    char text[64];
    struct timespec now;
    struct tm utc;
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof text - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
    puts_to(line, text);
}

static void begin_text(struct rp_log_line *line)
{
    char who[64];

    if (line->log->sink.kind == RP_LOG_SINK_SYSLOG)
        return; /* syslog adds the time, the process and the severity */
    put_time(line);
    snprintf(who, sizeof who, " %-5s %s[%d]: ", rp_log_level_name(line->level), line->log->process,
             (int)line->log->pid);
    puts_to(line, who);
}

static void begin_json(struct rp_log_line *line)
{
    char who[96];

    puts_to(line, "{\"time\":\"");
    put_time(line);
    snprintf(who, sizeof who, "\",\"level\":\"%s\",\"process\":\"%s\",\"pid\":%d,\"message\":\"",
             rp_log_level_name(line->level), line->log->process, (int)line->log->pid);
    puts_to(line, who);
}

static void begin(struct rp_log_line *line, struct rp_log *log, enum rp_log_level level,
                  const char *message)
{
    line->log = log;
    line->level = level;
    line->len = 0;
    if (log->json)
        begin_json(line);
    else
        begin_text(line);
    put_escaped(line, message, strlen(message), log->json);
    if (log->json)
        close_with(line, '"');
}

void rp_log_begin(struct rp_log_line *line, struct rp_log *log, enum rp_log_level level,
                  const char *message)
{
    line->log = NULL;
    if (rp_log_wants(log, level))
        begin(line, log, level, message);
}

/* -- writing */

static void count_lost(struct rp_log *log, uint64_t lines)
{
    log->lost_reason = errno;
    log->unreported += lines;
    __atomic_fetch_add(log->lost, lines, __ATOMIC_RELAXED);
}

static uint64_t lines_in(const char *bytes, size_t len)
{
    uint64_t lines = 0;

    for (const char *end = bytes + len, *at; (at = memchr(bytes, '\n', len)) != NULL; lines++) {
        bytes = at + 1;
        len = (size_t)(end - bytes);
    }
    return lines;
}

/* Keep the rest of a line that was written in part, to write it before anything else; the lines
 * after it are lost. */
static void keep_torn(struct rp_log *log, const char *rest, size_t len)
{
    const char *newline = memchr(rest, '\n', len);
    size_t torn = newline != NULL ? (size_t)(newline - rest) + 1 : 0;

    if (rest[-1] == '\n' || torn > sizeof log->torn)
        torn = 0;
    memcpy(log->torn, rest, torn);
    log->torn_len = torn;
    if (torn < len)
        count_lost(log, lines_in(rest + torn, len - torn));
}

static bool write_torn(struct rp_log *log)
{
    ssize_t written;

    if (log->torn_len == 0)
        return true;
    written = rp_log_sink_write(&log->sink, LOG_INFO, log->torn, log->torn_len);
    if (written <= 0)
        return false;
    log->torn_len -= (size_t)written;
    memmove(log->torn, log->torn + written, log->torn_len);
    return log->torn_len == 0;
}

/* false: nothing was written, and errno has the reason. */
static bool write_lines(struct rp_log *log, int priority, const char *bytes, size_t len)
{
    ssize_t written;

    errno = EAGAIN;
    if (!write_torn(log))
        return false;
    written = rp_log_sink_write(&log->sink, priority, bytes, len);
    if (written > 0 && (size_t)written < len) {
        errno = EAGAIN;
        keep_torn(log, bytes + written, len - (size_t)written);
    }
    return written > 0;
}

/* Complete the line with its brace and newline; returns its length. */
static size_t closed(struct rp_log_line *line)
{
    if (line->log->json)
        close_with(line, '}');
    if (line->log->sink.kind != RP_LOG_SINK_SYSLOG)
        close_with(line, '\n');
    return line->len;
}

static bool report_lost(struct rp_log *log)
{
    struct rp_log_line line;
    char message[160];
    int reason = log->lost_reason;

    if (log->unreported == 0)
        return true;
    snprintf(
        message, sizeof message, "%llu log lines lost: %s", (unsigned long long)log->unreported,
        reason == EAGAIN ? "the reader of the log has stopped or is too slow" : strerror(reason));
    begin(&line, log, RP_LOG_WARN, message);
    if (!write_lines(log, LOG_WARNING, line.text, closed(&line)))
        return false;
    log->unreported = 0;
    return true;
}

static void write_out(struct rp_log *log, int priority, const char *bytes, size_t len)
{
    if (report_lost(log) && write_lines(log, priority, bytes, len))
        return;
    count_lost(log, log->sink.kind == RP_LOG_SINK_SYSLOG ? 1 : lines_in(bytes, len));
}

void rp_log_flush(struct rp_log *log)
{
    if (log == NULL)
        return;
    if (log->gathered_len > 0)
        write_out(log, LOG_INFO, log->gathered, log->gathered_len);
    else if (write_torn(log))
        report_lost(log);
    log->gathered_len = 0;
}

static void gather(struct rp_log *log, const char *bytes, size_t len)
{
    size_t capacity = log->path != NULL ? GATHER_FILE : GATHER_OTHERS;

    if (log->gathered == NULL && (log->gathered = malloc(capacity)) == NULL) {
        write_out(log, LOG_INFO, bytes, len);
        return;
    }
    if (log->gathered_len + len > capacity)
        rp_log_flush(log);
    memcpy(log->gathered + log->gathered_len, bytes, len);
    log->gathered_len += len;
}

static void end(struct rp_log_line *line, bool later)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    struct rp_log *log = line->log;
    size_t len;

    if (log == NULL)
        return;
    len = closed(line);
    if (later && log->sink.kind != RP_LOG_SINK_SYSLOG) {
        gather(log, line->text, len);
        return;
    }
    if (log->gathered_len > 0)
        rp_log_flush(log);
    write_out(log, priorities[line->level], line->text, len);
}

void rp_log_end(struct rp_log_line *line)
{
    end(line, false);
}

void rp_log_end_later(struct rp_log_line *line)
{
    end(line, true);
}

void rp_log(struct rp_log *log, enum rp_log_level level, const char *format, ...)
{
    char message[RP_LOG_LINE];
    struct rp_log_line line;
    va_list args;

    if (!rp_log_wants(log, level))
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    begin(&line, log, level, message);
    rp_log_end(&line);
}
