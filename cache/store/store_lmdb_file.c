/* SPDX-License-Identifier: MIT
 *
 * store_lmdb_file.c - the file of the LMDB store: opened, watched, opened anew. */
#include "cache/store/store_lmdb_internal.h"
#include "cache/store/lmdb_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    READERS = 1024,                   /* processes that may look at the same time */
    LOCKS_SIZE = 64 * READERS + 4096, /* of the lock file: 64 bytes for each, and a head */
    LOOK_MS = 1000, /* between looks at whether the file is still the one at its path */
    RETRY_FIRST_MS = 500,
    RETRY_LAST_MS = 30000,
    CALM_MS = 5000, /* without a failed write, before writing is called well */
    OPEN_CPU_S = 2, /* of CPU time for opening, which needs milliseconds */
    LOCK_MS = 100,  /* for a lock that another process holds; it is held for less than 1 ms */
};

/* -- opening */

/* A transaction that meets damage ends with one of these; all that it is asked afterwards ends with
 * MDB_BAD_TXN. */
static bool is_damage(int code)
{
    switch (code) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_DBI:
    case MDB_BAD_TXN:
    case MDB_BAD_VALSIZE:
    case MDB_CURSOR_FULL:
        return true;
    default:
        return false;
    }
}

/* After a commit whose last write failed LMDB refuses all else, until it is opened again. The file
 * is as it was. */
static bool is_over(int code)
{
    return code == MDB_PANIC || is_damage(code);
}

/* Once a lock timed out, it is only tried, until it is free again: one wait, not one a call. */
static int begin_in_time(struct lmdb *l, unsigned flags, MDB_txn **txn)
{
    bool *busy = (flags & MDB_RDONLY) != 0 ? &l->readers_busy : &l->writer_busy;
    int code;

    rp_lmdb_lock_limit(*busy ? 0 : LOCK_MS);
    code = mdb_txn_begin(l->env, NULL, flags, txn);
    rp_lmdb_lock_limit(RP_LMDB_LOCK_WAIT);
    *busy = code == ETIMEDOUT;
    return code;
}

/* Frees the slots of readers that died. */
static int check_readers(struct lmdb *l)
{
    int code;

    rp_lmdb_lock_limit(LOCK_MS);
    code = mdb_reader_check(l->env, NULL);
    rp_lmdb_lock_limit(RP_LMDB_LOCK_WAIT);
    return code;
}

int rp_lmdb_begin(struct lmdb *l, unsigned flags, MDB_txn **txn)
{
    int code = begin_in_time(l, flags, txn);

    if (code == MDB_MAP_RESIZED) { /* another process was told to let it grow larger */
        code = mdb_env_set_mapsize(l->env, 0);
        if (code == 0)
            code = begin_in_time(l, flags, txn);
    }
    if (code == MDB_READERS_FULL && check_readers(l) == 0)
        code = begin_in_time(l, flags, txn);
    return code;
}

static int open_tables_in(struct lmdb *l, MDB_txn *txn, unsigned flags)
{
    int code = mdb_dbi_open(txn, "entries", flags, &l->entries);

    if (code == 0)
        code = mdb_dbi_open(txn, "expiry", flags, &l->expiry);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* Without the write lock, if they are there: who holds it may be stopped. */
static int open_tables(struct lmdb *l)
{
    MDB_txn *txn;
    int code = rp_lmdb_begin(l, MDB_RDONLY, &txn);

    if (code == 0)
        code = open_tables_in(l, txn, 0);
    if (code != MDB_NOTFOUND)
        return code;
    code = rp_lmdb_begin(l, 0, &txn);
    return code == 0 ? open_tables_in(l, txn, MDB_CREATE) : code;
}

/* The bytes of the file that LMDB uses; -1: the file says what cannot be. */
static off_t bytes_used(const struct lmdb *l)
{
    MDB_envinfo info;
    MDB_stat stat;

    if (mdb_env_info(l->env, &info) != 0 || mdb_env_stat(l->env, &stat) != 0 ||
        info.me_last_pgno >= info.me_mapsize / stat.ms_psize)
        return -1;
    return (off_t)(info.me_last_pgno + 1) * stat.ms_psize;
}

/* A process that reads a page beyond the end of the file is ended by SIGBUS. In a file that was cut
 * short LMDB finds zeros instead, and reports that the page is invalid. */
static int fill_up(const struct lmdb *l, const struct stat *st)
{
    off_t used = bytes_used(l), most = (off_t)l->place.size;
    int fd;

    if (used < 0 || (used > st->st_size && used > most))
        return MDB_CORRUPTED;
    if (used <= st->st_size)
        return 0;
    return mdb_env_get_fd(l->env, &fd) == 0 ? posix_fallocate(fd, 0, used) : MDB_CORRUPTED;
}

void rp_lmdb_close(struct lmdb *l)
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

/* LMDB maps what the file says its size is, if that is more than what it was told. */
static bool has_room_for_map(const struct lmdb *l)
{
    void *map =
        mmap(NULL, l->place.size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return map != MAP_FAILED && munmap(map, l->place.size) == 0;
}

/* In a damaged file a page may name itself as its child, and LMDB then searches without end.
 * Opening takes milliseconds; a process that spends seconds of CPU time on it is ended by
 * SIGVTALRM, and its parent puts the file aside as after any other crash in it. */
static void limit_cpu(time_t seconds)
{
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_value.tv_sec = seconds}, NULL);
}

