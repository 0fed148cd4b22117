/* SPDX-License-Identifier: MIT
 *
 * key_lifetimes.c - hosts whose key-lifetime differs, and a reload that changes it: all read what
 * any of them has minted until it has expired, and then it is gone. */
#include "cache/key_lifetimes.h"
#include "cache/key_ring_internal.h"
#include "cache/store/store_keys.h"
#include "tests/unit/sealers.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT = 25000, HOSTS = 3, STEP = 1000, PAST = 400 };

/* -- pure */

static const uint64_t moment = 1700000000000;

static struct rp_key_lifetimes list_of(uint64_t own, uint64_t since)
{
    struct rp_key_lifetimes l = {.count = 0};
    struct rp_key_lifetime one = {.epoch_ms = own,
                                  .session_timeout_ms = TIMEOUT,
                                  .since_ms = since,
                                  .until_ms = moment + 1000};

    rp_key_lifetimes_own(&l, &one);
    return l;
}

START_TEST(own_stays_first_and_others_follow_by_age)
{
    struct rp_key_lifetimes l = list_of(1000, moment);

    for (uint64_t i = 2; i <= RP_KEY_LIFETIMES_MAX; i++) {
        struct rp_key_lifetimes other = list_of(i * 1000, moment - i);

        rp_key_lifetimes_merge(&l, &other, moment);
        rp_key_lifetimes_merge(&l, &other, moment);
    }
    ck_assert_uint_eq(l.count, RP_KEY_LIFETIMES_MAX);
    ck_assert_uint_eq(l.at[0].epoch_ms, 1000);
    for (size_t i = 1; i < l.count; i++)
        ck_assert_uint_eq(l.at[i].epoch_ms, (RP_KEY_LIFETIMES_MAX + 1 - i) * 1000);
}
END_TEST

START_TEST(more_than_there_is_room_for_lose_what_is_over_first)
{
    struct rp_key_lifetimes l = list_of(1000, moment);

    for (uint64_t i = 2; i <= 20; i++) {
        struct rp_key_lifetimes other = list_of(i * 1000, moment);

        other.at[0].until_ms = moment + i;
        rp_key_lifetimes_merge(&l, &other, moment);
        ck_assert_uint_eq(l.at[0].epoch_ms, 1000);
        ck_assert_uint_le(l.count, RP_KEY_LIFETIMES_MAX);
    }
    for (size_t i = 1; i < l.count; i++)
        ck_assert_uint_gt(l.at[i].epoch_ms, (20 - RP_KEY_LIFETIMES_MAX + 1) * 1000);
}
END_TEST

START_TEST(what_is_over_goes_and_a_wrong_clock_is_cut)
{
    struct rp_key_lifetimes l = list_of(1000, moment), other = list_of(2000, moment - 5);

    other.at[0].until_ms = UINT64_MAX;
    rp_key_lifetimes_merge(&l, &other, moment);
    ck_assert_uint_eq(l.count, 2);
    ck_assert_uint_lt(l.at[1].until_ms, moment + 10 * 60000);
    other.count = 0;
    rp_key_lifetimes_merge(&l, &other, moment + 10 * 60000);
    ck_assert_uint_eq(l.count, 1);
    other = list_of(3000, moment + 24 * 3600 * 1000); /* begins tomorrow */
    rp_key_lifetimes_merge(&l, &other, moment);
    ck_assert_uint_eq(l.count, 1);
}
END_TEST

START_TEST(bytes_are_lifetimes_or_refused)
{
    struct rp_key_lifetimes l = list_of(1000, moment), other = list_of(2000, moment - 5), again;
    uint8_t bytes[RP_KEY_LIFETIMES_BYTES];
    size_t len;

    rp_key_lifetimes_merge(&l, &other, moment);
    len = rp_key_lifetimes_encode(&l, bytes);
    ck_assert(rp_key_lifetimes_decode(&again, rp_cursor_of(bytes, len)));
    ck_assert(rp_key_lifetimes_same(&l, &again));
    ck_assert(rp_key_lifetimes_cover(&again, &l, l.at[0].until_ms));
    for (size_t i = 0; i < len; i++)
        if ((i - 1) % 32 != 0) /* a shorter list */
            ck_assert(!rp_key_lifetimes_decode(&again, rp_cursor_of(bytes, i)));
    memset(bytes + 1, 0, 8); /* epochs without a length */
    ck_assert(!rp_key_lifetimes_decode(&again, rp_cursor_of(bytes, len)));
    ck_assert_uint_eq(again.count, 0);
}
END_TEST

/* -- rings on one store, on a clock that the test sets */

static char dir[] = "/tmp/lifetimes-XXXXXX", path[64];
static struct rp_loop *loop;
static struct rp_store *store;
static struct rp_secret secret;
static uint64_t now;
static unsigned changes;
static struct rp_key_lifetimes told;
static struct host {
    struct rp_ticket_keys *keys;
    struct rp_key_ring *ring;
} hosts[HOSTS];
static struct past { /* what was minted, newest last */
    struct rp_ticket_key key;
    uint64_t at;
} past[PAST];
static size_t past_count;

