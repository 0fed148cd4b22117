/* SPDX-License-Identifier: MIT
 *
 * status.c - the answer to `reprise status`, as JSON. Pure: from numbers to text. */
#include "master/status.h"
#include "master/ends.h"

#include <ctype.h>
#include <string.h>

static void number(struct rp_json *json, const char *key, uint64_t value)
{
    rp_json_key(json, key);
    rp_json_int(json, (int64_t)value);
}

static void text(struct rp_json *json, const char *key, const char *value)
{
    rp_json_key(json, key);
    rp_json_string(json, value);
}

static void flag(struct rp_json *json, const char *key, bool value)
{
    rp_json_key(json, key);
    rp_json_bool(json, value);
}

/* A clock that was set back makes nothing older than new. */
static uint64_t age(uint64_t now_s, uint64_t then_s)
{
    return now_s > then_s ? now_s - then_s : 0;
}

static void generations(struct rp_json *json, const struct status *s)
{
    rp_json_key(json, "generations");
    rp_json_begin_array(json);
    for (size_t i = 0; i < s->generation_count; i++) {
        rp_json_begin_object(json);
        number(json, "number", s->generations[i].number);
        text(json, "state", s->generations[i].state);
        number(json, "workers", s->generations[i].workers);
        flag(json, "stuck", s->generations[i].stuck);
        rp_json_end_object(json);
    }
    rp_json_end_array(json);
}

static void worker(struct rp_json *json, const struct stats_row *row, uint64_t now_s)
{
    rp_json_begin_object(json);
    number(json, "slot", row->slot);
    number(json, "pid", (uint64_t)row->pid);
    number(json, "uptime", age(now_s, row->started_s));
    number(json, "active", row->active);
    number(json, "accepted", row->accepted);
    flag(json, "stuck", __atomic_load_n(&row->stuck_s, __ATOMIC_RELAXED) != 0);
    rp_json_end_object(json);
}

static void workers(struct rp_json *json, const struct status *s)
{
    rp_json_key(json, "workers");
    rp_json_begin_array(json);
    for (size_t i = 0; i < STATS_ROWS; i++)
        if (s->stats->rows[i].started_s != 0 && stats_alive(&s->stats->rows[i]))
            worker(json, &s->stats->rows[i], s->now_s);
    rp_json_end_array(json);
}

/* handshakes_full -> handshakesFull */
static void counter(struct rp_json *json, const char *name, uint64_t value)
{
    char key[64];
    size_t len = 0;

    for (; *name != '\0' && len < sizeof key - 1; name++)
        key[len++] =
            *name == '_' && name[1] != '\0' ? (char)toupper((unsigned char)*++name) : *name;
    key[len] = '\0';
    number(json, key, value);
}

static void counters(struct rp_json *json, const struct status *s, const struct stats_row *sum)
{
    rp_json_key(json, "counters");
    rp_json_begin_object(json);
    number(json, "active", sum->active);
#define X(name, metric, label, help) counter(json, #name, sum->name);
    STATS_COUNTERS(X)
#undef X
    number(json, "logLinesLost", __atomic_load_n(&s->stats->log_lines_lost, __ATOMIC_RELAXED));
    rp_json_end_object(json);
}

/* The state of a store, how many living workers are without it, and since when the first of them
 * is. */
static void away(struct rp_json *json, const struct stats_away *away, const char *state,
                 const char *without, const char *since)
{
    text(json, state, away->workers == 0 ? "well" : "away");
    number(json, without, away->workers);
    rp_json_key(json, since);
    away->workers == 0 ? rp_json_null(json) : rp_json_int(json, (int64_t)away->since_s);
}

static void tier(struct rp_json *json, const char *key, const struct rp_store_counters *c)
{
    rp_json_key(json, key);
    rp_json_begin_object(json);
    number(json, "gets", c->gets);
    number(json, "hits", c->hits);
    number(json, "puts", c->puts);
    number(json, "adds", c->adds);
    number(json, "removes", c->removes);
    number(json, "failures", c->failures);
    number(json, "expired", c->expired);
    number(json, "evicted", c->evicted);
    number(json, "outages", c->outages);
    number(json, "probes", c->probes);
    rp_json_end_object(json);
}

static void took(struct rp_json *json, const char *key, const struct rp_latency *l)
{
    uint64_t count = rp_latency_count(l);

    rp_json_key(json, key);
    rp_json_begin_object(json);
    number(json, "count", count);
    number(json, "meanUs", count > 0 ? l->sum_us / count : 0);
    rp_json_end_object(json);
}

