/* SPDX-License-Identifier: MIT
 *
 * file.h - open a file of our own at a path that somebody else may have prepared.
 * A process with privileges must not follow a symbolic link, write through a hard link, wait for
 * the reader of a FIFO or trust a file of another user. Whether others can change the directories
 * on the way to the file is for the caller to judge. */
#ifndef RP_FILE_H
#define RP_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include <reprise/error.h>

static const uid_t RP_FILE_ANY_OWNER = (uid_t)-1;

/* Open a regular file with one link that root or `owner` owns, with O_CLOEXEC; never blocks.
 * `flags` as of open(2), without O_TRUNC: truncate it once it is known to be ours. With O_CREAT a
 * missing file is created with `mode`. The descriptor; -1 with *err set, which names the path and
 * the remedy. Codes: ELOOP, ERR_FILE, or that of open(2). */
int rp_file_open(const char *path, int flags, mode_t mode, uid_t owner, struct rp_error *err)
    __attribute__((warn_unused_result));

/* Read up to `size` bytes of a regular file that the operator named: through symbolic links, never
 * blocking, and without a buffer that would have to be wiped. How many; -1 with *err set. */
ssize_t rp_file_read(const char *path, void *bytes, size_t size, struct rp_error *err);

/* Lock an open file or directory (flock, exclusive). Waits for `wait_ms` at most: who holds the
 * lock may be stopped. false with errno, ETIMEDOUT when that was too short. */
bool rp_file_lock(int fd, unsigned wait_ms);

#endif
