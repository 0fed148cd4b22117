/* SPDX-License-Identifier: MIT
 *
 * file.c - open files safely; see file.h. */
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool not_regular(const char *path, struct rp_error *err)
{
    return rp_error_set(err, "ERR_FILE", "%s is not a regular file", path);
}

static bool explain(const char *path, int reason, struct rp_error *err)
{
    if (reason == ELOOP)
        return rp_error_set(err, "ELOOP",
                            "%s is a symbolic link, or one is on the way; name the file itself",
                            path);
    if (reason == ENXIO || reason == ENODEV) /* a FIFO without a reader, or a socket */
        return not_regular(path, err);
    return rp_error_errno(err, reason, "open", "%s", path);
}

static bool check(int fd, const char *path, uid_t owner, struct rp_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return rp_error_errno(err, errno, "fstat", "%s", path);
    if (!S_ISREG(st.st_mode))
        return not_regular(path, err);
    if (st.st_nlink > 1)
        return rp_error_set(err, "ERR_FILE",
                            "%s has %lu hard links; remove the others, or the file", path,
                            (unsigned long)st.st_nlink);
    if (owner != RP_FILE_ANY_OWNER && st.st_uid != 0 && st.st_uid != owner)
        return rp_error_set(err, "ERR_FILE",
                            "%s belongs to user %u, who is neither root nor user %u; chown it, or "
                            "remove it",
                            path, (unsigned)st.st_uid, (unsigned)owner);
    return true;
}

int rp_file_open(const char *path, int flags, mode_t mode, uid_t owner, struct rp_error *err)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, mode);

    if (fd < 0) {
        explain(path, errno, err);
        return -1;
    }
    if (check(fd, path, owner, err))
        return fd;
    close(fd);
    return -1;
}

/* Returns the number of bytes; -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, bytes + len, size - len);
        if (n < 0 && errno != EINTR)
            return -1;
        len += n > 0 ? (size_t)n : 0;
    } while (n != 0 && len < size);
    return (ssize_t)len;
}

ssize_t rp_file_read(const char *path, void *bytes, size_t size, struct rp_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t len = -1;
    struct stat st;

    if (fd < 0) {
        rp_error_errno(err, errno, "open", "%s", path);
        return -1;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        not_regular(path, err);
    else if ((len = read_all(fd, bytes, size)) < 0)
        rp_error_errno(err, errno, "read", "%s", path);
    close(fd);
    return len;
}

bool rp_file_lock(int fd, unsigned wait_ms)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        if (waited == wait_ms) {
            errno = ETIMEDOUT;
            return false;
        }
        nanosleep(&moment, NULL);
    }
    return true;
}
