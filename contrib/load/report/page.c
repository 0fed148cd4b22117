/* SPDX-License-Identifier: MIT
 *
 * page.c - the report as one HTML page: figures, the resumption matrix, reasons of failures, the
 * time line and latency curves in SVG. The danger: the command line is part of the page, so all
 * text is escaped. */
#include "contrib/load/report/page.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

static void put_text(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        size_t length = load_utf8_length(text);

        if (length == 0)
            fputs("&#65533;", f);
        else if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
            fprintf(f, "&#%d;", *text);
        else
            fwrite(text, 1, length, f);
        text += length > 1 ? length - 1 : 0;
    }
}

static void put_row(FILE *f, const char *name, double value, const char *unit)
{
    fprintf(f, "<tr><th>%s</th><td>%.6g %s</td></tr>\n", name, value, unit);
}

static double per(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : (double)a / (double)b;
}

static void put_count(FILE *f, const char *name, uint64_t count)
{
    fprintf(f, "<tr><th>%s</th><td>%" PRIu64 "</td></tr>\n", name, count);
}

static void put_sessions(FILE *f, const struct load_stats *s)
{
    put_count(f, "sessions issued", s->given);
    put_count(f, "offered", s->offered);
    if (s->offered == 0)
        return;
    put_row(f, "resumed, % of those offered", 100 * per(s->resumed, s->offered), "%");
    put_count(f, "declined", s->declined);
    put_count(f, "offered, but the handshake failed", s->offered_failed);
}

static void put_requests(FILE *f, const struct load_stats *s)
{
    char name[32];

    put_row(f, "requests", load_rate(s->requests_in_time, s), "a second");
    for (int i = 2; i < 6; i++)
        if (s->by_status[i] > 0) {
            snprintf(name, sizeof name, "status %dxx", i);
            put_count(f, name, s->by_status[i]);
        }
    put_count(f, "bytes down", s->bytes_read);
    put_count(f, "bytes up", s->bytes_written);
}

static void put_figures(FILE *f, const struct load_options *o, const struct load_result *r)
{
    const struct load_stats *s = &r->stats;
    double seconds = (double)s->elapsed_us / 1e6;

    fputs("<table>\n", f);
    put_row(f, "time", seconds, "s");
    put_count(f, "connections", s->started);
    put_row(f, "full handshakes", load_rate(s->full_in_time, s), "a second");
    put_row(f, "resumed handshakes", load_rate(s->resumed_in_time, s), "a second");
    put_count(f, "failed", s->failed);
    if (o->rate.count > 0) {
        put_count(f, "due", load_due(s));
        put_row(f, "served, % of what was due", load_served_percent(s), "%");
    }
    if (o->resume > 0)
        put_sessions(f, s);
    if (s->requests > 0)
        put_requests(f, s);
    put_row(f, "tester's CPU", per(s->cpu_us, s->started), "&micro;s a connection");
    if (r->server_us > 0)
        put_row(f, "server's CPU", per(r->server_us, s->full + s->resumed),
                "&micro;s a connection");
    fputs("</table>\n", f);
}

static void put_mechanisms(FILE *f, const struct load_stats *s)
{
    if (s->offered == 0)
        return;
    fputs("<h2>Sessions by mechanism</h2>\n"
          "<table><tr><th></th><th>offered</th><th>resumed</th><th>%</th></tr>\n",
          f);
    for (int i = KIND_FULL + 1; i < KINDS; i++)
        if (s->offered_by[i] > 0)
            fprintf(f,
                    "<tr><th>%s</th><td>%" PRIu64 "</td><td>%" PRIu64 "</td><td>%.2f</td></tr>\n",
                    load_kind_name((enum load_kind)i), s->offered_by[i], s->resumed_by[i],
                    100 * per(s->resumed_by[i], s->offered_by[i]));
    fputs("</table>\n", f);
}

