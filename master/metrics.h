/* SPDX-License-Identifier: MIT
 *
 * metrics.h - all counters as text for Prometheus (format 0.0.4). Pure: from numbers to text. */
#ifndef METRICS_H
#define METRICS_H

#include "lib/base/text.h"
#include "master/status.h"

void metrics_compose(struct rp_text *, const struct status *);

#endif
