/* SPDX-License-Identifier: MIT
 *
 * fd_stream.c - a stream over a pipe or a FIFO, and what becomes of the descriptor. */
#include "tests/unit/net/fd_seen.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

/* -- pipes */

START_TEST(reading_end_of_a_pipe_gives_data_end_and_close)
{
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take(0, p[0]);
    ck_assert_int_eq(rp_stream_fd(seen[0].stream), p[0]);
    ck_assert(rp_stream_readable(seen[0].stream) && !rp_stream_writable(seen[0].stream));
    put(p[1], "one");
    turn_until(0, 'd');
    put(p[1], " two");
    close(p[1]);
    turn_until_closed();
    ck_assert_str_eq(seen[0].got, "one two");
    ck_assert_str_eq(seen[0].events, "dEX");
    ck_assert(!is_open(p[0]));
    tear_down();
}
END_TEST

START_TEST(writing_end_of_a_pipe_ends_after_its_bytes)
{
    char got[20] = "";
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take(0, p[1]);
    ck_assert(!rp_stream_readable(seen[0].stream) && rp_stream_writable(seen[0].stream));
    say(seen[0].stream, "last ");
    say(seen[0].stream, "words");
    ck_assert_uint_eq(rp_stream_writable_length(seen[0].stream), 10);
    rp_stream_end(seen[0].stream);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "FX");
    ck_assert_int_eq(read(p[0], got, sizeof got), 10);
    ck_assert_str_eq(got, "last words");
    ck_assert_int_eq(read(p[0], got, sizeof got), 0);
    close(p[0]);
    tear_down();
}
END_TEST

START_TEST(end_without_a_byte_reaches_the_reader)
{
    char byte;
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take(0, p[1]);
    rp_stream_end(seen[0].stream);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "FX");
    ck_assert_int_eq(read(p[0], &byte, 1), 0);
    close(p[0]);
    tear_down();
}
END_TEST

START_TEST(writing_to_a_descriptor_for_reading_is_an_error)
{
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take(0, p[0]);
    rp_stream_end(seen[0].stream); /* has ended already */
    say(seen[0].stream, "x");
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "!X");
    ck_assert_str_eq(seen[0].code, "ERR_STREAM_WRITE_AFTER_END");
    close(p[1]);
    tear_down();
}
END_TEST

/* SIGPIPE has its default action here, which would end the program. */
START_TEST(pipe_without_a_reader_is_an_error_and_no_signal)
{
    int p[2];

    signal(SIGPIPE, SIG_DFL);
    ck_assert_int_eq(pipe(p), 0);
    take(0, p[1]);
    close(p[0]);
    say(seen[0].stream, "x");
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "!X");
    ck_assert_str_eq(seen[0].code, "EPIPE");
    tear_down();
}
END_TEST

START_TEST(pending_sigpipe_of_the_program_stays)
{
    sigset_t set, pending;
    int p[2];

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    raise(SIGPIPE);
    ck_assert_int_eq(pipe(p), 0);
    close(p[0]);
    take(0, p[1]);
    say(seen[0].stream, "x");
    turn_until_closed();
    ck_assert_str_eq(seen[0].code, "EPIPE");
    ck_assert_int_eq(sigpending(&pending), 0);
    ck_assert(sigismember(&pending, SIGPIPE));
    ck_assert_int_eq(sigwaitinfo(&set, NULL), SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    tear_down();
}
END_TEST

START_TEST(reader_that_leaves_fails_what_waits)
{
    static char much[MUCH];
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take(0, p[1]);
    ck_assert(!rp_stream_write(seen[0].stream, much, sizeof much));
    rp_loop_turn(loop, false);
    rp_loop_turn(loop, false);
    ck_assert_uint_gt(rp_stream_writable_length(seen[0].stream), 0);
    close(p[0]);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "!X");
    ck_assert_str_eq(seen[0].code, "EPIPE");
    tear_down();
}
END_TEST

START_TEST(much_data_crosses_with_backpressure)
{
    static char much[MUCH];
    size_t sum = 0;
    int p[2];

    for (size_t i = 0; i < sizeof much; i++)
        sum += i * (uint8_t)(much[i] = (char)(i * 7 + i / 251));
    ck_assert_int_eq(pipe(p), 0);
    take(0, p[1]);
    take_with(1, p[0], (struct rp_stream_options){.paused = true});
    ck_assert(!rp_stream_write(seen[0].stream, much, sizeof much));
    for (int i = 0; i < 5; i++)
        rp_loop_turn(loop, false);
    ck_assert_uint_gt(rp_stream_writable_length(seen[0].stream), MUCH / 2); /* the pipe is full */
    rp_stream_end(seen[0].stream);
    rp_stream_resume(seen[1].stream);
    turn_until_closed();
    ck_assert_uint_eq(seen[1].bytes, MUCH);
    ck_assert_uint_eq(seen[1].sum, sum);
    ck_assert_str_eq(seen[0].events, "DFX");
    ck_assert_str_eq(seen[1].events, "dEX");
    tear_down();
}
END_TEST

