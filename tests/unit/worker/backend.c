/* SPDX-License-Identifier: MIT
 *
 * backend.c - which address of a backend is tried next. */
#include "worker/plan/backend.h"
#include "tests/unit/unit.h"

static char *texts[] = {"127.0.0.1:1", "127.0.0.1:2", "unix:/run/three.sock"};
static struct conf_backend conf;
static struct backend backend;

static void setup(void)
{
    conf = (struct conf_backend){.location = {"test.conf", 7},
                                 .name = "b",
                                 .kind = CONF_BACKEND_ADDRESSES,
                                 .address = {texts, 3},
                                 .connect_timeout_ms = 5000};
    ck_assert(backend_init(&backend, &conf, NULL));
}

static void teardown(void)
{
    backend_clear(&backend);
}

static int next(struct backend_try *try, uint64_t now)
{
    struct backend_address *address = backend_next(&backend, try, now);

    return address == NULL ? -1 : (int)(address - backend.addresses);
}

static int first(uint64_t now)
{
    struct backend_try try;

    backend_begin(&backend, &try);
    return next(&try, now);
}

START_TEST(backend_connections_begin_at_each_address_in_turn)
{
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(first(0), i % 3);
}
END_TEST

START_TEST(backend_try_visits_each_address_once)
{
    struct backend_try try;

    backend_begin(&backend, &try);
    backend_begin(&backend, &try);
    ck_assert_int_eq(next(&try, 0), 1);
    ck_assert_int_eq(next(&try, 0), 2);
    ck_assert_int_eq(next(&try, 0), 0);
    ck_assert_int_eq(next(&try, 0), -1);
}
END_TEST

/* The times at which three addresses that do not answer are given up, in ms after the start. */
static const struct {
    uint32_t timeout_ms;
    uint64_t until[3]; /* 0: not tried */
} shares[] = {
    {6000, {2000, 4000, 6000}},
    {3000, {1000, 2000, 3000}},
    {2000, {1000, 2000, 0}}, /* less than a second each would be too short for many networks */
    {1500, {1000, 1500, 0}},
    {100, {100, 0, 0}},
    {1, {1, 0, 0}},
};

START_TEST(backend_addresses_share_the_connect_timeout)
{
    struct backend_try try;
    uint64_t now = 5000;

    conf.connect_timeout_ms = shares[_i].timeout_ms;
    backend_begin(&backend, &try);
    for (int i = 0; i < 3 && shares[_i].until[i] != 0; i++) {
        ck_assert_int_eq(next(&try, now), i);
        now = 5000 + shares[_i].until[i];
        ck_assert_uint_eq(try.until_ms, now);
    }
    ck_assert_int_eq(next(&try, now), -1);
}
END_TEST

/* One that refuses at once leaves its share to the others. */
START_TEST(backend_address_that_refuses_leaves_its_time)
{
    struct backend_try try;

    conf.connect_timeout_ms = 6000;
    backend_begin(&backend, &try);
    ck_assert_int_eq(next(&try, 0), 0);
    ck_assert_int_eq(next(&try, 10), 1);
    ck_assert_uint_eq(try.until_ms, 10 + 5990 / 2);
    ck_assert_int_eq(next(&try, 20), 2);
    ck_assert_uint_eq(try.until_ms, 6000);
}
END_TEST

START_TEST(backend_failed_address_rests_ever_longer)
{
    static const uint64_t rests[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    uint64_t now = 100;

    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        backend_failed(&backend.addresses[0], now);
        backend.turn = 0;
        ck_assert_int_eq(first(now + rests[i] - 1), 1);
        backend.turn = 0;
        now += rests[i];
        ck_assert_int_eq(first(now), 0);
    }
}
END_TEST

START_TEST(backend_one_connection_tries_a_rested_address_others_pass_it)
{
    backend_failed(&backend.addresses[0], 0);
    backend.turn = 0;
    ck_assert_int_eq(first(2000), 0);
    backend.turn = 0;
    ck_assert_int_eq(first(2000), 1);
    backend.turn = 0;
    ck_assert_int_eq(first(2000 + 4999), 1);
    backend.turn = 0;
    ck_assert_int_eq(first(2000 + 5000), 0);
}
END_TEST

START_TEST(backend_that_worked_rests_no_more)
{
    for (int i = 0; i < 4; i++)
        backend_failed(&backend.addresses[0], 0);
    backend_worked(&backend.addresses[0]);
    backend.turn = 0;
    ck_assert_int_eq(first(0), 0);
    backend_failed(&backend.addresses[0], 0);
    backend.turn = 0;
    ck_assert_int_eq(first(1000), 0);
}
END_TEST

START_TEST(backend_of_resting_addresses_is_tried_all_the_same)
{
    struct backend_try try;

    backend_failed(&backend.addresses[0], 300);
    backend_failed(&backend.addresses[1], 100);
    backend_failed(&backend.addresses[2], 200);
    backend.turn = 0;
    backend_begin(&backend, &try);
    ck_assert_int_eq(next(&try, 400), 1);
    ck_assert_int_eq(next(&try, 400), 2);
    ck_assert_int_eq(next(&try, 400), 0);
    ck_assert_int_eq(next(&try, 400), -1);
}
END_TEST

START_TEST(backend_error_names_place_and_address)
{
    static char *bad[] = {"127.0.0.1:99999"};
    struct conf_backend wrong = conf;
    struct backend other;
    struct rp_error err = {0};

    wrong.address = (struct conf_strings){bad, 1};
    ck_assert(!backend_init(&other, &wrong, &err));
    ck_assert_msg(strstr(err.message, "test.conf:7: ") == err.message, "%s", err.message);
    ck_assert_msg(strstr(err.message, bad[0]) != NULL, "%s", err.message);
    wrong.address.count = 0;
    ck_assert(!backend_init(&other, &wrong, &err));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("backend");
    TCase *t = tcase_create("backend");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, backend_connections_begin_at_each_address_in_turn);
    tcase_add_test(t, backend_try_visits_each_address_once);
    tcase_add_loop_test(t, backend_addresses_share_the_connect_timeout, 0,
                        sizeof shares / sizeof *shares);
    tcase_add_test(t, backend_address_that_refuses_leaves_its_time);
    tcase_add_test(t, backend_failed_address_rests_ever_longer);
    tcase_add_test(t, backend_one_connection_tries_a_rested_address_others_pass_it);
    tcase_add_test(t, backend_that_worked_rests_no_more);
    tcase_add_test(t, backend_of_resting_addresses_is_tried_all_the_same);
    tcase_add_test(t, backend_error_names_place_and_address);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
