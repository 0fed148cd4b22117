/* SPDX-License-Identifier: MIT
 *
 * backoff.h - how long to wait before a process that died is replaced.
 * The first replacement comes at once; one that dies young again and again is replaced ever later,
 * and a life of max_ms forgets what was before. */
#ifndef RP_BACKOFF_H
#define RP_BACKOFF_H

#include <stdint.h>

struct rp_backoff {
    uint32_t min_ms, max_ms;
    uint32_t next_ms; /* 0: nothing happened lately */
};

/* A life of lived_ms has ended: the milliseconds to wait. */
static inline uint32_t rp_backoff_after(struct rp_backoff *b, uint64_t lived_ms)
{
    uint32_t wait;

    if (lived_ms >= b->max_ms)
        b->next_ms = 0;
    wait = b->next_ms;
    if (wait == 0)
        b->next_ms = b->min_ms;
    else
        b->next_ms = wait > b->max_ms / 2 ? b->max_ms : wait * 2;
    return wait;
}

#endif
