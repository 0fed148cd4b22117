/* SPDX-License-Identifier: MIT
 *
 * store_keys.h - the store for ticket keys of one host: a small file of fixed size in which what
 * has expired is overwritten in place, so that nothing of it can be found in the file afterwards.
 * An LMDB file can't promise that: it never changes a page in place, and what was in its free pages
 * stays there. Few and small entries only; each call reads the whole file. */
#ifndef RP_STORE_KEYS_H
#define RP_STORE_KEYS_H

#include "cache/store/store.h"

enum {
    RP_STORE_KEYS_SLOTS = 512,
    RP_STORE_KEYS_VALUE_MAX = 208, /* bytes */
};

/* A file that can't be opened is a trouble of the store, and is tried again with each call. Entries
 * without a time to live are refused. NULL: no memory, or the path is too long. */
struct rp_store *rp_store_keys_open(struct rp_loop *, const char *path,
                                    uint64_t (*now_ms)(void), /* wall clock; NULL = the system's */
                                    struct rp_error *) __attribute__((warn_unused_result));

#endif
