/* SPDX-License-Identifier: MIT
 *
 * forms.h - the ways in which a Redis is found; for redis_router.c only. */
#ifndef RP_REDIS_FORMS_H
#define RP_REDIS_FORMS_H

#include "cache/redis/router.h"

extern const struct rp_redis_router_form rp_redis_by_sentinel; /* redis_sentinel.c */
extern const struct rp_redis_router_form rp_redis_by_slots;    /* redis_cluster.c */

#endif
