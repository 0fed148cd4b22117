/* SPDX-License-Identifier: MIT
 *
 * path_open_to.h - could somebody else put another file at a path that root is about to use?
 * The class of nginx's CVE-2016-1247: a service that starts as root and writes into a directory of
 * its own user writes wherever that user points it to. */
#ifndef PATH_OPEN_TO_H
#define PATH_OPEN_TO_H

#include "master/generation/user.h"

enum { PATH_OPEN_TO_TEXT = 128 };

/* Can the user change what stands at `path`: write to its directory, or to one on the way there,
 * through symbolic links too? In a sticky directory on the way only what belongs to the user can be
 * changed. Without a user (or when it is root) the question is asked of everybody. The file itself,
 * and what is missing, need not be there. `where`: takes the name of the directory that can be
 * changed, cut to fit; NULL ok. Always false when we aren't root: we risk nobody's rights. */
bool path_is_open_to(const struct user *, const char *path, char where[PATH_OPEN_TO_TEXT]);

#endif
