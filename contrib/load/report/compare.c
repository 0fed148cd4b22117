/* SPDX-License-Identifier: MIT
 *
 * compare.c - compare two sets of JSON results, figure by figure. Single runs vary with the other
 * load of a machine. With at least three runs on each side a ratio has a confidence interval, and a
 * figure is worse only if the interval and the threshold exclude chance. */
#include "contrib/load/report/compare.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 2000, SURE_RUNS = 3 };

/* -- statistics */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double share)
{
    double at = share * (double)(count - 1);
    size_t low = (size_t)at;
    double part = at - (double)low;

    return low + 1 < count ? sorted[low] * (1 - part) + sorted[low + 1] * part : sorted[low];
}

double compare_median(const struct compare_samples *s)
{
    double sorted[COMPARE_RUNS];

    if (s->count == 0)
        return NAN;
    memcpy(sorted, s->values, s->count * sizeof *sorted);
    qsort(sorted, s->count, sizeof *sorted, by_value);
    return quantile(sorted, s->count, 0.5);
}

/* A fixed seed, so that a comparison is reproducible. */
static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static double resampled_median(const struct compare_samples *s, uint64_t *state)
{
    struct compare_samples drawn = {.count = s->count};

    for (size_t i = 0; i < s->count; i++)
        drawn.values[i] = s->values[next_random(state) % s->count];
    return compare_median(&drawn);
}

struct compare_ratio compare_ratio(const struct compare_samples *base,
                                   const struct compare_samples *new)
{
    struct compare_ratio r = {.base = compare_median(base), .new = compare_median(new)};
    double ratios[RESAMPLES];
    uint64_t state = 1;

    r.ratio = r.low = r.high = r.new / r.base;
    r.sure = base->count >= SURE_RUNS && new->count >= SURE_RUNS;
    if (!r.sure)
        return r;
    for (size_t i = 0; i < RESAMPLES; i++)
        ratios[i] = resampled_median(new, &state) / resampled_median(base, &state);
    qsort(ratios, RESAMPLES, sizeof *ratios, by_value);
    r.low = quantile(ratios, RESAMPLES, 0.025);
    r.high = quantile(ratios, RESAMPLES, 0.975);
    return r;
}

/* -- figures */

/* The JSON path of a figure; a quotient also has the path of its divisor. */
static const struct figure {
    const char *name, *unit;
    const char *path[2], *divisor[2];
    bool more_is_better;
} figures[] = {
    {"full handshakes", "/s", {"full_per_second"}, {0}, true},
    {"resumed handshakes", "/s", {"resumed_per_second"}, {0}, true},
    {"requests", "/s", {"requests_per_second"}, {0}, true},
    {"resumed, of offered", "", {"resumed"}, {"offered"}, true},
    {"served, of due", "%", {"served_percent"}, {0}, true},
    {"first byte p50", "us", {"first_byte_us/all due", "p50"}, {0}, false},
    {"first byte p99", "us", {"first_byte_us/all due", "p99"}, {0}, false},
    {"full p99", "us", {"first_byte_us/full", "p99"}, {0}, false},
    {"resumed p99", "us", {"first_byte_us/resumed", "p99"}, {0}, false},
    {"0-rtt p99", "us", {"first_byte_us/0-rtt", "p99"}, {0}, false},
    {"server CPU", "us/conn", {"server_cpu_us"}, {"started"}, false},
};

/* For "a/b" and "c": the value root.a.b.c. NULL: it is missing. */
static const json_t *follow(const json_t *root, const char *const path[2])
{
    char name[64];

    for (int i = 0; i < 2 && path[i] != NULL; i++)
        for (const char *at = path[i]; at != NULL; at = strchr(at, '/')) {
            at += *at == '/';
            snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "/"), at);
            root = json_object_get(root, name);
        }
    return root;
}

static void add_sample(struct compare_samples *s, const struct figure *f, const json_t *run)
{
    double value = json_number_value(follow(run, f->path));
    double divisor = f->divisor[0] != NULL ? json_number_value(follow(run, f->divisor)) : 1;

    if (value > 0 && divisor > 0)
        s->values[s->count++] = value / divisor;
}

