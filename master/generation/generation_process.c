/* SPDX-License-Identifier: MIT
 *
 * generation_process.c - the process that reads what one configuration needs and runs its workers.
 * It reads the private keys, the ticket keys and the cluster secret once. The workers inherit the
 * keys by fork; the secret is wiped after keys are derived from it, and only this process can open
 * the records of ticket keys. Its key ring keeps rotating, so that a worker that is forked later
 * starts with the current keys. It serves no client.
 * The danger: it must not outlive its use. It drains when the master asks or has exited: it tells
 * its workers to drain and exits, at the latest shortly after drain-timeout. */
#include "master/generation/generation_process.h"
#include "cache/notices.h"
#include "lib/base/cursor.h"
#include "lib/base/ipc.h"
#include "master/generation/keys_report.h"
#include "master/generation/cache_files.h"
#include "master/generation/certificate_watch.h"
#include "master/generation/secret_file.h"
#include "master/generation/stores.h"
#include "master/generation/title.h"
#include "master/generation/workers.h"
#include "worker/heartbeat.h"
#include "worker/plan/plan.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_GRACE_MS = 2000 };

struct process {
    const struct generation_setup *setup;
    struct rp_worker *master; /* the channel to it */
    struct rp_loop *loop;
    struct rp_cluster_sealers sealers;
    struct rp_ticket_keys *keys;
    struct plan *frontends;
    struct certificate_watch certificates;
    struct stores stores;
    struct rp_key_ring *ring;
    struct rp_notice_board *board;
    struct worker_setup worker_setup;
    struct workers *workers;
    struct rp_timer limit, beat;
    uint64_t limit_ms; /* when those who drain are to have ended; 0: there is no limit */
    struct rp_signal term;
    uint8_t posting[8];             /* the question that an announcement answers */
    bool settled, loaded, draining; /* keys are there; all is read */
    int status;
};

/* -- to the master */

static void say(struct process *p, enum generation_message type, const void *content, size_t len)
{
    uint8_t message[RP_IPC_MAX];

    len = rp_ipc_compose(message, (uint8_t)type, content, len);
    rp_worker_send(p->master, message, len, NULL); /* if it is gone, we'll hear */
}

/* The reason goes to the master, which knows whom to tell. */
static void fail(struct process *p, int status, const char *why)
{
    char content[256];
    int len = snprintf(content, sizeof content, "%c%s", status, why);

    say(p, GENERATION_FAILED, content,
        len < (int)sizeof content ? (size_t)len : sizeof content - 1);
    p->status = status;
    rp_loop_stop(p->loop);
}

/* -- reading */

static bool read_secret(const struct conf *conf, struct rp_secret *secret, struct rp_error *err)
{
    struct rp_error why;
    char *path = NULL;
    bool made_here, ok;

    if (!secret_file_read(conf, secret, &made_here, err))
        return false;
    if (!made_here)
        return true;
    if (asprintf(&path, "%s/secret", conf->state_dir) < 0)
        return rp_error_set(err, "ENOMEM", "no memory for a path");
    ok = rp_secret_read_or_make(secret, path, &why);
    free(path);
    return ok || rp_error_set(err, why.code, "%s: secret-file: %s", conf->file, why.message);
}

/* From now on nobody has the secret itself. */
static bool use_secret(struct process *p, struct rp_error *err)
{
    struct rp_secret secret;
    bool ok = read_secret(p->setup->conf, &secret, err) &&
              rp_cluster_sealers_make(&p->sealers, &secret, err);

    rp_secret_wipe(&secret);
    return ok;
}

/* As root: keys may be readable by root only. */
static bool read_all(struct process *p, struct rp_error *err)
{
    if (!cache_files_check(p->setup->conf, err))
        return false;
    p->keys = rp_ticket_keys_new(err);
    if (p->keys == NULL || !cache_files_read_keys(p->setup->conf, p->keys, err) ||
        !use_secret(p, err))
        return false;
    p->frontends = plan_new(p->setup->conf, p->keys, err);
    if (p->frontends == NULL)
        return false;
    certificate_watch_start(&p->certificates, p->loop, &p->frontends->findings, p->setup->log);
    if (p->frontends->passed_over > 0)
        rp_log(p->setup->log, RP_LOG_INFO,
               "certificates: ignoring %zu CA certificates without a key in %s",
               p->frontends->passed_over, p->setup->conf->directory.directory);
    return true;
}

