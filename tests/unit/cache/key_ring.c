/* SPDX-License-Identifier: MIT
 *
 * key_ring.c - ticket keys by epochs: processes and hosts that share a store mint alike and read
 * one another, through rotation, the loss of the store and its coming back; past keys are gone. */
#include "cache/key_epochs.h"
#include "cache/store_open.h"
#include "cache/key_ring_internal.h"
#include "tests/unit/sealers.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

enum { EPOCH = 10000, TIMEOUT = 25000, HOSTS = 3 };
enum { AHEAD = RP_KEY_GRACE_MS / EPOCH }; /* epochs whose keys are there already */

static char dir[] = "/tmp/ring-XXXXXX";
static struct rp_loop *loop;
static struct rp_secret secret;
static uint64_t clocks[HOSTS];
static struct host {
    struct rp_store *store;
    struct rp_ticket_keys *keys;
    struct rp_key_ring *ring;
} hosts[HOSTS];

static uint64_t clock_0(void)
{
    return clocks[0];
}

static uint64_t clock_1(void)
{
    return clocks[1];
}

static uint64_t clock_2(void)
{
    return clocks[2];
}

static uint64_t (*const clock_of[HOSTS])(void) = {clock_0, clock_1, clock_2};

static struct rp_store *open_store(void)
{
    struct rp_store *store = rp_store_open(loop, "lmdb:keys?size=1M", dir, NULL);

    ck_assert_ptr_nonnull(store);
    return store;
}

static void start(int i, struct rp_store *store)
{
    struct rp_key_ring_options o = {.store = store,
                                    .sealers = sealers_of(&secret, "ticket key"),
                                    .keys = hosts[i].keys,
                                    .epoch_ms = EPOCH,
                                    .session_timeout_ms = TIMEOUT,
                                    .now_ms = clock_of[i]};

    rp_key_ring_free(hosts[i].ring);
    hosts[i].ring = rp_key_ring_new(loop, &o, NULL);
    ck_assert_ptr_nonnull(hosts[i].ring);
}

/* As the timer would have it: go on with what is known, on the clock as it is now. */
static void go_on(int i, struct rp_store *store)
{
    hosts[i].ring->store = store;
    hosts[i].ring->behind = true;
    rp_key_ring_begin_round(hosts[i].ring);
}

static void set_clocks(uint64_t ms)
{
    for (int i = 0; i < HOSTS; i++)
        clocks[i] = ms;
}

static void setup(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    loop = rp_loop_new(NULL);
    memset(secret.key, 3, sizeof secret.key);
    set_clocks(1700000000000);
    hosts[0].store = open_store(); /* one environment in a process is all LMDB allows */
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
    rp_store_close(hosts[0].store);
    rp_loop_free(loop);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static struct rp_ticket_key minting(int i)
{
    struct rp_ticket_key key;

    ck_assert(rp_ticket_keys_get(hosts[i].keys, 0, &key));
    return key;
}

static bool reads(int i, const struct rp_ticket_key *key)
{
    struct rp_ticket_key known;

    for (size_t at = 0; rp_ticket_keys_get(hosts[i].keys, at, &known); at++)
        if (memcmp(known.name, key->name, sizeof known.name) == 0 &&
            memcmp(known.aes, key->aes, sizeof known.aes) == 0)
            return true;
    return false;
}

static bool same(const struct rp_ticket_key *a, const struct rp_ticket_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

START_TEST(ring_is_the_same_everywhere)
{
    struct rp_ticket_key a, b;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    a = minting(0);
    b = minting(1);
    ck_assert(same(&a, &b));
    ck_assert_uint_eq(rp_key_ring_epoch(hosts[0].ring), clocks[0] / EPOCH);
}
END_TEST

/* Through twenty epochs two hosts mint alike, and read what was minted until it has expired. */
START_TEST(ring_turns)
{
    struct rp_ticket_key past[20];

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    for (int epoch = 0; epoch < 20; epoch++) {
        struct rp_ticket_key other;

        past[epoch] = minting(0);
        other = minting(1);
        ck_assert(same(&past[epoch], &other));
        for (int i = 0; i < epoch; i++) {
            ck_assert(!same(&past[i], &past[epoch]));
            if ((epoch - i - 1) * EPOCH < TIMEOUT)
                ck_assert(reads(1, &past[i]));
            if ((epoch - i - 1) * EPOCH > TIMEOUT + RP_KEY_GRACE_MS)
                ck_assert(!reads(0, &past[i]) && !reads(1, &past[i]));
        }
        set_clocks(clocks[0] + EPOCH);
        go_on(1, hosts[0].store);
        go_on(0, hosts[0].store);
    }
}
END_TEST

START_TEST(ring_reads_a_host_whose_clock_is_ahead)
{
    struct rp_ticket_key ahead, behind;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    clocks[1] += EPOCH;
    go_on(1, hosts[0].store);
    ahead = minting(1);
    behind = minting(0);
    ck_assert(!same(&ahead, &behind));
    ck_assert(reads(0, &ahead));
    ck_assert(reads(1, &behind));
}
END_TEST

/* Clocks may differ by more than an epoch, and who is behind may come later. */
START_TEST(ring_reads_hosts_whose_clocks_differ)
{
    start(0, hosts[0].store);
    clocks[1] -= 30000;
    start(1, hosts[0].store);
    clocks[2] += 30000;
    start(2, hosts[0].store);
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < HOSTS; i++)
            go_on(i, hosts[0].store);
        for (int from = 0; from < HOSTS; from++) {
            struct rp_ticket_key key = minting(from);

            for (int to = 0; to < HOSTS; to++)
                ck_assert_msg(reads(to, &key), "round %d, from %d to %d", round, from, to);
        }
        for (int i = 0; i < HOSTS; i++)
            clocks[i] += EPOCH / 2;
    }
}
END_TEST

