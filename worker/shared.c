/* SPDX-License-Identifier: MIT
 *
 * shared.c - what a worker shares with the cluster through the store: sessions, and what is
 * announced to all. Ticket keys are the generation's to share; it tells them to its workers.
 * The danger: a store that can't be opened. It costs sessions, never the service: it is logged
 * once, and opened again by a timer that only success stops. Tickets continue to work. */
#include "worker/frontend.h"
#include "cache/store_open.h"

#include "cache/notices.h"
#include "cache/replay_guard.h"
#include "cache/session_cache.h"

#include <stdlib.h>
#include <time.h>

enum { RETRY_FIRST_MS = 1000, RETRY_LAST_MS = 60000, MEASURE_MS = 5000 };

/* For `reprise status`: since when. */
static void is_away(uint64_t *since_s, bool well)
{
    if (well)
        *since_s = 0;
    else if (*since_s == 0)
        *since_s = (uint64_t)time(NULL);
}

static void store_is(struct worker *p, bool well)
{
    is_away(&p->row->store_away_s, well);
}

static void near_is(struct worker *p, bool well)
{
    is_away(&p->row->l1_away_s, well);
}

static void attach(struct worker *p)
{
    for (size_t i = 0; i < p->setup->conf->frontend_count; i++) {
        const struct conf_frontend *conf = &p->setup->conf->frontends[i];
        struct rp_server *server = p->frontends[i].server;

        if (!rp_session_cache_attach(p->cache, server) ||
            /* a frontend without early data needs no guard */
            (conf_takes_early_data(conf) && !rp_replay_guard_attach(p->guard, server)))
            rp_log(p->log, RP_LOG_ERROR, "no memory to share sessions of frontend %s", conf->name);
    }
}

/* -- what is announced */

/* Revocations are looked up when a session is offered; only turns need an action. */
static void on_notices(const struct rp_notices *notices, void *arg)
{
    struct worker *p = arg;

    if (p->setup->ring != NULL) /* NULL: pinned keys */
        rp_key_ring_turn(p->setup->ring, notices->turns);
}

static struct rp_notice_board *next_board(struct worker *p, struct rp_error *err)
{
    struct rp_notice_board_options options = {
        .store = p->store != NULL ? rp_store_shared(p->store) : NULL,
        .sealers = &p->setup->sealers->notices,
        .known = p->board != NULL ? rp_notice_board_read(p->board) : p->setup->notices,
        .changed = on_notices,
        .arg = p,
    };

    return rp_notice_board_new(p->loop, &options, err);
}

/* Go on with the notices that are known, on the store when there is one. */
static bool follow(struct worker *p, struct rp_error *err)
{
    struct rp_notice_board *board = next_board(p, err);

    if (board == NULL)
        return false;
    rp_notice_board_free(p->board);
    p->board = board;
    on_notices(rp_notice_board_read(board), p);
    return true;
}

void shared_hear(struct worker *p, struct rp_cursor notices)
{
    struct rp_notices *news = malloc(sizeof *news);

    if (news == NULL || p->board == NULL || !rp_notices_decode(news, notices))
        rp_log(p->log, RP_LOG_ERROR,
               "announcement from the generation not applied (malformed, or no memory); it will be "
               "read from the store");
    else
        rp_notice_board_post(p->board, news, NULL, NULL);
    free(news);
}

bool shared_forgets(const struct worker *p, const struct rp_session_origin *origin)
{
    const struct rp_notices *notices =
        p->board != NULL ? rp_notice_board_read(p->board) : p->setup->notices;

    return notices != NULL && rp_notices_forget(notices, origin->servername, origin->time);
}

/* -- the store */

/* When the store is available again, so one line for each outage. */
static void report_writes(struct worker *p)
{
    uint64_t failed = p->row->sessions.store_failed;

    if (failed > p->writes_reported)
        rp_log(p->log, RP_LOG_WARN,
               "%llu session writes dropped while the store was unavailable; these sessions need "
               "full handshakes",
               (unsigned long long)(failed - p->writes_reported));
    p->writes_reported = failed;
}

static void on_trouble(const struct rp_error *error, void *arg)
{
    struct worker *p = arg;

    store_is(p, error == NULL);
    if (error == NULL)
        report_writes(p);
    if (p->guard != NULL)
        rp_replay_guard_doubt(p->guard);
}

/* Sessions are still shared; this host asks for each of its own. */
static void on_near_trouble(const struct rp_error *error, void *arg)
{
    near_is(arg, error == NULL);
}

/* How much is in the file, for `reprise status`. */
static void measure(struct worker *p)
{
    struct rp_store_stats stats;

    rp_store_stats(p->store, &stats);
    p->row->store_entries = stats.entries;
    p->row->store_bytes = stats.bytes_used;
    p->row->store_size = stats.bytes_size;
    rp_timer_start(p->loop, &p->store_measure, MEASURE_MS);
}

