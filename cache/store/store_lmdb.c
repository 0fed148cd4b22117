/* SPDX-License-Identifier: MIT
 *
 * store_lmdb.c - sessions and keys in an LMDB file that the processes of one host share.
 * Two tables: `entries` (key -> expiry, value) and `expiry` (expiry, key -> nothing), always
 * changed in one transaction. What has expired goes by the second, a few with each write; when the
 * file grows full, what would expire first goes. So a write costs the same, however much there is.
 *
 * The dangers: a process killed at any instant (LMDB's pages are never changed in place, and its
 * lock passes on to the living); a process stopped while it holds the lock (lmdb_lock.h); a reader
 * that died (its slot is freed when the next process opens the file); a full file (it never becomes
 * full: a quarter is kept free for the copies that transactions make); a full disk (what is there
 * is read, and writes fail until it has room); a damaged file (put aside when LMDB reports it; when
 * LMDB crashes instead, by the process that sees the crash). The file is not synced: a power
 * failure may cost its contents, and a handshake never waits for a disk. Each call takes
 * microseconds and answers at once. */
#include "cache/store/store_lmdb_internal.h"

#include "lib/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { EVICT_FIRST = 8, EVICT_LAST = 512 }; /* entries, when a full file is in the way of a write */

static MDB_val val_of(struct rp_bytes bytes)
{
    return (MDB_val){bytes.len, (void *)(uintptr_t)bytes.bytes};
}

static void reply_with(struct lmdb *l, struct rp_store_reply *reply, const MDB_val *found)
{
    size_t len = found->mv_size - LMDB_EXPIRY;

    memcpy(l->value, (const uint8_t *)found->mv_data + LMDB_EXPIRY, len);
    reply->value = (struct rp_bytes){l->value, len};
}

/* The spare quarter was not enough: readers hold old pages, or a large value finds no pages side by
 * side. What a transaction frees is of use to the one after the next, hence several. */
