/* SPDX-License-Identifier: MIT
 *
 * redis_map.c - slots of keys, maps of clusters, redirections, masters: read right, or refused. */
#include "tests/fuzz/fuzz_redis_map.c"
#include "tests/unit/corpus.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static struct rp_redis_reader reader;
static const struct rp_redis_host asked = {"asked", 1};

static redisReply *reply_of(const char *text)
{
    redisReply *reply;

    ck_assert(rp_redis_reader_begin(&reader));
    ck_assert(rp_redis_reader_feed(&reader, text, strlen(text)));
    ck_assert(rp_redis_reader_next(&reader, 65536, &reply));
    ck_assert_ptr_nonnull(reply);
    return reply;
}

/* As redis-server 7.0 answers CLUSTER KEYSLOT. */
static const struct {
    const char *key;
    uint16_t slot;
} keys[] = {
    {"123456789", 12739},  {"foo", 12182},  {"", 0},         {"{foo}bar", 12182},
    {"a{foo}b{c}", 12182}, {"{}foo", 9500}, {"{foo", 13308}, {"foo}", 15679},
    {"{{foo}}", 13308},    {"x", 16287},
};

START_TEST(slot_is_that_of_redis)
{
    ck_assert_uint_eq(rp_redis_slot_of(keys[_i].key, strlen(keys[_i].key)), keys[_i].slot);
}
END_TEST

/* Also for who owns one slot alone. */
START_TEST(key_is_found_for_each_owner)
{
    static const char *const prefixes[] = {"", "reprise:", "{open",
                                           "{}01234567890123456789012345678"};
    static uint8_t owner[RP_REDIS_SLOTS];
    char key[RP_REDIS_TEXT];

    for (unsigned slot = 0; slot < RP_REDIS_SLOTS; slot += 251) {
        const char *prefix = prefixes[slot % 4];

        owner[slot] = 7;
        ck_assert(rp_redis_key_of(key, prefix, owner, 7));
        ck_assert_uint_eq(rp_redis_slot_of(key, strlen(key)), slot);
        ck_assert_int_eq(strncmp(key, prefix, strlen(prefix)), 0);
        owner[slot] = 0;
    }
    ck_assert(!rp_redis_key_of(key, "p", owner, 7));
    owner[0] = 7;
    ck_assert(!rp_redis_key_of(key, "{tag}", owner, 7));
}
END_TEST

START_TEST(map_says_who_has_what)
{
    static struct rp_redis_map map;
    redisReply *reply = reply_of("*3\r\n"
                                 "*4\r\n:0\r\n:5\r\n"
                                 "*4\r\n$1\r\na\r\n:7000\r\n$2\r\nid\r\n*0\r\n"
                                 "*2\r\n$1\r\nr\r\n:1\r\n" /* a replica: none of ours */
                                 "*3\r\n:7\r\n:7\r\n*2\r\n$-1\r\n:7001\r\n"
                                 "*3\r\n:8\r\n:16383\r\n*2\r\n$1\r\na\r\n:7000\r\n");

    ck_assert(rp_redis_map_read(&map, reply, &asked));
    ck_assert_uint_eq(map.master_count, 2);
    ck_assert_str_eq(map.masters[0].name, "a");
    ck_assert_uint_eq(map.masters[0].port, 7000);
    ck_assert_str_eq(map.masters[1].name, "asked");
    ck_assert_uint_eq(map.masters[1].port, 7001);
    ck_assert_uint_eq(map.owner[0], 0);
    ck_assert_uint_eq(map.owner[5], 0);
    ck_assert_uint_eq(map.owner[6], RP_REDIS_NOBODY);
    ck_assert_uint_eq(map.owner[7], 1);
    ck_assert_uint_eq(map.owner[16383], 0);
    freeReplyObject(reply);
}
END_TEST

static const char *const no_maps[] = {
    "*0\r\n",
    "$3\r\nabc\r\n",
    "-ERR This instance has cluster support disabled\r\n",
    "*1\r\n:1\r\n",
    "*1\r\n*2\r\n:0\r\n:1\r\n",
    "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:65536\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\n?\r\n:1\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n",
    "*1\r\n*3\r\n:0\r\n:1\r\n$1\r\na\r\n",
    "*1\r\n*3\r\n$1\r\n0\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n",
};

START_TEST(nonsense_is_no_map)
{
    static struct rp_redis_map map;
    redisReply *reply = reply_of(no_maps[_i]);

    ck_assert(!rp_redis_map_read(&map, reply, &asked));
    freeReplyObject(reply);
}
END_TEST

