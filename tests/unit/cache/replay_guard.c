/* SPDX-License-Identifier: MIT
 *
 * replay_guard.c - captured flights of early data, sent to hosts that share a store: accepted once
 * in all, whatever secrets the hosts have; never when the store is silent, gone, or has forgotten.
 * Real servers; the stores are a real LMDB file and a real Redis. */
#include "tests/unit/early_host.h"
#include "cache/store_open.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/unit.h"

enum { HOSTS = 2 };
enum { LMDB, REDIS, STORES };

static struct early_host hosts[HOSTS];
static struct redis_server redis;
static struct flight flight;
static const struct rp_secret old = {.key = {1}}, new = {.key = {2}},
                              old_new = {.key = {1}, .has_former = true, .former = {2}},
                              new_old = {.key = {2}, .has_former = true, .former = {1}};

static int64_t mark_ms = -600000; /* when the store was given its mark, from now */

static void open_host(struct early_host *h, struct rp_store *store, const struct rp_secret *secret,
                      uint32_t timeout_ms, uint32_t doubt_ms)
{
    early_host_open(h, (struct rp_replay_guard_options){.store = store,
                                                        .sealers = sealers_of(secret, "early data"),
                                                        .timeout_ms = timeout_ms,
                                                        .doubt_ms = doubt_ms});
}

static struct rp_store *open_redis(void)
{
    struct rp_error error = {0};
    struct rp_store *store;
    char uri[160];

    snprintf(uri, sizeof uri, "%s?timeout=20000", redis.uri);
    store = rp_store_open(linked.loop, uri, NULL, &error);
    ck_assert_msg(store != NULL, "%s", error.message);
    return store;
}

static bool redis_has_a_mark(void)
{
    return strstr(redis_ask(&redis, "INFO keyspace"), "db0") != NULL;
}

/* A host of before has been here, and left its mark. */
static void age(int kind, struct rp_store *store, const struct rp_secret *secret)
{
    early.clock_ms = mark_ms;
    open_host(&hosts[0], store, secret, 0, 0);
    early.clock_ms = 0;
    if (kind == REDIS)
        link_run(redis_has_a_mark);
    early_host_close(&hosts[0]);
}

static void prepare(int kind, const struct rp_secret *first, const struct rp_secret *second,
                    uint32_t timeout_ms, uint32_t doubt_ms)
{
    struct rp_store *store;

    link_prepare();
    if (kind == REDIS)
        redis_server_start(&redis, NULL);
    store = kind == REDIS ? open_redis() : early_open_lmdb();
    age(kind, store, first);
    if (kind == LMDB) /* while secrets are changed over it is another one's */
        age(kind, store, second);
    open_host(&hosts[0], store, first, timeout_ms, doubt_ms);
    open_host(&hosts[1], kind == LMDB ? store : open_redis(), second, timeout_ms, doubt_ms);
    early_take_a_session(&hosts[0]);
    flight_capture(&flight, "pay", 3);
}

static void finish(int kind)
{
    for (int i = 0; i < HOSTS; i++)
        early_host_close(&hosts[i]);
    if (kind == REDIS)
        rp_store_close(hosts[1].store);
    rp_store_close(hosts[0].store);
    early_finish();
    if (kind == REDIS)
        redis_server_remove(&redis);
}

static const struct early_host *asked;
static uint64_t asked_before;

static uint64_t answers(const struct rp_replay_guard_counters *c)
{
    return c->claimed + c->seen + c->failed + c->late + c->doubted;
}

static bool is_answered(void)
{
    return answers(&asked->counters) > asked_before;
}

/* Send the flight to a host; true: its early data was accepted. */
static bool offer_flight(struct early_host *h)
{
    unsigned before = h->opened;
    struct rp_stream *stream = flight_send(&flight, h->server);

    asked = h;
    asked_before = answers(&h->counters);
    link_run(is_answered);
    for (int i = 0; i < 20; i++)
        rp_loop_turn(linked.loop, false);
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    return h->opened > before;
}

