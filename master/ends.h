/* SPDX-License-Identifier: MIT
 *
 * ends.h - how connections ended, by frontend and reason, for status and metrics. Pure: from
 * numbers to text. Reasons that did not occur are left out. */
#ifndef ENDS_H
#define ENDS_H

#include "lib/base/json.h"
#include "worker/stats.h"

/* The samples of reprise_connections_ended_total. */
void ends_metrics(struct rp_text *, const struct stats *);
/* "ended": {"FRONTEND": {"REASON": N}} */
void ends_json(struct rp_json *, const struct stats *);

#endif
