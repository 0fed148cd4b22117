/* SPDX-License-Identifier: MIT
 *
 * notices.c - announcements grow, merge and are written down without one being lost; a board keeps
 * them in a store that loses, damages or withholds them. */
#include "cache/notices.h"
#include "cache/seal.h"
#include "tests/unit/sealers.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t now = 1700000000000;

/* -- pure */

static const struct {
    const char *servername;
    uint64_t time_s;
    bool forgotten;
} sessions[] = {
    {"a.example", 99, true},   {"a.example", 100, true},
    {"a.example", 199, true},  {"a.example", 200, false},
    {"A.Example.", 199, true}, {"b.example", 199, false},
    {"b.example", 99, true},   {NULL, 99, true},
    {NULL, 100, false},        {"aa.example", 199, false},
    {"", 199, false},          {"a.example..", 199, false},
    {NULL, UINT64_MAX, true},  {NULL, UINT64_MAX / 1000, false},
};

START_TEST(session_is_forgotten_by_time_and_name)
{
    struct rp_notices n = {.all_before_ms = 100000};

    ck_assert(rp_notices_add_host(&n, "a.EXAMPLE", 200000));
    ck_assert_int_eq(rp_notices_forget(&n, sessions[_i].servername, sessions[_i].time_s),
                     sessions[_i].forgotten);
}
END_TEST

START_TEST(names_that_are_none_are_refused)
{
    static const char *const names[] = {"", ".", "..", "a..", "a b", "a\n", "\x80", "a\tb"};
    struct rp_notices n = {.host_count = 0};
    char longest[RP_NOTICES_NAME + 2];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(!rp_notices_add_host(&n, names[i], 1), "%zu", i);
    memset(longest, 'a', sizeof longest);
    longest[RP_NOTICES_NAME + 1] = '\0';
    ck_assert(!rp_notices_add_host(&n, longest, 1));
    longest[RP_NOTICES_NAME] = '\0';
    ck_assert(rp_notices_add_host(&n, longest, 1));
    ck_assert_uint_eq(n.host_count, 1);
}
END_TEST

START_TEST(host_keeps_its_latest_moment)
{
    struct rp_notices n = {.host_count = 0};

    rp_notices_add_host(&n, "a", 5000);
    rp_notices_add_host(&n, "A.", 3000);
    ck_assert_uint_eq(n.host_count, 1);
    ck_assert(rp_notices_forget(&n, "a", 4));
}
END_TEST

/* More names than there is room for: what was to be forgotten still is. */
START_TEST(no_room_forgets_more_never_less)
{
    struct rp_notices n = {.host_count = 0};
    uint8_t bytes[RP_NOTICES_MAX];
    char name[RP_NOTICES_NAME + 1];

    for (uint64_t i = 1; i <= 200; i++) {
        int len = snprintf(name, sizeof name, "%0*d.example", _i, (int)i);

        ck_assert_int_gt(len, 0);
        ck_assert(rp_notices_add_host(&n, name, i * 1000));
        ck_assert_uint_le(rp_notices_encode(&n, bytes), RP_NOTICES_MAX);
    }
    for (uint64_t i = 1; i <= 200; i++) {
        snprintf(name, sizeof name, "%0*d.example", _i, (int)i);
        ck_assert(rp_notices_forget(&n, name, i - 1));
    }
    ck_assert(!rp_notices_forget(&n, name, 200));
}
END_TEST

START_TEST(turns_are_the_newest_few)
{
    static const uint64_t added[] = {50, 20, 90, 50, 70, 10, 60};
    static const uint64_t kept[RP_NOTICES_TURNS] = {90, 70, 60, 50};
    struct rp_notices n = {.host_count = 0};

    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        rp_notices_add_turn(&n, added[i]);
    ck_assert_mem_eq(n.turns, kept, sizeof kept);
    ck_assert_uint_eq(rp_notices_turn_at(n.turns, 89), 70);
    ck_assert_uint_eq(rp_notices_turn_at(n.turns, 90), 90);
    ck_assert_uint_eq(rp_notices_turn_at(n.turns, 9), 0);
}
END_TEST

static struct rp_notices sample(unsigned i)
{
    struct rp_notices n = {.all_before_ms = i * 37 % 11 * 1000};
    char name[8];

