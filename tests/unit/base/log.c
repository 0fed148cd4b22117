/* SPDX-License-Identifier: MIT
 *
 * log.c - lines as text and as JSON; hostile bytes stay harmless, and no reader is waited for. */
#include "tests/unit/unit.h"

#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];
static char last[2 * RP_LOG_LINE];

static void make_path(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/reprise-log-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_path(void)
{
    unlink(path);
}

static struct rp_log *open_log(bool json, enum rp_log_level level)
{
    struct rp_log_options options = {
        .destination = path, .process = "master", .level = level, .json = json};
    struct rp_log *log = rp_log_open(&options, NULL);

    ck_assert_ptr_nonnull(log);
    return log;
}

/* All that the file holds. */
static const char *written(void)
{
    FILE *file = fopen(path, "r");
    size_t got;

    ck_assert_ptr_nonnull(file);
    got = fread(last, 1, sizeof last - 1, file);
    last[got] = '\0';
    fclose(file);
    return last;
}

START_TEST(log_writes_message_and_fields)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    struct rp_log_line line;

    rp_log_begin(&line, log, RP_LOG_INFO, "worker left");
    rp_log_number(&line, "worker", 3);
    rp_log_text(&line, "why", "signal 9");
    rp_log_text(&line, "none", NULL);
    rp_log_end(&line);
    ck_assert_ptr_nonnull(strstr(written(), ": worker left worker=3 why=\"signal 9\"\n"));
    ck_assert_ptr_nonnull(strstr(last, " info  master["));
    rp_log_close(log);
}
END_TEST

START_TEST(log_keeps_to_its_level)
{
    struct rp_log *log = open_log(false, RP_LOG_WARN);

    rp_log(log, RP_LOG_INFO, "not wanted");
    ck_assert_str_eq(written(), "");
    rp_log(log, RP_LOG_ERROR, "wanted: \"%s\"", "quoted");
    ck_assert_ptr_nonnull(strstr(written(), ": wanted: \"quoted\"\n"));
    rp_log(NULL, RP_LOG_ERROR, "nobody listens");
    rp_log_close(log);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    const char *shown;
} hostile[] = {
    {"a\nb", 3, "v=\"a\\x0ab\"\n"},
    {"a\0b", 3, "v=\"a\\x00b\"\n"},
    {"\x1b[2J", 4, "v=\"\\x1b[2J\"\n"},
    {"\xc2\x9b", 2, "v=\"\\xc2\\x9b\"\n"},
    {"say \"hi\"\\", 9, "v=\"say \\\"hi\\\"\\\\\"\n"},
    {"gr\xc3\xbc\xc3\x9f", 6, "v=\"gr\xc3\xbc\xc3\x9f\"\n"},
    {"\xff\xfe", 2, "v=\"\\xff\\xfe\"\n"},
    {"", 0, "v=\"\"\n"},
    {"plain", 5, "v=plain\n"},
};

START_TEST(log_escapes_hostile_bytes)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    struct rp_log_line line;

    rp_log_begin(&line, log, RP_LOG_INFO, "m");
    rp_log_bytes(&line, "v", hostile[_i].bytes, hostile[_i].len);
    rp_log_end(&line);
    ck_assert_ptr_nonnull(strstr(written(), hostile[_i].shown));
    rp_log_close(log);
}
END_TEST

START_TEST(log_json_is_json_whatever_it_is_given)
{
    struct rp_log *log = open_log(true, RP_LOG_INFO);
    struct rp_log_line line;
    json_t *parsed;
    char bytes[256];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    rp_log_begin(&line, log, RP_LOG_WARN, "a \"message\"\n");
    rp_log_bytes(&line, "all", bytes, sizeof bytes);
    rp_log_number(&line, "n", -7);
    rp_log_end(&line);
    parsed = json_loads(written(), JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(parsed);
    ck_assert_str_eq(json_string_value(json_object_get(parsed, "message")), "a \"message\"\n");
    ck_assert_str_eq(json_string_value(json_object_get(parsed, "level")), "warn");
    ck_assert_int_eq(json_integer_value(json_object_get(parsed, "n")), -7);
    json_decref(parsed);
    rp_log_close(log);
}
END_TEST

/* Whatever the length, a line is whole: it ends in a newline and, as JSON, parses. */
START_TEST(log_cuts_what_is_too_long)
{
    static char bytes[RP_LOG_LINE + 64];
    struct rp_log *log = open_log(true, RP_LOG_INFO);

    memset(bytes, 1, sizeof bytes); /* six characters each */
    for (size_t len = RP_LOG_LINE / 8; len < sizeof bytes; len += 61) {
        struct rp_log_line line;
        json_t *parsed;

        ck_assert_int_eq(truncate(path, 0), 0);
        rp_log_begin(&line, log, RP_LOG_INFO, "long");
        rp_log_bytes(&line, "a", bytes, len / 6);
        rp_log_bytes(&line, "b", bytes, len);
        rp_log_text(&line, "c", "no room");
        rp_log_end(&line);
        parsed = json_loads(written(), JSON_ALLOW_NUL, NULL);
        ck_assert_ptr_nonnull(parsed);
        ck_assert_int_eq(last[strlen(last) - 1], '\n');
        json_decref(parsed);
    }
    rp_log_close(log);
}
END_TEST

START_TEST(log_reopens_after_rotation)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    char moved[80];

    snprintf(moved, sizeof moved, "%s.1", path);
    rp_log(log, RP_LOG_INFO, "before");
    ck_assert_int_eq(rename(path, moved), 0);
    ck_assert(rp_log_reopen(log, NULL));
    rp_log(log, RP_LOG_INFO, "after");
    ck_assert_ptr_null(strstr(written(), "before"));
    ck_assert_ptr_nonnull(strstr(last, "after"));
    unlink(moved);
    rp_log_close(log);
}
END_TEST

