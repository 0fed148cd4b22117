/* SPDX-License-Identifier: MIT
 *
 * store_tiered.c - LMDB files of two hosts before one Redis, all of them real: what is answered
 * where, what is kept near, and what happens when either is away. */
#include "cache/store/store_tiered.h"
#include "cache/store_open.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

struct host {
    char dir[64], uri[200];
    struct rp_store *store, *shared;
    unsigned troubles, recoveries, near_troubles, near_recoveries;
};
static struct rp_loop *loop;
static struct redis_server redis;
static struct host a, b;

static void on_trouble(const struct rp_error *error, void *arg)
{
    struct host *h = arg;

    error != NULL ? h->troubles++ : h->recoveries++;
}

static void on_near_trouble(const struct rp_error *error, void *arg)
{
    struct host *h = arg;

    error != NULL ? h->near_troubles++ : h->near_recoveries++;
}

static void host_open(struct host *h, const char *near)
{
    struct rp_error err = {0};

    snprintf(h->uri, sizeof h->uri, "%s?timeout=20000", redis.uri);
    h->store = rp_store_open_tiers(loop, near, h->uri, h->dir, &err);
    ck_assert_msg(h->store != NULL, "%s", err.message);
    h->shared = rp_store_shared(h->store);
    ck_assert_ptr_ne(h->shared, h->store);
    rp_store_on_trouble(h->store, on_trouble, h);
    rp_store_on_trouble(rp_store_near(h->store), on_near_trouble, h);
}

static void host_close(struct host *h)
{
    rp_store_close(h->store);
    h->store = NULL;
}

static void host_begin(struct host *h)
{
    *h = (struct host){.dir = "/tmp/reprise-tiered-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(h->dir));
}

static void host_end(struct host *h)
{
    static const char *const files[] = {"near", "near-lock", "near.damaged"};
    char path[100];

    host_close(h);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", h->dir, files[i]);
        unlink(path);
    }
    rmdir(h->dir);
}

static void setup(void)
{
    loop = rp_loop_new(NULL);
    redis_server_start(&redis, NULL);
    host_begin(&a);
    host_begin(&b);
    host_open(&a, "lmdb:near?size=1M");
    host_open(&b, "lmdb:near?size=1M");
}

static void teardown(void)
{
    host_end(&a);
    host_end(&b);
    rp_loop_run(loop);
    rp_loop_free(loop);
    redis_server_remove(&redis);
}

/* -- a verb, and its answer */

struct answer {
    struct rp_store_call call;
    enum rp_store_status status;
    bool later, answered, far;
    char value[64];
};

static void take(struct answer *x, const struct rp_store_reply *reply)
{
    ck_assert(!x->answered);
    x->answered = true;
    x->status = reply->status;
    x->far = reply->far;
    if (reply->value.len > 0)
        memcpy(x->value, reply->value.bytes, reply->value.len);
    x->value[reply->value.len] = '\0';
}

static void on_done(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    take(call->arg, reply);
}

static struct rp_bytes text(const char *s)
{
    return (struct rp_bytes){s, strlen(s)};
}

static void prepare(struct answer *x)
{
    *x = (struct answer){.call = {.done = on_done, .arg = x}};
}

static void begun(struct answer *x, enum rp_store_status status, struct rp_store_reply *now)
{
    x->later = status == RP_STORE_LATER;
    if (x->later)
        return;
    now->status = status;
    take(x, now);
}

static void begin_get(struct rp_store *store, const char *key, struct answer *x)
{
    struct rp_store_reply now;

    prepare(x);
    begun(x, rp_store_get(store, text(key), &now, &x->call), &now);
}

static void finish(struct answer *x)
{
    while (!x->answered)
        rp_loop_turn(loop, true);
}

static struct answer last;

static enum rp_store_status get(struct rp_store *store, const char *key)
{
    begin_get(store, key, &last);
    finish(&last);
    return last.status;
}

static enum rp_store_status put(struct rp_store *store, const char *key, const char *value)
{
    struct rp_store_reply now = {0};

    prepare(&last);
    begun(&last, rp_store_put(store, text(key), text(value), 60000, &last.call), &now);
    finish(&last);
    return last.status;
}

static enum rp_store_status add(struct rp_store *store, const char *key, const char *value)
{
    struct rp_store_reply now;

    prepare(&last);
    begun(&last, rp_store_add(store, text(key), text(value), 60000, &now, &last.call), &now);
    finish(&last);
    return last.status;
}

static enum rp_store_status drop(struct rp_store *store, const char *key)
{
    struct rp_store_reply now = {0};

