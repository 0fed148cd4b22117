/* SPDX-License-Identifier: MIT
 *
 * load.h - the parts of reprise-load: what is asked for, what is counted, what connects them. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <reprise/reprise.h>

#include "load_histogram.h"

enum { LOAD_SECONDS = 600, LOAD_PHASES = 16 };
enum { LOAD_TARGETS = 32, LOAD_SNI = 64, LOAD_REASONS = 24, LOAD_REASON_TEXT = 64 };

/* Which host's session is offered. */
enum load_origin { ORIGIN_RANDOM, ORIGIN_SAME, ORIGIN_OTHER };

struct load_target {
    const char *text; /* as on the command line */
    struct rp_address address;
};

/* A moment of the run with a name, and a command that is run then. */
struct load_phase {
    uint64_t at_ms;
    const char *text; /* the command */
};

struct load_options {
    struct load_phase phases[LOAD_PHASES];
    unsigned phase_count;
    struct load_target targets[LOAD_TARGETS];
    unsigned target_count;
    const char *sni[LOAD_SNI];
    unsigned sni_count;
    const char *tls; /* "1.2", "1.3"; NULL: whatever is agreed */
    bool by_id;      /* sessions by id: TLS 1.2, no tickets */
    double resume;   /* percent of attempts that offer a session */
    enum load_origin origin;
    unsigned concurrency, processes;
    double rate; /* connections a second, arriving; 0: as fast as they end */
    uint64_t count, duration_ms, timeout_ms, min_age_ms, seed;
    const char *path;  /* of the GET; NULL: none */
    unsigned requests; /* on each connection */
    const char *ca, *cert, *key;
    const char *proxy;              /* a PROXY v1 line with CRLF; NULL: none */
    int pid;                        /* whose CPU time is told; 0: nobody's */
    double min_resumed, max_failed; /* per cent, count; negative: not asked */
    const char *json, *csv, *html;  /* files; "-" is stdout */
    bool quiet;
};

/* Parse the command line. false: it was told on stderr. *help: told on stdout, nothing to do. */
bool load_options_parse(struct load_options *, int argc, char **argv, bool *help);
/* "1.5s", "250ms", "2m", "1h", plain numbers are seconds: to milliseconds. */
bool load_parse_ms(const char *text, uint64_t *ms);
/* "at 20s: kill -HUP 123"; the text is pointed into. */
bool load_parse_phase(const char *text, struct load_phase *phase);

struct load_reason {
    char text[LOAD_REASON_TEXT];
    uint64_t count;
};

/* What ended in one second of the run. */
struct load_second {
    uint32_t full, resumed, declined, failed;
};

/* What one process, or all together, saw. Plain data, sent over a pipe. */
struct load_stats {
    uint64_t started, full, resumed, failed, offered, declined, requests;
    uint64_t bytes_read, bytes_written;
    uint64_t cpu_us, elapsed_us; /* of the tester; elapsed: the longest */
    uint64_t late_us; /* open loop: how far behind its schedule the tester was, at worst */
    uint64_t offered_at[LOAD_TARGETS][LOAD_TARGETS]; /* [where it came from][where offered] */
    uint64_t resumed_at[LOAD_TARGETS][LOAD_TARGETS];
    struct load_second seconds[LOAD_SECONDS]; /* the last one takes all that comes later */
    struct load_reason reasons[LOAD_REASONS];
    struct histogram full_us, resumed_us, request_us;
};
void load_stats_reason(struct load_stats *, const char *text, uint64_t count);
void load_stats_add(struct load_stats *, const struct load_stats *other);

/* Drive the load in this process until it is over. `share` of `processes` of count and rate. */
bool load_run(const struct load_options *, unsigned share, struct load_stats *,
              struct rp_error *err);
/* The same in o->processes children, results added up. */
bool load_run_all(const struct load_options *, struct load_stats *, struct rp_error *err);

/* User and system time of a process, its descendants and those it has reaped, in microseconds;
 * 0 when there is no such process. */
uint64_t load_server_cpu_us(int pid);

void load_report_text(const struct load_options *, const struct load_stats *, uint64_t server_us);
bool load_report_files(const struct load_options *, const struct load_stats *, uint64_t server_us,
                       struct rp_error *err);
/* The tester used so much of its CPUs that it was what was measured. */
bool load_was_bottleneck(const struct load_options *, const struct load_stats *);

#endif
