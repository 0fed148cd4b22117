/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line of reprise-load: one table for the parser, the help and the
 * errors. */
#include "contrib/load/load.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum shape { FLAG, TEXT, SMALL, LARGE, REAL, SIZE, TIME, CALL };

struct row {
    const char *name, *argument, *help;
    char letter;
    enum shape shape;
    size_t at;        /* offset of the value in the options */
    double low, high; /* range of SMALL, LARGE and REAL */
    bool (*call)(struct load_options *, const char *text);
};

static bool parse_number(const char *text, double low, double high, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value >= low && *value <= high;
}

/* "300", "64K", "1M", "2G". */
static bool parse_size(const char *text, uint64_t *value)
{
    static const char units[] = "KMG";
    char *end;
    double number = strtod(text, &end);
    const char *unit = *end != '\0' ? strchr(units, *end) : NULL;

    if (end == text || !(number > 0 && number <= 1e12) ||
        (*end != '\0' && (unit == NULL || end[1] != '\0')))
        return false;
    for (ptrdiff_t i = unit != NULL ? unit - units : -1; i >= 0; i--)
        number *= 1024;
    *value = (uint64_t)number;
    return *value > 0;
}

static bool take_tls(struct load_options *o, const char *text)
{
    if (strcmp(text, "both") == 0) {
        o->versions[0] = "TLSv1.2";
        o->versions[1] = "TLSv1.3";
        o->version_count = 2;
        return true;
    }
    o->versions[0] = strcmp(text, "1.2") == 0   ? "TLSv1.2"
                     : strcmp(text, "1.3") == 0 ? "TLSv1.3"
                                                : NULL;
    o->version_count = 1;
    return o->versions[0] != NULL;
}

static bool take_mechanism(struct load_options *o, const char *text)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(text, load_kind_name((enum load_kind)i)) == 0) {
            o->mechanism = (enum load_kind)i;
            o->only_full = i == KIND_FULL;
            return true;
        }
    return false;
}

static bool take_by_id(struct load_options *o, const char *text)
{
    (void)text;
    o->by_id = true;
    o->mechanism = KIND_ID;
    return true;
}

static bool take_origin(struct load_options *o, const char *text)
{
    static const char *const names[] = {"random", "same", "other"};

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            o->origin = (enum load_origin)i;
            return true;
        }
    return false;
}

static bool take_ending(struct load_options *o, const char *text)
{
    static const char *const names[] = {"now", "wait", "reset"};

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            o->ending = (enum load_ending)i;
            return true;
        }
    return false;
}

/* "10s", "5s..60s" */
static bool take_age(struct load_options *o, const char *text)
{
    const char *dots = strstr(text, "..");

    if (dots == NULL)
        return load_parse_ms(text, &o->min_age_ms);
    return load_parse_ms_part(text, (size_t)(dots - text), &o->min_age_ms) &&
           load_parse_ms(dots + 2, &o->max_age_ms) && o->max_age_ms >= o->min_age_ms &&
           o->max_age_ms > 0;
}

static bool take_uses(struct load_options *o, const char *text)
{
    double number;

    if (strcmp(text, "always") == 0) {
        o->uses = 0;
        return true;
    }
    if (!parse_number(text, 1, 1e9, &number))
        return false;
    o->uses = (int)number;
    return true;
}

static bool take_rate(struct load_options *o, const char *text)
{
    return load_parse_schedule(text, &o->rate);
}

static bool take_path(struct load_options *o, const char *text)
{
    o->path = text;
    return *text == '/' && strlen(text) < 1024 && strpbrk(text, " \r\n") == NULL;
}

static bool take_upload(struct load_options *o, const char *text)
{
    return parse_size(text, &o->upload);
}

static bool take_download(struct load_options *o, const char *text)
{
    return parse_size(text, &o->download);
}

static bool take_echo(struct load_options *o, const char *text)
{
    return parse_size(text, &o->echo);
}

