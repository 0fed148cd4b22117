/* SPDX-License-Identifier: MIT
 *
 * requests.h - what commands ask the running master, over the control socket. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "master/master_internal.h"
#include "master/status.h"

enum { REQUESTS_GENERATIONS = 64 }; /* shown; there may be any number that drain */

/* For control_new; `arg` is the struct master. */
control_asked requests_answer;
/* The status of all that runs. `list` gets the generations. */
void requests_show(struct master *, struct status *,
                   struct status_generation list[REQUESTS_GENERATIONS]);

#endif
