/* SPDX-License-Identifier: MIT
 *
 * master.h - `reprise run`. */
#ifndef MASTER_H
#define MASTER_H

/* Runs in the foreground until told to stop. Returns the exit status: 0 after a drain, 2 when the
 * configuration can't be served (one line on stderr says why), 1 when something else failed. */
int master_run(const char *conf_path);

#endif
