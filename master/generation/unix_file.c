/* SPDX-License-Identifier: MIT
 *
 * unix_file.c - see unix_file.h. */
#include "master/generation/unix_file.h"

#include "master/generation/path_open_to.h"

#include <sys/stat.h>
#include <unistd.h>

static void remember(struct unix_file *file, const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0)
        *file = (struct unix_file){.dev = st.st_dev, .ino = st.st_ino};
}

static int listen_as_user(const struct user *user, const struct rp_listen_options *o,
                          struct rp_error *err)
{
    struct user_before before;
    int fd;

    if (!user_enter(user, &before, err))
        return -1;
    fd = rp_listen_open(o, err);
    user_leave(&before);
    return fd;
}

int unix_file_listen(const struct user *user, const struct rp_listen_options *o,
                     struct unix_file *file, struct rp_error *err)
{
    const char *path = o->address->any.sa_family == AF_UNIX ? o->address->un.sun_path : "";
    char where[PATH_OPEN_TO_TEXT];
    int fd;

    *file = (struct unix_file){0};
    if (*path == '\0')
        return rp_listen_open(o, err);
    if (!path_is_open_to(user, path, where)) {
        fd = rp_listen_open(o, err);
    } else if (user_differs(user)) {
        fd = listen_as_user(user, o, err);
    } else {
        rp_error_set(err, "ERR_FILE", "%s: all users can change %s; run chmod o-w on it", path,
                     where);
        return -1;
    }
    if (fd >= 0)
        remember(file, path);
    return fd;
}

void unix_file_remove(const struct user *user, const char *path, const struct unix_file *file)
{
    struct user_before before;
    struct stat st;
    bool as_user = file->ino != 0 && path_is_open_to(user, path, NULL);

    if (file->ino == 0 || (as_user && !user_enter(user, &before, NULL)))
        return;
    if (lstat(path, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino)
        unlink(path);
    if (as_user)
        user_leave(&before);
}
