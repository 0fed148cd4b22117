/* SPDX-License-Identifier: MIT
 *
 * channel.c - messages over a socket pair, and the tables that judge them. */
#include "tests/unit/unit.h"

#include "lib/base/ipc.h"
#include "lib/net/channel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct end {
    struct rp_channel channel;
    unsigned messages, closes;
    size_t bytes, last_len;
    uint8_t last[16];
    bool close_at_message;
};

static struct rp_loop *loop;
static struct end *a, *b;

static void on_message(struct rp_channel *channel, const uint8_t *bytes, size_t len)
{
    struct end *end = channel->arg;

    end->messages++;
    end->bytes += len;
    end->last_len = len;
    memcpy(end->last, bytes, len < sizeof end->last ? len : sizeof end->last);
    if (end->close_at_message)
        rp_channel_close(channel);
}

static void on_closed(struct rp_channel *channel, const struct rp_error *error)
{
    struct end *end = channel->arg;

    ck_assert_ptr_null(error);
    end->closes++;
}

static struct end *end_new(int fd)
{
    struct end *end = calloc(1, sizeof *end);

    ck_assert_ptr_nonnull(end);
    end->channel.message = on_message;
    end->channel.closed = on_closed;
    end->channel.arg = end;
    rp_channel_open(&end->channel, loop, fd);
    return end;
}

static void set_up(void)
{
    int fds[2];

    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(loop);
    ck_assert(rp_channel_pair(fds, NULL));
    a = end_new(fds[0]);
    b = end_new(fds[1]);
}

static void tear_down(void)
{
    rp_channel_close(&a->channel);
    rp_channel_close(&b->channel);
    free(a);
    free(b);
    rp_loop_free(loop);
}

START_TEST(channel_carries_whole_messages_in_order)
{
    ck_assert(rp_channel_send(&a->channel, 7, "abc", 3, NULL));
    ck_assert(rp_channel_send(&a->channel, 8, NULL, 0, NULL));
    while (b->messages < 2)
        rp_loop_turn(loop, true);
    ck_assert_uint_eq(b->bytes, 5);
    ck_assert_uint_eq(b->last_len, 1);
    ck_assert_uint_eq(b->last[0], 8);
}
END_TEST

START_TEST(channel_keeps_what_the_receiver_has_not_read)
{
    static uint8_t big[60000];
    unsigned sent = 0;
    struct rp_error error;

    while (rp_channel_send(&a->channel, 1, big, sizeof big, &error))
        sent++;
    ck_assert_str_eq(error.code, "ENOBUFS");
    ck_assert_uint_ge(sent, RP_CHANNEL_QUEUE_MAX / sizeof big);
    while (b->messages < sent)
        rp_loop_turn(loop, true);
    ck_assert_uint_eq(b->bytes, sent * (sizeof big + 1));
    ck_assert(rp_channel_send(&a->channel, 1, big, sizeof big, NULL));
}
END_TEST

START_TEST(channel_refuses_message_that_is_too_long)
{
    static uint8_t big[RP_CHANNEL_MESSAGE_MAX];
    struct rp_error error;

    ck_assert(!rp_channel_send(&a->channel, 1, big, sizeof big, &error));
    ck_assert_str_eq(error.code, "EMSGSIZE");
    ck_assert(rp_channel_send(&a->channel, 1, big, sizeof big - 1, NULL));
}
END_TEST

START_TEST(channel_reports_end_once_and_after_the_messages)
{
    rp_channel_send(&a->channel, 1, "last words", 10, NULL);
    rp_channel_close(&a->channel);
    while (b->closes == 0)
        rp_loop_turn(loop, true);
    ck_assert_uint_eq(b->messages, 1);
    ck_assert(!rp_channel_is_open(&b->channel));
    ck_assert(!rp_channel_send(&b->channel, 1, "x", 1, NULL));
    rp_loop_turn(loop, false);
    ck_assert_uint_eq(b->closes, 1);
}
END_TEST

