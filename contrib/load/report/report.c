/* SPDX-License-Identifier: MIT
 *
 * report.c - the report as text. */
#include "contrib/load/load.h"

#include <inttypes.h>
#include <string.h>

static void print_rows(const struct load_row *rows, int count)
{
    printf("                   count       p50       p90       p99     p99.9       max\n");
    for (int i = 0; i < count; i++) {
        if (rows[i].histogram->count == 0)
            continue;
        printf("  %-10s %11" PRIu64, rows[i].name, rows[i].histogram->count);
        for (int p = 0; p < LOAD_PERCENTS; p++)
            printf(" %9.3f",
                   (double)histogram_percentile(rows[i].histogram, load_percents[p]) / 1000);
        printf(" %9.3f\n", (double)rows[i].histogram->max / 1000);
    }
}

/* First the latency that clients experience, then its parts. Without requests both are the same. */
static void print_latency(const struct load_options *o, const struct load_result *r)
{
    struct load_row first_bytes[LOAD_FIRST_BYTE_ROWS], handshakes[LOAD_ROWS];

    load_first_byte_rows(r, first_bytes);
    load_rows(r, handshakes);
    printf("\nlatency, ms: from when a connection was due to %s\n",
           o->talk == TALK_NOTHING ? "the end of its handshake" : "the first byte of its response");
    print_rows(first_bytes, LOAD_FIRST_BYTE_ROWS);
    if (o->talk == TALK_NOTHING)
        return;
    printf("\nhandshakes, ms: from when a connection was due; request: from a request on an "
           "established connection to the end of its response\n");
    print_rows(handshakes, LOAD_ROWS);
}

/* The percentage of a schedule that the servers completed. */
static void print_served(const struct load_options *o, const struct load_stats *s)
{
    if (o->rate.count > 0)
        printf("served %.4g %% of what was due: %" PRIu64 " of %" PRIu64 " (%" PRIu64
               " failed, %" PRIu64 " got no connection)\n",
               load_served_percent(s), s->started - s->failed, load_due(s), s->failed, s->missed);
}

/* Explain fewer offers than requested: a server issues no new ticket, or none at all, when it
 * resumes. */
static void print_shortage(const struct load_options *o, const struct load_stats *s)
{
    double offered = 100 * load_ratio(s->offered, s->started);
    double failed = 100 * load_ratio(s->failed, s->started);

    if (s->started < 100 || offered + failed >= 0.8 * o->resume)
        return;
    printf("Sessions were offered in %.0f %% of the attempts; %g %% were requested: ", offered,
           o->resume);
    if (o->min_age_ms > 0)
        printf("too few sessions had the required age.\n");
    else
        printf("the servers issued too few%s; --uses always offers a session again.\n",
               s->failed > 0 ? ", and failing servers issued none" : "");
}

static void print_sessions(const struct load_stats *s)
{
    printf("sessions: %" PRIu64 " issued, %" PRIu64 " offered, %" PRIu64
           " resumed (%.2f %%), %" PRIu64 " declined",
           s->given, s->offered, s->resumed, 100 * load_ratio(s->resumed, s->offered), s->declined);
    if (s->offered_failed > 0)
        printf(", %" PRIu64 " failed", s->offered_failed);
    if (s->oldest_ms > 0)
        printf("; age %.1f s, at most %.1f s", load_ratio(s->age_ms, s->offered) / 1000,
               (double)s->oldest_ms / 1000);
    printf("\n");
    for (int i = KIND_FULL + 1; i < KINDS; i++)
        if (s->offered_by[i] > 0)
            printf("  by %-8s %10" PRIu64 " offered %10" PRIu64 " resumed (%.2f %%)\n",
                   load_kind_name((enum load_kind)i), s->offered_by[i], s->resumed_by[i],
                   100 * load_ratio(s->resumed_by[i], s->offered_by[i]));
}

static void print_early_data(const struct load_stats *s)
{
    printf("early data: %" PRIu64 " accepted, %" PRIu64 " rejected",
           s->early[RP_EARLY_DATA_ACCEPTED], s->early[RP_EARLY_DATA_REJECTED]);
    if (s->early[RP_EARLY_DATA_NONE] > 0)
        printf(", %" PRIu64 " not sent because the session does not allow it",
               s->early[RP_EARLY_DATA_NONE]);
    printf("\n");
}

static void print_requests(const struct load_stats *s)
{
    double seconds = (double)s->elapsed_us / 1e6; /* includes the bytes of the last connections */

    printf("requests: %" PRIu64 ", %.0f/s; bytes: %" PRIu64 " down (%.1f MB/s), %" PRIu64
           " up (%.1f MB/s)\n",
           s->requests, load_rate(s->requests_in_time, s), s->bytes_read,
           (double)s->bytes_read / seconds / 1e6, s->bytes_written,
           (double)s->bytes_written / seconds / 1e6);
    for (unsigned i = 3; i < 6; i++)
        if (s->by_status[i] > 0)
            printf("  %10" PRIu64 "  with status %uxx\n", s->by_status[i], i);
}

