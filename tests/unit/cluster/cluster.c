/* SPDX-License-Identifier: MIT
 *
 * cluster.c - real workers, forked, killed, replaced and asked to leave. */
#include "tests/unit/unit.h"

#include "lib/cluster/backoff.h"
#include <reprise/cluster.h>

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_SIZE = 64 };

static struct rp_loop *loop;
static struct rp_cluster *cluster;

/* What the primary heard, in order. */
static struct heard {
    enum rp_event_type type;
    unsigned id;
    int pid, status;
    char text[64];
    uint64_t at_ms;
    uint32_t wait_ms;
} heard[LOG_SIZE];
static size_t heard_count;
static enum rp_event_type free_at = RP_EV_COUNT;

static void on_event(const struct rp_event *event, void *arg)
{
    struct heard *h = &heard[heard_count];

    (void)arg;
    ck_assert_uint_lt(heard_count, LOG_SIZE);
    heard_count++;
    h->type = event->type;
    h->at_ms = rp_loop_now(loop);
    h->wait_ms = event->type == RP_EV_EXIT ? rp_cluster_respawn_ms(cluster, event->worker.id) : 0;
    if (event->type == RP_EV_MESSAGE) {
        h->id = event->message.id;
        ck_assert_uint_lt(event->message.len, sizeof h->text);
        memcpy(h->text, event->message.bytes, event->message.len);
    } else if (event->type != RP_EV_CLOSE) {
        h->id = event->worker.id;
        h->pid = event->worker.pid;
        h->status = event->worker.status;
    }
    if (event->type == free_at) {
        rp_cluster_free(cluster);
        cluster = NULL;
    }
}

static size_t count_of(enum rp_event_type type)
{
    size_t n = 0;

    for (size_t i = 0; i < heard_count; i++)
        n += heard[i].type == type;
    return n;
}

static const struct heard *nth(enum rp_event_type type, size_t n)
{
    for (size_t i = 0; i < heard_count; i++)
        if (heard[i].type == type && n-- == 0)
            return &heard[i];
    ck_abort_msg("event %d was not heard", type);
    return NULL;
}

static void wait_for(enum rp_event_type type, size_t n)
{
    while (count_of(type) < n)
        rp_loop_turn(loop, true);
}

static void start_with(const struct rp_cluster_options *options)
{
    static const enum rp_event_type types[] = {RP_EV_FORK, RP_EV_ONLINE,     RP_EV_MESSAGE,
                                               RP_EV_EXIT, RP_EV_DISCONNECT, RP_EV_CLOSE};

    cluster = rp_cluster_new(loop, options, NULL);
    ck_assert_ptr_nonnull(cluster);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        ck_assert(rp_cluster_on(cluster, types[i], on_event, NULL));
}

static void start(int (*worker)(struct rp_worker *, struct rp_loop *, void *), unsigned workers)
{
    start_with(&(struct rp_cluster_options){.workers = workers, .worker = worker});
}

static void say(struct rp_worker *worker, const char *text)
{
    rp_worker_send(worker, text, strlen(text), NULL);
}

static void set_up(void)
{
    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(loop);
}

static void tear_down(void)
{
    rp_cluster_free(cluster);
    rp_loop_free(loop);
}

/* -- workers */

static void echo(const struct rp_event *event, void *arg)
{
    rp_worker_send(arg, event->message.bytes, event->message.len, NULL);
}

static int echoing(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    (void)arg;
    rp_worker_on(worker, RP_EV_MESSAGE, echo, worker);
    rp_worker_online(worker);
    rp_loop_run(own);
    return 0;
}

static int dying(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    (void)own, (void)arg;
    say(worker, "last words");
    return 3;
}

/* The first one dies, the second one lives. */
static int dying_beside_another(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    (void)arg;
    if (rp_worker_id(worker) == 0)
        return 3;
    rp_loop_run(own);
    return 0;
}

static void on_disconnect(const struct rp_event *event, void *arg)
{
    (void)event;
    say(arg, "leaving");
}

static int draining(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    (void)arg;
    rp_worker_on(worker, RP_EV_DISCONNECT, on_disconnect, worker);
    rp_worker_online(worker);
    rp_loop_run(own); /* nothing but the channel is on it */
    return 0;
}

static size_t open_sockets(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t sockets = 0;

    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat st;

        if (fstat((int)strtol(entry->d_name, NULL, 10), &st) == 0 && S_ISSOCK(st.st_mode))
            sockets++;
    }
    closedir(dir);
    return sockets;
}

