/* SPDX-License-Identifier: MIT
 *
 * load_processes.c - the load from several processes, their results added up over pipes. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
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

bool load_run_all(const struct load_options *o, struct load_stats *stats, struct rp_error *err)
{
    struct child *children;
    unsigned begun = 0;
    bool ok = true;

    if (o->processes == 1)
        return load_run(o, 0, stats, err);
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
