/* SPDX-License-Identifier: MIT
 *
 * log_file.h - the file at log.destination, as the master opens it.
 * Generation and workers open it anew after it was rotated, as the user that they have become; so
 * it is given to that user. Where the user can change the way to the file, root does not open it:
 * it is opened with the rights of the user. */
#ifndef LOG_FILE_H
#define LOG_FILE_H

#include "master/generation/user.h"

/* Open it for appending, created if need be. The descriptor, or -1 with *err set. */
int log_file_open(const struct user *, const char *path, struct rp_error *err);
/* Could it be opened? Creates nothing. */
bool log_file_check(const struct user *, const char *path, struct rp_error *err);

#endif
