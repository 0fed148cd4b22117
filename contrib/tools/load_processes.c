/* SPDX-License-Identifier: MIT
 *
 * load_processes.c - the load from several processes, their results added up over pipes. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct child {
    pid_t pid;
    int fd;
};

/* What a child says: whether it could, and then its figures or the error. */
struct answer {
    bool ok;
    struct rp_error error;
    struct load_stats stats;
};

static bool transfer(int fd, void *bytes, size_t len, bool out)
{
    uint8_t *at = bytes;

    while (len > 0) {
        ssize_t n = out ? write(fd, at, len) : read(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static _Noreturn void be_child(const struct load_options *o, unsigned share, int fd)
{
    struct answer *answer = calloc(1, sizeof *answer);

    if (answer == NULL)
        _exit(2);
    answer->ok = load_run(o, share, &answer->stats, &answer->error);
    _exit(transfer(fd, answer, sizeof *answer, true) ? 0 : 2);
}

static bool begin_child(const struct load_options *o, unsigned share, struct child *child,
                        struct rp_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return rp_error_errno(err, errno, "pipe2", "for a process of the load");
    child->pid = fork();
    if (child->pid == 0) {
        close(ends[0]);
        be_child(o, share, ends[1]);
    }
    close(ends[1]);
    child->fd = ends[0];
    if (child->pid > 0)
        return true;
    close(ends[0]);
    return rp_error_errno(err, errno, "fork", "for a process of the load");
}

static bool end_child(struct child *child, struct load_stats *stats, struct rp_error *err)
{
    struct answer *answer = calloc(1, sizeof *answer);
    bool ok = answer != NULL && transfer(child->fd, answer, sizeof *answer, false);

    close(child->fd);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (!ok) {
        rp_error_set(err, "ECHILD", "a process of the load ended without its results");
    } else if (!answer->ok) {
        if (err != NULL) {
            *err = answer->error;
            err->syscall = NULL; /* a pointer of another process */
        }
        ok = false;
    } else {
        load_stats_add(stats, &answer->stats);
    }
    free(answer);
    return ok;
}

/* One child waits for the moments of the phases and runs their commands. */
static _Noreturn void run_phases(const struct load_options *o)
{
    uint64_t done_ms = 0;

    for (unsigned i = 0; i < o->phase_count; i++) {
        uint64_t wait = o->phases[i].at_ms > done_ms ? o->phases[i].at_ms - done_ms : 0;
        struct timespec t = {(time_t)(wait / 1000), (long)(wait % 1000) * 1000000};

        nanosleep(&t, NULL);
        done_ms += wait;
        if (system(o->phases[i].text) != 0)
            fprintf(stderr, "reprise-load: phase failed: %s\n", o->phases[i].text);
    }
    _exit(0);
}

static pid_t begin_phases(const struct load_options *o)
{
    pid_t pid = o->phase_count > 0 ? fork() : -1;

    if (pid == 0)
        run_phases(o);
    return pid;
}

static void end_phases(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

static bool run_children(const struct load_options *o, struct load_stats *stats,
                         struct rp_error *err)
{
    struct child *children;
    unsigned begun = 0;
    bool ok = true;

    children = calloc(o->processes, sizeof *children);
    if (children == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for %u processes", o->processes);
    /* An interrupt is for the children; who started them waits for what they have to say. */
    sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    while (ok && begun < o->processes && (ok = begin_child(o, begun, &children[begun], err)))
        begun++;
    for (unsigned i = 0; i < begun; i++)
        ok = end_child(&children[i], stats, ok ? err : NULL) && ok;
    free(children);
    return ok;
}

bool load_run_all(const struct load_options *o, struct load_stats *stats, struct rp_error *err)
{
    pid_t phases = begin_phases(o);
    bool ok = o->processes == 1 ? load_run(o, 0, stats, err) : run_children(o, stats, err);

    end_phases(phases);
    return ok;
}
