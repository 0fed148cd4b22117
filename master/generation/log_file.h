/* SPDX-License-Identifier: MIT
 *
 * log_file.h - the file of log.destination, as the master opens it. After a rotation generation and
 * workers open it again, as the user that they run as; so the file belongs to that user. If the
 * user can change the path, root does not open the file: it is opened with the user's rights. */
#ifndef LOG_FILE_H
#define LOG_FILE_H

#include "master/generation/user.h"

/* Open the file for appending, and create it if it is missing. Returns the descriptor; -1 with *err
 * set. */
int log_file_open(const struct user *, const char *path, struct rp_error *err);
/* Whether it could be opened; creates nothing. */
bool log_file_check(const struct user *, const char *path, struct rp_error *err);

#endif
