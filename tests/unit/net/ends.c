/* SPDX-License-Identifier: MIT
 *
 * ends.c - how a peer may leave, and what a plain stream then tells: an end is told only where
 * the peer sent one, and all that arrived before is delivered, whoever consumes the socket's error.
 * The peer is a bare descriptor, so nothing happens but what a test does. */
#include <reprise/net.h>

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum family { TCP, TCP_CONNECTING, TCP_EAGER, UNIX, FAMILIES };
enum how { RESET, UNREAD, FIN, HOWS };
/* UPLOADING: what the peer said is unread when the next bytes are sent; HEARD: it was read. */
enum when { IDLE, UPLOADING, HEARD, WHENS };
enum { CASES = FAMILIES * HOWS * WHENS * 2 };

static struct rp_loop *loop;
static struct rp_stream *stream;
static int peer;
static char events[100], code[40];
static size_t bytes;
static bool pause_at_data;
static struct rp_timer overtime, later;

static void on_resume(struct rp_timer *t)
{
    (void)t;
    rp_stream_resume(stream);
}

static void on_event(const struct rp_event *e, void *arg)
{
    static const char letters[RP_EV_COUNT] = {
        [RP_EV_DATA] = 'd',  [RP_EV_END] = 'E',   [RP_EV_FINISH] = 'F',
        [RP_EV_ERROR] = '!', [RP_EV_CLOSE] = 'X', [RP_EV_CONNECT] = 'C'};
    size_t n = strlen(events);

    (void)arg;
    if (letters[e->type] == '\0')
        return;
    if (n == 0 || events[n - 1] != 'd' || e->type != RP_EV_DATA)
        events[n] = letters[e->type];
    if (e->type == RP_EV_DATA)
        bytes += e->data.len;
    if (e->type == RP_EV_DATA && pause_at_data) {
        rp_stream_pause(stream);
        later = (struct rp_timer){.fire = on_resume};
        rp_timer_start(loop, &later, 1);
    }
    if (e->type == RP_EV_ERROR)
        snprintf(code, sizeof code, "%.39s", e->error.error->code);
    if (e->type == RP_EV_END)
        rp_stream_end(stream);
}

static void on_overtime(struct rp_timer *t)
{
    (void)t;
    ck_abort_msg("nothing happens; %s", events);
}

static void set_up(void)
{
    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(loop);
    memset(events, 0, sizeof events);
    memset(code, 0, sizeof code);
    bytes = 0;
    pause_at_data = false;
    overtime = (struct rp_timer){.fire = on_overtime};
    rp_timer_start(loop, &overtime, 20000);
}

static void tear_down(void)
{
    rp_timer_stop(&overtime);
    rp_timer_stop(&later);
    rp_stream_unref(stream);
    rp_loop_free(loop);
}

static bool is_closed(void)
{
    return strchr(events, 'X') != NULL;
}

static bool has_data(void)
{
    return bytes > 0;
}

static bool is_sent(void)
{
    return rp_stream_writable_length(stream) == 0;
}

static bool is_connected(void)
{
    return !rp_stream_connecting(stream);
}

static void turn_until(bool (*done)(void))
{
    while (!done())
        rp_loop_turn(loop, true);
}

/* -- opening */

static void take(int fd, bool half_open)
{
    struct rp_stream_options o = {.allow_half_open = half_open};

    stream = rp_net_open(loop, fd, &o, NULL);
    ck_assert_ptr_nonnull(stream);
}

static int listen_on(struct rp_address *address)
{
    struct rp_listen_options o = {.address = address};
    socklen_t len = sizeof address->un;
    int fd;

    ck_assert(rp_address_parse(address, "127.0.0.1:0", false, NULL));
    fd = rp_listen_open(&o, NULL);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(getsockname(fd, &address->any, &len), 0);
    return fd;
}

static void make_blocking(int listening)
{
    while ((peer = accept(listening, NULL, NULL)) < 0)
        rp_loop_turn(loop, false);
    close(listening);
}

static void open_tcp(enum family family, bool half_open)
{
    struct rp_address address;
    struct rp_net_options o = {.address = &address,
                               .eager = family == TCP_EAGER,
                               .stream = {.allow_half_open = half_open}};
    int listening = listen_on(&address), fd;

    if (family == TCP) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(fd, &address.any, address.len), 0);
        take(fd, half_open);
    } else {
        stream = rp_net_connect(loop, &o, NULL);
        ck_assert_ptr_nonnull(stream);
    }
    make_blocking(listening);
}

