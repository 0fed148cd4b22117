/* SPDX-License-Identifier: MIT
 *
 * load.h - the parts of reprise-load: options, statistics, and the functions that connect them. */
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

/* How a handshake was made, or was requested. */
enum load_kind {
    KIND_FULL,
    KIND_TICKET,
    KIND_ID,       /* TLS 1.2 */
    KIND_STATEFUL, /* TLS 1.3: a ticket as short as a session id, so the server stores the session
                    */
    KIND_PSK,      /* an external pre-shared key */
    KIND_EARLY,    /* TLS 1.3: early data was accepted, with either kind of ticket */
    KINDS
};
const char *load_kind_name(enum load_kind);

/* The target whose session is offered. */
enum load_origin { ORIGIN_RANDOM, ORIGIN_SAME, ORIGIN_OTHER };
/* How a connection ends. */
enum load_ending { ENDING_NOW, ENDING_WAIT, ENDING_RESET };
/* The protocol on a connection. */
enum load_talk { TALK_NOTHING, TALK_HTTP, TALK_ECHO };

struct load_target {
    const char *text;             /* as on the command line */
    char label[LOAD_TARGET_TEXT]; /* in reports; with the address if the name has several */
    struct rp_address address;
    char host[LOAD_NAME_MAX + 1]; /* expected in its certificate, unless --sni is given */
    bool named;                   /* `host` is a name, so it is sent as SNI, too */
};
struct load_options {
    struct load_target targets[LOAD_TARGETS];
    unsigned target_count;
    struct load_phases phases;
    struct load_schedule rate; /* without steps: a new connection starts when one ends */
    bool poisson;
    char *sni[LOAD_SNI];
    unsigned sni_count;
    const char *versions[2]; /* used in turn; NULL: any version */
    unsigned version_count;
    enum load_kind mechanism; /* FULL unless the options request one */
    double resume;            /* percent of attempts that offer a session; negative: not set */
    enum load_origin origin;
    enum load_ending ending;
    unsigned concurrency, processes;
    int uses; /* offers of each session; 0: no limit; negative: depends on the version */
    uint64_t count, duration_ms, timeout_ms, min_age_ms, max_age_ms, seed;
    enum load_talk talk;
    const char *path;                /* of HTTP requests */
    uint64_t upload, download, echo; /* bytes; download 0: any length */
    unsigned requests;               /* on each connection */
    const char *ca, *cert, *key, *ciphers, *groups, *sigalgs;
    char alpn_text[LOAD_ALPN_MAX];           /* the names below, each NUL-terminated */
    const char *alpn[LOAD_ALPN + 1];         /* NULL-terminated */
    char headers[LOAD_HEADERS_MAX];          /* header lines with CRLF */
    struct rp_address sources[LOAD_SOURCES]; /* used in turn */
    unsigned source_count;
    const char *keylog; /* a file; NULL: no key log */
    char psk_identity[RP_PSK_IDENTITY_MAX + 1];
    uint8_t psk[LOAD_PSK_MAX];
    size_t psk_len;
    const char *proxy_from; /* NULL: no PROXY header */
    unsigned proxy_version; /* 0: not set */
    int pids[LOAD_PIDS];    /* processes whose CPU time is reported */
    unsigned pid_count;
    double min_resumed, max_failed, max_missed; /* percent, counts; negative: no limit */
    const char *json, *csv, *timeline, *html;   /* files; "-" is standard output */
    bool by_id, only_full, quiet;
};

/* Add the target that an argument names. Each address of a host name becomes a target of its own:
 * the hosts behind a name need not share their sessions. Of a name with only loopback addresses
 * (localhost) the first that accepts a connection is used, since all are this host. false with *err
 * set: the argument is invalid, cannot be resolved, or exceeds the maximum number of targets. */
bool load_targets_add(struct load_options *, const char *text, struct rp_error *err);

/* The server name that is sent to a target with the `name`-th name of --sni; NULL: none. */
const char *load_server_name(const struct load_options *, unsigned target, unsigned name);

/* Parse the command line. false: invalid; an error was printed to stderr. *help: the help was
 * printed to stdout, and nothing else is to be done. */
bool load_options_parse(struct load_options *, int argc, char **argv, bool *help);

/* Set the defaults of options that were not given. Returns an error message if options conflict;
 * NULL: valid. */
const char *load_options_complete(struct load_options *);

