/* SPDX-License-Identifier: MIT
 *
 * load_options.c - the command line of reprise-load. */
#include "load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: reprise-load [options] HOST:PORT|unix:PATH ...\n"
    "  -t, --tls 1.2|1.3        only this version\n"
    "  -r, --resume PERCENT     offer a session in so many of the attempts (0)\n"
    "      --by-id              sessions by id, no tickets (TLS 1.2)\n"
    "      --from same|other|random   whose session is offered (random)\n"
    "      --age TIME           offer no session that is younger\n"
    "  -c, --concurrency N      connections at a time (32)\n"
    "      --rate N             so many arrive a second, however long the server takes\n"
    "  -n, --count N            stop after so many connections\n"
    "  -d, --duration TIME      stop after this time (10s when there is no --count)\n"
    "      --processes N        drive from so many processes (1)\n"
    "  -g, --get PATH           one HTTP GET on each connection\n"
    "  -k, --requests N         so many GETs on each connection (1)\n"
    "      --sni NAME           server name; may be given more than once: names by turns\n"
    "      --ca FILE            verify the server; without it nothing is verified\n"
    "      --cert FILE --key FILE   a client certificate\n"
    "      --proxy ADDRESS      begin with a PROXY line (version 1) that names this client\n"
    "      --timeout TIME       give a connection up when nothing happens for so long (10s)\n"
    "      --pid PID            tell the CPU time of this server and its children\n"
    "      --min-resumed PERCENT, --max-failed N   exit 1 when short\n"
    "      --json FILE, --csv FILE, --report FILE.html   write results (- is stdout)\n"
    "      --phase \"at TIME: COMMAND\"   run a command then, and mark it in the time line\n"
    "      --seed N             the same choices again\n"
    "  -q, --quiet              no text\n";

enum {
    O_BY_ID = 256,
    O_FROM,
    O_AGE,
    O_RATE,
    O_PROCESSES,
    O_SNI,
    O_CA,
    O_CERT,
    O_KEY,
    O_PROXY,
    O_TIMEOUT,
    O_PID,
    O_MIN_RESUMED,
    O_MAX_FAILED,
    O_JSON,
    O_CSV,
    O_REPORT,
    O_SEED,
    O_PHASE,
};
static const struct option options_table[] = {
    {"tls", required_argument, NULL, 't'},
    {"resume", required_argument, NULL, 'r'},
    {"by-id", no_argument, NULL, O_BY_ID},
    {"from", required_argument, NULL, O_FROM},
    {"age", required_argument, NULL, O_AGE},
    {"concurrency", required_argument, NULL, 'c'},
    {"rate", required_argument, NULL, O_RATE},
    {"count", required_argument, NULL, 'n'},
    {"duration", required_argument, NULL, 'd'},
    {"processes", required_argument, NULL, O_PROCESSES},
    {"get", required_argument, NULL, 'g'},
    {"requests", required_argument, NULL, 'k'},
    {"sni", required_argument, NULL, O_SNI},
    {"ca", required_argument, NULL, O_CA},
    {"cert", required_argument, NULL, O_CERT},
    {"key", required_argument, NULL, O_KEY},
    {"proxy", required_argument, NULL, O_PROXY},
    {"timeout", required_argument, NULL, O_TIMEOUT},
    {"pid", required_argument, NULL, O_PID},
    {"min-resumed", required_argument, NULL, O_MIN_RESUMED},
    {"max-failed", required_argument, NULL, O_MAX_FAILED},
    {"json", required_argument, NULL, O_JSON},
    {"csv", required_argument, NULL, O_CSV},
    {"report", required_argument, NULL, O_REPORT},
    {"seed", required_argument, NULL, O_SEED},
    {"phase", required_argument, NULL, O_PHASE},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, double low, double high, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value >= low && *value <= high;
}

static bool parse_count(const char *text, double low, double high, unsigned *value)
{
    double number;

    if (!parse_number(text, low, high, &number))
        return false;
    *value = (unsigned)number;
    return true;
}

static bool parse_origin(const char *text, enum load_origin *origin)
{
    static const char *const names[] = {"random", "same", "other"};

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *origin = (enum load_origin)i;
            return true;
        }
    return false;
}

/* A PROXY v1 line: from ADDRESS, port 1, to 127.0.0.1 or ::1, port 443. */
static bool make_proxy(struct load_options *o, const char *host)
{
    static char line[108];
    bool v6 = strchr(host, ':') != NULL;
    struct rp_address address;
    char text[80];

    snprintf(text, sizeof text, v6 ? "[%s]:1" : "%s:1", host);
    if (!rp_address_parse(&address, text, false, NULL))
        return false;
    snprintf(line, sizeof line, "PROXY %s %.46s %s 1 443\r\n", v6 ? "TCP6" : "TCP4", host,
             v6 ? "::1" : "127.0.0.1");
    o->proxy = line;
    return true;
}

