/* SPDX-License-Identifier: MIT
 *
 * store_redis.c - the Redis store with a real redis-server: verbs, absence, silence, refusals; and
 * with a server that answers nonsense. */
#include "tests/unit/certs.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/store_client.h"
#include "tests/unit/unit.h"
#include <reprise/net.h>

static struct redis_server redis;

static void setup(void)
{
    loop = rp_loop_new(NULL);
    redis_server_prepare(&redis);
}

static void teardown(void)
{
    end_loop();
    redis_server_remove(&redis);
}

START_TEST(verbs_do_what_they_say)
{
    redis_server_begin(&redis, NULL);
    open_uri(redis.uri);
    ck_assert_int_eq(get("a"), RP_STORE_MISSING); /* it is asked behind the first greeting */
    ck_assert_int_eq(put("a", "one", 60000), RP_STORE_OK);
    ck_assert_int_eq(get("a"), RP_STORE_OK);
    ck_assert_str_eq(value, "one");
    ck_assert_int_eq(add("a", "two"), RP_STORE_EXISTS);
    ck_assert_str_eq(value, "one");
    ck_assert_int_eq(add("b", "two"), RP_STORE_OK);
    ck_assert_int_eq(get("b"), RP_STORE_OK);
    ck_assert_str_eq(value, "two");
    ck_assert_int_eq(drop("a"), RP_STORE_OK);
    ck_assert_int_eq(get("a"), RP_STORE_MISSING);
    ck_assert_int_eq(put("forever", "x", 0), RP_STORE_OK);
    ck_assert_int_eq(put("short", "x", 1), RP_STORE_OK);
    while (get("short") == RP_STORE_OK)
        ;
    ck_assert_int_eq(get("forever"), RP_STORE_OK);
    ck_assert_str_eq(rp_store_kind(store), "redis");
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

/* Somebody else's data under our key is a value that opens nothing, and can be replaced. */
START_TEST(value_of_another_type_is_an_empty_one)
{
    redis_server_begin(&redis, NULL);
    open_uri(redis.uri);
    until_well();
    redis_ask(&redis, "LPUSH reprise:a x");
    ck_assert_int_eq(get("a"), RP_STORE_OK);
    ck_assert_str_eq(value, "");
    ck_assert_int_eq(add("a", "one"), RP_STORE_EXISTS);
    ck_assert_str_eq(value, "");
    ck_assert_int_eq(drop("a"), RP_STORE_OK);
    ck_assert_int_eq(add("a", "one"), RP_STORE_OK);
    redis_ask(&redis, "DEL reprise:a");
    redis_ask(&redis, "SADD reprise:a x");
    ck_assert_int_eq(put("a", "two", 60000), RP_STORE_OK);
    ck_assert_int_eq(get("a"), RP_STORE_OK);
    ck_assert_str_eq(value, "two");
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

START_TEST(redis_that_comes_later_is_found)
{
    open_uri(redis.uri);
    until_trouble();
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    ck_assert_ptr_nonnull(strstr(trouble.message, redis.path));
    redis_server_begin(&redis, NULL);
    until_well();
    ck_assert_uint_eq(recoveries, 1);
    ck_assert_uint_eq(troubles, 1);
    redis_server_end(&redis);
    while (troubles == 1)
        rp_loop_turn(loop, true);
    ck_assert_int_eq(put("a", "b", 0), RP_STORE_FAILED);
    redis_server_begin(&redis, NULL);
    until_well();
    ck_assert_uint_eq(recoveries, 2);
}
END_TEST

/* Within one outage; it is one outage still. */
START_TEST(reason_is_told_again_when_it_changes)
{
    const char *more[] = {"--requirepass", "other", NULL};

    redis_server_begin(&redis, NULL);
    open_uri(redis.uri);
    until_well();
    redis_server_end(&redis);
    until_trouble();
    ck_assert_ptr_null(strstr(trouble.message, "NOAUTH"));
    redis_server_begin(&redis, more);
    while (strstr(trouble.message, "NOAUTH") == NULL)
        rp_loop_turn(loop, true);
    ck_assert_uint_ge(troubles, 2);
    ck_assert_uint_eq(recoveries, 0);
    ck_assert_uint_eq(store->counted->outages, 1);
    redis_server_end(&redis);
    redis_server_begin(&redis, NULL);
    until_well();
    ck_assert_uint_eq(recoveries, 1);
}
END_TEST

START_TEST(redis_that_is_silent_is_given_up)
{
    char uri[200];

    redis_server_begin(&redis, NULL);
    snprintf(uri, sizeof uri, "%s?timeout=2000", redis.uri);
    open_uri(uri);
    until_well();
    kill(redis.pid, SIGSTOP);
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    ck_assert_str_eq(trouble.code, "ETIMEDOUT");
    prepare();
    ck_assert_int_eq(rp_store_put(store, text("a"), text("b"), 0, &call), RP_STORE_FAILED);
    kill(redis.pid, SIGCONT);
    until_well();
    ck_assert_uint_eq(recoveries, 1);
}
END_TEST

START_TEST(password_user_database_and_prefix_are_used)
{
    const char *more[] = {"--requirepass", "se:cr@t/", NULL};
    char uri[300], file[100];
    FILE *out;

    redis_server_begin(&redis, more);
    open_uri(redis.uri);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "NOAUTH"));
    rp_store_close(store);

    snprintf(file, sizeof file, "%s/password", redis.dir);
    out = fopen(file, "w");
    fputs("wrong-one\n", out);
    fclose(out);
    snprintf(uri, sizeof uri, "%s?password-file=%s&user=default", redis.uri, file);
    open_uri(uri);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "WRONGPASS"));
    ck_assert_ptr_nonnull(strstr(trouble.message, "password-file"));
    ck_assert_ptr_null(strstr(trouble.message, "wrong-one"));
    out = fopen(file, "w"); /* it is read again for each connection */
    fputs("se:cr@t/\n", out);
    fclose(out);
    until_well();
    ck_assert_int_eq(put("a", "here", 0), RP_STORE_OK);
    rp_store_close(store);

    snprintf(uri, sizeof uri, "%s?password-file=%s&db=3", redis.uri, file);
    open_uri(uri);
    until_well();
    ck_assert_int_eq(get("a"), RP_STORE_MISSING);
    rp_store_close(store);
    snprintf(uri, sizeof uri, "%s?password-file=%s&prefix=other:", redis.uri, file);
    open_uri(uri);
    until_well();
    ck_assert_int_eq(get("a"), RP_STORE_MISSING);
    unlink(file);
}
END_TEST

