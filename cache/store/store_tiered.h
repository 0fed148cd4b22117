/* SPDX-License-Identifier: MIT
 *
 * store_tiered.h - two stores as one: a near one, of this host, before a far one that hosts share.
 * For sessions: what is near is answered at once, and only what is not is asked of the far one;
 * what is new goes to both, and is stored when the far one has it, or when that can't and the near
 * one has it. What comes from far is kept near by who finds it good (rp_store_keep), and no longer
 * than it lives.
 * For what hosts must agree on (rp_store_shared): the far one decides. The near one has a copy, for
 * a host that starts while the far one is away.
 * add is always the far one's to answer, since a claim must hold in the whole cluster; remove is
 * carried out in both, and done when the far one has done it. */
#ifndef RP_STORE_TIERED_H
#define RP_STORE_TIERED_H

#include "cache/store/store.h"

/* Takes both stores on: they are closed with it. NULL: no memory, and both are still the caller's.
 */
struct rp_store *rp_store_tiered_new(struct rp_loop *, struct rp_store *near, struct rp_store *far,
                                     struct rp_error *) __attribute__((warn_unused_result));
/* The same, but `far` is borrowed. */
struct rp_store *rp_store_tiered_over(struct rp_loop *, struct rp_store *near, struct rp_store *far,
                                      struct rp_error *) __attribute__((warn_unused_result));

#endif
