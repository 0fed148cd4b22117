/* SPDX-License-Identifier: MIT
 *
 * stream_pair.c - two streams joined in memory. */
#include <check.h>
#include <reprise/reprise.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct rp_loop *loop;
static struct rp_stream *ends[2];
static char got[2][64];
static size_t got_len[2], total;
static int ended[2], closed[2], drained, finished;
static char failed[40];
static bool destroy_on_data, in_call, was_inside;

static void on_event(const struct rp_event *e, void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;

    was_inside = was_inside || in_call;
    switch (e->type) {
    case RP_EV_DATA:
        total += e->data.len;
        if (got_len[i] + e->data.len < sizeof got[i]) {
            memcpy(got[i] + got_len[i], e->data.bytes, e->data.len);
            got_len[i] += e->data.len;
        }
        if (destroy_on_data) {
            rp_stream_destroy(ends[0], NULL);
            rp_stream_destroy(ends[1], NULL);
        }
        break;
    case RP_EV_END:
        ended[i]++;
        break;
    case RP_EV_CLOSE:
        closed[i]++;
        break;
    case RP_EV_DRAIN:
        drained++;
        break;
    case RP_EV_FINISH:
        finished++;
        break;
    case RP_EV_ERROR:
        snprintf(failed, sizeof failed, "%.39s", e->error.error->code);
        break;
    default:
        break;
    }
}

static void set_up(void)
{
    rp_event_set events = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END) |
                          RP_EVENT_BIT(RP_EV_CLOSE) | RP_EVENT_BIT(RP_EV_DRAIN) |
                          RP_EVENT_BIT(RP_EV_FINISH) | RP_EVENT_BIT(RP_EV_ERROR);

    memset(got, 0, sizeof got);
    memset(got_len, 0, sizeof got_len);
    memset(ended, 0, sizeof ended);
    memset(closed, 0, sizeof closed);
    memset(failed, 0, sizeof failed);
    drained = finished = 0;
    total = 0;
    destroy_on_data = in_call = was_inside = false;
    loop = rp_loop_new(NULL);
    ck_assert(rp_stream_pair(loop, NULL, ends, NULL));
    for (size_t i = 0; i < 2; i++)
        ck_assert(rp_stream_listen(ends[i], events, on_event, (void *)(uintptr_t)i));
}

static void write_to(struct rp_stream *s, const char *text)
{
    in_call = true;
    rp_stream_write(s, text, strlen(text));
    in_call = false;
}

static void tear_down(void)
{
    for (size_t i = 0; i < 2; i++) {
        rp_stream_destroy(ends[i], NULL);
        rp_stream_unref(ends[i]);
    }
    rp_loop_run(loop);
    ck_assert_int_eq(closed[0], 1);
    ck_assert_int_eq(closed[1], 1);
    rp_loop_free(loop);
}

START_TEST(pair_carries_both_ways_in_order)
{
    set_up();
    write_to(ends[0], "one ");
    write_to(ends[0], "two");
    write_to(ends[1], "back");
    ck_assert_uint_eq(total, 0);
    rp_loop_run(loop);
    ck_assert_str_eq(got[1], "one two");
    ck_assert_str_eq(got[0], "back");
    ck_assert(!was_inside);
    tear_down();
}
END_TEST

START_TEST(pair_ends_on_both_sides)
{
    set_up();
    write_to(ends[0], "last");
    rp_stream_end(ends[0]);
    rp_loop_run(loop);
    ck_assert_str_eq(got[1], "last");
    ck_assert_int_eq(ended[0] + ended[1], 2); /* nobody asked for half-open */
    ck_assert_int_eq(finished, 2);
    ck_assert_int_eq(closed[0] + closed[1], 2);
    tear_down();
}
END_TEST

START_TEST(pair_waits_for_a_paused_end)
{
    static uint8_t many[100000];

    set_up();
    rp_stream_pause(ends[1]);
    ck_assert(!rp_stream_write(ends[0], many, sizeof many));
    rp_stream_end(ends[0]);
    rp_loop_run(loop);
    ck_assert_uint_eq(total, 0);
    ck_assert_uint_eq(rp_stream_writable_length(ends[0]), sizeof many);
    rp_stream_resume(ends[1]);
    rp_loop_run(loop);
    ck_assert_uint_eq(total, sizeof many);
    ck_assert_int_eq(ended[1], 1);
    tear_down();
}
END_TEST

