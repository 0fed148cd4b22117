/* SPDX-License-Identifier: MIT
 *
 * schedule.c - times, arrival rates and phases; see schedule.h. */
#include "contrib/load/run/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- times */

bool load_parse_ms(const char *text, uint64_t *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60e3}, {"min", 60e3}, {"h", 3600e3}};
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; end != text && i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].name) == 0 && value >= 0 && value * units[i].ms <= 1e12) {
            *ms = (uint64_t)(value * units[i].ms);
            return true;
        }
    return false;
}

bool load_parse_ms_part(const char *text, size_t len, uint64_t *ms)
{
    char part[32];

    if (len >= sizeof part)
        return false;
    memcpy(part, text, len);
    part[len] = '\0';
    return load_parse_ms(part, ms);
}

/* -- rates */

static bool parse_rate(const char *text, size_t len, double *rate)
{
    char part[32], *end;

    if (len == 0 || len >= sizeof part)
        return false;
    memcpy(part, text, len);
    part[len] = '\0';
    *rate = strtod(part, &end);
    return *end == '\0' && *rate >= 0 && *rate <= 1e7;
}

/* "10s:100..1000", "30s:1000" */
static bool parse_step(const char *text, size_t len, struct schedule_step *step)
{
    const char *colon = memchr(text, ':', len), *rate, *dots, *end = text + len;
    uint64_t ms;

    if (colon == NULL || !load_parse_ms_part(text, (size_t)(colon - text), &ms) || ms == 0)
        return false;
    step->seconds = (double)ms / 1000;
    rate = colon + 1;
    dots = strstr(rate, "..");
    if (dots == NULL || dots >= end) {
        bool ok = parse_rate(rate, (size_t)(end - rate), &step->from);

        step->to = step->from;
        return ok;
    }
    return parse_rate(rate, (size_t)(dots - rate), &step->from) &&
           parse_rate(dots + 2, (size_t)(end - dots - 2), &step->to);
}

bool load_parse_schedule(const char *text, struct load_schedule *s)
{
    double sum = 0;

    *s = (struct load_schedule){0};
    if (parse_rate(text, strlen(text), &s->steps[0].from)) {
        s->steps[0].to = s->steps[0].from;
        s->endless = true;
        s->count = 1;
        return s->steps[0].from >= 0.001;
    }
    for (;; text++) {
        size_t len = strcspn(text, ",");
        struct schedule_step *step = &s->steps[s->count];

        if (s->count == SCHEDULE_STEPS || !parse_step(text, len, step))
            return false;
        s->count++;
        sum += step->seconds * (step->from + step->to) / 2;
        text += len;
        if (*text == '\0')
            return sum > 0;
    }
}

/* The time within a step at which `n` have arrived: n = from t + (to - from) / seconds t t / 2. */
static double within(const struct schedule_step *step, double n)
{
    double slope = (step->to - step->from) / step->seconds;
    double root = step->from * step->from + 2 * slope * n;

    if (root < 0)
        root = 0; /* rounding, if the rate falls to zero */
    return 2 * n / (step->from + sqrt(root));
}

double load_schedule_due(const struct load_schedule *s, double n)
{
    double begun = 0;

    if (s->endless)
        return n / s->steps[0].from;
    for (unsigned i = 0; i < s->count; i++) {
        const struct schedule_step *step = &s->steps[i];
        double arrivals = step->seconds * (step->from + step->to) / 2;

        if (n < arrivals)
            return n <= 0 && step->from <= 0 ? begun : begun + within(step, n);
        n -= arrivals;
        begun += step->seconds;
    }
    return -1;
}

double load_schedule_arrived(const struct load_schedule *s, double seconds)
{
    double n = 0;

    if (s->endless)
        return seconds * s->steps[0].from;
    for (unsigned i = 0; i < s->count && seconds > 0; i++) {
        const struct schedule_step *step = &s->steps[i];
        double t = seconds < step->seconds ? seconds : step->seconds;

        n += step->from * t + (step->to - step->from) / step->seconds * t * t / 2;
        seconds -= step->seconds;
    }
    return n;
}

uint64_t load_schedule_ms(const struct load_schedule *s)
{
    double seconds = 0;

    for (unsigned i = 0; i < s->count && !s->endless; i++)
        seconds += s->steps[i].seconds;
    return (uint64_t)(seconds * 1000);
}

/* -- phases */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " ");
}

/* Parse a time that ends before one of `ends`; returns the rest of the text. */
static const char *time_before(const char *text, const char *ends, uint64_t *ms)
{
    size_t len = strcspn(text, ends);

    if (text[len] == '\0' || !load_parse_ms_part(text, len, ms))
        return NULL;
    return skip_blanks(text + len + 1);
}

bool load_parse_phase(const char *text, struct load_phases *p)
{
    bool moment = strncmp(text, "at ", 3) == 0;
    struct load_phase phase = {0};
    const char *rest = moment ? time_before(skip_blanks(text + 3), ":", &phase.at_ms)
                              : time_before(text, " ", &phase.length_ms);

    if (rest == NULL || *rest == '\0' || p->count == PHASES_MAX ||
        (!moment && phase.length_ms == 0))
        return false;
    phase.text = rest;
    if (!moment) {
        phase.at_ms = p->end_ms;
        p->end_ms += phase.length_ms;
    }
    p->list[p->count++] = phase;
    return true;
}

const struct load_phase *load_phase_at(const struct load_phases *p, uint64_t ms)
{
    for (unsigned i = 0; i < p->count; i++)
        if (ms >= p->list[i].at_ms && ms - p->list[i].at_ms < p->list[i].length_ms)
            return &p->list[i];
    return NULL;
}
