/* SPDX-License-Identifier: MIT
 *
 * load.h - the parts of reprise-load: what is asked for, what is counted, what connects them. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <reprise/reprise.h>

#include "contrib/load/report/histogram.h"
#include "contrib/load/run/schedule.h"

enum { LOAD_SECONDS = 600, LOAD_TARGETS = 32, LOAD_SNI = 64, LOAD_PIDS = 32 };
enum { LOAD_SOURCES = 64, LOAD_HEADERS_MAX = 768, LOAD_ALPN = 8, LOAD_ALPN_MAX = 256 };
enum { LOAD_REASONS = 24, LOAD_REASON_TEXT = 64, LOAD_PSK_MAX = 64, LOAD_PROXY_MAX = 232 };
enum { LOAD_NAME_MAX = 253, LOAD_TARGET_TEXT = 384 };

/* How a handshake was made, or asked for. */
enum load_kind {
    KIND_FULL,
    KIND_TICKET,
    KIND_ID,       /* TLS 1.2 */
    KIND_STATEFUL, /* TLS 1.3: a ticket that is no longer than an id, so the server stores it */
    KIND_PSK,      /* a key that was agreed outside of TLS */
    KIND_EARLY,    /* TLS 1.3: early data was taken, by either kind of ticket */
    KINDS
};
const char *load_kind_name(enum load_kind);

/* Whose session is offered. */
enum load_origin { ORIGIN_RANDOM, ORIGIN_SAME, ORIGIN_OTHER };
/* How a connection ends. */
enum load_ending { ENDING_NOW, ENDING_WAIT, ENDING_RESET };
/* What is said on it. */
enum load_talk { TALK_NOTHING, TALK_HTTP, TALK_ECHO };

struct load_target {
    const char *text; /* as on the command line */
    char
        label[LOAD_TARGET_TEXT]; /* the same in reports, with the address where there are several */
    struct rp_address address;
    char host[LOAD_NAME_MAX + 1]; /* whom its certificate has to name, unless there is --sni */
    bool named;                   /* it is a name, so it is sent as SNI, too */
};
struct load_options {
    struct load_target targets[LOAD_TARGETS];
    unsigned target_count;
    struct load_phases phases;
    struct load_schedule rate; /* no steps: as fast as connections end */
    bool poisson;
    char *sni[LOAD_SNI];
    unsigned sni_count;
    const char *versions[2]; /* by turns; NULL: whatever is agreed */
    unsigned version_count;
    enum load_kind mechanism; /* FULL unless one was asked for */
    double resume;            /* percent of attempts that offer a session; negative: not said */
    enum load_origin origin;
    enum load_ending ending;
    unsigned concurrency, processes;
    int uses; /* how often a session is offered; 0: always again; negative: as its version has it */
    uint64_t count, duration_ms, timeout_ms, min_age_ms, max_age_ms, seed;
    enum load_talk talk;
    const char *path;                /* of HTTP requests */
    uint64_t upload, download, echo; /* bytes; download 0: whatever comes */
    unsigned requests;               /* on each connection */
    const char *ca, *cert, *key, *ciphers, *groups, *sigalgs;
    char alpn_text[LOAD_ALPN_MAX];           /* the names below, each terminated */
    const char *alpn[LOAD_ALPN + 1];         /* NULL-terminated */
    char headers[LOAD_HEADERS_MAX];          /* lines of requests, with their ends */
    struct rp_address sources[LOAD_SOURCES]; /* used in turn */
    unsigned source_count;
    const char *keylog; /* a file; NULL: none */
    char psk_identity[RP_PSK_IDENTITY_MAX + 1];
    uint8_t psk[LOAD_PSK_MAX];
    size_t psk_len;
    const char *proxy_from; /* NULL: no PROXY header */
    unsigned proxy_version; /* 0: not said */
    int pids[LOAD_PIDS];    /* whose CPU time is told */
    unsigned pid_count;
    double min_resumed, max_failed, max_missed; /* per cent, counts; negative: not required */
    const char *json, *csv, *timeline, *html;   /* files; "-" is stdout */
    bool by_id, only_full, quiet;
};

/* Add the target that an argument names; of a name each address, as a target of its own: the nodes
 * behind a name need not share their sessions. Of a name that only has loopback addresses
 * (localhost) the first that accepts a connection, since all are this host. false with *err set:
 * the argument is invalid, cannot be resolved, or is one too many. */
bool load_targets_add(struct load_options *, const char *text, struct rp_error *err);

/* The server name that is sent to a target when it is the turn of the `name`-th of --sni; NULL:
 * none. */
const char *load_server_name(const struct load_options *, unsigned target, unsigned name);

/* Parse the command line. false: it was told on stderr. *help: told on stdout, nothing to do. */
bool load_options_parse(struct load_options *, int argc, char **argv, bool *help);

/* Fill in what was not said. What in it can't be together, in a sentence; NULL: nothing. */
const char *load_options_complete(struct load_options *);