START_TEST(ring_survives_a_restart)
{
    struct rp_ticket_key before, after;

    start(0, hosts[0].store);
    before = minting(0);
    rp_key_ring_free(hosts[0].ring);
    hosts[0].ring = NULL;
    rp_ticket_keys_set(hosts[0].keys, NULL, 0, false, NULL);
    set_clocks(clocks[0] + 2 * EPOCH);
    start(0, hosts[0].store);
    after = minting(0);
    ck_assert(!same(&before, &after));
    ck_assert(reads(0, &before));
}
END_TEST

/* Hosts 0 and 1 lose the store, host 2 keeps it: the two step alike, all read all. */
START_TEST(ring_without_store_steps_alike)
{
    struct rp_ticket_key a, b, c;

    for (int i = 0; i < HOSTS; i++)
        start(i, hosts[0].store);
    for (int epoch = 1; epoch < AHEAD + RP_CHAIN_MAX; epoch++) {
        set_clocks(clocks[0] + EPOCH);
        go_on(0, NULL);
        go_on(1, NULL);
        go_on(2, hosts[0].store);
        a = minting(0);
        b = minting(1);
        c = minting(2);
        ck_assert(same(&a, &b));
        ck_assert(reads(2, &a));
        ck_assert(epoch <= AHEAD ? same(&a, &c) : !same(&a, &c));
    }
    go_on(0, hosts[0].store); /* back in touch: the fresh one mints, the derived one is read */
    b = minting(0);
    ck_assert(same(&b, &c));
    ck_assert(reads(0, &a));
}
END_TEST

/* However long it is: those that lost the store go on alike. */
START_TEST(ring_without_store_steps_alike_for_long)
{
    struct rp_ticket_key former = {.size = 0}, a, b;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    for (int epoch = 1; epoch <= 100; epoch++) {
        set_clocks(clocks[0] + EPOCH);
        go_on(0, NULL);
        go_on(1, NULL);
        a = minting(0);
        b = minting(1);
        ck_assert(same(&a, &b));
        ck_assert(!same(&a, &former));
        former = a;
    }
    ck_assert_uint_lt(rp_ticket_keys_count(hosts[0].keys),
                      5 * (TIMEOUT + 2 * RP_KEY_GRACE_MS) / EPOCH);
}
END_TEST

/* Who slept through many epochs has nothing to mint with but what the store gives. */
START_TEST(ring_that_slept_comes_back_in_step)
{
    struct rp_ticket_key a, b, asleep;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    asleep = minting(1);
    for (int epoch = 1; epoch <= 100; epoch++) {
        clocks[0] += EPOCH;
        go_on(0, hosts[0].store);
    }
    clocks[1] = clocks[0];
    go_on(1, hosts[0].store);
    a = minting(0);
    b = minting(1);
    ck_assert(same(&a, &b));
    ck_assert(!reads(1, &asleep));
}
END_TEST

