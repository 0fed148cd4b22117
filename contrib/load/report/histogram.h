/* SPDX-License-Identifier: MIT
 *
 * histogram.h - how often which latency, to 1.6 %, from 1 us to 71 minutes, in 14 KB.
 * In the manner of HDR histograms: values below 128 are exact, above that every power of two is
 * cut into 64 equal parts. Plain data: it may be copied, sent over a pipe, added; one that lies in
 * fresh memory takes only the pages of the buckets that were hit, so there may be many. */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_PARTS = 64, HISTOGRAM_BUCKETS = HISTOGRAM_PARTS * 27 };
#define HISTOGRAM_MAX ((uint64_t)UINT32_MAX)

struct histogram {
    uint64_t count, sum, max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* What is beyond HISTOGRAM_MAX counts as HISTOGRAM_MAX. */
void histogram_record(struct histogram *, uint64_t value);
/* The same value `count` times. */
void histogram_record_many(struct histogram *, uint64_t value, uint64_t count);
void histogram_add(struct histogram *, const struct histogram *other);
/* The value that `percent` (0 to 100) of all values do not exceed: the upper end of its bucket,
 * never more than the greatest value there was. 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *, double percent);
double histogram_mean(const struct histogram *);

#endif