START_TEST(full_redis_is_one_trouble_however_much_is_read)
{
    const char *more[] = {"--maxmemory", "1", "--maxmemory-policy", "noeviction", NULL};

    redis_server_begin(&redis, more);
    open_uri(redis.uri);
    until_well();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(put("a", "b", 0), RP_STORE_FAILED);
        ck_assert_int_eq(get("a"), RP_STORE_MISSING); /* it can be read */
        ck_assert_int_eq(add("a", "b"), RP_STORE_FAILED);
        ck_assert_int_eq(drop("a"), RP_STORE_OK);
    }
    ck_assert_ptr_nonnull(strstr(trouble.message, "OOM"));
    ck_assert_uint_eq(troubles, 1);
    ck_assert_uint_eq(recoveries, 0);
    redis_ask(&redis, "CONFIG SET maxmemory 0");
    while (recoveries == 0) /* it finds out by itself */
        rp_loop_turn(loop, true);
    ck_assert_int_eq(put("a", "b", 0), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 1);
}
END_TEST

START_TEST(read_only_redis_is_left_until_it_is_a_master)
{
    redis_server_begin(&redis, NULL);
    open_uri(redis.uri);
    until_well();
    redis_ask(&redis, "REPLICAOF 127.0.0.1 1");
    ck_assert_int_eq(put("a", "c", 0), RP_STORE_FAILED);
    ck_assert_ptr_nonnull(strstr(trouble.message, "READONLY"));
    for (unsigned i = 0; i < 5; i++) { /* attempts to come back fail, and are not told again */
        ck_assert_int_eq(get("a"), RP_STORE_FAILED);
        rp_loop_turn(loop, true);
    }
    ck_assert_uint_eq(troubles, 1);
    ck_assert_uint_eq(recoveries, 0);
    redis_ask(&redis, "REPLICAOF NO ONE");
    until_well();
    ck_assert_int_eq(put("a", "c", 0), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 1);
}
END_TEST

