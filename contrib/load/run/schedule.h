/* SPDX-License-Identifier: MIT
 *
 * schedule.h - when what happens: times as they are written, arrivals by rate, phases. */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEDULE_STEPS = 32, PHASES_MAX = 32 };

/* "1.5s", "250ms", "2m", "1h", plain numbers are seconds: to milliseconds. */
bool load_parse_ms(const char *text, uint64_t *ms);
/* The same for the first `len` bytes of a text. */
bool load_parse_ms_part(const char *text, size_t len, uint64_t *ms);

/* For `seconds` from `from` arrivals a second evenly up or down to `to`. */
struct schedule_step {
    double seconds, from, to;
};
struct load_schedule {
    struct schedule_step steps[SCHEDULE_STEPS];
    unsigned count;
    bool endless; /* one step of one rate, for as long as the run is */
};
/* "1000", or steps "10s:100..1000,30s:1000". */
bool load_parse_schedule(const char *text, struct load_schedule *);
/* The moment, in seconds from the beginning, at which `n` have arrived (n may lie between two);
 * negative: so many never do. */
double load_schedule_due(const struct load_schedule *, double n);
/* The other way round: how many have arrived at this moment. */
double load_schedule_arrived(const struct load_schedule *, double seconds);
uint64_t load_schedule_ms(const struct load_schedule *); /* how long it is; 0: endless */

/* A stretch of the run with a name ("10s steady"), one after the other; or a moment with a command
 * ("at 20s: kill -HUP 123"). */
struct load_phase {
    uint64_t at_ms, length_ms; /* length 0: a moment */
    const char *text;          /* the name or the command; borrowed */
};
struct load_phases {
    struct load_phase list[PHASES_MAX];
    unsigned count;
    uint64_t end_ms; /* of the last stretch; 0: there is none */
};
bool load_parse_phase(const char *text, struct load_phases *);
/* The stretch that a moment is in; NULL: none. */
const struct load_phase *load_phase_at(const struct load_phases *, uint64_t ms);

#endif
