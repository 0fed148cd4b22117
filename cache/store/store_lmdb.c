/* SPDX-License-Identifier: MIT
 *
 * store_lmdb.c - sessions and keys in an LMDB file that the processes of one host share.
 * Two tables: `entries` (key -> expiry, value) and `expiry` (expiry, key -> nothing), always
 * changed in one transaction. What has expired goes by the second, a few with each write; when the
 * file grows full, what would expire first goes. So a write costs the same, however much there is.
 *
 * The dangers: a process killed at any instant (LMDB's pages are never changed in place, and its
 * lock passes on to the living); a reader that died (its slot is freed when the next process opens
 * the file); a full file (it never becomes full: a quarter is kept free for the copies that
 * transactions make); a full disk (what is there is read, and writes fail until it has room); a
 * damaged file (put aside when LMDB says so; when LMDB falls instead, by who finds the process
 * dead). The file is not synced: a power failure may cost its contents, and a handshake never waits
 * for a disk. Each call takes microseconds and answers at once. */
#include "cache/store/store_lmdb.h"

#include "lib/base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    EXPIRY = 8,                       /* bytes, big endian, of wall-clock milliseconds */
    READERS = 1024,                   /* processes that may look at the same time */
    LOCKS_SIZE = 64 * READERS + 4096, /* of the lock file: 64 bytes for each, and a head */
    EXPIRE_MAX = 4, /* entries cleared by one write: faster than writes can make them */
    EVICT_MAX = 8,
    EVICT_MANY = 512,
    LOOK_MS = 1000, /* between looks at whether the file is still the one at its path */
    RETRY_FIRST_MS = 500,
    RETRY_LAST_MS = 30000,
    CALM_MS = 5000, /* without a failed write, before writing is called well */
};
static const uint64_t NEVER = UINT64_MAX;

struct lmdb {
    struct rp_store base;
    struct rp_lmdb_place place;
    MDB_env *env; /* NULL: closed for a trouble, opened again by a later call */
    MDB_dbi entries, expiry;
    ino_t file;
    uint64_t looked_ms, retry_ms, wait_ms;
    uint64_t write_failed_ms;          /* 0: writing is well */
    uint8_t value[RP_STORE_VALUE_MAX]; /* of the last reply */
};

static struct lmdb *lmdb_of(struct rp_store *store)
{
    return (struct lmdb *)store;
}

/* -- opening */

static bool is_damage(int code)
{
    return code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
           code == MDB_VERSION_MISMATCH || code == MDB_INCOMPATIBLE || code == MDB_BAD_DBI;
}

/* After a commit whose last write failed LMDB refuses all else, until it is opened again. The file
 * is as it was. */
static bool is_over(int code)
{
    return code == MDB_PANIC || is_damage(code);
}

static int begin(struct lmdb *l, unsigned flags, MDB_txn **txn)
{
    int code = mdb_txn_begin(l->env, NULL, flags, txn);

    if (code == MDB_MAP_RESIZED) { /* another process was told to let it grow larger */
        code = mdb_env_set_mapsize(l->env, 0);
        if (code == 0)
            code = mdb_txn_begin(l->env, NULL, flags, txn);
    }
    if (code == MDB_READERS_FULL && mdb_reader_check(l->env, NULL) == 0)
        code = mdb_txn_begin(l->env, NULL, flags, txn);
    return code;
}

