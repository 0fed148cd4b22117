/* SPDX-License-Identifier: MIT
 *
 * load.c - reprise-load: which share of TLS sessions resumes, across hosts, and what that costs.
 * The danger: a tester that is slower than the server measures itself; it says so when it was. */
#include "load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_good_enough(const struct load_options *o, const struct load_stats *s)
{
    double share = s->offered == 0 ? 0 : 100.0 * (double)s->resumed / (double)s->offered;
    bool ok = true;

    if (o->min_resumed >= 0 && share < o->min_resumed) {
        fprintf(stderr, "reprise-load: %.2f %% of the sessions offered were resumed, %g wanted\n",
                share, o->min_resumed);
        ok = false;
    }
    if (o->max_failed >= 0 && (double)s->failed > o->max_failed) {
        fprintf(stderr, "reprise-load: %llu connections failed, %g allowed\n",
                (unsigned long long)s->failed, o->max_failed);
        ok = false;
    }
    return ok && s->full + s->resumed > 0;
}

int main(int argc, char **argv)
{
    static struct load_options options;
    static struct load_stats stats;
    struct rp_error err;
    uint64_t before, server_us = 0;
    bool help = false;

    if (!load_options_parse(&options, argc, argv, &help))
        return 2;
    if (help)
        return 0;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    before = options.pid > 0 ? load_server_cpu_us(options.pid) : 0;
    if (!load_run_all(&options, &stats, &err)) {
        fprintf(stderr, "reprise-load: %s\n", err.message);
        return 2;
    }
    if (options.pid > 0)
        server_us = load_server_cpu_us(options.pid) - before;
    if (!options.quiet)
        load_report_text(&options, &stats, server_us);
    if (!load_report_files(&options, &stats, server_us, &err)) {
        fprintf(stderr, "reprise-load: %s\n", err.message);
        return 2;
    }
    return is_good_enough(&options, &stats) ? 0 : 1;
}
