/* SPDX-License-Identifier: MIT
 *
 * generation.c - the master's side of a generation; see generation.h.
 * The danger: a process that hangs where it should get ready, or where it should drain. Each of
 * these has a limit, after which it is killed; its end is then handled as any other end. */
#include "master/generation/generation.h"
#include "lib/base/cursor.h"

#include "lib/base/ipc.h"
#include "master/generation/cache_files.h"
#include "master/generation/ending.h"
#include "master/generation/generation_process.h"
#include "master/generation/keys_report.h"
#include "master/generation/log_file.h"
#include "worker/heartbeat.h"
#include "worker/plan/cpu_quota.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    READY_LIMIT_MS = 60000,
    DRAIN_GRACE_MS = 5000, /* beyond drain-timeout, which is kept by the workers themselves */
    LEAVE_LIMIT_MS = 2000,
    STORE_RETRIES = 3, /* of a start that a damaged store ended */
};

struct generation {
    struct generation_options options;
    struct user user;
    struct rp_log *log;
    struct listening listening;
    struct rp_cluster *cluster;
    struct rp_timer limit;
    uint64_t limit_ms; /* when one that drains is to have ended; 0: there is no limit */
    struct generation_page *page;
    struct heartbeat heartbeat;
    struct rp_timer look;
    bool stuck; /* its process does not respond */
    enum generation_state state;
    unsigned workers, store_retries;
    int failed_status; /* 0 = it didn't say why */
    char failed[256];
};

static void move_to(struct generation *g, enum generation_state state)
{
    assert(generation_may_move(g->state, state));
    rp_log(g->log, RP_LOG_DEBUG, "generation %u: %s -> %s", g->options.number,
           generation_state_name(g->state), generation_state_name(state));
    g->state = state;
    if (!g->stuck)
        g->heartbeat.silent_ms = 0;
}

static void say(struct generation *g, enum generation_message type)
{
    uint8_t message[RP_IPC_MAX];
    size_t len = rp_ipc_compose(message, (uint8_t)type, NULL, 0);

    rp_cluster_send(g->cluster, 0, message, len, NULL); /* if it is gone, EXIT tells */
}

/* -- what the process says */

static void on_prepared(void *context, struct rp_cursor content)
{
    struct generation *g = context;
    struct rp_error error;

    (void)content;
    if (g->state == GENERATION_DRAINING)
        return;
    if (!listeners_begin(&g->listening, &error)) {
        g->failed_status = 2;
        snprintf(g->failed, sizeof g->failed, "%.255s", error.message);
        rp_cluster_kill(g->cluster, 0, SIGKILL);
        return;
    }
    if (g->state == GENERATION_LOADING)
        move_to(g, GENERATION_STARTING);
    say(g, GENERATION_START);
}

static void on_ready(void *context, struct rp_cursor content)
{
    struct generation *g = context;

    (void)content;
    if (g->state == GENERATION_DRAINING)
        return;
    rp_timer_stop(&g->limit);
    listeners_keep(&g->listening);
    move_to(g, GENERATION_SERVING);
    g->options.hooks->ready(g);
}

static void on_failed(void *context, struct rp_cursor content)
{
    struct generation *g = context;
    uint8_t status = (uint8_t)rp_cursor_uint(&content, 1);

    g->failed_status = status == 2 ? 2 : 1;
    snprintf(g->failed, sizeof g->failed, "%.*s", (int)rp_cursor_left(&content),
             (const char *)content.at);
}

static void on_keys(void *context, struct rp_cursor content)
{
    struct generation *g = context;

    g->options.hooks->keys(g, content);
}

static void on_posted(void *context, struct rp_cursor content)
{
    struct generation *g = context;
    uint64_t question = rp_cursor_uint(&content, 8);

    g->options.hooks->posted(g, question, rp_cursor_uint(&content, 1) == 1);
}