static uint64_t clock_now(void)
{
    return now;
}

static struct rp_key_ring *follower;

static void on_changed(const struct rp_key_lifetimes *l, void *arg)
{
    uint8_t bytes[RP_KEY_LIFETIMES_BYTES];
    size_t len = rp_key_lifetimes_encode(l, bytes);

    if (arg != NULL && follower != NULL)
        ck_assert(rp_key_ring_hear_lifetimes(follower, rp_cursor_of(bytes, len)));
    changes++;
    told = *l;
}

static void start(int i, uint64_t epoch_ms, uint64_t timeout_ms)
{
    struct rp_key_ring_options o = {.store = store,
                                    .sealers = sealers_of(&secret, "ticket key"),
                                    .keys = hosts[i].keys,
                                    .epoch_ms = epoch_ms,
                                    .session_timeout_ms = timeout_ms,
                                    .lifetimes_changed = on_changed,
                                    .now_ms = clock_now};

    rp_key_ring_free(hosts[i].ring);
    rp_ticket_keys_set(hosts[i].keys, NULL, 0, false, NULL);
    hosts[i].ring = rp_key_ring_new(loop, &o, NULL);
    ck_assert_ptr_nonnull(hosts[i].ring);
}

static void setup(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/keys", dir);
    loop = rp_loop_new(NULL);
    memset(secret.key, 3, sizeof secret.key);
    now = moment;
    changes = 0;
    past_count = 0;
    store = rp_store_keys_open(loop, path, clock_now, NULL);
    for (int i = 0; i < HOSTS; i++)
        hosts[i].keys = rp_ticket_keys_new(NULL);
}

