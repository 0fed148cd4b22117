/* SPDX-License-Identifier: MIT
 *
 * metrics.c - counters and gauges by name; see metrics.h.
 * The names are promises: dashboards and alarms are built on them. One may be added, none changes.
 * Values of one metric stand together, under one HELP and one TYPE. */
#include "master/metrics.h"
#include "cache/store_open.h"
#include "master/ends.h"

#include <reprise/tls.h>
#include <stddef.h>
#include <string.h>

struct metric {
    const char *name, *label, *help; /* help is the first one's of a name */
    size_t offset;                   /* in a struct stats_row */
};
#define ROW(field) offsetof(struct stats_row, field)

#define X(field, metric, label, help) {metric, label, help, ROW(field)},
static const struct metric row_counters[] = {STATS_COUNTERS(X)};
#undef X

static const struct metric session_counters[] = {
    {"sessions_stored_total", "result=\"ok\"", "New sessions written to the store, by result",
     ROW(sessions.stored)},
    {"sessions_stored_total", "result=\"failed\"", "", ROW(sessions.store_failed)},
    {"sessions_stored_total", "result=\"too_large\"", "", ROW(sessions.too_large)},
    {"session_store_timeouts_total", "",
     "Handshakes that continued because storing the session timed out",
     ROW(sessions.store_timeouts)},
    {"session_lookups_total", "result=\"hit\"", "Session lookups by result", ROW(sessions.hits)},
    {"session_lookups_total", "result=\"miss\"", "", ROW(sessions.misses)},
    {"session_lookups_total", "result=\"bad_seal\"", "", ROW(sessions.bad_seals)},
    {"session_lookups_total", "result=\"timeout\"", "", ROW(sessions.timeouts)},
    {"session_lookups_failed_total", "",
     "Session lookups counted as misses because the store failed", ROW(sessions.failed)},
    {"session_far_hits_total", "",
     "Session lookups answered by the shared store, not by this host's store",
     ROW(sessions.far_hits)},
    {"session_foreign_ids_total", "",
     "Session IDs that this cluster did not issue, which are not looked up",
     ROW(sessions.foreign_ids)},
};

/* A flight of early data is offered, then claimed in the store. */
static const struct metric early_data_counters[] = {
    {"early_data_offered_total", "", "Connections that offered early data with a valid session",
     ROW(early_data.offered)},
    {"early_data_claims_total", "result=\"first\"", "Claims of early data in the store, by result",
     ROW(early_data.claimed)},
    {"early_data_claims_total", "result=\"seen\"", "", ROW(early_data.seen)},
    {"early_data_claims_total", "result=\"failed\"", "", ROW(early_data.failed)},
    {"early_data_claims_total", "result=\"late\"", "", ROW(early_data.late)},
    {"early_data_claims_total", "result=\"doubted\"", "", ROW(early_data.doubted)},
};

/* Of each tier of the store. */
static const struct metric tier_counters[] = {
#define TIER(field) offsetof(struct rp_store_counters, field)
    {"store_operations_total", "verb=\"get\"", "Store operations by verb", TIER(gets)},
    {"store_operations_total", "verb=\"put\"", "", TIER(puts)},
    {"store_operations_total", "verb=\"add\"", "", TIER(adds)},
    {"store_operations_total", "verb=\"remove\"", "", TIER(removes)},
    {"store_hits_total", "", "Store reads that found an entry", TIER(hits)},
    {"store_failures_total", "", "Failed store operations", TIER(failures)},
    {"store_outages_total", "", "Times the store became unavailable", TIER(outages)},
    {"store_probes_total", "", "Attempts to reach an unavailable store", TIER(probes)},
    {"store_expired_total", "", "Expired entries removed", TIER(expired)},
    {"store_evicted_total", "", "Entries evicted to make room for others", TIER(evicted)},
#undef TIER
};

static uint64_t value_at(const void *base, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)base + offset);
}

static void head(struct rp_text *out, const char *name, const char *type, const char *help)
{
    rp_text_printf(out, "# HELP reprise_%s %s.\n# TYPE reprise_%s %s\n", name, help, name, type);
}

