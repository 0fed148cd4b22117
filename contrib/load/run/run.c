/* SPDX-License-Identifier: MIT
 *
 * run.c - one process of the load: a number of slots, each with one connection after another. With
 * a rate, connections arrive by a schedule, and latency counts from the time at which an arrival
 * was due, not from its actual start: so a stalled server cannot hide the clients that waited
 * (coordinated omission). */
#include "contrib/load/run/run.h"

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { LATE_US = 10000, WATCH_MS = 250 };

uint64_t load_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

double load_random(struct run *r)
{
    uint64_t z = r->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* -- starting connections */

static bool all_started(const struct run *r)
{
    return r->over || (r->count > 0 && r->stats->started >= r->count);
}

static void end_if_idle(struct run *r)
{
    if (all_started(r) && r->active == 0)
        rp_loop_stop(r->loop);
}

/* false: it could not be started; wait before the next one. */
static bool start(struct run *r, uint64_t due_us)
{
    struct slot *s = r->idle;

    r->idle = s->next;
    r->active++;
    r->stats->started++;
    return load_connection_begin(s, due_us);
}

/* Processes take the arrivals of the schedule in turn, or with --poisson at random intervals. */
static void next_arrival(struct run *r)
{
    double processes = r->o->processes;

    r->arrival += r->o->poisson ? -log(1 - load_random(r)) * processes : processes;
}

/* -- lateness */

static uint64_t own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* The CPU share of a process if there are fewer CPUs than processes. */
static double own_share(const struct run *r)
{
    cpu_set_t set;
    double cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return cpus < r->o->processes ? cpus / r->o->processes : 1;
}

/* The time for which this process was runnable but waited in the kernel's run queue: the second
 * number of schedstat, in nanoseconds. 0 if the kernel does not report it. */
static uint64_t own_queued_us(void)
{
    unsigned long long queued_ns = 0;
    FILE *file = fopen("/proc/self/schedstat", "re");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %llu", &queued_ns) != 1)
        queued_ns = 0;
    fclose(file);
    return queued_ns / 1000;
}

/* Find out why arrivals since the last check were late: this process used all of its CPU, or waited
 * for a CPU. Otherwise the server or the connections caused the delay. */
static void judge_lateness(struct run *r)
{
    uint64_t now = load_now_us(), cpu_us = own_cpu_us(), queued_us = own_queued_us();
    uint64_t passed_us = now - r->watched.begun_us;

    if (load_ratio(cpu_us - r->watched.cpu_us, passed_us) > 0.9 * own_share(r))
        r->stats->late_busy += r->watched.late;
    else if (load_ratio(queued_us - r->watched.queued_us, passed_us) > 0.1)
        r->stats->late_queued += r->watched.late;
    r->stats->queued_us += queued_us - r->watched.queued_us;
    r->watched.begun_us = now;
    r->watched.cpu_us = cpu_us;
    r->watched.queued_us = queued_us;
    r->watched.late = 0;
}

static void note_lateness(struct run *r, uint64_t late_us)
{
    if (late_us > r->stats->late_us)
        r->stats->late_us = late_us;
    if (late_us <= LATE_US)
        return;
    r->stats->late++;
    r->stats->crowded += r->crowded;
    r->watched.late += !r->crowded;
}

/* When the next arrival is due, in microseconds of the clock; UINT64_MAX: never. */
static uint64_t next_due(const struct run *r)
{
    double seconds = load_schedule_due(&r->o->rate, r->arrival);
    uint64_t end_ms = r->o->duration_ms;

    if (seconds < 0 || (end_ms > 0 && seconds * 1e3 >= (double)end_ms))
        return UINT64_MAX;
    return r->begun_us + (uint64_t)(seconds * 1e6);
}

static void start_due(struct run *r)
{
    uint64_t now = load_now_us(), due;

    while (!all_started(r)) {
        due = next_due(r); /* the run continues after the last arrival, until on_stop */
        if (due > now) {
            r->crowded = false;
            return;
        }
        if (r->idle == NULL) {
            r->crowded = true; /* further delays are caused by a lack of connections */
            return;
        }
        note_lateness(r, load_now_us() - due); /* starting others took time */
        next_arrival(r);
        start(r, due);
    }
}

void load_run_next(struct run *r)
{
    if (r->o->rate.count > 0)
        start_due(r);
    else
        while (!all_started(r) && r->idle != NULL && start(r, load_now_us()))
            ; /* no descriptors or memory: the pace timer tries again */
    end_if_idle(r);
}

void load_run_freed(struct slot *s)
{
    struct run *r = s->run;

    s->next = r->idle;
    r->idle = s;
    r->active--;
}

static void on_pace(struct rp_timer *timer)
{
    struct run *r = timer->arg;
    uint64_t wait = 100, due, now;

    load_run_next(r);
    if (all_started(r))
        return;
    if (r->o->rate.count > 0) {
        due = next_due(r);
        now = load_now_us();
        wait = due > now ? (due - now) / 1000 : 0;
        wait = wait < 1 ? 1 : wait > 100 ? 100 : wait;
    }
    rp_timer_start(r->loop, timer, wait);
}

/* -- the whole run */

/* The number of arrivals that were due within these seconds and did not start. */
static uint64_t missed_within(const struct run *r, double seconds)
{
    double missed = (load_schedule_arrived(&r->o->rate, seconds) - r->arrival) / r->o->processes;

    if (r->count > 0 && missed > (double)(r->count - r->stats->started))
        missed = (double)(r->count - r->stats->started);
    return missed > 0 ? (uint64_t)missed : 0;
}

/* Record the minimum waiting time of missed arrivals: from when each was due until arrivals ended.
 * Large numbers are recorded in groups. */
static void record_missed(struct run *r, double seconds)
{
    enum { GROUPS = 10000 };
    uint64_t left = r->stats->missed, group = 1 + left / GROUPS;
    double arrival = r->arrival;

    while (left > 0) {
        uint64_t count = left < group ? left : group;
        double due = load_schedule_due(&r->o->rate, arrival);

        if (due >= 0 && due < seconds)
            histogram_record_many(&r->stats->arrivals_us, (uint64_t)((seconds - due) * 1e6), count);
        else
            histogram_record_many(&r->stats->arrivals_us, 0, count);
        arrival += (double)count * r->o->processes;
        left -= count;
    }
}

static void note_missed(struct run *r)
{
    double seconds = (double)(load_now_us() - r->begun_us) / 1e6;
    double end = (double)r->o->duration_ms / 1e3;

    if (r->o->rate.count == 0 || !r->crowded)
        return;
    if (end > 0 && seconds > end)
        seconds = end;
    r->stats->missed = missed_within(r, seconds);
    record_missed(r, seconds);
}

/* Arrivals have ended: rates use the counts at this moment. */
static void end_arrivals(struct run *r)
{
    struct load_stats *s = r->stats;

    if (s->arriving_us > 0)
        return;
    note_missed(r);
    s->arriving_us = load_now_us() - r->begun_us;
    s->full_in_time = s->full;
    s->resumed_in_time = s->resumed;
    s->requests_in_time = s->requests;
}

static void cut_all(struct run *r, const char *why, enum load_class class)
{
    for (unsigned i = 0; i < r->slot_count; i++)
        if (r->slots[i].socket != NULL)
            load_connection_cut(&r->slots[i], why, class);
}

/* Limit the time of a handshake: a server that sends a few bytes now and then never triggers the
 * idle timeout. */
static void on_watch(struct rp_timer *timer)
{
    struct run *r = timer->arg;
    uint64_t now = load_now_us();

    for (unsigned i = 0; i < r->slot_count; i++)
        if (load_connection_is_stuck(&r->slots[i], now))
            load_connection_cut(&r->slots[i], "timeout", CLASS_TIMEOUT);
    judge_lateness(r);
    rp_timer_start(r->loop, timer, WATCH_MS);
}

/* Give open connections time to finish, but limit it: a server may send forever. */
static void on_stop(struct rp_timer *timer)
{
    struct run *r = timer->arg;

    if (r->stopped) {
        cut_all(r, "unfinished at the end of the run", CLASS_TIMEOUT);
    } else {
        if (r->o->rate.count > 0)
            start_due(r); /* those due since the last check */
        end_arrivals(r);
        rp_timer_start(r->loop, timer, r->o->timeout_ms);
    }
    r->over = r->stopped = true;
    end_if_idle(r);
}

static void on_interrupt(struct rp_signal *signal, int signum)
{
    struct run *r = signal->arg;

    (void)signum;
    if (r->over)
        rp_loop_stop(r->loop);
    else
        end_arrivals(r);
    r->over = true;
    end_if_idle(r);
}

static bool make_slots(struct run *r)
{
    r->slots = calloc(r->slot_count, sizeof *r->slots);
    for (unsigned i = r->slot_count; r->slots != NULL && i > 0; i--) {
        struct slot *s = &r->slots[i - 1];

        s->run = r;
        s->next = r->idle;
        r->idle = s;
    }
    return r->slots != NULL;
}

static bool make_words(struct run *r, struct rp_error *err)
{
    const struct load_options *o = r->o;
    unsigned count = o->sni_count > 0 ? o->sni_count : o->target_count;

    r->words = calloc(count, sizeof *r->words);
    if (r->words == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for %u requests", count);
    for (unsigned i = 0; i < count; i++)
        if (!load_words_make(&r->words[i], o,
                             o->sni_count > 0 ? o->sni[i] : load_http_host(&o->targets[i])))
            return rp_error_set(err, "E2BIG", "the path and the name are too long for a request");
    return true;
}

static bool prepare(struct run *r, struct rp_error *err)
{
    const struct load_options *o = r->o;
    unsigned n = o->processes, names = o->sni_count > 0 ? o->sni_count : 1;

    r->random = o->seed + r->share * 0x632be59bd9b4e019u;
    r->turn = r->arrival = r->share;
    r->slot_count = o->concurrency / n + (r->share < o->concurrency % n);
    r->count = o->count / n + (r->share < o->count % n);
    r->over = o->count > 0 && r->count == 0;
    r->second_us = load_second_ms(o) * 1000;
    r->sessions = load_sessions_new(o->target_count, names * 2, o->min_age_ms);
    if (r->sessions == NULL || !make_slots(r))
        return rp_error_set(err, "ENOMEM", "no memory for %u connections", r->slot_count);
    for (unsigned i = 0; i < o->version_count; i++)
        if ((r->contexts[i] = load_context_new(o, o->versions[i], err)) == NULL)
            return false;
    r->loop = rp_loop_new(err);
    return r->loop != NULL && make_words(r, err);
}

void load_run_free(struct run *r)
{
    if (r == NULL)
        return;
    rp_loop_free(r->loop);
    for (unsigned i = 0; i < 2; i++)
        rp_secure_context_unref(r->contexts[i]);
    load_sessions_free(r->sessions);
    free(r->words);
    free(r->slots);
    free(r);
}

/* Count connections that an interrupt closed as failed: their servers may have hung. */
static void abandon(struct run *r)
{
    r->over = true;
    cut_all(r, "cut off", CLASS_OTHER);
    while (r->active > 0)
        rp_loop_turn(r->loop, false);
}

/* The signal was blocked while there was no handler. */
static void unblock_term(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void load_run_drive(struct run *r, uint64_t begun_us)
{
    uint64_t finished, cpu_us = own_cpu_us();

    r->begun_us = r->watched.begun_us = begun_us;
    r->watched.cpu_us = cpu_us;
    r->watched.queued_us = own_queued_us();
    r->stop = (struct rp_timer){.fire = on_stop, .arg = r};
    r->pace = (struct rp_timer){.fire = on_pace, .arg = r};
    r->watch = (struct rp_timer){.fire = on_watch, .arg = r};
    r->term = (struct rp_signal){.fire = on_interrupt, .arg = r};
    rp_signal_start(r->loop, &r->term, SIGTERM);
    unblock_term();
    if (r->o->duration_ms > 0)
        rp_timer_start(r->loop, &r->stop, r->o->duration_ms);
    rp_timer_start(r->loop, &r->pace, 0);
    rp_timer_start(r->loop, &r->watch, WATCH_MS);
    rp_loop_run(r->loop);
    finished = load_now_us();
    rp_timer_stop(&r->stop);
    rp_timer_stop(&r->pace);
    rp_timer_stop(&r->watch);
    rp_signal_stop(&r->term);
    judge_lateness(r);
    end_arrivals(r);
    abandon(r);
    r->stats->elapsed_us = finished - r->begun_us;
    r->stats->cpu_us = r->stats->busiest_us = own_cpu_us() - cpu_us;
}

struct run *load_run_new(const struct load_options *o, unsigned share, struct load_stats *stats,
                         struct rp_error *err)
{
    struct run *r = calloc(1, sizeof *r);

    if (r == NULL) {
        rp_error_set(err, "ENOMEM", "no memory");
        return NULL;
    }
    r->o = o;
    r->share = share;
    r->stats = stats;
    if (prepare(r, err))
        return r;
    load_run_free(r);
    return NULL;
}
