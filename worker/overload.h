/* SPDX-License-Identifier: MIT
 *
 * overload.h - what a worker does when too many connections come, and after they have gone. */
#ifndef OVERLOAD_H
#define OVERLOAD_H

#include "worker/worker_internal.h"
#include <reprise/tls.h>

void overload_begin(struct worker *); /* once p->row is there */
void overload_end(struct worker *);
/* Is there a descriptor for one more connection, and one for its backend? */
bool overload_admit(const struct worker *);
/* Accepting on one more socket has paused, for this errno; or goes on. The first pause is logged,
 * then at most one a minute, with the number since. */
void overload_paused(struct worker *, int sys_errno);
void overload_resumed(struct worker *);
/* One more connection is open. */
void overload_count(struct worker *);

#endif
