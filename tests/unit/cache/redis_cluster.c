/* SPDX-License-Identifier: MIT
 *
 * redis_cluster.c - the store in a real cluster of three nodes: keys find their node, follow a slot
 * while it moves and when it has moved; a node that is lost costs its slots alone; nodes that are
 * dead, or made up, or no cluster at all. */
#include "cache/redis/map.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/store_client.h"
#include "tests/unit/unit.h"
#include <reprise/net.h>

enum { NODES = 3, KEYS = 60 };

static struct redis_server nodes[NODES + 1]; /* and a replica of the last one */
static char uri[400], ids[NODES][64];
static unsigned dead; /* a port where nobody is */

static void begin_node(struct redis_server *node)
{
    char bus[16];
    const char *more[] = {"--cluster-enabled",
                          "yes",
                          "--cluster-node-timeout",
                          "1000",
                          "--cluster-require-full-coverage",
                          "no",
                          "--cluster-port",
                          bus,
                          NULL};

    snprintf(bus, sizeof bus, "%u",
             redis_free_port()); /* by default 10000 more, which may be none */
    redis_server_begin(node, more);
}

/* The slots in three parts, known to all nodes; the ports of the bus are told by hand. */
static void form_cluster(void)
{
    static const unsigned first[NODES + 1] = {0, 5461, 10923, RP_REDIS_SLOTS};

    for (int i = 0; i < NODES; i++) {
        nodes[i].port = redis_free_port();
        begin_node(&nodes[i]);
        snprintf(ids[i], sizeof ids[i], "%s", redis_ask(&nodes[i], "CLUSTER MYID"));
        redis_ask(&nodes[i], "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
        ck_assert_str_eq(
            redis_ask(&nodes[i], "CLUSTER ADDSLOTSRANGE %u %u", first[i], first[i + 1] - 1), "OK");
    }
    nodes[NODES].port = redis_free_port();
    begin_node(&nodes[NODES]);
    for (int i = 1; i <= NODES; i++) {
        const char *myself = redis_ask(&nodes[i], "CLUSTER NODES"), *at = strchr(myself, '@');

        ck_assert_str_eq(redis_ask(&nodes[0], "CLUSTER MEET 127.0.0.1 %u %u", nodes[i].port,
                                   (unsigned)atoi(at + 1)),
                         "OK");
    }
    while (strcmp(redis_ask(&nodes[NODES], "CLUSTER REPLICATE %s", ids[2]), "OK") != 0)
        redis_pause(); /* until it has heard of it */
    for (int i = 0; i < NODES; i++)
        while (strstr(redis_ask(&nodes[i], "CLUSTER INFO"), "cluster_slots_ok:16384") == NULL ||
               strstr(redis_ask(&nodes[i], "CLUSTER INFO"), "cluster_state:ok") == NULL)
            redis_pause();
}

static void prepare_nodes(void)
{
    for (int i = 0; i <= NODES; i++)
        redis_server_prepare(&nodes[i]);
}

static void remove_nodes(void)
{
    for (int i = 0; i <= NODES; i++)
        redis_server_remove(&nodes[i]);
}

static void begin_loop(void)
{
    loop = rp_loop_new(NULL);
    dead = redis_free_port();
}

/* The cluster is one for several tests, each of which is a child of this process: they find it as
 * the one before has left it, but for the keys. */
static void begin_cluster(void)
{
    prepare_nodes();
    form_cluster();
}

static void setup_in_cluster(void)
{
    begin_loop();
    for (int i = 0; i <= NODES; i++)
        redis_ask(&nodes[i], "FLUSHALL");
}

static void setup(void)
{
    begin_loop();
    prepare_nodes();
}

static void teardown(void)
{
    end_loop();
    remove_nodes();
}

static const char *key_of(int i)
{
    static char key[16];

    snprintf(key, sizeof key, "key %d", i);
    return key;
}

static int slot_of(int i)
{
    char name[40];
    int len = snprintf(name, sizeof name, "reprise:%s", key_of(i));

    return rp_redis_slot_of(name, (size_t)len);
}

static void open_cluster(const char *options)
{
    snprintf(uri, sizeof uri, "redis+cluster://127.0.0.1:%u,127.0.0.1:%u?timeout=2000%s", dead,
             nodes[0].port, options);
    open_uri(uri);
}

static int keys_at(int node)
{
    return atoi(redis_ask(&nodes[node], "EVAL return(tostring(redis.call('DBSIZE'))) 0"));
}

START_TEST(keys_find_their_nodes)
{
    open_cluster("");
    for (int i = 0; i < KEYS; i++) /* the first ones wait for the map */
        ck_assert_int_eq(add(key_of(i), "one"), RP_STORE_OK);
    for (int i = 0; i < KEYS; i++) {
        ck_assert_int_eq(add(key_of(i), "two"), RP_STORE_EXISTS);
        ck_assert_str_eq(value, "one");
        ck_assert_int_eq(put(key_of(i), "three", 60000), RP_STORE_OK);
        ck_assert_int_eq(get(key_of(i)), RP_STORE_OK);
        ck_assert_str_eq(value, "three");
    }
    for (int i = 0; i < NODES; i++)
        ck_assert_int_gt(keys_at(i), KEYS / 10);
    ck_assert_int_eq(keys_at(0) + keys_at(1) + keys_at(2), KEYS);
    ck_assert_int_eq(drop(key_of(0)), RP_STORE_OK);
    ck_assert_int_eq(get(key_of(0)), RP_STORE_MISSING);
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

static void move_step(int step, int slot, int from, int to)
{
    switch (step) {
    case 0:
        redis_ask(&nodes[to], "CLUSTER SETSLOT %d IMPORTING %s", slot, ids[from]);
        redis_ask(&nodes[from], "CLUSTER SETSLOT %d MIGRATING %s", slot, ids[to]);
        break;
    case 1: /* its keys */
        redis_ask(&nodes[from],
                  "EVAL return(redis.call('MIGRATE','127.0.0.1','%u',"
                  "redis.call('KEYS','reprise:key*')[1],0,5000)) 0",
                  nodes[to].port);
        break;
    default:
        for (int i = 0; i < NODES; i++)
            redis_ask(&nodes[i], "CLUSTER SETSLOT %d NODE %s", slot, ids[to]);
    }
}

/* All verbs, before the move, in the midst of it (ASK), and after it (MOVED). */
START_TEST(slot_that_moves_is_followed)
{
    int slot = slot_of(1), from = slot < 5461 ? 0 : slot < 10923 ? 1 : 2, to = (from + 1) % NODES;

    open_cluster("");
    ck_assert_int_eq(put(key_of(1), "x", 0), RP_STORE_OK);
    for (int step = 0; step < 3; step++) {
        move_step(step, slot, from, to);
        ck_assert_int_eq(get(key_of(1)), RP_STORE_OK);
        ck_assert_str_eq(value, "x");
        ck_assert_int_eq(add(key_of(1), "y"), RP_STORE_EXISTS);
        ck_assert_int_eq(put(key_of(1), "x", 0), RP_STORE_OK);
        if (step == 1)
            ck_assert_int_eq(keys_at(from), 0);
    }
    ck_assert_int_eq(keys_at(to), 1);
    ck_assert_int_eq(drop(key_of(1)), RP_STORE_OK);
    ck_assert_int_eq(keys_at(to), 0);
    ck_assert_uint_eq(troubles, 0);
}
END_TEST

START_TEST(replica_takes_the_slots_of_its_master)
{
    struct redis_server *replica = &nodes[NODES];

    while (strstr(redis_ask(replica, "INFO replication"), "master_link_status:up") == NULL)
        redis_pause();
    while (strstr(redis_ask(replica, "CLUSTER INFO"), "cluster_slots_ok:16384") == NULL)
        redis_pause(); /* or it would not know which slots are its to take */
    for (int i = 0; i < NODES; i++)
        while (strstr(redis_ask(&nodes[i], "CLUSTER NODES"), " slave ") == NULL &&
               strstr(redis_ask(&nodes[i], "CLUSTER NODES"), ",slave ") == NULL)
            redis_pause();
    open_cluster("");
    for (int i = 0; i < KEYS; i++)
        ck_assert_int_eq(put(key_of(i), "x", 0), RP_STORE_OK);
    while (keys_at(NODES) < keys_at(2))
        redis_pause();
    redis_server_end(&nodes[2]);
    until_trouble();
    while (recoveries == 0)
        rp_loop_turn(loop, true);
    for (int i = 0; i < KEYS; i++)
        ck_assert_int_eq(get(key_of(i)), RP_STORE_OK);
    ck_assert_uint_eq(troubles, 1);
}
END_TEST

/* One store has a map from before, the other one has only the lost node to ask. */
START_TEST(node_that_is_lost_costs_its_slots_alone)
{
    struct rp_store *mapped;
    int lost = 0, found = 0;

    open_cluster("&prefix=p");
    for (int i = 0; i < KEYS; i++)
        ck_assert_int_eq(put(key_of(i), "x", 0), RP_STORE_OK);
    redis_server_end(&nodes[1]);
    for (int round = 0; round < 2; round++) {
        lost = found = 0;
        for (int i = 0; i < KEYS; i++)
            *(get(key_of(i)) == RP_STORE_OK ? &found : &lost) += 1;
        ck_assert_int_gt(lost, 0);
        ck_assert_int_gt(found, lost);
    }
    until_trouble();
    ck_assert_uint_eq(troubles, 1);
    mapped = store;
    snprintf(uri, sizeof uri, "redis+cluster://127.0.0.1:%u?timeout=10000", nodes[1].port);
    open_uri(uri);
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "ECONNREFUSED"));
    begin_node(&nodes[1]);
    while (recoveries < 2)
        rp_loop_turn(loop, true);
    until_well();
    rp_store_close(store);
    store = mapped;
    for (int i = 0; i < KEYS; i++)
        while (put(key_of(i), "x", 0) != RP_STORE_OK)
            rp_loop_turn(loop, true);
}
END_TEST