START_TEST(channel_closed_in_its_callback_is_touched_no_more)
{
    b->close_at_message = true;
    for (int i = 0; i < 3; i++)
        rp_channel_send(&a->channel, 1, "x", 1, NULL);
    while (b->messages == 0)
        rp_loop_turn(loop, true);
    rp_loop_turn(loop, false);
    ck_assert_uint_eq(b->messages, 1);
    ck_assert_uint_eq(b->closes, 0);
}
END_TEST

START_TEST(channel_read_hands_over_what_is_there)
{
    for (int i = 0; i < 100; i++)
        ck_assert(rp_channel_send(&a->channel, 1, "x", 1, NULL));
    rp_channel_read(&b->channel);
    ck_assert_uint_eq(b->messages, 100);
    rp_channel_close(&a->channel);
    rp_channel_read(&b->channel);
    ck_assert_uint_eq(b->closes, 1);
    rp_channel_read(&b->channel);
}
END_TEST

START_TEST(channel_that_is_idle_does_not_keep_the_loop)
{
    rp_channel_idle(&a->channel);
    rp_channel_idle(&b->channel);
    rp_loop_run(loop); /* returns */
    rp_channel_send(&a->channel, 1, "x", 1, NULL);
    rp_loop_turn(loop, false);
    ck_assert_uint_eq(b->messages, 1);
}
END_TEST

static unsigned handled;
static void on_handle(void *context, struct rp_cursor content)
{
    ck_assert_ptr_eq(context, &handled);
    handled += (unsigned)rp_cursor_uint(&content, 1);
}

static const struct rp_ipc_rule rules[] = {
    {1, "one", 1u << 0, 1, 1, on_handle},
    {2, "two", 1u << 0 | 1u << 1, 1, 8, on_handle},
};

static const struct {
    unsigned who;
    const char *bytes;
    size_t len;
    bool ok;
} messages[] = {
    {1, "\1\5", 2, true},  {1, "\1", 1, false},      {1, "\1\5\5", 3, false},
    {2, "\1\5", 2, false}, {2, "\2\5\5\5", 4, true}, {1, "", 0, false},
    {1, "\3\5", 2, false}, {1, "\2", 1, false},      {4, "\2\5", 2, false},
    {1, "\0\5", 2, false}, {3, "\2\5", 2, true},     {1, "\2123456789", 10, false},
};

START_TEST(ipc_handles_only_what_its_table_allows)
{
    struct rp_error error = {0};
    bool ok;

    handled = 0;
    ok = rp_ipc_dispatch(rules, 2, messages[_i].who, &handled, messages[_i].bytes, messages[_i].len,
                         &error);
    ck_assert_int_eq(ok, messages[_i].ok);
    ck_assert_uint_eq(handled, ok ? 5 : 0);
    ck_assert_str_eq(error.code, ok ? "" : "ERR_IPC");
}
END_TEST

START_TEST(ipc_composes_within_its_bounds)
{
    static uint8_t out[RP_IPC_MAX + 1], content[RP_IPC_MAX + 100];

    out[RP_IPC_MAX] = 0xaa;
    ck_assert_uint_eq(rp_ipc_compose(out, 9, NULL, 0), 1);
    ck_assert_uint_eq(out[0], 9);
    ck_assert_uint_eq(rp_ipc_compose(out, 9, content, sizeof content), RP_IPC_MAX);
    ck_assert_uint_eq(out[RP_IPC_MAX], 0xaa);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("channel");
    TCase *t = tcase_create("channel");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, channel_carries_whole_messages_in_order);
    tcase_add_test(t, channel_keeps_what_the_receiver_has_not_read);
    tcase_add_test(t, channel_refuses_message_that_is_too_long);
    tcase_add_test(t, channel_reports_end_once_and_after_the_messages);
    tcase_add_test(t, channel_closed_in_its_callback_is_touched_no_more);
    tcase_add_test(t, channel_read_hands_over_what_is_there);
    tcase_add_test(t, channel_that_is_idle_does_not_keep_the_loop);
    suite_add_tcase(s, t);
    t = tcase_create("ipc");
    tcase_add_loop_test(t, ipc_handles_only_what_its_table_allows, 0,
                        sizeof messages / sizeof *messages);
    tcase_add_test(t, ipc_composes_within_its_bounds);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
