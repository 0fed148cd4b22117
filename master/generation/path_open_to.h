/* SPDX-License-Identifier: MIT
 *
 * path_open_to.h - whether another user could replace the file at a path that root is about to use.
 * As in nginx's CVE-2016-1247: a service that starts as root and writes into a directory of its own
 * user writes wherever that user's links point. */
#ifndef PATH_OPEN_TO_H
#define PATH_OPEN_TO_H

#include "master/generation/user.h"

enum { PATH_OPEN_TO_TEXT = 128 };

/* Whether the user can change what is at `path`: can write to its directory or to one on the path,
 * also through symbolic links. In a sticky directory on the path only entries of the user can be
 * changed. Without a user (or if it is root) the function checks for all users. The file itself,
 * and missing directories, need not exist. `where` receives the name of the directory that can be
 * changed, cut to fit; may be NULL. Always false if this process is not root, since no privileges
 * are at risk. */
bool path_is_open_to(const struct user *, const char *path, char where[PATH_OPEN_TO_TEXT]);

#endif
