/* SPDX-License-Identifier: MIT
 *
 * loop.c - timers, ticks, timeouts and queues of bytes: what stands on the loop and may be stopped,
 * restarted or freed from inside any other. */
#include "lib/net/queue.h"
#include "lib/net/timeouts.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rp_loop *loop;
static char order[64];

static void set_up(void)
{
    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(loop);
    order[0] = '\0';
}

static void tear_down(void)
{
    rp_loop_free(loop);
}

static void note_timer(struct rp_timer *t)
{
    strcat(order, t->arg);
}

START_TEST(timers_fire_in_order_of_time)
{
    struct rp_timer a = {.fire = note_timer, .arg = "a"}, b = {.fire = note_timer, .arg = "b"},
                    c = {.fire = note_timer, .arg = "c"};

    rp_timer_start(loop, &a, 20);
    rp_timer_start(loop, &b, 1);
    rp_timer_start(loop, &c, 10);
    ck_assert(rp_timer_active(&a));
    rp_loop_run(loop); /* until nothing is left */
    ck_assert_str_eq(order, "bca");
    ck_assert(!rp_timer_active(&a));
}
END_TEST

static struct rp_timer victim = {.fire = note_timer, .arg = "v"};

static void stop_victim(struct rp_timer *t)
{
    strcat(order, t->arg);
    rp_timer_stop(&victim);
    rp_timer_stop(&victim);
}

static void again(struct rp_timer *t)
{
    strcat(order, t->arg);
    if (strlen(order) < 3)
        rp_timer_start(loop, t, 1);
}

START_TEST(timers_stop_and_restart_one_another)
{
    struct rp_timer stopper = {.fire = stop_victim, .arg = "s"}, self = {.fire = again, .arg = "r"};

    rp_timer_start(loop, &stopper, 1);
    rp_timer_start(loop, &victim, 1);
    rp_loop_run(loop);
    ck_assert_str_eq(order, "s");
    order[0] = '\0';
    rp_timer_start(loop, &self, 5000);
    rp_timer_start(loop, &self, 1); /* starting anew counts from now */
    rp_loop_run(loop);
    ck_assert_str_eq(order, "rrr");
}
END_TEST

static struct rp_next_tick one, two;

static void note_tick(struct rp_next_tick *t)
{
    strcat(order, t->arg);
}

static void cancel_two(struct rp_next_tick *t)
{
    strcat(order, t->arg);
    rp_next_tick_cancel(&two);
}

static void tick_again(struct rp_next_tick *t)
{
    strcat(order, t->arg);
    if (strlen(order) < 4)
        rp_next_tick(loop, t);
}

START_TEST(ticks_come_once_and_before_waiting)
{
    one = (struct rp_next_tick){.fire = cancel_two, .arg = "1"};
    two = (struct rp_next_tick){.fire = note_tick, .arg = "2"};
    rp_next_tick(loop, &one);
    rp_next_tick(loop, &one);
    rp_next_tick(loop, &two);
    rp_loop_run(loop);
    ck_assert_str_eq(order, "1");
    order[0] = '\0';
    one.fire = tick_again;
    rp_next_tick(loop, &one);
    rp_loop_run(loop);
    ck_assert_str_eq(order, "1111");
    rp_next_tick_cancel(&one);
    rp_next_tick_cancel(&one);
}
END_TEST

static void note_forgotten(struct rp_next_tick *t)
{
    strcat(order, "f");
    rp_next_tick_cancel(t);
}

START_TEST(ticks_that_never_come_are_forgotten)
{
    one = (struct rp_next_tick){.fire = note_tick, .forget = note_forgotten, .arg = "1"};
    two = (struct rp_next_tick){.fire = note_tick, .arg = "2"};
    rp_next_tick(loop, &one);
    rp_next_tick(loop, &two);
    rp_loop_free(loop);
    loop = NULL;
    ck_assert_str_eq(order, "f");
}
END_TEST

struct named {
    struct rp_timeout timeout; /* first */
    const char *name;
    struct rp_timeout *stops;
};

static void on_timeout(struct rp_timeout *t)
{
    struct named *n = (struct named *)t;

    strcat(order, n->name);
    if (n->stops != NULL)
        rp_timeout_stop(n->stops);
}

START_TEST(timeouts_of_many_durations)
{
    struct named n[] = {{{.fire = on_timeout}, "a", NULL},
                        {{.fire = on_timeout}, "b", NULL},
                        {{.fire = on_timeout}, "c", NULL},
                        {{.fire = on_timeout}, "d", NULL},
                        {{.fire = on_timeout}, "e", NULL}};

    n[1].stops = &n[2].timeout;
    for (size_t i = 0; i < 5; i++)
        ck_assert(rp_timeout_start(loop, &n[i].timeout, i < 3 ? 5 : 15));
    rp_timeout_stop(&n[4].timeout);
    rp_timeout_stop(&n[4].timeout);
    ck_assert(rp_timeout_start(loop, &n[0].timeout, 25));
    rp_loop_run(loop);
    ck_assert_str_eq(order, "bda");
}
END_TEST

static void on_signal(struct rp_signal *s, int signum)
{
    ck_assert_int_eq(signum, SIGUSR1);
    strcat(order, s->arg);
    rp_signal_stop(s);
}