START_TEST(slots_without_a_node_are_told_and_heal)
{
    for (int i = NODES - 1; i >= 0; i--) /* word of their owner may be under way still */
        while (strstr(redis_ask(&nodes[i], "CLUSTER INFO"), "slots_assigned:16382") == NULL)
            redis_ask(&nodes[i], "CLUSTER DELSLOTS 16000 16001");
    open_cluster("");
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "no node for 2 of its 16384 slots"));
    ck_assert_str_eq(redis_ask(&nodes[2], "CLUSTER ADDSLOTS 16000 16001"), "OK");
    while (recoveries == 0)
        rp_loop_turn(loop, true);
    ck_assert_int_eq(put("a", "b", 0), RP_STORE_OK);
}
END_TEST

START_TEST(what_is_no_cluster_is_told)
{
    nodes[0].port = redis_free_port();
    redis_server_begin(&nodes[0], NULL);
    open_cluster("");
    ck_assert_int_eq(get("a"), RP_STORE_FAILED);
    until_trouble();
    ck_assert_ptr_nonnull(strstr(trouble.message, "redis node at 127.0.0.1"));
    ck_assert_ptr_nonnull(strstr(trouble.message, "error reply: ERR"));
}
END_TEST

START_TEST(store_may_be_closed_while_calls_wait_for_the_map)
{
    snprintf(uri, sizeof uri, "redis+cluster://127.0.0.1:%u,127.0.0.1:%u", dead, dead);
    open_uri(uri);
    close_while_it_is_asked("a");
}
END_TEST

