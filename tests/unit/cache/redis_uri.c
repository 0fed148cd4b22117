/* SPDX-License-Identifier: MIT
 *
 * redis_uri.c - URIs of redis stores: what they say, and what is said of wrong ones. */
#include "cache/redis/uri.h"
#include "cache/store_open.h"
#include "tests/fuzz/fuzz_redis_uri.c"
#include "tests/unit/corpus.h"
#include "tests/unit/unit.h"

static const struct {
    const char *uri;
    struct rp_redis_place place; /* what differs from the default */
} right[] = {
    {"redis://h", {.host_count = 1, .hosts = {{"h", 6379}}}},
    {"redis://h:1/2", {.host_count = 1, .hosts = {{"h", 1}}, .db = 2}},
    {"redis://u:p%40@h",
     {.host_count = 1, .hosts = {{"h", 6379}}, .account = {.user = "u", .password = "p@"}}},
    {"redis://:a@b@h", {.host_count = 1, .hosts = {{"h", 6379}}, .account = {.password = "a@b"}}},
    {"redis://[::1]:7", {.host_count = 1, .hosts = {{"::1", 7}}}},
    {"redis://[::1]", {.host_count = 1, .hosts = {{"::1", 6379}}}},
    {"redis://h/", {.host_count = 1, .hosts = {{"h", 6379}}}},
    {"rediss://h?ca=/x&servername=s",
     {.host_count = 1, .hosts = {{"h", 6379}}, .tls = true, .ca = "/x", .servername = "s"}},
    {"redis+unix:/a/b", {.host_count = 1, .hosts = {{"/a/b", 0}}}},
    {"redis+unix:/a@b?user=c@d",
     {.host_count = 1, .hosts = {{"/a@b", 0}}, .account = {.user = "c@d"}}},
    {"redis+unix:///a/b", {.host_count = 1, .hosts = {{"/a/b", 0}}}},
    {"redis+unix:///a%40/b%3F", {.host_count = 1, .hosts = {{"/a@/b?", 0}}}},
    {"redis+unix://:p%2Fq@/a/b",
     {.host_count = 1, .hosts = {{"/a/b", 0}}, .account = {.password = "p/q"}}},
    {"redis+unix://u:a@b@/a?db=1",
     {.host_count = 1, .hosts = {{"/a", 0}}, .account = {.user = "u", .password = "a@b"}, .db = 1}},
    {"redis+unix://u@/a?password-file=/f",
     {.host_count = 1, .hosts = {{"/a", 0}}, .account = {.user = "u", .password_file = "/f"}}},
    {"redis+unix:/a?db=4", {.host_count = 1, .hosts = {{"/a", 0}}, .db = 4}},
    {"redis+sentinel://a,b:2,[::1]/m?db=3",
     {.form = RP_REDIS_SENTINEL,
      .host_count = 3,
      .hosts = {{"a", 26379}, {"b", 2}, {"::1", 26379}},
      .master = "m",
      .db = 3}},
    {"redis+sentinel://u:p,q@a/m%2fn?sentinel-user=s&sentinel-password-file=/f",
     {.form = RP_REDIS_SENTINEL,
      .host_count = 1,
      .hosts = {{"a", 26379}},
      .master = "m/n",
      .account = {.user = "u", .password = "p,q"},
      .sentinel = {.user = "s", .password_file = "/f"}}},
    {"rediss+sentinel://a/m?ca=/x",
     {.form = RP_REDIS_SENTINEL,
      .host_count = 1,
      .hosts = {{"a", 26379}},
      .master = "m",
      .tls = true,
      .ca = "/x"}},
    {"redis+cluster://a,b:7000",
     {.form = RP_REDIS_CLUSTER, .host_count = 2, .hosts = {{"a", 6379}, {"b", 7000}}}},
    {"rediss+cluster://u:p@a/?key=/k&password-file=/f",
     {.form = RP_REDIS_CLUSTER,
      .host_count = 1,
      .hosts = {{"a", 6379}},
      .tls = true,
      .key = "/k",
      .account = {.user = "u", .password = "p", .password_file = "/f"}}},
};

static void same_account(const struct rp_redis_account *a, const struct rp_redis_account *b)
{
    ck_assert_str_eq(a->user, b->user);
    ck_assert_str_eq(a->password, b->password);
    ck_assert_str_eq(a->password_file, b->password_file);
}

