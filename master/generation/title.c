/* SPDX-License-Identifier: MIT
 *
 * title.c - write the title over argv and the environment; see title.h.
 * The danger: who still points there. So both are copied first, once, and libc's pointers are set
 * to the copies; whoever asks getenv gets a copy. */
#include "master/generation/title.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *area; /* NULL: titles can't be set */
static size_t area_size;
static char **arguments, **environment; /* the copies, which live as long as the process */

static void discard(char **list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        free(list[i]);
    free(list);
}

static char **copy(char **list)
{
    size_t count = 0;
    char **out;

    while (list[count] != NULL)
        count++;
    if ((out = calloc(count + 1, sizeof *out)) == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if ((out[i] = strdup(list[i])) == NULL) {
            discard(out);
            return NULL;
        }
    return out;
}

/* The kernel puts one string behind the other. */
static char *end_of(char **list, char *end)
{
    for (; *list != NULL; list++)
        if (*list == end)
            end += strlen(end) + 1;
    return end;
}

/* These point into argv[0]. */
static void move_names(const char *from, char *to)
{
    program_invocation_short_name = to + (program_invocation_short_name - from);
    program_invocation_name = to;
}

char **title_begin(int argc, char **argv)
{
    if (argc < 1)
        return argv;
    arguments = copy(argv);
    environment = copy(environ);
    if (arguments == NULL || environment == NULL) {
        discard(arguments);
        discard(environment);
        return argv;
    }
    area = argv[0];
    area_size = (size_t)(end_of(environ, end_of(argv, argv[0])) - area);
    move_names(area, arguments[0]);
    environ = environment;
    return arguments;
}

void title_set(const char *format, ...)
{
    static const char name[] = "reprise: ";
    va_list args;

    if (area_size < sizeof name)
        return;
    memset(area, 0, area_size);
    memcpy(area, name, sizeof name);
    va_start(args, format);
    vsnprintf(area + sizeof name - 1, area_size - (sizeof name - 1), format, args);
    va_end(args);
}
