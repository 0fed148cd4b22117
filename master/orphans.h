/* SPDX-License-Identifier: MIT
 *
 * orphans.h - reap children that the master did not fork.
 * As PID 1 of a container it becomes the parent of what `exec` and health checks leave behind; and
 * a shell that executes it may leave it children. */
#ifndef ORPHANS_H
#define ORPHANS_H

#include <reprise/loop.h>
#include <stdbool.h>
#include <sys/types.h>

struct orphans {
    struct rp_loop *loop;
    bool (*is_ours)(pid_t, void *arg); /* somebody else waits for it */
    void *arg;
    struct rp_signal child;
    struct rp_timer later;
};
/* Set loop, is_ours and arg before. */
void orphans_start(struct orphans *);
void orphans_stop(struct orphans *); /* harmless when it was not started */

#endif
