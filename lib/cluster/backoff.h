/* SPDX-License-Identifier: MIT
 *
 * backoff.h - how long to wait before an exited process is replaced. The first replacement starts
 * at once. The delay grows while processes exit soon after their start; a process that has run for
 * max_ms resets it. */
#ifndef RP_BACKOFF_H
#define RP_BACKOFF_H

#include <stdint.h>

struct rp_backoff {
    uint32_t min_ms, max_ms;
    uint32_t next_ms; /* 0: the next replacement starts at once */
};

/* Returns the delay in milliseconds after a process that ran for lived_ms has exited. */
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