static int counting_sockets(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    char text[32];

    (void)arg;
    snprintf(text, sizeof text, "%zu", open_sockets());
    say(worker, text);
    rp_worker_online(worker);
    rp_loop_run(own);
    return 0;
}

static void handler(int signum)
{
    (void)signum;
}

static int looking_at_signals(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    struct sigaction usr1, usr2;
    sigset_t mask;

    (void)own, (void)arg;
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGUSR2, NULL, &usr2);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    say(worker,
        usr1.sa_handler == SIG_DFL && usr2.sa_handler == SIG_IGN && !sigismember(&mask, SIGTERM)
            ? "clean"
            : "not clean");
    return 0;
}

/* Speaks on its channel without the frame. */
static int babbling(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    (void)worker, (void)arg;
    for (int fd = 0; fd < 256; fd++)
        send(fd, "\xff nonsense", 10, MSG_NOSIGNAL);
    rp_loop_run(own);
    return 0;
}

/* -- tests */

START_TEST(cluster_forks_workers_and_talks_with_each)
{
    start(echoing, 3);
    ck_assert_uint_eq(rp_cluster_count(cluster), 3);
    wait_for(RP_EV_ONLINE, 3);
    for (unsigned id = 0; id < 3; id++) {
        char text[16];

        snprintf(text, sizeof text, "hello %u", id);
        ck_assert(rp_cluster_send(cluster, id, text, strlen(text), NULL));
        wait_for(RP_EV_MESSAGE, id + 1);
        ck_assert_uint_eq(nth(RP_EV_MESSAGE, id)->id, id);
        ck_assert_str_eq(nth(RP_EV_MESSAGE, id)->text, text);
    }
    ck_assert_uint_eq(count_of(RP_EV_FORK), 3);
    ck_assert(!rp_cluster_send(cluster, 3, "x", 1, NULL));
}
END_TEST

START_TEST(cluster_replaces_killed_worker_in_its_slot)
{
    start(echoing, 2);
    wait_for(RP_EV_ONLINE, 2);
    ck_assert(rp_cluster_kill(cluster, 1, SIGKILL));
    wait_for(RP_EV_ONLINE, 3);
    ck_assert_uint_eq(nth(RP_EV_EXIT, 0)->id, 1);
    ck_assert_int_eq(WTERMSIG(nth(RP_EV_EXIT, 0)->status), SIGKILL);
    ck_assert_uint_eq(count_of(RP_EV_DISCONNECT), 1);
    ck_assert_uint_eq(nth(RP_EV_ONLINE, 2)->id, 1);
    ck_assert_int_ne(nth(RP_EV_ONLINE, 2)->pid, nth(RP_EV_EXIT, 0)->pid);
    ck_assert_int_eq(rp_cluster_pid(cluster, 1), nth(RP_EV_ONLINE, 2)->pid);
}
END_TEST

START_TEST(cluster_throttles_worker_that_dies_young)
{
    static const uint64_t waits[] = {0, 20, 40, 80, 80};

    start_with(&(struct rp_cluster_options){
        .workers = 1, .worker = dying, .respawn_min_ms = 20, .respawn_max_ms = 80});
    wait_for(RP_EV_FORK, 6);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(nth(RP_EV_EXIT, i)->wait_ms, waits[i]);
        ck_assert_uint_ge(nth(RP_EV_FORK, i + 1)->at_ms + 1, nth(RP_EV_FORK, i)->at_ms + waits[i]);
    }
}
END_TEST