static void on_measure(struct rp_timer *timer)
{
    measure(timer->arg);
}

static void watch_store(struct worker *p)
{
    struct rp_store *near = rp_store_near(p->store);
    struct rp_store *far = rp_store_far(p->store);

    rp_store_mark_place(p->store, &p->row->in_store);
    if (near != NULL)
        rp_store_count_in(near, &p->row->near);
    if (far != NULL)
        rp_store_count_in(far, &p->row->far);
    measure(p);
    store_report_begin(&p->store_report, p->store);
    if (near != NULL && near != p->store)
        store_report_begin(&p->near_report, near);
}

/* The session cache and the replay guard, which answer a server from the store. */
static bool make_answerers(struct worker *p, struct rp_error *err)
{
    const struct conf_cache *conf = &p->setup->conf->cache;
    struct rp_store *far = rp_store_far(p->store);
    struct rp_session_cache_options sessions = {
        /* what one host removes must not stay near another */
        .store = conf->single_use && far != NULL ? far : p->store,
        .single_use = conf->single_use,
        .sealers = &p->setup->sealers->sessions,
        .lookup_timeout_ms = conf->lookup_timeout_ms,
        .store_timeout_ms = conf->lookup_timeout_ms,
        .counters = &p->row->sessions,
    };
    struct rp_replay_guard_options early_data = {
        .store = rp_store_shared(p->store),
        .sealers = &p->setup->sealers->early_data,
        .timeout_ms = conf->lookup_timeout_ms,
        .session_timeout_s = conf->session_timeout_s,
        .counters = &p->row->early_data,
    };

    p->cache = rp_session_cache_new(p->loop, &sessions, err);
    p->guard = p->cache != NULL ? rp_replay_guard_new(p->loop, &early_data, err) : NULL;
    return p->guard != NULL;
}

static bool open_store(struct worker *p, struct rp_error *err)
{
    const struct conf *conf = p->setup->conf;

    p->row->in_store = RP_STORE_OPENING;
    p->store =
        rp_store_open_tiers(p->loop, conf->cache.l1, conf->cache.store, conf->state_dir, err);
    p->row->in_store = 0;
    store_is(p, p->store != NULL);
    near_is(p, true);
    if (p->store == NULL)
        return false;
    watch_store(p);
    if (make_answerers(p, err) && follow(p, err)) {
        attach(p);
        return true;
    }
    rp_timer_stop(&p->store_measure);
    rp_replay_guard_free(p->guard);
    rp_session_cache_free(p->cache);
    rp_store_close(p->store);
    p->guard = NULL;
    p->cache = NULL;
    p->store = NULL;
    return false;
}

static void try_store(struct worker *p)
{
    struct rp_error error = {0};

    if (open_store(p, &error)) {
        if (p->store_wait_ms > 0)
            rp_log(p->log, RP_LOG_INFO, "store opened: sessions are shared again");
        p->store_wait_ms = 0;
        return;
    }
    if (p->store_wait_ms == 0) {
        rp_log(p->log, RP_LOG_WARN, "can't open the store, serving without it and retrying: %s",
               error.message);
        p->store_wait_ms = RETRY_FIRST_MS;
    } else if (p->store_wait_ms < RETRY_LAST_MS) {
        p->store_wait_ms *= 2;
    }
    rp_timer_start(p->loop, &p->store_retry, p->store_wait_ms);
}

static void on_retry(struct rp_timer *timer)
{
    try_store(timer->arg);
}

void shared_open(struct worker *p)
{
    struct rp_error error = {0};

    p->store_report =
        (struct store_report){.log = p->log, .what = "store", .changed = on_trouble, .arg = p};
    p->near_report = (struct store_report){
        .log = p->log, .what = "local session cache (l1)", .changed = on_near_trouble, .arg = p};
    p->store_retry.fire = on_retry;
    p->store_retry.arg = p;
    p->store_measure.fire = on_measure;
    p->store_measure.arg = p;
    p->writes_reported = p->row->sessions.store_failed; /* a row outlives its worker */
    try_store(p);
    if (p->board == NULL && !follow(p, &error))
        rp_log(p->log, RP_LOG_ERROR, "can't follow announcements of the cluster: %s",
               error.message);
}

void shared_close(struct worker *p)
{
    rp_timer_stop(&p->store_retry);
    rp_timer_stop(&p->store_measure);
    rp_replay_guard_free(p->guard);
    rp_session_cache_free(p->cache);
    rp_key_ring_free(p->setup->ring);
    rp_notice_board_free(p->board);
    rp_store_close(p->store);
    p->guard = NULL;
    p->cache = NULL;
    p->board = NULL;
    p->store = NULL;
}
