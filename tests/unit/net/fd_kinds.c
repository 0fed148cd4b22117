/* SPDX-License-Identifier: MIT
 *
 * fd_kinds.c - a stream over a terminal, a file, a device or a socket. */
#include "tests/unit/net/fd_seen.h"

#include <stdlib.h>
#include <termios.h>

/* A file without a name. */
static int file_of(const char *text)
{
    char path[] = "/tmp/fd_stream.XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    put(fd, text);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* A terminal that changes no byte. */
static void open_pty(int *master, int *slave)
{
    struct termios raw;

    *master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(*master, 0);
    ck_assert(grantpt(*master) == 0 && unlockpt(*master) == 0);
    *slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(*slave, 0);
    ck_assert_int_eq(tcgetattr(*slave, &raw), 0);
    cfmakeraw(&raw);
    ck_assert_int_eq(tcsetattr(*slave, TCSANOW, &raw), 0);
}

/* -- terminals */

START_TEST(terminal_carries_both_ways)
{
    int master, slave;

    open_pty(&master, &slave);
    take(0, master);
    take(1, slave);
    say(seen[0].stream, "typed");
    say(seen[1].stream, "shown");
    turn_until_bytes(0, 5);
    turn_until_bytes(1, 5);
    ck_assert_str_eq(seen[0].got, "shown");
    ck_assert_str_eq(seen[1].got, "typed");
    tear_down();
}
END_TEST

/* The kernel says EIO to the master; paused or not. */
START_TEST(closing_the_last_slave_is_the_end_of_the_master)
{
    int master, slave;

    open_pty(&master, &slave);
    take(0, master);
    put(slave, "bye");
    turn_until_bytes(0, 3);
    if (_i == 1)
        rp_stream_pause(seen[0].stream);
    close(slave);
    turn_until_closed();
    ck_assert_str_eq(seen[0].got, "bye");
    ck_assert_str_eq(seen[0].events, "dEFX");
    tear_down();
}
END_TEST

START_TEST(closing_the_master_is_the_end_of_the_slave)
{
    int master, slave;

    open_pty(&master, &slave);
    take(0, slave);
    rp_loop_turn(loop, false);
    close(master);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "EFX");
    tear_down();
}
END_TEST

/* -- files and devices, which epoll refuses */

START_TEST(file_is_read_to_its_end)
{
    int fd = file_of("what a file says");
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    take(0, open(path, O_RDONLY));
    turn_until_closed();
    ck_assert_str_eq(seen[0].got, "what a file says");
    ck_assert_str_eq(seen[0].events, "dEX");
    close(fd);
    tear_down();
}
END_TEST

START_TEST(file_for_both_directions_ends_both)
{
    take(0, file_of("text"));
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "dEFX");
    tear_down();
}
END_TEST

START_TEST(large_file_pauses_and_resumes)
{
    static char much[MUCH];
    int fd = file_of("");

    ck_assert_int_eq(write(fd, much, MUCH), MUCH);
    ck_assert_int_eq(lseek(fd, 100, SEEK_SET), 100);
    take(0, fd);
    turn_until(0, 'd');
    rp_stream_pause(seen[0].stream);
    size_t before = seen[0].bytes;
    for (int i = 0; i < 5; i++)
        rp_loop_turn(loop, false);
    ck_assert_uint_eq(seen[0].bytes, before);
    rp_stream_resume(seen[0].stream);
    turn_until_closed();
    ck_assert_uint_eq(seen[0].bytes, MUCH - 100);
    ck_assert_str_eq(seen[0].events, "dEFX");
    tear_down();
}
END_TEST

START_TEST(file_is_written)
{
    int fd = file_of(""), copy = dup(fd);
    char got[10] = "", path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
    take(0, open(path, O_WRONLY));
    close(fd);
    say(seen[0].stream, "kept");
    rp_stream_end(seen[0].stream);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "FX");
    ck_assert_int_eq(pread(copy, got, sizeof got, 0), 4);
    ck_assert_str_eq(got, "kept");
    close(copy);
    tear_down();
}
END_TEST

START_TEST(null_device_is_at_its_end_and_takes_everything)
{
    take(0, open("/dev/null", O_RDONLY));
    take(1, open("/dev/null", O_WRONLY));
    say(seen[1].stream, "lost");
    rp_stream_end(seen[1].stream);
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "EX");
    ck_assert_str_eq(seen[1].events, "FX");
    tear_down();
}
END_TEST

START_TEST(full_device_is_an_error)
{
    take(0, open("/dev/full", O_WRONLY));
    say(seen[0].stream, "x");
    turn_until_closed();
    ck_assert_str_eq(seen[0].events, "!X");
    ck_assert_str_eq(seen[0].code, "ENOSPC");
    tear_down();
}
END_TEST

/* -- sockets */

START_TEST(socket_ends_each_direction_by_itself)
{
    int s[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0); /* these block */
    take_with(0, s[0], (struct rp_stream_options){.allow_half_open = true});
    take_with(1, s[1], (struct rp_stream_options){.allow_half_open = true});
    say(seen[0].stream, "question");
    rp_stream_end(seen[0].stream);
    turn_until(1, 'E');
    ck_assert_str_eq(seen[1].got, "question");
    say(seen[1].stream, "answer");
    rp_stream_end(seen[1].stream);
    turn_until_closed();
    ck_assert_str_eq(seen[0].got, "answer");
    ck_assert_str_eq(seen[0].events, "FdEX");
    ck_assert_str_eq(seen[1].events, "dEFX");
    tear_down();
}
END_TEST

/* rp_stream_from_fd (0) and rp_net_open (1): neither changes the descriptor nor waits. */
START_TEST(blocking_socket_blocks_nothing)
{
    static char much[MUCH];
    int s[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    if (_i == 0) {
        take(0, s[0]);
    } else {
        seen[0].stream = rp_net_open(loop, s[0], NULL, NULL);
        rp_stream_listen(seen[0].stream, RP_EVENT_ALL, on_event, &seen[0]);
    }
    ck_assert(!rp_stream_write(seen[0].stream, much, sizeof much));
    for (int i = 0; i < 5; i++)
        rp_loop_turn(loop, false);
    ck_assert_uint_gt(rp_stream_writable_length(seen[0].stream), 0);
    ck_assert(!is_nonblocking(s[0]));
    close(s[1]);
    tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fd_kinds");
    TCase *t = tcase_create("fd_kinds");

    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_test(t, terminal_carries_both_ways);
    tcase_add_loop_test(t, closing_the_last_slave_is_the_end_of_the_master, 0, 2);
    tcase_add_test(t, closing_the_master_is_the_end_of_the_slave);
    tcase_add_test(t, file_is_read_to_its_end);
    tcase_add_test(t, file_for_both_directions_ends_both);
    tcase_add_test(t, large_file_pauses_and_resumes);
    tcase_add_test(t, file_is_written);
    tcase_add_test(t, null_device_is_at_its_end_and_takes_everything);
    tcase_add_test(t, full_device_is_an_error);
    tcase_add_test(t, socket_ends_each_direction_by_itself);
    tcase_add_loop_test(t, blocking_socket_blocks_nothing, 0, 2);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