/* Why connections failed. */
enum load_class { CLASS_ALERT, CLASS_RESET, CLASS_REFUSED, CLASS_TIMEOUT, CLASS_OTHER, CLASSES };
struct load_reason {
    char text[LOAD_REASON_TEXT];
    enum load_class class;
    uint64_t count;
};
const char *load_class_name(enum load_class);
/* Its text begins with the name of its class. */
bool load_reason_says_class(const struct load_reason *);
/* A line for an error, in the words of TLS where it is an alert of the server's. */
void load_reason_of(const struct rp_error *, struct load_reason *);

/* What handshakes agreed on; "": nothing. `key` is the server's: "P-256", "rsa 2048". */
enum { LOAD_NEGOTIATED = 16 };
struct load_negotiated {
    char version[16], suite[64], group[32], alpn[32], key[32];
    uint64_t count; /* 0: the row is free */
};
/* The certificate apart, which resumed sessions do not show. */
bool load_negotiated_equal(const struct load_negotiated *, const struct load_negotiated *);

/* What happened in one slice of the run. */
struct load_second {
    uint32_t full, resumed, declined, failed, requests;
    uint64_t bytes;
    struct histogram handshake_us;
};

/* What one process, or all together, saw. Plain data in shared memory. */
struct load_stats {
    uint64_t started, full, resumed, failed, offered, declined, requests;
    uint64_t given;          /* sessions that servers gave */
    uint64_t offered_failed; /* offers that no handshake came of, neither resumed nor declined */
    uint64_t by_kind[KINDS], offered_by[KINDS], resumed_by[KINDS];
    uint64_t early[3];                        /* what became of early data: enum rp_early_data */
    uint64_t by_class[CLASSES], by_status[6]; /* HTTP: 2 = 2xx */
    uint64_t bytes_read, bytes_written;
    uint64_t cpu_us, busiest_us, elapsed_us; /* of the tester; busiest: one process; the longest */
    uint64_t queued_us;   /* the longest that a process could run and waited for a CPU */
    uint64_t late_us;     /* open loop: how far behind its schedule the tester was, at worst */
    uint64_t late;        /* arrivals that were more than 10 ms late ... */
    uint64_t crowded;     /* ... of them because all connections were in use */
    uint64_t late_busy;   /* ... and because the tester used all of its CPU ... */
    uint64_t late_queued; /* ... or because it could run, but other programs had the CPU */
    uint64_t missed;      /* arrivals that were due and never got a connection */
    /* While connections arrived: how long that was, and what was done by its end. What is finished
     * after that, while the open connections end, is in no rate. */
    uint64_t arriving_us, full_in_time, resumed_in_time, requests_in_time;
    uint64_t age_ms, oldest_ms;                      /* of the sessions offered: the sum */
    uint64_t offered_at[LOAD_TARGETS][LOAD_TARGETS]; /* [where it came from][where offered] */
    uint64_t resumed_at[LOAD_TARGETS][LOAD_TARGETS];
    unsigned second_count;                    /* of the seconds that have something in them */
    struct load_second seconds[LOAD_SECONDS]; /* the last one takes all that comes later */
    struct load_second phases[PHASES_MAX];    /* those that are stretches */
    struct load_reason reasons[LOAD_REASONS];
    struct load_negotiated negotiated[LOAD_NEGOTIATED];
    struct histogram handshake_us[KINDS];
    struct histogram request_us; /* on an established connection: from a request to its response */
    /* From the moment an arrival was due to the first byte of its response, or to the end of its
     * handshake where nothing is said. `declined` are full handshakes after an offer; `arrivals`
     * are all, failed and missed ones with the time that they waited in vain. */
    struct histogram first_byte_us[KINDS], declined_us, arrivals_us;
};
void load_stats_reason(struct load_stats *, const struct load_reason *);
void load_stats_add(struct load_stats *, const struct load_stats *other);
/* How much of a stretch there was before the run ended. */
uint64_t load_phase_ran_ms(const struct load_phase *, const struct load_stats *);
/* How long one of stats.seconds is: 1000, or more in a run that is longer than they are many. */
uint64_t load_second_ms(const struct load_options *);
/* How many of them the reports show: to the last one in which anything happened, at least one. */
uint64_t load_second_count(const struct load_options *, const struct load_stats *);

/* What became of the command of a phase. Plain data in shared memory. */
enum load_command_state { COMMAND_WAITS, COMMAND_RUNS, COMMAND_ENDED, COMMAND_CUT };
struct load_command {
    enum load_command_state state; /* WAITS in the end: it did not run */
    int status;                    /* as a shell tells it: a signal is 128 and more */
    uint64_t begun_ms, took_ms;    /* since the load began; how long */
};

/* Which run this was: what repeats it, when and where it ran, with which versions. */
struct load_run_info {
    char command[2048], date[32], host[65], version[32], openssl[64];
};
void load_run_info_get(struct load_run_info *, int argc, char **argv);