START_TEST(cancelled_call_is_not_answered)
{
    struct rp_store_reply now;

    redis_server_begin(&redis, NULL);
    open_uri(redis.uri);
    until_well();
    prepare();
    ck_assert_int_eq(rp_store_get(store, text("a"), &now, &call), RP_STORE_LATER);
    rp_store_cancel(&call);
    memset(&call, 0xee, sizeof call); /* its memory may be anything now */
    ck_assert_int_eq(put("b", "c", 0), RP_STORE_OK);
    close_while_it_is_asked("a");
}
END_TEST

static unsigned count;

static void on_counted(struct rp_store_call *c, const struct rp_store_reply *reply)
{
    char expected[16];

    snprintf(expected, sizeof expected, "k%u", count++);
    ck_assert_ptr_nonnull(c);
    ck_assert_uint_eq(reply->value.len, strlen(expected));
    ck_assert_mem_eq(reply->value.bytes, expected, strlen(expected));
}

START_TEST(many_calls_are_answered_in_order_and_all)
{
    static struct rp_store_call calls[500];
    struct rp_store_reply now;

    redis_server_begin(&redis, NULL);
    open_uri(redis.uri);
    until_well();
    for (size_t i = 0; i < 500; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%zu", i);
        ck_assert_int_eq(rp_store_put(store, text(key), text(key), 60000, NULL), RP_STORE_OK);
    }
    for (size_t i = 0; i < 500; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%zu", i);
        calls[i] = (struct rp_store_call){.done = on_counted};
        ck_assert_int_eq(rp_store_get(store, text(key), &now, &calls[i]), RP_STORE_LATER);
    }
    while (count < 500)
        rp_loop_turn(loop, true);
}
END_TEST

/* -- over TLS */

START_TEST(rediss_verifies_the_server)
{
    struct cert leaf =
        cert_make((struct cert_request){.cn = "localhost", .alt = "DNS:redis.example"});
    char cert[100], key[100], port[16], uri[400];
    const char *more[] = {"--tls-port",
                          port,
                          "--tls-cert-file",
                          cert,
                          "--tls-key-file",
                          key,
                          "--tls-ca-cert-file",
                          cert,
                          "--tls-auth-clients",
                          "no",
                          NULL};
    FILE *out;

    snprintf(port, sizeof port, "%u", redis_free_port());
    snprintf(cert, sizeof cert, "%s/cert", redis.dir);
    snprintf(key, sizeof key, "%s/key", redis.dir);
    out = fopen(cert, "w");
    fputs(leaf.pem, out);
    fclose(out);
    out = fopen(key, "w");
    fputs(leaf.key_pem, out);
    fclose(out);
    redis_server_begin(&redis, more);

    snprintf(uri, sizeof uri, "rediss://127.0.0.1:%s?ca=%s&servername=redis.example", port, cert);
    open_uri(uri);
    until_well();
    ck_assert_int_eq(put("a", "b", 0), RP_STORE_OK);
    rp_store_close(store);
    snprintf(uri, sizeof uri, "rediss://127.0.0.1:%s?ca=%s&servername=other.example", port, cert);
    open_uri(uri);
    until_trouble();
    ck_assert_str_eq(trouble.code, "ERR_TLS_CERT_ALTNAME_INVALID");
    unlink(cert);
    unlink(key);
    cert_free(&leaf);
}
END_TEST

/* -- a server that answers what it likes, once it was greeted */

