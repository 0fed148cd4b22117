/* SPDX-License-Identifier: MIT
 *
 * compare.h - `reprise-load compare`: compare two sets of runs. */
#ifndef LOAD_COMPARE_H
#define LOAD_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

enum { COMPARE_RUNS = 64 };

/* The values of one figure in all runs of a set. */
struct compare_samples {
    double values[COMPARE_RUNS];
    size_t count;
};

/* The ratio new / base of the medians. With at least three runs on both sides, `low` to `high` is
 * its 95 % bootstrap interval; with fewer both equal the ratio, and `sure` is false. */
struct compare_ratio {
    double base, new, ratio, low, high;
    bool sure;
};

double compare_median(const struct compare_samples *);
struct compare_ratio compare_ratio(const struct compare_samples *base,
                                   const struct compare_samples *new);

/* Print the table. `arguments` follow the word `compare`; returns the exit status: 0, 1 if a figure
 * is worse by more than the threshold, 2 if the command line or a file is invalid. */
int load_compare(int count, char **arguments);

#endif
