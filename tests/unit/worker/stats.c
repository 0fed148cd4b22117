/* SPDX-License-Identifier: MIT
 *
 * stats.c - rows of counters: claimed by processes, summed over all. */
#include "worker/stats.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stats *stats;

static void setup(void)
{
    stats = stats_new(NULL);
    ck_assert_ptr_nonnull(stats);
}

static void teardown(void)
{
    stats_free(stats);
}

/* Another process claims a row of this slot, counts one handshake, and dies without releasing. */
static struct stats_row *row_of_dead_process(unsigned slot)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct stats_row *row = stats_claim(stats, slot);

        if (row == NULL)
            _exit(255);
        row->handshakes_full++;
        row->active = 7;
        _exit((int)(row - stats->rows));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
    return &stats->rows[WEXITSTATUS(status)];
}

START_TEST(stats_of_another_process_are_seen)
{
    struct stats_row *row = row_of_dead_process(3);

    ck_assert_uint_eq(row->handshakes_full, 1);
    ck_assert_uint_eq(row->slot, 3);
    ck_assert(!stats_alive(row));
}
END_TEST

START_TEST(stats_rows_of_living_processes_differ_in_equal_slots)
{
    struct stats_row *mine = stats_claim(stats, 0);

    ck_assert_int_eq(mine->pid, getpid());
    ck_assert(stats_alive(mine));
    ck_assert_ptr_ne(row_of_dead_process(0), mine);
    ck_assert_ptr_ne(stats_claim(stats, 0), mine);
}
END_TEST

START_TEST(stats_row_of_a_dead_process_goes_on_counting)
{
    struct stats_row *other = row_of_dead_process(1), *dead = row_of_dead_process(2);
    struct stats_row *mine;

    ck_assert_ptr_ne(other, dead);
    mine = stats_claim(stats, 2);
    ck_assert_ptr_eq(mine, dead);
    ck_assert_uint_eq(mine->handshakes_full, 1);
    ck_assert_uint_eq(mine->active, 0);
}
END_TEST

START_TEST(stats_released_row_is_free_again)
{
    struct stats_row *mine = stats_claim(stats, 0);

    mine->accepted = 5;
    stats_release(mine);
    ck_assert(!stats_alive(mine));
    ck_assert_ptr_eq(stats_claim(stats, 9), mine + 1);
    ck_assert_ptr_eq(stats_claim(stats, 0), mine);
    ck_assert_uint_eq(mine->accepted, 5);
}
END_TEST

START_TEST(stats_claim_gives_nothing_when_all_rows_live)
{
    for (size_t i = 0; i < STATS_ROWS; i++)
        ck_assert_ptr_nonnull(stats_claim(stats, (unsigned)i));
    ck_assert_ptr_null(stats_claim(stats, 0));
}
END_TEST

START_TEST(stats_sum_adds_each_counter)
{
    struct stats_row sum;

    for (int i = 0; i < 3; i++) {
        struct stats_row *row = stats_claim(stats, (unsigned)i);
#define X(name, metric, label, help) row->name = 1;
        STATS_COUNTERS(X)
#undef X
        row->sessions.stored = 1;
        row->sessions.foreign_ids = 1;
        row->active = 2;
    }
    stats_sum(stats, &sum);
#define X(name, metric, label, help) ck_assert_uint_eq(sum.name, 3);
    STATS_COUNTERS(X)
#undef X
    ck_assert_uint_eq(sum.sessions.stored, 3);
    ck_assert_uint_eq(sum.sessions.foreign_ids, 3);
    ck_assert_uint_eq(sum.active, 6);
    ck_assert_int_eq(sum.pid, 3);
}
END_TEST

START_TEST(stats_sum_counts_dead_rows_but_not_their_connections)
{
    struct stats_row sum;

    row_of_dead_process(0);
    stats_sum(stats, &sum);
    ck_assert_uint_eq(sum.handshakes_full, 1);
    ck_assert_uint_eq(sum.active, 0);
    ck_assert_int_eq(sum.pid, 0);
}
END_TEST