static void put_rows(FILE *f, const char *title, const struct load_row *rows, int count)
{
    fprintf(f, "<h2>%s</h2>\n<table><tr><th></th><th>count</th>", title);
    for (int p = 0; p < LOAD_PERCENTS; p++)
        fprintf(f, "<th>p%g</th>", load_percents[p]);
    fputs("<th>max</th></tr>\n", f);
    for (int i = 0; i < count; i++) {
        const struct histogram *h = rows[i].histogram;

        if (h->count == 0)
            continue;
        fprintf(f, "<tr><th>%s</th><td>%" PRIu64 "</td>", rows[i].name, h->count);
        for (int p = 0; p < LOAD_PERCENTS; p++)
            fprintf(f, "<td>%.3f</td>", (double)histogram_percentile(h, load_percents[p]) / 1000);
        fprintf(f, "<td>%.3f</td></tr>\n", (double)h->max / 1000);
    }
    fputs("</table>\n", f);
}

static void put_latencies(FILE *f, const struct load_options *o, const struct load_result *r)
{
    struct load_row first_bytes[LOAD_FIRST_BYTE_ROWS], rows[LOAD_ROWS];

    load_first_byte_rows(r, first_bytes);
    put_rows(f,
             o->talk == TALK_NOTHING ? "Latency from due to the end of the handshake, ms"
                                     : "Latency from due to the first byte of the response, ms",
             first_bytes, LOAD_FIRST_BYTE_ROWS);
    load_rows(r, rows);
    put_rows(f, "Latency of handshakes and requests, ms", rows, LOAD_ROWS);
}

static void put_negotiated(FILE *f, const struct load_stats *s)
{
    fputs("<h2>Negotiated parameters</h2>\n<table><tr><th>version</th><th>cipher suite</th>"
          "<th>group</th><th>certificate</th><th>ALPN</th><th>handshakes</th></tr>\n",
          f);
    for (unsigned i = 0; i < LOAD_NEGOTIATED && s->negotiated[i].count > 0; i++) {
        const struct load_negotiated *n = &s->negotiated[i];

        fprintf(f, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>", n->version, n->suite,
                n->group, n->key);
        put_text(f, n->alpn);
        fprintf(f, "</td><td>%" PRIu64 "</td></tr>\n", n->count);
    }
    fputs("</table>\n", f);
}

static void put_info(FILE *f, const struct load_run_info *info)
{
    fputs("<h2>This run</h2>\n<p><code>", f);
    put_text(f, info->command);
    fprintf(f, "</code></p>\n<p>%s on ", info->date);
    put_text(f, info->host);
    fprintf(f, "; reprise-load %s, %s</p>\n", info->version, info->openssl);
}

static void put_matrix(FILE *f, const struct load_options *o, const struct load_stats *s)
{
    if (s->offered == 0)
        return;
    fputs("<h2>Resumed, % of the sessions offered</h2>\n<table><tr><th>from \\ to</th>", f);
    for (unsigned i = 0; i < o->target_count; i++) {
        fputs("<th>", f);
        put_text(f, o->targets[i].label);
        fputs("</th>", f);
    }
    for (unsigned i = 0; i < o->target_count; i++) {
        fputs("</tr>\n<tr><th>", f);
        put_text(f, o->targets[i].label);
        fputs("</th>", f);
        for (unsigned j = 0; j < o->target_count; j++) {
            double share = per(s->resumed_at[i][j], s->offered_at[i][j]);

            if (s->offered_at[i][j] == 0)
                fputs("<td>-</td>", f);
            else
                fprintf(f, "<td style=\"background:hsl(%.0f,60%%,85%%)\">%.2f</td>", share * 120,
                        100 * share);
        }
    }
    fputs("</tr></table>\n", f);
}

/* x: the number of nines (50 %, 90 %, 99 %, 99.9 %, 99.99 %); y: the logarithm of the latency. */
enum { WIDTH = 640, HEIGHT = 300, LEFT = 60, NINES = 4, DECADES = 6 };

static double x_of(double nines)
{
    return LEFT + nines / NINES * (WIDTH - LEFT - 10);
}

static double y_of(double us)
{
    double decade = us <= 10 ? 0 : log10(us / 10);

    return HEIGHT - 30 - (decade < DECADES ? decade : DECADES) / DECADES * (HEIGHT - 40);
}

