/* SPDX-License-Identifier: MIT
 *
 * histogram.h - a latency histogram with a precision of 1.6 %, from 1 us to 71 minutes, in 14 KB.
 * As in HDR histograms, values below 128 are exact, and each power of two above is divided into 64
 * equal buckets. Plain data: it can be copied, sent over a pipe and added. In fresh memory it uses
 * only the pages of buckets that were hit. */
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

/* Record a value; one above HISTOGRAM_MAX counts as HISTOGRAM_MAX. */
void histogram_record(struct histogram *, uint64_t value);
/* Record the same value `count` times. */
void histogram_record_many(struct histogram *, uint64_t value, uint64_t count);
void histogram_add(struct histogram *, const struct histogram *other);
/* The percentile: the upper end of the bucket that `percent` (0 to 100) of all values do not
 * exceed, but not more than the maximum. 0 if there are no values. */
uint64_t histogram_percentile(const struct histogram *, double percent);
double histogram_mean(const struct histogram *);

#endif
