/* SPDX-License-Identifier: MIT
 *
 * log_file.c - see log_file.h. The danger is a path that the user prepared: a symbolic or hard link
 * to a file of root, to which root would append and whose owner it would change. */
#include "master/generation/log_file.h"

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "master/generation/path_open_to.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uid_t owner_of_files(const struct user *user)
{
    return user_differs(user) ? user->uid : geteuid();
}

typedef int opener(const struct user *, const char *path, struct rp_error *);

static int create(const struct user *user, const char *path, struct rp_error *err)
{
    return rp_file_open(path, RP_LOG_FLAGS | O_CREAT, RP_LOG_MODE, owner_of_files(user), err);
}

/* 0: the file is missing, but could be created. */
static int look(const struct user *user, const char *path, struct rp_error *err)
{
    struct stat st;
    int reason;

    if (lstat(path, &st) == 0 || errno != ENOENT)
        return rp_file_open(path, RP_LOG_FLAGS, 0, owner_of_files(user), err);
    reason = user_could_make(path, 1);
    if (reason == 0)
        return 0;
    rp_error_errno(err, reason, "open", "%s", path);
    return -1;
}

static int as_user(const struct user *user, const char *path, const char *where, opener *opens,
                   struct rp_error *err)
{
    struct user_before before;
    struct rp_error why;
    int fd;

    if (!user_enter(user, &before, err))
        return -1;
    fd = opens(user, path, &why);
    user_leave(&before);
    if (fd < 0)
        rp_error_set(err, why.code, "%s (opened as user '%s', who can change %s)", why.message,
                     user->name, where);
    return fd;
}

static int open_with(const struct user *user, const char *path, opener *opens, struct rp_error *err)
{
    char where[PATH_OPEN_TO_TEXT];

    if (!path_is_open_to(user, path, where))
        return opens(user, path, err);
    if (user_differs(user))
        return as_user(user, path, where, opens, err);
    rp_error_set(err, "ERR_FILE", "%s: all users can change %s; run chmod o-w on it", path, where);
    return -1;
}

int log_file_open(const struct user *user, const char *path, struct rp_error *err)
{
    int fd = open_with(user, path, create, err);
    struct stat st;

    if (fd < 0 || !user_differs(user) || fstat(fd, &st) != 0 || st.st_uid == user->uid ||
        fchown(fd, user->uid, (gid_t)-1) == 0)
        return fd;
    rp_error_errno(err, errno, "chown", "%s", path);
    close(fd);
    return -1;
}

bool log_file_check(const struct user *user, const char *path, struct rp_error *err)
{
    int fd = open_with(user, path, look, err);

    if (fd > 0)
        close(fd);
    return fd >= 0;
}