START_TEST(uri_says_where)
{
    const struct rp_redis_place *expected = &right[_i].place;
    struct rp_redis_place p;
    struct rp_error err = {0};

    ck_assert_msg(rp_redis_place_parse(&p, right[_i].uri, &err), "%s", err.message);
    ck_assert(rp_redis_uri_is(right[_i].uri) && rp_store_uri_is_remote(right[_i].uri));
    ck_assert_int_eq(p.form, expected->form);
    ck_assert_uint_eq(p.host_count, expected->host_count);
    for (size_t i = 0; i < p.host_count; i++)
        ck_assert(rp_redis_host_equal(&p.hosts[i], &expected->hosts[i]));
    ck_assert_str_eq(p.master, expected->master);
    same_account(&p.account, &expected->account);
    same_account(&p.sentinel, &expected->sentinel);
    ck_assert_str_eq(p.ca, expected->ca);
    ck_assert_str_eq(p.key, expected->key);
    ck_assert_str_eq(p.servername, expected->servername);
    ck_assert_str_eq(p.prefix, "reprise:");
    ck_assert_uint_eq(p.timeout_ms, RP_REDIS_TIMEOUT_MS);
    ck_assert_uint_eq(p.db, expected->db);
    ck_assert_int_eq(p.tls, expected->tls);
}
END_TEST

static const struct {
    const char *uri, *why;
} bad[] = {
    {"redis:h", "redis://[user:password@]host"},
    {"redis://", "host, port or database"},
    {"redis://h:0", "host, port or database"},
    {"redis://h:65536", "host, port or database"},
    {"redis://h:x", "host, port or database"},
    {"redis://a,b:1:2", "host, port or database"},
    {"redis://h/x", "host, port or database"},
    {"redis://h/99999999999999", "host, port or database"},
    {"redis://[::1", "host, port or database"},
    {"redis://[]:1", "host, port or database"},
    {"redis://[::1]x", "host, port or database"},
    {"redis://a%zz", "host, port or database"},
    {"redis://a%4", "host, port or database"},
    {"redis://a%00", "host, port or database"},
    {"redis://u:s3cret%zz@h",
     "the password of the redis store is too long, or has an invalid % escape"},
    {"redis://u:s3cret%@h", "the password of the redis store"},
    {"redis://:%00s3cret@h", "the password of the redis store"},
    {"redis://u%4:s3cret@h", "the user of the redis store"},
    {"redis://s3cret%@h", "the user of the redis store"},
    {"redis+sentinel://u:%s3cret@a,b/m", "the password of the redis store"},
    {"rediss+cluster://u:%s3cret@a", "the password of the redis store"},
    {"redis://u:a/s3cret@h", "has an @ after its /: in a password, write %2F for a /"},
    {"redis://u:a?s3cret@h", "has an @ after its ?: in a password, write %3F for a ?"},
    {"redis+sentinel://u:a/s3cret@h/m", "in a password, write %2F for a /"},
    {"redis+unix:", "the path of the redis+unix: store is missing"},
    {"redis+unix:?db=1", "the path of the redis+unix: store is missing"},
    {"redis+unix://", "the path of the redis+unix: store is missing"},
    {"redis+unix://:s3cret@", "the path of the redis+unix: store is missing"},
    {"redis+unix://:s3cret@?db=1", "the path of the redis+unix: store is missing"},
    {"redis+unix://:s3cret@a/b", "the path of the redis+unix: store is missing"},
    {"redis+unix://a/b", "the path of the redis+unix: store is missing"},
    {"redis+unix::s3cret@/a", "an @ before a /"},
    {"redis+unix:u:s3cret@a", "an @ before a /"},
    {"redis+unix:/:s3cret@/a", "an @ before a /"},
    {"redis+unix://:%s3cret@/a", "the password of the redis store"},
    {"redis+unix://:a/s3cret@/a", "in a password, write %2F for a /"},
    {"redis+unix://:a?s3cret@/a", "in a password, write %3F for a ?"},
    {"redis+unix:///a?password=s3cret", "password is not an option"},
    {"redis+unix://:s3cret@/a?password=s3cret", "option 1 of the redis store is invalid"},
    {"redis+unix://:s3cret@/a?x=s3cret", "option 1 of the redis store is invalid"},
    {"redis://h?password=s3cret", "password is not an option"},
    {"redis+sentinel://a/m?sentinel-password=s3cret", "sentinel-password is not an option"},
    {"redis+cluster://a?timeout=s3cret", "timeout of the redis store must be 1 to 60000"},
    {"redis+sentinel://a,b", "sentinels or the master name"},
    {"redis+sentinel://a,b/", "sentinels or the master name"},
    {"redis+sentinel://a,,b/m", "sentinels or the master name"},
    {"redis+sentinel://a,/m", "sentinels or the master name"},
    {"redis+sentinel:///m", "sentinels or the master name"},
    {"redis+sentinel://a/m/2", "sentinels or the master name"},
    {"redis+sentinel://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17/m", "sentinels or the master"},
    {"redis+cluster://a/1", "hosts or ports of the redis cluster"},
    {"redis+cluster://a:0", "hosts or ports of the redis cluster"},
    {"redis+cluster://", "hosts or ports of the redis cluster"},
    {"redis+cluster://a?db=1", "db is invalid for a redis cluster"},
    {"redis://h?nonsense=1", "nonsense is not an option"},
    {"redis://h?s3cret=1", "option 1 of the redis store is invalid: valid options are prefix"},
    {"redis://h?db=1&a@b=1", "has an @ after its ?"},
    {"redis://u:a@h?db=1&password=1",
     "option 2 of the redis store is invalid: valid options are prefix"},
    {"redis://h?db=1&s3cret", "option 2 of the redis store is not of the form name=value"},
    {"redis://h?timeout=0", "timeout of the redis store must be 1 to 60000"},
    {"redis://h?timeout", "option 1 of the redis store is not of the form name=value"},
    {"redis://u:1?s3cret@h", "in a password, write %3F for a ?"},
    {"redis://u:1?s3cret=@h", "in a password, write %3F for a ?"},
    {"redis://h?db=x", "db of the redis store must be 0 to 65535"},
    {"redis://h?prefix=012345678901234567890123456789012", "prefix of the redis store is too long"},
    {"redis://h?user=%4", "user of the redis store is too long"},
    {"redis://h?ca=/x", "ca is an option for TLS"},
    {"redis+sentinel://h/m?key=/x", "key is an option for TLS"},
    {"redis+cluster://h?sentinel-user=/x", "sentinel-user is an option for redis+sentinel://"},
};

