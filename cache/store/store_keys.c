/* SPDX-License-Identifier: MIT
 *
 * store_keys.c - entries in slots of a file, overwritten when they have expired; see store_keys.h.
 * A slot: expiry (8, big endian; 0 = free) | length (2) | key (32) | value, zeros behind it.
 *
 * The dangers: something that stays. Whoever calls for whatever reason overwrites what has expired,
 * and nothing read is left in memory. Two processes at once: changes are made under a lock of the
 * file, which the kernel takes back from the dead; it is not waited for longer than WAIT_MS. A file
 * that somebody damaged: a slot is believed by nobody before its seal is checked (seal.h), and one
 * that makes no sense is overwritten. */
#include "cache/store/store_keys.h"
#include "lib/base/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"

enum {
    KEY = 32,
    HEAD = 8 + 2 + KEY,
    SLOT = 256,
    FILE_SIZE = RP_STORE_KEYS_SLOTS * SLOT,
    PATH_MAX_ = 4096,
    WAIT_MS = 50,
};
_Static_assert(HEAD + RP_STORE_KEYS_VALUE_MAX <= SLOT, "a slot holds an entry");

struct keys_file {
    struct rp_store base;
    uint64_t (*now_ms)(void);
    char path[PATH_MAX_];
    int fd;                                 /* -1: not open */
    uint8_t value[RP_STORE_KEYS_VALUE_MAX]; /* of the last reply */
    uint8_t slots[RP_STORE_KEYS_SLOTS][SLOT];
};

static struct keys_file *file_of(struct rp_store *store)
{
    return (struct keys_file *)store;
}

/* -- the file */