/* Advice for failures that this program or its host causes. */
static const char *remedy_of(const char *reason)
{
    static const struct {
        const char *reason, *remedy;
    } known[] = {
        {"EMFILE",
         "too few file descriptors in the tester; raise ulimit -n or lower --concurrency"},
        {"ENFILE", "too few file descriptors on this machine; raise fs.file-max"},
        {"EADDRNOTAVAIL", "no local port is free; use --close reset or a lower --rate"},
        {"ENOBUFS", "no memory for sockets in the tester; lower --concurrency"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(reason, known[i].reason) == 0)
            return known[i].remedy;
    return NULL;
}

static void print_failures(const struct load_stats *s)
{
    printf("failed: %" PRIu64 "\n", s->failed);
    for (int i = 0; i < LOAD_REASONS && s->reasons[i].count > 0; i++) {
        const char *remedy = remedy_of(s->reasons[i].text);

        bool says = load_reason_says_class(&s->reasons[i]);

        printf("  %10" PRIu64 "  %s%s%s", s->reasons[i].count,
               says ? "" : load_class_name(s->reasons[i].class), says ? "" : ": ",
               s->reasons[i].text);
        if (remedy != NULL)
            printf(" (%s)", remedy);
        printf("\n");
    }
}

static void print_matrix(const struct load_options *o, const struct load_stats *s)
{
    if (o->target_count < 2 || s->offered == 0)
        return;
    printf("\nresumed, %% of the sessions offered: row = host that issued it, column = host it was "
           "offered to\n");
    for (unsigned i = 0; i < o->target_count; i++)
        printf("  [%u] %s\n", i, o->targets[i].label);
    printf("       ");
    for (unsigned i = 0; i < o->target_count; i++)
        printf("     [%u]", i);
    for (unsigned i = 0; i < o->target_count; i++) {
        printf("\n  [%u]  ", i);
        for (unsigned j = 0; j < o->target_count; j++)
            if (s->offered_at[i][j] == 0)
                printf("       -");
            else
                printf("  %6.2f", 100 * load_ratio(s->resumed_at[i][j], s->offered_at[i][j]));
    }
    printf("\n");
}

/* -- the time line */

static void print_figures(const struct load_second *t, double seconds)
{
    printf(" %9.0f %9.0f %9u %9u %9.2f %9.2f", (double)t->full / seconds,
           (double)t->resumed / seconds, t->declined, t->failed,
           (double)histogram_percentile(&t->handshake_us, 50) / 1000,
           (double)histogram_percentile(&t->handshake_us, 99) / 1000);
}

static void print_phase(const struct load_options *o, const struct load_stats *s, unsigned index)
{
    const struct load_phase *phase = &o->phases.list[index];
    double seconds = (double)load_phase_ran_ms(phase, s) / 1000;

    if (seconds <= 0)
        return;
    printf("%8.6g", (double)phase->at_ms / 1000);
    print_figures(&s->phases[index], seconds);
    printf("  %s\n", phase->text);
}

/* Sorted by the actual start of a command. */
static void print_commands(const struct load_options *o, const struct load_result *r,
                           uint64_t second, uint64_t last)
{
    for (unsigned p = 0; p < o->phases.count; p++) {
        const struct load_phase *phase = &o->phases.list[p];
        const struct load_command *command = &r->commands[p];
        uint64_t begun = command->begun_ms / load_second_ms(o);
        char note[LOAD_NOTE];

        if (phase->length_ms > 0 || command->state == COMMAND_WAITS ||
            (begun < last ? begun : last) != second)
            continue;
        load_command_note(phase, command, &r->stats, note);
        printf(*note != '\0' ? "  %s (%s)" : "  %s", phase->text, note);
    }
}

static void print_timeline(const struct load_options *o, const struct load_result *r)
{
    const struct load_stats *s = &r->stats;
    uint64_t step = load_second_ms(o), count = load_second_count(o, s), last = count - 1;
    bool stretches = o->phases.end_ms > 0;

    if (o->phases.count == 0)
        return;
    printf("\n  second    full/s resumed/s  declined    failed    p50 ms    p99 ms\n");
    for (unsigned p = 0; p < o->phases.count; p++)
        if (o->phases.list[p].length_ms > 0)
            print_phase(o, s, p);
    for (uint64_t i = 0; i < count; i++) {
        printf(stretches && i == 0 ? "\n%8" PRIu64 : "%8" PRIu64, i * step / 1000);
        print_figures(&s->seconds[i], (double)step / 1000);
        print_commands(o, r, i, last);
        printf("\n");
    }
}

static void print_phases_missed(const struct load_options *o, const struct load_result *r)
{
    for (unsigned p = 0; p < o->phases.count; p++) {
        const struct load_phase *phase = &o->phases.list[p];

        if (phase->at_ms > r->stats.elapsed_us / 1000)
            printf("The run ended before the phase at %g s: %s\n", (double)phase->at_ms / 1000,
                   phase->text);
        else if (phase->length_ms == 0 && r->commands[p].state == COMMAND_WAITS)
            printf("The run ended before the phase at %g s; its command did not run: %s\n",
                   (double)phase->at_ms / 1000, phase->text);
    }
}

static void print_honesty(const struct load_options *o, const struct load_stats *s)
{
    if (load_ratio(s->busiest_us, s->elapsed_us) > 0.9)
        printf("The tester itself was the bottleneck: one of its processes used a whole CPU. Give "
               "it more "
               "--processes and CPUs, or a lower --rate.\n");
    else if (load_was_bottleneck(o, s))
        printf("The tester itself was the bottleneck: %" PRIu64
               " arrivals were late, by up to %.0f ms, while it used all of its CPU. "
               "Give it more --processes and CPUs.\n",
               s->late_busy, (double)s->late_us / 1000);
    else if (s->late_queued > s->started / 100)
        printf("%" PRIu64
               " arrivals were late, by up to %.0f ms, because other programs had the CPU: the "
               "tester waited %.0f ms for one. Run it on a machine of its own.\n",
               s->late_queued, (double)s->late_us / 1000, (double)s->queued_us / 1000);
    else if (s->late - s->crowded > s->started / 100)
        printf("%" PRIu64
               " arrivals were late, by up to %.0f ms, although the tester had CPU to spare: a "
               "server that answered many connections at once kept it busy.\n",
               s->late - s->crowded, (double)s->late_us / 1000);
    if (s->crowded > 0)
        printf("%" PRIu64 " arrivals waited up to %.0f ms, because all connections were in use: "
               "the server cannot keep up, or --concurrency is too low.\n",
               s->crowded, (double)s->late_us / 1000);
    if (s->missed > 0)
        printf("%" PRIu64 " arrivals were due but never got a connection. \"all due\" counts the "
               "time that they waited; the other latencies are those of the %" PRIu64
               " handshakes that were made.\n",
               s->missed, s->full + s->resumed);
}

static void print_negotiated(const struct load_stats *s)
{
    uint64_t handshakes = s->full + s->resumed, counted = 0;

    for (unsigned i = 0; i < LOAD_NEGOTIATED && s->negotiated[i].count > 0; i++) {
        const struct load_negotiated *n = &s->negotiated[i];

        printf("%s %s, %s, group %s, certificate %s%s%s: %.4g %%\n",
               i == 0 ? "negotiated:" : "           ", n->version, n->suite,
               n->group[0] != '\0' ? n->group : "-", n->key[0] != '\0' ? n->key : "-",
               n->alpn[0] != '\0' ? ", ALPN " : "", n->alpn,
               100 * load_ratio(n->count, handshakes));
        counted += n->count;
    }
    if (counted < handshakes)
        printf("            other combinations: %.4g %%\n",
               100 * load_ratio(handshakes - counted, handshakes));
}

static void print_info(const struct load_run_info *info)
{
    printf("\n%s\nrun at %s on %s; reprise-load %s, %s\n", info->command, info->date, info->host,
           info->version, info->openssl);
}

void load_report_text(const struct load_options *o, const struct load_result *r)
{
    const struct load_stats *s = &r->stats;
    uint64_t handshakes = s->full + s->resumed;

    printf("%" PRIu64 " connections in %.2f s: %.0f handshakes/s (%.0f full, %.0f resumed)\n",
           s->started, (double)s->arriving_us / 1e6,
           load_rate(s->full_in_time + s->resumed_in_time, s), load_rate(s->full_in_time, s),
           load_rate(s->resumed_in_time, s));
    print_served(o, s);
    print_negotiated(s);
    if (o->resume > 0) {
        print_sessions(s);
        print_shortage(o, s);
    }
    if (s->offered_by[KIND_EARLY] > 0)
        print_early_data(s);
    if (s->requests > 0)
        print_requests(s);
    print_failures(s);
    if (load_due(s) > 0)
        print_latency(o, r);
    print_matrix(o, s);
    print_timeline(o, r);
    print_phases_missed(o, r);
    printf("\ntester: %.1f us CPU a connection, %.0f %% of a CPU\n",
           load_ratio(s->cpu_us, s->started), 100 * load_ratio(s->cpu_us, s->elapsed_us));
    if (r->server_us > 0)
        printf("server: %.1f us CPU a handshake, %.0f %% of a CPU\n",
               load_ratio(r->server_us, handshakes), 100 * load_ratio(r->server_us, s->elapsed_us));
    if (r->server_ended)
        printf("server: a process given with --pid ended; its CPU time is unknown\n");
    print_honesty(o, s);
    print_info(&r->info);
    if (r->lost > 0)
        printf("%u of %u processes ended without reporting; their results are missing here.\n",
               r->lost, o->processes);
}