static void put_curve(FILE *f, const struct histogram *h, const char *colour, const char *name,
                      int line)
{
    if (h->count == 0)
        return;
    fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
    for (double nines = 0; nines <= NINES; nines += 0.05)
        fprintf(f, "%.1f,%.1f ", x_of(nines),
                y_of((double)histogram_percentile(h, 100 * (1 - pow(10, -nines)))));
    fprintf(f, "\"/><text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", LEFT + 10, 20 + 16 * line,
            colour, name);
}

static void put_times(FILE *f)
{
    static const char *const times[] = {"10 us", "100 us", "1 ms", "10 ms", "0.1 s", "1 s", "10 s"};

    for (int i = 0; i <= DECADES; i++)
        fprintf(f,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.0f\" y2=\"%.0f\"/><text x=\"%d\" y=\"%.0f\" "
                "text-anchor=\"end\">%s</text>\n",
                LEFT, WIDTH - 10, y_of(pow(10, i + 1)), y_of(pow(10, i + 1)), LEFT - 6,
                y_of(pow(10, i + 1)) + 4, times[i]);
}

static void put_chart(FILE *f, const struct load_result *r)
{
    static const char *const shares[] = {"0", "90 %", "99 %", "99.9 %", "99.99 %"};

    fprintf(f, "<h2>Latency by percentile</h2>\n<svg viewBox=\"0 0 %d %d\" width=\"%d\">\n", WIDTH,
            HEIGHT, WIDTH);
    for (int i = 0; i <= NINES; i++)
        fprintf(f,
                "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"10\" y2=\"%d\"/><text x=\"%.0f\" y=\"%d\" "
                "text-anchor=\"%s\">%s</text>\n",
                x_of(i), x_of(i), HEIGHT - 30, x_of(i), HEIGHT - 12, i == NINES ? "end" : "middle",
                shares[i]);
    put_times(f);
    put_curve(f, &r->stats.handshake_us[KIND_FULL], "#b33", "full handshake", 0);
    put_curve(f, &r->resumed_us, "#282", "resumed handshake", 1);
    put_curve(f, &r->stats.request_us, "#24a", "request", 2);
    fputs("</svg>\n", f);
}

/* -- the time line */

struct timeline {
    const struct load_second *seconds;
    uint64_t count, second_ms;
    double most; /* the maximum of all figures */
};

static uint32_t figure_of(const struct timeline *t, uint64_t second, size_t at)
{
    return *(const uint32_t *)(const void *)((const char *)&t->seconds[second] + at);
}

static const struct {
    size_t at;
    const char *colour, *name;
} lines[] = {
    {offsetof(struct load_second, full), "#b33", "full"},
    {offsetof(struct load_second, resumed), "#282", "resumed"},
    {offsetof(struct load_second, declined), "#c80", "declined"},
    {offsetof(struct load_second, failed), "#a0a", "failed"},
};
enum { LINES = sizeof lines / sizeof *lines };

static struct timeline timeline_of(const struct load_options *o, const struct load_stats *s)
{
    struct timeline t = {.seconds = s->seconds, .second_ms = load_second_ms(o), .most = 1};

    /* Omit the last slice if it is too short: the chart would show a drop to zero. */
    t.count = (s->elapsed_us / 1000 + t.second_ms - t.second_ms / 10) / t.second_ms;
    if (t.count < 1)
        t.count = 1;
    if (t.count > LOAD_SECONDS)
        t.count = LOAD_SECONDS;
    for (uint64_t i = 0; i < t.count; i++)
        for (int j = 0; j < LINES; j++)
            if (figure_of(&t, i, lines[j].at) > t.most)
                t.most = figure_of(&t, i, lines[j].at);
    return t;
}

static double x_at(const struct timeline *t, double seconds)
{
    return LEFT + seconds / (double)t->count * (WIDTH - LEFT - 10);
}

static void put_line(FILE *f, const struct timeline *t, int which)
{
    fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"",
            lines[which].colour);
    for (uint64_t i = 0; i < t->count; i++)
        fprintf(f, "%.1f,%.1f ", x_at(t, (double)i + 0.5),
                HEIGHT - 30 - figure_of(t, i, lines[which].at) / t->most * (HEIGHT - 60));
    fprintf(f, "\"/><text x=\"%d\" y=\"20\" fill=\"%s\">%s</text>\n", LEFT + 10 + 80 * which,
            lines[which].colour, lines[which].name);
}