START_TEST(ring_without_any_store_goes_on_alone)
{
    struct rp_ticket_key first, second;

    start(0, NULL);
    ck_assert_uint_gt(rp_ticket_keys_count(hosts[0].keys), 0);
    first = minting(0);
    start(1, NULL);
    second = minting(1);
    ck_assert(!same(&first, &second));
    go_on(0, hosts[0].store); /* the store comes, and takes the key that there is */
    start(1, hosts[0].store);
    second = minting(1);
    ck_assert(same(&first, &second));
}
END_TEST

/* A store that forgot everything gets the keys back from whoever knows them. */
START_TEST(ring_gives_its_keys_to_an_empty_store)
{
    struct rp_ticket_key before, after;

    start(0, hosts[0].store);
    before = minting(0);
    rp_store_close(hosts[0].store);
    ck_assert(rp_store_set_aside("lmdb:keys", dir, RP_STORE_OPENING, NULL));
    hosts[0].store = open_store();
    go_on(0, hosts[0].store);
    start(1, hosts[0].store);
    after = minting(1);
    ck_assert(same(&before, &after));
}
END_TEST

/* -- who follows a ring, as a worker does its generation's */

static struct rp_key_ring *follower;

static void pass_on(const uint8_t note[RP_KEY_NOTE], void *arg)
{
    (void)arg;
    if (follower != NULL)
        ck_assert(rp_key_ring_hear(follower, rp_cursor_of(note, RP_KEY_NOTE)));
}

/* Host 0 leads; what it knows at this moment is host 1's, with no store. */
static void follow(void)
{
    struct rp_key_ring_options o = {.store = hosts[0].store,
                                    .sealers = sealers_of(&secret, "ticket key"),
                                    .keys = hosts[0].keys,
                                    .epoch_ms = EPOCH,
                                    .session_timeout_ms = TIMEOUT,
                                    .learned = pass_on,
                                    .now_ms = clock_0};
    struct rp_key_ring *parents;

    start(1, hosts[0].store); /* in a child it would be the copy of the parent's */
    parents = hosts[1].ring;
    hosts[1].ring = NULL;
    hosts[0].ring = rp_key_ring_new(loop, &o, NULL);
    follower = rp_key_ring_follow(parents, loop, NULL);
    ck_assert_ptr_nonnull(follower);
}

START_TEST(ring_is_followed_without_a_store)
{
    struct rp_ticket_key past[20], a, b;

    follow();
    for (int epoch = 0; epoch < 20; epoch++) {
        a = past[epoch] = minting(0);
        b = minting(1);
        ck_assert(same(&a, &b));
        for (int i = 0; i < epoch; i++)
            ck_assert_int_eq(reads(1, &past[i]), reads(0, &past[i]));
        set_clocks(clocks[0] + EPOCH);
        rp_key_ring_turn(follower, (uint64_t[RP_NOTICES_TURNS]){(uint64_t)epoch + 1});
        rp_key_ring_turn(hosts[0].ring, (uint64_t[RP_NOTICES_TURNS]){(uint64_t)epoch + 1});
    }
    ck_assert(!reads(1, &past[0]));
    rp_key_ring_free(follower);
    follower = NULL;
}
END_TEST

/* Whoever leads is silent: it steps like a host without the store. What it is never told it makes
 * not itself, or each worker would have a key that no other reads. */
START_TEST(ring_that_hears_nothing_makes_no_key)
{
    struct rp_ticket_key key;

    follow();
    for (int epoch = 1; epoch <= 10; epoch++) {
        set_clocks(clocks[0] + EPOCH);
        rp_key_ring_turn(follower, (uint64_t[RP_NOTICES_TURNS]){(uint64_t)epoch});
        ck_assert(rp_ticket_keys_get(hosts[1].keys, 0, &key));
    }
    set_clocks(clocks[0] + 100 * EPOCH); /* it slept */
    rp_key_ring_turn(follower, (uint64_t[RP_NOTICES_TURNS]){99});
    ck_assert_uint_eq(rp_ticket_keys_count(hosts[1].keys), 0);
    rp_key_ring_free(follower);
    follower = NULL;
}
END_TEST

