/* SPDX-License-Identifier: MIT
 *
 * limits.h - limits of a frontend's connections: total, per second, and per source. They apply to
 * all workers of a generation together. The counts are in memory that the workers share, with a
 * column for each worker slot. A worker writes only its own column, and clears it when it starts,
 * so that counts of a killed process do not stay. */
#ifndef LIMITS_H
#define LIMITS_H

#include "conf/conf.h"
#include <reprise/net.h>

/* Maximum number of sources at one time. If more are connected, new sources are not limited. */
enum { LIMITS_SOURCES = 16384 };

struct limits;
/* Call before the workers are forked. */
struct limits *limits_new(const struct conf *, unsigned workers, struct rp_error *)
    __attribute__((warn_unused_result));
void limits_free(struct limits *); /* NULL ok */
/* A worker of this slot starts: clear its counts. */
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