static int open_tables(struct lmdb *l)
{
    MDB_txn *txn;
    int code = begin(l, 0, &txn);

    if (code != 0)
        return code;
    code = mdb_dbi_open(txn, "entries", MDB_CREATE, &l->entries);
    if (code == 0)
        code = mdb_dbi_open(txn, "expiry", MDB_CREATE, &l->expiry);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* Who reads beyond the end of a file that was cut short falls; who reads zeros there is told that
 * the page is none. */
static int fill_up(const struct lmdb *l, const struct stat *st)
{
    MDB_envinfo info;
    MDB_stat stat;
    off_t size;
    int fd;

    if (mdb_env_info(l->env, &info) != 0 || mdb_env_stat(l->env, &stat) != 0 ||
        mdb_env_get_fd(l->env, &fd) != 0)
        return MDB_CORRUPTED;
    size = (off_t)(info.me_last_pgno + 1) * stat.ms_psize;
    return st->st_size < size ? posix_fallocate(fd, 0, size) : 0;
}

static void close_env(struct lmdb *l)
{
    if (l->env != NULL)
        mdb_env_close(l->env);
    l->env = NULL;
}

/* LMDB writes to its lock file through a map, and where the disk has no room for what it writes it
 * falls (SIGBUS). So the room is there before. Locks of this process would end here, it has none.
 */
static int hold_room_for_locks(const struct lmdb *l)
{
    char path[RP_LMDB_PATH_MAX + 8];
    struct stat st;
    int fd, code = 0;

    snprintf(path, sizeof path, "%s-lock", l->place.path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &st) != 0)
        code = errno;
    else if (fallocate(fd, 0, 0, st.st_size > 0 ? st.st_size : LOCKS_SIZE) != 0 &&
             errno != EOPNOTSUPP)
        code = errno;
    if (fd >= 0)
        close(fd);
    return code;
}

static int open_env(struct lmdb *l)
{
    struct stat st;
    int code = hold_room_for_locks(l);

    if (code == 0)
        code = mdb_env_create(&l->env);
    if (code != 0)
        return code;
    mdb_env_set_maxdbs(l->env, 2);
    mdb_env_set_maxreaders(l->env, READERS);
    mdb_env_set_mapsize(l->env, l->place.size);
    code = mdb_env_open(l->env, l->place.path,
                        MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD, 0600);
    if (code == 0 && stat(l->place.path, &st) != 0)
        code = errno;
    if (code == 0)
        code = fill_up(l, &st);
    if (code == 0) {
        mdb_reader_check(l->env, NULL);
        code = open_tables(l);
    }
    if (code == 0)
        l->file = st.st_ino;
    else
        close_env(l);
    return code;
}

static void describe(struct rp_error *error, const struct lmdb *l, int code)
{
    if (is_damage(code))
        rp_error_set(error, "ERR_STORE_DAMAGED", "%s is damaged (%s); it is renamed to %s.damaged",
                     l->place.path, mdb_strerror(code), l->place.path);
    else if (code > 0 && l->env == NULL)
        rp_error_errno(error, code, "open", "%s", l->place.path);
    else if (code > 0)
        rp_error_errno(error, code, "write", "%s (is the disk full, or failing?)", l->place.path);
    else
        rp_error_set(error, "ERR_STORE", "%s: %s", l->place.path, mdb_strerror(code));
}

static bool put_aside(const struct lmdb *l, uint64_t file)
{
    char uri[RP_LMDB_PATH_MAX + 8];

    memcpy(uri, "lmdb:", 6);
    memcpy(uri + 5, l->place.path, strlen(l->place.path) + 1);
    return rp_store_lmdb_set_aside(uri, NULL, file, NULL);
}

/* What is damaged beyond opening is put aside, and a new file made. */
static int open_or_renew(struct lmdb *l, struct rp_error *trouble)
{
    struct stat st;
    uint64_t file = stat(l->place.path, &st) == 0 ? st.st_ino : 0;
    int code = open_env(l);

    if (!is_damage(code))
        return code;
    describe(trouble, l, code);
    return file != 0 && put_aside(l, file) ? open_env(l) : code;
}

/* -- troubles */

/* From now on nothing is asked, until it is time to try anew. */
static void give_up(struct lmdb *l, int code)
{
    struct rp_error error = {0};

    describe(&error, l, code);
    close_env(l);
    if (is_damage(code))
        put_aside(l, l->file);
    l->wait_ms = l->wait_ms == 0              ? RETRY_FIRST_MS
                 : l->wait_ms < RETRY_LAST_MS ? l->wait_ms * 2
                                              : l->wait_ms;
    l->retry_ms = rp_loop_now(l->base.loop) + l->wait_ms;
    rp_store_trouble_is(&l->base, &error);
}