START_TEST(note_that_is_none_is_refused)
{
    uint8_t note[RP_KEY_NOTE + 1] = {0};
    size_t before;

    follow();
    before = rp_ticket_keys_count(hosts[1].keys);
    for (size_t len = 0; len <= sizeof note; len++)
        ck_assert(!rp_key_ring_hear(follower, rp_cursor_of(note, len)));
    ck_assert_uint_eq(rp_ticket_keys_count(hosts[1].keys), before);
    rp_key_ring_free(follower);
    follower = NULL;
}
END_TEST

/* A newcomer was faster: what it put there mints on the others, too, whichever key has the lesser
 * name; theirs goes on to be read. */
START_TEST(ring_follows_the_store_when_its_key_was_replaced)
{
    struct rp_ticket_key former, theirs, ours;

    for (int round = 0; round < 8; round++) {
        start(0, hosts[0].store);
        former = minting(0);
        rp_store_close(hosts[0].store);
        ck_assert(rp_store_set_aside("lmdb:keys", dir, RP_STORE_OPENING, NULL));
        hosts[0].store = open_store();
        start(1, hosts[0].store);
        theirs = minting(1);
        ck_assert(!same(&former, &theirs));
        go_on(0, hosts[0].store);
        ours = minting(0);
        ck_assert(same(&ours, &theirs));
        ck_assert(reads(0, &former));
    }
}
END_TEST

/* Another secret neither reads nor harms the keys; two clusters may share a store. */
START_TEST(ring_is_sealed)
{
    struct rp_ticket_key a, b;

    start(0, hosts[0].store);
    memset(secret.key, 4, sizeof secret.key);
    start(1, hosts[0].store);
    a = minting(0);
    b = minting(1);
    ck_assert(!same(&a, &b));
    go_on(0, hosts[0].store);
    b = minting(0);
    ck_assert(same(&a, &b));
}
END_TEST

/* -- rotation by hand */

/* As announced to host i, for a moment that is `in` ms ahead of host 0's clock. */
static uint64_t turns[RP_NOTICES_TURNS];

static void announce(uint64_t in)
{
    struct rp_notices n = {.host_count = 0};

    memcpy(n.turns, turns, sizeof turns);
    rp_notices_add_turn(&n, clocks[0] + in);
    memcpy(turns, n.turns, sizeof turns);
}

START_TEST(turn_changes_the_key_on_all_hosts_at_once)
{
    struct rp_ticket_key before, a, b;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    before = minting(0);
    announce(3000);
    rp_key_ring_turn(hosts[0].ring, turns);
    a = minting(0);
    ck_assert(same(&a, &before)); /* not yet */
    rp_key_ring_turn(hosts[1].ring, turns);
    set_clocks(clocks[0] + 3000);
    go_on(0, hosts[0].store);
    a = minting(0);
    ck_assert(!same(&a, &before));
    ck_assert(reads(1, &a)); /* before its own clock or timer has come that far */
    go_on(1, hosts[0].store);
    b = minting(1);
    ck_assert(same(&a, &b));
    ck_assert(reads(0, &before) && reads(1, &before));
}
END_TEST

/* Who had the key that was ready for the next epoch has it in vain. */
START_TEST(turn_replaces_the_next_key_too)
{
    struct rp_ticket_key next_of_old, next, other;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    start(2, hosts[0].store); /* never hears of the turn */
    announce(3000);
    rp_key_ring_turn(hosts[0].ring, turns);
    rp_key_ring_turn(hosts[1].ring, turns);
    for (int epoch = 1; epoch <= 3; epoch++) {
        set_clocks(clocks[0] + EPOCH);
        for (int i = 0; i < HOSTS; i++)
            go_on(i, hosts[0].store);
        next = minting(0);
        other = minting(1);
        next_of_old = minting(2);
        ck_assert(same(&next, &other));
        ck_assert(!same(&next, &next_of_old));
    }
}
END_TEST

