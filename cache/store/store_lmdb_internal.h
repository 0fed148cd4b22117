/* SPDX-License-Identifier: MIT
 *
 * store_lmdb_internal.h - what the parts of the LMDB store share: the file (store_lmdb_file.c), its
 * entries (store_lmdb_entries.c) and the verbs (store_lmdb.c). Functions that return an int return
 * 0, an MDB_ code or an errno value, as LMDB does. */
#ifndef RP_STORE_LMDB_INTERNAL_H
#define RP_STORE_LMDB_INTERNAL_H

#include "cache/store/store_lmdb.h"

#include <lmdb.h>
#include <sys/types.h>

enum { LMDB_EXPIRY = 8 }; /* bytes, big endian, of wall-clock milliseconds, before each value */
#define LMDB_NEVER UINT64_MAX

struct lmdb {
    struct rp_store base;
    struct rp_lmdb_place place;
    MDB_env *env; /* NULL: closed for a trouble, opened again by a later call */
    MDB_dbi entries, expiry;
    ino_t file;
    uint64_t looked_ms, retry_ms, wait_ms;
    uint64_t write_failed_ms;          /* 0: writing is well */
    bool writer_busy, readers_busy;    /* that lock has timed out */
    uint8_t value[RP_STORE_VALUE_MAX]; /* of the last reply */
};

static inline struct lmdb *lmdb_of(struct rp_store *store)
{
    return (struct lmdb *)store;
}

/* -- the file */

/* Open it, for the first time. */
int rp_lmdb_open(struct lmdb *);
void rp_lmdb_close(struct lmdb *);
void rp_lmdb_describe(struct rp_error *, const struct lmdb *, int code);
/* It cannot be used now; later calls try to open it again. */
void rp_lmdb_give_up(struct lmdb *, int code);
/* Around each use of the file. false: it cannot be used now, and nothing is to be left. */
bool rp_lmdb_enter(struct lmdb *);
/* What a transaction ended with, as the caller's answer. */
enum rp_store_status rp_lmdb_leave(struct lmdb *, int code, bool writing);
int rp_lmdb_begin(struct lmdb *, unsigned flags, MDB_txn **);

/* -- its entries */

/* What is stored under a key, alive or not. */
int rp_lmdb_find(struct lmdb *, MDB_txn *, MDB_val *key, MDB_val *found);
bool rp_lmdb_is_alive(const MDB_val *found, uint64_t now);
int rp_lmdb_write_entry(struct lmdb *, MDB_txn *, MDB_val *key, struct rp_bytes value,
                        uint64_t expires);
int rp_lmdb_delete_entry(struct lmdb *, MDB_txn *, MDB_val *key, const MDB_val *found);
/* Before a write: what has expired goes; if the file is full, what expires first. */
int rp_lmdb_make_room(struct lmdb *, MDB_txn *, uint64_t now);
/* Delete up to `most` entries, those that expire first. */
int rp_lmdb_evict(struct lmdb *, MDB_txn *, unsigned most);
size_t rp_lmdb_pages_of(MDB_txn *, MDB_dbi);

#endif