START_TEST(cluster_without_any_worker_waits_no_longer_than_its_own_limit)
{
    static const uint32_t waits[] = {0, 20, 30, 30, 30};

    start_with(&(struct rp_cluster_options){.workers = 1,
                                            .worker = dying,
                                            .respawn_min_ms = 20,
                                            .respawn_max_ms = 30000,
                                            .respawn_none_ms = 30});
    wait_for(RP_EV_EXIT, 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(nth(RP_EV_EXIT, i)->wait_ms, waits[i]);
}
END_TEST

/* The first of two that die may have to wait: the other one still runs. */
START_TEST(cluster_with_a_worker_that_runs_keeps_its_delays)
{
    static const uint32_t waits[] = {0, 20, 40, 80};

    start_with(&(struct rp_cluster_options){.workers = 2,
                                            .worker = dying_beside_another,
                                            .respawn_min_ms = 20,
                                            .respawn_max_ms = 30000,
                                            .respawn_none_ms = 1});
    wait_for(RP_EV_EXIT, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(nth(RP_EV_EXIT, i)->id, 0);
        ck_assert_uint_eq(nth(RP_EV_EXIT, i)->wait_ms, waits[i]);
    }
}
END_TEST

START_TEST(cluster_hears_last_words_before_the_end)
{
    start_with(&(struct rp_cluster_options){.workers = 1, .worker = dying, .no_respawn = true});
    wait_for(RP_EV_EXIT, 1);
    ck_assert_str_eq(nth(RP_EV_MESSAGE, 0)->text, "last words");
    ck_assert(nth(RP_EV_MESSAGE, 0) < nth(RP_EV_DISCONNECT, 0));
    ck_assert(nth(RP_EV_DISCONNECT, 0) < nth(RP_EV_EXIT, 0));
    ck_assert_int_eq(WEXITSTATUS(nth(RP_EV_EXIT, 0)->status), 3);
    ck_assert_int_eq(rp_cluster_pid(cluster, 0), 0);
    ck_assert(!rp_cluster_kill(cluster, 0, SIGKILL));
}
END_TEST

START_TEST(cluster_stops_when_the_last_worker_has_left)
{
    start(draining, 2);
    wait_for(RP_EV_ONLINE, 2);
    rp_cluster_stop(cluster);
    rp_loop_run(loop); /* nothing keeps it once the cluster has closed */
    ck_assert_uint_eq(count_of(RP_EV_MESSAGE), 2);
    ck_assert_str_eq(nth(RP_EV_MESSAGE, 0)->text, "leaving");
    ck_assert_uint_eq(count_of(RP_EV_EXIT), 2);
    ck_assert_int_eq(nth(RP_EV_EXIT, 0)->status, 0);
    ck_assert_int_eq(nth(RP_EV_EXIT, 1)->status, 0);
    ck_assert_int_eq(heard[heard_count - 1].type, RP_EV_CLOSE);
    ck_assert_uint_eq(count_of(RP_EV_CLOSE), 1);
}
END_TEST

START_TEST(cluster_stops_worker_that_listens_for_nothing)
{
    start(echoing, 1);
    wait_for(RP_EV_ONLINE, 1);
    rp_cluster_stop(cluster);
    wait_for(RP_EV_CLOSE, 1);
    ck_assert_int_eq(nth(RP_EV_EXIT, 0)->status, 0);
}
END_TEST

START_TEST(cluster_stopped_before_it_began_closes)
{
    start(echoing, 2);
    rp_cluster_stop(cluster);
    wait_for(RP_EV_CLOSE, 1);
    ck_assert_uint_eq(heard_count, 1);
}
END_TEST

START_TEST(cluster_freed_kills_its_workers)
{
    int pid;

    start(echoing, 1);
    wait_for(RP_EV_ONLINE, 1);
    pid = rp_cluster_pid(cluster, 0);
    rp_cluster_free(cluster);
    cluster = NULL;
    ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

static const enum rp_event_type any_event[] = {RP_EV_FORK, RP_EV_ONLINE, RP_EV_MESSAGE,
                                               RP_EV_DISCONNECT, RP_EV_EXIT};

START_TEST(cluster_may_be_freed_in_any_event)
{
    free_at = any_event[_i];
    start(free_at == RP_EV_ONLINE ? echoing : dying, 2);
    while (cluster != NULL)
        rp_loop_turn(loop, true);
    rp_loop_run(loop);
    ck_assert_int_eq(heard[heard_count - 1].type, any_event[_i]);
}
END_TEST

START_TEST(cluster_leaves_other_children_alone)
{
    pid_t other = fork();
    int status;

    if (other == 0)
        _exit(7);
    start(dying, 1);
    wait_for(RP_EV_EXIT, 3);
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(worker_holds_no_channel_but_its_own)
{
    struct rp_cluster *second;
    size_t before = open_sockets();
    char alone[32];

    second =
        rp_cluster_new(loop, &(struct rp_cluster_options){.workers = 1, .worker = echoing}, NULL);
    ck_assert_ptr_nonnull(second);
    rp_loop_turn(loop, true);
    ck_assert_int_ne(rp_cluster_pid(second, 0), 0);
    start(counting_sockets, 3);
    wait_for(RP_EV_MESSAGE, 3);
    snprintf(alone, sizeof alone, "%zu", before + 1);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(nth(RP_EV_MESSAGE, i)->text, alone);
    rp_cluster_free(second);
}
END_TEST

START_TEST(worker_is_born_with_clean_signals)
{
    struct sigaction action = {.sa_handler = handler};
    sigset_t term;

    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGUSR2, &action, NULL);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    start(looking_at_signals, 1);
    wait_for(RP_EV_MESSAGE, 1);
    ck_assert_str_eq(nth(RP_EV_MESSAGE, 0)->text, "clean");
}
END_TEST

START_TEST(cluster_kills_worker_that_breaks_the_rules)
{
    start_with(&(struct rp_cluster_options){.workers = 1, .worker = babbling, .no_respawn = true});
    wait_for(RP_EV_EXIT, 1);
    ck_assert_int_eq(WTERMSIG(nth(RP_EV_EXIT, 0)->status), SIGKILL);
    ck_assert_uint_eq(count_of(RP_EV_MESSAGE), 0);
}
END_TEST

/* Tells through a pipe that it saw the primary go. */
static int outliving(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    int *pipe_end = arg;

    (void)worker;
    rp_worker_online(worker);
    rp_loop_run(own);
    return write(*pipe_end, "gone", 4) == 4 ? 0 : 1;
}

START_TEST(worker_notices_that_the_primary_was_killed)
{
    char text[8] = "";
    int fds[2];
    pid_t primary;

    ck_assert_int_eq(pipe(fds), 0);
    primary = fork();
    if (primary == 0) {
        start_with(&(struct rp_cluster_options){.workers = 1, .worker = outliving, .arg = &fds[1]});
        wait_for(RP_EV_ONLINE, 1);
        kill(getpid(), SIGKILL);
    }
    close(fds[1]);
    ck_assert_int_eq(read(fds[0], text, sizeof text), 4); /* blocks until the worker wrote */
    ck_assert_str_eq(text, "gone");
    waitpid(primary, NULL, 0);
    close(fds[0]);
}
END_TEST

/* A worker that is itself the primary of a cluster. */
static void pass_up(const struct rp_event *event, void *arg)
{
    rp_worker_send(arg, event->message.bytes, event->message.len, NULL);
}

static int nesting(struct rp_worker *worker, struct rp_loop *own, void *arg)
{
    struct rp_cluster_options options = {.workers = 2, .worker = counting_sockets};
    struct rp_cluster *inner = rp_cluster_new(own, &options, NULL);

    (void)arg;
    rp_cluster_on(inner, RP_EV_MESSAGE, pass_up, worker);
    rp_loop_run(own);
    rp_cluster_free(inner);
    return 0;
}

START_TEST(worker_of_a_worker_holds_no_channel_but_its_own)
{
    char alone[32];

    snprintf(alone, sizeof alone, "%zu", open_sockets() + 1);
    start(nesting, 1);
    wait_for(RP_EV_MESSAGE, 2);
    ck_assert_str_eq(nth(RP_EV_MESSAGE, 0)->text, alone);
    ck_assert_str_eq(nth(RP_EV_MESSAGE, 1)->text, alone);
}
END_TEST

static const struct {
    uint64_t lived_ms;
    uint32_t wait_ms;
} lives[] = {{5, 0}, {5, 100}, {99, 200}, {299, 300}, {0, 300}, {0, 300}, {300, 0}, {1, 100}};

START_TEST(backoff_doubles_and_is_forgotten_after_a_long_life)
{
    struct rp_backoff backoff = {.min_ms = 100, .max_ms = 300};

    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        ck_assert_uint_eq(rp_backoff_after(&backoff, lives[i].lived_ms), lives[i].wait_ms);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cluster");
    TCase *t = tcase_create("cluster");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, cluster_forks_workers_and_talks_with_each);
    tcase_add_test(t, cluster_replaces_killed_worker_in_its_slot);
    tcase_add_test(t, cluster_throttles_worker_that_dies_young);
    tcase_add_test(t, cluster_without_any_worker_waits_no_longer_than_its_own_limit);
    tcase_add_test(t, cluster_with_a_worker_that_runs_keeps_its_delays);
    tcase_add_test(t, cluster_hears_last_words_before_the_end);
    tcase_add_test(t, cluster_stops_when_the_last_worker_has_left);
    tcase_add_test(t, cluster_stops_worker_that_listens_for_nothing);
    tcase_add_test(t, cluster_stopped_before_it_began_closes);
    tcase_add_test(t, cluster_freed_kills_its_workers);
    tcase_add_loop_test(t, cluster_may_be_freed_in_any_event, 0,
                        sizeof any_event / sizeof *any_event);
    tcase_add_test(t, cluster_leaves_other_children_alone);
    tcase_add_test(t, worker_holds_no_channel_but_its_own);
    tcase_add_test(t, worker_of_a_worker_holds_no_channel_but_its_own);
    tcase_add_test(t, worker_is_born_with_clean_signals);
    tcase_add_test(t, cluster_kills_worker_that_breaks_the_rules);
    tcase_add_test(t, worker_notices_that_the_primary_was_killed);
    tcase_add_test(t, backoff_doubles_and_is_forgotten_after_a_long_life);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
