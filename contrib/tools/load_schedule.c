/* SPDX-License-Identifier: MIT
 *
 * load_schedule.c - times as they are written. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

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

bool load_parse_phase(const char *text, struct load_phase *phase)
{
    const char *colon = strchr(text, ':');
    char time[32];

    if (strncmp(text, "at ", 3) != 0 || colon == NULL || (size_t)(colon - text - 3) >= sizeof time)
        return false;
    memcpy(time, text + 3, (size_t)(colon - text - 3));
    time[colon - text - 3] = '\0';
    for (colon++; *colon == ' '; colon++)
        ;
    phase->text = colon;
    return *colon != '\0' && load_parse_ms(time, &phase->at_ms);
}