/* What all processes did, for the reports. */
struct load_result {
    struct load_run_info info;
    struct load_stats stats;
    struct load_command commands[PHASES_MAX]; /* of those phases that are moments */
    struct histogram resumed_us;              /* handshakes of all kinds */
    struct histogram resumed_first_byte_us;   /* the same for the first byte */
    uint64_t server_us; /* CPU time of those whose pids were told; 0: none was */
    bool server_ended;  /* one of them did, so it is not known */
    bool keylog_failed; /* told on stderr */
    unsigned lost;      /* processes that ended without their results */
};

/* What drives one process's `share` of `processes` of count and rate; all that takes time to make
 * is made here. NULL with *err set. */
struct run;
struct run *load_run_new(const struct load_options *, unsigned share, struct load_stats *,
                         struct rp_error *err);
/* Drive the load until it is over; it began at this moment of load_now_us. */
void load_run_drive(struct run *, uint64_t begun_us);
void load_run_free(struct run *); /* NULL ok */
uint64_t load_now_us(void);
/* The same in o->processes children, results added up; phases and the progress line on the side. */
bool load_run_all(const struct load_options *, struct load_result *, struct rp_error *err);

/* The process that runs the commands of phases one after the other; all 0, in shared memory. */
struct load_commands {
    int pid;   /* the parent's to write; 0: there are no commands */
    bool over; /* no command begins any more */
    struct load_command list[PHASES_MAX];
};
struct load_gate;
bool load_commands_begin(const struct load_options *, struct load_commands *, struct load_gate *,
                         struct rp_error *err);
/* End it. What it is just running has so much time, unless *hurry gets set, and is then cut off. */
void load_commands_end(struct load_commands *, uint64_t begun_us, uint64_t wait_ms,
                       const volatile int *hurry);
/* What there is to tell of a command, for people; "": it ran, when it should have and well. */
enum { LOAD_NOTE = 160 };
void load_command_note(const struct load_phase *, const struct load_command *,
                       const struct load_stats *, char note[LOAD_NOTE]);

/* User and system time of processes, their descendants and those they have reaped, each once, in
 * microseconds. false: one of them is not there. */
bool load_server_cpu_us(const int *pids, unsigned count, uint64_t *us);

/* One line on a terminal, over and over. `all` are the processes' own figures, still changing. */
void load_progress(const struct load_options *, const struct load_stats *const *all,
                   uint64_t elapsed_ms);
void load_progress_end(void);

void load_report_text(const struct load_options *, const struct load_result *);
/* What was printed has arrived. false: it has not, which was told on stderr. */
bool load_flush_text(void);

/* load_files.c: where results go besides. false with *err set: one can't be written. */
enum { LOAD_FILES = 4 };
struct load_files {
    FILE *out[LOAD_FILES]; /* NULL: not asked for */
    bool use_stdout;       /* one is there, so no text is */
};
bool load_files_open(struct load_files *, const struct load_options *, struct rp_error *);
bool load_files_write(struct load_files *, const struct load_options *, const struct load_result *,
                      struct rp_error *);
void load_write_json(FILE *, const struct load_options *, const struct load_result *);
void load_write_csv(FILE *, const struct load_options *, const struct load_result *);
void load_write_timeline(FILE *, const struct load_options *, const struct load_result *);
/* How many bytes the character is that a text begins with; 0: what is there is not UTF-8. */
size_t load_utf8_length(const char *text);
/* The tester used so much of its CPUs that it was what was measured. */
bool load_was_bottleneck(const struct load_options *, const struct load_stats *);
/* The offered sessions that resumed by the mechanism asked for, in per cent. */
double load_resumed_share(const struct load_options *, const struct load_stats *);
static inline double load_ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : (double)a / (double)b;
}

/* Arrivals that were due, and those of them that were served to the end. */
static inline uint64_t load_due(const struct load_stats *s)
{
    return s->started + s->missed;
}
static inline double load_served_percent(const struct load_stats *s)
{
    return load_due(s) == 0 ? 0 : 100 * load_ratio(s->started - s->failed, load_due(s));
}

/* So many a second while connections arrived. */
static inline double load_rate(uint64_t in_time, const struct load_stats *s)
{
    return 1e6 * load_ratio(in_time, s->arriving_us);
}

/* The rows of the latency tables. */
struct load_row {
    const char *name;
    const struct histogram *histogram;
};
enum { LOAD_ROWS = KINDS + 2, LOAD_FIRST_BYTE_ROWS = KINDS + 3, LOAD_PERCENTS = 4 };
void load_rows(const struct load_result *, struct load_row rows[LOAD_ROWS]);
void load_first_byte_rows(const struct load_result *, struct load_row rows[LOAD_FIRST_BYTE_ROWS]);
extern const double load_percents[LOAD_PERCENTS];

#endif