    prepare(&last);
    begun(&last, rp_store_remove(store, text(key), &last.call), &now);
    finish(&last);
    return last.status;
}

static uint64_t far_gets(struct host *h)
{
    struct rp_store_stats s;

    rp_store_stats(rp_store_far(h->store), &s);
    return s.counted.gets;
}

/* -- the Redis, as others see it */

static long long redis_says(const char *format, ...)
{
    redisContext *c = redisConnectUnix(redis.path);
    redisReply *reply;
    long long n;
    va_list args;

    va_start(args, format);
    reply = redisvCommand(c, format, args);
    va_end(args);
    ck_assert_ptr_nonnull(reply);
    ck_assert_int_ne(reply->type, REDIS_REPLY_ERROR);
    n = reply->integer;
    freeReplyObject(reply);
    redisFree(c);
    return n;
}

/* Until it has carried out so many GETs. */
static void until_redis_got(const char *count)
{
    redisContext *c = redisConnectUnix(redis.path);
    char wanted[64];
    bool found = false;

    snprintf(wanted, sizeof wanted, "cmdstat_get:calls=%s,", count);
    while (!found) {
        redisReply *reply = redisCommand(c, "INFO commandstats");

        found = strstr(reply->str, wanted) != NULL;
        freeReplyObject(reply);
    }
    redisFree(c);
}

static void lose_redis(void)
{
    redis_server_end(&redis);
    while (a.troubles == 0 || b.troubles == 0)
        rp_loop_turn(loop, true);
}

static void find_redis(void)
{
    redis_server_begin(&redis, NULL);
    while (a.recoveries == 0 || b.recoveries == 0)
        rp_loop_turn(loop, true);
}

/* -- sessions */

START_TEST(what_is_near_needs_no_redis)
{
    ck_assert_int_eq(put(a.store, "k", "v"), RP_STORE_OK);
    ck_assert(last.later); /* it is stored when all hosts can have it */
    ck_assert_int_eq(redis_says("EXISTS reprise:k"), 1);
    kill(redis.pid, SIGSTOP);
    ck_assert_int_eq(get(a.store, "k"), RP_STORE_OK);
    ck_assert(!last.later && !last.far);
    ck_assert_str_eq(last.value, "v");
    ck_assert_uint_eq(far_gets(&a), 0);
    kill(redis.pid, SIGCONT);
}
END_TEST

START_TEST(what_is_far_is_kept_near_by_who_finds_it_good)
{
    put(a.store, "k", "v");
    ck_assert_int_eq(get(b.store, "k"), RP_STORE_OK);
    ck_assert(last.later && last.far);
    ck_assert_str_eq(last.value, "v");
    ck_assert_int_eq(get(b.store, "k"), RP_STORE_OK); /* nobody said that it is good */
    ck_assert(last.later);
    rp_store_keep(b.store, text("k"), text(last.value), 60000);
    ck_assert_int_eq(get(b.store, "k"), RP_STORE_OK);
    ck_assert(!last.later && !last.far);
    ck_assert_str_eq(last.value, "v");
    rp_store_keep(b.store, text("k"), text("v"), 1); /* no longer than it lives */
    do
        get(b.store, "k");
    while (!last.later);
    ck_assert_uint_eq(far_gets(&b), 3);
}
END_TEST

START_TEST(miss_hides_no_fresh_session)
{
    ck_assert_int_eq(get(b.store, "k"), RP_STORE_MISSING);
    ck_assert_int_eq(put(a.store, "k", "v"), RP_STORE_OK);
    ck_assert_int_eq(get(b.store, "k"), RP_STORE_OK);
    ck_assert_int_eq(get(b.store, "own"), RP_STORE_MISSING);
    ck_assert_int_eq(put(b.store, "own", "v"), RP_STORE_OK);
    ck_assert_int_eq(get(b.store, "own"), RP_STORE_OK);
}
END_TEST

/* The Redis said no to the first lookup, then got the session, and then came the second lookup. */
START_TEST(lookup_that_joins_another_sees_what_was_stored_before_it_came)
{
    struct answer first, second, third;

    put(a.store, "x", "y"); /* both are connected */
    get(b.store, "none");
    kill(redis.pid, SIGSTOP);
    begin_get(b.store, "k", &first);
    rp_loop_turn(loop, false); /* it is sent, and there is no answer */
    kill(redis.pid, SIGCONT);
    until_redis_got("2");
    redis_says("SET reprise:k v");
    begin_get(b.store, "k", &second);
    begin_get(b.store, "k", &third);
    ck_assert_uint_eq(far_gets(&b), 2); /* they wait for the first */
    finish(&third);
    finish(&second);
    ck_assert_int_eq(first.status, RP_STORE_MISSING);
    ck_assert_int_eq(second.status, RP_STORE_OK);
    ck_assert_int_eq(third.status, RP_STORE_OK);
    ck_assert_str_eq(third.value, "v");
    ck_assert_uint_eq(far_gets(&b), 3);
}
END_TEST

