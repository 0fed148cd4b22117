/* SPDX-License-Identifier: MIT
 *
 * schedule.h - times, arrivals by rate, and phases of a run. */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEDULE_STEPS = 32, PHASES_MAX = 32 };

/* Parse "1.5s", "250ms", "2m", "1h" or a number of seconds; the result is in milliseconds. */
bool load_parse_ms(const char *text, uint64_t *ms);
/* Likewise for the first `len` bytes of a text. */
bool load_parse_ms_part(const char *text, size_t len, uint64_t *ms);

/* For `seconds` the rate changes linearly from `from` to `to` arrivals per second. */
struct schedule_step {
    double seconds, from, to;
};
struct load_schedule {
    struct schedule_step steps[SCHEDULE_STEPS];
    unsigned count;
    bool endless; /* one step of constant rate, until the run ends */
};
/* Parse "1000", or steps "10s:100..1000,30s:1000". */
bool load_parse_schedule(const char *text, struct load_schedule *);
/* The time in seconds from the start at which `n` have arrived (n may be a fraction); negative:
 * never. */
double load_schedule_due(const struct load_schedule *, double n);
/* The inverse: the number of arrivals at a time. */
double load_schedule_arrived(const struct load_schedule *, double seconds);
uint64_t load_schedule_ms(const struct load_schedule *); /* its length; 0: endless */

/* A period of the run with a name ("10s steady"), in sequence; or a command at a time ("at 20s:
 * kill -HUP 123"). */
struct load_phase {
    uint64_t at_ms, length_ms; /* length 0: a command */
    const char *text;          /* the name or the command; borrowed */
};
struct load_phases {
    struct load_phase list[PHASES_MAX];
    unsigned count;
    uint64_t end_ms; /* of the last period; 0: there is none */
};
bool load_parse_phase(const char *text, struct load_phases *);
/* The period that contains a time; NULL: none. */
const struct load_phase *load_phase_at(const struct load_phases *, uint64_t ms);

#endif
