/* SPDX-License-Identifier: MIT
 *
 * unix_file.h - the files of Unix sockets on which the master listens. If `user` can change the
 * path, the file is created and removed with the user's rights: otherwise root would create or
 * remove a file that the user's links point to. */
#ifndef UNIX_FILE_H
#define UNIX_FILE_H

#include "master/generation/user.h"
#include <reprise/net.h>

struct unix_file { /* zero-initialised: none */
    dev_t dev;
    ino_t ino;
};

/* Like rp_listen_open, for any address; the path of a Unix socket is stored in `file`. */
int unix_file_listen(const struct user *, const struct rp_listen_options *, struct unix_file *file,
                     struct rp_error *err);
/* Remove the file, unless it was replaced meanwhile. */
void unix_file_remove(const struct user *, const char *path, const struct unix_file *file);

#endif