/* The file may have been put aside, or deleted, while we had it open. */
static void look(struct lmdb *l, uint64_t now)
{
    struct stat st;

    if (now - l->looked_ms < LOOK_MS)
        return;
    l->looked_ms = now;
    if (stat(l->place.path, &st) == 0 && st.st_ino == l->file)
        return;
    close_env(l);
    l->retry_ms = now;
}

static bool is_open(struct lmdb *l)
{
    uint64_t now = rp_loop_now(l->base.loop);
    struct rp_error trouble;
    int code;

    if (l->env != NULL)
        look(l, now);
    if (l->env == NULL && now >= l->retry_ms) {
        code = open_or_renew(l, &trouble);
        if (code != 0)
            give_up(l, code);
    }
    return l->env != NULL;
}

static bool enter(struct lmdb *l)
{
    *l->base.place = l->file != 0 ? (uint64_t)l->file : RP_STORE_OPENING;
    if (is_open(l)) {
        *l->base.place = l->file;
        return true;
    }
    *l->base.place = 0;
    return false;
}

/* On a full disk all reads succeed, and some writes: that is one trouble, not many. */
static void is_well(struct lmdb *l, bool written)
{
    if (l->write_failed_ms != 0 &&
        (!written || rp_loop_now(l->base.loop) - l->write_failed_ms < CALM_MS))
        return;
    l->write_failed_ms = 0;
    l->wait_ms = 0;
    rp_store_trouble_is(&l->base, NULL);
}

static void is_ill(struct lmdb *l, int code, bool writing)
{
    struct rp_error error;

    if (writing)
        l->write_failed_ms = rp_loop_now(l->base.loop);
    describe(&error, l, code);
    rp_store_trouble_is(&l->base, &error);
}

/* What a transaction ended with, as the caller's answer. */
static enum rp_store_status leave(struct lmdb *l, int code, enum rp_store_status ok, bool writing)
{
    if (writing && code == MDB_PANIC)
        l->write_failed_ms = rp_loop_now(l->base.loop);
    if (is_over(code))
        give_up(l, code);
    else if (code != 0 && code != MDB_NOTFOUND && code != MDB_KEYEXIST)
        is_ill(l, code, writing);
    else
        is_well(l, writing && code == 0);
    *l->base.place = 0;
    return code == 0              ? ok
           : code == MDB_NOTFOUND ? RP_STORE_MISSING
           : code == MDB_KEYEXIST ? RP_STORE_EXISTS
                                  : RP_STORE_FAILED;
}

/* -- entries */

static MDB_val val_of(struct rp_bytes bytes)
{
    return (MDB_val){bytes.len, (void *)(uintptr_t)bytes.bytes};
}

static void put_expiry(uint8_t out[EXPIRY], uint64_t expires)
{
    for (int i = EXPIRY - 1; i >= 0; i--, expires >>= 8)
        out[i] = (uint8_t)expires;
}

static uint64_t get_expiry(const uint8_t *bytes)
{
    uint64_t expires = 0;

    for (int i = 0; i < EXPIRY; i++)
        expires = expires << 8 | bytes[i];
    return expires;
}

struct index_key {
    uint8_t bytes[EXPIRY + RP_STORE_KEY_MAX];
    MDB_val val;
};

static void index_key(struct index_key *index, const uint8_t *expiry, const MDB_val *key)
{
    memcpy(index->bytes, expiry, EXPIRY);
    memcpy(index->bytes + EXPIRY, key->mv_data, key->mv_size);
    index->val = (MDB_val){EXPIRY + key->mv_size, index->bytes};
}

/* What is stored under a key, alive or not; damage has many faces. */
static int find(struct lmdb *l, MDB_txn *txn, MDB_val *key, MDB_val *found)
{
    int code = mdb_get(txn, l->entries, key, found);

    if (code == 0 && (found->mv_size < EXPIRY || found->mv_size > EXPIRY + RP_STORE_VALUE_MAX))
        return MDB_CORRUPTED;
    return code;
}