static void offer(struct process *p)
{
    p->worker_setup = (struct worker_setup){
        .conf = p->setup->conf,
        .frontends = p->frontends,
        .listens = p->setup->listening->sockets,
        .listen_count = p->setup->listening->socket_count,
        .workers = p->setup->workers,
        .stats = p->setup->stats,
        .log = p->setup->log,
        .sealers = &p->sealers,
        .notices = rp_notice_board_read(p->board),
        .keys = p->keys,
    };
    say(p, GENERATION_PREPARED, NULL, 0);
}

/* Not before the keys are there that other hosts mint with: our workers would decline the tickets
 * of clients that the ones before us knew. */
static void on_settled(void *arg)
{
    struct process *p = arg;

    p->settled = true;
    if (p->loaded)
        offer(p);
}

/* Workers have no access to the ring's records, only to its keys. */
static void on_learned(const uint8_t note[RP_KEY_NOTE], void *arg)
{
    struct process *p = arg;

    workers_tell(p->workers, WORKER_KEY, note, RP_KEY_NOTE);
}

static void describe_lifetimes(char *out, size_t size, const struct rp_key_lifetimes *lifetimes)
{
    size_t len = 0;

    for (size_t i = 1; i < lifetimes->count && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%" PRIu64 "s and %" PRIu64 "s",
                                i > 1 ? ", " : "", lifetimes->at[i].epoch_ms / 1000,
                                lifetimes->at[i].session_timeout_ms / 1000);
}

static void tell_lifetimes(struct process *p, const struct rp_key_lifetimes *lifetimes)
{
    uint8_t content[RP_KEY_LIFETIMES_BYTES];
    size_t len = rp_key_lifetimes_encode(lifetimes, content);

    workers_tell(p->workers, WORKER_LIFETIMES, content, len);
}

static void on_lifetimes(const struct rp_key_lifetimes *lifetimes, void *arg)
{
    struct process *p = arg;
    char others[256] = "";

    tell_lifetimes(p, lifetimes);
    if (p->draining) /* what is shown and said is of who serves */
        return;
    p->setup->stats->lifetimes = *lifetimes;
    describe_lifetimes(others, sizeof others, lifetimes);
    if (lifetimes->count > 1)
        rp_log(p->setup->log, RP_LOG_WARN,
               "key-lifetime and session-timeout here are %" PRIu64 "s and %" PRIu64
               "s; on other hosts, or before a reload: %s; give all hosts the same values (tickets "
               "still resume everywhere)",
               lifetimes->at[0].epoch_ms / 1000, lifetimes->at[0].session_timeout_ms / 1000,
               others);
    else
        rp_log(p->setup->log, RP_LOG_INFO,
               "key-lifetime and session-timeout are the same on all hosts again");
}

static bool start_ring(struct process *p, struct rp_error *err)
{
    const struct conf_cache *cache = &p->setup->conf->cache;
    struct rp_key_ring_options options = {
        .sealers = &p->sealers.ticket_keys,
        .keys = p->keys,
        .epoch_ms = cache->key_lifetime_ms,
        .session_timeout_ms = (uint64_t)cache->session_timeout_s * 1000,
        .turns = rp_notice_board_read(p->board)->turns,
        .settled = on_settled,
        .learned = on_learned,
        .lifetimes_changed = on_lifetimes,
        .arg = p,
    };

    p->setup->stats->lifetimes = (struct rp_key_lifetimes){
        .count = cache->ticket_keys == NULL,
        .at = {{.epoch_ms = options.epoch_ms, .session_timeout_ms = options.session_timeout_ms}}};
    if (cache->ticket_keys != NULL)
        return true;
    if (!stores_open_keys(&p->stores, err))
        return false;
    options.store = stores_shared_for_keys(&p->stores);
    p->ring = rp_key_ring_new(p->loop, &options, err);
    return p->ring != NULL;
}