/* -- nodes that are made up: at the port of nodes[0], and elsewhere */

static unsigned elsewhere;
static int split, maps, gets, probes; /* split: the slots behind it are elsewhere */
static const char *(*answer)(void);   /* to a GET at nodes[0]; elsewhere there is nothing */
static struct rp_listener_socket *fakes[2];
static bool left;

static bool has(const struct rp_event *e, const char *word)
{
    return memmem(e->data.bytes, e->data.len, word, strlen(word)) != NULL;
}

static void say(const struct rp_event *e, const char *text)
{
    rp_stream_write(e->target, text, strlen(text));
}

static void say_range(const struct rp_event *e, int from, int to, unsigned port)
{
    char text[100];

    snprintf(text, sizeof text, "*3\r\n:%d\r\n:%d\r\n*2\r\n$9\r\n127.0.0.1\r\n:%u\r\n", from, to,
             port);
    say(e, text);
}

static void say_map(const struct rp_event *e)
{
    bool all = split == RP_REDIS_SLOTS - 1;

    maps++;
    say(e, all ? "*1\r\n" : "*2\r\n");
    say_range(e, 0, split, nodes[0].port);
    if (!all)
        say_range(e, split + 1, RP_REDIS_SLOTS - 1, elsewhere);
}

/* Sends a SET elsewhere, and is gone before it has answered the GET behind it. */
static void on_asked(const struct rp_event *e, void *arg)
{
    char moved[60];

    (void)arg;
    probes += has(e, "probe");
    if (has(e, "PING"))
        say(e, "+PONG\r\n");
    if (has(e, "SLOTS") && split < 0)
        say(e, "-LOADING\r\n");
    else if (has(e, "SLOTS"))
        say_map(e);
    if (has(e, "$3\r\nSET")) {
        snprintf(moved, sizeof moved, "-MOVED 1 127.0.0.1:%u\r\n", elsewhere);
        say(e, moved);
        rp_stream_end(e->target);
    } else if (has(e, "$3\r\nGET")) {
        gets++;
        say(e, answer());
    }
}

