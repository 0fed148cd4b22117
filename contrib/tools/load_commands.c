/* SPDX-License-Identifier: MIT
 *
 * load_commands.c - the commands of phases, in a process of their own: a slow one holds up those
 * that come later, never the load. What they print goes to the standard error, since results may be
 * written to the other. */
#include "load.h"
#include "load_gate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleep_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

static void run_command(const struct load_phase *phase)
{
    int status = system(phase->text);

    if (status > 0 && WIFEXITED(status))
        fprintf(stderr, "reprise-load: phase failed with exit status %d: %s\n", WEXITSTATUS(status),
                phase->text);
    else if (status != 0)
        fprintf(stderr, "reprise-load: phase failed: %s\n", phase->text);
}

static const struct load_phase *next_of(const struct load_phases *p, bool done[PHASES_MAX])
{
    const struct load_phase *next = NULL;

    for (unsigned i = 0; i < p->count; i++)
        if (p->list[i].length_ms == 0 && !done[i] &&
            (next == NULL || p->list[i].at_ms < next->at_ms))
            next = &p->list[i];
    if (next != NULL)
        done[next - p->list] = true;
    return next;
}

static void run_commands(const struct load_phases *p, uint64_t begun_us)
{
    bool done[PHASES_MAX] = {false};
    const struct load_phase *next;

    while ((next = next_of(p, done)) != NULL) {
        uint64_t now = load_now_us(), due = begun_us + next->at_ms * 1000;

        if (due > now)
            sleep_us(due - now);
        run_command(next);
    }
}

static _Noreturn void be_the_process(const struct load_options *o, struct load_gate *gate)
{
    uint64_t begun_us;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    load_gate_enter(gate);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    begun_us = load_gate_wait(gate);
    if (begun_us != 0)
        run_commands(&o->phases, begun_us);
    _exit(0);
}

bool load_commands_begin(const struct load_options *o, struct load_gate *gate, int *pid,
                         struct rp_error *err)
{
    bool done[PHASES_MAX] = {false};

    *pid = 0;
    if (next_of(&o->phases, done) == NULL)
        return true;
    *pid = fork();
    if (*pid < 0)
        return rp_error_errno(err, errno, "fork", "for the commands of phases");
    if (*pid == 0)
        be_the_process(o, gate);
    setpgid(*pid, *pid); /* with what it runs it can be ended as one */
    return true;
}

void load_commands_end(int pid)
{
    if (pid <= 0)
        return;
    kill(-pid, SIGTERM);
    waitpid(pid, NULL, 0);
}