static void tell_notices(struct process *p, const struct rp_notices *notices)
{
    uint8_t content[RP_NOTICES_MAX];
    size_t len = rp_notices_encode(notices, content);

    workers_tell(p->workers, WORKER_NOTICES, content, len);
}

/* The master remembers it for generations to come, whatever the store will say then. */
static void tell_master(struct process *p, const struct rp_notices *notices)
{
    uint8_t content[RP_NOTICES_MAX];

    say(p, GENERATION_HEARD, content, rp_notices_encode(notices, content));
}

/* Workers read the store, too; but they are told, in case that it is away. */
static void on_notices(const struct rp_notices *notices, void *arg)
{
    struct process *p = arg;

    rp_log(p->setup->log, RP_LOG_INFO,
           "received an announcement: sessions revoked or keys rotated");
    tell_master(p, notices);
    tell_notices(p, notices);
    if (p->ring != NULL)
        rp_key_ring_turn(p->ring, notices->turns);
}

static bool start_board(struct process *p, struct rp_error *err)
{
    struct rp_notice_board_options options = {
        .store = stores_shared(&p->stores),
        .sealers = &p->sealers.notices,
        .known = p->setup->notices,
        .changed = on_notices,
        .arg = p,
    };

    p->board = rp_notice_board_new(p->loop, &options, err);
    if (p->board == NULL)
        return false;
    tell_master(p, rp_notice_board_read(p->board));
    return true;
}

static bool load(struct process *p)
{
    struct rp_error error;

    if (!read_all(p, &error)) {
        fail(p, 2, error.message);
        return false;
    }
    if (!user_become(p->setup->user, &error)) {
        fail(p, 1, error.message);
        return false;
    }
    stores_open(&p->stores, p->loop, p->setup->conf, p->setup->log, &p->setup->page->store_place);
    if (!start_board(p, &error) || !start_ring(p, &error)) {
        fail(p, 1, error.message);
        return false;
    }
    return true;
}

/* -- workers */

static int run_worker(struct rp_worker *worker, struct rp_loop *loop, void *arg)
{
    struct process *p = arg;
    struct rp_error error = {.message = "no memory"};

    if (p->ring != NULL) {
        p->worker_setup.ring = rp_key_ring_follow(p->ring, loop, &error);
        p->ring = NULL;
        if (p->worker_setup.ring == NULL) {
            rp_log(p->setup->log, RP_LOG_ERROR, "can't start: %s", error.message);
            return EXIT_FAILURE;
        }
    }
    rp_sealers_free(&p->sealers.ticket_keys);
    stores_close(&p->stores); /* every process opens its own, after the fork */
    title_set("worker %u", rp_worker_id(worker));
    p->worker_setup.beats = workers_beats(p->workers);
    return worker_run(worker, loop, &p->worker_setup);
}

static void on_workers_ready(void *arg)
{
    say(arg, GENERATION_READY, NULL, 0);
}

static void on_worker_failed(const char *why, void *arg)
{
    fail(arg, 1, why);
}

static void on_workers_gone(void *arg)
{
    struct process *p = arg;

    rp_loop_stop(p->loop);
}

static bool fork_workers(struct process *p, struct rp_error *err)
{
    struct workers_options options = {
        .loop = p->loop,
        .conf = p->setup->conf,
        .log = p->setup->log,
        .stats = p->setup->stats,
        .count = p->setup->workers,
        .run = run_worker,
        .ready = on_workers_ready,
        .failed = on_worker_failed,
        .gone = on_workers_gone,
        .arg = p,
    };

    p->workers = workers_new(&options, err);
    return p->workers != NULL;
}

/* -- from the master */