static void open_both(enum family family, bool half_open)
{
    int fds[2];

    if (family == UNIX) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        take(fds[0], half_open);
        peer = fds[1];
    } else {
        open_tcp(family, half_open);
    }
    rp_stream_listen(stream, RP_EVENT_ALL, on_event, NULL);
}

/* The stream asks, and its question is with the peer. */
static void ask(void)
{
    rp_stream_write(stream, "question", 8);
    turn_until(is_sent);
    turn_until(is_connected);
    memset(events, 0, sizeof events);
}

static void leave(enum how how)
{
    struct linger linger = {.l_onoff = 1};
    char question[8];

    if (how != UNREAD)
        ck_assert_int_eq(recv(peer, question, sizeof question, MSG_WAITALL), sizeof question);
    if (how == RESET)
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(peer);
}

/* -- the matrix */

static bool tells_an_end(enum family family, enum how how)
{
    return how == FIN || (how == RESET && family == UNIX); /* which can't be reset */
}

START_TEST(end_is_told_where_there_was_one)
{
    enum family family = _i % FAMILIES;
    enum how how = _i / FAMILIES % HOWS;
    enum when when = _i / FAMILIES / HOWS % WHENS;

    open_both(family, _i / FAMILIES / HOWS / WHENS == 1);
    ask();
    ck_assert_int_eq(send(peer, "half", 4, 0), 4);
    if (when == HEARD)
        turn_until(has_data);
    leave(how);
    if (when != IDLE)
        rp_stream_write(stream, "more", 4);
    turn_until(is_closed);
    ck_assert_uint_eq(bytes, 4);
    if (!tells_an_end(family, how)) {
        ck_assert_msg(strcmp(events, "d!X") == 0, "%s", events);
        ck_assert_str_eq(code, "ECONNRESET");
    } else if (when != IDLE && family == UNIX) {
        ck_assert_str_eq(events, "dE!X");
        ck_assert_str_eq(code, "EPIPE");
    } else {
        ck_assert_msg(strcmp(events, "dEFX") == 0, "%s", events);
    }
}
END_TEST

/* -- what has arrived */

static int unread_bytes(void)
{
    int unread = 0;

    ck_assert_int_eq(ioctl(rp_stream_fd(stream), FIONREAD, &unread), 0);
    return unread;
}

static int arrive_and_reset(void)
{
    static const char block[65536];
    int arrived;

    open_both(TCP, false);
    setsockopt(rp_stream_fd(stream), SOL_SOCKET, SO_RCVBUF, &(int){1 << 20}, sizeof(int));
    ask();
    rp_stream_pause(stream);
    while (send(peer, block, sizeof block, MSG_DONTWAIT) > 0)
        ;
    leave(RESET);
    arrived = unread_bytes();
    ck_assert_int_gt(arrived, 2 * 128 * 1024); /* more than a stream reads at once */
    return arrived;
}

/* A reader that takes a breath after each piece gets it all. */
START_TEST(all_that_has_arrived_is_delivered)
{
    int arrived = arrive_and_reset();

    pause_at_data = _i == 1;
    rp_stream_write(stream, "more", 4);
    if (_i == 2)
        rp_loop_turn(loop, false); /* the write fails while nobody reads */
    rp_stream_resume(stream);
    turn_until(is_closed);
    ck_assert_uint_eq(bytes, (size_t)arrived);
    ck_assert_str_eq(events, "d!X");
    ck_assert_str_eq(code, "ECONNRESET");
}
END_TEST

/* One that never reads hears of the failure all the same. */
START_TEST(paused_for_good_is_an_error)
{
    arrive_and_reset();
    rp_stream_write(stream, "more", 4);
    turn_until(is_closed);
    ck_assert_str_eq(events, "!X");
    ck_assert_str_eq(code, "ECONNRESET");
}
END_TEST

START_TEST(paused_with_nothing_unread_is_an_error_at_once)
{
    open_both(_i == 0 ? TCP : UNIX, false);
    ask();
    rp_stream_pause(stream);
    leave(UNREAD);
    rp_stream_write(stream, "more", 4);
    for (int i = 0; i < 4 && !is_closed(); i++)
        rp_loop_turn(loop, false);
    ck_assert_str_eq(events, "!X");
}
END_TEST