static bool is_alive(const MDB_val *found, uint64_t now)
{
    return get_expiry(found->mv_data) > now;
}

static void reply_with(struct lmdb *l, struct rp_store_reply *reply, const MDB_val *found)
{
    size_t len = found->mv_size - EXPIRY;

    memcpy(l->value, (const uint8_t *)found->mv_data + EXPIRY, len);
    reply->value = (struct rp_bytes){l->value, len};
}

static int delete_entry(struct lmdb *l, MDB_txn *txn, MDB_val *key, const MDB_val *found)
{
    struct index_key index;
    int code;

    index_key(&index, found->mv_data, key);
    code = mdb_del(txn, l->expiry, &index.val, NULL);
    if (code == 0 || code == MDB_NOTFOUND)
        code = mdb_del(txn, l->entries, key, NULL);
    return code;
}

static int write_entry(struct lmdb *l, MDB_txn *txn, MDB_val *key, struct rp_bytes value,
                       uint64_t expires)
{
    MDB_val room = {EXPIRY + value.len, NULL}, nothing = {0, NULL};
    struct index_key index;
    int code = mdb_put(txn, l->entries, key, &room, MDB_RESERVE);

    if (code != 0)
        return code;
    put_expiry(room.mv_data, expires);
    if (value.len > 0)
        memcpy((uint8_t *)room.mv_data + EXPIRY, value.bytes, value.len);
    index_key(&index, room.mv_data, key);
    return mdb_put(txn, l->expiry, &index.val, &nothing, 0);
}

/* -- making room */

/* Does this table's first entry go? Every entry is fair game when `until` is NEVER. */
static int delete_first(struct lmdb *l, MDB_txn *txn, MDB_cursor *cursor, uint64_t until)
{
    MDB_val at, nothing, key;
    uint8_t copy[RP_STORE_KEY_MAX];
    int code = mdb_cursor_get(cursor, &at, &nothing, MDB_FIRST);

    if (code != 0)
        return code;
    if (at.mv_size <= EXPIRY || at.mv_size > EXPIRY + RP_STORE_KEY_MAX)
        return MDB_CORRUPTED;
    if (get_expiry(at.mv_data) > until)
        return MDB_NOTFOUND;
    key = (MDB_val){at.mv_size - EXPIRY, copy};
    memcpy(copy, (const uint8_t *)at.mv_data + EXPIRY, key.mv_size);
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

static size_t pages_of(MDB_txn *txn, MDB_dbi table)
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
    return pages_of(txn, l->entries) + pages_of(txn, l->expiry) > pages / 4 * 3;
}

static int make_room(struct lmdb *l, MDB_txn *txn, uint64_t now)
{
    int code = delete_until(l, txn, now, EXPIRE_MAX, &l->base.counted->expired);

    if (code == 0 && is_full(l, txn))
        code = delete_until(l, txn, NEVER, EVICT_MAX, &l->base.counted->evicted);
    return code;
}

/* The spare quarter was not enough: readers hold old pages, or a large value finds no pages side by
 * side. What a transaction frees is of use to the one after the next, hence several. */
static int evict_more(struct lmdb *l, unsigned most)
{
    MDB_txn *txn;
    int code = begin(l, 0, &txn);

    if (code != 0)
        return code;
    code = delete_until(l, txn, NEVER, most, &l->base.counted->evicted);
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
    int code = make_room(l, txn, w->now);

    if (code == 0)
        code = find(l, txn, &w->key, &old);
    if (code == 0 && w->found != NULL && is_alive(&old, w->now)) {
        reply_with(l, w->found, &old);
        return MDB_KEYEXIST;
    }
    if (code == 0)
        code = delete_entry(l, txn, &w->key, &old);
    return code == 0 || code == MDB_NOTFOUND ? write_entry(l, txn, &w->key, w->value, w->expires)
                                             : code;
}