static void on_start(void *context, struct rp_cursor content)
{
    struct process *p = context;
    struct rp_error error = {.message = "no memory"};

    (void)content;
    if (p->workers == NULL && !p->draining && !fork_workers(p, &error))
        fail(p, 1, error.message);
}

static void on_reopen_log(void *context, struct rp_cursor content)
{
    struct process *p = context;
    struct rp_error error;

    (void)content;
    if (!rp_log_reopen(p->setup->log, &error))
        rp_log(p->setup->log, RP_LOG_ERROR, "can't reopen the log: %s", error.message);
    workers_tell(p->workers, WORKER_REOPEN_LOGS, NULL, 0);
}

static void on_list_keys(void *context, struct rp_cursor content)
{
    struct process *p = context;
    uint8_t report[KEYS_REPORT_MAX];
    size_t len = keys_report_write(report, rp_cursor_uint(&content, 8), p->ring, p->keys);

    say(p, GENERATION_KEYS, report, len);
}

/* Does the store of all hosts have it? */
static void on_posted(bool shared, void *arg)
{
    struct process *p = arg;
    uint8_t answer[9];

    memcpy(answer, p->posting, 8);
    answer[8] = shared;
    say(p, GENERATION_POSTED, answer, sizeof answer);
}

static void on_post(void *context, struct rp_cursor content)
{
    struct process *p = context;
    struct rp_notices *news = malloc(sizeof *news);
    uint8_t question[8];
    enum rp_store_status status;

    memcpy(question, content.at, sizeof question);
    rp_cursor_take(&content, 8);
    if (news != NULL && rp_notices_decode(news, content)) {
        status = rp_notice_board_post(p->board, news, on_posted, p);
        memcpy(p->posting, question, sizeof question);
        if (status != RP_STORE_LATER)
            on_posted(status == RP_STORE_OK, p);
    } else {
        rp_log(p->setup->log, RP_LOG_ERROR, "malformed announcement from the master");
    }
    free(news);
}

/* -- leaving */

/* Kill who has not left by then; of several limits the first one counts. */
static void limit(struct process *p, uint32_t ms)
{
    uint64_t end = rp_loop_now(p->loop) + ms;

    if (p->limit_ms != 0 && p->limit_ms <= end)
        return;
    p->limit_ms = end;
    rp_timer_start(p->loop, &p->limit, (uint64_t)ms + DRAIN_GRACE_MS);
}

/* Sockets are closed at once: the master has them, and if it is gone a new one wants to bind. */
static void drain(struct process *p)
{
    if (p->draining)
        return;
    p->draining = true;
    certificate_watch_stop(&p->certificates);
    if (p->ring != NULL)
        rp_key_ring_retire(p->ring);
    listeners_close_own(p->setup->listening);
    if (p->workers == NULL) {
        rp_loop_stop(p->loop);
        return;
    }
    if (p->setup->conf->drain_timeout_ms > 0) /* the workers keep it, too */
        limit(p, p->setup->conf->drain_timeout_ms);
    workers_drain(p->workers);
}

/* The workers cut off what is open by then. */
static void end_within(struct process *p, uint32_t ms)
{
    uint8_t content[4];

    if (p->workers == NULL)
        return;
    rp_store_uint(content, ms, sizeof content);
    limit(p, ms);
    workers_tell(p->workers, WORKER_END_WITHIN, content, sizeof content);
}

/* The service ends, or there is no master that could say so. */
static void drain_for_stop(struct process *p)
{
    drain(p);
    if (p->setup->conf->stop_timeout_ms > 0)
        end_within(p, p->setup->conf->stop_timeout_ms);
}

static void on_disconnect(const struct rp_event *event, void *arg)
{
    (void)event;
    drain(arg);
}

static void on_master_gone(const struct rp_event *event, void *arg)
{
    (void)event;
    drain_for_stop(arg);
}

static void on_term(struct rp_signal *signal, int signum)
{
    (void)signum;
    drain_for_stop(signal->arg);
}

/* -- from the master, at any time */

