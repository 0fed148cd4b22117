/* SPDX-License-Identifier: MIT
 *
 * json.c - the results as JSON and CSV. All texts are quoted, also those of the command line and
 * error codes. The format is stable: members may be added, but not removed. */
#include "contrib/load/load.h"

#include <inttypes.h>

static void put_text(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text != '\0'; text++) {
        size_t length = load_utf8_length(text);

        if (length == 0)
            fputs("\\ufffd", f);
        else if (length == 1 && (*text < 0x20 || *text == '"' || *text == '\\'))
            fprintf(f, "\\u%04x", *text);
        else
            fwrite(text, 1, length, f);
        text += length > 1 ? length - 1 : 0;
    }
    fputc('"', f);
}

static void put_matrix(FILE *f, const struct load_options *o, const char *name,
                       const uint64_t matrix[LOAD_TARGETS][LOAD_TARGETS])
{
    fprintf(f, ",\n  \"%s\": [", name);
    for (unsigned i = 0; i < o->target_count; i++)
        for (unsigned j = 0; j < o->target_count; j++)
            fprintf(f, "%s%" PRIu64 "%s", j == 0 ? (i == 0 ? "[" : ", [") : ", ", matrix[i][j],
                    j + 1 == o->target_count ? "]" : "");
    fputs("]", f);
}

static void put_kinds(FILE *f, const char *name, const uint64_t by_kind[KINDS])
{
    fprintf(f, ",\n  \"%s\": {", name);
    for (int i = 0; i < KINDS; i++)
        fprintf(f, "%s\"%s\": %" PRIu64, i > 0 ? ", " : "", load_kind_name((enum load_kind)i),
                by_kind[i]);
    fputs("}", f);
}

static void put_second(FILE *f, const struct load_second *t)
{
    const struct histogram *h = &t->handshake_us;

    fprintf(f,
            "\"full\": %u, \"resumed\": %u, \"declined\": %u, \"failed\": %u, \"requests\": %u, "
            "\"bytes\": %" PRIu64 ", \"p50_us\": %" PRIu64 ", \"p99_us\": %" PRIu64
            ", \"max_us\": %" PRIu64 "}",
            t->full, t->resumed, t->declined, t->failed, t->requests, t->bytes,
            histogram_percentile(h, 50), histogram_percentile(h, 99), h->max);
}

static void put_command(FILE *f, const struct load_command *command)
{
    static const char *const states[] = {"not run", "cut off", "ended", "cut off"};

    fprintf(f, ", \"outcome\": \"%s\", \"begun_ms\": ", states[command->state]);
    if (command->state == COMMAND_WAITS)
        fputs("null, \"took_ms\": null", f);
    else
        fprintf(f, "%" PRIu64 ", \"took_ms\": %" PRIu64, command->begun_ms, command->took_ms);
    if (command->state == COMMAND_ENDED)
        fprintf(f, ", \"status\": %d}", command->status);
    else
        fputs(", \"status\": null}", f);
}

static void put_timeline(FILE *f, const struct load_options *o, const struct load_result *r)
{
    const struct load_stats *s = &r->stats;
    uint64_t step = load_second_ms(o), count = load_second_count(o, s);

    fprintf(f, ",\n  \"second_ms\": %" PRIu64 ",\n  \"phases\": [", step);
    for (unsigned i = 0; i < o->phases.count; i++) {
        const struct load_phase *phase = &o->phases.list[i];

        fprintf(f, "%s{\"at_ms\": %" PRIu64 ", \"length_ms\": %" PRIu64 ", \"text\": ",
                i > 0 ? ", " : "", phase->at_ms, phase->length_ms);
        put_text(f, phase->text);
        if (phase->length_ms > 0) {
            fprintf(f, ", \"ran_ms\": %" PRIu64 ", ", load_phase_ran_ms(phase, s));
            put_second(f, &s->phases[i]);
        } else {
            put_command(f, &r->commands[i]);
        }
    }
    fputs("],\n  \"seconds\": [", f);
    for (uint64_t i = 0; i < count; i++) {
        fputs(i > 0 ? ",\n    {" : "\n    {", f);
        put_second(f, &s->seconds[i]);
    }
    fputs("]", f);
}