/* Draw the number of a started phase in the chart, and a line of text below it. */
static void put_mark(FILE *f, const struct timeline *t, uint64_t at_ms, unsigned n)
{
    double x = x_at(t, (double)at_ms / (double)t->second_ms);

    fprintf(f,
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"26\" y2=\"%d\" style=\"stroke:#24a\"/>"
            "<text x=\"%.1f\" y=\"36\" fill=\"#24a\">%u</text>\n",
            x, x, HEIGHT - 30, x + 3, n);
}

/* The actual start of a command; false: it did not run. */
static bool has_begun(const struct timeline *t, const struct load_phase *phase,
                      const struct load_command *command, uint64_t *at_ms)
{
    *at_ms = phase->length_ms > 0 ? phase->at_ms : command->begun_ms;
    return *at_ms < t->count * t->second_ms &&
           (phase->length_ms > 0 || command->state != COMMAND_WAITS);
}

static void put_marks(FILE *f, const struct timeline *t, const struct load_phases *phases,
                      const struct load_command *commands)
{
    uint64_t at_ms;

    for (unsigned i = 0; i < phases->count; i++)
        if (has_begun(t, &phases->list[i], &commands[i], &at_ms))
            put_mark(f, t, at_ms, i + 1);
}

static void put_phase(FILE *f, const struct load_options *o, const struct load_result *r,
                      unsigned number)
{
    const struct load_phase *phase = &o->phases.list[number];
    const struct load_second *figures = &r->stats.phases[number];
    double seconds = (double)load_phase_ran_ms(phase, &r->stats) / 1000;
    char note[LOAD_NOTE] = "";

    if (phase->length_ms == 0)
        load_command_note(phase, &r->commands[number], &r->stats, note);
    fprintf(f, "<tr><th>%u</th><td>%g</td><th>", number + 1, (double)phase->at_ms / 1000);
    put_text(f, phase->text);
    if (seconds > 0)
        fprintf(f,
                "</th><td>%.0f</td><td>%.0f</td><td>%u</td><td>%u</td><td>%.2f</td>"
                "<td>%.2f</td></tr>\n",
                (double)figures->full / seconds, (double)figures->resumed / seconds,
                figures->declined, figures->failed,
                (double)histogram_percentile(&figures->handshake_us, 50) / 1000,
                (double)histogram_percentile(&figures->handshake_us, 99) / 1000);
    else
        fprintf(f, "</th><td colspan=\"6\">%s</td></tr>\n", note);
}

static void put_phases(FILE *f, const struct timeline *t, const struct load_options *o,
                       const struct load_result *r)
{
    const struct load_phases *phases = &o->phases;
    uint64_t at_ms;

    if (phases->count == 0)
        return;
    fputs("<table><tr><th></th><th>at s</th><th>phase</th><th>full/s</th><th>resumed/s</th>"
          "<th>declined</th><th>failed</th><th>p50 ms</th><th>p99 ms</th></tr>\n",
          f);
    for (unsigned i = 0; i < phases->count; i++)
        if (phases->list[i].length_ms == 0 ||
            has_begun(t, &phases->list[i], &r->commands[i], &at_ms))
            put_phase(f, o, r, i);
    fputs("</table>\n", f);
}

/* A second without handshakes has no latency. */
static void put_percentile(FILE *f, const struct timeline *t, double percent, const char *colour,
                           int place)
{
    fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
    for (uint64_t i = 0; i < t->count; i++) {
        const struct histogram *h = &t->seconds[i].handshake_us;

        if (h->count > 0)
            fprintf(f, "%.1f,%.1f ", x_at(t, (double)i + 0.5),
                    y_of((double)histogram_percentile(h, percent)));
    }
    fprintf(f, "\"/><text x=\"%d\" y=\"20\" fill=\"%s\">%g %%</text>\n", LEFT + 10 + 80 * place,
            colour, percent);
}