static void sample(struct rp_text *out, const char *name, const char *label, const char *tier,
                   uint64_t value)
{
    bool both = label[0] != '\0' && tier[0] != '\0', any = label[0] != '\0' || tier[0] != '\0';

    rp_text_printf(out, "reprise_%s%s%s%s%s%s %llu\n", name, any ? "{" : "", tier, both ? "," : "",
                   label, any ? "}" : "", (unsigned long long)value);
}

static void gauge(struct rp_text *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "gauge", help);
    sample(out, name, "", "", value);
}

static bool begins(const struct metric *list, size_t i)
{
    return i == 0 || strcmp(list[i].name, list[i - 1].name) != 0;
}

static void count_all(struct rp_text *out, const struct metric *list, size_t count,
                      const struct stats_row *sum)
{
    for (size_t i = 0; i < count; i++) {
        if (begins(list, i))
            head(out, list[i].name, "counter", list[i].help);
        sample(out, list[i].name, list[i].label, "", value_at(sum, list[i].offset));
    }
}

/* Both tiers of a metric under one head. */
static void count_tiers(struct rp_text *out, const struct stats_row *sum)
{
    const size_t count = sizeof tier_counters / sizeof *tier_counters;

    for (size_t i = 0; i < count; i++) {
        const struct metric *m = &tier_counters[i];

        if (begins(tier_counters, i))
            head(out, m->name, "counter", m->help);
        sample(out, m->name, m->label, "tier=\"near\"", value_at(&sum->near, m->offset));
        sample(out, m->name, m->label, "tier=\"far\"", value_at(&sum->far, m->offset));
    }
}

static void histogram(struct rp_text *out, const char *name, const char *label,
                      const struct rp_latency *l)
{
    const char *comma = label[0] != '\0' ? "," : "";
    uint64_t count = 0;

    for (size_t i = 0; i < RP_LATENCY_BOUNDS; i++) {
        count += l->counts[i];
        rp_text_printf(out, "reprise_%s_bucket{%s%sle=\"%g\"} %llu\n", name, label, comma,
                       rp_latency_bounds_us[i] / 1e6, (unsigned long long)count);
    }
    count += l->counts[RP_LATENCY_BOUNDS];
    rp_text_printf(out, "reprise_%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, label, comma,
                   (unsigned long long)count);
    rp_text_printf(out, "reprise_%s_sum%s%s%s %.6f\n", name, label[0] != '\0' ? "{" : "", label,
                   label[0] != '\0' ? "}" : "", (double)l->sum_us / 1e6);
    rp_text_printf(out, "reprise_%s_count%s%s%s %llu\n", name, label[0] != '\0' ? "{" : "", label,
                   label[0] != '\0' ? "}" : "", (unsigned long long)count);
}

static void latencies(struct rp_text *out, const struct stats_row *sum)
{
    head(out, "session_lookup_seconds", "histogram",
         "Time that a handshake waited for a session: near, from this host's store; far, from the "
         "shared store");
    histogram(out, "session_lookup_seconds", "tier=\"near\"", &sum->sessions.near_lookup);
    histogram(out, "session_lookup_seconds", "tier=\"far\"", &sum->sessions.far_lookup);
    head(out, "session_store_seconds", "histogram",
         "Time that a handshake waited until its session was stored");
    histogram(out, "session_store_seconds", "", &sum->sessions.store);
}

static void away(struct rp_text *out, const struct status *s)
{
    bool is_far = rp_store_uri_is_remote(s->store), is_near = !is_far || s->l1[0] != '\0';
    struct stats_away store = {0}, l1 = {0};
    const struct stats_away *near = is_far ? &l1 : &store;

    stats_away(s->stats, &store, &l1);
    head(out, "store_workers_away", "gauge", "Workers whose store is unavailable");
    if (is_near)
        sample(out, "store_workers_away", "", "tier=\"near\"", near->workers);
    if (is_far)
        sample(out, "store_workers_away", "", "tier=\"far\"", store.workers);
    head(out, "store_away_since_seconds", "gauge",
         "Unix time since when the store is unavailable; 0 if it is available");
    if (is_near)
        sample(out, "store_away_since_seconds", "", "tier=\"near\"", near->since_s);
    if (is_far)
        sample(out, "store_away_since_seconds", "", "tier=\"far\"", store.since_s);
}