static void put_rows(FILE *f, const char *name, const struct load_row *rows, int count)
{
    fprintf(f, ",\n  \"%s\": {", name);
    for (int i = 0; i < count; i++) {
        const struct histogram *h = rows[i].histogram;

        fprintf(f, "%s\n    \"%s\": {\"count\": %" PRIu64 ", \"mean\": %.1f", i > 0 ? "," : "",
                rows[i].name, h->count, histogram_mean(h));
        for (int p = 0; p < LOAD_PERCENTS; p++)
            fprintf(f, ", \"p%g\": %" PRIu64, load_percents[p],
                    histogram_percentile(h, load_percents[p]));
        fprintf(f, ", \"max\": %" PRIu64 "}", h->max);
    }
    fputs("\n  }", f);
}

static void put_latency(FILE *f, const struct load_result *r)
{
    struct load_row first_bytes[LOAD_FIRST_BYTE_ROWS], rows[LOAD_ROWS];

    load_first_byte_rows(r, first_bytes);
    put_rows(f, "first_byte_us", first_bytes, LOAD_FIRST_BYTE_ROWS);
    load_rows(r, rows);
    put_rows(f, "latency_us", rows, LOAD_ROWS);
}

static void put_info(FILE *f, const struct load_run_info *info)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"command", info->command},
                 {"date", info->date},
                 {"host", info->host},
                 {"version", info->version},
                 {"openssl", info->openssl}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fprintf(f, "  \"%s\": ", texts[i].name);
        put_text(f, texts[i].text);
        fputs(",\n", f);
    }
}

static void put_negotiated(FILE *f, const struct load_stats *s)
{
    fputs(",\n  \"negotiated\": [", f);
    for (unsigned i = 0; i < LOAD_NEGOTIATED && s->negotiated[i].count > 0; i++) {
        const struct load_negotiated *n = &s->negotiated[i];

        fprintf(f,
                "%s{\"protocol\": \"%s\", \"cipher\": \"%s\", \"group\": \"%s\", "
                "\"certificate\": \"%s\", \"alpn\": ",
                i > 0 ? ",\n    " : "\n    ", n->version, n->suite, n->group, n->key);
        put_text(f, n->alpn);
        fprintf(f, ", \"count\": %" PRIu64 "}", n->count);
    }
    fputs("]", f);
}

static void put_failures(FILE *f, const struct load_stats *s)
{
    fputs(",\n  \"failed_by_reason\": {", f);
    for (int i = 0; i < LOAD_REASONS && s->reasons[i].count > 0; i++) {
        fputs(i > 0 ? ", " : "", f);
        put_text(f, s->reasons[i].text);
        fprintf(f, ": %" PRIu64, s->reasons[i].count);
    }
    fputs("},\n  \"failed_by_class\": {", f);
    for (int i = 0; i < CLASSES; i++)
        fprintf(f, "%s\"%s\": %" PRIu64, i > 0 ? ", " : "", load_class_name((enum load_class)i),
                s->by_class[i]);
    fputs("},\n  \"status\": {", f);
    for (int i = 2; i < 6; i++)
        fprintf(f, "%s\"%dxx\": %" PRIu64, i > 2 ? ", " : "", i, s->by_status[i]);
    fputs("}", f);
}

