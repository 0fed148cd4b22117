/* SPDX-License-Identifier: MIT
 *
 * user.c - look up users, switch to them, create directories for them. The danger: dropping root
 * incompletely. Groups are set first, and afterwards the process tries to become root again; if it
 * can, that is an error. */
#include "master/generation/user.h"

#include "master/generation/path_open_to.h"

#include <errno.h>
#include <fcntl.h>
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
                     "user: unknown user '%s'; name an existing one, or remove the line", name);
    return entry;
}

static bool find_groups(struct user *user)
{
    gid_t *groups;

    user->group_count = 16;
    do {
        groups = realloc(user->groups, (size_t)user->group_count * sizeof *groups);
        if (groups == NULL)
            return false;
        user->groups = groups;
    } while (getgrouplist(user->name, user->gid, groups, &user->group_count) < 0);
    return true;
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
                            "user: only root can become '%s'; start as root, or remove the line",
                            name);
    }
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    user->name = strdup(name);
    return (user->name != NULL && find_groups(user)) ||
           rp_error_errno(err, ENOMEM, "malloc", "the user");
}

void user_clear(struct user *user)
{
    free(user->name);
    free(user->groups);
    *user = (struct user){0};
}

bool user_differs(const struct user *user)
{
    return user->name != NULL && user->uid != 0;
}

bool user_become(const struct user *user, struct rp_error *err)
{
    if (!user_differs(user))
        return true;
    if (setgroups((size_t)user->group_count, user->groups) != 0 || setgid(user->gid) != 0 ||
        setuid(user->uid) != 0)
        return rp_error_errno(err, errno, "setuid", "cannot become user '%s'", user->name);
    if (setuid(0) == 0)
        return rp_error_set(err, "ERR_USER",
                            "root privileges could be regained after becoming user '%s'",
                            user->name);
    return true;
}

static bool save_groups(struct user_before *before)
{
    before->gid = getegid();
    before->group_count = getgroups(0, NULL);
    if (before->group_count < 0)
        return false;
    before->groups = calloc((size_t)before->group_count + 1, sizeof *before->groups);
    return before->groups != NULL &&
           getgroups(before->group_count, before->groups) == before->group_count;
}

bool user_enter(const struct user *user, struct user_before *before, struct rp_error *err)
{
    *before = (struct user_before){.group_count = -1};
    if (!user_differs(user) || geteuid() != 0)
        return true;
    if (save_groups(before) && setgroups((size_t)user->group_count, user->groups) == 0 &&
        setegid(user->gid) == 0 && seteuid(user->uid) == 0)
        return true;
    rp_error_errno(err, errno, "seteuid", "cannot act as user '%s'", user->name);
    user_leave(before);
    return false;
}

/* Exit rather than continue with some of root's rights. */
void user_leave(struct user_before *before)
{
    int reason = errno;

    if (before->group_count >= 0 && (seteuid(0) != 0 || setegid(before->gid) != 0 ||
                                     setgroups((size_t)before->group_count, before->groups) != 0))
        abort();
    free(before->groups);
    *before = (struct user_before){.group_count = -1};
    errno = reason;
}

static bool make(const struct user *user, const char *path, mode_t mode, struct rp_error *err)
{
    if (mkdir(path, mode) != 0)
        return errno == EEXIST ||
               rp_error_errno(err, errno, "mkdir", "%s; create it, or choose another directory",
                              path);
    if (user->name != NULL && chown(path, user->uid, user->gid) != 0)
        return rp_error_errno(err, errno, "chown", "%s", path);
    return true;
}

/* Missing parents are created readable by all users, as the system's own directories are. */
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

/* If the user can change the path, root creates nothing and changes no owner there. */
static bool make_directory(const struct user *user, const char *path, mode_t mode,
                           struct rp_error *err)
{
    static const struct user nobody;
    struct user_before before;
    bool ok;

    if (!path_is_open_to(user, path, NULL))
        return make_parents(path, err) && make(user, path, mode, err);
    if (!user_enter(user, &before, err))
        return false;
    ok = make_parents(path, err) && make(&nobody, path, mode, err);
    user_leave(&before);
    return ok;
}

/* The master stays root and opens files in it. */
static bool is_closed_to_others(const char *path, const char *option, struct rp_error *err)
{
    static const struct user nobody;
    char where[PATH_OPEN_TO_TEXT], inside[PATH_MAX];

    if (snprintf(inside, sizeof inside, "%s/.", path) >= (int)sizeof inside)
        return rp_error_set(err, "ENAMETOOLONG", "%s: the path is too long", option);
    return !path_is_open_to(&nobody, inside, where) ||
           rp_error_set(err, "EACCES", "%s: all users can change %s; run chmod o-w on it", option,
                        where);
}

bool user_directory(const struct user *user, const char *path, mode_t mode, const char *option,
                    struct rp_error *err)
{
    struct rp_error why;
    struct stat st;

    if (stat(path, &st) != 0) {
        if (!make_directory(user, path, mode, &why))
            return rp_error_set(err, why.code, "%s: %s", option, why.message);
        if (stat(path, &st) != 0)
            return rp_error_errno(err, errno, "stat", "%s: %s", option, path);
    }
    if (!S_ISDIR(st.st_mode))
        return rp_error_set(err, "ENOTDIR", "%s: %s is not a directory", option, path);
    if (user->name != NULL && st.st_uid != user->uid)
        return rp_error_set(err, "EACCES", "%s: %s doesn't belong to user '%s'; chown it", option,
                            path, user->name);
    return user_differs(user) || is_closed_to_others(path, option, err);
}

/* A user who can change it could place a socket or a lock there, and make root signal any
 * process. */
bool user_check_run_dir(const char *run_dir, const struct user *user, struct rp_error *err)
{
    char where[PATH_OPEN_TO_TEXT], inside[PATH_MAX];

    if (snprintf(inside, sizeof inside, "%s/.", run_dir) >= (int)sizeof inside)
        return rp_error_set(err, "ENAMETOOLONG", "run-dir: the path is too long");
    if (!path_is_open_to(user, inside, where))
        return true;
    return rp_error_set(err, "EACCES",
                        "run-dir: %s%s%s can change %s, where root keeps its pid file and control "
                        "socket; chown it to root and chmod go-w it",
                        user_differs(user) ? "user '" : "all users",
                        user_differs(user) ? user->name : "", user_differs(user) ? "'" : "", where);
}

/* -- checks that change nothing */

/* Remove the last part of a path; false: nothing is left. */
static bool cut(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return false;
    slash[slash == path] = '\0';
    return true;
}

int user_could_make(const char *path, size_t parts)
{
    char parent[PATH_MAX];
    struct stat st;

    if (snprintf(parent, sizeof parent, "%s", path) >= (int)sizeof parent)
        return ENAMETOOLONG;
    for (; parts > 0; parts--) {
        if (!cut(parent))
            snprintf(parent, sizeof parent, ".");
        if (stat(parent, &st) == 0)
            return !S_ISDIR(st.st_mode)                                        ? ENOTDIR
                   : faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) != 0 ? errno
                                                                               : 0;
        if (errno != ENOENT)
            return errno;
    }
    return ENOENT;
}