static void on_leave(void *context, struct rp_cursor content)
{
    struct process *p = context;

    (void)content;
    rp_loop_stop(p->loop); /* whoever still runs is killed with the cluster */
}

static void on_end_within(void *context, struct rp_cursor content)
{
    struct process *p = context;

    drain(p);
    end_within(p, (uint32_t)rp_cursor_uint(&content, 4));
}

static const struct rp_ipc_rule rules[] = {
    {GENERATION_START, "START", 1, 0, 0, on_start},
    {GENERATION_REOPEN_LOG, "REOPEN_LOG", 1, 0, 0, on_reopen_log},
    {GENERATION_LEAVE, "LEAVE", 1, 0, 0, on_leave},
    {GENERATION_END_WITHIN, "END_WITHIN", 1, 4, 4, on_end_within},
    {GENERATION_POST, "POST", 1, 9, 8 + RP_NOTICES_MAX, on_post},
    {GENERATION_LIST_KEYS, "LIST_KEYS", 1, 8, 8, on_list_keys},
};

static void on_message(const struct rp_event *event, void *arg)
{
    struct process *p = arg;
    struct rp_error error;

    if (!rp_ipc_dispatch(rules, sizeof rules / sizeof *rules, 1, p, event->message.bytes,
                         event->message.len, &error))
        rp_log(p->setup->log, RP_LOG_ERROR, "invalid message from the master: %s", error.message);
}

static void on_limit(struct rp_timer *timer)
{
    struct process *p = timer->arg;

    rp_log(p->setup->log, RP_LOG_WARN, "drain timed out, killing the remaining workers");
    rp_loop_stop(p->loop);
}

/* -- life */

static void on_beat(struct rp_timer *timer)
{
    struct process *p = timer->arg;

    heartbeat_beat(&p->setup->page->beats);
    rp_timer_start(p->loop, timer, HEARTBEAT_MS);
}

/* A terminal sends its signals to all of us; what they mean is the master's to say. The workers
 * inherit that. SIGTERM, which a service manager may send to all of us too, means drain. */
static void ignore_terminal(void)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

static bool set_up(struct process *p)
{
    char name[32];

    snprintf(name, sizeof name, "generation %u", p->setup->number);
    rp_log_rename(p->setup->log, name);
    title_set("%s", name);
    ignore_terminal();
    p->term = (struct rp_signal){.fire = on_term, .arg = p};
    p->limit = (struct rp_timer){.fire = on_limit, .arg = p};
    p->beat = (struct rp_timer){.fire = on_beat, .arg = p};
    rp_timer_start(p->loop, &p->beat, 0);
    rp_signal_start(p->loop, &p->term, SIGTERM);
    return rp_worker_on(p->master, RP_EV_MESSAGE, on_message, p) &&
           rp_worker_on(p->master, RP_EV_DISCONNECT, on_disconnect, p) &&
           rp_worker_on(p->master, RP_EV_CLOSE, on_master_gone, p);
}

static void tear_down(struct process *p)
{
    workers_free(p->workers);
    rp_timer_stop(&p->limit);
    rp_timer_stop(&p->beat);
    certificate_watch_stop(&p->certificates);
    rp_signal_block_all(); /* being told to leave again must not kill who is leaving */
    rp_signal_stop(&p->term);
    rp_key_ring_free(p->ring);
    rp_notice_board_free(p->board);
    stores_close(&p->stores);
    plan_free(p->frontends);
    rp_ticket_keys_unref(p->keys);
    rp_cluster_sealers_free(&p->sealers);
}

int generation_process_run(struct rp_worker *self, struct rp_loop *loop,
                           const struct generation_setup *setup)
{
    struct process p = {.setup = setup, .master = self, .loop = loop};

    if (!set_up(&p)) {
        fail(&p, 1, "no memory");
    } else if (load(&p)) {
        p.loaded = true;
        if (p.settled || p.ring == NULL)
            offer(&p);
        rp_loop_run(loop);
    }
    tear_down(&p);
    return p.status;
}
