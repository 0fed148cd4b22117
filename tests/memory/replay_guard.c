/* SPDX-License-Identifier: MIT
 *
 * replay_guard.c - a flight of early data, wherever it is cut in two: accepted once. And while one
 * allocation fails, whichever: at most once accepted, that time and when it is sent again; and the
 * next flight is accepted as ever; none where the store has been emptied. A real server, guard and
 * LMDB file. */
#include "tests/memory/memory.h"

#include "tests/unit/early_host.h"
#include "tests/unit/unit.h"

#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 5 };
#else
enum { STRIDE = 1 };
#endif
enum { TURNS = 20, ENOUGH = 20000 };

static struct early_host host;
static struct flight flight;

static void turn(void)
{
    for (int i = 0; i < TURNS; i++)
        rp_loop_turn(linked.loop, false);
}

/* Send the flight; the n-th allocation of what follows fails. How often was it accepted? */
static unsigned offer(unsigned long n, bool *failed)
{
    unsigned before = host.opened;
    struct rp_stream *stream = flight_send(&flight, host.server);

    memory_fail_at(n);
    turn();
    *failed = memory_calm();
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    turn();
    return host.opened - before;
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

static const struct rp_secret secret = {.key = {1}};

/* With a store that was given its mark at this moment, from now. */
static void prepare(int64_t mark_ms)
{
    link_prepare();
    early.clock_ms = mark_ms;
    early_host_open(&host,
                    (struct rp_replay_guard_options){.store = early_open_lmdb(),
                                                     .sealers = sealers_of(&secret, "early data")});
    early_take_a_session(&host);
    early_host_close(&host);
    early.clock_ms = 0;
}

static void open_host(void)
{
    early_host_open(&host, (struct rp_replay_guard_options){
                               .store = host.store, .sealers = sealers_of(&secret, "early data")});
}

static void finish(void)
{
    rp_store_close(host.store);
    early_finish();
}

START_TEST(flight_is_accepted_at_most_once_whichever_allocation_fails)
{
    bool failed = true;
    unsigned long n = 1;

    prepare(-600000);
    open_host();
    for (; failed && n < ENOUGH; n += STRIDE)
        check_one(n, &failed);
    ck_assert(!failed);
    ck_assert_uint_gt(n, 100);
    early_host_close(&host);
    finish();
}
END_TEST

/* It has no memory to look at the mark before a flight comes, either. */
static void check_young(unsigned long n, bool *failed)
{
    early_host_make(&host, (struct rp_replay_guard_options){
                               .store = host.store, .sealers = sealers_of(&secret, "early data")});
    memory_fail_at(1);
    ck_assert(rp_replay_guard_attach(host.guard, host.server));
    ck_assert(memory_calm());
    flight_capture(&flight, "pay", 3);
    ck_assert_msg(offer(n, failed) == 0, "allocation %lu: accepted", n);
    early_host_close(&host);
}

START_TEST(flight_is_declined_while_the_mark_is_young_whichever_allocation_fails)
{
    bool failed = true;
    unsigned long n = 1;

    prepare(0);
    for (; failed && n < ENOUGH; n += STRIDE)
        check_young(n, &failed);
    ck_assert(!failed);
    ck_assert_uint_gt(n, 100);
    finish();
}
END_TEST

static void check_cut(size_t cut)
{
    struct rp_stream *ends[2];
    unsigned before = host.opened;
    bool failed;

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    ck_assert(rp_server_take_stream(host.server, ends[0], NULL));
    rp_stream_unref(ends[0]);
    rp_stream_write(ends[1], flight.bytes, cut);
    turn();
    rp_stream_write(ends[1], flight.bytes + cut, flight.len - cut);
    turn();
    rp_stream_destroy(ends[1], NULL);
    rp_stream_unref(ends[1]);
    turn();
    ck_assert_msg(host.opened == before + 1, "cut at %zu: accepted %u times", cut,
                  host.opened - before);
    ck_assert_msg(offer(0, &failed) == 0, "cut at %zu: accepted again", cut);
}

START_TEST(flight_is_accepted_once_wherever_it_is_cut)
{
    size_t cut = 1;

    prepare(-600000);
    open_host();
    do {
        flight_capture(&flight, "pay", 3);
        check_cut(cut);
        cut += STRIDE;
    } while (cut < flight.len);
    ck_assert_uint_gt(cut, 300);
    early_host_close(&host);
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
    tcase_add_test(tc, flight_is_declined_while_the_mark_is_young_whichever_allocation_fails);
    tcase_add_test(tc, flight_is_accepted_once_wherever_it_is_cut);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
