/* SPDX-License-Identifier: MIT
 *
 * refusals.h - the number of refused clients since the last warning: at most one warning a minute
 * for each frontend and reason, with the count. */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "worker/reasons.h"
#include "lib/base/log.h"
#include <reprise/loop.h>

struct worker;
struct frontend;

/* For one frontend and reason, in one worker. */
struct refusals {
    uint64_t logged_ms; /* 0: never */
    uint64_t count;     /* since then */
};

void refusals_begin(struct worker *);
void refusals_end(struct worker *);
/* Count one more. Returns the count to log now; 0: later. */
uint64_t refusals_count(struct frontend *, enum reason);
/* Start that warning. */
void refusals_line(struct rp_log_line *, const struct frontend *, enum reason, uint64_t count);

#endif