START_TEST(log_that_cannot_be_opened_says_which)
{
    struct rp_log_options options = {.destination = "/nonexistent/dir/file.log"};
    struct rp_error error;

    ck_assert_ptr_null(rp_log_open(&options, &error));
    ck_assert_str_eq(error.code, "ENOENT");
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/dir/file.log"));
}
END_TEST

static void say_later(struct rp_log *log, int n)
{
    struct rp_log_line line;

    rp_log_begin(&line, log, RP_LOG_INFO, "later");
    rp_log_number(&line, "n", n);
    rp_log_end_later(&line);
}

START_TEST(log_lines_that_may_wait_leave_together_and_in_order)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);

    say_later(log, 1);
    say_later(log, 2);
    ck_assert_str_eq(written(), "");
    rp_log(log, RP_LOG_INFO, "now");
    ck_assert_ptr_nonnull(strstr(written(), "later n=2\n"));
    ck_assert(strstr(last, "n=1") < strstr(last, "n=2"));
    ck_assert(strstr(last, "n=2") < strstr(last, ": now\n"));
    say_later(log, 3);
    rp_log_flush(log);
    ck_assert_ptr_nonnull(strstr(written(), "n=3\n"));
    say_later(log, 4);
    rp_log_close(log);
    ck_assert_ptr_nonnull(strstr(written(), "n=4\n"));
}
END_TEST

START_TEST(log_lines_that_may_wait_are_all_written_whole)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    FILE *file;
    int n = 0, read_n;
    char text[256];

    for (int i = 0; i < 3000; i++)
        say_later(log, i);
    rp_log_close(log);
    file = fopen(path, "r");
    while (fgets(text, sizeof text, file) != NULL) {
        ck_assert_int_eq(sscanf(strstr(text, "n="), "n=%d\n", &read_n), 1);
        ck_assert_int_eq(read_n, n++);
    }
    fclose(file);
    ck_assert_int_eq(n, 3000);
}
END_TEST

START_TEST(log_lines_of_the_parent_are_not_repeated_by_the_child)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);

    say_later(log, 1);
    rp_log_rename(log, "worker 0");
    rp_log_close(log);
    ck_assert_str_eq(written(), "");
}
END_TEST

/* -- readers that have stopped */

/* The log calls this one: a pipe of another user can't be opened once more. */
static bool refuse_again;

int open(const char *name, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(args, int) : 0;
    va_end(args);
    if (refuse_again && strncmp(name, "/proc/self/fd/", 14) == 0) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, name, flags, mode);
}

enum { STREAM_READ, STREAM_WRITE };

static void make_pipe(int ends[2])
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void make_pipe_of_another_user(int ends[2])
{
    refuse_again = true;
    make_pipe(ends);
}

