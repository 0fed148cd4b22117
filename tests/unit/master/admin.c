/* SPDX-License-Identifier: MIT
 *
 * admin.c - the master's HTTP with clients of all manners: what is asked well is answered, what is
 * not is refused, and nobody who is slow, silent or many keeps it from others. */
#include "master/admin.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rp_loop *loop;
static struct admin *admin;
static char dir[] = "/tmp/reprise-admin-XXXXXX", path[64], address[80];
static unsigned asked;
static struct stats_admin counters;
static struct {
    unsigned calls;
    uint64_t count;
    char host[80];
} told;

static void on_refused(const char *host, uint64_t count, void *arg)
{
    ck_assert_ptr_eq(arg, &asked);
    told.calls++;
    told.count = count;
    snprintf(told.host, sizeof told.host, "%s", host);
}

static void on_asked(enum admin_page page, struct rp_text *out, void *arg)
{
    ck_assert_ptr_eq(arg, &asked);
    asked++;
    rp_text_puts(out, page == ADMIN_METRICS ? "the metrics\n" : "{\"the\":\"status\"}\n");
}

static void begin(unsigned limit_ms)
{
    struct admin_options options = {.address = address,
                                    .asked = on_asked,
                                    .refused = on_refused,
                                    .counters = &counters,
                                    .arg = &asked,
                                    .limit_ms = limit_ms};
    struct rp_error error = {0};

    admin = admin_new(loop, &options, &error);
    ck_assert_msg(admin != NULL, "%s", error.message);
}

static void setup(void)
{
    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    snprintf(address, sizeof address, "unix:%s", path);
    begin(0);
}

static void teardown(void)
{
    admin_free(admin);
    rp_loop_run(loop); /* nothing is left on it */
    rp_loop_free(loop);
    ck_assert_int_ne(access(path, F_OK), 0);
    rmdir(dir);
}

/* -- a client */

static int dial(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    while (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        ck_assert_int_eq(errno, EAGAIN); /* the queue is full */
        rp_loop_turn(loop, true);
    }
    return fd;
}

static void say(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            return; /* it was told to go away */
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        rp_loop_turn(loop, false);
    }
}

static char heard[20000];

/* All that it says, until it ends the connection. */
static const char *hear(int fd)
{
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, heard + len, sizeof heard - 1 - len, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        len += n > 0 ? (size_t)n : 0;
        if (n < 0)
            rp_loop_turn(loop, true);
    }
    heard[len] = '\0';
    close(fd);
    return heard;
}

static const char *ask(const char *request)
{
    int fd = dial();

    say(fd, request, strlen(request));
    return hear(fd);
}

static void answers(const char *request, const char *status, const char *part)
{
    const char *answer = ask(request);

    ck_assert_msg(strncmp(answer, status, strlen(status)) == 0, "%s\n-> %s", request, answer);
    ck_assert_msg(strstr(answer, part) != NULL, "%s\n-> %s", request, answer);
}

