/* SPDX-License-Identifier: MIT
 *
 * root_files.h - a directory with places of root, of the user nobody and of everybody, for tests of
 * what root opens. Without root there is nobody to defend against: the tests say so and pass. */
#ifndef ROOT_FILES_H
#define ROOT_FILES_H

#include "tests/unit/unit.h"

#include "master/generation/user.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char files_dir[64];
static struct user nobody;
static const struct user without;

/* Several results live at a time. */
static inline const char *at(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", files_dir, name);
    return path;
}

static inline void make_dir(const char *name, uid_t uid, gid_t gid, mode_t mode)
{
    ck_assert_int_eq(mkdir(at(name), 0755), 0);
    ck_assert_int_eq(chown(at(name), uid, gid), 0);
    ck_assert_int_eq(chmod(at(name), mode), 0);
}

static inline void make_file(const char *name, uid_t uid)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchown(fd, uid, (gid_t)-1), 0);
    close(fd);
}

static inline bool is_root(void)
{
    if (geteuid() == 0)
        return true;
    printf("skipped: needs root\n");
    return false;
}

static inline void files_set_up(void)
{
    snprintf(files_dir, sizeof files_dir, "/tmp/reprise-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(files_dir));
    if (geteuid() != 0)
        return;
    ck_assert(user_find(&nobody, "nobody", NULL));
    ck_assert_int_eq(chmod(files_dir, 0755), 0);
    make_dir("roots", 0, 0, 0755);
    make_dir("his", nobody.uid, 0, 0755);
    make_dir("his/roots", 0, 0, 0755);
    make_dir("world", 0, 0, 0777);
    make_dir("sticky", 0, 0, 01777);
    make_dir("sticky/roots", 0, 0, 0755);
    make_dir("sticky/his", nobody.uid, 0, 0755);
    make_dir("his-group", 0, nobody.gid, 0775);
    make_dir("other-group", 0, 4242, 0775);
}

static inline void files_tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", files_dir);
    ck_assert_int_eq(system(command), 0);
    user_clear(&nobody);
}

#endif
