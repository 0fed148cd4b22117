/* SPDX-License-Identifier: MIT
 *
 * announce.h - from a request over the control socket to what is announced to the cluster. Pure. */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include "cache/notices.h"
#include <jansson.h>

/* {"all":true}, {"before":MS}, {"host":NAME}, or the last two: forget sessions that began before a
 * moment (ms of 1970; none: now), all or those of a name. false: the request is none of these. */
bool announce_revocation(struct rp_notices *news, const json_t *request, uint64_t now_ms,
                         struct rp_error *);

/* Is this a name that clients may ask for? false: err says what one is. */
bool announce_is_host(const char *name, struct rp_error *);

/* Ticket keys are to be new ones, in a moment: when all hosts have them. false: `known` says that
 * this is under way. */
bool announce_rotation(struct rp_notices *news, const struct rp_notices *known, uint64_t now_ms,
                       struct rp_error *);

#endif