START_TEST(flood_of_lookups_for_one_key_is_one_question_at_a_time)
{
    static struct answer many[1000];

    for (size_t i = 0; i < 1000; i++)
        begin_get(b.store, "nothing", &many[i]);
    for (size_t i = 0; i < 1000; i++) {
        finish(&many[i]);
        ck_assert_int_eq(many[i].status, RP_STORE_MISSING);
    }
    ck_assert_uint_eq(far_gets(&b), 2);
    put(a.store, "k", "v");
    for (size_t i = 0; i < 1000; i++)
        begin_get(b.store, "k", &many[i]);
    for (size_t i = 0; i < 1000; i++) {
        finish(&many[i]);
        ck_assert_int_eq(many[i].status, RP_STORE_OK);
        ck_assert_str_eq(many[i].value, "v");
    }
    ck_assert_uint_eq(far_gets(&b), 3); /* what is found is for all */
}
END_TEST

START_TEST(what_is_removed_is_seen_by_no_later_lookup)
{
    struct answer before, after, done;
    struct rp_store_reply now;

    put(a.store, "k", "v");
    begin_get(b.store, "k", &before);
    prepare(&done);
    begun(&done, rp_store_remove(b.store, text("k"), &done.call), &now);
    begin_get(b.store, "k", &after);
    finish(&after);
    ck_assert_int_eq(before.status, RP_STORE_OK);
    ck_assert_int_eq(done.status, RP_STORE_OK);
    ck_assert_int_eq(after.status, RP_STORE_MISSING);
    ck_assert_int_eq(get(a.store, "k"), RP_STORE_OK); /* near; what is used once is asked of all */
    ck_assert_int_eq(get(a.shared, "k"), RP_STORE_MISSING);
    ck_assert_int_eq(drop(a.store, "k"), RP_STORE_OK);
    ck_assert_int_eq(get(a.store, "k"), RP_STORE_MISSING);
}
END_TEST

START_TEST(sessions_of_this_host_go_on_without_redis)
{
    put(a.store, "old", "v");
    lose_redis();
    ck_assert_int_eq(get(a.store, "old"), RP_STORE_OK);
    ck_assert_int_eq(put(a.store, "new", "w"), RP_STORE_OK);
    ck_assert_int_eq(get(a.store, "new"), RP_STORE_OK);
    ck_assert_str_eq(last.value, "w");
    ck_assert_int_eq(get(b.store, "new"), RP_STORE_FAILED);
    ck_assert_int_eq(add(a.store, "claim", "x"), RP_STORE_FAILED); /* never by one host alone */
    ck_assert_int_eq(add(a.shared, "claim", "x"), RP_STORE_FAILED);
    ck_assert_int_eq(drop(a.store, "old"), RP_STORE_FAILED); /* not everywhere, but here */
    ck_assert_int_eq(get(a.store, "old"), RP_STORE_FAILED);
    find_redis();
    ck_assert_int_eq(add(a.store, "claim", "x"), RP_STORE_OK);
    ck_assert_int_eq(add(b.store, "claim", "y"), RP_STORE_EXISTS);
    ck_assert_str_eq(last.value, "x");
    ck_assert_int_eq(put(a.store, "again", "v"), RP_STORE_OK);
    ck_assert_int_eq(get(b.store, "again"), RP_STORE_OK);
    ck_assert_uint_eq(a.troubles, 1); /* said once at its start, and once at its end */
    ck_assert_uint_eq(a.recoveries, 1);
    ck_assert_uint_eq(a.near_troubles, 0);
}
END_TEST

/* Under way when the Redis falls. */
START_TEST(put_that_redis_never_answers_is_stored_here)
{
    struct answer stored, looked;
    struct rp_store_reply now;

    put(a.store, "x", "y");
    kill(redis.pid, SIGSTOP);
    prepare(&stored);
    begun(&stored, rp_store_put(a.store, text("k"), text("v"), 60000, &stored.call), &now);
    begin_get(a.store, "other", &looked);
    ck_assert(stored.later && looked.later);
    rp_loop_turn(loop, false);
    redis_server_end(&redis);
    finish(&stored);
    finish(&looked);
    ck_assert_int_eq(stored.status, RP_STORE_OK);
    ck_assert_int_eq(looked.status, RP_STORE_FAILED);
}
END_TEST