static void on_heard(void *context, struct rp_cursor content)
{
    struct generation *g = context;
    struct rp_notices notices;

    if (rp_notices_decode(&notices, content))
        g->options.hooks->heard(g, &notices);
}

#define EARLY (IN(LOADING) | IN(RECOVERING) | IN(DRAINING))
static const struct rp_ipc_rule rules[] = {
    {GENERATION_PREPARED, "PREPARED", EARLY, 0, 0, on_prepared},
    {GENERATION_READY, "READY", IN(STARTING) | IN(RECOVERING) | IN(DRAINING), 0, 0, on_ready},
    {GENERATION_FAILED, "FAILED", EARLY | IN(STARTING), 2, 256, on_failed},
    {GENERATION_KEYS, "KEYS", IN(SERVING) | IN(RECOVERING) | IN(DRAINING), KEYS_REPORT_HEAD,
     KEYS_REPORT_MAX, on_keys},
    {GENERATION_POSTED, "POSTED", ~0u, 9, 9, on_posted},
    {GENERATION_HEARD, "HEARD", ~0u, 1, RP_NOTICES_MAX, on_heard},
};

static void on_message(const struct rp_event *event, void *arg)
{
    struct generation *g = arg;
    struct rp_error error;

    if (rp_ipc_dispatch(rules, sizeof rules / sizeof *rules, 1u << g->state, g,
                        event->message.bytes, event->message.len, &error))
        return;
    rp_log(g->log, RP_LOG_ERROR, "generation %u: invalid message, ending it: %s", g->options.number,
           error.message);
    rp_cluster_kill(g->cluster, 0, SIGKILL);
}

/* -- how it ends */

static void never_ready(struct generation *g, const char *how)
{
    char why[320];
    int status = g->failed_status;

    if (status == 0) {
        snprintf(why, sizeof why, "generation %u exited before it was ready: %s", g->options.number,
                 how);
        status = 1;
    } else {
        snprintf(why, sizeof why, "%s", g->failed);
    }
    move_to(g, GENERATION_GONE);
    g->options.hooks->failed(g, status, why);
}

/* A file that brought it down would do so again. The directory is the user's. */
static bool set_store_aside(struct generation *g, int ending)
{
    uint64_t place = g->page->store_place;
    struct user_before before;
    bool ok;

    g->page->store_place = 0;
    if (place == 0 || !ending_is_fault(ending) || !user_enter(&g->user, &before, NULL))
        return false;
    ok = cache_files_set_aside(g->options.conf, place, g->log);
    user_leave(&before);
    return ok;
}

static const char *next_attempt(const struct generation *g, char text[ENDING_TEXT])
{
    return ending_next(text, rp_cluster_respawn_ms(g->cluster, 0));
}

/* The cluster forks another process. */
static void start_again(struct generation *g, const char *how)
{
    char when[ENDING_TEXT];

    g->store_retries++;
    rp_log(g->log, RP_LOG_ERROR, "generation %u died during its start, restarting %s: %s",
           g->options.number, next_attempt(g, when), how);
    if (g->state == GENERATION_STARTING)
        move_to(g, GENERATION_LOADING);
}

static void on_exit_event(const struct rp_event *event, void *arg)
{
    struct generation *g = arg;
    char how[ENDING_TEXT], when[ENDING_TEXT];
    bool aside = set_store_aside(g, event->worker.status);

    rp_timer_stop(&g->limit);
    g->stuck = false;
    ending_describe(how, event->worker.status);
    switch (g->state) {
    case GENERATION_LOADING:
    case GENERATION_STARTING:
        if (aside && g->store_retries < STORE_RETRIES)
            start_again(g, how);
        else
            never_ready(g, how);
        break;
    case GENERATION_SERVING:
        move_to(g, GENERATION_RECOVERING);
        /* fall through */
    case GENERATION_RECOVERING:
        rp_log(g->log, RP_LOG_ERROR, "generation %u died, restarting %s: %s", g->options.number,
               next_attempt(g, when), g->failed_status != 0 ? g->failed : how);
        g->failed_status = 0;
        break;
    default: /* drained; if not in order, say so */
        if (event->worker.status != 0)
            rp_log(g->log, RP_LOG_WARN, "generation %u died while draining: %s", g->options.number,
                   how);
    }
}

