/* SPDX-License-Identifier: MIT
 *
 * limits.c - connections in all, a second, and from one source. */
#include "worker/plan/limits.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECOND = 1000000000 };

static struct conf_frontend frontends[2];
static struct conf conf = {.frontends = frontends, .frontend_count = 2};
static struct limits *limits;

static void begin(unsigned workers)
{
    limits = limits_new(&conf, workers, NULL);
    ck_assert_ptr_nonnull(limits);
}

static void setup(void)
{
    memset(frontends, 0, sizeof frontends);
}

static void teardown(void)
{
    limits_free(limits);
}

/* As a frontend admits a connection. */
static bool enter(struct limits *l, size_t at, unsigned slot, uint64_t now_ns)
{
    if (!limits_enter(l, at, slot))
        return false;
    if (limits_rate(l, at, now_ns))
        return true;
    limits_leave(l, at, slot);
    return false;
}

static struct rp_address source(const char *host)
{
    struct rp_address address = {0};

    if (strchr(host, ':') == NULL) {
        address.len = sizeof address.in;
        address.in.sin_family = AF_INET;
        ck_assert_int_eq(inet_pton(AF_INET, host, &address.in.sin_addr), 1);
    } else {
        address.len = sizeof address.in6;
        address.in6.sin6_family = AF_INET6;
        ck_assert_int_eq(inet_pton(AF_INET6, host, &address.in6.sin6_addr), 1);
    }
    return address;
}

static bool from(const char *host, unsigned slot)
{
    struct rp_address address = source(host);

    return limits_source(limits, 0, slot, &address);
}

static void gone(const char *host, unsigned slot)
{
    struct rp_address address = source(host);

    limits_forget(limits, 0, slot, &address);
}

START_TEST(limits_of_zero_limit_nothing)
{
    begin(2);
    for (int i = 0; i < 1000; i++) {
        ck_assert(enter(limits, 0, 0, 0));
        ck_assert(from("127.0.0.1", 0));
    }
    limits_leave(limits, 0, 0);
    gone("127.0.0.1", 0);
}
END_TEST

START_TEST(limits_max_connections_hold_over_all_workers)
{
    frontends[0].max_connections = 3;
    begin(3);
    for (unsigned slot = 0; slot < 3; slot++)
        ck_assert(enter(limits, 0, slot, 0));
    for (unsigned slot = 0; slot < 3; slot++)
        ck_assert(!enter(limits, 0, slot, 0));
    ck_assert(enter(limits, 1, 0, 0));
    limits_leave(limits, 0, 1);
    ck_assert(enter(limits, 0, 2, 0));
    ck_assert(!enter(limits, 0, 1, 0));
}
END_TEST

START_TEST(limits_leave_gives_back_no_more_than_was_taken)
{
    frontends[0].max_connections = 1;
    begin(2);
    limits_leave(limits, 0, 0);
    ck_assert(enter(limits, 0, 0, 0));
    ck_assert(!enter(limits, 0, 0, 0));
}
END_TEST

START_TEST(limits_of_a_killed_worker_are_free_for_its_successor)
{
    int status;
    pid_t pid;

    frontends[0].max_connections = 4;
    frontends[0].per_source_connections = 2;
    begin(2);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 4; i++)
            enter(limits, 0, 1, 0);
        from("127.0.0.1", 1);
        from("127.0.0.1", 1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(!enter(limits, 0, 0, 0));
    ck_assert(!from("127.0.0.1", 0));
    limits_begin(limits, 0);
    ck_assert(!enter(limits, 0, 0, 0));
    limits_begin(limits, 1);
    ck_assert(enter(limits, 0, 0, 0));
    ck_assert(from("127.0.0.1", 0));
}
END_TEST