    rp_notices_add_turn(&n, i * 53 % 17 + 1);
    for (unsigned k = 0; k < 3; k++) {
        snprintf(name, sizeof name, "h%u", (i + k * 5) % 7);
        rp_notices_add_host(&n, name, now - i * 29 % 13 * 1000);
    }
    return n;
}

START_TEST(merging_in_any_order_covers_all)
{
    for (unsigned i = 0; i < 40; i++) {
        struct rp_notices one = sample(i), other = sample(i + 7), a = one, b = other;

        rp_notices_merge(&a, &other, now);
        rp_notices_merge(&b, &one, now);
        ck_assert(rp_notices_cover(&a, &one) && rp_notices_cover(&a, &other));
        ck_assert(rp_notices_cover(&a, &b) && rp_notices_cover(&b, &a));
    }
}
END_TEST

START_TEST(what_is_of_no_use_any_more_is_dropped)
{
    struct rp_notices n = {.host_count = 0}, from = {.all_before_ms = now - 5000};

    rp_notices_add_host(&n, "long.ago", now - 9ull * 24 * 3600 * 1000);
    rp_notices_add_host(&n, "covered", now - 6000);
    rp_notices_add_host(&n, "of.use", now - 4000);
    rp_notices_merge(&n, &from, now);
    ck_assert_uint_eq(n.host_count, 1);
    ck_assert_str_eq(n.hosts[0].name, "of.use");
}
END_TEST

START_TEST(bytes_are_notices_or_refused)
{
    struct rp_notices n = sample(3), again;
    uint8_t bytes[RP_NOTICES_MAX];
    size_t len;

    len = rp_notices_encode(&n, bytes);
    ck_assert(rp_notices_decode(&again, rp_cursor_of(bytes, len)));
    ck_assert(rp_notices_cover(&n, &again) && rp_notices_cover(&again, &n));
    for (size_t i = 0; i < len; i++)
        ck_assert(!rp_notices_decode(&again, rp_cursor_of(bytes, i)));
    for (size_t i = 0; i < len; i++) { /* whatever it says, it fits again */
        uint8_t before = bytes[i], out[RP_NOTICES_MAX];

        bytes[i] ^= 0xff;
        if (rp_notices_decode(&again, rp_cursor_of(bytes, len)))
            ck_assert_uint_le(rp_notices_encode(&again, out), RP_NOTICES_MAX);
        else
            ck_assert_uint_eq(again.host_count, 0);
        bytes[i] = before;
    }
}
END_TEST

/* -- boards on a store that the test answers for */

static struct shelf {
    struct rp_store base; /* what hosts share */
    struct rp_store near; /* this host's tier of it, if `tiered` */
    bool tiered;
    uint8_t near_value[RP_NOTICES_MAX + 64];
    size_t near_len;
    uint8_t value[RP_NOTICES_MAX + 64];
    size_t len;
    bool away, slow;
    struct rp_store_call *open;
    unsigned puts;
} shelf;

static enum rp_store_status shelf_get(struct rp_store *s, struct rp_bytes key,
                                      struct rp_store_reply *now_, struct rp_store_call *later)
{
    (void)s;
    ck_assert_uint_eq(key.len, RP_SEAL_KEY_SIZE);
    if (shelf.slow) {
        later->store = &shelf.base;
        shelf.open = later;
        return RP_STORE_LATER;
    }
    if (shelf.away)
        return RP_STORE_FAILED;
    now_->value = (struct rp_bytes){shelf.value, shelf.len};
    return shelf.len > 0 ? RP_STORE_OK : RP_STORE_MISSING;
}

static enum rp_store_status shelf_put(struct rp_store *s, struct rp_bytes key,
                                      struct rp_bytes value, uint64_t ttl_ms,
                                      struct rp_store_call *later)
{
    (void)s, (void)key, (void)ttl_ms, (void)later;
    if (shelf.away)
        return RP_STORE_FAILED;
    memcpy(shelf.value, value.bytes, value.len);
    shelf.len = value.len;
    shelf.puts++;
    return RP_STORE_OK;
}

static void shelf_cancel(struct rp_store_call *call)
{
    ck_assert_ptr_eq(call, shelf.open);
    shelf.open = NULL;
}

