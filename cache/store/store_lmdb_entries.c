/* SPDX-License-Identifier: MIT
 *
 * store_lmdb_entries.c - the two tables of the LMDB store, always changed together, and making room
 * in them. */
#include "cache/store/store_lmdb_internal.h"
#include "lib/base/cursor.h"

#include <string.h>

enum {
    EXPIRE_MAX = 4, /* entries cleared by one write: faster than writes can make them */
    EVICT_MAX = 8,
};

static uint64_t get_expiry(const uint8_t *bytes)
{
    return rp_load_uint(bytes, LMDB_EXPIRY);
}

struct index_key {
    uint8_t bytes[LMDB_EXPIRY + RP_STORE_KEY_MAX];
    MDB_val val;
};

static void index_key(struct index_key *index, const uint8_t *expiry, const MDB_val *key)
{
    memcpy(index->bytes, expiry, LMDB_EXPIRY);
    memcpy(index->bytes + LMDB_EXPIRY, key->mv_data, key->mv_size);
    index->val = (MDB_val){LMDB_EXPIRY + key->mv_size, index->bytes};
}

/* What is stored under a key, alive or not; damage has many faces. */
int rp_lmdb_find(struct lmdb *l, MDB_txn *txn, MDB_val *key, MDB_val *found)
{
    int code = mdb_get(txn, l->entries, key, found);

    if (code == 0 &&
        (found->mv_size < LMDB_EXPIRY || found->mv_size > LMDB_EXPIRY + RP_STORE_VALUE_MAX))
        return MDB_CORRUPTED;
    return code;
}

bool rp_lmdb_is_alive(const MDB_val *found, uint64_t now)
{
    return get_expiry(found->mv_data) > now;
}

int rp_lmdb_delete_entry(struct lmdb *l, MDB_txn *txn, MDB_val *key, const MDB_val *found)
{
    struct index_key index;
    int code;

    index_key(&index, found->mv_data, key);
    code = mdb_del(txn, l->expiry, &index.val, NULL);
    if (code == 0 || code == MDB_NOTFOUND)
        code = mdb_del(txn, l->entries, key, NULL);
    return code;
}

int rp_lmdb_write_entry(struct lmdb *l, MDB_txn *txn, MDB_val *key, struct rp_bytes value,
                        uint64_t expires)
{
    MDB_val room = {LMDB_EXPIRY + value.len, NULL}, nothing = {0, NULL};
    struct index_key index;
    int code = mdb_put(txn, l->entries, key, &room, MDB_RESERVE);

    if (code != 0)
        return code;
    rp_store_uint(room.mv_data, expires, LMDB_EXPIRY);
    if (value.len > 0)
        memcpy((uint8_t *)room.mv_data + LMDB_EXPIRY, value.bytes, value.len);
    index_key(&index, room.mv_data, key);
    return mdb_put(txn, l->expiry, &index.val, &nothing, 0);
}

/* -- making room */

/* Does this table's first entry go? Every entry is fair game when `until` is LMDB_NEVER. */
static int delete_first(struct lmdb *l, MDB_txn *txn, MDB_cursor *cursor, uint64_t until)
{
    MDB_val at, nothing, key;
    uint8_t copy[RP_STORE_KEY_MAX];
    int code = mdb_cursor_get(cursor, &at, &nothing, MDB_FIRST);

    if (code != 0)
        return code;
    if (at.mv_size <= LMDB_EXPIRY || at.mv_size > LMDB_EXPIRY + RP_STORE_KEY_MAX)
        return MDB_CORRUPTED;
    if (get_expiry(at.mv_data) > until)
        return MDB_NOTFOUND;
    key = (MDB_val){at.mv_size - LMDB_EXPIRY, copy};
    memcpy(copy, (const uint8_t *)at.mv_data + LMDB_EXPIRY, key.mv_size);
    code = mdb_cursor_del(cursor, 0);
    if (code != 0)
        return code;
    code = mdb_del(txn, l->entries, &key, NULL);
    return code == MDB_NOTFOUND ? 0 : code;
}

/* Delete up to `most` entries that expire no later than `until`, the first to expire first. */
static int delete_until(struct lmdb *l, MDB_txn *txn, uint64_t until, unsigned most,
                        uint64_t *counter)
{
    MDB_cursor *cursor;
    int code = mdb_cursor_open(txn, l->expiry, &cursor);

    if (code != 0)
        return code;
    for (unsigned i = 0; code == 0 && i < most; i++) {
        code = delete_first(l, txn, cursor, until);
        if (code == 0)
            ++*counter;
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? 0 : code;
}

size_t rp_lmdb_pages_of(MDB_txn *txn, MDB_dbi table)
{
    MDB_stat stat;

    if (mdb_stat(txn, table, &stat) != 0)
        return 0;
    return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

/* Three quarters of the file hold entries; transactions copy pages into the rest. */
static bool is_full(struct lmdb *l, MDB_txn *txn)
{
    MDB_envinfo info;
    MDB_stat stat;
    size_t pages;

    if (mdb_env_info(l->env, &info) != 0 || mdb_env_stat(l->env, &stat) != 0)
        return false;
    pages = info.me_mapsize / stat.ms_psize;
    if (info.me_last_pgno < pages / 2)
        return false; /* it has never been that large */
    return rp_lmdb_pages_of(txn, l->entries) + rp_lmdb_pages_of(txn, l->expiry) > pages / 4 * 3;
}

int rp_lmdb_make_room(struct lmdb *l, MDB_txn *txn, uint64_t now)
{
    int code = delete_until(l, txn, now, EXPIRE_MAX, &l->base.counted->expired);

    if (code == 0 && is_full(l, txn))
        code = delete_until(l, txn, LMDB_NEVER, EVICT_MAX, &l->base.counted->evicted);
    return code;
}

int rp_lmdb_evict(struct lmdb *l, MDB_txn *txn, unsigned most)
{
    return delete_until(l, txn, LMDB_NEVER, most, &l->base.counted->evicted);
}
