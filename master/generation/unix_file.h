/* SPDX-License-Identifier: MIT
 *
 * unix_file.h - Unix sockets that the master listens on, and their files.
 * Where `user` can change the way to the file, it is made and removed with the rights of the user,
 * since root would make and remove what the user points it to. */
#ifndef UNIX_FILE_H
#define UNIX_FILE_H

#include "master/generation/user.h"
#include <reprise/net.h>

struct unix_file { /* zero: none */
    dev_t dev;
    ino_t ino;
};

/* rp_listen_open for any address; a Unix socket with a path is remembered in `file`. */
int unix_file_listen(const struct user *, const struct rp_listen_options *, struct unix_file *file,
                     struct rp_error *err);
/* Remove it, unless another one stands there by now. */
void unix_file_remove(const struct user *, const char *path, const struct unix_file *file);

#endif