static const struct {
    const char *after_greeting;
    size_t repeat; /* the rest of the answer, so many times */
} nonsense[] = {
    {"garbage\r\n", 0},
    {"$-7\r\n", 0},
    {"$999999999\r\n", 100000},
    {"*1000000\r\n", 0},
    {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", 0},
    {":42\r\n", 0},
    {"+OK\r\n+OK\r\n+OK\r\n", 0},
    {"", 0},
    {NULL, 0}, /* silence */
    {"%2\r\n", 0},
};
static size_t which;
static struct rp_listener_socket *listener;

static void on_liar(const struct rp_event *e, void *arg)
{
    static const char fill[1000] = "x";

    (void)arg;
    if (memmem(e->data.bytes, e->data.len, "PING", 4) != NULL) {
        rp_stream_write(e->target, ":0\r\n+PONG\r\n", 11); /* to DEL and PING */
        return;
    }
    if (nonsense[which].after_greeting == NULL)
        return;
    rp_stream_write(e->target, nonsense[which].after_greeting,
                    strlen(nonsense[which].after_greeting));
    for (size_t i = 0; i < nonsense[which].repeat; i += sizeof fill)
        rp_stream_write(e->target, fill, sizeof fill);
    if (nonsense[which].after_greeting[0] == '\0')
        rp_stream_end(e->target);
}

static void on_ignored(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
}

static void on_connection(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                          void *arg)
{
    struct rp_stream *s = rp_net_open(loop, fd, NULL, NULL);

    (void)l, (void)remote, (void)arg;
    rp_stream_on(s, RP_EV_DATA, on_liar, NULL);
    rp_stream_on(s, RP_EV_ERROR, on_ignored, NULL);
    rp_stream_unref(s);
}

START_TEST(nonsense_is_a_miss_and_no_harm)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    char where[128], uri[160];
    enum rp_store_status status = RP_STORE_FAILED;
    unsigned tries = 0;

    which = (size_t)_i;
    snprintf(where, sizeof where, "unix:%s", redis.path);
    ck_assert(rp_address_parse(&address, where, false, NULL));
    listener = rp_listener_start(loop, rp_listen_open(&listen, NULL), on_connection, NULL, NULL);
    snprintf(uri, sizeof uri, "%s?timeout=50", redis.uri);
    open_uri(uri);
    while (tries < 4) { /* that were asked, whatever came of them */
        struct rp_store_reply now;

        prepare();
        if (rp_store_get(store, text("a"), &now, &call) == RP_STORE_LATER) {
            tries++;
            while (!answered)
                rp_loop_turn(loop, true);
            status = last.status;
            ck_assert_int_ne(status, RP_STORE_OK);
        } else {
            rp_loop_turn(loop, true);
        }
    }
    ck_assert_uint_eq(troubles, 1); /* a greeting that is answered is no recovery */
    ck_assert_uint_eq(recoveries, 0);
    rp_store_close(store);
    store = NULL;
    rp_listener_stop(listener, true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_redis");
    TCase *tc = tcase_create("redis");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, verbs_do_what_they_say);
    tcase_add_test(tc, value_of_another_type_is_an_empty_one);
    tcase_add_test(tc, redis_that_comes_later_is_found);
    tcase_add_test(tc, reason_is_told_again_when_it_changes);
    tcase_add_test(tc, redis_that_is_silent_is_given_up);
    tcase_add_test(tc, password_user_database_and_prefix_are_used);
    tcase_add_test(tc, full_redis_is_one_trouble_however_much_is_read);
    tcase_add_test(tc, read_only_redis_is_left_until_it_is_a_master);
    tcase_add_test(tc, cancelled_call_is_not_answered);
    tcase_add_test(tc, many_calls_are_answered_in_order_and_all);
    tcase_add_test(tc, rediss_verifies_the_server);
    tcase_add_loop_test(tc, nonsense_is_a_miss_and_no_harm, 0, sizeof nonsense / sizeof *nonsense);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
