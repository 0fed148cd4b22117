/* SPDX-License-Identifier: MIT
 *
 * access.h - the end of each connection: counters, the access log, warnings about refused clients.
 * Every accepted connection is reported here once, with the reason of its end. */
#ifndef ACCESS_H
#define ACCESS_H

#include "worker/reasons.h"

struct connection;
struct frontend;
struct worker;

void access_begin(struct worker *);
void access_end(struct worker *);
/* The connection was closed before its handshake. `remote` NULL: unknown. */
void access_refused(struct frontend *, const struct rp_address *remote, enum reason);
/* The handshake failed. */
void access_failed(struct frontend *, const struct rp_socket *, const struct rp_address *remote,
                   const struct rp_error *);
/* The connection was open, and has closed. */
void access_served(const struct connection *, const struct rp_address *remote);

#endif