START_TEST(pair_drains)
{
    static uint8_t many[20000];

    set_up();
    ck_assert(!rp_stream_write(ends[0], many, sizeof many));
    rp_loop_run(loop);
    ck_assert_int_eq(drained, 1);
    tear_down();
}
END_TEST

START_TEST(pair_sees_the_other_end_destroyed)
{
    set_up();
    rp_stream_destroy(ends[0], NULL);
    write_to(ends[1], "lost");
    rp_loop_run(loop);
    ck_assert_str_eq(failed, "EPIPE");
    tear_down();
    set_up();
    rp_stream_destroy(ends[0], NULL);
    rp_loop_run(loop);
    ck_assert_int_eq(ended[1], 1);
    tear_down();
}
END_TEST

/* Whoever reads cannot take for whole what was cut, nor who writes for read. */
START_TEST(pair_destroyed_with_bytes_on_their_way_is_no_end)
{
    set_up();
    write_to(ends[_i], "lost");
    rp_stream_destroy(ends[0], NULL);
    rp_loop_run(loop);
    ck_assert_str_eq(failed, "ECONNRESET");
    ck_assert_int_eq(ended[1], 0);
    ck_assert_uint_eq(total, 0);
    tear_down();
}
END_TEST

/* With bytes on their way (1, 2), without (0), and paused (3). */
START_TEST(pair_that_is_reset_is_no_end)
{
    set_up();
    if (_i == 1 || _i == 2)
        write_to(ends[_i - 1], "lost");
    if (_i == 3)
        rp_stream_pause(ends[1]);
    rp_stream_reset_and_destroy(ends[0]);
    rp_loop_run(loop);
    ck_assert_str_eq(failed, "ECONNRESET");
    ck_assert_int_eq(ended[1], 0);
    tear_down();
}
END_TEST

static void give_up(struct rp_stream *s, const struct rp_error *error, void *arg)
{
    (void)arg;
    ck_assert_str_eq(error->code, "ERR_STREAM_DESTROYED");
    rp_stream_unref(s);
}

START_TEST(refused_write_may_drop_the_last_reference)
{
    set_up();
    for (size_t i = 0; i < 2; i++)
        rp_stream_destroy(ends[i], NULL);
    rp_loop_run(loop);
    for (size_t i = 0; i < 2; i++)
        ck_assert(!rp_stream_write_then(ends[i], "late", 4, give_up, NULL));
    rp_loop_free(loop);
}
END_TEST

START_TEST(pair_survives_a_listener_that_destroys_it)
{
    set_up();
    destroy_on_data = true;
    write_to(ends[0], "one");
    write_to(ends[1], "two");
    rp_loop_run(loop);
    ck_assert_uint_eq(total, 3);
    tear_down();
}
END_TEST

START_TEST(pipe_delivers_later_and_a_second_one_changes_nothing)
{
    set_up();
    rp_stream_pause(ends[1]);
    write_to(ends[0], "one");
    for (int i = 0; i < 2; i++) {
        in_call = true;
        ck_assert_int_eq(rp_stream_pipe(ends[1], ends[1], false), i == 0);
        in_call = false;
    }
    ck_assert(!was_inside);
    ck_assert_uint_eq(total, 0);
    rp_loop_run(loop);
    ck_assert_str_eq(got[0], "one");
    ck_assert_str_eq(got[1], "one");
    tear_down();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stream_pair");
    TCase *t = tcase_create("pair");

    tcase_add_test(t, pair_carries_both_ways_in_order);
    tcase_add_test(t, pair_ends_on_both_sides);
    tcase_add_test(t, pair_waits_for_a_paused_end);
    tcase_add_test(t, pair_drains);
    tcase_add_test(t, pair_sees_the_other_end_destroyed);
    tcase_add_loop_test(t, pair_destroyed_with_bytes_on_their_way_is_no_end, 0, 2);
    tcase_add_loop_test(t, pair_that_is_reset_is_no_end, 0, 4);
    tcase_add_test(t, refused_write_may_drop_the_last_reference);
    tcase_add_test(t, pair_survives_a_listener_that_destroys_it);
    tcase_add_test(t, pipe_delivers_later_and_a_second_one_changes_nothing);
    suite_add_tcase(s, t);
    return unit_run(s);
}
