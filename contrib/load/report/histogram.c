/* SPDX-License-Identifier: MIT
 *
 * histogram.c - latency histograms; see histogram.h. */
#include "contrib/load/report/histogram.h"

enum { EXACT = 2 * HISTOGRAM_PARTS };

static size_t bucket_of(uint64_t value)
{
    unsigned shift = 0;

    if (value > HISTOGRAM_MAX)
        value = HISTOGRAM_MAX;
    while ((value >> shift) >= EXACT)
        shift++;
    return (size_t)shift * HISTOGRAM_PARTS + (size_t)(value >> shift);
}

static uint64_t upper_end(size_t bucket)
{
    size_t shift = bucket < EXACT ? 0 : bucket / HISTOGRAM_PARTS - 1;
    uint64_t part = bucket - shift * HISTOGRAM_PARTS;

    return ((part + 1) << shift) - 1;
}

void histogram_record_many(struct histogram *h, uint64_t value, uint64_t count)
{
    h->count += count;
    h->sum += value * count;
    if (value > h->max)
        h->max = value;
    h->buckets[bucket_of(value)] += count;
}

void histogram_record(struct histogram *h, uint64_t value)
{
    histogram_record_many(h, value, 1);
}

void histogram_add(struct histogram *h, const struct histogram *other)
{
    h->count += other->count;
    h->sum += other->sum;
    if (other->max > h->max)
        h->max = other->max;
    for (size_t i = 0; other->count > 0 && i < HISTOGRAM_BUCKETS; i++)
        h->buckets[i] += other->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
    double share = percent / 100 * (double)h->count;
    uint64_t wanted = (uint64_t)share, seen = 0;

    if (h->count == 0)
        return 0;
    if ((double)wanted < share || wanted == 0)
        wanted++;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted)
            return upper_end(i) < h->max ? upper_end(i) : h->max;
    }
    return h->max;
}

double histogram_mean(const struct histogram *h)
{
    return h->count == 0 ? 0 : (double)h->sum / (double)h->count;
}
