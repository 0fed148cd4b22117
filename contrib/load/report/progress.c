/* SPDX-License-Identifier: MIT
 *
 * progress.c - the progress line on a terminal. It reads figures that other processes change at the
 * same time: each figure is consistent, a set of them is approximate. */
#include "contrib/load/load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

static uint64_t read_now(const uint64_t *figure)
{
    return __atomic_load_n(figure, __ATOMIC_RELAXED);
}

struct figures {
    uint64_t full, resumed, declined, failed, requests;
};

static struct figures sum(const struct load_options *o, const struct load_stats *const *all)
{
    struct figures f = {0};

    for (unsigned i = 0; i < o->processes; i++) {
        f.full += read_now(&all[i]->full);
        f.resumed += read_now(&all[i]->resumed);
        f.declined += read_now(&all[i]->declined);
        f.failed += read_now(&all[i]->failed);
        f.requests += read_now(&all[i]->requests);
    }
    return f;
}

/* Cut the line to the terminal's width: a wrapped line could not be overwritten. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    struct winsize size;
    char line[256];
    int width =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    fprintf(stderr, "\r\033[K%.*s", width, line);
    fflush(stderr);
}

void load_progress(const struct load_options *o, const struct load_stats *const *all,
                   uint64_t elapsed_ms)
{
    static uint64_t last_ms, last_made;
    static double rate;
    struct figures f = sum(o, all);
    const struct load_phase *phase = load_phase_at(&o->phases, elapsed_ms);
    uint64_t made = f.full + f.resumed;

    if (elapsed_ms >= last_ms + 500) {
        rate = (double)(made - last_made) * 1000 / (double)(elapsed_ms - last_ms);
        last_ms = elapsed_ms;
        last_made = made;
    }
    say("%.1f s  %.0f/s  full %" PRIu64 "  resumed %" PRIu64 "  declined %" PRIu64
        "  failed %" PRIu64 "  requests %" PRIu64 "%s%.24s%s",
        (double)elapsed_ms / 1000, rate, f.full, f.resumed, f.declined, f.failed, f.requests,
        phase != NULL ? "  [" : "", phase != NULL ? phase->text : "", phase != NULL ? "]" : "");
}

void load_progress_end(void)
{
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
