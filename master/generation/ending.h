/* SPDX-License-Identifier: MIT
 *
 * ending.h - how a process ended, and when it is started again, in words. */
#ifndef ENDING_H
#define ENDING_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <reprise/cluster.h>

enum {
    ENDING_TEXT = 64,
    ENDING_NONE_MS = 1000, /* while nobody serves, a replacement waits no longer than this */
};

/* "KILL"; musl has the description alone, "Killed". */
static inline const char *ending_signal(int number)
{
#ifdef __GLIBC__
    const char *name = sigabbrev_np(number);
#else
    const char *name = strsignal(number);
#endif

    return name != NULL ? name : "unknown";
}

/* `status` as waitpid and RP_EV_EXIT give it. Returns `text`. */
static inline const char *ending_describe(char text[ENDING_TEXT], int status)
{
    if (status == -1)
        snprintf(text, ENDING_TEXT, "exit status unknown");
    else if (WIFSIGNALED(status))
        snprintf(text, ENDING_TEXT, "killed by signal %d (%s)", WTERMSIG(status),
                 ending_signal(WTERMSIG(status)));
    else
        snprintf(text, ENDING_TEXT, "exit status %d", WEXITSTATUS(status));
    return text;
}

/* When the next attempt is made: "now", or "in 800 ms". Returns `text`. */
static inline const char *ending_next(char text[ENDING_TEXT], uint32_t wait_ms)
{
    if (wait_ms == 0)
        snprintf(text, ENDING_TEXT, "now");
    else
        snprintf(text, ENDING_TEXT, "in %u ms", wait_ms);
    return text;
}

/* Kill a process that does not respond. If it is inside an LMDB call, the file is most likely
 * damaged so that a search in it never ends: the signal then counts as a fault, and the file is put
 * aside. SIGCONT, because a stopped process takes no other signal but SIGKILL. */
static inline void ending_kill_stuck(struct rp_cluster *cluster, unsigned id, bool in_store)
{
    rp_cluster_kill(cluster, id, in_store ? SIGVTALRM : SIGKILL);
    if (in_store)
        rp_cluster_kill(cluster, id, SIGCONT);
}

/* By a fault of its own, not because somebody killed it. */
static inline bool ending_is_fault(int status)
{
    if (status == -1 || !WIFSIGNALED(status))
        return false;
    switch (WTERMSIG(status)) {
    case SIGSEGV:
    case SIGBUS:
    case SIGABRT:
    case SIGILL:
    case SIGFPE:
    case SIGVTALRM: /* a store file in which LMDB searches without end (ending_kill_stuck) */
        return true;
    default:
        return false;
    }
}

#endif
