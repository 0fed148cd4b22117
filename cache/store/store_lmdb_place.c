/* SPDX-License-Identifier: MIT
 *
 * store_lmdb_place.c - where an lmdb: URI points to, and putting aside what is damaged there.
 * The danger: two processes that put the same file aside. The second would put aside the good one
 * that has taken its place; so a file goes only if it is still the one that was found. */
#include "cache/store/store_lmdb.h"

#include "lib/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

enum { LOCK_MS = 100 };
static const size_t SIZE_DEFAULT = (size_t)64 << 20, SIZE_MIN = (size_t)1 << 20,
                    SIZE_MAX_ = (size_t)1 << 40;

static bool parse_size(size_t *size, const char *text, struct rp_error *err)
{
    char *end = NULL;
    unsigned shift = 0;
    unsigned long long n;

    errno = 0;
    n = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (end != NULL && *end != '\0' && end[1] == '\0')
        shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (end == NULL || errno != 0 || (*end != '\0' && shift == 0) || n > SIZE_MAX_ >> shift ||
        n << shift < SIZE_MIN)
        return rp_error_set(err, "ERR_STORE_URI",
                            "size=%.*s is invalid; use 1M to 1024G, for example size=256M",
                            (int)strcspn(text, "?&="), text);
    *size = (size_t)(n << shift);
    return true;
}

bool rp_lmdb_place_parse(struct rp_lmdb_place *place, const char *uri, const char *directory,
                         struct rp_error *err)
{
    const char *path = uri + strlen("lmdb:"), *query = strchr(path, '?');
    int len = query != NULL ? (int)(query - path) : (int)strlen(path), written;
    bool relative = directory != NULL && *path != '/';

    place->size = SIZE_DEFAULT;
    if (len == 0 || path[len - 1] == '/')
        return rp_error_set(err, "ERR_STORE_URI",
                            "lmdb: has no file name; use for example lmdb:sessions");
    if (query != NULL && strncmp(query, "?size=", 6) != 0)
        return rp_error_set(err, "ERR_STORE_URI", "%.*s is invalid; lmdb: has one option, ?size=",
                            (int)strcspn(query, "="), query);
    if (query != NULL && !parse_size(&place->size, query + 6, err))
        return false;
    written = snprintf(place->path, sizeof place->path, "%s%s%.*s", relative ? directory : "",
                       relative ? "/" : "", len, path);
    if (written < 0 || (size_t)written >= sizeof place->path - sizeof ".damaged")
        return rp_error_set(err, "ERR_STORE_URI", "the path of lmdb: is too long");
    return true;
}

bool rp_store_lmdb_check(const char *uri, struct rp_error *err)
{
    struct rp_lmdb_place place;

    return rp_lmdb_place_parse(&place, uri, NULL, err);
}

/* A lock that the kernel takes back from the dead, so that looking and renaming are one. */
static int lock_directory(const char *path)
{
    char directory[RP_LMDB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd, why;

    snprintf(directory, sizeof directory, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && !rp_file_lock(fd, LOCK_MS)) {
        why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

static bool move_aside(const char *path, struct rp_error *err)
{
    char to[RP_LMDB_PATH_MAX + 16], lock[RP_LMDB_PATH_MAX + 16];

    snprintf(to, sizeof to, "%s.damaged", path);
    snprintf(lock, sizeof lock, "%s-lock", path);
    if (rename(path, to) != 0 && errno != ENOENT)
        return rp_error_errno(err, errno, "rename", "%s", path);
    unlink(lock); /* who has it open keeps it; the next one to come makes another */
    return true;
}

bool rp_lmdb_place_set_aside(const struct rp_lmdb_place *place, uint64_t file, struct rp_error *err)
{
    struct stat st;
    bool ok = true;
    int lock = lock_directory(place->path);

    if (lock < 0)
        return rp_error_errno(err, errno, "open", "the directory of %s", place->path);
    if (file == RP_STORE_OPENING || (stat(place->path, &st) == 0 && st.st_ino == file))
        ok = move_aside(place->path, err);
    close(lock);
    return ok;
}

bool rp_store_lmdb_set_aside(const char *uri, const char *directory, uint64_t found,
                             struct rp_error *err)
{
    struct rp_lmdb_place place;

    return rp_lmdb_place_parse(&place, uri, directory, err) &&
           rp_lmdb_place_set_aside(&place, found, err);
}
