/* SPDX-License-Identifier: MIT
 *
 * findings.c - store and report faults of certificates. */
#include "worker/plan/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void findings_clear(struct findings *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->at[i].text);
    for (size_t i = 0; i < f->dated_count; i++) {
        free(f->dated[i].name);
        free(f->dated[i].mark);
    }
    free(f->at);
    free(f->dated);
    *f = (struct findings){0};
}

/* Make room for one more item of this size. */
static bool grow(void *items, size_t count, size_t *capacity, size_t size)
{
    void **at = items;
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *more;

    if (count < *capacity)
        return true;
    more = reallocarray(*at, wanted, size);
    if (more == NULL)
        return false;
    *at = more;
    *capacity = wanted;
    return true;
}

bool findings_add(struct findings *f, enum finding_kind kind, const struct conf_location *location,
                  const char *format, ...)
{
    char text[RP_ERROR_TEXT];
    struct rp_error note = {0};
    char *copy;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    conf_error(&note, location, "%s", text);
    copy = strdup(note.message);
    if (copy == NULL || !grow(&f->at, f->count, &f->capacity, sizeof *f->at)) {
        free(copy);
        return false;
    }
    f->at[f->count++] = (struct finding){kind, copy};
    return true;
}

bool findings_add_dates(struct findings *f, const struct dated *dates)
{
    struct dated *d;

    if (!grow(&f->dated, f->dated_count, &f->dated_capacity, sizeof *f->dated))
        return false;
    d = &f->dated[f->dated_count++];
    *d = *dates;
    d->name = strdup(dates->name);
    d->mark = strdup(dates->mark);
    return d->name != NULL && d->mark != NULL;
}

/* -- findings at a given time */

/* The kind of a finding that depends on dates; FINDING_NONE: no fault. */
static enum finding_kind state_of(const struct findings *f, const struct dated *d, uint64_t now)
{
    if (now > d->not_after)
        return FINDING_EXPIRED;
    if (now < d->not_before)
        return FINDING_NOT_YET_VALID;
    if (d->kind != DATED_CRL && d->not_after - now <= f->expiry_warning_s)
        return FINDING_EXPIRING;
    return FINDING_NONE;
}

static const char *write_date(uint64_t seconds, char out[32])
{
    time_t at = (time_t)seconds;
    struct tm utc;

    if (gmtime_r(&at, &utc) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        snprintf(out, 32, "second %llu", (unsigned long long)seconds);
    return out;
}

static const struct {
    const char *option, *effect, *remedy;
} consequences[] = {
    [DATED_CERTIFICATE] = {"certificate", "clients refuse it", "renew it and reload"},
    [DATED_CLIENT_CA] = {"ca", "client certificates of this CA are refused",
                         "replace it and reload"},
    [DATED_CRL] = {"crl", "client certificates of this CA are refused",
                   "fetch the current list and reload"},
};

static void state(const struct dated *d, enum finding_kind kind, struct rp_error *note)
{
    const char *effect = consequences[d->kind].effect, *remedy = consequences[d->kind].remedy;
    const char *option = consequences[d->kind].option;
    char date[32];

    *note = (struct rp_error){0};
    if (kind == FINDING_EXPIRED)
        conf_error(note, d->location, "%s \"%s\"%s expired on %s, so %s; %s", option, d->name,
                   d->mark, write_date(d->not_after, date), effect, remedy);
    else if (kind == FINDING_NOT_YET_VALID)
        conf_error(note, d->location,
                   "%s \"%s\"%s is not valid before %s, so %s; check the clock, or replace it",
                   option, d->name, d->mark, write_date(d->not_before, date), effect);
    else
        conf_error(note, d->location, "%s \"%s\"%s expires on %s; %s", option, d->name, d->mark,
                   write_date(d->not_after, date), remedy);
}

void findings_each_dated(const struct findings *f, uint64_t before_s, uint64_t now_s,
                         findings_visit *visit, void *arg)
{
    struct rp_error note;

    for (size_t i = 0; i < f->dated_count; i++) {
        enum finding_kind kind = state_of(f, &f->dated[i], now_s);

        if (kind == FINDING_NONE || (before_s != 0 && state_of(f, &f->dated[i], before_s) == kind))
            continue;
        state(&f->dated[i], kind, &note);
        visit(kind, &note, arg);
    }
}

void findings_each(const struct findings *f, uint64_t now_s, findings_visit *visit, void *arg)
{
    struct rp_error note = {0};

    findings_each_dated(f, 0, now_s, visit, arg);
    for (size_t i = 0; i < f->count; i++) {
        snprintf(note.message, sizeof note.message, "%s", f->at[i].text);
        visit(f->at[i].kind, &note, arg);
    }
}

static uint64_t sooner(uint64_t next, uint64_t now, uint64_t moment)
{
    return moment > now && moment < next ? moment : next;
}

uint64_t findings_next_change(const struct findings *f, uint64_t now_s)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < f->dated_count; i++) {
        const struct dated *d = &f->dated[i];

        next = sooner(next, now_s, d->not_before);
        if (d->not_after == UINT64_MAX)
            continue;
        next = sooner(next, now_s, d->not_after + 1);
        if (d->kind != DATED_CRL && d->not_after > f->expiry_warning_s)
            next = sooner(next, now_s, d->not_after - f->expiry_warning_s);
    }
    return next;
}