static void on_written(struct rp_stream *s, const struct rp_error *error, void *arg)
{
    (void)s;
    strcpy(arg, error != NULL ? error->code : "written");
}

/* What could not be sent is not reported as sent, also while the rest is read. */
START_TEST(what_was_not_sent_is_not_written)
{
    char told[2][40] = {"", ""};

    arrive_and_reset();
    pause_at_data = true;
    rp_stream_write_then(stream, "more", 4, on_written, told[0]);
    rp_stream_resume(stream);
    rp_loop_turn(loop, false);
    rp_stream_write_then(stream, "late", 4, on_written, told[1]);
    rp_stream_end(stream);
    turn_until(is_closed);
    ck_assert_str_eq(told[0], "ECONNRESET");
    ck_assert_str_eq(told[1], "ECONNRESET");
    ck_assert_str_eq(events, "d!X");
}
END_TEST

/* Destroyed while the rest is read: nothing comes but the close. */
START_TEST(destroyed_while_the_rest_is_read)
{
    arrive_and_reset();
    rp_stream_write(stream, "more", 4);
    rp_loop_turn(loop, false);
    rp_stream_destroy(stream, NULL);
    turn_until(is_closed);
    ck_assert_str_eq(events, "X");
}
END_TEST

static bool is_finished(void)
{
    return strchr(events, 'F') != NULL;
}

START_TEST(paused_before_it_is_connected)
{
    open_both(_i == 0 ? TCP_CONNECTING : UNIX, false);
    rp_stream_pause(stream);
    ask();
    leave(FIN);
    turn_until(is_closed);
    ck_assert_str_eq(events, "EFX");
}
END_TEST

START_TEST(end_of_a_pair_is_told_to_a_paused_end)
{
    struct rp_stream *ends[2];

    ck_assert(rp_stream_pair(loop, NULL, ends, NULL));
    stream = ends[0];
    rp_stream_listen(stream, RP_EVENT_ALL, on_event, NULL);
    rp_stream_pause(stream);
    if (_i == 0)
        rp_stream_end(ends[1]);
    else
        rp_stream_destroy(ends[1], NULL);
    rp_stream_unref(ends[1]);
    turn_until(is_closed);
    ck_assert_str_eq(events, "EFX");
}
END_TEST

/* node tells the end to a paused stream, when nothing before it is unread. */
START_TEST(end_is_told_to_a_paused_stream)
{
    open_both(_i % 2 == 0 ? TCP : UNIX, false);
    ask();
    rp_stream_pause(stream);
    if (_i / 2 == 1) {
        rp_stream_end(stream);
        turn_until(is_finished);
    }
    leave(FIN);
    turn_until(is_closed);
    ck_assert_str_eq(events, _i / 2 == 1 ? "FEX" : "EFX");
}
END_TEST

static bool is_quiet(void)
{
    return unread_bytes() == 4;
}

/* What is unread comes first, and only once the stream is resumed. */
START_TEST(end_behind_unread_data_waits)
{
    open_both(_i == 0 ? TCP : UNIX, false);
    ask();
    rp_stream_pause(stream);
    ck_assert_int_eq(send(peer, "data", 4, 0), 4);
    leave(FIN);
    while (!is_quiet())
        rp_loop_turn(loop, false);
    for (int i = 0; i < 4; i++)
        rp_loop_turn(loop, false);
    ck_assert_str_eq(events, "");
    rp_stream_resume(stream);
    turn_until(is_closed);
    ck_assert_str_eq(events, "dEFX");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ends");
    TCase *t = tcase_create("ends");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, end_is_told_where_there_was_one, 0, CASES);
    tcase_add_loop_test(t, all_that_has_arrived_is_delivered, 0, 3);
    tcase_add_test(t, paused_for_good_is_an_error);
    tcase_add_loop_test(t, paused_with_nothing_unread_is_an_error_at_once, 0, 2);
    tcase_add_test(t, what_was_not_sent_is_not_written);
    tcase_add_test(t, destroyed_while_the_rest_is_read);
    tcase_add_loop_test(t, end_is_told_to_a_paused_stream, 0, 4);
    tcase_add_loop_test(t, end_behind_unread_data_waits, 0, 2);
    tcase_add_loop_test(t, paused_before_it_is_connected, 0, 2);
    tcase_add_loop_test(t, end_of_a_pair_is_told_to_a_paused_end, 0, 2);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
