/* SPDX-License-Identifier: MIT
 *
 * limits.h - how many connections a frontend takes: in all, a second, and from one source.
 * The limits hold for all workers of a generation together. The counts stand in memory that the
 * generation shares with its workers, a column for each worker slot; a worker writes only its own
 * column, and clears it when it starts: what a killed process held is not held for ever. */
#ifndef LIMITS_H
#define LIMITS_H

#include "conf/conf.h"
#include <reprise/net.h>

/* Sources that can be told apart at one time. When more are connected, the newcomers among them
 * are not limited by source. */
enum { LIMITS_SOURCES = 16384 };

struct limits;
/* Before the workers are forked. */
struct limits *limits_new(const struct conf *, unsigned workers, struct rp_error *)
    __attribute__((warn_unused_result));
void limits_free(struct limits *); /* NULL ok */
/* A worker of this slot begins: it holds nothing. */
void limits_begin(struct limits *, unsigned slot);

/* Count one more connection of frontend `at` (an index into conf->frontends). false:
 * max-connections is reached. If true, call limits_leave when it has closed. */
bool limits_enter(struct limits *, size_t at, unsigned slot);
void limits_leave(struct limits *, size_t at, unsigned slot);
/* Count one more handshake. false: handshakes-per-second is reached. now_ns: CLOCK_MONOTONIC. */
bool limits_rate(struct limits *, size_t at, uint64_t now_ns);

/* Count one more connection from this source: an IPv4 address (not one mapped into IPv6), or a /64
 * of IPv6; Unix peers are not counted. false: per-source-connections is reached. If true, call
 * limits_forget with an equal address when it has closed. */
bool limits_source(struct limits *, size_t at, unsigned slot, const struct rp_address *);
void limits_forget(struct limits *, size_t at, unsigned slot, const struct rp_address *);

#endif