static void still_answers(void)
{
    answers("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "the metrics\n");
}

START_TEST(pages_are_answered)
{
    still_answers();
    ck_assert_ptr_nonnull(strstr(heard, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    ck_assert_ptr_nonnull(strstr(heard, "Connection: close"));
    answers("GET /status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "{\"the\":\"status\"}\n");
    ck_assert_ptr_nonnull(strstr(heard, "Content-Type: application/json"));
    answers("GET /metrics?a=b HTTP/1.0\r\n\r\n", "HTTP/1.", "the metrics\n");
    ck_assert_uint_eq(asked, 3);
}
END_TEST

static const struct {
    const char *request, *status, *part;
} refused[] = {
    {"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 405",
     "Allow: GET"},
    {"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 405",
     ""},
    {"POST /status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 405",
     ""},
    {"DELETE /status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405", ""},
    {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405", ""},
    {"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405", ""},
    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", "/metrics"},
    {"GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", ""},
    {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", ""},
    {"GET /%00/metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", ""},
    {"GET http://x/metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", ""},
    {"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "exactly one Host"},
    {"GET /metrics HTTP/1.1\r\nX-Host: x\r\n\r\n", "HTTP/1.1 400", ""},
    {"GET /metrics HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "HTTP/1.1 400", ""},
    {"GET /metrics HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", "HTTP/1.1 400", ""},
    {"GET /metrics HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", "HTTP/1.", " 400 "},
    {"GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400", ""},
    {"GET /metrics HTTP/1.1\r\nHost: x\r\nHost\t: y\r\n\r\n", "HTTP/1.1 400", ""},
    {"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept : y\r\n\r\n", "HTTP/1.1 400", ""},
    {"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 400", ""},
    {"GET /metrics\r\n\r\n", "", ""},
    {"\r\n\r\n\r\n", "", ""},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "", ""},
    {"GET /metrics HTTP/9.9\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "", ""},
};

START_TEST(nothing_else_is)
{
    int fd;

    admin_free(admin);
    begin(300);
    fd = dial();
    say(fd, refused[_i].request, strlen(refused[_i].request));
    shutdown(fd, SHUT_WR);
    hear(fd);
    ck_assert_msg(strncmp(heard, refused[_i].status, strlen(refused[_i].status)) == 0 &&
                      strstr(heard, refused[_i].part) != NULL,
                  "%s\n-> %s", refused[_i].request, heard);
    ck_assert_uint_eq(asked, 0);
    still_answers();
}
END_TEST

START_TEST(refusals_are_counted)
{
    memset(&counters, 0, sizeof counters);
    ask("GET /metrics HTTP/1.1\r\n\r\n");
    ask("GET /metrics HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n");
    ask("GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n");
    ask("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    still_answers();
    ck_assert_uint_eq(counters.invalid_host, 3);
    ck_assert_uint_eq(counters.method, 1);
    ck_assert_uint_eq(counters.path, 1);
    ck_assert_uint_eq(counters.unknown_host, 0);
    ck_assert_uint_eq(counters.evicted + counters.timeouts, 0);
}
END_TEST

START_TEST(heads_that_do_not_end_are_refused)
{
    static char line[1000];
    int fd = dial();

    memset(line, 'x', sizeof line);
    say(fd, "GET /", 5);
    for (size_t i = 0; i < 100; i++)
        say(fd, line, sizeof line);
    hear(fd);
    ck_assert_uint_eq(asked, 0);
    fd = dial();
    say(fd, "GET /metrics HTTP/1.1\r\n", 23);
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    for (size_t i = 0; i < 100; i++)
        say(fd, line, sizeof line);
    hear(fd);
    ck_assert_uint_eq(asked, 0);
    still_answers();
}
END_TEST

/* More than there are places: who says nothing is sent away in time, and then it is our turn. */
START_TEST(silent_crowd_is_sent_away)
{
    int crowd[3 * ADMIN_CLIENTS];

    admin_free(admin);
    begin(200);
    for (size_t i = 0; i < 3 * ADMIN_CLIENTS; i++) {
        crowd[i] = dial();
        say(crowd[i], "GET /met", i % 2 == 0 ? 8 : 0);
    }
    still_answers();
    for (size_t i = 0; i < 3 * ADMIN_CLIENTS; i++)
        hear(crowd[i]);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_eq(counters.evicted + counters.timeouts, 3 * ADMIN_CLIENTS);
}
END_TEST

/* Even when nobody is sent away for his slowness: who comes gets the place of one of the crowd. */
START_TEST(silent_crowd_keeps_nobody_away)
{
    int crowd[3 * ADMIN_CLIENTS];

    admin_free(admin);
    begin(1000000);
    for (size_t i = 0; i < 3 * ADMIN_CLIENTS; i++)
        crowd[i] = dial();
    still_answers();
    still_answers();
    for (size_t i = 0; i < 3 * ADMIN_CLIENTS; i++)
        close(crowd[i]);
    ck_assert_uint_eq(asked, 2);
    ck_assert_uint_eq(counters.evicted, 2 * ADMIN_CLIENTS + 1);
    ck_assert_uint_eq(counters.timeouts, 0);
}
END_TEST

START_TEST(drops_of_bytes_do_not_buy_time)
{
    int fd;

    admin_free(admin);
    begin(100);
    fd = dial();
    say(fd, "GET /metrics HTTP/1.1\r\nX: ", 26);
    for (;;) { /* for ever, unless it ends */
        char byte;

        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
            break;
        if (recv(fd, &byte, 1, 0) == 0)
            break;
        poll(NULL, 0, 1);
        rp_loop_turn(loop, false);
    }
    close(fd);
    ck_assert_uint_eq(asked, 0);
    still_answers();
}
END_TEST

START_TEST(who_leaves_early_is_not_missed)
{
    for (size_t i = 0; i < 100; i++) {
        int fd = dial();

        say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", i % 34);
        close(fd);
        rp_loop_turn(loop, false);
    }
    still_answers();
}
END_TEST

/* A generation must not hold what is the master's. */
START_TEST(forked_process_keeps_nothing_of_it)
{
    int fd = dial(), status;
    pid_t pid;

    say(fd, "GET", 3);
    rp_loop_turn(loop, false);
    pid = fork();
    if (pid == 0) {
        int left = 0;

        admin_close_here(admin);
        for (int i = 3; i < 100; i++) {
            struct sockaddr_un a;
            socklen_t len = sizeof a;

            left += i != fd && getsockname(i, (struct sockaddr *)&a, &len) == 0 &&
                    a.sun_family == AF_UNIX && len > sizeof(sa_family_t);
        }
        _exit(left);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    say(fd, " /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 32);
    ck_assert_ptr_nonnull(strstr(hear(fd), "the metrics"));
}
END_TEST

START_TEST(address_is_looked_at)
{
    struct rp_error error = {0};

    ck_assert(admin_is_local("127.0.0.1:1"));
    ck_assert(admin_is_local("127.9.9.9:1"));
    ck_assert(admin_is_local("[::1]:1"));
    ck_assert(admin_is_local("unix:/a"));
    ck_assert(!admin_is_local("0.0.0.0:1"));
    ck_assert(!admin_is_local("[::]:1"));
    ck_assert(!admin_is_local("192.0.2.1:1"));
    ck_assert(admin_check("127.0.0.1:0", NULL, false, &error));
    ck_assert(!admin_check(address, NULL, false, &error)); /* it is ours already */
    ck_assert_str_eq(error.code, "EADDRINUSE");
    ck_assert(admin_check(address, NULL, true, &error));
    ck_assert(!admin_check("192.0.2.1:1", NULL, false, &error));
    ck_assert_ptr_nonnull(strstr(error.message, "admin: listen: "));
    still_answers();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin");
    TCase *tc = tcase_create("admin");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, pages_are_answered);
    tcase_add_loop_test(tc, nothing_else_is, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tc, refusals_are_counted);
    tcase_add_test(tc, heads_that_do_not_end_are_refused);
    tcase_add_test(tc, silent_crowd_is_sent_away);
    tcase_add_test(tc, silent_crowd_keeps_nobody_away);
    tcase_add_test(tc, drops_of_bytes_do_not_buy_time);
    tcase_add_test(tc, who_leaves_early_is_not_missed);
    tcase_add_test(tc, forked_process_keeps_nothing_of_it);
    tcase_add_test(tc, address_is_looked_at);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