START_TEST(stream_pipe_joins_two_pipes)
{
    static char much[MUCH];
    int in[2], out[2];

    memset(much, 'x', sizeof much);
    ck_assert(pipe(in) == 0 && pipe(out) == 0);
    ck_assert_int_eq(fcntl(in[1], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(fcntl(out[0], F_SETFL, O_NONBLOCK), 0);
    take(0, in[0]);
    take(1, out[1]);
    ck_assert(rp_stream_pipe(seen[0].stream, seen[1].stream, false));
    size_t sent = 0, got = 0;
    while (got < MUCH) {
        ssize_t n = sent < MUCH ? write(in[1], much, MUCH - sent) : 0;

        sent += n > 0 ? (size_t)n : 0;
        if (sent == MUCH && n > 0)
            close(in[1]);
        rp_loop_turn(loop, false);
        n = read(out[0], much, sizeof much);
        got += n > 0 ? (size_t)n : 0;
        ck_assert_uint_le(rp_stream_writable_length(seen[1].stream), 300000);
    }
    turn_until_closed();
    ck_assert_int_eq(read(out[0], much, 1), 0);
    close(out[0]);
    ck_assert_ptr_nonnull(strchr(seen[1].events, 'F'));
    tear_down();
}
END_TEST

START_TEST(paused_stream_reads_nothing_until_it_resumes)
{
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take(0, p[0]);
    rp_stream_pause(seen[0].stream);
    put(p[1], "waits");
    close(p[1]);
    for (int i = 0; i < 5; i++)
        rp_loop_turn(loop, false);
    ck_assert_str_eq(seen[0].events, "");
    rp_stream_resume(seen[0].stream);
    turn_until_closed();
    ck_assert_str_eq(seen[0].got, "waits");
    ck_assert_str_eq(seen[0].events, "dEX");
    tear_down();
}
END_TEST

/* Paused later (0), or from the start (1). */
START_TEST(paused_pipe_reports_an_end_with_nothing_before_it)
{
    int p[2];

    ck_assert_int_eq(pipe(p), 0);
    take_with(0, p[0], (struct rp_stream_options){.paused = _i == 1});
    rp_stream_pause(seen[0].stream);
    rp_loop_turn(loop, false);
    close(p[1]);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "EX");
    tear_down();
}
END_TEST

START_TEST(listener_may_destroy_the_stream)
{
    int p[2];

    destroy_at_data = true;
    ck_assert_int_eq(pipe(p), 0);
    take(0, p[0]);
    put(p[1], "x");
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "dX");
    ck_assert(!is_open(p[0]));
    close(p[1]);
    tear_down();
}
END_TEST

/* -- FIFOs */