static void let_go(struct keys_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

static bool ill(struct keys_file *f, const char *call, int code)
{
    struct rp_error error;

    rp_error_errno(&error, code, call, "%s", f->path);
    rp_store_trouble_is(&f->base, &error);
    let_go(f);
    return false;
}

/* It may have been deleted, or replaced, while we had it open. */
static bool is_open(struct keys_file *f)
{
    struct stat ours, there;

    if (f->fd >= 0 && (fstat(f->fd, &ours) != 0 || stat(f->path, &there) != 0 ||
                       ours.st_ino != there.st_ino || ours.st_dev != there.st_dev))
        let_go(f);
    if (f->fd >= 0)
        return true;
    f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (f->fd < 0)
        return ill(f, "open", errno);
    if (fstat(f->fd, &ours) != 0 || !S_ISREG(ours.st_mode))
        return ill(f, "open", EINVAL);
    return true;
}

static bool lock(struct keys_file *f)
{
    return rp_file_lock(f->fd, WAIT_MS) || ill(f, "flock", errno);
}

static bool read_slots(struct keys_file *f)
{
    ssize_t got = pread(f->fd, f->slots, sizeof f->slots, 0);

    if (got < 0)
        return ill(f, "read", errno);
    memset((uint8_t *)f->slots + got, 0, sizeof f->slots - (size_t)got);
    return true;
}

static bool write_slot(struct keys_file *f, size_t slot)
{
    ssize_t written = pwrite(f->fd, f->slots[slot], SLOT, (off_t)(slot * SLOT));

    if (written != SLOT)
        return ill(f, "write", written < 0 ? errno : ENOSPC);
    return true;
}

/* -- slots */

static uint64_t expiry_of(const uint8_t *slot)
{
    return rp_load_uint(slot, 8);
}

static size_t length_of(const uint8_t *slot)
{
    return (size_t)rp_load_uint(slot + 8, 2);
}

static bool is_past(const uint8_t *slot, uint64_t now)
{
    return expiry_of(slot) != 0 &&
           (expiry_of(slot) <= now || length_of(slot) > RP_STORE_KEYS_VALUE_MAX);
}

static bool erase(struct keys_file *f, size_t slot)
{
    memset(f->slots[slot], 0, SLOT);
    return write_slot(f, slot);
}

static bool any_past(const struct keys_file *f, uint64_t now)
{
    for (size_t i = 0; i < RP_STORE_KEYS_SLOTS; i++)
        if (is_past(f->slots[i], now))
            return true;
    return false;
}

static bool erase_past(struct keys_file *f, uint64_t now)
{
    for (size_t i = 0; i < RP_STORE_KEYS_SLOTS; i++)
        if (is_past(f->slots[i], now) && !erase(f, i))
            return false;
    return true;
}

/* RP_STORE_KEYS_SLOTS: not found. */
static size_t find(const struct keys_file *f, struct rp_bytes key)
{
    size_t i = 0;

    while (i < RP_STORE_KEYS_SLOTS &&
           (expiry_of(f->slots[i]) == 0 || memcmp(f->slots[i] + HEAD - KEY, key.bytes, KEY) != 0))
        i++;
    return i;
}

/* A free one, or that of what expires first. */
static size_t room(const struct keys_file *f)
{
    size_t first = 0;

    for (size_t i = 0; i < RP_STORE_KEYS_SLOTS; i++)
        if (expiry_of(f->slots[i]) < expiry_of(f->slots[first]))
            first = i;
    return first;
}

static bool fill(struct keys_file *f, size_t slot, struct rp_bytes key, struct rp_bytes value,
                 uint64_t expires)
{
    struct rp_writer w = rp_writer_of(f->slots[slot], SLOT);

    memset(f->slots[slot], 0, SLOT);
    rp_writer_uint(&w, expires, 8);
    rp_writer_uint(&w, value.len, 2);
    rp_writer_bytes(&w, key.bytes, KEY);
    rp_writer_bytes(&w, value.bytes, value.len);
    return write_slot(f, slot);
}

static void reply_with(struct keys_file *f, size_t slot, struct rp_store_reply *reply)
{
    size_t len = length_of(f->slots[slot]);

    memcpy(f->value, f->slots[slot] + HEAD, len);
    reply->value = (struct rp_bytes){f->value, len};
}

/* -- calls */

/* What has expired is gone when this returns true; all slots are in memory, the lock may be held.
 */
static bool enter(struct keys_file *f, bool changes)
{
    uint64_t now = f->now_ms();

    if (!is_open(f) || (changes && !lock(f)) || !read_slots(f))
        return false;
    if (!any_past(f, now))
        return true;
    return (changes || (lock(f) && read_slots(f))) && erase_past(f, now);
}

static enum rp_store_status leave(struct keys_file *f, enum rp_store_status status)
{
    if (f->fd >= 0) {
        flock(f->fd, LOCK_UN);
        rp_store_trouble_is(&f->base, NULL);
    }
    explicit_bzero(f->slots, sizeof f->slots);
    return status;
}

static bool fits(struct rp_bytes key, struct rp_bytes value)
{
    return key.len == KEY && value.len <= RP_STORE_KEYS_VALUE_MAX;
}

static enum rp_store_status keys_get(struct rp_store *store, struct rp_bytes key,
                                     struct rp_store_reply *reply, struct rp_store_call *later)
{
    struct keys_file *f = file_of(store);
    size_t slot;

    (void)later;
    if (key.len != KEY || !enter(f, false))
        return leave(f, RP_STORE_FAILED);
    slot = find(f, key);
    if (slot == RP_STORE_KEYS_SLOTS)
        return leave(f, RP_STORE_MISSING);
    reply_with(f, slot, reply);
    return leave(f, RP_STORE_OK);
}

/* `found` NULL: replace what is there. */
static enum rp_store_status write_out(struct keys_file *f, struct rp_bytes key,
                                      struct rp_bytes value, uint64_t ttl_ms,
                                      struct rp_store_reply *found)
{
    size_t slot;

    if (!fits(key, value) || ttl_ms == 0 || !enter(f, true))
        return leave(f, RP_STORE_FAILED);
    slot = find(f, key);
    if (slot < RP_STORE_KEYS_SLOTS && found != NULL) {
        reply_with(f, slot, found);
        return leave(f, RP_STORE_EXISTS);
    }
    if (slot == RP_STORE_KEYS_SLOTS)
        slot = room(f);
    return leave(f,
                 fill(f, slot, key, value, f->now_ms() + ttl_ms) ? RP_STORE_OK : RP_STORE_FAILED);
}

static enum rp_store_status keys_put(struct rp_store *store, struct rp_bytes key,
                                     struct rp_bytes value, uint64_t ttl_ms,
                                     struct rp_store_call *later)
{
    (void)later;
    return write_out(file_of(store), key, value, ttl_ms, NULL);
}

static enum rp_store_status keys_add(struct rp_store *store, struct rp_bytes key,
                                     struct rp_bytes value, uint64_t ttl_ms,
                                     struct rp_store_reply *reply, struct rp_store_call *later)
{
    (void)later;
    return write_out(file_of(store), key, value, ttl_ms, reply);
}

static enum rp_store_status keys_remove(struct rp_store *store, struct rp_bytes key,
                                        struct rp_store_call *later)
{
    struct keys_file *f = file_of(store);
    size_t slot;

    (void)later;
    if (key.len != KEY || !enter(f, true))
        return leave(f, RP_STORE_FAILED);
    slot = find(f, key);
    return leave(f, slot == RP_STORE_KEYS_SLOTS || erase(f, slot) ? RP_STORE_OK : RP_STORE_FAILED);
}

static void keys_close(struct rp_store *store)
{
    struct keys_file *f = file_of(store);

    let_go(f);
    explicit_bzero(f->value, sizeof f->value);
    free(f);
}

struct rp_store *rp_store_keys_open(struct rp_loop *loop, const char *path,
                                    uint64_t (*now_ms)(void), struct rp_error *err)
{
    static const struct rp_store_ops ops = {
        .kind = "keys",
        .get = keys_get,
        .put = keys_put,
        .add = keys_add,
        .remove = keys_remove,
        .close = keys_close,
    };
    struct keys_file *f = calloc(1, sizeof *f);

    if (f == NULL || strlen(path) >= sizeof f->path) {
        free(f);
        rp_error_set(err, "ENOMEM", "no memory for the path %.200s", path);
        return NULL;
    }
    rp_store_init(&f->base, &ops, loop);
    f->now_ms = now_ms != NULL ? now_ms : rp_wall_ms;
    f->fd = -1;
    memcpy(f->path, path, strlen(path) + 1);
    return &f->base;
}