static void make_socket(int ends[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static void make_terminal(int ends[2])
{
    struct termios raw = {.c_cflag = CS8 | CREAD};

    ck_assert_int_eq(openpty(&ends[STREAM_READ], &ends[STREAM_WRITE], NULL, &raw, NULL), 0);
}

static void make_terminal_of_another_user(int ends[2])
{
    refuse_again = true;
    make_terminal(ends);
}

static void (*const streams[])(int ends[2]) = {make_pipe, make_pipe_of_another_user, make_socket,
                                               make_terminal, make_terminal_of_another_user};
enum { STREAMS = sizeof streams / sizeof *streams };

static struct rp_log *log_to(int fd)
{
    struct rp_log_options options = {.process = "worker 0", .level = RP_LOG_INFO};
    struct rp_log *log;

    ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    log = rp_log_open(&options, NULL);
    ck_assert_ptr_nonnull(log);
    return log;
}

static char arrived[4 << 20];

/* What a stream holds now, as one text. */
static void read_all(int fd)
{
    size_t len = strlen(arrived);
    ssize_t got;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    while ((got = read(fd, arrived + len, sizeof arrived - 1 - len)) > 0)
        len += (size_t)got;
    arrived[len] = '\0';
}

static unsigned count(const char *needle)
{
    unsigned found = 0;

    for (const char *at = arrived; (at = strstr(at, needle)) != NULL; at++)
        found++;
    return found;
}

static void check_lines_whole(void)
{
    for (char *line = arrived, *end; *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        ck_assert_msg(strncmp(line, "20", 2) == 0 && memmem(line, (size_t)(end - line), "Z ", 2),
                      "%.*s", (int)(end - line), line);
    }
}

/* The sum of what the log said. */
static uint64_t reported(void)
{
    static const char text[] =
        " log lines lost: the reader of the log has stopped or is too slow\n";
    uint64_t sum = 0;

    for (char *at = arrived; (at = strstr(at, text)) != NULL; at++) {
        char *digits = at;

        while (digits[-1] != ' ')
            digits--;
        sum += strtoull(digits, NULL, 10);
    }
    return sum;
}

/* A terminal has room again some time after it was read. How often the line was logged. */
static unsigned log_until_written(struct rp_log *log, const uint64_t *lost, int fd,
                                  const char *text)
{
    unsigned attempts = 0;
    uint64_t before;

    do {
        attempts++;
        read_all(fd);
        before = *lost;
        rp_log(log, RP_LOG_INFO, "%s", text);
    } while (*lost > before);
    while (count(text) == 0 || arrived[strlen(arrived) - 1] != '\n') {
        rp_log_flush(log);
        read_all(fd);
    }
    return attempts;
}

enum { FLOOD = 20000 };

/* Returns at all, whatever the stream; some lines arrive, the others are counted. */
START_TEST(log_never_waits_for_a_reader_that_has_stopped)
{
    uint64_t lost = 0, lines = FLOOD;
    struct rp_log *log;
    int ends[2];

    streams[_i % STREAMS](ends);
    log = log_to(ends[STREAM_WRITE]);
    rp_log_count_in(log, &lost);
    for (int i = 0; i < FLOOD; i++)
        _i < STREAMS ? rp_log(log, RP_LOG_INFO, "later n=%d", i) : say_later(log, i);
    ck_assert_uint_gt(lost, 0);
    lines += log_until_written(log, &lost, ends[STREAM_READ], "the reader reads again");
    check_lines_whole();
    ck_assert_uint_eq(reported(), lost);
    ck_assert_uint_eq(count("later n=") + count("the reader reads again"), lines - lost);
    rp_log_close(log);
}
END_TEST

/* A shell, or another program of the container, has the same open file description. */
START_TEST(log_does_not_change_a_stream_for_those_who_share_it)
{
    struct rp_log *log;
    int ends[2];

    streams[_i](ends);
    log = log_to(ends[STREAM_WRITE]);
    rp_log(log, RP_LOG_INFO, "line");
    ck_assert_int_eq(fcntl(ends[STREAM_WRITE], F_GETFL) & O_NONBLOCK, 0);
    rp_log_close(log);
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

/* Many processes at once, a pipe without room, and nobody of them waits. */
START_TEST(log_of_many_processes_never_waits)
{
    pid_t children[8];
    struct rp_log *log;
    int ends[2], status;

    streams[_i](ends);
    log = log_to(ends[STREAM_WRITE]);
    for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
        if ((children[i] = fork()) == 0) {
            rp_log_rename(log, "child");
            for (int n = 0; n < 2000; n++)
                rp_log(log, RP_LOG_INFO, "line n=%d", n);
            _exit(0);
        }
    }
    for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    read_all(ends[STREAM_READ]);
    ck_assert_uint_gt(count("line n=0"), 0);
    check_lines_whole();
    rp_log_close(log);
}
END_TEST

START_TEST(log_whose_reader_is_gone_counts_lost_lines)
{
    uint64_t lost = 0;
    struct rp_log *log;
    int ends[2];

    signal(SIGPIPE, SIG_IGN);
    streams[_i](ends);
    log = log_to(ends[STREAM_WRITE]);
    close(ends[STREAM_READ]);
    rp_log_count_in(log, &lost);
    rp_log(log, RP_LOG_INFO, "line");
    rp_log(log, RP_LOG_INFO, "line");
    ck_assert_uint_eq(lost, 2);
    rp_log_close(log);
}
END_TEST

/* A file that may not grow is what a full disk looks like to who writes. */
START_TEST(log_on_a_full_disk_counts_lost_lines)
{
    struct rlimit none = {0, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    uint64_t lost = 0;

    signal(SIGXFSZ, SIG_IGN);
    rp_log_count_in(log, &lost);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (int i = 0; i < 3; i++)
        rp_log(log, RP_LOG_INFO, "no room");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
    ck_assert_uint_eq(lost, 3);
    rp_log(log, RP_LOG_INFO, "room");
    ck_assert_ptr_nonnull(strstr(written(), ": 3 log lines lost: File too large\n"));
    ck_assert_ptr_nonnull(strstr(last, ": room\n"));
    rp_log_close(log);
}
END_TEST

/* The log calls this one: the daemon that listens is ours. */
static struct sockaddr_un daemon_address;

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    const struct sockaddr_un *address = (const struct sockaddr_un *)(const void *)to;

    if (strcmp(address->sun_path, "/dev/log") == 0)
        to = (const struct sockaddr *)(const void *)&daemon_address;
    return (int)syscall(SYS_connect, fd, to, len);
}

static int syslogd(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    daemon_address.sun_family = AF_UNIX;
    unlink(path);
    snprintf(daemon_address.sun_path, sizeof daemon_address.sun_path, "%s", path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&daemon_address, sizeof daemon_address), 0);
    return fd;
}

static struct rp_log *open_syslog(uint64_t *lost)
{
    struct rp_log_options options = {
        .destination = "syslog", .process = "master", .level = RP_LOG_INFO};
    struct rp_log *log = rp_log_open(&options, NULL);

    ck_assert_ptr_nonnull(log);
    rp_log_count_in(log, lost);
    return log;
}

START_TEST(log_never_waits_for_syslog)
{
    uint64_t lost = 0;
    int daemon = syslogd();
    struct rp_log *log = open_syslog(&lost);

    for (int i = 0; i < FLOOD; i++)
        rp_log(log, RP_LOG_WARN, "later n=%d\n", i);
    ck_assert_uint_gt(lost, 0);
    read_all(daemon);
    rp_log(log, RP_LOG_INFO, "the daemon reads again");
    read_all(daemon);
    /* each datagram ends in a NUL, and the next one was read over it */
    ck_assert_int_eq(strncmp(arrived, "<28>", 4), 0); /* LOG_DAEMON | LOG_WARNING */
    rp_log_close(log);
}
END_TEST

START_TEST(log_connects_to_a_syslog_that_was_restarted)
{
    uint64_t lost = 0;
    int daemon = syslogd();
    struct rp_log *log = open_syslog(&lost);
    char line[256];

    close(daemon);
    rp_log(log, RP_LOG_INFO, "nobody listens");
    ck_assert_uint_eq(lost, 1);
    daemon = syslogd();
    rp_log(log, RP_LOG_INFO, "hello");
    ck_assert_int_gt(recv(daemon, line, sizeof line, 0), 0);
    ck_assert_ptr_nonnull(strstr(line, "]: 1 log lines lost: "));
    ck_assert_int_gt(recv(daemon, line, sizeof line, 0), 0);
    ck_assert_ptr_nonnull(strstr(line, "]: hello"));
    ck_assert_uint_eq(lost, 1);
    rp_log_close(log);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");

    tcase_add_checked_fixture(t, make_path, remove_path);
    tcase_add_test(t, log_writes_message_and_fields);
    tcase_add_test(t, log_keeps_to_its_level);
    tcase_add_loop_test(t, log_escapes_hostile_bytes, 0, sizeof hostile / sizeof *hostile);
    tcase_add_test(t, log_json_is_json_whatever_it_is_given);
    tcase_add_test(t, log_cuts_what_is_too_long);
    tcase_add_test(t, log_reopens_after_rotation);
    tcase_add_test(t, log_lines_that_may_wait_leave_together_and_in_order);
    tcase_add_test(t, log_lines_that_may_wait_are_all_written_whole);
    tcase_add_test(t, log_lines_of_the_parent_are_not_repeated_by_the_child);
    tcase_add_test(t, log_that_cannot_be_opened_says_which);
    tcase_add_loop_test(t, log_never_waits_for_a_reader_that_has_stopped, 0, 2 * STREAMS);
    tcase_add_loop_test(t, log_does_not_change_a_stream_for_those_who_share_it, 0, STREAMS);
    tcase_add_loop_test(t, log_of_many_processes_never_waits, 0, 2);
    tcase_add_loop_test(t, log_whose_reader_is_gone_counts_lost_lines, 0, 3);
    tcase_add_test(t, log_on_a_full_disk_counts_lost_lines);
    tcase_add_test(t, log_never_waits_for_syslog);
    tcase_add_test(t, log_connects_to_a_syslog_that_was_restarted);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
