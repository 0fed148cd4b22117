/* SPDX-License-Identifier: MIT
 *
 * pid_file.c - the lock is POSIX's (fcntl): it is not inherited by the processes that the master
 * forks, so it says of the master itself whether it lives, and F_GETLK tells its pid.
 * The danger: a POSIX lock is lost when the process closes any descriptor of the file; nothing else
 * in the master may open it. */
#include "master/pid_file.h"

#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *path_of(const char *run_dir)
{
    char *path;

    return asprintf(&path, "%s/reprise.pid", run_dir) < 0 ? NULL : path;
}

/* Whoever holds the lock; 0 = nobody. */
static pid_t holder(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

/* Between our open and our lock a master that was leaving may have removed the file. */
static bool still_there(int fd, const char *path)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

static int open_locked(const char *path, struct rp_error *err)
{
    for (;;) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct rp_error why;
        int fd = rp_file_open(path, O_RDWR | O_CREAT, 0644, geteuid(), &why);

        if (fd < 0) {
            rp_error_set(err, why.code, "%s; choose another run-dir or set its owner", why.message);
            return -1;
        }
        if (fcntl(fd, F_SETLK, &lock) != 0) {
            rp_error_set(
                err, "EEXIST",
                "%s: reprise is already running, as process %d; stop it (reprise stop) or choose "
                "another run-dir",
                path, (int)holder(fd));
            close(fd);
            return -1;
        }
        if (still_there(fd, path))
            return fd;
        close(fd);
    }
}

bool pid_file_take(struct pid_file *file, const char *run_dir, struct rp_error *err)
{
    char *path = path_of(run_dir);

    *file = (struct pid_file){.fd = -1};
    if (path == NULL)
        return rp_error_errno(err, ENOMEM, "malloc", "pid file");
    file->fd = open_locked(path, err);
    if (file->fd < 0) {
        free(path);
        return false;
    }
    if (ftruncate(file->fd, 0) != 0 || dprintf(file->fd, "%d\n", (int)getpid()) < 0) {
        rp_error_errno(err, errno, "write", "%s", path);
        file->path = path;
        pid_file_drop(file);
        return false;
    }
    file->path = path;
    return true;
}

void pid_file_drop(struct pid_file *file)
{
    if (file->path == NULL)
        return;
    if (still_there(file->fd, file->path))
        unlink(file->path); /* first, while the lock still tells others to wait */
    close(file->fd);
    free(file->path);
    file->path = NULL;
}

bool pid_file_is_lost(const struct pid_file *file)
{
    return file->path != NULL && !still_there(file->fd, file->path);
}

bool pid_file_renew(struct pid_file *file, const char *run_dir, struct rp_error *err)
{
    struct pid_file fresh;

    if (!pid_file_take(&fresh, run_dir, err))
        return false;
    pid_file_drop(file);
    *file = fresh;
    return true;
}

void pid_file_close_here(struct pid_file *file)
{
    if (file->path != NULL)
        close(file->fd);
    file->fd = -1;
}

pid_t pid_file_owner(const char *run_dir, struct rp_error *err)
{
    char *path = path_of(run_dir);
    struct rp_error why;
    pid_t pid = 0;
    int fd;

    if (path == NULL) {
        rp_error_errno(err, ENOMEM, "malloc", "pid file");
        return -1;
    }
    fd = rp_file_open(path, O_RDONLY, 0, RP_FILE_ANY_OWNER, &why);
    if (fd >= 0) {
        pid = holder(fd);
        close(fd);
    } else if (strcmp(why.code, "ENOENT") != 0) {
        rp_error_set(err, why.code, "%s", why.message);
        pid = -1;
    }
    free(path);
    return pid;
}
