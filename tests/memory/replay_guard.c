/* SPDX-License-Identifier: MIT
 *
 * replay_guard.c - a flight of early data, wherever it is cut in two: accepted once. And while one
 * allocation fails, whichever: at most once accepted, that time and when it is sent again; and the
 * next flight is accepted as ever. A real server, guard and LMDB file. */
#include "tests/memory/memory.h"

#include "cache/replay_guard.h"
#include "tests/unit/flight.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 5 };
#else
enum { STRIDE = 1 };
#endif
enum { TURNS = 20, ENOUGH = 20000 };

static struct rp_server *server;
static struct rp_replay_guard_counters counters;
static unsigned opened; /* connections whose early data was accepted */
static bool closed;
static uint8_t session[16384];
static size_t session_len;
static struct flight flight;

static void on_opened(const struct rp_event *e, void *arg)
{
    (void)arg;
    opened += rp_socket_early_data(e->secure_connection.socket) == RP_EARLY_DATA_ACCEPTED;
}

static void on_closed(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    closed = true;
}

static bool is_closed(void)
{
    return closed;
}

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    session_len = e->data.len;
    ck_assert_uint_le(session_len, sizeof session);
    memcpy(session, e->data.bytes, session_len);
}

static bool has_session(void)
{
    return session_len > 0;
}

static void turn(void)
{
    for (int i = 0; i < TURNS; i++)
        rp_loop_turn(linked.loop, false);
}

static void take_a_session(void)
{
    struct rp_stream *ends[2];
    struct rp_socket *client;

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    linked.options.context_options = &linked.client_tls;
    linked.options.stream = ends[0];
    ck_assert(rp_server_take_stream(server, ends[1], NULL));
    client = rp_connect(linked.loop, &linked.options, NULL);
    rp_stream_on(rp_socket_stream(client), RP_EV_SESSION, on_session, NULL);
    link_run(has_session);
    rp_stream_destroy(rp_socket_stream(client), NULL);
    rp_stream_unref(rp_socket_stream(client));
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    linked.options.session = (struct rp_bytes){session, session_len};
    linked.options.early_data = true;
}

/* Send the flight; the n-th allocation of what follows fails. How often was it accepted? */
static unsigned offer(unsigned long n, bool *failed)
{
    unsigned before = opened;
    struct rp_stream *stream = flight_send(&flight, server);

    memory_fail_at(n);
    turn();
    *failed = memory_calm();
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    turn();
    return opened - before;
}

static void check_one(unsigned long n, bool *failed)
{
    bool none;
    unsigned first, again;

    flight_capture(&flight, "pay", 3);
    first = offer(n, failed);
    again = offer(0, &none);
    ck_assert_msg(first + again <= 1, "allocation %lu: accepted %u and %u times", n, first, again);
    if (!*failed)
        ck_assert_uint_eq(first, 1);
    flight_capture(&flight, "buy", 3);
    ck_assert_msg(offer(0, &none) == 1, "after allocation %lu nothing is accepted", n);
}

static struct rp_secure_context *context;
static struct rp_store *store;
static struct rp_replay_guard *guard;
static char directory[64];

static void prepare(void)
{
    static const struct rp_secret secret = {.key = {1}};
    struct rp_replay_guard_options g = {.secret = &secret, .counters = &counters};
    struct rp_server_options o = {0};
    char uri[128];

    link_prepare();
    snprintf(directory, sizeof directory, "/tmp/reprise-guard-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    linked.server_tls.max_early_data = 1000;
    snprintf(uri, sizeof uri, "lmdb:%s/s?size=16M", directory);
    o.context = context = rp_secure_context_new(&linked.server_tls, NULL);
    g.store = store = rp_store_open(linked.loop, uri, NULL, NULL);
    ck_assert(context != NULL && store != NULL);
    guard = rp_replay_guard_new(linked.loop, &g, NULL);
    server = rp_server_new(linked.loop, &o, NULL);
    ck_assert(guard != NULL && server != NULL && rp_replay_guard_attach(guard, server));
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_opened, NULL);
    rp_server_on(server, RP_EV_CLOSE, on_closed, NULL);
    take_a_session();
}

static void finish(void)
{
    char path[80];

    rp_server_close(server);
    link_run(is_closed);
    rp_server_free(server);
    rp_replay_guard_free(guard);
    rp_store_close(store);
    rp_secure_context_unref(context);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
    snprintf(path, sizeof path, "%s/s", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/s-lock", directory);
    unlink(path);
    rmdir(directory);
}

START_TEST(flight_is_accepted_at_most_once_whichever_allocation_fails)
{
    bool failed = true;
    unsigned long n = 1;

    prepare();
    for (; failed && n < ENOUGH; n += STRIDE)
        check_one(n, &failed);
    ck_assert(!failed);
    ck_assert_uint_gt(n, 100);
    finish();
}
END_TEST

static void check_cut(size_t cut)
{
    struct rp_stream *ends[2];
    unsigned before = opened;
    bool failed;

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    ck_assert(rp_server_take_stream(server, ends[0], NULL));
    rp_stream_unref(ends[0]);
    rp_stream_write(ends[1], flight.bytes, cut);
    turn();
    rp_stream_write(ends[1], flight.bytes + cut, flight.len - cut);
    turn();
    rp_stream_destroy(ends[1], NULL);
    rp_stream_unref(ends[1]);
    turn();
    ck_assert_msg(opened == before + 1, "cut at %zu: accepted %u times", cut, opened - before);
    ck_assert_msg(offer(0, &failed) == 0, "cut at %zu: accepted again", cut);
}

START_TEST(flight_is_accepted_once_wherever_it_is_cut)
{
    size_t cut = 1;

    prepare();
    do {
        flight_capture(&flight, "pay", 3);
        check_cut(cut);
        cut += STRIDE;
    } while (cut < flight.len);
    ck_assert_uint_gt(cut, 300);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory: replay_guard");
    TCase *tc = tcase_create("flights");

    if (!memory_init())
        return 1;
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, flight_is_accepted_at_most_once_whichever_allocation_fails);
    tcase_add_test(tc, flight_is_accepted_once_wherever_it_is_cut);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
