/* SPDX-License-Identifier: MIT
 *
 * load_report.c - what was measured: as text, JSON, CSV. */
#include "load.h"
#include "load_page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static double ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : (double)a / (double)b;
}

bool load_was_bottleneck(const struct load_options *o, const struct load_stats *s)
{
    return ratio(s->cpu_us, s->elapsed_us) / o->processes > 0.9;
}

struct row {
    const char *name;
    const struct histogram *histogram;
};
enum { ROWS = 3 };
static const double percents[] = {50, 90, 99, 99.9};
enum { PERCENTS = sizeof percents / sizeof *percents };

static void rows_of(const struct load_stats *s, struct row rows[ROWS])
{
    rows[0] = (struct row){"full", &s->full_us};
    rows[1] = (struct row){"resumed", &s->resumed_us};
    rows[2] = (struct row){"request", &s->request_us};
}

/* -- text */

static void print_latency(const struct load_stats *s)
{
    struct row rows[ROWS];

    rows_of(s, rows);
    printf("\nlatency, ms        count       p50       p90       p99     p99.9       max\n");
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].histogram->count == 0)
            continue;
        printf("  %-10s %11" PRIu64, rows[i].name, rows[i].histogram->count);
        for (int p = 0; p < PERCENTS; p++)
            printf(" %9.3f", (double)histogram_percentile(rows[i].histogram, percents[p]) / 1000);
        printf(" %9.3f\n", (double)rows[i].histogram->max / 1000);
    }
}

/* Only a run with phases has something to show second by second. */
static void print_seconds(const struct load_options *o, const struct load_stats *s)
{
    uint64_t last = s->elapsed_us / 1000000;

    if (o->phase_count == 0)
        return;
    printf("\n  second      full   resumed  declined    failed\n");
    for (uint64_t i = 0; i <= last && i < LOAD_SECONDS; i++) {
        const struct load_second *t = &s->seconds[i];

        printf("%8" PRIu64 " %9u %9u %9u %9u", i, t->full, t->resumed, t->declined, t->failed);
        for (unsigned p = 0; p < o->phase_count; p++)
            if (o->phases[p].at_ms / 1000 == i)
                printf("  %s", o->phases[p].text);
        printf("\n");
    }
}

static void print_matrix(const struct load_options *o, const struct load_stats *s)
{
    if (o->target_count < 2 || s->offered == 0)
        return;
    printf("\nresumed, %% of the sessions offered: row = host it came from, column = offered to\n");
    for (unsigned i = 0; i < o->target_count; i++)
        printf("  [%u] %s\n", i, o->targets[i].text);
    printf("       ");
    for (unsigned i = 0; i < o->target_count; i++)
        printf("     [%u]", i);
    for (unsigned i = 0; i < o->target_count; i++) {
        printf("\n  [%u]  ", i);
        for (unsigned j = 0; j < o->target_count; j++)
            if (s->offered_at[i][j] == 0)
                printf("       -");
            else
                printf("  %6.2f", 100 * ratio(s->resumed_at[i][j], s->offered_at[i][j]));
    }
    printf("\n");
}

void load_report_text(const struct load_options *o, const struct load_stats *s, uint64_t server_us)
{
    double seconds = (double)s->elapsed_us / 1e6;
    uint64_t handshakes = s->full + s->resumed;

    printf("%" PRIu64 " connections in %.2f s: %.0f handshakes/s (%.0f full, %.0f resumed)\n",
           s->started, seconds, (double)handshakes / seconds, (double)s->full / seconds,
           (double)s->resumed / seconds);
    printf("sessions: %" PRIu64 " offered, %" PRIu64 " resumed (%.2f %%), %" PRIu64 " declined\n",
           s->offered, s->resumed, 100 * ratio(s->resumed, s->offered), s->declined);
    if (s->requests > 0)
        printf("requests: %" PRIu64 ", %.0f/s; bytes: %" PRIu64 " down, %" PRIu64 " up\n",
               s->requests, (double)s->requests / seconds, s->bytes_read, s->bytes_written);
    printf("failed: %" PRIu64 "\n", s->failed);
    for (int i = 0; i < LOAD_REASONS && s->reasons[i].count > 0; i++)
        printf("  %10" PRIu64 "  %s\n", s->reasons[i].count, s->reasons[i].text);
    print_latency(s);
    print_matrix(o, s);
    print_seconds(o, s);
    printf("\ntester: %.1f us CPU a connection\n", ratio(s->cpu_us, s->started));
    if (server_us > 0)
        printf("server: %.1f us CPU a connection\n", ratio(server_us, handshakes));
    if (load_was_bottleneck(o, s))
        printf("The tester itself was the bottleneck: give it more --processes and CPUs, or a "
               "--rate.\n");
    if (s->late_us > 100000)
        printf("The schedule was up to %.0f ms late: raise --concurrency.\n",
               (double)s->late_us / 1000);
}

/* -- JSON. Texts come from the command line and from error codes: quoted all the same. */

static void json_text(FILE *f, const char *text)
{
    fputc('"', f);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < 0x20 || *at == '"' || *at == '\\')
            fprintf(f, "\\u%04x", *at);
        else
            fputc(*at, f);
    fputc('"', f);
}