START_TEST(wrong_uri_is_told_what_would_be_right)
{
    struct rp_redis_place p;
    struct rp_error err = {0};

    ck_assert(!rp_redis_place_parse(&p, bad[_i].uri, &err));
    ck_assert_str_eq(err.code, "ERR_STORE_URI");
    ck_assert_msg(strstr(err.message, bad[_i].why) != NULL, "%s: %s", bad[_i].uri, err.message);
    ck_assert(!rp_store_check_uri(bad[_i].uri, &err));
    ck_assert_ptr_null(strstr(err.message, "s3cret"));
}
END_TEST

/* Of other kinds, or of none. */
START_TEST(password_of_what_is_no_store_is_not_shown)
{
    static const char *const uris[] = {"reddis://:s3cret@h",
                                       "u:s3cret@h",
                                       "s3cret@h",
                                       "s3cret",
                                       "s3cret/x:y",
                                       "lmdb:x?password=s3cret",
                                       "lmdb:x?size=1M?a=s3cret"};
    struct rp_error err;

    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        ck_assert(!rp_store_check_uri(uris[i], &err));
        ck_assert_msg(strstr(err.message, "s3cret") == NULL, "%s: %s", uris[i], err.message);
    }
}
END_TEST

START_TEST(host_is_shown_as_people_write_it)
{
    char text[RP_REDIS_TEXT + 16];
    struct rp_redis_host four = {"10.0.0.1", 7}, six = {"::1", 7}, path = {"/x", 0};

    ck_assert_str_eq(rp_redis_host_format(&four, text), "10.0.0.1:7");
    ck_assert_str_eq(rp_redis_host_format(&six, text), "[::1]:7");
    ck_assert_str_eq(rp_redis_host_format(&path, text), "/x");
    ck_assert(!rp_redis_uri_is("redis+nonsense:x"));
    ck_assert(!rp_redis_uri_is("redis"));
    ck_assert(!rp_redis_host_equal(&four, &six));
}
END_TEST

START_TEST(corpus_of_the_fuzzer_is_held_to_its_rules)
{
    corpus_replay("tests/fuzz/corpus/redis_uri", LLVMFuzzerTestOneInput);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_uri");
    TCase *tc = tcase_create("uri");

    tcase_add_loop_test(tc, uri_says_where, 0, sizeof right / sizeof *right);
    tcase_add_loop_test(tc, wrong_uri_is_told_what_would_be_right, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tc, host_is_shown_as_people_write_it);
    tcase_add_test(tc, password_of_what_is_no_store_is_not_shown);
    tcase_add_test(tc, corpus_of_the_fuzzer_is_held_to_its_rules);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
