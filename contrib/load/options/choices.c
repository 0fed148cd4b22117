/* SPDX-License-Identifier: MIT
 *
 * choices.c - check options that conflict, and set the defaults that depend on other options. */
#include "contrib/load/load.h"

#include <string.h>
#include <sys/resource.h>

static bool only_speaks(const struct load_options *o, const char *version)
{
    return o->version_count == 0 || (o->version_count == 1 && strcmp(o->versions[0], version) == 0);
}

static const char *wrong_mechanism(const struct load_options *o)
{
    if (o->by_id && o->mechanism != KIND_ID)
        return "--by-id is the same as --mechanism id; use only one of them";
    if (o->mechanism == KIND_ID && !only_speaks(o, "TLSv1.2"))
        return "sessions by id need TLS 1.2; remove --tls";
    if (o->mechanism == KIND_STATEFUL && !only_speaks(o, "TLSv1.3"))
        return "stateful tickets need TLS 1.3; remove --tls";
    if (o->mechanism == KIND_EARLY && !only_speaks(o, "TLSv1.3"))
        return "0-RTT needs TLS 1.3; remove --tls";
    if ((o->mechanism == KIND_PSK) != (o->psk_len > 0))
        return "--mechanism psk requires --psk IDENTITY:HEX, and the reverse";
    if (o->mechanism == KIND_PSK && o->cert != NULL)
        return "--psk and --cert exclude each other";
    if (o->only_full && o->resume > 0)
        return "--mechanism full offers no sessions; remove --resume";
    return NULL;
}

static const char *wrong_session(const struct load_options *o)
{
    if (o->resume > 0 || (o->resume < 0 && o->mechanism != KIND_FULL))
        return o->origin == ORIGIN_OTHER && o->target_count < 2
                   ? "--from other requires at least two targets"
                   : NULL;
    if (o->min_resumed >= 0)
        return "--min-resumed requires --resume PERCENT";
    if (o->origin != ORIGIN_RANDOM)
        return "--from requires --resume PERCENT";
    if (o->min_age_ms > 0 || o->max_age_ms > 0)
        return "--age requires --resume PERCENT";
    if (o->uses >= 0)
        return "--uses requires --resume PERCENT";
    return NULL;
}

static const char *wrong_talk(const struct load_options *o)
{
    if (o->echo > 0 && (o->path != NULL || o->upload > 0 || o->download > 0))
        return "--echo does not use HTTP; remove --get, --upload and --download";
    if (o->headers[0] != '\0' && o->talk != TALK_HTTP)
        return "--header requires --get, --upload or --download";
    if (o->talk != TALK_NOTHING)
        return NULL;
    if (o->mechanism == KIND_EARLY)
        return "0-RTT requires data to send: --get, --upload, --download or --echo";
    if (o->requests > 1)
        return "--requests requires --get, --upload, --download or --echo";
    return NULL;
}

static const char *wrong_time(const struct load_options *o)
{
    if (o->poisson && o->rate.count == 0)
        return "--poisson requires --rate";
    if (o->max_missed >= 0 && o->rate.count == 0)
        return "--max-missed requires --rate; without it no arrival is due at a time";
    if (o->duration_ms == 0)
        return NULL;
    if (o->min_age_ms >= o->duration_ms)
        return "the run ends before any session reaches the --age; use a longer --duration";
    for (unsigned i = 0; i < o->phases.count; i++)
        if (o->phases.list[i].at_ms >= o->duration_ms)
            return "a --phase begins after the end of the run; use a longer --duration";
    return NULL;
}

/* The maximum number of connections of all processes; each process needs some other descriptors. */
static double most_connections(const struct load_options *o)
{
    enum { BESIDES = 24 };
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY)
        return 1e9;
    return limit.rlim_max <= BESIDES ? 0 : (double)(limit.rlim_max - BESIDES) * o->processes;
}

static unsigned count_stdout(const struct load_options *o)
{
    const char *const files[] = {o->json, o->csv, o->timeline, o->html};
    unsigned count = 0;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        count += files[i] != NULL && strcmp(files[i], "-") == 0;
    return count;
}

static const char *what_contradicts(const struct load_options *o)
{
    const char *wrong;

    if ((wrong = wrong_mechanism(o)) != NULL || (wrong = wrong_session(o)) != NULL ||
        (wrong = wrong_talk(o)) != NULL || (wrong = wrong_time(o)) != NULL)
        return wrong;
    if ((o->cert == NULL) != (o->key == NULL))
        return "--cert and --key must be given together";
    if (o->proxy_version != 0 && o->proxy_from == NULL)
        return "--proxy-version requires --proxy ADDRESS";
    if (most_connections(o) < (o->concurrency > 0 ? o->concurrency : 1))
        return "too few file descriptors for --concurrency; raise ulimit -n or use more "
               "--processes";
    if (count_stdout(o) > 1)
        return "only one result can be written to standard output";
    return NULL;
}

/* -- defaults that depend on other options */

static void complete_talk(struct load_options *o)
{
    if (o->path != NULL || o->upload > 0 || o->download > 0)
        o->talk = TALK_HTTP;
    else if (o->echo > 0)
        o->talk = TALK_ECHO;
}

/* A run with a schedule ends with it. */
static void complete_duration(struct load_options *o)
{
    uint64_t scheduled = load_schedule_ms(&o->rate);

    if (scheduled > 0 && (o->duration_ms == 0 || o->duration_ms > scheduled))
        o->duration_ms = scheduled;
    if (o->count == 0 && o->duration_ms == 0)
        o->duration_ms = o->phases.end_ms > 0 ? o->phases.end_ms : 10000;
}

static void complete_rest(struct load_options *o)
{
    if (o->mechanism == KIND_ID || o->mechanism == KIND_STATEFUL || o->mechanism == KIND_EARLY) {
        o->versions[0] = o->mechanism == KIND_ID ? "TLSv1.2" : "TLSv1.3";
        o->version_count = 1;
    }
    if (o->version_count == 0)
        o->version_count = 1;
    if (o->resume < 0)
        o->resume = o->mechanism == KIND_FULL ? 0 : 100;
    if (o->talk == TALK_ECHO)
        o->upload = o->echo;
    if (o->path == NULL && o->download == 0)
        o->path = "/";
    if (o->concurrency == 0)
        o->concurrency = o->rate.count > 0 ? 4096 : 32;
    if (o->concurrency > most_connections(o))
        o->concurrency = (unsigned)most_connections(o);
    if (o->processes > o->concurrency)
        o->processes = o->concurrency;
    if (o->proxy_version == 0)
        o->proxy_version = 1;
}

const char *load_options_complete(struct load_options *o)
{
    const char *wrong;

    complete_talk(o);
    complete_duration(o);
    wrong = what_contradicts(o);
    complete_rest(o);
    return wrong;
}
