/* SPDX-License-Identifier: MIT
 *
 * path_open_to.c - follow a path, one directory at a time; see path_open_to.h. The danger: the path
 * that is checked must be the one that the kernel follows. So links are resolved here, with openat
 * from the checked directory, and a doubtful case counts as "open". */
#include "master/generation/path_open_to.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 };
enum step { GO_ON, CLOSED, OPEN };

struct walk {
    const struct user *user;
    int dir; /* the current directory */
    unsigned links;
    char rest[PATH_MAX]; /* the rest of the path */
};

/* The kernel checks ACLs and read-only mounts. */
static bool can_write_as(const struct user *user, int dir)
{
    struct user_before before;
    bool can;

    if (!user_enter(user, &before, NULL))
        return true;
    can = faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0;
    user_leave(&before);
    return can;
}

static bool can_write(const struct walk *w, const struct stat *dir)
{
    if (!user_differs(w->user))
        return (dir->st_mode & S_IWOTH) != 0;
    return dir->st_uid == w->user->uid || can_write_as(w->user, w->dir);
}

/* In a sticky directory only the owners of the entry and of the directory may change an entry. */
static bool is_kept(const struct walk *w, const struct stat *dir, const struct stat *entry)
{
    if ((dir->st_mode & S_ISVTX) == 0)
        return false;
    return entry->st_uid == 0 &&
           (!user_differs(w->user) || (dir->st_uid != w->user->uid && w->user->uid != 0));
}

/* -- following the path */

static bool enter(struct walk *w, const char *name)
{
    int dir = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return false;
    close(w->dir);
    w->dir = dir;
    return true;
}

static bool begin(struct walk *w)
{
    int dir = open(w->rest[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (w->dir >= 0)
        close(w->dir);
    w->dir = dir;
    return dir >= 0;
}

/* Remove the first name from the rest; NULL: there is none. `last`: nothing follows. */
static const char *next_name(struct walk *w, char name[NAME_MAX + 1], bool *last)
{
    const char *at = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(at, "/"), skip = strspn(at + len, "/");

    if (len == 0 || len > NAME_MAX)
        return NULL;
    memcpy(name, at, len);
    name[len] = '\0';
    *last = at[len + skip] == '\0';
    memmove(w->rest, at + len + skip, strlen(at + len + skip) + 1);
    return name;
}

/* The link's target is inserted before the rest of the path. */
static bool follow(struct walk *w, const char *name)
{
    char way[PATH_MAX + 1];
    ssize_t len = readlinkat(w->dir, name, way, PATH_MAX);
    int written;

    if (len <= 0 || len == PATH_MAX || ++w->links > LINKS_MAX)
        return false;
    written = snprintf(way + len, sizeof way - (size_t)len, "/%s", w->rest);
    if (written < 0 || (size_t)len + (size_t)written >= sizeof w->rest)
        return false;
    memcpy(w->rest, way, (size_t)(len + written) + 1);
    return way[0] != '/' || begin(w);
}

static enum step step(struct walk *w)
{
    char name[NAME_MAX + 1];
    struct stat dir, entry;
    bool last, writable;

    if (next_name(w, name, &last) == NULL)
        return CLOSED;
    if (fstat(w->dir, &dir) != 0)
        return OPEN;
    writable = can_write(w, &dir);
    if (fstatat(w->dir, name, &entry, AT_SYMLINK_NOFOLLOW) != 0)
        return writable && !(last && !user_differs(w->user) && (dir.st_mode & S_ISVTX)) ? OPEN
                                                                                        : CLOSED;
    if (writable && (!is_kept(w, &dir, &entry) || (last && user_differs(w->user))))
        return OPEN;
    if (last)
        return CLOSED;
    if (S_ISLNK(entry.st_mode))
        return follow(w, name) ? GO_ON : OPEN;
    return enter(w, name) ? GO_ON : CLOSED; /* not a directory: opening it fails */
}

static void describe(const struct walk *w, char where[PATH_OPEN_TO_TEXT])
{
    char link[32];
    ssize_t len;

    snprintf(link, sizeof link, "/proc/self/fd/%d", w->dir);
    len = readlink(link, where, PATH_OPEN_TO_TEXT - 1);
    where[len > 0 ? len : 0] = '\0';
}

bool path_is_open_to(const struct user *user, const char *path, char where[PATH_OPEN_TO_TEXT])
{
    struct walk w = {.user = user, .dir = -1};
    enum step result = OPEN;

    if (where != NULL)
        where[0] = '\0';
    if (geteuid() != 0)
        return false;
    if (snprintf(w.rest, sizeof w.rest, "%s", path) >= (int)sizeof w.rest || !begin(&w))
        return true;
    do
        result = step(&w);
    while (result == GO_ON);
    if (where != NULL && result == OPEN)
        describe(&w, where);
    close(w.dir);
    return result == OPEN;
}