static int evict_more(struct lmdb *l, unsigned most)
{
    MDB_txn *txn;
    int code = rp_lmdb_begin(l, 0, &txn);

    if (code != 0)
        return code;
    code = rp_lmdb_evict(l, txn, most);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* -- the verbs */

struct write {
    MDB_val key;
    struct rp_bytes value;
    uint64_t now, expires;
    struct rp_store_reply *found; /* of add; NULL: replace what is there */
};

static int write_in(struct lmdb *l, MDB_txn *txn, struct write *w)
{
    MDB_val old;
    int code = rp_lmdb_make_room(l, txn, w->now);

    if (code == 0)
        code = rp_lmdb_find(l, txn, &w->key, &old);
    if (code == 0 && w->found != NULL && rp_lmdb_is_alive(&old, w->now)) {
        reply_with(l, w->found, &old);
        return MDB_KEYEXIST;
    }
    if (code == 0)
        code = rp_lmdb_delete_entry(l, txn, &w->key, &old);
    return code == 0 || code == MDB_NOTFOUND
               ? rp_lmdb_write_entry(l, txn, &w->key, w->value, w->expires)
               : code;
}

static int write_once(struct lmdb *l, struct write *w)
{
    MDB_txn *txn;
    int code = rp_lmdb_begin(l, 0, &txn);

    if (code != 0)
        return code;
    code = write_in(l, txn, w);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

static enum rp_store_status write_out(struct lmdb *l, struct rp_bytes key, struct rp_bytes value,
                                      uint64_t ttl_ms, struct rp_store_reply *found)
{
    struct write w = {.key = val_of(key), .value = value, .now = rp_wall_ms(), .found = found};
    int code;

    if (!rp_lmdb_enter(l))
        return RP_STORE_FAILED;
    w.expires = ttl_ms == 0 || ttl_ms > LMDB_NEVER - w.now ? LMDB_NEVER : w.now + ttl_ms;
    code = write_once(l, &w);
    for (unsigned most = EVICT_FIRST; code == MDB_MAP_FULL && most <= EVICT_LAST; most *= 2)
        if (evict_more(l, most) == 0)
            code = write_once(l, &w);
    return rp_lmdb_leave(l, code, true);
}

static enum rp_store_status lmdb_put(struct rp_store *store, struct rp_bytes key,
                                     struct rp_bytes value, uint64_t ttl_ms,
                                     struct rp_store_call *later)
{
    (void)later;
    return write_out(lmdb_of(store), key, value, ttl_ms, NULL);
}

static enum rp_store_status lmdb_add(struct rp_store *store, struct rp_bytes key,
                                     struct rp_bytes value, uint64_t ttl_ms,
                                     struct rp_store_reply *reply, struct rp_store_call *later)
{
    (void)later;
    return write_out(lmdb_of(store), key, value, ttl_ms, reply);
}

static enum rp_store_status lmdb_get(struct rp_store *store, struct rp_bytes key,
                                     struct rp_store_reply *reply, struct rp_store_call *later)
{
    struct lmdb *l = lmdb_of(store);
    MDB_val at = val_of(key), found;
    MDB_txn *txn;
    int code;

    (void)later;
    if (!rp_lmdb_enter(l))
        return RP_STORE_FAILED;
    code = rp_lmdb_begin(l, MDB_RDONLY, &txn);
    if (code != 0)
        return rp_lmdb_leave(l, code, false);
    code = rp_lmdb_find(l, txn, &at, &found);
    if (code == 0 && !rp_lmdb_is_alive(&found, rp_wall_ms()))
        code = MDB_NOTFOUND;
    if (code == 0)
        reply_with(l, reply, &found);
    mdb_txn_abort(txn);
    return rp_lmdb_leave(l, code, false);
}

static int remove_once(struct lmdb *l, MDB_val *key)
{
    MDB_val found;
    MDB_txn *txn;
    int code = rp_lmdb_begin(l, 0, &txn);

    if (code != 0)
        return code;
    code = rp_lmdb_find(l, txn, key, &found);
    if (code == 0)
        code = rp_lmdb_delete_entry(l, txn, key, &found);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

static enum rp_store_status lmdb_remove(struct rp_store *store, struct rp_bytes key,
                                        struct rp_store_call *later)
{
    struct lmdb *l = lmdb_of(store);
    MDB_val at = val_of(key);
    int code;

    (void)later;
    if (!rp_lmdb_enter(l))
        return RP_STORE_FAILED;
    code = remove_once(l, &at);
    return rp_lmdb_leave(l, code == MDB_NOTFOUND ? 0 : code, code != MDB_NOTFOUND);
}

static void lmdb_stats(struct rp_store *store, struct rp_store_stats *stats)
{
    struct lmdb *l = lmdb_of(store);
    MDB_envinfo info;
    MDB_stat stat;
    MDB_txn *txn;

    if (!rp_lmdb_enter(l))
        return;
    if (rp_lmdb_begin(l, MDB_RDONLY, &txn) == 0) {
        if (mdb_stat(txn, l->entries, &stat) == 0 && mdb_env_info(l->env, &info) == 0) {
            stats->entries = stat.ms_entries;
            stats->bytes_size = info.me_mapsize;
            stats->bytes_used =
                (rp_lmdb_pages_of(txn, l->entries) + rp_lmdb_pages_of(txn, l->expiry)) *
                stat.ms_psize;
        }
        mdb_txn_abort(txn);
    }
    *l->base.place = 0;
}

static void lmdb_close(struct rp_store *store)
{
    struct lmdb *l = lmdb_of(store);

    rp_lmdb_close(l);
    explicit_bzero(l->value, sizeof l->value);
    free(l);
}

static struct lmdb *lmdb_new(struct rp_loop *loop, const char *uri, const char *directory,
                             struct rp_error *err)
{
    static const struct rp_store_ops ops = {
        .kind = "lmdb",
        .get = lmdb_get,
        .put = lmdb_put,
        .add = lmdb_add,
        .remove = lmdb_remove,
        .stats = lmdb_stats,
        .close = lmdb_close,
    };
    struct lmdb *l = calloc(1, sizeof *l);

    if (l == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a store");
        return NULL;
    }
    rp_store_init(&l->base, &ops, loop);
    if (rp_lmdb_place_parse(&l->place, uri, directory, err))
        return l;
    free(l);
    return NULL;
}

struct rp_store *rp_store_lmdb_open(struct rp_loop *loop, const char *uri, const char *directory,
                                    struct rp_error *err)
{
    struct lmdb *l = lmdb_new(loop, uri, directory, err);
    int code = l != NULL ? rp_lmdb_open(l) : 0;

    if (code != 0) {
        rp_lmdb_describe(err, l, code);
        free(l);
        return NULL;
    }
    return l != NULL ? &l->base : NULL;
}

struct rp_store *rp_store_lmdb_open_anyway(struct rp_loop *loop, const char *uri,
                                           const char *directory, struct rp_error *err)
{
    struct lmdb *l = lmdb_new(loop, uri, directory, err);
    int code = l != NULL ? rp_lmdb_open(l) : 0;

    if (code != 0)
        rp_lmdb_give_up(l, code);
    return l != NULL ? &l->base : NULL;
}