START_TEST(ends_are_counted_by_name_over_reloads)
{
    size_t www = stats_frontend(stats, "www"), api = stats_frontend(stats, "api");

    ck_assert_uint_ne(www, api);
    ck_assert_uint_eq(stats_frontend(stats, "www"), www);
    stats_count_end(stats, www, REASON_TCP_PROBE);
    stats_count_end(stats, www, REASON_TCP_PROBE);
    ck_assert_uint_eq(stats_ends(&stats->frontends[www], REASON_TCP_PROBE), 2);
    ck_assert_uint_eq(stats_ends(&stats->frontends[www], REASON_CLOSED), 0);
    ck_assert_uint_eq(stats_ends(&stats->frontends[api], REASON_TCP_PROBE), 0);
}
END_TEST

START_TEST(pauses_of_living_workers_are_told)
{
    struct stats_row *one = stats_claim(stats, 0), *two = stats_claim(stats, 1);
    struct stats_away paused;

    stats_paused(stats, &paused);
    ck_assert_uint_eq(paused.workers, 0);
    ck_assert_uint_eq(paused.since_s, 0);
    one->paused_s = 200;
    two->paused_s = 100;
    stats_paused(stats, &paused);
    ck_assert_uint_eq(paused.workers, 2);
    ck_assert_uint_eq(paused.since_s, 100);
    stats_release(two);
    stats_paused(stats, &paused);
    ck_assert_uint_eq(paused.workers, 1);
    ck_assert_uint_eq(paused.since_s, 200);
    two = stats_claim(stats, 1);
    ck_assert_uint_eq(two->paused_s, 0);
}
END_TEST

START_TEST(workers_that_are_stuck_are_told)
{
    struct stats_row *one = stats_claim(stats, 0), *two = stats_claim(stats, 1);
    struct stats_away stuck;

    one->stuck_s = 200;
    two->stuck_s = 100;
    stats_stuck(stats, &stuck);
    ck_assert_uint_eq(stuck.workers, 2);
    ck_assert_uint_eq(stuck.since_s, 100);
    stats_release(two);
    stats_stuck(stats, &stuck);
    ck_assert_uint_eq(stuck.workers, 1);
    two = stats_claim(stats, 1);
    ck_assert_uint_eq(two->stuck_s, 0);
}
END_TEST

START_TEST(names_have_an_end)
{
    char name[2 * STATS_NAME];
    size_t place = 0;

    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    ck_assert_uint_eq(stats_frontend(stats, name), 0); /* it is cut, and found again */
    ck_assert_uint_eq(stats_frontend(stats, name), 0);
    for (int i = 0; i < 2 * STATS_FRONTENDS; i++) {
        snprintf(name, sizeof name, "f%d", i);
        place = stats_frontend(stats, name);
        ck_assert_uint_lt(place, STATS_FRONTENDS);
    }
    ck_assert_uint_eq(place, STATS_FRONTENDS - 1);
    ck_assert_str_eq(stats->frontends[place].name, "other");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("stats");
    TCase *t = tcase_create("stats");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, stats_of_another_process_are_seen);
    tcase_add_test(t, stats_rows_of_living_processes_differ_in_equal_slots);
    tcase_add_test(t, stats_row_of_a_dead_process_goes_on_counting);
    tcase_add_test(t, stats_released_row_is_free_again);
    tcase_add_test(t, stats_claim_gives_nothing_when_all_rows_live);
    tcase_add_test(t, stats_sum_adds_each_counter);
    tcase_add_test(t, stats_sum_counts_dead_rows_but_not_their_connections);
    tcase_add_test(t, ends_are_counted_by_name_over_reloads);
    tcase_add_test(t, names_have_an_end);
    tcase_add_test(t, pauses_of_living_workers_are_told);
    tcase_add_test(t, workers_that_are_stuck_are_told);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