static const struct {
    const char *error;
    bool ok;
    struct rp_redis_redirection to;
} redirections[] = {
    {"-MOVED 3999 10.0.0.1:6381\r\n", true, {3999, false, {"10.0.0.1", 6381}}},
    {"-ASK 0 ::1:7\r\n", true, {0, true, {"::1", 7}}},
    {"-ASK 16383 name.example:7\r\n", true, {16383, true, {"name.example", 7}}},
    {"-MOVED 1 :7\r\n", true, {1, false, {"asked", 7}}},
    {"-MOVED\r\n", false, {.slot = 0}},
    {"-MOVED 1\r\n", false, {.slot = 0}},
    {"-MOVED 1 a\r\n", false, {.slot = 0}},
    {"-MOVED 16384 a:1\r\n", false, {.slot = 0}},
    {"-MOVED x a:1\r\n", false, {.slot = 0}},
    {"-MOVED 1 a:0\r\n", false, {.slot = 0}},
    {"-MOVED 1 a:65536\r\n", false, {.slot = 0}},
    {"-MOVED 1 ?:1\r\n", false, {.slot = 0}},
    {"-MOVEDX 1 a:1\r\n", false, {.slot = 0}},
    {"-TRYAGAIN 1 a:1\r\n", false, {.slot = 0}},
    {"$12\r\nMOVED 1 a:1x\r\n", false, {.slot = 0}},
};

START_TEST(redirection_says_where_to)
{
    redisReply *reply = reply_of(redirections[_i].error);
    struct rp_redis_redirection to;

    ck_assert_int_eq(rp_redis_redirection_read(&to, reply, &asked), redirections[_i].ok);
    if (redirections[_i].ok) {
        ck_assert_uint_eq(to.slot, redirections[_i].to.slot);
        ck_assert_int_eq(to.ask, redirections[_i].to.ask);
        ck_assert(rp_redis_host_equal(&to.host, &redirections[_i].to.host));
    }
    freeReplyObject(reply);
}
END_TEST

static const struct {
    const char *reply;
    bool ok;
} masters[] = {
    {"*2\r\n$1\r\nm\r\n$4\r\n6379\r\n", true},
    {"*-1\r\n", false}, /* it knows no such master */
    {"*2\r\n$1\r\nm\r\n:6379\r\n", false},
    {"*2\r\n$0\r\n\r\n$1\r\n1\r\n", false},
    {"*2\r\n$1\r\nm\r\n$1\r\n0\r\n", false},
    {"*2\r\n$1\r\nm\r\n$5\r\n65536\r\n", false},
    {"*1\r\n$1\r\nm\r\n", false},
    {"-IDONTKNOW\r\n", false},
};

START_TEST(master_is_an_address_or_none)
{
    redisReply *reply = reply_of(masters[_i].reply);
    struct rp_redis_host host;

    ck_assert_int_eq(rp_redis_master_read(&host, reply), masters[_i].ok);
    if (masters[_i].ok) {
        ck_assert_str_eq(host.name, "m");
        ck_assert_uint_eq(host.port, 6379);
    }
    freeReplyObject(reply);
}
END_TEST

START_TEST(reply_that_announces_too_much_is_garbage)
{
    static const char *const greedy[] = {"*2147483647\r\n", "*65537\r\n:1\r\n"};
    static char fill[2000];
    redisReply *reply;

    for (size_t i = 0; i < 2; i++) {
        ck_assert(rp_redis_reader_begin(&reader));
        ck_assert(rp_redis_reader_feed(&reader, greedy[i], strlen(greedy[i])));
        ck_assert(!rp_redis_reader_next(&reader, 1000, &reply));
    }
    ck_assert(rp_redis_reader_begin(&reader));
    ck_assert(rp_redis_reader_feed(&reader, "$5000\r\n", 7));
    ck_assert(rp_redis_reader_next(&reader, 1000, &reply));
    ck_assert(rp_redis_reader_feed(&reader, fill, sizeof fill));
    ck_assert(!rp_redis_reader_next(&reader, 1000, &reply));
}
END_TEST

START_TEST(corpus_of_the_fuzzer_is_held_to_its_rules)
{
    corpus_replay("tests/fuzz/corpus/redis_map", LLVMFuzzerTestOneInput);
}
END_TEST

static void end(void)
{
    rp_redis_reader_end(&reader);
}

int main(void)
{
    Suite *suite = suite_create("redis_map");
    TCase *tc = tcase_create("map");

    tcase_add_checked_fixture(tc, NULL, end);
    tcase_add_loop_test(tc, slot_is_that_of_redis, 0, sizeof keys / sizeof *keys);
    tcase_add_test(tc, key_is_found_for_each_owner);
    tcase_add_test(tc, map_says_who_has_what);
    tcase_add_loop_test(tc, nonsense_is_no_map, 0, sizeof no_maps / sizeof *no_maps);
    tcase_add_loop_test(tc, redirection_says_where_to, 0,
                        sizeof redirections / sizeof *redirections);
    tcase_add_loop_test(tc, master_is_an_address_or_none, 0, sizeof masters / sizeof *masters);
    tcase_add_test(tc, reply_that_announces_too_much_is_garbage);
    tcase_add_test(tc, corpus_of_the_fuzzer_is_held_to_its_rules);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
