/* SPDX-License-Identifier: MIT
 *
 * load_processes.c - the processes of a run: those that drive, and one more for the commands of
 * phases. Their figures lie in shared memory, so that whoever started them can show them while they
 * change, and add them up at the end. */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_MS = 250 };

/* What a child writes: its figures, and in the end whether it could. */
struct share {
    pid_t pid; /* the parent's to write, and to clear */
    bool done, ok;
    struct rp_error error;
    struct load_stats stats;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sleep_ms(uint64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

/* Blocked, it waits until somebody waits for it. */
static void block_signal(int signum, bool block)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signum);
    sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void wait_for_child_signal(long ms)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigtimedwait(&set, NULL, &(struct timespec){0, ms * 1000000});
}

/* -- children */

static bool begin_child(const struct load_options *o, unsigned number, struct share *share,
                        struct rp_error *err)
{
    pid_t pid = fork();

    if (pid < 0)
        return rp_error_errno(err, errno, "fork", "for a process of the load");
    if (pid > 0) {
        share->pid = pid;
        return true;
    }
    block_signal(SIGCHLD, false);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    share->ok = load_run(o, number, &share->stats, &share->error);
    share->done = true;
    _exit(0);
}

static bool end_child(struct share *share, struct load_stats *sum, struct rp_error *err)
{
    if (!share->done)
        return rp_error_set(err, "ECHILD", "a process of the load ended without its results");
    if (!share->ok && err != NULL) {
        *err = share->error;
        err->syscall = NULL; /* a pointer of another process */
    }
    load_stats_add(sum, &share->stats);
    return share->ok;
}

/* -- the commands of phases */

static _Noreturn void run_commands(const struct load_options *o)
{
    uint64_t begun = now_ms();

    for (;;) {
        const struct load_phase *next = NULL;
        static bool done[PHASES_MAX];
        uint64_t now = now_ms() - begun;

        for (unsigned i = 0; i < o->phases.count; i++)
            if (o->phases.list[i].length_ms == 0 && !done[i] &&
                (next == NULL || o->phases.list[i].at_ms < next->at_ms))
                next = &o->phases.list[i];
        if (next == NULL)
            _exit(0);
        done[next - o->phases.list] = true;
        if (next->at_ms > now)
            sleep_ms(next->at_ms - now);
        if (system(next->text) != 0)
            fprintf(stderr, "reprise-load: phase failed: %s\n", next->text);
    }
}

static pid_t begin_commands(const struct load_options *o)
{
    bool any = false;
    pid_t pid;

    for (unsigned i = 0; i < o->phases.count; i++)
        any |= o->phases.list[i].length_ms == 0;
    pid = any ? fork() : -1;
    if (pid == 0)
        run_commands(o);
    if (pid > 0)
        setpgid(pid, pid); /* with what it runs it can be ended as one */
    return pid;
}

static void end_commands(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(-pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

/* -- all of it */

static volatile sig_atomic_t terminated;

static void on_term(int signum)
{
    (void)signum;
    terminated = 1;
}

/* Until all have ended. They are told to end as often as we are, by whomever: of a terminal's
 * interrupt they see nothing themselves. */
static void wait_for(const struct load_options *o, struct share *shares, unsigned count)
{
    bool shows = !o->quiet && isatty(STDERR_FILENO);
    const struct load_stats *all[256];
    uint64_t begun = now_ms();
    unsigned left = count;

    for (unsigned i = 0; i < count; i++)
        all[i] = &shares[i].stats;
    while (left > 0) {
        bool ends = terminated;

        terminated = 0;
        left = 0;
        for (unsigned i = 0; i < count; i++) {
            if (shares[i].pid > 0 && waitpid(shares[i].pid, NULL, WNOHANG) == shares[i].pid)
                shares[i].pid = 0;
            if (shares[i].pid > 0 && ends)
                kill(shares[i].pid, SIGTERM);
            left += shares[i].pid > 0;
        }
        if (left > 0 && shows)
            load_progress(o, all, now_ms() - begun);
        if (left > 0)
            wait_for_child_signal(PROGRESS_MS);
    }
    if (shows)
        load_progress_end();
}

static void set_signals(void)
{
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_term}, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
    block_signal(SIGCHLD, true);
    block_signal(SIGTERM, true); /* a child takes it once its loop is there */
}

static uint64_t server_cpu_us(const struct load_options *o)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < o->pid_count; i++)
        sum += load_server_cpu_us(o->pids[i]);
    return sum;
}

/* As many connections as may be. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool load_run_all(const struct load_options *o, struct load_result *result, struct rp_error *err)
{
    size_t size = o->processes * sizeof(struct share);
    struct share *shares =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t before = server_cpu_us(o);
    unsigned begun = 0;
    pid_t commands;
    bool ok = true;

    if (shares == MAP_FAILED)
        return rp_error_set(err, "ENOMEM", "no memory for %u processes", o->processes);
    raise_limit();
    commands = begin_commands(o);
    set_signals();
    while (ok && begun < o->processes && (ok = begin_child(o, begun, &shares[begun], err)))
        begun++;
    block_signal(SIGTERM, false);
    wait_for(o, shares, begun);
    end_commands(commands);
    result->server_us = server_cpu_us(o) - before;
    for (unsigned i = 0; i < begun; i++)
        ok = end_child(&shares[i], &result->stats, ok ? err : NULL) && ok;
    for (unsigned i = KIND_FULL + 1; i < KINDS; i++)
        histogram_add(&result->resumed_us, &result->stats.handshake_us[i]);
    munmap(shares, size);
    return ok;
}