/* -- sets of runs */

struct set {
    json_t *runs[COMPARE_RUNS];
    size_t count;
};

static bool add_file(struct set *set, const char *path)
{
    json_error_t error;
    json_t *run = set->count < COMPARE_RUNS ? json_load_file(path, 0, &error) : NULL;

    if (set->count == COMPARE_RUNS)
        fprintf(stderr, "reprise-load: compare: more than %d runs in one set\n", COMPARE_RUNS);
    else if (run == NULL)
        fprintf(stderr, "reprise-load: %s: %s\n", path, error.text);
    else if (follow(run, (const char *const[2]){"first_byte_us/all due", NULL}) == NULL)
        fprintf(stderr, "reprise-load: %s: not a result of reprise-load --json\n", path);
    else {
        set->runs[set->count++] = run;
        return true;
    }
    json_decref(run);
    return false;
}

/* "a.json,b.json" */
static bool add_files(struct set *set, const char *list)
{
    char *copy = strdup(list), *rest = copy, *path;
    bool ok = copy != NULL;

    while (ok && (path = strsep(&rest, ",")) != NULL)
        ok = add_file(set, path);
    free(copy);
    return ok;
}

static void clear(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        json_decref(set->runs[i]);
}

/* -- the table */

/* Whether the figure differs by more than the threshold, and significantly so. */
static bool is_worse(const struct figure *f, const struct compare_ratio *r, double threshold)
{
    if (f->more_is_better)
        return r->ratio < 1 - threshold && r->high < 1;
    return r->ratio > 1 + threshold && r->low > 1;
}

static bool print_figure(const struct figure *f, const struct set *base, const struct set *new,
                         double threshold)
{
    struct compare_samples a = {.count = 0}, b = {.count = 0};
    struct compare_ratio r;
    bool worse;

    for (size_t i = 0; i < base->count; i++)
        add_sample(&a, f, base->runs[i]);
    for (size_t i = 0; i < new->count; i++)
        add_sample(&b, f, new->runs[i]);
    if (a.count == 0 || b.count == 0)
        return false;
    r = compare_ratio(&a, &b);
    worse = is_worse(f, &r, threshold);
    printf("%-20s %12.6g %12.6g %-8s %6.3f", f->name, r.base, r.new, f->unit, r.ratio);
    if (r.sure)
        printf("  %.3f to %.3f", r.low, r.high);
    printf("%s\n", worse ? "  worse" : "");
    return worse;
}

static int print_table(const struct set *base, const struct set *new, double threshold)
{
    bool worse = false;

    printf("%-20s %12s %12s %-8s %6s  95 %% interval\n", "median of runs", "base", "new", "",
           "ratio");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        worse = print_figure(&figures[i], base, new, threshold) || worse;
    if (base->count < SURE_RUNS || new->count < SURE_RUNS)
        printf("Give at least %d runs of each, separated by commas, for intervals.\n", SURE_RUNS);
    return worse;
}

/* -- the command line */

static int usage(void)
{
    fprintf(stderr, "usage: reprise-load compare [--threshold PERCENT] BASE.json[,...] "
                    "NEW.json[,...]\n");
    return 2;
}

int load_compare(int count, char **arguments)
{
    struct set base = {.count = 0}, new = {.count = 0};
    double threshold = 0.05;
    int status = 2;

    if (count == 4 && strcmp(arguments[0], "--threshold") == 0) {
        char *end;

        threshold = strtod(arguments[1], &end) / 100;
        if (end == arguments[1] || (*end != '\0' && strcmp(end, "%") != 0) || !(threshold >= 0))
            return usage();
        count -= 2;
        arguments += 2;
    }
    if (count != 2)
        return usage();
    if (add_files(&base, arguments[0]) && add_files(&new, arguments[1]))
        status = print_table(&base, &new, threshold);
    clear(&base);
    clear(&new);
    return status;
}
