/* SPDX-License-Identifier: MIT
 *
 * store_open.h - from a store's URI to a store: which kind it is, one tier or two, is it valid. */
#ifndef RP_STORE_OPEN_H
#define RP_STORE_OPEN_H

#include "cache/store/store.h"

/* Open by URI, in the process that will use it: after the fork, and once in a
 * process. A forked child closes what it inherited before it opens its own, not later: the file
 * locks of a process end with the first descriptor of the file that it closes. `directory` is where
 * relative paths of an lmdb: URI begin; NULL: the current one. NULL with *err set when there is
 * nothing to work with now; a store that is open heals by itself. Its timers keep a loop running.
 */
struct rp_store *rp_store_open(struct rp_loop *, const char *uri, const char *directory,
                               struct rp_error *) __attribute__((warn_unused_result));
/* The same with a near tier, a store of this host, before a far one that hosts share (see
 * store_tiered.h). `near` NULL or "": none; it is not looked at when `uri` is no far store. */
struct rp_store *rp_store_open_tiers(struct rp_loop *, const char *near, const char *uri,
                                     const char *directory, struct rp_error *)
    __attribute__((warn_unused_result));
/* The store for ticket keys, beside `store` (that of the same URIs, or NULL if it could not be
 * opened; borrowed). What it has of this host lies not in the LMDB file, but in one beside it
 * (PATH-keys) where what has expired is overwritten: see store_keys.h. NULL without an error: there
 * is no such file, rp_store_shared(store) is the one. */
struct rp_store *rp_store_open_keys(struct rp_loop *, const char *near, const char *uri,
                                    const char *directory, struct rp_store *store,
                                    struct rp_error *) __attribute__((warn_unused_result));
/* Is this a URI that rp_store_open understands? Touches nothing. */
bool rp_store_check_uri(const char *uri, struct rp_error *);
/* Is this one for a near tier? */
bool rp_store_check_near(const char *uri, struct rp_error *);
/* Of these two, the one with a file that this host's processes share, or NULL. */
const char *rp_store_file_uri(const char *near, const char *uri);
/* Is the store of this URI shared by several hosts (so that its cluster secret must be given)? */
bool rp_store_uri_is_remote(const char *uri);
/* Put the file of this URI aside (PATH.damaged, the only one that is kept), so that the next one to
 * open it begins anew; those that have it open notice. `found` is what stood at the dead process's
 * place: when another file has taken the place of that one since, nothing is done. */
bool rp_store_set_aside(const char *uri, const char *directory, uint64_t found, struct rp_error *);

#endif