/* Why connections failed. */
enum load_class { CLASS_ALERT, CLASS_RESET, CLASS_REFUSED, CLASS_TIMEOUT, CLASS_OTHER, CLASSES };
struct load_reason {
    char text[LOAD_REASON_TEXT];
    enum load_class class;
    uint64_t count;
};
const char *load_class_name(enum load_class);
/* The text begins with the name of the class. */
bool load_reason_says_class(const struct load_reason *);
/* The reason for an error; for an alert of the server it is the alert's name. */
void load_reason_of(const struct rp_error *, struct load_reason *);

/* Properties that a handshake negotiated; "": none. `key` is the server's: "P-256", "rsa 2048". */
enum { LOAD_NEGOTIATED = 16 };
struct load_negotiated {
    char version[16], suite[64], group[32], alpn[32], key[32];
    uint64_t count; /* 0: the row is unused */
};
/* Compare all but the certificate, which a resumed session does not show. */
bool load_negotiated_equal(const struct load_negotiated *, const struct load_negotiated *);

/* Statistics of one time slice of the run. */
struct load_second {
    uint32_t full, resumed, declined, failed, requests;
    uint64_t bytes;
    struct histogram handshake_us;
};

/* Statistics of one process, or of all. Plain data in shared memory. */
struct load_stats {
    uint64_t started, full, resumed, failed, offered, declined, requests;
    uint64_t given;          /* sessions that servers issued */
    uint64_t offered_failed; /* offers whose handshake failed, so neither resumed nor declined */
    uint64_t by_kind[KINDS], offered_by[KINDS], resumed_by[KINDS];
    uint64_t early[3]; /* number of results of early data, by enum rp_early_data */
    uint64_t by_class[CLASSES], by_status[6]; /* HTTP: 2 = 2xx */
    uint64_t bytes_read, bytes_written;
    uint64_t cpu_us, busiest_us, elapsed_us; /* of all processes; maximum; maximum */
    uint64_t queued_us;   /* maximum time for which a process was runnable but had no CPU */
    uint64_t late_us;     /* maximum delay of a connection behind its schedule */
    uint64_t late;        /* arrivals that started more than 10 ms late ... */
    uint64_t crowded;     /* ... of them because all connections were in use */
    uint64_t late_busy;   /* ... and because this program used all of its CPU ... */
    uint64_t late_queued; /* ... or because it was runnable, but other programs had the CPU */
    uint64_t missed;      /* arrivals that were due and never started a connection */
    /* The time in which connections arrived, and the counts at its end. What finishes after that,
     * while open connections end, is not included in a rate. */
    uint64_t arriving_us, full_in_time, resumed_in_time, requests_in_time;
    uint64_t age_ms, oldest_ms;                      /* of offered sessions: sum, maximum */
    uint64_t offered_at[LOAD_TARGETS][LOAD_TARGETS]; /* [origin][target] */
    uint64_t resumed_at[LOAD_TARGETS][LOAD_TARGETS];
    unsigned second_count;                    /* of the seconds with any data */
    struct load_second seconds[LOAD_SECONDS]; /* the last one includes all later seconds */
    struct load_second phases[PHASES_MAX];    /* of phases with a length */
    struct load_reason reasons[LOAD_REASONS];
    struct load_negotiated negotiated[LOAD_NEGOTIATED];
    struct histogram handshake_us[KINDS];
    struct histogram request_us; /* on an established connection: from request to response */
    /* From the time at which an arrival was due to the first byte of its response, or to the end of
     * its handshake if there are no requests. `declined` are full handshakes after an offer.
     * `arrivals` are all, including failed and missed ones with the time that they waited. */
    struct histogram first_byte_us[KINDS], declined_us, arrivals_us;
};
void load_stats_reason(struct load_stats *, const struct load_reason *);
void load_stats_add(struct load_stats *, const struct load_stats *other);
/* The part of a phase that took place before the run ended, in milliseconds. */
uint64_t load_phase_ran_ms(const struct load_phase *, const struct load_stats *);
/* The length of one of stats.seconds in milliseconds: 1000, or more if the run has more than
 * LOAD_SECONDS seconds. */
uint64_t load_second_ms(const struct load_options *);
/* The number of slices that reports show: up to the last one with data, at least one. */
uint64_t load_second_count(const struct load_options *, const struct load_stats *);

/* The state and result of a phase's command. Plain data in shared memory. */
enum load_command_state { COMMAND_WAITS, COMMAND_RUNS, COMMAND_ENDED, COMMAND_CUT };
struct load_command {
    enum load_command_state state; /* COMMAND_WAITS at the end: it did not run */
    int status;                    /* as in a shell: 128 + number for a signal */
    uint64_t begun_ms, took_ms;    /* start since the load began; duration */
};