/* -- what all hosts must agree on */

START_TEST(redis_decides_what_all_agree_on)
{
    ck_assert_int_eq(put(a.shared, "k", "one"), RP_STORE_OK);
    ck_assert_int_eq(put(b.shared, "k", "two"), RP_STORE_OK);
    ck_assert_int_eq(get(a.shared, "k"), RP_STORE_OK);
    ck_assert_str_eq(last.value, "two");
    ck_assert(last.far);
    redis_says("DEL reprise:k");
    ck_assert_int_eq(get(a.shared, "k"), RP_STORE_MISSING);
    ck_assert_int_eq(add(a.shared, "key", "of a"), RP_STORE_OK);
    ck_assert_int_eq(add(b.shared, "key", "of b"), RP_STORE_EXISTS);
    ck_assert_str_eq(last.value, "of a");
}
END_TEST

START_TEST(copy_of_this_host_counts_while_redis_is_away)
{
    put(a.shared, "notices", "one");
    put(b.shared, "notices", "two");
    lose_redis();
    ck_assert_int_eq(get(a.shared, "notices"), RP_STORE_OK);
    ck_assert(!last.far);
    ck_assert_str_eq(last.value, "one");
    ck_assert_int_eq(get(b.shared, "notices"), RP_STORE_OK);
    ck_assert_str_eq(last.value, "two");
    ck_assert_int_eq(get(a.shared, "never seen"), RP_STORE_FAILED);       /* it is not known */
    ck_assert_int_eq(put(a.shared, "notices", "three"), RP_STORE_FAILED); /* who hears of it? */
    ck_assert_int_eq(get(a.shared, "notices"), RP_STORE_OK);
    ck_assert_str_eq(last.value, "three");
}
END_TEST

/* -- calls that end otherwise */

static struct answer victim;
static bool cancelled;

static void on_done_cancels(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    take(call->arg, reply);
    if (cancelled)
        return;
    cancelled = true;
    rp_store_cancel(&victim.call);
    memset(&victim.call, 0xee, sizeof victim.call);
}

START_TEST(cancelled_calls_are_not_answered)
{
    struct answer one, two, three;

    begin_get(a.store, "k", &one);
    begin_get(a.store, "k", &two);
    rp_store_cancel(&one.call); /* the one that was asked for */
    memset(&one.call, 0xee, sizeof one.call);
    finish(&two);
    begin_get(a.store, "k", &one);
    begin_get(a.store, "k", &two);
    begin_get(a.store, "k", &victim);
    begin_get(a.store, "k", &three);
    two.call.done = on_done_cancels;
    three.call.done = on_done_cancels; /* whichever comes first */
    finish(&two);
    finish(&three);
    finish(&one);
    ck_assert(cancelled && !victim.answered);
}
END_TEST

static void on_done_closes(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    take(call->arg, reply);
    host_close(&a);
}

START_TEST(store_may_be_closed_by_an_answer)
{
    struct answer one, two, three;

    begin_get(a.store, "k", &one);
    begin_get(a.store, "k", &two);
    begin_get(a.store, "other", &three);
    one.call.done = on_done_closes;
    finish(&one);
    ck_assert(!two.answered && !three.answered);
    ck_assert_ptr_null(two.call.store);
    ck_assert_ptr_null(three.call.store);
    begin_get(b.store, "k", &one);
    begin_get(b.shared, "k", &two);
    host_close(&b); /* and at any time */
    ck_assert(!one.answered && !two.answered);
}
END_TEST

/* -- the near store */

