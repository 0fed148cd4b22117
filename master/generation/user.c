/* SPDX-License-Identifier: MIT
 *
 * user.c - look users up, become them, make directories for them.
 * The danger: giving up root by halves. Groups go first, and afterwards it is tried whether root
 * can be had back; if it can, this is an error. */
#include "master/generation/user.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct passwd *look_up(const char *name, struct rp_error *err)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(name);
    if (entry == NULL && errno != 0 && errno != ENOENT)
        rp_error_errno(err, errno, "getpwnam", "%s", name);
    else if (entry == NULL)
        rp_error_set(err, "ERR_USER",
                     "user: there is no user '%s' on this system; name one, or take the line out",
                     name);
    return entry;
}

bool user_find(struct user *user, const char *name, struct rp_error *err)
{
    const struct passwd *entry;

    *user = (struct user){0};
    if (name == NULL)
        return true;
    if ((entry = look_up(name, err)) == NULL)
        return false;
    if (geteuid() != 0) {
        if (entry->pw_uid == geteuid())
            return true;
        return rp_error_set(err, "EPERM",
                            "user: only root can become '%s'; start as root, or take the line out",
                            name);
    }
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    user->name = strdup(name);
    return user->name != NULL || rp_error_errno(err, ENOMEM, "malloc", "the user");
}

void user_clear(struct user *user)
{
    free(user->name);
    *user = (struct user){0};
}

bool user_become(const struct user *user, struct rp_error *err)
{
    if (user->name == NULL || (user->uid == 0 && geteuid() == 0))
        return true;
    if (initgroups(user->name, user->gid) != 0 || setgid(user->gid) != 0 || setuid(user->uid) != 0)
        return rp_error_errno(err, errno, "setuid", "cannot become user '%s'", user->name);
    if (setuid(0) == 0)
        return rp_error_set(err, "ERR_USER", "root could be had back after becoming user '%s'",
                            user->name);
    return true;
}

static bool make(const struct user *user, const char *path, mode_t mode, struct rp_error *err)
{
    if (mkdir(path, mode) != 0)
        return errno == EEXIST ||
               rp_error_errno(err, errno, "mkdir", "%s; make it, or choose another place", path);
    if (user->name != NULL && chown(path, user->uid, user->gid) != 0)
        return rp_error_errno(err, errno, "chown", "%s", path);
    return true;
}

/* Parents that are missing are open to all, as the system's own directories are. */
static bool make_parents(const char *path, struct rp_error *err)
{
    static const struct user nobody;
    char parent[PATH_MAX];

    if (snprintf(parent, sizeof parent, "%s", path) >= (int)sizeof parent)
        return rp_error_set(err, "ENAMETOOLONG", "%s: the path is too long", path);
    for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make(&nobody, parent, 0755, err))
            return false;
        *slash = '/';
    }
    return true;
}

bool user_directory(const struct user *user, const char *path, mode_t mode, const char *option,
                    struct rp_error *err)
{
    struct rp_error why;
    struct stat st;

    if (stat(path, &st) != 0) {
        if (!make_parents(path, &why) || !make(user, path, mode, &why))
            return rp_error_set(err, why.code, "%s: %s", option, why.message);
        if (stat(path, &st) != 0)
            return rp_error_errno(err, errno, "stat", "%s: %s", option, path);
    }
    if (!S_ISDIR(st.st_mode))
        return rp_error_set(err, "ENOTDIR", "%s: %s is not a directory", option, path);
    if (user->name != NULL && st.st_uid != user->uid)
        return rp_error_set(err, "EACCES", "%s: %s doesn't belong to user '%s'; chown it", option,
                            path, user->name);
    return true;
}