static void teardown(void)
{
    char command[64];

    for (int i = 0; i < HOSTS; i++) {
        rp_key_ring_free(hosts[i].ring);
        rp_ticket_keys_unref(hosts[i].keys);
        hosts[i].ring = NULL;
    }
    rp_store_close(store);
    rp_loop_free(loop);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static bool reads(int i, const struct rp_ticket_key *key)
{
    struct rp_ticket_key known;

    for (size_t at = 0; rp_ticket_keys_get(hosts[i].keys, at, &known); at++)
        if (memcmp(known.name, key->name, sizeof known.name) == 0)
            return true;
    return false;
}

/* All hosts mint, and each reads what any of them has minted within TIMEOUT. */
static void check_all(void)
{
    for (int i = 0; i < HOSTS; i++)
        if (hosts[i].ring != NULL && past_count < PAST) {
            struct past *p = &past[past_count++];

            ck_assert(rp_ticket_keys_get(hosts[i].keys, 0, &p->key));
            p->at = now;
        }
    for (size_t k = 0; k < past_count; k++)
        for (int i = 0; i < HOSTS; i++)
            if (hosts[i].ring != NULL && now - past[k].at < TIMEOUT)
                ck_assert_msg(reads(i, &past[k].key), "host %d at %d, of %d", i,
                              (int)(now - moment), (int)(past[k].at - moment));
}

static void step(void)
{
    now += STEP;
    for (int i = 0; i < HOSTS; i++)
        if (hosts[i].ring != NULL)
            rp_key_ring_begin_round(hosts[i].ring);
    check_all();
}

static const uint64_t lengths[][2] = {{10000, 7000}, {7000, 10000}, {60000, 2000}, {2000, 60000}};

START_TEST(hosts_that_differ_read_each_other)
{
    start(0, lengths[_i][0], TIMEOUT);
    start(1, lengths[_i][1], TIMEOUT);
    start(2, lengths[_i][0], TIMEOUT);
    rp_key_ring_begin_round(hosts[0].ring); /* it hears of the other one within ten seconds */
    for (int i = 0; i < 120; i++)
        step();
    ck_assert_uint_eq(told.count, 2);
    for (int i = 0; i < 2; i++) /* each by its own epochs */
        ck_assert_uint_eq(rp_key_ring_epoch_ms(hosts[i].ring), lengths[_i][i]);
}
END_TEST

START_TEST(reload_keeps_the_keys_of_before)
{
    start(0, lengths[_i][0], TIMEOUT);
    start(1, lengths[_i][0], TIMEOUT);
    for (int i = 0; i < 30; i++)
        step();
    start(0, lengths[_i][1], TIMEOUT);
    check_all(); /* at once, and what it mints now the other one reads, which knows of nothing */
    for (int i = 0; i < 20; i++)
        step();
    start(1, lengths[_i][1], TIMEOUT);
    for (int i = 0; i < 30; i++)
        step();
}
END_TEST

START_TEST(lifetime_of_before_is_over_when_its_last_ticket_is)
{
    struct rp_ticket_key old;

    start(0, 10000, TIMEOUT);
    step();
    ck_assert(rp_ticket_keys_get(hosts[0].keys, 0, &old));
    start(0, 7000, TIMEOUT);
    ck_assert_uint_eq(told.count, 2);
    changes = 0;
    for (int i = 0; i < 20 + (10000 + TIMEOUT + 2 * RP_KEY_GRACE_MS) / STEP; i++)
        step();
    ck_assert(!reads(0, &old));
    ck_assert_uint_eq(changes, 1);
    ck_assert_uint_eq(told.count, 1);
    ck_assert_uint_eq(hosts[0].ring->epochs_count, 1);
}
END_TEST

/* A generation that drains may stay for as long as its connections do. */
START_TEST(ring_that_is_retired_keeps_no_lifetime_in_force)
{
    start(0, 10000, TIMEOUT);
    start(1, 7000, TIMEOUT);
    step();
    rp_key_ring_retire(hosts[0].ring);
    for (int i = 0; i < 20 + (10000 + TIMEOUT + 2 * RP_KEY_GRACE_MS) / STEP; i++) {
        now += STEP;
        rp_key_ring_begin_round(hosts[0].ring);
        rp_key_ring_begin_round(hosts[1].ring);
    }
    ck_assert_uint_eq(hosts[1].ring->lifetimes.count, 1);
    ck_assert_uint_eq(hosts[1].ring->epochs_count, 1);
}
END_TEST

START_TEST(shorter_session_timeout_keeps_the_keys_of_longer_ones)
{
    struct rp_ticket_key old;

    start(0, 1000, TIMEOUT);
    ck_assert(rp_ticket_keys_get(hosts[0].keys, 0, &old));
    start(0, 1000, 1000);
    for (int i = 0; i < TIMEOUT / STEP + RP_KEY_GRACE_MS / STEP; i++) {
        ck_assert(reads(0, &old));
        step();
    }
    for (int i = 0; i < 2 * RP_KEY_GRACE_MS / STEP; i++)
        step();
    ck_assert(!reads(0, &old));
}
END_TEST

START_TEST(store_that_lost_all_hears_of_it_again)
{
    start(0, 10000, TIMEOUT);
    start(1, 7000, TIMEOUT);
    for (int i = 0; i < 20; i++)
        step();
    ck_assert_int_eq(unlink(path), 0);
    step();
    start(2, 10000, TIMEOUT); /* it knows nothing but what is in the store */
    for (int i = 0; i < 20; i++)
        step();
}
END_TEST

/* -- who follows */

static void pass_on(const uint8_t note[RP_KEY_NOTE], void *arg)
{
    (void)arg;
    if (follower != NULL)
        ck_assert(rp_key_ring_hear(follower, rp_cursor_of(note, RP_KEY_NOTE)));
}

START_TEST(follower_reads_other_lifetimes_too)
{
    start(0, 10000, TIMEOUT);
    start(2, 10000, TIMEOUT);
    hosts[0].ring->learned = pass_on;
    hosts[0].ring->arg = hosts[0].ring;
    follower = rp_key_ring_follow(hosts[2].ring, loop, NULL);
    hosts[2].ring = follower;
    start(1, 7000, TIMEOUT);
    rp_key_ring_begin_round(hosts[0].ring);
    for (int i = 0; i < 60; i++)
        step();
    ck_assert_uint_eq(follower->epochs_count, 2);
    rp_key_ring_free(hosts[1].ring); /* and when that lifetime is over, it is over there, too */
    hosts[1].ring = NULL;
    for (int i = 0; i < 20 + (2 * 10000 + TIMEOUT + 2 * RP_KEY_GRACE_MS) / STEP; i++)
        step();
    ck_assert_uint_eq(follower->epochs_count, 1);
    follower = NULL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key_lifetimes");
    TCase *pure = tcase_create("pure"), *rings = tcase_create("rings");

    tcase_add_test(pure, own_stays_first_and_others_follow_by_age);
    tcase_add_test(pure, more_than_there_is_room_for_lose_what_is_over_first);
    tcase_add_test(pure, what_is_over_goes_and_a_wrong_clock_is_cut);
    tcase_add_test(pure, bytes_are_lifetimes_or_refused);
    suite_add_tcase(suite, pure);
    tcase_add_checked_fixture(rings, setup, teardown);
    tcase_add_loop_test(rings, hosts_that_differ_read_each_other, 0, 4);
    tcase_add_loop_test(rings, reload_keeps_the_keys_of_before, 0, 4);
    tcase_add_test(rings, lifetime_of_before_is_over_when_its_last_ticket_is);
    tcase_add_test(rings, ring_that_is_retired_keeps_no_lifetime_in_force);
    tcase_add_test(rings, shorter_session_timeout_keeps_the_keys_of_longer_ones);
    tcase_add_test(rings, store_that_lost_all_hears_of_it_again);
    tcase_add_test(rings, follower_reads_other_lifetimes_too);
    suite_add_tcase(suite, rings);
    return unit_run(suite);
}
