/* SPDX-License-Identifier: MIT
 *
 * store_lmdb.h - the store of one host: a file that all its processes map. lmdb:PATH?size=256M
 * The danger: the file is shared memory that anybody may have damaged or cut short. See store.h
 * for what its owner does about that. */
#ifndef RP_STORE_LMDB_H
#define RP_STORE_LMDB_H

#include "cache/store/store.h"

enum { RP_LMDB_PATH_MAX = 4096 };
/* What an lmdb: URI says. */
struct rp_lmdb_place {
    char path[RP_LMDB_PATH_MAX]; /* of the file; its lock file is PATH-lock */
    size_t size;                 /* bytes at most; 64M when the URI does not say */
};
bool rp_lmdb_place_parse(struct rp_lmdb_place *, const char *uri, const char *directory,
                         struct rp_error *);

struct rp_store *rp_store_lmdb_open(struct rp_loop *, const char *uri, const char *directory,
                                    struct rp_error *) __attribute__((warn_unused_result));
/* The same, but what can't be opened now is a trouble of the store, which is tried again; NULL only
 * for a wrong URI or no memory. For a store that one can do without. */
struct rp_store *rp_store_lmdb_open_anyway(struct rp_loop *, const char *uri, const char *directory,
                                           struct rp_error *) __attribute__((warn_unused_result));
bool rp_store_lmdb_check(const char *uri, struct rp_error *);
/* Rename the file to PATH.damaged, unless another one than `file` (its inode, or RP_STORE_OPENING)
 * is there. */
bool rp_lmdb_place_set_aside(const struct rp_lmdb_place *, uint64_t file, struct rp_error *);
bool rp_store_lmdb_set_aside(const char *uri, const char *directory, uint64_t found,
                             struct rp_error *);

#endif
