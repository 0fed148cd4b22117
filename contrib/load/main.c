/* SPDX-License-Identifier: MIT
 *
 * main.c - reprise-load: the percentage of TLS sessions that resume, across hosts, and the cost.
 * The danger: if this program is slower than the server, it measures itself; the report says so. */
#include "contrib/load/load.h"
#include "contrib/load/report/compare.h"
#include "contrib/tools/tool_flags.h"
#include "contrib/tools/tool_io.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool require_at_most(double limit, uint64_t count, const char *what)
{
    if (limit < 0 || (double)count <= limit)
        return true;
    fprintf(stderr, "reprise-load: %llu %s; at most %g are allowed\n", (unsigned long long)count,
            what, limit);
    return false;
}

/* To a client an arrival without a connection is a failure, so it counts as one unless --max-missed
 * is given. */
static bool failed_at_most(const struct load_options *o, const struct load_stats *s)
{
    bool few_missed = require_at_most(o->max_missed, s->missed, "arrivals got no connection");

    if (o->max_missed >= 0)
        return require_at_most(o->max_failed, s->failed, "connections failed") && few_missed;
    return require_at_most(o->max_failed, s->failed + s->missed,
                           s->missed > 0 ? "connections failed or arrivals got no connection"
                                         : "connections failed");
}

static bool is_good_enough(const struct load_options *o, const struct load_stats *s)
{
    double share = load_resumed_share(o, s);
    bool ok = failed_at_most(o, s);

    if (o->min_resumed >= 0 && share < o->min_resumed) {
        fprintf(stderr,
                "reprise-load: %.2f %% of the sessions offered were resumed; at least %g %% are "
                "required\n",
                share, o->min_resumed);
        ok = false;
    }
    if (s->full + s->resumed == 0) {
        fprintf(stderr, "reprise-load: no handshake was made\n");
        ok = false;
    }
    return ok;
}

static int failed(const struct rp_error *err)
{
    fprintf(stderr, "reprise-load: %s\n", err->message);
    return 2;
}

/* Write all results, even if one fails. false: one failed; an error was printed. */
static bool tell(const struct load_options *o, struct load_files *files,
                 const struct load_result *r)
{
    struct rp_error err;
    bool all = !r->keylog_failed;

    if (!o->quiet && !files->use_stdout) {
        load_report_text(o, r);
        all = load_flush_text() && all;
    }
    if (!load_files_write(files, o, r, &err)) {
        failed(&err);
        all = false;
    }
    if (r->lost > 0) {
        fprintf(stderr, "reprise-load: a load process ended without reporting its results\n");
        all = false;
    }
    return all;
}

int main(int argc, char **argv)
{
    static struct load_options options;
    static struct load_result result;
    static struct load_files files;
    struct rp_error err;
    bool help = false;

    tool_name("reprise-load");
    tool_io_begin();
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return load_compare(argc - 2, argv + 2);
    rp_allocator_install(); /* on failure the default allocator is used, which is slower */
    if (!load_options_parse(&options, argc, argv, &help))
        return 2;
    if (help)
        return 0;
    if (!tool_keylog_open(options.keylog))
        return 2;
    if (!load_files_open(&files, &options, &err))
        return failed(&err);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    load_run_info_get(&result.info, argc, argv);
    if (!load_run_all(&options, &result, &err))
        return failed(&err);
    if (!tell(&options, &files, &result))
        return 2;
    return is_good_enough(&options, &result.stats) ? 0 : 1;
}