START_TEST(without_a_near_store_redis_is_asked)
{
    char path[100], lock[110];
    struct rp_store_reply now;

    host_close(&a);
    snprintf(path, sizeof path, "%s/gone", a.dir);
    host_open(&a, "lmdb:gone/near?size=1M"); /* there is no such directory */
    ck_assert_uint_eq(a.near_troubles, 1);
    ck_assert_int_eq(put(a.store, "k", "v"), RP_STORE_OK);
    ck_assert_int_eq(get(a.store, "k"), RP_STORE_OK);
    ck_assert(last.far);
    rp_store_keep(a.store, text("k"), text("v"), 60000);
    ck_assert_int_eq(get(a.shared, "k"), RP_STORE_OK);
    ck_assert_uint_eq(a.troubles, 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    while (a.near_recoveries == 0) { /* it is tried again by itself */
        get(a.store, "k");
        rp_loop_turn(loop, false);
    }
    ck_assert_int_eq(put(a.store, "k2", "v"), RP_STORE_OK);
    ck_assert_int_eq(rp_store_get(a.store, text("k2"), &now, NULL), RP_STORE_OK);
    ck_assert_uint_eq(a.near_troubles, 1);
    host_close(&a);
    snprintf(lock, sizeof lock, "%s/near", path);
    unlink(lock);
    snprintf(lock, sizeof lock, "%s/near-lock", path);
    unlink(lock);
    rmdir(path);
}
END_TEST

START_TEST(place_and_counts_are_of_both)
{
    uint64_t place = 7;
    struct rp_store_counters near = {0}, far = {0};
    struct rp_store_stats s;

    rp_store_mark_place(a.store, &place);
    put(a.store, "k", "v"); /* counted before it is known where */
    ck_assert_uint_eq(place, 0);
    rp_store_count_in(rp_store_near(a.store), &near);
    rp_store_count_in(rp_store_far(a.store), &far);
    get(a.store, "k");
    get(a.store, "other");
    ck_assert_uint_eq(near.puts, 1);
    ck_assert_uint_eq(near.gets, 2);
    ck_assert_uint_eq(near.hits, 1);
    ck_assert_uint_eq(far.puts, 1);
    ck_assert_uint_eq(far.gets, 1);
    ck_assert_uint_eq(far.hits, 0);
    rp_store_stats(a.store, &s);
    ck_assert_uint_eq(s.entries, 1);
    ck_assert_uint_eq(s.counted.gets, 2);
    ck_assert_uint_eq(s.counted.hits, 1);
    ck_assert_str_eq(rp_store_kind(rp_store_near(a.store)), "lmdb");
    ck_assert_str_eq(rp_store_kind(rp_store_far(a.store)), "redis");
}
END_TEST

START_TEST(uris_say_which_tiers_there_are)
{
    struct rp_error err = {0};
    struct rp_store *store;

    ck_assert_str_eq(rp_store_file_uri("lmdb:a", "redis://h"), "lmdb:a");
    ck_assert_ptr_null(rp_store_file_uri("", "redis://h"));
    ck_assert_ptr_null(rp_store_file_uri(NULL, "redis://h"));
    ck_assert_str_eq(rp_store_file_uri("lmdb:a", "lmdb:b"), "lmdb:b");
    ck_assert(rp_store_check_near("lmdb:a", &err));
    ck_assert(!rp_store_check_near("redis://h", &err));
    ck_assert_str_eq(err.code, "ERR_STORE_URI");
    ck_assert(!rp_store_check_near("lmdb:a?size=1", &err));
    host_close(&a);
    ck_assert_ptr_null(rp_store_open_tiers(loop, "lmdb:", redis.uri, a.dir, &err));
    store = rp_store_open_tiers(loop, "", redis.uri, a.dir, &err);
    ck_assert_str_eq(rp_store_kind(store), "redis");
    ck_assert_ptr_null(rp_store_near(store));
    ck_assert_ptr_eq(rp_store_far(store), store);
    ck_assert_ptr_eq(rp_store_shared(store), store);
    rp_store_keep(store, text("k"), text("v"), 1); /* nothing to do */
    rp_store_close(store);
    store = rp_store_open_tiers(loop, "lmdb:other", "lmdb:near?size=1M", a.dir, &err);
    ck_assert_str_eq(rp_store_kind(store), "lmdb");
    ck_assert_ptr_eq(rp_store_near(store), store);
    ck_assert_ptr_null(rp_store_far(store));
    rp_store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_tiered");
    TCase *tc = tcase_create("tiers");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_near_needs_no_redis);
    tcase_add_test(tc, what_is_far_is_kept_near_by_who_finds_it_good);
    tcase_add_test(tc, miss_hides_no_fresh_session);
    tcase_add_test(tc, lookup_that_joins_another_sees_what_was_stored_before_it_came);
    tcase_add_test(tc, flood_of_lookups_for_one_key_is_one_question_at_a_time);
    tcase_add_test(tc, what_is_removed_is_seen_by_no_later_lookup);
    tcase_add_test(tc, sessions_of_this_host_go_on_without_redis);
    tcase_add_test(tc, put_that_redis_never_answers_is_stored_here);
    tcase_add_test(tc, redis_decides_what_all_agree_on);
    tcase_add_test(tc, copy_of_this_host_counts_while_redis_is_away);
    tcase_add_test(tc, cancelled_calls_are_not_answered);
    tcase_add_test(tc, store_may_be_closed_by_an_answer);
    tcase_add_test(tc, without_a_near_store_redis_is_asked);
    tcase_add_test(tc, place_and_counts_are_of_both);
    tcase_add_test(tc, uris_say_which_tiers_there_are);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