START_TEST(signals_arrive_on_the_loop)
{
    struct rp_signal s = {.fire = on_signal, .arg = "s"};

    rp_signal_start(loop, &s, SIGUSR1);
    raise(SIGUSR1);
    ck_assert_str_eq(order, "");
    rp_loop_run(loop);
    ck_assert_str_eq(order, "s");
}
END_TEST

static void on_io(struct rp_io *io, int events)
{
    ck_assert_int_eq(events, RP_READABLE);
    strcat(order, io->arg);
    rp_io_stop(io);
}

START_TEST(io_is_told)
{
    struct rp_io io = {.fire = on_io, .arg = "i"};
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    rp_io_start(loop, &io, fds[0], RP_READABLE);
    rp_loop_turn(loop, false);
    ck_assert_str_eq(order, "");
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    rp_loop_run(loop);
    ck_assert_str_eq(order, "i");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* A loop that was busy: an answer that has come is no late one. */
START_TEST(what_has_arrived_comes_before_what_is_late)
{
    struct rp_io io = {.fire = on_io, .arg = "i"};
    struct rp_timer t = {.fire = note_timer, .arg = "t"};
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    rp_io_start(loop, &io, fds[0], RP_READABLE);
    rp_timer_start(loop, &t, 1);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    usleep(5000);
    rp_loop_run(loop);
    ck_assert_str_eq(order, "it");
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* -- queues */

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static size_t fill(struct rp_queue *q, size_t len, size_t piece)
{
    uint8_t bytes[5000];
    size_t at = 0;

    while (at < len) {
        size_t n = piece < len - at ? piece : len - at;

        for (size_t i = 0; i < n; i++)
            bytes[i] = pattern(at + i);
        ck_assert(rp_queue_append(q, loop, bytes, n));
        at += n;
    }
    return at;
}

START_TEST(queue_keeps_bytes_in_order)
{
    static const size_t pieces[] = {1, 100, 4999};

    for (size_t p = 0; p < 3; p++) {
        struct rp_queue q = {0};
        size_t len = fill(&q, 100000, pieces[p]), at = 0, n;
        const uint8_t *bytes;

        ck_assert_uint_eq(q.len, len);
        while ((bytes = rp_queue_peek(&q, &n)) != NULL) {
            n = n > 3001 ? 3001 : n;
            for (size_t i = 0; i < n; i++)
                ck_assert_uint_eq(bytes[i], pattern(at + i));
            at += n;
            rp_queue_consume(&q, loop, n);
        }
        ck_assert_uint_eq(at, len);
        ck_assert_uint_eq(q.len, 0);
        rp_queue_clear(&q, loop);
    }
}
END_TEST

START_TEST(queue_reserves_room)
{
    struct rp_queue q = {0};
    size_t room, n;

    for (int i = 0; i < 5; i++) {
        uint8_t *at = rp_queue_reserve(&q, loop, RP_CHUNK_SIZE, &room);

        ck_assert_ptr_nonnull(at);
        ck_assert_uint_ge(room, RP_CHUNK_SIZE);
        memset(at, 'a' + i, 10);
        rp_queue_commit(&q, 10);
    }
    ck_assert_uint_eq(q.len, 50);
    ck_assert_int_eq(*rp_queue_peek(&q, &n), 'a');
    rp_queue_clear(&q, loop);
    ck_assert_ptr_null(rp_queue_peek(&q, &n));
}
END_TEST

/* A socket takes what it can; the rest stays, in order. */
START_TEST(queue_sends_what_the_socket_takes)
{
    struct rp_queue q = {0};
    uint8_t bytes[8192];
    size_t at = 0;
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    fill(&q, 2000000, 5000);
    while (q.len > 0) {
        ssize_t got;

        ck_assert_int_ge(rp_queue_send(&q, loop, fds[0], false), 0);
        while ((got = read(fds[1], bytes, sizeof bytes)) > 0)
            for (ssize_t i = 0; i < got; i++)
                ck_assert_uint_eq(bytes[i], pattern(at++));
    }
    ck_assert_uint_eq(at, 2000000);
    close(fds[1]);
    fill(&q, 10, 10);
    ck_assert_int_lt(rp_queue_send(&q, loop, fds[0], false), 0);
    rp_queue_clear(&q, loop);
    close(fds[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *core = tcase_create("core");

    tcase_add_checked_fixture(core, set_up, tear_down);
    tcase_add_test(core, timers_fire_in_order_of_time);
    tcase_add_test(core, timers_stop_and_restart_one_another);
    tcase_add_test(core, ticks_come_once_and_before_waiting);
    tcase_add_test(core, ticks_that_never_come_are_forgotten);
    tcase_add_test(core, timeouts_of_many_durations);
    tcase_add_test(core, signals_arrive_on_the_loop);
    tcase_add_test(core, io_is_told);
    tcase_add_test(core, what_has_arrived_comes_before_what_is_late);
    tcase_add_test(core, queue_keeps_bytes_in_order);
    tcase_add_test(core, queue_reserves_room);
    tcase_add_test(core, queue_sends_what_the_socket_takes);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
