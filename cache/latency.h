/* SPDX-License-Identifier: MIT
 *
 * latency.h - a small histogram of durations: plain counters, which the owner may place in shared
 * memory. The range reaches from an LMDB lookup to a lookup that timed out. */
#ifndef RP_LATENCY_H
#define RP_LATENCY_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { RP_LATENCY_BOUNDS = 12 };
struct rp_latency {
    uint64_t counts[RP_LATENCY_BOUNDS + 1]; /* up to each bound; the last: longer */
    uint64_t sum_us;
};
static const uint32_t rp_latency_bounds_us[RP_LATENCY_BOUNDS] = {
    10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000};

/* Monotonic microseconds. */
static inline uint64_t rp_latency_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static inline void rp_latency_add(struct rp_latency *l, uint64_t us)
{
    size_t i = 0;

    while (i < RP_LATENCY_BOUNDS && us > rp_latency_bounds_us[i])
        i++;
    l->counts[i]++;
    l->sum_us += us;
}

static inline uint64_t rp_latency_count(const struct rp_latency *l)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= RP_LATENCY_BOUNDS; i++)
        count += l->counts[i];
    return count;
}

#endif
