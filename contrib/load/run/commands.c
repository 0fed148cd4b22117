/* SPDX-License-Identifier: MIT
 *
 * commands.c - run the commands of phases in a separate process: a slow command delays later
 * commands, but never the load. So the actual start and the result of each are recorded. Their
 * output goes to stderr, since stdout may have results. */
#include "contrib/load/load.h"
#include "contrib/load/run/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_US = 10000 };

static void set_state(struct load_command *command, enum load_command_state state)
{
    __atomic_store_n(&command->state, state, __ATOMIC_SEQ_CST);
}

static void sleep_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

static void complain(const struct load_phase *phase, int status)
{
    if (status > 0 && WIFEXITED(status))
        fprintf(stderr, "reprise-load: phase failed with exit status %d: %s\n", WEXITSTATUS(status),
                phase->text);
    else if (status != 0)
        fprintf(stderr, "reprise-load: phase failed: %s\n", phase->text);
}

static void run_command(const struct load_phase *phase, struct load_command *command,
                        uint64_t begun_us)
{
    int status = system(phase->text);

    command->took_ms = (load_now_us() - begun_us) / 1000 - command->begun_ms;
    command->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    set_state(command, COMMAND_ENDED);
    complain(phase, status);
}

/* Record RUNS first, then check `over`. The process that ends the load sets `over` first and then
 * checks for a running command. So either it sees this command, or this command does not start. */
static bool may_begin(struct load_commands *c, struct load_command *command, uint64_t begun_us)
{
    command->begun_ms = (load_now_us() - begun_us) / 1000;
    set_state(command, COMMAND_RUNS);
    if (!__atomic_load_n(&c->over, __ATOMIC_SEQ_CST))
        return true;
    set_state(command, COMMAND_WAITS);
    return false;
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

static void run_commands(const struct load_phases *p, struct load_commands *c, uint64_t begun_us)
{
    bool done[PHASES_MAX] = {false};
    const struct load_phase *next;

    while ((next = next_of(p, done)) != NULL) {
        uint64_t now = load_now_us(), due = begun_us + next->at_ms * 1000;
        struct load_command *command = &c->list[next - p->list];

        if (due > now)
            sleep_us(due - now);
        if (!may_begin(c, command, begun_us))
            return;
        run_command(next, command, begun_us);
    }
}

static _Noreturn void be_the_process(const struct load_options *o, struct load_commands *c,
                                     struct load_gate *gate)
{
    uint64_t begun_us;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    load_gate_enter(gate);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    begun_us = load_gate_wait(gate);
    if (begun_us != 0)
        run_commands(&o->phases, c, begun_us);
    _exit(0);
}

bool load_commands_begin(const struct load_options *o, struct load_commands *c,
                         struct load_gate *gate, struct rp_error *err)
{
    bool done[PHASES_MAX] = {false};
    pid_t pid;

    if (next_of(&o->phases, done) == NULL)
        return true;
    pid = fork();
    if (pid < 0)
        return rp_error_errno(err, errno, "fork", "for phase commands");
    if (pid == 0)
        be_the_process(o, c, gate);
    setpgid(pid, pid); /* a process group, so that its children are killed with it */
    c->pid = pid;
    return true;
}

static struct load_command *running(struct load_commands *c)
{
    for (unsigned i = 0; i < PHASES_MAX; i++)
        if (__atomic_load_n(&c->list[i].state, __ATOMIC_SEQ_CST) == COMMAND_RUNS)
            return &c->list[i];
    return NULL;
}

static bool is_there(int pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

void load_commands_end(struct load_commands *c, uint64_t begun_us, uint64_t wait_ms,
                       const volatile int *hurry)
{
    uint64_t until = load_now_us() + wait_ms * 1000;
    struct load_command *cut;

    if (c->pid <= 0)
        return;
    __atomic_store_n(&c->over, true, __ATOMIC_SEQ_CST);
    while (running(c) != NULL && is_there(c->pid) && !*hurry && load_now_us() < until)
        sleep_us(LOOK_US);
    kill(-c->pid, SIGTERM);
    waitpid(c->pid, NULL, 0);
    cut = running(c);
    if (cut == NULL)
        return;
    cut->state = COMMAND_CUT;
    cut->took_ms = (load_now_us() - begun_us) / 1000 - cut->begun_ms;
}
