/* SPDX-License-Identifier: MIT
 *
 * overload.h - what a worker does when too many connections come, and after they have gone. */
#ifndef OVERLOAD_H
#define OVERLOAD_H

#include "worker/worker_internal.h"
#include <reprise/tls.h>

void overload_begin(struct worker *); /* once p->row is there */
void overload_end(struct worker *);
/* Is there a descriptor for one more connection, and one for its backend? If not, it is logged. */
bool overload_admit(struct worker *);
/* One more connection is open. */
void overload_count(struct worker *);
/* A connection was refused or cut off for this: one line in the log, once a minute at most. */
void overload_say(struct worker *, enum overload_reason);

#endif