static enum rp_store_status near_get(struct rp_store *s, struct rp_bytes key,
                                     struct rp_store_reply *now_, struct rp_store_call *later)
{
    (void)s, (void)key, (void)later;
    now_->value = (struct rp_bytes){shelf.near_value, shelf.near_len};
    return shelf.near_len > 0 ? RP_STORE_OK : RP_STORE_MISSING;
}

static enum rp_store_status near_put(struct rp_store *s, struct rp_bytes key, struct rp_bytes value,
                                     uint64_t ttl_ms, struct rp_store_call *later)
{
    (void)s, (void)key, (void)later;
    ck_assert_uint_eq(ttl_ms, 0);
    memcpy(shelf.near_value, value.bytes, value.len);
    shelf.near_len = value.len;
    return RP_STORE_OK;
}

static struct rp_store *shelf_tier(struct rp_store *s, bool far)
{
    (void)s;
    return far || !shelf.tiered ? &shelf.base : &shelf.near;
}

static struct rp_loop *loop;
static struct rp_secret secret = {.key = {5}};
static unsigned changes;

static void on_changed(const struct rp_notices *n, void *arg)
{
    (void)n, (void)arg;
    changes++;
}

static struct rp_notice_board *board_new(const struct rp_notices *known)
{
    struct rp_notice_board_options o = {.store = &shelf.base,
                                        .sealers = sealers_of(&secret, "notices"),
                                        .known = known,
                                        .changed = on_changed};
    struct rp_notice_board *board = rp_notice_board_new(loop, &o, NULL);

    ck_assert_ptr_nonnull(board);
    return board;
}

static void setup(void)
{
    static const struct rp_store_ops ops = {.kind = "shelf",
                                            .get = shelf_get,
                                            .put = shelf_put,
                                            .cancel = shelf_cancel,
                                            .tier = shelf_tier};
    static const struct rp_store_ops near = {.kind = "near", .get = near_get, .put = near_put};

    memset(&shelf, 0, sizeof shelf);
    changes = 0;
    loop = rp_loop_new(NULL);
    rp_store_init(&shelf.base, &ops, loop);
    rp_store_init(&shelf.near, &near, loop);
}

static void teardown(void)
{
    rp_loop_free(loop);
}

static bool heard(const struct rp_notice_board *board)
{
    return rp_notice_board_read(board)->all_before_ms == 5000;
}

START_TEST(board_hears_what_another_posts)
{
    struct rp_notice_board *one = board_new(NULL), *other = board_new(NULL), *late;
    struct rp_notices news = {.all_before_ms = 5000};

    ck_assert_uint_eq(shelf.puts, 0); /* nothing to say */
    ck_assert_int_eq(rp_notice_board_post(one, &news, NULL, NULL), RP_STORE_OK);
    ck_assert_uint_eq(changes, 1);
    late = board_new(NULL);
    ck_assert(heard(late));
    while (!heard(other))
        rp_loop_turn(loop, true);
    ck_assert_uint_eq(changes, 2);
    ck_assert_uint_eq(shelf.puts, 1);
    rp_notice_board_free(one);
    rp_notice_board_free(other);
    rp_notice_board_free(late);
}
END_TEST

START_TEST(board_puts_back_what_the_store_lost)
{
    struct rp_notices known = {.all_before_ms = 5000};
    struct rp_notice_board *board, *other;

    memset(shelf.value, 0x55, shelf.len = _i == 0 ? 0 : _i == 1 ? 100 : sizeof shelf.value);
    board = board_new(&known);
    ck_assert_uint_eq(shelf.puts, 1);
    other = board_new(NULL);
    ck_assert(heard(other));
    rp_notice_board_free(board);
    rp_notice_board_free(other);
}
END_TEST

START_TEST(board_keeps_what_the_store_would_not_take)
{
    struct rp_notice_board *board = board_new(NULL);
    struct rp_notices news = {.all_before_ms = 5000};

    shelf.away = true;
    ck_assert_int_eq(rp_notice_board_post(board, &news, NULL, NULL), RP_STORE_FAILED);
    ck_assert(heard(board));
    shelf.away = false;
    while (shelf.puts == 0)
        rp_loop_turn(loop, true);
    rp_notice_board_free(board);
}
END_TEST