static bool take_number(struct load_options *o, int option, const char *text)
{
    unsigned pid;
    double n;

    switch (option) {
    case 'r':
        return parse_number(text, 0, 100, &o->resume);
    case 'c':
        return parse_count(text, 1, 100000, &o->concurrency);
    case 'k':
        return parse_count(text, 1, 1e9, &o->requests);
    case O_PROCESSES:
        return parse_count(text, 1, 256, &o->processes);
    case O_RATE:
        return parse_number(text, 0.001, 1e7, &o->rate);
    case 'n':
        if (!parse_number(text, 1, 1e15, &n))
            return false;
        o->count = (uint64_t)n;
        return true;
    case O_SEED:
        if (!parse_number(text, 0, 1e15, &n))
            return false;
        o->seed = (uint64_t)n;
        return true;
    case O_PID:
        if (!parse_count(text, 1, INT32_MAX, &pid))
            return false;
        o->pid = (int)pid;
        return true;
    case O_MIN_RESUMED:
        return parse_number(text, 0, 100, &o->min_resumed);
    default:
        return parse_number(text, 0, 1e15, &o->max_failed);
    }
}

static bool take(struct load_options *o, int option, const char *text)
{
    switch (option) {
    case 't':
        o->tls = strcmp(text, "1.2") == 0 ? "TLSv1.2" : "TLSv1.3";
        return strcmp(text, "1.2") == 0 || strcmp(text, "1.3") == 0;
    case O_BY_ID:
        o->by_id = true;
        return true;
    case O_FROM:
        return parse_origin(text, &o->origin);
    case O_AGE:
        return load_parse_ms(text, &o->min_age_ms);
    case 'd':
        return load_parse_ms(text, &o->duration_ms);
    case O_TIMEOUT:
        return load_parse_ms(text, &o->timeout_ms) && o->timeout_ms > 0;
    case 'g':
        o->path = text;
        return *text == '/' && strlen(text) < 1024;
    case O_SNI:
        if (o->sni_count < LOAD_SNI)
            o->sni[o->sni_count++] = text;
        return true;
    case O_PHASE:
        return o->phase_count < LOAD_PHASES && load_parse_phase(text, &o->phases[o->phase_count++]);
    case O_CA:
        o->ca = text;
        return true;
    case O_CERT:
        o->cert = text;
        return true;
    case O_KEY:
        o->key = text;
        return true;
    case O_PROXY:
        return make_proxy(o, text);
    case O_JSON:
        o->json = text;
        return true;
    case O_CSV:
        o->csv = text;
        return true;
    case O_REPORT:
        o->html = text;
        return true;
    case 'q':
        o->quiet = true;
        return true;
    default:
        return take_number(o, option, text);
    }
}

static bool take_targets(struct load_options *o, int count, char **texts)
{
    struct rp_error err;

    if (count < 1 || count > LOAD_TARGETS) {
        fprintf(stderr, "reprise-load: one to %d targets are wanted; --help says more\n",
                LOAD_TARGETS);
        return false;
    }
    for (int i = 0; i < count; i++) {
        o->targets[i].text = texts[i];
        if (!rp_address_parse(&o->targets[i].address, texts[i], true, &err)) {
            fprintf(stderr, "reprise-load: target %s: %s\n", texts[i], err.message);
            return false;
        }
    }
    o->target_count = (unsigned)count;
    return true;
}

static bool fits_together(struct load_options *o)
{
    const char *wrong = NULL;

    if (o->by_id && o->tls != NULL && strcmp(o->tls, "TLSv1.2") != 0)
        wrong = "--by-id is of TLS 1.2; leave out --tls 1.3";
    else if ((o->cert == NULL) != (o->key == NULL))
        wrong = "--cert and --key go together";
    else if (o->origin == ORIGIN_OTHER && o->target_count < 2)
        wrong = "--from other wants two targets or more";
    if (wrong != NULL) {
        fprintf(stderr, "reprise-load: %s\n", wrong);
        return false;
    }
    if (o->by_id)
        o->tls = "TLSv1.2";
    if (o->count == 0 && o->duration_ms == 0)
        o->duration_ms = 10000;
    if (o->processes > o->concurrency)
        o->processes = o->concurrency;
    return true;
}

bool load_options_parse(struct load_options *o, int argc, char **argv, bool *help)
{
    int option, index = 0;

    *o = (struct load_options){.concurrency = 32,
                               .processes = 1,
                               .requests = 1,
                               .timeout_ms = 10000,
                               .min_resumed = -1,
                               .max_failed = -1};
    o->seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
    while ((option = getopt_long(argc, argv, "t:r:c:n:d:g:k:qh", options_table, &index)) != -1) {
        if (option == 'h') {
            *help = true;
            return fputs(usage, stdout) >= 0;
        }
        if (option == '?') {
            fputs("reprise-load: --help says what there is\n", stderr);
            return false;
        }
        if (!take(o, option, optarg)) {
            fprintf(stderr, "reprise-load: %s is not right here; --help says what is\n", optarg);
            return false;
        }
    }
    return take_targets(o, argc - optind, argv + optind) && fits_together(o);
}