START_TEST(limits_rate_lets_a_second_of_burst_through_then_the_rate)
{
    uint64_t now = (uint64_t)5 * SECOND;
    int passed = 0;

    frontends[0].handshakes_per_second = 10;
    begin(2);
    for (unsigned i = 0; i < 100; i++)
        passed += enter(limits, 0, i % 2, now);
    ck_assert_int_eq(passed, 10);
    ck_assert(!enter(limits, 0, 0, now + SECOND / 10 - 1));
    ck_assert(enter(limits, 0, 0, now + SECOND / 10));
    ck_assert(!enter(limits, 0, 1, now + SECOND / 10));
    for (passed = 0; enter(limits, 0, 0, now + (uint64_t)60 * SECOND);)
        passed++;
    ck_assert_int_eq(passed, 10);
}
END_TEST

START_TEST(limits_rate_refusal_holds_no_connection)
{
    frontends[0].handshakes_per_second = 1;
    frontends[0].max_connections = 2;
    begin(1);
    ck_assert(enter(limits, 0, 0, 0));
    for (int i = 0; i < 5; i++)
        ck_assert(!enter(limits, 0, 0, 0));
    ck_assert(enter(limits, 0, 0, (uint64_t)2 * SECOND));
}
END_TEST

START_TEST(limits_sources_are_counted_apart)
{
    frontends[0].per_source_connections = 2;
    begin(2);
    ck_assert(from("192.0.2.1", 0));
    ck_assert(from("192.0.2.1", 1));
    ck_assert(!from("192.0.2.1", 0));
    ck_assert(from("192.0.2.2", 0));
    gone("192.0.2.1", 1);
    ck_assert(from("192.0.2.1", 0));
    ck_assert(!from("192.0.2.1", 1));
}
END_TEST

START_TEST(limits_ipv6_source_is_a_64)
{
    frontends[0].per_source_connections = 1;
    begin(1);
    ck_assert(from("2001:db8::1", 0));
    ck_assert(!from("2001:db8::2:2", 0));
    ck_assert(from("2001:db8:0:1::1", 0));
}
END_TEST

START_TEST(limits_source_without_an_address_is_not_counted)
{
    struct rp_address none = {0}, path = {.len = 2};

    path.un.sun_family = AF_UNIX;
    frontends[0].per_source_connections = 1;
    begin(1);
    for (int i = 0; i < 3; i++) {
        ck_assert(limits_source(limits, 0, 0, NULL));
        ck_assert(limits_source(limits, 0, 0, &none));
        ck_assert(limits_source(limits, 0, 0, &path));
    }
}
END_TEST

/* More sources than there are places: nobody new is refused, those who are counted still are. */
START_TEST(limits_full_table_admits_newcomers_and_frees_places)
{
    char host[32];

    frontends[0].per_source_connections = 1;
    begin(1);
    ck_assert(from("192.0.2.1", 0));
    for (unsigned i = 0; i < 4 * LIMITS_SOURCES; i++) {
        snprintf(host, sizeof host, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        ck_assert(from(host, 0));
    }
    ck_assert(!from("192.0.2.1", 0));
    for (unsigned i = 0; i < 4 * LIMITS_SOURCES; i++) {
        snprintf(host, sizeof host, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        gone(host, 0);
    }
    ck_assert(from("198.51.100.1", 0));
    ck_assert(!from("198.51.100.1", 0));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("limits");
    TCase *t = tcase_create("limits");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, limits_of_zero_limit_nothing);
    tcase_add_test(t, limits_max_connections_hold_over_all_workers);
    tcase_add_test(t, limits_leave_gives_back_no_more_than_was_taken);
    tcase_add_test(t, limits_of_a_killed_worker_are_free_for_its_successor);
    tcase_add_test(t, limits_rate_lets_a_second_of_burst_through_then_the_rate);
    tcase_add_test(t, limits_rate_refusal_holds_no_connection);
    tcase_add_test(t, limits_sources_are_counted_apart);
    tcase_add_test(t, limits_ipv6_source_is_a_64);
    tcase_add_test(t, limits_source_without_an_address_is_not_counted);
    tcase_add_test(t, limits_full_table_admits_newcomers_and_frees_places);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
