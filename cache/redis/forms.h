/* SPDX-License-Identifier: MIT
 *
 * forms.h - the kinds of Redis deployments; for router.c only. */
#ifndef RP_REDIS_FORMS_H
#define RP_REDIS_FORMS_H

#include "cache/redis/router.h"

extern const struct rp_redis_router_form rp_redis_by_sentinel; /* sentinel.c */
extern const struct rp_redis_router_form rp_redis_by_slots;    /* cluster.c */

#endif