/* A host that starts later reads what was minted before each of the turns. */
START_TEST(turn_is_no_barrier_to_who_comes_later)
{
    struct rp_ticket_key past[8], now, late;
    size_t count = 0;

    start(0, hosts[0].store);
    for (int i = 0; i < 3; i++) {
        past[count++] = minting(0);
        announce(3000);
        rp_key_ring_turn(hosts[0].ring, turns);
        set_clocks(clocks[0] + 4000); /* 0, 4, 8, 12 s: two in the first epoch, one in the next */
        go_on(0, hosts[0].store);
    }
    now = minting(0);
    announce(3000); /* to come, as the late host starts */
    {
        struct rp_key_ring_options o = {.store = hosts[0].store,
                                        .sealers = sealers_of(&secret, "ticket key"),
                                        .keys = hosts[1].keys,
                                        .epoch_ms = EPOCH,
                                        .session_timeout_ms = TIMEOUT,
                                        .turns = turns,
                                        .now_ms = clock_1};

        hosts[1].ring = rp_key_ring_new(loop, &o, NULL);
    }
    late = minting(1);
    ck_assert(same(&now, &late));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(reads(1, &past[i]), "%zu", i);
}
END_TEST

/* An epoch begins between the announcement and its moment: who started in between mints with the
 * key that all others mint with, not with the one to come, which not all may have. */
START_TEST(turn_to_come_does_not_hide_the_next_epoch)
{
    struct rp_key_ring_options o = {.store = hosts[0].store,
                                    .sealers = sealers_of(&secret, "ticket key"),
                                    .keys = hosts[1].keys,
                                    .epoch_ms = EPOCH,
                                    .session_timeout_ms = TIMEOUT,
                                    .turns = turns,
                                    .now_ms = clock_1};
    struct rp_ticket_key now, late;

    set_clocks(1700000000000 + EPOCH - 1000);
    start(0, hosts[0].store);
    announce(3000);
    hosts[1].ring = rp_key_ring_new(loop, &o, NULL);
    set_clocks(clocks[0] + 1100);
    go_on(0, hosts[0].store);
    go_on(1, NULL); /* it need not ask */
    now = minting(0);
    late = minting(1);
    ck_assert(same(&now, &late));
}
END_TEST

START_TEST(turn_without_store_waits_for_it)
{
    struct rp_ticket_key before, a, b;

    start(0, hosts[0].store);
    start(1, hosts[0].store);
    before = minting(0);
    announce(3000);
    go_on(0, NULL);
    rp_key_ring_turn(hosts[0].ring, turns);
    set_clocks(clocks[0] + 4000);
    go_on(0, NULL);
    a = minting(0);
    ck_assert(same(&a, &before)); /* nobody could read another */
    go_on(0, hosts[0].store);
    a = minting(0);
    ck_assert(!same(&a, &before));
    rp_key_ring_turn(hosts[1].ring, turns);
    b = minting(1);
    ck_assert(same(&a, &b));
}
END_TEST

START_TEST(turn_of_a_clock_that_is_wrong_is_ignored)
{
    struct rp_ticket_key before, after;

    start(0, hosts[0].store);
    before = minting(0);
    announce(365ull * 24 * 3600 * 1000);
    rp_key_ring_turn(hosts[0].ring, turns);
    announce(2000);
    rp_key_ring_turn(hosts[0].ring, turns);
    set_clocks(clocks[0] + 2000);
    go_on(0, hosts[0].store);
    after = minting(0);
    ck_assert(!same(&before, &after));
}
END_TEST

START_TEST(turn_comes_by_the_ring_s_own_timer)
{
    struct rp_ticket_key before, after;

    start(0, hosts[0].store);
    before = minting(0);
    announce(50);
    rp_key_ring_turn(hosts[0].ring, turns);
    set_clocks(clocks[0] + 50);
    do {
        rp_loop_turn(loop, true);
        after = minting(0);
    } while (same(&before, &after));
}
END_TEST

START_TEST(ring_lists_its_keys)
{
    struct rp_key_info info[64];
    size_t count;
    bool next = false, current = false;

    start(0, hosts[0].store);
    count = rp_key_ring_list(hosts[0].ring, info, 64);
    for (size_t i = 0; i < count; i++) {
        if (info[i].derived)
            continue;
        next |= info[i].role == RP_KEY_NEXT;
        current |= info[i].role == RP_KEY_CURRENT && info[i].epoch == clocks[0] / EPOCH;
        ck_assert_uint_eq(info[i].erased_ms, info[i].begins_ms + EPOCH + TIMEOUT + RP_KEY_GRACE_MS);
    }
    ck_assert(next && current);
}
END_TEST

