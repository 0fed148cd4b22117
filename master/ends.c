/* SPDX-License-Identifier: MIT
 *
 * ends.c - how connections ended; see ends.h. */
#include "master/ends.h"

/* A label's value, as Prometheus wants it. */
static void put_value(struct rp_text *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            rp_text_puts(out, "\\n");
        else
            rp_text_printf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
    }
}

static void put_sample(struct rp_text *out, const struct stats_frontend *f, enum reason reason)
{
    rp_text_puts(out, "reprise_connections_ended_total{frontend=\"");
    put_value(out, f->name);
    rp_text_printf(out, "\",reason=\"%s\"} %llu\n", reason_entry(reason)->code,
                   (unsigned long long)stats_ends(f, reason));
}

void ends_metrics(struct rp_text *out, const struct stats *stats)
{
    rp_text_puts(out, "# HELP reprise_connections_ended_total Ended connections by frontend and "
                      "reason, refused ones included.\n"
                      "# TYPE reprise_connections_ended_total counter\n");
    for (size_t i = 0; i < STATS_FRONTENDS; i++)
        for (enum reason reason = 0; reason < REASON_COUNT; reason++)
            if (stats_ends(&stats->frontends[i], reason) > 0)
                put_sample(out, &stats->frontends[i], reason);
}

void ends_json(struct rp_json *json, const struct stats *stats)
{
    rp_json_key(json, "ended");
    rp_json_begin_object(json);
    for (size_t i = 0; i < STATS_FRONTENDS; i++) {
        const struct stats_frontend *f = &stats->frontends[i];

        if (f->name[0] == '\0')
            continue;
        rp_json_key(json, f->name);
        rp_json_begin_object(json);
        for (enum reason reason = 0; reason < REASON_COUNT; reason++)
            if (stats_ends(f, reason) > 0) {
                rp_json_key(json, reason_entry(reason)->code);
                rp_json_int(json, (int64_t)stats_ends(f, reason));
            }
        rp_json_end_object(json);
    }
    rp_json_end_object(json);
}
