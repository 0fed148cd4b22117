/* SPDX-License-Identifier: MIT
 *
 * cluster_keys.c - the workers of a cluster have the same ticket keys without being told to (M1),
 * and a change in one of them stays there (M2). */
#include <check.h>
#include <reprise/reprise.h>
#include <signal.h>
#include <string.h>

#include "tests/unit/goldens.h"
#include "tests/unit/unit.h"

enum { WORKERS = 2, REPORTS = 4 };

static struct rp_loop *loop;
static struct rp_cluster *cluster;
static uint8_t reports[REPORTS][RP_TICKET_KEYS_SIZE];
static unsigned reported;
static bool closed;

/* Tells its keys, then changes them, which nobody else notices. */
static int work(struct rp_worker *w, struct rp_loop *l, void *arg)
{
    struct rp_server *server = rp_server_new(l, NULL, NULL);
    uint8_t keys[RP_TICKET_KEYS_SIZE], other[RP_TICKET_KEYS_SIZE];

    (void)arg;
    if (server == NULL || !rp_server_get_ticket_keys(server, keys) ||
        !rp_worker_send(w, keys, sizeof keys, NULL))
        return 1;
    memset(other, 7, sizeof other);
    if (!rp_server_set_ticket_keys(server, other, sizeof other, false, NULL))
        return 1;
    rp_loop_run(l);
    rp_server_free(server);
    return 0;
}

static void on_message(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_uint_eq(e->message.len, RP_TICKET_KEYS_SIZE);
    ck_assert_uint_lt(reported, REPORTS);
    memcpy(reports[reported++], e->message.bytes, e->message.len);
    if (reported == REPORTS)
        rp_cluster_stop(cluster);
    else if (reported >= WORKERS) /* those that take its place have the same */
        ck_assert(rp_cluster_kill(cluster, e->message.id, SIGKILL));
}

static void on_close(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    closed = true;
}

START_TEST(workers_share_ticket_keys_without_being_asked)
{
    struct rp_cluster_options o = {.workers = WORKERS, .worker = work, .respawn_min_ms = 1};
    struct rp_server *apart;
    uint8_t keys[RP_TICKET_KEYS_SIZE];
    json_t *goldens = golden_json("more.json"), *golden = json_object_get(goldens, "cluster auto");

    /* As with node: the same, for who comes late too, and changes stay where they are made. */
    ck_assert(json_is_true(json_object_get(golden, "same_keys")));
    ck_assert(json_is_true(json_object_get(golden, "late_worker_gets_original")));
    ck_assert(json_is_false(json_object_get(golden, "set_in_one_propagates")));
    json_decref(goldens);
    loop = rp_loop_new(NULL);
    cluster = rp_cluster_new(loop, &o, NULL);
    ck_assert_ptr_nonnull(cluster);
    rp_cluster_on(cluster, RP_EV_MESSAGE, on_message, NULL);
    rp_cluster_on(cluster, RP_EV_CLOSE, on_close, NULL);
    while (!closed)
        rp_loop_turn(loop, true);
    for (unsigned i = 1; i < REPORTS; i++)
        ck_assert_mem_eq(reports[0], reports[i], RP_TICKET_KEYS_SIZE);
    apart = rp_server_new(loop, NULL, NULL); /* the primary's own servers are no workers */
    ck_assert(rp_server_get_ticket_keys(apart, keys));
    ck_assert_mem_ne(keys, reports[0], RP_TICKET_KEYS_SIZE);
    rp_server_free(apart);
    rp_cluster_free(cluster);
    rp_loop_free(loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cluster_keys");
    TCase *tc = tcase_create("keys");

    tcase_add_test(tc, workers_share_ticket_keys_without_being_asked);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