/* The list never outgrows its room, and what is newest stays. */
START_TEST(epochs_are_bounded)
{
    static struct rp_key_epochs e = {.epoch_ms = 10, .session_timeout_ms = 1 << 30};
    struct rp_ticket_key key = {.size = 32};
    uint64_t epoch;

    for (epoch = 1; epoch < 2000; epoch++) {
        memcpy(key.name, &epoch, sizeof epoch);
        memcpy(key.hmac, &epoch, sizeof epoch);
        memcpy(key.aes, &epoch, sizeof epoch);
        rp_key_epochs_learn(&e, epoch, 0, true, &key);
        rp_key_epochs_advance(&e, epoch * 10);
        ck_assert_ptr_nonnull(rp_key_epochs_minting(&e, epoch * 10));
        ck_assert_mem_eq(rp_key_epochs_minting(&e, epoch * 10)->key.name, key.name, 16);
    }
    ck_assert_uint_eq(e.count, RP_TICKET_KEYS_MAX);
    rp_key_epochs_wipe(&e);
}
END_TEST

/* What the store has is not given up for what was derived in case that it is lost. */
START_TEST(epochs_keep_what_is_shared)
{
    static struct rp_key_epochs e = {.epoch_ms = 1000, .session_timeout_ms = 1 << 30};
    struct rp_ticket_key key = {.size = 32};
    size_t shared = 0;

    for (uint64_t epoch = 1; epoch <= RP_TICKET_KEYS_MAX; epoch++) {
        memcpy(key.name, &epoch, sizeof epoch);
        memcpy(key.aes, &epoch, sizeof epoch);
        rp_key_epochs_learn(&e, epoch, 0, true, &key);
        rp_key_epochs_advance(&e, epoch * 1000);
    }
    for (size_t i = 0; i < e.count; i++)
        shared += e.known[i].shared;
    ck_assert_uint_ge(shared, RP_TICKET_KEYS_MAX - RP_CHAIN_MAX);
    rp_key_epochs_wipe(&e);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key_ring");
    TCase *core = tcase_create("core");

    tcase_add_checked_fixture(core, setup, teardown);
    tcase_add_test(core, ring_is_the_same_everywhere);
    tcase_add_test(core, ring_turns);
    tcase_add_test(core, ring_reads_a_host_whose_clock_is_ahead);
    tcase_add_test(core, ring_reads_hosts_whose_clocks_differ);
    tcase_add_test(core, ring_survives_a_restart);
    tcase_add_test(core, ring_without_store_steps_alike);
    tcase_add_test(core, ring_without_store_steps_alike_for_long);
    tcase_add_test(core, ring_that_slept_comes_back_in_step);
    tcase_add_test(core, ring_without_any_store_goes_on_alone);
    tcase_add_test(core, ring_gives_its_keys_to_an_empty_store);
    tcase_add_test(core, ring_follows_the_store_when_its_key_was_replaced);
    tcase_add_test(core, ring_is_followed_without_a_store);
    tcase_add_test(core, ring_that_hears_nothing_makes_no_key);
    tcase_add_test(core, note_that_is_none_is_refused);
    tcase_add_test(core, ring_is_sealed);
    tcase_add_test(core, turn_changes_the_key_on_all_hosts_at_once);
    tcase_add_test(core, turn_replaces_the_next_key_too);
    tcase_add_test(core, turn_is_no_barrier_to_who_comes_later);
    tcase_add_test(core, turn_to_come_does_not_hide_the_next_epoch);
    tcase_add_test(core, turn_without_store_waits_for_it);
    tcase_add_test(core, turn_of_a_clock_that_is_wrong_is_ignored);
    tcase_add_test(core, turn_comes_by_the_ring_s_own_timer);
    tcase_add_test(core, ring_lists_its_keys);
    tcase_add_test(core, epochs_are_bounded);
    tcase_add_test(core, epochs_keep_what_is_shared);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
