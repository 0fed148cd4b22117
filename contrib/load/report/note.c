/* SPDX-License-Identifier: MIT
 *
 * note.c - the result of a phase's command as text. */
#include "contrib/load/load.h"

#include <stdarg.h>
#include <string.h>

enum { LATE_MS = 100 };

static void add(char note[LOAD_NOTE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(char note[LOAD_NOTE], const char *format, ...)
{
    size_t len = strlen(note);
    va_list list;

    if (len > 0)
        len += (size_t)snprintf(note + len, LOAD_NOTE - len, ", ");
    va_start(list, format);
    vsnprintf(note + len, LOAD_NOTE - len, format, list);
    va_end(list);
}

void load_command_note(const struct load_phase *phase, const struct load_command *command,
                       const struct load_stats *s, char note[LOAD_NOTE])
{
    uint64_t run_ms = s->elapsed_us / 1000, end_ms = command->begun_ms + command->took_ms;

    *note = '\0';
    if (command->state == COMMAND_WAITS) {
        snprintf(note, LOAD_NOTE, "not run, because the load had ended%s",
                 phase->at_ms < run_ms ? " before the command ahead of it" : "");
        return;
    }
    if (command->begun_ms > phase->at_ms + LATE_MS)
        add(note, "%.1f s late", (double)(command->begun_ms - phase->at_ms) / 1000);
    if (command->state == COMMAND_CUT)
        add(note, "cut off after %.1f s", (double)command->took_ms / 1000);
    else if (end_ms > run_ms + LATE_MS)
        add(note, "ended %.1f s after the load", (double)(end_ms - run_ms) / 1000);
    if (command->status != 0)
        add(note, "exit status %d", command->status);
}
