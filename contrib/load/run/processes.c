/* SPDX-License-Identifier: MIT
 *
 * processes.c - the processes that generate the load. Their statistics are in shared memory: the
 * parent shows them during the run, and adds them up at the end. */
#include "contrib/load/load.h"
#include "contrib/load/run/gate.h"
#include "contrib/tools/tool_io.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_MS = 250 };

/* Written by a child: whether it is ready, its statistics, and at the end that they are
 * complete. */
struct share {
    pid_t pid; /* written and cleared by the parent */
    bool ok, done, keylog_failed;
    struct rp_error error;
    struct load_stats stats;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A blocked signal stays pending until it is waited for. */
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

static void be_child(const struct load_options *o, unsigned number, struct share *share,
                     struct load_gate *gate)
{
    struct run *run;
    uint64_t begun_us;

    sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    block_signal(SIGCHLD, false);
    load_gate_enter(gate);
    run = load_run_new(o, number, &share->stats, &share->error);
    share->ok = run != NULL;
    begun_us = load_gate_wait(gate);
    if (run != NULL && begun_us != 0)
        load_run_drive(run, begun_us);
    load_run_free(run);
    share->keylog_failed = tool_keylog_failed();
    share->done = true;
}

static bool begin_child(const struct load_options *o, unsigned number, struct share *share,
                        struct load_gate *gate, struct rp_error *err)
{
    pid_t pid = fork();

    if (pid < 0)
        return rp_error_errno(err, errno, "fork", "for a load process");
    if (pid == 0) {
        be_child(o, number, share, gate);
        _exit(0);
    }
    share->pid = pid;
    return true;
}

static bool end_child(struct share *share, struct load_result *result, struct rp_error *err)
{
    if (!share->done) {
        result->lost++;
        return true;
    }
    if (!share->ok && err != NULL) {
        *err = share->error;
        err->syscall = NULL; /* a pointer of another process */
    }
    result->keylog_failed |= share->keylog_failed;
    load_stats_add(&result->stats, &share->stats);
    return share->ok;
}

/* -- all of it */

static volatile sig_atomic_t terminated;

static void on_term(int signum)
{
    (void)signum;
    terminated = 1;
}

/* Wait until all children have exited. Each SIGINT or SIGTERM is passed on to them, since they
 * ignore an interrupt from the terminal. */
static void wait_for(const struct load_options *o, struct share *shares, unsigned count)
{
    bool shows = !o->quiet && isatty(STDERR_FILENO);
    const struct load_stats *all[256];
    uint64_t begun = now_ms();
    unsigned left = count;
    bool lost = false;

    for (unsigned i = 0; i < count; i++)
        all[i] = &shares[i].stats;
    while (left > 0) {
        bool ends = terminated || lost;

        terminated = lost = false;
        left = 0;
        for (unsigned i = 0; i < count; i++) {
            if (shares[i].pid > 0 && waitpid(shares[i].pid, NULL, WNOHANG) == shares[i].pid) {
                shares[i].pid = 0;
                if (!shares[i].done)
                    lost = true; /* without this process the load is incomplete: end the others */
            }
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
    block_signal(SIGTERM, true); /* a child unblocks it when its loop exists */
}

/* CPU time of an exited child is added to its parent when the parent waits for it; otherwise it is
 * lost. */
static void tell_server_cpu(const struct load_options *o, uint64_t before_us,
                            struct load_result *result)
{
    uint64_t us;

    result->server_ended = !load_server_cpu_us(o->pids, o->pid_count, &us) || us < before_us;
    result->server_us = result->server_ended ? 0 : us - before_us;
}

/* Raise the limit of descriptors to its maximum. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The memory that all processes share. */
struct board {
    struct load_start start;
    struct load_commands commands;
    struct share shares[];
};

static bool are_ready(const struct board *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!b->shares[i].ok)
            return false;
    return true;
}

/* Fork all processes, start them together, and wait until all have exited. */
static bool run_children(const struct load_options *o, struct board *b, struct load_result *result,
                         struct rp_error *err)
{
    struct load_gate gate;
    uint64_t before_us;
    unsigned begun = 0;
    bool ok = load_gate_make(&gate, &b->start, err);

    if (!ok)
        return false;
    ok = load_commands_begin(o, &b->commands, &gate, err);
    set_signals();
    while (ok && begun < o->processes &&
           (ok = begin_child(o, begun, &b->shares[begun], &gate, err)))
        begun++;
    load_gate_assemble(&gate);
    load_server_cpu_us(o->pids, o->pid_count, &before_us);
    load_gate_open(&gate, ok && are_ready(b, begun));
    block_signal(SIGTERM, false);
    wait_for(o, b->shares, begun);
    tell_server_cpu(o, before_us, result);
    load_commands_end(&b->commands, b->start.begun_us, o->timeout_ms, &terminated);
    memcpy(result->commands, b->commands.list, sizeof result->commands);
    for (unsigned i = 0; i < begun; i++)
        ok = end_child(&b->shares[i], result, ok ? err : NULL) && ok;
    if (ok && result->lost > 0 && result->stats.elapsed_us == 0)
        return rp_error_set(err, "ECHILD", "a load process ended without reporting its results");
    return ok;
}

bool load_run_all(const struct load_options *o, struct load_result *result, struct rp_error *err)
{
    size_t size = sizeof(struct board) + o->processes * sizeof(struct share);
    struct board *board =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool ok;

    if (board == MAP_FAILED)
        return rp_error_set(err, "ENOMEM", "no memory for %u processes", o->processes);
    raise_limit();
    ok = run_children(o, board, result, err);
    for (unsigned i = KIND_FULL + 1; i < KINDS; i++) {
        histogram_add(&result->resumed_us, &result->stats.handshake_us[i]);
        histogram_add(&result->resumed_first_byte_us, &result->stats.first_byte_us[i]);
    }
    munmap(board, size);
    return ok;
}