START_TEST(flight_is_accepted_once_by_all_hosts)
{
    prepare(_i, &old, &old, 20000, 0);
    ck_assert(offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert_uint_eq(hosts[0].counters.claimed + hosts[1].counters.claimed, 1);
    ck_assert_uint_eq(hosts[0].counters.seen, 1);
    ck_assert_uint_eq(hosts[1].counters.seen, 2);
    flight_capture(&flight, "buy", 3); /* the same ticket, another flight */
    ck_assert(offer_flight(&hosts[1]));
    ck_assert(!offer_flight(&hosts[0]));
    finish(_i);
}
END_TEST

/* All pairs that read each other's tickets while the secret is changed over, both ways round. */
START_TEST(flight_is_accepted_once_while_the_secret_is_changed_over)
{
    const struct rp_secret *pairs[][2] = {{&old, &old_new}, {&old_new, &new_old}, {&new_old, &new}};
    const struct rp_secret **pair = pairs[_i / 2];

    prepare(LMDB, pair[_i % 2], pair[1 - _i % 2], 20000, 0);
    ck_assert(offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert(!offer_flight(&hosts[0]));
    flight_capture(&flight, "buy", 3);
    ck_assert(offer_flight(&hosts[1]));
    ck_assert(!offer_flight(&hosts[0]));
    finish(LMDB);
}
END_TEST

START_TEST(store_that_is_silent_or_gone_accepts_nothing)
{
    prepare(REDIS, &old, &old_new, 50, 0);
    kill(redis.pid, SIGSTOP);
    ck_assert(!offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert_uint_eq(hosts[0].counters.late, 1);
    ck_assert_uint_eq(hosts[1].counters.late, 1);
    kill(redis.pid, SIGCONT);
    redis_server_end(&redis);
    ck_assert(!offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert_uint_eq(hosts[0].counters.failed + hosts[1].counters.failed, 2);
    finish(REDIS);
}
END_TEST

/* Emptied, it would let the flight through once more. */
START_TEST(store_that_was_emptied_is_doubted_for_a_while)
{
    prepare(REDIS, &old, &old, 20000, 300);
    ck_assert(offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[1]));
    redis_ask(&redis, "FLUSHALL");
    ck_assert(!offer_flight(&hosts[_i]));
    ck_assert(!offer_flight(&hosts[1 - _i]));
    ck_assert_uint_ge(hosts[_i].counters.doubted, 1);
    for (int tries = 0; tries < 1000; tries++) { /* in the end, a new flight is accepted */
        flight_capture(&flight, "buy", 3);
        if (offer_flight(&hosts[0]))
            break;
    }
    ck_assert_uint_eq(hosts[0].opened, 2);
    ck_assert(!offer_flight(&hosts[1]));
    finish(REDIS);
}
END_TEST

static void reopen(struct early_host *h, uint32_t doubt_ms)
{
    early_host_close(h);
    open_host(h, h->store, &old, 20000, doubt_ms);
}

/* Who knows nothing of what was there before finds a mark that is young, or none. */
START_TEST(store_that_was_emptied_is_doubted_by_those_who_join)
{
    prepare(REDIS, &old, &old, 20000, 60000);
    ck_assert(offer_flight(&hosts[0]));
    redis_ask(&redis, "FLUSHALL");
    reopen(&hosts[1], 60000);
    reopen(&hosts[0], 300);
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert_uint_eq(hosts[1].counters.doubted, 1);
    for (int tries = 0; tries < 1000 && hosts[0].opened == 0; tries++) {
        flight_capture(&flight, "buy", 3);
        offer_flight(&hosts[0]);
    }
    ck_assert_uint_eq(hosts[0].opened, 1);
    finish(REDIS);
}
END_TEST

/* It is put there again by its first maker, and is another one nevertheless. */
START_TEST(mark_that_was_lost_and_put_back_is_another)
{
    struct flight taken;

    prepare(REDIS, &old, &old, 20000, 60000);
    redis_ask(&redis, "FLUSHALL");
    reopen(&hosts[0], 1);
    link_run(redis_has_a_mark);
    reopen(&hosts[1], 1);
    while (hosts[1].opened == 0) {
        flight_capture(&taken, "pay", 3);
        flight = taken;
        offer_flight(&hosts[1]);
    }
    redis_ask(&redis, "FLUSHALL");
    flight_capture(&flight, "buy", 3);
    ck_assert(!offer_flight(&hosts[0])); /* the mark is back */
    flight = taken;
    ck_assert(!offer_flight(&hosts[1]));
    ck_assert_uint_eq(hosts[1].opened, 1);
    finish(REDIS);
}
END_TEST

/* The one that finds the new mark first is not the only one in doubt. */
START_TEST(flights_that_ask_at_once_are_all_in_doubt)
{
    struct rp_stream *streams[2];

    prepare(REDIS, &old, &old, 20000, 60000);
    ck_assert(offer_flight(&hosts[0]));
    redis_ask(&redis, "FLUSHALL");
    asked = &hosts[0];
    asked_before = answers(&hosts[0].counters) + 1;
    flight_capture(&flight, "buy", 3);
    streams[0] = flight_send(&flight, hosts[0].server);
    flight_capture(&flight, "sell", 4);
    streams[1] = flight_send(&flight, hosts[0].server);
    link_run(is_answered);
    ck_assert_uint_eq(hosts[0].counters.doubted, 2);
    for (int i = 0; i < 2; i++) {
        rp_stream_destroy(streams[i], NULL);
        rp_stream_unref(streams[i]);
    }
    finish(REDIS);
}
END_TEST

static const struct {
    int64_t made_ms;
    bool old;
} marks[] = {{-136000, true}, {-134000, false}, {-61000, false}, {0, false}, {600000, false}};

/* Flights live for 15 seconds or less, and clocks differ by a minute; so for a minute more it is
 * not known how old a mark is. */
START_TEST(mark_is_believed_when_no_flight_is_older)
{
    mark_ms = marks[_i].made_ms;
    prepare(LMDB, &old, &old, 20000, 0);
    ck_assert_int_eq(offer_flight(&hosts[0]), marks[_i].old);
    ck_assert_uint_eq(hosts[0].counters.doubted, !marks[_i].old);
    finish(LMDB);
}
END_TEST

START_TEST(store_that_was_away_is_doubted)
{
    prepare(LMDB, &old, &old, 20000, 60000);
    rp_replay_guard_doubt(hosts[0].guard);
    ck_assert(!offer_flight(&hosts[0]));
    ck_assert_uint_eq(hosts[0].counters.doubted, 1);
    ck_assert(offer_flight(&hosts[1])); /* who saw no trouble goes on, and claims it */
    finish(LMDB);
}
END_TEST

static bool is_offered(void)
{
    return hosts[0].counters.offered > 0;
}

/* What waits is declined when the guard goes, and forgotten when the client went before. */
START_TEST(guard_may_go_while_claims_wait)
{
    struct rp_stream *stream;

    prepare(REDIS, &old_new, &old, 20000, 0);
    kill(redis.pid, SIGSTOP);
    stream = flight_send(&flight, hosts[0].server);
    link_run(is_offered);
    if (_i == 0)
        rp_stream_destroy(stream, NULL);
    for (int i = 0; i < 20; i++)
        rp_loop_turn(linked.loop, false);
    rp_replay_guard_free(hosts[0].guard);
    hosts[0].guard = NULL;
    kill(redis.pid, SIGCONT);
    for (int i = 0; i < 20; i++)
        rp_loop_turn(linked.loop, false);
    ck_assert_uint_eq(hosts[0].opened, 0);
    if (_i != 0)
        rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    finish(REDIS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_guard");
    TCase *tc = tcase_create("guard");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, flight_is_accepted_once_by_all_hosts, 0, STORES);
    tcase_add_loop_test(tc, flight_is_accepted_once_while_the_secret_is_changed_over, 0, 6);
    tcase_add_test(tc, store_that_is_silent_or_gone_accepts_nothing);
    tcase_add_loop_test(tc, store_that_was_emptied_is_doubted_for_a_while, 0, HOSTS);
    tcase_add_test(tc, store_that_was_emptied_is_doubted_by_those_who_join);
    tcase_add_test(tc, mark_that_was_lost_and_put_back_is_another);
    tcase_add_test(tc, flights_that_ask_at_once_are_all_in_doubt);
    tcase_add_loop_test(tc, mark_is_believed_when_no_flight_is_older, 0,
                        sizeof marks / sizeof *marks);
    tcase_add_test(tc, store_that_was_away_is_doubted);
    tcase_add_loop_test(tc, guard_may_go_while_claims_wait, 0, 2);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