static int write_once(struct lmdb *l, struct write *w)
{
    MDB_txn *txn;
    int code = begin(l, 0, &txn);

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

    if (!enter(l))
        return RP_STORE_FAILED;
    w.expires = ttl_ms == 0 || ttl_ms > NEVER - w.now ? NEVER : w.now + ttl_ms;
    code = write_once(l, &w);
    for (unsigned most = EVICT_MAX; code == MDB_MAP_FULL && most <= EVICT_MANY; most *= 2)
        if (evict_more(l, most) == 0)
            code = write_once(l, &w);
    return leave(l, code, RP_STORE_OK, true);
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
    if (!enter(l))
        return RP_STORE_FAILED;
    code = begin(l, MDB_RDONLY, &txn);
    if (code != 0)
        return leave(l, code, RP_STORE_OK, false);
    code = find(l, txn, &at, &found);
    if (code == 0 && !is_alive(&found, rp_wall_ms()))
        code = MDB_NOTFOUND;
    if (code == 0)
        reply_with(l, reply, &found);
    mdb_txn_abort(txn);
    return leave(l, code, RP_STORE_OK, false);
}

static int remove_once(struct lmdb *l, MDB_val *key)
{
    MDB_val found;
    MDB_txn *txn;
    int code = begin(l, 0, &txn);

    if (code != 0)
        return code;
    code = find(l, txn, key, &found);
    if (code == 0)
        code = delete_entry(l, txn, key, &found);
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
    if (!enter(l))
        return RP_STORE_FAILED;
    code = remove_once(l, &at);
    return leave(l, code == MDB_NOTFOUND ? 0 : code, RP_STORE_OK, code != MDB_NOTFOUND);
}

static void lmdb_stats(struct rp_store *store, struct rp_store_stats *stats)
{
    struct lmdb *l = lmdb_of(store);
    MDB_envinfo info;
    MDB_stat stat;
    MDB_txn *txn;

    if (!enter(l))
        return;
    if (begin(l, MDB_RDONLY, &txn) == 0) {
        if (mdb_stat(txn, l->entries, &stat) == 0 && mdb_env_info(l->env, &info) == 0) {
            stats->entries = stat.ms_entries;
            stats->bytes_size = info.me_mapsize;
            stats->bytes_used =
                (pages_of(txn, l->entries) + pages_of(txn, l->expiry)) * stat.ms_psize;
        }
        mdb_txn_abort(txn);
    }
    *l->base.place = 0;
}

static void lmdb_close(struct rp_store *store)
{
    struct lmdb *l = lmdb_of(store);

    close_env(l);
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
    if (rp_lmdb_place_parse(&l->place, uri, directory, err)) {
        l->looked_ms = rp_loop_now(loop);
        return l;
    }
    free(l);
    return NULL;
}

struct rp_store *rp_store_lmdb_open(struct rp_loop *loop, const char *uri, const char *directory,
                                    struct rp_error *err)
{
    struct lmdb *l = lmdb_new(loop, uri, directory, err);
    struct rp_error trouble = {0};
    int code = l != NULL ? open_or_renew(l, &trouble) : 0;

    if (code != 0) {
        describe(err, l, code);
        free(l);
        return NULL;
    }
    if (trouble.code[0] != '\0')
        rp_store_trouble_is(&l->base, &trouble);
    return l != NULL ? &l->base : NULL;
}

struct rp_store *rp_store_lmdb_open_anyway(struct rp_loop *loop, const char *uri,
                                           const char *directory, struct rp_error *err)
{
    struct lmdb *l = lmdb_new(loop, uri, directory, err);
    struct rp_error trouble = {0};
    int code = l != NULL ? open_or_renew(l, &trouble) : 0;

    if (code != 0)
        give_up(l, code);
    else if (trouble.code[0] != '\0')
        rp_store_trouble_is(&l->base, &trouble);
    return l != NULL ? &l->base : NULL;
}