/* "a.example", "a.example,b.example" */
static bool take_sni(struct load_options *o, const char *text)
{
    for (;; text++) {
        size_t len = strcspn(text, ",");

        if (o->sni_count == LOAD_SNI || len == 0 || len > 255)
            return false;
        o->sni[o->sni_count] = strndup(text, len);
        if (o->sni[o->sni_count++] == NULL)
            return false;
        text += len;
        if (*text == '\0')
            return true;
    }
}

/* "h2,http/1.1" */
static bool take_alpn(struct load_options *o, const char *text)
{
    unsigned count = 0;

    if (snprintf(o->alpn_text, sizeof o->alpn_text, "%s", text) >= (int)sizeof o->alpn_text)
        return false;
    for (char *rest = o->alpn_text, *name; (name = strsep(&rest, ",")) != NULL;) {
        if (*name == '\0' || count == LOAD_ALPN)
            return false;
        o->alpn[count++] = name;
    }
    o->alpn[count] = NULL;
    return true;
}

/* "Name: value"; headers that this program sends itself are refused. */
static bool take_header(struct load_options *o, const char *text)
{
    static const char *const own[] = {"host", "content-length", "connection", "transfer-encoding"};
    size_t used = strlen(o->headers), name = strcspn(text, ":");

    if (name == 0 || text[name] == '\0' || text[strcspn(text, "\r\n")] != '\0' ||
        strcspn(text, " \t") < name)
        return false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strlen(own[i]) == name && strncasecmp(text, own[i], name) == 0)
            return false;
    return snprintf(o->headers + used, sizeof o->headers - used, "%s\r\n", text) <
           (int)(sizeof o->headers - used);
}

static bool take_source(struct load_options *o, const char *text)
{
    char with_port[80];

    if (o->source_count == LOAD_SOURCES)
        return false;
    snprintf(with_port, sizeof with_port, strchr(text, ':') != NULL ? "[%.60s]:0" : "%.60s:0",
             text);
    return rp_address_parse(&o->sources[o->source_count++], with_port, false, NULL);
}

static bool take_psk(struct load_options *o, const char *text)
{
    const char *colon = strrchr(text, ':'), *hex = colon != NULL ? colon + 1 : "";
    size_t len = strlen(hex);

    if (colon == NULL || colon == text || (size_t)(colon - text) > RP_PSK_IDENTITY_MAX ||
        len == 0 || len % 2 != 0 || len > 2 * LOAD_PSK_MAX ||
        strspn(hex, "0123456789abcdefABCDEF") != len)
        return false;
    memcpy(o->psk_identity, text, (size_t)(colon - text));
    for (size_t i = 0; i < len; i += 2) {
        char digits[] = {hex[i], hex[i + 1], '\0'};

        o->psk[i / 2] = (uint8_t)strtoul(digits, NULL, 16);
    }
    o->psk_len = len / 2;
    o->mechanism = KIND_PSK;
    return true;
}

static bool take_proxy(struct load_options *o, const char *text)
{
    struct rp_address address;
    char with_port[80];

    snprintf(with_port, sizeof with_port, strchr(text, ':') != NULL ? "[%.60s]:1" : "%.60s:1",
             text);
    o->proxy_from = text;
    return rp_address_parse(&address, with_port, false, NULL);
}

static bool take_pid(struct load_options *o, const char *text)
{
    double number;
    uint64_t us;

    if (o->pid_count == LOAD_PIDS || !parse_number(text, 1, INT32_MAX, &number) ||
        !load_server_cpu_us(&(int){(int)number}, 1, &us))
        return false;
    o->pids[o->pid_count++] = (int)number;
    return true;
}

static bool take_phase(struct load_options *o, const char *text)
{
    return load_parse_phase(text, &o->phases);
}

