/* SPDX-License-Identifier: MIT
 *
 * refusals.h - how many clients were refused since the last warning: at most one warning a minute
 * for each frontend and reason, with the count. */
#ifndef REFUSALS_H
#define REFUSALS_H

#include "worker/reasons.h"
#include "lib/base/log.h"
#include <reprise/loop.h>

struct worker;
struct frontend;

/* Of one frontend and reason, in one worker. */
struct refusals {
    uint64_t logged_ms; /* 0: never */
    uint64_t count;     /* since then */
};

void refusals_begin(struct worker *);
void refusals_end(struct worker *);
/* One more. Returns the count that is to be logged now, 0: later. */
uint64_t refusals_count(struct frontend *, enum reason);
/* Begin that warning. */
void refusals_line(struct rp_log_line *, const struct frontend *, enum reason, uint64_t count);

#endif