void load_write_json(FILE *f, const struct load_options *o, const struct load_result *r)
{
    const struct load_stats *s = &r->stats;

    fputs("{\n", f);
    put_info(f, &r->info);
    fputs("  \"targets\": [", f);
    for (unsigned i = 0; i < o->target_count; i++) {
        fputs(i > 0 ? ", " : "", f);
        put_text(f, o->targets[i].label);
    }
    fprintf(f,
            "],\n  \"seed\": %" PRIu64 ", \"elapsed_us\": %" PRIu64 ", \"started\": %" PRIu64
            ",\n  \"full\": %" PRIu64 ", \"resumed\": %" PRIu64 ", \"offered\": %" PRIu64
            ", \"declined\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"requests\": %" PRIu64
            ",\n  \"bytes_read\": %" PRIu64 ", \"bytes_written\": %" PRIu64
            ",\n  \"tester_cpu_us\": %" PRIu64 ", \"server_cpu_us\": %" PRIu64
            ", \"late_us\": %" PRIu64 ", \"bottleneck\": %s",
            o->seed, s->elapsed_us, s->started, s->full, s->resumed, s->offered, s->declined,
            s->failed, s->requests, s->bytes_read, s->bytes_written, s->cpu_us, r->server_us,
            s->late_us, load_was_bottleneck(o, s) ? "true" : "false");
    fprintf(f,
            ",\n  \"missed\": %" PRIu64 ", \"given\": %" PRIu64 ", \"offered_failed\": %" PRIu64
            ", \"late\": %" PRIu64 ", \"crowded\": %" PRIu64 ", \"late_busy\": %" PRIu64
            ", \"age_ms\": {\"mean\": %.1f, "
            "\"max\": %" PRIu64 "}",
            s->missed, s->given, s->offered_failed, s->late, s->crowded, s->late_busy,
            load_ratio(s->age_ms, s->offered), s->oldest_ms);
    fprintf(f,
            ",\n  \"due\": %" PRIu64 ", \"served_percent\": %.4f, \"late_queued\": %" PRIu64
            ", \"queued_us\": %" PRIu64 ",\n  \"arriving_us\": %" PRIu64
            ", \"full_per_second\": %.3f, \"resumed_per_second\": %.3f, "
            "\"requests_per_second\": %.3f",
            load_due(s), load_served_percent(s), s->late_queued, s->queued_us, s->arriving_us,
            load_rate(s->full_in_time, s), load_rate(s->resumed_in_time, s),
            load_rate(s->requests_in_time, s));
    fprintf(f, ",\n  \"lost_processes\": %u", r->lost);
    put_kinds(f, "by_kind", s->by_kind);
    put_kinds(f, "offered_by_kind", s->offered_by);
    put_kinds(f, "resumed_by_kind", s->resumed_by);
    fprintf(f,
            ",\n  \"early_data\": {\"accepted\": %" PRIu64 ", \"rejected\": %" PRIu64
            ", \"not_allowed\": %" PRIu64 "}",
            s->early[RP_EARLY_DATA_ACCEPTED], s->early[RP_EARLY_DATA_REJECTED],
            s->early[RP_EARLY_DATA_NONE]);
    put_matrix(f, o, "offered_from_to", s->offered_at);
    put_matrix(f, o, "resumed_from_to", s->resumed_at);
    put_negotiated(f, s);
    put_failures(f, s);
    put_timeline(f, o, r);
    put_latency(f, r);
    fputs("\n}\n", f);
}

static void put_csv_rows(FILE *f, const char *prefix, const struct load_row *rows, int count)
{
    for (int i = 0; i < count; i++) {
        const struct histogram *h = rows[i].histogram;

        fprintf(f, "%s%s,%" PRIu64 ",%.1f", prefix, rows[i].name, h->count, histogram_mean(h));
        for (int p = 0; p < LOAD_PERCENTS; p++)
            fprintf(f, ",%" PRIu64, histogram_percentile(h, load_percents[p]));
        fprintf(f, ",%" PRIu64 "\n", h->max);
    }
}

void load_write_csv(FILE *f, const struct load_options *o, const struct load_result *r)
{
    struct load_row first_bytes[LOAD_FIRST_BYTE_ROWS], rows[LOAD_ROWS];

    (void)o;
    fputs("kind,count,mean_us,p50_us,p90_us,p99_us,p99.9_us,max_us\n", f);
    load_rows(r, rows);
    put_csv_rows(f, "", rows, LOAD_ROWS);
    load_first_byte_rows(r, first_bytes);
    put_csv_rows(f, "first byte: ", first_bytes, LOAD_FIRST_BYTE_ROWS);
}

void load_write_timeline(FILE *f, const struct load_options *o, const struct load_result *r)
{
    uint64_t step = load_second_ms(o), count = load_second_count(o, &r->stats);

    fputs("second,full,resumed,declined,failed,requests,bytes,p50_us,p99_us,max_us\n", f);
    for (uint64_t i = 0; i < count; i++) {
        const struct load_second *t = &r->stats.seconds[i];

        fprintf(f, "%g,%u,%u,%u,%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
                (double)(i * step) / 1000, t->full, t->resumed, t->declined, t->failed, t->requests,
                t->bytes, histogram_percentile(&t->handshake_us, 50),
                histogram_percentile(&t->handshake_us, 99), t->handshake_us.max);
    }
}