static void on_fork(const struct rp_event *event, void *arg)
{
    struct generation *g = arg;

    (void)event;
    if (g->state != GENERATION_DRAINING)
        rp_timer_start(g->options.loop, &g->limit, READY_LIMIT_MS);
}

static void on_fork_failed(const struct rp_event *event, void *arg)
{
    struct generation *g = arg;
    char when[ENDING_TEXT];

    rp_log(g->log, RP_LOG_ERROR, "generation %u: %s; retrying %s", g->options.number,
           event->error.error->message, next_attempt(g, when));
}

static void on_close(const struct rp_event *event, void *arg)
{
    struct generation *g = arg;

    (void)event;
    rp_timer_stop(&g->limit);
    rp_timer_stop(&g->look);
    move_to(g, GENERATION_GONE);
    g->options.hooks->gone(g);
}

static void on_limit(struct rp_timer *timer)
{
    struct generation *g = timer->arg;

    if (g->state == GENERATION_DRAINING) {
        rp_log(g->log, RP_LOG_WARN, "generation %u: drain timed out, killing it",
               g->options.number);
    } else {
        g->failed_status = 1;
        snprintf(g->failed, sizeof g->failed, "generation %u was not ready after %d s",
                 g->options.number, READY_LIMIT_MS / 1000);
    }
    rp_cluster_kill(g->cluster, 0, SIGKILL);
}

/* -- a process that does not respond */

static void kill_stuck(struct generation *g)
{
    rp_log(g->log, RP_LOG_ERROR,
           "generation %u (process %d) has not responded for %d s, killing it; its workers finish "
           "their connections within stop-timeout",
           g->options.number, rp_cluster_pid(g->cluster, 0), HEARTBEAT_KILL_MS / 1000);
    ending_kill_stuck(g->cluster, 0, g->page->store_place != 0);
}

static void tell_stuck(struct generation *g, bool stuck)
{
    int pid = rp_cluster_pid(g->cluster, 0);

    if (stuck)
        rp_log(g->log, RP_LOG_ERROR,
               "generation %u (process %d) has not responded for %d s; its workers serve, but are "
               "not replaced; it is killed after %d s",
               g->options.number, pid, HEARTBEAT_STUCK_MS / 1000, HEARTBEAT_KILL_MS / 1000);
    else
        rp_log(g->log, RP_LOG_WARN, "generation %u (process %d) responds again", g->options.number,
               pid);
}

static void look_at(struct generation *g, uint32_t silent_ms)
{
    bool stuck = silent_ms >= HEARTBEAT_STUCK_MS;

    if (stuck != g->stuck)
        tell_stuck(g, stuck);
    g->stuck = stuck;
    if (silent_ms == HEARTBEAT_KILL_MS) /* once */
        kill_stuck(g);
}

/* While it gets ready another limit holds: it may be busy with certificates. */
static void on_look(struct rp_timer *timer)
{
    struct generation *g = timer->arg;
    uint32_t silent_ms = heartbeat_look(&g->heartbeat, &g->page->beats);
    bool may_be_stuck = (1u << g->state & (IN(SERVING) | IN(DRAINING))) != 0;

    rp_timer_start(g->options.loop, timer, HEARTBEAT_LOOK_MS);
    if (may_be_stuck && rp_cluster_pid(g->cluster, 0) != 0)
        look_at(g, silent_ms);
}

bool generation_stuck(const struct generation *g)
{
    return g->stuck;
}

/* -- life */