static void put_latency_line(FILE *f, const struct timeline *t, const struct load_phases *phases,
                             const struct load_command *commands)
{
    fprintf(f,
            "<h2>Latency of handshakes in each %g s</h2>\n"
            "<svg viewBox=\"0 0 %d %d\" width=\"%d\">\n",
            (double)t->second_ms / 1000, WIDTH, HEIGHT, WIDTH);
    put_times(f);
    put_percentile(f, t, 50, "#282", 0);
    put_percentile(f, t, 99, "#b33", 1);
    put_percentile(f, t, 100, "#888", 2);
    put_marks(f, t, phases, commands);
    fputs("</svg>\n", f);
}

static void put_timeline(FILE *f, const struct load_options *o, const struct load_result *r)
{
    struct timeline t = timeline_of(o, &r->stats);

    fprintf(f,
            "<h2>Handshakes in each %g s</h2>\n<svg viewBox=\"0 0 %d %d\" width=\"%d\">\n"
            "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>"
            "<text x=\"%d\" y=\"34\" text-anchor=\"end\">%.0f</text>"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%g s</text>\n",
            (double)t.second_ms / 1000, WIDTH, HEIGHT, WIDTH, LEFT, WIDTH - 10, HEIGHT - 30,
            HEIGHT - 30, LEFT - 6, t.most, WIDTH - 10, HEIGHT - 12,
            (double)(t.count * t.second_ms) / 1000);
    for (int i = 0; i < LINES; i++)
        put_line(f, &t, i);
    put_marks(f, &t, &o->phases, r->commands);
    fputs("</svg>\n", f);
    put_phases(f, &t, o, r);
    put_latency_line(f, &t, &o->phases, r->commands);
}

static void put_honesty(FILE *f, const struct load_options *o, const struct load_stats *s)
{
    if (load_was_bottleneck(o, s))
        fputs("<p><strong>The tester itself was the bottleneck.</strong></p>\n", f);
    if (s->missed > 0)
        fprintf(f,
                "<p><strong>%" PRIu64
                " arrivals never got a connection: all connections were in use.</strong></p>\n",
                s->missed);
}

static void put_failures(FILE *f, const struct load_stats *s)
{
    if (s->failed == 0)
        return;
    fputs("<h2>Why connections failed</h2>\n<table>\n", f);
    for (int i = 0; i < LOAD_REASONS && s->reasons[i].count > 0; i++) {
        fputs("<tr><th>", f);
        if (!load_reason_says_class(&s->reasons[i]))
            fprintf(f, "%s: ", load_class_name(s->reasons[i].class));
        put_text(f, s->reasons[i].text);
        fprintf(f, "</th><td>%" PRIu64 "</td></tr>\n", s->reasons[i].count);
    }
    fputs("</table>\n", f);
}

void load_page_write(FILE *f, const struct load_options *o, const struct load_result *r)
{
    const struct load_stats *s = &r->stats;
    fputs("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>reprise-load</title>\n"
          "<style>body{font:15px/1.4 sans-serif;margin:2em auto;max-width:50em}"
          "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;"
          "text-align:right}svg line{stroke:#ddd}svg text{font:12px sans-serif}"
          "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}"
          "svg text{fill:#ddd}td{color:#222;background:#ddd}}</style>\n"
          "<h1>reprise-load</h1>\n<p>",
          f);
    for (unsigned i = 0; i < o->target_count; i++) {
        fputs(i > 0 ? ", " : "", f);
        put_text(f, o->targets[i].label);
    }
    fputs("</p>\n", f);
    put_honesty(f, o, s);
    if (r->lost > 0)
        fprintf(
            f,
            "<p><strong>%u of %u processes ended without reporting; their results are missing here."
            "</strong></p>\n",
            r->lost, o->processes);
    put_figures(f, o, r);
    put_latencies(f, o, r);
    put_mechanisms(f, s);
    put_matrix(f, o, s);
    put_negotiated(f, s);
    put_failures(f, s);
    put_timeline(f, o, r);
    put_chart(f, r);
    put_info(f, &r->info);
    fputs("</html>\n", f);
}
