/* SPDX-License-Identifier: MIT
 *
 * signal.c - `reload` and `stop`: signal the master of a run-dir, wait for what follows,
 * say what it was. The master is known by its lock (pid_file.h), not by what a file says: so no
 * signal reaches a process that merely has a number that was the master's once. */
#include "master/command/command.h"
#include "master/outcome.h"
#include "master/pid_file.h"

#include "conf/conf.h"
#include "lib/base/json.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK_MS = 20,             /* how often the effect is looked for */
    RELOAD_LIMIT_MS = 130000, /* two generations that don't get ready in time */
};

struct target {
    char *run_dir;
    pid_t pid;
};

/* -- the master */

/* On failure *status is what to leave with, and err says why. */
static bool find(struct target *target, const char *conf_path, int *status, struct rp_error *err)
{
    struct conf *conf = conf_load(conf_path, err);

    *status = EXIT_USAGE;
    *target = (struct target){.pid = -1};
    if (conf == NULL)
        return false;
    target->run_dir = strdup(conf->run_dir);
    conf_free(conf);
    *status = EXIT_FAILED;
    if (target->run_dir == NULL)
        return rp_error_set(err, "ENOMEM", "no memory");
    target->pid = pid_file_owner(target->run_dir, err);
    if (target->pid == 0)
        return rp_error_set(err, "ESRCH", "reprise is not running (no master in run-dir %s)",
                            target->run_dir);
    return target->pid > 0;
}

static bool send_signal(const struct target *target, int signum, struct rp_error *err)
{
    if (kill(target->pid, signum) == 0)
        return true;
    return rp_error_errno(
        err, errno, "kill", "process %d%s", (int)target->pid,
        errno == EPERM ? " belongs to another user; run this as that user, or as root" : "");
}

/* A moment passes. Is the master gone then? */
static bool gone_after_a_moment(const struct target *target)
{
    static const struct timespec moment = {.tv_nsec = LOOK_MS * 1000000L};

    nanosleep(&moment, NULL);
    return pid_file_owner(target->run_dir, NULL) != target->pid;
}

/* -- reload */

static int wait_for_outcome(const struct arguments *arguments, const struct target *target,
                            uint64_t wanted)
{
    struct outcome outcome;
    char text[sizeof outcome.message + 64];

    for (int waited = 0; waited < RELOAD_LIMIT_MS; waited += LOOK_MS) {
        if (gone_after_a_moment(target))
            return command_answer(arguments, EXIT_FAILED,
                                  "the master exited during the reload; see its log");
        if (!outcome_read(target->run_dir, &outcome, NULL) || outcome.done < wanted)
            continue;
        if (!outcome.ok) {
            snprintf(text, sizeof text, "reload failed: %s", outcome.message);
            return command_answer(arguments, EXIT_FAILED, text);
        }
        snprintf(text, sizeof text, "reloaded: generation %llu serves",
                 (unsigned long long)outcome.generation);
        return command_answer(arguments, EXIT_DONE, text);
    }
    return command_answer(arguments, EXIT_FAILED, "reload timed out; see the log");
}

static int reload(const struct arguments *arguments, const struct target *target)
{
    struct outcome before;
    struct rp_error error;

    if (!outcome_read(target->run_dir, &before, &error) || !send_signal(target, SIGHUP, &error))
        return command_answer(arguments, EXIT_FAILED, error.message);
    return wait_for_outcome(arguments, target, outcome_next(&before));
}

int command_reload(const struct arguments *arguments)
{
    struct target target;
    struct rp_error error;
    int status;

    if (find(&target, arguments->conf, &status, &error))
        status = reload(arguments, &target);
    else
        command_answer(arguments, status, error.message);
    free(target.run_dir);
    return status;
}

/* -- stop */

/* The first signal makes it drain, a second one, of either kind, makes it leave at once. */
static int stop(const struct arguments *arguments, const struct target *target)
{
    struct rp_error error;
    char text[64];

    if (!send_signal(target, SIGTERM, &error) ||
        (arguments->now && !gone_after_a_moment(target) && !send_signal(target, SIGINT, &error)))
        return command_answer(arguments, EXIT_FAILED, error.message);
    while (!gone_after_a_moment(target))
        ;
    snprintf(text, sizeof text, "stopped: process %d exited", (int)target->pid);
    return command_answer(arguments, EXIT_DONE, text);
}

int command_stop(const struct arguments *arguments)
{
    struct target target;
    struct rp_error error;
    int status;

    if (find(&target, arguments->conf, &status, &error))
        status = stop(arguments, &target);
    else
        command_answer(arguments, status, error.message);
    free(target.run_dir);
    return status;
}
