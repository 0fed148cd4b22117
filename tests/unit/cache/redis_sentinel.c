/* SPDX-License-Identifier: MIT
 *
 * redis_sentinel.c - the store behind real sentinels: the master is found, lost, failed over and
 * found again; sentinels that are dead, ignorant or wrong. */
#include "tests/unit/redis_server.h"
#include "tests/unit/store_client.h"
#include "tests/unit/unit.h"
#include <reprise/net.h>

static struct redis_server master, replica, sentinel;
static char uri[400];
static unsigned dead; /* a port where nobody is */

static void begin_pair(void)
{
    char port[16];
    const char *more[] = {"--replicaof", "127.0.0.1", port, NULL};

    master.port = redis_free_port();
    replica.port = redis_free_port();
    snprintf(port, sizeof port, "%u", master.port);
    redis_server_begin(&master, NULL);
    redis_server_begin(&replica, more);
    while (strstr(redis_ask(&replica, "INFO replication"), "master_link_status:up") == NULL)
        redis_pause();
}

/* It watches what is at that port under the name of m. */
static void begin_sentinel(unsigned port, const char *more)
{
    char lines[600];

    snprintf(lines, sizeof lines,
             "sentinel monitor m 127.0.0.1 %u 1\nsentinel down-after-milliseconds m 300\n"
             "sentinel failover-timeout m 2000\n%s",
             port, more);
    sentinel.port = redis_free_port();
    redis_sentinel_begin(&sentinel, lines);
}

static void await_replica(void)
{
    while (strstr(redis_ask(&sentinel, "INFO sentinel"), "slaves=1") == NULL)
        redis_pause();
}

static void setup(void)
{
    loop = rp_loop_new(NULL);
    redis_server_prepare(&master);
    redis_server_prepare(&replica);
    redis_server_prepare(&sentinel);
    dead = redis_free_port();
}

static void teardown(void)
{
    end_loop();
    redis_server_remove(&sentinel);
    redis_server_remove(&replica);
    redis_server_remove(&master);
}

START_TEST(master_is_found_behind_a_dead_sentinel)
{
    master.port = redis_free_port();
    redis_server_begin(&master, NULL);
    begin_sentinel(master.port, "");
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u/m?timeout=2000", dead,
             sentinel.port);
    open_uri(uri);
    ck_assert_int_eq(get("a"), RP_STORE_MISSING); /* it waits for the master */
    ck_assert_int_eq(add("a", "one"), RP_STORE_OK);
    ck_assert_int_eq(add("a", "two"), RP_STORE_EXISTS);
    ck_assert_str_eq(value, "one");
    ck_assert_int_eq(drop("a"), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

START_TEST(failover_is_followed_without_help)
{
    begin_pair();
    begin_sentinel(master.port, "");
    await_replica();
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u/m?timeout=1000&db=2",
             sentinel.port, dead);
    open_uri(uri);
    until_well();
    ck_assert_int_eq(put("a", "before", 0), RP_STORE_OK);
    while (strstr(redis_ask(&replica, "INFO keyspace"), "db2") == NULL)
        redis_pause();
    redis_server_end(&master);
    until_trouble();
    ck_assert_int_eq(get("a"), RP_STORE_FAILED); /* at once */
    until_well();
    ck_assert_int_eq(get("a"), RP_STORE_OK);
    ck_assert_str_eq(value, "before");
    ck_assert_int_eq(put("b", "after", 0), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 1);
    ck_assert_uint_eq(recoveries, 1);
    ck_assert_ptr_nonnull(strstr(redis_ask(&replica, "INFO replication"), "role:master"));
}
END_TEST

START_TEST(master_that_is_no_longer_named_is_left)
{
    begin_pair();
    begin_sentinel(master.port, "");
    await_replica();
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u/m?timeout=1000", sentinel.port);
    open_uri(uri);
    until_well();
    /* it refuses until it has heard enough of the replica; both live on */
    while (strcmp(redis_ask(&sentinel, "SENTINEL FAILOVER m"), "OK") != 0)
        redis_pause();
    while (strstr(redis_ask(&replica, "INFO replication"), "role:master") == NULL)
        redis_pause();
    while (strcmp(redis_ask(&replica, "GET reprise:here"), "now") != 0) {
        put("here", "now", 0); /* the old one takes it too, until the sentinel is asked again */
        redis_pause();
        rp_loop_turn(loop, false);
    }
    ck_assert_int_eq(put("here", "later", 0), RP_STORE_OK);
    ck_assert_str_eq(redis_ask(&replica, "GET reprise:here"), "later");
}
END_TEST

START_TEST(replica_is_no_master_whatever_a_sentinel_says)
{
    begin_pair();
    redis_ask(&master, "CONFIG SET min-replicas-to-write 0");
    begin_sentinel(master.port, "");
    /* a sentinel that is made to name the replica */
    redis_ask(&sentinel, "SENTINEL REMOVE m");
    redis_ask(&sentinel, "SENTINEL MONITOR m 127.0.0.1 %u 2", replica.port);
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u/m?timeout=1000", sentinel.port);
    open_uri(uri);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "not a master"));
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    redis_ask(&sentinel, "SENTINEL REMOVE m");
    redis_ask(&sentinel, "SENTINEL MONITOR m 127.0.0.1 %u 2", master.port);
    until_well();
    ck_assert_uint_eq(troubles, 1);
}
END_TEST

/* -- what a sentinel names, and is no Redis */

static void on_ignored(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
}

static void on_asked(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (memmem(e->data.bytes, e->data.len, "ROLE", 4) != NULL)
        rp_stream_write(e->target, "+OK\r\n", 5);
    if (memmem(e->data.bytes, e->data.len, "PING", 4) != NULL)
        rp_stream_write(e->target, "+PONG\r\n", 7);
}