/* In the new process. */
static int live(struct rp_worker *self, struct rp_loop *loop, void *arg)
{
    struct generation *g = arg;
    struct generation_setup setup = {
        .conf = g->options.conf,
        .listening = &g->listening,
        .user = &g->user,
        .stats = g->options.stats,
        .log = g->log,
        .page = g->page,
        .notices = g->options.notices,
        .number = g->options.number,
        .workers = g->workers,
    };

    g->options.hooks->forked(g);
    listeners_close_others(g->options.listeners, &g->listening);
    return generation_process_run(self, loop, &setup);
}

static bool open_log(struct generation *g, struct rp_error *err)
{
    const struct conf_log *log = &g->options.conf->log;
    struct rp_log_options options = {.destination = log->destination,
                                     .process = "master",
                                     .level = (enum rp_log_level)log->level,
                                     .json = log->format == CONF_LOG_JSON};
    struct rp_error why;

    if (rp_log_is_file(log->destination))
        options.fd = log_file_open(&g->user, log->destination, &why);
    if (options.fd >= 0)
        g->log = rp_log_open(&options, &why);
    if (g->log != NULL)
        rp_log_count_in(g->log, &g->options.stats->log_lines_lost);
    return g->log != NULL || rp_error_set(err, why.code, "%s: log: %s; choose another destination",
                                          g->options.conf->file, why.message);
}

