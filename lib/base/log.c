/* SPDX-License-Identifier: MIT
 *
 * log.c - lines in a fixed buffer, each written at once.
 * The danger: values are a peer's bytes and may be longer than any line. Every piece goes through
 * put(), which keeps enough room for the closing quote, brace and newline. */
#include "lib/base/log.h"
#include "lib/base/file.h"
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
    CLOSING = 4,                 /* `"}\n` and the terminator always fit */
    GATHER_FILE = 16 * PIPE_BUF, /* bytes of lines that wait, in a file's log */
    GATHER_OTHERS = PIPE_BUF,    /* what stderr is, we don't know */
};

struct rp_log {
    int fd;     /* -1 = syslog */
    char *path; /* NULL = not a file */
    enum rp_log_level level;
    bool json;
    char process[32];
    pid_t pid;      /* getpid() is a system call */
    char *gathered; /* lines that wait; NULL until there was one */
    size_t gathered_len;
};

/* The names that containers have for what is open already: links, which we would not follow. */
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

struct rp_log *rp_log_open(const struct rp_log_options *options, struct rp_error *err)
{
    const char *destination = options->destination != NULL ? options->destination : "stderr";
    struct rp_log *log = calloc(1, sizeof *log);

    if (log == NULL)
        goto no_memory;
    log->level = options->level;
    log->json = options->json;
    rp_log_rename(log, options->process);
    log->fd = standard_stream(destination);
    if (log->fd >= 0)
        return log;
    if (strcmp(destination, "syslog") == 0) {
        log->fd = -1;
        openlog("reprise", LOG_PID | LOG_NDELAY, LOG_DAEMON);
        return log;
    }
    if ((log->path = strdup(destination)) == NULL)
        goto no_memory;
    log->fd = options->fd > 0 ? options->fd : open_file(log->path, err);
    if (log->fd < 0) {
        rp_log_close(log);
        return NULL;
    }
    return log;
no_memory:
    free(log);
    rp_error_errno(err, ENOMEM, "malloc", "a log");
    return NULL;
}

void rp_log_close(struct rp_log *log)
{
    if (log == NULL)
        return;
    rp_log_flush(log);
    if (log->path != NULL && log->fd >= 0)
        close(log->fd);
    if (log->path == NULL && log->fd < 0)
        closelog();
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
    close(log->fd);
    log->fd = fd;
}

void rp_log_rename(struct rp_log *log, const char *process)
{
    if (log == NULL)
        return;
    snprintf(log->process, sizeof log->process, "%s", process != NULL ? process : "");
    log->pid = getpid();
    log->gathered_len = 0;
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

/* All of it or nothing, so that no escape is cut in two. */
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

/* What CLOSING keeps the room for: at most one quote, one brace and one newline. */
static void close_with(struct rp_log_line *line, char c)
{
    line->text[line->len++] = c;
}

/* The length of the character at `at` if it may be shown as it is, else 0. C1 controls (0xc2 and
 * a byte below 0xa0) are as dangerous to a terminal as those of ASCII. */
static size_t printable(const uint8_t *at, size_t left)
{
    bool valid;
    size_t len;

    if (*at < 0x80)
        return *at >= 0x20 && *at < 0x7f;
    len = rp_utf8_sequence(at, left, &valid);
    return valid && (at[0] != 0xc2 || at[1] >= 0xa0) ? len : 0;
}

/* The bytes as they may stand in the line; with `quoted`, between quotes. */
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

/* The key, if a value of some use still fits behind it. */
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

    if (line->log->fd < 0)
        return; /* syslog knows when, who and how grave */
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

static void write_out(const struct rp_log *log, const char *bytes, size_t len)
{
    if (write(log->fd, bytes, len) < 0)
        return; /* the disk is full, the reader gone: nobody to tell */
}

void rp_log_flush(struct rp_log *log)
{
    if (log == NULL || log->gathered_len == 0)
        return;
    write_out(log, log->gathered, log->gathered_len);
    log->gathered_len = 0;
}

static void gather(struct rp_log *log, const char *bytes, size_t len)
{
    size_t capacity = log->path != NULL ? GATHER_FILE : GATHER_OTHERS;

    if (log->gathered == NULL && (log->gathered = malloc(capacity)) == NULL) {
        write_out(log, bytes, len);
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

    if (line->log == NULL)
        return;
    if (line->log->json)
        close_with(line, '}');
    if (line->log->fd < 0) {
        syslog(priorities[line->level], "%.*s", (int)line->len, line->text);
        return;
    }
    close_with(line, '\n');
    if (later) {
        gather(line->log, line->text, line->len);
        return;
    }
    rp_log_flush(line->log);
    write_out(line->log, line->text, line->len);
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
