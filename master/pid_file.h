/* SPDX-License-Identifier: MIT
 *
 * pid_file.h - one master for each run-dir, and how the commands find it.
 * The file is locked for as long as its master lives; the kernel drops the lock with the process,
 * however that ended. So a file that is left over misleads nobody. */
#ifndef PID_FILE_H
#define PID_FILE_H

#include <reprise/error.h>
#include <sys/types.h>

struct pid_file {
    int fd;
    char *path; /* NULL = not taken */
};

/* Take run_dir/reprise.pid for this process. Fails, naming the process, when a master has it. */
bool pid_file_take(struct pid_file *, const char *run_dir, struct rp_error *);
void pid_file_drop(struct pid_file *); /* removes the file if it is ours; harmless when not taken */
/* Was the file removed or replaced? Then take it again: this fails when another master has it. */
bool pid_file_is_lost(const struct pid_file *);
bool pid_file_renew(struct pid_file *, const char *run_dir, struct rp_error *);
/* In a forked process, which has no part in the lock: close its copy. */
void pid_file_close_here(struct pid_file *);
/* The master of this run_dir: its pid, 0 when there is none, -1 when it can't be known. */
pid_t pid_file_owner(const char *run_dir, struct rp_error *);

#endif