#define AT(field) offsetof(struct load_options, field)
static const struct row rows[] = {
    {NULL, NULL, "Handshake", 0, FLAG, 0, 0, 0, NULL},
    {"tls", "1.2|1.3|both", "only this version; both: alternate", 't', CALL, 0, 0, 0, take_tls},
    {"mechanism", "full|ticket|id|stateful|psk|0-rtt",
     "resume by this mechanism; only it counts as resumed", 'm', CALL, 0, 0, 0, take_mechanism},
    {"resume", "PERCENT", "share of attempts that offer a session (0; 100 with -m)", 'r', REAL,
     AT(resume), 0, 100, NULL},
    {"by-id", NULL, "the same as -t 1.2 -m id", 0, CALL, 0, 0, 0, take_by_id},
    {"from", "same|other|random", "target that the offered session came from (random)", 0, CALL, 0,
     0, 0, take_origin},
    {"age", "TIME[..TIME]", "offer only sessions of this age", 0, CALL, 0, 0, 0, take_age},
    {"uses", "N|always", "times a session is offered (TLS 1.3: 1, 1.2: always)", 0, CALL, 0, 0, 0,
     take_uses},
    {"psk", "IDENTITY:HEX", "external pre-shared key, for -m psk", 0, CALL, 0, 0, 0, take_psk},
    {"sni", "NAME[,NAME]", "server names, used in turn", 0, CALL, 0, 0, 0, take_sni},
    {"ca", "FILE", "verify servers with these CAs (no verification)", 0, TEXT, AT(ca), 0, 0, NULL},
    {"cert", "FILE", "client certificate", 0, TEXT, AT(cert), 0, 0, NULL},
    {"key", "FILE", "its private key", 0, TEXT, AT(key), 0, 0, NULL},
    {"keylog", "FILE", "append TLS secrets to this file, for Wireshark", 0, TEXT, AT(keylog), 0, 0,
     NULL},
    {"ciphers", "LIST", "cipher suites, as in OpenSSL (similar to browsers)", 0, TEXT, AT(ciphers),
     0, 0, NULL},
    {"groups", "LIST", "groups; a key share is sent for the first (X25519:P-256)", 0, TEXT,
     AT(groups), 0, 0, NULL},
    {"sigalgs", "LIST", "signature algorithms, as in OpenSSL (similar to browsers)", 0, TEXT,
     AT(sigalgs), 0, 0, NULL},
    {"alpn", "NAME[,NAME]", "ALPN protocols, in order of preference (none)", 0, CALL, 0, 0, 0,
     take_alpn},
    {NULL, NULL, "Load", 0, FLAG, 0, 0, 0, NULL},
    {"concurrency", "N", "concurrent connections (32; maximum with --rate: 4096)", 'c', SMALL,
     AT(concurrency), 1, 100000, NULL},
    {"rate", "N|TIME:N[..N],...", "arrivals per second, independent of the server", 0, CALL, 0, 0,
     0, take_rate},
    {"poisson", NULL, "random arrivals (Poisson) at that rate", 0, FLAG, AT(poisson), 0, 0, NULL},
    {"count", "N", "stop after this many connections", 'n', LARGE, AT(count), 1, 1e15, NULL},
    {"duration", "TIME", "stop after this time (10s)", 'd', TIME, AT(duration_ms), 0, 0, NULL},
    {"processes", "N", "number of processes (1)", 0, SMALL, AT(processes), 1, 256, NULL},
    {"seed", "N", "seed of the random choices, to repeat a run", 0, LARGE, AT(seed), 0, 1e15, NULL},
    {NULL, NULL, "Traffic", 0, FLAG, 0, 0, 0, NULL},
    {"get", "PATH", "an HTTP GET on each connection", 'g', CALL, 0, 0, 0, take_path},
    {"upload", "BYTES", "a POST with a body of this size, to / or the PATH of -g", 0, CALL, 0, 0, 0,
     take_upload},
    {"download", "BYTES", "a GET of /BYTES or PATH; a different length is a failure", 0, CALL, 0, 0,
     0, take_download},
    {"echo", "BYTES", "no HTTP: send this much and wait for the same amount", 0, CALL, 0, 0, 0,
     take_echo},
    {"header", "\"NAME: VALUE\"", "a header of each request, except Host and framing", 0, CALL, 0,
     0, 0, take_header},
    {"requests", "N", "requests per connection, one after the other (1)", 'k', SMALL, AT(requests),
     1, 1e9, NULL},
    {"close", "now|wait|reset", "how a connection is closed (now)", 0, CALL, 0, 0, 0, take_ending},
    {"timeout", "TIME", "idle and handshake timeout of a connection (10s)", 0, TIME, AT(timeout_ms),
     0, 0, NULL},
    {"source", "ADDRESS", "connect from this address; several are used in turn", 0, CALL, 0, 0, 0,
     take_source},
    {"proxy", "ADDRESS", "send a PROXY header with this client address", 0, CALL, 0, 0, 0,
     take_proxy},
    {"proxy-version", "1|2", "version of that header (1)", 0, SMALL, AT(proxy_version), 1, 2, NULL},
    {NULL, NULL, "Results", 0, FLAG, 0, 0, 0, NULL},
    {"phase", "\"TIME NAME\"", "begin a named phase of this length", 0, CALL, 0, 0, 0, take_phase},
    {"phase", "\"at TIME: COMMAND\"", "run a command at this time and mark it in the time line", 0,
     CALL, 0, 0, 0, take_phase},
    {"pid", "PID", "report the CPU time of this process and its children", 0, CALL, 0, 0, 0,
     take_pid},
    {"min-resumed", "PERCENT", "exit 1 if fewer of the offered sessions were resumed", 0, REAL,
     AT(min_resumed), 0, 100, NULL},
    {"max-failed", "N", "exit 1 if more connections failed or, with --rate, were missed", 0, REAL,
     AT(max_failed), 0, 1e15, NULL},
    {"max-missed", "N", "exit 1 if more arrivals of --rate got no connection", 0, REAL,
     AT(max_missed), 0, 1e15, NULL},
    {"json", "FILE", "write the results as JSON (- is stdout)", 0, TEXT, AT(json), 0, 0, NULL},
    {"csv", "FILE", "write the latencies as CSV", 0, TEXT, AT(csv), 0, 0, NULL},
    {"timeline", "FILE", "write the time line as CSV", 0, TEXT, AT(timeline), 0, 0, NULL},
    {"report", "FILE.html", "write the results as one self-contained HTML page", 0, TEXT, AT(html),
     0, 0, NULL},
    {"quiet", NULL, "print no text report", 'q', FLAG, AT(quiet), 0, 0, NULL},
    {"help", NULL, "this", 'h', FLAG, 0, 0, 0, NULL},
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static bool print_help(void)
{
    enum { WIDTH = 37 };

    printf("usage: reprise-load [options] HOST:PORT|unix:PATH ...\n");
    printf("       reprise-load compare [--threshold PERCENT] BASE.json[,...] NEW.json[,...]\n");
    for (const struct row *r = rows; r < rows + ROW_COUNT; r++) {
        char left[64];

        if (r->name == NULL) {
            printf("\n%s\n", r->help);
            continue;
        }
        snprintf(left, sizeof left, "%c%c%s --%s %s", r->letter != 0 ? '-' : ' ',
                 r->letter != 0 ? r->letter : ' ', r->letter != 0 ? "," : " ", r->name,
                 r->argument != NULL ? r->argument : "");
        if (strlen(left) > WIDTH)
            printf("  %s\n  %-*s  %s\n", left, WIDTH, "", r->help);
        else
            printf("  %-*s  %s\n", WIDTH, left, r->help);
    }
    printf("\nTIME is 250ms, 10s, 5m, 1h or seconds; BYTES is 300, 64K, 1M.\n");
    return load_flush_text();
}

static bool store(struct load_options *o, const struct row *r, const char *text)
{
    void *to = (char *)o + r->at;
    double number = 0;

    switch (r->shape) {
    case FLAG:
        return *(bool *)to = true;
    case TEXT:
        *(const char **)to = text;
        return *text != '\0';
    case TIME:
        return load_parse_ms(text, to) && *(uint64_t *)to > 0 && *(uint64_t *)to <= UINT32_MAX;
    case SIZE:
        return parse_size(text, to);
    case CALL:
        return r->call(o, text);
    default:
        if (!parse_number(text, r->low, r->high, &number) ||
            (r->shape != REAL && number != (double)(uint64_t)number))
            return false;
    }
    if (r->shape == SMALL)
        *(unsigned *)to = (unsigned)number;
    else if (r->shape == LARGE)
        *(uint64_t *)to = (uint64_t)number;
    else
        *(double *)to = number;
    return true;
}

/* A pre-shared key is never shown, even an invalid one. */
static bool complain(const struct load_options *o, const struct row *r, const char *text)
{
    if (r->call == take_phase && o->phases.count == PHASES_MAX) {
        fprintf(stderr, "reprise-load: --phase %.80s: at most %d phases are allowed\n", text,
                PHASES_MAX);
        return false;
    }
    fprintf(stderr, "reprise-load: --%s %.80s: expected ", r->name,
            r->call == take_psk ? "..." : text);
    if (r->shape == SMALL || r->shape == LARGE)
        fprintf(stderr, "a whole number from %.0f to %.0f", r->low, r->high);
    else if (r->shape == REAL)
        fprintf(stderr, "a number from %g to %g", r->low, r->high);
    else if (r->shape == TIME)
        fprintf(stderr, "a time of at most 49 days: 250ms, 10s, 5m, 1h, or seconds");
    else
        fprintf(stderr, "%s (%s)", r->argument, r->help);
    fprintf(stderr, "; see --help\n");
    return false;
}

static bool take_targets(struct load_options *o, int count, char **texts)
{
    struct rp_error err;

    if (count < 1 || count > LOAD_TARGETS) {
        fprintf(stderr, "reprise-load: give 1 to %d targets; see --help\n", LOAD_TARGETS);
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (!load_targets_add(o, texts[i], &err)) {
            fprintf(stderr, "reprise-load: target %s: %s\n", texts[i], err.message);
            return false;
        }
    }
    return true;
}

static bool is_unknown(int option, const char *text)
{
    if (option != '?' && option != ':')
        return false;
    fprintf(stderr, "reprise-load: %s %s; see --help\n", text,
            option == ':' ? "requires a value" : "is not an option, or takes no value");
    return true;
}

static const struct row *row_of(int letter)
{
    for (const struct row *r = rows; r < rows + ROW_COUNT; r++)
        if (r->letter == letter && r->name != NULL)
            return r;
    return &rows[letter - 256];
}

/* Fill in the tables of getopt; `options` and `letters` have room. */
static void tell_getopt(struct option *options, char *letters)
{
    *letters++ = ':'; /* getopt then returns ':' for a missing value, '?' for an unknown option */
    for (const struct row *r = rows; r < rows + ROW_COUNT; r++) {
        if (r->name == NULL)
            continue;
        *options++ = (struct option){r->name, r->argument != NULL, NULL,
                                     r->letter != 0 ? r->letter : 256 + (int)(r - rows)};
        if (r->letter == 0)
            continue;
        *letters++ = r->letter;
        if (r->argument != NULL)
            *letters++ = ':';
    }
    *letters = '\0';
    *options = (struct option){0};
}

bool load_options_parse(struct load_options *o, int argc, char **argv, bool *help)
{
    struct option options[ROW_COUNT + 1];
    char letters[2 * ROW_COUNT + 2];
    const char *wrong;
    int option;

    *o = (struct load_options){.processes = 1,
                               .requests = 1,
                               .resume = -1,
                               .uses = -1,
                               .timeout_ms = 10000,
                               .min_resumed = -1,
                               .max_failed = -1,
                               .max_missed = -1};
    o->seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
    tell_getopt(options, letters);
    opterr = 0;
    while ((option = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        if (option == 'h') {
            *help = true;
            return print_help();
        }
        if (is_unknown(option, argv[optind - 1]))
            return false;
        if (!store(o, row_of(option), optarg))
            return complain(o, row_of(option), optarg);
    }
    if (!take_targets(o, argc - optind, argv + optind))
        return false;
    wrong = load_options_complete(o);
    if (wrong != NULL)
        fprintf(stderr, "reprise-load: %s\n", wrong);
    return wrong == NULL;
}