static void sessions(struct rp_json *json, const struct rp_session_cache_counters *c)
{
    number(json, "stored", c->stored);
    number(json, "storeFailed", c->store_failed);
    number(json, "storeTimeouts", c->store_timeouts);
    number(json, "tooLarge", c->too_large);
    number(json, "hits", c->hits);
    number(json, "farHits", c->far_hits);
    number(json, "misses", c->misses);
    number(json, "failed", c->failed);
    number(json, "badSeals", c->bad_seals);
    number(json, "timeouts", c->timeouts);
    number(json, "foreignIds", c->foreign_ids);
    took(json, "nearLookups", &c->near_lookup);
    took(json, "farLookups", &c->far_lookup);
    took(json, "stores", &c->store);
}

static void early_data(struct rp_json *json, const struct rp_replay_guard_counters *c)
{
    rp_json_key(json, "earlyData");
    rp_json_begin_object(json);
    number(json, "offered", c->offered);
    number(json, "first", c->claimed);
    number(json, "seen", c->seen);
    number(json, "failed", c->failed);
    number(json, "late", c->late);
    number(json, "doubted", c->doubted);
    rp_json_end_object(json);
}

static void stores(struct rp_json *json, const struct status *s)
{
    struct stats_away store, l1;

    stats_away(s->stats, &store, &l1);
    rp_json_key(json, "store");
    rp_json_string_bytes(json, s->store, strcspn(s->store, ":"));
    away(json, &store, "state", "workersWithout", "awaySince");
    rp_json_key(json, "l1");
    s->l1[0] == '\0' ? rp_json_null(json) : rp_json_string_bytes(json, s->l1, strcspn(s->l1, ":"));
    away(json, &l1, "l1State", "workersWithoutL1", "l1AwaySince");
}

/* Of ticket keys: which are in force in the cluster, ours first. */
static void lifetimes(struct rp_json *json, const struct rp_key_lifetimes *l)
{
    rp_json_key(json, "keyLifetimes");
    rp_json_begin_array(json);
    for (size_t i = 0; i < l->count && i < RP_KEY_LIFETIMES_MAX; i++) {
        rp_json_begin_object(json);
        number(json, "keyLifetime", l->at[i].epoch_ms / 1000);
        number(json, "sessionTimeout", l->at[i].session_timeout_ms / 1000);
        rp_json_key(json, "ours");
        rp_json_bool(json, i == 0);
        rp_json_end_object(json);
    }
    rp_json_end_array(json);
}

static void cache(struct rp_json *json, const struct status *s, const struct stats_row *sum)
{
    rp_json_key(json, "cache");
    rp_json_begin_object(json);
    stores(json, s);
    lifetimes(json, &s->stats->lifetimes);
    sessions(json, &sum->sessions);
    early_data(json, &sum->early_data);
    tier(json, "near", &sum->near);
    tier(json, "far", &sum->far);
    number(json, "entries", sum->store_entries);
    number(json, "bytesUsed", sum->store_bytes);
    number(json, "bytesSize", sum->store_size);
    rp_json_end_object(json);
}

static void accepting(struct rp_json *json, const struct stats *stats)
{
    struct stats_away paused;

    stats_paused(stats, &paused);
    rp_json_key(json, "accepting");
    rp_json_begin_object(json);
    text(json, "state", paused.workers == 0 ? "well" : "paused");
    number(json, "workersPaused", paused.workers);
    rp_json_key(json, "pausedSince");
    paused.workers == 0 ? rp_json_null(json) : rp_json_int(json, (int64_t)paused.since_s);
    rp_json_end_object(json);
}

static void admin(struct rp_json *json, const struct stats_admin *a)
{
    rp_json_key(json, "admin");
    rp_json_begin_object(json);
    number(json, "unknownHost", a->unknown_host);
    number(json, "invalidHost", a->invalid_host);
    number(json, "method", a->method);
    number(json, "path", a->path);
    number(json, "evicted", a->evicted);
    number(json, "timeouts", a->timeouts);
    rp_json_end_object(json);
}

void status_compose(struct rp_json *json, const struct status *s)
{
    struct stats_row sum;

    stats_sum(s->stats, &sum);
    rp_json_begin_object(json);
    rp_json_key(json, "ok");
    rp_json_bool(json, true);
    text(json, "version", RP_VERSION);
    number(json, "pid", (uint64_t)s->pid);
    number(json, "uptime", age(s->now_s, s->started_s));
    generations(json, s);
    workers(json, s);
    counters(json, s, &sum);
    accepting(json, s->stats);
    ends_json(json, s->stats);
    admin(json, &s->stats->admin);
    cache(json, s, &sum);
    rp_json_end_object(json);
}