START_TEST(board_outlives_an_answer_that_never_comes)
{
    struct rp_notice_board *board;

    shelf.slow = true;
    board = board_new(NULL);
    ck_assert_ptr_nonnull(shelf.open);
    rp_notice_board_free(board); /* and cancels */
    ck_assert_ptr_null(shelf.open);
}
END_TEST

/* What somebody who can write there does to the store that hosts share while no board looks: the
 * record is lost, spoiled, an old one, or never answered for. */
static void tamper(int how, const struct shelf *before)
{
    shelf.away = how == 3;
    shelf.slow = how == 4;
    shelf.len = how == 0 ? 0 : shelf.len;
    if (how == 1)
        shelf.value[shelf.len / 2] ^= 1;
    if (how == 2)
        memcpy(shelf.value, before->value, shelf.len = before->len);
}

START_TEST(copy_of_this_host_counts_whatever_the_store_says)
{
    struct rp_notices old = {.turns = {3000}}, news = {.all_before_ms = 5000};
    struct rp_notice_board *board;
    struct shelf before;

    shelf.tiered = true;
    board = board_new(&old);
    before = shelf;
    rp_notice_board_post(board, &news, NULL, NULL);
    /* A board hears it, as one that did not post it does, and the host has its copy. */
    rp_notice_board_free(board);
    shelf.near_len = 0;
    rp_notice_board_free(board_new(NULL));
    tamper(_i, &before);
    board = board_new(NULL);
    ck_assert(heard(board));
    ck_assert_uint_eq(rp_notice_board_read(board)->turns[0], 3000);
    rp_notice_board_free(board);
    shelf.away = shelf.slow = false;
    shelf.open = NULL;
    /* It was given back to all hosts, and the old record took nothing from this one's copy. */
    rp_notice_board_free(board_new(NULL));
    shelf.near_len = _i == 0 ? 0 : shelf.near_len;
    shelf.len = _i == 0 ? shelf.len : 0;
    board = board_new(NULL);
    ck_assert(heard(board));
    rp_notice_board_free(board);
}
END_TEST

START_TEST(copy_that_was_lost_is_made_anew)
{
    struct rp_notices known = {.all_before_ms = 5000};
    struct rp_notice_board *board;

    shelf.tiered = true;
    board = board_new(&known);
    shelf.near_len = 0;
    while (shelf.near_len == 0)
        rp_loop_turn(loop, true);
    rp_notice_board_free(board);
}
END_TEST

START_TEST(board_of_another_secret_is_not_heard)
{
    struct rp_notices known = {.all_before_ms = 5000};
    struct rp_notice_board *board = board_new(&known), *other;

    secret.key[0] ^= 1;
    other = board_new(NULL);
    ck_assert(!heard(other));
    rp_notice_board_free(board);
    rp_notice_board_free(other);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("notices");
    TCase *t = tcase_create("pure"), *b = tcase_create("board");

    tcase_add_loop_test(t, session_is_forgotten_by_time_and_name, 0,
                        sizeof sessions / sizeof *sessions);
    tcase_add_test(t, names_that_are_none_are_refused);
    tcase_add_test(t, host_keeps_its_latest_moment);
    tcase_add_loop_test(t, no_room_forgets_more_never_less, 3, 6);
    tcase_add_loop_test(t, no_room_forgets_more_never_less, 200, 202);
    tcase_add_test(t, turns_are_the_newest_few);
    tcase_add_test(t, merging_in_any_order_covers_all);
    tcase_add_test(t, what_is_of_no_use_any_more_is_dropped);
    tcase_add_test(t, bytes_are_notices_or_refused);
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(b, setup, teardown);
    tcase_add_test(b, board_hears_what_another_posts);
    tcase_add_loop_test(b, board_puts_back_what_the_store_lost, 0, 3);
    tcase_add_test(b, board_keeps_what_the_store_would_not_take);
    tcase_add_test(b, board_outlives_an_answer_that_never_comes);
    tcase_add_loop_test(b, copy_of_this_host_counts_whatever_the_store_says, 0, 5);
    tcase_add_test(b, copy_that_was_lost_is_made_anew);
    tcase_add_test(b, board_of_another_secret_is_not_heard);
    suite_add_tcase(s, b);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