static void on_asked_elsewhere(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (has(e, "PING"))
        say(e, "+PONG\r\n");
    if (has(e, "SLOTS"))
        say_map(e);
    if (has(e, "$3\r\nGET"))
        say(e, "$-1\r\n");
}

static void on_ignored(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
}

static void on_left(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    left = true;
}

static void accept_with(int fd, rp_listener *on_data)
{
    struct rp_stream *s = rp_net_open(loop, fd, NULL, NULL);

    rp_stream_on(s, RP_EV_DATA, on_data, NULL);
    if (on_data == on_ignored)
        rp_stream_on(s, RP_EV_CLOSE, on_left, NULL);
    rp_stream_on(s, RP_EV_ERROR, on_ignored, NULL);
    rp_stream_unref(s);
}

static void on_connection(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                          void *arg)
{
    (void)l, (void)remote, (void)arg;
    accept_with(fd, on_asked);
}

static void on_connection_elsewhere(struct rp_listener_socket *l, int fd,
                                    const struct rp_address *remote, void *arg)
{
    (void)l, (void)remote;
    accept_with(fd, arg != NULL ? on_ignored : on_asked_elsewhere);
}

static int listen_at(unsigned *port)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    char where[32];
    int fd;

    *port = redis_free_port();
    snprintf(where, sizeof where, "127.0.0.1:%u", *port);
    ck_assert(rp_address_parse(&address, where, false, NULL));
    fd = rp_listen_open(&listen, NULL);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void begin_fakes(bool silent, const char *options)
{
    static int silence;

    split = RP_REDIS_SLOTS - 1;
    fakes[0] = rp_listener_start(loop, listen_at(&nodes[0].port), on_connection, NULL, NULL);
    fakes[1] = rp_listener_start(loop, listen_at(&elsewhere), on_connection_elsewhere,
                                 silent ? &silence : NULL, NULL);
    snprintf(uri, sizeof uri, "redis+cluster://127.0.0.1:%u?%s", nodes[0].port, options);
    open_uri(uri);
}