static bool share_page(struct generation *g, struct rp_error *err)
{
    void *page =
        mmap(NULL, sizeof *g->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return rp_error_errno(err, errno, "mmap", "memory shared with a generation");
    g->page = page;
    return true;
}

/* Errors of the parts know the option, not the file. */
static bool prepare(struct generation *g, struct rp_error *err)
{
    const struct conf *conf = g->options.conf;
    struct rp_error why;

    if (!user_find(&g->user, conf->user, &why) ||
        !user_check_run_dir(conf->run_dir, &g->user, &why) ||
        !user_directory(&g->user, conf->state_dir, 0700, "state-dir", &why))
        return rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
    return share_page(g, err) && open_log(g, err) &&
           listeners_take(g->options.listeners, conf, g->workers, &g->listening, err);
}

static bool fork_process(struct generation *g, struct rp_error *err)
{
    static const struct {
        enum rp_event_type type;
        rp_listener *fn;
    } events[] = {
        {RP_EV_FORK, on_fork},         {RP_EV_MESSAGE, on_message}, {RP_EV_EXIT, on_exit_event},
        {RP_EV_ERROR, on_fork_failed}, {RP_EV_CLOSE, on_close},
    };
    struct rp_cluster_options options = {
        .workers = 1, .worker = live, .respawn_none_ms = ENDING_NONE_MS, .arg = g};

    g->cluster = rp_cluster_new(g->options.loop, &options, err);
    if (g->cluster == NULL)
        return false;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (!rp_cluster_on(g->cluster, events[i].type, events[i].fn, g))
            return rp_error_errno(err, ENOMEM, "malloc", "a generation");
    return true;
}

struct generation *generation_new(const struct generation_options *options, struct rp_error *err)
{
    struct generation *g = calloc(1, sizeof *g);

    if (g == NULL) {
        conf_free(options->conf);
        rp_error_errno(err, ENOMEM, "malloc", "a generation");
        return NULL;
    }
    g->options = *options;
    if (options->conf->workers == 0) /* asked once: all its processes must count the same */
        options->conf->workers = cpu_quota_auto();
    g->workers = options->conf->workers;
    g->limit = (struct rp_timer){.fire = on_limit, .arg = g};
    g->look = (struct rp_timer){.fire = on_look, .arg = g};
    if (!prepare(g, err) || !fork_process(g, err)) {
        generation_free(g);
        return NULL;
    }
    rp_timer_start(options->loop, &g->look, HEARTBEAT_LOOK_MS);
    return g;
}

void generation_free(struct generation *g)
{
    if (g == NULL)
        return;
    rp_timer_stop(&g->limit);
    rp_timer_stop(&g->look);
    rp_cluster_free(g->cluster);
    listeners_give_back(g->options.listeners, &g->listening);
    if (g->page != NULL)
        munmap(g->page, sizeof *g->page);
    rp_log_close(g->log);
    user_clear(&g->user);
    conf_free(g->options.conf);
    free(g);
}

static void limit(struct generation *g, uint32_t ms)
{
    uint64_t end = rp_loop_now(g->options.loop) + ms;

    if (g->limit_ms != 0 && g->limit_ms <= end)
        return;
    g->limit_ms = end;
    rp_timer_start(g->options.loop, &g->limit, (uint64_t)ms + DRAIN_GRACE_MS);
}

void generation_drain(struct generation *g)
{
    uint32_t drain_ms = g->options.conf->drain_timeout_ms;

    move_to(g, GENERATION_DRAINING);
    rp_timer_stop(&g->limit);
    if (drain_ms > 0) /* its process keeps that limit, too */
        limit(g, drain_ms);
    rp_cluster_stop(g->cluster);
}

void generation_end_within(struct generation *g, uint32_t ms)
{
    uint8_t message[RP_IPC_MAX], content[4];
    size_t len;

    rp_store_uint(content, ms, sizeof content);
    len = rp_ipc_compose(message, GENERATION_END_WITHIN, content, sizeof content);
    limit(g, ms);
    rp_cluster_send(g->cluster, 0, message, len, NULL); /* if it is gone, EXIT tells */
}

void generation_close_sockets(struct generation *g)
{
    listeners_give_back(g->options.listeners, &g->listening);
}

void generation_forget(struct generation *g)
{
    rp_log_close(g->log);
    g->log = NULL;
}

void generation_leave(struct generation *g)
{
    rp_timer_start(g->options.loop, &g->limit, LEAVE_LIMIT_MS);
    say(g, GENERATION_LEAVE);
}

void generation_reopen_log(struct generation *g)
{
    const char *destination = g->options.conf->log.destination;
    struct rp_error error;
    int fd;

    if (rp_log_is_file(destination)) {
        if ((fd = log_file_open(&g->user, destination, &error)) >= 0)
            rp_log_reopened(g->log, fd);
        else
            rp_log(g->log, RP_LOG_ERROR, "can't reopen the log: %s", error.message);
    }
    say(g, GENERATION_REOPEN_LOG);
}

bool generation_post(struct generation *g, uint64_t question, const struct rp_notices *notices)
{
    uint8_t message[RP_IPC_MAX], content[8 + RP_NOTICES_MAX];
    size_t len = 8 + rp_notices_encode(notices, content + 8);

    rp_store_uint(content, question, 8);
    return rp_cluster_send(g->cluster, 0, message,
                           rp_ipc_compose(message, GENERATION_POST, content, len), NULL);
}

bool generation_ask_keys(struct generation *g, uint64_t question)
{
    uint8_t message[RP_IPC_MAX], content[8];

    rp_store_uint(content, question, 8);
    return rp_cluster_send(g->cluster, 0, message,
                           rp_ipc_compose(message, GENERATION_LIST_KEYS, content, sizeof content),
                           NULL);
}

pid_t generation_pid(const struct generation *g)
{
    return g->cluster != NULL ? rp_cluster_pid(g->cluster, 0) : 0;
}

enum generation_state generation_state(const struct generation *g)
{
    return g->state;
}

unsigned generation_number(const struct generation *g)
{
    return g->options.number;
}

unsigned generation_workers(const struct generation *g)
{
    return g->workers;
}

const struct conf *generation_conf(const struct generation *g)
{
    return g->options.conf;
}

struct listening *generation_listening(struct generation *g)
{
    return &g->listening;
}

struct rp_log *generation_log(const struct generation *g)
{
    return g->log;
}

void *generation_arg(const struct generation *g)
{
    return g->options.arg;
}