static void make_fifo(char path[40])
{
    strcpy(path, "/tmp/fd_stream.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    strcat(path, "/fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void remove_fifo(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

START_TEST(fifo_waits_for_its_first_writer)
{
    char path[40];
    int fd;

    make_fifo(path);
    take(0, open(path, O_RDONLY | O_NONBLOCK));
    for (int i = 0; i < 5; i++)
        rp_loop_turn(loop, false);
    ck_assert_str_eq(seen[0].events, "");
    fd = open(path, O_WRONLY);
    put(fd, "first");
    close(fd);
    turn_until_closed();
    ck_assert_str_eq(seen[0].got, "first");
    ck_assert_str_eq(seen[0].events, "dEX");
    remove_fifo(path);
    tear_down();
}
END_TEST

START_TEST(fifo_for_both_directions_hears_itself)
{
    char path[40];

    make_fifo(path);
    take(0, open(path, O_RDWR));
    say(seen[0].stream, "echo");
    turn_until_bytes(0, 4);
    ck_assert_str_eq(seen[0].got, "echo");
    rp_stream_end(seen[0].stream);
    turn_until(0, 'F');
    ck_assert(rp_stream_readable(seen[0].stream));
    remove_fifo(path);
    tear_down();
}
END_TEST

/* -- the descriptor */

START_TEST(nonblocking_mode_is_given_back)
{
    int p[2], copy, were[2];

    ck_assert_int_eq(pipe(p), 0);
    copy = dup(p[0]);
    if (_i == 1)
        ck_assert_int_eq(fcntl(copy, F_SETFL, O_NONBLOCK), 0);
    were[0] = is_nonblocking(copy);
    take(0, p[0]);
    put(p[1], "x");
    turn_until(0, 'd');
    ck_assert(is_nonblocking(copy));
    rp_stream_destroy(seen[0].stream, NULL);
    were[1] = is_nonblocking(copy);
    ck_assert_int_eq(were[0], were[1]);
    close(p[1]);
    close(copy);
    tear_down();
}
END_TEST

/* The standard input and output are one open file where both are the terminal. */
START_TEST(stream_that_closes_leaves_another_of_the_same_file_nonblocking)
{
    static char much[MUCH];
    int p[2], copy, third;

    ck_assert_int_eq(pipe(p), 0);
    copy = dup(p[1]);
    third = dup(p[1]);
    take(0, p[1]);
    take(1, copy);
    say(seen[0].stream, "x");
    while (rp_stream_writable_length(seen[0].stream) > 0)
        rp_loop_turn(loop, true);
    rp_stream_destroy(seen[0].stream, NULL);
    ck_assert(!rp_stream_write(seen[1].stream, much, sizeof much)); /* would block here */
    rp_loop_turn(loop, false);
    rp_loop_turn(loop, false);
    ck_assert(is_nonblocking(third));
    rp_stream_destroy(seen[1].stream, NULL);
    ck_assert(!is_nonblocking(third));
    close(third);
    close(p[0]);
    tear_down();
}
END_TEST

START_TEST(standard_descriptor_is_replaced_when_it_closes)
{
    int p[2], saved = dup(STDIN_FILENO);
    char byte;

    ck_assert_int_eq(pipe(p), 0);
    ck_assert_int_eq(dup2(p[0], STDIN_FILENO), STDIN_FILENO);
    close(p[0]);
    take(0, STDIN_FILENO);
    rp_stream_destroy(seen[0].stream, NULL);
    signal(SIGPIPE, SIG_IGN);
    ck_assert(write(p[1], "x", 1) < 0 && errno == EPIPE); /* it was the last reader */
    ck_assert_int_eq(read(STDIN_FILENO, &byte, 1), 0);
    close(p[1]);
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
    tear_down();
}
END_TEST

static void assert_refused(int fd, const char *code)
{
    struct rp_error err = {0};

    ck_assert_ptr_null(rp_stream_from_fd(loop, fd, NULL, &err));
    ck_assert_str_eq(err.code, code);
    ck_assert(!is_open(fd)); /* closed on failure, too */
}

static int listening_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

START_TEST(what_is_no_stream_of_bytes_is_refused)
{
    int closed = dup(STDERR_FILENO);

    close(closed);
    assert_refused(-1, "EBADF");
    assert_refused(closed, "EBADF");
    assert_refused(open("/tmp", O_RDONLY | O_DIRECTORY), "EISDIR");
    assert_refused(open("/dev/null", O_PATH), "EBADF");
    assert_refused(epoll_create1(0), "ERR_INVALID_FD_TYPE");
    assert_refused(eventfd(0, 0), "ERR_INVALID_FD_TYPE");
    assert_refused(socket(AF_UNIX, SOCK_DGRAM, 0), "ERR_INVALID_FD_TYPE");
    assert_refused(socket(AF_UNIX, SOCK_SEQPACKET, 0), "ERR_INVALID_FD_TYPE");
    assert_refused(listening_socket(), "ERR_INVALID_FD_TYPE");
    tear_down();
}
END_TEST

START_TEST(missing_loop_is_an_error)
{
    struct rp_error err = {0};
    int fd = open("/dev/null", O_RDONLY);

    ck_assert_ptr_null(rp_stream_from_fd(NULL, fd, NULL, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_TYPE");
    ck_assert(!is_open(fd));
    tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fd_stream");
    TCase *t = tcase_create("fd_stream");

    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_test(t, reading_end_of_a_pipe_gives_data_end_and_close);
    tcase_add_test(t, writing_end_of_a_pipe_ends_after_its_bytes);
    tcase_add_test(t, end_without_a_byte_reaches_the_reader);
    tcase_add_test(t, writing_to_a_descriptor_for_reading_is_an_error);
    tcase_add_test(t, pipe_without_a_reader_is_an_error_and_no_signal);
    tcase_add_test(t, pending_sigpipe_of_the_program_stays);
    tcase_add_test(t, reader_that_leaves_fails_what_waits);
    tcase_add_test(t, much_data_crosses_with_backpressure);
    tcase_add_test(t, stream_pipe_joins_two_pipes);
    tcase_add_test(t, paused_stream_reads_nothing_until_it_resumes);
    tcase_add_loop_test(t, paused_pipe_reports_an_end_with_nothing_before_it, 0, 2);
    tcase_add_test(t, listener_may_destroy_the_stream);
    tcase_add_test(t, fifo_waits_for_its_first_writer);
    tcase_add_test(t, fifo_for_both_directions_hears_itself);
    tcase_add_loop_test(t, nonblocking_mode_is_given_back, 0, 2);
    tcase_add_test(t, stream_that_closes_leaves_another_of_the_same_file_nonblocking);
    tcase_add_test(t, standard_descriptor_is_replaced_when_it_closes);
    tcase_add_test(t, what_is_no_stream_of_bytes_is_refused);
    tcase_add_test(t, missing_loop_is_an_error);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
