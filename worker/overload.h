/* SPDX-License-Identifier: MIT
 *
 * overload.h - limit a worker's connections to its descriptors, and return memory afterwards. */
#ifndef OVERLOAD_H
#define OVERLOAD_H

#include "worker/worker_internal.h"
#include <reprise/tls.h>

void overload_begin(struct worker *); /* call after p->row is set */
void overload_end(struct worker *);
/* Whether there are descriptors for one more connection and for its backend. */
bool overload_admit(const struct worker *);
/* A listening socket has paused accepting, with this errno, or continues (0). The first pause is
 * logged, then at most one a minute, with the number since. */
void overload_paused(struct worker *, int sys_errno);
void overload_resumed(struct worker *);
/* One more connection is open. */
void overload_count(struct worker *);

#endif