/* Describes a run: the command line that repeats it, time, host and versions. */
struct load_run_info {
    char command[2048], date[32], host[65], version[32], openssl[64];
};
void load_run_info_get(struct load_run_info *, int argc, char **argv);

/* The results of all processes, for the reports. */
struct load_result {
    struct load_run_info info;
    struct load_stats stats;
    struct load_command commands[PHASES_MAX]; /* of phases with a command */
    struct histogram resumed_us;              /* handshakes of all kinds */
    struct histogram resumed_first_byte_us;   /* likewise for the first byte */
    uint64_t server_us; /* CPU time of the processes of --pid; 0: none given */
    bool server_ended;  /* one of them has ended, so the CPU time is unknown */
    bool keylog_failed; /* an error was printed to stderr */
    unsigned lost;      /* processes that ended without a result */
};

/* Prepare the part `share` of `processes` of count and rate; everything slow is done here. NULL
 * with *err set. */
struct run;
struct run *load_run_new(const struct load_options *, unsigned share, struct load_stats *,
                         struct rp_error *err);
/* Run the load to its end; it began at `begun_us`, a time of load_now_us. */
void load_run_drive(struct run *, uint64_t begun_us);
void load_run_free(struct run *); /* NULL ok */
uint64_t load_now_us(void);
/* Run the load in o->processes child processes and add up the results; also runs the commands of
 * phases and shows the progress line. */
bool load_run_all(const struct load_options *, struct load_result *, struct rp_error *err);

/* The process that runs the commands of phases in turn; zero-initialised, in shared memory. */
struct load_commands {
    int pid;   /* written by the parent; 0: there are no commands */
    bool over; /* start no further command */
    struct load_command list[PHASES_MAX];
};
struct load_gate;
bool load_commands_begin(const struct load_options *, struct load_commands *, struct load_gate *,
                         struct rp_error *err);
/* End the process. A running command is killed after wait_ms, or as soon as *hurry is set. */
void load_commands_end(struct load_commands *, uint64_t begun_us, uint64_t wait_ms,
                       const volatile int *hurry);
/* A note about a command for people; "": it ran at its time and succeeded. */
enum { LOAD_NOTE = 160 };
void load_command_note(const struct load_phase *, const struct load_command *,
                       const struct load_stats *, char note[LOAD_NOTE]);

/* User and system time in microseconds of processes, their descendants and the children that they
 * waited for, each once. false: one of the processes does not exist. */
bool load_server_cpu_us(const int *pids, unsigned count, uint64_t *us);

/* Update the progress line on the terminal. The processes still change the figures in `all`. */
void load_progress(const struct load_options *, const struct load_stats *const *all,
                   uint64_t elapsed_ms);
void load_progress_end(void);

void load_report_text(const struct load_options *, const struct load_result *);
/* Flush standard output. false: writing failed; an error was printed to stderr. */
bool load_flush_text(void);

/* files.c: the result files. false with *err set: one cannot be written. */
enum { LOAD_FILES = 4 };
struct load_files {
    FILE *out[LOAD_FILES]; /* NULL: not requested */
    bool use_stdout;       /* one of them is standard output, so the text report is not printed */
};
bool load_files_open(struct load_files *, const struct load_options *, struct rp_error *);
bool load_files_write(struct load_files *, const struct load_options *, const struct load_result *,
                      struct rp_error *);
void load_write_json(FILE *, const struct load_options *, const struct load_result *);
void load_write_csv(FILE *, const struct load_options *, const struct load_result *);
void load_write_timeline(FILE *, const struct load_options *, const struct load_result *);
/* The length in bytes of the UTF-8 character at the start of a text; 0: malformed. */
size_t load_utf8_length(const char *text);
/* Whether this program used so much of its CPUs that it limited the load. */
bool load_was_bottleneck(const struct load_options *, const struct load_stats *);
/* The percentage of offered sessions that resumed by the requested mechanism. */
double load_resumed_share(const struct load_options *, const struct load_stats *);
static inline double load_ratio(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : (double)a / (double)b;
}

/* The number of arrivals that were due, and the percentage that was served completely. */
static inline uint64_t load_due(const struct load_stats *s)
{
    return s->started + s->missed;
}
static inline double load_served_percent(const struct load_stats *s)
{
    return load_due(s) == 0 ? 0 : 100 * load_ratio(s->started - s->failed, load_due(s));
}

/* The rate per second while connections arrived. */
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