static void end_fakes(void)
{
    rp_store_close(store);
    store = NULL;
    rp_listener_stop(fakes[0], true);
    rp_listener_stop(fakes[1], true);
}

START_TEST(claim_whose_answers_come_in_the_wrong_order_is_none)
{
    begin_fakes(true, "timeout=100");
    ck_assert_int_eq(add("a", "x"), RP_STORE_FAILED); /* by the GET: the SET is under way */
    while (!left)
        rp_loop_turn(loop, true); /* until that is given up, which is told to nobody */
    end_fakes();
}
END_TEST

static const char *answer_down(void)
{
    return "-CLUSTERDOWN Hash slot not served\r\n";
}

static const char *answer_nothing(void)
{
    return "$-1\r\n";
}

/* Of the upper half. */
static int upper_key(void)
{
    int i = 0;

    while (slot_of(i) <= RP_REDIS_SLOTS / 2)
        i++;
    return i;
}

/* Not with the next look at the map, five seconds later; nor with each answer of that kind. */
START_TEST(slot_that_is_nobodys_is_looked_for_soon)
{
    int key = upper_key();

    answer = answer_down;
    begin_fakes(false, "timeout=2000");
    while (maps < 2) /* the next one is far away */
        rp_loop_turn(loop, true);
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(get(key_of(key)), RP_STORE_FAILED);
    ck_assert_int_lt(maps, 100);
    split = RP_REDIS_SLOTS / 2;
    while (get(key_of(key)) == RP_STORE_FAILED)
        rp_loop_turn(loop, true);
    ck_assert_int_lt(probes, 4); /* one a second */
    ck_assert_uint_eq(troubles, 1);
    end_fakes();
}
END_TEST

/* Each time to another node, where nobody is. */
static const char *answer_moved(void)
{
    static char moved[60];

    snprintf(moved, sizeof moved, "-MOVED 1 127.0.0.1:%d\r\n", gets);
    return moved;
}

START_TEST(nodes_that_nobody_needs_make_room_for_those_of_the_map)
{
    int key = upper_key();

    answer = answer_nothing;
    begin_fakes(false, "timeout=2000");
    ck_assert_int_eq(get(key_of(key)), RP_STORE_MISSING);
    answer = answer_moved;
    split = -1; /* no map meanwhile */
    gets = 0;
    for (int i = 0; gets < RP_REDIS_NOBODY + 2; i++)
        ck_assert_int_eq(get(key_of(i)), RP_STORE_FAILED);
    split = RP_REDIS_SLOTS / 2;
    maps = 0;
    while (get(key_of(key)) == RP_STORE_FAILED && maps < 3)
        rp_loop_turn(loop, true);
    ck_assert_int_eq(get(key_of(key)), RP_STORE_MISSING);
    end_fakes();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis_cluster");
    TCase *cluster = tcase_create("cluster"), *tc = tcase_create("others");

    tcase_set_timeout(cluster, 60);
    tcase_add_unchecked_fixture(cluster, begin_cluster, remove_nodes);
    tcase_add_checked_fixture(cluster, setup_in_cluster, end_loop);
    tcase_add_test(cluster, keys_find_their_nodes);
    tcase_add_test(cluster, slot_that_moves_is_followed);
    tcase_add_test(cluster, slots_without_a_node_are_told_and_heal);
    tcase_add_test(cluster, replica_takes_the_slots_of_its_master);
    tcase_add_test(cluster, node_that_is_lost_costs_its_slots_alone); /* another one */
    suite_add_tcase(suite, cluster);
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_no_cluster_is_told);
    tcase_add_test(tc, store_may_be_closed_while_calls_wait_for_the_map);
    tcase_add_test(tc, claim_whose_answers_come_in_the_wrong_order_is_none);
    tcase_add_test(tc, slot_that_is_nobodys_is_looked_for_soon);
    tcase_add_test(tc, nodes_that_nobody_needs_make_room_for_those_of_the_map);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
