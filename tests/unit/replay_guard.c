/* SPDX-License-Identifier: MIT
 *
 * replay_guard.c - captured flights of early data, sent to hosts that share a store: accepted once
 * in all, whatever secrets the hosts have; never when the store is silent, gone, or has forgotten.
 * Real servers; the stores are a real LMDB file and a real Redis. */
#include "cache/replay_guard.h"
#include "tests/unit/flight.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/unit.h"

enum { HOSTS = 2 };
enum { LMDB, REDIS, STORES };

static struct host {
    struct rp_server *server;
    struct rp_store *store;
    struct rp_replay_guard *guard;
    struct rp_replay_guard_counters counters;
    unsigned opened; /* connections whose early data was accepted */
    bool closed;
} hosts[HOSTS];
static struct redis_server redis;
static char directory[64];
static struct rp_secure_context *context;
static uint8_t session[16384];
static size_t session_len;
static struct flight flight;
static const struct rp_secret old = {.key = {1}}, new = {.key = {2}},
                              old_new = {.key = {1}, .has_former = true, .former = {2}},
                              new_old = {.key = {2}, .has_former = true, .former = {1}};

static void on_opened(const struct rp_event *e, void *arg)
{
    if (rp_socket_early_data(e->secure_connection.socket) == RP_EARLY_DATA_ACCEPTED)
        ((struct host *)arg)->opened++;
}

static void on_closed(const struct rp_event *e, void *arg)
{
    (void)e;
    ((struct host *)arg)->closed = true;
}

static void open_host(struct host *h, struct rp_store *store, const struct rp_secret *secret,
                      uint32_t timeout_ms, uint32_t doubt_ms)
{
    struct rp_server_options o = {.context = context};
    struct rp_replay_guard_options g = {.store = store,
                                        .secret = secret,
                                        .timeout_ms = timeout_ms,
                                        .doubt_ms = doubt_ms,
                                        .counters = &h->counters};

    memset(h, 0, sizeof *h);
    h->store = store;
    h->guard = rp_replay_guard_new(linked.loop, &g, NULL);
    h->server = rp_server_new(linked.loop, &o, NULL);
    ck_assert(h->guard != NULL && h->server != NULL);
    ck_assert(rp_replay_guard_attach(h->guard, h->server));
    rp_server_on(h->server, RP_EV_SECURE_CONNECTION, on_opened, h);
    rp_server_on(h->server, RP_EV_CLOSE, on_closed, h);
}

static struct rp_store *open_store(int kind)
{
    struct rp_error error = {0};
    struct rp_store *store;
    char uri[160];

    if (kind == LMDB)
        snprintf(uri, sizeof uri, "lmdb:%s/s?size=8M", directory);
    else
        snprintf(uri, sizeof uri, "%s?timeout=20000", redis.uri);
    store = rp_store_open(linked.loop, uri, NULL, &error);
    ck_assert_msg(store != NULL, "%s", error.message);
    return store;
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
    return session_len > 0 || linked.client_closed;
}

/* From the first host, whose tickets they all read. */
static void take_a_session(void)
{
    struct rp_stream *ends[2];
    struct rp_socket *client;

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    linked.options.context_options = &linked.client_tls;
    linked.options.stream = ends[0];
    ck_assert(rp_server_take_stream(hosts[0].server, ends[1], NULL));
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

static void prepare(int kind, const struct rp_secret *first, const struct rp_secret *second,
                    uint32_t timeout_ms, uint32_t doubt_ms)
{
    struct rp_store *store;

    link_prepare();
    session_len = 0;
    linked.server_tls.max_early_data = 1000;
    context = rp_secure_context_new(&linked.server_tls, NULL);
    ck_assert_ptr_nonnull(context);
    if (kind == REDIS) {
        redis_server_start(&redis, NULL);
    } else {
        snprintf(directory, sizeof directory, "/tmp/reprise-guard-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
    }
    store = open_store(kind);
    open_host(&hosts[0], store, first, timeout_ms, doubt_ms);
    open_host(&hosts[1], kind == LMDB ? store : open_store(kind), second, timeout_ms, doubt_ms);
    take_a_session();
    flight_capture(&flight, "pay", 3);
}

static bool servers_closed(void)
{
    return hosts[0].closed && hosts[1].closed;
}

static void finish(int kind)
{
    char path[96];

    for (int i = 0; i < HOSTS; i++)
        rp_server_close(hosts[i].server);
    link_run(servers_closed);
    for (int i = 0; i < HOSTS; i++) {
        rp_server_free(hosts[i].server);
        rp_replay_guard_free(hosts[i].guard);
    }
    if (kind == REDIS)
        rp_store_close(hosts[1].store);
    rp_store_close(hosts[0].store);
    rp_secure_context_unref(context);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
    if (kind == REDIS) {
        redis_server_remove(&redis);
        return;
    }
    snprintf(path, sizeof path, "%s/s", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/s-lock", directory);
    unlink(path);
    rmdir(directory);
}

static const struct host *asked;
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
static bool offer_flight(struct host *h)
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

static void empty(void)
{
    redisContext *c = redisConnectUnix(redis.path);
    redisReply *reply = redisCommand(c, "FLUSHALL");

    ck_assert(reply != NULL && reply->type == REDIS_REPLY_STATUS);
    freeReplyObject(reply);
    redisFree(c);
}

/* Emptied, it would let the flight through once more. */
START_TEST(store_that_was_emptied_is_doubted_for_a_while)
{
    prepare(REDIS, &old, &old, 20000, 300);
    ck_assert(offer_flight(&hosts[0]));
    ck_assert(!offer_flight(&hosts[1]));
    empty();
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
    tcase_add_test(tc, store_that_was_away_is_doubted);
    tcase_add_loop_test(tc, guard_may_go_while_claims_wait, 0, 2);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
