/* SPDX-License-Identifier: MIT
 *
 * stats.c - update and add up statistics. */
#include "contrib/load/load.h"

#include <string.h>

const double load_percents[LOAD_PERCENTS] = {50, 90, 99, 99.9};

const char *load_kind_name(enum load_kind kind)
{
    static const char *const names[KINDS] = {"full", "ticket", "id", "stateful", "psk", "0-rtt"};

    return names[kind];
}

/* When the table is full, its last row counts all further entries. */
void load_stats_reason(struct load_stats *s, const struct load_reason *reason)
{
    struct load_reason *r = s->reasons;

    if (reason->count == 0)
        return;
    while (r < s->reasons + LOAD_REASONS - 1 && r->count > 0 && strcmp(r->text, reason->text) != 0)
        r++;
    if (r->count == 0) {
        *r = *reason;
        r->count = 0;
        if (r == s->reasons + LOAD_REASONS - 1) {
            snprintf(r->text, sizeof r->text, "other reasons");
            r->class = CLASS_OTHER;
        }
    }
    r->count += reason->count;
}

bool load_negotiated_equal(const struct load_negotiated *a, const struct load_negotiated *b)
{
    return strcmp(a->version, b->version) == 0 && strcmp(a->suite, b->suite) == 0 &&
           strcmp(a->group, b->group) == 0 && strcmp(a->alpn, b->alpn) == 0;
}

static void add_negotiated(struct load_stats *s, const struct load_negotiated *other)
{
    struct load_negotiated *row = s->negotiated;

    while (row->count > 0 && !load_negotiated_equal(row, other))
        if (++row == s->negotiated + LOAD_NEGOTIATED)
            return;
    if (row->count == 0)
        *row = *other;
    else
        row->count += other->count;
}