/* A size or number of a page that cannot be is damage; LMDB hands on what mmap thinks of it. */
static int try_open_env(struct lmdb *l)
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
        check_readers(l);
        code = open_tables(l);
    }
    if (code == 0)
        l->file = st.st_ino;
    else
        rp_lmdb_close(l);
    return code == EINVAL || (code == ENOMEM && has_room_for_map(l)) ? MDB_INVALID : code;
}

void rp_lmdb_describe(struct rp_error *error, const struct lmdb *l, int code)
{
    const char *path = l->place.path;

    if (is_damage(code))
        rp_error_set(error, "ERR_STORE_DAMAGED", "%s is damaged (%s); it is renamed to %s.damaged",
                     path, mdb_strerror(code), path);
    else if (code == ETIMEDOUT)
        rp_error_set(
            error, "ETIMEDOUT",
            "another process has held the %s lock of %s for over %d ms; it may be stopped: "
            "find it with fuser %s-lock",
            l->writer_busy ? "write" : "reader", path, LOCK_MS, path);
    else if (code == EAGAIN)
        rp_error_set(error, "ERR_STORE_SHARED",
                     "%s is in use by a process with the same process ID (%d) in another container "
                     "or PID namespace; give each container its own state-dir",
                     path, (int)getpid());
    else if (code > 0 && l->env == NULL)
        rp_error_errno(error, code, "open", "%s", path);
    else if (code > 0)
        rp_error_errno(error, code, "write", "%s (is the disk full, or failing?)", path);
    else
        rp_error_set(error, "ERR_STORE", "%s: %s", path, mdb_strerror(code));
}

static int open_env(struct lmdb *l)
{
    int code;

    limit_cpu(OPEN_CPU_S);
    code = try_open_env(l);
    limit_cpu(0);
    return code;
}

/* What is damaged beyond opening is put aside, and a new file made. */
static int open_or_renew(struct lmdb *l, struct rp_error *trouble)
{
    struct stat st;
    uint64_t file = stat(l->place.path, &st) == 0 ? st.st_ino : 0;
    int code = open_env(l);

    if (!is_damage(code))
        return code;
    rp_lmdb_describe(trouble, l, code);
    return file != 0 && rp_lmdb_place_set_aside(&l->place, file, NULL) ? open_env(l) : code;
}

int rp_lmdb_open(struct lmdb *l)
{
    struct rp_error trouble = {0};
    int code = open_or_renew(l, &trouble);

    l->looked_ms = rp_loop_now(l->base.loop);
    if (code == 0 && trouble.code[0] != '\0')
        rp_store_trouble_is(&l->base, &trouble);
    return code;
}

/* -- troubles */

/* From now on nothing is asked, until it is time to try anew. */
void rp_lmdb_give_up(struct lmdb *l, int code)
{
    struct rp_error error = {0};

    rp_lmdb_describe(&error, l, code);
    rp_lmdb_close(l);
    if (is_damage(code))
        rp_lmdb_place_set_aside(&l->place, l->file, NULL);
    l->wait_ms = l->wait_ms == 0              ? RETRY_FIRST_MS
                 : l->wait_ms < RETRY_LAST_MS ? l->wait_ms * 2
                                              : l->wait_ms;
    l->retry_ms = rp_loop_now(l->base.loop) + l->wait_ms;
    rp_store_trouble_is(&l->base, &error);
}

/* The file may have been put aside, deleted or cut short while we had it open. */
static void look(struct lmdb *l, uint64_t now)
{
    struct stat st;

    if (now - l->looked_ms < LOOK_MS)
        return;
    l->looked_ms = now;
    if (stat(l->place.path, &st) != 0 || st.st_ino != l->file) {
        rp_lmdb_close(l);
        l->retry_ms = now;
    } else if (st.st_size < bytes_used(l)) {
        rp_lmdb_give_up(l, MDB_CORRUPTED);
    }
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
            rp_lmdb_give_up(l, code);
    }
    return l->env != NULL;
}

bool rp_lmdb_enter(struct lmdb *l)
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
    rp_lmdb_describe(&error, l, code);
    rp_store_trouble_is(&l->base, &error);
}

enum rp_store_status rp_lmdb_leave(struct lmdb *l, int code, bool writing)
{
    if (writing && code == MDB_PANIC)
        l->write_failed_ms = rp_loop_now(l->base.loop);
    if (is_over(code))
        rp_lmdb_give_up(l, code);
    else if (code != 0 && code != MDB_NOTFOUND && code != MDB_KEYEXIST)
        is_ill(l, code, writing);
    else
        is_well(l, writing && code == 0);
    *l->base.place = 0;
    return code == 0              ? RP_STORE_OK
           : code == MDB_NOTFOUND ? RP_STORE_MISSING
           : code == MDB_KEYEXIST ? RP_STORE_EXISTS
                                  : RP_STORE_FAILED;
}
