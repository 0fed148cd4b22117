/* SPDX-License-Identifier: MIT
 *
 * handshake_timeout.c - a handshake has a limit of time, and its default is the same for a server,
 * a client and a wrapped stream. */
#include "lib/tls/socket_internal.h"
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static bool is_closed(void)
{
    return linked.client_closed;
}

/* A peer that accepts and says nothing, on a pair of streams or behind TCP. */
START_TEST(client_gives_up_on_a_silent_server)
{
    struct rp_address address;
    struct rp_listen_options where = {.address = &address};
    struct rp_net_options net = {0};
    struct rp_stream *ends[2] = {NULL, NULL};
    bool over_tcp = _i == 1;
    int silent = -1;

    link_prepare();
    linked.options.context_options = &linked.client_tls;
    linked.options.handshake_timeout_ms = 20;
    ck_assert(rp_address_parse(&address, "127.0.0.1:0", false, NULL));
    if (over_tcp) {
        silent = rp_listen_open(&where, NULL);
        address.len = sizeof address.in;
        ck_assert_int_eq(getsockname(silent, &address.any, &address.len), 0);
        net.address = &address;
        linked.options.net = &net;
    } else {
        ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
        linked.options.stream = ends[0];
    }
    linked.client = rp_connect(linked.loop, &linked.options, NULL);
    ck_assert_ptr_nonnull(linked.client);
    rp_stream_listen(rp_socket_stream(linked.client), RP_EVENT_ALL, link_on_client, NULL);
    while (!is_closed())
        rp_loop_turn(linked.loop, true);
    ck_assert_str_eq(linked.client_error.code, "ERR_TLS_HANDSHAKE_TIMEOUT");
    ck_assert(!linked.connected);
    rp_stream_unref(rp_socket_stream(linked.client));
    for (int i = 0; i < 2 && !over_tcp; i++) {
        rp_stream_destroy(ends[i], NULL);
        rp_stream_unref(ends[i]);
    }
    if (over_tcp)
        close(silent);
    rp_loop_run(linked.loop);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

static const struct {
    uint32_t option;
    bool limited;
} options[] = {{0, true}, {5000, true}, {RP_NO_TIMEOUT, false}};

/* The clock runs, or doesn't, by the same option everywhere. */
START_TEST(option_means_the_same_everywhere)
{
    struct rp_loop *loop = rp_loop_new(NULL);
    uint32_t ms = options[_i].option;
    struct rp_stream *ends[3][2];
    struct rp_socket *sockets[3];

    for (int i = 0; i < 3; i++)
        ck_assert(rp_stream_pair(loop, NULL, ends[i], NULL));
    sockets[0] = rp_connect(
        loop, &(struct rp_connect_options){.stream = ends[0][0], .handshake_timeout_ms = ms}, NULL);
    sockets[1] = rp_socket_wrap(
        ends[1][0], &(struct rp_socket_options){.is_server = true, .handshake_timeout_ms = ms},
        NULL);
    sockets[2] =
        rp_socket_wrap(ends[2][0], &(struct rp_socket_options){.handshake_timeout_ms = ms}, NULL);
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_nonnull(sockets[i]);
        ck_assert_int_eq(sockets[i]->timeout.queue != NULL, options[_i].limited);
        rp_stream_destroy(rp_socket_stream(sockets[i]), NULL);
        rp_stream_destroy(ends[i][1], NULL);
        rp_stream_unref(rp_socket_stream(sockets[i]));
        rp_stream_unref(ends[i][0]);
        rp_stream_unref(ends[i][1]);
    }
    rp_loop_run(loop);
    rp_loop_free(loop);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("handshake timeout");
    TCase *t = tcase_create("handshake timeout");

    tcase_add_loop_test(t, client_gives_up_on_a_silent_server, 0, 2);
    tcase_add_loop_test(t, option_means_the_same_everywhere, 0, sizeof options / sizeof *options);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