static void add(uint64_t *to, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

static void raise(uint64_t *to, uint64_t from)
{
    if (from > *to)
        *to = from;
}

static void add_second(struct load_second *to, const struct load_second *from)
{
    to->full += from->full;
    to->resumed += from->resumed;
    to->declined += from->declined;
    to->failed += from->failed;
    to->requests += from->requests;
    to->bytes += from->bytes;
    histogram_add(&to->handshake_us, &from->handshake_us);
}

void load_stats_add(struct load_stats *s, const struct load_stats *other)
{
    s->started += other->started;
    s->full += other->full;
    s->resumed += other->resumed;
    s->failed += other->failed;
    s->offered += other->offered;
    s->declined += other->declined;
    s->offered_failed += other->offered_failed;
    s->requests += other->requests;
    s->given += other->given;
    add(s->by_kind, other->by_kind, KINDS);
    add(s->offered_by, other->offered_by, KINDS);
    add(s->resumed_by, other->resumed_by, KINDS);
    add(s->early, other->early, 3);
    add(s->by_class, other->by_class, CLASSES);
    add(s->by_status, other->by_status, 6);
    s->bytes_read += other->bytes_read;
    s->bytes_written += other->bytes_written;
    s->cpu_us += other->cpu_us;
    raise(&s->busiest_us, other->busiest_us);
    raise(&s->elapsed_us, other->elapsed_us);
    raise(&s->late_us, other->late_us);
    s->late += other->late;
    s->crowded += other->crowded;
    s->late_busy += other->late_busy;
    s->late_queued += other->late_queued;
    raise(&s->queued_us, other->queued_us);
    s->missed += other->missed;
    raise(&s->arriving_us, other->arriving_us);
    s->full_in_time += other->full_in_time;
    s->resumed_in_time += other->resumed_in_time;
    s->requests_in_time += other->requests_in_time;
    s->age_ms += other->age_ms;
    raise(&s->oldest_ms, other->oldest_ms);
    for (unsigned i = 0; i < LOAD_TARGETS; i++) {
        add(s->offered_at[i], other->offered_at[i], LOAD_TARGETS);
        add(s->resumed_at[i], other->resumed_at[i], LOAD_TARGETS);
    }
    for (unsigned i = 0; i < other->second_count; i++)
        add_second(&s->seconds[i], &other->seconds[i]);
    for (unsigned i = 0; i < PHASES_MAX; i++)
        add_second(&s->phases[i], &other->phases[i]);
    if (other->second_count > s->second_count)
        s->second_count = other->second_count;
    for (unsigned i = 0; i < LOAD_REASONS; i++)
        load_stats_reason(s, &other->reasons[i]);
    for (unsigned i = 0; i < LOAD_NEGOTIATED && other->negotiated[i].count > 0; i++)
        add_negotiated(s, &other->negotiated[i]);
    for (unsigned i = 0; i < KINDS; i++) {
        histogram_add(&s->handshake_us[i], &other->handshake_us[i]);
        histogram_add(&s->first_byte_us[i], &other->first_byte_us[i]);
    }
    histogram_add(&s->request_us, &other->request_us);
    histogram_add(&s->declined_us, &other->declined_us);
    histogram_add(&s->arrivals_us, &other->arrivals_us);
}

uint64_t load_phase_ran_ms(const struct load_phase *phase, const struct load_stats *s)
{
    uint64_t end = phase->at_ms + phase->length_ms, run = s->elapsed_us / 1000;

    end = end < run ? end : run;
    return end > phase->at_ms ? end - phase->at_ms : 0;
}

uint64_t load_second_ms(const struct load_options *o)
{
    return 1000 * (1 + (o->duration_ms > 0 ? o->duration_ms - 1 : 0) / 1000 / LOAD_SECONDS);
}

uint64_t load_second_count(const struct load_options *o, const struct load_stats *s)
{
    uint64_t whole = s->elapsed_us / 1000 / load_second_ms(o);
    uint64_t count = whole > s->second_count ? whole : s->second_count;

    return count < 1 ? 1 : count > LOAD_SECONDS ? LOAD_SECONDS : count;
}

double load_resumed_share(const struct load_options *o, const struct load_stats *s)
{
    if (o->mechanism == KIND_FULL)
        return 100 * load_ratio(s->resumed, s->offered);
    return 100 * load_ratio(s->resumed_by[o->mechanism], s->offered);
}

/* One process that used up its CPU is enough: its connections waited. Or arrivals were late while a
 * process used all of its CPU. Lateness alone is not enough: a server that recovers from a stall,
 * or other load on this machine, delays arrivals as well. */
bool load_was_bottleneck(const struct load_options *o, const struct load_stats *s)
{
    (void)o;
    return load_ratio(s->busiest_us, s->elapsed_us) > 0.9 || s->late_busy > s->started / 100;
}

void load_rows(const struct load_result *r, struct load_row rows[LOAD_ROWS])
{
    rows[0] = (struct load_row){"full", &r->stats.handshake_us[KIND_FULL]};
    rows[1] = (struct load_row){"resumed", &r->resumed_us};
    rows[2] = (struct load_row){"request", &r->stats.request_us};
    for (unsigned i = KIND_FULL + 1; i < KINDS; i++)
        rows[i + 2] =
            (struct load_row){load_kind_name((enum load_kind)i), &r->stats.handshake_us[i]};
}

void load_first_byte_rows(const struct load_result *r, struct load_row rows[LOAD_FIRST_BYTE_ROWS])
{
    rows[0] = (struct load_row){"all due", &r->stats.arrivals_us};
    rows[1] = (struct load_row){"full", &r->stats.first_byte_us[KIND_FULL]};
    rows[2] = (struct load_row){"declined", &r->stats.declined_us};
    rows[3] = (struct load_row){"resumed", &r->resumed_first_byte_us};
    for (unsigned i = KIND_FULL + 1; i < KINDS; i++)
        rows[i + 3] =
            (struct load_row){load_kind_name((enum load_kind)i), &r->stats.first_byte_us[i]};
}