static void paused(struct rp_text *out, const struct stats *stats)
{
    struct stats_away workers;

    stats_paused(stats, &workers);
    gauge(out, "accept_paused_workers",
          "Workers whose accepting is paused because file descriptors or memory ran out",
          workers.workers);
    gauge(out, "accept_paused_since_seconds",
          "Unix time since when accepting is paused; 0 if it is not", workers.since_s);
}

static void stores(struct rp_text *out, const struct status *s, const struct stats_row *sum)
{
    away(out, s);
    gauge(out, "key_lifetimes",
          "Different lifetimes of ticket keys in the cluster; above 1, hosts differ or a reload "
          "changed them",
          s->stats->lifetimes.count);
    gauge(out, "store_entries", "Entries in this host's store file", sum->store_entries);
    gauge(out, "store_bytes", "Bytes in use in this host's store file", sum->store_bytes);
    gauge(out, "store_size_bytes", "Maximum size of this host's store file in bytes",
          sum->store_size);
}

static void processes(struct rp_text *out, const struct status *s, const struct stats_row *sum)
{
    struct stats_away stuck;
    uint64_t stuck_generations = 0;

    for (size_t i = 0; i < s->generation_count; i++)
        stuck_generations += s->generations[i].stuck;
    head(out, "build_info", "gauge", "Version of the program; the value is always 1");
    rp_text_printf(out, "reprise_build_info{version=\"%s\",openssl=\"%s\"} 1\n", RP_VERSION,
                   rp_openssl_version());
    gauge(out, "start_time_seconds", "Unix time when the master started", s->started_s);
    gauge(out, "generations", "Running generations of workers, draining ones included",
          s->generation_count);
    gauge(out, "workers", "Running workers", (uint64_t)sum->pid);
    stats_stuck(s->stats, &stuck);
    gauge(out, "workers_stuck", "Workers that do not respond", stuck.workers);
    gauge(out, "generations_stuck", "Generations whose process does not respond",
          stuck_generations);
    gauge(out, "connections_active", "Open connections", sum->active);
    gauge(out, "handshakes_active", "Connections with a handshake in progress", sum->handshaking);
    head(out, "log_lines_lost_total", "counter",
         "Log lines lost because the log's reader has stopped or its disk is full");
    sample(out, "log_lines_lost_total", "", "",
           __atomic_load_n(&s->stats->log_lines_lost, __ATOMIC_RELAXED));
}

static void admin(struct rp_text *out, const struct stats_admin *a)
{
    head(out, "admin_requests_refused_total", "counter",
         "Requests to the admin address that were refused, by reason");
    sample(out, "admin_requests_refused_total", "reason=\"unknown_host\"", "", a->unknown_host);
    sample(out, "admin_requests_refused_total", "reason=\"invalid_host\"", "", a->invalid_host);
    sample(out, "admin_requests_refused_total", "reason=\"method\"", "", a->method);
    sample(out, "admin_requests_refused_total", "reason=\"path\"", "", a->path);
    head(out, "admin_connections_cut_total", "counter",
         "Connections to the admin address that were closed, by reason");
    sample(out, "admin_connections_cut_total", "reason=\"evicted\"", "", a->evicted);
    sample(out, "admin_connections_cut_total", "reason=\"timeout\"", "", a->timeouts);
}

void metrics_compose(struct rp_text *out, const struct status *s)
{
    struct stats_row sum;

    stats_sum(s->stats, &sum);
    processes(out, s, &sum);
    count_all(out, row_counters, sizeof row_counters / sizeof *row_counters, &sum);
    paused(out, s->stats);
    ends_metrics(out, s->stats);
    admin(out, &s->stats->admin);
    count_all(out, session_counters, sizeof session_counters / sizeof *session_counters, &sum);
    count_all(out, early_data_counters, sizeof early_data_counters / sizeof *early_data_counters,
              &sum);
    stores(out, s, &sum);
    count_tiers(out, &sum);
    latencies(out, &sum);
}
