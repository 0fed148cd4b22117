/* SPDX-License-Identifier: MIT
 *
 * lookup.h - resolve a host name without blocking the loop: getaddrinfo in a separate thread. The
 * danger: the answer may arrive after the owner was freed; a cancelled lookup frees itself. */
#ifndef RP_LOOKUP_H
#define RP_LOOKUP_H

#include <reprise/net.h>

struct rp_lookup;
typedef void rp_lookup_done(void *arg, const char *host, const struct rp_address *addresses,
                            size_t count, const struct rp_error *error);
/* family 4 or 6: only such addresses; 0: both. */
struct rp_lookup *rp_lookup_start(struct rp_loop *, const char *host, uint16_t port,
                                  unsigned family, rp_lookup_done *done, void *arg,
                                  struct rp_error *);
void rp_lookup_cancel(struct rp_lookup *); /* NULL is allowed; `done` is not called */

#endif