static void on_connection(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                          void *arg)
{
    struct rp_stream *s = rp_net_open(loop, fd, NULL, NULL);

    (void)l, (void)remote, (void)arg;
    rp_stream_on(s, RP_EV_DATA, on_asked, NULL);
    rp_stream_on(s, RP_EV_ERROR, on_ignored, NULL);
    rp_stream_unref(s);
}

START_TEST(role_that_is_none_is_refused)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_listener_socket *fake;
    char where[32];

    master.port = redis_free_port();
    snprintf(where, sizeof where, "127.0.0.1:%u", master.port);
    ck_assert(rp_address_parse(&address, where, false, NULL));
    fake = rp_listener_start(loop, rp_listen_open(&listen, NULL), on_connection, NULL, NULL);
    ck_assert_ptr_nonnull(fake);
    begin_sentinel(master.port, "");
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u/m?timeout=500", sentinel.port);
    open_uri(uri);
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "not a master"));
    rp_store_close(store);
    store = NULL;
    rp_listener_stop(fake, true);
    redis_server_end(&sentinel); /* it may have a connection to the fake, too */
}
END_TEST

/* Each is told what it lacks, there and at the sentinel. */
START_TEST(user_without_a_command_is_told_all_that_it_needs)
{
    master.port = redis_free_port();
    redis_server_begin(&master, NULL);
    begin_sentinel(master.port, "");
    redis_ask(&master, "ACL SETUSER default -role");
    snprintf(uri, sizeof uri,
             "redis+sentinel://127.0.0.1:%u/m?timeout=1000&prefix=p:", sentinel.port);
    open_uri(uri);
    until_trouble();
    ck_assert_msg(strstr(trouble.message, "+get +set +del +select +ping +role ~p:*)") != NULL, "%s",
                  trouble.message);
    redis_ask(&master, "ACL SETUSER default +role");
    until_well();
    rp_store_close(store);

    redis_ask(&sentinel, "ACL SETUSER default -sentinel");
    open_uri(uri);
    until_trouble();
    ck_assert_msg(strstr(trouble.message, "+sentinel +ping") != NULL, "%s", trouble.message);
    redis_ask(&sentinel, "ACL SETUSER default +sentinel");
    until_well();
}
END_TEST

START_TEST(unknown_master_and_absent_sentinels_are_told_and_heal)
{
    master.port = redis_free_port();
    redis_server_begin(&master, NULL);
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u/nobody?timeout=500", dead);
    open_uri(uri);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "sentinel at 127.0.0.1"));
    ck_assert_ptr_nonnull(strstr(trouble.message, "ECONNREFUSED"));
    rp_store_close(store);

    begin_sentinel(master.port, "");
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u/nobody?timeout=500", sentinel.port);
    open_uri(uri);
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "knows no master nobody"));
    redis_ask(&sentinel, "SENTINEL MONITOR nobody 127.0.0.1 %u 1", master.port);
    until_well();
    redis_server_end(&sentinel); /* no trouble while the master is up */
    ck_assert_int_eq(put("a", "b", 0), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 1);
    redis_server_end(&master);
    while (troubles == 1)
        rp_loop_turn(loop, true);
    redis_server_begin(&master, NULL); /* where it was: no sentinel is needed */
    until_well();
}
END_TEST

START_TEST(passwords_of_sentinels_and_of_the_master_are_two)
{
    const char *more[] = {"--requirepass", "m-secret", NULL};
    char file[100];
    FILE *out;

    master.port = redis_free_port();
    redis_server_begin(&master, more);
    begin_sentinel(master.port, "sentinel auth-pass m m-secret\nrequirepass s-secret\n");
    snprintf(uri, sizeof uri, "redis+sentinel://:m-secret@127.0.0.1:%u/m?timeout=1000",
             sentinel.port);
    open_uri(uri);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "NOAUTH"));
    ck_assert_ptr_null(strstr(trouble.message, "secret"));
    rp_store_close(store);

    snprintf(file, sizeof file, "%s/dump.rdb", sentinel.dir); /* a name that is cleared away */
    out = fopen(file, "we");
    fputs("s-secret\n", out);
    fclose(out);
    snprintf(uri, sizeof uri,
             "redis+sentinel://:m-secret@127.0.0.1:%u/m?timeout=1000&sentinel-password-file=%s",
             sentinel.port, file);
    open_uri(uri);
    until_well();
    ck_assert_int_eq(put("a", "b", 0), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

START_TEST(store_may_be_closed_while_calls_wait_for_the_master)
{
    snprintf(uri, sizeof uri, "redis+sentinel://127.0.0.1:%u,127.0.0.1:%u/m", dead, dead);
    open_uri(uri);
    close_while_it_is_asked("a");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_sentinel");
    TCase *tc = tcase_create("sentinel");

    tcase_set_timeout(tc, 30); /* sentinels think in seconds */
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, master_is_found_behind_a_dead_sentinel);
    tcase_add_test(tc, failover_is_followed_without_help);
    tcase_add_test(tc, master_that_is_no_longer_named_is_left);
    tcase_add_test(tc, replica_is_no_master_whatever_a_sentinel_says);
    tcase_add_test(tc, role_that_is_none_is_refused);
    tcase_add_test(tc, user_without_a_command_is_told_all_that_it_needs);
    tcase_add_test(tc, unknown_master_and_absent_sentinels_are_told_and_heal);
    tcase_add_test(tc, passwords_of_sentinels_and_of_the_master_are_two);
    tcase_add_test(tc, store_may_be_closed_while_calls_wait_for_the_master);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