static void json_matrix(FILE *f, const struct load_options *o, const char *name,
                        const uint64_t matrix[LOAD_TARGETS][LOAD_TARGETS])
{
    fprintf(f, ",\n  \"%s\": [", name);
    for (unsigned i = 0; i < o->target_count; i++)
        for (unsigned j = 0; j < o->target_count; j++)
            fprintf(f, "%s%" PRIu64 "%s", j == 0 ? (i == 0 ? "[" : ", [") : ", ", matrix[i][j],
                    j + 1 == o->target_count ? "]" : "");
    fputs("]", f);
}

static void json_seconds(FILE *f, const struct load_stats *s)
{
    uint64_t last = s->elapsed_us / 1000000;

    fputs(",\n  \"seconds\": [", f);
    for (uint64_t i = 0; i <= last && i < LOAD_SECONDS; i++)
        fprintf(f, "%s{\"full\": %u, \"resumed\": %u, \"declined\": %u, \"failed\": %u}",
                i > 0 ? ", " : "", s->seconds[i].full, s->seconds[i].resumed,
                s->seconds[i].declined, s->seconds[i].failed);
    fputs("]", f);
}

static void json_latency(FILE *f, const struct load_stats *s)
{
    struct row rows[ROWS];

    rows_of(s, rows);
    fputs(",\n  \"latency_us\": {", f);
    for (int i = 0; i < ROWS; i++) {
        const struct histogram *h = rows[i].histogram;

        fprintf(f, "%s\n    \"%s\": {\"count\": %" PRIu64 ", \"mean\": %.1f", i > 0 ? "," : "",
                rows[i].name, h->count, histogram_mean(h));
        for (int p = 0; p < PERCENTS; p++)
            fprintf(f, ", \"p%g\": %" PRIu64, percents[p], histogram_percentile(h, percents[p]));
        fprintf(f, ", \"max\": %" PRIu64 "}", h->max);
    }
    fputs("\n  }", f);
}

static void write_json(FILE *f, const struct load_options *o, const struct load_stats *s,
                       uint64_t server_us)
{
    fputs("{\n  \"targets\": [", f);
    for (unsigned i = 0; i < o->target_count; i++) {
        fputs(i > 0 ? ", " : "", f);
        json_text(f, o->targets[i].text);
    }
    fprintf(f,
            "],\n  \"seed\": %" PRIu64 ", \"elapsed_us\": %" PRIu64 ", \"started\": %" PRIu64
            ",\n  \"full\": %" PRIu64 ", \"resumed\": %" PRIu64 ", \"offered\": %" PRIu64
            ", \"declined\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"requests\": %" PRIu64
            ",\n  \"bytes_read\": %" PRIu64 ", \"bytes_written\": %" PRIu64
            ",\n  \"tester_cpu_us\": %" PRIu64 ", \"server_cpu_us\": %" PRIu64
            ", \"late_us\": %" PRIu64 ", \"bottleneck\": %s",
            o->seed, s->elapsed_us, s->started, s->full, s->resumed, s->offered, s->declined,
            s->failed, s->requests, s->bytes_read, s->bytes_written, s->cpu_us, server_us,
            s->late_us, load_was_bottleneck(o, s) ? "true" : "false");
    json_matrix(f, o, "offered_from_to", s->offered_at);
    json_matrix(f, o, "resumed_from_to", s->resumed_at);
    fputs(",\n  \"failed_by_reason\": {", f);
    for (int i = 0; i < LOAD_REASONS && s->reasons[i].count > 0; i++) {
        fputs(i > 0 ? ", " : "", f);
        json_text(f, s->reasons[i].text);
        fprintf(f, ": %" PRIu64, s->reasons[i].count);
    }
    fputs("}", f);
    json_seconds(f, s);
    json_latency(f, s);
    fputs("\n}\n", f);
}

static void write_csv(FILE *f, const struct load_options *o, const struct load_stats *s,
                      uint64_t server_us)
{
    struct row rows[ROWS];

    (void)o, (void)server_us;
    rows_of(s, rows);
    fputs("kind,count,mean_us,p50_us,p90_us,p99_us,p99.9_us,max_us\n", f);
    for (int i = 0; i < ROWS; i++) {
        const struct histogram *h = rows[i].histogram;

        fprintf(f, "%s,%" PRIu64 ",%.1f", rows[i].name, h->count, histogram_mean(h));
        for (int p = 0; p < PERCENTS; p++)
            fprintf(f, ",%" PRIu64, histogram_percentile(h, percents[p]));
        fprintf(f, ",%" PRIu64 "\n", h->max);
    }
}

typedef void writer(FILE *, const struct load_options *, const struct load_stats *, uint64_t);

static bool write_file(const char *path, writer *write, const struct load_options *o,
                       const struct load_stats *s, uint64_t server_us, struct rp_error *err)
{
    FILE *f;
    bool ok;

    if (path == NULL)
        return true;
    f = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (f == NULL)
        return rp_error_errno(err, errno, "open", "%s", path);
    write(f, o, s, server_us);
    ok = fflush(f) == 0 && !ferror(f);
    if (f != stdout)
        ok = fclose(f) == 0 && ok;
    return ok || rp_error_set(err, "EIO", "%s: it can't be written", path);
}

bool load_report_files(const struct load_options *o, const struct load_stats *s, uint64_t server_us,
                       struct rp_error *err)
{
    return write_file(o->json, write_json, o, s, server_us, err) &&
           write_file(o->csv, write_csv, o, s, server_us, err) &&
           write_file(o->html, load_page_write, o, s, server_us, err);
}
