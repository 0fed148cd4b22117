/* SPDX-License-Identifier: MIT
 *
 * run_dir.h - the directory of the pid file and the control socket. Whoever empties it while the
 * master runs (a cleaner of temporary files) must not make the master unreachable. */
#ifndef RUN_DIR_H
#define RUN_DIR_H

#include "master/master_internal.h"

/* Make run-dir unless it is there. */
bool run_dir_make(const struct conf *, struct rp_error *);
/* From now on look every second whether the files are there, and make them again if not. Stop it
 * with m->run_dir_look. */
void run_dir_watch(struct master *);

#endif
