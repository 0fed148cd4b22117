/* SPDX-License-Identifier: MIT
 *
 * file.h - open a file of this program at a path that another user may have prepared. A privileged
 * process must not follow a symbolic link, write through a hard link, block on a FIFO or trust
 * another user's file. The caller checks whether others can change the directories of the path. */
#ifndef RP_FILE_H
#define RP_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include <reprise/error.h>

static const uid_t RP_FILE_ANY_OWNER = (uid_t)-1;

/* Open a regular file that has one link and belongs to root or to `owner`, with O_CLOEXEC; never
 * blocks. `flags` are those of open(2) without O_TRUNC: truncate the file once it has passed the
 * checks. With O_CREAT a missing file is created with `mode`. Returns the descriptor; -1 with *err
 * set, whose message names the path and the remedy. Codes: ELOOP, ERR_FILE, or that of open(2). */
int rp_file_open(const char *path, int flags, mode_t mode, uid_t owner, struct rp_error *err)
    __attribute__((warn_unused_result));

/* Read up to `size` bytes of a regular file that the operator named. Follows symbolic links, never
 * blocks, and keeps no buffer that would have to be wiped. Returns the number of bytes; -1 with
 * *err set. */
ssize_t rp_file_read(const char *path, void *bytes, size_t size, struct rp_error *err);

/* Lock an open file or directory (flock, exclusive). Waits at most `wait_ms`, since the process
 * that holds the lock may be stopped. false with errno; ETIMEDOUT: the lock was not released in
 * time. */
bool rp_file_lock(int fd, unsigned wait_ms);

#endif
